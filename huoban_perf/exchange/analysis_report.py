"""``score analyse``: everything an analysis says of one cycle, and who would change grade if adjustments were adopted.

Source: scoring.md S5, S6, S14, S15; issue 3 ("Real input").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from huoban_perf.exchange.analysis import ANALYSIS, LEVELS, analyse_inputs, options_for, store_snapshot
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.exchange.outputs import OUTPUTS, Rows, output_rows, write_outputs
from huoban_perf.exchange.what_if import Simulation, WhatIf, simulate
from huoban_perf.scoring import Scheme, change_scheme
from huoban_perf.scoring.analysis import SeverityFit

_SHOWN: Final = ("rater_severity", "standardised", "reliability", "hints", "averages", "fairness")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisReport:
    """What an analysis found.

    Attributes:
        tables: Output name → its rows as English column → value, in the order of the file.
        components: Groups of raters that can be compared only among themselves; 0 when nobody rated.
        raters: Raters compared.
        subjects: Subjects they rated.
        adjusted: ``l2`` or ``l3`` → what would change against no adjustment; without those that cannot be estimated.
        shrinkage: λ of raters and of subjects, None without L3.
        why_not: Code of the reason why L3 is not there, or empty.
        files: Files written.
    """

    tables: Mapping[str, Rows]
    components: int
    raters: int
    subjects: int
    adjusted: Mapping[str, Simulation]
    shrinkage: tuple[float, float] | None
    why_not: str
    files: tuple[Path, ...]


def analyse_folder(
    source: Path, *, schemes: Mapping[str, Scheme], fairness: bool = False, out: Path | None = None
) -> AnalysisReport:
    """Analyse the ratings of a cycle.

    Args:
        source: The inputs; nothing in them is changed.
        schemes: Schemes by key.
        fairness: Compare groups, too.
        out: Folder for the files of the analysis, or None.

    Returns:
        The report.

    Raises:
        ScoringInputError: The inputs are wrong.
        ScoringError: Schemes cannot be fitted together, or there are no groups for ``fairness``.
    """
    asked = (ANALYSIS, "fairness") if fairness else (ANALYSIS,)
    with open_inputs(source) as inputs:
        score_inputs(inputs, schemes=schemes, options=options_for(asked))
        fit = analyse_inputs(inputs, schemes=schemes, asked=asked)
        tables = {
            output.name: output_rows(inputs.connection, output.name) for output in OUTPUTS if output.when in asked
        }
        files: tuple[Path, ...] = ()
        if out is not None:
            out.mkdir(parents=True, exist_ok=True, mode=0o700)
            files = write_outputs(inputs.connection, out, asked=asked, only=_SHOWN)
    return AnalysisReport(
        tables=tables,
        components=0 if fit is None else fit.components,
        raters=0 if fit is None else fit.sizes["raters"],
        subjects=0 if fit is None else fit.sizes["subjects"],
        adjusted={} if fit is None else _adjusted(source, schemes, fit),
        shrinkage=_shrinkage(fit),
        why_not="" if fit is None else fit.why_not,
        files=files,
    )


def _shrinkage(fit: SeverityFit | None) -> tuple[float, float] | None:
    return None if fit is None or fit.shrunk is None else (fit.shrunk.rater_lambda, fit.shrunk.subject_lambda)


def _adjusted(source: Path, schemes: Mapping[str, Scheme], fit: SeverityFit) -> dict[str, Simulation]:
    """Compare no adjustment with adopting each estimate of one fit."""
    plain = {key: change_scheme(scheme, {"severity.mode": "off"}) for key, scheme in schemes.items()}
    found: dict[str, Simulation] = {}
    for level in LEVELS if fit.shrunk is not None else LEVELS[:1]:
        with TemporaryDirectory(prefix="huoban_perf-") as spare:
            name, file = store_snapshot(fit, out=Path(spare), level=level)
            adopting = {"severity.mode": "adopt", "severity.snapshot": name}
            found[level] = simulate(source, schemes=plain, what_if=WhatIf(changes=adopting, instead=[file]))
    return found
