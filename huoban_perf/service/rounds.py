"""One round of everything: what became due is noted, what happened is seen, jobs run, notices go out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import CHINA
from huoban_perf.service.metrics import Metrics
from huoban_perf.service.occurrences import EVERYTHING, OccurrenceStore, Share
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.schedule import Schedule, due_times
from huoban_perf.service.worker import Ended, RunJob, Worker

_log = logging.getLogger(__name__)

ADMIN = "group:admin"
EVENTS_JOB = "events"
"""The occurrence under which automations look for events, so that they too run under the profile's lease."""
EVENTS_KEPT = timedelta(days=2)
"""Finished looks for events are many and say little; what they led to is kept as firings."""
HISTORY_KEPT = timedelta(days=400)
"""Finished runs, firings and sent notices are kept for a year of appraisal and the appeals after it."""
_FORGET_EVERY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """One workspace the service looks after.

    Attributes:
        profile: Its profile's name.
        schedules: When its jobs run.
        outbox: Its notices, or None on a worker that only runs jobs.
        poll: How often events are looked for; None never.
    """

    profile: str
    schedules: tuple[Schedule, ...]
    outbox: Outbox | None = None
    poll: timedelta | None = None


@dataclass(kw_only=True)
class Rounds:
    """The service without its loop: ``tick`` may be called at any moment, by a real clock or a fast one.

    Attributes:
        tenants: The workspaces.
        store: Occurrences.
        run_job: Runs one job.
        clock: Time.
        name: Name of this instance.
        metrics: Counted.
        share: Which occurrences this instance runs; others on the same store may run the rest.
        forget: Told once a day before which moment whatever else is remembered may be forgotten.
    """

    tenants: Sequence[Tenant]
    store: OccurrenceStore
    run_job: RunJob
    clock: Clock
    name: str
    metrics: Metrics = field(default_factory=Metrics)
    share: Share = EVERYTHING
    forget: Callable[[datetime], object] = lambda _: None
    last_tick: datetime | None = None
    _forgot: datetime | None = None

    def __post_init__(self) -> None:
        """Make the worker."""
        self._worker = Worker(
            name=self.name,
            store=self.store,
            run_job=self.run_job,
            clock=self.clock,
            tell=self._tell,
            share=self.share,
        )
        self._outboxes = {tenant.profile: tenant.outbox for tenant in self.tenants if tenant.outbox}

    def tick(self, *, stopping: Callable[[], bool] = lambda: False) -> int:
        """Do one round; return how many jobs ran."""
        self.note_due()
        ran = self._worker.run_all(stopping=stopping)
        self._deliver()
        self.last_tick = self.clock.now()
        if ran:
            self._forget(self.last_tick)
        self.metrics.ticked(self.last_tick, dict(self.store.counts()))
        return ran

    def _forget(self, now: datetime) -> None:
        self.store.prune(before=now - EVENTS_KEPT, job=EVENTS_JOB)
        if self._forgot is None or now - self._forgot >= _FORGET_EVERY:
            self.store.prune(before=now - HISTORY_KEPT)
            self.forget(now - HISTORY_KEPT)
            self._forgot = now

    def note_due(self) -> int:
        """Keep an occurrence for every scheduled time that has come; return how many were new."""
        now = self.clock.now()
        count = 0
        for tenant in self.tenants:
            for schedule in tenant.schedules:
                seen = self.store.seen_until(profile=tenant.profile, job=schedule.job, now=now)
                for due in due_times(schedule, after=seen, until=now):
                    count += self.store.add(profile=tenant.profile, job=schedule.job, due=due)
            if tenant.poll is not None:
                count += self.store.add(profile=tenant.profile, job=EVENTS_JOB, due=_slot(now, tenant.poll))
        return count

    def look_now(self) -> None:
        """Look for events in the next round whatever the poll interval says: a hint came in."""
        now = self.clock.now()
        for tenant in self.tenants:
            if tenant.poll is not None:
                self.store.ask_for(profile=tenant.profile, job=EVENTS_JOB, now=now)

    def is_healthy(self, *, within: timedelta) -> bool:
        """Return whether a round ended lately."""
        return self.last_tick is not None and self.clock.now() - self.last_tick <= within

    def _deliver(self) -> None:
        for profile, outbox in self._outboxes.items():
            try:
                self.metrics.delivered(profile, outbox.deliver())
            except HuobanPerfError as error:
                _log.error("%s: notices: %s", profile, error.code)  # without traceback: it may hold personal data

    def _tell(self, ended: Ended) -> None:
        self.metrics.ended(ended)
        outbox = self._outboxes.get(ended.claim.profile)
        twice = ended.result == "retry" and ended.claim.attempt == 2
        if outbox is None or not (twice or ended.result == "parked"):
            return
        outbox.put(
            [
                Notice(
                    receiver=ADMIN,
                    event="job_failed",
                    object=ended.claim.job,
                    day=self.clock.now().astimezone(CHINA).date(),
                    facts={"job": ended.claim.job},
                    mode=Mode.AT_ONCE,
                )
            ]
        )


def _slot(now: datetime, length: timedelta) -> datetime:
    """Return the start of the poll interval that a moment lies in, so that two instances name the same one."""
    seconds = int(length.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, CHINA)


Pause = Callable[[threading.Event, float], bool]
"""Waits for an event at most so many seconds; returns whether it was set."""


def run_forever(
    rounds: Rounds,
    *,
    stop: threading.Event,
    poked: threading.Event,
    pause_s: float,
    pause: Pause = threading.Event.wait,
) -> None:
    """Repeat rounds until told to stop; a poke ends the pause early.

    Args:
        rounds: What to repeat.
        stop: Set to end after the job under way.
        poked: Set to look for events at once.
        pause_s: Longest pause between two rounds.
        pause: How to wait; by real time unless the clock is a fast one.
    """
    while not stop.is_set():
        try:
            rounds.tick(stopping=stop.is_set)
        except HuobanPerfError as error:
            _log.error("round: %s", error.code)  # without traceback: it may hold personal data
        if pause(poked, 0 if stop.is_set() else pause_s):
            poked.clear()
            if not stop.is_set():
                rounds.look_now()
