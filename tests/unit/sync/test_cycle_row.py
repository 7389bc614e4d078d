from __future__ import annotations

import pytest

from huoban_perf.core.errors import SyncError
from huoban_perf.core.values import Value
from huoban_perf.sync.cycle_row import find_cycle, only_cycle
from huoban_perf.sync.snapshot import TableRows, read_table
from tests.unit.sync.company import Office, schema
from tests.unit.sync.memory import Memory

CYCLE_TABLE = schema().table("cycle")


def workspace(tmp_path: object, *rows: dict[str, Value]) -> Office:
    office = Office(Memory(), tmp_path)  # type: ignore[arg-type]
    for row in rows:
        office.memory.put(CYCLE_TABLE, row)
    return office


def tables(office: Office) -> dict[str, TableRows]:
    return {"cycle": read_table(office.app, table=CYCLE_TABLE)}


@pytest.mark.parametrize(
    ("row", "status", "decider", "sealed"),
    [
        ({"name": "A", "status": "reviewing", "decider": ("u1", "u2")}, "reviewing", "u1", False),
        ({"name": "A", "status": "feedback", "decider": ()}, "feedback", None, True),
        ({"name": "A", "status": "archived"}, "archived", None, True),
        ({"name": "A"}, "", None, False),
    ],
)
def test_cycle_by_name(tmp_path: object, row: dict[str, Value], status: str, decider: str | None, sealed: bool) -> None:
    cycle = find_cycle("A", tables=tables(workspace(tmp_path, {"name": "B"}, row)))
    assert (cycle.name, cycle.status, cycle.decider, cycle.is_sealed, cycle.row) == ("A", status, decider, sealed, 1)


def test_unknown_cycle_lists_those_there_are(tmp_path: object) -> None:
    with pytest.raises(SyncError) as caught:
        find_cycle("C", tables=tables(workspace(tmp_path, {"name": "B"}, {"name": "A"})))
    assert caught.value.facts == {"cycle": "C", "known": ("A", "B")}


def test_the_only_cycle_need_not_be_named(tmp_path: object) -> None:
    assert only_cycle(workspace(tmp_path, {"name": "A"}).app) == "A"
    for names in ((), ("A", "B")):
        with pytest.raises(SyncError) as caught:
            only_cycle(workspace(tmp_path, *({"name": name} for name in names)).app)
        assert caught.value.facts == {"known": names}
