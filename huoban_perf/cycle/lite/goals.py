"""Goals of the small app after the superior confirmed them: a copy to read, and values changed by hand put back.

The small app has no 考核指标. The verified copy stands as text in 得分明细 of the sheet, which is empty until the
release and read-only to everybody: the contract as both agreed on it. 退回目标 empties it, so that goals set anew are
copied anew. Source: workflows.md §1 "Who acted" (locked values are restored from the last verified copy).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from huoban_perf.core.notices import Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.goal_changes import restored_notices
from huoban_perf.cycle.work import Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow

HEAD = "已确认的目标 (公布后这里是得分明细)"
"""First line of the copy."""

_FIELDS = {"weight": "权重", "passing_value": "合格值", "target_value": "目标值", "excellent_value": "优秀值"}
_PARTS = ", ".join(rf"{label} (?P<{key}>\S+)" for key, label in _FIELDS.items())
_LINE = re.compile(rf".*: {_PARTS} \[(?P<slug>.+)\]")
_IN_FORCE = frozenset({"running", "reviewing"})
_CONFIRMED = frozenset({"confirmed", "completed"})


@dataclass(slots=True)
class Locked:
    """What the confirmed goals of a cycle call for."""

    sheets: list[WantedRow] = field(default_factory=list)
    goals: list[WantedRow] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """Copies and goals put back."""
        return (Wish(table="appraisal", rows=tuple(self.sheets)), Wish(table="goal", rows=tuple(self.goals)))


def locked_goals(context: JobContext) -> Locked:
    """Say which copies are missing and which goals differ from theirs; who changed one is told.

    Args:
        context: What stands; any state before the release.

    Returns:
        Rows and notices; nothing for sheets whose goals are not confirmed.
    """
    found = Locked()
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        if sheet.text("status") not in _IN_FORCE:
            continue
        goals = {_slug(goal): goal for goal in _confirmed(sheet)}
        copy = sheet.text("released_receipt")
        if not copy.startswith(HEAD):
            if goals and not copy:
                lines = [_line(goal) for _, goal in sorted(goals.items())]
                text: dict[str, Value | Refs] = {
                    "natural_key": sheet.key,
                    "released_receipt": "\n".join([HEAD, *lines]),
                }
                found.sheets.append(WantedRow(key=sheet.key, values=text))
            continue
        for slug, values in _read(copy):
            goal = goals.get(slug)
            if goal is not None and any(goal.number(key) != value for key, value in values.items()):
                _put_back(context, goal, values, found)
    return found


def _confirmed(sheet: Row) -> Iterator[Row]:
    for goal in sheet.book.of("goal", "appraisal", sheet):
        if goal.key and goal.text("status") in _CONFIRMED:
            yield goal


def _slug(goal: Row) -> str:
    return goal.key.strip("[]").split("|")[-1]


def _line(goal: Row) -> str:
    parts = ", ".join(f"{label} {_shown(goal.number(key))}" for key, label in _FIELDS.items())
    return f"{' '.join(goal.text('name').split())}: {parts} [{_slug(goal)}]"


def _shown(number: Decimal | None) -> str:
    return "-" if number is None else format(number.normalize(), "f")


def _read(copy: str) -> Iterator[tuple[str, dict[str, Decimal | None]]]:
    for line in copy.splitlines()[1:]:
        read = _LINE.fullmatch(line.strip())
        if read is not None:
            yield read["slug"], {key: None if read[key] == "-" else Decimal(read[key]) for key in _FIELDS}


def _put_back(context: JobContext, goal: Row, values: dict[str, Decimal | None], found: Locked) -> None:
    labels = "、".join(label for key, label in _FIELDS.items() if goal.number(key) != values[key])
    found.goals.append(WantedRow(key=goal.key, values={"natural_key": goal.key, **values}))
    found.notices += restored_notices(context, goal, labels, owners=(*goal.members("p_self"), *goal.members("p_mgr")))
