"""Filters are checked, written, and never left to the platform's guess."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.errors import NotFoundError, RejectedError
from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator
from huoban_perf.core.schema import FieldKind
from huoban_perf.core.values import CHINA
from huoban_perf.platforms.huoban.bound import BoundTable
from huoban_perf.platforms.huoban.filters import check, to_wire, uses_system_field
from tests.unit.platforms.fakes import bound_ids, said, table_of

SPEC = table_of(
    ("amount", FieldKind.NUMBER),
    ("day", FieldKind.DATE),
    ("moment", FieldKind.DATETIME),
    ("one", FieldKind.CHOICE),
    ("several", FieldKind.CHOICES),
    ("owner", FieldKind.MEMBER),
    ("parent", FieldKind.RELATION),
    ("paper", FieldKind.FILE),
    ("sum", FieldKind.FORMULA),
)
TABLE = BoundTable(SPEC, bound_ids(SPEC))
NOON = datetime(2022, 3, 3, 12, tzinfo=CHINA)
DAY = date(2022, 3, 3)
ALWAYS, NEVER = All(()), AnyOf(())
LEAF = Condition("code", Operator.EQUALS, "K")
WIRE = {"field": "f0", "query": {"eq": "K"}}


def written(filter_: Filter) -> Any:
    check(filter_, table=TABLE)
    return to_wire(filter_, table=TABLE)


@pytest.mark.parametrize(
    ("field", "operator", "operand", "query"),
    [
        ("code", Operator.ANY_OF, ("a", "b"), {"in": ["a", "b"]}),
        ("code", Operator.EMPTY, True, {"em": True}),
        ("amount", Operator.AT_LEAST, Decimal("1.5"), {"gte": Decimal("1.5")}),
        ("day", Operator.LESS, DAY, {"lt": "2022-03-03"}),
        ("moment", Operator.LESS, NOON, {"lt": "2022-03-03 12:00:00"}),
        ("one", Operator.EQUALS, "b", {"eq": ["2"]}),
        ("one", Operator.ANY_OF, ("b", "c"), {"in": ["2", "3"]}),
        ("one", Operator.NONE_OF, (), {"nin": []}),
        ("several", Operator.EQUALS, ("a", "c"), {"eq": ["1", "3"]}),
        ("several", Operator.ANY_OF, ("a",), {"in": ["1"]}),
        ("owner", Operator.ANY_OF, ("7",), {"in": ["7"]}),
        ("parent", Operator.DIFFERS, ("7",), {"ne": ["7"]}),
        ("paper", Operator.EMPTY, False, {"em": False}),
        ("sum", Operator.GREATER, Decimal(3), {"gt": Decimal(3)}),
        ("item_id", Operator.ANY_OF, ("7", "8"), {"in": ["7", "8"]}),
        ("created_on", Operator.AT_MOST, NOON, {"lte": "2022-03-03 12:00:00"}),
    ],
)
def test_condition_is_written_with_ids(field: str, operator: Operator, operand: Any, query: Any) -> None:
    name = field if field in {"item_id", "created_on"} else TABLE.column(field).field_id
    assert written(Condition(field, operator, operand)) == {"field": name, "query": query}


@pytest.mark.parametrize(
    ("operator", "query"),
    [
        (Operator.EQUALS, {"gte": "2022-03-03 00:00:00", "lt": "2022-03-04 00:00:00"}),
        (Operator.GREATER, {"gte": "2022-03-04 00:00:00"}),
        (Operator.AT_LEAST, {"gte": "2022-03-03 00:00:00"}),
        (Operator.LESS, {"lt": "2022-03-03 00:00:00"}),
        (Operator.AT_MOST, {"lt": "2022-03-04 00:00:00"}),
    ],
)
@pytest.mark.parametrize("field", ["moment", "updated_on"])
def test_day_of_a_moment_is_a_half_open_range(field: str, operator: Operator, query: Any) -> None:
    assert written(Condition(field, operator, DAY))["query"] == query


def test_another_day_is_before_after_or_empty() -> None:
    parts = written(Condition("moment", Operator.DIFFERS, DAY))["or"]
    assert [part["query"] for part in parts] == [
        {"lt": "2022-03-03 00:00:00"},
        {"gte": "2022-03-04 00:00:00"},
        {"em": True},
    ]


@pytest.mark.parametrize(
    ("filter_", "wire"),
    [
        (All((LEAF, LEAF)), {"and": [WIRE, WIRE]}),
        (AnyOf((LEAF, LEAF)), {"or": [WIRE, WIRE]}),
        (All((LEAF,)), WIRE),
        (All((LEAF, ALWAYS)), WIRE),
        (AnyOf((LEAF, NEVER)), WIRE),
        (All((LEAF, NEVER)), False),
        (AnyOf((LEAF, ALWAYS)), True),
        (ALWAYS, True),
        (NEVER, False),
        (All((LEAF, AnyOf((LEAF, All((LEAF, LEAF)))))), {"and": [WIRE, {"or": [WIRE, {"and": [WIRE, WIRE]}]}]}),
    ],
)
def test_nodes_are_written_without_what_is_decided(filter_: Filter, wire: Any) -> None:
    assert written(filter_) == wire


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        (Condition("nothing", Operator.EQUALS, "x"), "filter.unknown_field"),
        (Condition("amount", Operator.ANY_OF, ("1",)), "filter.operator"),
        (Condition("paper", Operator.EQUALS, ("1",)), "filter.operator"),
        (Condition("amount", Operator.EQUALS, "1"), "filter.operand"),
        (Condition("day", Operator.EQUALS, NOON), "filter.operand"),
        (Condition("moment", Operator.EQUALS, NOON.replace(tzinfo=None)), "filter.operand"),
        (Condition("created_on", Operator.LESS, NOON.replace(tzinfo=None)), "filter.operand"),
    ],
)
def test_condition_that_does_not_fit_is_refused_with_its_place(condition: Condition, code: str) -> None:
    with pytest.raises(RejectedError) as caught:
        check(All((LEAF, condition)), table=TABLE)
    assert caught.value.code == "filter.invalid"
    assert [problem.code for problem in caught.value.problems] == [code]
    assert condition.field in str(caught.value.problems[0].address)
    assert said(caught.value)


def test_unbound_option_in_a_filter_is_named() -> None:
    with pytest.raises(NotFoundError) as caught:
        written(Condition("one", Operator.EQUALS, "z"))
    assert "z" in said(caught.value)


def test_system_fields_are_found_anywhere() -> None:
    assert uses_system_field(All((LEAF, AnyOf((Condition("item_id", Operator.EQUALS, "7"),)))))
    assert not uses_system_field(All((LEAF,)))
