"""Faults on demand, in process, and callbacks."""

from __future__ import annotations

import pytest
import requests

from tests.unit.sandbox.driver import Sandbox, Table


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    return sandbox.table("物", [{"name": "键", "is_title": True}])


def _set(sandbox: Sandbox, **fault: object) -> None:
    sandbox.control("faults", {"faults": [fault]})


@pytest.mark.parametrize(("kind", "status", "code"), [("throttle", 429, 429), ("http_5xx_envelope", 500, 500)])
def test_fault_answers_in_the_envelope_without_effect(
    table: Table, sandbox: Sandbox, kind: str, status: int, code: int
) -> None:
    _set(sandbox, endpoint="POST /item", kind=kind)
    assert table.raw_create(键="a")["code"] == code
    assert sandbox.status == status
    assert table.raw_create(键="a")["code"] == 0
    assert table.list()["total"] == 1


def test_html_instead_of_json(table: Table, sandbox: Sandbox) -> None:
    _set(sandbox, path="/space/*", kind="html")
    answer = sandbox.session.get(
        "http://sandbox.test/openapi/v1/space/list", headers={"Open-Authorization": f"Bearer {sandbox.key}"}
    )
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_timeout_comes_after_the_effect(table: Table, sandbox: Sandbox) -> None:
    _set(sandbox, endpoint="/item", kind="timeout_after_effect")
    with pytest.raises(requests.exceptions.ReadTimeout):
        table.raw_create(键="a")
    assert table.list()["total"] == 1


@pytest.mark.parametrize(("after_effect", "total"), [(False, 0), (True, 1)])
def test_cut_connection_before_or_after_the_effect(
    table: Table, sandbox: Sandbox, after_effect: bool, total: int
) -> None:
    _set(sandbox, endpoint="/item", kind="cut_connection", after_effect=after_effect)
    with pytest.raises(requests.exceptions.ConnectionError):
        table.raw_create(键="a")
    assert table.list()["total"] == total


def test_fault_waits_and_ends(table: Table, sandbox: Sandbox) -> None:
    _set(sandbox, endpoint="/item/list", kind="throttle", after_requests=2, times=3)
    body = {"table_id": table.table_id}
    codes = [sandbox.code("POST", "/item/list", body) for _ in range(7)]
    assert codes == [0, 0, 429, 429, 429, 0, 0]
    _set(sandbox, endpoint="/item/list", kind="throttle", times=None)
    assert [sandbox.code("POST", "/item/list", body) for _ in range(3)] == [429] * 3
    sandbox.control("faults", {"faults": []})
    assert sandbox.code("POST", "/item/list", body) == 0


def test_partial_batch_says_nothing_of_the_rest(table: Table, sandbox: Sandbox) -> None:
    _set(sandbox, endpoint="*", kind="partial_batch", keep=2)
    assert table.upsert("键", [{"键": key} for key in "abcd"])["code"] == 0
    assert table.list()["total"] == 2
    assert sandbox.look("callbacks")["callbacks"][0]["body"]["data"]["failed"] == []


@pytest.mark.parametrize(
    ("kind", "state"), [("late_callback", "pending"), ("duplicate_callback", "pending"), ("lost_callback", "lost")]
)
def test_callback_faults_strike_one_batch(table: Table, sandbox: Sandbox, kind: str, state: str) -> None:
    sandbox.control("callback_address", {"api_key": sandbox.key, "callback_url": "http://127.0.0.1:9/"})
    _set(sandbox, endpoint="PUT /items", kind=kind)
    table.list()
    table.upsert("键", [{"键": "a"}])
    sandbox.settle()
    assert [entry["state"] for entry in sandbox.look("callbacks")["callbacks"]] == [state]


def test_subscriptions_are_kept_listed_and_queued(table: Table, sandbox: Sandbox) -> None:
    source = {"source_type": "table", "source_id": table.table_id}
    sandbox.call("POST", "/event/subscribe", {**source, "events": ["item.update", "item.create"]})
    listed = sandbox.call("POST", "/event/list", {**source, "limit": 20, "offset": 0})
    assert listed == {"total": 1, "subscribes": [{**source, "events": ["item.update", "item.create"], "state": 1}]}
    item_id = table.create(键="a")
    table.update(item_id, 键="b")
    sandbox.call("DELETE", f"/item/{item_id}")
    callbacks = sandbox.look("callbacks")["callbacks"]
    assert [(entry["event"], entry["state"]) for entry in callbacks] == [
        ("item.create", "no_address"),
        ("item.update", "no_address"),
    ]
    assert callbacks[1]["body"]["data"]["item"] == {"item_id": item_id, "title": "b", "fields": {table.ids["键"]: "b"}}
    sandbox.call("POST", "/event/unsubscribe", source)
    assert sandbox.call("POST", "/event/list", {})["total"] == 0
    for bad in ({"events": []}, {"events": ["item.paint"]}, {"source_type": "space", "events": ["item.create"]}):
        assert sandbox.code("POST", "/event/subscribe", {**source, **bad}) == 502
