"""People are told of what a job did to their rows, once, by the words of the table's machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.states import moved_by
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.sync.company import copied, schema

SHEET = f"[{CYCLE}|E010]"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    company = firm(tmp_path_factory.mktemp("firm"))
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    company.on(date(2026, 9, 28)).run("open", open_cycle)
    company.on(date(2026, 10, 13)).run("open", open_cycle)
    company.set("appraisal", SHEET, p_self=("uE010",), p_mgr=("uE004",))
    return company


@pytest.fixture
def desk(running: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(running.memory), tmp_path).on(date(2027, 1, 4)))
    found.round()
    found.firm.told.notices.clear()
    yield found
    found.store.close()


def told(desk: Desk, *events: str) -> list[Notice]:
    return [notice for notice in desk.firm.told.notices.values() if notice.event in events]


def test_new_review_tasks_are_told_to_their_raters_once(desk: Desk) -> None:
    desk.firm.run("open", open_cycle)
    desk.round()
    tasks = desk.firm.rows("review_task")
    opened, invited = told(desk, "review_opened"), told(desk, "review_invited")
    assert len(opened) == sum(row["status"] == "to_review" for row in tasks.values()) > 50
    assert len(invited) == sum(row["status"] == "awaiting_acceptance" for row in tasks.values()) > 50
    mine = next(notice for notice in opened if notice.object == f"[{CYCLE}|E010|self|E010]")
    assert (mine.receiver, mine.mode) == ("uE010", Mode.DIGEST)
    assert mine.facts["text_zh"] == "有一份评价等你填写, 截止 2027-01-07"
    assert all(row["invited_on"] == date(2027, 1, 4) for row in tasks.values() if row["relation"] == "peer")
    before = len(desk.firm.told.notices)
    assert desk.round() == {}
    assert len(desk.firm.told.notices) == before


def test_invitation_nobody_answers_counts_as_accepted_after_two_days(desk: Desk) -> None:
    desk.firm.run("open", open_cycle)
    desk.round()
    desk.firm.on(date(2027, 1, 6))
    desk.round()
    assert {row["status"] for row in desk.firm.rows("review_task").values()} == {"to_review"}


def test_release_by_the_job_is_told_to_the_person_and_the_superior_without_a_result(desk: Desk) -> None:
    desk.pick("appraisal", SHEET, status="calculating")
    desk.round()
    desk.firm.told.notices.clear()
    desk.pick("appraisal", SHEET, status="awaiting_interview")
    assert desk.round() == {"done": 1}
    notices = told(desk, "released")
    assert {notice.receiver for notice in notices} == {"uE010", "uE004"}
    assert {notice.mode for notice in notices} == {Mode.MORNING}
    assert {str(notice.facts["text_zh"]) for notice in notices} == {"结果已公布, 请登录查看"}
    assert not any(leaks_in(str(notice.facts["text_zh"])) for notice in notices)


def test_two_steps_between_two_looks_are_told_by_the_last(desk: Desk) -> None:
    desk.pick("appraisal", SHEET, status="calculating")
    desk.pick("appraisal", SHEET, status="awaiting_confirmation")
    desk.round()
    assert len(told(desk, "released")) == 2


def test_what_a_process_killed_after_the_look_owes_is_told_by_the_next(desk: Desk) -> None:
    desk.pick("appraisal", SHEET, status="awaiting_interview")
    desk.executor.look()
    desk.executor = desk.fresh()
    desk.round()
    assert len(told(desk, "released")) == 2


def test_action_of_a_person_is_told_once(desk: Desk) -> None:
    desk.firm.put(
        "review_task",
        f"[{CYCLE}|E010|peer|E022]",
        {
            "status": "nomination_pending",
            "appraisal": Refs("appraisal", (SHEET,)),
            "relation": "peer",
            "rater": ("uE022",),
        },
    )
    desk.round()
    desk.pick("review_task", f"[{CYCLE}|E010|peer|E022]", manager_action="approve_nomination")
    desk.round()
    desk.round()
    assert len(told(desk, "review_invited")) == 1
    assert not any(firing[0].startswith("moved:") for firing in desk.ledger.listed())


@pytest.mark.parametrize(
    ("table", "left", "state", "transition"),
    [
        ("appraisal", None, "goal_setting", "open"),
        ("appraisal", "calculating", "completed", "release"),  # talk and confirmation are off
        ("appraisal", "appealing", "awaiting_interview", "appeal_closed"),
        ("appraisal", "completed", "goal_setting", None),
        ("cycle", "awaiting_release", "feedback", "release"),
        ("review_task", "awaiting_acceptance", "declined", None),
    ],
)
def test_transition_of_a_job_is_found_from_both_states(
    table: str, left: str | None, state: str, transition: str | None
) -> None:
    machine = schema().machine(table)
    assert machine is not None
    found = moved_by(machine, left=left, state=state)
    assert (found.key if found else None) == transition
