"""运行记录: one row a run that changed something or failed, in words an admin reads in the workspace.

The row is the first that a run writes (进行中: begun, without an end) and the last that it finishes, so that no change
stands without one. A killed run's row has no end: the next run of the same command, which goes on with the work, ends
it and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from huoban_perf.core.conditions import All, Condition, Operator
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.sync.wanted import Refs, WantedRow
from huoban_perf.sync.write_back import WriteReport, compare, write


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """What the row says.

    Attributes:
        command: As typed, for example ``job run score``.
        run: Id of the run; the row's key.
        cycle: 周期名称, or empty; ties a run to the one that goes on with its work.
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
    cycle: str = ""


def begin_run(app: DeployedApp, entry: RunEntry) -> None:
    """Write a run's row before the first row that it changes; ``log_run`` with the same id finishes it.

    Args:
        app: Where to write; an app without 运行记录 is left alone.
        entry: Command, id, cycle, start, rows planned so far and rules are taken.
    """
    if not has_run_log(app):
        return
    _upsert(
        app,
        entry.run,
        {
            "command": entry.command,
            "batch": entry.run,
            "started_on": entry.started,
            "planned_count": Decimal(entry.planned),
            "scheme_hash": entry.scheme_hash or None,
            "summary": _under_way(entry.cycle),
        },
    )


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
    return _upsert(app, entry.run, values)


def end_broken_off(app: DeployedApp, *, command: str, cycle: str, by: str, failed: bool = False) -> int:
    """End the rows of runs that never did: their process was killed, or they failed and said so in another row.

    Args:
        app: Where; an app without 运行记录 is left alone.
        command: Command of the runs; none of them is under way.
        cycle: Their cycle.
        by: Id of the run that went on, or whose row tells of the failure; empty when nothing was left to do, or when
            whoever typed the command has read why it failed.
        failed: Whether the work is not done; then the row gets no exit code, for the other has it.

    Returns:
        How many rows were ended.
    """
    if not has_run_log(app):
        return 0
    table = app.schema.table("run_log")
    still = All((Condition("command", Operator.EQUALS, command), Condition("ended_on", Operator.EMPTY, True)))
    said = f"中断: 进程在写入中被终止, 由 {by} 接着完成" if by else "中断: 进程在记下结果前被终止, 数据已全部写入"
    said = f"未完成: 见 {by or '命令行的提示'}" if failed else said
    rows = read_table(app, table=table, filter_=still)
    broken = [str(rows.value(row, "batch")) for row in rows if _is_open(rows, row, command, cycle)]
    for key in broken:
        ended: dict[str, Value | Refs] = {"batch": key, "ended_on": app.clock.now(), "summary": said}
        _upsert(app, key, ended if failed else {**ended, "exit_code": Decimal(0)})
    return len(broken)


def has_run_log(app: DeployedApp) -> bool:
    """Return whether the app has 运行记录."""
    return any(table.key == "run_log" for table in app.schema.tables)


def _under_way(cycle: str) -> str:
    """Return what a row says until its run ends; it tells runs of one command by their cycle."""
    return f"进行中: 正在写入 {cycle}".rstrip()


def _is_open(rows: TableRows, row: int, command: str, cycle: str) -> bool:
    """Look for oneself: a platform may pass over conditions that it does not understand."""
    values = [rows.value(row, key) for key in ("command", "ended_on", "summary")]
    return values == [command, None, _under_way(cycle)]


def _upsert(app: DeployedApp, key: str, values: Mapping[str, Value | Refs]) -> WriteReport:
    """Write a row by its key; what stands needs no comparison, for a run's id is its own."""
    nothing = TableRows(table=app.schema.table("run_log"))
    plan = compare(wanted=[WantedRow(key=key, values=values)], standing=nothing, tables={"run_log": nothing})
    return write(plan, app=app, standing=nothing)
