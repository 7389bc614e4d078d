"""The sample company in a connection in memory: the whole app without a wire, copied for each test."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.values import Value
from huoban_perf.demo.company import sample_company
from huoban_perf.demo.rows import Batch
from huoban_perf.demo.script import _batches
from huoban_perf.demo.seed import seed
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.extract_map import ExtractMap, extract_map_of
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.score import ScoreOutcome, run_score
from huoban_perf.template import AppTemplate, compile_schema, load_template
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

CYCLE = "2026Q3"
DECIDER = "uE001"


@cache
def template() -> AppTemplate:
    return load_template("performance")


@cache
def schema() -> DesiredSchema:
    return compile_schema(template())


@cache
def extract_map() -> ExtractMap:
    return extract_map_of(template(), schema())


@cache
def company_batches() -> tuple[Batch, ...]:
    accounts = {person.number: f"u{person.number}" for person in sample_company(criteria=1).people}
    return tuple(_batches(template(), "company", accounts))


@dataclass
class Office:
    """A workspace in memory with its app, clock and stored runs."""

    memory: Memory
    folder: Path
    clock: Clock = field(default_factory=Clock)

    @property
    def app(self) -> DeployedApp:
        return DeployedApp(connection=self.memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=self.clock)

    @property
    def runs(self) -> RunStore:
        return RunStore(folder=self.folder)

    def score(self, *, apply: bool = True, allow_large_change: bool = False) -> ScoreOutcome:
        return run_score(
            self.app,
            extract_map=extract_map(),
            cycle=CYCLE,
            runs=self.runs,
            apply=apply,
            allow_large_change=allow_large_change,
        )

    def row(self, table: str, key: str) -> dict[str, Value]:
        """One row's live values, by natural key."""
        key_field = schema().table(table).key_field or ""
        return next(values for _, values in self.memory.items[table].values() if values.get(key_field) == key)

    def item(self, table: str, key: str) -> ItemId:
        key_field = schema().table(table).key_field or ""
        return next(item for item, (_, values) in self.memory.items[table].items() if values.get(key_field) == key)

    def content(self) -> dict[str, list[str]]:
        """Everything that stands, for comparing before and after."""
        return {
            table: sorted(repr(sorted(values.items(), key=lambda pair: pair[0])) for _, values in rows.values())
            for table, rows in self.memory.items.items()
        }


def copied(memory: Memory) -> Memory:
    fresh = Memory()
    fresh.items = {
        table: {item: (moment, dict(values)) for item, (moment, values) in rows.items()}
        for table, rows in memory.items.items()
    }
    fresh.moment = memory.moment
    return fresh


def seeded() -> Memory:
    memory = Memory()
    app = DeployedApp(connection=memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=Clock())
    seed(company_batches(), app=app)
    return memory
