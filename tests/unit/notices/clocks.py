"""Time that moves only when a test moves it."""

from __future__ import annotations

from datetime import datetime, timedelta

from huoban_perf.core.values import CHINA


class SetClock:
    """A clock that is set by hand."""

    def __init__(self, text: str) -> None:
        self.moment = datetime.fromisoformat(text).replace(tzinfo=CHINA)
        self.start = self.moment

    def now(self) -> datetime:
        return self.moment

    def monotonic_s(self) -> float:
        return (self.moment - self.start).total_seconds()

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
