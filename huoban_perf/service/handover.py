"""Handing over: what the service remembers of an old place, in the ids of a new one, so that it goes on there.

After a move every item has another id and was written just now. Without this the service at the new place would take
all of it for news, or, starting afresh, never hear of what happened last at the old place. So what was seen of each row
is translated field by field: a field that had been seen as it stands is seen at the new place too, one that had changed
unseen stays unseen. Firings and notices under way and the times of schedules come along. Nothing here is counted: it
follows from what stands, so it may be repeated at will and after a kill.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from huoban_perf.core.notices import Notice
from huoban_perf.service.store import SqliteStore

ALIVE_WITHIN = timedelta(seconds=90)
"""A service that looked for events so lately counts as running: the usual poll is 30 s."""

_EARLY_S = 0.0
"""Cursor of a table at the new place: the next look reads every row and compares it with what is handed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the service of one profile remembers, in numbers.

    Attributes:
        tables: Tables it has looked at.
        pending: Firings still to be carried out.
        parked: Firings and jobs given up, which a person must look at.
        waiting: Notices still to be sent.
        is_running: Whether it looked for events just now, or holds a lease.
    """

    tables: frozenset[str] = frozenset()
    pending: int = 0
    parked: int = 0
    waiting: int = 0
    is_running: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One item as it stands at both places.

    Attributes:
        old_id: At the old place; empty for an item that stands at the new one only.
        new_id: At the new place.
        old: Field → digest at the old place.
        new: Field → digest at the new place.
        picks: Fields with an action that somebody picked and nobody carried out yet.
    """

    old_id: str
    new_id: str
    old: Mapping[str, str]
    new: Mapping[str, str]
    picks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What came along: rows seen, firings, notices and times of schedules."""

    rows: int = 0
    firings: int = 0
    notices: int = 0
    schedules: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The memory of one profile.

    Attributes:
        store: The service's file.
        profile: Whose rows.
    """

    store: SqliteStore
    profile: str

    def remembered(self, *, now: datetime) -> Remembered:
        """Return what it remembers, in numbers."""
        return Remembered(
            tables=frozenset(place for place in self._cursors() if not place.startswith("schedule:")),
            pending=self._count("SELECT count(*) FROM firings WHERE profile = ? AND state = 'pending'"),
            parked=self._count("SELECT count(*) FROM firings WHERE profile = ? AND state IN ('parked', 'looped')")
            + self._count("SELECT count(*) FROM occurrences WHERE profile = ? AND state = 'parked'"),
            waiting=self._count("SELECT count(*) FROM notices WHERE profile = ? AND state = 'waiting'"),
            is_running=self._is_running(now),
        )

    def _is_running(self, now: datetime) -> bool:
        since, now_s = (now - ALIVE_WITHIN).timestamp(), now.timestamp()
        running = "SELECT count(*) FROM occurrences WHERE profile = ? AND state = 'running' AND lease_until_s > ?"
        looked = (
            "SELECT count(*) FROM occurrences WHERE profile = ? AND job = 'events' AND state != 'due'"
            " AND due_s > ? AND due_s <= ?"
        )
        return bool(self._count(running, now_s) or self._count(looked, since, now_s))

    def _count(self, sql: str, *values: float) -> int:
        (row,) = self.rows(sql, *values)
        return int(str(row[0]))

    def _cursors(self) -> dict[str, float]:
        return {
            str(place): float(str(at_s))
            for place, at_s in self.rows("SELECT place, at_s FROM cursors WHERE profile = ?")
        }

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Return rows of a query whose first placeholder is the profile."""
        with self.store.step() as database:
            return database.execute(sql, (self.profile, *values)).fetchall()

    def seen(self) -> dict[str, dict[str, dict[str, str]]]:
        """Return table → item → field → digest as last seen, for every table looked at."""
        found: dict[str, dict[str, dict[str, str]]] = {table: {} for table in self._cursors()}
        for table, item, digests in self.rows("SELECT place, item, digests FROM seen_rows WHERE profile = ?"):
            found.setdefault(str(table), {})[str(item)] = json.loads(str(digests))
        return found


def hand_over(
    old: Desk | None,
    new: Desk,
    *,
    sights: Mapping[str, Sequence[Sight]],
    people: Mapping[str, str],
) -> HandedOver:
    """Put what the old place's service remembers into the new place's file, in one step.

    Args:
        old: Memory of the old place; None when no service ever ran there.
        new: Memory of the new place.
        sights: Table → every item of the new place, beside its twin.
        people: Member id at the old place → at the new.

    Returns:
        What came along; all zero when it had come before.
    """
    items = {table: {one.old_id: one.new_id for one in rows if one.old_id} for table, rows in sights.items()}
    before, standing = {} if old is None else old.seen(), new.seen()
    known = [
        (table, one.new_id, digests)
        for table, rows in sights.items()
        if table in before or table in standing
        for one in rows
        if (digests := _seen_of(one, before.get(table), standing.get(table))) is not None
        and standing.get(table, {}).get(one.new_id) != digests
    ]
    profile = new.profile
    firings = [] if old is None else list(_firings(old, items))
    notices = [] if old is None else list(_notices(old, people))
    times = [] if old is None else _times(old, standing.keys())
    with new.store.step() as database:
        database.executemany(
            "INSERT OR REPLACE INTO seen_rows VALUES (?, ?, ?, ?)",
            [(profile, table, item, json.dumps(digests, sort_keys=True)) for table, item, digests in known],
        )
        statements: list[tuple[str, list[tuple[object, ...]]]] = [
            (_FIRING, firings),
            (_NOTICE, [row for row, _ in notices]),
            (_MIRRORED, [shown for _, shown in notices if shown]),
            *times,
        ]
        counted: list[int] = []
        for sql, rows in statements:
            start = database.total_changes
            database.executemany(sql, [(profile, *row) for row in rows])
            counted.append(database.total_changes - start)
    return HandedOver(rows=len(known), firings=counted[0], notices=counted[1], schedules=sum(counted[3:5]))


_FIRING = (
    "INSERT OR IGNORE INTO firings (profile, key, automation, place, item, cause, depth, chain, attempts,"
    " not_before_s, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')"
)
_NOTICE = (
    "INSERT OR IGNORE INTO notices (profile, key, receiver, event, object, day, facts, link, mode, since_s, state,"
    " attempts, not_before_s, sent_s, digest, message, reason)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_MIRRORED = "INSERT OR IGNORE INTO mirrored VALUES (?, ?, ?)"
_CURSOR = (
    "INSERT INTO cursors VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at_s = excluded.at_s WHERE at_s < excluded.at_s"
)
_SCHEDULE = (
    "INSERT INTO schedules VALUES (?, ?, ?)"
    " ON CONFLICT DO UPDATE SET seen_s = excluded.seen_s WHERE seen_s < excluded.seen_s"
)
_OCCURRENCE = (
    "INSERT OR IGNORE INTO occurrences (profile, job, due_s, not_before_s, attempts, state)"
    " VALUES (?, ?, ?, ?, ?, 'due')"
)


def _seen_of(
    one: Sight, before: Mapping[str, Mapping[str, str]] | None, standing: Mapping[str, Mapping[str, str]] | None
) -> dict[str, str] | None:
    """Return how an item counts as seen at the new place; None leaves it to be found there as new."""
    if not one.old_id and standing is not None:
        return None  # the new place's own, on which its service keeps an eye itself
    if not one.old_id or before is None:
        return {key: value for key, value in one.new.items() if key not in one.picks}
    then = before.get(one.old_id)
    if then is None:
        return None
    found: dict[str, str] = {}
    for key in {*then, *one.old}:
        is_seen = then.get(key) == one.old.get(key)
        digest = one.new.get(key) if is_seen else then.get(key)
        if digest is not None:
            found[key] = digest
    return found


def _firings(old: Desk, items: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[object, ...]]:
    """Yield firings that are still to be carried out; one about a row that is gone stays behind."""
    rows = old.rows(
        "SELECT key, automation, place, item, cause, depth, chain, attempts, not_before_s FROM firings"
        " WHERE profile = ? AND state = 'pending' ORDER BY number"
    )
    for key, automation, place, item, cause, depth, chain, attempts, not_before_s in rows:
        new_id = items.get(str(place), {}).get(str(item))
        if new_id is None:
            continue
        translated = str(key).replace(f"|{item}|", f"|{new_id}|")
        chain_now = [_relinked(link, str(item), new_id) for link in json.loads(str(chain))]
        yield translated, automation, place, new_id, cause, depth, json.dumps(chain_now), attempts, not_before_s


def _relinked(link: str, old_id: str, new_id: str) -> str:
    automation, _, item = link.rpartition("@")
    return f"{automation}@{new_id}" if item == old_id else link


def _notices(old: Desk, people: Mapping[str, str]) -> Iterator[tuple[tuple[object, ...], tuple[object, ...] | None]]:
    """Yield every notice under its receiver's id at the new place, and in which state the workspace shows it."""
    rows = old.rows(
        "SELECT n.key, n.receiver, n.event, n.object, n.day, n.facts, n.link, n.mode, n.since_s, n.state, n.attempts,"
        " n.not_before_s, n.sent_s, n.digest, n.message, n.reason, m.state FROM notices n"
        " LEFT JOIN mirrored m ON m.profile = n.profile AND m.key = n.key WHERE n.profile = ? ORDER BY n.since_s, n.key"
    )
    keys = {str(row[0]): _key(row, people) for row in rows}
    for key, receiver, *rest, message, reason, shown in rows:
        moved = keys[str(key)]
        row = (moved, people.get(str(receiver), receiver), *rest, keys.get(str(message), message), reason)
        yield row, None if shown is None else (moved, str(shown))


def _key(row: tuple[object, ...], people: Mapping[str, str]) -> str:
    receiver, event, object_, day = (str(part) for part in row[1:5])
    named = people.get(receiver, receiver)
    return Notice(receiver=named, event=event, object=object_, day=date.fromisoformat(day)).key


def _times(old: Desk, looked_at: Iterable[str]) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Return up to when tables and schedules were looked after, and the jobs that are due."""
    known = set(looked_at)
    cursors = old.rows("SELECT place, at_s FROM cursors WHERE profile = ?")
    schedules = [row for row in cursors if str(row[0]).startswith("schedule:")]
    tables = [
        (place, _EARLY_S) for place, _ in cursors if not str(place).startswith("schedule:") and place not in known
    ]
    jobs = old.rows("SELECT job, seen_s FROM schedules WHERE profile = ?")
    due = old.rows(
        "SELECT job, due_s, not_before_s, attempts FROM occurrences WHERE profile = ? AND state IN ('due', 'running')"
        " AND job != 'events'"
    )
    return [(_CURSOR, [*schedules]), (_SCHEDULE, [*jobs]), (_CURSOR, [*tables]), (_OCCURRENCE, [*due])]
