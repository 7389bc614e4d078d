"""``completion``: what a shell needs to complete our commands and options."""

from __future__ import annotations

import click

from huoban_perf.cli.render import show_text


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(ctx: click.Context, shell: str) -> None:
    """打印命令补全脚本.

    bash 和 zsh: 把 eval "$(huoban-perf completion bash)" (或 zsh) 写进 ~/.bashrc 或 ~/.zshrc.
    fish: 把输出存成 ~/.config/fish/completions/huoban-perf.fish.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - the choice above allows only what click has
        raise click.UsageError(shell)
    show_text(kind(ctx.find_root().command, {}, "huoban-perf", "_HUOBAN_PERF_COMPLETE").source())
