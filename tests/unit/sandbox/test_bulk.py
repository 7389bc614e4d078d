"""Bulk calls: accepted, applied later, partly failing, pushed; and what may become of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox.driver import Sandbox, Table


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    target = sandbox.table("目标", [{"name": "题", "is_title": True}])
    return sandbox.table(
        "物",
        [
            {"name": "键", "is_title": True},
            {"name": "数", "kind": "number"},
            {"name": "多选", "kind": "choices", "options": ["甲", "乙"]},
            {"name": "关联", "kind": "relation", "target_table_id": target.table_id},
            {"name": "日", "kind": "date"},
        ],
    )


def _rows(table: Table) -> dict[str, Any]:
    items = table.list(limit=100, order={"field_id": "item_id", "type": "asc"})["items"]
    return {item["title"]: table.named(item).get("数") for item in items}


def _results(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [entry["body"] for entry in sandbox.look("callbacks")["callbacks"]]


def test_batch_is_applied_at_the_next_request(table: Table, sandbox: Sandbox) -> None:
    answer = table.upsert("键", [{"键": "a", "数": 1}])
    assert (answer["code"], answer["data"]) == (0, {})
    assert sandbox.look("stats")["pending_batches"] == 1
    assert _rows(table) == {"a": 1}
    [result] = _results(sandbox)
    assert result["trace_id"] == answer["meta"]["trace_id"]
    assert result["data"] == {"success": [{"index": 0, "item_id": table.list()["items"][0]["item_id"]}], "failed": []}


def test_upsert_updates_creates_and_fails_entry_by_entry(table: Table, sandbox: Sandbox) -> None:
    table.create(键="one", 数=1)
    table.create(键="two", 数=2)
    table.create(键="two", 数=3)
    rows = [
        {"键": "one", "数": 10},
        {"键": "two", "数": 20},
        {"键": "new", "数": 30},
        {"数": 40},
        {"键": "bad", "数": "x"},
    ]
    table.upsert("键", [*rows, {"键": "new", "数": 31}])
    assert table.list()["total"] == 4
    assert _rows(table) == {"one": 10, "two": 3, "new": 31}
    [result] = _results(sandbox)
    assert [entry["index"] for entry in result["data"]["success"]] == [0, 2, 5]
    assert [entry["index"] for entry in result["data"]["failed"]] == [1, 3, 4]


def test_update_creates_nothing_and_item_id_is_a_key(table: Table, sandbox: Sandbox) -> None:
    item_id = table.create(键="a", 数=1)
    table.upsert("键", [{"键": "missing", "数": 5}], action="update")
    entry = {"item_id": item_id, "fields": table.fields({"数": 2, "键": "b"})}
    body = {"table_id": table.table_id, "update_type": "update", "update_by_fields": ["item_id"], "items": [entry]}
    sandbox.call("PUT", "/items", body)
    assert _rows(table) == {"b": 2}


def test_upsert_by_item_id_creates_when_there_is_none(table: Table, sandbox: Sandbox) -> None:
    entries = [
        {"fields": table.fields({"键": "a"})},
        {"item_id": "2399999999999999", "fields": table.fields({"键": "b"})},
    ]
    body = {"table_id": table.table_id, "update_type": "upsert", "update_by_fields": ["item_id"], "items": entries}
    sandbox.call("PUT", "/items", body)
    assert set(_rows(table)) == {"a", "b"}
    assert "2399999999999999" not in {item["item_id"] for item in table.list()["items"]}


@pytest.mark.parametrize(
    ("field", "value", "other"), [("数", 5, 6), ("多选", ["1", "2"], ["1"]), ("日", "2024-03-04", "2024-03-05")]
)
def test_any_kind_may_be_the_key(table: Table, field: str, value: object, other: object) -> None:
    table.create(**{"键": "same", field: value})
    table.create(**{"键": "other", field: other})
    table.upsert(field, [{"键": "hit", field: value}])
    assert set(_rows(table)) == {"hit", "other"}


def test_several_keys_must_all_match(table: Table, sandbox: Sandbox) -> None:
    table.create(键="a", 数=1)
    table.create(键="a", 数=2)
    keys = [table.ids["键"], table.ids["数"]]
    entry = {"fields": table.fields({"键": "a", "数": 2, "日": "2024-03-04"})}
    body = {"table_id": table.table_id, "update_type": "upsert", "update_by_fields": keys, "items": [entry]}
    sandbox.call("PUT", "/items", body)
    assert table.found("日", em=False) == ["a"]
    assert table.list()["total"] == 2


def test_delete_clears_relations_and_reports_what_is_missing(table: Table, sandbox: Sandbox) -> None:
    item_id = table.create(键="a")
    body = {"table_id": table.table_id, "item_ids": [item_id, "2399999999999999", item_id]}
    sandbox.call("DELETE", "/items", body)
    assert _rows(table) == {}
    [result] = _results(sandbox)
    assert [entry["index"] for entry in result["data"]["failed"]] == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"update_type": "merge"},
        {"update_by_fields": []},
        {"update_by_fields": ["2299999999999999"]},
        {"update_by_fields": ["created_on"]},
        {"items": []},
        {"items": "x"},
        {"table_id": None},
    ],
)
def test_call_without_meaning_is_refused_at_once(table: Table, sandbox: Sandbox, change: dict[str, Any]) -> None:
    body = {
        "table_id": table.table_id,
        "update_type": "upsert",
        "update_by_fields": [table.ids["键"]],
        "items": [{"fields": {}}],
    }
    assert sandbox.code("PUT", "/items", {**body, **change}) == 502
    assert sandbox.look("stats")["pending_batches"] == 0


def test_entries_without_fields_fail_alone(table: Table, sandbox: Sandbox) -> None:
    body = {"table_id": table.table_id, "items": ["x", {"fields": []}, {}, {"fields": table.fields({"键": "a"})}]}
    sandbox.call("POST", "/items", body)
    assert _rows(table) == {"a": None}


def test_strict_mode_refuses_the_call_that_would_fail(table: Table, sandbox: Sandbox) -> None:
    sandbox.mode("strict")
    for row in ({"键": "a", "数": "x"}, {"数": 1}, {"键": "", "数": 1}):
        answer = table.upsert("键", [{"键": "ok"}, row])
        assert answer["code"] == 502
        assert "items.1." in answer["message"]
    assert _rows(table) == {}


@pytest.mark.parametrize(("ticks", "requests"), [(0, 0), (1, 0), (3, 2)])
def test_batch_waits_so_many_requests(table: Table, sandbox: Sandbox, ticks: int, requests: int) -> None:
    sandbox.mode(bulk_ticks=ticks)
    table.upsert("键", [{"键": "a"}])
    assert [table.list()["total"] for _ in range(requests + 1)] == [0] * requests + [1]


def test_batch_may_wait_for_control_only(table: Table, sandbox: Sandbox) -> None:
    sandbox.mode(bulk_ticks=-1)
    table.upsert("键", [{"键": "a"}])
    assert [table.list()["total"] for _ in range(3)] == [0, 0, 0]
    assert sandbox.control("clock", {"advance_s": 1, "settle": False})["applied"] == 0
    assert sandbox.control("clock", {"advance_s": 1})["applied"] == 1
    assert table.list()["total"] == 1


def test_fates(table: Table, sandbox: Sandbox) -> None:
    create = {"table_id": table.table_id, "items": [{"fields": table.fields({"键": "a"})}]}
    for fate, total in (("lost", 0), ("twice", 2)):
        sandbox.mode(bulk_fate=fate)
        sandbox.call("POST", "/items", create)
        assert table.list()["total"] == total
    sandbox.mode(bulk_fate="reordered", bulk_ticks=2)
    table.upsert("键", [{"键": "r", "数": 1}])
    table.upsert("键", [{"键": "r", "数": 2}])
    sandbox.settle()
    assert _rows(table)["r"] == 1


def test_batch_outlives_the_table_it_was_for(table: Table, sandbox: Sandbox) -> None:
    sandbox.mode(bulk_ticks=5)
    table.upsert("键", [{"键": "a"}])
    sandbox.control("build/delete", {"object": "table", "table_id": table.table_id})
    sandbox.settle()
    assert _results(sandbox)[0]["data"]["failed"][0]["index"] == 0


def test_required_field_fails_the_creating_entry_only(sandbox: Sandbox) -> None:
    table = sandbox.table("必填", [{"name": "键", "is_title": True}, {"name": "必", "required": True}])
    table.create(键="a", 必="x")
    table.upsert("键", [{"键": "a"}, {"键": "b"}])
    assert [item["title"] for item in table.list()["items"]] == ["a"]
