"""Every wire example, replayed against the embedded workspace (see README.md beside this file)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import simplejson

from huoban_perf.sandbox import World, create_app, mount, open_world

HERE = Path(__file__).parent
URL = "http://sandbox.test"
DELETED = {"table": "2199999999999999", "item": "2399999999999999"}
PLANES = ("/v2/", "/paas/", "/paasapi/", "/ai/")
"""Paths of the planes beside v1 begin at the host."""
SWITCHES: dict[str, tuple[str, dict[str, Any]]] = {
    "errors": ("error_status", {"200": 200, "5xx": 500}),
    "relation": ("relation_shape", {"list": "list", "object": "object"}),
    "empty": ("empty_cells", {"absent": "absent", "null": "null"}),
}
SHAPES = {
    "text": r".+",
    "trace": r"\d{16}",
    "time": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "id:table": r"21\d{14}",
    "id:field": r"22\d{14}",
    "id:item": r"23\d{14}",
    "id:file": r"\d+",
    "id:automation": r"75\d{14}",
}
ABSENT = object()


def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = simplejson.loads((HERE / name).read_text(encoding="utf-8"), use_decimal=True)
    return found


def _examples() -> list[Any]:
    names = sorted(path.name for path in HERE.glob("*.json") if path.name != "worlds.json")
    found = [example for name in names for example in _load(name)["examples"]]
    return [pytest.param(example, id=example["id"]) for example in found if "sandbox" in example["replay"]]


WORLDS = _load("worlds.json")["worlds"]


class Replay:
    """One world built from its description, and what its placeholders stand for."""

    def __init__(self, world: World) -> None:
        self.session = requests.Session()
        mount(self.session, create_app(world), URL)
        self.known: dict[str, str] = {f"deleted:{name}": number for name, number in DELETED.items()}

    # --- building ----------------------------------------------------------------------------------------------

    def control(self, path: str, body: Any) -> Any:
        answer = self.session.post(f"{URL}/_sandbox/{path}", data=simplejson.dumps(body)).json()
        assert answer["code"] == 0, (path, answer)
        return answer["data"]

    def build(self, described: dict[str, Any]) -> None:
        self.control("limits", {"per_second": None})
        for space in described["workspaces"]:
            space_id = self.control("build/workspace", {"name": space["name"]})["space_id"]
            self.known.setdefault("space", space_id)
            self.known[f"space:{space['name']}"] = space_id
        for space in described["workspaces"]:
            for name in space["members"]:
                body = {"space_id": self.known[f"space:{space['name']}"], "name": name}
                self.known[f"user:{name}"] = self.control("build/member", body)["user_id"]
        for space in described["workspaces"]:
            for table in space["tables"]:
                body = {
                    "space_id": self.known[f"space:{space['name']}"],
                    "name": table["name"],
                    "alias": table["alias"],
                }
                self.known[f"table:{table['name']}"] = self.control("build/table", body)["table_id"]
        for space in described["workspaces"]:
            for table in space["tables"]:
                for field in table["fields"]:
                    self._build_field(table["name"], field)
        for key in described["keys"]:
            text = self.control("key", {"space_id": self.known[f"space:{key['workspace']}"]})["api_key"]
            self.known.setdefault("key", text)
            self.known[f"key:{key['name']}"] = text
        for space in described["workspaces"]:
            owner = next((key["name"] for key in described["keys"] if key["workspace"] == space["name"]), None)
            for table, rows in space["items"].items():
                self._build_items(table, rows, key=self.known[f"key:{owner}"])

    def _build_field(self, table: str, field: dict[str, Any]) -> None:
        options = [{"name": option["name"], "color": option.get("color")} for option in field.get("options", [])]
        body = {**field, "table_id": self.known[f"table:{table}"], "options": options}
        if "target" in field:
            body["target_table_id"] = self.known[f"table:{field['target']}"]
        made = self.control("build/field", body)
        self.known[f"field:{table}.{field['name']}"] = made["field_id"]
        for option in made["options"]:
            self.known[f"option:{table}.{field['name']}.{option['name']}"] = option["id"]

    def _build_items(self, table: str, rows: list[Any], *, key: str) -> None:
        for number, row in enumerate(self.filled(rows), start=1):
            fields = {self.known[f"field:{table}.{name}"]: value for name, value in row.items()}
            body = {"table_id": self.known[f"table:{table}"], "fields": fields}
            request = {
                "method": "POST",
                "path": "/item",
                "body": body,
                "headers": {"Open-Authorization": f"Bearer {key}"},
            }
            answer = self.send(request)
            assert answer["body"]["code"] == 0, answer
            self.known[f"item:{table}#{number}"] = answer["body"]["data"]["item"]["item_id"]

    # --- placeholders ------------------------------------------------------------------------------------------

    def filled(self, value: Any) -> Any:
        """Return a value with every placeholder of the world replaced and every repetition written out."""
        if isinstance(value, dict):
            return {self.filled(key): self.filled(part) for key, part in value.items()}
        if isinstance(value, list):
            return [row for part in value for row in self._repeated(part)]
        if not isinstance(value, str):
            return value
        if (whole := re.fullmatch(r"\{\{int:(.+)\}\}", value)) and whole[1] in self.known:
            return int(self.known[whole[1]])
        return re.sub(r"\{\{(.+?)\}\}", lambda found: self.known.get(found[1], found[0]), value)

    def _repeated(self, part: Any) -> Iterator[Any]:
        if not (isinstance(part, dict) and "repeat" in part):
            yield self.filled(part)
            return
        for number in range(1, part["repeat"] + 1):
            text = simplejson.dumps(part["row"], ensure_ascii=False)
            text = text.replace('"{{int:n}}"', str(number)).replace("{{n}}", str(number))
            yield self.filled(simplejson.loads(text, use_decimal=True))

    # --- exchanges ---------------------------------------------------------------------------------------------

    def send(self, request: dict[str, Any]) -> dict[str, Any]:
        request = self.filled(request)
        headers = request.get("headers", {"Open-Authorization": f"Bearer {self.known['key']}"})
        sent: dict[str, Any] = {"headers": headers}
        if "multipart" in request:
            parts = request["multipart"]
            sent["data"] = {name: part for name, part in parts.items() if isinstance(part, str)}
            sent["files"] = {
                name: (part["filename"], part["text"].encode())
                for name, part in parts.items()
                if isinstance(part, dict)
            }
        elif "body" in request:
            sent["data"] = simplejson.dumps(request["body"], use_decimal=True).encode()
            sent["headers"] = {**headers, "Content-Type": "application/json"}
        path = request["path"] if request["path"].startswith(PLANES) else f"/openapi/v1{request['path']}"
        answer = self.session.request(request["method"], f"{URL}{path}", **sent)
        return {"status": answer.status_code, "body": simplejson.loads(answer.text, use_decimal=True)}

    def step(self, step: dict[str, Any]) -> None:
        if step.get("settle"):
            self.control("clock", {"advance_s": 1})
        elif "control" in step:
            self.control(step["control"], step["body"])
        else:
            answer = self.send(step["request"])
            assert answer["status"] == step["response"].get("status", 200), answer
            faults = list(mismatches(self.filled(step["response"]["body"]), answer["body"], "body"))
            assert not faults, "\n".join([*faults, simplejson.dumps(answer["body"], ensure_ascii=False, indent=1)])


def mismatches(expected: Any, found: Any, place: str) -> Iterator[str]:
    """Yield every place where an answer does not match, by the rules of the README."""
    if isinstance(expected, dict) and "$some" in expected:
        for part in expected["$some"]:
            if not any(not list(mismatches(part, entry, place)) for entry in found):
                yield f"{place}: nothing matches {part}"
    elif isinstance(expected, dict) and "$count" in expected:
        if not isinstance(found, list) or len(found) != expected["$count"]:
            yield f"{place}: {expected['$count']} elements expected"
    elif isinstance(expected, dict):
        if not isinstance(found, dict):
            yield f"{place}: an object expected, found {found!r}"
            return
        for key, part in expected.items():
            yield from mismatches(part, found.get(key, ABSENT), f"{place}.{key}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{place}: {len(expected)} elements expected, found {found!r}"
            return
        for index, (part, entry) in enumerate(zip(expected, found, strict=True)):
            yield from mismatches(part, entry, f"{place}[{index}]")
    elif not _equal(expected, found):
        yield f"{place}: {expected!r} expected, found {found!r}"


def _equal(expected: Any, found: Any) -> bool:
    placeholder = re.fullmatch(r"\{\{(.+)\}\}", expected) if isinstance(expected, str) else None
    if placeholder is None:
        number = not isinstance(expected, str | bool) and expected is not None
        kinds = number == (not isinstance(found, str | bool | dict | list) and found is not None)
        return found is not ABSENT and kinds and bool(expected == found)
    if placeholder[1].startswith("int:"):
        is_number = isinstance(found, int) and not isinstance(found, bool)
        return is_number and re.fullmatch(SHAPES[placeholder[1].removeprefix("int:")], str(found)) is not None
    match placeholder[1]:
        case "empty":
            return found is ABSENT or found in (None, "", [])
        case "any":
            return found is not ABSENT
        case "object":
            return isinstance(found, dict) or found == []
        case "nonzero":
            return isinstance(found, int) and found != 0
        case name:
            return isinstance(found, str) and re.fullmatch(SHAPES[name], found) is not None


@pytest.fixture
def world() -> Iterator[World]:
    made = open_world(None, start=datetime(2024, 3, 4, 1, 0, tzinfo=UTC), seed=7)
    yield made
    made.close()


@pytest.mark.parametrize("example", _examples())
def test_sandbox_answers_as_the_example(example: dict[str, Any], world: World) -> None:
    replay = Replay(world)
    replay.build(WORLDS[example["world"]])
    setting = example.get("sandbox", {})
    switches = {}
    for name, value in setting.get("switches", {}).items():
        own, values = SWITCHES[name]
        switches[own] = values[value]
    replay.control("mode", {"mode": setting.get("mode", "documented"), "switches": switches})
    replay.step({"request": example["request"], "response": example["response"]})
    for step in example.get("then", []):
        replay.step(step)


def test_mismatches_tell_differences() -> None:
    assert list(mismatches({"a": [1, "{{text}}"]}, {"a": [1, "x"], "b": 2}, "body")) == []
    assert list(mismatches({"a": 1}, {"a": "1"}, "body"))
    assert list(mismatches({"a": 1}, {"a": True}, "body"))
    assert list(mismatches({"a": "{{any}}"}, {}, "body"))
    assert list(mismatches({"$some": [{"a": 1}]}, [{"a": 2}], "body"))
    assert list(mismatches([1], [1, 2], "body"))
