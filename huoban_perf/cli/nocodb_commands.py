"""``nocodb up|down|status|hooks|share``: one's own NocoDB on this machine."""

from __future__ import annotations

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.share_commands import share_command
from huoban_perf.cli.texts import text
from huoban_perf.core.errors import FactValue


@click.group("nocodb")
def nocodb_command() -> None:
    """本机的 NocoDB: 第二个平台, 不需要账号."""


@nocodb_command.command("up")
@click.option("--port", type=click.IntRange(0, 65535), default=18080, show_default=True, help="端口; 0 表示任选.")
@pass_settings
def up(settings: Settings, port: int) -> None:
    """安装 (仅第一次, 约 565 MB) 并在 127.0.0.1 上启动 NocoDB; 再运行一次不会启动第二个."""
    from huoban_perf.profile import start_server

    profile = settings.profile()
    show_note(text("cli.nocodb_starting", locale=settings.locale, facts={}))
    server = start_server(profile, clock=settings.clock, environ=settings.environ, port=port)
    facts: dict[str, FactValue] = {
        "url": server.url,
        "email": server.email,
        "file": str(profile.server_dir / "password"),
        "base": profile.workspace,
    }
    show_text(server.url)
    show_note(text("cli.nocodb_up", locale=settings.locale, facts=facts))


@nocodb_command.command("down")
@pass_settings
def down(settings: Settings) -> None:
    """停止本机的 NocoDB; 数据保留."""
    from huoban_perf.profile import stop_server

    profile = settings.profile()
    was_running = stop_server(profile, clock=settings.clock)
    facts: dict[str, FactValue] = {"folder": str(profile.server_dir)}
    show_text(text("cli.nocodb_down" if was_running else "cli.nocodb_idle", locale=settings.locale, facts=facts))


@nocodb_command.command("status")
@pass_settings
def status(settings: Settings) -> Exit:
    """本机的 NocoDB 是否在运行."""
    from huoban_perf.profile import own_server

    profile = settings.profile()
    server = own_server(profile)
    facts: dict[str, FactValue] = {"folder": str(profile.server_dir), "url": "" if server is None else server.url}
    show_text(text("cli.nocodb_idle" if server is None else "cli.nocodb_runs", locale=settings.locale, facts=facts))
    return Exit.DONE if server is not None else Exit.ERROR


@nocodb_command.command("hooks")
@click.option("--address", default=None, metavar="地址", help="huoban-perf serve 的地址, 如 http://127.0.0.1:8766.")
@click.option("--remove", is_flag=True, help="去掉.")
@click.option("--yes", is_flag=True, help="执行; 不加则只预览.")
@pass_settings
def hooks(settings: Settings, address: str | None, remove: bool, yes: bool) -> Exit:
    """让有自动化的表一有改动就提示 huoban-perf serve (webhook); 只提示"有变化", 不带数据; 没有它也会按时查看."""
    from huoban_perf.cli.hints import arrange

    with settings.site() as site:
        changed = arrange(settings, site, address=None if remove else address or "http://127.0.0.1:8766", apply=yes)
    facts: dict[str, FactValue] = {"count": sum(changed.values()), "tables": len(changed)}
    done = ("cli.hooks_removed" if remove else "cli.hooks_made") if yes else "cli.hooks_preview"
    show_text(text(done if any(changed.values()) else "cli.hooks_nothing", locale=settings.locale, facts=facts))
    return Exit.DONE


nocodb_command.add_command(share_command)
