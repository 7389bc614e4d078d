"""The job ``org-sync``: departments, people, reporting lines and transfers from the company's own source.

Nobody is deleted and nobody leaves by being absent from the source: absent people are listed. What the source says of
department, superior and position goes into 任职记录 (``postings``), and into the employee table on the day it takes
effect. Source: data-model.md §2 组织; issue 6 point 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from huoban_perf.core.errors import CycleError, Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.org_source import (
    PERSON_COLUMNS,
    SourcePerson,
    by_level,
    circles,
    read_departments,
    read_people,
    refuse,
)
from huoban_perf.cycle.postings import Posting, postings_of
from huoban_perf.cycle.work import Draft, Plan, Wish, note
from huoban_perf.exchange.mapping import read_org_mapping
from huoban_perf.exchange.sources import Source, SourceRow, read_source
from huoban_perf.sync.book import Book
from huoban_perf.sync.wanted import Refs, WantedRow

Values = dict[str, Value | Refs]


def org_sync(people: Source, departments: Source | None = None) -> Plan:
    """Return the job for a source.

    Args:
        people: Rows with the columns of ``PERSON_COLUMNS``.
        departments: Rows with the columns of ``DEPARTMENT_COLUMNS``, or None to leave departments alone.

    Returns:
        The job; SourceError when the sources contradict themselves or the workspace.
    """

    def plan(context: JobContext) -> Draft:
        department_rows = () if departments is None else read_source(departments)
        return draft_org(context, people=read_source(people), departments=department_rows)

    return plan


def org_sync_from_options(context: JobContext) -> Draft:
    """Run the job on the files that the options ``from`` and ``departments`` name, or on a mapping (.yaml)."""
    file = context.options.get("from")
    if not file:
        raise CycleError("cycle.option_missing", facts={"job": "org-sync", "option": "from"})
    if Path(file).suffix in {".yaml", ".yml"}:
        return org_sync(*_mapped(context, Path(file)))(context)
    below = context.options.get("departments")
    return org_sync(Path(file), Path(below) if below else None)(context)


def _mapped(context: JobContext, file: Path) -> tuple[Source, Source | None]:
    """Return the sources that a mapping names, be it files, databases or services."""
    mapping = read_org_mapping(file)
    people = mapping.people.source(name="people", folder=file.parent, secret=context.secret)
    units = mapping.departments
    return people, units.source(name="departments", folder=file.parent, secret=context.secret) if units else None


def draft_org(context: JobContext, *, people: Sequence[SourceRow], departments: Sequence[SourceRow] = ()) -> Draft:
    """Say what the source changes.

    Args:
        context: What stands.
        people: Rows of people.
        departments: Rows of departments, possibly none.

    Returns:
        Departments top down, people superiors first, then 任职记录; notes say who is new, moved, left or absent.

    Raises:
        SourceError: With every fault of the source.
    """
    book = context.book
    found = read_people(people, schema=book.app.schema)
    units = read_departments(departments) if departments else []
    refuse([*_unknown(book, found, units), *_circles_with_standing(book, found, people)], people)
    postings = postings_of(context, found)
    wishes = [*_department_wishes(units), *_people_wishes(context, found, postings), *_heads(context, units, found)]
    wishes.append(Wish(table="assignment", rows=tuple(row for one in postings.values() for row in one.starts)))
    wishes.append(Wish(table="assignment", rows=tuple(row for one in postings.values() for row in one.rows)))
    notes = [told for one in postings.values() for told in one.notes] + list(_absent(book, found))
    return Draft(wishes=tuple(wishes), notes=tuple(notes))


def _unknown(book: Book, people: Sequence[SourcePerson], units: Sequence[Mapping[str, str]]) -> Iterator[Problem]:
    """Find codes that neither the source nor the workspace has."""
    numbers = {person.number for person in people} | {row.key for row in book.all("employee")}
    codes = {unit["code"] for unit in units} | {row.key for row in book.all("department")}
    known = {
        "department": codes,
        "position": {row.key for row in book.all("position")},
        "manager": numbers,
        "dotted_manager": numbers,
    }
    for person in people:
        for column, values in known.items():
            code = person.cells.get(column, "")
            if code and code not in values:
                yield person.row.problem("cycle.unknown_code", column=PERSON_COLUMNS[column], value=code)
            elif not code and column in {"department", "position"}:
                yield person.row.problem("cycle.empty_cell", column=PERSON_COLUMNS[column])
    for unit in units:
        for column, values in (("parent", codes), ("head", numbers), ("hrbp", numbers)):
            code = unit.get(column, "")
            if code and code not in values:
                yield Problem(code="cycle.unknown_code", facts={"value": code}, address=f"{unit['code']}.{column}")


def _circles_with_standing(book: Book, people: Sequence[SourcePerson], rows: Sequence[SourceRow]) -> list[Problem]:
    """Find circles that close only through people whom the source does not name."""
    above: dict[str, str] = {}
    for row in book.all("employee"):
        manager = row.related("manager")
        above[row.key] = manager.key if manager else ""
    own = {person.number: person.cells.get("manager", "") for person in people}
    return circles({**above, **own}, rows=rows)


def _department_wishes(units: Sequence[Mapping[str, str]]) -> Iterator[Wish]:
    by_code = {unit["code"]: unit for unit in units}
    above = {code: unit.get("parent", "") for code, unit in by_code.items()}
    for level in by_level(list(by_code), above):
        rows = []
        for code in level:
            parent = above[code]
            values: Values = {
                "code": code,
                "name": by_code[code]["name"],
                "parent": Refs("department", (parent,)) if parent else None,
                "active": True,
            }
            rows.append(WantedRow(key=code, values=values))
        yield Wish(table="department", rows=tuple(rows))


def _people_wishes(
    context: JobContext, people: Sequence[SourcePerson], postings: Mapping[str, Posting]
) -> Iterator[Wish]:
    by_number = {person.number: person for person in people}
    above = {number: person.cells.get("manager", "") for number, person in by_number.items()}
    for level in by_level(list(by_number), above):
        rows = [_person_row(context, by_number[number], by_number, postings[number]) for number in level]
        first = frozenset({"participation"}) if not any("participation" in p.choices for p in people) else frozenset()
        yield Wish(table="employee", rows=tuple(rows), first_only=first)
    dotted = [
        WantedRow(
            key=person.number,
            values={"emp_no": person.number, "dotted_manager": Refs("employee", (person.cells["dotted_manager"],))},
        )
        for person in people
        if person.cells.get("dotted_manager")
    ]
    yield Wish(table="employee", rows=tuple(dotted))


def _person_row(
    context: JobContext, person: SourcePerson, by_number: Mapping[str, SourcePerson], posting: Posting
) -> WantedRow:
    manager = person.cells.get("manager", "")
    values: Values = {
        "emp_no": person.number,
        "name": person.cells["name"],
        "department": Refs("department", (person.cells["department"],)),
        "position": Refs("position", (person.cells["position"],)),
        "manager": Refs("employee", (manager,)) if manager else None,
        "hire_date": person.days["hire_date"],
        "employment_status": person.choices.get("employment_status", _status(context, person)),
        "participation": person.choices.get("participation", "included"),
    }
    if "leave_date" in person.cells or posting.is_rehired:
        values["leave_date"] = person.days.get("leave_date")
    if "job_level" in person.choices:
        values["job_level"] = person.choices["job_level"]
    account = _account(context, person)
    if account:
        values["account"] = (account,)
    above = by_number.get(manager)
    boss = (_account(context, above) if above else "") or _standing_account(context.book, manager)
    values["manager_account"] = (boss,) if boss else None
    if not posting.is_in_force:  # the employee table shows today; the assignment's own day brings the change
        for field in ("department", "position", "manager", "manager_account"):
            del values[field]
    return WantedRow(key=person.number, values=values)


def _status(context: JobContext, person: SourcePerson) -> str:
    """Return 在职状态 of a source that does not state it: by the day of leaving, else as it stands."""
    left = person.days.get("leave_date")
    if left is not None and left < context.today:
        return "left"
    standing = context.book.find("employee", person.number)
    before = standing.text("employment_status") if standing else ""
    return before if before and before != "left" else "active"


def _account(context: JobContext, person: SourcePerson) -> str:
    return context.members.get(person.cells.get("account", ""), "")


def _standing_account(book: Book, number: str) -> str:
    row = book.find("employee", number) if number else None
    return row.member("account") if row else ""


def _heads(context: JobContext, units: Sequence[Mapping[str, str]], people: Sequence[SourcePerson]) -> Iterator[Wish]:
    accounts = {row.key: row.member("account") for row in context.book.all("employee")}
    accounts |= {person.number: account for person in people if (account := _account(context, person))}
    rows = []
    for unit in units:
        values: Values = {"code": unit["code"]}
        for column in ("head", "hrbp"):
            account = accounts.get(unit.get(column, ""), "")
            if account:
                values[column] = (account,)
        if len(values) > 1:
            rows.append(WantedRow(key=unit["code"], values=values))
    yield Wish(table="department", rows=tuple(rows))


def _absent(book: Book, people: Sequence[SourcePerson]) -> Iterator[Problem]:
    named = {person.number for person in people}
    for row in book.all("employee"):
        if row.key and row.key not in named and row.text("employment_status") != "left":
            yield note("cycle.person_absent", number=row.key, name=row.text("name"))
