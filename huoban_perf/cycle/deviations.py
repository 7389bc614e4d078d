"""Goals that are 滞后: since when, and whether anybody answered with a 纠偏; after five working days the head is told.

Source: workflows.md §2 (纠偏: a red goal, no answer in 5 wd → D), §6 (goal turns 滞后).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from huoban_perf.core.notices import Notice
from huoban_perf.cycle.context import JobContext
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import WantedRow

ANSWER_WORKDAYS = 5
"""Working days in which a goal that is behind should get its 纠偏."""

_FIELD = "behind_since"


def tracked(context: JobContext, rows: Iterable[WantedRow]) -> tuple[list[WantedRow], list[Notice]]:
    """Add since when a goal is behind to what its 进展状态 becomes, and tell of those nobody answered.

    Args:
        context: What stands.
        rows: Goals as ``progress`` wants them, with their new ``health``.

    Returns:
        The same rows with 滞后起, and a notice a head of a goal that has waited too long; the same one however often
        the job runs.
    """
    found: list[WantedRow] = []
    notices: list[Notice] = []
    for wanted in rows:
        goal = context.book.find("goal", wanted.key)
        if goal is None or _FIELD not in goal.rows.columns:
            found.append(wanted)
            continue
        since = (goal.day(_FIELD) or context.today) if wanted.values.get("health") == "behind" else None
        found.append(WantedRow(key=wanted.key, values={**wanted.values, _FIELD: since}))
        if since is not None:
            notices += _unanswered(context, goal, since)
    return found, notices


def _unanswered(context: JobContext, goal: Row, since: date) -> list[Notice]:
    due = context.calendar.shift(since, ANSWER_WORKDAYS)
    if context.today < due or is_answered(goal, since):
        return []
    facts = {"subject": goal.text("name") or goal.key}
    return [
        Notice(receiver=head, event="goal_uncorrected", object=goal.key, day=due, facts=facts)
        for head in goal.members("p_heads")
    ]


def is_answered(goal: Row, since: date) -> bool:
    """Return whether a 纠偏 of a goal was written on or after a day."""
    return any(
        row.text("kind") == "correction" and (row.day("date") or date.min) >= since
        for row in goal.book.of("log", "goal", goal)
    )
