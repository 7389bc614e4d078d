"""Tables and fields: what a field of each kind must and must not say, and that what it names exists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.schema import CHOICE_KINDS, COMPUTED_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind, Writer
from huoban_perf.template.checks.repeats import repeated_entries
from huoban_perf.template.compiling.fields import expand_fields
from huoban_perf.template.findings import Finding, error
from huoban_perf.template.load import Draft, Source
from huoban_perf.template.model import FieldText, TableText
from huoban_perf.template.weights import plain

_RELATIONS: Final = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})
_COMPUTED: Final = {"formula": FieldKind.FORMULA, "rollup": FieldKind.ROLLUP, "attached": FieldKind.ATTACHED}
"""What a field of a computed kind says, and no other."""

_NAMELESS: Final = _RELATIONS | {
    FieldKind.SWITCH,
    FieldKind.FILE,
    FieldKind.IMAGE,
    FieldKind.SIGNATURE,
    FieldKind.LOCATION,
    FieldKind.SEPARATOR,
    FieldKind.TEXT_RICH,
}
"""Kinds whose value cannot name an item in a relation."""


def check_tables(draft: Draft) -> Iterator[Finding]:
    """Check every readable table.

    Args:
        draft: The template.

    Yields:
        Findings.
    """
    for source in draft.tables.values():
        for index, field in enumerate(source.model.fields):
            yield from map(error, _field(draft, source, index, field))
        yield from map(error, _whole_table(draft, source))


def _field(draft: Draft, source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    if field.include is not None:
        if field.model_fields_set - {"include"}:
            others = tuple(sorted(field.model_fields_set - {"include"}))
            yield source.problem("template.include_only", "fields", index, keys=others)
        return
    for name in ("key", "labels", "kind"):
        if name not in field.model_fields_set or getattr(field, name) is None:
            yield source.problem("template.missing_key", "fields", index, key=name)
    yield from _choices(source, index, field)
    yield from _list(draft, source, index, field)
    if field.feature is None or draft.app is None or field.feature in draft.app.model.features:
        yield from _relation(draft, source, index, field)
    yield from _extras(source, index, field)


def _choices(source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    name = field.key or "-"
    given = [part for part in ("options", "options_from") if getattr(field, part)]
    if field.kind in CHOICE_KINDS:
        if not given:
            yield source.problem("template.no_options", "fields", index, field=name)
        if len(given) > 1:
            yield source.problem("template.options_twice", "fields", index, "options_from", field=name)
    else:
        for part in given:
            yield source.problem("template.options_unused", "fields", index, part, field=name, kind=field.kind.value)
    entries = [(option.key, option.zh, option.en) for option in field.options]
    yield from repeated_entries(source, ("fields", index, "options"), entries)


def _list(draft: Draft, source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    """The parameter file must hold the list that gives a field's options."""
    company, name = draft.parameters, field.options_from
    if company is not None and company.whole and name is not None and not company.model.options(name):
        facts: dict[str, FactValue] = {"list": name, "file": company.shown}
        yield source.problem("template.no_such_list", "fields", index, "options_from", **facts)


def _relation(draft: Draft, source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    name, kind = field.key or "-", field.kind.value
    if field.kind not in _RELATIONS:
        if field.target is not None:
            yield source.problem("template.target_unused", "fields", index, "target", field=name, kind=kind)
    elif field.target is None:
        yield source.problem("template.no_target", "fields", index, field=name)
    elif field.target not in draft.table_keys:
        facts: dict[str, FactValue] = {"field": name, "target": field.target, "known": tuple(sorted(draft.table_keys))}
        yield source.problem("template.target_missing", "fields", index, "target", **facts)


def _extras(source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    name, kind = field.key or "-", field.kind.value
    if field.many and field.kind is not FieldKind.RELATION:
        yield source.problem("template.many_unused", "fields", index, "many", field=name, kind=kind)
    if field.decimals is not None and field.kind not in NUMBER_KINDS:
        yield source.problem("template.decimals_unused", "fields", index, "decimals", field=name, kind=kind)
    if (field.kind in COMPUTED_KINDS) != (field.writer is Writer.PLATFORM):
        yield source.problem("template.writer_kind", "fields", index, field=name, kind=kind, writer=field.writer.value)
    for part, computed in _COMPUTED.items():
        if (getattr(field, part) is not None) != (field.kind is computed):
            at = (part,) if getattr(field, part) is not None else ()
            yield source.problem("template.computed_shape", "fields", index, *at, field=name, kind=kind, key=part)
    yield from _range(source, index, field)
    if field.unique and field.kind not in TEXT_KINDS | NUMBER_KINDS:
        yield source.problem("template.unique_unused", "fields", index, "unique", field=name, kind=kind)


def _range(source: Source[TableText], index: int, field: FieldText) -> Iterator[Problem]:
    name, kind = field.key or "-", field.kind.value
    for part in ("least", "most"):
        if getattr(field, part) is not None and field.kind not in NUMBER_KINDS:
            yield source.problem("template.range_unused", "fields", index, part, field=name, kind=kind, key=part)
    if field.least is not None and field.most is not None and field.least > field.most:
        facts = {"field": name, "least": plain(field.least), "most": plain(field.most)}
        yield source.problem("template.range_empty", "fields", index, "least", **facts)


def _whole_table(draft: Draft, source: Source[TableText]) -> Iterator[Problem]:
    table = source.model
    fields = list(expand_fields(table, draft.parameters.model if draft.parameters else None))
    yield from _doubles(source, "template.repeated_field", [field.key for field in fields])
    for language in ("zh", "en"):
        labels = [getattr(field.labels, language) for field in fields if field.labels]
        yield from _doubles(source, "template.repeated_field_label", labels)
    by_key = {field.key: field for field in fields}
    title = by_key.get(table.title)
    if title is None:
        yield source.problem("template.no_such_field", "title", field=table.title, role="title")
    elif title.kind in _NAMELESS:
        yield source.problem("template.title_kind", "title", field=table.title, kind=title.kind.value)
    if table.key_field is None:
        return
    key = by_key.get(table.key_field)
    if key is None:
        yield source.problem("template.no_such_field", "key_field", field=table.key_field, role="key_field")
    elif key.kind is not FieldKind.TEXT or not key.unique:
        yield source.problem("template.key_field_kind", "key_field", field=table.key_field, kind=key.kind.value)


def _doubles(source: Source[TableText], code: str, names: Iterable[str | None]) -> Iterator[Problem]:
    """One problem a repeated name, at the last field of the file that carries it."""
    for name in (name for name, count in Counter(names).items() if count > 1 and name is not None):
        at = [
            index
            for index, field in enumerate(source.model.fields)
            if name == field.key or (field.labels is not None and name in {field.labels.zh, field.labels.en})
        ]
        yield source.problem(code, "fields", *at[-1:], label=name)
