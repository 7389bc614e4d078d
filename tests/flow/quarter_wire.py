"""The quarter over the wire: the sandbox on a socket, the service a process of its own, people with keys of their own.

Between sandbox and service stands bad luck: requests of the service are throttled, fail, fall silent after their
effect; the process is killed with -9 before or after a write; callbacks are lost, late, doubled, in clear or as cipher
text.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from socket import socket
from typing import Any, Self

import requests
import simplejson
import yaml

from huoban_perf.core.addresses import MemberId
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value, Values
from huoban_perf.demo.script import _deploy
from huoban_perf.demo.seed import seed
from huoban_perf.platforms.huoban import ControlPlane
from huoban_perf.platforms.huoban.bound import BoundTable
from huoban_perf.profile import Profile, Site
from huoban_perf.sandbox import RunningServer, World, create_app, mount, open_world
from huoban_perf.sandbox.callbacks import Pusher
from huoban_perf.template import find_template
from tests.embedded import BASE, embedded
from tests.flow.bad_luck import RELAY, BadLuck
from tests.flow.conftest import FastClock
from tests.flow.quarter_company import ROLES, batches, world_of
from tests.flow.quarter_script import HR, PAYROLL, Rows
from tests.flow.served import Served
from tests.flow.wire_service import SharedClock
from tests.unit.sync.company import schema

CALLBACK_KEY = "the Encrypt Key of the quarter"
START = datetime(2026, 9, 22, 1, tzinfo=UTC)


@dataclass
class Place:
    """A workspace with the app deployed, people in it, and what connects to it."""

    world: World
    control: ControlPlane
    site: Site
    app: Any
    members: dict[str, str]
    luck: BadLuck
    server: RunningServer
    session: requests.Session

    @property
    def url(self) -> str:
        return f"{self.server.url}/openapi/v1"


@contextlib.contextmanager
def deployed(folder: Path, people: frozenset[str]) -> Iterator[Place]:
    """Deploy the whole app on a sandbox that listens on a socket, and seed who is there before the cycle."""
    world = open_world(None, start=START, seed=1)
    pusher = Pusher(world)
    flask = create_app(world, after_call=pusher.wake)
    luck = BadLuck(flask)
    listening = socket()
    listening.bind(("127.0.0.1", 0))
    server = RunningServer(application=flask, listening=listening, threads=8, pusher=pusher)
    clock = FastClock()
    with requests.Session() as near, requests.Session() as session, server:
        mount(near, flask, BASE)
        session.trust_env = False
        place = embedded(near, clock)
        control, workspace, connection = place.control, place.space, place.connection()
        profile = Profile(name="quarter", platform="huoban", home=folder / "home", workspace=workspace)
        site = Site(profile=profile, connection=connection, workspace=workspace, control=control)
        _, app = _deploy(site, schema(), clock=clock, progress=silent)
        members = {
            number: str(control.build_member(workspace, name=number)) for number in sorted({*people, HR, PAYROLL})
        }
        control.permit_all(schema(), bindings=app.bindings)
        for role, numbers in ROLES.items():
            for number in numbers:
                control.join_group(MemberId(members[number]), role)
        seed(batches(members.__getitem__, people), app=app)
        yield Place(world, control, site, app, members, luck, server, session)
    luck.close()
    world.close()


@dataclass
class WireQuarter(Served):
    """A ``Stage``: people act through HTTP with their own keys, the service is another process."""

    place: Place
    folder: Path
    faults: Random | None = None
    kills: int = 0

    def __post_init__(self) -> None:
        place, home = self.place, self.folder / "home"
        self.clock = SharedClock.create(self.folder / "clock", START)
        self.key = key = place.control.mint_key(place.site.workspace)
        self._agree(CALLBACK_KEY)
        self._write_profile(home)
        self._subscribe(key)
        place.luck.watch(key, luck=self.faults)
        self.keys = {
            number: place.control.mint_key(place.site.workspace, member=MemberId(member))
            for number, member in place.members.items()
        }
        self.begin(self.folder, {"QUARTER_KEY": key, "HUOBAN_PERF_CALLBACK_KEY": CALLBACK_KEY})

    @property
    def luck(self) -> BadLuck:  # type: ignore[override]
        return self.place.luck

    def _agree(self, encrypt_key: str) -> None:
        """Say in the workspace's settings where results go, and what seals them; empty for nothing."""
        address = {"api_key": self.key, "callback_url": f"{self.place.server.url}{RELAY}", "encrypt_key": encrypt_key}
        self.place.control.post("callback_address", address)

    def _write_profile(self, home: Path) -> None:
        template = find_template("performance")
        parameters = yaml.safe_load((template / "parameters.yaml").read_text(encoding="utf-8"))
        parameters["role_members"] = {role: list(numbers) for role, numbers in ROLES.items()}
        file = self.folder / "parameters.yaml"
        file.write_text(yaml.safe_dump(parameters, allow_unicode=True), encoding="utf-8")
        profile = {
            "platform": "huoban",
            "base_url": self.place.url,
            "workspace": self.place.site.workspace,
            "api_key": {"env": "QUARTER_KEY"},
            "parameters": str(file),
            "rate_per_s": None,
        }
        (home / "profiles.yaml").write_text(json.dumps({"profiles": {"quarter": profile}}), encoding="utf-8")

    def _subscribe(self, key: str) -> None:
        for machine in schema().machines:
            table_id = self.place.app.bindings[machine.table]
            self._send(
                "POST",
                "/event/subscribe",
                {"source_type": "table", "source_id": table_id, "events": ["item.create", "item.update"]},
                key=key,
            )

    # --- time --------------------------------------------------------------------------------------------------------

    def at(self, day: date, hour: int = 9, minute: int = 5) -> Self:
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=8)
        self.place.control.post(
            "clock", {"advance_s": max(0, int(moment.timestamp() - self.clock.at_s)), "settle": False}
        )
        self.clock.move_to(moment)
        self._agree(CALLBACK_KEY if day.day % 2 else "")  # both ways in turn
        return self.settle()

    # --- people ------------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> Rows:
        key_field = schema().table(table).key_field or ""
        return {str(values.get(key_field)): values for values in self._items(table).values()}

    def _items(self, table: str) -> dict[str, Values]:
        app = self.place.app
        pages = app.connection.item_source.scan(query=ItemQuery(table=schema().table(table)), bindings=app.bindings)
        return {item.item_id: item.values for page in pages for item in page.items}

    def item(self, table: str, key: str) -> tuple[str, ...]:
        key_field = schema().table(table).key_field or ""
        return next((item,) for item, values in self._items(table).items() if values.get(key_field) == key)

    def member(self, number: str) -> tuple[str, ...]:
        return (self.place.members[number],)

    def signature(self, by: str) -> Value:
        answer = self.place.session.post(
            f"{self.place.url}/file/upload",
            data={"type": "attachment", "name": "signature.png"},
            files={"source": ("signature.png", f"signature of {by}".encode())},
            headers={"Open-Authorization": f"Bearer {self.keys[by]}"},
            timeout=30,
        ).json()
        assert answer["code"] == 0, answer
        return (str(answer["data"]["file_id"]),)

    def pick(self, table: str, key: str, *, by: str | None = None, **values: Value) -> None:
        key_field = schema().table(table).key_field or ""
        item, row = next((item, row) for item, row in self._items(table).items() if row.get(key_field) == key)
        number = by or self._actor(table, row, values)
        self._send("PUT", f"/item/{item}", {"fields": self._encoded(table, values)}, key=self.keys[number])

    def make(self, table: str, *, by: str, **values: Value) -> None:
        table_id = self.place.app.bindings[schema().table(table).address]
        body = {"table_id": table_id, "fields": self._encoded(table, values)}
        self._send("POST", "/item", body, key=self.keys[by])

    def _actor(self, table: str, row: Values, values: Values) -> str:
        """Return who may pick the action: a person whom the row names, else the first holder of a role."""
        machine = schema().machine(table)
        actor = next(actor for actor in (machine.actors if machine else ()) if actor.action_field in values)
        numbers = {member: number for number, member in self.place.members.items()}
        for field in actor.fields:
            held = row.get(field)
            if isinstance(held, tuple) and held:
                return numbers[str(held[0])]
        return next(ROLES[role][0] for role in actor.roles)

    def _encoded(self, table: str, values: Values) -> dict[str, Any]:
        return BoundTable(schema().table(table), self.place.app.bindings).encode(values, key="")

    def _send(self, method: str, path: str, body: dict[str, Any], *, key: str) -> None:
        """Send what the platform's page would send, over the socket."""
        answer = self.place.session.request(
            method,
            f"{self.place.url}{path}",
            data=simplejson.dumps(body, use_decimal=True),
            headers={"Open-Authorization": f"Bearer {key}", "Content-Type": "application/json"},
            timeout=30,
        ).json()
        assert answer["code"] == 0, (method, path, answer, body)

    # --- what came of it ---------------------------------------------------------------------------------------------

    def world(self) -> dict[str, dict[str, dict[str, Value]]]:
        tables = {spec.key: self._items(spec.key) for spec in schema().tables}
        return world_of(tables, who={member: number for number, member in self.place.members.items()})

    def story(self) -> dict[str, Any]:
        """The quarter in numbers."""
        jobs = self.store.execute("SELECT job, count(*) FROM occurrences WHERE job != 'events' GROUP BY job")
        return {
            "firings": dict(self.store.execute("SELECT state, count(*) FROM firings GROUP BY state").fetchall()),
            "jobs": dict(jobs.fetchall()),
            "notices": int(self._count("SELECT count(*) FROM notices")),
            "requests": self.place.luck.requests,
            "writes": self.place.luck.writes,
            "run_log": len(self._items("run_log")),
            "kills": self.kills,
            "luck": dict(sorted(self.place.luck.struck.items())),
        }


@contextlib.contextmanager
def wire_quarter(folder: Path, *, people: frozenset[str], luck: int | None = None) -> Iterator[WireQuarter]:
    """A quarter about to begin, with the service running."""
    folder.mkdir(parents=True, exist_ok=True)
    with deployed(folder, people) as place:
        run = WireQuarter(place, folder, faults=None if luck is None else Random(luck))
        try:
            yield run
        finally:
            run.abandon()
