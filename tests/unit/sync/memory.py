"""A connection that keeps items in memory: upsert by key, applied at once or after some later reads, with refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from huoban_perf.core.addresses import Bindings, ItemId, MemberId, WorkspaceId, field_address, table_address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.filters import matches
from huoban_perf.core.items import (
    Item,
    ItemPage,
    ItemQuery,
    Outcome,
    Receipt,
    RowReceipt,
    WriteBatch,
    WriteMode,
)
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import Connection, Member, Traffic
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import Value, Values

NO_BINDINGS = Bindings({})
START = datetime(2026, 7, 1, tzinfo=UTC)


def make_table(key: str = "person", *, extra: tuple[FieldSpec, ...] = ()) -> TableSpec:
    """A keyed table with a name, a score and the two stamps that are never compared."""
    kinds = {
        "code": FieldKind.TEXT,
        "name": FieldKind.TEXT,
        "score": FieldKind.NUMBER,
        "batch": FieldKind.TEXT,
        "calculated_on": FieldKind.DATETIME,
    }
    fields = tuple(
        FieldSpec(address=field_address(key, name), labels=Labels(name, name), kind=kind)
        for name, kind in kinds.items()
    )
    return TableSpec(
        address=table_address(key),
        labels=Labels(f"表{key}", key),
        title="name",
        key_field="code",
        fields=fields + extra,
    )


class Clock:
    """Time that moves only by sleeping."""

    def __init__(self) -> None:
        self.moment = START
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return (self.moment - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


class Memory:
    """The platform: every port in one object."""

    def __init__(self, *, delay: int = 0, refuse: frozenset[str] = frozenset(), lose: frozenset[str] = frozenset()):
        self.items: dict[str, dict[ItemId, tuple[int, dict[str, Value]]]] = {}
        self.delay, self.refuse, self.lose = delay, refuse, lose
        self.pending: list[tuple[int, WriteBatch]] = []
        self.reads = self.writes = self.moment = 0
        self.editors: dict[ItemId, MemberId] | None = None
        """Item → the person who edited it last; None: this platform does not tell."""
        self.stamps_every_change = True

    def connection(self, *, batch_size: int = 100) -> Connection:
        can = Capabilities(
            observes=frozenset(),
            performs=frozenset(),
            field_kinds=frozenset(FieldKind),
            page_size=100,
            batch_size=batch_size,
            asynchronous_batches=True,
            upserts_by_key=True,
            item_editor=self.editors is not None,
            stamps_every_change=self.stamps_every_change,
        )
        return Connection(
            name="memory",
            capabilities=can,
            schema_source=self,  # type: ignore[arg-type]
            schema_sink=self,  # type: ignore[arg-type]
            item_source=self,
            item_sink=self,
            member_source=self,
            traffic=self,
        )

    def put(self, table: TableSpec, values: Values) -> ItemId:
        rows = self.items.setdefault(table.key, {})
        place = len(rows)
        while (item_id := ItemId(f"23{place:014d}")) in rows:
            place += 1
        self.moment += 1
        rows[item_id] = (self.moment, dict(values))
        return item_id

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        self.writes += 1
        self.pending.append((self.reads + self.delay, batch))
        if not self.delay:
            self._apply()
        return Receipt(
            rows=tuple(
                RowReceipt(key=row.key, outcome=Outcome.REFUSED, reason="选项不存在")
                if row.key in self.refuse
                else RowReceipt(key=row.key, outcome=Outcome.ACCEPTED)
                for row in batch.rows
            )
        )

    def _apply(self) -> None:
        due = [batch for at, batch in self.pending if at <= self.reads]
        self.pending = [(at, batch) for at, batch in self.pending if at > self.reads]
        for batch in due:
            rows = self.items.setdefault(batch.table.key, {})
            for write in batch.rows:
                if write.key in self.refuse | self.lose:
                    continue
                key_field = batch.table.key_field or ""
                if batch.mode is WriteMode.DELETE:
                    rows.pop(write.item_id, None)  # type: ignore[arg-type]
                    continue
                if batch.mode is WriteMode.UPDATE:
                    same = [item for item in rows if item == write.item_id]
                else:
                    same = [item for item, (_, values) in rows.items() if values.get(key_field) == write.key]
                if same:
                    self.moment += 1
                    (self.editors or {}).pop(same[0], None)
                    rows[same[0]] = (self.moment, {**rows[same[0]][1], **write.values})
                else:
                    self.put(batch.table, write.values)

    def scan(self, *, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        rows = self.items.get(query.table.key, {})
        self.reads += 1
        self._apply()
        found = [
            Item(
                item_id=item,
                values=values,
                updated_on=START + timedelta(seconds=at),
                editor=(self.editors or {}).get(item),
            )
            for item, (at, values) in rows.items()
            if query.filter is None or matches(query.filter, {**values, "item_id": item})
        ]
        if query.order.field == "updated_on":
            found.sort(key=lambda item: item.updated_on or START, reverse=query.order.descending)
        for start in range(0, max(len(found), 1), 100):
            yield ItemPage(items=tuple(found[start : start + 100]), total=len(rows), filtered=len(found))

    def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
        yield from ()

    def traffic(self) -> Traffic:
        return Traffic(requests=self.reads + self.writes, writes=self.writes)
