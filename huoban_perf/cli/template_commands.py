"""``template list|show|lint|schema``: everything about templates that needs no network."""

from __future__ import annotations

from pathlib import Path

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import show_json, show_text, table
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue

_NAME = click.argument("name", default="performance")
_PARAMETERS = click.option(
    "--parameters", type=click.Path(path_type=Path, dir_okay=False), default=None, help="公司自己的参数文件."
)


@click.group("template")
def template_command() -> None:
    """应用模板: 离线查看与检查."""


@template_command.command("list")
def list_templates() -> None:
    """列出可用的模板."""
    from huoban_perf.template import template_names

    show_text("\n".join(template_names()))


@template_command.command("show")
@_NAME
@_PARAMETERS
@pass_settings
def show(settings: Settings, name: str, parameters: Path | None) -> None:
    """列出一个模板的表和字段数."""
    from huoban_perf.template import compile_schema, load_template

    schema = compile_schema(load_template(name, parameters=parameters))
    rows = [
        (spec.key, spec.labels.in_locale(settings.locale), str(len(spec.fields)), spec.key_field or "-")
        for spec in schema.tables
    ]
    header = text("cli.template_columns", locale=settings.locale).split("|")
    show_text(table(rows, header=header, right=(2,)))


@template_command.command("lint")
@_NAME
@_PARAMETERS
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def lint(settings: Settings, name: str, parameters: Path | None, output: str) -> Exit:
    """检查模板, 一次列出全部问题 (文件:行)."""
    from huoban_perf.template import lint_template

    findings = lint_template(name, parameters=parameters)
    errors = [finding for finding in findings if finding.severity == "error"]
    lines = [problem_line(finding.problem, locale=settings.locale) for finding in findings]
    if output == "json":
        show_json({"format_version": 1, "template": name, "errors": len(errors), "problems": lines})
    else:
        facts: dict[str, FactValue] = {"template": name, "errors": len(errors), "warnings": len(findings) - len(errors)}
        show_text("\n".join([*lines, text("cli.lint_summary", locale=settings.locale, facts=facts)]))
    return Exit.INVALID if errors else Exit.DONE


@template_command.command("schema")
def schema() -> None:
    """打印表格文件的 JSON Schema, 供编辑器补全和检查."""
    from huoban_perf.template import table_json_schema

    show_json(table_json_schema())
