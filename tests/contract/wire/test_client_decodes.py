"""Every wire example against our client: it sends what the example says and makes of the answer what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import simplejson
from requests.structures import CaseInsensitiveDict

from huoban_perf.core import errors
from huoban_perf.core.addresses import (
    Address,
    Bindings,
    ItemId,
    RemoteId,
    WorkspaceId,
    field_address,
    option_address,
    table_address,
)
from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator
from huoban_perf.core.items import ItemQuery, ItemWrite, Order, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import NUMBER_KINDS, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.core.values import CHINA, Value
from huoban_perf.platforms.huoban import HuobanConnection, HuobanOptions, connect
from huoban_perf.platforms.huoban.endpoints import V1, Endpoint, Mark
from huoban_perf.platforms.huoban.tables import WireTable, read_table, read_tables
from huoban_perf.platforms.huoban.transport import Transport

HERE = Path(__file__).parent
WORLDS: dict[str, Any] = json.loads((HERE / "worlds.json").read_text(encoding="utf-8"))["worlds"]
EXAMPLES: list[dict[str, Any]] = [
    example
    for file in sorted(HERE.glob("*.json"))
    if file.name != "worlds.json"
    for example in json.loads(file.read_text(encoding="utf-8"))["examples"]
]
ROOT = "http://huoban.test/openapi/v1"
KEY = "k" * 40
_MARKER = re.compile(r"\{\{([^{}]+)\}\}")
_SAMPLES = {
    "any": "x",
    "object": {},
    "text": "文字",
    "trace": "1650000000000000",
    "time": "2022-03-03 10:00:00",
    "id:table": "2100000000000777",
    "id:field": "2200000000000777",
    "id:item": "2300000000000777",
    "id:file": "188000777",
    "id:automation": "7500000000000777",
    "nonzero": 999,
    "deleted:table": "2199999999999999",
    "deleted:item": "2399999999999999",
}


class StillClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2022, 3, 3, tzinfo=UTC)

    def monotonic_s(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Names:
    """The ids that stand for a world's names, invented in the shapes of openapi-v1.md §6."""

    def __init__(self, world: Mapping[str, Any]) -> None:
        self.ids: dict[str, str] = {"key": KEY}
        self.bindings: dict[Address, RemoteId] = {}
        self.specs: dict[str, TableSpec] = {}
        for key in world["keys"]:
            self.ids.setdefault(f"key:{key['name']}", KEY)
        for number, space in enumerate(world["workspaces"], start=1):
            self.ids[f"space:{space['name']}"] = f"40000000000000{number:02}"
            self.ids.setdefault("space", f"40000000000000{number:02}")
            for name in space["members"]:
                self.ids[f"user:{name}"] = str(1000000 + len(self.ids))
            for table in space["tables"]:
                self.ids[f"table:{table['name']}"] = str(2100000000000000 + len(self.ids))
            for table in space["tables"]:
                self._add_table(table)
            for table_name, rows in space["items"].items():
                count = sum(row.get("repeat", 1) for row in rows)
                for position in range(1, count + 1):
                    self.ids[f"item:{table_name}#{position}"] = str(2300000000000000 + len(self.ids))

    def _add_table(self, table: Mapping[str, Any]) -> None:
        fields = tuple(self._field(table, field_) for field_ in table["fields"])
        address = table_address(table["alias"])
        self.bindings[address] = RemoteId(self.ids[f"table:{table['name']}"])
        self.specs[table["name"]] = TableSpec(
            address=address,
            labels=Labels(table["name"], table["alias"]),
            fields=fields,
            title=fields[0].address.key,
            key_field="code" if any(part.address.key == "code" for part in fields) else None,
        )

    def _field(self, table: Mapping[str, Any], field_: Mapping[str, Any]) -> FieldSpec:
        address = field_address(table["alias"], field_["alias"])
        name = f"{table['name']}.{field_['name']}"
        self.ids[f"field:{name}"] = str(2200000000000000 + len(self.ids))
        self.bindings[address] = RemoteId(self.ids[f"field:{name}"])
        options = []
        for number, option in enumerate(field_.get("options", ()), start=1):
            place = option_address(table["alias"], field_["alias"], option["key"])
            self.ids[f"option:{name}.{option['name']}"] = str(number)
            self.bindings[place] = RemoteId(str(number))
            options.append(OptionSpec(address=place, labels=Labels(option["name"], option["key"])))
        labels = Labels(field_["name"], field_["alias"])
        return FieldSpec(address=address, labels=labels, kind=FieldKind(field_["kind"]), options=tuple(options))

    def fill(self, part: Any) -> Any:
        """Put ids and samples in the place of placeholders."""
        if isinstance(part, dict):
            for wrapper in ("$some", "$unordered"):
                if wrapper in part:
                    return self.fill(part[wrapper])
            return {self.fill(key): self.fill(value) for key, value in part.items() if value != "{{empty}}"}
        if isinstance(part, list):
            return [self.fill(element) for element in part]
        return self._text(part) if isinstance(part, str) else part

    def _text(self, text: str) -> Any:
        whole = _MARKER.fullmatch(text)
        if whole is not None:
            return self._one(whole[1])
        return _MARKER.sub(lambda match: str(self._one(match[1])), text)

    def _one(self, marker: str) -> Any:
        if marker.startswith("int:"):
            return int(self.ids.get(marker[4:]) or str(_SAMPLES[marker[4:]]))
        return self.ids[marker] if marker in self.ids else _SAMPLES[marker]


@dataclass
class Server(requests.adapters.BaseAdapter):
    """Answers every request with one canned response and keeps what was asked."""

    status: int
    content: bytes
    headers: Mapping[str, str]
    sent: list[requests.PreparedRequest] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **_: Any) -> requests.Response:  # type: ignore[override]
        self.sent.append(request)
        response = requests.Response()
        response.status_code = self.status
        response.headers = CaseInsensitiveDict({"Content-Type": "application/json", **self.headers})
        response._content = self.content
        response.request = request
        response.url = str(request.url)
        return response

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Replay:
    """One example, with a client connected to its canned answer."""

    example: Mapping[str, Any]
    names: Names
    server: Server
    connection: HuobanConnection

    @property
    def client(self) -> Mapping[str, Any]:
        return self.example["client"]  # type: ignore[no-any-return]

    def value(self, kind: FieldKind, plain: Any) -> Value:
        """Read a plainly written neutral value by its kind."""
        plain = self.names.fill(plain)
        if plain is None:
            return None
        if isinstance(plain, list):
            return tuple(plain)
        if isinstance(plain, bool):
            return plain
        if kind in NUMBER_KINDS:
            return Decimal(str(plain))
        if kind is FieldKind.DATE:
            return date.fromisoformat(plain)
        if kind is FieldKind.DATETIME:
            return datetime.fromisoformat(plain).replace(tzinfo=CHINA)
        return plain  # type: ignore[no-any-return]

    def filter(self, table: TableSpec, tree: Mapping[str, Any]) -> Filter:
        if "all" in tree:
            return All(tuple(self.filter(table, part) for part in tree["all"]))
        if "any" in tree:
            return AnyOf(tuple(self.filter(table, part) for part in tree["any"]))
        system = {"item_id": FieldKind.TEXT, "created_on": FieldKind.DATETIME, "updated_on": FieldKind.DATETIME}
        kind = system.get(tree["field"]) or table.field(tree["field"]).kind
        kind = FieldKind(tree.get("as", kind.value))
        return Condition(tree["field"], Operator(tree["operator"]), self.value(kind, tree["operand"]))


def replay_scan(replay: Replay) -> None:
    client = replay.client
    table = replay.names.specs[client["table"]]
    query = ItemQuery(
        table=table,
        filter=replay.filter(table, client["filter"]) if "filter" in client else None,
        order=Order(**client["order"]),
        limit=client.get("limit"),
    )
    pages = list(replay.connection.item_source.scan(query=query, bindings=Bindings(replay.names.bindings)))
    items = [item for page in pages for item in page.items]
    for item, wanted in zip(items, client["items"], strict=True):
        for key, plain in wanted.items():
            assert item.values[key] == replay.value(table.field(key).kind, plain), key
    assert (pages[0].total, pages[0].filtered) == (
        client.get("total", pages[0].total),
        client.get("filtered", pages[0].filtered),
    )


def replay_submit(replay: Replay) -> None:
    client = replay.client
    table = replay.names.specs[client["table"]]
    rows = tuple(
        ItemWrite(
            key=row["key"],
            item_id=ItemId(replay.names.fill(row["item_id"])) if "item_id" in row else None,
            values={key: replay.value(table.field(key).kind, plain) for key, plain in row["values"].items()},
        )
        for row in client["rows"]
    )
    batch = WriteBatch(table=table, mode=WriteMode(client["mode"]), rows=rows)
    receipt = replay.connection.item_sink.submit(batch=batch, bindings=Bindings(replay.names.bindings))
    assert [row.outcome.value for row in receipt.rows] == client["outcomes"]
    assert [row.key for row in receipt.rows] == [row["key"] for row in client["rows"]]
    assert receipt.trace_id == _SAMPLES["trace"]


def replay_table(replay: Replay) -> None:
    answer = transport_of(replay).call(*called(replay))
    listed = WireTable(table_id="2100000000000000", name="-")
    table = read_table(answer.data, listed=listed, trace_id=answer.trace_id)
    fields = {part.name: part for part in table.fields}
    for name, wanted in replay.client["fields"].items():
        kinds = {kind.value for kind in fields[name].kinds}
        assert set(wanted["kinds"]) <= kinds
        assert not wanted.get("exactly") or set(wanted["kinds"]) == kinds
        seen = {
            "required": fields[name].required,
            "target": fields[name].target_id,
            "many": fields[name].many,
            "mirrored": fields[name].mirrored,
            "options": [option.name for option in fields[name].options],
        }
        for key in wanted.keys() & seen.keys():
            assert seen[key] == replay.names.fill(wanted[key]), key


def replay_tables(replay: Replay) -> None:
    answer = transport_of(replay).call(*called(replay))
    assert [table.name for table in read_tables(answer.data, trace_id=None)] == replay.client["names"]


def replay_workspaces(replay: Replay) -> None:
    assert [space.name for space in replay.connection.workspaces.all()] == replay.client["names"]


def replay_members(replay: Replay) -> None:
    workspace = WorkspaceId(replay.names.ids["space"])
    members = replay.connection.member_source.members(workspace=workspace)
    assert [member.name for member in members] == replay.client["names"]


def replay_upload(replay: Replay) -> None:
    client = replay.client
    assert replay.connection.file_sink is not None
    file_id = replay.connection.file_sink.put(name=client["name"], content=client["text"].encode())
    assert file_id == replay.names.fill(client["file_id"])
    body = replay.server.sent[0].body
    assert isinstance(body, bytes)
    for part in (b'name="type"', b"attachment", b'name="source"', client["text"].encode()):
        assert part in body


def replay_raw(replay: Replay) -> None:
    answer = transport_of(replay).call(*called(replay))
    wanted = replay.client.get("data", replay.example["response"]["body"].get("data", {}))
    assert answer.data == as_decimals(replay.names.fill(wanted))
    assert answer.trace_id == _SAMPLES["trace"]


CALLS: dict[str, Callable[[Replay], None]] = {
    "scan": replay_scan,
    "submit": replay_submit,
    "table": replay_table,
    "tables": replay_tables,
    "workspaces": replay_workspaces,
    "members": replay_members,
    "upload": replay_upload,
    "raw": replay_raw,
}


def transport_of(replay: Replay) -> Transport:
    return replay.connection.workspaces._transport


def called(replay: Replay) -> tuple[Endpoint, Any]:
    """Return the endpoint of an example's request as the client would call it, and the body."""
    request = replay.example["request"]
    endpoint = Endpoint(
        name="example",
        method=request["method"],
        path=replay.names.fill(request["path"]),
        safe_to_repeat=True,
        writes=False,
        mark=Mark.OURS,
        source="-",
    )
    return endpoint, replay.names.fill(request["body"]) if "body" in request else None


def prepare(example: Mapping[str, Any]) -> Replay:
    names = Names(WORLDS[example["world"]])
    response = example["response"]
    if "text" in response:
        content = str(names.fill(response["text"])).encode()
    else:
        content = json.dumps(names.fill(response["body"]), ensure_ascii=False).encode()
    server = Server(status=response.get("status", 200), content=content, headers=response.get("headers", {}))
    session = requests.Session()
    session.mount("http://", server)
    options = HuobanOptions(base_url=ROOT)
    connection = connect(options=options, api_key=KEY, session=session, clock=StillClock())
    return Replay(example=example, names=names, server=server, connection=connection)


def check_request(replay: Replay) -> None:
    request, sent = replay.example["request"], replay.server.sent[0]
    assert (sent.method, sent.url) == (request["method"], ROOT + replay.names.fill(request["path"]))
    assert sent.headers["Open-Authorization"] == f"Bearer {KEY}"
    if "body" in request:
        assert simplejson.loads(sent.body, use_decimal=True) == as_decimals(replay.names.fill(request["body"]))
    elif "multipart" not in request:
        assert sent.body is None


def as_decimals(body: Any) -> Any:
    return simplejson.loads(simplejson.dumps(body), use_decimal=True)


@pytest.mark.parametrize("example", [e for e in EXAMPLES if "client" in e["replay"]], ids=lambda example: example["id"])
def test_client_of_each_example_sends_and_decodes_as_written(example: dict[str, Any]) -> None:
    replay = prepare(example)
    client = replay.client
    if "error" in client:
        with pytest.raises(getattr(errors, client["error"])) as caught:
            CALLS[client["call"]](replay)
        assert caught.value.code == client["code"]
        assert KEY not in f"{caught.value!r} {caught.value}"
    else:
        CALLS[client["call"]](replay)
    if client.get("sends", True):
        check_request(replay)


def test_examples_are_unique_marked_and_sourced() -> None:
    marks = {mark.value for mark in Mark} - {"ours"}
    assert len({example["id"] for example in EXAMPLES}) == len(EXAMPLES) >= 40
    for example in EXAMPLES:
        assert example["mark"] in marks, example["id"]
        assert example["section"].startswith("§"), example["id"]
        assert example["world"] in WORLDS, example["id"]
        assert set(example["open"]) <= set(range(1, 16)), example["id"]
        assert set(example["replay"]) <= {"client", "sandbox"}, example["id"]
        assert example["replay"], example["id"]


def test_every_endpoint_of_ours_has_an_example() -> None:
    shown = {
        (example["request"]["method"], re.sub(r"\{\{[^{}]+\}\}", "*", example["request"]["path"]))
        for example in EXAMPLES
    }
    ours = {(endpoint.method, re.sub(r"\{[^{}]+\}", "*", endpoint.path)) for endpoint in V1}
    assert ours <= shown, ours - shown
