"""Items: pages decoded and checked, batches written as accepted."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.addresses import Bindings, ItemId
from huoban_perf.core.errors import NotFoundError, PlatformError, ProtocolError, RejectedError
from huoban_perf.core.filters import All, AnyOf, Condition, Operator
from huoban_perf.core.items import Item, ItemQuery, ItemWrite, Order, Outcome, WriteBatch, WriteMode
from huoban_perf.core.schema import FieldKind
from huoban_perf.core.values import CHINA
from tests.unit.platforms.fakes import Asked, bound_ids, connected, said, table_of

SPEC = table_of(("amount", FieldKind.NUMBER), ("one", FieldKind.CHOICE), ("sum", FieldKind.FORMULA))
IDS = bound_ids(SPEC)
CREATED = "2022-03-03 10:00:00"


def row(number: int, **fields: Any) -> dict[str, Any]:
    return {"item_id": str(number), "title": "题", "created_on": CREATED, "updated_on": CREATED, "fields": fields}


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"total": len(rows), "filtered": len(rows), "has_more": False, "items": list(rows)}


def scan(*rows: Any, bindings: Bindings = IDS, **query: Any) -> tuple[list[Item], list[Asked]]:
    connection, server = connected(lambda _: page(*rows))
    pages = connection.item_source.scan(query=ItemQuery(table=SPEC, **query), bindings=bindings)
    return [item for part in pages for item in part.items], server.asked


def failed(*rows: Any, **query: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        scan(*rows, **query)
    assert said(caught.value)
    return caught.value


def test_scan_decodes_every_bound_field() -> None:
    (item,), asked = scan(row(1, f0="K", f1=Decimal("1.5"), f2=[{"id": "2"}], other="x"))
    moment = datetime(2022, 3, 3, 10, tzinfo=CHINA)
    values = {"code": "K", "amount": Decimal("1.5"), "one": "b", "sum": None}
    assert item == Item(item_id=ItemId("1"), values=values, title="题", created_on=moment, updated_on=moment)
    assert asked[0].body == {
        "table_id": "2100000000000001",
        "order": {"field_id": "created_on", "type": "asc"},
        "limit": 100,
        "offset": 0,
    }


def test_scan_orders_by_field_id_and_direction() -> None:
    _, asked = scan(order=Order(field="amount", descending=True))
    assert asked[0].body["order"] == {"field_id": "f1", "type": "desc"}


def test_item_without_times_title_or_fields_is_read() -> None:
    (one, two), _ = scan({"item_id": 1}, {"item_id": "2", "fields": [], "title": None, "created_on": ""})
    assert (one.item_id, one.created_on, one.title) == ("1", None, "")
    assert set(two.values.values()) == {None}


@pytest.mark.parametrize(
    ("updated_by", "editor"),
    [
        ({"user_id": "1000001", "name": "张三"}, "1000001"),
        ({"user_id": 1000001}, "1000001"),
        ({"user_id": "1024", "name": "接口"}, None),  # a key: proves nothing about a person
        ({"user_id": "0"}, None),
        ({}, None),
        (None, None),
        ("张三", None),
    ],
)
def test_last_editor_is_a_person_or_nobody(updated_by: object, editor: str | None) -> None:
    (item,), _ = scan({**row(1, f0="K"), "updated_by": updated_by})
    assert item.editor == editor


def test_unbound_fields_are_left_out() -> None:
    ids = Bindings({address: id_ for address, id_ in IDS.items() if id_ not in {"f1", "f2", "f3"}})
    (item,), _ = scan(row(1, f0="K"), bindings=ids)
    assert item.values == {"code": "K"}
    only_table = Bindings({SPEC.address: IDS[SPEC.address]})
    (item,), _ = scan(row(1, f0="K"), bindings=only_table)
    assert item.values == {}


def test_unbound_table_and_order_are_refused_before_sending() -> None:
    connection, server = connected(lambda _: page())
    for query, ids in (
        (ItemQuery(table=SPEC), {}),
        (ItemQuery(table=SPEC, order=Order(field="amount")), {SPEC.address: IDS[SPEC.address]}),
    ):
        with pytest.raises(NotFoundError) as caught:
            connection.item_source.scan(query=query, bindings=Bindings(ids))
        assert said(caught.value)
    assert server.asked == []


def test_filter_that_does_not_fit_is_refused_before_anything_is_read() -> None:
    connection, server = connected(lambda _: page())
    with pytest.raises(RejectedError):
        connection.item_source.scan(
            query=ItemQuery(table=SPEC, filter=Condition("amount", Operator.EQUALS, "x")), bindings=IDS
        )
    assert server.asked == []


@pytest.mark.parametrize("query", [{"filter": AnyOf(())}, {"limit": 0}])
def test_nothing_is_asked_when_nothing_can_come(query: Any) -> None:
    assert scan(row(1), **query) == ([], [])


def test_filter_that_always_holds_is_not_sent() -> None:
    items, asked = scan(row(1), filter=All(()))
    assert len(items) == 1
    assert "filter" not in asked[0].body


def test_items_that_the_filter_excludes_are_an_error() -> None:
    error = failed(row(1, f0="K"), row(2, f0="L"), filter=Condition("code", Operator.EQUALS, "K"))
    assert isinstance(error, ProtocolError)
    assert (error.code, error.facts["row"]) == ("platform.filter_ignored", "2")


def test_system_fields_are_checked_too() -> None:
    noon = datetime(2022, 3, 3, 12, tzinfo=CHINA)
    assert len(scan(row(1), filter=Condition("created_on", Operator.LESS, noon))[0]) == 1
    assert failed(row(1), filter=Condition("created_on", Operator.GREATER, noon)).code == "platform.filter_ignored"
    assert failed(row(1), filter=Condition("item_id", Operator.EQUALS, "2")).code == "platform.filter_ignored"


def test_computed_text_against_a_number_is_an_error_not_a_crash() -> None:
    assert (
        failed(row(1, f3="x"), filter=Condition("sum", Operator.GREATER, Decimal(1))).code == "platform.filter_ignored"
    )


def test_bad_cell_names_table_field_and_item() -> None:
    error = failed(row(1, f1=Decimal(1)), row(2, f1="many"))
    assert error.code == "platform.cell"
    assert (error.facts["row"], error.facts["field"], error.facts["table"]) == ("2", "字段amount", "表")
    assert "many" not in said(error)


def test_option_added_by_hand_is_an_error_that_names_it() -> None:
    error = failed(row(1, f2=[{"id": "9", "name": "新"}]))
    assert error.code == "platform.unbound_option"
    assert "新(9)" in said(error)


@pytest.mark.parametrize(
    "bad",
    [
        {"item_id": "1", "fields": "x"},
        {"item_id": "1", "created_on": "soon"},
        {"item_id": "1", "created_on": 5},
        {"fields": {}},
    ],
)
def test_item_of_another_form_is_a_protocol_error(bad: Any) -> None:
    assert failed(bad).code == "platform.shape"


def test_page_without_counts_is_read() -> None:
    connection, _ = connected(lambda asked: {"items": [row(1)] if asked.body["offset"] == 0 else []})
    pages = list(connection.item_source.scan(query=ItemQuery(table=SPEC), bindings=IDS))
    assert (pages[0].total, pages[0].filtered) == (1, 1)


def submitted(mode: WriteMode, *rows: ItemWrite, **spec: Any) -> tuple[Any, list[Asked]]:
    table = table_of(("amount", FieldKind.NUMBER), ("one", FieldKind.CHOICE), ("sum", FieldKind.FORMULA), **spec)
    connection, server = connected(lambda _: None)
    receipt = connection.item_sink.submit(batch=WriteBatch(table=table, mode=mode, rows=rows), bindings=IDS)
    return receipt, server.asked


def test_upsert_matches_by_the_key_field_and_is_accepted() -> None:
    receipt, asked = submitted(WriteMode.UPSERT, ItemWrite(key="K", values={"amount": Decimal("1.10"), "one": None}))
    assert (asked[0].method, asked[0].path) == ("PUT", "/openapi/v1/items")
    assert asked[0].body == {
        "table_id": "2100000000000001",
        "update_type": "upsert",
        "update_by_fields": ["f0"],
        "items": [{"fields": {"f0": "K", "f1": Decimal("1.10"), "f2": []}}],
    }
    assert [(part.key, part.outcome) for part in receipt.rows] == [("K", Outcome.ACCEPTED)]
    assert receipt.trace_id == "1650000000000000"


def test_update_and_delete_go_by_item_id() -> None:
    write = ItemWrite(key="K", values={"amount": None}, item_id=ItemId("7"))
    _, asked = submitted(WriteMode.UPDATE, write)
    assert asked[0].body["update_by_fields"] == ["item_id"]
    assert asked[0].body["items"] == [{"item_id": "7", "fields": {"f1": None}}]
    _, asked = submitted(WriteMode.DELETE, write)
    assert (asked[0].method, asked[0].body) == ("DELETE", {"table_id": "2100000000000001", "item_ids": ["7"]})


def test_empty_batch_sends_nothing() -> None:
    receipt, asked = submitted(WriteMode.UPSERT)
    assert (receipt.rows, asked) == ((), [])


BAD_BATCHES: list[tuple[WriteMode, list[ItemWrite], dict[str, Any], str]] = [
    (WriteMode.UPSERT, [ItemWrite(key=str(n), values={}) for n in range(101)], {}, "platform.batch_too_large"),
    (WriteMode.UPSERT, [ItemWrite(key="K", values={})], {"key_field": None}, "platform.no_key_field"),
    (WriteMode.UPDATE, [ItemWrite(key="K", values={})], {}, "platform.no_item_id"),
    (WriteMode.DELETE, [ItemWrite(key="K", values={})], {}, "platform.no_item_id"),
    (WriteMode.UPSERT, [ItemWrite(key="K", values={"amount": "5"})], {}, "platform.value"),
    (WriteMode.UPSERT, [ItemWrite(key="K", values={"sum": "5"})], {}, "platform.read_only_field"),
    (WriteMode.UPSERT, [ItemWrite(key="K", values={"one": "z"})], {}, "platform.unbound_option"),
    (WriteMode.UPSERT, [ItemWrite(key="K", values={"nothing": "z"})], {}, "platform.unbound"),
]


@pytest.mark.parametrize(
    ("mode", "rows", "spec", "code"), BAD_BATCHES, ids=[f"{case[0]}-{case[3]}" for case in BAD_BATCHES]
)
def test_batch_that_cannot_work_is_refused_before_sending(
    mode: WriteMode, rows: list[ItemWrite], spec: dict[str, Any], code: str
) -> None:
    with pytest.raises(PlatformError) as caught:
        submitted(mode, *rows, **spec)
    assert caught.value.code == code
    assert said(caught.value)
