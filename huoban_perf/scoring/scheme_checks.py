"""What makes a scheme contradict itself; every contradiction is listed.

Source: scoring.md S0, S1, S4, S7–S12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.scoring import words
from huoban_perf.scoring.formula import formula_problems
from huoban_perf.scoring.rounding import D4, text_of
from huoban_perf.scoring.weights import is_full, repair

if TYPE_CHECKING:
    from huoban_perf.scoring.scheme import Grade, Letter, Scheme


def scheme_problems(scheme: Scheme) -> tuple[Problem, ...]:
    """List every contradiction of a scheme.

    Args:
        scheme: A scheme whose single values have been read.

    Returns:
        The faults in document order; empty when the scheme is sound.
    """
    parts = (
        _rounding_faults(scheme),
        _part_faults(scheme),
        _item_faults(scheme),
        _rater_faults(scheme),
        _total_faults(scheme),
        _grade_faults(scheme),
        _distribution_faults(scheme),
        _bonus_faults(scheme),
    )
    return tuple(problem for part in parts for problem in part)


def weight_faults(address: str, weights_d4: Sequence[int]) -> Iterator[Problem]:
    """Yield the fault of one weight set, with the difference and the repair proposal.

    Args:
        address: Name of the set.
        weights_d4: Its weights.

    Yields:
        One problem when the set misses 100.

    Source: scoring.md S1.
    """
    total = sum(weights_d4)
    if not is_full(total):
        proposal = repair(weights_d4)
        yield _fault(
            "weights_miss_100",
            address,
            total=text_of(total, digits=4),
            difference=text_of(total - 100 * D4, digits=4),
            proposal=tuple(text_of(weight, digits=4) for weight in proposal or ()),
        )


def _fault(code: str, address: str, **facts: FactValue) -> Problem:
    return Problem(code=f"scheme.{code}", facts=facts, address=address)


def _rounding_faults(scheme: Scheme) -> Iterator[Problem]:
    from huoban_perf.scoring.scheme import POINTS

    for point in scheme.rounding:
        if point not in POINTS:
            yield _fault("unknown_policy", f"rounding.{point}", value=point, allowed=", ".join(POINTS))


def _part_faults(scheme: Scheme) -> Iterator[Problem]:
    parts = scheme.parts
    yield from formula_problems(parts.formula)
    if not parts.formula and not parts.equal:
        yield from weight_faults("parts", [parts.kpi_weight_d4, parts.review_weight_d4, parts.okr_weight_d4])
    for name in ("kpi_bands", "review_bands", "okr_bands"):
        yield from _band_faults(f"parts.{name}", getattr(parts, name))
    if parts.review_weight_d4 > 0 and not scheme.raters.groups:
        yield _fault("no_rater_groups", "raters.groups")


def _item_faults(scheme: Scheme) -> Iterator[Problem]:
    items = scheme.items
    if items.floor_d4 > items.cap_d4:
        yield _fault("floor_above_cap", "items")
    yield from _doubles("items.dimensions", [dimension.name for dimension in items.dimensions])
    for index, dimension in enumerate(items.dimensions):
        yield from _band_faults(f"items.dimensions[{index}].bands", dimension.bands)
    given = [dimension.weight_d4 for dimension in items.dimensions if dimension.weight_d4 is not None]
    if items.mode == "dimension" and given and not items.dimensions_equal:
        yield from weight_faults("items.dimensions", given)


def _rater_faults(scheme: Scheme) -> Iterator[Problem]:
    groups = scheme.raters.groups
    for index, group in enumerate(groups):
        if group.relation not in words.RELATIONS:
            address = f"raters.groups[{index}].relation"
            yield _fault("unknown_policy", address, value=group.relation, allowed=", ".join(words.RELATIONS))
        if group.required and group.weight_d4 == 0 and not scheme.raters.equal:
            yield _fault("required_without_weight", f"raters.groups[{index}].required", value=group.relation)
    yield from _doubles("raters.groups", [group.relation for group in groups])
    if groups and not scheme.raters.equal:
        yield from weight_faults("raters.groups", [group.weight_d4 for group in groups])


def _total_faults(scheme: Scheme) -> Iterator[Problem]:
    if scheme.total.floor_d4 > scheme.total.cap_d4:
        yield _fault("floor_above_cap", "total")


def _grade_faults(scheme: Scheme) -> Iterator[Problem]:
    names = [grade.name for grade in scheme.grades]
    if not names:
        yield _fault("no_grades", "grades")
    yield from _doubles("grades", names)
    yield from _band_faults("grades", scheme.grades)
    if scheme.pass_grade and scheme.pass_grade not in names:
        yield _fault("unknown_grade", "pass_grade", value=scheme.pass_grade, allowed=", ".join(names))
    for kind in ("cap_percent", "target_percent"):
        given = [percent for grade in scheme.grades if (percent := getattr(grade, f"{kind}_d4")) is not None]
        if sum(given) > 100 * D4:
            yield _fault("quotas_above_100", f"grades.{kind}", total=text_of(sum(given), digits=4))


def _band_faults(address: str, bands: Sequence[Letter | Grade]) -> Iterator[Problem]:
    """Bands run from best to lowest; bounds fall strictly, and only the lowest has none."""
    for index, band in enumerate(bands):
        last = index == len(bands) - 1
        if (band.lower_d4 is None) != last:
            yield _fault("lowest_band_only_unbounded", f"{address}[{index}]", name=band.name)
    bounds = [band.lower_d4 for band in bands if band.lower_d4 is not None]
    for index, (better, worse) in enumerate(pairwise(bounds), start=1):
        if worse >= better:
            yield _fault("bands_overlap", f"{address}[{index}]", name=bands[index].name)


def _distribution_faults(scheme: Scheme) -> Iterator[Problem]:
    names = {grade.name for grade in scheme.grades}
    targets = [grade.target_percent_d4 or 0 for grade in scheme.grades]
    rules = scheme.distribution
    if rules.rounding == "largest_remainder" and sum(targets) != 100 * D4:
        yield _fault("targets_miss_100", "grades.target_percent", total=text_of(sum(targets), digits=4))
    for index, check in enumerate(rules.checks):
        for name in sorted(set(check.grades) - names):
            yield _fault("unknown_grade", f"distribution.checks[{index}]", value=name, allowed=", ".join(sorted(names)))


def _bonus_faults(scheme: Scheme) -> Iterator[Problem]:
    known = {"grade", "department", *scheme.bonus.factors}
    yield from _doubles("bonus.weights", [entry.factor for entry in scheme.bonus.weights])
    if scheme.bonus.form == "sum" and not scheme.bonus.weights:
        yield _fault("no_factor_weights", "bonus.weights")
    names = {grade.name for grade in scheme.grades}
    for index, row in enumerate(scheme.bonus.coefficients):
        if row.grade not in names:
            yield _fault("unknown_grade", f"bonus.coefficients[{index}]", value=row.grade, allowed=", ".join(names))
    reserved = sorted(known & {"grade", "department"} & set(scheme.bonus.factors))
    for name in reserved:
        yield _fault("reserved_name", "bonus.factors", value=name)


def _doubles(address: str, names: Sequence[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield _fault("given_twice", f"{address}[{index}]", value=name)
