"""``demo``: the main job on the embedded workspace, and what a person wants to see of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.memory import peak_mib
from huoban_perf.cli.render import OutputForm, bar, folded, progress, show_json, show_note, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from huoban_perf.demo import DemoReport
    from huoban_perf.profile import Profile

_LISTED = 5


@click.command("demo")
@click.option(
    "--data",
    type=click.Choice(["company", "insteval"]),
    default="company",
    show_default=True,
    help="company: 示例公司; insteval: 73,421 条真实评价.",
)
@click.option(
    "--people",
    type=click.IntRange(12, 20000),
    default=None,
    metavar="人数",
    help="示例公司的人数 (与 seed 同一家). 默认: 内置工作区是约 60 人的小公司, NocoDB 是 200 人.",
)
@click.option(
    "--platform",
    type=click.Choice(["sandbox", "nocodb"]),
    default=None,
    help="sandbox: 内置工作区; nocodb: 先用 nocodb up 启动. 默认按配置.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def demo_command(settings: Settings, data: str, people: int | None, platform: str | None, output: str) -> Exit:
    """在内置工作区 (或 NocoDB) 里部署、放入数据、评分、写回、公布并回读; 再运行一次不会改动任何东西."""
    from huoban_perf.demo import run_demo
    from huoban_perf.demo.script import Data, Platform, demo_profile, people_of

    if people is not None and data == "insteval":
        raise click.UsageError(text("cli.demo_people_insteval", locale=settings.locale, facts={}))

    profile = demo_profile(settings.profile(), data=cast("Data", data), platform=cast("Platform | None", platform))
    form = cast("OutputForm", output)
    if form == "text":
        facts: dict[str, FactValue] = {"file": str(profile.world_file), "base": profile.workspace}
        start = "cli.demo_start_nocodb" if profile.platform == "nocodb" else "cli.demo_start"
        show_note(folded(text(start, locale=settings.locale, facts=facts)))
    with settings.site(profile, create=True) as site, progress(locale=settings.locale, form=form) as reporter:
        size = people_of(profile, data=cast("Data", data), asked=people)
        report = run_demo(site, data=cast("Data", data), people=size, clock=settings.clock, progress=reporter)
    if form == "json":
        show_json(_as_json(report))
    else:
        show_text(folded(_as_text(report, locale=settings.locale, runs=profile.runs_dir, then=_then(profile, data))))
    return Exit.DONE


def _as_json(report: DemoReport) -> dict[str, object]:
    return {
        "format_version": 1,
        "tables": report.tables,
        "fields": report.fields,
        "objects_created": report.objects_created,
        "appraisals": report.appraisals,
        "appraisals_scored": report.appraisals_scored,
        "not_appraised": report.not_appraised,
        "grades": dict(report.grades),
        "rows_written": report.rows_written,
        "write_requests": report.write_requests,
        "requests": report.requests,
        "requests_minimum": report.requests_minimum,
        "rows_moved": report.rows_moved,
        "rows_per_second": int(report.rows_moved / report.seconds),
        "seconds": round(report.seconds, 2),
        "peak_mib": peak_mib(),
        "run": report.run,
    }


def _then(profile: Profile, data: str) -> str:
    """Return which words tell what to try next."""
    if data == "insteval":
        return "cli.demo_next_insteval"
    return "cli.demo_next_nocodb" if profile.platform == "nocodb" else "cli.demo_next_company"


def _as_text(report: DemoReport, *, locale: Locale, runs: Path, then: str) -> str:
    facts: dict[str, FactValue] = {
        "tables": report.tables,
        "fields": report.fields,
        "created": report.objects_created,
        "appraisals": report.appraisals,
        "scored": report.appraisals_scored,
        "excluded": report.not_appraised,
        "written": report.rows_written,
        "writes": report.write_requests,
        "requests": report.requests,
        "minimum": report.requests_minimum,
        "seconds": f"{report.seconds:.1f}",
        "rate": int(report.rows_moved / report.seconds),
        "peak": peak_mib(),
        "person": report.receipt_of,
        "run": report.run,
        "cycle": report.cycle,
        "runs": str(runs),
    }

    def said(code: str) -> str:
        return text(code, locale=locale, facts=facts)

    unchanged = not report.rows_written and not report.objects_created
    return "\n".join(
        [
            "",
            said("cli.demo_counts"),
            said("cli.demo_unchanged" if unchanged else "cli.demo_written"),
            "",
            said("cli.demo_grades"),
            *_grade_lines(report),
            "",
            said("cli.demo_ranking"),
            _ranking(report, locale=locale),
            "",
            said("cli.demo_receipt"),
            *(f"  {line}" for line in report.receipt),
            "",
            said("cli.demo_cost"),
            "",
            said(then),
        ]
    )


def _grade_lines(report: DemoReport) -> list[str]:
    total = max(sum(report.grades.values()), 1)
    return [
        f"  {name:<3}{count:>6}  {count * 100 / total:5.1f} %  {bar(Decimal(count) / total)}"
        for name, count in report.grades.items()
    ]


def _ranking(report: DemoReport, *, locale: Locale) -> str:
    entries = list(enumerate(report.ranking, start=1))
    shown = entries if len(entries) <= 2 * _LISTED else [*entries[:_LISTED], *entries[-_LISTED:]]
    with_mean = any(entry.mean is not None for _, entry in shown)
    header = text("cli.demo_ranking_columns", locale=locale).split("|")
    rows = []
    for place, entry in shown:
        mean = [] if not with_mean else ["-" if entry.mean is None else f"{entry.mean:.4f}"]
        rows.append([str(place), entry.name, entry.department, f"{entry.score:.2f}", entry.grade, *mean])
        if place == _LISTED and len(entries) > 2 * _LISTED:
            rows.append(["…", *([""] * (len(rows[0]) - 1))])
    return table(rows, header=header if with_mean else header[:-1], right=(0, 3, 5))
