"""The limiter keeps every second within the permitted rate."""

from __future__ import annotations

import threading
from decimal import Decimal

from huoban_perf.platforms.huoban.limiter import Limiter
from tests.unit.platforms.fakes import StillClock


def test_no_second_holds_more_than_the_rate() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=Decimal(10), clock=clock)
    moments = []
    for _ in range(40):
        limiter.acquire()
        moments.append(clock.seconds)
    for start in moments:
        assert sum(start <= moment < start + 1 for moment in moments) <= 10
    assert moments[-1] - moments[0] < 39 / 10 * 1.1


def test_first_request_and_requests_after_a_rest_do_not_wait() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=Decimal(2), clock=clock)
    limiter.acquire()
    clock.seconds += 60
    limiter.acquire()
    assert clock.waits == []


def test_rest_does_not_save_up_a_burst() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=Decimal(10), clock=clock)
    clock.seconds += 3600
    limiter.acquire()
    limiter.acquire()
    assert len(clock.waits) == 1


def test_deeper_bucket_lets_a_burst_through() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=Decimal(10), clock=clock, depth=3)
    for _ in range(3):
        limiter.acquire()
    assert clock.waits == []
    limiter.acquire()
    assert len(clock.waits) == 1


def test_no_rate_never_waits() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=None, clock=clock)
    for _ in range(1000):
        limiter.acquire()
    assert clock.waits == []


def test_pause_holds_everybody_back() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=None, clock=clock)
    limiter.pause(3.0)
    limiter.acquire()
    assert clock.waits == [3.0]


def test_threads_share_one_bucket() -> None:
    clock = StillClock()
    limiter = Limiter(rate_per_s=Decimal(10), clock=clock)
    threads = [threading.Thread(target=lambda: [limiter.acquire() for _ in range(20)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert limiter._due_s >= 100 + 80 * limiter._interval_s - 1e-6
