"""``sandbox serve|reset``: the embedded workspace as a process of its own."""

from __future__ import annotations

import click

from huoban_perf.cli.render import show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text


@click.group("sandbox")
def sandbox_command() -> None:
    """内置工作区: 不需要账号和网络."""


@sandbox_command.command("serve")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="端口; 0 表示任选.")
@pass_settings
def serve(settings: Settings, port: int) -> None:
    """在 127.0.0.1 上启动内置工作区, Ctrl-C 结束."""
    from threading import Event

    from huoban_perf.profile import serve_world

    with serve_world(settings.profile(), port=port) as url:
        show_text(url)
        show_note(text("cli.sandbox_serving", locale=settings.locale, facts={"url": url}))
        Event().wait()


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
