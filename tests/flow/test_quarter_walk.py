"""A quarter walked in each role: for every line of the acceptance story, what the person needs, with rights that stand.

Each line names the view, form or action by which the app serves it and is tried in the deployed app with a key of the
person: the row is there and in the view, every field of the view is visible, what is to be filled in can be written,
and what must not be touched cannot. A line without a server fails. Source: workflows.md §7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from tests.flow.quarter_office import (
    ADMIN,
    CHIEF,
    FORMER,
    HANDLER,
    HEAD,
    HR,
    LEAD,
    NEW,
    OWNER,
    PAYROLL,
    PEER,
    ROLES,
    STAFF,
    Office,
)

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("walk")]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that a person must find and do.

    Attributes:
        says: When, and what must be possible.
        who: The person.
        view: The view in which it is done, ``table.view``.
        row: Name of the row that must be in it; empty: only the view is asked for.
        given: Fields of the row set beforehand by the program.
        fills: Fields that the person can write.
        never: Fields that the person cannot write there.
        absent: Names of rows of the view's table that the person must not find at all.
        form: Form that the person opens for it, or empty.
    """

    says: str
    who: str
    view: str
    row: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    fills: Mapping[str, Any] = field(default_factory=dict)
    never: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    form: str = ""


MINE, THEIRS = f"sheet {STAFF}", f"sheet {PEER}"
FINDING = {
    "procedure_checks": ("data_verified",),
    "remedy": "set_score",
    "remedy_value": "88",
    "conclusion": "补记属实",
    "handler_action": "conclude",
}
MINUTES = {"strengths": "稳", "weaknesses": "慢", "agreements": "每周报表", "strategy_alignment": "aligned"}
ANSWERS = {"expertise": "g3", "cooperation": "g4", "ownership": "g3"}
LINES = (
    Line(
        says="3/23 HR: everyone without position or superior is listed",
        who=HR,
        view="employee.before_announcement",
        row=NEW,
        fills={"participation": "included"},
    ),
    Line(says="3/23 HR: the weights of standards", who=HR, view="position_standard.standards"),
    Line(says="3/25 员工: reads rules and timetable on 公示栏", who=STAFF, view="cycle.notice_board", row="cycle"),
    Line(says="3/25 员工: the rules of the scheme", who=STAFF, view="scheme.rules", row="scheme"),
    Line(says="3/25 员工: marks 已阅", who=STAFF, view="appraisal.to_read", row=MINE, never={"rules_read_on": "x"}),
    Line(
        says="3/26 员工: opens 我的绩效合约 and submits the set",
        who=STAFF,
        view="appraisal.my_contract",
        row=MINE,
        fills={"employee_action": "submit_goals"},
        never={"released_score": 99},
        absent=(THEIRS,),
    ),
    Line(
        says="3/26 员工: writes goals in one form",
        who=STAFF,
        view="goal.my_goals",
        row=f"goal {STAFF}",
        fills={"target_value": 110, "weight": 100},
        never={"current_value": 5, "health": "on_track"},
        absent=(f"goal {PEER}",),
        form="goal.set",
    ),
    Line(
        says="3/30 上级: confirms or returns each set with a reason",
        who=LEAD,
        view="appraisal.to_confirm",
        row=MINE,
        given={"status": "goals_awaiting_confirmation"},
        fills={"manager_action": "return_goals", "action_reason": "写明来源"},
    ),
    Line(says="4/7 HR: who is missing, by superior", who=HR, view="appraisal.goals_missing", row=MINE),
    Line(
        says="4/8 员工: the second 公示", who=STAFF, view="cycle.notice_board", row="cycle", given={"status": "running"}
    ),
    Line(
        says="monthly 数据负责人: fills rows that exist, never picks metric, person or period",
        who=OWNER,
        view="metric_actual.to_fill",
        row="figure",
        fills={"actual_value": 80},
        never={"metric": ("x",), "employee": ("x",), "period_start": date(2026, 1, 1)},
    ),
    Line(
        says="monthly 数据负责人: one form",
        who=OWNER,
        view="metric_actual.to_fill",
        row="figure",
        form="metric_actual.fill",
    ),
    Line(
        says="mid-May 上级: a goal turns 滞后, one form opens 纠偏",
        who=LEAD,
        view="goal.alerts",
        row=f"goal {STAFF}",
        given={"status": "confirmed"},
        form="log.correct",
    ),
    Line(
        says="mid-May 员工: reads 我收到的反馈, not what only superiors may see",
        who=STAFF,
        view="log.feedback",
        row="log recognition",
        absent=("log correction",),
    ),
    Line(
        says="May 高管: sees whom a strategy touches before changing it",
        who=CHIEF,
        view="strategy.goals",
        row="strategy",
        fills={"adjustment_reason": "市场变化", "decider_action": "adjust"},
    ),
    Line(says="May 高管: the goals that serve it", who=CHIEF, view="goal.cascade"),
    Line(
        says="May 高管: goals to re-hang after",
        who=CHIEF,
        view="goal.to_realign",
        row=f"goal {HEAD}",
        given={"realignment_needed": True, "level": "department", "status": "confirmed"},
    ),
    Line(says="May 员工 transferred: the new superior sees the sheet", who=LEAD, view="appraisal.team", row=MINE),
    Line(says="May 员工 transferred: the old one no longer", who=FORMER, view="appraisal.team", absent=(MINE,)),
    Line(
        says="May 员工: own assignments, segment by segment",
        who=STAFF,
        view="assignment.my_assignments",
        row="transfer",
    ),
    Line(
        says="6/28 员工: names peers",
        who=STAFF,
        view="appraisal.my_contract",
        row=MINE,
        given={"status": "running"},
        fills={"peer_raters": (PEER,)},
    ),
    Line(
        says="6/28 上级: approves them with load and conflict shown",
        who=LEAD,
        view="review_task.nominations",
        row="task subordinate",
        fills={"manager_action": "approve_nomination"},
    ),
    Line(
        says="7/1 员工: 主要成果 and 下阶段目标",
        who=STAFF,
        view="review_task.to_review",
        row="task self",
        fills={"results": "回款 110 万", "next_goals": "华南 20 家", **ANSWERS, "rater_action": "submit"},
        absent=("task superior", "task peer"),
        form="review_task.self",
    ),
    Line(
        says="7/3 同事: six taps and one text",
        who=PEER,
        view="review_task.to_review",
        row="task peer",
        fills={**ANSWERS, "extreme_evidence": "按时交付", "rater_action": "submit"},
        never={"review_score": 100, "relation": "superior"},
        form="review_task.peer",
    ),
    Line(
        says="7/4 上级: one task",
        who=LEAD,
        view="review_task.to_review",
        row="task superior",
        fills={**ANSWERS, "rater_action": "submit"},
        form="review_task.superior",
    ),
    Line(
        says="7/4 上级: with the self-review beside it",
        who=LEAD,
        view="review_task.self_reviews",
        row="task self",
        given={"status": "submitted"},
    ),
    Line(says="7/4 上级: with the records", who=LEAD, view="log.team", row="log correction"),
    Line(says="7/4 上级: with the indicators", who=LEAD, view="appraisal_item.team", row="item"),
    Line(
        says="7/8 HR: replaces a rater who left",
        who=HR,
        view="review_task.overdue",
        row="task peer",
        fills={"delegate": FORMER, "hr_action": "hand_over"},
    ),
    Line(says="7/8 HR: who holds the cycle up", who=HR, view="review_task.board", row="task superior"),
    Line(
        says="7/9 HR: each 暂不计分 with what is missing",
        who=HR,
        view="score_result.held",
        row=f"result {PEER}",
        absent=(f"result {HR}",),
    ),
    Line(
        says="7/10 校准委员: moves 拟校准等级 with a reason, never sees the own row",
        who=HEAD,
        view="score_result.board",
        row=f"result {STAFF}",
        fills={"proposed_grade": "b", "calibration_reason": "带新人"},
        never={"initial_grade": "b", "raw_score": 90},
        absent=(f"result {HEAD}",),
    ),
    Line(
        says="7/14 审定人: signs from one list",
        who=CHIEF,
        view="score_result.to_approve",
        row=f"result {LEAD}",
        fills={"decider_action": "approve"},
    ),
    Line(says="7/14 审定人: boundary", who=CHIEF, view="score_result.boundary"),
    Line(says="7/14 审定人: overrides", who=CHIEF, view="score_result.overrides"),
    Line(
        says="7/14 审定人: releases",
        who=CHIEF,
        view="cycle.to_release",
        row="cycle",
        given={"status": "awaiting_release"},
        fills={"decider_action": "release"},
    ),
    Line(
        says="7/15 员工: reads the result line by line",
        who=STAFF,
        view="appraisal.my_results",
        row=MINE,
        given={
            "status": "awaiting_confirmation",
            "released_on": "2026-09-10 09:00:00",
            "released_grade": "a",
            "released_receipt": "结果 86.50 · 等级 A",
        },
        fills={"employee_comment": "无", "employee_action": "confirm"},
        never={"released_grade": "s"},
        absent=(THEIRS,),
    ),
    Line(
        says="7/15 员工: until when one can appeal",
        who=STAFF,
        view="cycle.notice_board",
        row="cycle",
        form="appeal.file",
    ),
    Line(
        says="7/18 上级: the outline is ready, plans the talk",
        who=LEAD,
        view="interview.to_schedule",
        row="interview",
        fills={"scheduled_at": "2026-09-20 10:00:00", "manager_action": "schedule"},
    ),
    Line(
        says="7/18 上级: on a calendar",
        who=LEAD,
        view="interview.calendar",
        row="interview",
        given={"status": "scheduled", "scheduled_at": "2026-09-20 10:00:00"},
    ),
    Line(
        says="7/18 上级: writes the minutes",
        who=LEAD,
        view="interview.to_finish",
        row="interview",
        given={"status": "scheduled"},
        fills={**MINUTES, "manager_action": "hand_in"},
        form="interview.minutes",
    ),
    Line(
        says="7/22 HR: handles a refused signature",
        who=HR,
        view="interview.to_sign",
        row="interview",
        given={"status": "awaiting_signature"},
        fills={"witness": FORMER, "refusal_reason": "不同意结果", "hr_action": "refuse", "action_reason": "三天未签"},
    ),
    Line(
        says="7/23 申诉处理人: the case, the clock, the procedure list",
        who=HANDLER,
        view="appeal.to_review",
        row="appeal",
        fills=FINDING,
        form="appeal.examine",
    ),
    Line(says="7/23 上级: never learns of the appeal", who=LEAD, view="appeal.mine", absent=("appeal",)),
    Line(
        says="7/28 薪酬HR: bonus totals the pool",
        who=PAYROLL,
        view="outcome.bonus",
        row="bonus",
        fills={"payroll_action": "submit"},
    ),
    Line(says="7/28 薪酬HR: the pools", who=PAYROLL, view="bonus_pool.pools", row="pool"),
    Line(says="7/28 HR: sees no amount", who=HR, view="outcome.development", absent=("bonus",)),
    Line(
        says="7/31 HR: suggestions get an answer",
        who=HR,
        view="survey.box",
        row="idea",
        fills={"status": "adopted", "reply": "下半年起半年一定"},
    ),
    Line(
        says="7/31 all: adopted ones are shown",
        who=STAFF,
        view="survey.adopted",
        row="idea",
        given={"status": "adopted"},
    ),
    Line(says="daily 管理员: a failed job is on the list", who=ADMIN, view="run_log.failures", row="run"),
)


@pytest.fixture(scope="module", name="office")
def office_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    found = Office(tmp_path_factory.mktemp("walk"))
    yield found
    found.close()


@pytest.mark.parametrize("line", LINES, ids=[line.says for line in LINES])
def test_line_of_the_story_is_served(line: Line, office: Office) -> None:
    table, key = line.view.split(".")
    view = next((one for one in office.schema.views if one.address.keys == (table, key)), None)
    assert view is not None, f"no view {line.view}"
    if line.row or not line.absent:
        assert set(ROLES[line.who]) & set(view.roles), f"{line.view} is not one of the views of {line.who}"
        assert office.hidden_fields(line.who, line.view) == set()
    if line.given:
        office.change(None, table, office.items[line.row], **line.given)
    if line.row:
        assert office.items[line.row] in office.shown(line.who, line.view)
    for name in line.absent:
        assert office.items[name] not in office.visible(line.who, table), name
    for name, value in line.never.items():
        assert office.try_change(line.who, table, office.items[line.row], **{name: value})["code"] != 0, name
    if line.fills:
        answer = office.try_change(line.who, table, office.items[line.row], **line.fills)
        assert answer["code"] == 0, answer
    if line.form:
        _form_is_fit(office, line)


def _form_is_fit(office: Office, line: Line) -> None:
    """A form is offered to the person, and every question that is not read-only can be written by him."""
    table, key = line.form.split(".")
    form = next((one for one in office.schema.forms if one.address.keys == (table, key)), None)
    assert form is not None, f"no form {line.form}"
    assert set(ROLES[line.who]) & set(form.roles), f"{line.form} is not offered to {line.who}"
    groups = {role.address.key: role.group for role in office.schema.roles}
    group = groups[next(role for role in ROLES[line.who] if role in form.roles)]
    permission = next(one for one in office.schema.permissions if one.address.keys == (table, group))
    asked = {str(one.field) for one in form.fields if not one.read_only}
    assert asked <= {str(one) for one in permission.editable}, asked - {str(one) for one in permission.editable}


def test_goal_made_in_the_form_belongs_to_its_maker_at_once(office: Office) -> None:
    """3/26: nobody types who he is; the goal is on his own contract, and he sees it."""
    office.change(None, "appraisal", office.items[MINE], status="goal_setting")
    made = office.put(
        STAFF, "goal", name="新签客户", kind="qualitative", level="person", cycle=(office.items["cycle"],)
    )
    office.settle()
    row = office.rows("goal")[made]
    assert row["employee"] == (office.items[STAFF],)
    assert row["appraisal"] == (office.items[MINE],)
    assert row["owner"] == row["p_self"] == (office.people[STAFF],)
    assert row["status"] == "draft"
    assert made in office.shown(STAFF, "goal.my_goals")


def test_customer_answers_without_an_account_and_sees_no_name(office: Office) -> None:
    """7/6: a public form that asks for its code and nothing that lists people."""
    form = next(one for one in office.schema.forms if one.address.keys[0] == "external_review")
    assert form.public
    asked = [office.schema.field(one.field) for one in form.fields]
    assert asked[0].address.key == "invite_code"
    assert all(one.target is None and str(one.kind) not in {"member", "members"} for one in asked)


def test_check_before_the_announcement_lists_every_fault_at_once(office: Office) -> None:
    """3/23: `job run open` in 草稿 refuses with all of them, and writes nothing."""
    from huoban_perf.core.errors import CycleError

    draft = office.put(None, "cycle", name="2027Q1", status="draft", kind="quarter", schemes=(office.items["scheme"],))
    with pytest.raises(CycleError) as caught:
        office.run("open", cycle="2027Q1")
    codes = {problem.code for problem in caught.value.problems}
    assert {"cycle.date_missing", "cycle.no_decider", "cycle.person_lacks", "cycle.person_lacks_superior"} <= codes
    assert office.rows("cycle")[draft]["status"] == "draft"
