"""What was typed wrong, in the reader's language: click knows the fault, its own sentences are English."""

from __future__ import annotations

from collections.abc import Mapping

import click

from huoban_perf.core.errors import FactValue


class WordError(click.BadParameter):
    """A word of the command line that is not of its written form.

    Attributes:
        code: Message id.
        facts: Its placeholders.
    """

    def __init__(self, code: str, **facts: FactValue) -> None:
        """Keep code and facts.

        Args:
            code: Message id.
            **facts: Placeholders of the message.
        """
        super().__init__(code)
        self.code = code
        self.facts = facts


def usage_fault(error: click.UsageError) -> tuple[str, Mapping[str, FactValue]]:
    """Return the message of a usage error.

    Args:
        error: What click raised.

    Returns:
        Message id and facts.
    """
    if isinstance(error, WordError):
        return error.code, error.facts
    if isinstance(error, click.NoSuchOption):
        return "usage.no_option", {"word": error.option_name, "near": tuple(error.possibilities or ()) or ("--help",)}
    if isinstance(error, click.MissingParameter):
        return "usage.missing", {"word": _hint(error)}
    if isinstance(error, click.BadParameter):
        return _bad_value(error)
    name = type(error).__name__
    if name == "NoSuchCommand":
        return "usage.no_command", {"word": str(getattr(error, "command_name", "?"))}
    if isinstance(error, click.BadOptionUsage):
        return "usage.option_value", {"word": error.option_name}
    return "usage.other", {"reason": error.format_message()}


def _bad_value(error: click.BadParameter) -> tuple[str, Mapping[str, FactValue]]:
    kind = None if error.param is None else error.param.type
    facts: dict[str, FactValue] = {"word": _hint(error), "reason": error.message}
    match kind:
        case click.Choice():
            return "usage.choice", {**facts, "allowed": tuple(map(str, kind.choices))}
        case click.IntRange():
            return "usage.range", {**facts, "least": str(kind.min), "most": str(kind.max)}
        case click.Path():
            return "usage.path", facts
        case _:
            return "usage.value", facts


def _hint(error: click.BadParameter) -> str:
    if error.param is None:
        return str(error.param_hint or "?")
    if isinstance(error.param, click.Option):
        return error.param.opts[-1]
    return error.param.human_readable_name


class ChineseFormatter(click.HelpFormatter):
    """Help pages whose headings are Chinese, as their texts are."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the first line.

        Args:
            prog: The command.
            args: Its words.
            prefix: What stands before it.
        """
        super().write_usage(prog, args.replace("[OPTIONS]", "[选项]").replace("COMMAND", "命令"), prefix or "用法: ")

    def write_heading(self, heading: str) -> None:
        """Write a section's heading.

        Args:
            heading: As click says it.
        """
        super().write_heading({"Options": "选项", "Commands": "命令", "Arguments": "参数"}.get(heading, heading))

    def write_dl(self, rows: object, col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options with what they mean.

        Args:
            rows: Names and meanings.
            col_max: Widest first column.
            col_spacing: Space between the columns.
        """
        said = {"Show this message and exit.": "显示这段说明.", "Show the version and exit.": "显示版本."}
        listed = [(name, said.get(text, text)) for name, text in rows]  # type: ignore[attr-defined]  # pairs of texts
        super().write_dl(listed, col_max, col_spacing)
