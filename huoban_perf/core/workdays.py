"""Working days: Chinese public holidays and their 调休 days from a library, corrected by the company's own list.

A year that the library does not know yet counts by weekends and the company's list; ``knows`` says so, so that an
admin can be told. Source: notice-channels.md (the library raises for years it lacks [know]).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

_SATURDAY = 5


def library_workday(day: date) -> bool | None:
    """Return whether a day is worked by the national calendar, or None for a year the library lacks."""
    import chinese_calendar

    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkCalendar:
    """Which days are worked.

    Attributes:
        off: The company's own days off; they win over everything.
        on: Days the company works although the calendar says otherwise.
        national: The national calendar; None for a day of an unknown year.
    """

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    national: Callable[[date], bool | None] = field(default=library_workday, repr=False)

    def is_workday(self, day: date) -> bool:
        """Return whether a day is worked."""
        if day in self.off:
            return False
        if day in self.on:
            return True
        known = self.national(day)
        return day.weekday() < _SATURDAY if known is None else known

    def shift(self, day: date, workdays: int) -> date:
        """Return the day that lies so many working days away.

        Args:
            day: Where to start; it does not count itself.
            workdays: How many; negative goes back; 0 returns the day itself.

        Returns:
            A working day, unless ``workdays`` is 0.
        """
        step = timedelta(days=1 if workdays > 0 else -1)
        left = abs(workdays)
        while left:
            day += step
            left -= self.is_workday(day)
        return day

    def passed(self, since: date, until: date) -> int:
        """Return how many working days lie after ``since`` up to and including ``until``; 0 when it is not later."""
        days = max(0, (until - since).days)
        return sum(self.is_workday(since + timedelta(days=offset + 1)) for offset in range(days))
