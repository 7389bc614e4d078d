"""Who acted: refused where the platform tells, recorded where it does not; rows that follow obey their own machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.notices.leaks import leaks_in
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.bench import Desk
from tests.unit.automation.test_executor import SHEET, with_goals
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied

GOAL_A, GOAL_B = f"[{CYCLE}|E010|a]", f"[{CYCLE}|E010|b]"


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """Goals that add up, handed in, waiting for the superior uE004."""
    company = with_goals(firm(tmp_path_factory.mktemp("firm")))
    company.set("goal", GOAL_B, weight=Decimal(40))
    for key in (GOAL_A, GOAL_B):
        company.set("goal", key, status="awaiting_confirmation")
    company.set("appraisal", SHEET, status="goals_awaiting_confirmation")
    return company


def desk_of(waiting: Firm, folder: Path, *, tells: bool, actor_check: str = "auto", settle_polls: int = 0) -> Desk:
    company = Firm(copied(waiting.memory), folder).on(date(2026, 9, 28))
    company.memory.editors = {} if tells else None
    found = Desk(company, actor_check=actor_check, settle_polls=settle_polls)
    found.round()
    company.told.notices.clear()
    return found


@pytest.fixture
def telling(waiting: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = desk_of(waiting, tmp_path, tells=True)
    yield found
    found.store.close()


@pytest.fixture
def silent(waiting: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = desk_of(waiting, tmp_path, tells=False)
    yield found
    found.store.close()


def status(desk: Desk, table: str, key: str) -> object:
    return desk.firm.rows(table)[key]["status"]


def unverified(desk: Desk) -> set[str]:
    return {notice.receiver for notice in desk.firm.told.notices.values() if notice.event == "actor_unverified"}


def test_somebody_else_is_refused_where_the_platform_names_the_editor(telling: Desk) -> None:
    telling.pick("appraisal", SHEET, by="uE010", manager_action="confirm_goals")  # the employee confirms his own goals
    assert telling.round() == {"refused": 1}
    row = telling.firm.rows("appraisal")[SHEET]
    assert (row["status"], row["manager_action"]) == ("goals_awaiting_confirmation", None)
    assert "not_you" in str(row["action_result"])


def test_person_named_acts_and_nobody_is_troubled(telling: Desk) -> None:
    telling.pick("appraisal", SHEET, by="uE004", manager_action="confirm_goals")
    telling.round()
    assert status(telling, "appraisal", SHEET) == "running"
    assert unverified(telling) == set()


def test_holder_of_a_role_acts(telling: Desk) -> None:
    telling.pick("appraisal", SHEET, by="uE004", hr_action="exclude", action_reason="长期休假")
    assert telling.round() == {"refused": 1}
    telling.pick("appraisal", SHEET, by="uHR", hr_action="exclude", action_reason="长期休假")
    telling.round()
    assert status(telling, "appraisal", SHEET) == "not_appraised"


def test_our_own_key_proves_nothing_and_is_recorded(telling: Desk) -> None:
    telling.pick("appraisal", SHEET, manager_action="confirm_goals")
    telling.round()
    assert status(telling, "appraisal", SHEET) == "running"
    assert unverified(telling) == {"uE010", "uE004", "uHR"}


@pytest.mark.parametrize(("tells", "actor_check"), [(False, "auto"), (False, "enforce"), (True, "record")])
def test_action_is_taken_and_recorded(waiting: Firm, tmp_path: Path, *, tells: bool, actor_check: str) -> None:
    desk = desk_of(waiting, tmp_path, tells=tells, actor_check=actor_check)
    desk.pick("appraisal", SHEET, by="uE010", manager_action="confirm_goals")
    desk.firm.clock.sleep(1)
    result = desk.executor.round()
    assert status(desk, "appraisal", SHEET) == "running"
    assert unverified(desk) == {"uE010", "uE004", "uHR"}
    assert result.unverified == [f"绩效考核单 {SHEET}: 已完成: 确认目标; 写入 3 行, 通知 1, 作业 open"]
    (fired,) = [firing for firing in desk.ledger.listed() if firing[0] == "action:appraisal"]
    assert fired[5].endswith("操作人未核实")
    desk.store.close()


def test_notice_of_an_unverified_action_names_no_appeal(silent: Desk) -> None:
    silent.firm.put("appeal", f"[{CYCLE}|E010|1]", {"status": "submitted", "appraisal": Refs("appraisal", (SHEET,))})
    silent.round()
    silent.pick("appeal", f"[{CYCLE}|E010|1]", hr_action="accept")
    silent.round()
    texts = [str(n.facts["text_zh"]) for n in silent.firm.told.notices.values() if n.event == "actor_unverified"]
    assert texts == ["操作人未核实: 一件事项, 如不是本人操作请告知 HR"]
    assert not any(leaks_in(text) for text in texts)


def test_decision_waits_a_look_and_can_be_undone(waiting: Firm, tmp_path: Path) -> None:
    desk = desk_of(waiting, tmp_path, tells=False, settle_polls=1)
    desk.pick("appraisal", SHEET, manager_action="confirm_goals")
    desk.round()
    assert status(desk, "appraisal", SHEET) == "goals_awaiting_confirmation"
    desk.pick("appraisal", SHEET, manager_action=None)
    desk.round()
    desk.round()
    assert status(desk, "appraisal", SHEET) == "goals_awaiting_confirmation"
    desk.pick("appraisal", SHEET, manager_action="confirm_goals")
    desk.round()
    desk.round()
    assert status(desk, "appraisal", SHEET) == "running"
    desk.store.close()


def test_goal_that_its_machine_refuses_stops_the_whole_action(silent: Desk) -> None:
    silent.firm.set("goal", GOAL_B, p_self=("uE004",), p_mgr=("uE004",))
    silent.pick("appraisal", SHEET, manager_action="confirm_goals")
    assert silent.round() == {"refused": 1}
    row = silent.firm.rows("appraisal")[SHEET]
    assert row["status"] == "goals_awaiting_confirmation"
    assert row["action_result"] == "未通过: 目标「目标b」不能确认自己的目标"
    assert {status(silent, "goal", key) for key in (GOAL_A, GOAL_B)} == {"awaiting_confirmation"}


def test_change_of_a_goal_that_is_not_confirmed_is_refused(silent: Desk) -> None:
    change = f"[{CYCLE}|E010|a|1]"
    values = {"goal": Refs("goal", (GOAL_A,)), "change_kind": "target", "new_value": "120", "reason": "客户流失"}
    silent.firm.put("goal_change", change, {**values, "effective_on": date(2026, 11, 1)})
    silent.round()
    row = silent.firm.rows("goal_change")[change]
    assert row.get("status") is None
    assert str(row["action_result"]) == "未通过: 目标「目标a」states.not_from_here"
    assert status(silent, "goal", GOAL_A) == "awaiting_confirmation"


def test_cancelled_cycle_voids_sheets_and_ends_goals_by_their_machines(silent: Desk) -> None:
    silent.pick("cycle", CYCLE, hr_action="cancel", action_reason="业务重组")
    silent.round()
    assert status(silent, "cycle", CYCLE) == "cancelled"
    assert {status(silent, "goal", key) for key in (GOAL_A, GOAL_B)} == {"terminated"}
    sheet = silent.firm.rows("appraisal")[SHEET]
    assert sheet["status"] == "void"
    assert str(sheet["stage_times"]).splitlines()[-1] == "已作废 2026-09-28"


@pytest.mark.parametrize("before", [False, True])
def test_action_with_children_killed_in_the_middle_ends_the_same(
    waiting: Firm, tmp_path: Path, *, before: bool
) -> None:
    ends = set()
    for allowed in range(1, 9):
        desk = desk_of(waiting, tmp_path / f"k{allowed}", tells=False)
        desk.pick("appraisal", SHEET, manager_action="confirm_goals")
        with dying(desk.firm, allowed, before=before) as died, contextlib.suppress(Died):
            desk.round()
        desk.executor = desk.fresh()
        for _ in range(3):
            desk.round()
        goals = {key: row["status"] for key, row in desk.firm.rows("goal").items()}
        told = sorted(notice.key for notice in desk.firm.told.notices.values())
        ends.add(repr((goals, desk.firm.rows("appraisal")[SHEET], told)))
        desk.store.close()
        if not died():
            break
    assert allowed >= 2
    assert len(ends) == 1
