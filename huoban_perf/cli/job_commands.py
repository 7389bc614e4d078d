"""``job list|run``: the sync jobs; a run previews unless told to write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, progress, show_json, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from huoban_perf.sync.score import ScoreOutcome

_JOBS = ("announce", "publish", "score")


@click.group("job")
def job_command() -> None:
    """同步作业: 随时可以重跑."""


@job_command.command("list")
@pass_settings
def list_jobs(settings: Settings) -> None:
    """列出作业."""
    show_text("\n".join(f"{name:<10}{text(f'cli.job_{name}', locale=settings.locale)}" for name in _JOBS))


@job_command.command("run")
@click.argument("name", type=click.Choice(_JOBS))
@click.option("--cycle", required=True, help="考核周期名称.")
@click.option("--yes", is_flag=True, help="写入; 不加则只预览.")
@click.option("--decider", default=None, help="publish 用: 结果审定人的成员 ID.")
@click.option("--allow-large-change", is_flag=True, help="同意改写大量已有结果.")
@click.option(
    "--adjustments",
    type=click.Path(path_type=Path),
    default=None,
    help="score 用: 批准过的评分松紧校正快照 (score adopt 生成).",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def run_job(settings: Settings, /, **options: str | bool | Path | None) -> Exit:
    """运行一个作业: announce 公示规则, score 评分, publish 公布. 默认只预览, 加 --yes 才写入."""
    from huoban_perf.cli.deployed import deployed_app, wish_of
    from huoban_perf.exchange import write_outputs
    from huoban_perf.sync.release import release, release_preview
    from huoban_perf.sync.runs import RunStore
    from huoban_perf.sync.score import refuse_sealed, run_score

    form = cast("OutputForm", options["output"])
    if options["name"] == "announce":
        return _announce(settings, cycle=str(options["cycle"]), apply=bool(options["yes"]), form=form)
    with settings.site() as site, progress(locale=settings.locale, form=form) as reporter:
        wish = wish_of(site.profile)
        app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
        outcome = run_score(
            app,
            extract_map=wish.extract_map,
            cycle=str(options["cycle"]),
            runs=RunStore(
                folder=site.profile.runs_dir,
                keep=write_outputs,
                adjustments=cast("Path | None", options["adjustments"]),
            ),
            apply=bool(options["yes"]),
            allow_large_change=bool(options["allow_large_change"]),
        )
        refuse_sealed(outcome.cycle, pending=0 if outcome.reports else outcome.pending)
        written = sum(report.written for report in outcome.reports)
        pending = 0 if options["yes"] else outcome.pending
        if options["name"] == "publish" and options["yes"]:
            decider = options["decider"]
            written += release(outcome, app=app, decider=str(decider) if decider else None).written
        elif options["name"] == "publish":
            pending += release_preview(outcome, app=app)
    _show(outcome, written=written, pending=pending, form=form, locale=settings.locale)
    return Exit.DONE


def _announce(settings: Settings, *, cycle: str, apply: bool, form: OutputForm) -> Exit:
    from huoban_perf.cli.deployed import deployed_app, wish_of
    from huoban_perf.cli.texts import problem_line
    from huoban_perf.sync.pin import announce

    with settings.site() as site, progress(locale=settings.locale, form=form) as reporter:
        wish = wish_of(site.profile)
        app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
        done = announce(app, cycle=cycle, pass_grade=wish.extract_map.pass_grade, apply=apply)
    written = done.report.written if done.report else 0
    pending = 0 if apply else len(done.plan.writes)
    if form == "json":
        content = {"cycle": cycle, "rules_hash": done.hash, "is_change": done.is_change}
        show_json({"format_version": 1, **content, "rows_pending": pending, "rows_written": written})
        return Exit.DONE
    show_text("\n".join(f"  · {problem_line(each, locale=settings.locale)}" for each in done.differences))
    show_text(text("cli.job_pinned", locale=settings.locale, facts={"cycle": cycle, "hash": done.hash}))
    code = "cli.job_written" if written else "cli.job_preview" if pending else "cli.job_nothing"
    show_text(text(code, locale=settings.locale, facts={"run": "-", "written": written, "pending": pending}))
    return Exit.DONE


def _show(outcome: ScoreOutcome, *, written: int, pending: int, form: OutputForm, locale: Locale) -> None:
    counts = {plan.table.key: (len(plan.created), len(plan.updated), plan.unchanged) for plan in outcome.plans}
    if form == "json":
        names = ("created", "updated", "unchanged")
        show_json(
            {
                "format_version": 1,
                "run": outcome.run,
                "cycle": outcome.cycle.name,
                "tables": {key: dict(zip(names, numbers, strict=True)) for key, numbers in counts.items()},
                "rows_pending": pending,
                "rows_written": written,
            }
        )
        return
    rows = [
        (plan.table.labels.in_locale(locale), *(str(number) for number in counts[plan.table.key]))
        for plan in outcome.plans
    ]
    facts: dict[str, FactValue] = {"run": outcome.run, "written": written, "pending": pending}
    code = "cli.job_written" if written else "cli.job_preview" if pending else "cli.job_nothing"
    show_text(table(rows, header=text("cli.job_columns", locale=locale).split("|"), right=(1, 2, 3)))
    show_text(text(code, locale=locale, facts=facts))
