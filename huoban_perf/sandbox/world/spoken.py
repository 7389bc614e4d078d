"""Stored definitions, spoken in this world's own ids.

A deployment stores views, forms, permissions and pages in the words of its template: ``field:goal.weight``, ``draft``.
The world knows tables, fields and options by the same words as aliases, so both meet here. Spoken, a field is
``field:t.f<id>`` whatever its table, and a choice is a tuple of option ids: the form in which ``core.permissions`` and
``core.rules`` are asked about rows of this world.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import NEVER, Every, FieldOf, Operand, Rule, Some, Test
from huoban_perf.core.schema import CHOICE_KINDS
from huoban_perf.core.schema.definitions import Declared, declared_from
from huoban_perf.core.schema.roles import PermissionSpec
from huoban_perf.core.values import CHINA, Value, Values
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef
from huoban_perf.sandbox.world.rows import Row

PLACE = "t"
"""Stands for whatever table is at hand."""

_NO_OPTION = "0"
"""Id of no option: a word that the field does not know equals nothing."""


def word_of(field: FieldDef) -> str:
    """Return the key by which rules and values speak of a field."""
    return f"f{field.field_id}"


def word(field: FieldDef) -> Address:
    """Return the address by which rules speak of a field."""
    return field_address(PLACE, word_of(field))


def values_of(row: Row, table: TableDef) -> Values:
    """Return a row as rules see it: field word → neutral value, None for an empty cell."""
    return {word_of(field): neutral(row.values.get(field.key), field) for field in table.fields}


def neutral(value: Any, field: FieldDef) -> Value:
    """Return a kept value, or one of a definition, as a neutral one."""
    if value is None:
        return None
    match field.family:
        case "list":
            return tuple(str(entry) for entry in value) if isinstance(value, list | tuple) else (str(value),)
        case "number":
            return Decimal(str(value))
        case "date":
            text = str(value)
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).replace(tzinfo=CHINA)
        case "switch":
            return bool(value)
        case _:
            return tuple(map(str, value)) if isinstance(value, list) else str(value)


def spoken(rule: Rule, table: TableDef) -> Rule:
    """Return a rule of a template in this world's words.

    Args:
        rule: Speaks of the table's fields and options by alias.
        table: With all its fields.

    Returns:
        The rule; a comparison of a field that does not stand never holds, whatever it asks.
    """
    match rule:
        case Every(parts):
            return Every(tuple(spoken(part, table) for part in parts))
        case Some(parts):
            return Some(tuple(spoken(part, table) for part in parts))
        case Test(address, operator, operand):
            field = table.by_alias.get(address.key)
            said = None if field is None else _operand(operand, field, table)
            return NEVER if field is None or said is None else Test(word(field), operator, said[0])


def _operand(operand: Operand, field: FieldDef, table: TableDef) -> tuple[Operand] | None:
    """Return the operand spoken, in a tuple of one; None when it speaks of a field that does not stand."""
    if isinstance(operand, FieldOf):
        other = table.by_alias.get(operand.path[-1].key) if len(operand.path) == 1 else None
        return None if other is None else (FieldOf((word(other),)),)
    if field.kind in CHOICE_KINDS and isinstance(operand, str | tuple):
        keys = (operand,) if isinstance(operand, str) else operand
        return (tuple(field.options_by_alias.get(str(key), _NO_OPTION) for key in keys),)
    return (operand,)


@lru_cache(maxsize=4096)
def declared(kind: ObjectKind, keys: tuple[str, ...], name: str, text: str) -> Declared:
    """Return a stored definition in the template's words; what was read once is remembered.

    Args:
        kind: What it is.
        keys: Of its address.
        name: Name shown.
        text: Its content as stored, JSON.

    Raises:
        ValueError, TypeError, KeyError: It is of no such form.
    """
    return declared_from(Address(kind, keys), Labels(name, name), wire.parse(text))


def stored_permission(group: str, text: str, table: TableDef) -> tuple[bool, PermissionSpec]:
    """Return whether a stored permission is that of people without a group, and the permission spoken.

    Args:
        group: The group's key.
        text: As a deployment stored it; one that cannot be read lets nobody see anything.
        table: Whose permission it is.
    """
    place = Address(ObjectKind.PERMISSION, (PLACE, "g"))
    try:
        found = declared(ObjectKind.PERMISSION, (PLACE, group), group, text)
    except (ValueError, TypeError, KeyError):
        return False, PermissionSpec(address=place, rows=NEVER)
    if not isinstance(found, PermissionSpec):  # pragma: no cover - the address says what it is
        raise TypeError(group)
    grants = tuple(replace(grant, rows=spoken(grant.rows, table)) for grant in found.grants)
    return found.is_default, replace(
        found,
        address=place,
        rows=spoken(found.rows, table),
        visible=_words(found.visible, table),
        editable=_words(found.editable, table),
        grants=grants,
    )


def _words(fields: Iterable[Address], table: TableDef) -> tuple[Address, ...]:
    found = (table.by_alias.get(address.key) for address in fields)
    return tuple(word(field) for field in found if field is not None)
