"""A template deployed on the embedded workspace; people act with keys of their own, jobs and the executor with theirs.

The clock of the workspace and of the jobs moves only when told, both together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from huoban_perf.automation import Executor
from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.serving import surroundings
from huoban_perf.cli.workshop import Request, Workshop, members_of, process_of
from huoban_perf.core.addresses import ItemId, table_address
from huoban_perf.core.notices import Notice
from huoban_perf.core.schema import COMPUTED_KINDS
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.work import JobReport
from huoban_perf.platforms.huoban import HuobanConnection
from huoban_perf.profile import Profile, Site
from huoban_perf.sandbox import create_app, mount, open_world
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.store import SqliteStore
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.template import compile_schema, load_template
from tests.embedded import BASE, deploy, embedded

START = datetime(2026, 9, 1, 1, tzinfo=UTC)


class Hands:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return self.moment.timestamp()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Told:
    """Takes notices."""

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}

    def put(self, notices: object) -> int:
        before = len(self.notices)
        for notice in notices:  # type: ignore[attr-defined]
            self.notices.setdefault(notice.key, notice)
        return len(self.notices) - before


class Deployed:
    """One template, deployed, with its people.

    ``stores_permissions``: whether permissions are deployed and stored with the rest, or set by control.
    """

    stores_permissions = False

    def __init__(self, template: str, folder: Path, *, people: tuple[str, ...], groups: Mapping[str, str]) -> None:
        self.world = open_world(None, start=START, seed=3)
        self.session = requests.Session()
        mount(self.session, create_app(self.world), BASE)
        self.clock = Hands()
        self.place = embedded(self.session, self.clock, required="ignore")
        self.control, self.space = self.place.control, self.place.space
        loaded = load_template(template)
        self.schema = compile_schema(loaded)
        self.wish = Wish(template=loaded, schema=self.schema)
        self.api = self.place.connection()
        self.folder = folder
        wish = self.schema if self.stores_permissions else replace(self.schema, permissions=())
        self.bindings = deploy(self.place, wish, connection=self.api, state=folder / "state.json")
        self.people = {name: self.control.build_member(self.space, name=name) for name in people}
        if not self.stores_permissions:
            self.control.permit_all(self.schema, bindings=self.bindings)
        for name, group in groups.items():
            self.control.join_group(self.people[name], group)
        self.keys = {name: self.control.mint_key(self.space, member=member) for name, member in self.people.items()}
        self.told = Told()
        self.store = SqliteStore(folder / "service.sqlite")
        self.ledger = SqliteLedger(self.store, profile="p")
        self.app = DeployedApp(connection=self.api, schema=self.schema, bindings=self.bindings, clock=self.clock)
        profile = Profile(name="p", home=folder / "home")
        site = Site(profile=profile, connection=self.api, workspace=self.space, control=self.control)
        members = members_of(site)
        self.shop = Workshop(
            site=site,
            wish=self.wish,
            app=self.app,
            process=process_of(self.wish, members),
            calendar=WorkCalendar(),
            members=members,
            secret=str,
            notices=self.told,
        )

    def close(self) -> None:
        self.store.close()
        self.session.close()
        self.world.close()

    def connection(self, key: str, *, planes: tuple[str, ...] = ("v1",)) -> HuobanConnection:
        return self.place.connection(key, planes=planes)

    # --- time, jobs and the executor ---------------------------------------------------------------------------------

    def on(self, day: date, hour: int = 9) -> None:
        """Move to a moment of a day in China and run the day's jobs, then the executor until it rests."""
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=8)
        self._advance(max(0, int((moment - self.clock.moment).total_seconds())))
        self.settle()

    def _advance(self, seconds: int) -> None:
        self.control.advance(seconds)
        self.clock.moment += timedelta(seconds=seconds)

    def run(self, job: str, *, cycle: str = "", apply: bool = True, **options: str) -> list[JobReport]:
        self._advance(1)
        return self.shop.run(Request(job=job, cycle=cycle, apply=apply, options=options))

    def settle(self) -> None:
        """Let the executor look until nothing happens; jobs that actions start are run at once."""
        started: list[str] = []
        for _ in range(20):
            self._advance(60)
            executor = Executor(self.app, ledger=self.ledger, around=surroundings(self.shop, self.told, started.append))
            done = executor.round()
            jobs, started[:] = list(dict.fromkeys(started)), []
            for job in jobs:
                self.run(job)
            if not done.new and not jobs:
                return
        raise AssertionError("the executor does not come to rest")

    # --- people ------------------------------------------------------------------------------------------------------

    def put(self, who: str | None, table: str, /, **values: Any) -> ItemId:
        """A person (None: the program) makes a row."""
        answer = self.ask(who, "POST", "/item", {"table_id": self.table_id(table), "fields": self.wire(table, values)})
        assert answer["code"] == 0, (who, table, answer)
        return ItemId(str(answer["data"]["item"]["item_id"]))

    def change(self, who: str | None, table: str, item: str, /, **values: Any) -> None:
        """A person (None: the program) changes a row."""
        answer = self.try_change(who, table, item, **values)
        assert answer["code"] == 0, (who, table, values, answer)

    def try_change(self, who: str | None, table: str, item: str, /, **values: Any) -> Any:
        self._advance(1)
        return self.ask(who, "PUT", f"/item/{item}", {"fields": self.wire(table, values)})

    def ask(self, who: str | None, method: str, path: str, body: Any) -> Any:
        key = self.keys[who] if who is not None else self.control.mint_key(self.space)
        headers = {"Open-Authorization": f"Bearer {key}"}
        return self.session.request(method, f"{BASE}/openapi/v1{path}", json=body, headers=headers).json()

    def table_id(self, table: str) -> str:
        return self.bindings[table_address(table)]

    def wire(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Lay values out as the interface takes them: options by key, people by name, the rest as it is."""
        spec, fields = self.schema.table(table), {}
        for key, value in values.items():
            field = spec.field(key)
            assert field.kind not in COMPUTED_KINDS, (table, key)
            fields[self.bindings[field.address]] = self._wire_value(field, value)
        return fields

    def _wire_value(self, field: Any, value: Any) -> Any:
        parts = list(value) if isinstance(value, tuple) else [value]
        if value is None:
            return None
        if field.options:
            known = {option.address.key: self.bindings[option.address] for option in field.options}
            return [known[part] for part in parts]
        if str(field.kind) in {"member", "members"}:
            return [self.people.get(part, part) for part in parts]
        if field.target is not None:
            return parts
        if isinstance(value, date):
            return str(value)
        return value

    # --- what stands -------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> dict[str, dict[str, Any]]:
        """Item id → cells by field key, as the program sees them."""
        return {str(row.item_id): dict(row.values) for row in Book(self.app).all(table)}

    def find(self, table: str, where: Callable[[dict[str, Any]], bool]) -> list[str]:
        return [item for item, row in self.rows(table).items() if where(row)]

    def visible(self, who: str, table: str) -> set[str]:
        """Item ids that a person finds in a table; none when the table is not there for the person."""
        answer = self.ask(who, "POST", "/item/list", {"table_id": self.table_id(table), "limit": 100})
        return {str(item["item_id"]) for item in answer["data"]["items"]} if answer["code"] == 0 else set()
