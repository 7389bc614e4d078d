"""After the lock a goal changes by an approved 目标变更 only: segments of 考核指标, and hand-made edits put back."""

from __future__ import annotations

import contextlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.addresses import MemberId
from huoban_perf.core.values import Value
from huoban_perf.cycle.guards import CYCLE_GUARDS, Asked
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.sync.book import Book
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.test_executor import with_goals
from tests.unit.cycle.company import CYCLE, Firm, codes, firm
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied

A, B = f"[{CYCLE}|E010|a]", f"[{CYCLE}|E010|b]"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """Two goals of E010, 60 and 40, locked on 10-13."""
    company = with_goals(firm(tmp_path_factory.mktemp("firm")))
    company.set("goal", B, weight=Decimal(40))
    for key in (A, B):
        company.set("goal", key, status="confirmed", target_value=Decimal(100), p_mgr=("uE004",), owner=("uE010",))
    for key, row in company.rows("appraisal").items():
        if row["status"] == "goal_setting":
            company.set("appraisal", key, status="running")
    company.on(date(2026, 10, 13)).run("open", open_cycle)
    assert company.rows("cycle")[CYCLE]["status"] == "running"
    return company


@pytest.fixture
def running(locked: Firm, tmp_path: Path) -> Firm:
    return Firm(copied(locked.memory), tmp_path).on(date(2026, 11, 10))


def changed(company: Firm, goal: str, kind: str, new: str, *, on: date, status: str = "approved", n: int = 1) -> str:
    key = f"[{goal.strip('[]')}|{n}]"
    values: dict[str, Value | Refs] = {
        "status": status,
        "goal": Refs("goal", (goal,)),
        "change_kind": kind,
        "new_value": new,
        "reason": "客户流失",
        "effective_on": on,
    }
    company.put("goal_change", key, values)
    return key


def segments(company: Firm, slug: str) -> list[tuple[Value, Value, Value, Value]]:
    rows = [row for key, row in company.rows("appraisal_item").items() if f"|E010|KPI|{slug}|" in key]
    rows.sort(key=lambda row: str(row["valid_from"]))
    return [(row["valid_from"], row["valid_to"], row["target_value"], row["weight"]) for row in rows]


def test_approved_target_closes_one_segment_and_opens_the_next(running: Firm) -> None:
    changed(running, A, "target", "120", on=date(2026, 11, 1))
    running.run("open", open_cycle)
    assert segments(running, "a") == [
        (date(2026, 10, 1), date(2026, 10, 31), Decimal(100), Decimal(60)),
        (date(2026, 11, 1), date(2026, 12, 31), Decimal(120), Decimal(60)),
    ]
    assert running.rows("goal")[A]["target_value"] == Decimal(120)
    assert running.run("open", open_cycle).changes == 0


def test_goal_shows_the_new_value_only_from_its_day_on(running: Firm) -> None:
    changed(running, A, "target", "120", on=date(2026, 12, 1))
    assert running.run("open", open_cycle).notes == ()
    assert running.rows("goal")[A]["target_value"] == Decimal(100)
    running.on(date(2026, 12, 1)).run("open", open_cycle)
    assert running.rows("goal")[A]["target_value"] == Decimal(120)
    assert len(segments(running, "a")) == 2


def test_two_changes_of_one_goal_make_three_segments(running: Firm) -> None:
    changed(running, A, "target", "120", on=date(2026, 11, 1))
    changed(running, A, "target", "90", on=date(2026, 12, 1), n=2)
    running.on(date(2026, 12, 5)).run("open", open_cycle)
    assert [row[2] for row in segments(running, "a")] == [Decimal(100), Decimal(120), Decimal(90)]


def test_ended_goal_counts_to_the_day_before(running: Firm) -> None:
    changed(running, B, "terminate", "", on=date(2026, 11, 5))
    changed(running, A, "weight", "100", on=date(2026, 11, 5))
    running.run("open", open_cycle)
    assert segments(running, "b") == [(date(2026, 10, 1), date(2026, 11, 4), Decimal(100), Decimal(40))]
    assert [row[3] for row in segments(running, "a")] == [Decimal(60), Decimal(100)]
    assert running.rows("goal")[B]["status"] == "terminated"
    running.on(date(2027, 1, 4)).run("open", open_cycle)
    assert {row["status"] for row in running.rows("goal").values()} == {"terminated", "completed"}


def test_deadline_and_strategy_go_into_the_goal(running: Firm) -> None:
    running.put("strategy", "[2026|s1]", {"status": "active", "name": "华东份额", "year": "2026"})
    running.set("goal", A, realignment_needed=True)
    changed(running, A, "deadline", "2026-12-15", on=date(2026, 11, 1))
    changed(running, A, "realign", "华东份额", on=date(2026, 11, 1), n=2)
    running.run("open", open_cycle)
    row = running.rows("goal")[A]
    assert (row["end_date"], row["realignment_needed"]) == (date(2026, 12, 15), False)
    assert row["strategy"]
    assert len(segments(running, "a")) == 1


def test_pending_change_shows_what_it_replaces_and_touches(running: Firm) -> None:
    key = changed(running, A, "target", "120", on=date(2026, 11, 1), status="pending")
    running.run("open", open_cycle)
    row = running.rows("goal_change")[key]
    assert row["old_value"] == "100"
    assert row["impact_preview"] == ("100 → 120; 考核指标「目标a」: 原值计 31 天, 自 2026-11-01 起的新值计 61 天")
    assert len(segments(running, "a")) == 1


@pytest.mark.parametrize("editor", ["uHR", ""])
def test_locked_goal_changed_by_hand_is_put_back_and_told(running: Firm, editor: str) -> None:
    running.set("goal", A, weight=Decimal(90), target_value=Decimal(10))
    if editor:
        item = next(item for item, (_, row) in running.memory.items["goal"].items() if row["natural_key"] == A)
        running.memory.editors = {item: MemberId(editor)}
    report = running.run("open", open_cycle)
    assert codes(report.notes) == ["cycle.locked_restored"]
    row = running.rows("goal")[A]
    assert (row["weight"], row["target_value"]) == (Decimal(60), Decimal(100))
    told = {n.receiver for n in running.told.notices.values() if n.event == "locked_restored"}
    assert told == ({"uHR"} if editor else {"uE010", "uE004"})
    assert running.run("open", open_cycle).changes == 0


def test_change_that_says_nothing_usable_is_told_and_changes_nothing(running: Firm) -> None:
    changed(running, A, "target", "多一点", on=date(2026, 11, 1))
    changed(running, B, "target", "150", on=date(2027, 3, 1))
    assert codes(running.run("open", open_cycle).notes) == ["cycle.change_unusable"] * 2
    assert len(segments(running, "a")) == len(segments(running, "b")) == 1


@pytest.mark.parametrize(
    ("kind", "value", "fine"),
    [
        ("target", "120", True),
        ("weight", "1,5%", True),
        ("target", "很多", False),
        ("weight", "-5", False),
        ("deadline", "2026-12-15", True),
        ("deadline", "年底", False),
        ("realign", "没有的", False),
        ("terminate", "", True),
    ],
)
def test_new_value_is_checked_before_anybody_decides(running: Firm, kind: str, value: str, *, fine: bool) -> None:
    key = changed(running, A, kind, value, on=date(2026, 11, 1), status="pending")
    row = Book(running.app).find("goal_change", key)
    assert row is not None
    verdict = CYCLE_GUARDS["goal_change", "value_usable"](Asked(clock=running.clock), row)
    assert (verdict is None) == fine


def test_weights_of_a_sheet_change_together(running: Firm) -> None:
    check, asked = CYCLE_GUARDS["goal_change", "weights_full"], Asked(clock=running.clock)
    first = changed(running, A, "weight", "50", on=date(2026, 11, 1), status="pending")
    row = Book(running.app).find("goal_change", first)
    assert row is not None
    assert check(asked, row) == {"total": "90"}
    second = changed(running, B, "weight", "50", on=date(2026, 11, 1), status="pending")
    for key in (first, second):
        row = Book(running.app).find("goal_change", key)
        assert row is not None
        assert check(asked, row) is None
        running.set("goal_change", key, status="approved")


def test_standard_after_the_lock_moves_no_contract_but_gives_a_newcomer_one(locked: Firm, tmp_path: Path) -> None:
    company = Firm(copied(locked.memory), tmp_path).on(date(2026, 11, 10))
    position = next(row["position"] for row in company.rows("employee").values() if row["emp_no"] == "E010")
    code = next(str(row["code"]) for item, (_, row) in company.memory.items["position"].items() if (item,) == position)
    values: dict[str, Value | Refs] = {
        "position": Refs("position", (code,)),
        "metric": Refs("metric", ("M01",)),
        "weight": Decimal(100),
        "target_value": Decimal(7),
    }
    company.put("position_standard", f"[{code}|M01|2026-11-01]", values)
    before = repr(segments(company, "a"))
    company.run("open", open_cycle)
    items = company.rows("appraisal_item")
    assert repr(segments(company, "a")) == before
    assert f"[{CYCLE}|E010|KPI|M01|2026-10-01]" not in items
    newcomers = {str(key).split("|")[1] for key in items if "|M01|" in str(key)}
    assert "E011" in newcomers  # no goal was locked for this person, so there was no contract at all
    company.set("position_standard", f"[{code}|M01|2026-11-01]", target_value=Decimal(9))
    assert company.run("open", open_cycle).changes == 0


@pytest.mark.parametrize("before", [False, True])
def test_killed_anywhere_the_next_run_ends_the_same(locked: Firm, tmp_path: Path, *, before: bool) -> None:
    ends = set()
    for allowed in range(1, 9):
        company = Firm(copied(locked.memory), tmp_path / f"{allowed}").on(date(2026, 11, 10))
        changed(company, A, "weight", "100", on=date(2026, 11, 5))
        changed(company, B, "terminate", "", on=date(2026, 11, 5))
        with dying(company, allowed, before=before) as died, contextlib.suppress(Died):
            company.run("open", open_cycle)
        company.run("open", open_cycle)
        ends.add(repr((segments(company, "a"), segments(company, "b"), company.rows("goal"))))
        if not died():
            break
    assert allowed >= 2
    assert len(ends) == 1
