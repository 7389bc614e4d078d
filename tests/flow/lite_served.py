"""The lite story on the embedded workspace, with the service in process; and what stands after it, for comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from huoban_perf.automation import FiringState
from huoban_perf.cli.serving import House
from huoban_perf.core.schema import COMPUTED_KINDS, TableSpec
from huoban_perf.core.values import Value
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices import TextBook
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import EVENTS_JOB, Rounds, Tenant
from huoban_perf.service.timetable import TIMETABLE
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book, Row
from tests.flow.deployed import Deployed
from tests.flow.lite_story import BOSS, HR, PEOPLE

World = Mapping[str, Mapping[str, Mapping[str, Value]]]
_WHEN = frozenset("natural_key batch calculated_on input_hash submitted_on released_on announced_on".split())


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


Names = Mapping[str, Mapping[str, str]]
"""Table → item → what to call it."""


BY_ITEM = frozenset({"goal", "appeal"})
"""Tables of the lite story whose rows people make: their keys end in the item's id."""


def names_of(rows: Mapping[str, Sequence[Row]], by_item: Collection[str]) -> Names:
    """Name rows by their natural key; what ends in an item id, or has no key, by the item's place in the table."""
    return {table: _named(some, by_item=table in by_item) for table, some in rows.items()}


def _named(rows: Sequence[Row], *, by_item: bool) -> dict[str, str]:
    found = {}
    for place, row in enumerate(sorted(rows, key=lambda row: int(row.item_id))):
        key = str(row.key or "")
        found[str(row.item_id)] = f"{key.rpartition('|')[0]}|#{place}" if by_item or not key else key
    return found


def world_of(app: DeployedApp, who: Mapping[str, str], by_item: Collection[str] = BY_ITEM) -> World:
    """Table → natural key → field → value, without moments and ids: equal for equal worlds wherever they are.

    Args:
        app: Where.
        who: Member → what to call them.
        by_item: Tables whose keys end in the id of their item.
    """
    book = Book(app)
    rows = {table.key: list(book.all(table.key)) for table in app.schema.tables}
    names = names_of(rows, by_item)
    world: dict[str, dict[str, dict[str, Value]]] = {}
    for table in app.schema.tables:
        known = names[table.key]
        assert len(set(known.values())) == len(rows[table.key]), f"a key stands twice in {table.key}"
        world[table.key] = {known[str(row.item_id)]: _plain(table, row.values, names, who) for row in rows[table.key]}
    return world


def _plain(table: TableSpec, row: Mapping[str, Value], names: Names, who: Mapping[str, str]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for spec in table.fields:
        key, value = spec.address.key, row.get(spec.address.key)
        if value in {None, "", (), False} or key in _WHEN or spec.kind in COMPUTED_KINDS:
            continue  # a switch that is off and an empty one are the same on NocoDB
        if isinstance(value, tuple):
            known = names.get(spec.target.key, {}) if spec.target else who
            value = tuple(sorted(known.get(part, part) for part in value))
        if "receipt" in key:  # goals stand in the order of their keys, which hold item ids: long here and short there
            value = "\n".join(sorted(str(value).splitlines()))
        found[key] = value.normalize() if isinstance(value, Decimal) else value
    return found


def fired_of(app: DeployedApp, told: Iterable[tuple[str, str, str]]) -> Counter[tuple[str, str, str]]:
    """Count firings by automation, natural key of the row, and end.

    Args:
        app: Where the rows are.
        told: Automation, item id, end; the automation's name says which table the item is of.
    """
    book = Book(app)
    names = names_of({table.key: list(book.all(table.key)) for table in app.schema.tables}, BY_ITEM)
    tables = ((name.partition(":")[2].partition(".")[0], name, item, state) for name, item, state in told)
    return Counter((name, names[table].get(item, item), state) for table, name, item, state in tables)
