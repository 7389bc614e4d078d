"""Rules and values as people say them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, NEVER, Every, FieldOf, Me, Rule, Some, Test, ThisRow, Today
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.automations import EachOf, Expression, Now, Phrase, Reason
from huoban_perf.template import compile_schema, load_template
from huoban_perf.template.wording import Wording

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"
STATE, DUE, WEIGHT = (field_address("sheet", key) for key in ("status", "due", "weight"))
SELF, NOTE, PERSON = (field_address("sheet", key) for key in ("p_self", "note", "person"))
OWNER, DONE, SHEET = (field_address("task", key) for key in ("owner", "done", "sheet"))


@pytest.fixture(name="schema", scope="module")
def schema_fixture() -> DesiredSchema:
    return compile_schema(load_template(RICH))


RULES: list[tuple[Rule, str, str]] = [
    (ALWAYS, "全部数据", "all rows"),
    (NEVER, "没有数据", "no rows"),
    (Test(SELF, Operator.EQUALS, Me()), "「本人」是 当前用户", "“Self” is the current user"),
    (
        Test(STATE, Operator.ANY_OF, ("draft", "done")),
        "「状态」是 草稿、已完成 之一",
        "“Status” is one of Draft, Done",
    ),
    (Test(STATE, Operator.ANY_OF, ("draft",)), "「状态」是 草稿", "“Status” is Draft"),
    (Test(DUE, Operator.AT_MOST, Today(3)), "「截止」不晚于 今天之后第 3 天", "“Due” is today plus 3 days or earlier"),
    (Test(DUE, Operator.LESS, Today(-2)), "「截止」早于 今天之前第 2 天", "“Due” is before today minus 2 days"),
    (Test(DUE, Operator.EQUALS, Today()), "「截止」是 今天", "“Due” is today"),
    (Test(WEIGHT, Operator.GREATER, Decimal("1.50")), "「权重」大于 1.50", "“Weight” is above 1.50"),
    (Test(NOTE, Operator.EMPTY, True), "「说明」为空", "“Note” is empty"),
    (Test(NOTE, Operator.EMPTY, False), "「说明」不为空", "“Note” is not empty"),
    (Test(DONE, Operator.EQUALS, False), "「完成」是 关闭", "“Done” is off"),
    (Test(DUE, Operator.GREATER, FieldOf((DUE,))), "「截止」晚于 「截止」", "“Due” is after “Due”"),
    (Test(OWNER, Operator.NONE_OF, Me()), "「负责人」里没有 当前用户", "“Owner” does not hold the current user"),
]


@pytest.mark.parametrize(("rule", "zh", "en"), RULES)
def test_rule_is_said_in_both_languages(schema: DesiredSchema, rule: Rule, zh: str, en: str) -> None:
    assert Wording(schema=schema).rule(rule) == zh
    assert Wording(schema=schema, names="en", locale="en").rule(rule) == en


def test_rule_joins_parts_and_brackets_inner_ones(schema: DesiredSchema) -> None:
    one, two = Test(SELF, Operator.EQUALS, Me()), Test(NOTE, Operator.EMPTY, True)
    wording = Wording(schema=schema)
    assert wording.rule(Every((one, Some((two, one))))) == (
        "「本人」是 当前用户 并且 (「说明」为空 或者 「本人」是 当前用户)"
    )
    assert wording.rule_lines(Every((one, two))) == ("「本人」是 当前用户", "「说明」为空")
    assert wording.rule_lines(two) == ("「说明」为空",)
    assert wording.rule_lines(ALWAYS) == ()


def test_rule_about_other_rows_names_the_starting_row(schema: DesiredSchema) -> None:
    wording = replace(Wording(schema=schema), elsewhere=True)
    assert wording.rule(Test(SHEET, Operator.EQUALS, ThisRow())) == "「所属考核单」是 触发的数据"
    assert wording.rule(Test(DUE, Operator.EQUALS, FieldOf((DUE,)))) == "「截止」是 触发的数据的「截止」"


@pytest.mark.parametrize(
    ("field", "value", "zh"),
    [
        (NOTE, None, "清空"),
        (NOTE, "", "(空)"),
        (NOTE, "写明原因", "写明原因"),
        (NOTE, Reason(), "「操作说明」里填写的内容"),
        (OWNER, Me(), "当前用户"),
        (DUE, Today(7), "今天之后第 7 天"),
        (DUE, Now(), "此刻"),
        (SHEET, ThisRow(), "这条数据本身"),
        (SHEET, EachOf(()), "循环内容这条数据"),
        (STATE, "done", "已完成"),
        (NOTE, FieldOf((PERSON, field_address("person", "name"))), "「所属员工.姓名」"),
        (NOTE, EachOf((OWNER,)), "循环内容的「负责人」"),
        (NOTE, Phrase(Labels("找 {x}", "see {x}"), {"x": FieldOf((PERSON,))}), "找 {「所属员工」}"),
        (NOTE, ("a", "b"), "a、b"),
    ],
)
def test_expression_is_said(schema: DesiredSchema, field: Address, value: Expression, zh: str) -> None:
    wording = Wording(schema=schema)
    assert wording.expression(schema.field(field), value) == zh


def test_objects_are_called_by_their_names(schema: DesiredSchema) -> None:
    wording = Wording(schema=schema)
    assert wording.object_name(Address(ObjectKind.VIEW, ("sheet", "board"))) == "「团队进度」"
    assert wording.object_name(Address(ObjectKind.VIEW, ("sheet", "gone"))) == "「gone」"
    assert wording.role("manager") == "上级"
    assert wording.role("nobody") == "nobody"
