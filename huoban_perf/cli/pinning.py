"""``job run announce``: the rules of a cycle pinned, with its traces in 运行记录 and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from huoban_perf.core.errors import CycleError
from huoban_perf.cycle.jobs import serves
from huoban_perf.cycle.work import JobReport, TableCount
from huoban_perf.sync.book import Book
from huoban_perf.sync.pin import Announced, announce
from huoban_perf.sync.run_log import RunEntry, begin_run, end_broken_off, has_run_log, log_run

if TYPE_CHECKING:
    from huoban_perf.cli.workshop import Request, Workshop

_COMMAND = "job run announce"


def pin_rules(shop: Workshop, *, cycle: str, apply: bool) -> tuple[Announced, str]:
    """Pin the rules of a cycle, or record an approved change of pinned rules.

    Args:
        shop: The deployed app.
        cycle: 周期名称.
        apply: Write; otherwise only preview.

    Returns:
        What is pinned, and the run's id. A run that finds it pinned leaves no trace, but ends the row of one that was
        killed.

    Raises:
        CycleError: The app announces its rules as text.
        SyncError: As ``announce``; nothing was written.
    """
    app, pass_grade = shop.app, shop.wish.extract_map.pass_grade
    if not serves(Book(app), "announce"):
        raise CycleError("cycle.job_not_in_app", facts={"job": "announce", "app": shop.wish.schema.app})
    now = app.clock.now()

    def entry_of(done: Announced) -> RunEntry:
        rows = len(done.plan.writes)
        return RunEntry(
            command=_COMMAND,
            run=_run(now, done),
            cycle=cycle,
            started=now,
            planned=rows,
            succeeded=rows,
            scheme_hash=done.hash,
            summary=f"{'记录批准过的变更' if done.is_change else '固定规则'}: {cycle}",
        )

    def begins(planned: Announced) -> None:
        begin_run(app, entry_of(planned))
        shop.audit.begin(_COMMAND, at=now, facts={"cycle": cycle, "rows": len(planned.plan.writes)})

    done = announce(app, cycle=cycle, pass_grade=pass_grade, apply=apply, begins=begins)
    run, rows = _run(now, done), len(done.plan.writes)
    if apply and rows:
        if has_run_log(app):
            log_run(app, entry_of(done))
        shop.audit.append(_COMMAND, at=now, facts={"run": run, "cycle": cycle, "rows": rows})
    if apply:
        end_broken_off(app, command=_COMMAND, cycle=cycle, by=run if rows else "")
    return done, run


def _run(now: datetime, done: Announced) -> str:
    """Return a run's id: when, what, and eight characters of the rules' hash."""
    return f"{now:%Y%m%dT%H%M%S}-announce-{done.hash.removeprefix('sha256:')[:8]}"


def announced_report(shop: Workshop, request: Request) -> JobReport:
    """Run the job ``announce`` of a workshop.

    Args:
        shop: The deployed app.
        request: What was asked for.

    Returns:
        The report.
    """
    done, run = pin_rules(shop, cycle=request.cycle, apply=request.apply)
    return JobReport(
        job=request.job,
        run=run,
        tables={"cycle": TableCount(updated=len(done.plan.updated), unchanged=done.plan.unchanged)},
        notes=done.differences,
        notices=0,
        applied=request.apply,
        summary=done.hash,
    )
