"""Exporting: an existing workspace as the files of a template, so that a company can start from what it has.

What a read proves is written; what it does not prove (titles, exact text kinds) is chosen so that adopting the files
right back leaves nothing to do. What cannot be declared without knowing more (formulas, fields brought along a
relation, types unknown to us) is left out and listed as a comment: it stays in the workspace, unmanaged.

Source: issue 5 point 4; field-kinds.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from huoban_perf.core.addresses import Address, field_address, table_address
from huoban_perf.core.schema import (
    CHOICE_KINDS,
    COMPUTED_KINDS,
    TEXT_KINDS,
    FieldKind,
    ObservedField,
    ObservedSchema,
    ObservedTable,
)
from huoban_perf.deploy.compare.options import COLOURS
from huoban_perf.deploy.naming import Named, Vocabulary, distinct
from huoban_perf.deploy.portray import kind_of
from huoban_perf.deploy.words import kind_name

_LEFT_OUT = (COMPUTED_KINDS - {FieldKind.AUTO_NUMBER}) | {FieldKind.SEPARATOR}
_POINTING = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A template made from a workspace.

    Attributes:
        files: Path inside the template's folder → text.
        adopt: Address → platform id of everything the files declare.
        left_out: Names of fields that the files do not declare, from the outside in.
        titleless: Names of tables without any field that can be declared; they are left out too.
    """

    files: Mapping[str, str]
    adopt: Mapping[Address, str]
    left_out: tuple[str, ...]
    titleless: tuple[str, ...]


def export_template(
    observed: ObservedSchema, *, app: Named, vocabulary: Vocabulary, only: Iterable[str] = ()
) -> Exported:
    """Write a workspace as a template.

    Args:
        observed: The workspace as read.
        app: Key and labels of the app to make.
        vocabulary: Names that are known already.
        only: Names or ids of the tables to take; empty: all.

    Returns:
        The files, without parameters and scheme, which no workspace shows.
    """
    chosen = set(only)
    every = [table for table in observed.tables if not chosen or chosen & {table.name, table.table_id}]
    every.sort(key=lambda table: table.table_id)
    tables = [table for table in every if any(_is_declared(field, every) for field in table.fields)]
    names = distinct(vocabulary.named(table.name, within=None) for table in tables)
    keys = {table.table_id: named.key for table, named in zip(tables, names, strict=True)}
    writer = _Writer(tables=tables, keys=keys, vocabulary=vocabulary)
    files = {f"tables/{named.key}.yaml": writer.table(table, named) for table, named in zip(tables, names, strict=True)}
    head = {
        "key": app.key,
        "version": "0.1.0",
        "labels": {"zh": app.labels.zh, "en": app.labels.en},
        "order": [keys[table.table_id] for table in _targets_first(tables)],
    }
    return Exported(
        files={"app.yaml": _yaml(head), **files},
        adopt=writer.adopt,
        left_out=tuple(writer.left_out),
        titleless=tuple(table.name for table in every if table not in tables),
    )


class _Writer:
    """Writes tables, and remembers what each address stands for."""

    def __init__(self, *, tables: list[ObservedTable], keys: Mapping[str, str], vocabulary: Vocabulary) -> None:
        self._tables = tables
        self._keys = keys
        self._vocabulary = vocabulary
        self.adopt: dict[Address, str] = {}
        self.left_out: list[str] = []

    def table(self, table: ObservedTable, named: Named) -> str:
        """Return a table's file."""
        address = table_address(named.key)
        self.adopt[address] = table.table_id
        fields = [field for field in table.fields if _is_declared(field, self._tables)]
        names = distinct(self._vocabulary.named(field.name, within=address) for field in fields)
        declared = [self._field(field, one, address) for field, one in zip(fields, names, strict=True)]
        missing = [f"{field.name} ({_type_of(field)})" for field in table.fields if field not in fields]
        self.left_out += [f"{table.name} / {name}" for name in missing]
        content: dict[str, Any] = {"key": named.key, "labels": _labels(named), "title": _title(fields, names)}
        key_field = _key_field(fields, names)
        if key_field is not None:
            content["key_field"] = key_field
        notes = [f"# 未写入 (留在工作区, 不受管理): {name}\n" for name in missing]
        return "".join(notes) + _yaml({**content, "fields": declared})

    def _field(self, field: ObservedField, named: Named, table: Address) -> dict[str, Any]:
        address, kind = field_address(table.key, named.key), kind_of(field, widest=False)
        self.adopt[address] = field.field_id
        content: dict[str, Any] = {"key": named.key, "labels": _labels(named), "kind": str(kind)}
        if kind is FieldKind.AUTO_NUMBER:
            content["writer"] = "platform"
        content |= {name: True for name in ("required", "unique") if getattr(field, name)}
        if kind in _POINTING:
            content["target"] = self._keys[field.target_id or ""]
        if kind is FieldKind.RELATION and field.many:
            content["many"] = True
        if kind in CHOICE_KINDS:
            names = distinct(self._vocabulary.named(option.name, within=address) for option in field.options)
            content["options"] = [
                {"key": one.key, **_labels(one), **({"color": option.color} if option.color in COLOURS else {})}
                for option, one in zip(field.options, names, strict=True)
            ]
            for option, one in zip(field.options, names, strict=True):
                self.adopt[Address.parse(f"option:{table.key}.{named.key}.{one.key}")] = option.option_id
        return content


def _is_declared(field: ObservedField, tables: Iterable[ObservedTable]) -> bool:
    """Whether a read says enough of a field to declare it."""
    kind = kind_of(field, widest=False)
    if kind is None or kind in _LEFT_OUT or field.mirrored:
        return False
    if kind in CHOICE_KINDS:
        names = [option.name for option in field.options]
        return bool(names) and len(set(names)) == len(names)
    return kind not in _POINTING or any(table.table_id == field.target_id for table in tables)


def _type_of(field: ObservedField) -> str:
    kind = kind_of(field, widest=False)
    return kind_name(kind, "zh") if kind is not None else field.raw_type or "?"


def _title(fields: list[ObservedField], names: list[Named]) -> str:
    """The first text names an item, as people mostly have it; else the first field."""
    pairs = list(zip(fields, names, strict=True))
    texts = [named.key for field, named in pairs if kind_of(field, widest=False) in TEXT_KINDS]
    return (texts or [pairs[0][1].key])[0]


def _key_field(fields: list[ObservedField], names: list[Named]) -> str | None:
    pairs = zip(fields, names, strict=True)
    return next((n.key for f, n in pairs if f.unique and kind_of(f, widest=False) in TEXT_KINDS), None)


def _targets_first(tables: list[ObservedTable]) -> list[ObservedTable]:
    """Order tables so that what a relation points to stands before it, as far as there is no circle."""
    left, done = list(tables), list[ObservedTable]()
    while left:
        waiting = {table.table_id for table in left}
        ready = [one for one in left if not ({f.target_id for f in one.fields} - {one.table_id}) & waiting] or left[:1]
        done += ready
        left = [table for table in left if table not in ready]
    return done


def _labels(named: Named) -> dict[str, str]:
    return {"zh": named.labels.zh, "en": named.labels.en}


def _yaml(content: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, width=110)
