"""A cell that somebody spoilt keeps one table from being looked at, not the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.errors import BadCellError
from huoban_perf.core.items import ItemPage
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm
from tests.unit.sync.company import copied

SHEET = f"[{CYCLE}|E010]"


@pytest.fixture
def desk(announced: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(announced.memory), tmp_path).on(date(2026, 9, 24)))
    found.round()
    yield found
    found.store.close()


def picked(desk: Desk) -> int:
    return sum(automation == "action:appraisal" for automation, *_ in desk.ledger.listed())


@pytest.mark.parametrize(("spoilt", "seen_to"), [("employee", 1), ("appraisal", 0)])
def test_other_tables_are_looked_at_and_what_was_missed_is_made_good(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, spoilt: str, seen_to: int
) -> None:
    scan = desk.firm.memory.scan

    def spoiling(**asked: Any) -> Iterator[ItemPage]:
        if asked["query"].table.key == spoilt and asked["query"].filter is None:
            raise BadCellError("nocodb.cells", facts={"table": spoilt, "count": 1})
        return scan(**asked)

    monkeypatch.setattr(desk.firm.memory, "scan", spoiling)
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    assert desk.executor.look() == seen_to
    assert picked(desk) == seen_to
    assert list(desk.executor.round().unreadable) == [spoilt]
    monkeypatch.undo()
    desk.executor = desk.fresh()
    assert desk.executor.round().unreadable == {}
    assert picked(desk) == 1
