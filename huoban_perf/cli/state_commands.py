"""``adopt`` and ``state``: what declared objects are bound to, and how a person changes that."""

from __future__ import annotations

import click

from huoban_perf.cli.deploy_report import proposal_lines, state_lines
from huoban_perf.cli.deployed import owner_of, store_of, wish_of
from huoban_perf.cli.desk import addresses, bindings, open_desk
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.cli.usage import WordError
from huoban_perf.core.addresses import Address
from huoban_perf.deploy import adopt, attest, exact, proposals, survey


@click.command("adopt")
@click.option("--all", "adopt_all", is_flag=True, help="认领全部名称完全一致的对象.")
@click.option("--bind", "pairs", multiple=True, metavar="地址=ID", callback=bindings, help="认领一个对象, 可写多次.")
@click.option(
    "--attest", "attested", multiple=True, metavar="地址", callback=addresses, help="确认此对象已按模板手工设好."
)
@click.option("--by", default=None, help="--attest 用: 确认人.")
@pass_settings
def adopt_command(
    settings: Settings, adopt_all: bool, pairs: dict[Address, str], attested: tuple[Address, ...], by: str | None
) -> Exit:
    """把工作区里已有的表、字段、选项绑定到模板; 不带选项时只列出建议."""
    if attested and not by:
        raise WordError("usage.attest_by")
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        seen = survey(
            desired=desk.wish.schema, observed=desk.observed, state=desk.state, locale=desk.site.profile.locale
        )
        found = proposals(seen)
        chosen = exact(found) if adopt_all else {}
        chosen |= pairs
        if not chosen and not attested:
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
            if attested:
                adopted = attest(
                    desired=desk.wish.schema,
                    observed=desk.observed,
                    state=adopted,
                    addresses=attested,
                    by=by or "",
                    clock=settings.clock,
                )
            desk.store.save(adopted, clock=settings.clock)
    show_text(text("cli.adopted", locale=settings.locale, facts={"count": len(chosen) + len(attested)}))
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


@state_command.command("forget")
@click.argument("forgotten", metavar="地址...", nargs=-1, required=True, callback=addresses)
@pass_settings
def forget_state(settings: Settings, forgotten: tuple[Address, ...]) -> Exit:
    """不再管理这些对象; 工作区里的东西不动."""
    wish = wish_of(settings.profile())
    with settings.site() as site:
        store = store_of(site, wish)
        with store.locked(clock=settings.clock):
            state = store.load(owner_of(site, wish))
            for address in forgotten:
                state = state.without(address)
            store.save(state, clock=settings.clock)
    show_text(text("cli.forgotten", locale=settings.locale, facts={"count": len(forgotten)}))
    return Exit.DONE
