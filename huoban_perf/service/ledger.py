"""What the executor of automations remembers, in the service's file: cursors, seen rows, firings, causes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from huoban_perf.automation import Cause, Firing, FiringState, Settled
from huoban_perf.service.store import SqliteStore, moment_of

_AT_ONCE = 500


class SqliteLedger:
    """A ``Ledger`` of one profile."""

    def __init__(self, store: SqliteStore, *, profile: str) -> None:
        """Take the file and whose rows these are."""
        self._store = store
        self._profile = profile

    def cursor(self, table: str) -> datetime | None:
        """Return up to which moment a table was looked at, or None before the first time."""
        with self._store.step() as database:
            row = database.execute(
                "SELECT at_s FROM cursors WHERE profile = ? AND place = ?", (self._profile, table)
            ).fetchone()
        return None if row is None else moment_of(row[0])

    def seen(self, table: str, items: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return item → field → short digest as last seen, for the items known."""
        found: dict[str, Mapping[str, str]] = {}
        with self._store.step() as database:
            for start in range(0, len(items), _AT_ONCE):
                some = items[start : start + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                rows = database.execute(
                    f"SELECT item, digests FROM seen_rows WHERE profile = ? AND place = ? AND item IN ({marks})",  # noqa: S608
                    (self._profile, table, *some),
                )
                found |= {item: json.loads(digests) for item, digests in rows}
        return found

    def note(
        self,
        table: str,
        *,
        cursor: datetime,
        seen: Mapping[str, Mapping[str, str]],
        firings: Sequence[Firing],
        explained: Sequence[str] = (),
        back: bool = False,
    ) -> int:
        """Keep what was seen with the firings it sets off, and forget the causes of explained items' changes.

        Returns:
            How many firings are new.
        """
        with self._store.step() as database:
            database.execute(
                "INSERT INTO cursors VALUES (?1, ?2, ?3)"
                " ON CONFLICT DO UPDATE SET at_s = iif(?4, excluded.at_s, max(at_s, excluded.at_s))",
                (self._profile, table, cursor.timestamp(), back),
            )
            database.executemany(
                "INSERT OR REPLACE INTO seen_rows VALUES (?, ?, ?, ?)",
                [(self._profile, table, item, json.dumps(digests, sort_keys=True)) for item, digests in seen.items()],
            )
            database.executemany(
                "DELETE FROM causes WHERE profile = ? AND place = ? AND item = ?",
                [(self._profile, table, item) for item in explained],
            )
            return self._insert(database, firings)

    def known(self, table: str) -> frozenset[str]:
        """Return the items of a table that were ever seen and not noted as gone."""
        with self._store.step() as database:
            rows = database.execute(
                "SELECT item FROM seen_rows WHERE profile = ? AND place = ?", (self._profile, table)
            ).fetchall()
        return frozenset(item for (item,) in rows)

    def note_gone(self, table: str, items: Sequence[str], *, firings: Sequence[Firing]) -> int:
        """Forget items that are gone together with keeping what that sets off; return how many firings are new."""
        with self._store.step() as database:
            gone = [(self._profile, table, item) for item in items]
            for table_of in ("seen_rows", "causes"):
                database.executemany(f"DELETE FROM {table_of} WHERE profile = ? AND place = ? AND item = ?", gone)  # noqa: S608
            return self._insert(database, firings)

    def enqueue(self, firings: Sequence[Firing]) -> int:
        """Keep firings; a key that is known is ignored. Return how many are new."""
        if not firings:
            return 0
        with self._store.step() as database:
            return self._insert(database, firings)

    def _insert(self, database: sqlite3.Connection, firings: Sequence[Firing]) -> int:
        before = database.total_changes
        database.executemany(
            "INSERT OR IGNORE INTO firings (profile, key, automation, place, item, cause, depth, chain, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            [
                (self._profile, f.key, f.automation, f.table, f.item, f.cause, f.depth, json.dumps(f.chain))
                for f in firings
            ],
        )
        return database.total_changes - before

    def pending(self, *, now: datetime) -> Iterator[Firing]:
        """Yield the firings to be tried now, oldest first; those that are queued meanwhile are left out."""
        with self._store.step() as database:
            least, most = database.execute(
                "SELECT min(number), max(number) FROM firings WHERE profile = ? AND state = 'pending'", (self._profile,)
            ).fetchone()
        number = (least or 0) - 1
        while least is not None:
            with self._store.step() as database:
                rows = database.execute(
                    "SELECT number, key, automation, place, item, cause, depth, chain, attempts"
                    " FROM firings NOT INDEXED WHERE number > ? AND number <= ? AND profile = ? AND state = 'pending'"
                    " AND not_before_s <= ? ORDER BY number LIMIT ?",
                    (number, most, self._profile, now.timestamp(), _AT_ONCE),
                ).fetchall()
            if not rows:
                return
            number = rows[-1][0]
            for _, key, automation, place, item, cause, depth, chain, attempts in rows:
                yield Firing(
                    key=key,
                    automation=automation,
                    table=place,
                    item=item,
                    cause=cause,
                    depth=depth,
                    chain=tuple(json.loads(chain)),
                    attempts=attempts,
                )

    def settle(self, ended: Sequence[Settled], *, at: datetime) -> None:
        """Close firings."""
        with self._store.step() as database:
            database.executemany(
                "UPDATE firings SET state = ?, outcome = ?, ended_s = ?, attempts = attempts + 1"
                " WHERE profile = ? AND key = ?",
                [(one.state.value, one.outcome, at.timestamp(), self._profile, one.firing.key) for one in ended],
            )

    def postpone(self, firing: Firing, *, not_before: datetime, reason: str) -> None:
        """Count a failed try and hold the firing off."""
        with self._store.step() as database:
            database.execute(
                "UPDATE firings SET attempts = attempts + 1, not_before_s = ?, outcome = ?"
                " WHERE profile = ? AND key = ?",
                (not_before.timestamp(), reason, self._profile, firing.key),
            )

    def ripple(self, rows: Sequence[tuple[str, str]], cause: Cause) -> None:
        """Remember that the next change of rows, each a table and an item, is our own doing."""
        chain = json.dumps(cause.chain)
        with self._store.step() as database:
            database.executemany(
                "INSERT OR REPLACE INTO causes VALUES (?, ?, ?, ?, ?)",
                [(self._profile, table, item, cause.depth, chain) for table, item in rows],
            )

    def causes(self, table: str, items: Sequence[str]) -> Mapping[str, Cause]:
        """Return item → what its change follows from; a person's own change is left out."""
        found: dict[str, Cause] = {}
        with self._store.step() as database:
            for start in range(0, len(items), _AT_ONCE):
                some = items[start : start + _AT_ONCE]
                rows = database.execute(
                    "SELECT item, depth, chain FROM causes WHERE profile = ? AND place = ?"  # noqa: S608 - marks only
                    f" AND item IN ({', '.join('?' * len(some))})",
                    (self._profile, table, *some),
                )
                found |= {item: Cause(depth=depth, chain=tuple(json.loads(chain))) for item, depth, chain in rows}
        return found

    def listed(self, *states: FiringState) -> list[tuple[str, str, str, FiringState, int, str]]:
        """Return firings in order: automation, item, cause, state, depth, outcome; of all states for none given."""
        with self._store.step() as database:
            rows = database.execute(
                "SELECT automation, item, cause, state, depth, outcome FROM firings WHERE profile = ? ORDER BY number",
                (self._profile,),
            ).fetchall()
        return [
            (automation, item, cause, FiringState(state), depth, outcome or "")
            for automation, item, cause, state, depth, outcome in rows
            if not states or FiringState(state) in states
        ]
