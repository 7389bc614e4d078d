"""S2, S3 and S7 for one segment: items to KPI, with missing data and vetoes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.oracle import metrics
from tests.oracle.actuals import aggregate, vetoed
from tests.oracle.composite import Veto
from tests.oracle.goals import GoalTree, plain_sum, weighted_total, within_dimensions
from tests.oracle.metrics import Metric
from tests.oracle.numbers import BookError, clamp
from tests.oracle.rows import Inputs, Item, Subject
from tests.oracle.scheme import Scheme
from tests.oracle.segments import prorated
from tests.oracle.weights import check


@dataclass(frozen=True)
class ItemScore:
    """One item: its exact actual, its score after every policy, and whether its veto is hit."""

    item: Item
    metric: Metric
    actual: Fraction | None
    score: Fraction | None
    hit: bool


@dataclass(frozen=True)
class Kpi:
    """KPI of a segment; shares are the parts of 1 by item.

    Attributes:
        state: ``scored``, ``missing``, ``held``, or ``veto_unknown`` when a veto's own actual is missing.
        value: The KPI.
        items: Its items.
        dimensions: Dimension scores by name.
        shares: Share of the KPI that an item's score makes, by item.
        letters: Letters of dimensions with a band table of their own; they enter nothing.
    """

    state: str
    value: Fraction | None
    items: Sequence[ItemScore]
    dimensions: Mapping[str, Fraction | None]
    shares: Mapping[str, Fraction]
    letters: Mapping[str, str] = field(default_factory=dict)

    @property
    def hits(self) -> list[Veto]:
        """Vetoes of the segment."""
        return [Veto(str(i.metric.veto_action), i.metric.veto_value) for i in self.items if i.hit]


def actual_of(
    item: Item, metric: Metric, subject: Subject, inputs: Inputs, tree: GoalTree, days: tuple[date, date]
) -> Fraction | None:
    """The exact actual of an item; typed score or points of progress for these two methods."""
    if metric.method == "manual":
        return item.manual
    if metric.method == "progress":
        return tree.progress(item.goals) if item.goals else None
    if item.actual is not None:
        return item.actual
    rows = inputs.actuals.get((metric.code, subject), ())
    return aggregate(rows, metric.aggregate, *days)


def score_item(
    item: Item,
    subject: Subject,
    inputs: Inputs,
    scheme: Scheme,
    tree: GoalTree,
    window: tuple[date, date, int],
) -> ItemScore:
    """Score one item.

    Args:
        item: The item.
        subject: Whose it is.
        inputs: The frames.
        scheme: The scheme of the segment.
        tree: Goals under that scheme.
        window: The item's first day, last day and days of service.

    Returns:
        The score, None when the actual is missing.

    Raises:
        BookError: The metric is unknown.
    """
    if item.metric is None or item.metric not in inputs.metrics:
        raise BookError("metric_unknown", item.number)
    metric = inputs.metrics[item.metric]
    actual = actual_of(item, metric, subject, inputs, tree, window[:2])
    if actual is None:
        return ItemScore(item, metric, None, None, hit=False)
    factor = prorated(item.scope, window[2], inputs.days, prorate=metric.prorate, additive=metric.aggregate == "sum")
    rounded = scheme.grid.at("item", metrics.quotient(metric, item.targets, actual, scheme.limits, factor))
    score = clamp(rounded, *scheme.limits.of(metric))
    hit = metric.veto_action is not None and vetoed(metric, item.targets, actual, score, scheme.limits, factor)
    if hit and metric.veto_action == "item_zero":
        score = Fraction(0)
    return ItemScore(item, metric, actual, score, hit=hit)


def weights_of(items: Sequence[ItemScore], scheme: Scheme, name: str) -> list[Fraction]:
    """Weights of one set of items, checked unless equal or summed."""
    if scheme.items.mode == "sum" or scheme.items.equal:
        return [Fraction(1)] * len(items)
    weights = [i.item.weight or Fraction(0) for i in items]
    check(name, weights)
    return weights


def build(items: Sequence[ItemScore], scheme: Scheme) -> Kpi:
    """KPI of a segment from its items.

    Args:
        items: All items of the segment.
        scheme: Its scheme.

    Returns:
        The KPI, or why there is none.
    """
    if not items:
        return Kpi("missing", None, items, {}, {})
    weights: dict[str, Fraction] = {}
    sets = _sets(items, scheme)
    for name, members in sets.items():
        weights |= {i.item.number: w for i, w in zip(members, weights_of(members, scheme, name), strict=True)}
    absent = [i for i in items if i.score is None]
    if any(i.metric.veto_action is not None for i in absent):
        return Kpi("veto_unknown", None, items, {}, {})
    if scheme.items.missing == "hold" and any(weights[i.item.number] > 0 for i in absent):
        return Kpi("held", None, items, {}, {})
    if scheme.items.missing == "zero":
        items = [ItemScore(i.item, i.metric, i.actual, i.score or Fraction(0), i.hit) for i in items]
    return _mode(items, weights, _sets(items, scheme), scheme)


def _sets(items: Sequence[ItemScore], scheme: Scheme) -> dict[str, list[ItemScore]]:
    """Items by the set their weights make: all, or one a dimension."""
    if scheme.items.mode != "dimension":
        return {"items": list(items)}
    return {name: [i for i in items if i.item.dimension == name] for name in sorted({i.item.dimension for i in items})}


def _mode(
    items: Sequence[ItemScore],
    weights: Mapping[str, Fraction],
    sets: Mapping[str, Sequence[ItemScore]],
    scheme: Scheme,
) -> Kpi:
    """KPI by the mode of the scheme over the items that are present."""
    present = [(i.item.number, weights[i.item.number], i.score) for i in items if i.score is not None]
    dimensions: dict[str, Fraction | None] = {}
    shares: dict[str, Fraction] = {}
    if scheme.items.mode == "sum":
        value = plain_sum([s for _, _, s in present]) if present else None
        shares = {n: Fraction(1) for n, _, _ in present}
    elif scheme.items.mode == "total":
        value = weighted_total([s for _, _, s in present], [w for _, w, _ in present])
        whole = sum((w for _, w, _ in present), Fraction(0))
        shares = {n: w / whole for n, w, _ in present if whole}
    else:
        names = list(sets)
        of = dimension_weights(sets, scheme)
        known = {n: [(weights[i.item.number], i.score) for i in sets[n] if i.score is not None] for n in names}
        scores, value = within_dimensions([(of[n], known[n]) for n in names], scheme.grid)
        dimensions = dict(zip(names, scores, strict=True))
        whole = sum((of[n] for n in names if dimensions[n] is not None), Fraction(0))
        for n in names:
            inner = sum((w for w, _ in known[n]), Fraction(0))
            for i in sets[n]:
                if i.score is not None and inner and whole:
                    shares[i.item.number] = of[n] / whole * weights[i.item.number] / inner
    if value is None:
        return Kpi("missing", None, items, dimensions, {})
    letters = {
        name: next(letter for letter, low in scheme.items.letters[name] if low is None or score >= low)
        for name, score in dimensions.items()
        if score is not None and name in scheme.items.letters
    }
    return Kpi("scored", scheme.grid.at("kpi", value), items, dimensions, shares, letters)


def dimension_weights(sets: Mapping[str, Sequence[ItemScore]], scheme: Scheme) -> dict[str, Fraction]:
    """Weight of each dimension: the items' own, else the scheme's.

    Args:
        sets: Items by dimension.
        scheme: The scheme.

    Returns:
        Weights by dimension.

    Raises:
        BookError: The items of a dimension disagree, or nobody gives a weight.
    """
    if scheme.items.dimensions_equal:
        return {name: Fraction(1) for name in sets}
    result: dict[str, Fraction] = {}
    for name, items in sets.items():
        own = {i.item.dimension_weight for i in items if i.item.dimension_weight is not None}
        if len(own) > 1 or (not own and name not in scheme.items.dimensions):
            raise BookError("dimension_weight", name)
        result[name] = own.pop() if own else scheme.items.dimensions[name]
    check("dimensions", list(result.values()))
    return result
