"""Reminders that must not fall silent: people nobody ever talked with, figures that nobody owns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.core.notices import Notice
from huoban_perf.cycle.collect import collect
from huoban_perf.cycle.opening import open_cycle
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.cycle.test_collect import with_standard
from tests.unit.sync.company import copied

OLD, NEVER = f"[{CYCLE}|E010]", f"[{CYCLE}|E011]"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    company = with_standard(firm(tmp_path_factory.mktemp("firm")))
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    company.on(date(2026, 9, 28)).run("open", open_cycle)
    company.on(date(2026, 10, 13)).run("open", open_cycle)
    company.run("collect", collect)
    return company


@pytest.fixture
def desk(running: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(running.memory), tmp_path).on(date(2026, 10, 26)))
    for sheet, talk in ((OLD, date(2026, 10, 26)), (NEVER, None)):
        found.firm.set("appraisal", sheet, p_mgr=("uE004",), last_talk_on=talk)
    found.round()
    found.firm.told.notices.clear()
    yield found
    found.store.close()


def told(desk: Desk, event: str) -> list[Notice]:
    return [notice for notice in desk.firm.told.notices.values() if notice.event == event]


def test_superior_is_reminded_of_people_without_any_talk_once_a_month_of_the_cycle_is_over(desk: Desk) -> None:
    assert not told(desk, "no_talk")
    desk.firm.on(date(2026, 11, 2))
    desk.round()
    (never,) = [one for one in told(desk, "no_talk") if one.object == NEVER]
    assert never.receiver == "uE004"
    assert "还没有与" in str(never.facts["text_zh"])
    assert not [one for one in told(desk, "no_talk") if one.object == OLD]
    desk.firm.set("appraisal", NEVER, last_talk_on=date(2026, 11, 3))
    desk.firm.told.notices.clear()
    desk.firm.on(date(2026, 11, 30))
    desk.round()
    assert [one.object for one in told(desk, "no_talk") if one.object in {OLD, NEVER}] == [OLD]


def test_figure_without_an_owner_is_hr_s_until_the_metric_names_one(desk: Desk) -> None:
    rows = desk.firm.rows("metric_actual")
    metric = next(iter(rows)).strip("[]").split("|")[0]
    due = {key for key, row in rows.items() if row["fill_due_on"] == min(r["fill_due_on"] for r in rows.values())}  # type: ignore[type-var]
    owned = min(due)
    for key in rows:
        desk.firm.set("metric_actual", key, data_owner=("uE030",) if key == owned else None)
    first = rows[owned]["fill_due_on"]
    assert isinstance(first, date)
    desk.firm.on(first)
    desk.round()
    assert {(one.object, one.receiver) for one in told(desk, "data_due")} == {(owned, "uE030")}
    assert {(one.object, one.receiver) for one in told(desk, "data_ownerless")} == {
        (key, "uHR") for key in due - {owned}
    }
    assert all("没有数据负责人" in str(one.facts["text_zh"]) for one in told(desk, "data_ownerless"))
    desk.firm.set("metric", metric, data_owner=("uE031",))
    assert desk.firm.run("collect", collect).changes == len(rows) - 1
    owners = {key: row["data_owner"] for key, row in desk.firm.rows("metric_actual").items()}
    assert owners.pop(owned) == ("uE030",)
    assert set(owners.values()) == {("uE031",)}
    assert desk.firm.run("collect", collect).changes == 0
