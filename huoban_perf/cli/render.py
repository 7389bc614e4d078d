"""What a person sees: results on stdout, progress and errors on stderr, within 80 columns, Chinese width handled."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

import click

from huoban_perf.cli.texts import text
from huoban_perf.core.labels import Locale
from huoban_perf.core.progress import Progress, silent

if TYPE_CHECKING:
    from rich.console import Console

OutputForm = Literal["text", "json", "markdown"]
WIDTH = 80


def show_json(content: Mapping[str, object]) -> None:
    """Print one JSON object; decimals as text, Chinese kept.

    Args:
        content: The object; its first key should be ``format_version``.
    """
    click.echo(json.dumps(content, ensure_ascii=False, indent=2, default=_json_value))


def show_text(body: str) -> None:
    """Print text to stdout."""
    click.echo(body)


def console() -> Console:
    """Return a console on stdout: 80 columns, colours only on a terminal that wants them."""
    from rich.console import Console

    return Console(width=WIDTH, highlight=False, legacy_windows=False)


def show_note(body: str) -> None:
    """Print text to stderr: progress, warnings, errors."""
    click.echo(body, err=True)


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str], right: Sequence[int] = ()) -> str:
    """Lay out rows as a plain table no wider than 80 columns, whatever the width of the characters.

    Args:
        rows: Cells as text.
        header: Column names.
        right: Indexes of columns set to the right (numbers).

    Returns:
        Lines joined by newlines, without a last newline.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table

    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=False)
    for index, name in enumerate(header):
        grid.add_column(name, justify="right" if index in right else "left", overflow="fold", no_wrap=False)
    for row in rows:
        grid.add_row(*(_escape(cell) for cell in row))
    console = Console(width=WIDTH, color_system=None, force_terminal=False, highlight=False, legacy_windows=False)
    with console.capture() as capture:
        console.print(grid)
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))


def folded(body: str) -> str:
    """Fold lines that are wider than 80 columns; what follows is set in two columns deeper than its line.

    Args:
        body: Lines of text.

    Returns:
        The same text; a line breaks at a space or beside a Chinese character. A word, path or address is never cut: one
        that is wider than a line stands whole, so that it can be copied.
    """
    from rich.cells import cell_len

    lines: list[str] = []
    for line in body.split("\n"):
        rest = line
        inset = " " * (len(line) - len(line.lstrip()) + 2)
        while cell_len(rest) > WIDTH:
            fits = next(count for count in range(len(rest), 0, -1) if cell_len(rest[:count]) <= WIDTH)
            cut = _place_to_cut(rest, start=len(rest) - len(rest.lstrip()), fits=fits)
            if cut == len(rest):
                break
            lines.append(rest[:cut].rstrip())
            rest = inset + rest[cut:].lstrip()
        lines.append(rest)
    return "\n".join(lines)


def _place_to_cut(line: str, *, start: int, fits: int) -> int:
    """Return the last place that fits, else the first one after it; prefer a space in the line's second half."""
    space = line.rfind(" ", start + 1, fits + 1)
    if space > fits // 2:
        return space
    places = [at for at in range(start + 1, len(line)) if not _is_inside_word(line, at)]
    return max((at for at in places if at <= fits), default=min(places, default=len(line)))


def _is_inside_word(line: str, at: int) -> bool:
    return all(" " < character <= "~" for character in line[at - 1 : at + 1])


def bar(share: Decimal, *, width: int = 24) -> str:
    """Return a bar of blocks for a share between 0 and 1."""
    return "█" * int(share * width + Decimal("0.5"))


@contextmanager
def progress(*, locale: Locale, form: OutputForm) -> Iterator[Progress]:
    """Show long work on stderr: bars on a terminal, one line a finished stage otherwise, nothing beside JSON.

    Args:
        locale: Language of the stage names.
        form: The output form; ``json`` is silent unless stderr is a terminal.

    Yields:
        The reporter to hand to long work.
    """
    if sys.stderr.isatty():
        with _bars(locale=locale) as reporter:
            yield _logged(reporter)
    elif form == "json":
        yield _logged(silent)
    else:
        yield _logged(_lines(locale=locale))


@contextmanager
def busy(stage: str, *, locale: Locale) -> Iterator[None]:
    """Show that work of unknown length goes on: a moving bar and the time on a terminal, nothing elsewhere.

    Args:
        stage: Message id of what is going on.
        locale: Language of the stage's name.

    Yields:
        Nothing; the bar goes away with the work.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), TimeElapsedColumn())
    with RichProgress(*columns, console=Console(stderr=True, width=WIDTH), transient=True) as bars:
        bars.add_task(text(stage, locale=locale), total=None)
        yield


def _logged(reporter: Progress) -> Progress:
    """Put every finished stage into the log file, if there is one."""
    from huoban_perf.cli.log_file import LOGGER

    def report(stage: str, *, subject: str, done: int, total: int) -> None:
        reporter(stage, subject=subject, done=done, total=total)
        if done >= total:
            LOGGER.info("%s %d", stage, total)

    return report


class _Stages:
    """Which subjects each running stage was told about, so that a finished stage is named by what it was about."""

    def __init__(self) -> None:
        self._subjects: dict[str, set[str]] = {}

    def note(self, stage: str, subject: str) -> None:
        self._subjects.setdefault(stage, set()).add(subject)

    def finish(self, stage: str) -> str:
        """Return the one subject of a finished stage, or nothing when it went over many."""
        subjects = self._subjects.pop(stage, set())
        return subjects.pop() if len(subjects) == 1 else ""


@contextmanager
def _bars(*, locale: Locale) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    console = Console(stderr=True, width=WIDTH)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, TaskID] = {}
    stages = _Stages()
    with RichProgress(*columns, console=console, transient=True) as bars:

        def report(stage: str, *, subject: str, done: int, total: int) -> None:
            stages.note(stage, subject)
            label = _stage_text(stage, subject, locale)
            if stage not in tasks:
                tasks[stage] = bars.add_task(label, total=total)
            bars.update(tasks[stage], description=label, completed=done, total=total)
            if done >= total:
                bars.remove_task(tasks.pop(stage))
                label = _stage_text(stage, stages.finish(stage), locale)
                bars.console.print(f"[green]✓[/] {label} {total}", highlight=False)

        yield report


def _lines(*, locale: Locale) -> Progress:
    stages = _Stages()

    def report(stage: str, *, subject: str, done: int, total: int) -> None:
        stages.note(stage, subject)
        if done >= total:
            show_note(f"✓ {_stage_text(stage, stages.finish(stage), locale)} {total}")

    return report


def _stage_text(stage: str, subject: str, locale: Locale) -> str:
    return " ".join(part for part in (text(stage, locale=locale), subject) if part)


def _escape(cell: str) -> str:
    from rich.markup import escape

    return escape(cell)


def _json_value(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)
