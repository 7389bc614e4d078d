"""Natural keys of rows that people make."""

from __future__ import annotations

from decimal import Decimal

from huoban_perf.cycle.keys import key_of
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from tests.unit.sync.company import schema
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory


def test_a_number_given_out_again_after_a_move_makes_another_key() -> None:
    memory, goals = Memory(), schema().table("goal")
    cycle = memory.put(schema().table("cycle"), {"name": "2026Q4"})
    person = memory.put(schema().table("employee"), {"emp_no": "E001"})
    whose = {"cycle": (cycle,), "employee": (person,)}
    old = memory.put(goals, {"natural_key": "[2026Q4|E001|9]", "number": Decimal(2), **whose})
    fresh = [memory.put(goals, {"number": Decimal(number), **whose}) for number in (9, 10)]
    book = Book(DeployedApp(connection=memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=Clock()))
    rows = [book.at("goal", item) for item in (old, *fresh)]
    assert [key_of(row) for row in rows if row] == [
        "[2026Q4|E001|2]",
        "[2026Q4|E001|9a]",
        "[2026Q4|E001|10]",
    ]
