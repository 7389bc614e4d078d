"""The jobs that bring a released cycle to its end: ``remind`` (silence counts as read) and ``archive``.

Source: workflows.md §1 (待确认→已完成 by J; 反馈申诉→已归档).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.filters import All, Condition, Operator
from huoban_perf.core.notices import Notice
from huoban_perf.core.values import CHINA
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.customers import letters
from huoban_perf.cycle.improving import unagreed_plans
from huoban_perf.cycle.left_out import is_reviewed
from huoban_perf.cycle.moves import cycle_step, moved, picked
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import WantedRow

_FINAL_SHEETS = frozenset({"completed", "not_appraised", "void"})
_OPEN_APPEALS = frozenset({"submitted", "accepted", "reviewing", "awaiting_final"})
_FINAL_OUTCOMES = frozenset({"executed", "cancelled"})
_LONG_OVERDUE_WORKDAYS = 3


def remind(context: JobContext) -> Draft:
    """Let silence count as read after 确认截止 and enough reminders, and hand what is long overdue to HR's list.

    The reminders themselves are declared automations; this job does what no automation may.

    Args:
        context: What stands.

    Returns:
        Sheets that lapse; one line to HR when something is long overdue; letters to customers who rate.
    """
    cycle = context.cycle
    due = cycle.day("confirm_due_on")
    sheets: list[WantedRow] = []
    if cycle.text("status") == "feedback" and due is not None and context.today > due:
        sheets = [
            moved(sheet, "completed", today=context.today, confirmation_kind="lapsed")
            for sheet in context.book.of("appraisal", "cycle", cycle)
            if sheet.text("status") == "awaiting_confirmation" and _reminded(context, sheet)
        ]
    return Draft(wishes=(Wish(table="appraisal", rows=tuple(sheets)),), notices=(*_to_hr(context), *letters(context)))


def _reminded(context: JobContext, sheet: Row) -> bool:
    released = sheet["released_on"]
    if not isinstance(released, datetime):
        return False
    passed = context.calendar.passed(released.astimezone(CHINA).date(), context.today)
    return passed >= context.process.confirm_reminders


def _to_hr(context: JobContext) -> Iterator[Notice]:
    """After three reminders one escalation, then only HR's list: one notice a day that names no person."""
    late = 0
    is_open = Condition("status", Operator.ANY_OF, ("awaiting_acceptance", "to_review"))
    overdue = Condition("due_on", Operator.LESS, context.today)
    for task in context.book.where("review_task", All((is_open, overdue))):
        due, sheet = task.day("due_on"), task.related("appraisal")
        cycle = sheet.related("cycle") if sheet else None
        mine = cycle is not None and cycle.item_id == context.cycle.item_id
        if mine and due and sheet is not None and is_reviewed(sheet):
            late += context.calendar.passed(due, context.today) > _LONG_OVERDUE_WORKDAYS
    if late:
        for receiver in context.process.role_members.get("hr", ("group:hr",)):
            facts = {"cycle": context.cycle.key}
            yield Notice(receiver=receiver, event="hr_list", object=context.cycle.key, day=context.today, facts=facts)


def archive(context: JobContext) -> Draft:
    """Seal the cycle once everything in it is settled; HR asks for it.

    Args:
        context: What stands; option ``archive`` asks like HR's action does.

    Returns:
        The cycle's last step; where nobody asks, one line that says so.

    Raises:
        CycleError: Something is still open; each is listed and nothing was written.
    """
    cycle = context.cycle
    asked = context.options.get("archive") or picked(cycle, "archive")
    if cycle.text("status") != "feedback":
        return Draft()
    if not asked:
        return Draft(notes=(note("cycle.archive_unasked", address=cycle.key),))
    problems: list[Problem] = []
    for sheet in context.book.of("appraisal", "cycle", cycle):
        where = sheet.text("name") or sheet.key
        if sheet.text("status") not in _FINAL_SHEETS:
            problems.append(note("cycle.sheet_open", address=where))
        problems += [
            note("cycle.appeal_open", address=where)
            for row in context.book.of("appeal", "appraisal", sheet)
            if row.text("status") in _OPEN_APPEALS
        ]
        problems += [
            note("cycle.outcome_open", address=where)
            for row in context.book.of("outcome", "appraisal", sheet)
            if row.text("status") not in _FINAL_OUTCOMES
        ]
        problems += [note("cycle.plan_unagreed", address=where) for _ in unagreed_plans(sheet)]
    if problems:
        facts: dict[str, FactValue] = {"cycle": cycle.key, "count": len(problems)}
        raise CycleError("cycle.not_settled", facts=facts, problems=problems)
    step = Wish(table="cycle", rows=(cycle_step(context, "archived"),), by_people=True)
    return Draft(wishes=(step,), audited=True)
