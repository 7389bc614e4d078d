"""Contracts: the 考核指标 of a sheet, from 岗位标准 and from confirmed goals.

An item of a goal replaces that of the standard for the same indicator: both have the same key. Source: data-model.md §2
考核指标.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.opening_checks import is_excluded, participants
from huoban_perf.cycle.work import Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

LOCKED = ("weight", "baseline_value", "passing_value", "target_value", "excellent_value")
"""Fields of a goal that are fixed once it is confirmed and the cycle runs; 考核指标 holds the copy that counts."""
WEIGHT = frozenset({"weight"})

Standards = Mapping[str, Sequence[Row]]
"""Position code → 岗位标准."""


def standard_items(context: JobContext, standards: Standards, *, without: Collection[str] = ()) -> Iterator[WantedRow]:
    """Yield the items that come from 岗位标准: what everybody of a position is measured by.

    Args:
        context: What stands.
        standards: Those in force during the cycle.
        without: 工号 of people whose items are made otherwise.

    Yields:
        One row a person that takes part and a standard, for the whole cycle.
    """
    cycle = context.cycle
    start, end = cycle.day("start_date"), cycle.day("end_date")
    for person in participants(context.book, cycle):
        position = person.related("position")
        if is_excluded(person) or person.key in without:
            continue
        for standard in standards.get(position.key if position else "", ()):
            yield standard_item(cycle.key, person.key, standard, (start, end))


def standards_of(context: JobContext) -> Standards:
    """Return position code → its 岗位标准 in force during the cycle; none where the app has no such table."""
    book, cycle = context.book, context.cycle
    start, end = cycle.day("start_date"), cycle.day("end_date")
    found: dict[str, list[Row]] = {}
    for standard in book.all("position_standard"):
        position = standard.related("position")
        if position is not None and _is_valid(standard, start, end):
            found.setdefault(position.key, []).append(standard)
    return found


def late_contracts(context: JobContext, items: Iterable[WantedRow]) -> Iterator[Wish]:
    """Yield the items of people who joined after the lock; a contract that stands follows no standard any more.

    Args:
        context: What stands.
        items: Items from 岗位标准.

    Yields:
        One wish a person, so that his items go into one request and a kill leaves none or all of them.
    """
    standing = {sheet.key for row in context.book.all("appraisal_item") if (sheet := row.related("appraisal"))}
    rows: dict[str, list[WantedRow]] = {}
    for row in items:
        owner = row.values["appraisal"]
        if isinstance(owner, Refs) and owner.keys[0] not in standing:
            rows.setdefault(owner.keys[0], []).append(row)
    for own in rows.values():
        yield Wish(table="appraisal_item", rows=tuple(own), first_only=WEIGHT)


def _is_valid(standard: Row, start: date | None, end: date | None) -> bool:
    first, last = standard.day("valid_from"), standard.day("valid_to")
    return not (first and end and first > end) and not (last and start and last < start)


def standard_item(cycle: str, number: str, standard: Row, days: tuple[date | None, date | None]) -> WantedRow:
    """Return the item that a standard makes for a person.

    Args:
        cycle: 周期名称.
        number: 工号.
        standard: The standard.
        days: First and last day for which it counts.

    Returns:
        The row.
    """
    metric = standard.related("metric")
    code = metric.key if metric else "-"
    key = natural_key(cycle, number, "KPI", code, str(days[0]))
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": metric.text("name") if metric else code,
        "appraisal": Refs("appraisal", (natural_key(cycle, number),)),
        "metric": Refs("metric", (code,)),
        "dimension": standard["dimension"],
        **{field: standard[field] for field in LOCKED},
        "valid_from": days[0],
        "valid_to": days[1],
        "origin": "position_standard",
    }
    return WantedRow(key=key, values=values)


def goal_items(context: JobContext) -> tuple[list[WantedRow], list[Problem]]:
    """Return the items that confirmed goals make.

    Args:
        context: What stands.

    Returns:
        One row a goal, from the first to the last day of the cycle; and contracts whose weights do not add up to 100.
    """
    cycle = context.cycle
    rows: list[WantedRow] = []
    problems: list[Problem] = []
    by_sheet: dict[str, list[Row]] = {}
    for goal in context.book.of("goal", "cycle", cycle):
        sheet = goal.related("appraisal")
        if sheet is not None and goal.text("status") in {"confirmed", "changing"}:
            by_sheet.setdefault(sheet.key, []).append(goal)
    for key, goals in sorted(by_sheet.items()):
        total = sum(((goal.number("weight") or Decimal(0)) for goal in goals), Decimal(0))
        if total != 100:
            problems.append(note("cycle.weights_off", address=key, total=format(total.normalize(), "f")))
        rows += [_goal_item(cycle, key, goal) for goal in goals]
    return rows, problems


def _goal_item(cycle: Row, sheet: str, goal: Row) -> WantedRow:
    metric = goal.related("metric")
    parts = sheet.strip("[]").split("|")
    code = metric.key if metric else goal.key.strip("[]").split("|")[-1]
    start = cycle.day("start_date")
    key = natural_key(*parts, "KPI", code, str(start))
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": goal.text("name"),
        "appraisal": Refs("appraisal", (sheet,)),
        "metric": Refs("metric", (metric.key,)) if metric else None,
        "goal": Refs("goal", (goal.key,)),
        **{field: goal[field] for field in LOCKED},
        "valid_from": start,
        "valid_to": cycle.day("end_date"),
        "origin": "personal_goal",
    }
    return WantedRow(key=key, values=values)
