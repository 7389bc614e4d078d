"""``/paas`` and ``/paasapi``: the private automation gateway, for the login token of an administrator.

``/paas`` answers in an envelope, ``/paasapi`` bare. The web page's headers matter: without the company header a write
ends in a bare 500 that hides its cause. Source: automation-plane.md §3.1, §11.4; schema-plane.md §2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Request, Response, request

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.asked import as_id
from huoban_perf.sandbox.faces.planes import VERBS, Plane, PlaneCall, PlaneRoute, code_of, refusal_response, status_of
from huoban_perf.sandbox.faces.v1 import Gate
from huoban_perf.sandbox.world.automations import Automation
from huoban_perf.sandbox.world.credentials import Credential, hash_of
from huoban_perf.sandbox.world.refusals import (
    AccessRefusedError,
    NoReasonError,
    NotAdminError,
    ParameterError,
    RefusalError,
    ScriptError,
)
from huoban_perf.sandbox.world.state import Call, World

_INTERNAL = (500, "服务内部错误")
"""Source: automation-plane.md §3.1 [verified by practitioners A1 A2]."""
_RESIDUE = ("mappings", "button_id", "status")


def _create(asked: PlaneCall) -> Any:
    """新建. Source: automation-plane.md §3.1 [code A3, verified A1]; ``table_id`` naming the table is [inferred]."""
    sort = asked.words[0]
    table_id = as_id(asked.body.get("table_id"), "table_id")
    _may_write(asked, table_id)
    document = {"type": sort, **_checked(asked)}
    made = asked.world.automations.create(
        sort=sort, table_id=table_id, status=asked.rules.gateway_starts, document=document
    )
    return {_id_key(asked, sort): made}


def _read(asked: PlaneCall) -> Any:
    """读取: works with the token alone. Source: automation-plane.md §3.1 [verified A1]."""
    found = asked.world.automations.get(asked.ids[0])
    asked.may_see(asked.world.definitions.table(found.table_id).space_id)
    return _shown(found, asked)


def _update(asked: PlaneCall) -> Any:
    """修改: the document with its id inside. Source: automation-plane.md §3.1 [code A3, verified A1]."""
    found = asked.world.automations.get(asked.ids[0])
    _may_write(asked, found.table_id)
    if str(asked.body.get("automation_id", "")) != str(found.automation_id):
        raise ParameterError("automation_id", "the id of the path")
    document = {name: part for name, part in _checked(asked).items() if name != "automation_id"}
    asked.world.automations.replace(found.automation_id, {"type": found.sort, **document})
    return {_id_key(asked, found.sort): found.automation_id}


def _delete(asked: PlaneCall) -> Any:
    """删除. Source: automation-plane.md §3.1 [code A3], not reported as tried."""
    found = asked.world.automations.get(asked.ids[0])
    _may_write(asked, found.table_id)
    asked.world.automations.delete(found.automation_id)
    return {}


def _layout(asked: PlaneCall) -> Any:
    """表格的自动化列表. Source: automation-plane.md §3.1 [code A3]; who may read it is the switch ``gateway_list``."""
    space_id = asked.ids[0]
    asked.may_see(space_id)
    if asked.rules.gateway_list == "admin":
        asked.may_build(space_id)
    table_id = as_id(asked.query.get("automation_table_id", ""), "automation_table_id")
    if asked.world.definitions.table(table_id).space_id != space_id:
        raise ParameterError("automation_table_id", "no table of the workspace")
    entries = [
        {
            _id_key(asked, found.sort): found.automation_id,
            "type": found.sort,
            "name": str(found.document.get("name", "")),
            "status": found.status,
        }
        for found in asked.world.automations.of_table(table_id)
    ]
    return {"layout": [{"automation_list": entries}]}


def _may_write(asked: PlaneCall, table_id: int) -> None:
    asked.may_build(asked.world.definitions.table(table_id).space_id)
    if hash_of(asked.company) != asked.credential.company:
        raise NoReasonError


def _checked(asked: PlaneCall) -> dict[str, Any]:
    """Source: automation-plane.md §3.1 [verified A1]: ``script_error：…``; switch ``gateway_scripts``."""
    document = dict(asked.body)
    if asked.rules.gateway_scripts == "check":
        space_id = asked.world.definitions.table(as_id(document.get("table_id"), "table_id")).space_id
        known = {
            key
            for table_id in asked.world.definitions.table_ids(space_id)
            for key in asked.world.definitions.table(table_id).by_key
        }
        for variable in _variables(document):
            field_id = str(variable.get("field_id", ""))
            if field_id.isdigit() and field_id not in known:
                raise ScriptError("script_error：变量无效或不存在")
    return document


def _variables(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        yield from (entry for entry in node.get("vars") or [] if isinstance(entry, dict))
        for part in node.values():
            yield from _variables(part)
    elif isinstance(node, list):
        for part in node:
            yield from _variables(part)


def _id_key(asked: PlaneCall, sort: str) -> str:
    """Source: automation-plane.md §3.1 [code A3]: both words were seen; switch ``gateway_id_key``."""
    return "button_id" if asked.rules.gateway_id_key == "button_id" and sort == "button" else "automation_id"


def _shown(found: Automation, asked: PlaneCall) -> dict[str, Any]:
    """A document reads with residue that must not be sent back. Source: automation-plane.md §3.1 [A1]."""
    document = {name: part for name, part in found.document.items() if name not in _RESIDUE}
    ours = {_id_key(asked, found.sort): found.automation_id, "status": found.status, "mappings": {}}
    return {**document, **ours}


_ROUTES: list[tuple[re.Pattern[str], PlaneRoute]] = [
    (re.compile(pattern), PlaneRoute(name=name, writes=writes, fidelity="recovered", handler=handler))
    for pattern, name, writes, handler in (
        (r"POST /paas/automation/([a-z_]+)", "POST /paas/automation/{type}", True, _create),
        (r"GET /paas/automation/(\d{1,18})", "GET /paas/automation/{id}", False, _read),
        (r"PUT /paas/automation/(\d{1,18})", "PUT /paas/automation/{id}", True, _update),
        (r"DELETE /paas/automation/(\d{1,18})", "DELETE /paas/automation/{id}", True, _delete),
        (
            r"GET /paasapi/admin/space/(\d{1,18})/source_type/automation/layout",
            "GET /paasapi/…/automation/layout",
            False,
            _layout,
        ),
    )
]


def _let_in(incoming: Request, world: World) -> Credential:
    """A login token; an API key, however it is sent, is no administrator. Source: schema-plane.md §2 [verified S6]."""
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    own = incoming.headers.get("Open-Authorization", "").removeprefix("Bearer ").strip()
    for text in (token.strip(), own):
        if _is_api_key(text, world):
            raise NotAdminError
    if scheme != "Bearer":
        raise AccessRefusedError
    return world.credentials.recognise(token.strip(), sort="login")


def _is_api_key(text: str, world: World) -> bool:
    try:
        world.keys.recognise(text)
    except AccessRefusedError:
        return False
    return True


def _enveloped(data: Any, call: Call) -> Response:
    del call
    return Response(wire.write({"code": 0, "message": "success", "data": data}), mimetype="application/json")


def _bare(data: Any, call: Call) -> Response:
    del call
    return Response(wire.write(data), mimetype="application/json")


def _refused(error: RefusalError, call: Call) -> Response:
    if isinstance(error, NoReasonError | ScriptError):
        code, message = _INTERNAL
        body: dict[str, Any] = {"code": code, "message": message}
        if isinstance(error, ScriptError):
            body["errors"] = {"error_message": str(error)}
        return refusal_response(body, call.rules.gateway_500_status)
    code, message = code_of(error, call.rules)
    return refusal_response({"code": code, "message": message, "errors": {}}, status_of(error, call.rules))


def paas_face(gate: Gate) -> Blueprint:
    """Return the automation gateway.

    Args:
        gate: Way in to the world.
    """
    face = Blueprint("paas", __name__)
    planes = {
        "/paas": Plane(gate=gate, let_in=_let_in, succeeded=_enveloped, refused=_refused),
        "/paasapi": Plane(gate=gate, let_in=_let_in, succeeded=_bare, refused=_refused),
    }

    def answer(rest: str) -> Response:
        del rest
        plane = planes["/" + request.path.split("/")[1]]
        for pattern, route in _ROUTES:
            if found := pattern.fullmatch(f"{request.method} {request.path}"):
                return plane.answer(request, route, found.groups())
        return plane.answer(request, None, ())

    for name in planes:
        face.add_url_rule(f"{name}/<path:rest>", endpoint=name.strip("/"), view_func=answer, methods=VERBS)
    return face
