"""The job ``calibrate``: ends the reviews, makes 校准记录 of what the committee proposed, takes in what was approved.

结束评价 is picked by HR: open tasks expire, sheets go to 核算中, the cycle to 校准中. While calibrating, a 拟校准等级
that differs from the grade becomes a pending record (with its reason), and a result whose records are decided is
已校准. A grade above its cap is told, never changed by a job. Source: workflows.md §1; scoring.md S10.
"""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.guards import has_superior_review
from huoban_perf.cycle.moves import cycle_step, moved, picked
from huoban_perf.cycle.quotas import final_grade, over_quota
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_OPEN_TASKS = frozenset({"nomination_pending", "awaiting_acceptance", "to_review"})
_OPEN_RESULTS = frozenset({"held", "awaiting_reviews"})


def calibrate(context: JobContext) -> Draft:
    """Say what ending or calibrating the cycle calls for.

    Args:
        context: What stands; option ``end_reviews`` asks for 结束评价 like HR's action does.

    Returns:
        Nothing outside 评价中 and 校准中.

    Raises:
        CycleError: Reviews cannot end: nothing scored, superiors missing, or results held; each is listed.
    """
    status = context.cycle.text("status")
    if status == "reviewing" and (context.options.get("end_reviews") or picked(context.cycle, "end_reviews")):
        return _end_reviews(context)
    if status in {"calibrating", "awaiting_release"}:
        return _calibrate(context)
    return Draft()


def _end_reviews(context: JobContext) -> Draft:
    problems = list(_unfinished(context))
    if problems:
        facts: dict[str, FactValue] = {"cycle": context.cycle.key, "count": len(problems)}
        raise CycleError("cycle.reviews_open", facts=facts, problems=problems)
    today = context.today
    tasks: list[WantedRow] = []
    sheets: list[WantedRow] = []
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        if sheet.text("status") == "reviewing":
            sheets.append(moved(sheet, "calculating", today=today))
        tasks += [
            moved(task, "expired", today=today)
            for task in context.book.of("review_task", "appraisal", sheet)
            if task.text("status") in _OPEN_TASKS
        ]
    state = "calibrating" if context.stage_on("calibration") else "awaiting_release"
    return Draft(
        wishes=(
            Wish(table="review_task", rows=tuple(tasks), by_people=True),
            Wish(table="appraisal", rows=tuple(sheets)),
            Wish(table="cycle", rows=(cycle_step(context, state),), by_people=True),
        ),
        notices=tuple(_to_decider(context)) if state == "awaiting_release" else (),
        audited=True,
    )


def _unfinished(context: JobContext) -> Iterator[Problem]:
    scored = False
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        if sheet.text("status") not in {"reviewing", "calculating"}:
            continue
        where = sheet.text("name") or sheet.key
        if not has_superior_review(sheet):
            yield note("cycle.superior_missing", address=where)
        results = list(context.book.of("score_result", "appraisal", sheet))
        scored = scored or bool(results)
        for result in results:
            if result.text("status") in _OPEN_RESULTS:
                yield note("cycle.result_held", address=where, reason=result.text("missing_notes") or "-")
    if not scored:
        yield note("cycle.nothing_scored")


def _calibrate(context: JobContext) -> Draft:
    today = context.today
    records: list[WantedRow] = []
    results: list[WantedRow] = []
    notes: list[Problem] = []
    for sheet in sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key):
        standing = list(context.book.of("calibration", "appraisal", sheet))
        for result in context.book.of("score_result", "appraisal", sheet):
            record, problem = _proposal(sheet, result, standing)
            records += [record] if record else []
            notes += [problem] if problem else []
            undecided = bool(record or problem) or any(row.text("status") == "pending" for row in standing)
            if result.text("status") == "scored" and not undecided:
                results.append(moved(result, "calibrated", today=today))
    notes += [note("cycle.over_quota", address=line) for line in over_quota(context, binding_only=False)]
    return Draft(
        wishes=(
            Wish(table="calibration", rows=tuple(records), first_only=frozenset({"status"})),
            Wish(table="score_result", rows=tuple(results)),
        ),
        notes=tuple(notes),
        audited=True,
    )


def _proposal(sheet: Row, result: Row, standing: list[Row]) -> tuple[WantedRow | None, Problem | None]:
    """Return the record that a proposed grade calls for, or why there can be none."""
    proposed = result.text("proposed_grade")
    if not proposed or proposed == final_grade(result) or result.text("status") not in {"scored", "calibrated"}:
        return None, None
    mine = [row for row in standing if row.text("kind") == "calibration"]
    if any(row.text("status") == "pending" and row.text("new_grade") == proposed for row in mine):
        return None, None
    if any(row.text("status") == "rejected" and row.text("new_grade") == proposed for row in mine):
        return None, None
    if not result.has("calibration_reason"):
        return None, note("cycle.no_calibration_reason", address=sheet.text("name") or sheet.key)
    closed = sum(1 for row in mine if row.text("status") != "pending")
    key = natural_key(*sheet.key.strip("[]").split("|"), "calibration", str(closed + 1))
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "status": "pending",
        "kind": "calibration",
        "appraisal": Refs("appraisal", (sheet.key,)),
        "old_grade": final_grade(result),
        "new_grade": proposed,
        "old_score": result["raw_score"],
        "reason": result["calibration_reason"],
    }
    return WantedRow(key=key, values=values), None


def _to_decider(context: JobContext) -> Iterator[Notice]:
    cycle = context.cycle
    for decider in cycle.members("decider"):
        facts = {"cycle": cycle.key}
        yield Notice(
            receiver=decider, event="sign_off", object=cycle.key, day=context.today, facts=facts, mode=Mode.AT_ONCE
        )
