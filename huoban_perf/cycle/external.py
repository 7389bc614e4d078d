"""The job ``match-external``: puts answers of the public form to their review tasks by 邀请码; the first one counts.

A code that nobody was given, or that was used before, is marked and told; nothing is overwritten. Source:
data-model.md §2 外部评价; workflows.md §1 评价任务.
"""

from __future__ import annotations

from huoban_perf.core.errors import Problem
from huoban_perf.core.filters import AnyOf, Condition, Operator
from huoban_perf.core.values import Value, Values
from huoban_perf.cycle.by_item import update_rows
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.moves import moved
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import WantedRow

_NEW = AnyOf(
    (Condition("match_status", Operator.EMPTY, True), Condition("match_status", Operator.ANY_OF, ("pending",)))
)
_WAITING = frozenset({"awaiting_acceptance", "to_review"})


def match_external(context: JobContext) -> Draft:
    """Say which task each new answer belongs to.

    Args:
        context: What stands.

    Returns:
        Tasks submitted with their answers; notes on codes that are unknown or were used before.
    """
    if not context.book.any_where("external_review", _NEW):
        return Draft()
    tasks = {row.text("invite_code"): row for row in context.book.all("review_task") if row.text("invite_code")}
    used: set[str] = {code for code, row in tasks.items() if row.text("status") == "submitted"}
    rows: list[WantedRow] = []
    notes: list[Problem] = []
    for answer in context.book.all("external_review"):
        if answer.text("match_status") not in {"", "pending"}:
            continue
        code = answer.text("invite_code").strip()
        verdict = verdict_of(code, tasks, used)
        if verdict == "matched":
            used.add(code)
            rows.append(_submitted(context, tasks[code], answer))
        else:
            notes.append(note(f"cycle.code_{verdict}", address=code))
    return Draft(wishes=(Wish(table="review_task", rows=tuple(rows)),), notes=tuple(notes), after=mark_answers)


def verdict_of(code: str, tasks: dict[str, Row], used: set[str]) -> str:
    """Return matched, duplicate or invalid for a code."""
    if code not in tasks:
        return "invalid"
    if code in used or tasks[code].text("status") not in _WAITING:
        return "duplicate"
    return "matched"


def _submitted(context: JobContext, task: Row, answer: Row) -> WantedRow:
    shared = [
        column
        for column in answer.rows.columns
        if column in task.rows.columns and column not in {"invite_code", "natural_key"} and answer.has(column)
    ]
    values: dict[str, Value] = {column: answer[column] for column in shared}
    if answer.has("opinion"):
        values["overall_comment"] = answer["opinion"]
    values["submitted_on"] = context.book.app.clock.now()
    return moved(task, "submitted", today=context.today, **values)


def mark_answers(context: JobContext) -> int:
    """Mark every answer whose task stands submitted, or whose code leads nowhere; answers have no key of their own.

    Args:
        context: What stands after the tasks were written.

    Returns:
        How many were marked.
    """
    tasks = {row.text("invite_code"): row for row in context.book.all("review_task") if row.text("invite_code")}
    changes: list[tuple[Row, Values]] = []
    first: set[str] = set()
    for answer in context.book.all("external_review"):
        if answer.text("match_status") not in {"", "pending"}:
            first.add(answer.text("invite_code").strip())
            continue
        code = answer.text("invite_code").strip()
        status = "invalid" if code not in tasks else "duplicate" if code in first else "matched"
        first.add(code)
        changes.append((answer, {"match_status": status}))
    return update_rows(context, "external_review", changes)
