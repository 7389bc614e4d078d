"""What ``cycle status`` shows: the road, how far each part is, and what blocks each stage; on a screen or as a picture.

Counts, names of people who hold something up, and dates; never a score or a grade.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from huoban_perf.cli.render import console, show_note, show_text
from huoban_perf.cli.texts import problem_line, text
from huoban_perf.core.errors import Problem
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.cycle.status import STAGES, CycleStatus, StageStatus

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

    from huoban_perf.cli.session import Settings

_SHOWN = 12
"""So many lines a stage; the rest is counted."""
_BAR = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One cycle and the service beside it.

    Attributes:
        status: Where the cycle stands.
        parked: What the service on this machine has given up.
    """

    status: CycleStatus
    parked: tuple[Problem, ...] = ()


def show(found: Sequence[Standing], *, schema: DesiredSchema, locale: Locale) -> None:
    """Print cycles to stdout, or a dash for none."""
    shown, picture = console(), picture_of(found, schema=schema, locale=locale)
    if shown.is_terminal:
        shown.print(picture)
        return
    with shown.capture() as captured:
        shown.print(picture)
    show_text("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def save(found: Sequence[Standing], *, file: Path, schema: DesiredSchema, locale: Locale) -> None:
    """Write the same picture to an SVG file; names of people stand in it."""
    from huoban_perf.cli.picture import svg_of

    page = svg_of(picture_of(found, schema=schema, locale=locale), title=text("cli.status_title", locale=locale))
    file.write_text(page, encoding="utf-8")
    show_note(text("cli.status_saved", locale=locale, facts={"file": str(file)}))


def watch(read: Callable[[], list[Standing]], *, schema: DesiredSchema, settings: Settings, every_s: int) -> None:
    """Show cycles and read them anew every so often, until Ctrl-C or until none is open.

    Args:
        read: Reads where they stand.
        schema: Names of states.
        settings: Language and clock.
        every_s: Pause between two readings.
    """
    from rich.console import Group
    from rich.live import Live
    from rich.text import Text

    with Live(console=console(), auto_refresh=False, vertical_overflow="visible") as live:
        try:
            while found := read():
                now = settings.clock.now().astimezone().strftime("%H:%M:%S")
                facts: dict[str, str | int] = {"time": now, "seconds": every_s}
                foot = Text(text("cli.status_watching", locale=settings.locale, facts=facts), style="dim")
                live.update(Group(picture_of(found, schema=schema, locale=settings.locale), foot), refresh=True)
                settings.clock.sleep(every_s)
        except KeyboardInterrupt:
            return


def picture_of(found: Sequence[Standing], *, schema: DesiredSchema, locale: Locale) -> RenderableType:
    """Return cycles as something to print, 80 columns wide."""
    from rich.console import Group
    from rich.text import Text

    if not found:
        return Text("-")
    words = _Words(schema, locale)
    parts: list[RenderableType] = []
    for standing in found:
        parts += [Text(""), *_parts(standing, words)] if parts else _parts(standing, words)
    return Group(*parts)


@dataclass(frozen=True, slots=True)
class _Words:
    schema: DesiredSchema
    locale: Locale

    def say(self, code: str, **facts: str | int) -> str:
        return text(code, locale=self.locale, facts=facts)

    def label(self, table: str, field: str, key: str) -> str:
        options = self.schema.table(table).field(field).options
        return next((option.labels.in_locale(self.locale) for option in options if option.address.key == key), key)

    def stage(self, key: str) -> str:
        return self.label("cycle", "status", key)

    def has_stage(self, key: str) -> bool:
        """An app may have fewer stages than the full one."""
        options = self.schema.table("cycle").field("status").options
        return any(option.address.key == key for option in options)


def _parts(standing: Standing, words: _Words) -> list[RenderableType]:
    found = standing.status
    parts: list[RenderableType] = [_head(found, words), _road(found, words)]
    if found.sheets or found.results or found.tasks:
        parts.append(_progress(found, words))
    blocks = len(found.blocks)
    from rich.text import Text

    if not blocks:
        parts.append(Text(words.say("cli.cycle_free"), style="green"))
    else:
        parts.append(Text(words.say("cli.cycle_blocks", count=blocks), style="bold"))
    if found.stages:
        parts.append(_stages(found.stages, words))
    if standing.parked:
        parts.append(Text(words.say("cli.cycle_parked", count=len(standing.parked)), style="bold red"))
        parts += [_line(problem, words, style="red") for problem in standing.parked]
    return parts


def _head(found: CycleStatus, words: _Words) -> Text:
    from rich.text import Text

    head = Text(f"{found.cycle} · {words.stage(found.status)}", style="bold")
    if found.leaves_on is not None:
        code = "cli.cycle_late" if found.days_late else "cli.cycle_leaves"
        said = words.say(code, day=found.leaves_on.isoformat(), count=found.days_late)
        head.append(said, style="red" if found.days_late else "")
    return head


def _road(found: CycleStatus, words: _Words) -> Text:
    from rich.text import Text

    reached = STAGES.index(found.status) if found.status in STAGES else -1
    road = Text()
    for place, key in enumerate(STAGES):
        if not words.has_stage(key):
            continue
        style = "green" if place < reached else "bold cyan" if place == reached else "dim"
        road.append(f"{'●' if place <= reached else '○'}{words.stage(key)}", style=style)
        road.append(" " if place < len(STAGES) - 1 else "")
    return road


def _progress(found: CycleStatus, words: _Words) -> Table:
    """Counts a line; reviews with a bar a group of raters."""
    from rich.cells import cell_len, set_cell_size
    from rich.table import Table
    from rich.text import Text

    names = {relation: words.label("review_task", "relation", relation) for relation in found.tasks}
    width = max((cell_len(name) for name in names.values()), default=0)
    grid = Table.grid(padding=(0, 2))
    for code, table, counts in (
        ("cli.cycle_sheets", "appraisal", found.sheets),
        ("cli.cycle_results", "score_result", found.results),
    ):
        if counts:
            grid.add_row(words.say(code), Text(_counted(counts, table, words)))
    for number, (relation, (done, total)) in enumerate(found.tasks.items()):
        full = (2 * _BAR * done + total) // (2 * total) if total else 0
        line = Text(f"{set_cell_size(names[relation], width)} ")
        line.append("█" * full, style="green").append("░" * (_BAR - full), style="dim").append(f" {done}/{total}")
        grid.add_row(words.say("cli.cycle_tasks") if number == 0 else "", line)
    return grid


def _counted(counts: Mapping[str, int], table: str, words: _Words) -> str:
    return " · ".join(f"{words.label(table, 'status', key)} {count}" for key, count in counts.items())


def _stages(stages: Sequence[StageStatus], words: _Words) -> Table:
    """One line a matter, under the stage that it keeps from ending."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    grid.add_column(words.say("cli.cycle_stage"), no_wrap=True)
    grid.add_column(words.say("cli.cycle_until"), no_wrap=True)
    grid.add_column(words.say("cli.cycle_blocked_by"), overflow="fold")
    for number, stage in enumerate(stages):
        shown = [_line(problem, words) for problem in stage.blocks[:_SHOWN]]
        if len(stage.blocks) > _SHOWN:
            more = words.say("cli.cycle_more", count=len(stage.blocks) - _SHOWN)
            shown.append(Text(more, style="dim"))
        style = "bold" if number == 0 else "dim" if not shown else ""
        until = Text(stage.ends_on.isoformat() if stage.ends_on else "-", style="red" if stage.days_late else "")
        for place, line in enumerate(shown or [Text("-", style="dim")]):
            first = place == 0
            grid.add_row(Text(words.stage(stage.stage), style=style) if first else "", until if first else "", line)
    return grid


def _line(problem: Problem, words: _Words, *, style: str = "") -> Text:
    from rich.text import Text

    return Text(f"· {problem_line(problem, locale=words.locale)}", style=style)


def as_json(standing: Standing, locale: Locale) -> dict[str, object]:
    """Return a cycle for ``-o json``; every block is listed.

    Args:
        standing: The cycle.
        locale: Language of the lines.

    Returns:
        The object.
    """
    found = standing.status
    return {
        "cycle": found.cycle,
        "status": found.status,
        "leaves_on": found.leaves_on.isoformat() if found.leaves_on else None,
        "workdays_late": found.days_late,
        "appraisals": dict(found.sheets),
        "reviews": {relation: {"submitted": done, "all": total} for relation, (done, total) in found.tasks.items()},
        "results": dict(found.results),
        "blocks": [problem_line(problem, locale=locale) for problem in found.blocks],
        "stages": [
            {
                "stage": stage.stage,
                "ends_on": stage.ends_on.isoformat() if stage.ends_on else None,
                "workdays_late": stage.days_late,
                "blocks": [problem_line(problem, locale=locale) for problem in stage.blocks],
            }
            for stage in found.stages
        ],
        "service": [problem_line(problem, locale=locale) for problem in standing.parked],
    }
