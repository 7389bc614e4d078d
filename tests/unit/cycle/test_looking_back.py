from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal

import pytest

from huoban_perf.core.errors import CycleError
from huoban_perf.core.values import Value
from huoban_perf.cycle.access_sync import access_sync
from huoban_perf.cycle.context import JobContext, Process
from huoban_perf.cycle.process_review import review_process
from huoban_perf.cycle.retention import months_after, retention
from huoban_perf.cycle.status import cycle_status
from huoban_perf.cycle.strategy import strategy_check
from huoban_perf.sync.book import Book
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes, reviewing_on
from tests.unit.sync.test_runs import manifest


@pytest.fixture
def reviewing(company: Firm) -> Firm:
    return reviewing_on(company)


def test_permission_columns_follow_reporting_lines_and_heads(reviewing: Firm) -> None:
    reviewing.run("access-sync", access_sync)
    sheet = reviewing.rows("appraisal")[f"[{CYCLE}|E010]"]
    assert (sheet["p_self"], sheet["p_mgr"], sheet["p_heads"]) == (("uE010",), ("uE004",), ("uE004", "uE001"))
    task = reviewing.rows("review_task")[f"[{CYCLE}|E010|self|E010]"]
    assert (task["p_subject"], task["p_mgr"]) == (("uE010",), ("uE004",))
    assert reviewing.run("access-sync", access_sync).changes == 0


def test_row_nobody_can_see_is_told(reviewing: Firm) -> None:
    reviewing.set("employee", "E010", account=None)
    report = reviewing.run("access-sync", access_sync)
    assert "cycle.unlinked_row" in codes(report.notes)
    assert [n.event for n in reviewing.told.notices.values() if n.event == "unlinked_person"] == ["unlinked_person"]


def test_status_names_who_holds_the_cycle_up(reviewing: Firm) -> None:
    reviewing.on(date(2027, 1, 14))
    found = cycle_status(JobContext(book=Book(reviewing.app), cycle_name=CYCLE))
    assert (found.status, found.leaves_on, found.days_late) == ("reviewing", date(2027, 1, 12), 2)
    assert found.tasks["self"] == (0, 59)
    assert codes(found.blocks)[0] == "cycle.reviews_overdue"
    assert found.blocks[0].facts["name"] in {row["name"] for row in reviewing.rows("employee").values()}


def test_status_foresees_what_will_block_a_later_stage(reviewing: Firm) -> None:
    reviewing.set("cycle", CYCLE, decider=None)
    found = cycle_status(JobContext(book=Book(reviewing.on(date(2027, 1, 5)).app), cycle_name=CYCLE))
    assert [stage.stage for stage in found.stages] == ["reviewing", "calibrating", "awaiting_release", "feedback"]
    ahead = {stage.stage: codes(stage.blocks) for stage in found.stages[1:]}
    assert ahead == {"calibrating": [], "awaiting_release": ["cycle.decider_missing"], "feedback": []}
    assert found.blocks == tuple(problem for stage in found.stages for problem in stage.blocks)


def test_status_tells_figures_that_are_late_and_people_who_cannot_act(company: Firm) -> None:
    for month, owner in ((10, ("uE004",)), (11, ())):
        company.put(
            "metric_actual",
            f"[M07|E010|2026-{month}-01]",
            {
                "status": "to_fill",
                "employee": Refs("employee", ("E010",)),
                "period_start": date(2026, month, 1),
                "fill_due_on": date(2026, month + 1, 3),
                "data_owner": owner,
            },
        )
    company.set("employee", "E011", account=None)
    company.set("cycle", CYCLE, status="announced")
    found = cycle_status(JobContext(book=Book(company.on(date(2026, 9, 25)).app), cycle_name=CYCLE))
    assert [(problem.code, str(problem.address)[:4]) for problem in found.blocks] == [("cycle.cannot_act", "E011")]
    company.set("cycle", CYCLE, status="running")
    found = cycle_status(JobContext(book=Book(company.on(date(2026, 12, 20)).app), cycle_name=CYCLE))
    assert codes(found.blocks) == ["cycle.figures_missing", "cycle.figures_ownerless"]


def test_status_of_a_draft_lists_what_keeps_it_from_being_announced(company: Firm) -> None:
    company.set("cycle", CYCLE, decider=None)
    found = cycle_status(JobContext(book=Book(company.on(date(2026, 9, 20)).app), cycle_name=CYCLE))
    assert codes(found.blocks) == ["cycle.no_decider"]


def strategy(company: Firm, slug: str, **values: object) -> None:
    base = {"name": slug, "year": "2026", "status": "active", "weight": Decimal(50)}
    company.put("strategy", f"[2026|{slug}]", {**base, **values})  # type: ignore[arg-type]


def goal(company: Firm, slug: str, department: str, above: str | None) -> None:
    company.put(
        "goal",
        f"[{CYCLE}|D:{department}|{slug}]",
        {
            "name": slug,
            "level": "department",
            "status": "confirmed",
            "kind": "qualitative",
            "department": Refs("department", (department,)),
            "strategy": Refs("strategy", (f"[2026|{above}]",)) if above else None,
        },
    )


def test_strategy_shows_coverage_orphans_and_loose_goals(company: Firm) -> None:
    strategy(company, "增长")
    strategy(company, "出海")
    strategy(company, "旧目标", status="adjusted")
    goal(company, "a", "D10", "增长")
    goal(company, "b", "D20", None)
    goal(company, "c", "D30", "旧目标")
    report = company.run("strategy-check", strategy_check)
    assert company.rows("strategy")["[2026|增长]"]["coverage"] == Decimal("0.1111")
    assert company.rows("goal")[f"[{CYCLE}|D:D30|c]"]["realignment_needed"] is True
    assert codes(report.notes) == ["cycle.strategy_untaken", "cycle.goal_loose", "cycle.goal_orphan"]
    assert company.run("strategy-check", strategy_check).changes == 0
    company.set("goal", f"[{CYCLE}|D:D10|a]", status="completed")
    company.run("strategy-check", strategy_check)  # a goal reached took the strategy up, too
    assert company.rows("strategy")["[2026|增长]"]["coverage"] == Decimal("0.1111")


def test_change_of_a_strategy_goal_shows_whom_it_touches_before_it_is_made(company: Firm) -> None:
    strategy(company, "增长")
    strategy(company, "出海")
    goal(company, "a", "D10", "增长")
    own: dict[str, Value | Refs] = {
        "name": "新客户",
        "level": "person",
        "status": "confirmed",
        "employee": Refs("employee", ("E010",)),
        "parent": Refs("goal", (f"[{CYCLE}|D:D10|a]",)),
    }
    company.put("goal", f"[{CYCLE}|E010|x]", own)
    task: dict[str, Value | Refs] = {
        "name": "拜访",
        "status": "in_progress",
        "goal": Refs("goal", (f"[{CYCLE}|E010|x]",)),
        "person_days": Decimal(12),
        "budget": Decimal(5000),
    }
    company.put("plan_task", f"[{CYCLE}|E010|x|1]", task)
    writes = company.memory.writes
    notes = company.run("strategy-check", strategy_check, change="增长").notes
    assert company.memory.writes == writes
    assert codes(notes) == ["cycle.strategy_impact", "cycle.strategy_touches", "cycle.strategy_touches"]
    name = company.rows("department")["D10"]["name"]
    line = f"目标 2 个要重挂 (部门 1, 个人 1), 涉及 1 人, 部门: {name}; 未完成的计划任务 1 个, 12 人天, 预算 5000"
    assert notes[0].facts["impact"] == line
    assert [problem.facts["goals"] for problem in notes[1:]] == ["a", "新客户"]
    company.run("strategy-check", strategy_check)
    assert company.rows("strategy")["[2026|增长]"]["impact_preview"] == line
    assert company.rows("strategy")["[2026|出海]"]["impact_preview"] == "没有目标承接, 调整不影响任何人"
    with pytest.raises(CycleError) as caught:
        company.run("strategy-check", strategy_check, change="没有的")
    assert caught.value.facts["known"] == ("增长", "出海")


def test_process_review_measures_stages_and_gives_one_advice(reviewing: Firm) -> None:
    for key in reviewing.rows("appraisal"):
        reviewing.set("appraisal", key, stage_times="执行中 2026-10-13\n评价中 2027-01-04\n核算中 2027-01-13")
    notes = reviewing.run("review-process", review_process).notes
    assert codes(notes) == ["cycle.stage_days", "cycle.stage_days", "cycle.advice_slow"]
    assert (notes[1].address, notes[1].facts["median"]) == ("评价中", 9)
    assert (notes[2].address, notes[2].facts["days"]) == ("评价中", 9)  # the quarter itself is no bottleneck
    for number, mark in enumerate((1, 2, 2, 3, 2)):
        reviewing.put(
            "survey",
            f"[{CYCLE}|{number}]",
            {
                "kind": "satisfaction",
                "cycle": Refs("cycle", (CYCLE,)),
                "stage": "interview",
                "satisfaction": Decimal(mark),
            },
        )
    notes = reviewing.run("review-process", review_process).notes
    assert (notes[-1].code, notes[-1].facts["mean"]) == ("cycle.advice_mood", "2.0")


def test_fewer_than_five_answers_are_not_shown(reviewing: Firm) -> None:
    for number in range(4):
        key = f"[{CYCLE}|{number}]"
        cycle = Refs("cycle", (CYCLE,))
        reviewing.put("survey", key, {"cycle": cycle, "stage": "interview", "satisfaction": Decimal(1)})
    assert "cycle.stage_mood" not in codes(reviewing.run("review-process", review_process).notes)


def test_ratings_are_detached_only_long_after_the_archive(reviewing: Firm) -> None:
    reviewing.set("cycle", CYCLE, status="archived")
    assert reviewing.on(date(2029, 1, 31)).run("retention", retention).changes == 0
    reviewing.put(
        "review_score",
        f"[{CYCLE}|E010|self|E010|M01]",
        {"task": Refs("review_task", (f"[{CYCLE}|E010|self|E010]",)), "rater": ("uE010",), "basis": "自己写的"},
    )
    for key in reviewing.rows("review_task"):
        reviewing.set("review_task", key, overall_comment="稳", invite_code=None)
    results = repr(reviewing.rows("score_result")) + repr(reviewing.rows("appraisal"))
    report = reviewing.on(date(2029, 3, 1)).run("retention", retention)
    assert report.changes == len(reviewing.memory.items["review_task"]) + 1
    rows = [row for table in ("review_task", "review_score") for _, row in reviewing.memory.items[table].values()]
    assert not any(row.get(name) for row in rows for name in ("rater", "overall_comment", "basis", "invite_code"))
    keys = [str(row["natural_key"]) for row in reviewing.rows("review_task").values()]
    assert all(key.split("|")[-1].startswith("-") for key in keys)
    assert len(set(keys)) == len(keys)
    assert repr(reviewing.rows("score_result")) + repr(reviewing.rows("appraisal")) == results
    assert reviewing.run("retention", retention).changes == 0
    assert reviewing.audit.check().lines >= 1
    assert months_after(date(2027, 1, 29), 24) == date(2029, 2, 1)


def test_stored_runs_of_a_cycle_past_its_time_go_even_when_killed_between(reviewing: Firm) -> None:
    store = RunStore(folder=reviewing.folder / "runs")
    for run, cycle in (("r1", CYCLE), ("r2", CYCLE), ("r3", "2028Q4")):
        store.save(manifest(run, cycle=cycle))
        (store.open(run=run) / "extract" / "people.csv").write_text("emp_no\nE010\n", encoding="utf-8")
    reviewing.set("cycle", CYCLE, status="archived")
    assert reviewing.on(date(2029, 1, 31)).run("retention", retention).notes == ()
    preview = reviewing.on(date(2029, 3, 1)).run("retention", retention, apply=False)
    assert [(one.code, one.facts["count"]) for one in preview.notes] == [("cycle.runs_old", 2)]
    assert store.names() == ["r1", "r2", "r3"]
    shutil.rmtree(store.open(run="r1") / "extract")  # as a kill in the middle leaves it
    reviewing.run("retention", retention)
    assert [path.name for path in (reviewing.folder / "runs").iterdir()] == ["r3"]
    assert reviewing.audit.check().lines >= 1
    assert reviewing.run("retention", retention).notes == ()


def message(company: Firm, event: str, day: str, status: str) -> str:
    key = f"[uE010|{event}|{CYCLE}|E010|{day}]"
    company.put("message", key, {"receiver": ("uE010",), "content": "请填写", "send_status": status})
    return key


def test_sent_messages_go_after_their_months_and_unsent_ones_stay_twice_as_long(reviewing: Firm) -> None:
    old = message(reviewing, "review_due", "2027-01-05", "sent")
    unsent = [message(reviewing, f"e{place}", "2027-01-05", state) for place, state in enumerate(("pending", "failed"))]
    recent = message(reviewing, "review_due", "2027-02-05", "sent")
    reviewing.put("message", "手写的", {"receiver": ("uE010",), "content": "别删"})
    reviewing.on(date(2027, 8, 1))
    before = dict(reviewing.rows("message"))
    preview = reviewing.run("retention", retention, apply=False)
    assert (preview.changes, preview.tables["message"].removed, preview.summary) == (1, 1, "消息: 删除 1")
    assert reviewing.rows("message") == before
    report = reviewing.run("retention", retention)
    assert (report.changes, report.notes) == (1, ())
    assert set(reviewing.rows("message")) == {*unsent, recent, "手写的"}
    assert old not in reviewing.rows("message")
    assert [row["summary"] for row in reviewing.rows("run_log").values() if row["command"] == "job run retention"] == [
        "消息: 删除 1"
    ]
    assert reviewing.run("retention", retention).changes == 0
    late = reviewing.on(date(2028, 2, 1)).run("retention", retention)
    assert [(one.code, one.facts["count"]) for one in late.notes] == [("cycle.messages_unsent_old", 2)]
    assert set(reviewing.rows("message")) == {"手写的"}


def test_company_states_how_long_messages_are_kept(reviewing: Firm) -> None:
    message(reviewing, "review_due", "2027-01-05", "sent")
    reviewing.process = Process(message_months=1)
    assert reviewing.on(date(2027, 3, 1)).run("retention", retention).changes == 1
