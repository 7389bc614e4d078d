"""The service's own memory on one machine: one SQLite file for occurrences, cursors, firings, notices and replays.

Several processes may open it: every step that decides something is one immediate transaction. Times are kept as
seconds since 1970, so that they sort whatever their zone.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from huoban_perf.core.errors import LeaseLostError, ServiceError
from huoban_perf.core.values import CHINA
from huoban_perf.service.occurrences import AHEAD, EVERYTHING, Claim, Share, State

_FORMAT = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS occurrences (
  profile TEXT NOT NULL, job TEXT NOT NULL, due_s REAL NOT NULL, state TEXT NOT NULL,
  not_before_s REAL NOT NULL, lease_until_s REAL, fence INTEGER NOT NULL DEFAULT 0, worker TEXT,
  attempts INTEGER NOT NULL DEFAULT 0, outcome TEXT,
  PRIMARY KEY (profile, job, due_s)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schedules (
  profile TEXT NOT NULL, job TEXT NOT NULL, seen_s REAL NOT NULL, PRIMARY KEY (profile, job)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fences (profile TEXT PRIMARY KEY, fence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
  profile TEXT NOT NULL, key TEXT NOT NULL, receiver TEXT NOT NULL, event TEXT NOT NULL, object TEXT NOT NULL,
  day TEXT NOT NULL, facts TEXT NOT NULL, link TEXT NOT NULL, mode TEXT NOT NULL, since_s REAL NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, not_before_s REAL NOT NULL DEFAULT 0, sent_s REAL,
  digest INTEGER NOT NULL DEFAULT 0, message TEXT, reason TEXT,
  PRIMARY KEY (profile, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notices_waiting ON notices (profile, state, not_before_s);
CREATE INDEX IF NOT EXISTS notices_sent ON notices (profile, sent_s);
CREATE TABLE IF NOT EXISTS cursors (
  profile TEXT NOT NULL, place TEXT NOT NULL, at_s REAL NOT NULL, PRIMARY KEY (profile, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen_rows (
  profile TEXT NOT NULL, place TEXT NOT NULL, item TEXT NOT NULL, digests TEXT NOT NULL,
  PRIMARY KEY (profile, place, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS firings (
  number INTEGER PRIMARY KEY, profile TEXT NOT NULL, key TEXT NOT NULL, automation TEXT NOT NULL, place TEXT NOT NULL,
  item TEXT NOT NULL, cause TEXT NOT NULL, depth INTEGER NOT NULL, chain TEXT NOT NULL, state TEXT NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0, not_before_s REAL NOT NULL DEFAULT 0, outcome TEXT, ended_s REAL,
  UNIQUE (profile, key));
CREATE INDEX IF NOT EXISTS firings_pending ON firings (profile, state, not_before_s);
CREATE TABLE IF NOT EXISTS causes (
  profile TEXT NOT NULL, place TEXT NOT NULL, item TEXT NOT NULL, depth INTEGER NOT NULL, chain TEXT NOT NULL,
  PRIMARY KEY (profile, place, item)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mirrored (
  profile TEXT NOT NULL, key TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (profile, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seen_bodies (digest TEXT PRIMARY KEY, at_s REAL NOT NULL) WITHOUT ROWID;
"""


class SqliteStore:
    """Occurrences and everything else the service remembers, in one file; use it in a ``with`` block or close it."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, made readable by its owner only when it is new.

        Args:
            path: The file; None keeps everything in memory.

        Raises:
            ServiceError: The file is of another format, or is no database.
        """
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        self._lock = threading.RLock()
        self._database = sqlite3.connect(
            ":memory:" if path is None else path, timeout=30, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(str(path or ":memory:"))
        except BaseException:
            self._database.close()
            raise

    def _prepare(self, name: str) -> None:
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            with self.step() as database:
                (found,) = database.execute("PRAGMA user_version").fetchone()
                if found not in {0, _FORMAT}:
                    raise ServiceError("service.store_format", facts={"file": name, "found": found, "known": _FORMAT})
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {_FORMAT}")
        except sqlite3.DatabaseError as error:
            raise ServiceError("service.store_damaged", facts={"file": name}) from error

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def step(self) -> Iterator[sqlite3.Connection]:
        """Hold the file for one atomic step; what is raised inside undoes it."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    # --- occurrences -------------------------------------------------------------------------------------------

    def add(self, *, profile: str, job: str, due: datetime) -> bool:
        """Keep an occurrence and the moment its schedule was looked after; return whether it is new."""
        with self.step() as database:
            added = database.execute(
                "INSERT OR IGNORE INTO occurrences (profile, job, due_s, state, not_before_s) VALUES (?, ?, ?, ?, ?)",
                (profile, job, due.timestamp(), State.DUE, due.timestamp()),
            ).rowcount
            database.execute(
                "INSERT INTO schedules VALUES (?1, ?2, ?3)"
                " ON CONFLICT DO UPDATE SET seen_s = max(seen_s, excluded.seen_s)",
                (profile, job, due.timestamp()),
            )
        return bool(added)

    def ask_for(self, *, profile: str, job: str, now: datetime) -> bool:
        """Keep an occurrence that is due at once, unless one of the job stands due; return whether it is new."""
        with self.step() as database:
            added = database.execute(
                "INSERT OR IGNORE INTO occurrences (profile, job, due_s, state, not_before_s)"
                " SELECT ?1, ?2, ?3, 'due', ?3 WHERE NOT EXISTS (SELECT 1 FROM occurrences"
                "   WHERE profile = ?1 AND job = ?2 AND state = 'due' AND not_before_s <= ?3)",
                (profile, job, now.timestamp()),
            ).rowcount
        return bool(added)

    def seen_until(self, *, profile: str, job: str, now: datetime) -> datetime:
        """Return up to which moment a schedule was looked after; ``now`` on the first call, which is kept."""
        with self.step() as database:
            database.execute(
                "INSERT INTO schedules VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET seen_s = ?3 WHERE seen_s > ?4",
                (profile, job, now.timestamp(), (now + AHEAD).timestamp()),
            )
            (seen_s,) = database.execute(
                "SELECT seen_s FROM schedules WHERE profile = ? AND job = ?", (profile, job)
            ).fetchone()
        return moment_of(seen_s)

    def claim(self, *, worker: str, now: datetime, lease: timedelta, share: Share = EVERYTHING) -> Claim | None:
        """Lease the oldest occurrence of a worker's share that may run, or return None."""
        now_s = now.timestamp()
        with self.step() as database:
            row = database.execute(
                "SELECT profile, job, due_s, attempts FROM occurrences AS o"
                " WHERE ((state = 'due' AND not_before_s <= ?1)"
                "   OR (state = 'running' AND NOT lease_until_s BETWEEN ?1 AND ?5))"
                " AND NOT EXISTS (SELECT 1 FROM occurrences AS held WHERE held.profile = o.profile"
                "   AND held.state = 'running' AND held.lease_until_s > ?1 AND held.lease_until_s <= ?5)"
                " AND (?2 = '[]' OR profile IN (SELECT value FROM json_each(?2)))"
                " AND (?3 = '' OR job = ?3) AND job != ?4"
                " ORDER BY due_s, job, profile LIMIT 1",
                (now_s, json.dumps(share.profiles), share.only, share.without, (now + AHEAD).timestamp()),
            ).fetchone()
            if row is None:
                return None
            profile, job, due_s, attempts = row
            (fence,) = database.execute(
                "INSERT INTO fences VALUES (?, 1) ON CONFLICT DO UPDATE SET fence = fence + 1 RETURNING fence",
                (profile,),
            ).fetchone()
            database.execute(
                "UPDATE occurrences SET state = 'running', lease_until_s = ?, fence = ?, worker = ?,"
                " attempts = attempts + 1 WHERE profile = ? AND job = ? AND due_s = ?",
                ((now + lease).timestamp(), fence, worker, profile, job, due_s),
            )
        return Claim(profile=profile, job=job, due=moment_of(due_s), attempt=attempts + 1, fence=fence, worker=worker)

    def renew(self, claim: Claim, *, now: datetime, lease: timedelta) -> None:
        """Lengthen a lease; LeaseLostError when another took the profile over."""
        self._mine(claim, "lease_until_s = ?", (now + lease).timestamp())

    def done(self, claim: Claim, *, outcome: str) -> None:
        """Close an occurrence; LeaseLostError when another took the profile over."""
        self._mine(claim, "state = 'done', lease_until_s = NULL, outcome = ?", outcome)

    def retry(self, claim: Claim, *, not_before: datetime, reason: str) -> None:
        """Put an occurrence back; LeaseLostError when another took the profile over."""
        after_s = not_before.timestamp()
        self._mine(claim, "state = 'due', lease_until_s = NULL, not_before_s = ?, outcome = ?", after_s, reason)

    def park(self, claim: Claim, *, reason: str) -> None:
        """Give an occurrence up; LeaseLostError when another took the profile over."""
        self._mine(claim, "state = 'parked', lease_until_s = NULL, outcome = ?", reason)

    def _mine(self, claim: Claim, change: str, *values: object) -> None:
        """Change an occurrence if its lease is still the newest of the profile."""
        with self.step() as database:
            changed = database.execute(
                f"UPDATE occurrences SET {change} WHERE profile = ? AND job = ? AND due_s = ? AND state = 'running'"  # noqa: S608
                " AND fence = ? AND fence = (SELECT fence FROM fences WHERE fences.profile = occurrences.profile)",
                (*values, claim.profile, claim.job, claim.due.timestamp(), claim.fence),
            ).rowcount
        if not changed:
            raise LeaseLostError("service.lease_lost", facts={"occurrence": claim.name})

    def prune(self, *, before: datetime, job: str | None = None) -> int:
        """Forget finished occurrences, of one job or of all, that were due before a moment; return how many."""
        with self.step() as database:
            return database.execute(
                "DELETE FROM occurrences WHERE state = 'done' AND (?1 IS NULL OR job = ?1) AND due_s < ?2",
                (job, before.timestamp()),
            ).rowcount

    def forget(self, before: datetime) -> int:
        """Forget history of every profile: firings and notices that ended before a moment.

        What is pending, waiting, stopped or given up stays, and so does everything about rows that stand: it is what
        keeps anything from happening twice. Keys of the rest hold a moment or a day and do not come again.

        Args:
            before: The moment.

        Returns:
            How many rows went.
        """
        with self.step() as database:
            gone = database.execute(
                "DELETE FROM firings WHERE state IN ('done', 'skipped', 'refused') AND ended_s < ?",
                (before.timestamp(),),
            ).rowcount
            gone += database.execute(
                "DELETE FROM notices WHERE state IN ('sent', 'unreachable') AND sent_s < ?", (before.timestamp(),)
            ).rowcount
            database.execute(
                "DELETE FROM mirrored WHERE NOT EXISTS (SELECT 1 FROM notices AS n"
                " WHERE n.profile = mirrored.profile AND n.key = mirrored.key)"
            )
        return gone

    def counts(self) -> Mapping[State, int]:
        """Return how many occurrences stand in each state."""
        with self.step() as database:
            rows = dict(database.execute("SELECT state, count(*) FROM occurrences GROUP BY state").fetchall())
        return {state: rows.get(state.value, 0) for state in State}

    def listed(self, *, profile: str | None = None) -> list[tuple[str, str, datetime, State, int, str]]:
        """Return every occurrence in order of due time: profile, job, due, state, attempts, outcome."""
        with self.step() as database:
            rows = database.execute(
                "SELECT profile, job, due_s, state, attempts, outcome FROM occurrences WHERE ?1 IS NULL OR profile = ?1"
                " ORDER BY due_s, job, profile",
                (profile,),
            ).fetchall()
        return [
            (found, job, moment_of(due_s), State(state), attempts, outcome or "")
            for found, job, due_s, state, attempts, outcome in rows
        ]


def moment_of(seconds: float) -> datetime:
    """Return seconds since 1970 as an aware moment."""
    return datetime.fromtimestamp(seconds, CHINA)
