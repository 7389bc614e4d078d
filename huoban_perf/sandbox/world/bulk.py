"""Bulk writes: accepted now, applied later, their results queued for the key's callback address.

Source: openapi-v1.md §9 ([doc] for POST and PUT being asynchronous, for the upsert rules and the limit of POST).
An accepted batch is durable before it is answered, and applied in the same transaction that removes it, so a kill
loses nothing and applies nothing twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.access import Accesses
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.columns import SYSTEM_FIELDS
from huoban_perf.sandbox.world.definitions import Definitions, TableDef
from huoban_perf.sandbox.world.events import Events
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.keys import Key
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import (
    AmbiguousKeyError,
    GoneError,
    ParameterError,
    RefusalError,
    UnfitError,
    ValuesRefusedError,
)
from huoban_perf.sandbox.world.rows import Row, Rows
from huoban_perf.sandbox.world.values import compared, kept_value

Action = Literal["create", "update", "upsert", "delete"]
_REORDER_TICKS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One bulk call.

    Attributes:
        action: What it does.
        table_id: Table of all its entries.
        keys: Match fields of update and upsert: field ids as text, or ``item_id``.
        entries: For delete: item ids; else objects ``{item_id?, fields}``.
        keep: Apply only so many entries and say nothing of the rest (a fault), or None.
        callback_fate: How its result is pushed.
    """

    action: Action
    table_id: int
    keys: tuple[str, ...]
    entries: Sequence[Any]
    keep: int | None = None
    callback_fate: str = "once"


class Bulk:
    """The queue of accepted batches."""

    def __init__(  # noqa: PLR0913 - one part a concern
        self,
        *,
        store: Store,
        definitions: Definitions,
        cells: Cells,
        rows: Rows,
        events: Events,
        ids: Ids,
        moments: Moments,
        accesses: Accesses,
    ) -> None:
        """Take the parts it works with."""
        self._store = store
        self._definitions = definitions
        self._cells = cells
        self._rows = rows
        self._events = events
        self._ids = ids
        self._moments = moments
        self._accesses = accesses
        self._bodies: dict[int, Any] = {}

    def accept(self, batch: Batch, *, key: Key, rules: Rules, trace_id: str) -> None:
        """Queue a batch.

        Args:
            batch: What to do.
            key: Who asked.
            rules: When and how it is applied.
            trace_id: Of the accepting answer: the only thing results can be told apart by (§11.4 [inferred]).

        Raises:
            RefusalError: By switch, when an entry could not be written.
        """
        if rules.bulk_bad_entry == "call" and batch.action != "delete":
            self._rehearse(batch, rules=rules)
        batch_id = self._ids.next("batch")
        body = {"keys": list(batch.keys), "entries": batch.entries}
        times = {"lost": 0, "twice": 2}.get(rules.bulk_fate, 1)
        due = None if rules.bulk_ticks < 0 else self._moments.ticks + rules.bulk_ticks
        if due is not None and rules.bulk_fate == "reordered" and batch_id % 2:
            due += _REORDER_TICKS
        self._store.run(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            batch_id,
            trace_id,
            key.key_id,
            key.user_id,
            batch.table_id,
            batch.action,
            wire.write(body),
            due,
            times,
            batch.keep,
            batch.callback_fate,
        )
        self._bodies = {batch_id: body}

    def pending(self) -> int:
        """Return how many batches are accepted and not yet applied."""
        return int(self._store.value("SELECT count(*) FROM batches"))

    def apply_due(self, *, rules: Rules, everything: bool = False) -> int:
        """Apply the batches whose time has come, in the order of acceptance.

        Args:
            rules: What is tolerated.
            everything: Whether to apply those too that are not due.

        Returns:
            How many were applied (or lost).
        """
        rows = self._store.rows(
            "SELECT batch_id, trace_id, key_id, user_id, table_id, action, body, times, keep, callback_fate"
            " FROM batches WHERE ?1 OR due_tick <= ?2 ORDER BY due_tick IS NULL, due_tick, batch_id",
            int(everything),
            self._moments.ticks,
        )
        for row in rows:
            body = self._bodies.pop(row[0], None) or wire.parse(row[6])
            batch = Batch(
                table_id=row[4],
                action=row[5],
                keys=tuple(body["keys"]),
                entries=body["entries"],
                keep=row[8],
                callback_fate=row[9],
            )
            for _ in range(row[7]):
                self._apply(batch, key_id=row[2], user_id=row[3], trace_id=row[1], rules=rules)
            self._store.run("DELETE FROM batches WHERE batch_id = ?", row[0])
        return len(rows)

    def _apply(self, batch: Batch, *, key_id: int, user_id: int, trace_id: str, rules: Rules) -> None:
        success: list[dict[str, Any]] = []
        failed: list[dict[str, Any]] = []
        entries = batch.entries if batch.keep is None else batch.entries[: batch.keep]
        for index, entry in enumerate(entries):
            try:
                item_id = self._apply_one(entry, batch=batch, user_id=user_id, trace_id=trace_id, rules=rules)
            except RefusalError as error:
                failed.append({"index": index, "reason": str(error) or type(error).__name__.removesuffix("Error")})
            else:
                success.append({"index": index, "item_id": str(item_id)})
        body = {"event": "items.batch", "trace_id": trace_id, "data": {"success": success, "failed": failed}}
        self._events.queue(key_id=key_id, event="items.batch", body=body, fate=batch.callback_fate)

    def _apply_one(self, entry: Any, *, batch: Batch, user_id: int, trace_id: str, rules: Rules) -> int:
        table = self._definitions.table(batch.table_id)
        mine = self._accesses.of(table, user_id=user_id)
        if batch.action == "delete":
            row = self._by_id(str(entry), table)
            if mine is not None:
                mine.check_delete(row)
            self._rows.delete(row, table=table, rules=rules)
            self._tell("item.delete", row, trace_id)
            return row.item_id
        fields = _fields_of(entry)
        standing = (
            None if batch.action == "create" else self._match(entry, fields, batch=batch, table=table, rules=rules)
        )
        if standing is None:
            if batch.action == "update":
                raise GoneError("no item matches")
            if mine is not None:
                mine.check_create(fields)
            values = self._rows.check(table=table, fields=fields, rules=rules, creating=True)
            row = self._rows.create(table=table, values=values, user_id=user_id, rules=rules)
            self._tell("item.create", row, trace_id)
            return row.item_id
        if mine is not None:
            mine.check_update(standing, fields)
        values = self._rows.check(table=table, fields=fields, rules=rules, creating=False)
        row = self._rows.update(standing, table=table, values=values, user_id=user_id, rules=rules)
        self._tell("item.update", row, trace_id)
        return row.item_id

    def _tell(self, event: str, row: Row, trace_id: str) -> None:
        item = {"item_id": str(row.item_id), "title": row.title, "fields": row.values}
        self._events.item_changed(event, table_id=row.table_id, item=item, trace_id=trace_id)

    def _by_id(self, text: str, table: TableDef) -> Row:
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise GoneError("no such item")
        row = self._rows.get(int(text))
        if row.table_id != table.table_id:
            raise GoneError("no such item in the table")
        return row

    def _match(
        self, entry: Any, fields: Mapping[str, Any], *, batch: Batch, table: TableDef, rules: Rules
    ) -> Row | None:
        """Return the one item that holds the entry's key; None when no item does.

        Source: openapi-v1.md §9.2 [doc]: several matches change nothing; system fields serve only as keys.
        """
        found: set[int] | None = None
        for key in batch.keys:
            holders = self._holders(key, entry, fields, table=table, rules=rules)
            found = holders if found is None else found & holders
        if not found:
            return None
        if len(found) > 1:
            raise AmbiguousKeyError(f"{len(found)} items hold the key")
        return self._rows.get(found.pop())

    def _holders(self, key: str, entry: Any, fields: Mapping[str, Any], *, table: TableDef, rules: Rules) -> set[int]:
        if key in SYSTEM_FIELDS:
            value = entry.get(key)
            if key != "item_id" or value is None:
                return set()
            row = self._rows.read([int(value)]) if str(value).isdigit() and len(str(value)) <= 18 else []
            return {row[0].item_id} if row and row[0].table_id == table.table_id else set()
        field = table.by_key[key]
        try:
            value = kept_value(fields.get(key), field=field, rules=rules, lookup=self._rows)
        except UnfitError as error:
            raise ValuesRefusedError([(key, f"{field.name}: {error}")]) from error
        if value is None:
            raise ValuesRefusedError([(key, f"{field.name}: the match key is empty")])
        return self._cells.equal(field, compared(value, field))

    def _rehearse(self, batch: Batch, *, rules: Rules) -> None:
        """Refuse the whole call when an entry could not be written."""
        table = self._definitions.table(batch.table_id)
        for index, entry in enumerate(batch.entries):
            fields = _fields_of(entry)
            try:
                _refuse_empty_keys(entry, fields, batch=batch)
                self._rows.check(table=table, fields=fields, rules=rules, creating=batch.action == "create")
            except ValuesRefusedError as error:
                raise ValuesRefusedError([(f"items.{index}.{key}", text) for key, text in error.problems]) from error


def _refuse_empty_keys(entry: Mapping[str, Any], fields: Mapping[str, Any], *, batch: Batch) -> None:
    """Source: openapi-v1.md §9.2 [doc]: item_id is optional unless it is the key."""
    values = {key: (entry if key == "item_id" else fields).get(key) for key in batch.keys}
    missing = [key for key, value in values.items() if value is None or value in ("", [])]
    if missing and (batch.action == "update" or missing != ["item_id"]):
        raise ValuesRefusedError([(key, "the match key is empty") for key in missing])


def _fields_of(entry: Any) -> Mapping[str, Any]:
    fields = entry.get("fields") if isinstance(entry, dict) else None
    if not isinstance(fields, dict):
        raise ParameterError("fields")
    return fields
