"""S2 and S7: the actual of a window from its verified rows, and the veto it may trigger."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.metrics import Limits, Metric, Targets
from tests.oracle.numbers import BookError, exact

_CONDITION = re.compile(r"(<=|>=|<|>|=|≤|≥)\s*(\S+)")
_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "≤": operator.le,
    "<=": operator.le,
    "=": operator.eq,
    "≥": operator.ge,
    ">=": operator.ge,
    ">": operator.gt,
}


def condition(text: str, value: Fraction) -> bool:
    """Evaluate a veto condition.

    Args:
        text: One of < ≤ = ≥ > and a number.
        value: The exact actual.

    Returns:
        Whether it holds.

    Raises:
        BookError: It is no such condition.
    """
    match = _CONDITION.fullmatch(text.strip())
    if match is None:
        raise BookError("veto_when", text)
    return _COMPARE[match[1]](value, exact(match[2]))


def vetoed(
    metric: Metric,
    targets: Targets,
    actual: Fraction,
    scored: Fraction,
    limits: Limits,
    factor: Fraction = Fraction(1),
) -> bool:
    """Whether a metric's veto is hit.

    Args:
        metric: The metric.
        targets: The item's values.
        actual: Its exact actual.
        scored: Its score, before any veto.
        limits: The scheme's bounds.
        factor: d/D of S11, by which a prorated target shrinks.

    Returns:
        The condition on the actual; by default not reached, or score = floor.

    The book leaves open what "not reached" compares. Taken here: the exact actual against the target in the metric's
    direction (the baseline's, where it has one), in or out of the range, done or not; prorated targets as prorated.
    Methods without a target of their own (typed, progress, deductions, days late) can only be at the floor.
    """
    if metric.veto_when is not None:
        return condition(metric.veto_when, actual)
    return scored == limits.of(metric)[0] or missed(metric, targets, actual / factor)


def missed(metric: Metric, targets: Targets, actual: Fraction) -> bool:
    """Whether an actual, brought to the whole of its target, does not reach it."""
    if metric.method == "range" and metric.lower is not None and metric.upper is not None:
        return not metric.lower <= actual <= metric.upper
    if metric.method == "done":
        return not metric.steps and actual != 1
    if metric.method not in {"linear", "ratio", "reflection", "interpolate", "steps"} or targets.target is None:
        return False
    falls = metric.method == "ratio" or metric.direction == "lower"
    if targets.baseline is not None and (metric.method == "linear" or (metric.method, metric.on) == ("steps", "rate")):
        falls = targets.target < targets.baseline
    return actual > targets.target if falls else actual < targets.target


@dataclass(frozen=True)
class Period:
    """One verified row of an actual.

    Attributes:
        start: First day.
        end: Last day.
        value: The actual.
    """

    start: date
    end: date
    value: Fraction


def overlap(start: date, end: date, low: date, high: date) -> int:
    """Days two closed intervals share.

    Args:
        start: First day of one.
        end: Last day of one.
        low: First day of the other.
        high: Last day of the other.

    Returns:
        The number of days, 0 when disjoint.
    """
    return max(0, (min(end, high) - max(start, low)).days + 1)


def aggregate(rows: Sequence[Period], how: str, low: date, high: date) -> Fraction | None:
    """Actual of a window from the rows of its periods.

    Args:
        rows: Verified rows.
        how: ``sum``, ``average``, ``last`` or ``max``.
        low: First day of the window.
        high: Last day of the window.

    Returns:
        The exact actual, or None when no period counts.

    Raises:
        BookError: A period ends before it starts, or the aggregation is unknown.
    """
    if any(row.end < row.start for row in rows):
        raise BookError("period")
    if how == "sum":
        shared = [(row, overlap(row.start, row.end, low, high)) for row in rows]
        parts = [row.value * days / ((row.end - row.start).days + 1) for row, days in shared if days]
        return sum(parts, Fraction(0)) if parts else None
    inside = [row for row in rows if low <= row.end <= high]
    if not inside:
        return None
    if how == "average":
        return sum((row.value for row in inside), Fraction(0)) / len(inside)
    if how == "max":
        return max(row.value for row in inside)
    if how == "last":
        return max(inside, key=lambda row: (row.end, row.start)).value
    raise BookError("aggregate", how)
