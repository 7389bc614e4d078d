"""Who stands where around a row: the accounts that its permission columns hold.

Source: data-model.md §1 rule 3.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.schema.roles import PERMISSION_COLUMNS
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import Refs

_TO_SUBJECT = ("appraisal", "task", "goal", "improvement", "plan_task")
"""Relations that lead towards the person a row is about, in this order, when it has no 员工 of its own."""


def columns_of(row: Row) -> dict[str, Value]:
    """Return the permission columns of a row that are still empty and can be told."""
    access = Access(row.book)
    open_ones = [column for column in PERMISSION_COLUMNS if column in row.rows.columns and not row.has(column)]
    return {column: members for column in open_ones if (members := access.column(row, column))}


class Access:
    """Who stands where: accounts of a row's person, superior, heads and committee."""

    def __init__(self, book: Book) -> None:
        """Take the book."""
        self.book = book
        self._heads: dict[str, tuple[str, ...]] = {}
        self._committees: dict[str, tuple[str, ...]] = {}

    def column(self, row: Row, column: str) -> tuple[str, ...]:
        """Return what a permission column of a row should hold; empty for nobody."""
        return self._column(*self.subject(row), column)

    def _column(self, employee: Row | None, department: Row | None, column: str) -> tuple[str, ...]:
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

    def columns_for(self, table: str, values: Mapping[str, Value | Refs]) -> dict[str, Value | Refs]:
        """Return the permission columns of a row that is about to be made, so that nobody sees it wrongly meanwhile.

        Args:
            table: Table key.
            values: What the row will hold; its relations tell whom it is about.

        Returns:
            Column → members; none where the row does not say whom it is about, or a column is given already.
        """
        known = {field.address.key for field in self.book.app.schema.table(table).fields}
        columns = [column for column in PERMISSION_COLUMNS if column in known and column not in values]
        employee, department = self._subject_of(values) if columns else (None, None)
        if employee is None and department is None:
            return {}
        found = {column: self._column(employee, department, column) for column in columns}
        return {column: members for column, members in found.items() if members}

    def _subject_of(self, values: Mapping[str, Value | Refs]) -> tuple[Row | None, Row | None]:
        employee, department = (self._target(values, relation) for relation in ("employee", "department"))
        if employee is not None or department is not None:
            return employee, department
        for relation in _TO_SUBJECT:
            target = self._target(values, relation)
            if target is not None:
                return self.subject(target)
        return None, None

    def _target(self, values: Mapping[str, Value | Refs], relation: str) -> Row | None:
        value = values.get(relation)
        return self.book.find(value.table, value.keys[0]) if isinstance(value, Refs) and value.keys else None

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
            if "manager" not in employee.rows.columns:  # the small app keeps the account itself
                return employee.members("manager_account")
            manager = employee.related("manager")
            return manager.members("account") if manager else ()
        above = department.related("parent") if department else None
        return above.members("head") if above else ()
