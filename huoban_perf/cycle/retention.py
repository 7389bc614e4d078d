"""The job ``retention``: detaches single ratings from their raters once a cycle has been archived long enough.

What stays are results and aggregates; what goes is who rated what: rater, comments, evidence, invite codes of 评价任务.
Nothing is deleted that a released receipt needs. Source: scoring.md S16 (retention no longer than needed).
"""

from __future__ import annotations

from datetime import date

from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish
from huoban_perf.sync.wanted import Refs, WantedRow

_DETACHED = (
    *("rater", "external_rater", "invite_code", "delegate", "extreme_evidence", "overall_comment", "decline_reason"),
)


def retention(context: JobContext) -> Draft:
    """Say which ratings are past their time.

    Args:
        context: What stands.

    Returns:
        Review tasks of cycles that ended more than the months of retention ago, without what names their rater.
    """
    rows: list[WantedRow] = []
    for cycle in context.book.all("cycle"):
        end = cycle.day("appeal_due_on") or cycle.day("end_date")
        past = end is not None and months_after(end, context.process.retention_months) < context.today
        if cycle.text("status") != "archived" or not past:
            continue
        for sheet in context.book.of("appraisal", "cycle", cycle):
            for task in context.book.of("review_task", "appraisal", sheet):
                held = [field for field in _DETACHED if task.has(field)]
                if task.key and held:
                    values: dict[str, Value | Refs] = {"natural_key": task.key, **dict.fromkeys(held)}
                    rows.append(WantedRow(key=task.key, values=values))
    return Draft(wishes=(Wish(table="review_task", rows=tuple(rows), guarded=True),), audited=True)


def months_after(day: date, months: int) -> date:
    """Return the first day of the month that lies so many months after a day's month, plus one month.

    Counting whole months keeps a row rather a little longer than promised, never shorter.
    """
    total = day.year * 12 + day.month - 1 + months + 1
    return date(total // 12, total % 12 + 1, 1)
