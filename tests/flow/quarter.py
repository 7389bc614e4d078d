"""The quarter in memory: the service runs it in this process under a fast clock, on a connection without a wire."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Self

from huoban_perf.automation import FiringState
from huoban_perf.cli.deployed import Wish
from huoban_perf.cli.serving import House
from huoban_perf.cli.workshop import Workshop, process_of
from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import UnreachableError
from huoban_perf.core.schema import FieldKind
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.demo.seed import seed
from huoban_perf.notices import Message, TextBook
from huoban_perf.profile import Profile, Site
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import Rounds, Tenant
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.sync.app import DeployedApp
from tests.flow.quarter_company import ROLES, batches, world_of
from tests.flow.quarter_script import CYCLE, Rows, play
from tests.unit.cycle.company import Firm
from tests.unit.cycle.dying import Died
from tests.unit.sync.company import copied, schema, template
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

__all__ = ["CYCLE", "Quarter", "play", "quarter"]


class Way:
    """A channel that reaches everybody and keeps what it was given."""

    name = "way"

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def reaches(self, receiver: str) -> bool:
        return True

    def send(self, message: Message) -> None:
        self.sent.append(message)


@dataclass
class Quarter:
    """The company, its service, and the faults that befall it.

    ``faults`` is None for a clean run, else the source of bad luck: writes that fail before or after their effect, and
    the service killed in the middle of one. Accounts are called by ``mark`` and 工号.
    """

    company: Firm
    faults: Random | None = None
    mark: str = "u"
    kills: int = 0
    failures: int = 0
    way: Way = field(default_factory=Way)

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.company.folder / "service.sqlite")
        if self.faults is not None:
            self._disturb(self.faults)
        self.start()

    def start(self) -> None:
        """A new process of the service on the same state."""
        company, store = self.company, self.store
        outbox = Outbox(
            profile="p",
            store=store,
            clock=company.clock,
            calendar=WorkCalendar(),
            texts=TextBook(locale="zh"),
            channels=(self.way,),
        )
        profile = Profile(name="p", home=company.folder / "home")
        wish = Wish(template=template(), schema=schema())
        members = {role: tuple(self.account(number) for number in numbers) for role, numbers in ROLES.items()}
        shop = Workshop(
            site=Site(profile=profile, connection=company.memory.connection(), workspace=WorkspaceId("1")),
            wish=wish,
            app=company.app,
            process=replace(process_of(wish, {}), role_members=members),
            calendar=WorkCalendar(),
            members={},
            secret=str,
            notices=outbox,
        )
        house = House(shop=shop, ledger=SqliteLedger(store, profile="p"), outbox=outbox, store=store, metrics=Metrics())
        self.ledger = house.ledger
        self.rounds = Rounds(
            tenants=(Tenant(profile="p", schedules=TIMETABLE, outbox=outbox, poll=timedelta(minutes=1)),),
            store=store,
            run_job=house.run,
            clock=company.clock,
            name="a",
        )

    def _disturb(self, luck: Random) -> None:
        memory = self.company.memory
        submit = memory.submit

        def unlucky(**asked: Any) -> Any:
            fate = luck.random()
            if fate < 0.02:
                self.failures += 1
                raise UnreachableError("platform.unreachable", endpoint="items")  # before the effect
            answer = submit(**asked)
            if fate < 0.04:
                self.failures += 1
                raise UnreachableError("platform.timeout", endpoint="items")  # after the effect
            if fate < 0.05:
                self.kills += 1
                raise Died
            return answer

        memory.submit = unlucky  # type: ignore[method-assign]

    # --- time --------------------------------------------------------------------------------------------------------

    def at(self, day: date, hour: int = 9, minute: int = 5) -> Self:
        """Move to a moment of a day in China and let the service settle."""
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=8)
        self.company.clock.moment = max(moment, self.company.clock.moment + timedelta(seconds=1))
        return self.settle()

    def settle(self) -> Self:
        """Let the service run, a round every 75 s, until a round wrote nothing and nothing waits to be tried again."""
        for _ in range(40):
            self.company.clock.moment += timedelta(seconds=75)
            writes = self.company.memory.writes
            try:
                self.rounds.tick()
            except Died:
                self.company.clock.moment += timedelta(minutes=4)  # the dead one's lease ends
                self.start()
                continue
            counts = self.store.counts()
            waiting = counts[State.DUE] + counts[State.RUNNING] + len(self.ledger.listed(FiringState.PENDING))
            if writes == self.company.memory.writes and not waiting:
                return self
        raise AssertionError("the service does not come to rest")

    # --- people ------------------------------------------------------------------------------------------------------

    def rows(self, table: str) -> Rows:
        return self.company.rows(table)

    def pick(self, table: str, key: str, *, by: str | None = None, **values: Value) -> None:
        """A person changes a row; nobody is asked who it is."""
        del by
        self.company.memory.moment += 10
        self.company.set(table, key, **values)

    def make(self, table: str, *, by: str, **values: Value) -> None:
        """A person makes a row without a key."""
        del by
        self.company.memory.moment += 10
        spec = schema().table(table)
        number = Decimal(len(self.company.memory.items.get(table, {})) + 1)
        counted = {field.address.key: number for field in spec.fields if field.kind is FieldKind.AUTO_NUMBER}
        self.company.memory.put(spec, {**counted, **values})

    def item(self, table: str, key: str) -> tuple[str, ...]:
        key_field = schema().table(table).key_field or ""
        return next((item,) for item, (_, row) in self.company.memory.items[table].items() if row.get(key_field) == key)

    def account(self, number: str) -> str:
        return f"{self.mark}{number}"

    def member(self, number: str) -> tuple[str, ...]:
        return (self.account(number),)

    def signature(self, by: str) -> Value:
        return (f"signature of {by}",)

    def world(self) -> dict[str, dict[str, dict[str, Value]]]:
        """What stands, by natural key, without moments and ids of made rows."""
        tables = {
            table: {item: row for item, (_, row) in rows.items()} for table, rows in self.company.memory.items.items()
        }
        return world_of({**{spec.key: {} for spec in schema().tables}, **tables}, who=self.who())

    def who(self) -> dict[str, str]:
        """Account → 工号."""
        everybody = (*ROLES["hr"], *ROLES["payroll"], *self.company.rows("employee"))
        return {self.account(number): number for number in everybody}

    def story(self) -> dict[str, Any]:
        """The quarter in numbers."""
        fired = Counter(state.value for _, _, _, state, _, _ in self.ledger.listed())
        return {
            "firings": dict(fired),
            "jobs": dict(Counter(job for _, job, _, _, _, _ in self.store.listed() if job != "events")),
            "messages": len(self.way.sent),
            "reads": self.company.memory.reads,
            "writes": self.company.memory.writes,
            "run_log": len(self.company.rows("run_log")),
            "failures": self.failures,
            "kills": self.kills,
        }


def _account(number: str) -> str:
    return f"u{number}"


@cache
def _seeded(people: frozenset[str] | None) -> Memory:
    memory = Memory()
    app = DeployedApp(connection=memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=Clock())
    seed(batches(_account, people), app=app)
    return memory


@contextlib.contextmanager
def quarter(folder: Path, *, luck: int | None = None, people: frozenset[str] | None = None) -> Iterator[Quarter]:
    """A quarter about to begin: cycle in 草稿, nobody has done anything."""
    folder.mkdir(parents=True, exist_ok=True)
    company = Firm(copied(_seeded(people)), folder).on(date(2026, 9, 22))
    found = Quarter(company, faults=None if luck is None else Random(luck))
    try:
        yield found
    finally:
        found.store.close()
