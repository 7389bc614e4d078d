"""Where a change may leave the time of last change as it was, every row is compared now and then."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.automation.noticing import WHOLE_LOOK
from huoban_perf.core.items import ItemPage
from tests.unit.automation.bench import Desk
from tests.unit.automation.test_deletions import delete, told
from tests.unit.cycle.company import CYCLE, Firm
from tests.unit.sync.company import copied

SHEET = f"[{CYCLE}|E010]"


@pytest.fixture
def desk(announced: Firm, tmp_path: Path) -> Iterator[Desk]:
    """A company whose platform does not stamp every change; everything was compared a moment ago."""
    firm = Firm(copied(announced.memory), tmp_path).on(date(2026, 9, 24))
    firm.memory.stamps_every_change = False
    found = Desk(firm)
    found.round()
    found.round()
    yield found
    found.store.close()


def picks(desk: Desk) -> int:
    return sum(automation == "action:appraisal" for automation, *_ in desk.ledger.listed())


def pick_unstamped(desk: Desk, **values: Any) -> None:
    desk.firm.rows("appraisal")[SHEET].update(values)


def test_a_change_without_a_stamp_is_found_within_a_quarter_of_an_hour_and_once(desk: Desk) -> None:
    pick_unstamped(desk, employee_action="submit_goals")
    desk.round()
    assert picks(desk) == 0
    desk.firm.clock.moment += WHOLE_LOOK
    desk.round()
    assert picks(desk) == 1
    assert desk.firm.rows("appraisal")[SHEET]["action_result"]
    desk.firm.clock.moment += WHOLE_LOOK
    desk.round()
    assert picks(desk) == 1


def test_the_same_unstamped_change_made_again_later_counts_again(desk: Desk) -> None:
    for _ in range(2):
        pick_unstamped(desk, employee_action="submit_goals")
        desk.firm.clock.moment += WHOLE_LOOK
        desk.round()
        pick_unstamped(desk, employee_action=None)
        desk.firm.clock.moment += WHOLE_LOOK
        desk.round()
    assert picks(desk) == 2


def test_an_item_that_comes_back_with_its_old_time_is_new(desk: Desk) -> None:
    rows = desk.firm.memory.items["appraisal"]
    item, (moment, values) = next((item, row) for item, row in rows.items() if row[1]["natural_key"] == SHEET)
    delete(desk, "appraisal", SHEET)
    desk.round()
    assert told(desk) == ["group:admin", "uHR"]
    assert item not in desk.ledger.known("appraisal")
    rows[item] = (moment, {**values, "employee_action": "submit_goals"})
    desk.round()
    assert item in desk.ledger.known("appraisal")
    assert picks(desk) == 1


def test_rows_that_a_walk_may_have_passed_over_are_not_taken_for_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While every row is read somebody deletes one: another moves up, and comes in none of the pages."""
    scan = desk.firm.memory.scan

    def shifting(**asked: Any) -> Iterator[ItemPage]:
        pages = list(scan(**asked))
        total = pages[0].total
        if asked["query"].table.key != "appraisal":
            yield from pages
            return
        yield ItemPage(items=pages[0].items[:-2], total=total, filtered=total)
        yield ItemPage(items=(), total=total - 1, filtered=total - 1)

    monkeypatch.setattr(desk.firm.memory, "scan", shifting)
    desk.firm.clock.moment += WHOLE_LOOK
    desk.executor.look()
    assert told(desk) == []
    assert len(desk.ledger.known("appraisal")) == len(desk.firm.memory.items["appraisal"])
    monkeypatch.undo()
    delete(desk, "appraisal", SHEET)
    desk.firm.clock.moment += timedelta(seconds=1)
    desk.round()
    assert told(desk) == ["group:admin", "uHR"]
