"""What growing knows: the books of both apps in one, and the two ways in which it writes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Wish
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import Refs, WantedRow
from huoban_perf.template.growth import GrowthText


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A workspace that is growing.

    Attributes:
        context: What stands, with the fields and options of both apps.
        growth: Where the smaller app's fields go.
        scheme: Natural key of its scheme.
    """

    context: JobContext
    growth: GrowthText
    scheme: str

    @property
    def book(self) -> Book:
        """What stands."""
        return self.context.book

    def options(self, field: str) -> list[tuple[str, str]]:
        """Return key and Chinese label of the options of a choice field of 员工."""
        spec = self.book.rows("employee").table.field(field)
        return [(option.address.key, option.labels.zh) for option in spec.options]

    def department(self, person: Row | None) -> Refs:
        """Return somebody's department; the whole company for nobody or somebody without one."""
        code = person.text("department_name") if person is not None else ""
        return Refs("department", (code or self.growth.assumed.company.code,))

    def manager(self, person: Row) -> Row | None:
        """Return somebody's superior, found by account; nobody is his own."""
        account = person.member("manager_account")
        found = (row for row in self.book.all("employee") if account and row.member("account") == account)
        return next((row for row in found if row.key != person.key), None)


def made(grown: Grown, table: str, rows: Iterable[WantedRow]) -> Wish:
    """Return the wish for rows that are to be there; one that is there already stays as it is."""
    standing = grown.book.rows(table)
    missing = tuple(row for row in rows if standing.row_of_key(row.key) is None)
    return Wish(table=table, rows=missing)


def filled(grown: Grown, table: str, rows: Iterable[WantedRow]) -> Wish:
    """Return the wish for cells that are to be filled; a cell that holds something stays as it is."""
    key_field = grown.book.rows(table).table.key_field or ""
    wanted: list[WantedRow] = []
    for row in rows:
        standing = grown.book.find(table, row.key)
        empty = {
            field: value
            for field, value in row.values.items()
            if value not in {None, "", ()} and standing is not None and not standing.has(field)
        }
        if empty:
            wanted.append(WantedRow(key=row.key, values={key_field: row.key, **empty}))
    return Wish(table=table, rows=tuple(wanted), by_people=True)
