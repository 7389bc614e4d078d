"""What goes out now: one digest a person and working day, quiet hours, at most three messages at once a day.

Pure: the outbox says what waits and what went out, the clock says when it is. Source: workflows.md §6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import CHINA
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices.channel import Message
from huoban_perf.notices.texts import TextBook

DIGEST_AT = time(9, 0)
QUIET_FROM = time(20, 0)
QUIET_UNTIL = time(8, 30)
AT_ONCE_A_DAY = 3
LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice that waits.

    Attributes:
        notice: The notice.
        since: When it was made, aware.
    """

    notice: Notice
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentToday:
    """What one receiver was sent on the present day."""

    at_once: int = 0
    digest: bool = False


def due_messages(
    waiting: Iterable[Waiting],
    *,
    now: datetime,
    calendar: WorkCalendar,
    sent: Mapping[str, SentToday],
    texts: TextBook,
) -> list[Message]:
    """Return the messages that go out at this moment.

    Args:
        waiting: Notices that were not sent.
        now: The present moment, aware.
        calendar: Working days.
        sent: Receiver → what went out today.
        texts: Texts.

    Returns:
        Messages in order of receiver; empty in quiet hours and on days off.

    Raises:
        NoticeError: A notice has no text.
    """
    local = now.astimezone(CHINA)
    if is_quiet(local, calendar=calendar):
        return []
    messages: list[Message] = []
    by_receiver: dict[str, list[Waiting]] = {}
    for entry in waiting:
        by_receiver.setdefault(entry.notice.receiver, []).append(entry)
    for receiver in sorted(by_receiver):
        messages += _for_one(by_receiver[receiver], local=local, sent=sent.get(receiver, SentToday()), texts=texts)
    return messages


def is_quiet(local: datetime, *, calendar: WorkCalendar) -> bool:
    """Return whether nothing may go out: 20:00–08:30 and days off."""
    at = local.time()
    return at >= QUIET_FROM or at < QUIET_UNTIL or not calendar.is_workday(local.date())


def _for_one(entries: Sequence[Waiting], *, local: datetime, sent: SentToday, texts: TextBook) -> list[Message]:
    ordered = sorted(entries, key=lambda entry: (entry.since, entry.notice.key))
    own: list[Notice] = []
    daily: list[Notice] = []
    left = AT_ONCE_A_DAY - sent.at_once
    for entry in ordered:
        match entry.notice.mode:
            case Mode.EXEMPT:
                own.append(entry.notice)
            case Mode.MORNING:
                if _morning_has_come(entry, local):
                    own.append(entry.notice)
            case Mode.AT_ONCE if left > 0:
                left -= 1
                own.append(entry.notice)
            case _:
                daily.append(entry.notice)
    messages = [_single(notice, texts) for notice in own]
    if daily and not sent.digest and local.time() >= DIGEST_AT:
        messages.append(_digest(daily, texts))
    return messages


def _morning_has_come(entry: Waiting, local: datetime) -> bool:
    made: date = entry.since.astimezone(CHINA).date()
    return local.date() > made and local.time() >= DIGEST_AT


def _single(notice: Notice, texts: TextBook) -> Message:
    return Message(
        receiver=notice.receiver,
        title=texts.words("single", {}),
        lines=(texts.line(notice),),
        keys=(notice.key,),
        digest=False,
    )


def _digest(notices: Sequence[Notice], texts: TextBook) -> Message:
    """Lay out a digest: one line a kind of event with its count; the first of the kind speaks for it."""
    kinds: dict[str, list[Notice]] = {}
    for notice in notices:
        kinds.setdefault(notice.event, []).append(notice)
    lines = [_kind_line(entries, texts) for entries in kinds.values()]
    if len(lines) > LINES:
        hidden = sum(len(entries) for entries in list(kinds.values())[LINES - 1 :])
        lines = [*lines[: LINES - 1], texts.words("more", {"count": hidden})]
    return Message(
        receiver=notices[0].receiver,
        title=texts.words("digest", {"count": len(notices)}),
        lines=tuple(lines),
        keys=tuple(notice.key for notice in notices),
        digest=True,
    )


def _kind_line(entries: Sequence[Notice], texts: TextBook) -> str:
    line = texts.line(entries[0])
    return line if len(entries) == 1 else texts.words("several", {"line": line, "count": len(entries)})
