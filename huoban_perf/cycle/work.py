"""The one way every job works: draft, compare, guard, write, confirm, log, tell.

A draft is rows as they should stand, in writing order; a later wish may refer to rows of an earlier one. Compared with
what stands, only differences are written, so a job that was killed anywhere is finished by running it again, and a
second run writes nothing. Rows in which a person has picked an action are left to the executor and come with the next
run. Source: design.md §4, §5.5; workflows.md §1 "Who acted".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.notices import Notice, NoticeSink
from huoban_perf.cycle.access import Access
from huoban_perf.cycle.context import JobContext
from huoban_perf.sync.audit import AuditLog
from huoban_perf.sync.removal import remove_rows
from huoban_perf.sync.run_log import RunEntry, begin_run, end_broken_off, has_run_log, log_run
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import Refs, WantedRow
from huoban_perf.sync.write_back import WritePlan, compare, guard, pretend, write

_SHARE_PERCENT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Rows of one table as they should stand.

    Attributes:
        table: Table key.
        rows: The rows.
        first_only: Fields given a first value only; later they belong to a person or another job.
        guarded: Whether replacing a large share of standing values needs consent.
        by_people: Whether rows in which a person has picked an action may be written all the same.
    """

    table: str
    rows: tuple[WantedRow, ...]
    first_only: frozenset[str] = frozenset()
    guarded: bool = False
    by_people: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a job wants.

    Attributes:
        wishes: In writing order.
        notes: What a person should know; nothing here stops the job (what stops it is raised).
        notices: Who is to be told once the rows stand.
        summary: Chinese lines for 运行记录.
        audited: Whether a run that writes belongs into the audit log.
        removals: Rows that go, once everything else stands: item id → natural key, by table.
        runs: Stored runs that go, once everything else stands.
        after: What is done once the rows stand, for rows without a key of their own; returns how many it wrote.
        command: How 运行记录 and the audit log name the run; empty = ``job run`` and the job's name.
    """

    wishes: tuple[Wish, ...] = ()
    notes: tuple[Problem, ...] = ()
    notices: tuple[Notice, ...] = ()
    summary: str = ""
    audited: bool = False
    removals: Mapping[str, Mapping[ItemId, str]] = field(default_factory=dict)
    runs: tuple[str, ...] = ()
    after: Callable[[JobContext], int] | None = None
    command: str = ""


Plan = Callable[[JobContext], Draft]
"""A job: pure but for what the book reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """What a job came to in one table."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deferred: int = 0
    removed: int = 0

    @property
    def changed(self) -> int:
        """Rows that differ, or that were written or deleted."""
        return self.created + self.updated + self.removed

    def plus(self, other: TableCount) -> TableCount:
        """Return the sum of two counts."""
        return TableCount(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            unchanged=self.unchanged + other.unchanged,
            deferred=self.deferred + other.deferred,
            removed=self.removed + other.removed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What a run came to.

    Attributes:
        job: Name of the job.
        run: Id of the run.
        tables: Table key → counts, in writing order.
        notes: What a person should know.
        notices: How many notices it makes (preview) or made.
        applied: Whether it wrote.
        summary: Chinese lines.
    """

    job: str
    run: str
    tables: Mapping[str, TableCount]
    notes: tuple[Problem, ...]
    notices: int
    applied: bool
    summary: str

    @property
    def changes(self) -> int:
        """Rows that differ, or that were written or deleted."""
        return sum(count.changed for count in self.tables.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where a run leaves its traces.

    Attributes:
        notices: Takes notices, or None: they are only counted.
        audit: The audit log, or None.
        allow_large_change: Consent to replace a large share of standing values.
        resumes: Whether a killed run of the same job may have left its 运行记录 row without an end.
    """

    notices: NoticeSink | None = None
    audit: AuditLog | None = None
    allow_large_change: bool = False
    resumes: bool = True


@dataclass(slots=True)
class _Tally:
    tables: dict[str, TableCount] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)

    def add(self, table: str, plan: WritePlan, deferred: int) -> None:
        count = TableCount(
            created=len(plan.created), updated=len(plan.updated), unchanged=plan.unchanged, deferred=deferred
        )
        self.tables[table] = self.tables.get(table, TableCount()).plus(count)
        self.written += [f"{table}:{row.key}" for row in plan.writes]

    def remove(self, table: str, rows: Mapping[ItemId, str]) -> None:
        count = TableCount(removed=len(rows))
        self.tables[table] = self.tables.get(table, TableCount()).plus(count)
        self.written += [f"{table}:{key}" for key in rows.values()]


@dataclass(slots=True, kw_only=True)
class _Traces:
    """What one run leaves in 运行记录 and the audit log; ``run`` is its id from the first write on."""

    job: str
    context: JobContext
    desk: Desk
    draft: Draft
    started: datetime
    run: str = ""

    @property
    def command(self) -> str:
        return self.draft.command or f"job run {self.job}"

    def named(self, keys: Sequence[str]) -> str:
        """Return a run's id: when, what, and eight characters of its cycle and the rows it writes first."""
        short = digest([self.context.cycle_name, *keys]).removeprefix("sha256:")[:8]
        return f"{self.started:%Y%m%dT%H%M%S}-{self.job}-{short}"

    def begin(self, keys: Sequence[str]) -> None:
        """Say that the run begins to change rows, before it does."""
        if self.run or not keys:
            return
        self.run = self.named(keys)
        begin_run(self.context.book.app, self._entry(len(keys), ""))
        if self.draft.audited and self.desk.audit is not None:
            self.desk.audit.begin(self.command, at=self.started, facts={"cycle": self.context.cycle_name})

    def end(self, report: JobReport) -> None:
        """Say what was written; and end the row of a run that was killed, whose work this one finished."""
        app = self.context.book.app
        if self.run and has_run_log(app):
            log_run(app, self._entry(report.changes, report.summary))
        if self.run or self.desk.resumes:
            end_broken_off(app, command=self.command, cycle=self.context.cycle_name, by=self.run)
        if self.run and self.draft.audited and self.desk.audit is not None:
            facts: dict[str, str | int] = {"run": report.run, "cycle": self.context.cycle_name}
            facts |= {f"rows_{table}": count.changed for table, count in report.tables.items()}
            self.desk.audit.append(self.command, at=self.started, facts=facts)

    def _entry(self, rows: int, summary: str) -> RunEntry:
        return RunEntry(
            command=self.command,
            run=self.run,
            cycle=self.context.cycle_name,
            started=self.started,
            planned=rows,
            succeeded=rows,
            summary=summary,
        )


def carry_out(job: str, plan: Plan, context: JobContext, *, apply: bool, desk: Desk = Desk()) -> JobReport:
    """Run a job.

    Args:
        job: Its name.
        plan: What it wants.
        context: What it is given.
        apply: Write; otherwise only say what would be written.
        desk: Where traces are left.

    Returns:
        The report. Every row written was read back; state fields were written last.

    Raises:
        CycleError: The job refuses; every reason is listed and nothing was written.
        SyncError: The platform refused rows, or rows could not be read back; run it again.
        UnsafePlanError: Too many standing values would be replaced.
    """
    started = context.book.app.clock.now()
    draft = plan(context)
    wishes = [wish for wish in draft.wishes if wish.rows]  # where nothing is to be compared, no table is read
    tally = _Tally({w.table: TableCount() for w in draft.wishes if w.rows or context.book.has(w.table)})
    traces = _Traces(job=job, context=context, desk=desk, draft=draft, started=started)
    told = len(draft.notices)
    for wish in wishes:
        found = _compare(wish, context, tally)
        standing = context.book.rows(wish.table)
        if not apply:
            pretend(found, standing)
            continue
        if wish.guarded:
            guard(found, share_percent=_SHARE_PERCENT, allowed=desk.allow_large_change)
        traces.begin([row.key for row in found.writes])
        if wish is wishes[-1]:
            told = _tell(draft, desk)  # before the state moves: killed in between, they are put again, never lost
        write(found, app=context.book.app, standing=standing)
    _remove(context, tally, traces, apply=apply)
    if apply and draft.after is not None:
        draft.after(context)
    if apply and not wishes:
        told = _tell(draft, desk)
    report = JobReport(
        job=job,
        run=traces.run or traces.named(()),
        tables=tally.tables,
        notes=draft.notes,
        notices=told,
        applied=apply,
        summary=draft.summary or _summary(tally, context),
    )
    if apply:
        traces.end(report)
    return report


def _remove(context: JobContext, tally: _Tally, traces: _Traces, *, apply: bool) -> None:
    app = context.book.app
    for table, rows in traces.draft.removals.items():
        if rows:
            tally.remove(table, rows)
            if apply:
                traces.begin(list(rows.values()))
                remove_rows(rows, table=app.schema.table(table), app=app)
    if apply and traces.draft.runs and context.runs is not None:
        traces.begin(traces.draft.runs)
        context.runs.remove(traces.draft.runs)


def _tell(draft: Draft, desk: Desk) -> int:
    return desk.notices.put(draft.notices) if desk.notices is not None else len(draft.notices)


def _compare(wish: Wish, context: JobContext, tally: _Tally) -> WritePlan:
    standing = context.book.rows(wish.table)
    for row in wish.rows:
        for value in row.values.values():
            if isinstance(value, Refs):
                context.book.rows(value.table)
    machine = context.book.app.schema.machine(wish.table)
    fields = tuple(actor.action_field for actor in machine.actors if actor.action_field) if machine else ()
    actions = tuple(key for key in fields if key in standing.columns)
    rows = (
        wish.rows if wish.by_people else tuple(r for r in wish.rows if not _awaits_executor(standing, r.key, actions))
    )
    access = Access(context.book)
    rows = tuple(_seen_rightly(row, wish.table, access) for row in rows)
    plan = compare(wanted=rows, standing=standing, tables=context.book.tables, first_only=wish.first_only)
    tally.add(wish.table, plan, len(wish.rows) - len(rows))
    return plan


def _seen_rightly(row: WantedRow, table: str, access: Access) -> WantedRow:
    """Give a new row its permission columns at once: until then 「本人不是我」 would hold for the person himself."""
    if access.book.rows(table).row_of_key(row.key) is not None:
        return row
    columns = access.columns_for(table, row.values)
    return WantedRow(key=row.key, values={**row.values, **columns}) if columns else row


def _awaits_executor(standing: TableRows, key: str, actions: tuple[str, ...]) -> bool:
    row = standing.row_of_key(key)
    return row is not None and any(standing.value(row, action) for action in actions)


def _summary(tally: _Tally, context: JobContext) -> str:
    parts = []
    for table, count in tally.tables.items():
        label = context.book.app.schema.table(table).labels.zh
        if count.created or count.updated:
            parts.append(f"{label}: 新增 {count.created}, 更新 {count.updated}")
        if count.removed:
            parts.append(f"{label}: 删除 {count.removed}")
    return "; ".join(parts) or "没有变化"


def note(code: str, *, address: str | None = None, **facts: FactValue) -> Problem:
    """Return a note or a reason to refuse."""
    return Problem(code=code, facts=facts, address=address)
