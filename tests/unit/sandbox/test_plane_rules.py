"""Every switch of the planes beside v1 alone, and the identity rules that are not switches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import simplejson

from huoban_perf.sandbox.rules import SWITCHES
from tests.unit.sandbox.driver import URL, Sandbox

Probe = Callable[[Sandbox], Any]
_CASES: dict[str, tuple[Probe, object, Any, Any]] = {}
TEXT = {"field_id": "name", "alias": "name", "name": "名称", "type": "text", "config": {"type": "input"}}


def _case(name: str, other: object, usual: Any, changed: Any) -> Callable[[Probe], Probe]:
    def keep(probe: Probe) -> Probe:
        _CASES[name] = (probe, other, usual, changed)
        return probe

    return keep


def ticket(sandbox: Sandbox, **more: Any) -> dict[str, str]:
    made = sandbox.control("ticket", {"space_ids": [sandbox.space], **more})
    return {"X-Huoban-Ticket": made["ticket"]}


def login(sandbox: Sandbox, **more: Any) -> dict[str, str]:
    member = sandbox.control("build/member", {"space_id": sandbox.space, "name": "王芳"})["user_id"]
    made = sandbox.control("login", {"space_id": sandbox.space, "member_id": member, **more})
    return {
        "Authorization": f"Bearer {made['access_token']}",
        "x-huoban-tenant-id": made["tenant_id"],
        "x-huoban-token-company": made["token_company"],
    }


def send(sandbox: Sandbox, method: str, path: str, body: Any = None, *, headers: dict[str, str]) -> Any:
    data = None if body is None else simplejson.dumps(body).encode()
    answer = sandbox.session.request(method, f"{URL}{path}", data=data, headers=headers)
    sandbox.status = answer.status_code
    return simplejson.loads(answer.text)


def created(sandbox: Sandbox, *fields: dict[str, Any], headers: dict[str, str] | None = None) -> Any:
    body = {"name": "表", "alias": "tab", "fields": list(fields)}
    return send(sandbox, "POST", f"/v2/table/space/{sandbox.space}", body, headers=headers or ticket(sandbox))


@_case("plane_error_status", "5xx", 401, 500)
def _(sandbox: Sandbox) -> Any:
    send(sandbox, "GET", f"/v2/space/{sandbox.space}", headers={"X-Huoban-Ticket": "x"})
    return sandbox.status


@_case("v2_writes", "closed", None, 9600001)
def _(sandbox: Sandbox) -> Any:
    return created(sandbox, TEXT).get("code")


@_case("v2_writer", "login", (None, None), (9600001, None))
def _(sandbox: Sandbox) -> Any:
    by_person = login(sandbox, is_admin=True)
    return created(sandbox, TEXT).get("code"), created(sandbox, TEXT, headers=by_person).get("code")


@_case("v2_outside", "forbidden", (404, 3500002), (403, 9600001))
def _(sandbox: Sandbox) -> Any:
    elsewhere = sandbox.control("build/workspace", {"name": "别处"})["space_id"]
    answer = send(sandbox, "GET", f"/v2/space/{elsewhere}", headers=ticket(sandbox))
    return sandbox.status, answer["code"]


@_case("v2_omitted_fields", "deleted", ["名称", "新"], ["新"])
def _(sandbox: Sandbox) -> Any:
    table = created(sandbox, TEXT)
    new = {**TEXT, "field_id": "fresh", "alias": "fresh", "name": "新", "_new": True}
    body = {"fields": [new], "new_field_alias": ["fresh"], "delete_field_ids": []}
    after = send(sandbox, "PUT", f"/v2/table/{table['table_id']}", body, headers=ticket(sandbox))
    return [field["name"] for field in after["fields"]]


@_case("v2_alias", "dotted", "name", "tab.name")
def _(sandbox: Sandbox) -> Any:
    return created(sandbox, TEXT)["fields"][0]["alias"]


@_case("v2_relation", "refuse", None, 502)
def _(sandbox: Sandbox) -> Any:
    table = created(sandbox, TEXT)
    config = {"table_id": table["table_id"], "type": "single"}
    relation = {**TEXT, "field_id": "up", "alias": "up", "name": "上级", "type": "relation", "config": config}
    return created(sandbox, TEXT, relation).get("code")


def automation(sandbox: Sandbox) -> tuple[dict[str, str], str]:
    """A table's id, and the headers of an administrator."""
    headers = login(sandbox, is_admin=True)
    table = sandbox.table("表", [{"name": "名"}])
    return headers, table.table_id


def posted(sandbox: Sandbox, *, sort: str = "button", headers: dict[str, str] | None = None, **more: Any) -> Any:
    own, table_id = automation(sandbox)
    body = {"name": "按钮", "table_id": int(table_id), **more}
    return send(sandbox, "POST", f"/paas/automation/{sort}", body, headers=own | (headers or {}))


@_case("gateway_500_status", 200, (500, 500), (200, 500))
def _(sandbox: Sandbox) -> Any:
    answer = posted(sandbox, headers={"x-huoban-token-company": ""})
    return sandbox.status, answer["code"]


@_case("gateway_scripts", "take", 500, 0)
def _(sandbox: Sandbox) -> Any:
    answer = posted(sandbox, nodes=[{"vars": [{"field_id": 2299999999999999}], "code": "{a}"}])
    assert answer["code"] == 0 or answer["errors"] == {"error_message": "script_error：变量无效或不存在"}
    return answer["code"]


@_case("gateway_id_key", "button_id", ["automation_id"], ["button_id"])
def _(sandbox: Sandbox) -> Any:
    return list(posted(sandbox)["data"])


def listed(sandbox: Sandbox, table_id: str, headers: dict[str, str]) -> Any:
    path = f"/paasapi/admin/space/{sandbox.space}/source_type/automation/layout?automation_table_id={table_id}"
    return send(sandbox, "GET", path, headers=headers)


@_case("gateway_starts", "disable", "enable", "disable")
def _(sandbox: Sandbox) -> Any:
    headers, table_id = automation(sandbox)
    send(sandbox, "POST", "/paas/automation/call", {"name": "n", "table_id": table_id}, headers=headers)
    return listed(sandbox, table_id, headers)["layout"][0]["automation_list"][0]["status"]


@_case("gateway_list", "member", 9600001, None)
def _(sandbox: Sandbox) -> Any:
    _, table_id = automation(sandbox)
    return listed(sandbox, table_id, login(sandbox)).get("code")


@pytest.mark.parametrize("name", sorted(_CASES))
def test_switch_alone_changes_what_it_says(name: str) -> None:
    probe, other, usual, changed = _CASES[name]
    for switches, expected in (({}, usual), ({name: other}, changed)):
        sandbox = Sandbox().begin()
        sandbox.mode(**switches)
        assert probe(sandbox) == expected, (name, switches)
        sandbox.close()


def test_every_switch_of_a_plane_has_a_test() -> None:
    assert set(_CASES) == {switch.name for switch in SWITCHES if switch.reference != "openapi-v1"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Huoban-Ticket": "nobody's"},
        {"Authorization": "Bearer nobody's"},
        {"Open-Authorization": "Bearer {key}"},
        {"Authorization": "Bearer {key}"},
    ],
)
def test_v2_knows_tickets_and_logins_only(sandbox: Sandbox, headers: dict[str, str]) -> None:
    filled = {name: value.format(key=sandbox.key) for name, value in headers.items()}
    answer = send(sandbox, "GET", f"/v2/space/{sandbox.space}", headers=filled)
    assert (sandbox.status, answer["code"]) == (401, 100)


def test_ticket_ends_by_the_worlds_clock(sandbox: Sandbox) -> None:
    headers = ticket(sandbox, lives_s=10)
    assert "code" not in send(sandbox, "GET", f"/v2/space/{sandbox.space}", headers=headers)
    sandbox.control("clock", {"advance_s": 10})
    assert send(sandbox, "GET", f"/v2/space/{sandbox.space}", headers=headers)["code"] == 100


def test_right_to_build_may_be_lacking_and_be_given(sandbox: Sandbox) -> None:
    headers = login(sandbox)
    assert created(sandbox, TEXT, headers=headers)["code"] == 9600001
    token = headers["Authorization"].removeprefix("Bearer ")
    sandbox.control("credential", {"credential": token, "space_id": sandbox.space, "may_build": True})
    assert created(sandbox, TEXT, headers=headers)["name"] == "表"


def test_answers_say_how_sure_they_are(sandbox: Sandbox) -> None:
    for path, expected in ((f"/v2/space/{sandbox.space}", "recovered"), ("/v2/view/1", "inferred")):
        answer = sandbox.session.get(f"{URL}{path}", headers=ticket(sandbox))
        assert answer.headers["X-Sandbox-Fidelity"] == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v2/permissions/table/1"), ("POST", "/v2/space"), ("DELETE", "/v2/table/1"), ("POST", "/v2/view/1")],
)
def test_what_was_not_recovered_is_refused(sandbox: Sandbox, method: str, path: str) -> None:
    answer = send(sandbox, method, path, {}, headers=ticket(sandbox))
    assert (sandbox.status, answer["code"]) == (404, 501)


@pytest.mark.parametrize(
    "entry",
    [
        {**TEXT, "type": "user"},
        {**TEXT, "config": {"type": "markdown"}},
        {**TEXT, "type": "category", "config": {"type": "single", "options": [{"id": 2, "name": "乙"}]}},
        {"field_id": "", "name": "无键", "type": "text", "config": {"type": "input"}},
    ],
)
def test_field_of_no_recovered_form_is_refused_and_nothing_is_made(sandbox: Sandbox, entry: dict[str, Any]) -> None:
    assert created(sandbox, TEXT, entry)["code"] == 502
    assert sandbox.call("POST", "/table/list", {"space_id": sandbox.space})["tables"] == []


def test_layouts_name_fields_and_nothing_else(sandbox: Sandbox) -> None:
    body = {"name": "表", "fields": [TEXT], "field_layout": [["name"], ["other"]], "list_layout": ["name"]}
    path = f"/v2/table/space/{sandbox.space}"
    assert send(sandbox, "POST", path, body, headers=ticket(sandbox))["code"] == 502
    whole = send(sandbox, "POST", path, {**body, "field_layout": [["name"]]}, headers=ticket(sandbox))
    assert whole["field_layout"] == [[whole["fields"][0]["field_id"]]]
    assert isinstance(whole["table_id"], int)


def test_unknown_field_to_delete_is_refused(sandbox: Sandbox) -> None:
    table = created(sandbox, TEXT)
    body = {**table, "delete_field_ids": [2299999999999999]}
    path = f"/v2/table/{table['table_id']}"
    assert send(sandbox, "PUT", path, body, headers=ticket(sandbox))["code"] == 502
    gone = {**table, "delete_field_ids": [table["fields"][0]["field_id"]], "fields": [], "name": "改名"}
    gone |= {"field_layout": [], "list_layout": []}
    after = send(sandbox, "PUT", path, gone, headers=ticket(sandbox))
    assert (after["name"], after["fields"]) == ("改名", [])


# --- the automation gateway -------------------------------------------------------------------------------------------


def test_document_reads_as_it_was_written_but_for_residue(sandbox: Sandbox) -> None:
    headers, table_id = automation(sandbox)
    document = {"zeta": 1, "name": "按钮", "table_id": int(table_id), "alpha": [{"b": 1.50, "a": None}]}
    made = send(sandbox, "POST", "/paas/automation/button", document, headers=headers)["data"]["automation_id"]
    path = f"/paas/automation/{made}"
    read = send(sandbox, "GET", path, headers={"Authorization": headers["Authorization"]})["data"]
    residue = {"automation_id": made, "status": "enable", "mappings": {}}
    assert read == {"type": "button", **document, **residue}
    assert list(read)[1:5] == ["zeta", "name", "table_id", "alpha"]
    assert send(sandbox, "PUT", path, document, headers=headers)["code"] == 502
    changed = {**document, "automation_id": made, "name": "新名"}
    assert send(sandbox, "PUT", path, changed, headers=headers)["code"] == 0
    assert send(sandbox, "GET", path, headers=headers)["data"]["name"] == "新名"
    assert send(sandbox, "DELETE", path, headers=headers)["code"] == 0
    assert send(sandbox, "GET", path, headers=headers)["code"] == 3500002


@pytest.mark.parametrize("header", ["Authorization", "Open-Authorization"])
def test_api_key_is_no_administrator_whatever_its_header(sandbox: Sandbox, header: str) -> None:
    _, table_id = automation(sandbox)
    answer = listed(sandbox, table_id, {header: f"Bearer {sandbox.key}"})
    assert (answer["code"], answer["message"]) == (9600001, "非工作区或表格管理员，无权管理触发器")


def test_write_without_the_company_header_is_a_bare_500_and_reading_works(sandbox: Sandbox) -> None:
    headers, table_id = automation(sandbox)
    bearer = {"Authorization": headers["Authorization"]}
    answer = send(sandbox, "POST", "/paas/automation/button", {"table_id": table_id}, headers=bearer)
    assert answer == {"code": 500, "message": "服务内部错误"}
    assert listed(sandbox, table_id, bearer) == {"layout": [{"automation_list": []}]}


def test_paths_of_the_vendors_own_gateway_are_unknown(sandbox: Sandbox) -> None:
    headers, _ = automation(sandbox)
    for path in ("/ai/v1/paas/automation/button", "/paas/view/1", "/paasapi/login"):
        assert send(sandbox, "POST", path, {}, headers=headers)["code"] == 501
