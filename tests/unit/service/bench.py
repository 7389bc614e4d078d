"""A store, a clock and jobs that do what a test says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from huoban_perf.core.values import CHINA
from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import Claim
from tests.unit.notices.clocks import SetClock

LEASE = timedelta(minutes=3)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def nothing(claim: Claim, lease: Lease) -> None:
    """A job that has nothing to do."""


class Jobs:
    """Runs jobs by noting them; a job may be given something to do or to raise."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, str, int]] = []
        self.act: Callable[[Claim, Lease], None] = nothing

    def __call__(self, claim: Claim, *, lease: Lease) -> str:
        self.act(claim, lease)
        self.ran.append((claim.profile, claim.job, claim.attempt))
        return "ok"


def clock(text: str = "2026-03-20T09:00:00") -> SetClock:
    return SetClock(text)
