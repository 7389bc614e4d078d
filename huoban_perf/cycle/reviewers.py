"""Who reviews whom: the rating tasks a cycle calls for, by the scheme's groups, with load limits and no conflicts.

self, superior, upper and dotted follow from reporting lines; after a transfer everybody who led for at least
``_LEAST_DAYS`` of the cycle rates as superior, weighted by days (任职记录). Subordinates are everybody below; peers are
those the person named (同事评价人), else colleagues of the same superior with the least load, the same at every run. A
superior's task opens once the self-review is in, or 自评截止 has passed. Tasks of raters who left are recalled and
given to somebody else; for one who declined a substitute is proposed. Both are linked to the task they replace.
Source: workflows.md §1 评价任务; data-model.md §2 评价维度.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.customers import FIELD as CUSTOMERS
from huoban_perf.cycle.customers import customer_tasks
from huoban_perf.cycle.work import Wish, note
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.stretches import NEEDED, TABLE, days_led, services
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_OPEN = frozenset({"nomination_pending", "awaiting_acceptance", "to_review"})
_COUNTED = _OPEN | {"submitted"}
_VACANT = frozenset({"declined", "recalled"})
_LEAST_DAYS = 15
"""A shorter time under a superior joins its neighbour and asks no rating. Source: scoring.md S11."""
_STAGE_OF = {"self": "self", "peer": "peer", "subordinate": "subordinate", "customer": "customer"}
_IN_REVIEW = frozenset({"running", "reviewing"})


@dataclass(kw_only=True)
class Assigning:
    """What is known while tasks are given out.

    Attributes:
        context: What stands.
        staff: 工号 → person who is employed.
        team: 工号 → those who are employed and report to that person.
        load: 工号 → tasks as peer or subordinate in this cycle.
        tasks: Sheet key → its tasks that count.
        gone: Keys of tasks that are recalled in this run.
        led: 工号 → 工号 of each superior within the cycle → days, of people with 任职记录.
    """

    context: JobContext
    staff: dict[str, Row]
    team: dict[str, list[Row]] = field(default_factory=dict)
    load: Counter[str] = field(default_factory=Counter)
    tasks: dict[str, list[Row]] = field(default_factory=dict)
    by_account: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    notes: list[Problem] = field(default_factory=list)
    led: dict[str, dict[str, int]] = field(default_factory=dict)

    def superiors(self, employee: Row) -> dict[str, int]:
        """Return 工号 of each who led a person long enough and can rate → days; one entry and no record: today's."""
        led = self.led.get(employee.key, {})
        able = {number: days for number, days in led.items() if number in self.staff}
        able = {number: days for number, days in able.items() if self.staff[number].has("account")}
        manager = employee.related("manager")
        own = {manager.key: 0} if manager else {}
        return {number: days for number, days in able.items() if days >= _LEAST_DAYS} or own

    def weights(self, employee: Row) -> dict[str, Decimal]:
        """Return 工号 → days led, where several rate as superior."""
        led = self.superiors(employee)
        return {number: Decimal(days) for number, days in led.items()} if len(led) > 1 else {}


def review_wishes(context: JobContext, *, starting: bool) -> tuple[list[Wish], list[Problem]]:
    """Return the tasks that are missing and those to be recalled.

    Args:
        context: What stands.
        starting: Whether the cycle is just entering 评价中.

    Returns:
        Wishes (recalls first), and notes about groups that find no rater. Raters are told by the table's machine.
    """
    work = _survey(context)
    recalls = [
        WantedRow(
            key=task.key,
            values={"natural_key": task.key, "status": "recalled", "decline_reason": "评价人已离职, 系统收回"},
        )
        for tasks in work.tasks.values()
        for task in tasks
        if task.text("status") in _OPEN and _has_left(work, task)
    ]
    work.gone |= {row.key for row in recalls}
    rows: list[WantedRow] = []
    for sheet in sorted(context.book.of("appraisal", "cycle", context.cycle), key=lambda row: row.key):
        employee = sheet.related("employee")
        if employee is not None and sheet.text("status") in _IN_REVIEW:
            standing = [task for task in work.tasks.get(sheet.key, []) if task.key not in work.gone]
            rows += _tasks(work, sheet, employee, standing, starting=starting)
    return (
        [Wish(table="review_task", rows=tuple(recalls)), Wish(table="review_task", rows=tuple(rows))],
        work.notes,
    )


def _survey(context: JobContext) -> Assigning:
    staff = {row.key: row for row in context.book.all("employee") if row.text("employment_status") != "left"}
    work = Assigning(context=context, staff=staff)
    for row in staff.values():
        manager = row.related("manager")
        if manager is not None:
            work.team.setdefault(manager.key, []).append(row)
    if context.book.has(TABLE):
        for table in NEEDED:
            context.book.rows(table)
        found = services(context.book.tables, context.cycle.index)
        work.led = {number: days_led(service) for number, service in found.items()}
    work.by_account = {row.member("account"): row.key for row in context.book.all("employee") if row.has("account")}
    for task in context.book.all("review_task"):
        sheet = task.related("appraisal")
        cycle = sheet.related("cycle") if sheet else None
        if sheet is None or cycle is None or cycle.key != context.cycle.key:
            continue
        work.tasks.setdefault(sheet.key, []).append(task)
        if task.text("status") in _COUNTED and task.text("relation") in {"peer", "subordinate"}:
            work.load[work.by_account.get(task.member("rater"), "")] += 1
    return work


def _has_left(work: Assigning, task: Row) -> bool:
    number = work.by_account.get(task.member("rater"), "")
    return bool(number) and number not in work.staff


def _tasks(
    work: Assigning, sheet: Row, employee: Row, standing: Sequence[Row], *, starting: bool
) -> Iterator[WantedRow]:
    scheme = sheet.related("scheme")
    groups = (
        {row.text("relation"): row for row in work.context.book.of("rater_group", "scheme", scheme)} if scheme else {}
    )
    for relation, group in sorted(groups.items()):
        stage = _STAGE_OF.get(relation)
        if stage is not None and not work.context.stage_on(stage):
            continue
        if relation == "customer":
            yield from _customers(work, sheet, employee, standing)
            continue
        if relation == "superior" and not _superior_may_start(work, standing, starting=starting):
            continue
        named = [task for task in standing if task.text("relation") == relation and task.text("status") != "recalled"]
        raters = _raters(work, sheet, employee, group, relation, named)
        if not raters and not named:
            facts = {"relation": relation_labels(sheet.book)[relation]}
            work.notes.append(note("cycle.no_rater", address=f"{employee.key} {employee.text('name')}", **facts))
        vacant = _vacant(work, sheet, relation)
        weights = work.weights(employee) if relation == "superior" else {}
        for rater in raters:
            task = _task(work, sheet, employee, rater, relation, instead=vacant.pop(0) if vacant else None)
            weight = {"rater_weight": weights[rater.key]} if rater.key in weights else {}
            yield WantedRow(key=task.key, values={**task.values, **weight})
        yield from _late_weights(work, named, weights)


def _late_weights(work: Assigning, named: Sequence[Row], weights: Mapping[str, Decimal]) -> Iterator[WantedRow]:
    """Yield standing tasks that a second superior makes count by days; a weight that HR gave stays."""
    for task in named:
        number = work.by_account.get(task.member("rater"), "")
        if task.key and number in weights and not task.has("rater_weight"):
            yield WantedRow(key=task.key, values={"natural_key": task.key, "rater_weight": weights[number]})


def _vacant(work: Assigning, sheet: Row, relation: str) -> list[Row]:
    """Return the tasks of a group that were declined, or recalled because their rater left, and have no substitute."""
    tasks = [task for task in sheet.book.of("review_task", "appraisal", sheet) if task.text("relation") == relation]
    replaced = {row.key for task in tasks if (row := task.related("original_task")) is not None}
    vacant = [task for task in tasks if task.key in work.gone or task.text("status") in _VACANT]
    vacant = [task for task in vacant if not task.has("delegate")]
    return sorted((task for task in vacant if task.key not in replaced), key=lambda task: task.key)


def _customers(work: Assigning, sheet: Row, employee: Row, standing: Sequence[Row]) -> Iterator[WantedRow]:
    """Yield the tasks of customers, who answer on the public form; an app without it asks none."""
    if not work.context.book.has("external_review") or not sheet.has(CUSTOMERS):
        return
    rows, problems = customer_tasks(work.context, sheet, employee, standing)
    work.notes += problems
    yield from rows


def _superior_may_start(work: Assigning, standing: Sequence[Row], *, starting: bool) -> bool:
    if not work.context.stage_on("self"):
        return True
    own = [task for task in standing if task.text("relation") == "self"]
    due = work.context.cycle.day("self_due_on")
    if not own:
        return not starting
    waits = {"to_review", "expired"}  # expired: closed by 不参评, and open again with this run
    return any(task.text("status") not in waits for task in own) or (due is not None and work.context.today > due)


def relation_labels(book: Book) -> dict[str, str]:
    """Return the key of each 评价关系 → its Chinese name."""
    options = book.app.schema.table("review_task").field("relation").options
    return {option.address.key: option.labels.zh for option in options}


def _raters(work: Assigning, sheet: Row, employee: Row, group: Row, relation: str, named: Sequence[Row]) -> list[Row]:
    """Return the raters still missing in one group; nobody twice, nobody without an account."""
    have = {work.by_account.get(task.member("rater"), "") for task in named}
    manager = employee.related("manager")
    match relation:
        case "self":
            found = [employee]
        case "superior":
            found = [work.staff[number] for number in work.superiors(employee) if number in work.staff]
        case "upper":
            upper = manager.related("manager") if manager else None
            found = [upper] if upper else []
        case "dotted":
            dotted = employee.related("dotted_manager")
            found = [dotted] if dotted else []
        case "subordinate":
            found = work.team.get(employee.key, [])
        case "peer":
            return _peers(work, sheet, employee, group, named)
        case _:
            found = []
    return [row for row in found if row.key not in have and row.key in work.staff and row.has("account")]


def _reports_to(row: Row, manager: Row) -> bool:
    above = row.related("manager")
    return above is not None and above.key == manager.key


def _peers(work: Assigning, sheet: Row, employee: Row, group: Row, named: Sequence[Row]) -> list[Row]:
    """Choose peers: the named ones first, then colleagues by load; conflicts of interest are passed over."""
    chosen = [
        work.staff[number]
        for member in sheet.members("peer_raters")
        if (number := work.by_account.get(member, "")) in work.staff
    ]
    have = {work.by_account.get(task.member("rater"), "") for task in named}
    wanted = int(group.number("minimum_raters") or work.context.process.peers)
    most = int(group.number("maximum_raters") or max(wanted, len(chosen)))
    picked = [row for row in chosen if row.key not in have and not _conflict(employee, row)][:most]
    taken = [task for task in named if task.text("status") != "declined"]
    open_seats = wanted - len({task.key for task in taken if task.has("rater")}) - len(picked)
    if open_seats > 0 and group.text("selection") != "assigned":
        gone = {work.by_account.get(task.member("rater"), "") for task in _vacant(work, sheet, "peer")}
        used = have | gone | {row.key for row in picked} | {employee.key} | work.superiors(employee).keys()
        manager = employee.related("manager")
        team = work.team.get(manager.key, []) if manager else []
        pool = [row for row in team if row.key not in used and not _conflict(employee, row)]
        pool = [row for row in pool if work.load[row.key] < work.context.process.review_load and row.has("account")]
        pool.sort(key=lambda row: (work.load[row.key], _draw(sheet.key, row.key)))
        picked += pool[:open_seats]
    work.load.update(row.key for row in picked)
    return picked


def _conflict(employee: Row, rater: Row) -> bool:
    """A superior, a subordinate or oneself is no peer."""
    return rater.key == employee.key or _reports_to(rater, employee) or _reports_to(employee, rater)


def _draw(sheet: str, rater: str) -> str:
    """Return a sort key that looks random and is the same at every run."""
    return hashlib.sha256(f"{sheet}\n{rater}".encode()).hexdigest()


def _task(
    work: Assigning, sheet: Row, employee: Row, rater: Row, relation: str, *, instead: Row | None = None
) -> WantedRow:
    """Return a new task; a substitute for a rater who declined is only proposed, and superior or HR approve it."""
    cycle = work.context.cycle
    key = natural_key(*sheet.key.strip("[]").split("|"), relation, rater.key)
    due = cycle.day("self_due_on") if relation == "self" else cycle.day("review_due_on")
    nominated = relation == "peer" and rater.member("account") in sheet.members("peer_raters")
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"{employee.text('name')} · {relation_labels(sheet.book)[relation]}",
        "status": _first_state(relation, instead),
        "appraisal": Refs("appraisal", (sheet.key,)),
        "relation": relation,
        "rater": rater.members("account"),
        "invited_by": "self" if nominated else "system",
        "invited_on": work.context.today if relation == "peer" else None,
        "original_task": Refs("review_task", (instead.key,)) if instead is not None and instead.key else None,
        "due_on": due,
    }
    return WantedRow(key=key, values=values)


def _first_state(relation: str, instead: Row | None) -> str:
    if relation != "peer":
        return "to_review"
    proposed = instead is not None and instead.text("status") == "declined"
    return "nomination_pending" if proposed else "awaiting_acceptance"
