"""``serve``: one process for schedule, automations, notices, callbacks, health and metrics."""

from __future__ import annotations

import click

from huoban_perf.cli.exits import Exit
from huoban_perf.cli.render import show_note, show_text
from huoban_perf.cli.session import Settings, pass_settings
from huoban_perf.cli.texts import text


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址; 对外请放在 TLS 代理后面.")
@click.option("--port", type=click.IntRange(0, 65535), default=8766, show_default=True, help="端口; 0 表示任选.")
@click.option("--poll", "poll_s", type=click.IntRange(5, 3600), default=30, show_default=True, help="轮询间隔, 秒.")
@click.option("--tenant", "tenants", multiple=True, help="再服务一个配置 (可多次); 默认只服务当前配置.")
@click.option("--worker", is_flag=True, help="多机: 定时作业由几台机器分担, 用 Redis 队列 (HUOBAN_PERF_REDIS).")
@click.option(
    "--events-only", is_flag=True, help="只执行自动化和通知, 作业交给 --worker 的机器 (同一个 HUOBAN_PERF_REDIS)."
)
@click.option("--print-systemd", is_flag=True, help="打印 systemd 单元, 不启动.")
@click.option("--print-cron", is_flag=True, help="打印 crontab, 不启动.")
@pass_settings
def serve_command(settings: Settings, /, **options: str | int | bool | tuple[str, ...]) -> Exit:
    """启动服务: 定时作业、自动化、通知、回调、监控.

    已完成的运行、触发和已发通知在本机状态库 (或 Redis) 里保留 400 天, 之后自动清除; 未完成和停放的一直保留.
    工作区里的 运行记录 和 消息 不受影响.
    """
    from huoban_perf.cli.serving import ServeOptions, print_units, serve
    from huoban_perf.core.errors import ServiceError

    if options["worker"] and options["events_only"]:
        raise ServiceError("service.worker_or_events")

    asked = ServeOptions(
        host=str(options["host"]),
        port=int(str(options["port"])),
        poll_s=int(str(options["poll_s"])),
        tenants=options["tenants"] if isinstance(options["tenants"], tuple) else (),
        worker=bool(options["worker"]),
        events_only=bool(options["events_only"]),
    )
    if options["print_systemd"] or options["print_cron"]:
        show_text(print_units(settings, asked, cron=bool(options["print_cron"])).rstrip("\n"))
        return Exit.DONE
    serve(settings, asked, ready=lambda url: show_note(text("cli.serving", locale=settings.locale, facts={"url": url})))
    show_note(text("cli.serve_ended", locale=settings.locale))
    return Exit.DONE
