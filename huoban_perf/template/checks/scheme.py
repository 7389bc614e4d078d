"""The scheme document: weights, bands, and its agreement with the parameters.

Source: scoring.md S1, S4, S7, S9, S10; data-model.md §3 (all-合格 lands in the grade called 合格).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from huoban_perf.core.errors import Problem
from huoban_perf.template.findings import Finding, error
from huoban_perf.template.load import Draft, Source
from huoban_perf.template.model import ParametersText
from huoban_perf.template.scheme_model import GradeText, SchemeText
from huoban_perf.template.weights import is_full, plain, repair

_Place = tuple[str | int, ...]


def check_scheme(draft: Draft) -> Iterator[Finding]:
    """Check the scheme document.

    Args:
        draft: The template.

    Yields:
        Findings.
    """
    source = draft.scheme
    if source is None:
        return
    yield from map(error, _weight_sets(source))
    yield from map(error, _limits(source))
    yield from map(error, _bands(source))
    yield from map(error, _grade_names(source))
    if draft.parameters is not None and draft.parameters.whole and source.whole:
        yield from map(error, _agreement(source, draft.parameters))
        yield from map(error, _landing(draft.parameters, source.model.grades))


def _weight_sets(source: Source[SchemeText]) -> Iterator[Problem]:
    scheme = source.model
    parts, items, raters = scheme.parts, scheme.items, scheme.raters
    named = [(name, getattr(parts, name)) for name in ("kpi_weight", "review_weight", "okr_weight")]
    given = [(name, weight) for name, weight in named if weight is not None]
    if given and not parts.equal and not parts.formula:
        yield from _set(source, ("parts",), given)
    if raters.groups and not raters.equal:
        yield from _set(source, ("raters", "groups"), [(group.relation, group.weight) for group in raters.groups])
    for row, group in enumerate(raters.groups):
        if group.relation in {earlier.relation for earlier in raters.groups[:row]}:
            yield source.problem("template.repeated_entry", "raters", "groups", row, entry=group.relation)
    weighed = [(one.name, one.weight) for one in items.dimensions if one.weight is not None]
    if items.mode == "dimension" and weighed and not items.dimensions_equal:
        yield from _set(source, ("items", "dimensions"), weighed)


def _set(source: Source[SchemeText], place: _Place, named: Sequence[tuple[str, Decimal]]) -> Iterator[Problem]:
    weights = [weight for _, weight in named]
    if is_full(weights):
        return
    total = sum(weights, Decimal(0))
    proposal = tuple(f"{name} {plain(share)}" for (name, _), share in zip(named, repair(weights), strict=False))
    facts = {"set": ".".join(str(step) for step in place), "total": plain(total), "difference": plain(100 - total)}
    yield source.problem("template.weights", *place, **facts, proposal=proposal or "-")


def _limits(source: Source[SchemeText]) -> Iterator[Problem]:
    scheme = source.model
    for name, block in (("items", scheme.items), ("total", scheme.total)):
        if block.floor is not None and block.cap is not None and block.floor > block.cap:
            facts = {"floor": plain(block.floor), "cap": plain(block.cap)}
            yield source.problem("template.floor_above_cap", name, "floor", **facts)


def _bands(source: Source[SchemeText]) -> Iterator[Problem]:
    """Best first: bounds fall strictly, and only the lowest grade has none."""
    grades = source.model.grades
    for row, grade in enumerate(grades):
        last = row == len(grades) - 1
        if last and grade.lower is not None:
            yield source.problem("template.lowest_grade_bound", "grades", row, "lower", grade=grade.name)
        if not last and grade.lower is None:
            yield source.problem("template.no_grade_bound", "grades", row, grade=grade.name)
        if grade.name in {earlier.name for earlier in grades[:row]}:
            yield source.problem("template.repeated_entry", "grades", row, entry=grade.name)
    bounded = [(row, grade.name, grade.lower) for row, grade in enumerate(grades) if grade.lower is not None]
    for (_, _, above), (row, name, lower) in pairwise(bounded):
        if lower >= above:
            facts = {"grade": name, "lower": plain(lower), "above": plain(above)}
            yield source.problem("template.grades_overlap", "grades", row, "lower", **facts)
    targets = [grade.target_percent for grade in grades if grade.target_percent is not None]
    if sum(targets, Decimal(0)) > 100:
        yield source.problem("template.targets_above_100", "grades", total=plain(sum(targets, Decimal(0))))


def _grade_names(source: Source[SchemeText]) -> Iterator[Problem]:
    scheme = source.model
    names = tuple(grade.name for grade in scheme.grades)
    if not names:
        return
    named: list[tuple[_Place, str]] = []
    if scheme.pass_grade is not None:
        named.append((("pass_grade",), scheme.pass_grade))
    for row, check in enumerate(scheme.distribution.checks):
        named += [(("distribution", "checks", row), name) for name in check.grades]
    named += [(("departments", "linked_grades"), name) for name in scheme.departments.linked_grades or ()]
    named += [(("bonus", "coefficients", row), one.grade) for row, one in enumerate(scheme.bonus.coefficients)]
    for place, name in named:
        if name not in names:
            yield source.problem("template.unknown_grade", *place, grade=name, known=names)


def _agreement(source: Source[SchemeText], parameters: Source[ParametersText]) -> Iterator[Problem]:
    scheme = source.model
    known = tuple(grade.zh for grade in parameters.model.grades)
    for row, grade in enumerate(scheme.grades):
        if grade.name not in known:
            yield source.problem("template.unknown_grade", "grades", row, grade=grade.name, known=known)
    named = {grade.name for grade in scheme.grades}
    for row, option in enumerate(parameters.model.grades):
        if scheme.grades and option.zh not in named:
            yield parameters.problem("template.grade_without_band", "grades", row, grade=option.zh, file=source.shown)
    if not scheme.parts.review_weight:
        return
    asked = {relation for one in parameters.model.criteria for relation in one.relations}
    for row, group in enumerate(scheme.raters.groups):
        if group.weight > 0 and group.relation not in asked:
            facts = {"relation": group.relation, "weight": plain(group.weight), "file": parameters.shown}
            yield source.problem("template.group_without_criterion", "raters", "groups", row, **facts)


def _landing(parameters: Source[ParametersText], grades: Sequence[GradeText]) -> Iterator[Problem]:
    """A person rated 合格 throughout gets the grade called 合格, one rated best throughout the top grade."""
    passing, names = parameters.model.passing, {one.key: one.zh for one in reversed(parameters.model.grades)}
    if passing is None or not grades or passing.grade not in names:
        return
    for row, one in enumerate(parameters.model.criteria):
        points = [option.points for option in one.options if option.points is not None]
        expected = [(option.points, names[passing.grade]) for option in one.options if option.key == passing.option]
        expected += [(max(points), grades[0].name)] if points else []
        for got, grade in expected:
            found = _grade_of(got, grades) if got is not None else None
            if got is not None and found not in {None, grade}:
                facts = {"field": one.key, "points": plain(got), "grade": grade, "found": str(found)}
                yield parameters.problem("template.points_land_elsewhere", "criteria", row, **facts)


def _grade_of(points: Decimal, grades: Sequence[GradeText]) -> str | None:
    for grade in grades:
        if grade.lower is None or points >= grade.lower:
            return grade.name
    return None
