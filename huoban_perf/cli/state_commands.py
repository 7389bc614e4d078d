"""``adopt`` and ``state``: what declared objects are bound to, and how a person changes that."""

from __future__ import annotations

from typing import Any

import click

from huoban_perf.cli.adoption import (
    Asked,
    adopt_all_asked,
    attested_addresses,
    confirmer,
    found_at,
    show_adopted,
    show_proposals,
)
from huoban_perf.cli.deploy_report import object_lines, state_lines
from huoban_perf.cli.deployed import owner_of, store_of, wish_of
from huoban_perf.cli.desk import addresses, bindings, one_address, open_desk, tables
from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import folded, progress, show_json, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text
from huoban_perf.cli.usage import WordError
from huoban_perf.core.addresses import Address
from huoban_perf.deploy import attest, rebound


@click.command("adopt")
@click.option("--all", "adopt_all", is_flag=True, help="认领全部名称完全一致的对象.")
@click.option("--similar", is_flag=True, help="逐个询问只差空格、全角、词序的名称; 没有终端时须加 --yes 才认领.")
@click.option("--yes", is_flag=True, help="--similar 用: 没有歧义的都认领, 不逐个询问.")
@click.option("--only", multiple=True, metavar="表", callback=tables, help="--all 和 --similar 只管这张表, 可写多次.")
@click.option("--bind", "pairs", multiple=True, metavar="地址=ID", callback=bindings, help="认领一个对象, 可写多次.")
@click.option(
    "--attest", "attested", multiple=True, metavar="地址", help="确认已按模板手工设好; view、all 等指全部看不到的."
)
@click.option("--by", default=None, help="--attest 用: 确认人.")
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def adopt_command(settings: Settings, /, **wishes: Any) -> Exit:
    """把工作区里已有的表、字段、选项绑定到模板; 不带选项时只列出建议."""
    asked = Asked(**wishes)
    if asked.attested and not asked.by:
        raise WordError("usage.attest_by")
    with progress(locale=settings.locale, form="json") as reporter, open_desk(settings, reporter) as desk:
        found = found_at(desk, desk.state)
        if not (asked.takes or asked.attested):
            show_proposals(found, settings, as_json=asked.output == "json")
            return Exit.DONE
        with desk.store.locked(clock=settings.clock):
            adopted = adopt_all_asked(desk, asked, confirm=confirmer(settings, asked))
            state = adopted.state
            said = attested_addresses(desk, state, asked.attested)
            if said:
                state = attest(
                    desired=desk.wish.schema,
                    observed=desk.observed,
                    state=state,
                    addresses=said,
                    by=asked.by or "",
                    clock=settings.clock,
                )
            if state != desk.state:
                desk.store.save(state, clock=settings.clock)
    show_adopted(adopted, settings, attested=len(said), as_json=asked.output == "json")
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


@state_command.command("show")
@click.argument("address", metavar="地址", callback=one_address)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", help="输出形式.")
@pass_settings
def show_state(settings: Settings, address: Address, output: str) -> None:
    """列出一个对象的绑定: ID、来历、上次应用的每一项."""
    wish = wish_of(settings.profile())
    with settings.site() as site:
        known = store_of(site, wish).load(owner_of(site, wish)).objects.get(address)
    if known is None:
        raise WordError("usage.not_bound", word=str(address))
    if output == "json":
        show_json({"format_version": 1, "address": str(address), **known.model_dump(mode="json")})
    else:
        show_text(folded("\n".join(object_lines(address, known, locale=settings.locale))))


@state_command.command("move")
@click.argument("old", metavar="旧地址", callback=one_address)
@click.argument("new", metavar="新地址", callback=one_address)
@pass_settings
def move_state(settings: Settings, old: Address, new: Address) -> Exit:
    """把一个绑定 (连同其中的字段和选项) 改到新的地址; 工作区里的东西不动. 平时请用模板的 moved."""
    wish = wish_of(settings.profile())
    with settings.site() as site:
        store = store_of(site, wish)
        with store.locked(clock=settings.clock):
            state = store.load(owner_of(site, wish))
            if old not in state.objects:
                raise WordError("usage.not_bound", word=str(old))
            store.save(rebound(state, old, new), clock=settings.clock)
    show_text(text("cli.moved", locale=settings.locale, facts={"old": str(old), "new": str(new)}))
    return Exit.DONE


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
