"""An approved snapshot of rater adjustments as an input of the job ``score``: a file, kept with the run that used it.

Source: scoring.md S5 (采用: stored as a snapshot with a hash; from there an exact input; replay reads the snapshot).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from huoban_perf.core.errors import FactValue, SyncError
from huoban_perf.scoring import change_scheme, parse_scheme, scheme_document

ADJUSTMENTS_FILE = "rater_adjustments.csv"


def adopted(schemes: Mapping[str, Mapping[str, object]], file: Path) -> dict[str, Mapping[str, object]]:
    """Name the snapshot of a file in every scheme that adopts adjustments.

    Args:
        schemes: Natural key → canonical document.
        file: CSV as ``score adopt`` writes it; UTF-8, English header.

    Returns:
        The documents; scoring checks the snapshot's digest.

    Raises:
        SyncError: The file cannot be read, holds no snapshot or several, or no scheme adopts adjustments.
    """
    names = _snapshots(file)
    adopting = [key for key, document in schemes.items() if parse_scheme(document).severity.mode == "adopt"]
    if len(names) != 1 or not adopting:
        facts: dict[str, FactValue] = {"file": file.name, "snapshots": tuple(names) or ("-",)}
        raise SyncError("sync.adjustments" if len(names) != 1 else "sync.nobody_adopts", facts=facts)
    changes = {"severity.snapshot": names[0]}
    return {
        key: scheme_document(change_scheme(parse_scheme(document), changes)) if key in adopting else document
        for key, document in schemes.items()
    }


def _snapshots(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            return sorted({str(row.get("snapshot") or "") for row in csv.DictReader(stream)} - {""})
    except (OSError, ValueError) as error:
        raise SyncError("sync.adjustments", facts={"file": file.name, "snapshots": ("-",)}) from error
