"""Guards of reviews, figures, points, calibration and improvement plans. Source: workflows.md §1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from huoban_perf.core.values import CHINA
from huoban_perf.cycle.guards import (
    Asked,
    Check,
    Verdict,
    cycle_of,
    differ,
    has_open_calibration,
    has_superior_review,
    named,
    open_appeals,
)
from huoban_perf.cycle.improving import days_between_reviews, reviews_of
from huoban_perf.cycle.opening import days_present
from huoban_perf.sync.book import Row

_EXTREMES = frozenset({"g5", "g1"})


# --- 绩效考核单 -----------------------------------------------------------------------------------------------------


def _days_present(asked: Asked, sheet: Row) -> Verdict:
    del asked
    cycle, employee = sheet.related("cycle"), sheet.related("employee")
    if cycle is None or employee is None:
        return None
    days, least = days_present(sheet), int(cycle.number("min_days") or 0)
    return None if days >= least else {"days": days, "least": least}


def _superior_submitted(asked: Asked, sheet: Row) -> Verdict:
    del asked
    return None if has_superior_review(sheet) else {"people": named(sheet)}


def _result_approved(asked: Asked, sheet: Row) -> Verdict:
    del asked
    rows = list(sheet.book.of("score_result", "appraisal", sheet))
    return None if any(row.text("status") in {"approved", "released"} for row in rows) else {}


def _talk_over(asked: Asked, sheet: Row) -> Verdict:
    del asked
    talks = list(sheet.book.of("interview", "appraisal", sheet))
    over = {"signed", "refused", "cancelled"}
    return None if talks and all(row.text("status") in over for row in talks) else {}


def _reminded_enough(asked: Asked, sheet: Row) -> Verdict:
    """Reminders go out every working day before 确认截止, so enough working days stand for enough reminders."""
    cycle = sheet.related("cycle")
    due, released = cycle.day("confirm_due_on") if cycle else None, sheet["released_on"]
    count = asked.process.confirm_reminders
    if due is None or asked.today <= due or not isinstance(released, datetime):
        return {"count": count}
    passed = asked.calendar.passed(released.astimezone(CHINA).date(), asked.today)
    return None if passed >= count else {"count": count}


def _appeal_window(asked: Asked, row: Row) -> Verdict:
    cycle = cycle_of(row)
    due = cycle.day("appeal_due_on") if cycle else None
    return None if due is not None and asked.today <= due else {"date": str(due or "-")}


def _outcome_not_executed(asked: Asked, sheet: Row) -> Verdict:
    del asked
    rows = sheet.book.of("outcome", "appraisal", sheet)
    return {} if any(row.text("status") == "executed" for row in rows) else None


# --- 指标数据 ------------------------------------------------------------------------------------------------------


def cycle_of_period(row: Row) -> Row | None:
    """Return the cycle a figure's period lies in."""
    start = row.day("period_start")
    for cycle in row.book.all("cycle"):
        first, last = cycle.day("start_date"), cycle.day("end_date")
        if start and first and last and first <= start <= last and cycle.text("status") != "cancelled":
            return cycle
    return None


def _data_window(asked: Asked, row: Row) -> Verdict:
    cycle = cycle_of_period(row)
    due = cycle.day("data_due_on") if cycle else None
    return None if due is None or asked.today <= due else {"date": str(due)}


# --- 评价任务 ------------------------------------------------------------------------------------------------------


def _rater_allowed(asked: Asked, task: Row) -> Verdict:
    del asked
    sheet = task.related("appraisal")
    employee = sheet.related("employee") if sheet else None
    manager = employee.related("manager") if employee else None
    barred = {*(employee.members("account") if employee else ()), *(manager.members("account") if manager else ())}
    return {"rater": person_named(task, "rater")} if set(task.members("rater")) & barred else None


def _load_limit(asked: Asked, task: Row) -> Verdict:
    cycle = cycle_of(task)
    counted = {"awaiting_acceptance", "to_review", "submitted"}
    held = {o.item_id: o for rater in task.members("rater") for o in task.book.holding("review_task", "rater", rater)}
    load = sum(
        1
        for other in held.values()
        if other.text("status") in counted
        and other.item_id != task.item_id
        and other.text("relation") in {"peer", "subordinate"}
        and (found := cycle_of(other)) is not None
        and cycle is not None
        and found.key == cycle.key
    )
    most = asked.process.review_load
    return None if load < most else {"rater": person_named(task, "rater"), "count": load}


def _answers(asked: Asked, task: Row) -> dict[str, Decimal]:
    shares = asked.process.criteria.get(task.text("relation"), {})
    return {key: share for key, share in shares.items() if key in task.rows.columns}


def _enough_answered(asked: Asked, task: Row) -> Verdict:
    shares = _answers(asked, task)
    total = sum(shares.values(), Decimal(0))
    answered = sum((s for key, s in shares.items() if task.text(key) not in {"", "unknown"}), Decimal(0))
    open_ones = tuple(_label(task, key) for key in shares if task.text(key) in {"", "unknown"})
    return None if not total or answered * 2 >= total else {"criteria": open_ones}


def _extremes_explained(asked: Asked, task: Row) -> Verdict:
    extreme = tuple(_label(task, key) for key in _answers(asked, task) if task.text(key) in _EXTREMES)
    return {"criteria": extreme} if extreme and not task.has("extreme_evidence") else None


def _label(row: Row, field: str) -> str:
    return row.rows.table.field(field).labels.zh


def person_named(row: Row, field: str) -> str:
    """Return the name of the member in a field, as the employee table knows it."""
    member = row.member(field)
    found = next((person for person in row.book.all("employee") if member in person.members("account")), None)
    return named(found) if found else member or "-"


def _before_due(asked: Asked, task: Row) -> Verdict:
    due = task.day("due_on")
    cycle = cycle_of(task)
    reviewing = cycle is not None and cycle.text("status") == "reviewing"
    return None if reviewing and (due is None or asked.today <= due) else {"date": str(due or "-")}


def _delegate_allowed(asked: Asked, task: Row) -> Verdict:
    """Nobody takes over his own review, his own task, or a second form about the same person (S4.2)."""
    sheet = task.related("appraisal")
    employee = sheet.related("employee") if sheet else None
    barred = {*(employee.members("account") if employee else ()), *task.members("rater")}
    for other in task.book.of("review_task", "appraisal", sheet) if sheet else ():
        own = other.related("original_task")
        counts = other.text("status") not in {"declined", "recalled", "expired"}
        if own is not None and own.item_id == task.item_id:
            continue  # made by this very action, which was killed
        if counts and other.item_id != task.item_id and other.text("relation") == task.text("relation"):
            barred |= set(other.members("rater"))
    del asked
    return {"rater": person_named(task, "delegate")} if set(task.members("delegate")) & barred else None


# --- 加减分, 校准, 核算结果, 改进 -----------------------------------------------------------------------------------


def _within_cap(asked: Asked, entry: Row) -> Verdict:
    del asked
    sheet = entry.related("appraisal")
    scheme = sheet.related("scheme") if sheet else None
    cap = scheme.number("adjustment_cap") if scheme else None
    if sheet is None or cap is None:
        return None
    total = Decimal(0)
    for row in entry.book.of("points_entry", "appraisal", sheet):
        if row.text("status") == "approved" or row.item_id == entry.item_id:
            points = row.number("points") or Decimal(0)
            total += -points if row.text("kind") == "minus" else points
    shown = {"total": format(total.normalize(), "f"), "cap": format(cap.normalize(), "f")}
    return None if abs(total) <= cap else shown


def _not_own_case(asked: Asked, row: Row) -> Verdict:
    del asked
    sheet = row.related("appraisal")
    employee = sheet.related("employee") if sheet else None
    subject = set(employee.members("account")) if employee else set()
    return {} if subject & {*row.members("approver"), *row.members("proposer")} else None


def _own_calibrations(asked: Asked, result: Row) -> Verdict:
    del asked
    sheet = result.related("appraisal")
    waiting = sheet is not None and has_open_calibration(sheet)
    return {"people": named(sheet)} if waiting else None


def _not_own_result(asked: Asked, result: Row) -> Verdict:
    """The decider never signs his own result: his sheet is decided above him, so it must not name him as decider."""
    del asked
    sheet = result.related("appraisal")
    cycle, employee = (sheet.related("cycle"), sheet.related("employee")) if sheet else (None, None)
    if cycle is None or employee is None:
        return None
    return {} if set(cycle.members("decider")) & set(employee.members("account")) else None


def _has_task(asked: Asked, plan: Row) -> Verdict:
    del asked
    return None if any(True for _ in plan.book.of("plan_task", "improvement", plan)) else {}


def _reviews_held(asked: Asked, plan: Row) -> Verdict:
    del asked
    done = len(reviews_of(plan))
    start, end = plan.day("start_date"), plan.day("end_date")
    due = max(1, (end - start).days // days_between_reviews(plan)) if start and end else 1
    return None if done >= due else {"due": due, "done": done}


def _extended_once(asked: Asked, plan: Row) -> Verdict:
    del asked
    extended = plan.day("extended_to")
    return {} if extended is not None and plan.day("end_date") == extended else None


# --- 面谈 ----------------------------------------------------------------------------------------------------------


def _returned_once(asked: Asked, talk: Row) -> Verdict:
    del asked
    return {} if "退回" in talk.text("action_result") else None


def _three_workdays(asked: Asked, talk: Row) -> Verdict:
    held = talk["scheduled_at"]
    passed = asked.calendar.passed(held.astimezone(CHINA).date(), asked.today) if isinstance(held, datetime) else 0
    return None if passed >= 3 else {"days": passed}


# --- 申诉, 结果应用 -------------------------------------------------------------------------------------------------


def _own_appraisal(asked: Asked, appeal: Row) -> Verdict:
    del asked
    sheet = appeal.related("appraisal")
    employee = sheet.related("employee") if sheet else None
    own = set(employee.members("account")) if employee else set()
    return None if own & set(appeal.members("appellant")) else {}


def _one_open_appeal(asked: Asked, appeal: Row) -> Verdict:
    del asked
    sheet = appeal.related("appraisal")
    others = [row for row in open_appeals(sheet) if row.item_id != appeal.item_id] if sheet else []
    return {} if others else None


def involved(sheet: Row | None) -> set[str]:
    """Return everybody who had a part in a result: raters, superior, approvers of its calibration, the decider."""
    if sheet is None:
        return set()
    book = sheet.book
    people = {member for row in book.of("review_task", "appraisal", sheet) for member in row.members("rater")}
    for row in book.of("calibration", "appraisal", sheet):
        people |= {*row.members("approver"), *row.members("proposer")}
    employee, cycle = sheet.related("employee"), sheet.related("cycle")
    manager = employee.related("manager") if employee else None
    people |= {*(employee.members("account") if employee else ()), *(manager.members("account") if manager else ())}
    if employee is not None and employee.has("manager_account"):
        people |= set(employee.members("manager_account"))
    return people | set(cycle.members("decider") if cycle else ())


def _handler_impartial(asked: Asked, appeal: Row) -> Verdict:
    del asked
    partial = involved(appeal.related("appraisal")) & set(appeal.members("handler"))
    return {"person": person_named(appeal, "handler")} if partial else None


def _final_impartial(asked: Asked, appeal: Row) -> Verdict:
    del asked
    final = set(appeal.members("final_decider"))
    barred = set(appeal.members("handler")) | involved(appeal.related("appraisal"))
    return {} if not final or final & barred else None


def _objected_once(asked: Asked, appeal: Row) -> Verdict:
    """A decision on an objection fills 结论; there is no second one."""
    del asked
    return {} if appeal.has("notified_on") and appeal.has("final_decider") else None


def _appraisal_completed(asked: Asked, outcome: Row) -> Verdict:
    del asked
    sheet = outcome.related("appraisal")
    return None if sheet is not None and sheet.text("status") == "completed" else {}


def _appeal_window_over(asked: Asked, outcome: Row) -> Verdict:
    cycle = cycle_of(outcome)
    due = cycle.day("appeal_due_on") if cycle else None
    return None if due is None or asked.today > due else {"date": str(due)}


def _pool_total(asked: Asked, outcome: Row) -> Verdict:
    del asked
    pool = outcome.related("bonus_pool")
    if outcome.text("kind") != "bonus" or pool is None:
        return None
    rows = [row for row in outcome.book.of("outcome", "bonus_pool", pool) if row.text("status") != "cancelled"]
    total = sum(((row.number("amount") or Decimal(0)) for row in rows), Decimal(0))
    difference = total - (pool.number("amount") or Decimal(0))
    return {"difference": format(difference, "f")} if difference else None


def _standard_verdict(asked: Asked, outcome: Row) -> Verdict:
    """Moving somebody or cutting pay needs 岗位达标结论 with its evidence, never the relative grade alone (S10)."""
    del asked
    cut = (outcome.number("adjustment_percent") or Decimal(0)) < 0
    sheet = outcome.related("appraisal")
    if outcome.text("kind") != "transfer" and not cut:
        return None
    sound = sheet is not None and sheet.text("position_verdict") == "not_met" and sheet.has("position_evidence")
    return None if sound else {}


def _no_open_appeal(asked: Asked, outcome: Row) -> Verdict:
    del asked
    sheet = outcome.related("appraisal")
    return {} if sheet is not None and open_appeals(sheet) else None


REVIEW_GUARDS: Mapping[tuple[str, str], Check] = {
    ("appraisal", "days_present"): _days_present,
    ("appraisal", "superior_submitted"): _superior_submitted,
    ("appraisal", "result_approved"): _result_approved,
    ("appraisal", "talk_over"): _talk_over,
    ("appraisal", "reminded_enough"): _reminded_enough,
    ("appraisal", "appeal_window"): _appeal_window,
    ("appraisal", "outcome_not_executed"): _outcome_not_executed,
    ("metric_actual", "data_window"): _data_window,
    ("metric_actual", "verifier_not_filler"): differ("verifier", "data_owner"),
    ("review_task", "rater_allowed"): _rater_allowed,
    ("review_task", "load_limit"): _load_limit,
    ("review_task", "enough_answered"): _enough_answered,
    ("review_task", "extremes_explained"): _extremes_explained,
    ("review_task", "before_due"): _before_due,
    ("review_task", "delegate_allowed"): _delegate_allowed,
    ("points_entry", "approver_not_proposer"): differ("approver", "proposer"),
    ("points_entry", "within_cap"): _within_cap,
    ("calibration", "approver_not_proposer"): differ("approver", "proposer"),
    ("calibration", "not_own_case"): _not_own_case,
    ("score_result", "calibrations_decided"): _own_calibrations,
    ("score_result", "not_own_result"): _not_own_result,
    ("improvement", "has_task"): _has_task,
    ("improvement", "reviews_held"): _reviews_held,
    ("improvement", "extended_once"): _extended_once,
    ("interview", "returned_once"): _returned_once,
    ("interview", "three_workdays"): _three_workdays,
    ("appeal", "own_appraisal"): _own_appraisal,
    ("appeal", "appeal_window"): _appeal_window,
    ("appeal", "one_open_appeal"): _one_open_appeal,
    ("appeal", "not_own_appeal"): differ("handler", "appellant"),
    ("appeal", "handler_impartial"): _handler_impartial,
    ("appeal", "objected_once"): _objected_once,
    ("appeal", "final_decider_impartial"): _final_impartial,
    ("outcome", "appraisal_completed"): _appraisal_completed,
    ("outcome", "appeal_window_over"): _appeal_window_over,
    ("outcome", "pool_total"): _pool_total,
    ("outcome", "standard_verdict"): _standard_verdict,
    ("outcome", "approver_not_proposer"): differ("approver", "proposer"),
    ("outcome", "no_open_appeal"): _no_open_appeal,
}
