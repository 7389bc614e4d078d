"""The limit of requests a key may send in a second. Source: openapi-v1.md §3 [code]."""

from __future__ import annotations

from collections import deque
from threading import Lock

from huoban_perf.core.clock import Clock

_WINDOW_S = 1.0


class Throttle:
    """Counts requests of the last second by real time; the world's stepped clock has no part in it."""

    def __init__(self, clock: Clock) -> None:
        """Take the clock whose monotonic seconds count."""
        self._clock = clock
        self._sent: dict[int, deque[float]] = {}
        self._lock = Lock()

    def allows(self, key_id: int, *, per_second: int | None) -> bool:
        """Return whether a key may send one more request now, and count it when it may."""
        if per_second is None:
            return True
        now = self._clock.monotonic_s()
        with self._lock:
            sent = self._sent.setdefault(key_id, deque())
            while sent and now - sent[0] >= _WINDOW_S:
                sent.popleft()
            if len(sent) >= per_second:
                return False
            sent.append(now)
            return True
