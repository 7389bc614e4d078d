"""``score run|explain|simulate|analyse|adopt|replay|files``: the engine on files, stored runs and the workspace.

``run`` writes only into the folder it is given; ``explain``, ``simulate`` and ``replay`` write nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from huoban_perf import __version__
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, busy, progress, show_note
from huoban_perf.cli.score_analysis import adopt, analyse, export
from huoban_perf.cli.score_sources import FOLDER, find_source, from_option, output_option, scheme_option, show
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.core.errors import ScoringError

if TYPE_CHECKING:
    from huoban_perf.exchange import Replay, WhatIf


@click.group("score")
def score_command() -> None:
    """评分: 用文件或已存的运行计算、解释、试算、复算."""


score_command.add_command(analyse)
score_command.add_command(adopt)
score_command.add_command(export)


@score_command.command("run")
@click.option("--from", "source", type=FOLDER, required=True, help="输入文件夹: 每种数据一个文件.")
@click.option("--scheme", "schemes", type=FOLDER, multiple=True, required=True, help="方案文件, 可重复.")
@click.option("--out", type=FOLDER, required=True, help="结果文件夹; 没有则新建.")
@click.option("--skip-bad-rows", is_flag=True, help="跳过有误的行; 不加则有一行有误就不评分.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet", "xlsx"]), default="csv", help="结果文件形式.")
@click.option("--header", type=click.Choice(["en", "zh"]), default="en", help="结果文件列名的语言.")
@click.option("--analysis", is_flag=True, help="另写评分松紧、一致性、评分质量提示 (仅供 HR 参考).")
@click.option("--fairness", is_flag=True, help="另写公平性分析 (仅限 HR; 需要分组文件 fairness).")
@output_option
@pass_settings
def run(
    settings: Settings, /, source: Path, out: Path, schemes: Sequence[Path], output: str, **options: object
) -> Exit:
    """用文件评分, 不连任何平台; 结果和 manifest.json 写到 --out."""
    from huoban_perf.cli.score_report import notes_text, run_json, run_text
    from huoban_perf.exchange import Request, read_schemes, score_folder

    asked = tuple(name for name in ("analysis", "fairness") if options.pop(name))
    request = Request(tool=f"huoban-perf {__version__}", asked=asked, **options)  # type: ignore[arg-type]  # click checked the words
    with busy("progress.score", locale=settings.locale):
        outcome = score_folder(source, schemes=read_schemes(schemes), out=out, request=request)
    if outcome.notes or outcome.skipped:
        show_note(notes_text(outcome, locale=settings.locale))
    show(run_json(outcome), run_text(outcome, locale=settings.locale), output)
    return Exit.DONE


@score_command.command("explain")
@click.argument("person")
@click.option("--cycle", default=None, help="考核周期名称; 只有一个周期时可省略.")
@click.option("--run", "stored", default=None, help="解释一次已存的运行 (latest 为最近一次), 不读工作区.")
@from_option
@scheme_option
@output_option
@pass_settings
def explain(settings: Settings, /, person: str, cycle: str | None, output: str, **options: object) -> Exit:
    """逐行说明 PERSON (工号、部门编码或考核单 [周期|工号]) 的得分; 各行相加等于总分."""
    from huoban_perf.cli.score_report import parse_subject, receipt_json, receipt_lines_text
    from huoban_perf.exchange import explain_subject

    asked = parse_subject(person, cycle=cycle)
    if not options["stored"] and not options["source"]:
        return _explain_live(settings, asked.code, asked.cycle, cast("OutputForm", output))
    source = find_source(settings, **options)
    with busy("progress.score", locale=settings.locale):
        receipt = explain_subject(source.folder, schemes=source.schemes, kind=asked.kind, subject=asked.code)
    show(receipt_json(receipt, source=source.label), receipt_lines_text(receipt), output)
    return Exit.DONE


@score_command.command("simulate")
@click.argument("stored", metavar="[RUN]", default=None, required=False)
@from_option
@scheme_option
@click.option("--set", "changes", multiple=True, metavar="PATH=VALUE", help="改方案一处, 例如 parts.kpi_weight=60.")
@click.option("--only", default="", help="--set 只改这个方案 (默认全部).")
@click.option("--change-to", type=FOLDER, multiple=True, help="换成这份方案文件.")
@click.option("--with", "instead", type=FOLDER, multiple=True, help="换掉一种输入, 例如 rater_adjustments.csv.")
@click.option(
    "--adjust",
    type=click.Choice(["none", "l2", "l3"]),
    default=None,
    help="评分松紧: 不校正, 或采用加性 (l2)、收缩 (l3) 估计.",
)
@click.option("--all", "is_all", is_flag=True, help="列出每个有变化的人, 不只是等级变化的.")
@output_option
@pass_settings
def simulate(settings: Settings, /, output: str, is_all: bool, **options: object) -> Exit:
    """试算: 换权重、上下限、等级线、名额后谁会变动. RUN 默认最近一次运行; 不写任何数据."""
    from huoban_perf.cli.score_report import simulation_json, simulation_text
    from huoban_perf.exchange import simulate as simulate_folder

    what_if = _what_if(options)
    picked = {name: options[name] for name in ("stored", "source", "schemes")}
    source = find_source(settings, **picked)
    with busy("progress.score", locale=settings.locale):
        outcome = simulate_folder(source.folder, schemes=source.schemes, what_if=what_if)
    text = simulation_text(outcome, source=source.label, is_all=is_all, locale=settings.locale)
    show(simulation_json(outcome, source=source.label), text, output)
    return Exit.DONE


@score_command.command("replay")
@click.argument("stored", metavar="RUN|DIR")
@click.option("--from", "source", type=FOLDER, default=None, help="DIR 的输入现在在这个文件夹 (默认原处).")
@output_option
@pass_settings
def replay(settings: Settings, stored: str, source: Path | None, output: str) -> Exit:
    """复算一次已存的运行 (latest 为最近一次) 或 score run 的结果文件夹 DIR, 与当时的结果逐字节比较."""
    from huoban_perf.cli.score_report import replay_json, replay_text
    from huoban_perf.exchange import is_run_folder, replay_folder

    with busy("progress.score", locale=settings.locale):
        if source is not None or is_run_folder(Path(stored)):
            run, outcome = Path(stored).resolve().name, replay_folder(Path(stored), source=source)
        else:
            run, outcome = _replay_stored(settings, stored)
    text = replay_text(outcome, run=run, is_intact=outcome.is_intact, locale=settings.locale)
    show(replay_json(outcome, run=run, is_intact=outcome.is_intact), text, output)
    return Exit.DONE if outcome.is_intact and not outcome.differences else Exit.ERROR


def _replay_stored(settings: Settings, stored: str) -> tuple[str, Replay]:
    from huoban_perf.exchange import replay_results
    from huoban_perf.sync.runs import RunStore, files_digest

    found = find_source(settings, stored=stored)
    manifest, folder = RunStore(folder=settings.profile().runs_dir).load(run=found.label)
    is_intact = files_digest(sorted(found.folder.glob("*.csv"))) == manifest.input_digest
    outcome = replay_results(found.folder, schemes=found.schemes, stored=folder / "results")
    return found.label, replace(outcome, is_intact=is_intact)


@score_command.command("files")
@click.argument("name", default="")
@output_option
@pass_settings
def files(settings: Settings, name: str, output: str) -> Exit:
    """列出输入文件和结果文件; 给出 NAME (中文或英文) 则列出它的列."""
    from huoban_perf.cli.score_names import files_json, files_text

    show(files_json(name), files_text(name, locale=settings.locale), output)
    return Exit.DONE


def _explain_live(settings: Settings, code: str, cycle: str | None, form: OutputForm) -> Exit:
    from tempfile import TemporaryDirectory

    from huoban_perf.cli.deployed import deployed_app, wish_of
    from huoban_perf.sync.cycle_row import only_cycle
    from huoban_perf.sync.runs import RunStore
    from huoban_perf.sync.score import run_score

    with (
        settings.site() as site,
        progress(locale=settings.locale, form=form) as reporter,
        TemporaryDirectory() as passing,
    ):
        wish = wish_of(site.profile)
        app = deployed_app(site, wish, clock=settings.clock, progress=reporter)
        outcome = run_score(
            app,
            extract_map=wish.extract_map,
            cycle=cycle or only_cycle(app),
            runs=RunStore(folder=Path(passing)),
            apply=False,
        )
    lines = outcome.scores.receipt_lines(code)
    content = {"format_version": 1, "cycle": outcome.cycle.name, "person": code, "lines": list(lines)}
    show(content, "\n".join(lines), form)
    return Exit.DONE


def _what_if(options: Mapping[str, object]) -> WhatIf:
    from huoban_perf.exchange import WhatIf, read_schemes
    from huoban_perf.exchange.scheme_files import read_changes

    files = cast("Sequence[Path]", options["change_to"])
    what_if = WhatIf(
        changes=read_changes(cast("Sequence[str]", options["changes"])),
        schemes=read_schemes(files) if files else {},
        only=str(options["only"]),
        instead=cast("Sequence[Path]", options["instead"]),
        adjust=cast('Literal["", "none", "l2", "l3"]', options["adjust"] or ""),
    )
    if not (what_if.changes or what_if.schemes or what_if.instead or what_if.adjust):
        raise ScoringError("exchange.nothing_supposed")
    return what_if
