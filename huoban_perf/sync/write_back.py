"""Write back: compare what a job wants with what stands, and send only the difference.

Rows are matched by natural key, created through upsert (so that a lost answer can be repeated safely) and confirmed by
reading back. A second run of the same job therefore sends no request that writes.

Source: design.md §5.5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.equality import equal, is_empty
from huoban_perf.core.errors import FactValue, Problem, SyncError, UnconfirmedWriteError, UnsafePlanError
from huoban_perf.core.items import Item, ItemWrite, Outcome, WriteBatch, WriteMode
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.confirm import confirm
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import WantedRow, resolve

NOT_COMPARED = frozenset({"batch", "calculated_on", "released_on"})
"""批次, 计算时间 and 公布时间 say when a row was written, so they never cause a write. Source: design.md §5.5."""

_PROVENANCE = frozenset({"input_hash", "scheme_hash"})
"""Say what a result came from; a change of them alone replaces no result, so the guard does not count it."""

_GUARD_FLOOR = 20
"""Below so many changed rows the share guard stays silent, so that a small company is not stopped by its size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """The difference between wanted and standing rows of one table.

    Attributes:
        table: The table.
        created: Rows whose key stands nowhere, with all their values.
        updated: Rows that stand with other values; ``values`` holds only what differs (and the key).
        overwritten: How many of ``updated`` replace a result that was not empty.
        unchanged: How many rows stand as wanted.
        orphans: Keys that stand but are not wanted; reported, never deleted.
        standing: How many rows the table held.
    """

    table: TableSpec
    created: tuple[ItemWrite, ...]
    updated: tuple[ItemWrite, ...]
    overwritten: int
    unchanged: int
    orphans: tuple[str, ...]
    standing: int

    @property
    def writes(self) -> tuple[ItemWrite, ...]:
        """Every row to send, creations first."""
        return self.created + self.updated


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteReport:
    """What writing one table came to; every row sent was read back equal."""

    table: str
    created: int
    updated: int
    unchanged: int
    orphans: int

    @property
    def written(self) -> int:
        """Rows created or updated."""
        return self.created + self.updated


def compare(
    *,
    wanted: Sequence[WantedRow],
    standing: TableRows,
    tables: Mapping[str, TableRows],
    first_only: Collection[str] = (),
) -> WritePlan:
    """Find what must be written.

    Args:
        wanted: Rows as they should stand; keys are unique.
        standing: The table as read, with at least the wanted columns.
        tables: Other tables that relations point to.
        first_only: Fields that are given a first value at creation and belong to a later step or a person from then on.

    Returns:
        The difference.

    Raises:
        AmbiguousRowError: Several standing rows hold a wanted key.
        ExtractError: A relation points to a row that does not exist.
    """
    created: list[ItemWrite] = []
    updated: list[ItemWrite] = []
    overwritten = 0
    for row in wanted:
        values = resolve(row, tables=tables)
        index = standing.row_of_key(row.key)
        if index is None:
            filled = {field: value for field, value in values.items() if not is_empty(value)}
            created.append(ItemWrite(key=row.key, values=filled))
            continue
        changed = {
            field: value
            for field, value in values.items()
            if field not in NOT_COMPARED and field not in first_only and not equal(standing.value(index, field), value)
        }
        if changed:
            overwritten += any(not is_empty(standing.value(index, field)) for field in changed.keys() - _PROVENANCE)
            stamps = {field: value for field, value in values.items() if field in NOT_COMPARED}
            key_field = {standing.table.key_field or "": row.key}
            updated.append(ItemWrite(key=row.key, values={**key_field, **changed, **stamps}))
    keys = {row.key for row in wanted}
    return WritePlan(
        table=standing.table,
        created=tuple(created),
        updated=tuple(updated),
        overwritten=overwritten,
        unchanged=len(wanted) - len(created) - len(updated),
        orphans=tuple(sorted(set(standing.keys()) - keys)),
        standing=len(standing),
    )


def guard(plan: WritePlan, *, share_percent: int, allowed: bool) -> None:
    """Stop a run that would replace a large share of values that people may rely on.

    Args:
        plan: What would be written.
        share_percent: Largest share of standing rows, in per cent, that may be overwritten without consent.
        allowed: Whether consent was given.

    Raises:
        UnsafePlanError: The share is exceeded and consent is missing.
    """
    if allowed or plan.overwritten < _GUARD_FLOOR or plan.overwritten * 100 <= plan.standing * share_percent:
        return
    facts: dict[str, FactValue] = {
        "table": plan.table.labels.zh,
        "count": plan.overwritten,
        "total": plan.standing,
        "share": share_percent,
    }
    raise UnsafePlanError("sync.large_change", facts=facts)


def pretend(plan: WritePlan, standing: TableRows) -> None:
    """Let later steps of a preview see the rows that a plan would write; nothing is sent.

    Args:
        plan: What would be written.
        standing: The table's rows; gets the rows as they would stand, new ones under made-up ids.
    """
    for row in plan.created:
        standing.add(Item(item_id=ItemId(f"new:{row.key}"), values=row.values))
    for row in plan.updated:
        index = standing.row_of_key(row.key)
        if index is not None:
            before: dict[str, Value] = {column: standing.value(index, column) for column in standing.columns}
            standing.add(Item(item_id=standing.item_id(index), values={**before, **row.values}))


def write(
    plan: WritePlan,
    *,
    app: DeployedApp,
    standing: TableRows,
) -> WriteReport:
    """Send the difference in batches and confirm it by reading back.

    Args:
        plan: What to write.
        app: Where to write.
        standing: The table's rows; confirmed rows are added, so that later tables can refer to them.

    Returns:
        Counts; returned only when every row was read back as sent.

    Raises:
        SyncError: The platform refused rows; each one is listed. The others are written.
        UnconfirmedWriteError: Rows could not be read back in time; the same command resumes.
    """
    writes = plan.writes
    refused: list[Problem] = []
    item_ids: dict[str, ItemId] = {}
    size = app.connection.capabilities.batch_size
    for start in range(0, len(writes), size):
        rows = writes[start : start + size]
        receipt = app.connection.item_sink.submit(
            batch=WriteBatch(table=plan.table, mode=WriteMode.UPSERT, rows=rows), bindings=app.bindings
        )
        item_ids |= {row.key: row.item_id for row in receipt.rows if row.item_id is not None}
        refused += [
            Problem(code="sync.row_refused", facts={"key": row.key, "reason": row.reason or "-"})
            for row in receipt.rows
            if row.outcome is Outcome.REFUSED
        ]
        done = min(start + size, len(writes))
        app.progress("progress.write", subject=plan.table.labels.zh, done=done, total=len(writes))
    expected = {row.key: row.values for row in writes}
    for problem in refused:
        expected.pop(str(problem.facts["key"]), None)
    missing = confirm(expected, app=app, standing=standing, item_ids=item_ids)
    _raise_unfinished(plan, refused=refused, missing=missing)
    return WriteReport(
        table=plan.table.address.key,
        created=len(plan.created),
        updated=len(plan.updated),
        unchanged=plan.unchanged,
        orphans=len(plan.orphans),
    )


def _raise_unfinished(plan: WritePlan, *, refused: Sequence[Problem], missing: Sequence[str]) -> None:
    table = plan.table.labels.zh
    if refused:
        raise SyncError("sync.rows_refused", facts={"table": table, "count": len(refused)}, problems=refused)
    if missing:
        facts: dict[str, FactValue] = {"table": table, "count": len(missing), "first": missing[0]}
        raise UnconfirmedWriteError("sync.unconfirmed", facts=facts)
