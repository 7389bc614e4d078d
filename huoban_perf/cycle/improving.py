"""The job ``improve``: plans after weak results, when each is reviewed next, and plans whose end has come.

Plans outlive their cycle, so that the job looks at every plan, whatever became of the cycle. Source: workflows.md §1
改进计划; process.md (improvement plans are made, tracked and supported).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.moves import moved
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_ONCE = frozenset({"status", "name", "coach", "start_date", "end_date", "review_frequency"})
_PLAN_DAYS = 90
_EVERY_DAYS = {"week": 7, "two_weeks": 14}
_MONTH_DAYS = 30
_UNAGREED = frozenset({"draft", "awaiting_confirmation"})


def improve(context: JobContext) -> Draft:
    """Draft improvement plans after weak results, date their reviews, and move plans whose end has come to 待结案.

    Args:
        context: What stands; no named cycle means every cycle in 反馈申诉.

    Returns:
        Plans in 草稿 for people with a weak grade or 岗位达标结论 未达标; never anything about dismissal.
    """
    today = context.today
    cycles = [context.cycle] if context.cycle_name else sorted(context.book.all("cycle"), key=lambda row: row.key)
    plans = [
        plan for cycle in cycles if cycle.text("status") == "feedback" for plan in _after_weak_results(context, cycle)
    ]
    dated: list[WantedRow] = []
    due: list[WantedRow] = []
    notes: list[Problem] = []
    for plan in context.book.all("improvement"):
        end = plan.day("extended_to") or plan.day("end_date")
        if plan.text("status") != "running" or not plan.key or end is None:
            continue
        reviews = reviews_of(plan)
        if today <= end:
            dated.append(WantedRow(key=plan.key, values={"natural_key": plan.key, "next_review_on": _next(plan, end)}))
        elif reviews:
            due.append(moved(plan, "awaiting_closure", today=today))
        else:
            notes.append(note("cycle.no_improvement_review", address=plan.text("name") or plan.key))
    return Draft(
        wishes=(
            Wish(table="improvement", rows=tuple(plans), first_only=_ONCE),
            Wish(table="improvement", rows=tuple(dated)),
            Wish(table="improvement", rows=tuple(due)),
        ),
        notes=tuple(notes),
    )


def reviews_of(plan: Row) -> list[Row]:
    """Return the reviews that were held of a plan."""
    return [row for row in plan.book.of("log", "improvement", plan) if row.text("kind") == "improvement_review"]


def days_between_reviews(plan: Row) -> int:
    """Return 复核频率 in days; a month counts thirty, and is meant where nothing is said."""
    return _EVERY_DAYS.get(plan.text("review_frequency"), _MONTH_DAYS)


def unagreed_plans(sheet: Row) -> list[Row]:
    """Return the plans drafted after a result that nobody handed in or agreed to: they keep a cycle from its end."""
    book = sheet.book
    if not book.has("improvement"):
        return []
    return [plan for plan in book.of("improvement", "appraisal", sheet) if plan.text("status") in _UNAGREED]


def _next(plan: Row, end: date) -> date:
    """Return 下次复核日: so long after the last review, or the start; never after the plan's end."""
    held = [day for review in reviews_of(plan) if (day := review.day("date")) is not None]
    last = max([*held, plan.day("start_date") or end])
    return min(end, last + timedelta(days=days_between_reviews(plan)))


def _after_weak_results(context: JobContext, cycle: Row) -> Iterator[WantedRow]:
    for sheet in sorted(context.book.of("appraisal", "cycle", cycle), key=lambda row: row.key):
        weak = sheet.text("released_grade") in context.process.weak_grades
        if weak or sheet.text("position_verdict") == "not_met":
            yield from _plan(context, sheet)


def _plan(context: JobContext, sheet: Row) -> Iterator[WantedRow]:
    employee = sheet.related("employee")
    if employee is None:
        return
    manager = employee.related("manager")
    key = natural_key(employee.key, *sheet.key.strip("[]").split("|"))
    standing = context.book.find("improvement", key)
    start = standing.day("start_date") if standing else None
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"{employee.text('name')} 改进计划",
        "status": "draft",
        "employee": Refs("employee", (employee.key,)),
        "appraisal": Refs("appraisal", (sheet.key,)),
        "coach": manager.members("account") if manager else None,
        "start_date": start or context.today,
        "end_date": (start or context.today) + timedelta(days=_PLAN_DAYS),
        "review_frequency": "month",
    }
    yield WantedRow(key=key, values=values)
