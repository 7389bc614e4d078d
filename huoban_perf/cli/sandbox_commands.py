"""``sandbox serve|reset``: the embedded workspace as a process of its own."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from huoban_perf.cli.render import folded, show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import error_lines, text
from huoban_perf.core.errors import HuobanPerfError

if TYPE_CHECKING:
    from huoban_perf.cli.rehearsal import Rehearsal
    from huoban_perf.profile import Stage


@click.group("sandbox")
def sandbox_command() -> None:
    """内置工作区: 不需要账号和网络."""


@sandbox_command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="端口; 0 表示任选.")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址; 对外时只能打开网页, 不能用接口.")
@click.option("--bare", is_flag=True, help="只提供接口和网页: 不同步权限, 不执行自动化.")
@pass_settings
def serve(settings: Settings, port: int, host: str, bare: bool) -> None:
    """启动内置工作区和它的网页, Ctrl-C 结束."""
    from threading import Event

    from huoban_perf.cli.rehearsal import Rehearsal
    from huoban_perf.profile import stage_world

    rehearsal = Rehearsal()
    if host not in {"127.0.0.1", "localhost", "::1"}:
        show_note(folded(text("cli.sandbox_open_host", locale=settings.locale, facts={"host": host})))
    stage_of = stage_world(settings.profile(), clock=settings.clock, behaviour=rehearsal, port=port, host=host)
    with stage_of as stage, ExitStack() as stack:
        if not bare:
            _rehearse(settings, stage, rehearsal, stack)
        show_text(stage.url)
        show_note(folded(text("cli.sandbox_serving", locale=settings.locale, facts={"url": stage.url})))
        Event().wait()


def _rehearse(settings: Settings, stage: Stage, rehearsal: Rehearsal, stack: ExitStack) -> None:
    """Put the deployed app to work; without one the pages say what to do first."""
    from huoban_perf.cli.rehearsal import remembering

    if stage.site is None:
        show_note(text("cli.sandbox_empty", locale=settings.locale))
        return
    show_note(text("cli.sandbox_preparing", locale=settings.locale))
    try:
        rehearsal.put_to_work(settings, stage.site, stack.enter_context(remembering(settings)))
    except HuobanPerfError as error:
        still = text("cli.sandbox_still", locale=settings.locale)
        show_note("\n".join([*error_lines(error, locale=settings.locale), still]))


@sandbox_command.command("reset")
@click.option("--yes", is_flag=True, help="确认删除, 不再询问.")
@pass_settings
def reset(settings: Settings, yes: bool) -> None:
    """删除内置工作区和它的绑定状态."""
    from huoban_perf.profile import forget_world

    profile = settings.profile()
    facts = {"file": str(profile.world_file)}
    if not yes:
        show_note(text("cli.reset_needs_yes", locale=settings.locale, facts=facts))
        return
    forget_world(profile)
    show_text(text("cli.reset_done", locale=settings.locale, facts=facts))
