"""The job ``access-sync``: writes the permission columns, by which the platform decides who sees a row.

Only columns that the deployed schema has are written. After a transfer the new superior sees open rows and released
results, the old one no longer. Rows nobody could see are told to the admin. Source: data-model.md §1 rule 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.errors import Problem
from huoban_perf.core.notices import Notice
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.schema.roles import PERMISSION_COLUMNS
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import WantedRow

_TO_SUBJECT = ("appraisal", "task", "goal", "improvement", "plan_task")
"""Relations that lead towards the person a row is about, in this order, when it has no 员工 of its own."""


def access_sync(context: JobContext) -> Draft:
    """Say what the permission columns should hold.

    Args:
        context: What stands.

    Returns:
        One wish a table with permission columns; a note a row that nobody of its people can see.
    """
    access = Access(context.book)
    wishes: list[Wish] = []
    notes: list[Problem] = []
    for table in context.book.app.schema.tables:
        columns = [field.address.key for field in table.fields if field.address.key in PERMISSION_COLUMNS]
        if columns and table.key_field is not None:
            wishes.append(Wish(table=table.key, rows=tuple(_rows(access, table, columns, notes))))
    return Draft(wishes=tuple(wishes), notes=tuple(notes), notices=tuple(_told(context, notes)))


def _rows(access: Access, table: TableSpec, columns: list[str], notes: list[Problem]) -> Iterator[WantedRow]:
    key_field = table.key_field or ""
    for row in access.book.all(table.key):
        if not row.key:
            continue
        values: dict[str, Value] = {column: access.column(row, column) for column in columns}
        own = "p_subject" if "p_subject" in values else "p_self"
        if own in values and not values[own] and not access.is_without_account(row):
            notes.append(
                note("cycle.unlinked_row", address=f"{table.key}:{row.key}", table=table.labels.zh, key=row.key)
            )
        yield WantedRow(key=row.key, values={key_field: row.key, **values})


def _told(context: JobContext, notes: list[Problem]) -> Iterator[Notice]:
    if notes:
        facts = {"subject": f"{len(notes)} 条"}
        for receiver in context.process.role_members.get("admin", ("group:admin",)):
            yield Notice(
                receiver=receiver, event="unlinked_person", object="access-sync", day=context.today, facts=facts
            )


class Access:
    """Who stands where: accounts of a row's person, superior, heads and committee."""

    def __init__(self, book: Book) -> None:
        """Take the book."""
        self.book = book
        self._heads: dict[str, tuple[str, ...]] = {}
        self._committees: dict[str, tuple[str, ...]] = {}

    def column(self, row: Row, column: str) -> tuple[str, ...]:
        """Return what a permission column of a row should hold; empty for nobody."""
        employee, department = self.subject(row)
        match column:
            case "p_self" | "p_subject":
                if employee is not None:
                    return employee.members("account")
                return department.members("head") if department else ()
            case "p_mgr":
                return self._superior(employee, department)
            case "p_heads":
                return self.heads(self._home(employee, department))
            case _:
                return self.committee(self._home(employee, department))

    def is_without_account(self, row: Row) -> bool:
        """Return whether a row's person is marked as having no account."""
        employee, _ = self.subject(row)
        return employee is not None and employee.has("no_account") and employee["no_account"] is True

    def subject(self, row: Row) -> tuple[Row | None, Row | None]:
        """Return the person and the department a row is about; a row of a department has no person."""
        columns = row.rows.columns
        employee = row.related("employee") if "employee" in columns else None
        department = row.related("department") if "department" in columns else None
        if employee is not None or department is not None:
            return employee, department
        for relation in _TO_SUBJECT:
            if relation in columns:
                target = row.related(relation)
                if target is not None:
                    return self.subject(target)
        return None, None

    def heads(self, department: Row | None) -> tuple[str, ...]:
        """Return the heads of a department and of all above it, nearest first."""
        if department is None:
            return ()
        if department.key not in self._heads:
            found: list[str] = []
            here: Row | None = department
            seen: set[str] = set()
            while here is not None and here.key not in seen:
                seen.add(here.key)
                found += [member for member in here.members("head") if member not in found]
                here = here.related("parent")
            self._heads[department.key] = tuple(found)
        return self._heads[department.key]

    def committee(self, department: Row | None) -> tuple[str, ...]:
        """Return heads and HRBP of the departments that share a department's 校准池."""
        if department is None:
            return ()
        pool = department.text("calibration_pool") or department.key
        if pool not in self._committees:
            found: list[str] = []
            for row in self.book.all("department"):
                if (row.text("calibration_pool") or row.key) == pool:
                    people = (*row.members("head"), *row.members("hrbp"))
                    found += [member for member in people if member not in found]
            self._committees[pool] = tuple(sorted(found))
        return self._committees[pool]

    def _home(self, employee: Row | None, department: Row | None) -> Row | None:
        return (employee.related("department") if employee else None) or department

    def _superior(self, employee: Row | None, department: Row | None) -> tuple[str, ...]:
        if employee is not None:
            if "manager_account" in employee.rows.columns:
                return employee.members("manager_account")
            manager = employee.related("manager")
            return manager.members("account") if manager else ()
        above = department.related("parent") if department else None
        return above.members("head") if above else ()
