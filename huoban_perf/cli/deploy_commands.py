"""``plan``, ``apply``, ``drift``, ``doctor``: the deployer, for admins with a live workspace."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import click

from huoban_perf.cli.deploy_report import apply_lines, doctor_report, drift_lines, loss_lines, plan_json, plan_lines
from huoban_perf.cli.deployed import wish_of
from huoban_perf.cli.desk import Desk, addresses, open_desk, tables
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.plane_report import finding_lines, finding_records, note_caution
from huoban_perf.cli.promotion_report import promoted, promotion_lines, stand_at
from huoban_perf.cli.render import OutputForm, folded, progress, show_json, show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Locale
from huoban_perf.core.ports import Verdict
from huoban_perf.core.schema import DEFINITION_KINDS
from huoban_perf.deploy import Consent, Plan, Promotion, Step, apply_plan, demand_ready, drift, manual_sheet

_ON_SCREEN = 20
"""More views, permission groups and the like than this are left to the guide."""
Addresses = tuple[Address, ...]
_OUTPUT = click.option(
    "-o", "--output", type=click.Choice(["text", "json", "markdown"]), default="text", help="输出形式."
)
_ONLY = click.option("--only", multiple=True, metavar="表", callback=tables, help="只看这张表和它所需的, 可写多次.")
_FROM = click.option(
    "--from-profile", default=None, metavar="配置", help="把该配置里已做完的推广到这里, 并列出两边的不同."
)
_DETAILED = click.option("--detailed-exitcode", is_flag=True, help="有差异时退出码为 2.")


def _consent(*, overwrite: Addresses, allow_delete: Addresses, allow_change: Addresses) -> Consent:
    return Consent(overwrite=frozenset(overwrite), delete=frozenset(allow_delete), change=frozenset(allow_change))


def _saved_plan(file: Path) -> Plan:
    """Read what ``plan --out`` wrote; PlanError when it is damaged, edited or no text at all."""
    return Plan.from_json(file.read_text(encoding="utf-8", errors="replace"), source=str(file))


def _show_preview(plan: Plan, promotion: Promotion | None, *, form: OutputForm, locale: Locale) -> None:
    if form == "json":
        show_json(plan_json(plan))
        show_note(text("cli.apply_needs_yes", locale=locale))
    else:
        lines = [*promotion_lines(promotion, locale=locale), *plan_lines(plan, locale=locale)]
        show_text(folded("\n".join(lines)))
        show_text(text("cli.apply_needs_yes", locale=locale))


@click.command("plan")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="把计划存成文件.")
@_ONLY
@_FROM
@_DETAILED
@_OUTPUT
@pass_settings
def plan_command(
    settings: Settings,
    /,
    out: Path | None,
    only: Addresses,
    from_profile: str | None,
    detailed_exitcode: bool,
    output: str,
) -> Exit:
    """比较模板与工作区, 列出要做的事; 程序做不了的列成手工清单. 只读."""
    source = None if from_profile is None else stand_at(settings, from_profile)
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        plan = desk.plan(Consent(), only=frozenset(only))
        promotion = promoted(source, desk, plan)
        note_caution(plan, desk.site.connection.capabilities, locale=settings.locale)
        if out is not None:
            demand_ready(promotion)
            out.write_text(plan.to_json(), encoding="utf-8")
        if output == "json":
            more = {} if promotion is None else {"promotion": promotion.model_dump(mode="json")}
            show_json({**plan_json(plan), **more, "traffic": desk.calls()})
        else:
            lines = [*promotion_lines(promotion, locale=settings.locale), *plan_lines(plan, locale=settings.locale)]
            show_text(folded("\n".join([*lines, text("cli.calls", locale=settings.locale, facts={**desk.calls()})])))
            _show_sheet(plan.manual_steps, desk, settings, form=cast("OutputForm", output))
    if promotion is not None and not promotion.is_ready:
        return Exit.REFUSED
    return Exit.DIFFERENCES if detailed_exitcode and not plan.is_empty else Exit.DONE


def _show_sheet(steps: tuple[Step, ...], desk: Desk, settings: Settings, *, form: OutputForm) -> None:
    """Print what a person has to do, if anything; on a screen only a pointer to the guide for what would fill pages."""
    defined = [step for step in steps if step.address.kind in DEFINITION_KINDS]
    if form == "text" and len(defined) > _ON_SCREEN:
        steps = tuple(step for step in steps if step not in defined)
        show_text(folded(text("cli.sheet_elsewhere", locale=settings.locale, facts={"count": len(defined)})))
    if steps:
        show_text(
            manual_sheet(
                steps,
                desired=desk.wish.schema,
                names=desk.site.profile.locale,
                locale=settings.locale,
                form="markdown" if form == "markdown" else "text",
            )
        )


@click.command("apply")
@click.argument("saved", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--yes", is_flag=True, help="执行; 不加则只显示计划.")
@click.option("--overwrite", multiple=True, metavar="地址", callback=addresses, help="此处冲突以模板为准, 可写多次.")
@click.option("--allow-delete", multiple=True, metavar="地址", callback=addresses, help="同意删除 (模板也须同意).")
@click.option("--allow-change", multiple=True, metavar="地址", callback=addresses, help="同意超出比例的改动.")
@_ONLY
@_FROM
@_OUTPUT
@pass_settings
def apply_command(
    settings: Settings,
    /,
    saved: Path | None,
    yes: bool,
    only: Addresses,
    from_profile: str | None,
    output: str,
    **consents: Addresses,
) -> Exit:
    """执行计划: 建表、建字段, 并回读核对. SAVED 是 plan --out 存下的文件; 给了它就只执行它."""
    form = cast("OutputForm", output)
    source = None if from_profile is None else stand_at(settings, from_profile)
    with progress(locale=settings.locale, form=form) as reporter, open_desk(settings, reporter) as desk:
        plan = _saved_plan(saved) if saved else desk.plan(_consent(**consents), only=frozenset(only))
        promotion = promoted(source, desk, plan)
        note_caution(plan, desk.site.connection.capabilities, locale=settings.locale)
        said = (*promotion_lines(promotion, locale=settings.locale), *loss_lines(plan, locale=settings.locale))
        if not (yes or saved) and not plan.is_empty:
            _show_preview(plan, promotion, form=form, locale=settings.locale)
            return Exit.DONE
        demand_ready(promotion)
        if said:
            (show_note if form == "json" else show_text)(folded("\n".join(said)))
        report = apply_plan(
            plan=plan, desired=desk.wish.schema, target=desk.target, store=desk.store, observed=desk.observed
        )
        if form == "json":
            content = report.model_dump(mode="json")
            show_json({"format_version": report.format, **content, "traffic": desk.calls(report)})
        else:
            calls = text("cli.calls", locale=settings.locale, facts={**desk.calls(report)})
            show_text(folded("\n".join([*apply_lines(report, locale=settings.locale), calls])))
            _show_sheet(report.pending, desk, settings, form=form)
    if report.problems or report.unsettled:
        return Exit.ERROR
    return Exit.MANUAL_STEPS if report.pending or report.waiting else Exit.DONE


@click.command("drift")
@_DETAILED
@_OUTPUT
@pass_settings
def drift_command(settings: Settings, detailed_exitcode: bool, output: str) -> Exit:
    """列出工作区被手工改动的地方; 只读, 从不写入."""
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        report = drift(
            desired=desk.wish.schema,
            observed=desk.observed,
            state=desk.state,
            capabilities=desk.site.connection.capabilities,
            locale=desk.site.profile.locale,
            moved=desk.moved,
        )
    if output == "json":
        show_json({"format_version": report.format, **report.model_dump(mode="json")})
    else:
        show_text(folded("\n".join(drift_lines(report, locale=settings.locale))))
    return Exit.DIFFERENCES if detailed_exitcode and not report.is_empty else Exit.DONE


@click.command("doctor")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def doctor_command(settings: Settings, output: str) -> Exit:
    """检查 Key、工作区、可用能力、模板, 不改动任何东西."""
    profile = settings.profile()
    wish = wish_of(profile)
    with settings.site(profile) as site:
        report = doctor_report(site, wish, clock=settings.clock, locale=settings.locale)
        prober = site.connection.prober
        findings = () if prober is None else prober.probe(workspace=site.workspace)
    if output == "json":
        show_json({"format_version": 1, **report, "planes": finding_records(findings, locale=settings.locale)})
    else:
        lines = [
            text(f"cli.doctor_{name}", locale=settings.locale, facts={"value": value}) for name, value in report.items()
        ]
        show_text("\n".join([*lines, *finding_lines(findings, locale=settings.locale)]))
    return Exit.NO_ACCESS if any(finding.verdict is Verdict.REFUSED for finding in findings) else Exit.DONE
