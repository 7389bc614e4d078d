"""What HR asks of a run beside scores: rater severity, agreement, hints, fairness; and adopting adjustments as a file.

Everything is advisory until somebody approves a snapshot, which then is an input file like any other.

Source: scoring.md S5, S6, S14, S15; issue 3 points 1 and 4.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from huoban_perf.core.errors import ScoringError
from huoban_perf.exchange.inputs import Inputs, open_inputs, score_inputs
from huoban_perf.scoring import Scheme, ScoreOptions
from huoban_perf.scoring.adoption import COLUMNS, snapshot_rows
from huoban_perf.scoring.analysis import (
    SeverityFit,
    fit_severity,
    write_averages,
    write_fairness,
    write_reliability,
    write_severity,
    write_standardised,
)

ANALYSIS: Final = "analysis"
FAIRNESS: Final = "fairness"

Level = Literal["l2", "l3"]
LEVELS: Final[tuple[Level, ...]] = ("l2", "l3")
"""Ways to estimate an adjustment: the additive model, and the same shrunk."""

SNAPSHOT_FILE: Final = "rater_adjustments.csv"


def analyse_inputs(inputs: Inputs, *, schemes: Mapping[str, Scheme], asked: Collection[str]) -> SeverityFit | None:
    """Make the relations of an analysis after a run.

    Args:
        inputs: The inputs, scored with ``details`` (and ``hints`` for ``analysis``).
        schemes: Schemes by key.
        asked: ``analysis``, ``fairness`` or both.

    Returns:
        The severity of the raters, None when it was not asked for or nobody rated.

    Raises:
        ScoringError: Schemes cannot be fitted together, or there are no groups for ``fairness``.
    """
    fit = None
    if FAIRNESS in asked:
        write_fairness(inputs.connection, frames=inputs.frames, schemes=schemes)
    if ANALYSIS in asked:
        fit = fit_severity(inputs.connection, schemes)
        write_severity(inputs.connection, fit)
        write_standardised(inputs.connection)
        write_reliability(inputs.connection)
        write_averages(inputs.connection, schemes)
    return fit


def options_for(asked: Collection[str], *, skip_bad_rows: bool = False) -> ScoreOptions:
    """Return how a run must be made for what is asked beside scores.

    Args:
        asked: ``analysis``, ``fairness`` or both.
        skip_bad_rows: Score without bad rows.

    Returns:
        The options.
    """
    return ScoreOptions(skip_bad_rows=skip_bad_rows, details=ANALYSIS in asked, hints=ANALYSIS in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot as written.

    Attributes:
        name: Full name with its digest; what ``severity.snapshot`` of a scheme must say.
        file: The file.
        raters: How many raters it has.
    """

    name: str
    file: Path
    raters: int


def adopt_adjustments(source: Path, *, schemes: Mapping[str, Scheme], name: str, approver: str, out: Path) -> Snapshot:
    """Estimate the adjustments of a cycle (L3) and write them as a snapshot that a later run takes as input.

    Args:
        source: The inputs.
        schemes: Schemes by key.
        name: Name of the snapshot.
        approver: Who approved it; becomes part of its digest.
        out: Folder for ``rater_adjustments.csv``.

    Returns:
        The snapshot.

    Raises:
        ScoringError: Nobody rated, variances cannot be estimated, or the folder holds a snapshot already.
    """
    if "#" in name or not name.strip() or not approver.strip():
        raise ScoringError("severity.snapshot_name", facts={"name": name, "approver": approver})
    file = out / SNAPSHOT_FILE
    if file.exists() or (out.exists() and not out.is_dir()):
        raise ScoringError("severity.snapshot_exists", facts={"file": str(file)})
    with open_inputs(source) as inputs:
        score_inputs(inputs, schemes=schemes, options=ScoreOptions(explain=False))
        full, written = write_snapshot(inputs, schemes=schemes, out=out, name=name, approver=approver)
    with written.open(encoding="utf-8") as stream:
        raters = sum(1 for _ in stream) - 1
    return Snapshot(name=full, file=written, raters=raters)


def write_snapshot(
    inputs: Inputs,
    *,
    schemes: Mapping[str, Scheme],
    out: Path,
    level: Level = "l3",
    name: str = "试算",
    approver: str = "",
) -> tuple[str, Path]:
    """Write what could be adopted after a run, for a what-if or for good.

    Args:
        inputs: The inputs, scored with ``details``.
        schemes: Schemes by key.
        out: Folder for ``rater_adjustments.csv``; made when missing.
        level: Which estimate.
        name: Name of the snapshot.
        approver: Who approved it.

    Returns:
        The snapshot's full name and its file.

    Raises:
        ScoringError: Nobody rated, or variances cannot be estimated.
    """
    fit = fit_severity(inputs.connection, schemes)
    if fit is None:
        raise ScoringError("severity.too_few", facts={"raters": 0, "subjects": 0})
    return store_snapshot(fit, out=out, level=level, name=name, approver=approver)


def store_snapshot(
    fit: SeverityFit, *, out: Path, level: Level = "l3", name: str = "试算", approver: str = ""
) -> tuple[str, Path]:
    """Write one estimate as a snapshot.

    Args:
        fit: The estimates.
        out: Folder for ``rater_adjustments.csv``; made when missing.
        level: Which of them.
        name: Name of the snapshot.
        approver: Who approved it.

    Returns:
        The snapshot's full name and its file.
    """
    full, rows = snapshot_rows(name, fit.proposal(level), approver=approver)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = out / SNAPSHOT_FILE
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    return full, file
