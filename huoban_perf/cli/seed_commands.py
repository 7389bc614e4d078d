"""``seed``: a sample company of any size into the deployed workspace, and out of it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue

if TYPE_CHECKING:
    from huoban_perf.cli.workshop import Workshop
    from huoban_perf.core.schema import DesiredSchema
    from huoban_perf.demo.sample import Sample
    from huoban_perf.demo.seeding import SeedReport

Counts = Mapping[str, tuple[int, int, int]]
"""Table key → rows created, updated, unchanged."""


_STAGES = (
    *("draft", "goal_setting", "running", "reviewing", "calibrating", "awaiting_release", "feedback", "archived"),
)
"""Stages by name; a test holds this list against the demo's, so that ``--help`` imports nothing heavy."""


@click.command("seed")
@click.option("--people", type=click.IntRange(12, 20000), default=200, show_default=True, help="在职人数.")
@click.option(
    "--stage",
    type=click.Choice(_STAGES),
    default=None,
    metavar="阶段",
    help="真的运行各作业, 把周期推进到 draft 草稿, goal_setting 目标制定, running 执行中, reviewing 评价中, "
    "calibrating 校准中, awaiting_release 待公布, feedback 反馈申诉 或 archived 已归档; "
    "只用在没有真实员工的工作区. 不加则直接放入评价已交齐的一期.",
)
@click.option("--remove", is_flag=True, help="删掉示例公司的全部数据, 别的一行不动.")
@click.option("--yes", is_flag=True, help="写入 (或删除); 不加则只预览.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def seed_command(settings: Settings, /, people: int, stage: str | None, remove: bool, yes: bool, output: str) -> Exit:
    """放入一家示例公司: 组织、四级目标、数据、评价、上期结果. 编号以 SEED 开头, 可删净."""
    from huoban_perf.cli.workshop import open_workshop

    form = cast("OutputForm", output)
    started = settings.clock.monotonic_s()
    with progress(locale=settings.locale, form=form) as reporter, open_workshop(settings, reporter) as shop:
        if remove:
            return _remove(settings, shop, apply=yes, form=form)
        done, sample = _seed(shop, people=people, stage=stage, apply=yes)
        traffic = shop.site.connection.traffic.traffic()
    counts = _counts(done)
    facts: dict[str, FactValue] = {
        "people": people,
        "leavers": sample.leavers,
        "rows": done.seeded.written,
        "invited": done.accounts.invited,
        "cycle": sample.company.outline.cycle,
        "stage": stage or "-",
        "requests": traffic.requests,
        "writes": traffic.writes,
        "seconds": f"{settings.clock.monotonic_s() - started:.1f}",
    }
    if form == "json":
        show_json(_as_json(counts, facts, applied=yes))
        return Exit.DONE
    notes = ["cli.seed_company"]
    if not done.accounts.of:
        notes.append("cli.seed_no_accounts")
    _show(settings, shop.wish.schema, counts, facts, notes=[*notes, _closing(done, stage=stage, yes=yes)])
    return Exit.DONE


def _seed(shop: Workshop, *, people: int, stage: str | None, apply: bool) -> tuple[SeedReport, Sample]:
    from huoban_perf.cli.story import Stage
    from huoban_perf.demo.sample import sample_of
    from huoban_perf.demo.seeding import preview_stage, seed_company, seed_stage

    sample = sample_of(shop.wish.template, people=people)
    if stage is None:
        return seed_company(shop.site, shop.app, sample, apply=apply), sample
    if not apply:
        return preview_stage(shop.site, shop.app, sample), sample
    machinery = Stage(shop)
    return seed_stage(shop.site, shop.app, sample, stage=stage, machinery=machinery), sample


def _closing(done: SeedReport, *, stage: str | None, yes: bool) -> str:
    if stage is not None:
        return "cli.seed_staged" if yes else "cli.seed_stage_preview"
    if not done.seeded.written:
        return "cli.seed_nothing"
    return "cli.seed_written" if yes else "cli.seed_preview"


def _counts(done: SeedReport) -> dict[str, tuple[int, int, int]]:
    counts: dict[str, tuple[int, int, int]] = {}
    for report in done.seeded.reports:
        created, updated, unchanged = counts.get(report.table, (0, 0, 0))
        counts[report.table] = (
            created + report.created,
            updated + report.updated,
            unchanged + report.unchanged,
        )
    return counts


def _as_json(counts: Counts, facts: Mapping[str, FactValue], *, applied: bool) -> dict[str, object]:
    rows = sum(created + updated for created, updated, _ in counts.values())
    return {
        "format_version": 1,
        **facts,
        "rows_pending": 0 if applied else rows,
        "rows_written": rows if applied else 0,
        "tables": {
            key: {"created": created, "updated": updated, "unchanged": unchanged}
            for key, (created, updated, unchanged) in counts.items()
        },
    }


def _show(
    settings: Settings, schema: DesiredSchema, counts: Counts, facts: dict[str, FactValue], *, notes: list[str]
) -> None:
    """Print the counts of each table, then the closing lines."""
    rows = [
        (schema.table(key).labels.in_locale(settings.locale), *(str(count) for count in found))
        for key, found in counts.items()
    ]
    show_text(table(rows, header=text("cli.job_columns", locale=settings.locale).split("|"), right=(1, 2, 3)))
    for code in notes:
        show_text(folded(text(code, locale=settings.locale, facts=facts)))


def _remove(settings: Settings, shop: Workshop, *, apply: bool, form: OutputForm) -> Exit:
    from huoban_perf.demo.seeding import remove_company

    removed = remove_company(shop.app, apply=apply)
    rows = sum(removed.values())
    if form == "json":
        counted = {"rows_pending": 0 if apply else rows, "rows_removed": rows if apply else 0}
        show_json({"format_version": 1, **counted, "tables": dict(removed)})
        return Exit.DONE
    if removed:
        schema = shop.wish.schema
        named = [(schema.table(key).labels.in_locale(settings.locale), str(n)) for key, n in removed.items()]
        show_text(table(named, header=text("cli.seed_remove_columns", locale=settings.locale).split("|"), right=(1,)))
    code = "cli.seed_remove_nothing" if not rows else "cli.seed_removed" if apply else "cli.seed_remove_preview"
    show_text(folded(text(code, locale=settings.locale, facts={"rows": rows})))
    return Exit.DONE
