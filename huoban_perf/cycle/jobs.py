"""The jobs by name: what each does to which cycles. ``score``, ``publish`` and ``announce`` belong to ``sync``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.cycle.access_sync import access_sync
from huoban_perf.cycle.appeals import appeal
from huoban_perf.cycle.calibrate import calibrate
from huoban_perf.cycle.closing import archive, remind
from huoban_perf.cycle.collect import collect
from huoban_perf.cycle.external import match_external
from huoban_perf.cycle.growth.grow import grow_without_former
from huoban_perf.cycle.improving import improve
from huoban_perf.cycle.interview import interview
from huoban_perf.cycle.lite.after import appeal_lite, progress_lite, remind_lite
from huoban_perf.cycle.lite.opening import end_lite, is_lite, open_lite
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
        tables: Tables without which there is nothing for it to do: an app of the set may leave them out.
        lite: What it wants in the small app, where that is something else; ``tables`` are not asked there.
    """

    plan: Plan
    states: frozenset[str] | None
    needs: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    lite: Plan | None = None


JOBS: Mapping[str, Job] = {
    "org-sync": Job(plan=org_sync_from_options, states=None, needs=("from",), tables=("department", "assignment")),
    "access-sync": Job(plan=access_sync, states=None),
    "collect": Job(plan=collect, states=frozenset({"running", "reviewing"}), tables=("metric_actual",)),
    "progress": Job(plan=progress, states=frozenset({"running", "reviewing"}), tables=("goal",), lite=progress_lite),
    "open": Job(plan=open_cycle, states=_BEFORE_RELEASE, tables=("appraisal",), lite=open_lite),
    "calibrate": Job(
        plan=calibrate,
        states=frozenset({"reviewing", "calibrating", "awaiting_release"}),
        tables=("score_result",),
        lite=end_lite,
    ),
    "interview": Job(plan=interview, states=frozenset({"feedback"}), tables=("interview",)),
    "improve": Job(plan=improve, states=None, tables=("improvement",)),
    "appeal": Job(plan=appeal, states=frozenset({"feedback"}), tables=("appeal", "calibration"), lite=appeal_lite),
    "match-external": Job(plan=match_external, states=frozenset({"reviewing"}), tables=("external_review",)),
    "outcomes": Job(plan=outcomes, states=frozenset({"feedback"}), tables=("outcome",)),
    "retention": Job(plan=retention, states=None),
    "review-process": Job(
        plan=review_process, states=frozenset({"feedback", "archived"}), tables=("appraisal", "survey")
    ),
    "strategy-check": Job(plan=strategy_check, states=None, tables=("strategy",)),
    "remind": Job(plan=remind, states=_ACTIVE, tables=("appraisal",), lite=remind_lite),
    "grow": Job(plan=grow_without_former, states=None, needs=("former",)),
    "archive": Job(plan=archive, states=frozenset({"feedback"}), tables=("appraisal",)),
}
"""Name → job."""

SCORED = frozenset({"reviewing", "calibrating"})
"""States in which ``score`` is run by schedule."""


_SCORING = ("appraisal", "score_result")
"""Tables that ``score`` and ``publish`` need."""
_ANNOUNCE = ("cycle", "scheme")
"""Tables that ``announce`` needs: the small app announces its rules as text."""


def serves(book: Book, job: str) -> bool:
    """Return whether an app has what a job works on: ``announce``, ``score`` and ``publish`` included.

    Args:
        book: What stands.
        job: Its name.
    """
    entry = JOBS.get(job)
    if entry is not None and entry.lite is not None and is_lite(book):
        return True
    needed = entry.tables if entry is not None else _ANNOUNCE if job == "announce" else _SCORING
    return all(book.has(table) for table in needed)


def plan_of(book: Book, job: str) -> Plan:
    """Return what a job of ``JOBS`` wants in an app: the small one has its own for some."""
    entry = JOBS[job]
    return entry.lite if entry.lite is not None and is_lite(book) else entry.plan


def cycles_for(book: Book, job: str) -> list[str]:
    """Return the cycles a job works on when none is named.

    Args:
        book: What stands.
        job: Its name, ``score`` and ``publish`` included.

    Returns:
        周期名称 in order; a cycle in 草稿 only when somebody picked 公示. A single empty name for a job without cycle;
        none for a job whose tables the app leaves out, and for ``announce``: whoever pins rules names the cycle.
    """
    if job == "announce" or not serves(book, job):
        return []
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
