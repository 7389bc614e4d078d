"""The worker: takes occurrences one by one, runs their job, and sees to what failed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import HuobanPerfError, LeaseLostError, Recovery
from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import EVERYTHING, Claim, OccurrenceStore, Share

_log = logging.getLogger(__name__)

LEASE = timedelta(minutes=3)
"""Longer than any single request with its repeats; a killed worker's job waits at most so long."""
_ATTEMPTS = 5
_FIRST_WAIT = timedelta(minutes=1)
_TRANSIENT = frozenset({Recovery.RETRY, Recovery.RESUME})


class RunJob(Protocol):
    """Runs one job of one profile to its end."""

    def __call__(self, claim: Claim, *, lease: Lease) -> str:
        """Do the work and return a line about it; raises HuobanPerfError when it cannot be done now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one run of an occurrence ended.

    Attributes:
        claim: What ran.
        result: done, retry, parked or lost.
        code: Code of the error, or empty.
        seconds: How long it took.
    """

    claim: Claim
    result: str
    code: str = ""
    seconds: float = 0.0


@dataclass(kw_only=True)
class Worker:
    """One worker.

    Attributes:
        name: Unlike that of any other worker on the store.
        store: Where occurrences are.
        run_job: Does the work.
        clock: Time.
        tell: Told how each run ended, for metrics and notices.
        share: Which occurrences it takes.
    """

    name: str
    store: OccurrenceStore
    run_job: RunJob
    clock: Clock
    tell: Callable[[Ended], None] = field(default=lambda _: None)
    share: Share = EVERYTHING

    def run_all(self, *, stopping: Callable[[], bool] = lambda: False) -> int:
        """Run what is due until nothing is left or the service is to stop; return how many runs that took."""
        count = 0
        while not stopping() and self.run_one():
            count += 1
        return count

    def run_one(self) -> bool:
        """Run one occurrence if one is due.

        A job that failed for a passing reason is tried again after one, two, four, eight minutes; after five tries, or
        at once for a reason that only a person can mend, it is parked. An error we did not foresee is treated like a
        passing one, so that a defect in one job never stops the others.

        Returns:
            Whether there was one.
        """
        now = self.clock.now()
        claim = self.store.claim(worker=self.name, now=now, lease=LEASE, share=self.share)
        if claim is None:
            return False
        lease = Lease(claim=claim, store=self.store, clock=self.clock, length=LEASE, renewed=now)
        started_s = self.clock.monotonic_s()
        result, code = self._run(claim, lease)
        seconds = self.clock.monotonic_s() - started_s
        self.tell(Ended(claim=claim, result=result, code=code, seconds=seconds))
        return True

    def _run(self, claim: Claim, lease: Lease) -> tuple[str, str]:
        try:
            self.store.done(claim, outcome=self.run_job(claim, lease=lease))
        except LeaseLostError:
            _log.warning("%s: taken over by another worker", claim.name)
            return "lost", "service.lease_lost"
        except HuobanPerfError as error:
            passing = error.recovery in _TRANSIENT
            return self._failed(claim, error.code, passing=passing), error.code
        except Exception as error:  # noqa: BLE001 - a defect in one job must not stop the others
            _log.error("%s: %s", claim.name, type(error).__name__)  # without traceback: it may hold personal data
            return self._failed(claim, type(error).__name__, passing=True), type(error).__name__
        return "done", ""

    def _failed(self, claim: Claim, reason: str, *, passing: bool) -> str:
        try:
            if passing and claim.attempt < _ATTEMPTS:
                wait = _FIRST_WAIT * 2 ** (claim.attempt - 1)
                self.store.retry(claim, not_before=self.clock.now() + wait, reason=reason)
                return "retry"
            self.store.park(claim, reason=reason)
        except LeaseLostError:
            return "lost"
        return "parked"
