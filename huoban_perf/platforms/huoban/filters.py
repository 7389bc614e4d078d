"""Typed filters → wire filters, checked before they leave.

The platform seems to ignore what it does not know and then returns everything (openapi-v1.md §5.1, §16.6 [code]), so a
filter that does not fit its table never leaves, and what came back is evaluated again (``items``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Literal, assert_never

from huoban_perf.core.errors import Problem, RejectedError
from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator, check_filter
from huoban_perf.core.items import SystemField
from huoban_perf.core.schema import TEXT_KINDS, FieldKind
from huoban_perf.core.values import CHINA, Value
from huoban_perf.platforms.huoban.bound import BoundTable, Column
from huoban_perf.platforms.huoban.endpoints import ITEM_LIST
from huoban_perf.platforms.huoban.values import moment_text

Wire = dict[str, Any]

_SETS = frozenset({Operator.ANY_OF, Operator.NONE_OF})
_SYSTEM_FIELDS = frozenset(field.value for field in SystemField)


def check(filter_: Filter, *, table: BoundTable) -> None:
    """Refuse a filter that does not fit its table.

    Args:
        filter_: The tree.
        table: The table it will be sent for.

    Raises:
        RejectedError: Lists every condition that does not fit.
    """
    problems = list(check_filter(filter_, table=table.spec)) or list(_day_problems(filter_, table))
    if problems:
        facts = {"table": table.spec.labels.zh}
        raise RejectedError("filter.invalid", endpoint=ITEM_LIST.name, facts=facts, problems=problems)


def to_wire(filter_: Filter, *, table: BoundTable) -> Wire | bool:
    """Write a filter that ``check`` accepts.

    Args:
        filter_: The tree.
        table: Names and ids.

    Returns:
        The wire tree; True when every item satisfies the filter, False when none can.

    Raises:
        NotFoundError: A field or an option is not bound.

    Source: openapi-v1.md §5 [doc], §5.1 [code].
    """
    match filter_:
        case Condition():
            return _leaf(filter_, table)
        case All(parts):
            return _node("and", [to_wire(part, table=table) for part in parts])
        case AnyOf(parts):
            return _node("or", [to_wire(part, table=table) for part in parts])
        case _:  # pragma: no cover
            assert_never(filter_)


def uses_system_field(filter_: Filter) -> bool:
    """Return whether a filter asks about a field that is not among an item's values."""
    if isinstance(filter_, Condition):
        return filter_.field in _SYSTEM_FIELDS
    return any(uses_system_field(part) for part in filter_.parts)


def wire_field(key: str, *, table: BoundTable) -> str:
    """Return what names a field on the wire.

    Args:
        key: A field key, or a system field.
        table: The table.

    Returns:
        The field id, or the system field's own name.

    Source: openapi-v1.md §4, §5 [doc].
    """
    return key if key in _SYSTEM_FIELDS else table.column(key).field_id


def _node(joint: Literal["and", "or"], parts: Sequence[Wire | bool]) -> Wire | bool:
    decided = joint == "or"  # the verdict of one part that decides the whole
    if any(part is decided for part in parts):
        return decided
    left = [part for part in parts if not isinstance(part, bool)]
    if not left:
        return not decided
    return left[0] if len(left) == 1 else {joint: left}


def _leaf(condition: Condition, table: BoundTable) -> Wire:
    field = wire_field(condition.field, table=table)
    if condition.field in _SYSTEM_FIELDS:
        column, is_moment = None, condition.field != SystemField.ITEM_ID
    else:
        column = table.column(condition.field)
        is_moment = column.spec.kind is FieldKind.DATETIME
    operator, operand = condition.operator, condition.operand
    if operator is Operator.EMPTY:
        return {"field": field, "query": {operator.value: operand}}
    if is_moment and isinstance(operand, date):
        return _moment_leaf(field, operator, operand)
    return {"field": field, "query": {operator.value: _operand(column, operator, operand, table)}}


def _operand(column: Column | None, operator: Operator, operand: Value, table: BoundTable) -> Any:
    if column is None or column.spec.kind in TEXT_KINDS or column.spec.kind in _SENT_AS_THEY_ARE:
        return list(operand) if isinstance(operand, tuple) else operand
    if column.spec.kind is FieldKind.CHOICE and operator in _SETS and isinstance(operand, tuple):
        return [id_ for key in operand for id_ in table.encode_cell(column, key, key="-")]
    return table.encode_cell(column, operand, key="-")


_SENT_AS_THEY_ARE = frozenset({FieldKind.FORMULA, FieldKind.AUTO_NUMBER})


def _moment_leaf(field: str, operator: Operator, operand: date) -> Wire:
    """Compare a moment with a moment, or with a day as the half-open range that it is.

    How the platform compares a day with a moment is not known (§18.14), so it is never asked to.
    """
    if isinstance(operand, datetime):
        return {"field": field, "query": {operator.value: moment_text(operand)}}
    start = moment_text(datetime(operand.year, operand.month, operand.day, tzinfo=CHINA))
    after = operand + timedelta(days=1)
    end = moment_text(datetime(after.year, after.month, after.day, tzinfo=CHINA))
    query: Wire
    match operator:
        case Operator.EQUALS:
            query = {"gte": start, "lt": end}
        case Operator.GREATER:
            query = {"gte": end}
        case Operator.AT_LEAST:
            query = {"gte": start}
        case Operator.LESS:
            query = {"lt": start}
        case Operator.AT_MOST:
            query = {"lt": end}
        case _:
            outside = ({"lt": start}, {"gte": end}, {"em": True})
            return {"or": [{"field": field, "query": part} for part in outside]}
    return {"field": field, "query": query}


def _day_problems(filter_: Filter, table: BoundTable) -> Sequence[Problem]:
    """A day field compares with days only, a moment with aware moments: anything else would silently match nothing."""
    if not isinstance(filter_, Condition):
        return [problem for part in filter_.parts for problem in _day_problems(part, table)]
    if not isinstance(filter_.operand, datetime):
        return []
    system = filter_.field in _SYSTEM_FIELDS
    kind = FieldKind.DATETIME if system else table.spec.field(filter_.field).kind
    if kind is FieldKind.DATETIME and filter_.operand.tzinfo is not None:
        return []
    facts = {"operator": filter_.operator.value, "kind": kind.value, "operand": repr(filter_.operand)}
    return [Problem(code="filter.operand", facts=facts, address=f"field:{table.spec.key}.{filter_.field}")]
