"""The examples of the planes beside v1 against our client: what it sends, and what it makes of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import requests
import simplejson
from requests.structures import CaseInsensitiveDict

from huoban_perf.core import errors
from huoban_perf.core.addresses import Bindings, RemoteId, WorkspaceId, field_address
from huoban_perf.core.captures import Place, Prepared
from huoban_perf.core.changes import Action, SchemaOperation
from huoban_perf.core.schema import FieldSpec, ObservedSchema, TableSpec
from huoban_perf.platforms.huoban import HuobanConnection, HuobanOptions, PlaneAccess, connect, identity
from huoban_perf.platforms.huoban.endpoints import Endpoint, Mark
from huoban_perf.platforms.huoban.gateway.endpoints import GATEWAY
from huoban_perf.platforms.huoban.v2.endpoints import V2
from tests.contract.wire.planes.test_sandbox import FILES
from tests.contract.wire.test_client_decodes import ROOT, WORLDS, Names, StillClock, as_decimals

HOST = ROOT.removesuffix("/openapi/v1")
SECRETS = {
    "key": "k" * 40,
    "ticket": "t" * 40,
    "ticket:elsewhere": "u" * 40,
    "ticket:reader": "r" * 40,
    "ticket:ended": "v" * 40,
    "token": "a" * 40,
    "token:ended": "b" * 40,
    "company": "c" * 40,
    "company:wrong": "d" * 40,
    "application:secret": "e" * 40,
}
EXAMPLES = [example for file in FILES.values() for example in file["examples"]]
Json = dict[str, Any]


@dataclass
class Server(requests.adapters.BaseAdapter):
    """Answers the example's request as it says, and what our client asks besides from a table of its own."""

    example: Mapping[str, Any]
    names: Names
    beside: dict[str, Any] = field(default_factory=dict)
    sent: list[requests.PreparedRequest] = field(default_factory=list)
    asked_beside: list[requests.PreparedRequest] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        wanted, answer = self.example["request"], self.example["response"]
        path = str(request.url).removeprefix(HOST)
        if (request.method, path) == (wanted["method"], self.names.fill(wanted["path"])):
            self.sent.append(request)
            return self._answered(request, answer.get("status", 200), self.names.fill(answer["body"]))
        self.asked_beside.append(request)
        found = self.beside[f"{request.method} {path}"]
        body = found.pop(0) if isinstance(found, list) else found
        return self._answered(request, 200, body)

    def _answered(self, request: requests.PreparedRequest, status: int, body: Any) -> requests.Response:
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict({"Content-Type": "application/json"})
        response._content = json.dumps(body, ensure_ascii=False).encode()
        response.request, response.url = request, str(request.url)
        return response

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Client:
    """One example, with a connection whose identities are those of its request."""

    example: Mapping[str, Any]
    names: Names
    server: Server
    connection: HuobanConnection

    @property
    def wish(self) -> Mapping[str, Any]:
        return self.example["client"]  # type: ignore[no-any-return]

    @property
    def space(self) -> WorkspaceId:
        return WorkspaceId(self.names.ids["space"])

    def perform(self, spec: TableSpec | FieldSpec) -> Any:
        operation = SchemaOperation(
            address=spec.address,
            action=Action.CREATE,
            spec=spec,
            remote_ids=dict(self.names.bindings),
            locale="zh",
        )
        return self.connection.schema_sink.perform(workspace=self.space, operation=operation)

    def place(self) -> Place:
        return Place(
            workspace=self.space, schema=ObservedSchema(workspace=self.space, tables=()), bindings=Bindings({})
        )


def check(client: Client) -> None:
    client.connection.schema_sink.check(workspace=client.space)  # type: ignore[attr-defined]


def ticket(client: Client) -> None:
    secret = client.names.fill(client.wish.get("secret", "{{application:secret}}"))
    access = PlaneAccess(v2=identity.Application(application_id=client.names.ids["application"], secret=secret))
    connection = connected(client.server, access, planes=("v1", "v2"))
    client.server.beside[f"GET /v2/space/{client.space}"] = {"space_id": int(client.space)}
    connection.schema_sink.check(workspace=client.space)  # type: ignore[attr-defined]
    assert client.server.asked_beside[0].headers["X-Huoban-Ticket"] == "x"


def create_table(client: Client) -> None:
    table = client.names.specs[client.wish["table"]]
    fields = tuple(entry for entry in table.fields if entry.labels.zh in client.wish["fields"])
    body = client.names.fill(client.example["response"]["body"])
    client.server.beside[f"GET /v2/space/{client.space}"] = {"space_id": int(client.space)}
    client.server.beside[f"GET /v2/table/{body.get('table_id')}"] = body
    performed = client.perform(replace(table, fields=fields))
    options = [option for entry in fields for option in entry.options]
    assert len(performed.created) == 1 + len(fields) + len(options)
    assert performed.created[table.address] == str(body["table_id"])


def add_field(client: Client) -> None:
    table, (owner, name) = client.names.specs[client.wish["table"]], client.wish["field"].split(".")
    like = next(entry for entry in client.names.specs[owner].fields if entry.labels.zh == name)
    spec = replace(like, address=field_address(table.address.key, like.address.key))
    client.server.beside[f"GET /v2/space/{client.space}"] = {"space_id": int(client.space)}
    standing = client.names.fill(client.wish["standing"])
    after = client.names.fill(client.example["response"]["body"])
    client.server.beside[f"GET /v2/table/{client.names.bindings[table.address]}"] = [standing, after]
    performed = client.perform(spec)
    assert performed.created == {spec.address: str(after["fields"][-1]["field_id"])}


def raw(client: Client) -> None:
    request = client.example["request"]
    endpoint = Endpoint(
        name="example",
        method=request["method"],
        path=client.names.fill(request["path"]).removeprefix("/v2"),
        safe_to_repeat=True,
        writes=False,
        mark=Mark.OURS,
        source="-",
    )
    answer = client.connection.schema_sink._transport.call(endpoint)  # type: ignore[attr-defined]
    assert answer.data == as_decimals(client.names.fill(client.example["response"]["body"]))


def heads(client: Client) -> None:
    plane = client.connection.automations
    assert plane is not None
    table = next(iter(re.findall(r"automation_table_id=(\d+)", client.names.fill(client.example["request"]["path"]))))
    found = plane.heads(workspace=client.space, table_id=RemoteId(table))
    assert [head.name for head in found] == client.wish["names"]
    assert found[0].automation_id == client.names.ids["automation"]


def post(client: Client) -> None:
    plane = client.connection.automations
    assert plane is not None
    body = client.names.fill(client.example["request"]["body"])
    document = {name: part for name, part in body.items() if name != "automation_id"}
    prepared = Prepared(
        key="k",
        sort="button",
        name=body["name"],
        table_id=RemoteId(str(body["table_id"])),
        body=json.dumps(document),
        references=0,
    )
    layout = f"/paasapi/admin/space/{client.space}/source_type/automation/layout"
    client.server.beside[f"GET {layout}?automation_table_id={prepared.table_id}"] = {"layout": []}
    existing = client.names.fill(client.wish["automation_id"]) if "automation_id" in client.wish else None
    for number in (existing, "7500000000000777"):
        client.server.beside[f"GET /paas/automation/{number}"] = {"code": 0, "data": {**body, "status": "enable"}}
    posting = plane.post(prepared=prepared, place=client.place(), automation_id=existing)
    assert posting.differences == ()
    assert posting.automation_id == (existing or "7500000000000777")


def connected(server: Server, access: PlaneAccess, *, planes: Any) -> HuobanConnection:
    session = requests.Session()
    session.mount("http://", server)
    return connect(
        options=HuobanOptions(base_url=ROOT, planes=planes, attempts=1),
        api_key=SECRETS["key"],
        session=session,
        clock=StillClock(),
        access=access,
    )


CALLS: dict[str, Callable[[Client], None]] = {
    "ticket": ticket,
    "check": check,
    "create_table": create_table,
    "add_field": add_field,
    "raw": raw,
    "heads": heads,
    "post": post,
}


def prepare(example: Mapping[str, Any]) -> Client:
    names = Names(WORLDS[example["world"]])
    names.ids |= {**SECRETS, "tenant": "9000000000000001", "application": "77", "automation": "7500000000000001"}
    headers = example["request"]["headers"]
    server = Server(example=example, names=names)
    bearer = names.fill(headers.get("Authorization", "Bearer {{token}}")).removeprefix("Bearer ")
    tickets = names.fill(headers.get("X-Huoban-Ticket", "{{ticket}}"))
    access = PlaneAccess(
        v2=identity.login(bearer) if example["client"].get("identity") == "login" else identity.ticket(tickets),
        gateway=identity.gateway(
            token=bearer,
            tenant_id=names.ids["tenant"],
            token_company=names.fill(headers.get("x-huoban-token-company", "{{company}}")),
            request_id=lambda: "0" * 32,
        ),
    )
    connection = connected(server, access, planes=("v1", "v2", "gateway"))
    return Client(example=example, names=names, server=server, connection=connection)


def check_request(client: Client) -> None:
    request, sent = client.example["request"], client.server.sent[0]
    for name, value in request["headers"].items():
        assert sent.headers[name] == client.names.fill(value), name
    if "body" in request:
        assert sent.body is not None
        assert simplejson.loads(sent.body, use_decimal=True) == as_decimals(client.names.fill(request["body"]))
    else:
        assert sent.body is None


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "client" in e["replay"]], ids=lambda example: example["id"])
def test_client_sends_and_decodes_as_written(example: dict[str, Any]) -> None:
    client = prepare(example)
    wish = client.wish
    if "error" in wish:
        with pytest.raises(getattr(errors, wish["error"])) as caught:
            CALLS[wish["call"]](client)
        assert caught.value.code == wish["code"]
        assert not [secret for secret in SECRETS.values() if secret in f"{caught.value!r} {caught.value}"]
    else:
        CALLS[wish["call"]](client)
    check_request(client)


def test_examples_are_unique_marked_and_sourced() -> None:
    marks = {mark.value for mark in Mark} - {"ours"}
    assert len({example["id"] for example in EXAMPLES}) == len(EXAMPLES) >= 30
    for example in EXAMPLES:
        assert example["mark"] in marks, example["id"]
        assert example["section"].startswith("§"), example["id"]
        assert set(example["open"]) <= set(range(1, 9)), example["id"]
        assert example["replay"], example["id"]
    assert {file["reference"] for file in FILES.values()} == {"schema-plane", "automation-plane"}


def test_every_endpoint_of_the_planes_has_an_example() -> None:
    requests_ = [example["request"] for example in EXAMPLES]
    requests_ += [step["request"] for example in EXAMPLES for step in example.get("then", [])]
    shown = {(request["method"], re.sub(r"\{\{[^{}]+\}\}", "*", request["path"])) for request in requests_}
    ours = {(endpoint.method, "/v2" + re.sub(r"\{[^{}]+\}", "*", endpoint.path)) for endpoint in V2}
    for endpoint in GATEWAY:
        path = endpoint.path.replace("{sort}", "button")
        ours.add((endpoint.method, re.sub(r"\{[^{}]+\}", "*", path)))
    assert ours <= shown, ours - shown
