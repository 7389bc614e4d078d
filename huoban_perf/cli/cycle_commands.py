"""``cycle status|open``: where a cycle stands and what blocks it; announcing it and moving it on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, progress, show_json
from huoban_perf.cli.session import Settings, pass_settings

if TYPE_CHECKING:
    from huoban_perf.cli.cycle_report import Standing
    from huoban_perf.cli.workshop import Workshop
    from huoban_perf.core.errors import Problem
    from huoban_perf.profile import Profile

_CLOSED = frozenset({"archived", "cancelled"})


@click.group("cycle")
def cycle_command() -> None:
    """考核周期: 走到哪一步, 卡在谁那里."""


@cycle_command.command("status")
@click.argument("name", required=False)
@click.option("--watch", is_flag=True, help="一直看着: 定时重读并刷新, Ctrl-C 结束.")
@click.option("--every", "every_s", type=click.IntRange(5, 3600), default=60, show_default=True, help="重读间隔, 秒.")
@click.option("--save", type=click.Path(path_type=Path, dir_okay=False), help="另存为图片 (.svg).")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def status(settings: Settings, /, **options: object) -> Exit:
    """周期走到哪一步, 卡在谁那里 (只读). 不写名称则列出全部未归档的周期."""
    from huoban_perf.cli.cycle_report import as_json, save, show, watch
    from huoban_perf.cli.workshop import open_workshop

    file, form = cast("Path | None", options["save"]), cast("OutputForm", options["output"])
    _check_status_options(file, form=form, watching=bool(options["watch"]))
    with progress(locale=settings.locale, form="json") as reporter, open_workshop(settings, reporter) as shop:
        standings = Standings(shop=shop, name=cast("str | None", options["name"]))
        if options["watch"]:
            watch(standings, schema=shop.wish.schema, settings=settings, every_s=int(str(options["every_s"])))
            return Exit.DONE
        found = standings()
    if form == "json":
        show_json({"format_version": 1, "cycles": [as_json(one, settings.locale) for one in found]})
    else:
        show(found, schema=shop.wish.schema, locale=settings.locale)
    if file is not None:
        save(found, file=file, schema=shop.wish.schema, locale=settings.locale)
    return Exit.DONE


def _check_status_options(file: Path | None, *, form: str, watching: bool) -> None:
    from huoban_perf.core.errors import ProfileError

    if file is not None and file.suffix != ".svg":
        raise ProfileError("cli.status_picture", facts={"file": str(file)})
    if watching and (form == "json" or file is not None):
        raise ProfileError("cli.watch_alone")


@dataclass(frozen=True, kw_only=True)
class Standings:
    """Reads where cycles stand; each call reads anew.

    Attributes:
        shop: The profile's workshop.
        name: The cycle, or None for every one that is open.
    """

    shop: Workshop
    name: str | None

    def __call__(self) -> list[Standing]:
        """Return each cycle's standing and what the service on this machine has given up."""
        from huoban_perf.cli.cycle_report import Standing
        from huoban_perf.cycle.status import cycle_status
        from huoban_perf.sync.book import Book

        rows = Book(self.shop.app).all("cycle") if self.name is None else ()
        names = [self.name] if self.name else sorted(row.key for row in rows if row.text("status") not in _CLOSED)
        parked = parked_here(self.shop.site.profile)
        return [Standing(status=cycle_status(self.shop.context(name)), parked=parked) for name in names]


def parked_here(profile: Profile) -> tuple[Problem, ...]:
    """Return what the service on this machine has given up for a profile; nothing when it never ran here."""
    from huoban_perf.automation import FiringState
    from huoban_perf.core.errors import Problem
    from huoban_perf.service.ledger import SqliteLedger
    from huoban_perf.service.occurrences import State
    from huoban_perf.service.store import SqliteStore

    file = profile.home / "service.sqlite"
    if not file.exists():
        return ()
    store = SqliteStore(file)
    try:
        given_up = (FiringState.PARKED, FiringState.LOOPED)
        firings = Counter(
            (row[0], row[3].value, row[5]) for row in SqliteLedger(store, profile=profile.name).listed(*given_up)
        )
        jobs = Counter((row[1], row[5]) for row in store.listed(profile=profile.name) if row[3] is State.PARKED)
    finally:
        store.close()
    problems = [
        Problem(code=f"service.{state}_firings", facts={"automation": name, "count": count, "reason": reason or "-"})
        for (name, state, reason), count in sorted(firings.items())
    ]
    problems += [
        Problem(code="service.parked_job", facts={"job": job, "count": count, "reason": reason or "-"})
        for (job, reason), count in sorted(jobs.items())
    ]
    return tuple(problems)


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
