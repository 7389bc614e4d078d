"""Paging and order."""

from __future__ import annotations

import pytest

from tests.unit.sandbox.driver import Sandbox, Table


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    made = sandbox.table("序", [{"name": "名", "is_title": True}, {"name": "数", "kind": "number"},
                               {"name": "选", "kind": "choice", "options": ["丙", "甲"]}])  # fmt: skip
    for number in (10, 9, 2, 30, 9):
        made.create(名=f"第{number}", 数=number, 选=["2" if number == 9 else "1"])
    made.create(名="空")
    return made


def _walk(table: Table, *, limit: int, **body: object) -> list[str]:
    seen: list[str] = []
    while True:
        page = table.list(limit=limit, offset=len(seen), **body)
        seen += [item["title"] for item in page["items"]]
        assert page["has_more"] == (len(seen) < page["filtered"])
        if not page["has_more"]:
            return seen


def test_walk_in_pages_sees_everything_once(table: Table) -> None:
    for name in ("created_on", "updated_on", "item_id", "created_by", table.ids["数"]):
        for way in ("asc", "desc"):
            order = {"field_id": name, "type": way}
            assert sorted(_walk(table, limit=4, order=order)) == sorted(_walk(table, limit=100, order=order))
            assert len(_walk(table, limit=1, order=order)) == 6


def test_own_number_orders_by_value_and_ties_by_age(table: Table) -> None:
    ascending = _walk(table, limit=100, order={"field_id": table.ids["数"], "type": "asc"})
    assert ascending == ["空", "第2", "第9", "第9", "第10", "第30"]
    descending = _walk(table, limit=100, order={"field_id": table.ids["数"], "type": "desc"})
    assert descending == ascending[::-1]


def test_choice_orders_by_place_of_its_option(table: Table) -> None:
    order = {"field_id": table.ids["选"], "type": "asc"}
    assert _walk(table, limit=100, order=order) == ["空", "第10", "第2", "第30", "第9", "第9"]


def test_few_found_items_are_ordered_like_many(table: Table) -> None:
    """The short cut for few items and the walk over a whole table must agree."""
    many = {"field": table.ids["名"], "query": {"in": ["第"]}}
    for name in ("updated_on", table.ids["数"], table.ids["选"]):
        for way in ("asc", "desc"):
            order = {"field_id": name, "type": way}
            everything = [title for title in _walk(table, limit=100, order=order) if title != "空"]
            assert _walk(table, limit=2, order=order, filter=many) == everything


def test_updated_on_moves_an_item_to_the_front(table: Table) -> None:
    oldest = table.list(order={"field_id": "updated_on", "type": "asc"}, limit=1)["items"][0]
    table.update(oldest["item_id"], 数=11)
    newest = table.list(order={"field_id": "updated_on", "type": "desc"}, limit=1)["items"][0]
    assert newest["item_id"] == oldest["item_id"]
    assert newest["created_on"] == oldest["created_on"]
    assert newest["updated_on"] > oldest["updated_on"]


def test_default_page_is_twenty_rows_and_a_walk_survives_writes_between(table: Table) -> None:
    for number in range(20):
        table.create(名=f"更多{number}")
    assert len(table.list()["items"]) == 20
    prefix = {"field": table.ids["名"], "query": {"in": ["更多"]}}
    assert table.list(filter=prefix, limit=5)["filtered"] == 20
    table.create(名="更多的")
    assert table.list(filter=prefix, limit=5, offset=20)["filtered"] == 21


@pytest.mark.parametrize("body", [{"limit": -1}, {"limit": "x"}, {"offset": -5}, {"limit": True}, {"offset": 1.5}])
def test_page_numbers_without_meaning_are_refused(table: Table, body: dict[str, object]) -> None:
    assert table.sandbox.code("POST", "/item/list", {"table_id": table.table_id, **body}) == 502


def test_numbers_may_come_as_text(table: Table) -> None:
    assert len(table.list(limit="2", offset="1")["items"]) == 2


def test_deep_pages_are_those_of_a_shallow_walk(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [{"field_id": name, "type": way} for name in ("created_on", "item_id") for way in ("asc", "desc")]
    shallow = [_walk(table, limit=2, order=order) for order in orders]
    monkeypatch.setattr("huoban_perf.sandbox.world.queries._SHALLOW", 1)
    assert [_walk(table, limit=2, order=order) for order in orders] == shallow
    table.create(名="新")
    assert [len(_walk(table, limit=2, order=order)) for order in orders] == [7] * 4
