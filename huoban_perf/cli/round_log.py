"""What stands in 运行记录 beside rows written: stopped and given-up automations, unknown actors, a job's findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from huoban_perf.automation import FiringState, GivenUp
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.texts import error_lines, problem_line, text
from huoban_perf.core.conditions import Condition, Operator
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import BadCellError
from huoban_perf.core.values import CHINA
from huoban_perf.cycle.work import JobReport
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.run_log import RunEntry, has_run_log, log_run
from huoban_perf.sync.snapshot import read_table


def log_given_up(app: DeployedApp, found: Sequence[GivenUp]) -> None:
    """Tell the admin in 运行记录 which automations set each other off, or were given up after failing."""
    if not found or not any(table.key == "run_log" for table in app.schema.tables):
        return
    labels = {str(spec.address): spec.labels.zh for spec in app.schema.automations}
    codes = {FiringState.LOOPED: "service.loop_told", FiringState.PARKED: "service.parked_told"}
    counted = Counter((codes[entry.state], entry.automation, entry.reason) for entry in found)
    lines = [
        text(
            code, locale="zh", facts={"name": labels.get(name, name), "reason": _named(reason, labels), "count": count}
        )
        for (code, name, reason), count in counted.items()
    ]
    now = app.clock.now()
    entry = RunEntry(
        command="serve",
        run=f"{now:%Y%m%dT%H%M%S}-stopped-{digest(lines).removeprefix('sha256:')[:8]}",
        started=now,
        planned=len(found),
        succeeded=0,
        failed=len(found),
        summary="\n".join(lines),
        exit_code=int(Exit.ERROR),
    )
    log_run(app, entry)


def log_unreadable(app: DeployedApp, found: Sequence[BadCellError]) -> None:
    """Tell the admin in 运行记录 which cells keep a table from being looked at; the same cells once a day."""
    if not found or not any(table.key == "run_log" for table in app.schema.tables):
        return
    lines = [line for error in found for line in error_lines(error, locale="zh")]
    now = app.clock.now()
    entry = RunEntry(
        command="serve",
        run=f"{now.astimezone(CHINA):%Y%m%d}-unreadable-{digest(lines).removeprefix('sha256:')[:8]}",
        started=now,
        planned=0,
        succeeded=0,
        failed=sum(len(error.problems) for error in found),
        summary="\n".join(lines),
        exit_code=int(Exit.INVALID),
    )
    log_run(app, entry)


def _named(reason: str, labels: Mapping[str, str]) -> str:
    """Put automations' names in the place of their addresses."""
    return " → ".join(labels.get(part, part) for part in reason.split(" → "))


_FOUND_BY = frozenset({"review-process"})
"""Jobs whose findings are all they have to say; other jobs show in their rows what they found."""


def log_findings(app: DeployedApp, report: JobReport, *, cycle: str) -> JobReport:
    """Leave what a job found in 运行记录; the same findings of a cycle keep one row.

    Args:
        app: Where.
        report: What the job came to; a preview leaves nothing.
        cycle: 周期名称.

    Returns:
        The report as it is.
    """
    if report.applied and report.job in _FOUND_BY and report.notes and has_run_log(app):
        lines = [problem_line(one, locale="zh") for one in report.notes]
        run = f"{cycle}-{report.job}-{digest(lines).removeprefix('sha256:')[:8]}"
        same = Condition("batch", Operator.ANY_OF, (run,))
        standing = read_table(app, table=app.schema.table("run_log"), columns=("batch",), filter_=same)
        if standing.row_of_key(run) is not None:
            return report
        entry = RunEntry(
            command=f"job run {report.job}",
            run=run,
            cycle=cycle,
            started=app.clock.now(),
            planned=0,
            succeeded=0,
            summary="\n".join(lines),
        )
        log_run(app, entry)
    return report


def log_unverified(app: DeployedApp, lines: Sequence[str]) -> None:
    """Tell the admin in 运行记录 which actions were taken without knowing who picked them."""
    if lines and any(table.key == "run_log" for table in app.schema.tables):
        now = app.clock.now()
        entry = RunEntry(
            command="serve",
            run=f"{now:%Y%m%dT%H%M%S}-actions-{digest(list(lines)).removeprefix('sha256:')[:8]}",
            started=now,
            planned=len(lines),
            succeeded=len(lines),
            summary="操作人未核实:\n" + "\n".join(lines),
        )
        log_run(app, entry)
