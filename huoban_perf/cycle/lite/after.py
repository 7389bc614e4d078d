"""The small app's jobs around the release: ``progress``, ``publish``'s terms, ``remind``, ``appeal``; its guards.

Source: data-model.md §4; workflows.md §1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.guards import Asked, Check, Verdict, people_of, results
from huoban_perf.cycle.lite.goals import locked_goals
from huoban_perf.cycle.lite.opening import lite_date_faults, lite_people_faults, sheets_of
from huoban_perf.cycle.moves import cycle_step, moved, picked
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.scoring import parse_scheme
from huoban_perf.sync.book import Row
from huoban_perf.sync.release import ReleaseTerms
from huoban_perf.sync.wanted import Refs, WantedRow

_OPEN_APPEALS = frozenset({"submitted", "reviewing"})
_MEASURED = ("passing_value", "target_value", "excellent_value")


def progress_lite(context: JobContext) -> Draft:
    """Say how goals with an actual value stand: 正常 reaches the target at this pace, 预警 the passing value."""
    start, end = context.cycle.day("start_date"), context.cycle.day("end_date")
    rows = [
        WantedRow(key=goal.key, values={"natural_key": goal.key, "health": _health(goal, start, end, context.today)})
        for sheet in sheets_of(context)
        for goal in context.book.of("goal", "appraisal", sheet)
        if goal.key and goal.text("status") == "confirmed" and goal.number("actual_value") is not None
    ]
    return Draft(wishes=(Wish(table="goal", rows=tuple(rows)),))


def _health(goal: Row, start: date | None, end: date | None, today: date) -> str | None:
    actual, target, passing = (goal.number(key) for key in ("actual_value", "target_value", "passing_value"))
    if actual is None or target is None or passing is None:
        return None
    if target < passing:
        return "on_track" if actual <= target else "at_risk" if actual <= passing else "behind"
    length = (end - start).days + 1 if start and end else 1
    passed = max(1, min(length, (today - start).days + 1)) if start else 1
    if actual * length >= target * passed:
        return "on_track"
    return "at_risk" if actual * length >= passing * passed else "behind"


def lite_terms(context: JobContext) -> ReleaseTerms:
    """Return the terms of a release: grades that HR changed, with their reasons.

    Args:
        context: What stands.

    Returns:
        The terms.

    Raises:
        CycleError: It is no working day, a changed grade has no reason, or a goal is not as it was confirmed; each is
            listed.
    """
    cycle = context.cycle
    grades: dict[str, str] = {}
    remarks: dict[str, str] = {}
    problems: list[Problem] = []
    for result in results(cycle):
        grade, reason = result.text("proposed_grade"), result.text("calibration_reason")
        if grade and grade != result.text("initial_grade"):
            grades[result.key], remarks[result.key] = grade, f"校准: {reason}"
            if not reason:
                problems.append(note("cycle.no_calibration_reason", address=result.text("name") or result.key))
    waiting = cycle.text("status") == "awaiting_release"
    if waiting:
        problems += [note("cycle.goal_not_as_confirmed", address=row.key) for row in locked_goals(context).goals]
    if waiting and not context.calendar.is_workday(context.today):
        problems.append(note("cycle.no_workday", day=context.today.isoformat()))
    if problems:
        facts: dict[str, FactValue] = {"cycle": cycle.key, "count": len(problems)}
        raise CycleError("cycle.not_releasable", facts=facts, problems=problems)
    step = cycle_step(context, "feedback").values if waiting else {}
    values: dict[str, Value] = {
        key: value for key, value in step.items() if key not in {"status", "name"} and not isinstance(value, Refs)
    }
    return ReleaseTerms(opened="awaiting_interview", grades=grades, remarks=remarks, cycle_values=values)


def remind_lite(context: JobContext) -> Draft:
    """Let silence count as read once 申诉截止 has passed."""
    due = context.cycle.day("appeal_due_on")
    if context.cycle.text("status") != "feedback" or due is None or context.today <= due:
        return Draft()
    rows = [
        moved(sheet, "completed", today=context.today, confirmation_kind="lapsed")
        for sheet in sheets_of(context)
        if sheet.text("status") == "awaiting_confirmation"
    ]
    return Draft(wishes=(Wish(table="appraisal", rows=tuple(rows)),))


def appeal_lite(context: JobContext) -> Draft:
    """Set the limits of appeals and carry 调整结果 out: the person's released figures, then the appeal's state."""
    if context.cycle.text("status") != "feedback":
        return Draft()
    limits: list[WantedRow] = []
    sheets: list[WantedRow] = []
    decided: list[WantedRow] = []
    notices: list[Notice] = []
    for sheet in sorted(sheets_of(context), key=lambda row: row.key):
        for row in context.book.of("appeal", "appraisal", sheet):
            if row.key and row.text("status") in _OPEN_APPEALS and row.day("decide_by") is None:
                by = context.calendar.shift(context.today, context.process.decide_workdays)
                limits.append(WantedRow(key=row.key, values={"natural_key": row.key, "decide_by": by}))
            score = row.number("reviewed_score")
            if row.text("status") == "reviewing" and picked(row, "adjust") and score is not None:
                sheets.append(_released_again(context, sheet, score))
                emptied: dict[str, Value] = {
                    "hr_action": None,
                    "action_reason": None,
                    "action_result": "已完成: 调整结果",
                }
                decided.append(moved(row, "adjusted", today=context.today, **emptied))
                told = {"event": "private_matter", "object": row.key, "day": context.today, "mode": Mode.EXEMPT}
                notices.append(Notice(receiver=row.member("appellant"), **told))  # type: ignore[arg-type]
    return Draft(
        wishes=(
            Wish(table="appeal", rows=tuple(limits)),
            Wish(table="appraisal", rows=tuple(sheets), by_people=True),
            Wish(table="appeal", rows=tuple(decided), by_people=True),
        ),
        notices=tuple(notices),
        audited=True,
    )


def _released_again(context: JobContext, sheet: Row, score: Decimal) -> WantedRow:
    grade = _grade(context, sheet, score)
    receipt = sheet.text("released_receipt")
    line = f"申诉调整: 得分改为 {score:.2f}"
    values: dict[str, Value] = {
        "released_score": score,
        "released_grade": grade,
        "released_receipt": receipt if line in receipt else f"{receipt}\n{line}",
    }
    state = "awaiting_confirmation" if sheet.text("status") == "completed" else sheet.text("status")
    return moved(sheet, state, today=context.today, **values)


def _grade(context: JobContext, sheet: Row, score: Decimal) -> str:
    bands = parse_scheme(context.process.scheme).grades
    name = next(band.name for band in bands if band.lower_d4 is None or score * 10_000 >= band.lower_d4)
    options = sheet.rows.table.field("released_grade").options
    return next((option.address.key for option in options if option.labels.zh == name), sheet.text("released_grade"))


# --- guards ---------------------------------------------------------------------------------------------------------


def _dates(asked: Asked, cycle: Row) -> Verdict:
    del asked
    faults = tuple(str(one.facts.get("second", one.address)) for one in lite_date_faults(cycle))
    return {"detail": faults} if faults else None


def _people(asked: Asked, cycle: Row) -> Verdict:
    del asked
    if cycle.has("action_reason"):
        return None
    names = tuple(dict.fromkeys(str(one.address) for one in lite_people_faults(cycle.book, cycle)))
    return {"people": names[:20]} if names else None


def _reasons(asked: Asked, cycle: Row) -> Verdict:
    del asked
    return people_of(row.related("appraisal") or row for row in _unexplained(cycle))


def _unexplained(cycle: Row) -> Iterator[Row]:
    for row in results(cycle):
        grade = row.text("proposed_grade")
        if grade and grade != row.text("initial_grade") and not row.has("calibration_reason"):
            yield row


def _appeals_closed(asked: Asked, cycle: Row) -> Verdict:
    del asked
    count = sum(
        row.text("status") in _OPEN_APPEALS
        for sheet in cycle.book.of("appraisal", "cycle", cycle)
        for row in cycle.book.of("appeal", "appraisal", sheet)
    )
    return {"count": count} if count else None


def _goals_smart(asked: Asked, sheet: Row) -> Verdict:
    del asked
    faulty = [
        goal.text("name")
        for goal in sheet.book.of("goal", "appraisal", sheet)
        if goal.text("status") == "draft"
        and not (goal.text("kind") == "qualitative" or all(goal.has(key) for key in _MEASURED))
    ]
    return {"goals": tuple(faulty)} if faulty else None


LITE_GUARDS: Mapping[tuple[str, str], Check] = {
    ("cycle", "lite_dates"): _dates,
    ("cycle", "lite_people"): _people,
    ("cycle", "lite_reasons"): _reasons,
    ("cycle", "lite_appeals_closed"): _appeals_closed,
    ("appraisal", "lite_goals_smart"): _goals_smart,
}
"""Checks that only the small app's machines ask."""
