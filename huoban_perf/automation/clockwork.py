"""Clockwork: when a declared schedule comes round, and for which rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta

from huoban_perf.core.filters import All, Condition, Filter, Operator
from huoban_perf.core.schema.automations import OnSchedule, Period
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.sync.book import Book, Row


def last_due(
    trigger: OnSchedule, now: datetime, *, looked: datetime, calendar: WorkCalendar | None = None
) -> datetime | None:
    """Return the latest time of a schedule that has come since it was last looked at.

    Args:
        trigger: As declared.
        now: The moment, in China's zone.
        looked: The time of the schedule that was looked at last.
        calendar: Working days; None takes the national calendar.

    Returns:
        Its time of day on a day of its period, after ``looked`` and not after now; None when none has come. Times that
        went by before it are not told apart: one look makes good for all of them.
    """
    at = time.fromisoformat(trigger.at)
    after = looked.astimezone(now.tzinfo)
    day = now.date()
    while day >= after.date():
        moment = datetime.combine(day, at, now.tzinfo)
        if after < moment <= now and _is_day_of(trigger, day, calendar or WorkCalendar()):
            return moment
        day -= timedelta(days=1)
    return None


def _is_day_of(trigger: OnSchedule, day: date, calendar: WorkCalendar) -> bool:
    match trigger.period:
        case Period.DAY:
            return True
        case Period.WORKDAY:
            return calendar.is_workday(day)
        case Period.WEEK:
            return day.isoweekday() == (trigger.day or 1)
        case Period.MONTH:
            return day.day == (trigger.day or 1)


def scheduled_rows(book: Book, table: str, trigger: OnSchedule, *, since: date, today: date) -> Iterator[Row]:
    """Yield the rows a schedule speaks of.

    Args:
        book: What stands.
        table: The automation's table.
        trigger: As declared.
        since: The last day that was looked at; days after it are made good.
        today: The day that is looked at.

    Yields:
        Every row; with ``date``, those whose date lies so many days away on one of the days looked at.
    """
    if trigger.date is None:
        yield from book.all(table)
        return
    if not trigger.offsets or not book.has_field(table, trigger.date.key):
        return
    for row in book.where(table, _around(trigger.date.key, trigger.offsets, since=since, today=today)):
        day = row.day(trigger.date.key)
        if isinstance(day, datetime):
            day = day.date()
        if day is not None and any(since < day + timedelta(days=offset) <= today for offset in trigger.offsets):
            yield row


def _around(field: str, offsets: Sequence[int], *, since: date, today: date) -> Filter:
    """Return which rows may be spoken of, a day more on either side: how a moment compares with a day is not known."""
    first = since + timedelta(days=-max(offsets))
    last = today + timedelta(days=1 - min(offsets))
    return All((Condition(field, Operator.AT_LEAST, first), Condition(field, Operator.AT_MOST, last)))
