"""``migrate``: an app with its items from one profile's workspace to another's."""

from __future__ import annotations

from pathlib import Path

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.migration import Asked, open_mover
from huoban_perf.cli.migration_report import carried_lines, json_of, preview_lines
from huoban_perf.cli.render import folded, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.sync.move import read_people


@click.command("migrate")
@click.option("--from", "source", required=True, metavar="配置", help="从哪个配置的工作区搬.")
@click.option("--to", "target", required=True, metavar="配置", help="搬到哪个配置的工作区.")
@click.option(
    "--people",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=None,
    help="人员对照 CSV, 列 from 和 to (姓名、邮箱或 ID).",
)
@click.option("--invite", is_flag=True, help="新处没有账号的人, 按姓名和工号邀请 (平台允许时).")
@click.option("--accept-losses", is_flag=True, help="搬不过去的不搬, 其余照搬.")
@click.option("--overwrite", is_flag=True, help="新处被人改过或删掉的, 以旧处为准.")
@click.option("--yes", is_flag=True, help="执行; 不加则只显示会搬什么、搬不了什么.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def migrate_command(
    settings: Settings, /, source: str, target: str, people: Path | None, yes: bool, output: str, **flags: bool
) -> Exit:
    """搬家: 把应用连同数据搬到另一个工作区或另一个平台, 最后两边逐格核对. 可随时中断, 再运行一次接着搬; 从不删除."""
    asked = Asked(listed=read_people(people) if people else {}, **flags)
    with progress(locale=settings.locale, form="json" if output == "json" else "text") as reporter:
        with open_mover(settings, source, target, asked, reporter) as mover:
            preview = mover.preview()
            if not yes:
                lines = preview_lines(mover, preview, locale=settings.locale)
                show_json(json_of(mover, preview, None)) if output == "json" else show_text(folded("\n".join(lines)))
                return Exit.DONE
            mover.demand_consent(preview)
        with open_mover(settings, source, target, asked, reporter, create=True) as mover:
            moved = mover.perform(preview)
            lines = carried_lines(mover, moved, locale=settings.locale)
            show_json(json_of(mover, preview, moved)) if output == "json" else show_text(folded("\n".join(lines)))
    return Exit.DONE if moved.carried.comparison.is_same else Exit.ERROR
