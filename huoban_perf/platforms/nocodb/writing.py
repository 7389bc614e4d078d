"""Items written: exactly once by natural key, on a platform that knows no keys and answers a batch as a whole.

| what happened | what is done |
| --- | --- |
| a bad row refuses its whole batch (gotcha 5) | look, then halve and send again until the row stands alone |
| a creation's answer was lost, or 4xx came back though rows were written (gotcha 7) | look, send what is missing |
| a change's or deletion's answer was lost | send again: the same change ends in the same world |
| a relation points to an item that does not exist | the server would take it: the row is refused here |
| a key stands several times | the row is refused here, with the ids |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from huoban_perf.core.addresses import Bindings, ItemId
from huoban_perf.core.errors import AmbiguousRowError, FactValue, NotFoundError, RejectedError, UnreachableError
from huoban_perf.core.items import ItemWrite, Outcome, Receipt, RowReceipt, WriteBatch, WriteMode
from huoban_perf.core.schema import FieldKind
from huoban_perf.platforms.nocodb.bound import BoundTable
from huoban_perf.platforms.nocodb.config import BATCH_SIZE
from huoban_perf.platforms.nocodb.endpoints import (
    ITEM_CREATE,
    ITEM_DELETE,
    ITEM_UPDATE,
    LINK_ADD,
    LINK_LIST,
    LINK_REMOVE,
)
from huoban_perf.platforms.nocodb.items import NocodbItems
from huoban_perf.platforms.nocodb.keys import Keys
from huoban_perf.platforms.nocodb.transport import Transport

_LOOKS = 4
"""How often a lost creation is looked for and sent again before the error is let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row ready to be sent."""

    write: ItemWrite
    body: dict[str, Any]
    links: Mapping[str, tuple[int, ...]]
    item_id: ItemId | None = None


class NocodbWriter:
    """Item sink."""

    def __init__(self, transport: Transport, items: NocodbItems) -> None:
        """Keep both.

        Args:
            transport: Of the server.
            items: Looks for what stands.
        """
        self._transport = transport
        self._items = items
        self._keys = Keys(transport, items)

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        """Write one batch; the outcome of every row is known when this returns.

        Args:
            batch: At most ``BATCH_SIZE`` rows.
            bindings: Platform ids.

        Returns:
            Every row as *done*, with its item's id, or *refused*, with the reason.

        Raises:
            RejectedError: The batch is too large, a row lacks its item id, a value does not fit its field.
            NotFoundError: The table, a field or an option is not bound or does not exist.
            AmbiguousRowError: Somebody else created the same key at the same moment.
            UnreachableError: The server did not answer; running again goes on from what stands.
        """
        if not batch.rows:
            return Receipt(rows=())
        if len(batch.rows) > BATCH_SIZE:
            facts: dict[str, FactValue] = {"table": batch.table.labels.zh, "count": len(batch.rows)}
            raise RejectedError(
                "platform.batch_too_large", endpoint=ITEM_CREATE.name, facts=facts | {"limit": BATCH_SIZE}
            )
        table = self._items.bound(batch.table, bindings)
        if batch.mode is WriteMode.DELETE:
            return _receipt(batch, self._delete(table, batch.rows))
        rows = self._ready(table, batch)
        outcomes = self._dangling(table, rows, bindings)
        rows = [row for row in rows if row.write.key not in outcomes]
        write = self._upsert if batch.mode is WriteMode.UPSERT else self._update
        outcomes |= write(table, rows)
        self._link(table, rows, outcomes)
        return _receipt(batch, outcomes)

    def _ready(self, table: BoundTable, batch: WriteBatch) -> list[_Row]:
        key_field = table.spec.key_field
        if batch.mode is WriteMode.UPSERT and key_field is None:
            raise RejectedError("platform.no_key_field", facts={"table": table.spec.labels.zh})
        rows = []
        for write in batch.rows:
            values = (
                {**write.values, key_field: write.key} if key_field and batch.mode is WriteMode.UPSERT else write.values
            )
            body = table.encode(values, key=write.key)
            item_id = _item_id(write, table) if batch.mode is WriteMode.UPDATE else None
            rows.append(_Row(write=write, body=body, links=table.links(values, key=write.key), item_id=item_id))
        return rows

    def _dangling(self, table: BoundTable, rows: Sequence[_Row], bindings: Bindings) -> dict[str, RowReceipt]:
        """Refuse rows that point to items which do not exist."""
        refused: dict[str, RowReceipt] = {}
        for column in table.columns:
            target = column.spec.target
            if column.spec.kind is not FieldKind.RELATION or target is None or target not in bindings:
                continue
            wanted = {row.write.key: _pointed(row.write.values.get(column.key)) for row in rows}
            missing = self._keys.missing(str(bindings[target]), {id_ for ids in wanted.values() for id_ in ids})
            for key, ids in wanted.items():
                gone = missing.intersection(ids)
                if gone:
                    reason = f"{column.spec.labels.zh}: {', '.join(sorted(gone))} ?"
                    refused[key] = RowReceipt(key=key, outcome=Outcome.REFUSED, reason=reason)
        return refused

    def _upsert(self, table: BoundTable, rows: Sequence[_Row]) -> dict[str, RowReceipt]:
        standing = self._keys.find(table, [row.write.key for row in rows])
        outcomes: dict[str, RowReceipt] = {}
        new: list[_Row] = []
        known: list[_Row] = []
        for row in rows:
            ids = standing.get(row.write.key, [])
            if len(ids) > 1:
                reason = f"{len(ids)} × {row.write.key}: {', '.join(ids)}"
                outcomes[row.write.key] = RowReceipt(key=row.write.key, outcome=Outcome.REFUSED, reason=reason)
            elif ids:
                known.append(replace(row, item_id=ids[0]))
            else:
                new.append(row)
        outcomes |= self._create(table, new)
        outcomes |= self._update(table, known)
        return outcomes | self._alone(
            table, [row for row in new if outcomes[row.write.key].item_id is not None], outcomes
        )

    def _alone(
        self, table: BoundTable, rows: Sequence[_Row], outcomes: Mapping[str, RowReceipt]
    ) -> dict[str, RowReceipt]:
        """Look whether a key stands twice now: another run, or a lost request that took effect late.

        Whoever's row is not the oldest takes it back and changes the oldest, so that two runs never take back both.
        """
        if not rows:
            return {}
        standing = self._keys.find(table, [row.write.key for row in rows])
        double = {row.write.key: row for row in rows if len(standing.get(row.write.key, [])) > 1}
        oldest = {key: min(standing[key], key=int) for key in double}
        taken_back = [key for key in double if outcomes[key].item_id not in {oldest[key], None}]
        if taken_back:
            doomed = [ItemWrite(key=key, values={}, item_id=outcomes[key].item_id) for key in taken_back]
            self._delete(table, doomed)
            standing = self._keys.find(table, list(double))
        left = sorted(key for key in double if len(standing.get(key, [])) > 1)
        if left:
            facts: dict[str, FactValue] = {"table": table.spec.labels.zh, "key": left[0], "count": len(left)}
            raise AmbiguousRowError("nocodb.made_twice", facts=facts)
        again = [replace(double[key], item_id=oldest[key]) for key in taken_back]
        return self._update(table, again)

    def _create(self, table: BoundTable, rows: Sequence[_Row]) -> dict[str, RowReceipt]:
        """Create rows whose keys stand nowhere."""
        left = list(rows)
        for look in range(_LOOKS):
            if not left:
                break
            try:
                return self._settled(table, rows, left) | self._send_new(table, left)
            except UnreachableError:
                if look == _LOOKS - 1:
                    raise
                left = self._not_standing(table, left)
        return self._settled(table, rows, left)

    def _send_new(self, table: BoundTable, rows: Sequence[_Row]) -> dict[str, RowReceipt]:
        try:
            answer = self._transport.call(ITEM_CREATE, [row.body for row in rows], ids={"table": table.table_id})
            ids = [ItemId(str(entry["Id"])) for entry in answer]
        except (RejectedError, NotFoundError) as error:
            left = self._not_standing(table, rows)
            done = self._settled(table, rows, left)
            return done | _halved(left, lambda part: self._create(table, part), error)
        pairs = list(zip([row.write.key for row in rows], ids, strict=True))
        self._keys.made(table, pairs)
        return {key: RowReceipt(key=key, outcome=Outcome.DONE, item_id=id_) for key, id_ in pairs}

    def _not_standing(self, table: BoundTable, rows: Sequence[_Row]) -> list[_Row]:
        standing = self._keys.find(table, [row.write.key for row in rows])
        return [row for row in rows if row.write.key not in standing]

    def _settled(self, table: BoundTable, rows: Sequence[_Row], left: Sequence[_Row]) -> dict[str, RowReceipt]:
        """Return the receipts of rows that turned out to stand after all."""
        waiting = {row.write.key for row in left}
        keys = [row.write.key for row in rows if row.write.key not in waiting]
        if not keys:
            return {}
        standing = self._keys.find(table, keys)
        return {key: RowReceipt(key=key, outcome=Outcome.DONE, item_id=standing[key][0]) for key in keys}

    def _update(self, table: BoundTable, rows: Sequence[_Row]) -> dict[str, RowReceipt]:
        """Change rows by id; a repeat ends in the same world, so the transport repeats by itself."""
        if not rows:
            return {}
        changed = [{"Id": int(row.item_id or 0), **row.body} for row in rows]
        try:
            self._transport.call(ITEM_UPDATE, changed, ids={"table": table.table_id})
        except (RejectedError, NotFoundError) as error:
            return _halved(list(rows), lambda part: self._update(table, part), error)
        return {row.write.key: RowReceipt(key=row.write.key, outcome=Outcome.DONE, item_id=row.item_id) for row in rows}

    def _delete(self, table: BoundTable, writes: Sequence[ItemWrite]) -> dict[str, RowReceipt]:
        """Delete what stands; what is gone already is as wished."""
        ids = [_item_id(write, table) for write in writes]
        for look in range(_LOOKS):
            self._keys.forget(table)
            gone = self._keys.missing(table.table_id, ids)
            left = [{"Id": int(id_)} for id_ in ids if id_ not in gone]
            if not left:
                break
            try:
                self._transport.call(ITEM_DELETE, left, ids={"table": table.table_id})
                break
            except (UnreachableError, NotFoundError):  # lost, or somebody else was quicker: look again
                if look == _LOOKS - 1:
                    raise
        self._keys.forget(table)
        return {write.key: RowReceipt(key=write.key, outcome=Outcome.DONE, item_id=write.item_id) for write in writes}

    def _link(self, table: BoundTable, rows: Sequence[_Row], outcomes: Mapping[str, RowReceipt]) -> None:
        """Set many-to-many relations, which the server takes one row at a time."""
        for row in rows:
            receipt = outcomes[row.write.key]
            if receipt.outcome is not Outcome.DONE or receipt.item_id is None:
                continue
            for column_id, wanted in row.links.items():
                ids = {"table": table.table_id, "column": column_id, "item": receipt.item_id}
                linked = self._items.every_row(LINK_LIST, ids, {"fields": "Id"})
                standing = {int(entry["Id"]) for entry in linked}
                for endpoint, change in ((LINK_ADD, set(wanted) - standing), (LINK_REMOVE, standing - set(wanted))):
                    if change:
                        self._transport.call(endpoint, [{"Id": id_} for id_ in sorted(change)], ids=ids)


def _halved(
    rows: list[_Row], send: Callable[[list[_Row]], dict[str, RowReceipt]], error: RejectedError | NotFoundError
) -> dict[str, RowReceipt]:
    """Send the halves of a refused batch; a row refused alone is the bad one."""
    if len(rows) <= 1:
        reason = str(error.facts.get("platform_message", error.code))
        return {row.write.key: RowReceipt(key=row.write.key, outcome=Outcome.REFUSED, reason=reason) for row in rows}
    middle = len(rows) // 2
    return send(rows[:middle]) | send(rows[middle:])


def _receipt(batch: WriteBatch, outcomes: Mapping[str, RowReceipt]) -> Receipt:
    return Receipt(rows=tuple(outcomes[row.key] for row in batch.rows))


def _pointed(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _item_id(write: ItemWrite, table: BoundTable) -> ItemId:
    if write.item_id is None or not write.item_id.isdecimal():
        facts = {"table": table.spec.labels.zh, "row": write.key}
        raise RejectedError("platform.no_item_id", endpoint=ITEM_UPDATE.name, facts=facts)
    return write.item_id
