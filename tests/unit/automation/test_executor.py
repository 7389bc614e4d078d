from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.core.addresses import Address, MemberId, ObjectKind, field_address, table_address
from huoban_perf.core.errors import AutomationError, UnreachableError
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import FieldOf
from huoban_perf.core.schema.automations import Assignment, AutomationSpec, ItemEvent, OnItem, Update
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.bench import Desk, with_automations
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied, schema

SHEET = f"[{CYCLE}|E010]"


def with_goals(company: Firm) -> Firm:
    """The cycle in 目标制定, with two goals of E010 that do not add up yet."""
    company.set("cycle", CYCLE, enabled_stages=("goal", "self", "peer"))
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    company.on(date(2026, 9, 28)).run("open", open_cycle)
    for slug, weight in (("a", 60), ("b", 35)):
        company.put(
            "goal",
            f"[{CYCLE}|E010|{slug}]",
            {
                "name": f"目标{slug}",
                "status": "draft",
                "level": "person",
                "kind": "qualitative",
                "cycle": Refs("cycle", (CYCLE,)),
                "appraisal": Refs("appraisal", (SHEET,)),
                "employee": Refs("employee", ("E010",)),
                "weight": Decimal(weight),
                "evidence": "已有客户清单",
                "start_date": date(2026, 10, 1),
                "end_date": date(2026, 12, 31),
            },
        )
    company.set("appraisal", SHEET, p_self=("uE010",), p_mgr=("uE004",))
    return company


@pytest.fixture(scope="module")
def goal_setting(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return with_goals(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def desk(goal_setting: Firm, tmp_path: Path) -> Iterator[Desk]:
    company = Firm(copied(goal_setting.memory), tmp_path).on(date(2026, 9, 28))
    found = Desk(company)
    found.round()
    company.told.notices.clear()
    yield found
    found.store.close()


def state(desk: Desk, table: str, key: str) -> object:
    return desk.firm.rows(table)[key]["status"]


def test_every_guard_the_machines_ask_is_there(desk: Desk) -> None:
    asked = {(machine.table.key, guard.key) for machine in schema().machines for guard in machine.guards}
    assert asked == set(desk.around.guards)


def test_refused_action_says_why_and_empties_the_field(desk: Desk) -> None:
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    assert desk.round() == {"refused": 1}
    row = desk.firm.rows("appraisal")[SHEET]
    assert row["action_result"] == "未通过: 权重合计 95, 应为 100"
    assert (row["employee_action"], row["status"]) == (None, "goal_setting")
    assert desk.round() == {}


def test_goals_go_from_the_employee_to_the_superior_and_are_confirmed(desk: Desk) -> None:
    desk.pick("goal", f"[{CYCLE}|E010|b]", weight=Decimal(40))
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    assert desk.round()["done"] >= 1
    assert state(desk, "appraisal", SHEET) == "goals_awaiting_confirmation"
    assert state(desk, "goal", f"[{CYCLE}|E010|a]") == "awaiting_confirmation"
    (notice,) = (found for found in desk.firm.told.notices.values() if found.event != "actor_unverified")
    assert (notice.receiver, notice.event) == ("uE004", "goals_to_confirm")
    assert str(notice.facts["text_zh"]).endswith("的目标已提交, 请确认")
    desk.pick("appraisal", SHEET, manager_action="confirm_goals")
    desk.round()
    row = desk.firm.rows("appraisal")[SHEET]
    assert (row["status"], row["action_result"], row["manager_action"]) == ("running", "已完成: 确认目标", None)
    assert state(desk, "goal", f"[{CYCLE}|E010|a]") == "confirmed"
    assert desk.jobs == ["open"]
    assert str(row["stage_times"]).splitlines()[-1] == "执行中 2026-09-28"


def test_returning_needs_a_reason_and_passes_it_on(desk: Desk) -> None:
    desk.pick("goal", f"[{CYCLE}|E010|b]", weight=Decimal(40))
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    desk.round()
    desk.pick("appraisal", SHEET, manager_action="return_goals")
    assert desk.round()["refused"] == 1
    assert "reason_missing" in str(desk.firm.rows("appraisal")[SHEET]["action_result"])
    desk.pick("appraisal", SHEET, manager_action="return_goals", action_reason="目标b请写清口径")
    desk.round()
    goal = desk.firm.rows("goal")[f"[{CYCLE}|E010|b]"]
    assert (goal["status"], goal["return_reason"]) == ("draft", "目标b请写清口径")
    assert desk.firm.rows("appraisal")[SHEET]["action_reason"] is None


def test_action_of_another_state_is_refused(desk: Desk) -> None:
    desk.pick("appraisal", SHEET, manager_action="confirm_goals")
    desk.round()
    assert "not_from_here" in str(desk.firm.rows("appraisal")[SHEET]["action_result"])


def test_action_that_names_a_job_starts_it_and_stays_picked_for_it(desk: Desk) -> None:
    desk.pick("cycle", CYCLE, hr_action="lock_goals", action_reason="例外已签")
    desk.round()
    assert desk.jobs == ["open"]
    assert desk.firm.rows("cycle")[CYCLE]["hr_action"] == "lock_goals"


def new_goal(desk: Desk, **values: Any) -> str:
    """The person of the sheet makes a goal; return its item."""
    sheet = desk.firm.memory.items["appraisal"]
    item = next(item for item, (_, row) in sheet.items() if row["natural_key"] == SHEET)
    links = {
        "cycle": (next(iter(desk.firm.memory.items["cycle"])),),
        "employee": sheet[item][1]["employee"],
        "appraisal": (item,),
    }
    desk.firm.memory.moment += 100
    return desk.firm.memory.put(schema().table("goal"), {"kind": "qualitative", "level": "person", **links, **values})


def test_row_a_person_made_gets_its_key_and_first_state(desk: Desk) -> None:
    made = new_goal(desk, name="新目标")
    desk.round()
    row = desk.firm.memory.items["goal"][made][1]
    assert row["natural_key"] == f"[{CYCLE}|E010|{made}]"
    assert row["status"] == "draft"
    assert desk.round() == {}


def test_schedule_fires_once_a_day_for_the_rows_it_speaks_of(desk: Desk) -> None:
    desk.firm.told.notices.clear()
    desk.firm.on(date(2026, 10, 9))
    desk.firm.clock.moment = desk.firm.clock.moment.replace(hour=0, minute=59)
    desk.round()
    assert not any(n.event == "goals_due" for n in desk.firm.told.notices.values())
    desk.firm.clock.moment = desk.firm.clock.moment.replace(hour=1, minute=1)
    desk.round()
    desk.round()
    told = [n for n in desk.firm.told.notices.values() if n.event == "goals_due"]
    setting = [row for row in desk.firm.rows("appraisal").values() if row["status"] == "goal_setting"]
    assert sorted(n.receiver for n in told) == sorted(member for row in setting for member in row["p_self"])
    fired = [row for row in desk.ledger.listed() if row[0] == "automation:cycle.goals_due"]
    assert all(row[3] is FiringState.DONE for row in fired)
    assert len({row[1] for row in fired}) == len([row for row in fired if "10-09" in row[2]])


def test_button_is_taken_from_a_person_and_only_a_button(desk: Desk) -> None:
    item = next(i for i, (_, row) in desk.firm.memory.items["appraisal"].items() if row["natural_key"] == SHEET)
    button = Address(ObjectKind.AUTOMATION, ("appraisal", "mark_rules_read"))
    desk.executor.press(button, item=item, member=MemberId("uE010"))
    desk.round()
    assert desk.firm.rows("appraisal")[SHEET]["rules_read_on"] is not None
    with pytest.raises(AutomationError):
        desk.executor.press(Address(ObjectKind.AUTOMATION, ("cycle", "release_day")), item=item, member=None)


def test_nothing_happens_when_nothing_changed(desk: Desk) -> None:
    writes = desk.firm.memory.writes
    for _ in range(3):
        assert desk.round() == {}
    assert desk.firm.memory.writes == writes


def test_action_picked_before_the_first_look_is_carried_out(goal_setting: Firm, tmp_path: Path) -> None:
    company = Firm(copied(goal_setting.memory), tmp_path).on(date(2026, 9, 28))
    company.set("appraisal", SHEET, employee_action="submit_goals")
    late = Desk(company)
    late.round()
    assert "95" in str(company.rows("appraisal")[SHEET]["action_result"])
    late.store.close()


def spec(key: str, heard: str, written: str) -> AutomationSpec:
    copy = Assignment(field_address("goal", written), FieldOf((field_address("goal", heard),)))
    twist = Assignment(field_address("goal", "return_reason"), f"{key}")
    return AutomationSpec(
        address=Address(ObjectKind.AUTOMATION, ("goal", key)),
        labels=Labels(key, key),
        trigger=OnItem(events=frozenset({ItemEvent.CHANGED}), fields=(field_address("goal", heard),)),
        steps=(Update(table=table_address("goal"), values=(copy, twist)),),
    )


def test_two_automations_that_trigger_each_other_are_stopped(goal_setting: Firm, tmp_path: Path) -> None:
    declared = with_automations(spec("ping", "return_reason", "smart_hint"), spec("pong", "smart_hint", "evidence"))
    desk = Desk(Firm(copied(goal_setting.memory), tmp_path).on(date(2026, 9, 28)), declared=declared)
    desk.round()
    desk.pick("goal", f"[{CYCLE}|E010|a]", return_reason="开始")
    counts = desk.round()
    assert counts["looped"] >= 1
    assert desk.round() == {}
    chain = [(automation, state) for automation, *_, state, _, _ in desk.ledger.listed()]
    assert ("automation:goal.ping", FiringState.LOOPED) in chain
    told = [outcome for *_, outcome in desk.ledger.listed(FiringState.LOOPED)]
    assert "automation:goal.ping → automation:goal.pong → automation:goal.ping" in told
    desk.store.close()


def test_firing_is_tried_again_and_parked_in_the_end(desk: Desk) -> None:
    submit = desk.firm.memory.submit

    def down(**asked: object) -> object:
        raise UnreachableError("platform.unreachable", endpoint="items.update")

    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    desk.firm.memory.submit = down  # type: ignore[method-assign, assignment]
    for minutes in (1, 2, 4, 8, 1):
        desk.round()
        desk.firm.clock.sleep(60 * minutes)
    (parked,) = desk.ledger.listed(FiringState.PARKED)
    assert (parked[0], parked[5]) == ("action:appraisal", "platform.unreachable")
    desk.firm.memory.submit = submit  # type: ignore[method-assign]


def test_platform_that_comes_back_gets_the_action_done(desk: Desk) -> None:
    submit = desk.firm.memory.submit
    failures = [UnreachableError("platform.unreachable", endpoint="items.update")]

    def flaky(**asked: object) -> object:
        if failures:
            raise failures.pop()
        return submit(**asked)  # type: ignore[arg-type]

    desk.pick("goal", f"[{CYCLE}|E010|b]", weight=Decimal(40))
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    desk.firm.memory.submit = flaky  # type: ignore[method-assign, assignment]
    desk.round()
    desk.firm.clock.sleep(61)
    desk.round()
    assert state(desk, "appraisal", SHEET) == "goals_awaiting_confirmation"


@pytest.mark.parametrize("before", [False, True])
def test_action_killed_in_the_middle_ends_the_same(goal_setting: Firm, tmp_path: Path, *, before: bool) -> None:
    ends = set()
    for allowed in range(1, 8):
        company = Firm(copied(goal_setting.memory), tmp_path / f"k{allowed}").on(date(2026, 9, 28))
        desk = Desk(company)
        desk.round()
        desk.pick("goal", f"[{CYCLE}|E010|b]", weight=Decimal(40))
        desk.pick("appraisal", SHEET, employee_action="submit_goals")
        with dying(company, allowed, before=before) as died, contextlib.suppress(Died):
            desk.round()
        desk.executor = desk.fresh()
        for _ in range(3):
            desk.round()
        rows = {key: row["status"] for key, row in company.rows("goal").items()}
        told = sorted(notice.key for notice in company.told.notices.values() if notice.event == "goals_to_confirm")
        ends.add(repr((rows, company.rows("appraisal")[SHEET], told)))
        desk.store.close()
        if not died():
            break
    assert allowed >= 2
    assert len(ends) == 1


def test_goal_says_what_it_still_lacks_as_soon_as_it_is_saved(desk: Desk) -> None:
    made = new_goal(desk, name="回款", start_date=date(2026, 10, 1))
    desk.round()
    row = desk.firm.memory.items["goal"][made][1]
    assert "达成依据" in str(row["smart_hint"])
    assert row["p_self"] == ("uE010",)
    assert row["p_mgr"] == ("uE004",)
    desk.pick("goal", str(row["natural_key"]), evidence="去年 90", end_date=date(2026, 12, 31))
    desk.round()
    assert desk.firm.memory.items["goal"][made][1]["smart_hint"] == "已写完整"


def test_person_is_told_at_once_of_feedback_somebody_wrote(desk: Desk) -> None:
    sheet = desk.firm.rows("appraisal")[SHEET]
    desk.firm.memory.moment += 100
    desk.firm.memory.put(
        schema().table("log"),
        {
            "kind": "recognition",
            "employee": sheet["employee"],
            "author": ("uE020",),
            "date": date(2026, 9, 28),
            "content": "客户来信致谢",
            "visibility": "subject",
        },
    )
    desk.round()
    told = [notice.receiver for notice in desk.firm.told.notices.values() if notice.event == "recognition"]
    assert told == ["uE010"]
