"""Lint: the rules that hold across a template's files. Every finding has file, line and address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.schema import CHOICE_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.template.compile import expand_fields
from huoban_perf.template.load import AppTemplate, Source, read_template
from huoban_perf.template.model import CriterionText, FieldText, TableText
from huoban_perf.template.yaml_text import line_of

_MOST_CRITERIA = 12
_MOST_VISIBLE = 6
_LONGEST_ANCHOR = 25
"""Limits of a form that people can bear. Source: data-model.md §3."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the linter says: an error refuses the template, a warning does not."""

    severity: Literal["error", "warning"]
    problem: Problem


def lint_template(name: str, *, parameters: Path | None = None, scheme: Path | None = None) -> list[Finding]:
    """Check a template without refusing it.

    Args:
        name: Key of a shipped template, or a folder.
        parameters: A company's parameter file, or None.
        scheme: A scheme document, or None.

    Returns:
        Every finding, errors of single files first.

    Raises:
        TemplateError: There is no such template.
    """
    problems: list[Problem] = []
    template = read_template(name, parameters=parameters, scheme=scheme, problems=problems)
    findings = [Finding("error", problem) for problem in problems]
    return findings + (lint_loaded(template) if template is not None else [])


def lint_loaded(template: AppTemplate) -> list[Finding]:
    """Check the rules across files.

    Args:
        template: A template whose files each hold what they may.

    Returns:
        Every finding.
    """
    findings = [Finding("error", problem) for problem in _order(template)]
    for source in template.tables.values():
        findings += [Finding("error", problem) for problem in _table(template, source)]
    findings += [Finding("error", problem) for problem in _scheme(template)]
    findings += list(_criteria(template))
    return findings


def _order(template: AppTemplate) -> Iterator[Problem]:
    order, app = template.app.model.order, template.app
    for index, key in enumerate(order):
        if key not in template.tables:
            yield _problem("template.table_missing", app.shown, app.line("order", index), f"table:{key}", table=key)
    for key, source in template.tables.items():
        if key not in order:
            yield _problem("template.table_not_in_order", source.shown, source.line("key"), f"table:{key}", table=key)
        if Path(source.shown).stem != key:
            facts = {"table": key, "file": Path(source.shown).stem}
            yield _problem("template.file_name", source.shown, source.line("key"), f"table:{key}", **facts)
    names = Counter(source.model.labels.zh for source in template.tables.values())
    for key, source in template.tables.items():
        if names[source.model.labels.zh] > 1:
            label = source.model.labels.zh
            yield _problem("template.repeated_label", source.shown, source.line("labels"), f"table:{key}", label=label)


def _table(template: AppTemplate, source: Source[TableText]) -> Iterator[Problem]:
    table = source.model
    for index, field in enumerate(table.fields):
        yield from (
            _problem(code, source.shown, source.line("fields", index, *path), _address(table, field), **facts)
            for code, path, facts in _field(template, field)
        )
    fields = list(expand_fields(table, template.parameters.model))
    for what, counted in (
        ("template.repeated_field", Counter(field.key for field in fields)),
        ("template.repeated_label", Counter(field.labels.zh for field in fields if field.labels)),
    ):
        for name in (name for name, count in counted.items() if count > 1):
            yield _problem(what, source.shown, source.line("fields"), f"table:{table.key}", label=str(name))
    by_key = {field.key: field for field in fields}
    for role, wanted in (("title", table.title), ("key_field", table.key_field)):
        if wanted is None:
            continue
        line = source.line(role)
        if wanted not in by_key:
            yield _problem("template.no_such_field", source.shown, line, f"table:{table.key}", field=wanted, role=role)
        elif role == "key_field" and by_key[wanted].kind not in TEXT_KINDS:
            yield _problem("template.key_not_text", source.shown, line, f"field:{table.key}.{wanted}", field=wanted)


def _address(table: TableText, field: FieldText) -> str:
    return f"field:{table.key}.{field.key or field.include}"


_Fault = tuple[str, tuple[str | int, ...], dict[str, str]]


def _field(template: AppTemplate, field: FieldText) -> Iterator[_Fault]:
    if field.include is not None:
        if field.key is not None:
            yield "template.include_and_key", (), {"key": field.key}
        return
    if field.key is None or field.labels is None:
        yield "template.missing_key", (), {"key": "key" if field.key is None else "labels"}
        return
    if field.kind in CHOICE_KINDS:
        if not field.options and field.options_from is None:
            yield "template.no_options", ("kind",), {"field": field.key}
    elif field.options or field.options_from:
        yield "template.options_unused", ("options",), {"field": field.key, "kind": field.kind.value}
    if field.kind in {FieldKind.RELATION, FieldKind.SUB_TABLE}:
        if field.target not in template.tables:
            yield "template.no_target", ("target",), {"field": field.key, "target": field.target or "-"}
    elif field.target is not None:
        yield "template.target_unused", ("target",), {"field": field.key, "kind": field.kind.value}
    yield from _options(field)


def _options(field: FieldText) -> Iterator[_Fault]:
    for names in ([option.key for option in field.options], [option.zh for option in field.options]):
        for name, count in Counter(names).items():
            if count > 1:
                yield "template.repeated_option", ("options",), {"option": name, "field": field.key or ""}


def _criteria(template: AppTemplate) -> Iterator[Finding]:
    source = template.parameters
    criteria = source.model.criteria
    if len(criteria) > _MOST_CRITERIA:
        facts: dict[str, FactValue] = {"count": len(criteria), "most": _MOST_CRITERIA}
        yield Finding(
            "warning", _problem("template.many_criteria", source.shown, source.line("criteria"), None, **facts)
        )
    visible = Counter(relation for criterion in criteria for relation in criterion.relations)
    for relation, count in visible.items():
        if count > _MOST_VISIBLE:
            seen: dict[str, FactValue] = {"relation": relation, "count": count, "most": _MOST_VISIBLE}
            where = source.line("criteria")
            yield Finding("warning", _problem("template.long_form", source.shown, where, None, **seen))
    for index, criterion in enumerate(criteria):
        address = f"field:review_task.{criterion.key}"
        line = source.line("criteria", index)
        if not any(option.points is not None for option in criterion.options):
            yield Finding("error", _problem("template.no_points", source.shown, line, address, field=criterion.key))
        for severity, code, option, facts in _anchors(criterion):
            where = source.line("criteria", index, "options", option)
            yield Finding(severity, _problem(code, source.shown, where, address, **facts))


def _anchors(
    criterion: CriterionText,
) -> Iterator[tuple[Literal["error", "warning"], str, int, dict[str, FactValue]]]:
    for index, option in enumerate(criterion.options):
        if len(option.zh) > _LONGEST_ANCHOR:
            yield "warning", "template.long_anchor", index, {"text": option.zh, "most": _LONGEST_ANCHOR}
        if option.points is not None and not 0 <= option.points <= 100:
            yield "error", "template.points_off_scale", index, {"points": str(option.points)}


def _scheme(template: AppTemplate) -> Iterator[Problem]:
    text, shown = template.scheme_text, template.scheme_shown
    parts = text.get("parts")
    if isinstance(parts, Mapping):
        weights = [(key, parts[key]) for key in ("kpi_weight", "review_weight", "okr_weight") if key in parts]
        yield from _sum_of(weights, shown, line_of(text, ("parts",)), "parts")
    raters = text.get("raters")
    groups = raters.get("groups") if isinstance(raters, Mapping) else None
    if isinstance(groups, list):
        weights = [(str(group.get("relation")), group.get("weight", "0")) for group in groups]
        yield from _sum_of(weights, shown, line_of(text, ("raters", "groups")), "raters.groups")
    yield from _grades(template)


def _sum_of(weights: Iterable[tuple[str, object]], shown: str, line: int, where: str) -> Iterator[Problem]:
    """A set of weights must total 100 within half a hundredth. Source: scoring.md S1."""
    total = Decimal(0)
    for name, weight in weights:
        try:
            total += Decimal(str(weight))
        except InvalidOperation:
            yield _problem("template.not_a_number", shown, line, where, name=name, value=str(weight))
            return
    if not Decimal("99.995") <= total < Decimal("100.005"):
        facts = {"set": where, "total": str(total), "difference": str(100 - total)}
        yield _problem("template.weights", shown, line, where, **facts)


def _grades(template: AppTemplate) -> Iterator[Problem]:
    text, shown = template.scheme_text, template.scheme_shown
    grades = text.get("grades")
    known = {option.zh for option in template.parameters.model.grades}
    before: Decimal | None = None
    for index, grade in enumerate(grades if isinstance(grades, list) else []):
        line, name = line_of(text, ("grades", index)), str(grade.get("name"))
        if name not in known:
            yield _problem(
                "template.unknown_grade", shown, line, f"grades.{name}", grade=name, known=tuple(sorted(known))
            )
        lower = grade.get("lower")
        if lower is None:
            continue
        try:
            bound = Decimal(str(lower))
        except InvalidOperation:
            yield _problem("template.not_a_number", shown, line, f"grades.{name}", name=name, value=str(lower))
            continue
        if before is not None and bound >= before:
            facts = {"grade": name, "lower": str(bound), "before": str(before)}
            yield _problem("template.grades_overlap", shown, line, f"grades.{name}", **facts)
        before = bound


def _problem(code: str, shown: str, line: int, address: str | None, **facts: FactValue) -> Problem:
    return Problem(code=code, facts=facts, file=shown, line=line, address=address)
