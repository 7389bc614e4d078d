from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import CycleError
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.cycle.work import JobReport
from tests.unit.cycle.company import CYCLE, Firm, codes
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied

ANNOUNCED_ON = date(2026, 9, 23)
REVIEW = date(2027, 1, 4)


def opened(company: Firm, day: date, **options: str) -> JobReport:
    return company.on(day).run("open", open_cycle, **options)


@pytest.fixture
def running(company: Firm) -> Firm:
    opened(company, ANNOUNCED_ON, announce="yes")
    opened(company, date(2026, 9, 28))
    opened(company, date(2026, 10, 13))
    return company


@pytest.fixture
def reviewing(running: Firm) -> Firm:
    opened(running, REVIEW)
    return running


def status(company: Firm) -> object:
    return company.rows("cycle")[CYCLE]["status"]


def test_checked_cycle_waits_for_a_person_to_announce_it(company: Firm) -> None:
    report = opened(company, ANNOUNCED_ON)
    assert codes(report.notes) == ["cycle.ready_to_announce"]
    assert (report.changes, status(company)) == (0, "draft")


def test_announcing_makes_sheets_publishes_the_rules_and_tells_everybody(company: Firm) -> None:
    report = opened(company, ANNOUNCED_ON, announce="yes")
    cycle = company.rows("cycle")[CYCLE]
    assert (status(company), str(cycle["announced_hash"])[:7]) == ("announced", "sha256:")
    assert '"kpi_weight": "' in str(cycle["announced_scheme"])
    people = company.rows("employee")
    sheets = company.rows("appraisal")
    assert set(sheets) == {f"[{CYCLE}|{number}]" for number in people}
    assert sheets[f"[{CYCLE}|E001]"]["status"] == "not_appraised"
    assert sheets[f"[{CYCLE}|E010]"]["status"] == "running"  # this cycle has no goal stage
    assert {notice.event for notice in company.told.notices.values()} == {"announced"}
    assert report.notices == len(people) - 1
    assert company.audit.check().lines == 2  # that it begins, and what it did


def test_second_run_on_the_same_day_writes_nothing(company: Firm) -> None:
    opened(company, ANNOUNCED_ON, announce="yes")
    writes = company.memory.writes
    assert opened(company, ANNOUNCED_ON).changes == 0
    assert company.memory.writes == writes


def test_every_fault_of_cycle_rules_and_people_is_listed_and_nothing_written(company: Firm) -> None:
    company.set("cycle", CYCLE, decider=None, self_due_on=date(2027, 1, 20), release_on=None)
    company.set("employee", "E012", position=None)
    company.set("employee", "E013", manager=None)
    (scheme,) = company.rows("scheme")
    company.set("scheme", scheme, kpi_weight=Decimal(-5))
    before = company.memory.writes
    with pytest.raises(CycleError) as caught:
        opened(company, ANNOUNCED_ON, announce="yes")
    found = codes(caught.value.problems)
    assert "cycle.no_decider" in found
    assert "cycle.date_missing" in found
    assert "cycle.dates_out_of_order" in found
    assert found.count("cycle.person_lacks") == 2  # 岗位, and with it 方案
    assert "cycle.person_lacks_superior" in found
    assert any(code.startswith("scheme.") for code in found), found
    assert company.memory.writes == before


def test_goals_open_only_after_the_days_of_announcement(company: Firm) -> None:
    opened(company, date(2026, 9, 27), announce="yes")
    opened(company, date(2026, 9, 28))
    assert status(company) == "announced"
    opened(company, date(2026, 9, 30))
    assert status(company) == "goal_setting"


def test_cycle_without_goal_stage_passes_through_and_starts_reviews_on_its_day(running: Firm) -> None:
    assert status(running) == "running"
    assert opened(running, date(2027, 1, 3)).changes == 0
    opened(running, REVIEW)
    assert status(running) == "reviewing"


def test_self_and_peer_tasks_come_first_and_the_superior_after_the_self_review(reviewing: Firm) -> None:
    tasks = reviewing.rows("review_task")
    mine = {key: row["status"] for key, row in tasks.items() if key.startswith(f"[{CYCLE}|E010|")}
    assert mine[f"[{CYCLE}|E010|self|E010]"] == "to_review"
    peers = [state for key, state in mine.items() if "|peer|" in key]
    assert peers == ["awaiting_acceptance"] * 3
    assert not any("|superior|" in key for key in tasks)
    reviewing.set("review_task", f"[{CYCLE}|E010|self|E010]", status="submitted")
    opened(reviewing, REVIEW)
    superiors = [key for key in reviewing.rows("review_task") if "|superior|" in key]
    assert superiors == [f"[{CYCLE}|E010|superior|E004]"]
    opened(reviewing, date(2027, 1, 8))
    assert len([key for key in reviewing.rows("review_task") if "|superior|" in key]) > 50


def test_nobody_rates_himself_his_superior_or_too_many_as_a_peer(reviewing: Firm) -> None:
    people = reviewing.rows("employee")
    boss = {number: row.get("manager") for number, row in people.items()}
    item_of = {values["emp_no"]: item for item, (_, values) in reviewing.memory.items["employee"].items()}
    load: dict[str, int] = {}
    for key in reviewing.rows("review_task"):
        _, subject, relation, rater = key.strip("[]").split("|")
        if relation == "peer":
            load[rater] = load.get(rater, 0) + 1
            assert rater != subject
            assert boss[subject] != (item_of[rater],)
            assert boss[rater] != (item_of[subject],)
    assert max(load.values()) <= 4


def test_named_peers_come_before_chosen_ones(running: Firm) -> None:
    running.set("appraisal", f"[{CYCLE}|E010]", peer_raters=("uE022", "uE004"))  # E004 is the superior: no peer
    opened(running, REVIEW)
    peers = {key for key in running.rows("review_task") if key.startswith(f"[{CYCLE}|E010|peer|")}
    assert f"[{CYCLE}|E010|peer|E022]" in peers
    assert f"[{CYCLE}|E010|peer|E004]" not in peers
    assert running.rows("review_task")[f"[{CYCLE}|E010|peer|E022]"]["invited_by"] == "self"


def test_task_of_a_rater_who_left_is_recalled_and_given_to_another(reviewing: Firm) -> None:
    tasks = reviewing.rows("review_task")
    left = next(key for key in tasks if "|E010|peer|" in key).strip("[]").split("|")[3]
    before = {key for key in tasks if "|peer|" in key}
    reviewing.set("employee", left, employment_status="left", leave_date=date(2027, 1, 4))
    opened(reviewing, date(2027, 1, 5))
    after = reviewing.rows("review_task")
    recalled = {key for key, row in after.items() if row["status"] == "recalled"}
    assert recalled
    assert all(key.endswith(f"|{left}]") for key in recalled)
    fresh = {key for key in after if "|peer|" in key} - before
    assert fresh
    assert not any(key.endswith(f"|{left}]") for key in fresh)
    assert opened(reviewing, date(2027, 1, 5)).changes == 0


def test_substitute_for_a_rater_who_declined_is_proposed_once_and_linked(reviewing: Firm) -> None:
    declined = next(key for key in sorted(reviewing.rows("review_task")) if "|E010|peer|" in key)
    before = set(reviewing.rows("review_task"))
    reviewing.set("review_task", declined, status="declined", decline_reason="没有共事")
    opened(reviewing, date(2027, 1, 5))
    (fresh,) = set(reviewing.rows("review_task")) - before
    row = reviewing.rows("review_task")[fresh]
    assert row["status"] == "nomination_pending"
    item = next(i for i, (_, one) in reviewing.memory.items["review_task"].items() if one["natural_key"] == declined)
    assert row["original_task"] == (item,)
    assert fresh.rpartition("|")[2] != declined.rpartition("|")[2]
    assert opened(reviewing, date(2027, 1, 5)).changes == 0
    reviewing.set("review_task", fresh, status="declined")
    opened(reviewing, date(2027, 1, 5))
    (second,) = set(reviewing.rows("review_task")) - before - {fresh}
    assert second.rpartition("|")[2] not in {declined.rpartition("|")[2], fresh.rpartition("|")[2]}


def test_task_after_a_rater_who_left_is_linked_to_the_recalled_one(reviewing: Firm) -> None:
    key = next(key for key in sorted(reviewing.rows("review_task")) if "|E010|peer|" in key)
    before = set(reviewing.rows("review_task"))
    reviewing.set("employee", key.strip("[]").split("|")[3], employment_status="left", leave_date=date(2027, 1, 4))
    opened(reviewing, date(2027, 1, 5))
    opened(reviewing, date(2027, 1, 5))
    row = next(row for one, row in reviewing.rows("review_task").items() if one not in before and "|E010|peer|" in one)
    item = next(i for i, (_, one) in reviewing.memory.items["review_task"].items() if one["natural_key"] == key)
    assert (row["status"], row["original_task"]) == ("awaiting_acceptance", (item,))


def test_new_superior_gets_the_task_of_the_one_who_left(reviewing: Firm) -> None:
    opened(reviewing, date(2027, 1, 8))
    old = f"[{CYCLE}|E010|superior|E004]"
    reviewing.set("employee", "E004", employment_status="left", leave_date=date(2027, 1, 8))
    boss = next(i for i, (_, row) in reviewing.memory.items["employee"].items() if row["emp_no"] == "E005")
    reviewing.set("employee", "E010", manager=(boss,))
    opened(reviewing, date(2027, 1, 9))
    opened(reviewing, date(2027, 1, 9))
    tasks = reviewing.rows("review_task")
    assert tasks[old]["status"] == "recalled"
    item = next(i for i, (_, one) in reviewing.memory.items["review_task"].items() if one["natural_key"] == old)
    assert tasks[f"[{CYCLE}|E010|superior|E005]"]["original_task"] == (item,)


def test_newcomer_with_too_few_days_is_not_appraised(running: Firm) -> None:
    running.set("employee", "E010", hire_date=date(2026, 12, 15))
    opened(running, REVIEW)
    sheet = running.rows("appraisal")[f"[{CYCLE}|E010]"]
    assert (sheet["status"], sheet["exclusion_reason"]) == ("not_appraised", "在岗天数不足")


def test_goals_are_locked_only_when_all_are_confirmed(company: Firm) -> None:
    company.set("cycle", CYCLE, enabled_stages=("goal", "self", "peer"))
    opened(company, ANNOUNCED_ON, announce="yes")
    opened(company, date(2026, 9, 28))
    report = opened(company, date(2026, 10, 13))
    assert status(company) == "goal_setting"
    assert set(codes(report.notes)) == {"cycle.goals_not_confirmed"}
    for key, row in company.rows("appraisal").items():
        if row["status"] == "goal_setting":
            company.set("appraisal", key, status="running")
    opened(company, date(2026, 10, 13))
    assert status(company) == "running"


@pytest.mark.parametrize("before", [False, True])
def test_killed_anywhere_the_next_runs_end_in_the_same_world(company: Firm, tmp_path: Path, *, before: bool) -> None:
    ends = set()
    for allowed in range(1, 20):
        firm = Firm(copied(company.memory), tmp_path / f"k{allowed}")
        with dying(firm, allowed, before=before) as died, contextlib.suppress(Died):
            opened(firm, ANNOUNCED_ON, announce="yes")
        for _ in range(2):
            opened(firm, ANNOUNCED_ON, announce="yes")
        sheets = {key: row["status"] for key, row in firm.rows("appraisal").items()}
        ends.add(repr((status(firm), sheets)))
        if not died():
            break
    assert len(ends) == 1
    assert allowed > 2
