"""The job ``open``: takes a cycle to where the day says it should be, and creates what that state calls for.

Each run makes at most one step of the cycle; state moves last, so a run that is killed anywhere is finished by the
next. 草稿→已公示 only when asked (a person decides to announce); the steps after it by date: 已公示→目标制定 at
目标开放日, →执行中 at 目标截止 with every contract confirmed, →评价中 at 评价开始日. Source: workflows.md §1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import CycleError
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import CHINA, Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.contracts import LOCKED, WEIGHT, goal_items, late_contracts, standard_items, standards_of
from huoban_perf.cycle.goal_changes import follow_goals
from huoban_perf.cycle.left_out import closed_tasks, is_reviewed, reopened_tasks
from huoban_perf.cycle.moves import cycle_step, moved, picked
from huoban_perf.cycle.opening_checks import (
    announced_rules,
    check_cycle,
    is_excluded,
    open_assignments,
    participants,
    scheme_of,
    service_faults_of,
)
from huoban_perf.cycle.position_items import placements_of, position_items
from huoban_perf.cycle.reviewers import review_wishes
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.pin import rules_hash
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

Values = dict[str, Value | Refs]

_EXCLUDED = "参评方式为不参评"
_TOO_SHORT = "在岗天数不足"
_CREATED_AS = {
    "announced": "goal_setting",
    "goal_setting": "goal_setting",
    "running": "running",
    "reviewing": "running",
}
_UNLOCKED = frozenset({"announced", "goal_setting"})
"""States in which contracts still follow 岗位标准; later only missing items are made."""
_CREATED_AT_ONCE = frozenset({"status", "exclusion_reason", "scheme", "department", "name"})


def open_cycle(context: JobContext) -> Draft:
    """Say what the cycle's state and the day call for.

    Args:
        context: What stands; option ``announce`` asks for 公示, ``exceptions`` says that HR signed the goals that are
            not confirmed.

    Returns:
        Sheets, items and tasks that are missing; the cycle's own step last.

    Raises:
        CycleError: A check fails; every fault is listed and nothing was written.
    """
    cycle = context.cycle
    match cycle.text("status") or "draft":
        case "draft":
            return _announce(context)
        case "announced":
            return _open_goals(context)
        case "goal_setting":
            return _lock_goals(context)
        case "running":
            return _start_reviews(context)
        case "reviewing":
            return _keep_reviewing(context)
        case "calibrating" if picked(cycle, "reopen_reviews"):
            return _reopen(context)
        case _:
            return Draft()


# --- 草稿 → 已公示 -------------------------------------------------------------------------------------------------


def _announce(context: JobContext) -> Draft:
    cycle = context.cycle
    problems = check_cycle(context)
    if problems:
        raise CycleError("cycle.not_ready", facts={"cycle": cycle.key, "count": len(problems)}, problems=problems)
    if not context.options.get("announce") and not picked(cycle, "announce"):
        return Draft(notes=(note("cycle.ready_to_announce", cycle=cycle.key),))
    documents, _ = announced_rules(context.book, cycle, pass_grade=context.process.pass_grade)
    step = _cycle_step(
        context,
        "announced",
        announced_scheme=json.dumps(documents, ensure_ascii=False, sort_keys=True, default=str),
        announced_hash=rules_hash(documents),
        announced_on=context.book.app.clock.now(),
    )
    return Draft(
        wishes=(*_sheets(context, "announced").wishes, step),
        notices=tuple(_to_all(context, "announced")),
        audited=True,
    )


def _sheets(context: JobContext, state: str) -> Draft:
    """Return the sheets and items that are missing, and notes about contracts that people must settle."""
    cycle = context.cycle
    assignments = open_assignments(context.book)
    rows = [_sheet(context, person, assignments, state) for person in participants(context.book, cycle)]
    standards, placements = standards_of(context), placements_of(context)
    items = standard_items(context, standards, without=placements)
    cut, notes = position_items(context, standards, placements)
    contracts = (
        [Wish(table="appraisal_item", rows=tuple(items), first_only=WEIGHT)]
        if state in _UNLOCKED
        else late_contracts(context, items)
    )
    return Draft(
        wishes=(
            Wish(table="appraisal", rows=tuple(rows), first_only=_CREATED_AT_ONCE),
            *contracts,
            Wish(table="appraisal_item", rows=tuple(cut), first_only=WEIGHT),
        ),
        notes=tuple(notes),
    )


def _sheet(context: JobContext, person: Row, assignments: dict[str, Row], state: str) -> WantedRow:
    cycle = context.cycle
    key = natural_key(cycle.key, person.key)
    department = person.related("department")
    scheme = scheme_of(person, assignments)
    excluded = is_excluded(person)
    started = _CREATED_AS[state]
    if started == "goal_setting" and not context.stage_on("goal"):
        started = "running"
    values: Values = {
        "natural_key": key,
        "name": f"{person.text('name')} {cycle.key}",
        "status": "not_appraised" if excluded else started,
        "subject_kind": "person",
        "employee": Refs("employee", (person.key,)),
        "department": Refs("department", (department.key,)) if department else None,
        "cycle": Refs("cycle", (cycle.key,)),
        "scheme": Refs("scheme", (scheme.key,)) if scheme else None,
        "exclusion_reason": _EXCLUDED if excluded else None,
    }
    return WantedRow(key=key, values=values)


# --- 已公示 → 目标制定 → 执行中 -------------------------------------------------------------------------------------


def _open_goals(context: JobContext) -> Draft:
    cycle = context.cycle
    wishes = list(_sheets(context, "announced").wishes)
    announced = _day(cycle["announced_on"])
    opens = cycle.day("goal_open_on") or context.today
    if announced is not None:
        opens = max(opens, announced + timedelta(days=context.process.announce_days))
    if context.today >= opens:
        wishes.append(_cycle_step(context, "goal_setting"))
    return Draft(wishes=tuple(wishes), audited=True)


def _day(moment: Value) -> date | None:
    return moment.astimezone(CHINA).date() if isinstance(moment, datetime) else None


def _cycle_step(context: JobContext, state: str, **more: Value) -> Wish:
    return Wish(table="cycle", rows=(cycle_step(context, state, **more),), by_people=True)


def _lock_goals(context: JobContext) -> Draft:
    cycle = context.cycle
    wishes = list(_sheets(context, "goal_setting").wishes)
    due = cycle.day("goal_due_on")
    asked = picked(cycle, "lock_goals")
    signed = bool(context.options.get("exceptions")) or (asked and cycle.has("action_reason"))
    if context.stage_on("goal") and due is not None and context.today <= due and not asked:
        return Draft(wishes=tuple(wishes))
    open_sheets = [row for row in _sheets_of(context) if row.text("status") in _UNCONFIRMED]
    if context.stage_on("goal") and open_sheets and not signed:
        notes = tuple(note("cycle.goals_not_confirmed", address=row.text("name") or row.key) for row in open_sheets)
        return Draft(wishes=tuple(wishes), notes=notes)
    items, problems = goal_items(context)
    if problems and not signed:
        raise CycleError("cycle.goals_off", facts={"cycle": cycle.key, "count": len(problems)}, problems=problems)
    locked = digest({row.key: {field: row.values[field] for field in LOCKED} for row in items})
    running = [moved(row, "running", today=context.today) for row in open_sheets]
    return Draft(
        wishes=(
            *wishes,
            Wish(table="appraisal_item", rows=tuple(items)),
            Wish(table="appraisal", rows=tuple(running)),
            _cycle_step(context, "running", goal_hash=locked),
        ),
        notes=tuple(problems),
        audited=True,
    )


_UNCONFIRMED = frozenset({"goal_setting", "goals_awaiting_confirmation"})


def _sheets_of(context: JobContext) -> Iterator[Row]:
    yield from context.book.of("appraisal", "cycle", context.cycle)


# --- 执行中 → 评价中 ------------------------------------------------------------------------------------------------


def _start_reviews(context: JobContext) -> Draft:
    cycle = context.cycle
    followed = follow_goals(context)
    sheets = _sheets(context, "running")
    wishes = [*sheets.wishes, *followed.wishes]
    told, found = tuple(followed.notices), (*sheets.notes, *followed.notes, *service_faults_of(context))
    starts = cycle.day("review_start_on")
    if starts is None or context.today < starts:
        return Draft(wishes=tuple(wishes), notes=found, notices=told)
    ended = {row.key for row in followed.goals if row.values.get("status") == "terminated"}
    goals = [
        WantedRow(key=goal.key, values={"natural_key": goal.key, "status": "completed"})
        for goal in context.book.of("goal", "cycle", cycle)
        if goal.text("status") == "confirmed" and goal.key and goal.key not in ended
    ]
    reviews, notes = review_wishes(context, starting=True)
    return Draft(
        wishes=(
            *wishes,
            Wish(table="goal", rows=tuple(goals)),
            *reviews,
            Wish(table="appraisal", rows=tuple(_into_review(context))),
            _cycle_step(context, "reviewing"),
        ),
        notes=(*found, *notes),
        notices=told,
        audited=True,
    )


def _into_review(context: JobContext) -> Iterator[WantedRow]:
    cycle = context.cycle
    least = int(cycle.number("min_days") or 0)
    for sheet in _sheets_of(context):
        if sheet.text("status") != "running":
            continue
        employee = sheet.related("employee")
        days = days_present(sheet) if employee else least
        present = Decimal(days)
        if employee is not None and days < least:
            out: dict[str, Value] = {"days_present": present, "exclusion_reason": _TOO_SHORT}
            yield moved(sheet, "not_appraised", today=context.today, **out)
        else:
            yield moved(sheet, "reviewing", today=context.today, days_present=present)


def days_present(sheet: Row) -> int:
    """Return 在岗考核天数 of a person's sheet: calendar days employed in the cycle, less long absence.

    Days absent by 任职记录 are taken off only beyond the scheme's 缺勤起扣天数, and not at all where it says none.
    Source: scoring.md S11.
    """
    employee, cycle = sheet.related("employee"), sheet.related("cycle")
    start, end = (cycle.day("start_date"), cycle.day("end_date")) if cycle else (None, None)
    if employee is None or start is None or end is None:
        return 0
    first = max(start, employee.day("hire_date") or start)
    last = min(end, employee.day("leave_date") or end)
    absent = sum(
        int(row.number("absence_days") or 0)
        for row in sheet.book.of("assignment", "employee", employee)
        if (row.day("start_date") or first) <= last and (row.day("end_date") or last) >= first
    )
    scheme = sheet.related("scheme")
    above = scheme.number("absence_above") if scheme else None
    return max(0, (last - first).days + 1 - (max(absent - int(above), 0) if above is not None else 0))


def _keep_reviewing(context: JobContext) -> Draft:
    late = [row for row in _sheets_of(context) if row.text("status") == "running"]
    reviews, notes = review_wishes(context, starting=False)
    followed = follow_goals(context)
    moved = tuple(_into_review(context)) if late else ()
    sheets = _sheets(context, "reviewing")
    leaving = {row.key for row in moved if row.values["status"] == "not_appraised"}
    closed, withdrawn = closed_tasks(context, leaving=leaving)
    return Draft(
        wishes=(
            *sheets.wishes,
            *followed.wishes,
            *reviews,
            reopened_tasks(context),
            closed,
            Wish(table="appraisal", rows=moved),
        ),
        notes=(*sheets.notes, *followed.notes, *service_faults_of(context), *notes),
        notices=(*followed.notices, *withdrawn),
    )


def _reopen(context: JobContext) -> Draft:
    """重开评价: expired tasks and sheets go back, results are scored anew; 拟校准等级 stays to be decided again."""
    book, today = context.book, context.today
    tasks, sheets, results = [], [], []
    for sheet in _sheets_of(context):
        if sheet.text("status") == "calculating":
            sheets.append(moved(sheet, "reviewing", today=today))
        tasks += [
            moved(task, "to_review", today=today)
            for task in book.of("review_task", "appraisal", sheet)
            if task.text("status") == "expired" and is_reviewed(sheet)
        ]
        results += [
            moved(result, "scored", today=today)
            for result in book.of("score_result", "appraisal", sheet)
            if result.text("status") in {"calibrated", "approved"}
        ]
    return Draft(
        wishes=(
            Wish(table="review_task", rows=tuple(tasks)),
            Wish(table="score_result", rows=tuple(results)),
            Wish(table="appraisal", rows=tuple(sheets)),
            _cycle_step(context, "reviewing"),
        ),
        audited=True,
    )


def _to_all(context: JobContext, event: str) -> Iterator[Notice]:
    """Tell everybody with a sheet; the machine tells those whose permission columns are filled, under the same key."""
    cycle = context.cycle
    for person in participants(context.book, cycle):
        account = person.member("account")
        if account and not is_excluded(person):
            yield Notice(
                receiver=account,
                event=event,
                object=natural_key(cycle.key, person.key),
                day=context.today,
                facts={"cycle": cycle.key},
                mode=Mode.AT_ONCE,
            )
