"""What a cycle report asks of the engine: grades against quotas, and what an analysis says with its uncertainty.

One scoring of the extract; nothing is stored and nothing is compared with other schemes. For HR, apart from ``pools``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from huoban_perf.exchange.analysis import ANALYSIS, FAIRNESS, analyse_inputs, options_for
from huoban_perf.exchange.inputs import open_inputs, score_inputs
from huoban_perf.exchange.outputs import Rows, output_rows
from huoban_perf.scoring import Scheme
from huoban_perf.scoring.analysis import ratings_by_relation
from huoban_perf.scoring.uncertainty import Interval, intervals_of, severity_intervals

_ALWAYS: Final = ("results", "excluded", "pools", "checks")
_ASKED: Final = ("rater_severity", "reliability", "hints")


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleAnalysis:
    """What the engine says of a cycle.

    Attributes:
        tables: Output name → its rows.
        components: Groups of raters that compare only among themselves; 0 when nobody rated or it was not asked.
        severity: Rater → interval of the severity.
        agreement: Relation → interval of α (interval data).
        is_shrunk: Whether severity is the shrunk estimate.
    """

    tables: Mapping[str, Rows]
    components: int = 0
    severity: Mapping[str, Interval] = field(default_factory=dict)
    agreement: Mapping[str, Interval] = field(default_factory=dict)
    is_shrunk: bool = False


def analyse_cycle(
    source: Path, *, schemes: Mapping[str, Scheme], raters: bool = False, fairness: bool = False
) -> CycleAnalysis:
    """Score an extract and return what a report shows of it.

    Args:
        source: The scoring inputs; nothing in them is changed.
        schemes: Schemes by key.
        raters: Severity, agreement and hints, too.
        fairness: Compare groups, too.

    Returns:
        The analysis.

    Raises:
        ScoringInputError: The inputs are wrong.
        ScoringError: Schemes cannot be fitted together, or there are no groups for ``fairness``.
    """
    asked = (ANALYSIS,) * raters + (FAIRNESS,) * fairness
    with open_inputs(source) as inputs:
        score_inputs(inputs, schemes=schemes, options=options_for(asked))
        fit = analyse_inputs(inputs, schemes=schemes, asked=asked)
        names = (*_ALWAYS, *(_ASKED if raters else ()), *asked[raters:])
        tables = {name: output_rows(inputs.connection, name) for name in names}
        agreement = intervals_of(ratings_by_relation(inputs.connection)) if raters else {}
    if fit is None:
        return CycleAnalysis(tables=tables, agreement=agreement)
    return CycleAnalysis(
        tables=tables,
        components=fit.components,
        severity=severity_intervals(fit),
        agreement=agreement,
        is_shrunk=fit.shrunk is not None,
    )
