"""What must hold before a cycle is announced: rules that add up, dates in order, a decider, everybody complete.

Every fault is listed at once, with the person or field it concerns. Source: workflows.md §1 (草稿→已公示), §7 3/23.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise

from huoban_perf.core.errors import FactValue, HuobanPerfError, Problem
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import note
from huoban_perf.scoring import parse_scheme, scheme_document
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.scheme import TABLES, scheme_documents
from huoban_perf.sync.stretch_rules import place_faults, record_faults, scheme_faults
from huoban_perf.sync.stretches import NEEDED, TABLE, services, sheets_of

_ORDER = (
    "goal_open_on",
    "goal_due_on",
    "review_start_on",
    "self_due_on",
    "review_due_on",
    "calibration_on",
    "release_on",
    "confirm_due_on",
    "appeal_due_on",
)
"""Dates of a cycle in the order in which they must follow each other; those left empty are passed over."""

_NEEDED = ("start_date", "end_date", "review_start_on", "review_due_on", "release_on")
_STAGE_DATES = {"goal": ("goal_open_on", "goal_due_on"), "self": ("self_due_on",), "appeal": ("appeal_due_on",)}


def participants(book: Book, cycle: Row) -> list[Row]:
    """Return the people a cycle has a sheet for, in order of 工号.

    Those who left before it began or come after it ends have none; people marked 不参评 have one that says so.
    """
    start, end = cycle.day("start_date"), cycle.day("end_date")
    found = []
    for row in book.all("employee"):
        hired, left = row.day("hire_date"), row.day("leave_date")
        if not row.key or (row.text("employment_status") == "left" and left is None):
            continue
        if (start and left and left < start) or (end and hired and hired > end):
            continue
        found.append(row)
    return sorted(found, key=lambda row: row.key)


def is_excluded(employee: Row) -> bool:
    """Return whether a person is marked 不参评."""
    return employee.text("participation") == "excluded"


def scheme_of(employee: Row, assignments: Mapping[str, Row]) -> Row | None:
    """Return a person's scheme: the exception of 任职记录, else that of the position."""
    assignment = assignments.get(employee.key)
    own = assignment.related("scheme") if assignment else None
    position = employee.related("position")
    return own or (position.related("default_scheme") if position else None)


def open_assignments(book: Book) -> dict[str, Row]:
    """Return 工号 → open 任职记录; the latest where several are open."""
    found: dict[str, Row] = {}
    for row in sorted(book.all("assignment"), key=lambda row: str(row["start_date"])):
        employee = row.related("employee")
        if employee is not None and row.day("end_date") is None:
            found[employee.key] = row
    return found


def announced_rules(book: Book, cycle: Row, *, pass_grade: str) -> tuple[dict[str, dict[str, object]], list[Problem]]:
    """Return the canonical documents of a cycle's schemes, and what is wrong with them.

    Args:
        book: What stands.
        cycle: The cycle.
        pass_grade: The grade that counts as 合格.

    Returns:
        Scheme key → document; every contradiction of every scheme.
    """
    for table in TABLES:
        book.rows(table)
    raw = scheme_documents(book.tables, schema=book.app.schema, pass_grade=pass_grade)
    documents: dict[str, dict[str, object]] = {}
    problems: list[Problem] = []
    for scheme in cycle.all_related("schemes"):
        try:
            documents[scheme.key] = scheme_document(parse_scheme(raw[scheme.key]))
        except HuobanPerfError as error:
            faults = error.problems or (Problem(code=error.code, facts=error.facts),)
            problems += [
                Problem(code=fault.code, facts=fault.facts, address=fault.address or scheme.text("name"))
                for fault in faults
            ]
    if not documents and not problems:
        problems.append(note("cycle.no_scheme"))
    return documents, problems


def check_cycle(context: JobContext) -> list[Problem]:
    """List everything that keeps a cycle from being announced.

    Args:
        context: What stands.

    Returns:
        Faults of dates, rules and people.
    """
    cycle = context.cycle
    _, faults = announced_rules(context.book, cycle, pass_grade=context.process.pass_grade)
    problems = [
        *date_faults(context, cycle),
        *faults,
        *people_faults(context, cycle),
        *service_faults_of(context),
        *_standards(context.book),
    ]
    if not cycle.has("decider"):
        problems.append(note("cycle.no_decider", address=_field(cycle, "decider")))
    return problems


def _field(row: Row, field: str) -> str:
    return row.rows.table.field(field).labels.zh


def date_faults(context: JobContext, cycle: Row) -> Iterator[Problem]:
    """Yield dates that are missing or out of order."""
    needed = [*_NEEDED]
    for stage, dates in _STAGE_DATES.items():
        needed += dates if context.stage_on(stage) else ()
    for field in needed:
        if cycle.day(field) is None:
            yield note("cycle.date_missing", address=_field(cycle, field))
    given = [(field, day) for field in _ORDER if (day := cycle.day(field)) is not None]
    for (first, before), (second, after) in pairwise(given):
        if after < before:
            facts: dict[str, FactValue] = {
                "first": f"{_field(cycle, first)} {before}",
                "second": f"{_field(cycle, second)} {after}",
            }
            yield Problem(code="cycle.dates_out_of_order", facts=facts, address=_field(cycle, second))
    start, end = cycle.day("start_date"), cycle.day("end_date")
    if start and end and end < start:
        yield note(
            "cycle.dates_out_of_order",
            address=_field(cycle, "end_date"),
            first=f"{_field(cycle, 'start_date')} {start}",
            second=f"{_field(cycle, 'end_date')} {end}",
        )


def people_faults(context: JobContext, cycle: Row) -> Iterator[Problem]:
    """Yield people who lack what an appraisal needs; the address names the person."""
    assignments = open_assignments(context.book)
    allowed = {row.key for row in cycle.all_related("schemes")}
    for person in participants(context.book, cycle):
        if is_excluded(person):
            continue
        where = f"{person.key} {person.text('name')}"
        if person.related("position") is None:
            yield note("cycle.person_lacks", address=where, what="岗位")
        if person.related("department") is None:
            yield note("cycle.person_lacks", address=where, what="部门")
        if person.related("manager") is None:
            yield note("cycle.person_lacks_superior", address=where)
        scheme = scheme_of(person, assignments)
        if scheme is None:
            yield note("cycle.person_lacks", address=where, what="方案")
        elif scheme.key not in allowed:
            yield note("cycle.scheme_not_in_cycle", address=where, scheme=scheme.text("name"))


def service_faults_of(context: JobContext) -> Iterator[Problem]:
    """Yield what is amiss with 任职记录 of those who take part; the address names the person.

    A person without any record is taken from the employee table; an incomplete one would be scored for too few days.
    Before the announcement the people of the cycle are looked at, from then on those with a sheet.
    """
    book, cycle = context.book, context.cycle
    if not book.has(TABLE):
        return
    for table in NEEDED:
        book.rows(table)
    sheets = sheets_of(book.tables, cycle.index)
    people = sheets or [one.key for one in participants(book, cycle) if not is_excluded(one)]
    for number, service in services(book.tables, cycle.index, people).items():
        yield from record_faults(service)
        yield from place_faults(service, context.today)
        yield from scheme_faults(book.tables, cycle.index, service, sheets.get(number))


def _standards(book: Book) -> Iterator[Problem]:
    """A position whose standards do not add up to 100 would make every contract of it wrong."""
    if not book.has("position_standard"):
        return
    totals: dict[str, Decimal] = {}
    for row in book.all("position_standard"):
        position = row.related("position")
        if position is not None and row.day("valid_to") is None:
            totals[position.text("name")] = totals.get(position.text("name"), Decimal(0)) + (
                row.number("weight") or Decimal(0)
            )
    for name, total in sorted(totals.items()):
        if total != 100:
            yield note("cycle.weights_off", address=name, total=format(total.normalize(), "f"))
