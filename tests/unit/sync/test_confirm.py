from __future__ import annotations

from decimal import Decimal

from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Values
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.confirm import confirm
from huoban_perf.sync.snapshot import TableRows
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory, make_table

TABLE = make_table()


class Desk:
    """A memory with its app; notes what progress is told."""

    def __init__(self, memory: Memory | None = None) -> None:
        self.memory, self.clock = memory or Memory(), Clock()
        self.standing = TableRows(table=TABLE)
        self.told: list[tuple[str, int, int]] = []

    def tell(self, stage: str, *, subject: str, done: int, total: int) -> None:
        self.told.append((stage, done, total))

    def confirm(self, expected: dict[str, Values]) -> list[str]:
        app = DeployedApp(
            connection=self.memory.connection(),
            schema=DesiredSchema(app="t", version="1", tables=(TABLE,), digest="-"),
            bindings=NO_BINDINGS,
            clock=self.clock,
            progress=self.tell,
        )
        return confirm(expected, app=app, standing=self.standing)


def test_nothing_expected_asks_nothing() -> None:
    desk = Desk()
    assert desk.confirm({}) == []
    assert (desk.memory.reads, desk.told) == (0, [])


def test_rows_just_written_are_found_on_the_newest_pages() -> None:
    desk = Desk()
    for number in range(400):
        desk.memory.put(TABLE, {"code": f"[{number:03d}]", "score": Decimal(1)})
    assert desk.confirm({f"[{number:03d}]": {"score": Decimal("1.0")} for number in range(250, 400)}) == []
    assert desk.memory.reads == 1
    assert desk.clock.slept == []
    assert len(desk.standing) == 150
    assert desk.told[-1] == ("progress.confirm", 150, 150)


def test_rows_that_are_not_among_the_newest_are_asked_for_by_key() -> None:
    desk = Desk()
    for number in range(400):
        desk.memory.put(TABLE, {"code": f"[{number:03d}]", "score": Decimal(1)})
    assert desk.confirm({f"[{number:03d}]": {"score": Decimal(1)} for number in range(150)}) == []
    assert desk.memory.reads == 3
    assert desk.clock.slept == []


def test_value_that_differs_is_not_confirmed() -> None:
    desk = Desk()
    desk.memory.put(TABLE, {"code": "[A]", "score": Decimal(1)})
    desk.memory.put(TABLE, {"code": None, "score": Decimal(2)})
    assert desk.confirm({"[A]": {"score": Decimal(2)}, "[0]": {"score": Decimal(1)}}) == ["[0]", "[A]"]
    assert 25 < sum(desk.clock.slept) < 60
    assert len(desk.standing) == 0


def test_table_without_key_field_cannot_be_asked_by_key() -> None:
    desk = Desk()
    bare = make_table()
    desk.standing = TableRows(
        table=type(bare)(address=bare.address, labels=bare.labels, fields=bare.fields, title="name")
    )
    assert desk.confirm({"[A]": {"score": Decimal(1)}}) == ["[A]"]
