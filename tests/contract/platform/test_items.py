"""What every platform must do with items."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from huoban_perf.core.equality import equal
from huoban_perf.core.errors import PlatformError, SourceError
from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator, matches
from huoban_perf.core.items import ItemPage, ItemWrite, Order, Outcome, SystemField, WriteBatch, WriteMode
from huoban_perf.core.values import CHINA, Value
from huoban_perf.sync.foreign import read_foreign
from tests.contract.platform.probe import ENTRY, UNIT, Bench

pytestmark = pytest.mark.platform

NASTY = (
    "普通",
    " 前后空格 ",
    "换行\n与制表\t",
    'x)~or(code,eq,"y',
    "单'双\"引号",
    "百分%下划_",
    "反斜\\杠",
    "(括号),逗号,~and",
    "😀 𠮷 é",
    "null",
    "0012",
    "=1+1",
    "长" * 2000,
)

VALUES: tuple[tuple[str, Value], ...] = (
    *(("long", text) for text in NASTY),
    ("rich", "**粗** 与 <b>标签</b>"),
    ("number", Decimal("88.235294")),
    ("number", Decimal("-0.000001")),
    ("number", Decimal(0)),
    ("number", Decimal(123456789012345)),
    ("money", Decimal("1234567890123.45")),
    ("money", Decimal("0.07")),
    ("money", Decimal("99999999999.99")),
    ("percent", Decimal("0.85")),
    ("percent", Decimal("0.123456")),
    ("rating", Decimal(4)),
    ("progress", Decimal("62.5")),
    ("switch", True),
    ("switch", False),
    ("time", "09:30"),
    ("phone", "+86 139-0000-0000"),
    ("email", "a.b+c@例子.cn"),
    ("address", "上海市浦东新区\n世纪大道 1 号"),
    ("scan", "6901234567892"),
    ("day", date(2024, 2, 29)),
    ("day", date(1969, 12, 31)),
    ("moment", datetime(2026, 9, 30, 23, 59, 59, tzinfo=CHINA)),
    ("moment", datetime(2026, 1, 1, 0, 0, 0, tzinfo=CHINA)),
    ("choice", "red"),
    ("choices", ("one", "six")),
    ("place", {"address": "上海", "lng": Decimal("121.5"), "lat": Decimal("31.2")}),
)


@pytest.fixture(autouse=True)
def emptied(bench: Bench) -> None:
    """Every test starts with empty tables."""
    bench.clear(ENTRY)
    bench.clear(UNIT)


def test_what_was_written_comes_back_unchanged(bench: Bench) -> None:
    bench.write(ENTRY, {f"v{number:02}": {key: value} for number, (key, value) in enumerate(VALUES)})
    found = {item.values["code"]: item.values for item in bench.read(ENTRY)}
    for number, (key, value) in enumerate(VALUES):
        assert found[f"v{number:02}"][key] == value, key


def test_clearing_leaves_an_empty_cell(bench: Bench) -> None:
    keys = sorted({key for key, _ in VALUES} - {"switch"})
    bench.write(ENTRY, {"c": dict(VALUES)})
    bench.write(ENTRY, {"c": dict.fromkeys(keys)})
    values = bench.one(ENTRY, "c").values
    assert {key: values[key] for key in keys} == dict.fromkeys(keys)


def test_fields_that_are_not_sent_stay(bench: Bench) -> None:
    bench.write(ENTRY, {"s": {"number": Decimal(1), "long": "留下"}})
    bench.write(ENTRY, {"s": {"number": Decimal(2)}})
    values = bench.one(ENTRY, "s").values
    assert (values["number"], values["long"]) == (Decimal(2), "留下")


def test_relations_point_where_they_were_set(bench: Bench) -> None:
    bench.write(UNIT, {"u1": {}, "u2": {}, "u3": {}})
    one, two, three = bench.ids(UNIT, ("u1", "u2", "u3"))
    bench.write(ENTRY, {"boss": {"unit": (one,)}})
    (boss,) = bench.ids(ENTRY, ("boss",))
    bench.write(ENTRY, {"hand": {"unit": (two,), "parent": (boss,), "units": (one, three)}})
    values = bench.one(ENTRY, "hand").values
    assert (values["unit"], values["parent"]) == ((two,), (boss,))
    assert equal(values["units"], (one, three))
    bench.write(ENTRY, {"hand": {"unit": None, "units": (three,)}})
    values = bench.one(ENTRY, "hand").values
    assert (values["unit"], values["parent"], values["units"]) == (None, (boss,), (three,))


def test_the_same_batch_twice_makes_each_item_once(bench: Bench) -> None:
    rows = {key: {"number": Decimal(index)} for index, key in enumerate(NASTY[:12])}
    bench.write(ENTRY, rows)
    bench.write(ENTRY, rows)
    assert sorted(str(item.values["code"]) for item in bench.read(ENTRY)) == sorted(rows)


def test_items_are_changed_and_deleted_by_id(bench: Bench) -> None:
    bench.write(ENTRY, {"a": {}, "b": {}})
    a, b = bench.ids(ENTRY, ("a", "b"))
    sink = bench.connection.item_sink
    change = ItemWrite(key="a", values={"number": Decimal(7)}, item_id=a)
    sink.submit(batch=WriteBatch(table=ENTRY, mode=WriteMode.UPDATE, rows=(change,)), bindings=bench.bindings)
    gone = WriteBatch(table=ENTRY, mode=WriteMode.DELETE, rows=(ItemWrite(key="b", values={}, item_id=b),))
    sink.submit(batch=gone, bindings=bench.bindings)
    for _ in range(50):  # a platform may apply batches some requests later
        items = bench.read(ENTRY)
        if len(items) == 1 and items[0].values["number"] == 7:
            break
    assert [(item.item_id, item.values["number"]) for item in items] == [(a, Decimal(7))]


def test_every_page_is_walked_without_repeats(bench: Bench) -> None:
    size = bench.connection.capabilities.page_size
    bench.write(UNIT, {f"p{number:05}": {} for number in range(size + 20)})
    pages = bench.pages(UNIT)
    assert all(isinstance(page, ItemPage) for page in pages)
    keys = [item.values["code"] for page in pages for item in page.items]  # type: ignore[attr-defined]
    assert len(pages) >= 2
    assert sorted(keys) == sorted(set(keys)) == [f"p{number:05}" for number in range(size + 20)]
    assert {page.total for page in pages} == {size + 20}  # type: ignore[attr-defined]
    limited = [item for page in bench.pages(UNIT, limit=7) for item in page.items]  # type: ignore[attr-defined]
    assert len(limited) == 7


ROWS = {
    "alpha": {"number": Decimal("1.5"), "choice": "red", "day": date(2026, 1, 1), "switch": True, "long": "张三 (一)"},
    "beta": {"number": Decimal(-2), "choice": "green", "day": date(2026, 2, 1), "long": 'x)~or(code,eq,"y'},
    "gamma": {"choices": ("one", "two"), "percent": Decimal("0.4"), "long": "反斜\\杠 100%"},
    "delta": {"number": Decimal(30), "moment": datetime(2026, 3, 1, 8, tzinfo=CHINA), "long": "单'双\"引号"},
    "epsilon": {},
}

Op = Operator
FILTERS: tuple[Filter, ...] = (
    Condition("code", Op.EQUALS, "alpha"),
    Condition("code", Op.DIFFERS, "alpha"),
    Condition("code", Op.ANY_OF, ("alp", "elt")),
    Condition("code", Op.NONE_OF, ("alp",)),
    Condition("long", Op.EQUALS, 'x)~or(code,eq,"y'),
    Condition("long", Op.EQUALS, "单'双\"引号"),
    Condition("long", Op.ANY_OF, ("斜\\杠", "(一)")),
    Condition("long", Op.ANY_OF, ("100%",)),
    Condition("long", Op.EMPTY, True),
    Condition("number", Op.GREATER, Decimal(0)),
    Condition("number", Op.AT_MOST, Decimal("1.5")),
    Condition("number", Op.EQUALS, Decimal("1.5")),
    Condition("number", Op.EMPTY, False),
    Condition("percent", Op.AT_LEAST, Decimal("0.4")),
    Condition("choice", Op.EQUALS, "red"),
    Condition("choice", Op.ANY_OF, ("red", "green")),
    Condition("choice", Op.NONE_OF, ("red",)),
    Condition("choices", Op.ANY_OF, ("two",)),
    Condition("choices", Op.EQUALS, ("two", "one")),
    Condition("day", Op.GREATER, date(2026, 1, 1)),
    Condition("day", Op.EQUALS, date(2026, 2, 1)),
    Condition("moment", Op.AT_LEAST, datetime(2026, 3, 1, 8, tzinfo=CHINA)),
    Condition("switch", Op.EQUALS, True),
    All((Condition("number", Op.GREATER, Decimal(-5)), Condition("choice", Op.EQUALS, "green"))),
    AnyOf((Condition("code", Op.EQUALS, "beta"), Condition("number", Op.EQUALS, Decimal(30)))),
    All(
        (
            AnyOf((Condition("code", Op.EQUALS, "alpha"), Condition("code", Op.EQUALS, "beta"))),
            Condition("number", Op.LESS, Decimal(0)),
        )
    ),
    AnyOf(()),
    All(()),
)


def test_filters_select_what_they_say(bench: Bench) -> None:
    bench.write(ENTRY, ROWS)  # type: ignore[arg-type]
    everything = bench.read(ENTRY)
    for filter_ in FILTERS:
        wanted = sorted(str(item.values["code"]) for item in everything if matches(filter_, item.values))
        assert sorted(str(item.values["code"]) for item in bench.read(ENTRY, filter_)) == wanted, filter_


def test_a_filter_on_a_relation_selects_by_item(bench: Bench) -> None:
    bench.write(UNIT, {"u1": {}, "u2": {}})
    one, two = bench.ids(UNIT, ("u1", "u2"))
    bench.write(ENTRY, {"a": {"unit": (one,)}, "b": {"unit": (two,)}, "c": {}})
    assert [item.values["code"] for item in bench.read(ENTRY, Condition("unit", Op.ANY_OF, (two,)))] == ["b"]


def test_a_filter_that_does_not_fit_is_refused(bench: Bench) -> None:
    with pytest.raises(PlatformError) as caught:
        bench.read(ENTRY, Condition("day", Op.ANY_OF, ("x",)))
    assert caught.value.code == "filter.invalid"


def test_items_come_in_the_order_asked_for(bench: Bench) -> None:
    bench.write(ENTRY, {"b": {"number": Decimal(9)}, "a": {"number": Decimal(-1)}, "c": {"number": Decimal(100)}})
    ordered = bench.read(ENTRY, order=Order(field="number", descending=True))
    assert [item.values["code"] for item in ordered] == ["c", "b", "a"]
    assert [item.values["code"] for item in bench.read(ENTRY, order=Order(field="code"))] == ["a", "b", "c"]


def test_items_come_in_the_order_of_their_last_change(bench: Bench) -> None:
    bench.write(ENTRY, {"a": {}, "b": {}, "c": {}})
    bench.write(ENTRY, {"a": {"number": Decimal(1)}})
    newest = bench.read(ENTRY, order=Order(field=SystemField.UPDATED_ON, descending=True))
    assert newest[0].values["code"] == "a"


def test_times_of_an_item_are_aware_and_now(bench: Bench) -> None:
    bench.write(ENTRY, {"t": {}})
    item = bench.one(ENTRY, "t")
    assert item.created_on is not None
    assert item.updated_on is not None
    assert item.created_on.utcoffset() == timedelta(hours=8)


def test_a_receipt_names_the_items(bench: Bench) -> None:
    receipt = bench.write(ENTRY, {"a": {}, "b": {}})
    assert [row.item_id for row in receipt.rows] == list(bench.ids(ENTRY, ("a", "b")))


def test_a_relation_to_nothing_is_refused(bench: Bench) -> None:
    rows = (
        ItemWrite(key="bad", values={"code": "bad", "unit": ("999999",)}),
        ItemWrite(key="good", values={"code": "good"}),
    )
    batch = WriteBatch(table=ENTRY, mode=WriteMode.UPSERT, rows=rows)
    receipt = bench.connection.item_sink.submit(batch=batch, bindings=bench.bindings)
    assert [row.outcome for row in receipt.rows] == [Outcome.REFUSED, Outcome.DONE]
    assert [item.values["code"] for item in bench.read(ENTRY)] == ["good"]


def test_an_empty_switch_differs_from_one_that_is_off(bench: Bench) -> None:
    bench.write(ENTRY, {"off": {"switch": False}, "empty": {}})
    assert bench.one(ENTRY, "off").values["switch"] is False
    assert bench.one(ENTRY, "empty").values["switch"] is None


def test_numbers_of_eighteen_digits_are_exact(bench: Bench) -> None:
    bench.write(ENTRY, {"n": {"number": Decimal("123456789012.345678")}})
    assert bench.one(ENTRY, "n").values["number"] == Decimal("123456789012.345678")


def test_a_batch_beyond_the_limit_is_refused_and_nothing_is_written(bench: Bench) -> None:
    size = bench.connection.capabilities.batch_size
    rows = tuple(ItemWrite(key=f"x{number}", values={"code": f"x{number}"}) for number in range(size + 1))
    with pytest.raises(PlatformError) as caught:
        bench.connection.item_sink.submit(
            batch=WriteBatch(table=UNIT, mode=WriteMode.UPSERT, rows=rows), bindings=bench.bindings
        )
    assert caught.value.code == "platform.batch_too_large"
    assert bench.read(UNIT) == []


def test_table_is_read_by_its_name_as_people_see_it(bench: Bench) -> None:
    """A table that no app of ours declares: its columns and options by their names, relations with their target."""
    bench.clear(ENTRY)
    bench.write(UNIT, {"U1": {}})
    (unit,) = bench.ids(UNIT, ["U1"])
    bench.write(ENTRY, {"F1": {"choice": "red", "number": Decimal("12.5"), "day": date(2026, 10, 3), "unit": (unit,)}})
    found = read_foreign(bench.connection, workspace=bench.workspace, name="条目")
    names = {one.address.key: one.labels.zh for one in ENTRY.fields}
    (row,) = found.rows
    assert (row[names["code"]], row[names["choice"]]) == ("F1", "红, 'A' (一)")
    assert (row[names["number"]], row[names["day"]], row[names["unit"]]) == (
        Decimal("12.5"),
        date(2026, 10, 3),
        (unit,),
    )
    assert found.targets[names["unit"]] == bench.bindings[UNIT.address]
    with pytest.raises(SourceError) as caught:
        read_foreign(bench.connection, workspace=bench.workspace, name="没有的表")
    assert "条目" in str(caught.value.facts["known"])
