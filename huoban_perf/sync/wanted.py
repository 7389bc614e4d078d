"""Rows as a job wants them: values by field key, relations by natural key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.core.errors import ExtractError, Problem
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.snapshot import TableRows


@dataclass(frozen=True, slots=True)
class Refs:
    """A relation's value before ids are known: the table it points to and the natural keys there."""

    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRow:
    """One row as it should stand.

    Attributes:
        key: Natural key or business code; also present in ``values`` under the table's key field.
        values: Field key → neutral value, or ``Refs`` for relations. Fields left out are not ours and never touched.
    """

    key: str
    values: Mapping[str, Value | Refs]


def fitting(values: Mapping[str, Value | Refs], table: TableSpec) -> dict[str, Value | Refs]:
    """Return the values whose fields a table has: a small app leaves out some of what a job could say.

    Args:
        values: Field key → value.
        table: The table.

    Returns:
        The values that fit.
    """
    known = {field.address.key for field in table.fields}
    return {key: value for key, value in values.items() if key in known}


def natural_key(*parts: str) -> str:
    """Join parts into a natural key with its brackets.

    Args:
        parts: Business codes and dates; a part that is itself a keyed row is given as its own parts.

    Returns:
        ``[part|part]``.

    Raises:
        ValueError: A part is empty or holds ``[ ] | " '``.

    Source: data-model.md §1 rule 8 (text ``in`` is a substring match, so no key may be part of another).
    """
    for part in parts:
        if not part or any(mark in part for mark in "[]|\"'"):
            raise ValueError(f"not usable in a natural key: {part!r}")
    return f"[{'|'.join(parts)}]"


def resolve(row: WantedRow, *, tables: Mapping[str, TableRows]) -> dict[str, Value]:
    """Replace every ``Refs`` by item ids.

    Args:
        row: The wanted row.
        tables: Table key → rows already read or confirmed.

    Returns:
        Field key → neutral value.

    Raises:
        ExtractError: A referenced row does not exist.
    """
    values: dict[str, Value] = {}
    missing: list[Problem] = []
    for field, value in row.values.items():
        if not isinstance(value, Refs):
            values[field] = value
            continue
        target = tables[value.table]
        found = [target.row_of_key(key) for key in value.keys]
        missing += [
            Problem(code="sync.missing_target", facts={"table": value.table, "key": key}, address=f"{row.key}.{field}")
            for key, index in zip(value.keys, found, strict=True)
            if index is None
        ]
        values[field] = tuple(target.item_id(index) for index in found if index is not None)
    if missing:
        raise ExtractError("sync.missing_targets", facts={"count": len(missing)}, problems=missing)
    return values


def wanted(table: str, key_field: str, rows: Sequence[Mapping[str, Value | Refs]]) -> list[WantedRow]:
    """Turn mappings that carry their own key into wanted rows.

    Args:
        table: Table key, for the error text.
        key_field: Field that holds the natural key.
        rows: Field key → value, the key field included.

    Returns:
        One wanted row a mapping, in order.

    Raises:
        ValueError: A key is missing or stands twice.
    """
    result: list[WantedRow] = []
    seen: set[str] = set()
    for row in rows:
        key = row[key_field]
        if not isinstance(key, str) or key in seen:
            raise ValueError(f"{table}: key missing or twice: {key!r}")
        seen.add(key)
        result.append(WantedRow(key=key, values=row))
    return result
