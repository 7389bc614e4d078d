"""The jobs by name: what each does to which cycles. ``score``, ``publish`` and ``grow`` belong to ``sync``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.cycle.access_sync import access_sync
from huoban_perf.cycle.appeals import appeal
from huoban_perf.cycle.calibrate import calibrate
from huoban_perf.cycle.closing import archive, improve, remind
from huoban_perf.cycle.collect import collect
from huoban_perf.cycle.external import match_external
from huoban_perf.cycle.interview import interview
from huoban_perf.cycle.moves import picked
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.cycle.org_sync import org_sync_from_options
from huoban_perf.cycle.outcomes import outcomes
from huoban_perf.cycle.process_review import review_process
from huoban_perf.cycle.progress import progress
from huoban_perf.cycle.retention import retention
from huoban_perf.cycle.strategy import strategy_check
from huoban_perf.cycle.work import Plan
from huoban_perf.sync.book import Book

_BEFORE_RELEASE = frozenset({"announced", "goal_setting", "running", "reviewing", "calibrating"})
_ACTIVE = _BEFORE_RELEASE | {"awaiting_release", "feedback"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job.

    Attributes:
        plan: What it wants.
        states: States of the cycles it works on; None: it works on no cycle.
        needs: Options without which it cannot run, so that no schedule names it without them.
    """

    plan: Plan
    states: frozenset[str] | None
    needs: tuple[str, ...] = ()


JOBS: Mapping[str, Job] = {
    "org-sync": Job(plan=org_sync_from_options, states=None, needs=("from",)),
    "access-sync": Job(plan=access_sync, states=None),
    "collect": Job(plan=collect, states=frozenset({"running", "reviewing"})),
    "progress": Job(plan=progress, states=frozenset({"running", "reviewing"})),
    "open": Job(plan=open_cycle, states=_BEFORE_RELEASE),
    "calibrate": Job(plan=calibrate, states=frozenset({"reviewing", "calibrating", "awaiting_release"})),
    "interview": Job(plan=interview, states=frozenset({"feedback"})),
    "improve": Job(plan=improve, states=frozenset({"feedback"})),
    "appeal": Job(plan=appeal, states=frozenset({"feedback"})),
    "match-external": Job(plan=match_external, states=frozenset({"reviewing"})),
    "outcomes": Job(plan=outcomes, states=frozenset({"feedback"})),
    "retention": Job(plan=retention, states=None),
    "review-process": Job(plan=review_process, states=frozenset({"feedback", "archived"})),
    "strategy-check": Job(plan=strategy_check, states=None),
    "remind": Job(plan=remind, states=_ACTIVE),
    "archive": Job(plan=archive, states=frozenset({"feedback"})),
}
"""Name → job."""

SCORED = frozenset({"reviewing", "calibrating"})
"""States in which ``score`` is run by schedule."""


def cycles_for(book: Book, job: str) -> list[str]:
    """Return the cycles a job works on when none is named.

    Args:
        book: What stands.
        job: Its name, ``score`` and ``publish`` included.

    Returns:
        周期名称 in order; a cycle in 草稿 only when somebody picked 公示. A single empty name for a job without cycle.
    """
    if job in JOBS and JOBS[job].states is None:
        return [""]
    states = JOBS[job].states if job in JOBS else SCORED if job == "score" else frozenset({"awaiting_release"})
    found = []
    for row in book.all("cycle"):
        status = row.text("status")
        announcing = job == "open" and status == "draft" and picked(row, "announce")
        if status in (states or ()) or announcing:
            found.append(row.key)
    return sorted(found)
