"""Conditions: the tree of comparisons with constants, and its evaluation on one row.

``core.filters`` checks a tree against its table before it is sent; ``core.rules`` turns a template's rules into one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

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
