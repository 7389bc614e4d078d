"""``score replay``: compute a stored run, or a folder of ``score run``, again and compare every byte of its results.

Source: issue 3 point 3; scoring.md S5 (replay reads the snapshot, never refits).
"""

from __future__ import annotations

import filecmp
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import ScoringError
from huoban_perf.exchange.analysis import analyse_inputs, options_for
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.exchange.outputs import OUTPUTS, write_outputs
from huoban_perf.exchange.score_folder import MANIFEST, Request, file_digest, score_folder
from huoban_perf.scoring import Scheme, parse_scheme, scheme_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where a result file differs.

    Attributes:
        file: Name of the file.
        line: 1-based line or row; 0 when one of the two files is missing or a Parquet file differs.
        stored: That line as stored, None when there is none.
        computed: That line as computed again, None when there is none.
    """

    file: str
    line: int
    stored: str | None
    computed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay found.

    Attributes:
        files: Files compared.
        size_bytes: Bytes compared.
        differences: One a differing file; empty when every byte is equal (of a workbook every cell, for it carries the
            time it was made).
        is_intact: Inputs and schemes are as they were when the run was made, as far as this was looked at.
    """

    files: int
    size_bytes: int
    differences: tuple[Difference, ...]
    is_intact: bool = True


def replay_results(extract: Path, *, schemes: Mapping[str, Scheme], stored: Path) -> Replay:
    """Compute results again from a stored extract and compare them with the stored result files.

    Args:
        extract: The stored inputs.
        schemes: The stored schemes.
        stored: Folder of the stored result files (CSV with English headers); which of them are there tells what the run
            was asked for.

    Returns:
        What differs; nothing stored is changed.

    Raises:
        ScoringError: The run stored no results (``exchange.no_results``), or its inputs cannot be scored.
    """
    standing = {file.name: file for file in stored.glob("*.csv")}
    if not standing:
        raise ScoringError("exchange.no_results", facts={"folder": str(stored)})
    with open_inputs(extract) as inputs, TemporaryDirectory(prefix="huoban_perf-") as fresh:
        asked = [output.when for output in OUTPUTS if f"{output.name}.csv" in standing]
        score_inputs(inputs, schemes=schemes, options=options_for(asked))
        analyse_inputs(inputs, schemes=schemes, asked=asked)
        written = write_outputs(inputs.connection, Path(fresh), asked=asked)
        computed = {file.name: file for file in written}
        return _compared(standing, computed)


def is_run_folder(folder: Path) -> bool:
    """Tell whether a folder is what ``score run --out`` made."""
    return "outputs" in _manifest(folder)


def replay_folder(run: Path, *, source: Path | None = None) -> Replay:
    """Compute a folder of ``score run`` again, as it was asked for then, and compare every file it wrote.

    Args:
        run: The folder of results with its manifest.
        source: Where the inputs are now; None = where they were, seen from ``run``.

    Returns:
        What differs; nothing stored is changed.

    Raises:
        ScoringError: ``run`` has no manifest of ``score run``, or it does not say where the inputs are.
        ScoringInputError: The inputs are not there any more, or cannot be scored.
    """
    manifest = _manifest(run)
    place = source or (run / str(manifest["source"]) if "source" in manifest else None)
    if "outputs" not in manifest or place is None:
        raise ScoringError("exchange.no_run_folder", facts={"folder": str(run)})
    documents: Mapping[str, Mapping[str, object]] = manifest["schemes"]
    options = manifest["options"]
    request = Request(
        form=options["format"],
        header=options["header"],
        skip_bad_rows=options["skip_bad_rows"],
        asked=tuple(options["asked"]),
    )
    standing = {name: run / name for name in manifest["outputs"] if (run / name).is_file()}
    with TemporaryDirectory(prefix="huoban_perf-") as fresh:
        schemes = {key: parse_scheme(document) for key, document in documents.items()}
        again = score_folder(place, schemes=schemes, out=Path(fresh), request=request)
        is_intact = _digests(again.manifest) == _digests(manifest) and manifest["scheme_hash"] == digest(
            {key: scheme_hash(document) for key, document in documents.items()}
        )
        return _compared(
            standing, {file.name: file for file in Path(fresh).iterdir() if file.name != MANIFEST}, is_intact=is_intact
        )


def _digests(manifest: Mapping[str, Any]) -> dict[str, str]:
    return {frame: entry["sha256"] for frame, entry in manifest["inputs"].items()}


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _compared(standing: Mapping[str, Path], computed: Mapping[str, Path], *, is_intact: bool = True) -> Replay:
    names = sorted({*standing, *computed})
    found = [_difference(name, standing.get(name), computed.get(name)) for name in names]
    return Replay(
        files=len(names),
        size_bytes=sum(file.stat().st_size for file in standing.values()),
        differences=tuple(difference for difference in found if difference is not None),
        is_intact=is_intact,
    )


def _difference(name: str, stored: Path | None, computed: Path | None) -> Difference | None:
    if stored is None or computed is None:
        return Difference(file=name, line=0, stored=_name(stored), computed=_name(computed))
    if filecmp.cmp(stored, computed, shallow=False):
        return None
    if stored.suffix == ".parquet":
        return Difference(file=name, line=0, stored=file_digest(stored), computed=file_digest(computed))
    for line, (old, new) in enumerate(itertools.zip_longest(_lines(stored), _lines(computed)), 1):
        if old != new:
            return Difference(file=name, line=line, stored=old, computed=new)
    return None


def _lines(file: Path) -> Iterator[str]:
    """Read a CSV line by line, a workbook row by row."""
    if file.suffix != ".xlsx":
        with file.open("rb") as stream:
            for line in stream:
                yield line.decode("utf-8", errors="replace").rstrip("\r\n")
        return
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True)
    for sheet in book.worksheets:
        for row in sheet.iter_rows(values_only=True):
            yield ",".join("" if cell is None else str(cell) for cell in row)
    book.close()


def _name(file: Path | None) -> str | None:
    return None if file is None else file.name
