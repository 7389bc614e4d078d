"""Typed filters → the server's ``where``, never narrower than asked; ``items`` filters again what comes back.

A condition that cannot be said exactly, or at least too widely, is not said at all: then more is read and the filter
is applied here. Values stand in quotes, whichever they do not hold, since nothing can be escaped (gotcha 1).

Source: nocodb/api.md, ``where`` grammar, gotchas 1, 2; operators tried on SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Literal
from urllib.parse import quote

from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator
from huoban_perf.core.items import SystemField
from huoban_perf.core.schema import NUMBER_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.core.values import Value
from huoban_perf.platforms.nocodb.bound import BoundTable, Column
from huoban_perf.platforms.nocodb.config import URL_BYTES

_COMPARISONS = {
    Operator.EQUALS: "eq",
    Operator.GREATER: "gt",
    Operator.AT_LEAST: "gte",
    Operator.LESS: "lt",
    Operator.AT_MOST: "lte",
}

_BLANK_IS_EMPTY = TEXT_KINDS | (NUMBER_KINDS - {FieldKind.RATING}) | {FieldKind.DATE, FieldKind.CHOICE}
"""Kinds whose empty cells the server calls blank; a rating's is 0 on SQLite, a switch has none. Source: tried."""


def to_where(filter_: Filter, *, table: BoundTable) -> str | None:
    """Write a filter that ``check_filter`` accepts, as far as the server can be trusted with it.

    Args:
        filter_: The tree.
        table: Columns.

    Returns:
        A condition that every wanted item satisfies; None when that can only be said of all items, or only in an
        address that is too long.
    """
    where = _node(filter_, table)
    return where if where is None or len(quote(where)) <= URL_BYTES else None


def quoted(text: str) -> str | None:
    """Return a value in the quotes it does not hold; None when it holds both, or is empty."""
    for mark in ('"', "'"):
        if text and mark not in text:
            return f"{mark}{text}{mark}"
    return None


def chunks(values: Iterable[str], *, size: int) -> Iterable[list[str]]:
    """Cut quoted values into lists that fit into an address, none longer than ``size`` entries."""
    part: list[str] = []
    length = 0
    for value in values:
        cost = len(quote(value)) + 3
        if part and (length + cost > URL_BYTES or len(part) >= size):
            yield part
            part, length = [], 0
        part.append(value)
        length += cost
    if part:
        yield part


def _node(filter_: Filter, table: BoundTable) -> str | None:
    match filter_:
        case Condition():
            return _leaf(filter_, table)
        case All(parts):
            return _joined("~and", [part for part in (_node(part, table) for part in parts) if part is not None])
        case AnyOf(parts):
            return _one_of([_node(part, table) for part in parts])


def _one_of(parts: Sequence[str | None]) -> str | None:
    known = [part for part in parts if part is not None]
    return _joined("~or", known) if len(known) == len(parts) else None


def _joined(joint: Literal["~and", "~or"], parts: Sequence[str]) -> str | None:
    if len(parts) < 2:
        return parts[0] if parts else None
    return f"({joint.join(parts)})"


def _leaf(condition: Condition, table: BoundTable) -> str | None:
    operator, operand = condition.operator, condition.operand
    if condition.field == SystemField.ITEM_ID:
        ids = operand if isinstance(operand, tuple) else (operand,)
        wanted = operator in {Operator.EQUALS, Operator.ANY_OF} and all(str(id_).isdecimal() for id_ in ids)
        return f"(Id,in,{','.join(str(id_) for id_ in ids)})" if wanted and ids else None
    if condition.field in {SystemField.CREATED_ON, SystemField.UPDATED_ON}:
        return None
    column = table.column(condition.field)
    kind = column.spec.kind
    if operator is Operator.EMPTY:
        word = "blank" if operand is True else "notblank"
        return f"({column.column_id},{word})" if kind in _BLANK_IS_EMPTY else None
    if kind in TEXT_KINDS:
        return _text(column, operator, operand)
    if kind in NUMBER_KINDS:
        return _number(column, operator, operand, table)
    if kind is FieldKind.SWITCH and operator is Operator.EQUALS:
        return f"({column.column_id},{'checked' if operand is True else 'notchecked'})"
    return _sets(column, operator, operand, table)


def _text(column: Column, operator: Operator, operand: Value) -> str | None:
    if operator is Operator.EQUALS and isinstance(operand, str) and column.spec.kind is not FieldKind.TIME:
        return _leaf_of(column, "eq", operand)
    if operator is Operator.ANY_OF and isinstance(operand, tuple):
        # A mark of LIKE inside the value, or PostgreSQL's escape, would make it narrower than asked. Source: tried.
        parts = [_leaf_of(column, "like", part) if not set(part) & set("%\\") else None for part in operand]
        return _one_of(parts) if parts else None
    return None


def _number(column: Column, operator: Operator, operand: Value, table: BoundTable) -> str | None:
    if operator not in _COMPARISONS or not isinstance(operand, Decimal):
        return None
    number = table.encode_cell(column, operand, key="-")
    return f"({column.column_id},{_COMPARISONS[operator]},{Decimal(number):f})"


def _sets(column: Column, operator: Operator, operand: Value, table: BoundTable) -> str | None:
    """Choices, people and belongs-to relations: an overlap holds for every item that equals, too."""
    if operator not in {Operator.EQUALS, Operator.ANY_OF} or column.links_id is not None or not operand:
        return None
    parts = operand if isinstance(operand, tuple) else (operand,)
    match column.spec.kind:
        case FieldKind.CHOICE:
            return _one_of([_leaf_of(column, "eq", table.encode_cell(column, part, key="-")) for part in parts])
        case FieldKind.CHOICES:
            texts = [table.encode_cell(column, (str(part),), key="-") for part in parts]
            return _one_of([_leaf_of(column, "anyof", text) for text in texts])
        case FieldKind.MEMBER | FieldKind.MEMBERS:
            return _one_of([_leaf_of(column, "anyof", str(part)) for part in parts])
        case FieldKind.RELATION if all(str(part).isdecimal() for part in parts):
            return f"({column.column_id},in,{','.join(str(part) for part in parts)})"
        case _:
            return None


def _leaf_of(column: Column, word: str, text: str) -> str | None:
    value = quoted(text)
    return None if value is None else f"({column.column_id},{word},{value})"
