"""``job list|run|audit``: the jobs of the cycle; a run previews unless told to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from huoban_perf.cli.workshop import Request
    from huoban_perf.core.progress import Progress
    from huoban_perf.core.schema import DesiredSchema
    from huoban_perf.cycle.work import JobReport

JOB_NAMES = (
    "access-sync",
    "announce",
    "appeal",
    "archive",
    "calibrate",
    "collect",
    "grow",
    "improve",
    "interview",
    "match-external",
    "open",
    "org-sync",
    "outcomes",
    "progress",
    "publish",
    "remind",
    "retention",
    "review-process",
    "score",
    "strategy-check",
)
"""Every job by name; a test holds this list against the registry, so that ``--help`` imports nothing heavy."""


@click.group("job")
def job_command() -> None:
    """作业: 随时可以重跑."""


@job_command.command("list")
@pass_settings
def list_jobs(settings: Settings) -> None:
    """列出作业."""
    show_text("\n".join(f"{name:<16}{text(f'cli.job_{name}', locale=settings.locale)}" for name in JOB_NAMES))


@job_command.command("audit")
@click.option("--kept", default="", help="另处记下的末行, 形如 12:sha256:…; 审计日志必须仍包含它.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def audit(settings: Settings, kept: str, output: str) -> Exit:
    """核对审计日志: 每一行的哈希都接着上一行 (只读)."""
    from huoban_perf.core.errors import ProfileError
    from huoban_perf.sync.audit import AuditHead, AuditLog

    lines, _, hash_ = kept.partition(":")
    if kept and not (lines.isascii() and lines.isdigit() and hash_.startswith("sha256:")):
        raise ProfileError("cli.audit_kept", facts={"given": kept})
    noted = AuditHead(lines=int(lines), hash=hash_) if kept else None
    head = AuditLog(settings.profile().home / "audit.jsonl").check(kept=noted)
    if output == "json":
        found = {"lines": head.lines, "hash": head.hash, "holds_kept": bool(kept) or None, "torn_bytes": head.torn}
        show_json({"format_version": 1, **found})
    else:
        facts: dict[str, FactValue] = {"lines": head.lines, "end": f"{head.lines}:{head.hash}"}
        code = "cli.audit_holds_kept" if kept else "cli.audit_holds"
        show_text(folded(text(code, locale=settings.locale, facts=facts)))
        if head.torn:
            show_text(folded(text("cli.audit_torn", locale=settings.locale, facts={"bytes": head.torn})))
    return Exit.DONE


@job_command.command("run")
@click.argument("name", type=click.Choice(JOB_NAMES))
@click.option("--cycle", default="", help="考核周期名称; 不写则处理所有需要它的周期.")
@click.option("--yes", is_flag=True, help="写入; 不加则只预览.")
@click.option("--from", "source", default=None, help="org-sync: 人员文件; collect: 映射文件 (.yaml).")
@click.option("--departments", default=None, help="org-sync 用: 部门文件.")
@click.option("--change", default=None, help="strategy-check 用: 打算调整的战略目标名称; 列出会影响谁.")
@click.option("--decider", default=None, help="publish 用: 结果审定人的成员 ID.")
@click.option("--allow-large-change", is_flag=True, help="同意改写大量已有结果.")
@click.option(
    "--adjustments",
    type=click.Path(path_type=Path),
    default=None,
    help="score 用: 批准过的评分松紧校正快照 (score adopt 生成).",
)
@click.option("--unattended", is_flag=True, help="无人值守 (cron): 失败时也写一条运行记录.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def run_job(settings: Settings, /, **options: str | bool | Path | None) -> Exit:
    """运行一个作业. 默认只预览, 加 --yes 才写入."""
    from huoban_perf.cli.workshop import Request

    form = cast("OutputForm", options["output"])
    if options["name"] == "announce":
        return _announce(settings, cycle=str(options["cycle"]), apply=bool(options["yes"]), form=form)
    named = {"from": options["source"], "departments": options["departments"], "change": options["change"]}
    request = Request(
        job=str(options["name"]),
        cycle=str(options["cycle"] or ""),
        apply=bool(options["yes"]),
        options={name: str(value) for name, value in named.items() if value},
        decider=str(options["decider"]) if options["decider"] else None,
        allow_large_change=bool(options["allow_large_change"]),
        unattended=bool(options["unattended"]),
        adjustments=cast("Path | None", options["adjustments"]),
    )
    with progress(locale=settings.locale, form=form) as reporter:
        reports, schema = _run(settings, request, reporter)
    show_reports(reports, schema=schema, form=form, locale=settings.locale)
    return Exit.DONE


def _run(settings: Settings, request: Request, reporter: Progress) -> tuple[list[JobReport], DesiredSchema]:
    """Run a job; one that writes keeps its notices, and one that nobody watches sends them and shows 消息."""
    from huoban_perf.cli.posting import posting, show_in_workspace
    from huoban_perf.cli.workshop import open_workshop

    if not request.apply:
        with open_workshop(settings, reporter) as shop:
            return shop.run(request), shop.wish.schema
    with posting(settings, sends=request.unattended) as outbox, open_workshop(settings, reporter, sink=outbox) as shop:
        reports = shop.run(request)
        if request.unattended:
            outbox.deliver()
            show_in_workspace(shop.app, outbox)
        return reports, shop.wish.schema


def _announce(settings: Settings, *, cycle: str, apply: bool, form: OutputForm) -> Exit:
    from huoban_perf.cli.pinning import pin_rules
    from huoban_perf.cli.workshop import open_workshop

    with progress(locale=settings.locale, form=form) as reporter, open_workshop(settings, reporter) as shop:
        done, run = pin_rules(shop, cycle=cycle, apply=apply)
    written = done.report.written if done.report else 0
    pending = 0 if apply else len(done.plan.writes)
    if form == "json":
        content = {"cycle": cycle, "rules_hash": done.hash, "is_change": done.is_change}
        show_json({"format_version": 1, **content, "rows_pending": pending, "rows_written": written})
        return Exit.DONE
    show_text("\n".join(f"  · {problem_line(each, locale=settings.locale)}" for each in done.differences))
    show_text(text("cli.job_pinned", locale=settings.locale, facts={"cycle": cycle, "hash": done.hash}))
    code = "cli.job_written" if written else "cli.job_preview" if pending else "cli.job_nothing"
    show_text(text(code, locale=settings.locale, facts={"run": run, "written": written, "pending": pending}))
    return Exit.DONE


def show_reports(reports: list[JobReport], *, schema: DesiredSchema, form: OutputForm, locale: Locale) -> None:
    """Print what a job came to, one block a cycle.

    Args:
        reports: One a cycle.
        schema: For the names of tables.
        form: Text, or one JSON object.
        locale: Language.
    """
    if form == "json":
        found = [_as_json(report, locale) for report in reports]
        show_json({"format_version": 1, **found[0]} if len(found) == 1 else {"format_version": 1, "runs": found})
        return
    if not reports:
        show_text(text("cli.job_no_cycle", locale=locale))
    for report in reports:
        rows = [
            (schema.table(key).labels.in_locale(locale), str(c.created), str(c.updated), str(c.unchanged))
            for key, c in report.tables.items()
        ]
        if rows:
            show_text(table(rows, header=text("cli.job_columns", locale=locale).split("|"), right=(1, 2, 3)))
        for problem in report.notes:
            show_text(folded(f"  · {problem_line(problem, locale=locale)}"))
        show_text("\n".join(_closing(report, locale)))


def _closing(report: JobReport, locale: Locale) -> list[str]:
    pending = 0 if report.applied else report.changes
    written = report.changes if report.applied else 0
    facts: dict[str, FactValue] = {"run": report.run, "written": written, "pending": pending}
    code = "cli.job_written" if written else "cli.job_preview" if pending else "cli.job_nothing"
    lines = [text(code, locale=locale, facts=facts)]
    if report.notices:
        code = "cli.job_notices" if report.applied else "cli.job_to_tell"
        lines.append(text(code, locale=locale, facts={"count": report.notices}))
    removed = sum(count.removed for count in report.tables.values())
    if removed:
        code = "cli.job_removed" if report.applied else "cli.job_to_remove"
        lines.append(text(code, locale=locale, facts={"count": removed}))
    deferred = sum(count.deferred for count in report.tables.values())
    if deferred:
        lines.append(text("cli.job_deferred", locale=locale, facts={"count": deferred}))
    return lines


def _as_json(report: JobReport, locale: Locale) -> dict[str, object]:
    return {
        "job": report.job,
        "run": report.run,
        "tables": {
            key: {
                "created": count.created,
                "updated": count.updated,
                "unchanged": count.unchanged,
                "removed": count.removed,
            }
            for key, count in report.tables.items()
        },
        "notes": [problem_line(problem, locale=locale) for problem in report.notes],
        "notices": report.notices,
        "rows_pending": 0 if report.applied else report.changes,
        "rows_written": report.changes if report.applied else 0,
    }
