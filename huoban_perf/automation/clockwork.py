"""Clockwork: when a declared schedule comes round, and for which rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from huoban_perf.core.schema.automations import OnSchedule, Period
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.sync.book import Book, Row


def is_due(trigger: OnSchedule, now: datetime, *, calendar: WorkCalendar | None = None) -> bool:
    """Return whether a schedule's time of today has come.

    Args:
        trigger: As declared.
        now: The moment, in China's zone.
        calendar: Working days; None takes the national calendar.

    Returns:
        True from its time of day on, on a day of its period.
    """
    if now.time() < time.fromisoformat(trigger.at):
        return False
    match trigger.period:
        case Period.DAY:
            return True
        case Period.WORKDAY:
            return (calendar or WorkCalendar()).is_workday(now.date())
        case Period.WEEK:
            return now.isoweekday() == (trigger.day or 1)
        case Period.MONTH:
            return now.day == (trigger.day or 1)


def scheduled_rows(book: Book, table: str, trigger: OnSchedule, *, since: date, today: date) -> Iterator[Row]:
    """Yield the rows a schedule speaks of.

    Args:
        book: What stands.
        table: The automation's table.
        trigger: As declared.
        since: The last day on which it was looked at; days after it are made good.
        today: Today.

    Yields:
        Every row; with ``date``, those whose date lies so many days away on one of the days looked at.
    """
    for row in book.all(table):
        if trigger.date is None:
            yield row
            continue
        day = row.day(trigger.date.key)
        if isinstance(day, datetime):
            day = day.date()
        if day is not None and any(since < day + timedelta(days=offset) <= today for offset in trigger.offsets):
            yield row
