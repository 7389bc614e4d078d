"""``cycle status|open``: where a cycle stands and what blocks it; announcing it and moving it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, bar, folded, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from huoban_perf.core.schema import DesiredSchema
    from huoban_perf.cycle.status import CycleStatus

_SHOWN = 20


@click.group("cycle")
def cycle_command() -> None:
    """考核周期: 走到哪一步, 卡在谁那里."""


@cycle_command.command("status")
@click.argument("name", required=False)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def status(settings: Settings, name: str | None, output: str) -> Exit:
    """周期走到哪一步, 卡在谁那里 (只读). 不写名称则列出全部未归档的周期."""
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.cycle.status import cycle_status
    from huoban_perf.sync.book import Book

    form = cast("OutputForm", output)
    with progress(locale=settings.locale, form="json") as reporter, open_workshop(settings, reporter) as shop:
        names = [name] if name else _open_cycles(Book(shop.app))
        found = [cycle_status(shop.context(cycle)) for cycle in names]
    if form == "json":
        show_json({"format_version": 1, "cycles": [_as_json(one, settings.locale) for one in found]})
    else:
        show_text("\n\n".join(_as_text(one, shop.wish.schema, settings.locale) for one in found) or "-")
    return Exit.DONE


def _open_cycles(book: object) -> list[str]:
    from huoban_perf.sync.book import Book

    rows = book.all("cycle") if isinstance(book, Book) else ()
    return sorted(row.key for row in rows if row.text("status") not in {"archived", "cancelled"})


@cycle_command.command("open")
@click.argument("name")
@click.option("--announce", is_flag=True, help="公示: 规则、权重和时间表从此固定.")
@click.option("--exceptions", is_flag=True, help="HR 已签批未确认的目标, 按例外锁定.")
@click.option("--yes", is_flag=True, help="写入; 不加则只预览.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def open_(settings: Settings, /, **options: str | bool) -> Exit:
    """检查、公示、推进周期, 补齐考核单和评价任务; 等同 job run open."""
    from huoban_perf.cli.job_commands import show_reports
    from huoban_perf.cli.workshop import Request, open_workshop

    form = cast("OutputForm", options["output"])
    asked = {key: "yes" for key in ("announce", "exceptions") if options[key]}
    request = Request(job="open", cycle=str(options["name"]), apply=bool(options["yes"]), options=asked)
    with progress(locale=settings.locale, form=form) as reporter, open_workshop(settings, reporter) as shop:
        reports = shop.run(request)
    show_reports(reports, schema=shop.wish.schema, form=form, locale=settings.locale)
    return Exit.DONE


def _as_text(found: CycleStatus, schema: DesiredSchema, locale: Locale) -> str:
    """Lay a status out within 80 columns."""
    lines = [_head(found, schema, locale), _road(found, schema, locale)]
    counted = (("cli.cycle_sheets", "appraisal", found.sheets), ("cli.cycle_results", "score_result", found.results))
    for code, table, counts in counted:
        if counts:
            parts = [f"{_label(schema, table, 'status', key, locale)} {count}" for key, count in counts.items()]
            lines.append(f"{text(code, locale=locale)}  {' · '.join(parts)}")
    for relation, (done, total) in found.tasks.items():
        name = _label(schema, "review_task", "relation", relation, locale)
        lines.append(f"{text('cli.cycle_tasks', locale=locale)}  {name} {_share(done, total)} {done}/{total}")
    if not found.blocks:
        lines.append(text("cli.cycle_free", locale=locale))
        return folded("\n".join(lines))
    lines.append(text("cli.cycle_blocks", locale=locale, facts={"count": len(found.blocks)}))
    lines += [f"  · {problem_line(problem, locale=locale)}" for problem in found.blocks[:_SHOWN]]
    if len(found.blocks) > _SHOWN:
        lines.append("  " + text("cli.cycle_more", locale=locale, facts={"count": len(found.blocks) - _SHOWN}))
    return folded("\n".join(lines))


def _head(found: CycleStatus, schema: DesiredSchema, locale: Locale) -> str:
    when = ""
    if found.leaves_on is not None:
        code = "cli.cycle_late" if found.days_late else "cli.cycle_leaves"
        when = text(code, locale=locale, facts={"day": found.leaves_on.isoformat(), "count": found.days_late})
    facts: dict[str, FactValue] = {
        "cycle": found.cycle,
        "state": _label(schema, "cycle", "status", found.status, locale),
        "when": when,
    }
    return text("cli.cycle_head", locale=locale, facts=facts)


def _road(found: CycleStatus, schema: DesiredSchema, locale: Locale) -> str:
    from huoban_perf.cycle.status import STAGES

    reached = STAGES.index(found.status) if found.status in STAGES else -1
    marks = ("●" if place <= reached else "○" for place in range(len(STAGES)))
    names = (_label(schema, "cycle", "status", key, locale) for key in STAGES)
    return " ".join(f"{mark}{name}" for mark, name in zip(marks, names, strict=True))


def _share(done: int, total: int) -> str:
    from decimal import Decimal

    full = bar(Decimal(done) / Decimal(total) if total else Decimal(0))
    return full.ljust(24, "░")


def _label(schema: DesiredSchema, table: str, field: str, key: str, locale: Locale) -> str:
    options = schema.table(table).field(field).options
    return next((option.labels.in_locale(locale) for option in options if option.address.key == key), key)


def _as_json(found: CycleStatus, locale: Locale) -> dict[str, object]:
    return {
        "cycle": found.cycle,
        "status": found.status,
        "leaves_on": found.leaves_on.isoformat() if found.leaves_on else None,
        "workdays_late": found.days_late,
        "appraisals": dict(found.sheets),
        "reviews": {relation: {"submitted": done, "all": total} for relation, (done, total) in found.tasks.items()},
        "results": dict(found.results),
        "blocks": [problem_line(problem, locale=locale) for problem in found.blocks],
    }
