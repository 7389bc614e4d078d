"""``score explain``: one person's receipt, computed from the workspace as it stands; writes nothing."""

from __future__ import annotations

from typing import cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings


@click.group("score")
def score_command() -> None:
    """评分: 查看得分是怎么来的."""


@score_command.command("explain")
@click.argument("person")
@click.option("--cycle", default=None, help="考核周期名称; 只有一个周期时可省略.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def explain(settings: Settings, person: str, cycle: str | None, output: str) -> Exit:
    """逐行说明 PERSON (工号) 的得分; 各行相加等于总分."""
    from huoban_perf.cli.deployed import deployed_app, wish_of
    from huoban_perf.sync.cycle_row import only_cycle
    from huoban_perf.sync.runs import RunStore
    from huoban_perf.sync.score import run_score

    form = cast("OutputForm", output)
    with settings.site() as site, progress(locale=settings.locale, form=form) as reporter:
        wish = wish_of(site.profile)
        app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
        outcome = run_score(
            app,
            extract_map=wish.extract_map,
            cycle=cycle or only_cycle(app),
            runs=RunStore(folder=site.profile.runs_dir),
            apply=False,
        )
    lines = outcome.scores.receipt_lines(person)
    if form == "json":
        show_json({"format_version": 1, "cycle": outcome.cycle.name, "person": person, "lines": list(lines)})
    else:
        show_text("\n".join(lines))
    return Exit.DONE
