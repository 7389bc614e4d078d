"""The limiter: we slow down before the platform complains.

One limiter a key, shared by all its threads; every attempt takes a token, repeats included.
"""

from __future__ import annotations

import threading
from decimal import Decimal

from huoban_perf.core.clock import Clock

SAFETY = 0.95
"""Share of the permitted rate that is used: the platform's second and ours do not start together."""


class Limiter:
    """A token bucket, kept as the moment at which the next token is due.

    With one token of depth, no second of any clock ever holds more than the permitted number of requests; a deeper
    bucket would let a burst and the refill fall into the same second.
    """

    def __init__(self, *, rate_per_s: Decimal | None, clock: Clock, depth: int = 1) -> None:
        """Start with a full bucket.

        Args:
            rate_per_s: Permitted requests a second, or None for no limit.
            clock: For time and waiting.
            depth: Tokens the bucket holds.
        """
        self._interval_s = 0.0 if rate_per_s is None else 1 / (float(rate_per_s) * SAFETY)
        self._depth_s = self._interval_s * (depth - 1)
        self._clock = clock
        self._lock = threading.Lock()
        self._due_s = clock.monotonic_s()

    def acquire(self) -> None:
        """Wait for a token and take it; callers are served in the order in which they came."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            start_s = max(now_s, self._due_s - self._depth_s)
            self._due_s = max(now_s, self._due_s) + self._interval_s
        if start_s > now_s:
            self._clock.sleep(start_s - now_s)

    def pause(self, seconds: float) -> None:
        """Hand out no token for a while: the platform asked one thread to wait and means the key.

        Args:
            seconds: How long.
        """
        with self._lock:
            self._due_s = max(self._due_s, self._clock.monotonic_s() + seconds + self._depth_s)
