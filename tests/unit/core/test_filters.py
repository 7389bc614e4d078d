from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator, check_filter, matches
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import CHINA, Value

_KINDS = {
    "name": FieldKind.TEXT,
    "score": FieldKind.NUMBER,
    "on": FieldKind.DATE,
    "at": FieldKind.DATETIME,
    "state": FieldKind.CHOICE,
    "tags": FieldKind.CHOICES,
    "owner": FieldKind.MEMBER,
    "goal": FieldKind.RELATION,
    "open": FieldKind.SWITCH,
    "scan": FieldKind.FILE,
    "sum": FieldKind.FORMULA,
    "where": FieldKind.LOCATION,
}
TABLE = TableSpec(
    address=table_address("t"),
    labels=Labels("表", "table"),
    title="name",
    fields=tuple(
        FieldSpec(address=field_address("t", key), labels=Labels(key, key), kind=kind) for key, kind in _KINDS.items()
    ),
)
ROW: dict[str, Value] = {
    "name": "红烧牛肉面",
    "score": Decimal("84.96"),
    "on": date(2026, 7, 1),
    "at": datetime(2026, 7, 1, 9, 30, tzinfo=CHINA),
    "state": "open",
    "tags": ("a", "b"),
    "owner": ("1000001",),
    "goal": ("2300000000000001",),
    "open": True,
    "scan": (),
}


@pytest.mark.parametrize(
    ("field", "operator", "operand", "expected"),
    [
        ("name", Operator.EQUALS, "红烧牛肉面", True),
        ("name", Operator.EQUALS, "牛", False),
        ("name", Operator.ANY_OF, ("牛", "羊"), True),
        ("name", Operator.NONE_OF, ("牛", "羊"), False),
        ("score", Operator.AT_LEAST, Decimal("84.96"), True),
        ("score", Operator.GREATER, Decimal("84.96"), False),
        ("score", Operator.LESS, Decimal(85), True),
        ("on", Operator.AT_MOST, date(2026, 6, 30), False),
        ("at", Operator.EQUALS, date(2026, 7, 1), True),
        ("at", Operator.GREATER, date(2026, 6, 30), True),
        ("state", Operator.ANY_OF, ("open", "closed"), True),
        ("tags", Operator.EQUALS, ("b", "a"), True),
        ("tags", Operator.EQUALS, ("a",), False),
        ("tags", Operator.ANY_OF, ("b", "c"), True),
        ("owner", Operator.DIFFERS, ("1000002",), True),
        ("goal", Operator.ANY_OF, ("2300000000000001",), True),
        ("open", Operator.EQUALS, True, True),
        ("scan", Operator.EMPTY, True, True),
        ("name", Operator.EMPTY, False, True),
        ("missing", Operator.EQUALS, "x", False),
        ("missing", Operator.DIFFERS, "x", True),
        ("missing", Operator.GREATER, Decimal(1), False),
        ("missing", Operator.NONE_OF, ("x",), True),
    ],
)
def test_condition_on_a_row(field: str, operator: Operator, operand: Value, expected: bool) -> None:
    assert matches(Condition(field, operator, operand), ROW) is expected


def test_nodes_combine_and_empty_nodes_have_their_neutral_meaning() -> None:
    yes, no = Condition("open", Operator.EQUALS, True), Condition("open", Operator.EQUALS, False)
    assert matches(All((yes, AnyOf((no, yes)))), ROW)
    assert not matches(All((yes, no)), ROW)
    assert matches(All(()), ROW)
    assert not matches(AnyOf(()), ROW)


@pytest.mark.parametrize(
    "good",
    [
        Condition("name", Operator.ANY_OF, ("a",)),
        Condition("score", Operator.EQUALS, Decimal(1)),
        Condition("sum", Operator.LESS, Decimal(1)),
        Condition("at", Operator.GREATER, date(2026, 1, 1)),
        Condition("goal", Operator.EQUALS, ("23",)),
        Condition("scan", Operator.EMPTY, False),
        Condition("item_id", Operator.ANY_OF, ("23",)),
        Condition("updated_on", Operator.AT_LEAST, datetime(2026, 1, 1, tzinfo=CHINA)),
    ],
)
def test_fitting_condition_passes(good: Condition) -> None:
    assert check_filter(good, table=TABLE) == ()


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (Condition("nmae", Operator.EQUALS, "x"), "filter.unknown_field"),
        (Condition("name", Operator.GREATER, "x"), "filter.operator"),
        (Condition("scan", Operator.EQUALS, ("1",)), "filter.operator"),
        (Condition("where", Operator.EMPTY, True), "filter.operator"),
        (Condition("score", Operator.EQUALS, "84"), "filter.operand"),
        (Condition("name", Operator.ANY_OF, "x"), "filter.operand"),
        (Condition("name", Operator.EMPTY, "x"), "filter.operand"),
        (Condition("on", Operator.LESS, "2026-01-01"), "filter.operand"),
        (Condition("open", Operator.EQUALS, "yes"), "filter.operand"),
        (Condition("goal", Operator.EQUALS, "23"), "filter.operand"),
        (Condition("item_id", Operator.GREATER, "23"), "filter.operator"),
    ],
)
def test_condition_that_does_not_fit_is_named(bad: Condition, code: str) -> None:
    filter_: Filter = All((Condition("name", Operator.EQUALS, "x"), AnyOf((bad,))))
    problems = check_filter(filter_, table=TABLE)
    assert [problem.code for problem in problems] == [code]
    assert problems[0].address == f"table:t.{bad.field}"
