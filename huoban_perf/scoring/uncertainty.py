"""How sure the figures of an analysis are: intervals beside severity and agreement, for reports only.

Advisory like all of an analysis: floats are allowed, nothing here enters a score. The intervals are the plain ones a
reader can check; where data is too thin for them there is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.analysis import SeverityFit
from huoban_perf.scoring.reliability import ENOUGH_UNITS, Ratings

NORMAL_95: Final = 1.959964
"""Two-sided 95 % point of the normal distribution."""

_GROUPS: Final = 20
"""Parts left out in turn by the jackknife; units go to parts in the order of their codes, so no chance is involved."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval that holds the figure in about 95 of 100 such cycles."""

    low: float
    high: float


def severity_intervals(fit: SeverityFit) -> dict[str, Interval]:
    """Say how sure each rater's severity is.

    Args:
        fit: The fits of a cycle.

    Returns:
        Rater → interval around the shrunk effect, or around the additive one where nothing could be shrunk; empty when
        there are no more scores than effects.

    The half width is 1.96·√(σ²ₑ/(n+λ)) with σ²ₑ from the residuals of the additive model: it takes the people rated for
    known, so it is a little too narrow.
    """
    additive, best = fit.additive, fit.shrunk or fit.additive
    spare = len(fit.scores) - len(additive.raters) - len(additive.subjects) + fit.components
    if spare <= 0:
        return {}
    squares = sum(
        (score.points - additive.figure(score.subject) - additive.raters[score.rater]) ** 2 for score in fit.scores
    )
    error = squares / spare
    found = {}
    for rater, effect in best.raters.items():
        half = NORMAL_95 * math.sqrt(error / (additive.forms[rater] + best.rater_lambda))
        found[rater] = Interval(effect - half, effect + half)
    return found


def alpha_interval(ratings: Ratings) -> Interval | None:
    """Say how sure Krippendorff's α for interval data is, by leaving out a twentieth of the people in turn.

    Args:
        ratings: Unit → rater → rating.

    Returns:
        α ± 1.96 standard errors of the jackknife, within −1 and 1; None below ten units with two ratings, or without
        any variance.
    """
    units = [
        [float(rating) for rating in by_rater.values()] for _, by_rater in sorted(ratings.items()) if len(by_rater) >= 2
    ]
    whole = _alpha(units)
    if len(units) < ENOUGH_UNITS or whole is None:
        return None
    parts = min(_GROUPS, len(units))
    without = [_alpha([unit for at, unit in enumerate(units) if at % parts != part]) for part in range(parts)]
    known = [alpha for alpha in without if alpha is not None]
    if len(known) < parts:
        return None
    mean = sum(known) / parts
    half = NORMAL_95 * math.sqrt((parts - 1) / parts * sum((alpha - mean) ** 2 for alpha in known))
    return Interval(max(whole - half, -1.0), min(whole + half, 1.0))


def _alpha(units: Sequence[Sequence[float]]) -> float | None:
    """α for interval data from sums of squares alone; units hold two ratings or more.

    Source: scoring.md S6 (Krippendorff): 1 − Dₒ/Dₑ with squared differences.
    """
    every = [rating for unit in units for rating in unit]
    expected = _spread(every) / (len(every) - 1) if len(every) > 1 else 0.0
    if expected <= 0:
        return None
    return 1 - sum(_spread(unit) / (len(unit) - 1) for unit in units) / expected


def _spread(values: Sequence[float]) -> float:
    """Return Σ over ordered pairs of squared differences, divided by 2: m·Σx² − (Σx)²."""
    mean = sum(values) / len(values)
    return len(values) * sum((value - mean) ** 2 for value in values)


def intervals_of(ratings: Mapping[str, Ratings]) -> dict[str, Interval]:
    """Return relation → interval of α, without relations that have none."""
    found = {relation: alpha_interval(units) for relation, units in ratings.items()}
    return {relation: interval for relation, interval in found.items() if interval is not None}
