"""Parameters: option lists, and rating criteria as a form that people can bear.

Source: data-model.md §3 (limits, texts of options); scoring.md S1, S4 (weights of criteria, points).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.template.checks.repeats import repeated_entries
from huoban_perf.template.faults import nearest
from huoban_perf.template.findings import Finding, error, warning
from huoban_perf.template.load import Draft, Source
from huoban_perf.template.model import CriterionText, ParametersText
from huoban_perf.template.text_model import RELATIONS, Relation
from huoban_perf.template.weights import is_full, plain, repair

_MOST_CRITERIA: Final = 12
_MOST_VISIBLE: Final = 6
_LONGEST_TEXT: Final = 25


def check_criteria(draft: Draft) -> Iterator[Finding]:
    """Check the parameter file.

    Args:
        draft: The template.

    Yields:
        Findings.
    """
    source = draft.parameters
    if source is None:
        return
    yield from map(error, _lists(source))
    yield from map(warning, _lengths(source))
    scale = draft.scheme.model.scale if draft.scheme is not None else Decimal(100)
    for index, criterion in enumerate(source.model.criteria):
        yield from map(error, _points(source, index, criterion, scale))
        yield from map(warning, _texts(source, index, criterion))
    for relation in RELATIONS:
        yield from map(error, _weights(source, relation))
    yield from map(error, _passing(source))
    yield from map(error, _process(source))
    if draft.roles is not None:
        roles = tuple(one.key for one in draft.roles.model.roles)
        for role in source.model.role_members:
            if role not in roles:
                facts: dict[str, FactValue] = {"kind": "role", "name": role, "near": nearest(role, roles)}
                yield error(source.problem("template.no_such_name", "role_members", role, **facts, known=roles))


def _lists(source: Source[ParametersText]) -> Iterator[Problem]:
    parameters = source.model
    for name in ("position_families", "grades"):
        yield from repeated_entries(source, (name,), [(one.key, one.zh, one.en) for one in getattr(parameters, name)])
    for name, entries in parameters.lists.items():
        yield from repeated_entries(source, ("lists", name), [(one.key, one.zh, one.en) for one in entries])
    criteria = [(one.key, one.labels.zh, one.labels.en) for one in parameters.criteria]
    yield from repeated_entries(source, ("criteria",), criteria)
    for index, one in enumerate(parameters.criteria):
        options = [(option.key, option.zh, option.en) for option in one.options]
        yield from repeated_entries(source, ("criteria", index, "options"), options)


def _lengths(source: Source[ParametersText]) -> Iterator[Problem]:
    criteria = source.model.criteria
    if len(criteria) > _MOST_CRITERIA:
        yield source.problem("template.many_criteria", "criteria", count=len(criteria), most=_MOST_CRITERIA)
    for relation in RELATIONS:
        asked = [one.key for one in criteria if relation in one.relations]
        if len(asked) > _MOST_VISIBLE:
            surplus = tuple(asked[_MOST_VISIBLE:])
            facts: dict[str, FactValue] = {"relation": relation, "count": len(asked), "most": _MOST_VISIBLE}
            yield source.problem("template.long_form", "criteria", **facts, surplus=surplus)


def _points(source: Source[ParametersText], index: int, criterion: CriterionText, scale: Decimal) -> Iterator[Problem]:
    given = [option.points for option in criterion.options if option.points is not None]
    if len(given) < 2:
        yield source.problem("template.no_points", "criteria", index, field=criterion.key)
    elif any(worse >= better for better, worse in pairwise(given)):
        yield source.problem("template.points_order", "criteria", index, "options", field=criterion.key)
    for row, option in enumerate(criterion.options):
        if option.points is not None and not 0 <= option.points <= scale:
            facts = {"points": plain(option.points), "scale": plain(scale)}
            yield source.problem("template.points_off_scale", "criteria", index, "options", row, "points", **facts)
    for row, relation in enumerate(criterion.relations):
        if relation in criterion.relations[:row]:
            yield source.problem("template.repeated_entry", "criteria", index, "relations", row, entry=relation)


def _texts(source: Source[ParametersText], index: int, criterion: CriterionText) -> Iterator[Problem]:
    for row, option in enumerate(criterion.options):
        if len(option.zh) > _LONGEST_TEXT:
            facts: dict[str, FactValue] = {"text": option.zh, "count": len(option.zh), "most": _LONGEST_TEXT}
            yield source.problem("template.long_text", "criteria", index, "options", row, **facts)
    if all(option.points is not None for option in criterion.options) and len(source.model.criteria) > 1:
        yield source.problem("template.no_way_out", "criteria", index, "options", field=criterion.key)


def _weights(source: Source[ParametersText], relation: Relation) -> Iterator[Problem]:
    """The criteria of one form weigh equally, or add up to 100. Source: scoring.md S1."""
    asked = [one for one in source.model.criteria if relation in one.relations]
    weights = [one.weight for one in asked]
    if not asked or is_full(weights) or (len(set(weights)) == 1 and weights[0] > 0):
        return
    total = sum(weights, Decimal(0))
    proposal = tuple(f"{one.key} {plain(share)}" for one, share in zip(asked, repair(weights), strict=False))
    facts = {"set": f"criteria: {relation}", "total": plain(total), "difference": plain(100 - total)}
    yield source.problem("template.weights", "criteria", **facts, proposal=proposal or "-")


def _process(source: Source[ParametersText]) -> Iterator[Problem]:
    process, grades = source.model.process, [one.key for one in source.model.grades]
    if process.goals_min > process.goals_max:
        facts: dict[str, FactValue] = {"least": process.goals_min, "most": process.goals_max}
        yield source.problem("template.goals_range", "process", "goals_min", **facts)
    for row, grade in enumerate(process.interview_for):
        if grade not in grades:
            yield source.problem("template.no_such_entry", "process", "interview_for", row, list="grades", entry=grade)


def _passing(source: Source[ParametersText]) -> Iterator[Problem]:
    passing = source.model.passing
    if passing is None:
        return
    if passing.grade not in {grade.key for grade in source.model.grades}:
        yield source.problem("template.no_such_entry", "passing", "grade", entry=passing.grade, list="grades")
    for index, one in enumerate(source.model.criteria):
        if not any(option.key == passing.option and option.points is not None for option in one.options):
            facts = {"entry": passing.option, "list": f"criteria.{one.key}.options"}
            yield source.problem("template.no_such_entry", "criteria", index, **facts)
