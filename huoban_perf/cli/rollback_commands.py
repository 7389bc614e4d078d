"""``rollback``: back to how things stood before an apply that lost data."""

from __future__ import annotations

import click

from huoban_perf.cli.desk import addresses, open_desk
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import folded, progress, show_json, show_text
from huoban_perf.cli.rollback_report import preview_lines, rollback_lines, snapshot_facts, snapshot_lines
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.core.addresses import Address
from huoban_perf.deploy import RollbackReport, manual_sheet, plan_rollback, roll_back, undertaking_of


@click.command("rollback")
@click.argument("snapshot", required=False)
@click.option("--list", "lists", is_flag=True, help="只列出快照.")
@click.option("--yes", is_flag=True, help="执行; 不加则只显示会恢复什么、恢复不了什么.")
@click.option("--overwrite", multiple=True, metavar="地址", callback=addresses, help="此处冲突以快照为准, 可写多次.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def rollback_command(
    settings: Settings, /, snapshot: str | None, lists: bool, yes: bool, overwrite: tuple[Address, ...], output: str
) -> Exit:
    """恢复到会丢数据的执行之前: 先恢复结构, 再把备份的数据填回. 从不删除. 默认取最近一次的快照."""
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        store = desk.snapshots
        if lists:
            return _listed(settings, [snapshot_facts(found) for found in store.all()], output)
        undertaking = undertaking_of(store, snapshot)
        wins = frozenset(overwrite)
        plan = plan_rollback(undertaking, observed=desk.observed, state=desk.state, target=desk.target, overwrite=wins)
        if not yes or plan.conflicts:
            lines = preview_lines(undertaking, plan, locale=settings.locale)
            facts = {"format_version": 1, "snapshot": undertaking.first.name, "plan": plan.model_dump(mode="json")}
            show_json(facts) if output == "json" else show_text(folded("\n".join(lines)))
            return Exit.REFUSED if yes else Exit.DONE
        report = roll_back(undertaking, target=desk.target, store=desk.store, overwrite=wins)
        if output == "json":
            show_json({"format_version": report.format, **report.model_dump(mode="json")})
        else:
            show_text(folded("\n".join(rollback_lines(report, locale=settings.locale))))
            if report.structure.pending:
                show_text(manual_sheet(report.structure.pending, desired=undertaking.wish(), locale=settings.locale))
    return _exit_of(report)


def _listed(settings: Settings, found: list[dict[str, object]], output: str) -> Exit:
    if output == "json":
        show_json({"format_version": 1, "snapshots": found})
    else:
        show_text(folded("\n".join(snapshot_lines(found, locale=settings.locale))))
    return Exit.DONE


def _exit_of(report: RollbackReport) -> Exit:
    if report.structure.pending or report.structure.waiting:
        return Exit.MANUAL_STEPS
    return Exit.DONE if report.is_complete else Exit.PARTLY_DONE
