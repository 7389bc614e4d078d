"""Every switch alone: what it changes on the wire, and that none is without a test."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from huoban_perf.sandbox.callbacks import push_due
from huoban_perf.sandbox.rules import SWITCHES, Rules, rules_of
from huoban_perf.sandbox.switches import MODES, SwitchError
from tests.unit.sandbox.driver import Sandbox, Table

Probe = Callable[[Sandbox], Any]
_CASES: dict[str, tuple[Probe, object, Any, Any]] = {}
"""Switch → probe, other value, what the probe sees in mode documented, what it sees with the other value."""


def _case(name: str, other: object, usual: Any, changed: Any) -> Callable[[Probe], Probe]:
    def keep(probe: Probe) -> Probe:
        _CASES[name] = (probe, other, usual, changed)
        return probe

    return keep


def _things(sandbox: Sandbox, *extra: dict[str, Any]) -> Table:
    return sandbox.table("物", [{"name": "名", "is_title": True}, *extra])


def _config(sandbox: Sandbox, **field: Any) -> dict[str, Any]:
    table = _things(sandbox, {"name": "另", **field})
    fields = sandbox.call("POST", f"/table/{table.table_id}", {})["table"]["fields"]
    return dict(fields[1])


def _written(sandbox: Sandbox, value: Any, **field: Any) -> Any:
    """Return the cell as it reads after a write, or the code of the refusal."""
    table = _things(sandbox, {"name": "另", **field})
    answer = table.raw_create(名="甲", 另=value)
    if answer["code"]:
        return answer["code"]
    data = answer["data"]
    return table.read(data["item"]["item_id"]).get("另")


@_case("error_status", 500, 200, 500)
def _(sandbox: Sandbox) -> Any:
    sandbox.code("POST", "/nothing")
    return sandbox.status


@_case("bare_key", "refuse", 0, 100)
def _(sandbox: Sandbox) -> Any:
    return sandbox.raw("GET", "/space/list", headers={"Open-Authorization": sandbox.key})["code"]


@_case("throttle_answer", "envelope", (429, 429), (200, 429))
def _(sandbox: Sandbox) -> Any:
    sandbox.control("limits", {"per_second": 1})
    codes = [sandbox.code("GET", "/space/list") for _ in range(2)]
    return sandbox.status, codes[1]


@_case("bad_write_code", 777, 502, 777)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, "五", kind="number")


@_case("empty_object", "php_array", {}, [])
def _(sandbox: Sandbox) -> Any:
    return _config(sandbox, kind="number")["config"]


@_case("member_total", False, True, False)
def _(sandbox: Sandbox) -> Any:
    return "total" in sandbox.call("POST", "/space/member/list", {"space_id": sandbox.space})


@_case("table_list_paging", "honour", 2, 1)
def _(sandbox: Sandbox) -> Any:
    sandbox.table("一", [])
    sandbox.table("二", [])
    return len(sandbox.call("POST", "/table/list", {"space_id": sandbox.space, "limit": 1})["tables"])


@_case("field_alias", False, True, False)
def _(sandbox: Sandbox) -> Any:
    return "alias" in _config(sandbox)


@_case("field_unique", True, None, True)
def _(sandbox: Sandbox) -> Any:
    return _config(sandbox, unique=True).get("unique")


@_case("field_help", True, None, "说明")
def _(sandbox: Sandbox) -> Any:
    return _config(sandbox, help="说明").get("description")


@_case("text_type", False, "textarea", None)
def _(sandbox: Sandbox) -> Any:
    return dict(_config(sandbox, kind="text_long")["config"]).get("type")


@_case("choice_multi", False, 1, None)
def _(sandbox: Sandbox) -> Any:
    return dict(_config(sandbox, kind="choices")["config"]).get("is_multi")


@_case("member_multi", True, None, 1)
def _(sandbox: Sandbox) -> Any:
    return dict(_config(sandbox, kind="members")["config"]).get("is_multi")


@_case("presentation_type", "own", "text", "phone")
def _(sandbox: Sandbox) -> Any:
    return _config(sandbox, kind="phone")["field_type"]


def _related(sandbox: Sandbox) -> Table:
    target = sandbox.table("目标", [{"name": "题", "is_title": True}])
    table = _things(sandbox, {"name": "关联", "kind": "relation", "target_table_id": target.table_id})
    table.create(名="甲", 关联=[target.create(题="去处")])
    return table


@_case("relation_shape", "object", list, dict)
def _(sandbox: Sandbox) -> Any:
    table = _related(sandbox)
    return type(table.named(table.list()["items"][0])["关联"])


@_case("empty_cells", "null", False, True)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox, {"name": "另"})
    return "另" in table.read(table.create(名="甲"))


@_case("file_shape", "id", dict, str)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox, {"name": "附件", "kind": "file"})
    item_id = table.create(名="甲", 附件=[_upload(sandbox)])
    return type(table.read(item_id)["附件"][0])


def _upload(sandbox: Sandbox) -> str:
    answer = sandbox.session.post(
        "http://sandbox.test/openapi/v1/file/upload",
        data={"type": "attachment", "name": "说明.txt"},
        files={"source": ("说明.txt", b"text")},
        headers={"Open-Authorization": f"Bearer {sandbox.key}"},
    )
    return str(answer.json()["data"]["file_id"])


@_case("option_color", True, False, True)
def _(sandbox: Sandbox) -> Any:
    return "color" in _written(sandbox, ["1"], kind="choice", options=["甲"])[0]


@_case("updated_by", False, True, False)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    table.create(名="甲")
    return "updated_by" in table.list()["items"][0]


@_case("create_answer", "item_id", ["item"], ["item_id"])
def _(sandbox: Sandbox) -> Any:
    return list(_things(sandbox).raw_create(名="甲")["data"])


def _titles(answer: Any) -> list[str]:
    return [item["title"] for item in answer["items"]]


@_case("default_order", "newest", ["甲", "乙"], ["乙", "甲"])
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    for name in "甲乙":
        table.create(名=name)
    return _titles(table.list())


@_case("empty_sorts", "last", ["乙", "甲"], ["甲", "乙"])
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox, {"name": "数", "kind": "number"})
    table.create(名="甲", 数=1)
    table.create(名="乙")
    return _titles(table.list(order={"field_id": table.ids["数"], "type": "asc"}))


def _listed(sandbox: Sandbox, **body: Any) -> int:
    """Return how many rows come, or the code of the refusal."""
    table = _things(sandbox, {"name": "数", "kind": "number"}, {"name": "时", "kind": "datetime"})
    table.create(名="甲", 数=1, 时="2024-03-04 10:00:00")
    table.create(名="乙")
    answer = sandbox.raw("POST", "/item/list", {"table_id": table.table_id, **table_fields(table, body)})
    return answer["code"] or len(answer["data"]["items"])


def table_fields(table: Table, body: Any) -> Any:
    """Return a body with field names replaced by ids wherever they stand alone."""
    if isinstance(body, dict):
        return {key: table_fields(table, value) for key, value in body.items()}
    if isinstance(body, list):
        return [table_fields(table, value) for value in body]
    return table.ids.get(body, body) if isinstance(body, str) else body


@_case("limit_above_max", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, limit=101)


@_case("page_rows_max", 1, 2, 1)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, limit=100)


@_case("field_config", False, True, False)
def _(sandbox: Sandbox) -> Any:
    return "fields" in _things(sandbox).list(with_field_config=1)


@_case("view_id", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, view_id="3500000000000001")


@_case("unknown_operator", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "名", "query": {"contains": "甲"}})


@_case("unknown_filter_field", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "2299999999999999", "query": {"eq": "甲"}})


@_case("malformed_filter", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"conjunction": "and", "conditions": []})


@_case("unknown_list_key", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, order_by=[{"field": "created_on", "sort": "asc"}])


@_case("unknown_order", "error", 2, 502)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, order={"field_id": "nothing", "type": "asc"})


@_case("nem", "unknown", 1, 2)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "数", "query": {"nem": True}})


@_case("nin_text", "exact", [], ["甲乙"])
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    table.create(名="甲乙")
    return table.found("名", nin=["甲"])


@_case("negation_takes_empty", False, 1, 0)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "数", "query": {"ne": 1}})


@_case("day_of_moment", "instant", 1, 0)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "时", "query": {"eq": "2024-03-04"}})


@_case("more_date_words", "unknown", 1, 2)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "时", "query": {"eq": "this_month"}})


@_case("filter_alias", "unknown", 1, 2)
def _(sandbox: Sandbox) -> Any:
    return _listed(sandbox, filter={"field": "a_名", "query": {"eq": "甲"}})


@_case("unknown_field", "error", 0, 502)
def _(sandbox: Sandbox) -> Any:
    return _things(sandbox).raw_create(名="甲", **{"2299999999999999": 1})["code"]


@_case("computed_field", "error", 1, 502)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, 99, kind="auto_number")


@_case("unknown_reference", "ignore", 502, None)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, ["9"], kind="choice", options=["甲"])


@_case("bad_value", "ignore", 502, None)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, "五", kind="number")


@_case("required", "ignore", 502, 0)
def _(sandbox: Sandbox) -> Any:
    return _things(sandbox, {"name": "另", "required": True}).raw_create(名="甲")["code"]


@_case("unique", "error", 0, 502)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox, {"name": "另", "unique": True})
    table.create(另="一")
    return table.raw_create(另="一")["code"]


@_case("no_right_code", 9600002, 100, 9600002)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    member = sandbox.control("build/member", {"space_id": sandbox.space, "name": "王"})["user_id"]
    everything = {"group": "everyone", "default": True, "visible": [table.ids["名"]], "editable": [table.ids["名"]]}
    sandbox.control("build/permission", {"table_id": table.table_id, **everything})
    sandbox.key = sandbox.control("key", {"space_id": sandbox.space, "member_id": member})["api_key"]
    return table.raw_create(名="甲")["code"]


@_case("number_as_text", "accept", 502, Decimal("5.5"))
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, "5.5", kind="number")


@_case("loose_dates", "error", "2024-03-04 10:00:00", 502)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, "2024-03-04 10:00", kind="datetime")


@_case("user_objects", "error", "甲", 502)
def _(sandbox: Sandbox) -> Any:
    found = _written(sandbox, [{"id": "1"}], kind="choice", options=["甲"])
    return found if isinstance(found, int) else found[0]["name"]


@_case("empty_text_clears", False, None, 502)
def _(sandbox: Sandbox) -> Any:
    return _written(sandbox, "", kind="number")


@_case("deleted_target", "kept", None, "")
def _(sandbox: Sandbox) -> Any:
    table = _related(sandbox)
    [item] = table.list()["items"]
    target = table.named(item)["关联"][0]["item_id"]
    sandbox.call("DELETE", f"/item/{target}")
    found = table.read(item["item_id"]).get("关联")
    return found and found[0]["title"]


@_case("bulk_answer", "php_array", {}, [])
def _(sandbox: Sandbox) -> Any:
    return _things(sandbox).upsert("名", [{"名": "甲"}])["data"]


@_case("bulk_ticks", -1, 1, 0)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    table.upsert("名", [{"名": "甲"}])
    return table.list()["total"]


@_case("bulk_fate", "lost", 1, 0)
def _(sandbox: Sandbox) -> Any:
    table = _things(sandbox)
    table.upsert("名", [{"名": "甲"}])
    sandbox.settle()
    return table.list()["total"]


@_case("bulk_bad_entry", "call", 0, 502)
def _(sandbox: Sandbox) -> Any:
    return _things(sandbox, {"name": "数", "kind": "number"}).upsert("名", [{"名": "甲", "数": "五"}])["code"]


@_case("callback_fate", "lost", "pending", "lost")
def _(sandbox: Sandbox) -> Any:
    sandbox.control("callback_address", {"api_key": sandbox.key, "callback_url": "http://127.0.0.1:9/"})
    _things(sandbox).upsert("名", [{"名": "甲"}])
    sandbox.settle()
    return sandbox.look("callbacks")["callbacks"][0]["state"]


class _Ear:
    """A session that keeps what is posted."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def post(self, url: str, *, data: bytes, **_: Any) -> Any:
        self.bodies.append(data)
        return SimpleNamespace(status_code=200)


@_case("callback_encryption", "off", ["encrypted"], ["data", "event", "trace_id"])
def _(sandbox: Sandbox) -> Any:
    address = {"api_key": sandbox.key, "callback_url": "http://127.0.0.1:9/", "encrypt_key": "a key agreed on"}
    sandbox.control("callback_address", address)
    _things(sandbox).upsert("名", [{"名": "甲"}])
    sandbox.settle()
    ear = _Ear()
    assert push_due(sandbox.world, session=ear) == 1  # type: ignore[arg-type]
    return sorted(json.loads(ear.bodies[0]))


@_case("subscribe_path", "/elsewhere", 0, 501)
def _(sandbox: Sandbox) -> Any:
    body = {"source_type": "table", "source_id": _things(sandbox).table_id, "events": ["item.create"]}
    return sandbox.code("POST", "/event/subscribe", body)


@_case("unsubscribe_path", "/elsewhere", 0, 501)
def _(sandbox: Sandbox) -> Any:
    body = {"source_type": "table", "source_id": _things(sandbox).table_id}
    return sandbox.code("POST", "/event/unsubscribe", body)


@_case("file_details_path", "/elsewhere", 0, 501)
def _(sandbox: Sandbox) -> Any:
    return sandbox.code("POST", "/file/list", {"file_ids": []})


@_case("same_field_name", "allow", 502, 0)
def _(sandbox: Sandbox) -> Any:
    body = {"table_id": _things(sandbox).table_id, "name": "名", "alias": "", "kind": "text"}
    return sandbox.raw_control("build/field", body)["code"]


@pytest.mark.parametrize("name", sorted(_CASES))
def test_switch_alone_changes_what_it_says(name: str) -> None:
    probe, other, usual, changed = _CASES[name]
    for switches, expected in (({}, usual), ({name: other}, changed)):
        sandbox = Sandbox().begin()
        sandbox.mode(**switches)
        assert probe(sandbox) == expected, (name, switches)
        sandbox.close()


def test_every_switch_has_a_test() -> None:
    assert set(_CASES) == {switch.name for switch in SWITCHES if switch.reference == "openapi-v1"}


def test_every_switch_states_its_doubt() -> None:
    for switch in SWITCHES:
        assert switch.section.startswith("§")
        assert switch.meaning
        assert switch.question is None or 1 <= switch.question <= 15
        assert set(switch.modes) == set(MODES)
        for value in switch.modes.values():
            assert not switch.choices or value in switch.choices


def test_defaults_are_mode_documented() -> None:
    assert Rules() == rules_of("documented")
    assert rules_of("strict") != rules_of("awkward") != rules_of("documented")


@pytest.mark.parametrize(
    ("mode", "switches"),
    [("lenient", {}), ("strict", {"nothing": 1}), ("strict", {"error_status": 404}), ("strict", {"bulk_ticks": "1"}),
     ("strict", {"member_total": 1})],
)  # fmt: skip
def test_unknown_mode_switch_or_value_is_refused(mode: str, switches: dict[str, object]) -> None:
    with pytest.raises(SwitchError):
        rules_of(mode, switches=switches)


def test_mode_lists_every_switch_with_its_question(sandbox: Sandbox) -> None:
    sandbox.mode("awkward", error_status=200)
    told = {entry["name"]: entry for entry in sandbox.look("mode")["switches"]}
    assert told["error_status"]["value"] == 200
    assert told["relation_shape"]["value"] == "object"
    assert told["throttle_answer"]["question"] == 5
