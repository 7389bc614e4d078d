"""The guide as Markdown with task lists; says what the page says.

Names stand in code spans, where Markdown and HTML mean nothing; sentences are escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from huoban_perf.documents import wording
from huoban_perf.documents.guide import Guide, Section, Task

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~&])")


def guide_markdown(guide: Guide) -> str:
    """Return a guide as Markdown.

    Args:
        guide: The guide.

    Returns:
        The text, ending in a newline.
    """
    return "\n".join(_lines(guide)) + "\n"


def code(text: str) -> str:
    """Return text as a code span that shows exactly this text, line breaks as spaces.

    Args:
        text: Any text.

    Returns:
        The span; its fence is longer than any run of backticks inside.
    """
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest or text.strip() != text else ""
    return f"{fence}{space}{' '.join(text.splitlines())}{space}{fence}"


def prose(text: str) -> str:
    """Return a sentence with every character that Markdown would read escaped."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.splitlines()))


def _lines(guide: Guide) -> Iterator[str]:
    yield from (f"# {wording.TITLE}", "", prose(wording.subtitle(guide)), "", f"**{wording.summary(guide)}**", "")
    yield from (f"## {wording.BEFORE_TITLE}", "")
    yield from (f"- {prose(point)}" for point in wording.before(guide))
    for number, stage in enumerate(guide.stages, start=1):
        yield from ("", f"## 第 {number} 步 {stage.title}", "", stage.note)
        for section in stage.sections:
            yield from _section(section)
    yield from ("", f"## {wording.AFTER_TITLE}", "")
    yield from (f"{number}. {prose(point)}" for number, point in enumerate(wording.after(), start=1))


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"### {section.number}. {prose(section.title)}", "", wording.section_summary(section), "")
    if section.starter is not None:
        yield from (f"> {prose(wording.starter_note(section))}", "")
    for task in section.tasks:
        yield from _task(task)


def _task(task: Task) -> Iterator[str]:
    flags = [*task.marks, *([wording.IN_WORKBOOK] if task.is_in_workbook else [])]
    facts = [task.kind, *(f"**{flag}**" for flag in flags), *map(prose, task.settings)]
    yield f"- [ ] {task.does} {code(task.name)}".replace("]  ", "] ") + "".join(f" · {fact}" for fact in facts if fact)
    yield from (f"  - {prose(line.strip())}" for line in task.lines)
    if task.choices:
        yield f"  - {task.choices_title}:"
        for number, choice in enumerate(task.choices, start=1):
            colour = f" ({prose(choice.shown_color)})" if choice.shown_color else ""
            yield f"    {number}. {code(choice.name)}{colour}"
    if task.help is not None:
        yield f"  - {wording.HELP_TITLE}: {code(task.help)}"
