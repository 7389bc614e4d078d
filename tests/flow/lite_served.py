"""Two stages of the lite story: the embedded workspace with the service in process, and a live NocoDB with the process
``serve`` behind a proxy that spoils its requests and kills it.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import Any

import requests

from huoban_perf.automation import FiringState
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.main import run as command
from huoban_perf.cli.serving import House
from huoban_perf.core.progress import silent
from huoban_perf.core.schema import COMPUTED_KINDS, TableSpec
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.demo.script import _deploy
from huoban_perf.notices import TextBook
from huoban_perf.platforms.calls.wire import dump_json
from huoban_perf.platforms.nocodb import NocodbConnection, connect
from huoban_perf.platforms.nocodb.items import NocodbItems
from huoban_perf.platforms.nocodb.server import LocalServer, free_port
from huoban_perf.profile import Profile, Site
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import EVENTS_JOB, Rounds, Tenant
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book
from huoban_perf.template import compile_schema, load_template
from tests.contract.nocodb.proxy import Kind, Proxy, proxy
from tests.flow.conftest import FastClock
from tests.flow.deployed import START, Deployed
from tests.flow.lite_story import BOSS, HR, PEOPLE
from tests.flow.served import Served
from tests.flow.wire_service import SharedClock

World = Mapping[str, Mapping[str, Mapping[str, Value]]]
_WHEN = frozenset({"batch", "calculated_on", "input_hash", "submitted_on", "released_on", "announced_on"})


class InProcess(Deployed):
    """The embedded workspace; the service runs in this process under a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        super().__init__("performance-lite", folder, people=PEOPLE, groups={HR: "hr", BOSS: "hr"})
        outbox = Outbox(
            profile="p",
            store=self.store,
            clock=self.clock,
            calendar=WorkCalendar(),
            texts=TextBook(locale="zh"),
            channels=(),
        )
        shop = replace(self.shop, notices=outbox)
        house = House(shop=shop, ledger=self.ledger, outbox=outbox, store=self.store, metrics=Metrics())
        self.rounds = Rounds(
            tenants=(Tenant(profile="p", schedules=TIMETABLE, outbox=outbox, poll=timedelta(minutes=1)),),
            store=self.store,
            run_job=house.run,
            clock=self.clock,
            name="a",
        )

    def settle(self) -> None:
        """Let the service run, a round every 75 s, until one wrote nothing and nothing waits."""
        for _ in range(40):
            writes = self.api.traffic.traffic().writes
            self._advance(75)
            self.rounds.tick()
            counts = self.store.counts()
            waiting = counts[State.DUE] + counts[State.RUNNING] + len(self.ledger.listed(FiringState.PENDING))
            if writes == self.api.traffic.traffic().writes and not waiting:
                return
        raise AssertionError("the service does not come to rest")

    def name_of(self, member: str) -> str:
        return next(name for name, known in self.people.items() if known == member)

    def _wire_value(self, field: Any, value: Any) -> Any:
        return super()._wire_value(field, int(value) if isinstance(value, Decimal) else value)

    def stands(self) -> World:
        """What stands, by natural key."""
        return world_of(self.app, {member: name for name, member in self.people.items()})

    def fired(self) -> Counter[tuple[str, str, str]]:
        """Automation, row and end of every firing."""
        told = [(name, item, state.value) for name, item, _, state, _, _ in self.ledger.listed()]
        return fired_of(self.app, told)

    def jobs(self) -> Counter[str]:
        """How often each job ran, without looks for events."""
        return Counter(job for _, job, _, state, _, _ in self.store.listed() if job != EVENTS_JOB)


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
            "cut after",
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

    def __post_init__(self) -> None:
        self.connection: NocodbConnection = connect(
            url=self.server.url, token=self.server.token, session=self.session, clock=FastClock()
        )
        self.workspace = self.connection.bases.create("小公司").workspace_id
        self.port = free_port()
        entry = {
            "platform": "nocodb",
            "base_url": self.luck.url,
            "workspace": self.workspace,
            "template": "performance-lite",
        }
        home = self.folder / "home"
        home.mkdir(parents=True)
        (home / "profiles.yaml").write_text(json.dumps({"profiles": {"quarter": entry}}), encoding="utf-8")
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

    def hooks(self, *words: str) -> Exit:
        """Arrange the server's hints with the command a person would use."""
        return command(["--profile", "quarter", "nocodb", "hooks", *words, "--yes"])

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

    def _send(self, method: str, table: str, rows: list[dict[str, Any]]) -> Any:
        """Do what the server's own page does."""
        table_id = self.app.bindings[self.app.schema.table(table).address]
        answer = self.session.request(
            method,
            f"{self.server.url}/api/v2/tables/{table_id}/records",
            data=dump_json(rows),
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
        return fired_of(self.app, self.store.execute("SELECT automation, item, state FROM firings").fetchall())

    def jobs(self) -> Counter[str]:
        """How often each job ran, without looks for events."""
        told = self.store.execute("SELECT job FROM occurrences WHERE job != ?", (EVENTS_JOB,)).fetchall()
        return Counter(job for (job,) in told)


def world_of(app: DeployedApp, who: Mapping[str, str]) -> World:
    """Table → natural key → field → value, without moments and ids: equal for equal worlds wherever they are."""
    book = Book(app)
    rows = {table.key: list(book.all(table.key)) for table in app.schema.tables}
    names = {table: {str(row.item_id): str(row.key or row.item_id) for row in found} for table, found in rows.items()}
    world: dict[str, dict[str, dict[str, Value]]] = {}
    for table in app.schema.tables:
        known = names[table.key]
        assert len(set(known.values())) == len(rows[table.key]), f"a key stands twice in {table.key}"
        world[table.key] = {known[str(row.item_id)]: _plain(table, row.values, names, who) for row in rows[table.key]}
    return world


def _plain(
    table: TableSpec, row: Mapping[str, Value], names: Mapping[str, Mapping[str, str]], who: Mapping[str, str]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for spec in table.fields:
        key, value = spec.address.key, row.get(spec.address.key)
        if value in {None, "", (), False} or key in _WHEN or spec.kind in COMPUTED_KINDS:
            continue  # a switch that is off and an empty one are the same on NocoDB
        if isinstance(value, tuple):
            known = names.get(spec.target.key, {}) if spec.target else who
            value = tuple(sorted(known.get(part, part) for part in value))
        found[key] = value.normalize() if isinstance(value, Decimal) else value
    return found


def fired_of(app: DeployedApp, told: Iterable[tuple[str, str, str]]) -> Counter[tuple[str, str, str]]:
    """Count firings by automation, natural key of the row, and end.

    Args:
        app: Where the rows are.
        told: Automation, item id, end; the automation's name says which table the item is of.
    """
    book = Book(app)
    keys = {table.key: {str(row.item_id): str(row.key) for row in book.all(table.key)} for table in app.schema.tables}
    tables = ((name.partition(":")[2].partition(".")[0], name, item, state) for name, item, state in told)
    return Counter((name, keys[table].get(item, item), state) for table, name, item, state in tables)


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
