"""不参评 and 作废: what is left to review or to talk about is closed, people are told, and nobody is reminded of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.core.notices import Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.closing import remind
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.cycle.status import cycle_status
from huoban_perf.sync.book import Book
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm, firm, reviewing_on
from tests.unit.sync.company import copied

SHEET = f"[{CYCLE}|E010]"
OPEN = {"nomination_pending", "awaiting_acceptance", "to_review"}


@pytest.fixture(scope="module")
def reviewing(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return reviewing_on(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def desk(reviewing: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(reviewing.memory), tmp_path).on(date(2027, 1, 5)))
    found.round()
    found.firm.told.notices.clear()
    yield found
    found.store.close()


def tasks(desk: Desk, *states: str) -> dict[str, dict[str, Value]]:
    rows = desk.firm.rows("review_task").items()
    return {
        key: row for key, row in rows if "|E010|" in key and key.split("|")[1] == "E010" and row["status"] in states
    }


def told(desk: Desk, event: str) -> list[Notice]:
    return [notice for notice in desk.firm.told.notices.values() if notice.event == event]


@pytest.mark.parametrize("action", ["exclude", "void"])
def test_open_reviews_close_their_raters_are_told_and_nobody_is_reminded(desk: Desk, action: str) -> None:
    submitted = next(key for key in tasks(desk, "to_review") if "|self|" in key)
    desk.firm.set("review_task", submitted, status="submitted")
    before = tasks(desk, *OPEN)
    assert len(before) >= 2
    desk.pick("appraisal", SHEET, hr_action=action, action_reason="调去集团")
    desk.round()
    assert tasks(desk, *OPEN) == {}
    assert set(tasks(desk, "expired")) == set(before)
    assert set(tasks(desk, "submitted")) == {submitted}
    withdrawn = told(desk, "review_withdrawn")
    assert {(one.object, one.receiver) for one in withdrawn} == {(key, row["rater"][0]) for key, row in before.items()}  # type: ignore[index]
    desk.firm.on(date(2027, 1, 13))
    desk.firm.told.notices.clear()
    desk.round()
    late = told(desk, "review_due")
    assert late
    assert not {one.object for one in late} & set(before)
    status = cycle_status(JobContext(book=Book(desk.firm.app), cycle_name=CYCLE))
    people = sum(row["status"] == "reviewing" for row in desk.firm.rows("appraisal").values())
    assert status.tasks["self"][1] == people


def test_somebody_appraised_after_all_gets_the_reviews_back_and_raters_learn_it(desk: Desk) -> None:
    before = set(tasks(desk, *OPEN))
    desk.pick("appraisal", SHEET, hr_action="exclude", action_reason="长假")
    desk.round()
    desk.pick("appraisal", SHEET, hr_action="include", action_reason="提前返岗")
    desk.round()
    desk.firm.run("open", open_cycle)
    assert set(tasks(desk, "to_review")) == before
    assert desk.firm.rows("appraisal")[SHEET]["status"] == "reviewing"
    desk.round()
    assert {one.object for one in told(desk, "review_reopened")} == before
    assert desk.firm.run("open", open_cycle).changes == 0


def test_reviews_left_open_by_a_job_or_of_old_are_closed_by_the_next_run(desk: Desk) -> None:
    before = set(tasks(desk, *OPEN))
    desk.firm.set("appraisal", SHEET, status="not_appraised")
    desk.firm.on(date(2027, 1, 29))
    assert {one.event for one in desk.firm.told.notices.values()} == set()
    desk.firm.run("open", open_cycle)
    assert set(tasks(desk, "expired")) == before
    assert {one.object for one in told(desk, "review_withdrawn")} == before
    assert desk.firm.run("open", open_cycle).changes == 0


def test_hr_list_counts_no_review_of_somebody_taken_out(desk: Desk) -> None:
    for key in desk.firm.rows("review_task"):
        if key.split("|")[1] != "E010":
            desk.firm.set("review_task", key, status="submitted")
    desk.firm.on(date(2027, 2, 1)).run("remind", remind)
    assert told(desk, "hr_list")
    desk.firm.told.notices.clear()
    desk.firm.set("appraisal", SHEET, status="void")
    desk.firm.run("remind", remind)
    assert not told(desk, "hr_list")


def test_voiding_a_released_sheet_calls_the_talk_off(desk: Desk) -> None:
    desk.firm.put(
        "interview",
        f"[{CYCLE}|E010|1]",
        {
            "status": "to_schedule",
            "name": "于诚 面谈",
            "appraisal": Refs("appraisal", (SHEET,)),
            "interviewer": ("uE004",),
            "p_self": ("uE010",),
        },
    )
    desk.firm.set("appraisal", SHEET, status="awaiting_interview")
    desk.round()
    desk.pick("appraisal", SHEET, decider_action="void_released", action_reason="重复建单")
    desk.round()
    assert desk.firm.rows("interview")[f"[{CYCLE}|E010|1]"]["status"] == "cancelled"
    assert {one.receiver for one in told(desk, "talk_called_off")} == {"uE004", "uE010"}
