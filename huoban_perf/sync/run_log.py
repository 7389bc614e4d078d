"""运行记录: one row a run that changed something or failed, in words an admin reads in the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import Refs, WantedRow
from huoban_perf.sync.write_back import WriteReport, compare, write


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """What the row says.

    Attributes:
        command: As typed, for example ``job run score``.
        run: Id of the run; the row's key.
        started: When it began.
        planned: Rows that differed.
        succeeded: Rows written.
        failed: Rows not written.
        scheme_hash: Rules it worked by, or empty.
        summary: Chinese lines; no score, no name of a rater.
        exit_code: The command's exit code.
    """

    command: str
    run: str
    started: datetime
    planned: int
    succeeded: int
    failed: int = 0
    scheme_hash: str = ""
    summary: str
    exit_code: int = 0


def log_run(app: DeployedApp, entry: RunEntry) -> WriteReport:
    """Write one 运行记录 row; the same run writes the same row.

    Args:
        app: Where to write.
        entry: What it says.

    Returns:
        What was written.
    """
    values: dict[str, Value | Refs] = {
        "command": entry.command,
        "batch": entry.run,
        "started_on": entry.started,
        "ended_on": app.clock.now(),
        "planned_count": Decimal(entry.planned),
        "success_count": Decimal(entry.succeeded),
        "failure_count": Decimal(entry.failed),
        "scheme_hash": entry.scheme_hash or None,
        "summary": entry.summary,
        "exit_code": Decimal(entry.exit_code),
    }
    table = app.schema.table("run_log")
    nothing = TableRows(table=table)  # a run's id is its own: what stands there needs no comparison, only its upsert
    plan = compare(wanted=[WantedRow(key=entry.run, values=values)], standing=nothing, tables={"run_log": nothing})
    return write(plan, app=app, standing=nothing)
