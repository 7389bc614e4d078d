"""Occurrences: one run of one job that is due, durable until it is done; who holds it, and until when.

The promise: an occurrence exists once for (profile, job, due time); at most one worker holds a lease on anything of a
profile, because jobs of one workspace write the same tables; a worker whose lease ran out finds its fencing number
outdated before its next write. A killed worker's occurrence is taken again when its lease ends. So work is begun at
least once and, jobs being repeatable, ends once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class State(StrEnum):
    """Where an occurrence stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    PARKED = "parked"
    """Given up; a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A lease on one occurrence.

    Attributes:
        profile: Whose workspace.
        job: Name of the job.
        due: When it was due, aware.
        attempt: 1 for the first try.
        fence: Rises with every lease on the profile; the newest wins.
        worker: Who holds it.
    """

    profile: str
    job: str
    due: datetime
    attempt: int
    fence: int
    worker: str

    @property
    def name(self) -> str:
        """The occurrence as one word, for logs."""
        return f"{self.profile}/{self.job}/{self.due:%Y-%m-%dT%H:%M%z}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Which occurrences a worker takes; the default is all of them.

    Attributes:
        profiles: Those it is connected to; empty for every one.
        only: The one job it runs, or empty.
        without: A job it leaves to others, or empty.
    """

    profiles: tuple[str, ...] = ()
    only: str = ""
    without: str = ""


EVERYTHING = Share()

AHEAD = timedelta(days=1)
"""Nothing we note lies further in the future, unless the clock that it came from was wrong."""


class OccurrenceStore(Protocol):
    """Keeps occurrences; every method is one atomic step."""

    def add(self, *, profile: str, job: str, due: datetime) -> bool:
        """Keep an occurrence and return whether it is new."""
        ...

    def ask_for(self, *, profile: str, job: str, now: datetime) -> bool:
        """Keep an occurrence that is due at once, unless one of the job stands due already; return whether it is new.

        Whoever asks is served by the one that stands: it has not begun to read yet.
        """
        ...

    def seen_until(self, *, profile: str, job: str, now: datetime) -> datetime:
        """Return up to which moment a schedule was looked after; ``now`` on the first call, which is kept.

        A moment further ahead than ``AHEAD`` was noted by a clock that was wrong; it counts for nothing.
        """
        ...

    def claim(self, *, worker: str, now: datetime, lease: timedelta, share: Share = EVERYTHING) -> Claim | None:
        """Lease the oldest occurrence of a worker's share that may run, or return None.

        One may run when it is due and not held off, or running under a lease that ended, and nothing else of its
        profile is under a lease, whosever share that is. A lease that lasts longer than ``AHEAD`` was given by a clock
        that was wrong; it counts as ended.
        """
        ...

    def renew(self, claim: Claim, *, now: datetime, lease: timedelta) -> None:
        """Lengthen a lease; raises LeaseLostError when the fencing number is outdated."""
        ...

    def done(self, claim: Claim, *, outcome: str) -> None:
        """Close an occurrence; raises LeaseLostError when the fencing number is outdated."""
        ...

    def retry(self, claim: Claim, *, not_before: datetime, reason: str) -> None:
        """Put an occurrence back; raises LeaseLostError when the fencing number is outdated."""
        ...

    def park(self, claim: Claim, *, reason: str) -> None:
        """Give an occurrence up; raises LeaseLostError when the fencing number is outdated."""
        ...

    def prune(self, *, before: datetime, job: str | None = None) -> int:
        """Forget finished occurrences, of one job or of all, that were due before a moment; return how many.

        What is due, under way or parked stays. A finished one is needed no longer than its schedule may be looked at
        for its time again, which ``seen_until`` excludes at once.
        """
        ...

    def counts(self) -> Mapping[State, int]:
        """Return how many occurrences stand in each state."""
        ...
