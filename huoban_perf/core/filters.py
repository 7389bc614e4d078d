"""Typed filters: one tree that is checked before sending, sent, and evaluated again on what came back.

The platform seems to ignore unknown operators and fields and then returns everything
(openapi-v1.md §5.1, §16.6 [code]), so a filter that does not fit its table is refused here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from huoban_perf.core.errors import Problem
from huoban_perf.core.schema.fields import (
    CHOICE_KINDS,
    MEMBER_KINDS,
    NUMBER_KINDS,
    TEXT_KINDS,
    FieldKind,
)
from huoban_perf.core.schema.tables import TableSpec
from huoban_perf.core.values import Value, Values


class Operator(StrEnum):
    """Comparison of one field with a constant. Source: openapi-v1.md §5.1 [code]."""

    EQUALS = "eq"
    DIFFERS = "ne"
    GREATER = "gt"
    AT_LEAST = "gte"
    LESS = "lt"
    AT_MOST = "lte"
    ANY_OF = "in"
    NONE_OF = "nin"
    EMPTY = "em"


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison.

    Attributes:
        field: Field key of the table, or a system field.
        operator: How to compare.
        operand: A neutral value of the field's kind; ANY_OF and NONE_OF take a tuple (for text: any of these
            substrings); EMPTY takes True (is empty) or False (is not).
    """

    field: str
    operator: Operator
    operand: Value


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold; empty holds always."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must hold; empty never holds."""

    parts: tuple[Filter, ...]


Filter = Condition | All | AnyOf

_EQUALITY = frozenset({Operator.EQUALS, Operator.DIFFERS, Operator.EMPTY})
_SETS = _EQUALITY | {Operator.ANY_OF, Operator.NONE_OF}
_ORDERED = _EQUALITY | {Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST}
_SYSTEM_OPERATORS: dict[str, frozenset[Operator]] = {
    "item_id": frozenset({Operator.EQUALS, Operator.DIFFERS, Operator.ANY_OF, Operator.NONE_OF}),
    "created_on": _ORDERED,
    "updated_on": _ORDERED,
}


def operators_of(kind: FieldKind) -> frozenset[Operator]:
    """Return the operators a field kind understands.

    Args:
        kind: The field's kind.

    Returns:
        The operators; empty for kinds that cannot be filtered.

    Source: openapi-v1.md §5.1 [code].
    """
    if kind in TEXT_KINDS or kind in CHOICE_KINDS or kind in MEMBER_KINDS or kind is FieldKind.RELATION:
        return _SETS
    if kind in NUMBER_KINDS or kind in {FieldKind.DATE, FieldKind.DATETIME, FieldKind.FORMULA, FieldKind.AUTO_NUMBER}:
        return _ORDERED
    if kind in {FieldKind.FILE, FieldKind.IMAGE, FieldKind.SIGNATURE}:
        return frozenset({Operator.EMPTY})
    if kind is FieldKind.SWITCH:
        return _EQUALITY
    return frozenset()


def check_filter(filter_: Filter, *, table: TableSpec) -> tuple[Problem, ...]:
    """List every condition that does not fit the table.

    Args:
        filter_: The tree.
        table: The table it will be sent for.

    Returns:
        Problems ``filter.unknown_field``, ``filter.operator`` and ``filter.operand``; empty when the filter fits.
    """
    if isinstance(filter_, Condition):
        return _check_condition(filter_, table)
    return tuple(problem for part in filter_.parts for problem in check_filter(part, table=table))


def _check_condition(condition: Condition, table: TableSpec) -> tuple[Problem, ...]:
    address = f"{table.address}.{condition.field}"
    if condition.field in _SYSTEM_OPERATORS:
        allowed = _SYSTEM_OPERATORS[condition.field]
        kind = FieldKind.TEXT if condition.field == "item_id" else FieldKind.DATETIME
    else:
        try:
            kind = table.field(condition.field).kind
        except KeyError:
            return (Problem(code="filter.unknown_field", facts={"field": condition.field}, address=address),)
        allowed = operators_of(kind)
    if condition.operator not in allowed:
        facts = {"operator": condition.operator.value, "kind": kind.value}
        return (Problem(code="filter.operator", facts=facts, address=address),)
    if not _fits(condition, kind):
        facts = {"operator": condition.operator.value, "kind": kind.value, "operand": repr(condition.operand)}
        return (Problem(code="filter.operand", facts=facts, address=address),)
    return ()


def _fits(condition: Condition, kind: FieldKind) -> bool:
    operand = condition.operand
    if condition.operator is Operator.EMPTY:
        return isinstance(operand, bool)
    if condition.operator in {Operator.ANY_OF, Operator.NONE_OF}:
        return isinstance(operand, tuple) and all(isinstance(part, str) for part in operand)
    if kind in TEXT_KINDS or kind is FieldKind.CHOICE:
        return isinstance(operand, str)
    if kind in NUMBER_KINDS or kind is FieldKind.AUTO_NUMBER:
        return isinstance(operand, Decimal)
    if kind is FieldKind.FORMULA:
        return isinstance(operand, Decimal | str)
    if kind in {FieldKind.DATE, FieldKind.DATETIME}:
        return isinstance(operand, date)
    if kind is FieldKind.SWITCH:
        return isinstance(operand, bool)
    return isinstance(operand, tuple)


def matches(filter_: Filter, values: Values) -> bool:
    """Evaluate a filter on one item's neutral values.

    An empty cell satisfies only EMPTY, DIFFERS and NONE_OF. Text ANY_OF means *contains any of these*
    (openapi-v1.md §5.1 [code]); NONE_OF on text is taken as its opposite (§18.9, open). Choices, members and
    relations: EQUALS compares the whole set, ANY_OF asks for an overlap.

    Args:
        filter_: A filter that ``check_filter`` accepts.
        values: Field key → value.

    Returns:
        Whether the item satisfies the filter.
    """
    match filter_:
        case All(parts):
            return all(matches(part, values) for part in parts)
        case AnyOf(parts):
            return any(matches(part, values) for part in parts)
        case Condition(field, operator, operand):
            return _TESTS[operator](values.get(field), operand)


def _as_set(value: Value) -> frozenset[str]:
    if isinstance(value, tuple):
        return frozenset(value)
    return frozenset() if value is None else frozenset({str(value)})


def _is_empty(value: Value) -> bool:
    return value is None or value in ("", ())


def _equals(value: Value, operand: Value) -> bool:
    if isinstance(value, tuple) or isinstance(operand, tuple):
        return _as_set(value) == _as_set(operand)
    if isinstance(value, datetime) and not isinstance(operand, datetime):
        return value.date() == operand
    return value == operand


def _any_of(value: Value, operand: Value) -> bool:
    if isinstance(value, str):
        return any(part in value for part in _as_set(operand))
    return bool(_as_set(value) & _as_set(operand))


def _compare(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Value, Value], bool]:
    def compare(value: Value, operand: Value) -> bool:
        left, right = value, operand
        if isinstance(left, datetime) and not isinstance(right, datetime):
            left = left.date()
        # Both sides are of one ordered kind here: check_filter saw to the operand, the codec to the value.
        return left is not None and right is not None and test(left, right)  # type: ignore[arg-type]

    return compare


_TESTS: dict[Operator, Callable[[Value, Value], bool]] = {
    Operator.EQUALS: lambda value, operand: not _is_empty(value) and _equals(value, operand),
    Operator.DIFFERS: lambda value, operand: _is_empty(value) or not _equals(value, operand),
    Operator.GREATER: _compare(lambda left, right: left > right),
    Operator.AT_LEAST: _compare(lambda left, right: left >= right),
    Operator.LESS: _compare(lambda left, right: left < right),
    Operator.AT_MOST: _compare(lambda left, right: left <= right),
    Operator.ANY_OF: lambda value, operand: not _is_empty(value) and _any_of(value, operand),
    Operator.NONE_OF: lambda value, operand: _is_empty(value) or not _any_of(value, operand),
    Operator.EMPTY: lambda value, operand: _is_empty(value) is operand,
}
