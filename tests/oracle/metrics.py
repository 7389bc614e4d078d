"""S2: from an actual to a score, by the method of the metric."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError, clamp

HUNDRED = Fraction(100)


@dataclass(frozen=True)
class Metric:
    """What a metric says of itself; None where it says nothing.

    Attributes:
        code: Its code.
        method: One of the methods of S2.
        direction: ``higher``, ``lower`` or ``range``.
        aggregate: ``sum``, ``average``, ``last`` or ``max``.
        prorate: Whether targets follow the days present.
        floor: Its own floor.
        cap: Its own cap.
        base_qty: 基准量 of the reflection method.
        points: Points of the interpolation.
        below: Score before the first point.
        steps: Bounds and scores, bounds ascending.
        on: ``actual`` or ``rate``, what the steps look at.
        otherwise: Score under the first bound.
        lower: Lower end of the range.
        upper: Upper end of the range.
        tolerance: Distance at which the range method gives 0.
        start: 起评分 of the deduct method.
        unit: 扣分单价 of the deduct method.
        veto_when: Condition of the veto, such as ``>= 1``.
        veto_action: Veto kind, None when the metric has no veto.
        veto_value: Score or grade of the veto.
    """

    code: str
    method: str
    direction: str = "higher"
    aggregate: str = "sum"
    prorate: bool = False
    floor: Fraction | None = None
    cap: Fraction | None = None
    base_qty: Fraction | None = None
    points: tuple[tuple[Fraction, Fraction], ...] = ()
    below: Fraction = Fraction(0)
    steps: tuple[tuple[Fraction, Fraction], ...] = ()
    on: str = "actual"
    otherwise: Fraction = Fraction(0)
    lower: Fraction | None = None
    upper: Fraction | None = None
    tolerance: Fraction | None = None
    start: Fraction | None = None
    unit: Fraction | None = None
    veto_when: str | None = None
    veto_action: str | None = None
    veto_value: str | None = None


@dataclass(frozen=True)
class Targets:
    """The four values of an item.

    Attributes:
        baseline: 起点值.
        passing: 合格值.
        target: 目标值.
        excellent: 优秀值.
    """

    baseline: Fraction | None = None
    passing: Fraction | None = None
    target: Fraction | None = None
    excellent: Fraction | None = None


@dataclass(frozen=True)
class Limits:
    """What the scheme says about items.

    Attributes:
        floor: ``item_floor``.
        cap: ``item_cap``.
        scale: What 100 means.
        pass_bound: Lower bound of the grade called 合格.
    """

    floor: Fraction = Fraction(0)
    cap: Fraction = Fraction(120)
    scale: Fraction = HUNDRED
    pass_bound: Fraction | None = None

    def of(self, metric: Metric) -> tuple[Fraction, Fraction]:
        """Floor and cap of a metric.

        Args:
            metric: The metric.

        Returns:
            Its own bounds, else the scheme's.
        """
        return (
            self.floor if metric.floor is None else metric.floor,
            self.cap if metric.cap is None else metric.cap,
        )


def need(value: Fraction | None, code: str, metric: Metric) -> Fraction:
    """Demand a parameter of a metric; a missing one is an error of that code."""
    if value is None:
        raise BookError(code, metric.code)
    return value


def linear(actual: Fraction, targets: Targets, metric: Metric) -> Fraction:
    """Completion as a ratio, with or without a baseline.

    Args:
        actual: The actual.
        targets: The item's values.
        metric: The metric.

    Returns:
        A/T or (A−B)/(T−B).

    Raises:
        BookError: T ≤ 0 without a baseline, or T = B.
    """
    target = need(targets.target, "target", metric)
    if targets.baseline is None:
        if target <= 0:
            raise BookError("target_not_positive", metric.code)
        return actual / target
    if target == targets.baseline:
        raise BookError("target_is_baseline", metric.code)
    return (actual - targets.baseline) / (target - targets.baseline)


def ratio(actual: Fraction, targets: Targets, metric: Metric) -> Fraction | None:
    """Lower is better, as a ratio.

    Args:
        actual: The actual.
        targets: The item's values.
        metric: The metric.

    Returns:
        T/A, or None for A = 0, which scores the cap.

    Raises:
        BookError: T ≤ 0 or A < 0.
    """
    target = need(targets.target, "target", metric)
    if target <= 0:
        raise BookError("target_not_positive", metric.code)
    if actual < 0:
        raise BookError("actual_negative", metric.code)
    return None if actual == 0 else target / actual


def reflection(actual: Fraction, targets: Targets, metric: Metric) -> Fraction:
    """Distance from the target on a base quantity.

    Args:
        actual: The actual.
        targets: The item's values.
        metric: The metric.

    Returns:
        1 + σ(A−T)/b.

    Raises:
        BookError: The direction has no sign, b ≤ 0, or T = 0 without b.
    """
    target = need(targets.target, "target", metric)
    if metric.direction not in {"higher", "lower"}:
        raise BookError("direction", metric.code)
    base = abs(target) if metric.base_qty is None else metric.base_qty
    if base <= 0:
        raise BookError("base_qty", metric.code)
    distance = actual - target if metric.direction == "higher" else target - actual
    return 1 + distance / base


def in_range(actual: Fraction, metric: Metric) -> Fraction:
    """Inside a range full score, outside by distance.

    Args:
        actual: The actual.
        metric: The metric.

    Returns:
        A share of the scale in [0, 1].

    Raises:
        BookError: The range or its tolerance is none.
    """
    low, high = need(metric.lower, "lower", metric), need(metric.upper, "upper", metric)
    width = need(metric.tolerance, "tolerance", metric)
    if width <= 0 or low > high:
        raise BookError("range", metric.code)
    distance = max(low - actual, actual - high, Fraction(0))
    return max(Fraction(0), 1 - distance / width)


def curve(targets: Targets, metric: Metric, limits: Limits) -> tuple[tuple[Fraction, Fraction], ...]:
    """Points of an interpolation.

    Args:
        targets: The item's values.
        metric: The metric.
        limits: The scheme's bounds.

    Returns:
        The metric's points, else those of 合格, 目标 and 优秀.

    Raises:
        BookError: Fewer than two points, or out of order.
    """
    points = metric.points
    if not points:
        own = (
            (targets.passing, limits.pass_bound),
            (targets.target, limits.scale),
            (targets.excellent, limits.of(metric)[1]),
        )
        points = tuple((x, y) for x, y in own if x is not None and y is not None)
    xs = [x for x, _ in points]
    pairs = list(itertools.pairwise(xs))
    if len(xs) < 2 or not (all(a < b for a, b in pairs) or all(a > b for a, b in pairs)):
        raise BookError("points", metric.code)
    return points


def interpolate(actual: Fraction, points: Sequence[tuple[Fraction, Fraction]], below: Fraction) -> Fraction:
    """Piecewise linear through points, ``below`` before the first, the last score beyond the last."""
    sign = 1 if points[0][0] < points[-1][0] else -1
    here = sign * actual
    if here < sign * points[0][0]:
        return below
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if here <= sign * x1:
            return y0 + (y1 - y0) * (actual - x0) / (x1 - x0)
    return points[-1][1]


def step(value: Fraction, steps: Sequence[tuple[Fraction, Fraction]], otherwise: Fraction, code: str) -> Fraction:
    """Score of the greatest bound not above a value, else ``otherwise``; bounds out of order are an error."""
    if not steps or any(a[0] >= b[0] for a, b in itertools.pairwise(steps)):
        raise BookError("steps", code)
    reached = [score for bound, score in steps if bound <= value]
    return reached[-1] if reached else otherwise


def deduct(count: Fraction, metric: Metric, limits: Limits) -> Fraction:
    """Start less a price for each case, but not under the floor; a negative count is an error."""
    if count < 0:
        raise BookError("count_negative", metric.code)
    start = limits.scale if metric.start is None else metric.start
    return max(limits.of(metric)[0], start - need(metric.unit, "unit", metric) * count)


def done(actual: Fraction, metric: Metric, limits: Limits) -> Fraction:
    """Done or not, or steps on days late.

    Args:
        actual: 1 or 0, or the days late.
        metric: The metric.
        limits: The scheme's bounds.

    Returns:
        The score.

    Raises:
        BookError: Without steps, anything but 1 or 0; with steps, negative days.
    """
    if metric.steps:
        if actual < 0:
            raise BookError("days_negative", metric.code)
        return step(actual, metric.steps, metric.otherwise, metric.code)
    if actual not in {0, 1}:
        raise BookError("done", metric.code)
    return actual * limits.scale


def typed(value: Fraction, metric: Metric, limits: Limits) -> Fraction:
    """A typed score; outside min–max (floor and cap) it is an error."""
    low, high = limits.of(metric)
    if not low <= value <= high:
        raise BookError("manual_outside", metric.code, str(value))
    return value


def quotient(
    metric: Metric,
    targets: Targets,
    actual: Fraction,
    limits: Limits,
    factor: Fraction = Fraction(1),
) -> Fraction:
    """Score of an item before rounding and clamping.

    Args:
        metric: The metric.
        targets: The item's values.
        actual: The exact actual; points of progress or the typed score for these two methods.
        limits: The scheme's bounds.
        factor: d/D of S11, which multiplies everything in the metric's unit.

    Returns:
        The exact score.

    Raises:
        BookError: A parameter is missing or impossible, or the method unknown.
    """
    scale, scaled = limits.scale, actual / factor
    match metric.method:
        case "linear":
            return scale * linear(scaled, targets, metric)
        case "ratio":
            share = ratio(scaled, targets, metric)
            return limits.of(metric)[1] if share is None else scale * share
        case "reflection":
            return scale * reflection(scaled, targets, metric)
        case "range":
            return scale * in_range(scaled, metric)
        case "interpolate":
            return interpolate(scaled, curve(targets, metric, limits), metric.below)
        case "steps":
            value = HUNDRED * linear(scaled, targets, metric) if metric.on == "rate" else scaled
            return step(value, metric.steps, metric.otherwise, metric.code)
        case "deduct":
            return deduct(actual, metric, limits)
        case "done":
            return done(actual, metric, limits)
        case "manual":
            return typed(actual, metric, limits)
        case "progress":
            return actual
        case other:
            raise BookError("method", other)


def score(
    metric: Metric,
    targets: Targets,
    actual: Fraction,
    limits: Limits,
    factor: Fraction = Fraction(1),
) -> Fraction:
    """Score of an item inside its floor and cap, exactly.

    Args:
        metric: The metric.
        targets: The item's values.
        actual: The exact actual.
        limits: The scheme's bounds.
        factor: d/D of S11.

    Returns:
        The clamped score, not yet on the grid.
    """
    return clamp(quotient(metric, targets, actual, limits, factor), *limits.of(metric))
