"""The jobs ``open`` and ``calibrate`` of the small app: eight tables, rules in the parameter file, no nominations.

Same promises as ``cycle.opening``: one step of the cycle a run, state last, a second run writes nothing.
草稿→目标制定 only when HR picks 公示; →执行中 after 目标截止 with every contract confirmed; →评价中 after the last
day of the period; the rest is picked. Everybody is asked at once: oneself, the superior, two or more colleagues.
Source: data-model.md §4; workflows.md §1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import CycleError, Problem
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.lite.goals import locked_goals
from huoban_perf.cycle.moves import cycle_step, moved, picked
from huoban_perf.cycle.opening_checks import is_excluded, participants
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.scoring import parse_scheme, scheme_document
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.pin import HASH_LABEL, rules_hash
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

UNCONFIRMED = frozenset({"goal_setting", "goals_awaiting_confirmation"})
_DATES = ("start_date", "end_date", "goal_due_on", "review_due_on", "release_on", "appeal_due_on")
_BEFORE_RELEASE = UNCONFIRMED | {"running", "reviewing"}
_FIRST_ONLY = frozenset({"status", "name"})
_OPEN_TASK = "to_review"
_ASKED = ("self", "superior", "peer")


def is_lite(book: Book) -> bool:
    """Return whether the app keeps its rules in the parameter file instead of scheme tables."""
    return book.has("appraisal") and not book.has("scheme")


def open_lite(context: JobContext) -> Draft:
    """Say what the cycle's state and the day call for.

    Args:
        context: What stands; option ``announce`` asks for 公示 like HR's action, ``exceptions`` signs open goals.

    Returns:
        Sheets and tasks that are missing; the cycle's own step last.

    Raises:
        CycleError: The cycle cannot be announced; every fault is listed and nothing was written.
    """
    match context.cycle.text("status") or "draft":
        case "draft":
            return _announce(context)
        case "goal_setting":
            draft = _lock_goals(context)
        case "running":
            draft = _start_reviews(context)
        case "reviewing":
            tasks, notes, notices = _tasks(context)
            draft = Draft(wishes=(*_sheets(context, "reviewing"), tasks), notes=notes, notices=notices)
        case _:
            return Draft()
    locked = locked_goals(context)
    return replace(draft, wishes=(*locked.wishes, *draft.wishes), notices=(*draft.notices, *locked.notices))


def end_lite(context: JobContext) -> Draft:
    """Carry 结束评价 out: open tasks expire, the cycle waits for its release; HR works on 核算结果 meanwhile."""
    cycle = context.cycle
    if cycle.text("status") != "reviewing" or not picked(cycle, "end_reviews"):
        return Draft()
    expired = [
        moved(task, "expired", today=context.today)
        for sheet in sheets_of(context)
        for task in context.book.of("review_task", "appraisal", sheet)
        if task.text("status") == _OPEN_TASK and task.key
    ]
    return Draft(
        wishes=(
            Wish(table="review_task", rows=tuple(expired), by_people=True),
            Wish(table="cycle", rows=(cycle_step(context, "awaiting_release"),), by_people=True),
        ),
        audited=True,
    )


def sheets_of(context: JobContext) -> Iterator[Row]:
    """Yield the cycle's appraisals."""
    yield from context.book.of("appraisal", "cycle", context.cycle)


def lite_date_faults(cycle: Row) -> Iterator[Problem]:
    """Yield dates that are missing or out of order."""
    labels = {field.address.key: field.labels.zh for field in cycle.rows.table.fields}
    given = [(key, day) for key in _DATES if (day := cycle.day(key)) is not None]
    for key in _DATES:
        if cycle.day(key) is None:
            yield note("cycle.date_missing", address=labels[key])
    days = dict(given)
    for before, after in (
        ("start_date", "end_date"),
        ("goal_due_on", "end_date"),
        ("end_date", "review_due_on"),
        ("review_due_on", "release_on"),
        ("release_on", "appeal_due_on"),
    ):
        if before in days and after in days and days[after] < days[before]:
            facts = {"first": f"{labels[before]} {days[before]}", "second": f"{labels[after]} {days[after]}"}
            yield Problem(code="cycle.dates_out_of_order", facts=facts, address=labels[after])


def lite_people_faults(book: Book, cycle: Row) -> Iterator[Problem]:
    """Yield people who lack what an appraisal needs; the address names the person."""
    for person in participants(book, cycle):
        if is_excluded(person):
            continue
        where = f"{person.key} {person.text('name')}"
        if not person.has("account"):
            yield note("cycle.person_lacks", address=where, what="账号")
        if not person.has("manager_account"):
            yield note("cycle.person_lacks_superior", address=where)


def lite_faults(context: JobContext) -> list[Problem]:
    """List everything that keeps a cycle from being announced."""
    cycle = context.cycle
    problems = [*lite_date_faults(cycle), *lite_people_faults(context.book, cycle)]
    if not cycle.has("decider"):
        problems.append(note("cycle.no_decider", address=cycle.rows.table.field("decider").labels.zh))
    return problems


def announced_text(context: JobContext) -> str:
    """Return 规则公示: what counts how much, the grade lines, the timetable; the last line holds the rules' hash."""
    document = scheme_document(parse_scheme(context.process.scheme))
    rules = parse_scheme(context.process.scheme)
    labels = {field.address.key: field.labels.zh for field in context.cycle.rows.table.fields}
    kpi, review = plain(rules.parts.kpi_weight_d4), plain(rules.parts.review_weight_d4)
    words = {"self": "自评", "superior": "上级", "peer": "同事"}
    shares = [f"{words.get(one.relation, one.relation)} {plain(one.weight_d4)}%" for one in rules.raters.groups]
    bounds = [f"{one.name} 不低于 {plain(one.lower_d4)}" for one in rules.grades if one.lower_d4 is not None]
    bounds += [f"{one.name} 其余" for one in rules.grades if one.lower_d4 is None]
    dates = [f"{labels[key]} {day.isoformat()}" for key in _DATES if (day := context.cycle.day(key)) is not None]
    return "\n".join(
        (
            f"结果 = 目标得分 × {kpi}% + 评价得分 × {review}%",
            f"评价: {'、'.join(shares)}",
            "目标: 做到合格值算合格, 做到目标值得 100 分, 做到优秀值得满上限; 定性目标由上级评分",
            f"等级: {', '.join(bounds)}",
            f"时间表: {', '.join(dates)}",
            "结果公布后可以提申诉, 申诉由没有参与评价的人复核",
            f"{HASH_LABEL} {rules_hash({str(document['key']): document})}",
        )
    )


def plain(d4: int) -> str:
    """Return a number of ten-thousandths as people write it: 700000 is 70."""
    return format(Decimal(d4).scaleb(-4).normalize(), "f")


def _announce(context: JobContext) -> Draft:
    cycle = context.cycle
    problems = lite_faults(context)
    if problems:
        raise CycleError("cycle.not_ready", facts={"cycle": cycle.key, "count": len(problems)}, problems=problems)
    if not context.options.get("announce") and not picked(cycle, "announce"):
        return Draft(notes=(note("cycle.ready_to_announce", cycle=cycle.key),))
    step = cycle_step(context, "goal_setting", announced_scheme=announced_text(context))
    notices = tuple(
        Notice(
            receiver=person.member("account"),
            event="announced",
            object=cycle.key,
            day=context.today,
            facts={"cycle": cycle.key},
            mode=Mode.AT_ONCE,
        )
        for person in participants(context.book, cycle)
        if person.has("account") and not is_excluded(person)
    )
    wishes = (*_sheets(context, "goal_setting"), Wish(table="cycle", rows=(step,), by_people=True))
    return Draft(wishes=wishes, notices=notices, audited=True)


def _sheets(context: JobContext, state: str) -> Iterator[Wish]:
    """Yield everybody's sheet, and the move to 不参评 of people who were taken out since."""
    cycle, today = context.cycle, context.today
    rows: list[WantedRow] = []
    out: list[WantedRow] = []
    for person in participants(context.book, cycle):
        key = natural_key(cycle.key, person.key)
        standing = context.book.find("appraisal", key)
        begun = "goal_setting" if state == "goal_setting" else "running"
        values: dict[str, Value | Refs] = {
            "natural_key": key,
            "name": f"{person.text('name')} {cycle.key}",
            "status": "not_appraised" if is_excluded(person) else begun,
            "employee": Refs("employee", (person.key,)),
            "cycle": Refs("cycle", (cycle.key,)),
            "p_self": person.members("account") or None,
            "p_mgr": person.members("manager_account") or None,
        }
        rows.append(WantedRow(key=key, values=values))
        if standing is not None and is_excluded(person) and standing.text("status") in _BEFORE_RELEASE:
            out.append(moved(standing, "not_appraised", today=today))
    yield Wish(table="appraisal", rows=tuple(rows), first_only=_FIRST_ONLY)
    yield Wish(table="appraisal", rows=tuple(out), by_people=True)


def _lock_goals(context: JobContext) -> Draft:
    cycle = context.cycle
    wishes = list(_sheets(context, "goal_setting"))
    asked, due = picked(cycle, "lock_goals"), cycle.day("goal_due_on")
    if not asked and (due is None or context.today <= due):
        return Draft(wishes=tuple(wishes))
    waiting = [row for row in sheets_of(context) if row.text("status") in UNCONFIRMED]
    signed = bool(context.options.get("exceptions")) or (asked and cycle.has("action_reason"))
    if waiting and not signed:
        notes = tuple(note("cycle.goals_not_confirmed", address=row.text("name") or row.key) for row in waiting)
        return Draft(wishes=tuple(wishes), notes=notes)
    begun = tuple(moved(row, "running", today=context.today) for row in waiting)
    step = Wish(table="cycle", rows=(cycle_step(context, "running"),), by_people=True)
    return Draft(wishes=(*wishes, Wish(table="appraisal", rows=begun), step), audited=True)


def _start_reviews(context: JobContext) -> Draft:
    cycle = context.cycle
    wishes = list(_sheets(context, "running"))
    end = cycle.day("end_date")
    if not picked(cycle, "start_reviews") and (end is None or context.today <= end):
        return Draft(wishes=tuple(wishes))
    tasks, notes, notices = _tasks(context)
    moving = [row for row in sheets_of(context) if row.text("status") == "running"]
    return Draft(
        wishes=(
            *wishes,
            tasks,
            Wish(table="appraisal", rows=tuple(moved(row, "reviewing", today=context.today) for row in moving)),
            Wish(table="cycle", rows=(cycle_step(context, "reviewing"),), by_people=True),
        ),
        notes=notes,
        notices=notices,
        audited=True,
    )


# --- who is asked ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staff:
    """Who can be asked: account → person; and how often each is asked as a colleague already."""

    people: Mapping[str, Row]
    load: Counter[str]


def _tasks(context: JobContext) -> tuple[Wish, tuple[Problem, ...], tuple[Notice, ...]]:
    groups = [group.relation for group in parse_scheme(context.process.scheme).raters.groups if group.weight_d4]
    employed = [row for row in context.book.all("employee") if row.text("employment_status") != "left"]
    staff = _Staff(people={row.member("account"): row for row in employed if row.has("account")}, load=Counter())
    for task in context.book.all("review_task"):
        if task.text("relation") == "peer" and task.key.startswith(f"[{context.cycle.key}|"):
            staff.load[task.member("rater")] += 1
    rows: list[WantedRow] = []
    notes: list[Problem] = []
    notices: list[Notice] = []
    for sheet in sorted(sheets_of(context), key=lambda row: row.key):
        employee = sheet.related("employee")
        if employee is None or sheet.text("status") not in {"running", "reviewing"}:
            continue
        for relation in (one for one in _ASKED if one in groups):
            missing, found = _raters(context, sheet, relation, staff)
            if not found:
                where = f"{employee.key} {employee.text('name')}"
                notes.append(note("cycle.no_rater", address=where, relation=_label(sheet, relation)))
            for rater in missing:
                rows.append(_task(context, sheet, employee, rater, relation))
                notices.append(_invitation(context, rows[-1].key, rater))
    return Wish(table="review_task", rows=tuple(rows), first_only=_FIRST_ONLY), tuple(notes), tuple(notices)


def _raters(context: JobContext, sheet: Row, relation: str, staff: _Staff) -> tuple[list[Row], bool]:
    """Return who is still to be asked, and whether anybody is or was asked at all."""
    employee = sheet.related("employee")
    have = {
        member
        for task in context.book.of("review_task", "appraisal", sheet)
        if task.text("relation") == relation and task.text("status") != "recalled"
        for member in task.members("rater")
    }
    own, boss = (employee.member("account"), employee.member("manager_account")) if employee else ("", "")
    match relation:
        case "self":
            wanted = [own]
        case "superior":
            wanted = [boss]
        case _:
            wanted = _peers(context, sheet, own=own, boss=boss, staff=staff, have=have)
    missing = [staff.people[one] for one in wanted if one in staff.people and one not in have]
    return missing, bool(missing or have)


def _peers(context: JobContext, sheet: Row, *, own: str, boss: str, staff: _Staff, have: set[str]) -> list[str]:
    """Return the colleagues named on the sheet, filled up with colleagues of the same superior, least asked first."""

    def is_colleague(member: str) -> bool:
        person = staff.people.get(member)
        return person is not None and member not in {own, boss} and person.member("manager_account") != own

    chosen = [member for member in sheet.members("peer_raters") if is_colleague(member)]
    seats = context.process.peers - len(have | set(chosen))
    pool = [
        member
        for member, person in staff.people.items()
        if is_colleague(member) and member not in have | set(chosen) and person.member("manager_account") == boss
    ]
    pool.sort(key=lambda member: (staff.load[member], digest([sheet.key, member])))
    found = [*chosen, *pool[: max(0, seats)]]
    staff.load.update(member for member in found if member not in have)
    return found


def _task(context: JobContext, sheet: Row, employee: Row, rater: Row, relation: str) -> WantedRow:
    key = natural_key(*sheet.key.strip("[]").split("|"), relation, rater.key)
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"{employee.text('name')} · {_label(sheet, relation)}",
        "status": _OPEN_TASK,
        "appraisal": Refs("appraisal", (sheet.key,)),
        "relation": relation,
        "rater": rater.members("account"),
        "due_on": context.cycle.day("review_due_on"),
        "p_subject": employee.members("account") or None,
        "p_mgr": employee.members("manager_account") or None,
    }
    return WantedRow(key=key, values=values)


def _label(sheet: Row, relation: str) -> str:
    options = sheet.book.app.schema.table("review_task").field("relation").options
    return next((option.labels.zh for option in options if option.address.key == relation), relation)


def _invitation(context: JobContext, key: str, rater: Row) -> Notice:
    facts = {"due": str(context.cycle.day("review_due_on") or "-")}
    return Notice(receiver=rater.member("account"), event="review_due", object=key, day=context.today, facts=facts)
