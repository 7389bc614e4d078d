"""Stages of a seeded cycle: the real jobs move it, and what people would do in between is done for them.

The story has a clock of its own, so that the same stage always looks the same. Each act looks at what stands and does
what is missing, so a seed that was killed anywhere goes on, and one that has arrived writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import CycleError, FactValue, UnsafePlanError
from huoban_perf.cycle.context import JobContext
from huoban_perf.demo.outline import SEED_CYCLE, is_seeded
from huoban_perf.sync.book import Book

STAGES: Mapping[str, str] = {
    "draft": "草稿",
    "goal_setting": "目标制定",
    "running": "执行中",
    "reviewing": "评价中",
    "calibrating": "校准中",
    "awaiting_release": "待公布",
    "feedback": "反馈申诉",
    "archived": "已归档",
}
"""Stage → its Chinese name, in order."""

_ORDER = ("draft", "announced", *tuple(STAGES)[1:])


class StoryClock:
    """A clock that stands at the moment the story has come to; waiting takes real time."""

    def __init__(self, real: Clock) -> None:
        """Take the machine's clock for waiting."""
        self._real = real
        self.moment = datetime(2026, 6, 24, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the story's moment."""
        return self.moment

    def monotonic_s(self) -> float:
        """Return the machine's monotonic seconds."""
        return self._real.monotonic_s()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        self._real.sleep(seconds)

    def on(self, day: date) -> None:
        """Move to nine in the morning in China of a day."""
        self.moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=1)


class Machinery(Protocol):
    """What runs the jobs, with the story's clock."""

    @property
    def clock(self) -> StoryClock:
        """Return the story's clock."""
        ...

    def context(self) -> JobContext:
        """Return what stands now, read anew, for the seeded cycle."""
        ...

    def run(self, job: str, *, decider: str | None = None, **options: str) -> None:
        """Run a job on the seeded cycle and write."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What happens while the cycle is in a state.

    Attributes:
        state: The state.
        begin: What makes the state look lived in, or None; done when the stage asked for is this one, too.
        finish: What moves the cycle on, or None for the last state.
    """

    state: str
    begin: Callable[[Machinery], None] | None = None
    finish: Callable[[Machinery], None] | None = None


def reach(stage: str, acts: Mapping[str, Act], machinery: Machinery) -> None:
    """Bring the seeded cycle to a stage.

    Args:
        stage: A key of ``STAGES``.
        acts: State → what happens in it.
        machinery: Runs the jobs.

    Raises:
        UnsafePlanError: The cycle is past the stage; a cycle never goes back.
        CycleError: A job refuses, or an act did not move the cycle on.
    """
    state = _state(machinery)
    if _ORDER.index(state) > _ORDER.index(stage):
        facts: dict[str, FactValue] = {"cycle": SEED_CYCLE, "state": STAGES.get(state, state), "stage": STAGES[stage]}
        raise UnsafePlanError("demo.past_stage", facts=facts)
    while True:
        act = acts[state]
        if act.begin is not None:
            act.begin(machinery)
        if state == stage:
            machinery.run("access-sync")  # who may see what the jobs made
            return
        if act.finish is not None:
            act.finish(machinery)
        former, state = state, _state(machinery)
        if state == former:
            raise CycleError("demo.stuck", facts={"cycle": SEED_CYCLE, "state": STAGES.get(state, state)})


def _state(machinery: Machinery) -> str:
    return machinery.context().cycle.text("status") or "draft"


def refuse_real_people(book: Book) -> None:
    """Refuse a workspace with other people than the seed's: the jobs of a cycle give everybody an appraisal.

    Args:
        book: What stands.

    Raises:
        UnsafePlanError: Somebody else works there.
    """
    others = [row.key for row in book.all("employee") if not is_seeded(row.key)]
    if others:
        raise UnsafePlanError("demo.real_people", facts={"count": len(others)})
