"""``template list|show|lint|diff|docs|schema``: everything about templates that needs no network."""

from __future__ import annotations

from pathlib import Path

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import folded, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.template_report import (
    PARTS,
    diff_json,
    diff_lines,
    part_json,
    part_text,
    trace_json,
    trace_text,
)
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels
from huoban_perf.template import FILE_KINDS, FileKind, sizes

_NAME = click.argument("name", default="performance")
_PARAMETERS = click.option(
    "--parameters", type=click.Path(path_type=Path, dir_okay=False), default=None, help="公司自己的参数文件."
)
_OUTPUT = click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")


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
@click.option("--part", type=click.Choice(PARTS), default="tables", help="看哪一部分.")
@_OUTPUT
@pass_settings
def show(settings: Settings, name: str, parameters: Path | None, part: str, output: str) -> None:
    """列出一个模板的表、视图、表单、权限、状态流转、页面、自动化、搭建步骤, 以及流程各环节由什么支撑."""
    from huoban_perf.template import compile_schema, load_template

    template = load_template(name, parameters=parameters)
    schema = compile_schema(template)
    if output == "json":
        shown = trace_json(template) if part == "trace" else part_json(schema, part)
        show_json({"format_version": 1, "template": name, "counts": sizes(schema), part: shown})
    elif part == "trace":
        show_text(trace_text(template, locale=settings.locale))
    else:
        show_text(part_text(schema, part, locale=settings.locale))


@template_command.command("diff")
@click.argument("old")
@click.argument("new")
@_PARAMETERS
@_OUTPUT
@pass_settings
def diff(settings: Settings, old: str, new: str, parameters: Path | None, output: str) -> None:
    """比较两个模板 (名称或文件夹), 按地址列出改动和风险, 最要紧的在前."""
    from huoban_perf.template import diff_templates, load_template

    differences = diff_templates(load_template(old), load_template(new, parameters=parameters))
    if output == "json":
        show_json({"format_version": 1, "old": old, "new": new, "differences": diff_json(differences)})
    else:
        show_text(folded("\n".join(diff_lines(differences, locale=settings.locale))))


@template_command.command("lint")
@_NAME
@_PARAMETERS
@_OUTPUT
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


@template_command.command("docs")
@_NAME
@_PARAMETERS
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="写成哪个 HTML 文件.")
@pass_settings
def docs(settings: Settings, name: str, parameters: Path | None, out: Path) -> None:
    """把模板写成一份中文使用手册 (一个 HTML 文件, 可打印): 流程图、关系图、每个人做什么、每张表."""
    from huoban_perf.documents import handbook_of, write_handbook
    from huoban_perf.template import compile_schema, load_template, trace_of

    template = load_template(name, parameters=parameters)
    labels = template.app.model.labels
    served = tuple(trace_of(template))
    book = handbook_of(compile_schema(template), name=Labels(labels.zh, labels.en), served=served)
    write_handbook(book, out)
    facts: dict[str, FactValue] = {"roles": len(book.roles), "tables": len(book.tables), "file": str(out)}
    show_text(folded(text("documents.handbook", locale=settings.locale, facts=facts)))


@template_command.command("schema")
@click.argument("kind", type=click.Choice(FILE_KINDS), default="table")
def schema(kind: FileKind) -> None:
    """打印一类模板文件的 JSON Schema, 供编辑器补全和检查."""
    from huoban_perf.template import json_schema

    show_json(json_schema(kind))
