"""The stepped clock, and days and words in the platform's zone.

Time starts at a fixed instant and moves only by accepted writes (one second each) and by control, so that the same
script always writes the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from huoban_perf.core.values import CHINA
from huoban_perf.sandbox.store import Store

_FORM = "%Y-%m-%d %H:%M:%S"


def text_of(moment: datetime) -> str:
    """Return ``YYYY-MM-DD HH:MM:SS`` in China time.

    Source: openapi-v1.md §2 (format [code], zone [inferred]).
    """
    return moment.astimezone(CHINA).strftime(_FORM)


class Moments:
    """The world's clock, durable in the store."""

    def __init__(self, store: Store) -> None:
        """Take the store in which the clock stands."""
        self._store = store
        self._text = (0, "")

    def begin(self, *, start: datetime) -> None:
        """Set the clock of a new world."""
        self._store.put("start", int(start.timestamp()))
        self.restart()

    def restart(self) -> None:
        """Set the clock back to its start."""
        self._store.put("clock", self._store.get("start"))
        self._store.put("tick", 0)

    def now(self) -> datetime:
        """Return the current instant, aware, in China time."""
        return datetime.fromtimestamp(int(self._store.get("clock")), CHINA)

    def now_text(self) -> str:
        """Return the current instant as the wire writes it."""
        second = int(self._store.get("clock"))
        if self._text[0] != second:
            self._text = (second, text_of(datetime.fromtimestamp(second, CHINA)))
        return self._text[1]

    def advance(self, seconds: int) -> None:
        """Move the clock forward."""
        self._store.count_up("clock", seconds)

    def tick(self) -> tuple[int, str]:
        """Count one request.

        Returns:
            The number of the request, and its trace id: sixteen digits that read as Unix time in microseconds, never
            the same twice.

        Source: openapi-v1.md §2 (the value [doc], its reading [inferred]).
        """
        number = self._store.count_up("tick")
        return number, str(int(self._store.get("clock")) * 1_000_000 + number)

    @property
    def ticks(self) -> int:
        """Number of requests so far."""
        return int(self._store.get("tick"))


def _month(day: date, offset: int) -> tuple[date, date]:
    index = day.year * 12 + day.month - 1 + offset
    following = index + 1
    return date(index // 12, index % 12 + 1, 1), date(following // 12, following % 12 + 1, 1)


def _quarter(day: date, offset: int) -> tuple[date, date]:
    first = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return _month(first, 3 * offset)[0], _month(first, 3 * offset + 3)[0]


def _days(first: int, count: int) -> Callable[[date], tuple[date, date]]:
    return lambda day: (day + timedelta(days=first), day + timedelta(days=first + count))


def _weeks(offset: int) -> Callable[[date], tuple[date, date]]:
    def week(day: date) -> tuple[date, date]:
        monday = day - timedelta(days=day.weekday()) + timedelta(weeks=offset)
        return monday, monday + timedelta(weeks=1)

    return week


SEEN_WORDS: dict[str, Callable[[date], tuple[date, date]]] = {
    "today": _days(0, 1),
    "yesterday": _days(-1, 1),
    "this_week": _weeks(0),
    "last_week": _weeks(-1),
}
"""Dynamic date words → first day and the day after the last. Source: openapi-v1.md §5.1 [code]."""

GUESSED_WORDS: dict[str, Callable[[date], tuple[date, date]]] = {
    "tomorrow": _days(1, 1),
    "next_week": _weeks(1),
    "last_month": lambda day: _month(day, -1),
    "this_month": lambda day: _month(day, 0),
    "next_month": lambda day: _month(day, 1),
    "last_quarter": lambda day: _quarter(day, -1),
    "this_quarter": lambda day: _quarter(day, 0),
    "next_quarter": lambda day: _quarter(day, 1),
    "last_year": lambda day: (date(day.year - 1, 1, 1), date(day.year, 1, 1)),
    "this_year": lambda day: (date(day.year, 1, 1), date(day.year + 1, 1, 1)),
    "next_year": lambda day: (date(day.year + 1, 1, 1), date(day.year + 2, 1, 1)),
}
"""Words of the same pattern. Source: openapi-v1.md §5.1 [inferred], switch ``more_date_words``."""
