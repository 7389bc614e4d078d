"""What the release of a calibrated cycle adds to the release of scores: final grades, their reasons, the next state.

公布 is a person's decision: the decider picks it on the cycle, or names himself on the command line. Source:
workflows.md §1 (待公布→反馈申诉).
"""

from __future__ import annotations

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.moves import cycle_step, picked
from huoban_perf.cycle.quotas import final_grade
from huoban_perf.cycle.work import note
from huoban_perf.sync.release import ReleaseTerms
from huoban_perf.sync.wanted import Refs

_READY = frozenset({"calibrated", "approved", "released"})


def asked_to_release(context: JobContext) -> str | None:
    """Return the decider who picked 公布 on the cycle, or None."""
    return context.cycle.member("decider") if picked(context.cycle, "release") else None


def release_terms(context: JobContext) -> ReleaseTerms:
    """Return the terms of a cycle's release.

    Args:
        context: What stands.

    Returns:
        Plain terms for a cycle that was never calibrated (it is not in 待公布).

    Raises:
        CycleError: Results are undecided, or it is no working day; each is listed (scoring itself refuses other rules).
    """
    cycle = context.cycle
    if cycle.text("status") not in {"awaiting_release", "feedback"} or not cycle.text("announced_hash"):
        return ReleaseTerms()
    grades, remarks, problems = _decided(context)
    if cycle.text("status") == "awaiting_release" and not context.calendar.is_workday(context.today):
        problems.append(note("cycle.no_workday", day=context.today.isoformat()))
    if problems:
        facts: dict[str, FactValue] = {"cycle": cycle.key, "count": len(problems)}
        raise CycleError("cycle.not_releasable", facts=facts, problems=problems)
    step = cycle_step(context, "feedback").values if cycle.text("status") == "awaiting_release" else {}
    values: dict[str, Value] = {
        key: value for key, value in step.items() if key not in {"status", "name"} and not isinstance(value, Refs)
    }
    return ReleaseTerms(opened=_opened(context), grades=grades, remarks=remarks, cycle_values=values)


def _opened(context: JobContext) -> str:
    if context.stage_on("interview"):
        return "awaiting_interview"
    return "awaiting_confirmation" if context.stage_on("confirmation") else "completed"


def _decided(context: JobContext) -> tuple[dict[str, str], dict[str, str], list[Problem]]:
    """Return final grades that differ from the first ones, their remarks, and results that are not decided."""
    grades: dict[str, str] = {}
    remarks: dict[str, str] = {}
    problems: list[Problem] = []
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        for result in context.book.of("score_result", "appraisal", sheet):
            if context.stage_on("calibration") and result.text("status") not in _READY | {"void"}:
                problems.append(note("cycle.not_calibrated", address=sheet.text("name") or sheet.key))
            grade = final_grade(result)
            if grade and grade != result.text("initial_grade"):
                grades[sheet.key] = grade
                remarks[sheet.key] = f"校准: {_reason(context, sheet.key)}"
    return grades, remarks, problems


def _reason(context: JobContext, sheet: str) -> str:
    row = context.book.find("appraisal", sheet)
    records = context.book.of("calibration", "appraisal", row) if row else iter(())
    approved = [record for record in records if record.text("status") == "approved"]
    approved.sort(key=lambda record: (str(record["decided_on"] or ""), record.key))
    return approved[-1].text("reason") if approved else "-"
