from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.equality import equal, is_empty
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import Item
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table
from tests.unit.sync.memory import NO_BINDINGS, START, Clock, Memory, make_table

TABLE = make_table()


def app(memory: Memory) -> DeployedApp:
    schema = DesiredSchema(app="t", version="1", tables=(TABLE,), digest="-")
    return DeployedApp(connection=memory.connection(), schema=schema, bindings=NO_BINDINGS, clock=Clock())


def test_only_asked_columns_are_kept_and_the_key_always() -> None:
    memory = Memory()
    memory.put(TABLE, {"code": "[A]", "name": "甲", "score": Decimal(1)})
    rows = read_table(app(memory), table=TABLE, columns=("score",))
    assert rows.columns == ("code", "score")
    assert (rows.value(0, "code"), rows.value(0, "score")) == ("[A]", Decimal(1))
    with pytest.raises(KeyError):
        rows.value(0, "name")


def test_rows_are_found_by_id_and_by_key() -> None:
    memory = Memory()
    first = memory.put(TABLE, {"code": "[A]"})
    memory.put(TABLE, {"name": "ohne"})
    rows = read_table(app(memory), table=TABLE)
    assert list(rows) == [0, 1]
    assert list(rows.keys()) == ["[A]"]
    assert (rows.row_of_id(first), rows.row_of_id("nowhere"), rows.item_id(0)) == (0, None, first)
    assert (rows.row_of_key("[A]"), rows.row_of_key("[B]")) == (0, None)
    rows.check_keys()


def test_filter_selects_rows() -> None:
    memory = Memory()
    for name in "AB":
        memory.put(TABLE, {"code": f"[{name}]"})
    rows = read_table(app(memory), table=TABLE, filter_=Condition("code", Operator.EQUALS, "[B]"))
    assert list(rows.keys()) == ["[B]"]


def test_part_of_the_rows_keeps_ids_and_order() -> None:
    rows = TableRows(table=TABLE)
    for name in ("[A|1]", "[B|1]", "[A|2]"):
        rows.add(Item(item_id=ItemId(name), values={"code": name}))
    part = rows.only(lambda key: key.startswith("[A|"))
    assert [part.item_id(row) for row in part] == ["[A|1]", "[A|2]"]


def test_table_without_key_has_rows_but_no_keys() -> None:
    keyless = type(TABLE)(address=TABLE.address, labels=TABLE.labels, fields=TABLE.fields, title="name")
    rows = TableRows(table=keyless)
    rows.add(Item(item_id=ItemId("1"), values={"code": "[A]"}))
    assert (len(rows), list(rows.keys())) == (1, [])


def test_progress_is_told_page_by_page_and_not_for_an_empty_table() -> None:
    memory = Memory()
    told: list[tuple[str, int, int]] = []

    def tell(stage: str, *, subject: str, done: int, total: int) -> None:
        assert stage == "progress.read"
        told.append((subject, done, total))

    base = app(memory)
    heard = DeployedApp(
        connection=base.connection,
        schema=base.schema,
        bindings=base.bindings,
        clock=base.clock,
        progress=tell,
    )
    read_table(heard, table=TABLE)
    assert told == []
    for number in range(150):
        memory.put(TABLE, {"code": f"[{number:03d}]"})
    read_table(heard, table=TABLE)
    assert told == [("表person", 100, 150), ("表person", 150, 150)]


@pytest.mark.parametrize(
    ("standing", "wanted", "same"),
    [
        (None, "", True),
        ((), None, True),
        ("", None, True),
        (None, Decimal(0), False),
        (False, None, True),
        (True, None, False),
        (Decimal("1.50"), Decimal("1.5"), True),
        (("b", "a"), ("a", "b"), True),
        (("a",), ("a", "b"), False),
        (START.replace(microsecond=5), START, True),
        (datetime(2026, 7, 1, 8, tzinfo=UTC), START, False),
        ("a", "b", False),
    ],
)
def test_equality_of_cells(standing: Value, wanted: Value, same: bool) -> None:
    assert equal(standing, wanted) is same


def test_zero_and_no_are_not_empty() -> None:
    assert not is_empty(Decimal(0))
    assert not is_empty(value=False)
