"""The two smaller members of the set at work: a quarter of OKRs, and a 360 review, on the embedded workspace."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.flow.deployed import Deployed

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("small")]

BOSS, LEAD, HR = "老板周正", "组长张强", "HR刘洋"
STAFF = ("王芳", "李雷", "韩梅", "赵敏")
PEOPLE = (BOSS, LEAD, *STAFF, HR)
CYCLE = "2026Q4"


def hire(app: Deployed) -> dict[str, str]:
    """Fill in the organisation; returns name → item of 员工."""
    home = app.put(None, "department", name="总部", code="D1", active=True, head=BOSS)
    position = app.put(None, "position", status="active", code="P1", name="顾问", family="sales", **scheme_of(app))
    found: dict[str, str] = {}
    for number, (name, boss) in enumerate(((BOSS, BOSS), (LEAD, BOSS), *((one, LEAD) for one in STAFF), (HR, BOSS)), 1):
        manager = {"manager": (found[boss],)} if boss in found else {}
        found[name] = app.put(
            None,
            "employee",
            employment_status="active",
            emp_no=f"E{number:03}",
            name=name,
            account=name,
            department=(home,),
            position=(position,),
            hire_date=date(2024, 1, 1),
            participation="excluded" if name == BOSS else "included",
            **manager,
        )
    return found


def scheme_of(app: Deployed) -> dict[str, Any]:
    """The scheme that the template's own document states, as rows; OKRs need none of its parts."""
    scheme = app.put(
        None,
        "scheme",
        natural_key="[360|1]",
        status="active",
        name="360",
        version="1",
        kpi_weight=0,
        review_weight=100,
        okr_weight=0,
    )
    tables = {table.key for table in app.schema.tables}
    if "rater_group" in tables:
        for relation, weight, threshold in (("self", 0, 1), ("superior", 60, 1), ("peer", 40, 3)):
            app.put(
                None,
                "rater_group",
                natural_key=f"[360|1|{relation}]",
                scheme=(scheme,),
                relation=relation,
                weight=weight,
                anonymity_minimum=threshold,
                required=relation == "superior",
            )
        for grade, bound in (("s", 95), ("a", 85), ("b", 70), ("c", 60), ("d", None)):
            bounded = {} if bound is None else {"lower_bound": bound}
            app.put(
                None,
                "grade_band",
                natural_key=f"[360|1|{grade}]",
                scheme=(scheme,),
                grade=grade,
                coefficient=1,
                **bounded,
            )
    return {"default_scheme": (scheme,)}


def act(app: Deployed, who: str, table: str, item: str, **values: Any) -> dict[str, Any]:
    app.change(who, table, item, **values)
    app.settle()
    return app.rows(table)[item]


@pytest.fixture(name="okr", scope="module")
def okr_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    app = Deployed("okr", tmp_path_factory.mktemp("okr"), people=PEOPLE, groups={HR: "hr", BOSS: "executive"})
    app.settle()
    yield app
    app.close()


def test_quarter_of_okrs_is_opened_checked_in_scored_and_closed(okr: Deployed) -> None:
    staff = hire(okr)
    dates = {"start_date": date(2026, 10, 1), "end_date": date(2026, 12, 31), "goal_due_on": date(2026, 10, 9)}
    cycle = okr.put(HR, "cycle", name=CYCLE, **dates)
    okr.settle()
    assert act(okr, HR, "cycle", cycle, hr_action="open_goals")["status"] == "goal_setting"
    common = {
        "level": "person",
        "cycle": (cycle,),
        "employee": (staff["王芳"],),
        "start_date": date(2026, 10, 1),
        "end_date": date(2026, 12, 31),
        "evidence": "季度目标",
    }
    objective = okr.put("王芳", "goal", name="华东客户续约", kind="objective", weight=100, **common)
    results = [
        okr.put(
            "王芳",
            "goal",
            name=name,
            kind="kr",
            parent=(objective,),
            weight=weight,
            baseline_value=base,
            target_value=target,
            **common,
        )
        for name, weight, base, target in (("续约率 (%)", 60, 70, 90), ("新增转介绍 (家)", 40, 0, 10))
    ]
    okr.settle()
    refused = act(okr, HR, "cycle", cycle, hr_action="lock_goals")
    assert "华东客户续约" in refused["action_result"]
    for item in (objective, *results):
        assert act(okr, "王芳", "goal", item, employee_action="hand_in")["status"] == "awaiting_confirmation"
        assert act(okr, LEAD, "goal", item, manager_action="confirm")["status"] == "confirmed"
    assert act(okr, HR, "cycle", cycle, hr_action="lock_goals")["status"] == "running"
    okr.on(date(2026, 11, 16))
    check_in(okr, staff, results[0], value=85, day=date(2026, 11, 16))
    okr.run("progress")
    rows = okr.rows("goal")
    assert (rows[results[0]]["progress"], rows[results[0]]["health"]) == (Decimal(75), "on_track")
    assert rows[results[1]]["progress"] is None
    act(okr, HR, "cycle", cycle, hr_action="start_scoring")
    assert "新增转介绍" in act(okr, HR, "cycle", cycle, hr_action="close")["action_result"]
    okr.on(date(2026, 12, 30))
    check_in(okr, staff, results[0], value=88, day=date(2026, 12, 30))
    check_in(okr, staff, results[1], value=4, day=date(2026, 12, 30))
    okr.run("progress")
    rows = okr.rows("goal")
    # (88 - 70) / (90 - 70) is 90 %, 4 of 10 is 40 %; 90 × 60 % + 40 × 40 % = 70
    assert [rows[item]["progress"] for item in (*results, objective)] == [Decimal(90), Decimal(40), Decimal(70)]
    assert rows[results[1]]["health"] == "behind"
    assert sum(report.changes for report in okr.run("progress")) == 0
    assert act(okr, HR, "cycle", cycle, hr_action="close")["status"] == "archived"
    assert {row["status"] for row in okr.rows("goal").values()} == {"completed"}


def check_in(app: Deployed, staff: dict[str, str], goal: str, *, value: int, day: date) -> None:
    app.put(
        "王芳",
        "log",
        kind="progress",
        employee=(staff["王芳"],),
        goal=(goal,),
        value=value,
        content="本周进展",
        date=day,
        author="王芳",
        visibility="subject",
    )
    app.settle()


def test_jobs_that_need_other_tables_have_nothing_to_do_in_the_okr_app(okr: Deployed) -> None:
    for job in ("open", "score", "calibrate", "interview", "improve", "appeal", "outcomes", "match-external"):
        assert okr.run(job) == [], job
    assert sum(report.changes for report in okr.run("access-sync")) == 0


@pytest.fixture(name="survey", scope="module")
def survey_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    app = Deployed("survey-360", tmp_path_factory.mktemp("survey"), people=PEOPLE, groups={HR: "hr", BOSS: "executive"})
    app.settle()
    yield app
    app.close()


def test_review_runs_to_its_release_though_stages_of_absent_tables_are_ticked(survey: Deployed) -> None:
    """目标, 校准, 面谈 and 申诉 are ticked, but the app has no tables for them: the cycle passes them over."""
    hire(survey)
    (scheme,) = survey.rows("scheme")
    cycle = survey.put(
        HR,
        "cycle",
        name=CYCLE,
        kind="quarter",
        schemes=(scheme,),
        enabled_stages=("goal", "self", "peer", "calibration", "interview", "appeal"),
        start_date=date(2026, 10, 1),
        end_date=date(2026, 12, 31),
        review_start_on=date(2026, 10, 12),
        self_due_on=date(2026, 10, 14),
        review_due_on=date(2026, 10, 19),
        release_on=date(2026, 10, 21),
        decider=BOSS,
    )
    survey.on(date(2026, 10, 8))
    announced = act(survey, HR, "cycle", cycle, hr_action="announce")
    assert announced["status"] == "announced", announced["action_result"]
    for day in (12, 13, 14):
        survey.on(date(2026, 10, day))
        survey.run("open")
    assert survey.rows("cycle")[cycle]["status"] == "reviewing"
    submit(survey, {"self"})
    survey.run("open")
    for item, row in survey.rows("review_task").items():
        if row["status"] == "awaiting_acceptance":
            survey.change(name_of(survey, row["rater"]), "review_task", item, rater_action="accept")
    survey.settle()
    submit(survey, {"superior", "peer"})
    survey.run("score")
    assert {row["raw_score"] for row in survey.rows("score_result").values()} == {Decimal(75)}
    survey.on(date(2026, 10, 20))
    ended = act(survey, HR, "cycle", cycle, hr_action="end_reviews")
    assert ended["status"] == "awaiting_release", ended["action_result"]
    survey.on(date(2026, 10, 21))
    released = act(survey, BOSS, "cycle", cycle, decider_action="release")
    assert released["status"] == "feedback", released["action_result"]
    states = {row["status"] for row in survey.rows("appraisal").values()}
    assert states <= {"completed", "not_appraised"}
    assert act(survey, HR, "cycle", cycle, hr_action="archive")["status"] == "archived"


def name_of(app: Deployed, member: tuple[str, ...]) -> str:
    return next(name for name, one in app.people.items() if one == member[0])


def submit(app: Deployed, relations: set[str]) -> None:
    for item, row in app.rows("review_task").items():
        if row["relation"] in relations and row["status"] == "to_review":
            answers = dict.fromkeys(("expertise", "cooperation", "ownership"), "g3")
            app.change(name_of(app, row["rater"]), "review_task", item, **answers, rater_action="submit")
    app.settle()
