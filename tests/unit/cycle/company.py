"""The sample company before its cycle: people, positions, schemes and metrics, and a cycle in 草稿."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from huoban_perf.core.errors import Problem
from huoban_perf.core.notices import Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext, Process
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.cycle.work import Desk, JobReport, Plan, carry_out
from huoban_perf.demo.rows import Batch, batch
from huoban_perf.demo.seed import seed
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.book import Book
from huoban_perf.sync.rescore import Decision, Rescored
from huoban_perf.sync.runs import RunStore
from huoban_perf.sync.wanted import Refs, WantedRow
from huoban_perf.sync.write_back import compare, write
from tests.unit.sync.company import company_batches, copied, schema
from tests.unit.sync.memory import NO_BINDINGS, Clock, Memory

CYCLE = "2026Q4"
BASE = ("department", "scheme", "rater_group", "grade_band", "position", "employee", "metric")
DATES = {
    "start_date": date(2026, 10, 1),
    "end_date": date(2026, 12, 31),
    "goal_open_on": date(2026, 9, 28),
    "goal_due_on": date(2026, 10, 12),
    "review_start_on": date(2027, 1, 4),
    "data_due_on": date(2027, 1, 6),
    "self_due_on": date(2027, 1, 7),
    "review_due_on": date(2027, 1, 12),
    "calibration_on": date(2027, 1, 14),
    "release_on": date(2027, 1, 18),
    "interview_due_on": date(2027, 1, 28),
    "confirm_due_on": date(2027, 1, 25),
    "appeal_due_on": date(2027, 1, 29),
}


class Told:
    """A notice sink that keeps what it was given, once a key."""

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}

    def put(self, notices: object) -> int:
        before = len(self.notices)
        for notice in notices:  # type: ignore[attr-defined]
            self.notices.setdefault(notice.key, notice)
        return len(self.notices) - before


@dataclass
class Firm:
    """A company in memory with its clock; jobs run by name."""

    memory: Memory
    folder: Path
    clock: Clock = field(default_factory=Clock)
    told: Told = field(default_factory=Told)
    process: Process = field(default_factory=Process)
    members: Mapping[str, str] = field(default_factory=dict)
    rescore: Callable[[Sequence[Decision]], Mapping[str, Rescored]] | None = None

    @property
    def app(self) -> DeployedApp:
        return DeployedApp(connection=self.memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=self.clock)

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self.folder / "audit.jsonl")

    def on(self, day: date) -> Firm:
        """Set the day; it is nine in the morning in China."""
        self.clock.moment = datetime(day.year, day.month, day.day, 1, tzinfo=UTC)
        return self

    def run(self, name: str, plan: Plan, *, apply: bool = True, cycle: str = CYCLE, **options: str) -> JobReport:
        context = JobContext(
            book=Book(self.app),
            cycle_name=cycle,
            process=self.process,
            options=options,
            members=self.members,
            rescore=self.rescore,
            runs=RunStore(folder=self.folder / "runs"),
        )
        self.clock.moment += timedelta(seconds=1)
        return carry_out(name, plan, context, apply=apply, desk=Desk(notices=self.told, audit=self.audit))

    def rows(self, table: str) -> dict[str, dict[str, Value]]:
        """Live rows by natural key."""
        key_field = schema().table(table).key_field or ""
        return {str(values.get(key_field)): values for _, values in self.memory.items.get(table, {}).values()}

    def set(self, table: str, key: str, **values: Value) -> None:
        """Change a row the way a person in the workspace would."""
        self.rows(table)[key].update(values)
        self.memory.moment += 1
        for item, (_, row) in self.memory.items[table].items():
            if row is self.rows(table)[key]:
                self.memory.items[table][item] = (self.memory.moment, row)

    def put(self, table: str, key: str, values: Mapping[str, Value | Refs]) -> None:
        """Create a row the way a person in the workspace would."""
        book = Book(self.app)
        for value in values.values():
            if isinstance(value, Refs):
                book.rows(value.table)
        rows = book.rows(table)
        wanted = WantedRow(key=key, values={rows.table.key_field or "": key, **values})
        write(compare(wanted=[wanted], standing=rows, tables=book.tables), app=self.app, standing=rows)


@cache
def _seeded() -> Memory:
    memory = Memory()
    app = DeployedApp(connection=memory.connection(), schema=schema(), bindings=NO_BINDINGS, clock=Clock())
    base: list[Batch] = [part for part in company_batches() if part.table in BASE]
    scheme = next(part.rows[0].key for part in base if part.table == "scheme")
    cycle = batch(
        "cycle",
        "name",
        [
            {
                "name": CYCLE,
                "status": "draft",
                "kind": "quarter",
                "schemes": Refs("scheme", (scheme,)),
                "decider": ("uE001",),
                "min_days": Decimal(30),
                "enabled_stages": ("self", "peer", "calibration", "interview", "confirmation", "appeal", "outcome"),
                **DATES,
            }
        ],
    )
    heads = batch("department", "code", [{"code": "D00", "head": ("uE001",)}, {"code": "D11", "head": ("uE004",)}])
    seed([*base, cycle, heads], app=app)
    return memory


def firm(folder: Path) -> Firm:
    """A fresh copy of the company."""
    return Firm(copied(_seeded()), folder)


def reviewing_on(company: Firm, *days: date) -> Firm:
    """Announce the cycle and move it on until reviews come in, and further on later days."""
    company.on(date(2026, 9, 23)).run("open", open_cycle, announce="yes")
    for day in (date(2026, 9, 28), date(2026, 10, 13), date(2027, 1, 4), *days):
        company.on(day).run("open", open_cycle)
    return company


def codes(problems: tuple[Problem, ...]) -> list[str]:
    """The codes of problems, in order."""
    return [problem.code for problem in problems]
