"""``score analyse|adopt|export``: severity and agreement of raters, adopting adjustments, one person's own data.

``analyse`` writes only with ``--out``; ``adopt`` writes one file that a later run takes as input, and no live data.
"""

from __future__ import annotations

from pathlib import Path

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import busy
from huoban_perf.cli.score_sources import FOLDER, find_source, from_option, output_option, scheme_option, show
from huoban_perf.cli.session import Settings, pass_settings


@click.command("analyse")
@click.argument("stored", metavar="[RUN]", default=None, required=False)
@from_option
@scheme_option
@click.option("--fairness", is_flag=True, help="比较各组的等级分布 (仅限 HR; 需要分组文件 fairness).")
@click.option("--out", type=FOLDER, default=None, help="把分析结果写到这个文件夹.")
@output_option
@pass_settings
def analyse(settings: Settings, /, output: str, fairness: bool, out: Path | None, **options: object) -> Exit:  # noqa: FBT001 - click's flag
    """分析评分松紧、一致性和评分质量, 并列出采用校正后谁会变等级. RUN 默认最近一次运行; 仅供参考."""
    from huoban_perf.cli.score_analysis_report import analysis_json, analysis_text
    from huoban_perf.exchange import analyse_folder

    source = find_source(settings, **options)
    with busy("progress.score", locale=settings.locale):
        report = analyse_folder(source.folder, schemes=source.schemes, fairness=fairness, out=out)
    text = analysis_text(report, source=source.label, locale=settings.locale)
    show(analysis_json(report, source=source.label), text, output)
    return Exit.DONE


@click.command("adopt")
@click.argument("stored", metavar="[RUN]", default=None, required=False)
@from_option
@scheme_option
@click.option("--name", required=True, help="快照名称, 例如 2026Q3.")
@click.option("--approver", required=True, help="批准人 (工号或姓名), 计入快照校验码.")
@click.option("--out", type=FOLDER, required=True, help="快照文件 rater_adjustments.csv 写到这个文件夹.")
@output_option
@pass_settings
def adopt(settings: Settings, /, name: str, approver: str, out: Path, output: str, **options: object) -> Exit:
    """把评分松紧校正值 (收缩估计) 存成批准过的快照; 方案写明快照名称后, 评分才会采用."""
    from huoban_perf.cli.score_analysis_report import snapshot_json, snapshot_text
    from huoban_perf.exchange import adopt_adjustments

    source = find_source(settings, **options)
    with busy("progress.score", locale=settings.locale):
        made = adopt_adjustments(source.folder, schemes=source.schemes, name=name, approver=approver, out=out)
    show(snapshot_json(made), snapshot_text(made, locale=settings.locale), output)
    return Exit.DONE


@click.command("export")
@click.argument("person")
@click.option("--run", "stored", default=None, help="已存的运行 (latest 为最近一次).")
@from_option
@scheme_option
@click.option("--out", type=FOLDER, required=True, help="写到这个 Excel 文件 (.xlsx).")
@output_option
@pass_settings
def export(settings: Settings, /, person: str, out: Path, output: str, **options: object) -> Exit:
    """导出 PERSON (工号) 本人的数据: 结果、最终等级、奖金、得分明细、可见的评价分组、本人提交的评价; 不含他人评分."""
    from huoban_perf.cli.texts import text
    from huoban_perf.exchange import export_person

    source = find_source(settings, **options)
    with busy("progress.score", locale=settings.locale):
        file = export_person(source.folder, schemes=source.schemes, person=person, out=out)
    said = text("analysis.exported", locale=settings.locale, facts={"file": str(file), "person": person})
    show({"format_version": 1, "person": person, "file": str(file)}, said, output)
    return Exit.DONE
