"""``plan``, ``apply``, ``drift``, ``adopt``, ``state``, ``doctor``: the deployer, for admins with a live workspace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click

from huoban_perf.cli.deploy_report import (
    apply_lines,
    doctor_report,
    drift_lines,
    plan_lines,
    proposal_lines,
    state_lines,
)
from huoban_perf.cli.deployed import Wish, owner_of, store_of, wish_of
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import OutputForm, progress, show_json, show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Locale
from huoban_perf.core.progress import Progress
from huoban_perf.core.schema import ObservedSchema
from huoban_perf.deploy import (
    Consent,
    DeployTarget,
    Plan,
    PlanOptions,
    StateFile,
    StateStore,
    adopt,
    apply_plan,
    drift,
    exact,
    make_plan,
    manual_sheet,
    proposals,
    survey,
)
from huoban_perf.profile import Site

_OUTPUT = click.option(
    "-o", "--output", type=click.Choice(["text", "json", "markdown"]), default="text", help="输出形式."
)
_DETAILED = click.option("--detailed-exitcode", is_flag=True, help="有差异时退出码为 2.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What every deploy command works with: wish, world, memory."""

    site: Site
    wish: Wish
    store: StateStore
    target: DeployTarget
    state: StateFile
    observed: ObservedSchema

    def plan(self, *, overwrite: frozenset[Address] = frozenset()) -> Plan:
        """Return what differs."""
        app = self.wish.template.app.model
        moved = {Address.parse(entry.from_): Address.parse(entry.to) for entry in app.moved}
        return make_plan(
            desired=self.wish.schema,
            observed=self.observed,
            state=self.state,
            capabilities=self.site.connection.capabilities,
            clock=self.target.clock,
            options=PlanOptions(locale=self.site.profile.locale, moved=moved, consent=Consent(overwrite=overwrite)),
        )


@contextmanager
def _desk(settings: Settings, reporter: Progress) -> Iterator[_Desk]:
    profile = settings.profile()
    wish = wish_of(profile)
    with settings.site(profile) as site:
        owner = owner_of(site, wish)
        store = store_of(site, wish)
        target = DeployTarget(connection=site.connection, owner=owner, clock=settings.clock, progress=reporter)
        yield _Desk(
            site=site,
            wish=wish,
            store=store,
            target=target,
            state=store.load(owner),
            observed=target.observe(),
        )


def _addresses(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> tuple[Address, ...]:
    """Read addresses; a usage error says how they are written."""
    return tuple(_address(word) for word in words)


def _bindings(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> dict[Address, str]:
    """Read ``address=id`` pairs; a usage error says how they are written."""
    pairs = [word.rpartition("=") for word in words]
    for word, (_, equals, remote) in zip(words, pairs, strict=True):
        if not equals or not remote:
            raise click.BadParameter(f"{word}: 应为 地址=ID, 例如 table:goal=2100000000000001.")
    return {_address(name): remote for name, _, remote in pairs}


def _address(word: str) -> Address:
    try:
        return Address.parse(word)
    except ValueError as error:
        raise click.BadParameter(
            f"{word}: 应为地址, 例如 table:goal、field:goal.weight、option:goal.kind.kr."
        ) from error


def _saved_plan(file: Path) -> Plan:
    """Read what ``plan --out`` wrote; PlanError when it is damaged, edited or no text at all."""
    return Plan.from_json(file.read_text(encoding="utf-8", errors="replace"), source=str(file))


def _show_preview(plan: Plan, *, form: OutputForm, locale: Locale) -> None:
    if form == "json":
        show_json({"format_version": plan.format, **plan.model_dump(mode="json")})
        show_note(text("cli.apply_needs_yes", locale=locale))
    else:
        show_text("\n".join(plan_lines(plan, locale=locale)))
        show_text(text("cli.apply_needs_yes", locale=locale))


@click.command("plan")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="把计划存成文件.")
@_DETAILED
@_OUTPUT
@pass_settings
def plan_command(
    settings: Settings,
    out: Path | None,
    detailed_exitcode: bool,
    output: str,
) -> Exit:
    """比较模板与工作区, 列出要做的事; 程序做不了的列成手工清单. 只读."""
    with progress(locale=settings.locale, form="json") as reporter, _desk(settings, reporter) as desk:
        plan = desk.plan()
        if out is not None:
            out.write_text(plan.to_json(), encoding="utf-8")
        if output == "json":
            show_json({"format_version": plan.format, **plan.model_dump(mode="json")})
        else:
            show_text("\n".join(plan_lines(plan, locale=settings.locale)))
            if plan.manual_steps:
                show_text(
                    manual_sheet(
                        plan.manual_steps,
                        desired=desk.wish.schema,
                        locale=settings.locale,
                        form="markdown" if output == "markdown" else "text",
                    )
                )
    return Exit.DIFFERENCES if detailed_exitcode and not plan.is_empty else Exit.DONE


@click.command("apply")
@click.argument("saved", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@click.option("--yes", is_flag=True, help="执行; 不加则只显示计划.")
@click.option("--overwrite", multiple=True, metavar="地址", callback=_addresses, help="此处冲突以模板为准, 可写多次.")
@_OUTPUT
@pass_settings
def apply_command(
    settings: Settings,
    saved: Path | None,
    yes: bool,
    overwrite: tuple[Address, ...],
    output: str,
) -> Exit:
    """执行计划: 建表、建字段, 并回读核对. SAVED 是 plan --out 存下的文件; 给了它就只执行它."""
    form = cast("OutputForm", output)
    with progress(locale=settings.locale, form=form) as reporter, _desk(settings, reporter) as desk:
        plan = _saved_plan(saved) if saved else desk.plan(overwrite=frozenset(overwrite))
        if not (yes or saved) and not plan.is_empty:
            _show_preview(plan, form=form, locale=settings.locale)
            return Exit.DONE
        report = apply_plan(
            plan=plan, desired=desk.wish.schema, target=desk.target, store=desk.store, observed=desk.observed
        )
        if form == "json":
            show_json({"format_version": report.format, **report.model_dump(mode="json")})
        else:
            show_text("\n".join(apply_lines(report, locale=settings.locale)))
            if report.pending:
                show_text(manual_sheet(report.pending, desired=desk.wish.schema, locale=settings.locale))
    if report.problems or report.unsettled:
        return Exit.ERROR
    return Exit.MANUAL_STEPS if report.pending or report.waiting else Exit.DONE


@click.command("drift")
@_DETAILED
@_OUTPUT
@pass_settings
def drift_command(settings: Settings, detailed_exitcode: bool, output: str) -> Exit:
    """列出工作区被手工改动的地方; 只读, 从不写入."""
    with progress(locale=settings.locale, form="json") as reporter, _desk(settings, reporter) as desk:
        report = drift(
            desired=desk.wish.schema,
            observed=desk.observed,
            state=desk.state,
            capabilities=desk.site.connection.capabilities,
            locale=desk.site.profile.locale,
        )
    if output == "json":
        show_json({"format_version": report.format, **report.model_dump(mode="json")})
    else:
        show_text("\n".join(drift_lines(report, locale=settings.locale)))
    return Exit.DIFFERENCES if detailed_exitcode and not report.is_empty else Exit.DONE


@click.command("adopt")
@click.option("--all", "adopt_all", is_flag=True, help="认领全部名称完全一致的对象.")
@click.option("--bind", "pairs", multiple=True, metavar="地址=ID", callback=_bindings, help="认领一个对象, 可写多次.")
@pass_settings
def adopt_command(settings: Settings, adopt_all: bool, pairs: dict[Address, str]) -> Exit:
    """把工作区里已有的表、字段、选项绑定到模板; 不带选项时只列出建议."""
    with progress(locale=settings.locale, form="json") as reporter, _desk(settings, reporter) as desk:
        seen = survey(
            desired=desk.wish.schema, observed=desk.observed, state=desk.state, locale=desk.site.profile.locale
        )
        found = proposals(seen)
        chosen = exact(found) if adopt_all else {}
        chosen |= pairs
        if not chosen:
            show_text("\n".join(proposal_lines(found, locale=settings.locale)))
            return Exit.DONE
        with desk.store.locked(clock=settings.clock):
            adopted = adopt(
                desired=desk.wish.schema,
                observed=desk.observed,
                state=desk.state,
                chosen=chosen,
                clock=settings.clock,
            )
            desk.store.save(adopted, clock=settings.clock)
    show_text(text("cli.adopted", locale=settings.locale, facts={"count": len(chosen)}))
    return Exit.DONE


@click.group("state")
def state_command() -> None:
    """地址与平台 ID 的绑定."""


@state_command.command("list")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def list_state(settings: Settings, output: str) -> None:
    """列出全部绑定."""
    wish = wish_of(settings.profile())
    with settings.site() as site:
        state = store_of(site, wish).load(owner_of(site, wish))
    if output == "json":
        show_json({"format_version": state.format, **state.model_dump(mode="json")})
    else:
        show_text("\n".join(state_lines(state, locale=settings.locale)))


@click.command("doctor")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def doctor_command(settings: Settings, output: str) -> Exit:
    """检查 Key、工作区、可用能力、模板, 不改动任何东西."""
    profile = settings.profile()
    wish = wish_of(profile)
    with settings.site(profile) as site:
        report = doctor_report(site, wish, clock=settings.clock)
    if output == "json":
        show_json({"format_version": 1, **report})
    else:
        lines = [
            text(f"cli.doctor_{name}", locale=settings.locale, facts={"value": value}) for name, value in report.items()
        ]
        show_text("\n".join(lines))
    return Exit.DONE
