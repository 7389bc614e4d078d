"""Both sides read and laid beside each other: which item is which, and what stands otherwise than wished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.schema import MEMBER_KINDS, FieldKind, TableSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.move.memory import MoveMemory
from huoban_perf.sync.move.wish import (
    FILE_KINDS,
    Known,
    Loss,
    Losses,
    Wisher,
    carried_fields,
    differing,
    marked_field,
    row_digest,
)
from huoban_perf.sync.snapshot import TableRows, read_table


class Fate(StrEnum):
    """What is to become of one item."""

    CREATE = "create"
    UPDATE = "update"
    EQUAL = "equal"
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The two places.

    Attributes:
        old: Where the items are.
        new: Where they go; its tables may be unbound in a preview.
    """

    old: DeployedApp
    new: DeployedApp

    def is_built(self, table: TableSpec) -> bool:
        """Return whether a table stands at the new place."""
        return table.address in self.new.bindings

    @property
    def carries_files(self) -> bool:
        """Whether files can be read at the old place and put at the new one."""
        return self.old.connection.file_source is not None and self.new.connection.file_sink is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item and what is to become of it.

    Attributes:
        old_id: At the old place.
        new_id: At the new place, or None.
        name: Its natural key, else its id at the old place.
        wished: How it should stand, as far as ids are known.
        fate: What is to become of it.
        differs: Fields that stand otherwise; empty for an item that does not stand.
    """

    old_id: str
    new_id: str | None
    name: str
    wished: Values
    fate: Fate
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSurvey:
    """One table at both places.

    Attributes:
        table: The table at the new place, with the field that tells its items apart as its key.
        natural: Whether that field is the table's own key.
        old: Its items at the old place.
        new: Its items at the new place.
        lines: One an item of the old place, in its order.
        lone: Ids of items that stand at the new place only.
    """

    table: TableSpec
    natural: bool
    old: TableRows
    new: TableRows
    lines: tuple[Line, ...]
    lone: tuple[str, ...]

    def count(self, fate: Fate) -> int:
        """Return how many items share a fate."""
        return sum(line.fate is fate for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCount:
    """One table in numbers, for people and programs."""

    table: TableSpec
    old: int
    new: int
    create: int
    update: int
    equal: int
    theirs: int
    lone: int

    @property
    def differ(self) -> int:
        """Items of the old place that do not stand at the new one as they should."""
        return self.create + self.update + self.theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Both places.

    Attributes:
        tables: By table key, relations' targets first as far as there is no circle.
        losses: What cannot be carried.
        files: Ids at the old place of files that are still to be sent.
    """

    tables: Mapping[str, TableSurvey]
    losses: tuple[Loss, ...]
    files: tuple[str, ...]

    def counts(self) -> tuple[TableCount, ...]:
        """Return every table in numbers."""
        return tuple(
            TableCount(
                table=one.table,
                old=len(one.old),
                new=len(one.new),
                lone=len(one.lone),
                **{fate.value: one.count(fate) for fate in Fate},
            )
            for one in self.tables.values()
        )

    def lines(self, fate: Fate) -> Iterator[tuple[TableSurvey, Line]]:
        """Yield the items that share a fate."""
        for one in self.tables.values():
            for line in one.lines:
                if line.fate is fate:
                    yield one, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The items of both places, before anybody asks who is who."""

    old: Mapping[str, TableRows]
    new: Mapping[str, TableRows]

    def people(self) -> Iterator[str]:
        """Yield the member ids that items of the old place hold."""
        yield from self._ids(MEMBER_KINDS)

    def files(self) -> Iterator[str]:
        """Yield the file ids that items of the old place hold."""
        yield from self._ids(FILE_KINDS)

    def _ids(self, kinds: frozenset[FieldKind]) -> Iterator[str]:
        for rows in self.old.values():
            for key in [one.address.key for one in rows.table.fields if one.kind in kinds]:
                for row in rows:
                    value = rows.value(row, key)
                    yield from value if isinstance(value, tuple) else ()


def read_ends(ends: Ends, *, known: Reading | None = None) -> Reading:
    """Read every table at both places.

    Args:
        ends: The two places.
        known: A reading whose items of the old place are still good enough; None reads them too.

    Returns:
        The items; a table that is not built yet is empty.
    """
    old: dict[str, TableRows] = {}
    new: dict[str, TableRows] = {}
    for spec in targets_first(ends.new.schema.tables):
        table = replace(spec, key_field=marked_field(spec))
        old[spec.key] = known.old[spec.key] if known else read_table(ends.old, table=ends.old.schema.table(spec.key))
        is_built = ends.is_built(spec)
        new[spec.key] = read_table(ends.new, table=table) if is_built else TableRows(table=table)
    return Reading(old=old, new=new)


def survey(
    ends: Ends, reading: Reading, *, people: Mapping[str, str], memory: MoveMemory, overwrite: bool = False
) -> Survey:
    """Say of every item what is to become of it; nothing is written.

    Args:
        ends: The two places.
        reading: Their items.
        people: Member id at the old place → at the new.
        memory: What earlier runs did.
        overwrite: Whether what somebody changed at the new place may be overwritten.

    Returns:
        The survey.

    Raises:
        AmbiguousRowError: Several items of the new place hold the key of one of ours.
    """
    pairs = {key: _pairs(reading.old[key], reading.new[key], ends, memory) for key in reading.old}
    waiting = tuple(sorted(set(reading.files()) - memory.files.keys())) if ends.carries_files else ()
    known = Known(
        standing={key: frozenset(str(rows.item_id(row)) for row in rows) for key, rows in reading.old.items()},
        pairs={key: {**_unborn(reading.old[key], found), **found} for key, found in pairs.items()},
        people=people,
        files={**memory.files, **{one: f"new:{one}" for one in waiting}},
    )
    losses = Losses()
    wisher = Wisher(known=known, capabilities=ends.new.connection.capabilities, losses=losses)
    judge = _Judge(memory=memory, overwrite=overwrite, wisher=wisher)
    tables: dict[str, TableSurvey] = {}
    for key, old in reading.old.items():
        new = reading.new[key]
        tables[key] = TableSurvey(
            table=new.table,
            natural=ends.new.schema.table(key).key_field is not None,
            old=old,
            new=new,
            lines=tuple(judge.lines(old, new, pairs[key])),
            lone=tuple(sorted({str(new.item_id(row)) for row in new} - set(pairs[key].values()))),
        )
        if new.table.key_field is None:
            for line in tables[key].lines:
                losses.add("move.loss_unmarkable", table=new.table, field=None, item=line.name)
    return Survey(tables=tables, losses=tuple(losses.found.values()), files=waiting)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    memory: MoveMemory
    overwrite: bool
    wisher: Wisher

    def lines(self, old: TableRows, new: TableRows, pairs: Mapping[str, str]) -> Iterator[Line]:
        for row in old:
            old_id = str(old.item_id(row))
            values = values_of(old, row)
            wished = self.wisher.row(new.table, old_id, values)
            name = str(values.get(old.table.key_field or "") or old_id)
            new_id = pairs.get(old_id)
            index = None if new_id is None else new.row_of_id(new_id)
            line = Line(old_id=old_id, new_id=new_id, name=name, wished=wished, fate=Fate.CREATE)
            if index is None:
                yield replace(line, fate=self._of_missing(new.table, old_id))
                continue
            standing = values_of(new, index)
            differs = differing(new.table, standing, wished)
            fate = self._of_standing(new.table, old_id, standing) if differs else Fate.EQUAL
            yield replace(line, fate=fate, differs=differs)

    def _of_missing(self, table: TableSpec, old_id: str) -> Fate:
        """An item that was settled and stands no more was deleted by somebody."""
        is_deleted = old_id in self.memory.settled.get(table.key, {})
        return Fate.THEIRS if is_deleted and not self.overwrite else Fate.CREATE

    def _of_standing(self, table: TableSpec, old_id: str, standing: Values) -> Fate:
        settled = self.memory.settled.get(table.key, {}).get(old_id)
        is_ours = self.memory.under_way if settled is None else settled == row_digest(table, standing)
        return Fate.UPDATE if is_ours or self.overwrite else Fate.THEIRS


def marker(old_id: str) -> str:
    """Return what stands in an item's key field until its id at the new place is noted."""
    return f"[move|{old_id}]"


def own_key(rows: TableRows, row: int) -> str | None:
    """Return an item's natural key, or None when it has none or shares it."""
    if rows.table.key_field is None:
        return None
    key = rows.value(row, rows.table.key_field)
    return key if isinstance(key, str) and key and rows.holders(key) == 1 else None


def values_of(rows: TableRows, row: int) -> dict[str, Value]:
    """Return an item's values."""
    return {key: rows.value(row, key) for key in rows.columns}


def targets_first(tables: tuple[TableSpec, ...]) -> tuple[TableSpec, ...]:
    """Order tables so that a relation's target comes before it, as far as there is no circle."""
    left, done = list(tables), list[TableSpec]()
    while left:
        waiting = {table.address for table in left}
        ready = [table for table in left if not _targets(table) & waiting] or left[:1]
        done += ready
        left = [table for table in left if table not in ready]
    return tuple(done)


def _targets(table: TableSpec) -> set[Address]:
    return {one.target for one in carried_fields(table) if one.target is not None} - {table.address}


def _pairs(old: TableRows, new: TableRows, ends: Ends, memory: MoveMemory) -> dict[str, str]:
    """Return item id at the old place → at the new: remembered, else marked, else of the same natural key."""
    key_field = new.table.key_field
    found: dict[str, str] = {}
    is_natural = ends.new.schema.table(new.table.key).key_field is not None
    remembered = memory.pairs.get(new.table.key, {})
    for row in old:
        old_id = str(old.item_id(row))
        new_id = remembered.get(old_id)
        if new_id is not None and new.row_of_id(new_id) is not None:
            found[old_id] = new_id
            continue
        marked = None if key_field is None else new.row_of_key(marker(old_id))
        key = own_key(old, row) if is_natural else None
        index = new.row_of_key(key) if marked is None and key is not None else marked
        if index is not None:
            found[old_id] = str(new.item_id(index))
    twice = {new_id for new_id, count in Counter(found.values()).items() if count > 1}
    return {old_id: new_id for old_id, new_id in found.items() if new_id not in twice or old_id in remembered}


def _unborn(old: TableRows, pairs: Mapping[str, str]) -> dict[str, str]:
    """Stand-ins for items that are still to be made, so that a wish can point at them."""
    return {one: f"new:{one}" for row in old if (one := str(old.item_id(row))) not in pairs}
