"""``export template|workbook``: what a company has, as the files of a template, or as a workbook to work in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import cast

import click

from huoban_perf.cli.deployed import wish_of
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.cli.usage import WordError
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels
from huoban_perf.deploy import Exported, Named, Vocabulary, export_template
from huoban_perf.template import find_template, lint_template


@click.group("export")
def export_command() -> None:
    """导出: template 现有的表写成模板, workbook 数据写成 Excel."""


@export_command.command("workbook")
@click.argument("what", metavar="表|results|calibration")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="写到哪个 .xlsx 文件.")
@click.option("--view", default="", metavar="视图", help="只要这个视图的行、列和次序.")
@click.option("--cycle", default="", metavar="周期", help="只要这个周期的行.")
@click.option("--viewer", default="", metavar="工号", help="谁来用: 关于他本人的行不导出.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def workbook(settings: Settings, /, what: str, out: Path, **options: str) -> Exit:
    """把表、视图、公布结果或校准盘导出为可改的 Excel. 只读工作区."""
    from huoban_perf.cli.workshop import open_workshop
    from huoban_perf.cycle.workbooks.outgoing import ExportRequest, outgoing
    from huoban_perf.documents.writing import writing
    from huoban_perf.exchange.table_workbook import write_workbook

    request = ExportRequest(what=what, **{name: options[name] for name in ("view", "cycle", "viewer")})
    form = cast("OutputForm", options["output"])
    with progress(locale=settings.locale, form=form) as reporter:
        with open_workshop(settings, reporter) as shop:
            found = outgoing(shop.context(""), request, workspace=str(shop.site.workspace))
        with writing(out):
            write_workbook(found, out, progress=reporter)
    editable = [column.header for column in found.columns if column.editable]
    if form == "json":
        content = {"table": found.origin.table, "rows": found.origin.rows, "editable": editable, "file": str(out)}
        show_json({"format_version": 1, **content})
        return Exit.DONE
    said: dict[str, FactValue] = {"what": found.title, "rows": found.origin.rows, "file": str(out)}
    said["columns"] = tuple(editable)
    codes = ["cli.workbook_exported", "cli.workbook_editable" if editable else "cli.workbook_read_only"]
    show_text(folded("\n".join(text(code, locale=settings.locale, facts=said) for code in codes)))
    return Exit.DONE


@export_command.command("template")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="写到哪个文件夹 (须为空).")
@click.option("--app", "app_key", default="company", show_default=True, help="新应用的键 (小写字母、数字、下划线).")
@click.option("--table", "only", multiple=True, metavar="表名或ID", help="只要这张表, 可写多次.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def template(settings: Settings, out: Path, app_key: str, only: tuple[str, ...], output: str) -> Exit:
    """把工作区现有的表、字段、选项、关联写成模板文件. 只读工作区; 认领回去不会有任何改动."""
    if out.exists() and any(out.iterdir()):
        raise WordError("usage.not_empty", folder=str(out))
    profile = settings.profile()
    vocabulary = Vocabulary.of(wish_of(profile).schema)
    with settings.site(profile) as site:
        observed = site.connection.schema_source.observe(workspace=site.workspace)
    app = Named(app_key, Labels(profile.workspace, app_key.replace("_", " ").capitalize()))
    exported = export_template(observed, app=app, vocabulary=vocabulary, only=only)
    _write(exported, out, beside=find_template(profile.template))
    findings = lint_template(str(out))
    problems = [problem_line(one.problem, locale=settings.locale) for one in findings if one.severity == "error"]
    if output == "json":
        show_json({"format_version": 1, **_facts(exported), "files": sorted(exported.files), "problems": problems})
    else:
        show_text(folded("\n".join(_lines(exported, out, problems, settings))))
    return Exit.INVALID if problems else Exit.DONE


def _write(exported: Exported, out: Path, *, beside: Path) -> None:
    """Write the files; parameters and scheme, which no workspace shows, are those of the profile's template."""
    for name, content in exported.files.items():
        file = out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    for name in ("parameters.yaml", "scheme.yaml"):
        if (beside / name).is_file():
            shutil.copyfile(beside / name, out / name)


def _facts(exported: Exported) -> dict[str, object]:
    kinds = [address.kind.value for address in exported.adopt]
    counts = {name: kinds.count(name.removesuffix("s")) for name in ("tables", "fields", "options")}
    return {**counts, "left_out": list(exported.left_out), "without_fields": list(exported.titleless)}


def _lines(exported: Exported, out: Path, problems: list[str], settings: Settings) -> list[str]:
    facts: dict[str, FactValue] = {name: str(value) for name, value in _facts(exported).items()}
    lines = [text("cli.exported", locale=settings.locale, facts={**facts, "folder": str(out)})]
    lines += [text("cli.export_left_out", locale=settings.locale, facts={"name": name}) for name in exported.left_out]
    lines += [text("cli.export_no_fields", locale=settings.locale, facts={"name": name}) for name in exported.titleless]
    if problems:
        return [*lines, text("cli.export_to_mend", locale=settings.locale), *problems]
    return [*lines, text("cli.export_next", locale=settings.locale, facts={"folder": str(out)})]
