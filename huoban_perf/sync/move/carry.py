"""The move itself: create what is missing, fill in what had to wait for ids, read both sides anew and compare.

An item is created under its natural key, or, where it has none of its own, under a marker in a text field which the
second pass replaces by the real text. So a run that was killed finds what it made, and makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from huoban_perf.core.addresses import FileId, ItemId
from huoban_perf.core.equality import is_empty
from huoban_perf.core.errors import FactValue, Problem, SyncError, UnconfirmedWriteError, UnsafePlanError
from huoban_perf.core.items import ItemWrite, Outcome, WriteBatch, WriteMode
from huoban_perf.core.schema import FieldKind, TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.confirm import confirm
from huoban_perf.sync.move.memory import MoveMemory
from huoban_perf.sync.move.survey import (
    Ends,
    Fate,
    Line,
    Survey,
    TableCount,
    TableSurvey,
    marker,
    own_key,
    read_ends,
    survey,
    values_of,
)
from huoban_perf.sync.move.wish import FILE_KINDS, Loss, differing, row_digest
from huoban_perf.sync.snapshot import TableRows, read_table

_WAITS_S = (0.0, 0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits before each look, the first two at once; half a minute in all, then they count as unconfirmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One item that does not stand at the new place as at the old one.

    Attributes:
        table: The table.
        name: Natural key, else id.
        fields: Fields that differ; empty for an item that stands at one place only.
        side: ``both``, or the only place where it stands: ``old`` or ``new``.
    """

    table: TableSpec
    name: str
    fields: tuple[str, ...]
    side: str = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both places, read anew and laid beside each other.

    Attributes:
        counts: Every table in numbers.
        differences: What differs; items that stand at the new place only come last.
        losses: What could not be carried and is therefore no difference.
    """

    counts: tuple[TableCount, ...]
    differences: tuple[Difference, ...]
    losses: tuple[Loss, ...]

    @property
    def is_same(self) -> bool:
        """Whether every item of the old place stands at the new one as it should."""
        return not any(one.side != "new" for one in self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """What a move came to.

    Attributes:
        created: Items created.
        updated: Items changed.
        files: Files sent.
        comparison: Both places afterwards.
    """

    created: int
    updated: int
    files: int
    comparison: Comparison


def carry(
    ends: Ends, planned: Survey, *, people: Mapping[str, str], memory: MoveMemory, path: Path, overwrite: bool = False
) -> Carried:
    """Carry everything over; may be killed at any moment and run again.

    Args:
        ends: The two places.
        planned: What is to be done.
        people: Member id at the old place → at the new.
        memory: What earlier runs did; changed and saved as the move goes on.
        path: Its file.
        overwrite: Whether what somebody changed at the new place may be overwritten.

    Returns:
        Counts, and the comparison of both places, read anew.

    Raises:
        UnsafePlanError: Items were changed at the new place since, and ``overwrite`` is not given.
        SyncError: The platform refused items; running it again goes on from there.
        UnconfirmedWriteError: Items could not be read back in time; the same command goes on.
    """
    demand_ours(planned)
    work = any(planned.lines(Fate.CREATE)) or any(planned.lines(Fate.UPDATE))
    created = updated = 0
    if work:
        memory.under_way = True
        memory.save(path)
        _send_files(ends, planned.files, memory, path)
        born = {
            key: {line.old_id: line.new_id for line in one.lines if line.new_id is not None}
            for key, one in planned.tables.items()
        }
        created = sum(_create(one, born, ends.new, memory, path) for one in planned.tables.values())
        again = survey(ends, read_ends(ends), people=people, memory=memory, overwrite=overwrite)
        for key, one in again.tables.items():  # before a marker, by which a killed run's item was known, is replaced
            memory.pair(key, ((line.old_id, line.new_id) for line in one.lines if line.new_id is not None))
        memory.save(path)
        updated = sum(_update(one, ends.new) for one in again.tables.values())
    finished = survey(ends, read_ends(ends), people=people, memory=memory)
    comparison = compare_sides(finished)
    _settle(finished, memory, path, is_done=comparison.is_same)
    return Carried(created=created, updated=updated, files=len(planned.files) if work else 0, comparison=comparison)


def compare_sides(seen: Survey) -> Comparison:
    """List what differs between the two places of a survey."""
    differences: list[Difference] = []
    for one in seen.tables.values():
        for line in one.lines:
            if line.fate is not Fate.EQUAL:
                side = "both" if line.differs else "old"
                differences.append(Difference(table=one.table, name=line.name, fields=line.differs, side=side))
    for one in seen.tables.values():
        for new_id in one.lone:
            row = one.new.row_of_id(new_id)
            key = None if row is None else own_key(one.new, row)
            differences.append(Difference(table=one.table, name=key or new_id, fields=(), side="new"))
    return Comparison(counts=seen.counts(), differences=tuple(differences), losses=seen.losses)


def demand_ours(planned: Survey) -> None:
    """Refuse to go on over what somebody changed or deleted at the new place.

    Args:
        planned: What is to be done.

    Raises:
        UnsafePlanError: Lists the first of them.
    """
    problems = [
        Problem(
            code="move.changed_there" if line.differs else "move.deleted_there",
            facts={"table": one.table.labels.zh, "key": line.name, "fields": _labels(one.table, line.differs)},
        )
        for one, line in planned.lines(Fate.THEIRS)
    ]
    if problems:
        raise UnsafePlanError("move.theirs", facts={"count": len(problems)}, problems=problems[:20])


def _labels(table: TableSpec, keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(table.field(key).labels.zh for key in keys)


def _send_files(ends: Ends, waiting: Sequence[str], memory: MoveMemory, path: Path) -> None:
    source, sink = ends.old.connection.file_source, ends.new.connection.file_sink
    if source is None or sink is None:
        return
    for done, old_id in enumerate(waiting, start=1):
        file = source.get(file_id=FileId(old_id))
        memory.files[old_id] = str(sink.put(name=file.name, content=file.content))
        memory.save(path)
        ends.new.progress("progress.files", subject="", done=done, total=len(waiting))


def _create(one: TableSurvey, born: dict[str, dict[str, str]], app: DeployedApp, memory: MoveMemory, path: Path) -> int:
    """Create the missing items of one table and note their ids; relations to items not made yet are left out."""
    lines = [line for line in one.lines if line.fate is Fate.CREATE]
    if not lines or one.table.key_field is None:
        return 0
    writes = {_creation_key(one, line): line for line in lines}
    standing = _late(one, writes.keys(), app) if memory.sending == one.table.key else one.new
    memory.sending = one.table.key
    memory.save(path)
    rows = [
        _creation(one, key, line, born, memory.files)
        for key, line in writes.items()
        if standing.row_of_key(key) is None
    ]
    refused, item_ids = _submit(rows, WriteMode.UPSERT, one.table, app)
    expected = {row.key: row.values for row in rows if row.key not in refused}
    missing = confirm(expected, app=app, standing=standing, item_ids=item_ids)
    found = {key: standing.row_of_key(key) for key in writes.keys() - set(missing) - refused.keys()}
    born[one.table.key] |= {
        writes[key].old_id: str(standing.item_id(row)) for key, row in found.items() if row is not None
    }
    memory.pair(one.table.key, born[one.table.key].items())
    memory.sending = "" if not missing else one.table.key
    memory.save(path)
    _demand_all(one.table, refused, missing)
    return len(rows)


def _late(one: TableSurvey, keys: Collection[str], app: DeployedApp) -> TableRows:
    """Wait for what a killed run had sent: sent again under a marker that is gone by then, it would come twice."""
    standing = read_table(app, table=one.table)
    for wait_s in _WAITS_S if app.connection.capabilities.asynchronous_batches else ():
        if all(standing.row_of_key(key) is not None for key in keys):
            break
        _wait(wait_s, app)
        standing = read_table(app, table=one.table)
    return standing


def _creation_key(one: TableSurvey, line: Line) -> str:
    row = one.old.row_of_id(line.old_id)
    key = own_key(one.old, row) if one.natural and row is not None else None
    return key or marker(line.old_id)


def _creation(
    one: TableSurvey, key: str, line: Line, born: Mapping[str, Mapping[str, str]], files: Mapping[str, str]
) -> ItemWrite:
    values = {name: _known(one.table, name, value, born, files) for name, value in line.wished.items()}
    filled = {name: value for name, value in values.items() if not is_empty(value)}
    return ItemWrite(key=key, values={**filled, (one.table.key_field or ""): key})


def _known(
    table: TableSpec, name: str, value: Value, born: Mapping[str, Mapping[str, str]], files: Mapping[str, str]
) -> Value:
    """Replace stand-ins by the ids that are known by now; others are left out and filled in later."""
    spec = table.field(name)
    if not isinstance(value, tuple):
        return value
    ids: Mapping[str, str]
    if spec.kind is FieldKind.RELATION and spec.target is not None:
        ids = born.get(spec.target.key, {})
    elif spec.kind in FILE_KINDS:
        ids = files
    else:
        return value
    real = (ids.get(one.removeprefix("new:"), "") if one.startswith("new:") else one for one in value)
    return tuple(one for one in real if one) or None


def _update(one: TableSurvey, app: DeployedApp) -> int:
    """Write what differs, item by item, and wait until it stands."""
    lines = [line for line in one.lines if line.fate is Fate.UPDATE and line.new_id is not None]
    if not lines:
        return 0
    rows = [
        ItemWrite(key=line.name, values={key: line.wished[key] for key in line.differs}, item_id=ItemId(line.new_id))
        for line in lines
        if line.new_id is not None
    ]
    refused, _ = _submit(rows, WriteMode.UPDATE, one.table, app)
    left = [line.name for line in lines]
    for wait_s in _WAITS_S:
        _wait(wait_s, app)
        left = _not_standing(one.table, lines, app)
        if not set(left) - refused.keys():
            break
    _demand_all(one.table, refused, sorted(set(left) - refused.keys()))
    return len(rows)


def _not_standing(table: TableSpec, lines: Sequence[Line], app: DeployedApp) -> list[str]:
    now = read_table(app, table=table)
    indexes = {line.old_id: now.row_of_id(str(line.new_id)) for line in lines}
    return [
        line.name
        for line in lines
        if (row := indexes[line.old_id]) is None
        or set(differing(table, values_of(now, row), line.wished)) & set(line.differs)
    ]


def _submit(
    rows: Sequence[ItemWrite], mode: WriteMode, table: TableSpec, app: DeployedApp
) -> tuple[dict[str, str], dict[str, ItemId]]:
    """Send batches; return refused key → reason, and key → item id where the answer names it."""
    refused: dict[str, str] = {}
    item_ids: dict[str, ItemId] = {}
    size = app.connection.capabilities.batch_size
    for start in range(0, len(rows), size):
        batch = WriteBatch(table=table, mode=mode, rows=tuple(rows[start : start + size]))
        for row in app.connection.item_sink.submit(batch=batch, bindings=app.bindings).rows:
            if row.outcome is Outcome.REFUSED:
                refused[row.key] = row.reason or "-"
            elif row.item_id is not None:
                item_ids[row.key] = row.item_id
        app.progress("progress.write", subject=table.labels.zh, done=min(start + size, len(rows)), total=len(rows))
    return refused, item_ids


def _wait(seconds: float, app: DeployedApp) -> None:
    if seconds:
        app.clock.sleep(seconds)


def _demand_all(table: TableSpec, refused: Mapping[str, str], missing: Sequence[str]) -> None:
    label = table.labels.zh
    if refused:
        problems = [
            Problem(code="sync.row_refused", facts={"key": key, "reason": reason}) for key, reason in refused.items()
        ]
        raise SyncError("sync.rows_refused", facts={"table": label, "count": len(problems)}, problems=problems)
    if missing:
        facts: dict[str, FactValue] = {"table": label, "count": len(missing), "first": missing[0]}
        raise UnconfirmedWriteError("sync.unconfirmed", facts=facts)


def _settle(seen: Survey, memory: MoveMemory, path: Path, *, is_done: bool) -> None:
    """Note how every item stands that stands as wished; what differs keeps what was noted before."""
    before = memory.model_dump()
    for key, one in seen.tables.items():
        settled = memory.settled.setdefault(key, {})
        equal = [line for line in one.lines if line.fate is Fate.EQUAL and line.new_id is not None]
        memory.pair(key, ((line.old_id, str(line.new_id)) for line in equal))
        for line in equal:
            settled[line.old_id] = row_digest(one.table, line.wished)
    memory.under_way = memory.under_way and not is_done
    if memory.model_dump() != before:
        memory.save(path)
