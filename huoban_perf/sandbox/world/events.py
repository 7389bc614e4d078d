"""Subscriptions, and results waiting to be pushed to a key's callback address.

The payloads are ours: the platform's were not recovered. Source: openapi-v1.md §11.4 [inferred], §18.2.
A callback is durable until it was pushed as often as it should be; a kill in between pushes it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.moments import Moments

EVENTS = ("item.create", "item.update", "item.delete")
"""Source: openapi-v1.md §11.1 ([doc] for the first two)."""
_LATE_TICKS = 5
_TIMES = {"once": 1, "late": 1, "twice": 2, "lost": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One push that is due; ``encrypt_key`` is empty for a body in clear."""

    callback_id: int
    url: str
    body: str
    encrypt_key: str = field(default="", repr=False)


class Events:
    """Keeps subscriptions and the queue of callbacks."""

    def __init__(self, *, store: Store, ids: Ids, moments: Moments) -> None:
        """Take the parts it works with."""
        self._store = store
        self._ids = ids
        self._moments = moments

    # --- subscriptions -----------------------------------------------------------------------------------------

    def subscribe(self, *, key_id: int, source: tuple[str, int], events: Sequence[str]) -> None:
        """Replace the events a key hears of from one source."""
        self._store.run(
            "INSERT OR REPLACE INTO subscriptions VALUES (?, ?, ?, ?)", key_id, *source, wire.write(list(events))
        )

    def unsubscribe(self, *, key_id: int, source: tuple[str, int]) -> None:
        """End a subscription; nothing happens when there is none."""
        sql = "DELETE FROM subscriptions WHERE key_id = ? AND source_type = ? AND source_id = ?"
        self._store.run(sql, key_id, *source)

    def subscriptions(self, *, key_id: int, source: tuple[str | None, int | None]) -> list[tuple[str, int, list[str]]]:
        """Return type, id and events of a key's subscriptions, of one source when given."""
        rows = self._store.rows(
            "SELECT source_type, source_id, events FROM subscriptions WHERE key_id = ?1"
            " AND (?2 IS NULL OR source_type = ?2) AND (?3 IS NULL OR source_id = ?3) ORDER BY source_id",
            key_id,
            *source,
        )
        return [(row[0], row[1], wire.parse(row[2])) for row in rows]

    def item_changed(self, event: str, *, table_id: int, item: dict[str, Any], trace_id: str) -> None:
        """Queue an event for every key that subscribed to it."""
        rows = self._store.rows(
            "SELECT key_id, events FROM subscriptions WHERE source_type = 'table' AND source_id = ?", table_id
        )
        for key_id, events in rows:
            if event in wire.parse(events):
                body = {
                    "event": event,
                    "source_type": "table",
                    "source_id": str(table_id),
                    "data": {"item": item},
                    "trace_id": trace_id,
                }
                self.queue(key_id=key_id, event=event, body=body, fate="once")

    # --- callbacks ---------------------------------------------------------------------------------------------

    def queue(self, *, key_id: int, event: str, body: dict[str, Any], fate: str) -> None:
        """Queue one push.

        Args:
            key_id: Whose callback address it goes to.
            event: Name of the event.
            body: What is pushed.
            fate: once, late (some requests later), twice or lost (kept, never pushed). Without an address at this
                moment it is kept, never pushed.
        """
        due = self._moments.ticks + (_LATE_TICKS if fate == "late" else 0)
        address = self._store.value("SELECT callback_url FROM keys WHERE key_id = ?", key_id)
        state = "no_address" if address is None else "lost" if fate == "lost" else "pending"
        self._store.run(
            "INSERT INTO callbacks VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            self._ids.next("callback"),
            key_id,
            event,
            wire.write(body),
            due,
            _TIMES[fate],
            state,
        )

    def make_due(self) -> None:
        """Make every waiting callback due now."""
        self._store.run("UPDATE callbacks SET due_tick = 0 WHERE state = 'pending'")

    def due(self) -> list[Push]:
        """Return the pushes that are due, oldest first; those of keys without an address stay unpushed."""
        rows = self._store.rows(
            "SELECT c.callback_id, k.callback_url, c.body, coalesce(e.encrypt_key, '')"
            " FROM callbacks c JOIN keys k USING (key_id) LEFT JOIN encrypt_keys e USING (key_id)"
            " WHERE c.state = 'pending' AND c.due_tick <= ? AND k.callback_url IS NOT NULL ORDER BY c.callback_id",
            self._moments.ticks,
        )
        return [Push(callback_id=row[0], url=row[1], body=row[2], encrypt_key=row[3]) for row in rows]

    def pushed(self, push: Push, *, arrived: bool) -> None:
        """Note one push: done when it arrived as often as it should, failed when it did not arrive."""
        self._store.run(
            "UPDATE callbacks SET pushed = pushed + ?2, remaining = remaining - 1,"
            " state = CASE WHEN ?2 = 0 THEN 'failed' WHEN remaining <= 1 THEN 'pushed' ELSE state END"
            " WHERE callback_id = ?1",
            push.callback_id,
            int(arrived),
        )

    def all(self) -> list[dict[str, Any]]:
        """Return every callback with its state, oldest first."""
        rows = self._store.rows(
            "SELECT callback_id, key_id, event, body, state, pushed FROM callbacks ORDER BY callback_id"
        )
        names = ("callback_id", "key_id", "event", "body", "state", "pushed")
        return [{**dict(zip(names, row, strict=True)), "body": wire.parse(row[3])} for row in rows]
