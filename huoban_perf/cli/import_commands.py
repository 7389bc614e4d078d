"""``import workbook``: a workbook that people worked in, back into the workspace; the difference first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import ConflictError, FactValue, Problem, SyncError
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from huoban_perf.cycle.work import JobReport
    from huoban_perf.cycle.workbooks.incoming import CellChange, Comparison

_LISTED = 30
_WIDEST = 18


@click.group("import")
def import_command() -> None:
    """导入: 把在 Excel 里改过的工作簿写回工作区."""


@import_command.command("workbook")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--partial", is_flag=True, help="工作簿里可以少行 (例如只发给一个部门); 少的行不动.")
@click.option("--skip-conflicts", is_flag=True, help="两边都改过的格保留工作区的值, 其余照写.")
@click.option("--allow-large-change", is_flag=True, help="同意一次改写一半以上已有的行.")
@click.option("--yes", is_flag=True, help="写入; 不加则只预览差异.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def workbook(settings: Settings, /, file: Path, **options: bool | str) -> Exit:
    """先列差异和冲突, 加 --yes 才写入. 不删除任何数据; 可重复运行."""
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.cycle.work import Desk, carry_out
    from huoban_perf.cycle.workbooks.incoming import Arrival, columns_back, compare_workbook
    from huoban_perf.exchange.table_workbook_reading import read_origin, read_workbook

    form, apply = cast("OutputForm", options["output"]), bool(options["yes"])
    origin = read_origin(file)
    with progress(locale=settings.locale, form=form) as reporter, open_workshop(settings, reporter) as shop:
        _refuse_other(origin.app, origin.workspace, app=shop.app.schema.app, workspace=shop.site.workspace)
        context = shop.context("")
        columns = columns_back(shop.app, origin, members=shop.members)
        incoming = read_workbook(file, origin=origin, columns=columns, progress=reporter)
        arrival = Arrival(
            file=file.name, origin=origin, columns=columns, incoming=incoming, is_partial=bool(options["partial"])
        )
        found = compare_workbook(context, arrival)
        if found.problems:
            facts: dict[str, FactValue] = {"file": file.name, "count": len(found.problems)}
            raise SyncError("cycle.workbook_problems", facts=facts, problems=found.problems)
        if found.conflicts and not options["skip_conflicts"]:
            raise _conflict(file, found)
        desk = Desk(audit=shop.audit, allow_large_change=bool(options["allow_large_change"]))
        report = carry_out("import-workbook", lambda _: found.draft, context, apply=apply, desk=desk)
    _show(found, report, form=form, locale=settings.locale)
    return Exit.DONE


def _refuse_other(made_for: str, made_in: str, *, app: str, workspace: str) -> None:
    if (made_for, made_in) != (app, workspace):
        facts: dict[str, FactValue] = {"made_in": f"{made_for} {made_in}", "here": f"{app} {workspace}"}
        raise SyncError("cycle.workbook_elsewhere", facts=facts)


def _conflict(file: Path, found: Comparison) -> ConflictError:
    problems = [
        Problem(
            code="cycle.workbook_conflict",
            facts={"row": one.row, "column": one.column, "before": one.before, "mine": one.after, "now": one.now},
            file=file.name,
            address=one.place,
        )
        for one in found.conflicts
    ]
    facts: dict[str, FactValue] = {"file": file.name, "count": len(problems)}
    return ConflictError("cycle.workbook_conflicts", facts=facts, problems=problems)


def _show(found: Comparison, report: JobReport, *, form: OutputForm, locale: Locale) -> None:
    if form == "json":
        show_json(_as_json(found, report))
        return
    rows = [_row(change) for change in found.changes[:_LISTED]]
    if rows:
        show_text(table(rows, header=text("cli.workbook_columns", locale=locale).split("|")))
    facts: dict[str, FactValue] = {
        "more": len(found.changes) - len(rows),
        "cells": len(found.changes),
        "new": len(found.new_rows),
        "already": found.already,
        "conflicts": len(found.conflicts),
        "deferred": sum(count.deferred for count in report.tables.values()),
        "missing": found.missing,
        "run": report.run,
    }
    codes = ["cli.workbook_more"] * (len(found.changes) > len(rows))
    codes.append("cli.workbook_written" if report.applied and report.changes else _outcome(report))
    codes += [f"cli.workbook_{name}" for name in ("already", "conflicts", "missing", "deferred") if facts[name]]
    show_text(folded("\n".join(text(code, locale=locale, facts=facts) for code in codes)))


def _outcome(report: JobReport) -> str:
    return "cli.workbook_preview" if report.changes else "cli.workbook_nothing"


def _row(change: CellChange) -> tuple[str, ...]:
    return (
        change.place.rpartition("!")[2],
        *(_short(part) for part in (change.row, change.column, change.now)),
        _short(change.after),
    )


def _short(said: str) -> str:
    flat = " ".join(said.split())
    return flat if len(flat) <= _WIDEST else f"{flat[: _WIDEST - 1]}…"


def _as_json(found: Comparison, report: JobReport) -> dict[str, object]:
    def cells(changes: tuple[CellChange, ...]) -> list[dict[str, str]]:
        names = ("place", "row", "column", "before", "now", "after")
        return [{name: getattr(change, name) for name in names} for change in changes]

    return {
        "format_version": 1,
        "run": report.run,
        "applied": report.applied,
        "changes": cells(found.changes),
        "conflicts": cells(found.conflicts),
        "new_rows": list(found.new_rows),
        "already": found.already,
        "missing": found.missing,
        "rows_pending": 0 if report.applied else report.changes,
        "rows_written": report.changes if report.applied else 0,
    }
