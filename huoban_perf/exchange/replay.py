"""``score replay``: compute a stored run again and compare every byte of its results.

Source: issue 3 point 3; scoring.md S5 (replay reads the snapshot, never refits).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from huoban_perf.core.errors import ScoringError
from huoban_perf.exchange.analysis import analyse_inputs, options_for
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.exchange.outputs import OUTPUTS, write_outputs
from huoban_perf.scoring import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first place where a result file differs.

    Attributes:
        file: Name of the file.
        line: 1-based line; 0 when one of the two files is missing.
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
        differences: One a differing file; empty when every byte is equal.
    """

    files: int
    size_bytes: int
    differences: tuple[Difference, ...]


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
        names = sorted(standing | computed)
        found = [_difference(name, standing.get(name), computed.get(name)) for name in names]
    return Replay(
        files=len(names),
        size_bytes=sum(file.stat().st_size for file in standing.values()),
        differences=tuple(difference for difference in found if difference is not None),
    )


def _difference(name: str, stored: Path | None, computed: Path | None) -> Difference | None:
    if stored is None or computed is None:
        return Difference(file=name, line=0, stored=_name(stored), computed=_name(computed))
    if stored.read_bytes() == computed.read_bytes():
        return None
    with stored.open("rb") as before, computed.open("rb") as after:
        for line, (old, new) in enumerate(itertools.zip_longest(before, after), 1):
            if old != new:
                return Difference(file=name, line=line, stored=_text(old), computed=_text(new))
    return None


def _name(file: Path | None) -> str | None:
    return None if file is None else file.name


def _text(line: bytes | None) -> str | None:
    return None if line is None else line.decode("utf-8", errors="replace").rstrip("\r\n")
