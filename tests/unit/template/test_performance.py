"""The app template that ships: it lints clean, says what the data model says, and speaks the words of scoring."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.schema import CHOICE_KINDS, DesiredSchema, FieldKind, Writer
from huoban_perf.scoring import words
from huoban_perf.scoring.scheme_document import parse_scheme
from huoban_perf.template import compile_schema, find_template, lint_template, load_template

FOLDER = find_template("performance")
INSTEVAL = FOLDER / "parameters-insteval.yaml"
PARAMETERS = [pytest.param(None, id="performance"), pytest.param(INSTEVAL, id="insteval")]


TABLES = {
    "组织": "部门 岗位 岗位标准 员工 任职记录 人事保密",
    "方案": "考核周期 考核方案 评价维度 等级规则 指标库",
    "目标": "战略目标 目标 目标变更 计划任务",
    "过程": "指标数据 过程记录",
    "评估": "绩效考核单 核算结果 考核指标 评价任务 评分明细 加减分 校准记录 外部评价",
    "反馈": "绩效面谈 改进计划 绩效申诉",
    "应用与优化": "结果应用 流程反馈 运行记录 消息 奖金包",
}
"""Source: data-model.md §2."""


@pytest.fixture(name="schema", scope="module")
def schema_fixture() -> DesiredSchema:
    return compile_schema(load_template("performance"))


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_lint_shipped_template_is_clean(parameters: Path | None) -> None:
    assert lint_template("performance", parameters=parameters) == []


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_compile_shipped_template_has_every_table_of_the_model(parameters: Path | None) -> None:
    schema = compile_schema(load_template("performance", parameters=parameters))
    groups: dict[str, set[str]] = {}
    for table in schema.tables:
        assert table.group is not None
        groups.setdefault(table.group.zh, set()).add(table.labels.zh)
    assert groups == {group: set(tables.split()) for group, tables in TABLES.items()}


@pytest.mark.parametrize("parameters", PARAMETERS)
def test_scheme_document_is_one_that_scoring_reads(parameters: Path | None) -> None:
    template = load_template("performance", parameters=parameters)
    scheme = parse_scheme(template.scheme)
    assert [grade.name for grade in scheme.grades] == [grade.zh for grade in template.parameters.model.grades]


def test_schema_every_table_written_by_key_has_a_unique_text_key(schema: DesiredSchema) -> None:
    for table in schema.tables:
        if table.key == "external_review":  # made only by its public form
            continue
        assert table.key_field is not None
        key = table.field(table.key_field)
        assert (key.kind, key.unique) == (FieldKind.TEXT, True), table.key


def test_schema_tables_come_after_those_they_relate_to(schema: DesiredSchema) -> None:
    """So a person who builds by hand never needs a table that does not exist yet."""
    built: set[str] = set()
    for table in schema.tables:
        built.add(table.key)
        assert {field.target.key for field in table.fields if field.target} <= built, table.key


def test_schema_every_choice_has_options_in_both_languages(schema: DesiredSchema) -> None:
    for field in schema.fields():
        assert bool(field.options) == (field.kind in CHOICE_KINDS), field.address
        assert all(option.labels.zh and option.labels.en for option in field.options)


def test_schema_results_are_read_only_to_people(schema: DesiredSchema) -> None:
    """核算结果 and 考核指标 are written by jobs alone. Source: data-model.md §1 rule 5, §2."""
    proposed = {"proposed_grade", "calibration_reason"}
    for table in ("score_result", "appraisal_item", "run_log", "message"):
        typed = [field for field in schema.table(table).fields if not field.generated]
        fields = [field for field in typed if field.address.key not in proposed]
        assert {field.writer for field in fields} == {Writer.JOB}, table


STATES = {
    "cycle": "草稿/已公示/目标制定/执行中/评价中/校准中/待公布/反馈申诉/已归档/已取消",
    "scheme": "草稿/启用/停用",
    "metric": "草稿/启用/停用",
    "goal": "草稿/待确认/已确认/变更中/已完成/已终止",
    "metric_actual": "待填/待核实/已核实/作废",
    "appraisal": "目标制定/目标待确认/执行中/评价中/核算中/待面谈/待确认/申诉中/已完成/不参评/已作废",
    "score_result": "暂不计分/待补评/已核算/已校准/已审定/已公布/已作废",
    "review_task": "提名待批/待接受/待评/已提交/已婉拒/已收回/已失效",
    "strategy": "生效/调整/终止",
    "goal_change": "待批/已批准/已驳回/已撤回",
    "plan_task": "未开始/进行/完成/取消",
    "points_entry": "待批/已批/驳回",
    "calibration": "待批/已批/驳回",
    "interview": "待约/已约/已谈待签/已签/拒签/已取消",
    "improvement": "草稿/待确认/执行中/待结案/达成/未达成/已终止",
    "appeal": "已提交/已受理/不予受理/复核中/待终审/维持原结果/调整结果/已撤回",
    "outcome": "草拟/待审批/已批准/已执行/已驳回/已撤销",
    "survey": "待看/采纳/不采纳/已落地",
}
"""Source: data-model.md §2."""


@pytest.mark.parametrize("table", sorted(STATES))
def test_schema_status_has_every_option_of_the_model(schema: DesiredSchema, table: str) -> None:
    options = schema.table(table).field("status").options
    assert "/".join(option.labels.zh for option in options) == STATES[table]


POLICY_WORDS = {
    ("metric", "method"): words.METHODS,
    ("metric", "veto_action"): words.VETO_ACTIONS,
    ("rater_group", "relation"): words.RELATIONS,
    ("review_task", "relation"): words.RELATIONS,
    ("review_score", "relation"): words.RELATIONS,
    ("position_standard", "relations"): words.RELATIONS,
    ("appeal", "relation"): words.RELATIONS,
}


@pytest.mark.parametrize("place", sorted(POLICY_WORDS), ids=".".join)
def test_schema_policy_words_have_the_keys_and_texts_of_scoring(schema: DesiredSchema, place: tuple[str, str]) -> None:
    """Source: data-model.md §1 rule 9."""
    options = schema.table(place[0]).field(place[1]).options
    assert {option.address.key: option.labels.zh for option in options} == dict(POLICY_WORDS[place])


SPOKEN = {
    ("metric", "direction"): words.DIRECTIONS,
    ("metric", "aggregation"): words.AGGREGATIONS,
    ("metric_actual", "status"): words.ACTUAL_STATUSES,
    ("goal", "status"): words.GOAL_STATUSES,
    ("review_task", "status"): words.FORM_STATUSES,
    ("appraisal", "subject_kind"): words.KINDS,
    ("appraisal_item", "target_scope"): words.TARGET_SCOPES,
}


@pytest.mark.parametrize("place", sorted(SPOKEN), ids=".".join)
def test_schema_coded_columns_speak_the_words_of_scoring(schema: DesiredSchema, place: tuple[str, str]) -> None:
    """Extraction hands options over by their Chinese text, so both must spell it alike."""
    texts = {option.labels.zh for option in schema.table(place[0]).field(place[1]).options}
    assert texts == set(SPOKEN[place].values())


def test_criteria_are_choice_fields_of_the_review_task(schema: DesiredSchema) -> None:
    template = load_template("performance")
    for relation in ("self", "superior", "peer", "customer"):
        assert 1 <= len(template.criteria(relation)) <= 6
    for criterion in template.parameters.model.criteria:
        field = schema.table("review_task").field(criterion.key)
        assert [option.points for option in field.options] == ["100", "88", "75", "65", "40", None]
        assert field.options[-1].labels.zh == "不了解, 无法评价"
        assert max(len(option.labels.zh) for option in field.options) <= 25


def test_insteval_twenty_points_a_step() -> None:
    template = load_template("performance", parameters=INSTEVAL)
    points = template.points("customer")["teaching"]
    assert list(points.values()) == [Decimal(mark * 20) for mark in (5, 4, 3, 2, 1)]
    assert template.scheme["name"] == "学生评教"
    assert template.points("self") == {}
