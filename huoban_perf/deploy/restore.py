"""Restoring items: what was put aside is filled in where the loss left a hole, and nowhere else.

Two rules keep it safe to repeat. A row of a table that was made anew is recognised by a column whose values are all
different, and created through upsert on that column. A cell is written only while it is empty, or holds a part of what
it held (an option or a related item is missing); a cell that somebody has filled otherwise since is left to them and
counted. Every write is read back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from huoban_perf.core.addresses import Address, Bindings, ItemId
from huoban_perf.core.equality import equal, is_empty
from huoban_perf.core.errors import Problem, UnfinishedApplyError
from huoban_perf.core.items import Item, ItemQuery, ItemWrite, Outcome, WriteBatch, WriteMode
from huoban_perf.core.schema import TEXT_KINDS, TableSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.deploy.artifact import AddressText, Artifact
from huoban_perf.deploy.backup import POINTING, UNWRITABLE
from huoban_perf.deploy.snapshot import Backup, Snapshot
from huoban_perf.deploy.state import StateFile, bindings_of
from huoban_perf.deploy.target import DeployTarget

_WAITS_S = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits between rounds of reading back, the first at once; batches are applied later (openapi-v1.md §9 [doc])."""


class RestoredTable(Artifact):
    """What became of the items of one table.

    Attributes:
        table: The table.
        name: Its name.
        saved: Items that were put aside.
        created: Items made again.
        filled: Items that got values back.
        kept: Items with a value that somebody has changed since: theirs stays.
        missing: Items that no longer stand (deleted since), so that their values have nowhere to go.
        refused: Items that cannot be made again, because no column tells them apart.
    """

    table: AddressText
    name: str
    saved: int
    created: int = 0
    filled: int = 0
    kept: int = 0
    missing: int = 0
    refused: int = 0


def restore_items(
    snapshots: Sequence[Snapshot], *, state: StateFile, target: DeployTarget
) -> tuple[RestoredTable, ...]:
    """Fill in what was put aside.

    Args:
        snapshots: Snapshots of one undertaking, oldest first; what a later one holds wins.
        state: The state, once the structure stands again.
        target: Where; its snapshot store holds the items.

    Returns:
        What became of each table, in the order of the snapshot.

    Raises:
        UnfinishedApplyError: The platform refused rows, or they could not be read back; the same command does the rest.
        StateFormatError: A snapshot's file is damaged.
    """
    extra = {address: own for snapshot in snapshots for address, own in snapshot.extra_ids.items()}
    bindings = Bindings({**extra, **bindings_of(state)})  # type: ignore[dict-item]  # ids are texts of one NewType
    works = _works(snapshots, bindings, target)
    ids: dict[Address, dict[str, str]] = {}
    made: dict[Address, int] = {}
    for work in _targets_first([work for work in works if work.is_remade and work.table.key_field is not None]):
        pending = {other.table.address for other in works if other.is_remade} - ids.keys()
        made[work.table.address], ids[work.table.address] = _make_rows(work, ids, pending, bindings, target)
    return tuple(_filled(work, ids, made.get(work.table.address, 0), bindings, target) for work in works)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One table: its spec with the fields put aside, the items, and whether it had to be made anew."""

    table: TableSpec
    items: Mapping[ItemId, Values]
    is_remade: bool


def _works(snapshots: Sequence[Snapshot], bindings: Bindings, target: DeployTarget) -> list[_Work]:
    specs = {table.address: table for snapshot in reversed(snapshots) for table in snapshot.tables}
    merged: dict[Address, dict[ItemId, Values]] = {}
    firsts: dict[Address, Backup] = {}
    for snapshot in snapshots:
        for backup in snapshot.backups:
            firsts.setdefault(backup.table, backup)
            rows = merged.setdefault(backup.table, {})
            for item in target.snapshots.items(snapshot, backup) if target.snapshots else ():
                rows[item.item_id] = item.values if backup.whole else {**rows.get(item.item_id, {}), **item.values}
    works: list[_Work] = []
    for address, rows in merged.items():
        is_remade = bindings.get(address) != firsts[address].remote_id
        if firsts[address].whole and not is_remade:
            continue  # it was never lost
        held = {key for values in rows.values() for key in values}
        kept = [one for one in specs[address].fields if one.address.key in held and one.kind not in UNWRITABLE]
        table = replace(specs[address], fields=tuple(one for one in kept if one.address in bindings))
        works.append(_Work(table=_keyed(table, rows.values()), items=rows, is_remade=is_remade))
    return works


def _keyed(table: TableSpec, rows: Iterable[Values]) -> TableSpec:
    """Choose the column that tells the rows apart: a unique one, else the title, else the first that does."""
    every = list(rows)
    for field in sorted(table.fields, key=lambda one: (not one.unique, one.address.key != table.title)):
        values = [row.get(field.address.key) for row in every]
        if field.kind in TEXT_KINDS and all(values) and len(set(map(str, values))) == len(values):
            return replace(table, key_field=field.address.key)
    return replace(table, key_field=None)


def _targets_first(works: Sequence[_Work]) -> list[_Work]:
    """Order tables so that a relation's target comes before it, as far as there is no circle."""
    left, done = list(works), list[_Work]()
    while left:
        waiting = {work.table.address for work in left}
        ready = [work for work in left if not (_targets(work) - {work.table.address}) & waiting] or left[:1]
        done += ready
        left = [work for work in left if work not in ready]
    return done


def _targets(work: _Work) -> set[Address]:
    return {field.target for field in work.table.fields if field.target is not None}


def _make_rows(
    work: _Work,
    ids: Mapping[Address, Mapping[str, str]],
    pending: set[Address],
    bindings: Bindings,
    target: DeployTarget,
) -> tuple[int, dict[str, str]]:
    """Create the rows that are missing; return how many, and old item id → new."""
    key_field = work.table.key_field or ""
    old_by_key = {str(values[key_field]): item_id for item_id, values in work.items.items()}
    later = {one.address.key for one in work.table.fields if one.target in pending}
    standing = _by_key(work, bindings, target)
    rows = tuple(
        ItemWrite(key=key, values=_mapped({k: v for k, v in work.items[old].items() if k not in later}, work, ids))
        for key, old in old_by_key.items()
        if key not in standing
    )
    _submit(rows, WriteMode.UPSERT, work, bindings, target)
    for wait_s in _WAITS_S:
        if not old_by_key.keys() - standing.keys():
            break
        _wait(wait_s, target)
        standing = _by_key(work, bindings, target)
    _demand(old_by_key.keys() - standing.keys(), work)
    return len(rows), {old: standing[key].item_id for key, old in old_by_key.items()}


def _by_key(work: _Work, bindings: Bindings, target: DeployTarget) -> dict[str, Item]:
    key_field = work.table.key_field or ""
    return {str(item.values.get(key_field)): item for item in _scan(work.table, bindings, target)}


def _filled(
    work: _Work,
    ids: Mapping[Address, Mapping[str, str]],
    made: int,
    bindings: Bindings,
    target: DeployTarget,
) -> RestoredTable:
    """Fill the holes of one table and read back until none is left."""
    report = RestoredTable(table=work.table.address, name=work.table.labels.zh, saved=len(work.items), created=made)
    if work.is_remade and work.table.key_field is None:
        return report.model_copy(update={"refused": len(work.items)})
    own = ids.get(work.table.address, {})
    wanted = {own.get(item_id, item_id): _mapped(values, work, ids) for item_id, values in work.items.items()}
    standing = {str(item.item_id): item.values for item in _scan(work.table, bindings, target)}
    holes = dict(_holes(wanted, standing))
    rows = tuple(ItemWrite(key=own_id, values=values, item_id=ItemId(own_id)) for own_id, values in holes.items())
    _submit(rows, WriteMode.UPDATE, work, bindings, target)
    left = holes
    for wait_s in _WAITS_S:
        if not left:
            break
        _wait(wait_s, target)
        standing = {str(item.item_id): item.values for item in _scan(work.table, bindings, target)}
        left = dict(_holes(wanted, standing))
    _demand(left, work)
    there = {item_id: values for item_id, values in wanted.items() if item_id in standing}
    kept = sum(
        any(not equal(standing[item_id].get(key), value) for key, value in values.items())
        for item_id, values in there.items()
    )
    return report.model_copy(update={"filled": len(rows), "kept": kept, "missing": len(wanted) - len(there)})


def _holes(wanted: Mapping[str, Values], standing: Mapping[str, Values]) -> Iterator[tuple[str, Values]]:
    for item_id, values in wanted.items():
        now = standing.get(item_id)
        if now is not None:
            holes = {key: value for key, value in values.items() if _is_hole(now.get(key), value)}
            if holes:
                yield item_id, holes


def _is_hole(now: Value, before: Value) -> bool:
    if is_empty(now):
        return not is_empty(before)
    return isinstance(now, tuple) and isinstance(before, tuple) and set(now) < set(before)


def _mapped(values: Values, work: _Work, ids: Mapping[Address, Mapping[str, str]]) -> Values:
    """Point relations at the items made anew; an item that cannot be made again is left out."""
    by_key = {one.address.key: one for one in work.table.fields}

    def mapped(key: str, value: Value) -> Value:
        new = ids.get(by_key[key].target or by_key[key].address)
        if by_key[key].kind not in POINTING or new is None or not isinstance(value, tuple):
            return value
        return tuple(new[part] for part in value if part in new)

    return {key: mapped(key, value) for key, value in values.items() if key in by_key}


def _wait(seconds: float, target: DeployTarget) -> None:
    if seconds:
        target.clock.sleep(seconds)


def _scan(table: TableSpec, bindings: Bindings, target: DeployTarget) -> Iterator[Item]:
    for page in target.connection.item_source.scan(query=ItemQuery(table=table), bindings=bindings):
        yield from page.items


def _submit(rows: Sequence[ItemWrite], mode: WriteMode, work: _Work, bindings: Bindings, target: DeployTarget) -> None:
    size = target.connection.capabilities.batch_size
    problems: list[Problem] = []
    for start in range(0, len(rows), size):
        batch = WriteBatch(table=work.table, mode=mode, rows=tuple(rows[start : start + size]))
        receipt = target.connection.item_sink.submit(batch=batch, bindings=bindings)
        problems += [
            Problem(code="rollback.row_refused", facts={"key": row.key, "reason": row.reason or "-"})
            for row in receipt.rows
            if row.outcome is Outcome.REFUSED
        ]
        done = min(start + size, len(rows))
        target.progress("progress.restore", subject=work.table.labels.zh, done=done, total=len(rows))
    if problems:
        facts = {"name": work.table.labels.zh, "count": str(len(problems))}
        raise UnfinishedApplyError("rollback.rows_refused", facts=facts, problems=problems)


def _demand(missing: Iterable[str], work: _Work) -> None:
    left = sorted(missing)
    if left:
        facts = {"name": work.table.labels.zh, "count": str(len(left)), "first": left[0]}
        raise UnfinishedApplyError("rollback.unconfirmed", facts=facts)
