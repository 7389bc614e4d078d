"""``/v2``: tables as the vendor's old libraries read, create and update them; everything else is an unknown method.

Success is a bare object without ``code``; a refusal has ``code``, ``message``, ``errors``. Source: schema-plane.md §2,
§3, §15; nothing here is documented today, and much is [inferred] (see ``plane_rules``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Request, Response, request

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.asked import as_id, list_of, number_of, text_of
from huoban_perf.sandbox.faces.planes import VERBS, Plane, PlaneCall, PlaneRoute, code_of, refusal_response, status_of
from huoban_perf.sandbox.faces.v1 import Gate
from huoban_perf.sandbox.faces.v2_fields import field_entity, new_field
from huoban_perf.sandbox.world.credentials import Credential
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.refusals import AccessRefusedError, NotAdminError, ParameterError, RefusalError
from huoban_perf.sandbox.world.state import Call, World

BASE = "/v2"
TICKET_LIVES_S = 1_209_600
"""Source: schema-plane.md §2 [code S1 S2]: what the vendor's library asks for."""
_NOBODY = Credential(credential_id=0, sort="application", user_id=None, company="", rights={})
"""Who asks for a ticket shows its secret in the body."""
_ROUTES: list[tuple[re.Pattern[str], PlaneRoute]] = []


def _ticket(asked: PlaneCall) -> Any:
    """获取 ticket. Source: schema-plane.md §2 [code S1 S2]."""
    secret = text_of(asked.body, "application_secret")
    known = asked.world.credentials.recognise(secret, sort="application")
    if str(known.credential_id) != str(asked.body.get("application_id", "")):
        raise AccessRefusedError
    lives_s = number_of(asked.body, "expired", default=TICKET_LIVES_S)
    return {"ticket": asked.world.credentials.mint("ticket", user_id=None, rights=known.rights, lives_s=lives_s).text}


def _space(asked: PlaneCall) -> Any:
    """工作区. Source: schema-plane.md §7 [code S1 S2]."""
    space_id = asked.ids[0]
    asked.may_see(space_id)
    definitions = asked.world.definitions
    return {
        "space_id": space_id,
        "name": definitions.space_name(space_id),
        "table_ids": definitions.table_ids(space_id),
    }


def _table(asked: PlaneCall) -> Any:
    """表格. Source: schema-plane.md §3 [code S2], §3.2 [doc D1]."""
    table = asked.world.definitions.table(asked.ids[0])
    asked.may_see(table.space_id)
    return _entity(table, asked)


def _tables(asked: PlaneCall) -> Any:
    """表格列表. Source: schema-plane.md §3 [code S1 S2 S4]."""
    space_id = asked.ids[0]
    asked.may_see(space_id)
    definitions = asked.world.definitions
    return [_entity(definitions.table(table_id), asked) for table_id in definitions.table_ids(space_id)]


def _create(asked: PlaneCall) -> Any:
    """创建表格. Source: schema-plane.md §3.1 [code S1 S2]; that no field is needed is [inferred]."""
    space_id = asked.ids[0]
    _may_write(asked, space_id)
    fields = _entries(asked.body)
    keys = [str(entry.get("field_id", "")) for entry in fields]
    if len(set(keys)) != len(keys) or "" in keys:
        raise ParameterError("field_id", "every new field needs a key of its own")
    _check_layouts(asked.body, known=set(keys))
    table_id = asked.world.builder.table(
        space_id=space_id,
        name=text_of(asked.body, "name"),
        alias=text_of(asked.body, "alias", default=""),
        heading=None,
    )
    for number, entry in enumerate(fields):
        new = new_field(entry, rules=asked.rules, is_title=number == 0)
        asked.world.builder.field(new, table_id=table_id, rules=asked.rules)
    return _entity(asked.world.definitions.table(table_id), asked)


def _update(asked: PlaneCall) -> Any:
    """修改表格: the whole document, new fields marked. Source: schema-plane.md §3.3 [code S1 S2]."""
    table = asked.world.definitions.table(asked.ids[0])
    _may_write(asked, table.space_id)
    fields = _entries(asked.body)
    new = [entry for entry in fields if entry.get("_new")]
    kept = {str(as_id(entry.get("field_id"), "fields.field_id")) for entry in fields if not entry.get("_new")}
    doomed = {str(as_id(entry, "delete_field_ids")) for entry in asked.body.get("delete_field_ids") or []}
    if (kept | doomed) - table.by_key.keys():
        raise ParameterError("field_id", "no such field in the table")
    named = [str(entry.get("field_id", "")) for entry in new]
    if sorted(named) != sorted(str(key) for key in asked.body.get("new_field_alias") or []):
        raise ParameterError("new_field_alias", "names every new field")
    _check_layouts(asked.body, known=set(named) | table.by_key.keys())
    if asked.rules.v2_omitted_fields == "deleted":
        doomed |= table.by_key.keys() - kept
    for key in sorted(doomed):
        asked.world.builder.delete_field(table_id=table.table_id, field_id=int(key))
    for entry in new:
        made = new_field(entry, rules=asked.rules, is_title=False)
        asked.world.builder.field(made, table_id=table.table_id, rules=asked.rules)
    if text_of(asked.body, "name", default=table.name) != table.name:
        asked.world.builder.update_table(table_id=table.table_id, change={"name": asked.body["name"]})
    return _entity(asked.world.definitions.table(table.table_id), asked)


def _may_write(asked: PlaneCall, space_id: int) -> None:
    asked.may_build(space_id)
    if asked.rules.v2_writes == "closed" or asked.rules.v2_writer not in {"both", asked.credential.sort}:
        raise NotAdminError


def _entries(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    entries = list_of(body, "fields")
    if not all(isinstance(entry, dict) for entry in entries):
        raise ParameterError("fields")
    return entries


def _check_layouts(body: Mapping[str, Any], *, known: set[str]) -> None:
    """``field_layout`` is an array of rows, ``list_layout`` flat. Source: schema-plane.md §3.1 [code][doc D1]."""
    rows = body.get("field_layout", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ParameterError("field_layout", "an array of rows")
    flat = body.get("list_layout", [])
    if not isinstance(flat, list):
        raise ParameterError("list_layout")
    unknown = {str(key) for key in [*flat, *(key for row in rows for key in row)]} - known
    if unknown:
        raise ParameterError("field_layout", f"no field {', '.join(sorted(unknown))}")


def _entity(table: TableDef, asked: PlaneCall) -> dict[str, Any]:
    """Source: schema-plane.md §3.2 [doc D1]; ids are integers here (§2)."""
    rights = ["view", "update", "delete"] if asked.credential.rights.get(table.space_id) else ["view"]
    return {
        "table_id": table.table_id,
        "name": table.name,
        "alias": table.alias,
        "item_name": "",
        "space_id": table.space_id,
        "created_on": table.created_on,
        "item_title": {"type": "first_field", "template": ""},
        "rights": rights,
        "is_locked": False,
        "lock": {},
        "field_layout": [[field.field_id] for field in table.fields],
        "list_layout": [field.field_id for field in table.fields],
        "fields": [field_entity(field, table=table, rules=asked.rules) for field in table.fields],
    }


for _verb, _path, _writes, _handler in (
    ("POST", r"/ticket", False, _ticket),
    ("GET", r"/space/(\d{1,18})", False, _space),
    ("GET", r"/table/(\d{1,18})", False, _table),
    ("GET", r"/tables/space/(\d{1,18})", False, _tables),
    ("POST", r"/table/space/(\d{1,18})", True, _create),
    ("PUT", r"/table/(\d{1,18})", True, _update),
):
    _name = f"{_verb} {BASE}{re.sub(r'[(].*[)]', '{id}', _path)}"
    _route = PlaneRoute(name=_name, writes=_writes, fidelity="recovered", handler=_handler)
    _ROUTES.append((re.compile(f"{_verb} {_path}"), _route))


def _let_in(incoming: Request, world: World) -> Credential:
    """A ticket, or a signed-in person; an API key is neither. Source: schema-plane.md §1 [doc D1][code S1 S2 S4]."""
    if incoming.path == f"{BASE}/ticket":
        return _NOBODY
    ticket = incoming.headers.get("X-Huoban-Ticket", "")
    if ticket:
        return world.credentials.recognise(ticket, sort="ticket")
    scheme, _, token = incoming.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer":
        raise AccessRefusedError
    return world.credentials.recognise(token.strip(), sort="login")


def _succeeded(data: Any, call: Call) -> Response:
    del call
    return Response(wire.write(data).encode(), status=200, mimetype="application/json")


def _refused(error: RefusalError, call: Call) -> Response:
    code, message = code_of(error, call.rules)
    return refusal_response({"code": code, "message": message, "errors": {}}, status_of(error, call.rules))


def v2_face(gate: Gate) -> Blueprint:
    """Return the v2 tables plane.

    Args:
        gate: Way in to the world.
    """
    face = Blueprint("v2", __name__, url_prefix=BASE)
    plane = Plane(gate=gate, let_in=_let_in, succeeded=_succeeded, refused=_refused)

    @face.route("/<path:rest>", methods=VERBS)
    def answer(rest: str) -> Response:
        for pattern, route in _ROUTES:
            if found := pattern.fullmatch(f"{request.method} /{rest}"):
                return plane.answer(request, route, found.groups())
        return plane.answer(request, None, ())

    return face
