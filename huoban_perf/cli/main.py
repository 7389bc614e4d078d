"""The command ``huoban-perf``: its groups are imported on use, and one place turns errors into messages and exits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from huoban_perf import __version__
from huoban_perf.cli.exits import Exit, exit_of
from huoban_perf.cli.render import show_note
from huoban_perf.cli.usage import ChineseFormatter
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.labels import Locale

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "adopt": ("state", "认领: 把工作区里已有的表和字段绑定到模板"),
    "apply": ("deploy", "执行计划: 建表、建字段, 或列出须手工完成的步骤"),
    "automation": ("automation", "自动化: 把手工搭好的存成文档, 搬到别的工作区 (私有接口, 默认关闭)"),
    "completion": ("completion", "命令补全: bash、zsh、fish"),
    "cycle": ("cycle", "周期: status 进展与卡点, open 公示与推进"),
    "demo": ("demo", "演示: 在内置工作区里部署、评分、写回, 一条命令走完"),
    "doctor": ("deploy", "体检: Key、工作区、可用能力"),
    "drift": ("deploy", "漂移: 工作区被手工改动了什么 (只读)"),
    "export": ("export", "导出: template 现有的表写成模板, workbook 写成 Excel"),
    "guide": ("guide", "搭建指南: 手工步骤做成网页、Markdown 和 Excel"),
    "import": ("import", "导入: workbook 把改过的 Excel 写回 (先列差异)"),
    "job": ("job", "作业: list 列出, run NAME 运行 (默认只预览)"),
    "migrate": ("migrate", "搬家: 应用连同数据搬到另一个工作区或平台, 逐格核对"),
    "nocodb": ("nocodb", "本机 NocoDB: up 启动, down 停止, status 查看"),
    "plan": ("deploy", "计划: 模板与工作区差在哪里 (只读)"),
    "report": ("report", "报告: person 个人结果单, cycle 周期报告"),
    "rollback": ("rollback", "回滚: 恢复到上一次会丢数据的执行之前"),
    "sandbox": ("sandbox", "内置工作区: serve 启动, reset 清空"),
    "score": ("score", "评分: explain 说明, run 用文件, simulate 试算, replay 复算"),
    "seed": ("seed", "示例公司: 放入任意人数的示例数据, --remove 删净 (默认只预览)"),
    "serve": ("serve", "服务: 定时作业、自动化、通知、回调、监控"),
    "state": ("state", "状态: 地址与平台 ID 的绑定"),
    "template": ("template", "模板: list, show, lint, schema"),
}
"""Command → module under ``cli`` and its one-line help, so that ``--help`` imports nothing heavy."""


class ChineseContext(click.Context):
    """A context whose help pages have Chinese headings."""

    formatter_class = ChineseFormatter


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in alphabetical order."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None when there is no such command."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"huoban_perf.cli.{_COMMANDS[cmd_name][0]}_commands")
        command = getattr(module, f"{cmd_name}_command")
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a command")
        for one in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
            one.context_class = ChineseContext
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command from the table above, importing none of them."""
        from click.shell_completion import CompletionItem

        named = [
            CompletionItem(name, help=about)
            for name, (_, about) in sorted(_COMMANDS.items())
            if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, importing none of them."""
        del ctx
        with formatter.section("命令"):
            formatter.write_dl([(name, about) for name, (_, about) in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.version_option(__version__, prog_name="huoban-perf")
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), default=None, help="界面语言 zh 或 en (环境变量 HUOBAN_PERF_LANG)."
)
@click.option(
    "--profile", "profile_name", default=None, help="用哪个配置 (环境变量 HUOBAN_PERF_PROFILE; 默认内置工作区)."
)
@click.option("--no-input", is_flag=True, help="从不提问 (没有终端时本来就不提问).")
@click.option(
    "--log-file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="把运行过程记进文件 (不含数据和密钥).",
)
@click.pass_context
def cli(
    ctx: click.Context, /, lang: Locale | None, profile_name: str | None, *, no_input: bool, log_file: Path | None
) -> None:
    """伙伴云绩效管理: 部署应用、评分、写回.

    Deploy the performance app, score cycles, write results back.
    """
    from huoban_perf.cli.session import Settings
    from huoban_perf.profile import environment

    ctx.obj = Settings.of(environment(), lang=lang, profile=profile_name, asks=not no_input and sys.stdin.isatty())
    if log_file is not None:
        from huoban_perf.cli.log_file import open_log

        open_log(log_file, environ=environment(), command=ctx.invoked_subcommand or "-", clock=ctx.obj.clock)


cli.context_class = ChineseContext


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave the process with the documented exit code.

    Args:
        arguments: Words after the program's name; None takes them from the process.
    """
    sys.exit(int(run(list(sys.argv[1:] if arguments is None else arguments))))


def run(arguments: list[str]) -> Exit:
    """Run one command and return its exit code; every known error becomes a message.

    Args:
        arguments: Words after the program's name.

    Returns:
        The exit code.
    """
    from huoban_perf.cli.log_file import close_log

    code = Exit.ERROR
    try:
        code = _run(arguments)
    finally:
        close_log(exit_code=code)
    return code


def _run(arguments: list[str]) -> Exit:
    try:
        outcome = cli.main(args=arguments, prog_name="huoban-perf", standalone_mode=False)
    except HuobanPerfError as error:
        from huoban_perf.cli.log_file import log_error
        from huoban_perf.cli.render import folded
        from huoban_perf.cli.texts import error_lines

        log_error(error)
        said = "\n".join(error_lines(error, locale=_locale_of(arguments)))
        show_note(folded(said) if sys.stderr.isatty() else said)  # a log or a pipe keeps paths whole
        return exit_of(error)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return Exit.INVALID
    except click.UsageError as error:
        _show_usage(error, locale=_locale_of(arguments))
        return Exit.INVALID
    except (click.Abort, KeyboardInterrupt):
        from huoban_perf.cli.texts import text

        show_note(text("cli.interrupted", locale=_locale_of(arguments)))
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person never sees a traceback
        return _unexpected(error, locale=_locale_of(arguments))
    return Exit(outcome) if outcome in set(Exit) else Exit.DONE


def _show_usage(error: click.UsageError, *, locale: Locale) -> None:
    from huoban_perf.cli.texts import text
    from huoban_perf.cli.usage import usage_fault

    code, facts = usage_fault(error)
    where = error.ctx.command_path if error.ctx is not None else "huoban-perf"
    show_note(text(code, locale=locale, facts=facts))
    show_note(text("usage.see_help", locale=locale, facts={"command": where}))


def _unexpected(error: Exception, *, locale: Locale) -> Exit:
    from huoban_perf.cli.log_file import log_error
    from huoban_perf.cli.texts import text
    from huoban_perf.profile import environment

    log_error(error)
    if environment().get("HUOBAN_PERF_TRACE"):
        raise error
    show_note(text("cli.unexpected", locale=locale, facts={"error": type(error).__name__}))
    return Exit.ERROR


def _locale_of(arguments: list[str]) -> Locale:
    from huoban_perf.cli.session import language
    from huoban_perf.profile import environment

    words = [part for word in arguments for part in word.split("=", 1)]
    given = words[words.index("--lang") + 1 :][:1] if "--lang" in words else []
    return language(given[0] if given else None, environment())
