"""How long a person takes, in seconds a kind of task: one assumption, in one place, printed in every guide.

The figures are an estimate for a person who knows the page and copies names from the guide; nobody was timed.
"""

from __future__ import annotations

from enum import StrEnum


class Work(StrEnum):
    """What takes time."""

    TABLE = "table"
    FIELD = "field"
    RELATION = "relation"
    COMPUTED = "computed"
    OPTION = "option"
    MARK = "mark"
    HELP = "help"
    RIGHT = "right"
    CHANGE = "change"
    REMOVAL = "removal"
    DEFINITION = "definition"
    SETTING = "setting"
    CHECK = "check"


SECONDS: dict[Work, int] = {
    Work.TABLE: 60,
    Work.FIELD: 25,
    Work.RELATION: 45,
    Work.COMPUTED: 90,
    Work.OPTION: 8,
    Work.MARK: 4,
    Work.HELP: 12,
    Work.RIGHT: 8,
    Work.CHANGE: 40,
    Work.REMOVAL: 30,
    Work.DEFINITION: 45,
    Work.SETTING: 15,
    Work.CHECK: 6,
}
"""Seconds for one."""


def effort(kind: Work, *, marks: int = 0, options: int = 0, helps: int = 0, rights: int = 0, lines: int = 0) -> int:
    """Return the seconds one task takes.

    Args:
        kind: What it is.
        marks: Switches to set.
        options: Options to type.
        helps: Help texts to paste.
        rights: Fields whose rights are set.
        lines: Things to set in a view, a permission group or an automation.

    Returns:
        The sum over ``SECONDS``.
    """
    extra = (
        (Work.MARK, marks),
        (Work.OPTION, options),
        (Work.HELP, helps),
        (Work.RIGHT, rights),
        (Work.SETTING, lines),
    )
    return SECONDS[kind] + sum(SECONDS[work] * count for work, count in extra)
