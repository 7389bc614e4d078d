"""A round reads a table once, looks again only where it wrote, and reads nothing that a look has brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.automation.noticing import Noticing
from huoban_perf.sync.book import Book
from tests.unit.automation.bench import Desk
from tests.unit.automation.test_executor import CYCLE, SHEET, with_goals
from tests.unit.cycle.company import Firm, firm
from tests.unit.sync.company import copied


@pytest.fixture(scope="module")
def goal_setting(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return with_goals(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def desk(goal_setting: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = Desk(Firm(copied(goal_setting.memory), tmp_path).on(date(2026, 9, 28)))
    found.round()
    yield found
    found.store.close()


@pytest.fixture
def asked(desk: Desk) -> Counter[tuple[str, str]]:
    """(table, how) → requests; how is look, whole, or some: rows asked for by id or key."""
    counts: Counter[tuple[str, str]] = Counter()
    memory = desk.firm.memory
    scan = memory.scan

    def counted(**words: Any) -> Iterator[Any]:
        query = words["query"]
        how = "some" if query.filter else "look" if query.order.field == "updated_on" else "whole"
        for page in scan(**words):
            counts[query.table.key, how] += 1
            yield page

    memory.scan = counted  # type: ignore[method-assign]
    return counts


def watched(desk: Desk) -> list[str]:
    app = desk.executor._app
    return Noticing(app=app, ledger=desk.ledger).watched()


def test_round_in_which_nothing_happened_looks_once_at_each_table(desk: Desk, asked: Counter[tuple[str, str]]) -> None:
    desk.round()
    assert asked == {(table, "look"): 1 for table in watched(desk)}


def test_round_with_actions_looks_again_only_where_it_wrote(desk: Desk, asked: Counter[tuple[str, str]]) -> None:
    desk.pick("goal", f"[{CYCLE}|E010|b]", weight=Decimal(40))
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    assert desk.round()["done"] >= 1
    again = {table for (table, how), count in asked.items() if how == "look" and count > 1}
    assert again <= {"appraisal", "goal"}
    assert asked["appraisal", "look"] == 2
    small = {table for table in watched(desk) if len(desk.firm.memory.items.get(table, {})) <= 100}
    assert {"appraisal", "goal", "cycle"} <= small
    assert not {table for table, how in asked if how == "whole"} & small, "what a look brought whole is not read again"


def test_table_of_several_pages_is_read_whole_when_asked_for(desk: Desk, asked: Counter[tuple[str, str]]) -> None:
    memory = desk.firm.memory
    spec = desk.executor._app.schema.table("goal")
    first = next(iter(memory.items["goal"].values()))[1]
    for number in range(100):
        memory.put(spec, {**first, "natural_key": f"[more|{number}]"})
    desk.round()
    asked.clear()
    desk.pick("appraisal", SHEET, employee_action="submit_goals")
    desk.round()
    assert asked["goal", "whole"] > 0
    assert len(desk.executor._book.rows("goal")) == len(memory.items["goal"])


def test_table_brought_by_a_look_stands_in_order_of_creation_like_one_that_was_read(desk: Desk) -> None:
    app = desk.executor._app
    brought, read = desk.executor._book.rows("goal"), Book(app).rows("goal")
    assert [brought.item_id(i) for i in brought] == [read.item_id(i) for i in read]
    assert [brought.value(i, "natural_key") for i in brought] == [read.value(i, "natural_key") for i in read]
