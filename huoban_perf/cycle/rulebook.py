"""A cycle's schemes, departments and grades as the rule book of scoring knows them."""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.left_out import is_reviewed
from huoban_perf.cycle.opening_checks import announced_rules
from huoban_perf.scoring import Scheme, parse_scheme
from huoban_perf.scoring.pools import Department
from huoban_perf.sync.book import Book, Row


def schemes_of(context: JobContext) -> Mapping[str, Scheme]:
    """Return the schemes of a cycle by key; one that contradicts itself is left out (the announcement refuses it)."""
    documents, _ = announced_rules(context.book, context.cycle, pass_grade=context.process.pass_grade)
    return {key: parse_scheme(document) for key, document in documents.items()}


def grade_names(book: Book) -> Mapping[str, str]:
    """Return option key of a grade → its name in schemes."""
    options = book.app.schema.table("grade_band").field("grade").options
    return {option.address.key: option.labels.zh for option in options}


def departments_of(book: Book) -> list[Department]:
    """Return all departments with their parent and 校准池."""
    found = []
    for row in book.all("department"):
        parent = row.related("parent")
        pool = row.text("calibration_pool") or None
        found.append(Department(code=row.key, parent=parent.key if parent else None, pool=pool))
    return found


def department_grades(context: JobContext, *, field: str = "released_grade") -> Mapping[str, tuple[str, str]]:
    """Return the departments that have a grade of their own.

    Args:
        context: What stands.
        field: Field of 绩效考核单 that holds the grade.

    Returns:
        Department code → (scheme, grade as the scheme names it).
    """
    names = grade_names(context.book)
    found: dict[str, tuple[str, str]] = {}
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        department, scheme = sheet.related("department"), sheet.related("scheme")
        if sheet.text("subject_kind") == "department" and department and scheme and sheet.text(field) in names:
            found[department.key] = (scheme.key, names[sheet.text(field)])
    return found


def departments_appraised(context: JobContext) -> bool:
    """Return whether the cycle appraises departments: there is a sheet of one that was not taken out."""
    sheets = context.book.of("appraisal", "cycle", context.cycle)
    return any(sheet.text("subject_kind") == "department" and is_reviewed(sheet) for sheet in sheets)


def home_of(sheet: Row) -> Row | None:
    """Return the department a person is ranked in: at the end of the cycle, the last one of who left before.

    By 任职记录; without any where the person is now, else where the sheet was opened. Source: scoring.md S10 (home).
    """
    employee, cycle = sheet.related("employee"), sheet.related("cycle")
    end = cycle.day("end_date") if cycle else None
    if employee is None:
        return sheet.related("department")
    began = [
        (start, row)
        for row in sheet.book.of("assignment", "employee", employee)
        if (start := row.day("start_date")) is not None and (end is None or start <= end)
    ]
    last = max(began, key=lambda pair: pair[0])[1] if began else employee
    return last.related("department") or sheet.related("department")
