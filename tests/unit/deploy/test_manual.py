"""The manual sheet: complete, in build order, in the words of the platform's page."""

from __future__ import annotations

from dataclasses import replace

from huoban_perf.core.addresses import field_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind
from huoban_perf.deploy import Consent, manual_sheet, sheet_parts, value_text
from huoban_perf.deploy.words import ATTRIBUTE_NAMES, KIND_NAMES
from tests.unit.deploy.bench import Bench, build_by_hand
from tests.unit.deploy.wishes import company, make_field, make_option, make_schema, make_table

SHEET = """\
手工搭建清单

3 张新表, 14 个新字段, 0 处其他改动. 从上往下做; 名称照抄, 一字不差. \
做完 (或做完一部分) 后再运行 huoban-perf plan: 程序会逐项核对并绑定.

1. 建表和普通字段

  新建表「部门」 · 放在分组「组织」
    [ ] 部门名称  单行文本  设为数据标题 · 必填
    [ ] 部门编码  单行文本  必填 · 不可重复

  新建表「员工」
    [ ] 姓名      单行文本    设为数据标题 · 必填
    [ ] 账号      成员(单选)  填写提示: 工作区账号
    [ ] 在职状态  选项(单选)  必填 · 选项依次为 在职、离职

  新建表「目标」
    [ ] 目标名称  多行文本  设为数据标题
    [ ] 权重      数值      小数 2 位
    [ ] 编号      自增编号
    [ ] 批次      单行文本  由程序填写, 对所有人只读

2. 关联字段 (所有表都建好之后)

  表「部门」
    [ ] 负责人  关联数据  关联到「员工」 · 只关联一条

  表「员工」
    [ ] 所属部门  关联数据  关联到「部门」 · 只关联一条

  表「目标」
    [ ] 负责人  关联数据  关联到「员工」 · 可关联多条

3. 计算和附加字段 (关联字段都建好之后)

  表「员工」
    [ ] 部门编码  附加字段(由关联带出)

  表「目标」
    [ ] 得分  计算
"""


def test_sheet_of_a_new_app_lists_everything_in_build_order(v1_bench: Bench) -> None:
    desired = company()
    assert manual_sheet(v1_bench.plan(desired).manual_steps, desired=desired) == SHEET


def test_english_sheet_keeps_the_words_on_the_screen(v1_bench: Bench) -> None:
    desired = company()
    sheet = manual_sheet(v1_bench.plan(desired).manual_steps, desired=desired, locale="en", form="markdown")
    assert "- [ ] **在职状态** · single choice (选项(单选)) · required · options in order: 在职, 离职" in sheet
    assert "### New table “部门” · in group “组织”" in sheet
    assert sheet.startswith("# What to build by hand\n")


def test_sheet_in_the_other_deployed_language_names_targets_so(v1_bench: Bench) -> None:
    desired = company()
    plan = v1_bench.plan(desired, locale="en")
    assert "关联到「employee」" in manual_sheet(plan.manual_steps, desired=desired, names="en")


def test_nothing_to_do_is_one_sentence() -> None:
    assert manual_sheet([], desired=company()) == "没有要手工做的事.\n"


def test_changes_new_options_and_deletions_have_parts_of_their_own(v1_bench: Bench) -> None:
    desired = company()
    build_by_hand(v1_bench.platform, desired)
    v1_bench.deploy(desired)
    employee = desired.tables[1]
    status = employee.field("status")
    more = (*status.options, make_option("employee", "status", "leave", "停薪留职"))
    fields = tuple(
        replace(field, options=more, required=False) if field.address == status.address else field
        for field in employee.fields
        if field.address.key != "account"
    )
    wanted = make_schema(desired.tables[0], replace(employee, fields=fields), desired.tables[2])
    account = field_address("employee", "account")
    plan = v1_bench.plan(wanted, consent=Consent(by_template={account}, delete={account}))
    sheet = manual_sheet(plan.manual_steps, desired=wanted)
    assert "0 张新表, 0 个新字段, 3 处其他改动" in sheet
    assert "    [ ] 停薪留职  在字段「在职状态」里新增" in sheet
    assert "    [ ] 在职状态  必填: 是 → 否" in sheet
    assert "    [ ] 账号  连同其中的数据一起删除" in sheet


def test_sheet_as_data_carries_addresses(v1_bench: Bench) -> None:
    desired = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称")))
    (part,) = sheet_parts(v1_bench.plan(desired).manual_steps, desired=desired)
    assert part.blocks[0].rows[0].address == field_address("goal", "name")


def test_every_kind_has_both_names() -> None:
    assert set(KIND_NAMES) == set(FieldKind)
    assert all(labels.zh and labels.en for labels in (*KIND_NAMES.values(), *ATTRIBUTE_NAMES.values()))
    assert KIND_NAMES[FieldKind.TEXT] == Labels("单行文本", "single-line text")


def test_values_read_as_people_say_them() -> None:
    assert value_text("help", None, "zh") == "(空)"
    assert value_text("required", True, "en") == "yes"
    assert value_text("kind", "text_rich", "zh") == "富文本"
    assert value_text("color", "green", "zh") == "绿"
    assert value_text("color", "h", "zh") == "h"
    assert value_text("color", "green", "en") == "green"
    assert value_text("options", ("甲", "乙"), "en") == "甲, 乙"
    assert value_text("decimals", 2, "zh") == "2"
