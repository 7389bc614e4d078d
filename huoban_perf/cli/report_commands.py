"""``report person|cycle``: what people read about results, as files. The workspace is only read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.cli.usage import WordError
from huoban_perf.core.errors import FactValue

if TYPE_CHECKING:
    from huoban_perf.documents.cycle_report import Audience, Report
    from huoban_perf.documents.sheets import SheetForm
    from huoban_perf.documents.sheets.collect import Sheets

_FOLDER = click.Path(path_type=Path, file_okay=False)
_PROGRAM = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group("report")
def report_command() -> None:
    """报告: person 个人结果单, cycle 周期报告."""


@report_command.command("person")
@click.argument("numbers", metavar="[工号]...", nargs=-1)
@click.option("--cycle", required=True, help="周期名称.")
@click.option("--out", required=True, type=_FOLDER, help="写到哪个文件夹; 没有则新建.")
@click.option("--all", "everyone", is_flag=True, help="每个已公布的人一份.")
@click.option("--department", default="", metavar="部门", help="这个部门 (含下级部门) 每人一份.")
@click.option("--format", "form", type=click.Choice(["html", "pdf", "both"]), default="html", help="文件形式.")
@click.option("--names", is_flag=True, help="文件名带姓名; 不加则只有周期和工号.")
@click.option("--preview", is_flag=True, help="HR 核对用: 未公布的也出, 每页带水印.")
@click.option("--viewer", default="", metavar="工号", help="--preview: 谁来核对; 公布前没有他本人的.")
@click.option("--browser", type=_PROGRAM, default=None, help="打印 PDF 的 Chromium; 默认在 PATH 里找.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def person(settings: Settings, /, numbers: tuple[str, ...], cycle: str, out: Path, **options: object) -> Exit:
    """个人结果单, 每人一页, 只出已公布的: 结果、明细、评价、下一步、申诉."""
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.documents.sheets import SheetFiles, SheetRequest, collect_sheets, write_sheets

    department, form = str(options["department"]), cast("OutputForm", options["output"])
    if (bool(numbers), bool(options["everyone"]), bool(department)).count(True) != 1:
        raise WordError("usage.whose_sheets")
    request = SheetRequest(
        cycle=cycle,
        numbers=numbers,
        department=department,
        preview=bool(options["preview"]),
        viewer=str(options["viewer"]),
    )
    with progress(locale=settings.locale, form=form) as reporter:
        with open_workshop(settings, reporter) as shop:
            found = collect_sheets(shop.app, request)
        how = SheetFiles(
            form=cast("SheetForm", options["form"]),
            with_names=bool(options["names"]),
            browser=cast("Path | None", options["browser"]),
            progress=reporter,
        )
        files = write_sheets(found.sheets, out, files=how)
    if form == "json":
        show_json({"format_version": 1, **_facts(found, out), "files": [str(file) for file in files]})
    else:
        show_text(folded("\n".join(_lines(settings, found, out))))
    return Exit.DONE


@report_command.command("cycle")
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="写到哪个 HTML 文件.")
@click.option(
    "--as", "role", type=click.Choice(["hr", "manager", "executive"]), default="hr", show_default=True, help="给谁看."
)
@click.option("--department", default="", metavar="部门", help="--as manager: 哪个部门 (含下级部门).")
@click.option("--viewer", default="", metavar="工号", help="看报告的人; 公布前不含他自己的结果.")
@click.option("--fairness", is_flag=True, help="加公平性筛查: 只给有权看分组的人.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def cycle(settings: Settings, /, name: str, out: Path, **options: object) -> Exit:
    """周期报告, 一个 HTML 文件: 进展、等级、校准、评价质量、战略、卡点."""
    from huoban_perf.cli.texts import problem_line
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.documents.cycle_report import Audience, Role, Sources, cycle_report, write_report

    role, department, form = str(options["role"]), str(options["department"]), cast("OutputForm", options["output"])
    if (role == "manager") != bool(department):
        raise WordError("usage.report_department")
    if options["fairness"] and role != "hr":
        raise WordError("usage.report_fairness")
    audience = Audience(
        role=cast("Role", role),
        department=department,
        viewer=str(options["viewer"]),
        fairness=bool(options["fairness"]),
    )
    with progress(locale=settings.locale, form=form) as reporter, open_workshop(settings, reporter) as shop:
        sources = Sources(
            context=shop.context(name),
            extract_map=shop.wish.extract_map,
            say=lambda problem: problem_line(problem, locale="zh"),
        )
        report = cycle_report(sources, audience)
        write_report(report, out)
    if form == "json":
        show_json(_report_json(report, out))
    else:
        show_text(folded("\n".join(_report_lines(settings, report, audience, out))))
    return Exit.DONE


def _report_json(report: Report, out: Path) -> dict[str, object]:
    return {
        "format_version": 1,
        "cycle": report.cycle,
        "file": str(out),
        "sections": [section.key for section in report.sections],
        "absent": {part.title: part.why for part in report.absent},
    }


def _report_lines(settings: Settings, report: Report, audience: Audience, out: Path) -> list[str]:
    facts: dict[str, FactValue] = {"readers": report.readers, "sections": len(report.sections), "file": str(out)}
    lines = [text("cli.report_written", locale=settings.locale, facts=facts)]
    if report.absent:
        names: dict[str, FactValue] = {"count": len(report.absent), "names": tuple(one.title for one in report.absent)}
        lines.append(text("cli.report_absent", locale=settings.locale, facts=names))
    if not report.is_released and audience.role != "manager" and not audience.viewer:
        lines.append(text("cli.report_viewer", locale=settings.locale))
    return lines


def _facts(found: Sheets, out: Path) -> dict[str, FactValue]:
    return {
        "count": len(found.sheets),
        "previews": sum(sheet.is_preview for sheet in found.sheets),
        "unreleased": found.unreleased,
        "left_out": found.left_out,
        "folder": str(out),
    }


def _lines(settings: Settings, found: Sheets, out: Path) -> list[str]:
    facts = _facts(found, out)
    said = ["cli.sheets_written"]
    if facts["previews"]:
        said.append("cli.sheets_preview")
    if found.unreleased:
        said.append("cli.sheets_unreleased")
    if found.left_out:
        said.append("cli.sheets_left_out")
    return [text(code, locale=settings.locale, facts=facts) for code in said]
