"""The outbox: notices kept until they went out; one instance delivers at a time.

The promise: a notice is put once for its key; it is sent at least once unless no channel reaches its receiver. Between
a channel's yes and our note of it a kill may repeat one message, never lose one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import FactValue, NoticeError, NoticeLeakError, Recovery
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import CHINA
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices import Channel, Message, TextBook, Waiting, due_messages
from huoban_perf.notices.delivery import SentToday
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.service.store import SqliteStore, moment_of

_ATTEMPTS = 8
_FIRST_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one delivery came to, in messages."""

    sent: int = 0
    failed: int = 0
    parked: int = 0
    unreachable: int = 0


@dataclass(kw_only=True)
class Outbox:
    """The notices of one profile; a ``NoticeSink``.

    Attributes:
        profile: Whose.
        store: Where they are kept.
        clock: Time.
        calendar: Working days.
        texts: Texts.
        channels: Ways out, in order; the first that has an address of the receiver and takes the message is enough.
    """

    profile: str
    store: SqliteStore
    clock: Clock
    calendar: WorkCalendar
    texts: TextBook
    channels: Sequence[Channel] = field(default_factory=tuple)

    def put(self, notices: Iterable[Notice]) -> int:
        """Keep notices; one whose key is known is ignored.

        Args:
            notices: The notices.

        Returns:
            How many were new.

        Raises:
            NoticeError: A notice has no text; none of them was kept.
        """
        entries = list(notices)
        for notice in entries:
            self.texts.line(notice)
        now_s = self.clock.now().timestamp()
        with self.store.step() as database:
            before = database.total_changes
            database.executemany(
                "INSERT OR IGNORE INTO notices (profile, key, receiver, event, object, day, facts, link, mode, since_s,"
                " state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'waiting')",
                [(self.profile, notice.key, *_columns(notice), now_s) for notice in entries],
            )
            return database.total_changes - before

    def deliver(self) -> Delivered:
        """Send what is due now.

        Returns:
            What it came to. A message that a channel refuses is tried again later, eight times in all, then parked; a
            notice that would show a result is parked at once and keeps no other from going out.
        """
        now = self.clock.now()
        counts = {"sent": 0, "failed": 0, "parked": 0, "unreachable": 0}
        waiting = []
        for entry in self._waiting(now):
            if leaks_in(self.texts.line(entry.notice)):
                self._park(entry.notice, now)
                counts["parked"] += 1
            else:
                waiting.append(entry)
        messages = due_messages(waiting, now=now, calendar=self.calendar, sent=self._sent_today(now), texts=self.texts)
        for message in messages:
            counts[self._send(message, now)] += 1
        return Delivered(**counts)

    def parked(self) -> list[tuple[str, str]]:
        """Return event and reason of every notice that was given up."""
        with self.store.step() as database:
            return database.execute(
                "SELECT event, reason FROM notices WHERE profile = ? AND state = 'parked' ORDER BY key", (self.profile,)
            ).fetchall()

    def unlike_mirrored(self, *, limit: int) -> list[tuple[Notice, str]]:
        """Return notices to members, not groups or addresses, that ``note_mirrored`` last saw in another state."""
        with self.store.step() as database:
            rows = database.execute(
                "SELECT n.receiver, n.event, n.object, n.day, n.facts, n.link, n.mode, n.state FROM notices n"
                " LEFT JOIN mirrored m ON m.profile = n.profile AND m.key = n.key"
                " WHERE n.profile = ? AND n.receiver NOT LIKE 'group:%' AND n.receiver NOT LIKE 'mail:%'"
                " AND m.state IS NOT n.state"
                " ORDER BY n.since_s, n.key LIMIT ?",
                (self.profile, limit),
            ).fetchall()
        return [(_notice(row[:7]), row[7]) for row in rows]

    def note_mirrored(self, states: Mapping[str, str]) -> None:
        """Remember, by key, in which state notices stand in the workspace."""
        with self.store.step() as database:
            rows = [(self.profile, key, state) for key, state in states.items()]
            database.executemany("INSERT OR REPLACE INTO mirrored VALUES (?, ?, ?)", rows)

    def counts(self) -> Mapping[str, int]:
        """Return how many notices stand in each state."""
        with self.store.step() as database:
            sql = "SELECT state, count(*) FROM notices WHERE profile = ? GROUP BY state"
            return dict(database.execute(sql, (self.profile,)).fetchall())

    def _waiting(self, now: datetime) -> list[Waiting]:
        with self.store.step() as database:
            rows = database.execute(
                "SELECT receiver, event, object, day, facts, link, mode, since_s FROM notices"
                " WHERE profile = ? AND state = 'waiting' AND not_before_s <= ? ORDER BY since_s, key",
                (self.profile, now.timestamp()),
            ).fetchall()
        return [Waiting(notice=_notice(row[:7]), since=moment_of(row[7])) for row in rows]

    def _park(self, notice: Notice, now: datetime) -> None:
        with self.store.step() as database:
            database.execute(
                "UPDATE notices SET state = 'parked', reason = 'notices.leak', not_before_s = ?"
                " WHERE profile = ? AND key = ?",
                (now.timestamp(), self.profile, notice.key),
            )

    def _sent_today(self, now: datetime) -> dict[str, SentToday]:
        today = datetime.combine(now.astimezone(CHINA).date(), time(), CHINA).timestamp()
        with self.store.step() as database:
            rows = database.execute(
                "SELECT receiver, count(DISTINCT CASE WHEN NOT digest AND mode = 'at_once' THEN message END),"
                " max(digest) FROM notices WHERE profile = ? AND sent_s >= ? GROUP BY receiver",
                (self.profile, today),
            ).fetchall()
        return {receiver: SentToday(at_once=count, digest=bool(digest)) for receiver, count, digest in rows}

    def _send(self, message: Message, now: datetime) -> str:
        ways = [channel for channel in self.channels if channel.reaches(message.receiver)]
        if not ways:
            self._note(message, "unreachable", now=now, reason="no_channel")
            return "unreachable"
        error: NoticeError | None = None
        for channel in ways:
            try:
                channel.send(message)
            except NoticeLeakError as leak:
                self._note(message, "parked", now=now, reason=leak.code)
                return "parked"
            except NoticeError as failure:
                error = failure
            else:
                self._note(message, "sent", now=now)
                return "sent"
        return self._failed(message, error, now) if error else "failed"

    def _failed(self, message: Message, error: NoticeError, now: datetime) -> str:
        marks = ", ".join("?" * len(message.keys))
        with self.store.step() as database:
            (attempts,) = database.execute(
                f"SELECT max(attempts) + 1 FROM notices WHERE profile = ? AND key IN ({marks})",  # noqa: S608
                (self.profile, *message.keys),
            ).fetchone()
            given_up = attempts >= _ATTEMPTS
            rest_s = error.facts.get("seconds")
            wait = timedelta(seconds=rest_s) if isinstance(rest_s, int) else _FIRST_WAIT * 2 ** (attempts - 1)
            throttled = isinstance(rest_s, int) and error.recovery is Recovery.RETRY
            database.execute(
                "UPDATE notices SET attempts = attempts + ?, not_before_s = ?, state = ?, reason = ?"  # noqa: S608
                f" WHERE profile = ? AND key IN ({marks})",
                (
                    0 if throttled else 1,
                    (now + wait).timestamp(),
                    "parked" if given_up else "waiting",
                    error.code,
                    self.profile,
                    *message.keys,
                ),
            )
        return "parked" if given_up else "failed"

    def _note(self, message: Message, state: str, *, now: datetime, reason: str = "") -> None:
        with self.store.step() as database:
            database.executemany(
                "UPDATE notices SET state = ?, sent_s = ?, digest = ?, message = ?, reason = ?"
                " WHERE profile = ? AND key = ?",
                [
                    (state, now.timestamp(), int(message.digest), message.keys[0], reason, self.profile, key)
                    for key in message.keys
                ],
            )


def _columns(notice: Notice) -> tuple[str, ...]:
    facts = json.dumps(dict(notice.facts), ensure_ascii=False, sort_keys=True)
    return (
        notice.receiver,
        notice.event,
        notice.object,
        notice.day.isoformat(),
        facts,
        notice.link,
        notice.mode.value,
    )


def _notice(columns: Sequence[str]) -> Notice:
    receiver, event, object_, day, facts, link, mode = columns
    return Notice(
        receiver=receiver,
        event=event,
        object=object_,
        day=date.fromisoformat(day),
        facts={name: _fact(value) for name, value in json.loads(facts).items()},
        link=link,
        mode=Mode(mode),
    )


def _fact(value: object) -> FactValue:
    if isinstance(value, list):
        return tuple(str(part) for part in value)
    return value if isinstance(value, int) else str(value)
