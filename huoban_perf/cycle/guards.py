"""Named guards: the checks that a state machine asks beyond the row itself, by table and name.

A guard gives None when it holds, else the facts of its refusal, whose placeholders stand in the template's own text.
What a platform does not tell (who pressed) is judged by the member fields of the row. Source: workflows.md §1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import FactValue, PinnedRulesError
from huoban_perf.core.values import CHINA
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.context import JobContext, Process, stages_off
from huoban_perf.cycle.goal_changes import number_of
from huoban_perf.cycle.improving import unagreed_plans
from huoban_perf.cycle.opening_checks import announced_rules, date_faults, people_faults
from huoban_perf.cycle.org_source import parse_day
from huoban_perf.cycle.quotas import over_quota
from huoban_perf.sync.book import Row
from huoban_perf.sync.pin import refuse_other_rules

Verdict = Mapping[str, FactValue] | None
Check = Callable[["Asked", Row], Verdict]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What guards know beside the row.

    Attributes:
        clock: Time.
        process: Parameters.
        calendar: Working days.
    """

    clock: Clock
    process: Process = field(default_factory=Process)
    calendar: WorkCalendar = field(default_factory=WorkCalendar)

    @property
    def today(self) -> date:
        """The day in China."""
        return self.clock.now().astimezone(CHINA).date()

    def context(self, cycle: Row) -> JobContext:
        """Return the context of a job on a cycle."""
        return JobContext(book=cycle.book, cycle_name=cycle.key, process=self.process, calendar=self.calendar)


def named(row: Row | None) -> str:
    """Return how people call a row: 姓名, else its title, else its key."""
    if row is None:
        return "-"
    employee = row.related("employee") if "employee" in row.rows.columns else None
    target = employee or row
    return target.text("name") or target.key


def people_of(rows: Iterator[Row]) -> Verdict:
    """Return a refusal that names the people of rows, or None for no row."""
    names = tuple(dict.fromkeys(named(row) for row in rows))
    if not names:
        return None
    shown = names[:10]
    return {"people": shown if len(names) == len(shown) else (*shown, f"等 {len(names)} 人"), "count": len(names)}


def sheets(cycle: Row) -> Iterator[Row]:
    """Yield the appraisals of a cycle."""
    yield from cycle.book.of("appraisal", "cycle", cycle)


def results(cycle: Row) -> Iterator[Row]:
    """Yield the 核算结果 of a cycle that count."""
    for sheet in sheets(cycle):
        for result in cycle.book.of("score_result", "appraisal", sheet):
            if result.text("status") != "void":
                yield result


def cycle_of(row: Row) -> Row | None:
    """Return the cycle a row belongs to, by its own relation or its appraisal's."""
    if row.rows.table.key == "cycle":
        return row
    if "cycle" in row.rows.columns:
        return row.related("cycle")
    sheet = row.related("appraisal") if "appraisal" in row.rows.columns else None
    return sheet.related("cycle") if sheet else None


# --- 考核周期 -------------------------------------------------------------------------------------------------------


def _scheme_complete(asked: Asked, cycle: Row) -> Verdict:
    _, problems = announced_rules(cycle.book, cycle, pass_grade=asked.process.pass_grade)
    if not problems:
        return None
    schemes = tuple(row.text("name") for row in cycle.all_related("schemes"))
    return {"scheme": schemes, "detail": tuple(sorted({problem.code for problem in problems}))}


def _dates_ordered(asked: Asked, cycle: Row) -> Verdict:
    faults = [str(problem.facts.get("second", problem.address)) for problem in date_faults(asked.context(cycle), cycle)]
    return {"detail": tuple(faults)} if faults else None


def _everyone_ready(asked: Asked, cycle: Row) -> Verdict:
    if cycle.has("action_reason"):
        return None
    names = tuple(dict.fromkeys(str(p.address) for p in people_faults(asked.context(cycle), cycle)))
    return {"people": names[:20]} if names else None


def _announced_long_enough(asked: Asked, cycle: Row) -> Verdict:
    announced = cycle["announced_on"]
    days = asked.process.announce_days
    if not isinstance(announced, datetime) or (asked.today - announced.astimezone(CHINA).date()).days < days:
        return {"days": days}
    return None


def _goals_confirmed(asked: Asked, cycle: Row) -> Verdict:
    del asked
    if cycle.has("action_reason"):
        return None
    waiting = {"goal_setting", "goals_awaiting_confirmation"}
    return people_of(row for row in sheets(cycle) if row.text("status") in waiting)


def _scored(asked: Asked, cycle: Row) -> Verdict:
    del asked
    return None if any(True for _ in results(cycle)) else {}


def _superiors_done(asked: Asked, cycle: Row) -> Verdict:
    del asked
    open_sheets = [row for row in sheets(cycle) if row.text("status") in {"reviewing", "calculating"}]
    return people_of(sheet for sheet in open_sheets if not has_superior_review(sheet))


def has_superior_review(sheet: Row) -> bool:
    """Return whether a superior's review of a sheet is in, or its scheme asks no superior."""
    scheme = sheet.related("scheme")
    asked = {group.text("relation") for group in sheet.book.of("rater_group", "scheme", scheme)} if scheme else set()
    if asked and "superior" not in asked:
        return True
    tasks = sheet.book.of("review_task", "appraisal", sheet)
    return any(task.text("relation") == "superior" and task.text("status") == "submitted" for task in tasks)


def _nothing_held(asked: Asked, cycle: Row) -> Verdict:
    del asked
    return people_of(
        row.related("appraisal") or row for row in results(cycle) if row.text("status") in {"held", "awaiting_reviews"}
    )


def _calibrations_of_cycle(asked: Asked, cycle: Row) -> Verdict:
    del asked
    return people_of(sheet for sheet in sheets(cycle) if has_open_calibration(sheet))


def has_open_calibration(sheet: Row) -> bool:
    """Return whether a 校准记录 of a sheet still waits for its decision."""
    return any(row.text("status") == "pending" for row in sheet.book.of("calibration", "appraisal", sheet))


def _quotas_kept(asked: Asked, cycle: Row) -> Verdict:
    faults = over_quota(asked.context(cycle), binding_only=True)
    return {"detail": tuple(faults)} if faults else None


def _results_approved(asked: Asked, cycle: Row) -> Verdict:
    """Signing the cycle signs every calibrated row (sign_off = cycle); without calibration every scored one."""
    calibrating = "calibration" not in stages_off(cycle)
    ready = {"calibrated", "approved", "released"} if calibrating else {"scored", "calibrated", "approved", "released"}
    del asked
    return people_of(row.related("appraisal") or row for row in results(cycle) if row.text("status") not in ready)


def _hashes_match(asked: Asked, cycle: Row) -> Verdict:
    fault = rules_changed(cycle, pass_grade=asked.process.pass_grade)
    return {"detail": fault} if fault else None


def rules_changed(cycle: Row, *, pass_grade: str) -> tuple[str, ...]:
    """Return what differs from the announced rules without a recorded and approved change; empty for nothing."""
    documents, problems = announced_rules(cycle.book, cycle, pass_grade=pass_grade)
    if problems:
        return tuple(sorted({problem.code for problem in problems}))
    try:
        refuse_other_rules(cycle.key, tables=cycle.book.tables, schemes=documents)
    except PinnedRulesError as error:
        return tuple(str(problem.address) for problem in error.problems) or (error.code,)
    return ()


def _working_day(asked: Asked, cycle: Row) -> Verdict:
    del cycle
    return None if asked.calendar.is_workday(asked.today) else {}


_FINAL_SHEETS = frozenset({"completed", "not_appraised", "void"})
_OPEN_APPEALS = frozenset({"submitted", "accepted", "reviewing", "awaiting_final"})
_FINAL_OUTCOMES = frozenset({"executed", "cancelled"})


def _appraisals_final(asked: Asked, cycle: Row) -> Verdict:
    del asked
    return people_of(row for row in sheets(cycle) if row.text("status") not in _FINAL_SHEETS)


def open_appeals(sheet: Row) -> list[Row]:
    """Return the appeals of a sheet that are not settled."""
    return [row for row in sheet.book.of("appeal", "appraisal", sheet) if row.text("status") in _OPEN_APPEALS]


def _appeals_closed(asked: Asked, cycle: Row) -> Verdict:
    del asked
    count = sum(len(open_appeals(sheet)) for sheet in sheets(cycle))
    return {"count": count} if count else None


def _outcomes_final(asked: Asked, cycle: Row) -> Verdict:
    del asked
    rows = [row for row in cycle.book.of("outcome", "cycle", cycle) if row.text("status") not in _FINAL_OUTCOMES]
    return {"count": len(rows)} if rows else None


def _plans_agreed(asked: Asked, cycle: Row) -> Verdict:
    del asked
    count = sum(len(unagreed_plans(sheet)) for sheet in sheets(cycle))
    return {"count": count} if count else None


# --- 目标 ----------------------------------------------------------------------------------------------------------


def _goals_of(sheet: Row, *states: str) -> list[Row]:
    return [row for row in sheet.book.of("goal", "appraisal", sheet) if not states or row.text("status") in states]


_SMART = ("evidence", "start_date", "end_date")
_MEASURED = ("metric", "passing_value", "target_value")


def _goals_smart(asked: Asked, sheet: Row) -> Verdict:
    del asked
    faulty = [
        goal.text("name")
        for goal in _goals_of(sheet, "draft")
        if not all(goal.has(key) for key in (_SMART + _MEASURED if goal.text("kind") == "quantitative" else _SMART))
    ]
    return {"goals": tuple(faulty)} if faulty else None


def weight_total(goals: list[Row]) -> Decimal:
    """Return the sum of goals' weights."""
    return sum(((goal.number("weight") or Decimal(0)) for goal in goals), Decimal(0))


def _goals_total(asked: Asked, sheet: Row) -> Verdict:
    del asked
    total = weight_total(_goals_of(sheet, "draft", "awaiting_confirmation", "confirmed", "changing"))
    return None if total == 100 else {"total": format(total.normalize(), "f")}


def _goals_count(asked: Asked, sheet: Row) -> Verdict:
    least, most = asked.process.goals_min, asked.process.goals_max
    count = len(_goals_of(sheet, "draft", "awaiting_confirmation", "confirmed", "changing"))
    return None if least <= count <= most else {"count": count, "least": least, "most": most}


def _not_own(asked: Asked, row: Row) -> Verdict:
    """A manager who is his own subject (the head of the company) may not confirm what is his."""
    del asked
    return {} if set(row.members("p_mgr")) & set(row.members("p_self")) else None


def _weights_full(asked: Asked, goal: Row) -> Verdict:
    del asked
    sheet = goal.related("appraisal")
    if sheet is None or sheet.text("status") in {"void", "not_appraised"}:
        return None
    rest = [row for row in _goals_of(sheet, "confirmed", "changing") if row.key != goal.key]
    total = weight_total(rest)
    return None if not rest or total == 100 else {"total": format(total.normalize(), "f")}


def _one_open_change(asked: Asked, change: Row) -> Verdict:
    del asked
    goal = change.related("goal")
    if goal is None:
        return {}
    others = [row for row in change.book.of("goal_change", "goal", goal) if row.item_id != change.item_id]
    return {} if any(row.text("status") == "pending" for row in others) else None


def _change_keeps_weights(asked: Asked, change: Row) -> Verdict:
    """Weights of a sheet stay 100 together with the other weight changes that wait or were approved for it."""
    del asked
    goal = change.related("goal")
    sheet = goal.related("appraisal") if goal else None
    if goal is None or sheet is None or change.text("change_kind") not in {"weight", "terminate"}:
        return None
    goals = _goals_of(sheet, "confirmed", "changing")
    weights = [_weight_after(one, change if one.key == goal.key else None) for one in goals]
    total = sum(weights, Decimal(0))
    alone = change.text("change_kind") == "terminate" and len(goals) == 1
    return None if total == 100 or alone else {"total": format(total.normalize(), "f")}


def _weight_after(goal: Row, change: Row | None) -> Decimal:
    """Return a goal's weight once its own change, or its newest one that waits or was approved, counts."""
    standing = [change] if change else list(goal.book.of("goal_change", "goal", goal))
    standing = [row for row in standing if row.text("status") in {"", "pending", "approved"}]
    standing = [row for row in standing if row.text("change_kind") in {"weight", "terminate"}]
    newest = max(standing, key=lambda row: (str(row["effective_on"] or ""), row.key), default=None)
    if newest is None:
        return goal.number("weight") or Decimal(0)
    return Decimal(0) if newest.text("change_kind") == "terminate" else number_of(newest) or Decimal(0)


def _value_usable(asked: Asked, change: Row) -> Verdict:
    """What a change says must be readable before anybody decides on it."""
    value = change.text("new_value").strip()
    match change.text("change_kind"):
        case "target" | "weight":
            number = number_of(change)
            fine = number is not None and number >= 0
        case "deadline":
            fine = parse_day(value) is not None
        case "realign":
            rows = [row for row in change.book.all("strategy") if row.text("status") == "active"]
            fine = [row.text("name") for row in rows].count(value) == 1
        case _:
            fine = True
    del asked
    return None if fine else {"value": value or "-"}


def differ(first: str, second: str) -> Check:
    """Return a guard that refuses when two member fields hold the same person."""

    def check(asked: Asked, row: Row) -> Verdict:
        del asked
        return {} if set(row.members(first)) & set(row.members(second)) else None

    return check


CYCLE_GUARDS: Mapping[tuple[str, str], Check] = {
    ("strategy", "approver_not_owner"): differ("approver", "owner"),
    ("cycle", "scheme_complete"): _scheme_complete,
    ("cycle", "dates_ordered"): _dates_ordered,
    ("cycle", "everyone_ready"): _everyone_ready,
    ("cycle", "announced_long_enough"): _announced_long_enough,
    ("cycle", "goals_confirmed"): _goals_confirmed,
    ("cycle", "scored"): _scored,
    ("cycle", "superiors_done"): _superiors_done,
    ("cycle", "nothing_held"): _nothing_held,
    ("cycle", "calibrations_decided"): _calibrations_of_cycle,
    ("cycle", "quotas_kept"): _quotas_kept,
    ("cycle", "results_approved"): _results_approved,
    ("cycle", "hashes_match"): _hashes_match,
    ("cycle", "working_day"): _working_day,
    ("cycle", "appraisals_final"): _appraisals_final,
    ("cycle", "appeals_closed"): _appeals_closed,
    ("cycle", "outcomes_final"): _outcomes_final,
    ("cycle", "plans_agreed"): _plans_agreed,
    ("appraisal", "goals_smart"): _goals_smart,
    ("appraisal", "goals_total"): _goals_total,
    ("appraisal", "goals_count"): _goals_count,
    ("appraisal", "not_own_goals"): _not_own,
    ("goal", "not_own_goal"): _not_own,
    ("goal", "weights_full"): _weights_full,
    ("goal_change", "one_open_change"): _one_open_change,
    ("goal_change", "approver_not_applicant"): differ("approver", "applicant"),
    ("goal_change", "weights_full"): _change_keeps_weights,
    ("goal_change", "value_usable"): _value_usable,
}
