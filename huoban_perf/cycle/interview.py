"""The job ``interview``: makes the talks a released cycle calls for, with their outline, and moves sheets on.

The outline is taken from the released sheet, so it shows nothing its reader cannot see. Source: workflows.md §1
绩效面谈; data-model.md §2 反馈.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.moves import moved
from huoban_perf.cycle.work import Draft, Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_OVER = frozenset({"signed", "refused", "cancelled"})
_LINES = 3


def interview(context: JobContext) -> Draft:
    """Say which talks are missing and which sheets have theirs behind them.

    Args:
        context: What stands.

    Returns:
        Nothing before the release.
    """
    if context.cycle.text("status") != "feedback":
        return Draft()
    talks: list[WantedRow] = []
    sheets: list[WantedRow] = []
    for sheet in sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key):
        if sheet.text("status") != "awaiting_interview":
            continue
        standing = list(context.book.of("interview", "appraisal", sheet))
        if standing and all(row.text("status") in _OVER for row in standing):
            sheets.append(moved(sheet, "awaiting_confirmation", today=context.today))
        elif not standing and _is_due(context, sheet):
            talks.append(_talk(context, sheet))
        elif not standing:
            sheets.append(moved(sheet, "awaiting_confirmation", today=context.today))
    return Draft(
        wishes=(
            Wish(table="interview", rows=tuple(talks), first_only=frozenset({"status"})),
            Wish(table="appraisal", rows=tuple(sheets)),
        )
    )


def _is_due(context: JobContext, sheet: Row) -> bool:
    grades = context.process.interview_grades
    return not grades or sheet.text("released_grade") in grades


def _talk(context: JobContext, sheet: Row) -> WantedRow:
    employee = sheet.related("employee")
    manager = employee.related("manager") if employee else None
    due = context.cycle.day("interview_due_on") or context.today + timedelta(days=context.process.interview_days)
    key = natural_key(*sheet.key.strip("[]").split("|"), "1")
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"{employee.text('name') if employee else sheet.key} 绩效面谈",
        "status": "to_schedule",
        "appraisal": Refs("appraisal", (sheet.key,)),
        "interviewer": manager.members("account") if manager else None,
        "employee": Refs("employee", (employee.key,)) if employee else None,
        "p_self": employee.members("account") if employee else None,
        "due_on": due,
        "template": _template(context, sheet),
        "outline": "\n".join(_outline(sheet)),
    }
    columns = context.book.rows("interview").columns
    return WantedRow(key=key, values={name: value for name, value in values.items() if name in columns})


def _template(context: JobContext, sheet: Row) -> str:
    order = [option.address.key for option in sheet.rows.table.field("released_grade").options]
    grade = sheet.text("released_grade")
    if grade in context.process.weak_grades:
        return "weak"
    return "excellent" if order and grade in order[:2] else "acceptable"


def _outline(sheet: Row) -> Iterator[str]:
    """Three up, three down: the best and the weakest items of the released sheet, by their scores."""
    items = [
        (score, row.text("name"))
        for row in sheet.book.of("appraisal_item", "appraisal", sheet)
        if (score := row.number("score")) is not None
    ]
    items.sort(key=lambda pair: (-pair[0], pair[1]))
    if items:
        yield "做得好: " + "、".join(name for _, name in items[:_LINES])
        yield "待加强: " + "、".join(name for _, name in items[::-1][:_LINES])
    yield "下阶段约定: 目标、支持、时间"
