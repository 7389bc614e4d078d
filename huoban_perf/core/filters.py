"""Typed filters: one tree that is checked before sending, sent, and evaluated again on what came back.

The platform seems to ignore unknown operators and fields and then returns everything
(openapi-v1.md §5.1, §16.6 [code]), so a filter that does not fit its table is refused here. The tree itself and its
evaluation are in ``core.conditions``.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from huoban_perf.core.conditions import All, AnyOf, Condition, Filter, Operator, matches
from huoban_perf.core.errors import Problem
from huoban_perf.core.schema.fields import (
    CHOICE_KINDS,
    MEMBER_KINDS,
    NUMBER_KINDS,
    TEXT_KINDS,
    FieldKind,
)
from huoban_perf.core.schema.tables import TableSpec

__all__ = ["All", "AnyOf", "Condition", "Filter", "Operator", "check_filter", "matches", "operators_of"]

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
