"""Deleted rows are found by counting, told once, and made anew by their job."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.cycle.opening import open_cycle
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm
from tests.unit.sync.company import copied

SHEETS = (f"[{CYCLE}|E010]", f"[{CYCLE}|E011]")


@pytest.fixture
def desk(announced: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(announced.memory), tmp_path).on(date(2026, 9, 24)))
    found.round()
    found.firm.told.notices.clear()
    found.jobs.clear()
    yield found
    found.store.close()


def delete(desk: Desk, table: str, *keys: str) -> None:
    rows = desk.firm.memory.items[table]
    for item in [item for item, (_, row) in rows.items() if row["natural_key"] in keys]:
        del rows[item]


def told(desk: Desk) -> list[str]:
    return sorted(notice.receiver for notice in desk.firm.told.notices.values() if notice.event == "row_deleted")


def test_deleted_rows_start_their_job_and_are_told_once(desk: Desk) -> None:
    delete(desk, "appraisal", *SHEETS)
    desk.round()
    assert desk.jobs == ["open"]
    assert told(desk) == ["group:admin", "uHR"]
    assert desk.round() == {}


def test_job_makes_them_anew_and_nothing_is_told_again(desk: Desk) -> None:
    delete(desk, "appraisal", SHEETS[0])
    desk.round()
    desk.firm.run("open", open_cycle)
    desk.round()
    assert SHEETS[0] in desk.firm.rows("appraisal")
    assert desk.jobs == ["open"]
    assert desk.round() == {}


def test_deletion_found_by_a_process_that_died_is_carried_out_by_the_next(desk: Desk) -> None:
    delete(desk, "appraisal", SHEETS[0])
    desk.executor.look()
    desk.executor = desk.fresh()
    desk.round()
    assert told(desk) == ["group:admin", "uHR"]
    assert [row[3] for row in desk.ledger.listed() if row[0].endswith("appraisal.deleted")] == [FiringState.DONE]


def test_counting_costs_no_request_while_nothing_is_gone(desk: Desk) -> None:
    reads = desk.firm.memory.reads
    desk.round()
    quiet = desk.firm.memory.reads - reads
    delete(desk, "appraisal", SHEETS[0])
    reads = desk.firm.memory.reads
    desk.executor.look()
    assert desk.firm.memory.reads - reads == quiet + 1
