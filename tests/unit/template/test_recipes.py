"""Recipes: one for each automation and each transition worth a button; the editor's names; one end."""

from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.template import compile_schema, load_template
from huoban_perf.template.recipe_text import recipe_text
from huoban_perf.template.recipes import Recipe, recipes_of

RICH = Path(__file__).parents[2] / "cases" / "template" / "rich"
ATTESTED = {
    "获取多条数据", "后台创建数据", "打开数据创建页面", "数组循环", "条件分支", "执行调用触发", "提前退出", "结束"
}  # fmt: skip
"""Source: automation-plane.md §5."""


@pytest.fixture(name="schema", scope="module")
def schema_fixture() -> DesiredSchema:
    return compile_schema(load_template(RICH))


@pytest.fixture(name="recipes", scope="module")
def recipes_fixture(schema: DesiredSchema) -> dict[str, Recipe]:
    return {recipe.source: recipe for recipe in recipes_of(schema)}


def test_every_automation_and_button_has_a_recipe(schema: DesiredSchema, recipes: dict[str, Recipe]) -> None:
    assert list(recipes) == ["transition:sheet.submit", *(str(one.address) for one in schema.automations)]


def test_node_names_are_attested_or_marked(recipes: dict[str, Recipe]) -> None:
    for recipe in recipes.values():
        for node in recipe.nodes:
            assert node.name in ATTESTED | {"由程序运行任务"} if node.exact else node.name not in ATTESTED
        assert [node.number for node in recipe.nodes] == list(range(1, len(recipe.nodes) + 1))
        assert [node.name for node in recipe.nodes].count("结束") == 1
        assert recipe.nodes[-1].name == "结束"


def test_button_fills_in_the_action_where_it_is_possible(recipes: dict[str, Recipe]) -> None:
    submit = recipes["transition:sheet.submit"]
    assert (submit.kind, submit.table, submit.trigger) == ("快捷按钮", "「考核单」", ("显示给: 「本人」",))
    assert submit.conditions == ("「状态」是 草稿",)
    assert submit.nodes[0].settings == ("「员工操作」 = 提交",)


def test_timer_states_period_and_days(recipes: dict[str, Recipe]) -> None:
    soon = recipes["automation:sheet.due_soon"]
    assert soon.kind == "定时触发"
    assert soon.trigger == ("每个工作日 09:00", "「截止」 与今天相差: 提前 3 天、当天")
    assert soon.conditions == ("「状态」是 草稿、待确认、待面谈、申诉中 之一",)


def test_row_trigger_asks_for_all_groups_so_that_programs_start_it_too(recipes: dict[str, Recipe]) -> None:
    assert recipes["automation:sheet.overspent"].trigger == (
        "数据创建、数据修改", "触发字段: 「已用」、「预算」", "权限组: 全部权限组 (程序和导入写的数据也触发)"
    )  # fmt: skip
    assert recipes["automation:sheet.overspent"].failure == "提醒没有发出"
    assert "两边都开会重复" in recipes["automation:sheet.overspent"].notes[-1]
    assert recipes["automation:sheet.prefill"].notes == ()


def test_job_is_the_programs(recipes: dict[str, Recipe]) -> None:
    nightly = recipes["automation:sheet.nightly"]
    assert not nightly.platform
    assert "须由程序" in nightly.notes[-1]
    assert nightly.nodes[0].effect == "huoban-perf job run access-sync"
    assert recipes["automation:sheet.mend"].platform


def test_loop_finds_then_loops_and_what_is_inside_is_marked(recipes: dict[str, Recipe]) -> None:
    nodes = recipes["automation:task.all_told"].nodes
    assert [(node.name, node.inside) for node in nodes] == [
        ("获取多条数据", False),
        ("数组循环", False),
        ("给成员发消息", True),
        ("执行调用触发", False),
        ("获取多条数据", False),
        ("数组循环", False),
        ("后台创建数据", True),
        ("结束", False),
    ]
    assert nodes[0].settings == ("「所属考核单」是 触发的数据的「所属考核单」",)


def test_text_has_boxes_conditions_and_the_doubt_about_names(recipes: dict[str, Recipe]) -> None:
    text = recipe_text(recipes["automation:sheet.mend"])
    assert text.splitlines() == [
        "发起纠偏",
        "  类型: 快捷按钮",
        "  所在表: 「考核单」",
        "  触发:",
        "    · 显示给: 上级",
        "    · 显示在: 详情页、列表",
        "  节点 (按顺序):",
        "    [ ] 1. 条件分支: 满足时进入此分支",
        "            「状态」是 已完成",
        "        [ ] 2. 提前退出: 弹窗提示并退出",
        "                已完成的不能纠偏",
        "    [ ] 3. 打开数据创建页面: 打开表「任务」的新建页面并预填",
        "            「所属考核单」 = 这条数据本身",
        "            「截止」 = 今天之后第 7 天",
        "    [ ] 4. 结束: 整个自动化只有一个",
    ]
    assert "更新数据 (节点名称以编辑器为准)" in recipe_text(recipes["automation:sheet.close_tasks"])


def test_markdown_is_a_task_list(recipes: dict[str, Recipe]) -> None:
    lines = recipe_text(recipes["transition:sheet.submit"], form="markdown").splitlines()
    assert lines[0] == "### 提交"
    assert "    - [ ] 2. 结束: 整个自动化只有一个" in lines


def test_english_reader_gets_english_words_around_the_names(schema: DesiredSchema) -> None:
    recipe = next(
        one for one in recipes_of(schema, names="en", locale="en") if one.source == "automation:sheet.prefill"
    )
    text = recipe_text(recipe, locale="en")
    assert "fill-time rule (自动填写)" in text
    assert "acts on: create page, edit page" in text
    assert "the editor's name may differ" in text


def test_every_automation_of_the_shipped_template_has_a_recipe() -> None:
    schema = compile_schema(load_template("performance"))
    recipes = recipes_of(schema)
    assert {recipe.source for recipe in recipes} >= {str(one.address) for one in schema.automations}
    assert all(recipe_text(recipe) for recipe in recipes)
