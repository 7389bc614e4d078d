"""Reviews of people who are not appraised: what is open is closed, and opened again for those who take part after all.

The transitions 不参评 and 作废 close at once; this is for people whom a job takes out, and for what was left open.
Source: workflows.md §1 (评价任务 →已失效; before 待面谈↔不参评).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from huoban_perf.core.notices import Notice
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.moves import moved
from huoban_perf.cycle.work import Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import WantedRow

_OPEN = frozenset({"nomination_pending", "awaiting_acceptance", "to_review"})
_IN_REVIEW = frozenset({"running", "reviewing"})
_OUT = frozenset({"not_appraised", "void"})


def is_reviewed(sheet: Row) -> bool:
    """Return whether anybody may still be asked to review the person of a sheet."""
    return sheet.text("status") not in _OUT


def closed_tasks(context: JobContext, *, leaving: Collection[str] = ()) -> tuple[Wish, tuple[Notice, ...]]:
    """Close the reviews of people who are not appraised, whoever took them out, and tell their raters.

    Args:
        context: What stands.
        leaving: Keys of sheets that the same run takes out.

    Returns:
        Open tasks of those sheets in 已失效, and a notice to each rater.
    """
    open_tasks = [
        task
        for sheet in context.book.of("appraisal", "cycle", context.cycle)
        if not is_reviewed(sheet) or sheet.key in leaving
        for task in context.book.of("review_task", "appraisal", sheet)
        if task.text("status") in _OPEN and task.key
    ]
    notices = tuple(
        Notice(
            receiver=rater,
            event="review_withdrawn",
            object=task.key,
            day=context.today,
            facts={"subject": task.text("name")},
        )
        for task in open_tasks
        for rater in task.members("rater")
    )
    rows = tuple(moved(task, "expired", today=context.today) for task in open_tasks)
    return Wish(table="review_task", rows=rows, by_people=True), notices


def reopened_tasks(context: JobContext) -> Wish:
    """Open the reviews again that 不参评 had closed; while reviews run nothing else expires.

    Args:
        context: What stands; the cycle is in 评价中.

    Returns:
        Tasks back in 待评; the machine tells their raters.
    """

    def found() -> Iterator[WantedRow]:
        for sheet in context.book.of("appraisal", "cycle", context.cycle):
            if sheet.text("status") in _IN_REVIEW:
                for task in context.book.of("review_task", "appraisal", sheet):
                    if task.text("status") == "expired" and task.key:
                        yield moved(task, "to_review", today=context.today)

    return Wish(table="review_task", rows=tuple(found()))
