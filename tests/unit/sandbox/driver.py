"""A sandbox mounted in process, with the few verbs that tests need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import simplejson

from huoban_perf.sandbox import create_app, mount, open_world

URL = "http://sandbox.test"
START = datetime(2024, 3, 4, 1, 0, tzinfo=UTC)
"""Monday 2024-03-04 09:00:00 in China."""


class HandClock:
    """A clock that moves by hand; only its monotonic seconds matter here."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return START

    def monotonic_s(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Sandbox:
    """A world, its application on a session, one workspace and one key."""

    def __init__(self, path: Path | None = None, *, seed: int = 7, limit: int | None = None) -> None:
        self.clock = HandClock()
        self.world = open_world(path, start=START, seed=seed)
        self.session = requests.Session()
        mount(self.session, create_app(self.world, clock=self.clock), URL)
        self.status = 0
        self.space = self.key = ""
        self.control("limits", {"per_second": limit})

    def begin(self) -> Sandbox:
        """Make a workspace and a key."""
        self.space = self.control("build/workspace", {"name": "空间"})["space_id"]
        self.key = self.control("key", {"space_id": self.space})["api_key"]
        return self

    def close(self) -> None:
        self.session.close()
        self.world.close()

    # --- calls -------------------------------------------------------------------------------------------------

    def control(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        """Return the data of a control call that must succeed."""
        answer = self.raw_control(path, body, method=method)
        assert answer["code"] == 0, (path, answer)
        return answer["data"]

    def raw_control(self, path: str, body: Any = None, *, method: str = "POST") -> Any:
        data = None if body is None else simplejson.dumps(body, use_decimal=True).encode()
        return self._parsed(self.session.request(method, f"{URL}/_sandbox/{path}", data=data))

    def look(self, path: str) -> Any:
        return self.control(path, method="GET")

    def raw(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """Return the whole answer to a call of the wire; the HTTP status is kept in ``status``."""
        sent = {"Open-Authorization": f"Bearer {self.key}"} if headers is None else dict(headers)
        data = body if body is None or isinstance(body, bytes) else simplejson.dumps(body, use_decimal=True).encode()
        return self._parsed(self.session.request(method, f"{URL}/openapi/v1{path}", data=data, headers=sent))

    def _parsed(self, answer: requests.Response) -> Any:
        self.status = answer.status_code
        return simplejson.loads(answer.text, use_decimal=True)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the data of a call of the wire that must succeed."""
        answer = self.raw(method, path, body)
        assert answer["code"] == 0, (path, answer)
        return answer["data"]

    def code(self, method: str, path: str, body: Any = None) -> int:
        return int(self.raw(method, path, body)["code"])

    def mode(self, mode: str = "documented", **switches: object) -> None:
        self.control("mode", {"mode": mode, "switches": switches})

    def settle(self) -> None:
        self.control("clock", {"advance_s": 0})

    # --- building and writing ----------------------------------------------------------------------------------

    def table(self, name: str, fields: Iterable[Mapping[str, Any]], *, space: str | None = None) -> Table:
        body = {"space_id": space or self.space, "name": name, "alias": f"alias_{name}"}
        table_id = self.control("build/table", body)["table_id"]
        table = Table(self, table_id)
        for field in fields:
            table.field(**field)
        return table


class Table:
    """One table with the ids of its fields and options by name."""

    def __init__(self, sandbox: Sandbox, table_id: str) -> None:
        self.sandbox = sandbox
        self.table_id = table_id
        self.ids: dict[str, str] = {}
        self.options: dict[str, str] = {}

    def field(self, name: str, kind: str = "text", **more: Any) -> str:
        options = [{"name": option} for option in more.pop("options", ())]
        body = {"table_id": self.table_id, "name": name, "alias": more.pop("alias", f"a_{name}"), "kind": kind, **more}
        made = self.sandbox.control("build/field", {**body, "options": options})
        self.ids[name] = made["field_id"]
        for option in made["options"]:
            self.options[option["name"]] = option["id"]
        return str(made["field_id"])

    def fields(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {self.ids.get(name, name): value for name, value in values.items()}

    def raw_create(self, **values: Any) -> Any:
        return self.sandbox.raw("POST", "/item", {"table_id": self.table_id, "fields": self.fields(values)})

    def create(self, **values: Any) -> str:
        answer = self.raw_create(**values)
        assert answer["code"] == 0, answer
        data = answer["data"]
        return str(data["item"]["item_id"] if "item" in data else data["item_id"])

    def update(self, item_id: str, **values: Any) -> Any:
        return self.sandbox.raw("PUT", f"/item/{item_id}", {"fields": self.fields(values)})

    def read(self, item_id: str) -> dict[str, Any]:
        """Return an item's cells by field name."""
        item = self.sandbox.call("POST", f"/item/{item_id}", {})["item"]
        return self.named(item)

    def named(self, item: Mapping[str, Any]) -> dict[str, Any]:
        names = {field_id: name for name, field_id in self.ids.items()}
        return {names[key]: value for key, value in dict(item["fields"]).items()}

    def list(self, **body: Any) -> Any:
        return self.sandbox.call("POST", "/item/list", {"table_id": self.table_id, **body})

    def found(self, name: str, **query: Any) -> list[str]:
        """Return the titles of the items whose field satisfies a query, oldest first."""
        return self.filtered({"field": self.ids.get(name, name), "query": query})

    def filtered(self, tree: Any) -> list[str]:
        order = {"field_id": "created_on", "type": "asc"}
        return [item["title"] for item in self.list(filter=tree, order=order, limit=100)["items"]]

    def upsert(self, key: str, rows: Iterable[Mapping[str, Any]], *, action: str = "upsert") -> Any:
        items = [{"fields": self.fields(row)} for row in rows]
        keys = [self.ids.get(key, key)]
        body = {"table_id": self.table_id, "update_type": action, "update_by_fields": keys, "items": items}
        return self.sandbox.raw("PUT", "/items", body)
