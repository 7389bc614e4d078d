"""The lite story on a live NocoDB, with the process ``serve`` behind a proxy that spoils its requests and kills it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import requests

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run as command
from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.progress import silent
from huoban_perf.core.values import Value
from huoban_perf.demo.script import _deploy
from huoban_perf.platforms.calls.wire import dump_json
from huoban_perf.platforms.nocodb import NocodbConnection, connect
from huoban_perf.platforms.nocodb.items import NocodbItems
from huoban_perf.platforms.nocodb.server import LocalServer, free_port
from huoban_perf.profile import Profile, Site
from huoban_perf.service.rounds import EVENTS_JOB
from huoban_perf.sync.book import Book
from huoban_perf.template import compile_schema, load_template
from tests.contract.nocodb.proxy import Kind, Proxy, proxy
from tests.flow.conftest import FastClock
from tests.flow.deployed import START
from tests.flow.lite_served import World, fired_of, world_of
from tests.flow.lite_story import PEOPLE
from tests.flow.served import SECRET, Served
from tests.flow.wire_service import SharedClock

STRIKES: Mapping[int, Kind] = dict(
    enumerate(
        (
            "502 after",
            "kill after",
            "cut before",
            "late",
            "silent after",
            "cut after",
            "kill before",
            "502 before",
            "kill after",
        ),
        start=1,
    )
)
"""What befalls every seventh request that writes, in turn; afterwards they pass."""
_EVERY = 7
_READS: tuple[Kind, ...] = ("502 before", "cut after", "late", "cut before")
"""What befalls every sixtieth request that reads, in turn, over and over."""
_EVERY_READ = 60


class BadRoad(Proxy):
    """The way from the service to the server: answers are lost, late or refused, and the service is killed.

    Attributes:
        struck: What happened, by kind and whether it hit a write.
        hook: Where the server's hints go.
    """

    def __init__(self, *, bad: bool) -> None:
        super().__init__()
        self.bad = bad
        self.struck: Counter[tuple[Kind, str]] = Counter()
        self.writes = self.reads = self.pid = 0
        self.hook = ""
        self.dead = Event()

    def verdict(self, method: str, path: str) -> Kind | None:
        with self.lock:
            if method == "GET":
                self.reads += 1
                number, rest = divmod(self.reads, _EVERY_READ)
                kind = None if rest else _READS[number % len(_READS)]
            else:
                self.writes += 1
                number, rest = divmod(self.writes, _EVERY)
                kind = None if rest else STRIKES.get(number)
            if kind is None or not self.bad:
                return None
            self.struck[kind, "read" if method == "GET" else "write"] += 1
            return kind

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.dead.set()


@dataclass
class OnNocodb(Served):
    """The story on a live server: people act through its API, the service is a process behind a bad road."""

    server: LocalServer
    folder: Path
    luck: BadRoad  # type: ignore[assignment]
    session: requests.Session
    kills: int = 0
    people: dict[str, str] = field(default_factory=dict)
    heard: bool = False
    told: dict[str, float] = field(default_factory=dict)
    code: int = -1
    log: str = ""

    def __post_init__(self) -> None:
        self.connection: NocodbConnection = connect(
            url=self.server.url, token=self.server.token, session=self.session, clock=FastClock()
        )
        self.workspace = self.connection.bases.create("小公司").workspace_id
        self.port = free_port()
        home = self.folder / "home"
        home.mkdir(parents=True)
        self.profiles: dict[str, dict[str, str]] = {}
        self.add_profile("quarter", workspace=str(self.workspace))
        self._deploy(home)
        self.clock = SharedClock.create(self.folder / "clock", START)
        self.begin(self.folder, {"NOCODB_TOKEN": self.server.token, "QUARTER_PORT": str(self.port)})

    def _deploy(self, home: Path) -> None:
        """Deploy around the bad road, invite everybody, and have the server call the service."""
        profile = Profile(
            name="quarter",
            platform="nocodb",
            home=home,
            workspace=self.workspace,
            base_url=self.server.url,
            template="performance-lite",
        )
        site = Site(profile=profile, connection=self.connection, workspace=self.workspace)
        schema = compile_schema(load_template("performance-lite"))
        _, self.app = _deploy(site, schema, clock=FastClock(), progress=silent)
        accounts = {
            name: self.connection.people.account(name=name, number=f"E{number:03}")
            for number, name in enumerate(PEOPLE)
        }
        self.connection.people.invite(workspace=self.workspace, accounts=list(accounts.values()))
        members = {one.name: str(one.member_id) for one in self.connection.people.members(workspace=self.workspace)}
        self.people = {name: members[account] for name, account in accounts.items()}

    def add_profile(self, name: str, *, workspace: str) -> None:
        """Write a profile of a base, reached by the bad road."""
        entry = {"platform": "nocodb", "base_url": self.luck.url, "template": "performance-lite"}
        self.profiles[name] = {**entry, "workspace": workspace}
        text = json.dumps({"profiles": self.profiles})
        (self.folder / "home" / "profiles.yaml").write_text(text, encoding="utf-8")

    def settle_in(self, patch: pytest.MonkeyPatch) -> None:
        """Let commands work here."""
        patch.setenv("HUOBAN_PERF_HOME", str(self.folder / "home"))
        patch.setenv("HUOBAN_PERF_PROFILE", "quarter")
        patch.setenv("NOCODB_TOKEN", self.server.token)
        patch.setenv("HUOBAN_PERF_CALLBACK_SECRET", SECRET)

    @property
    def address(self) -> str:
        """Where the service listens, whichever process it is."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> int:
        """End the service in good order; return its exit code."""
        self._firings = self.store.execute("SELECT automation, item, state FROM firings").fetchall()
        self._jobs = self.store.execute("SELECT job, state FROM occurrences WHERE job != ?", (EVENTS_JOB,)).fetchall()
        self.log = self.nursery.errors()
        return super().close()

    def hooks(self, *words: str) -> Exit:
        """Arrange the server's hints with the command a person would use."""
        return command(["nocodb", "hooks", *words, "--yes"])

    # --- time and people ---------------------------------------------------------------------------------------------

    def on(self, day: date, hour: int = 9) -> None:
        self.clock.move_to(datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - timedelta(hours=8))
        self.settle()

    def rows(self, table: str) -> Mapping[str, Mapping[str, Value]]:
        return {str(row.item_id): dict(row.values) for row in Book(self.app).all(table)}

    def put(self, who: str, table: str, /, **values: Value) -> str:
        del who  # the server lets everybody write who may write at all
        (made,) = self._send("POST", table, [self._encoded(table, values)])
        return str(made["Id"])

    def change(self, who: str | None, table: str, item: str, /, **values: Value) -> None:
        del who
        self._send("PATCH", table, [{"Id": int(item), **self._encoded(table, values)}])

    def name_of(self, member: str) -> str:
        return next(name for name, known in self.people.items() if known == member)

    def _encoded(self, table: str, values: Mapping[str, Value]) -> dict[str, Any]:
        source = self.connection.item_source
        assert isinstance(source, NocodbItems)
        spec = self.app.schema.table(table)
        people = {key for key in values if spec.field(key).kind.value in {"member", "members"}}
        named = {key: tuple(self.people[name] for name in values[key]) for key in people}  # type: ignore[union-attr]
        return source.bound(spec, self.app.bindings).encode({**values, **named}, key="")

    def by_hand(self, table: str, item: str, **texts: str) -> None:
        """Type texts into cells, whatever their kind."""
        cells = {str(self.app.bindings[field_address(table, key)]): text for key, text in texts.items()}
        self._send("PATCH", table, [{"Id": int(item), **cells}])

    def meta(self, method: str, path: str, body: dict[str, Any]) -> None:
        """Change the schema behind everybody's back."""
        self._ask(method, f"/api/v2/meta/{path}", body)

    def _send(self, method: str, table: str, rows: list[dict[str, Any]]) -> Any:
        return self._ask(method, f"/api/v2/tables/{self.app.bindings[table_address(table)]}/records", rows)

    def _ask(self, method: str, path: str, body: Any) -> Any:
        """Do what the server's own page does."""
        answer = self.session.request(
            method,
            f"{self.server.url}{path}",
            data=dump_json(body),
            headers={"xc-token": self.server.token, "Content-Type": "application/json"},
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer.json()

    # --- what came of it ---------------------------------------------------------------------------------------------

    def stands(self) -> World:
        """What stands, by natural key."""
        return world_of(self.app, {member: name for name, member in self.people.items()})

    def fired(self) -> Counter[tuple[str, str, str]]:
        """Automation, row and end of every firing."""
        return fired_of(self.app, self._firings)

    def jobs(self) -> Counter[str]:
        """How often each job ran, without looks for events."""
        return Counter(job for job, _ in self._jobs)

    def unfinished(self) -> list[tuple[str, str]]:
        """Jobs that did not end well."""
        return [(job, state) for job, state in self._jobs if state != "done"]


@contextlib.contextmanager
def on_nocodb(server: LocalServer, folder: Path, *, bad: bool) -> Iterator[OnNocodb]:
    """The story about to begin on a live server, with the service running."""
    road = BadRoad(bad=bad)
    with proxy(server.url, road), requests.Session() as session:
        run = OnNocodb(server, folder, road, session)
        try:
            yield run
        finally:
            run.abandon()
