"""The book: tables as read once for a job or a round, with the short cuts by which rows are looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Protocol

from huoban_perf.core.addresses import ItemId, MemberId
from huoban_perf.core.errors import FactValue, SyncError
from huoban_perf.core.filters import Filter, matches
from huoban_perf.core.items import Item, ItemQuery
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows, read_table


class Row:
    """One row of a table, read by field key.

    ``[]`` wants a field that the table has; the other readers take one that a small app leaves out as empty.
    """

    __slots__ = ("book", "index", "rows")

    def __init__(self, book: Book, rows: TableRows, index: int) -> None:
        """Point at a row."""
        self.book, self.rows, self.index = book, rows, index

    @property
    def key(self) -> str:
        """Its natural key or business code; empty when it has none yet, or its table has none."""
        value = self.rows.value(self.index, self.rows.table.key_field) if self.rows.table.key_field else None
        return value if isinstance(value, str) else ""

    def __getitem__(self, field: str) -> Value:
        """Return a cell."""
        return self.rows.value(self.index, field)

    def _cell(self, field: str) -> Value:
        return self[field] if field in self.rows.columns else None

    def text(self, field: str) -> str:
        """Return a text or choice, empty for none."""
        value = self._cell(field)
        return value if isinstance(value, str) else ""

    def number(self, field: str) -> Decimal | None:
        """Return a number, or None."""
        value = self._cell(field)
        return value if isinstance(value, Decimal) else None

    def day(self, field: str) -> date | None:
        """Return a date, or None."""
        value = self._cell(field)
        return value if isinstance(value, date) else None

    def members(self, field: str) -> tuple[str, ...]:
        """Return the members of a field."""
        value = self._cell(field)
        return value if isinstance(value, tuple) else ()

    def member(self, field: str) -> str:
        """Return the one member of a field, or an empty text."""
        found = self.members(field)
        return found[0] if found else ""

    @property
    def item_id(self) -> ItemId:
        """The platform's id."""
        return self.rows.item_id(self.index)

    @property
    def editor(self) -> MemberId | None:
        """The person who edited it last, or None where nobody is known."""
        return self.rows.editor(self.index)

    @property
    def values(self) -> dict[str, Value]:
        """Every cell by field key."""
        return {column: self.rows.value(self.index, column) for column in self.rows.columns}

    def has(self, field: str) -> bool:
        """Return whether the table has a field and the cell is filled."""
        return field in self.rows.columns and self[field] not in {None, "", ()}

    def related(self, field: str) -> Row | None:
        """Return the first row a relation points to, or None; a small app may have left the relation out."""
        return next(self.all_related(field), None)

    def all_related(self, field: str) -> Iterator[Row]:
        """Yield the rows a relation points to."""
        if field not in self.rows.columns:
            return
        target = self.rows.table.field(field).target
        value = self[field]
        if target is None or not isinstance(value, tuple):
            return
        rows = self.book.rows(target.key)
        for item in value:
            index = rows.row_of_id(item)
            if index is not None:
                yield Row(self.book, rows, index)


class Gathering(Protocol):
    """Changes of a book's rows that wait to be sent together."""

    def table_is_read(self, table: str) -> None:
        """Send what waits before a table is read from the platform."""
        ...


class Book:
    """Tables of an app, each read when it is first asked for."""

    def __init__(self, app: DeployedApp) -> None:
        """Start empty."""
        self.app = app
        self.tables: dict[str, TableRows] = {}
        self.outgoing: Gathering | None = None
        """Changes that wait, when they are gathered."""
        self.written: set[str] = set()
        """Tables in which rows were made or changed through this book since they were last looked at."""
        self._brought: dict[str, Sequence[Item]] = {}
        self._parts: dict[str, TableRows] = {}
        self._index: dict[tuple[str, str], tuple[TableRows, int, dict[str, list[int]]]] = {}

    def rows(self, table: str) -> TableRows:
        """Return a table's rows, read whole on first use.

        Args:
            table: Table key.

        Returns:
            The rows; no key stands twice.

        Raises:
            SyncError: The app has no such table.
            AmbiguousRowError: A key stands in several rows.
        """
        if table not in self.tables:
            if not self.has(table):
                facts: dict[str, FactValue] = {"table": table}
                raise SyncError("sync.no_table", facts=facts)
            self._before_reading(table)
            rows = self._made_of(table) if table in self._brought else read_table(self.app, table=self._spec(table))
            rows.check_keys()
            self.tables[table] = rows
        return self.tables[table]

    def has(self, table: str) -> bool:
        """Return whether the app has a table."""
        return any(entry.key == table for entry in self.app.schema.tables)

    def has_field(self, table: str, field: str) -> bool:
        """Return whether an app has a table and a field in it."""
        return self.has(table) and any(entry.address.key == field for entry in self._spec(table).fields)

    def all(self, table: str) -> Iterator[Row]:
        """Yield every row of a table; none of one that the app leaves out."""
        if not self.has(table):
            return
        rows = self.rows(table)
        for index in rows:
            yield Row(self, rows, index)

    def find(self, table: str, key: str) -> Row | None:
        """Return the row holding a natural key, or None."""
        rows = self.rows(table)
        index = rows.row_of_key(key)
        return None if index is None else Row(self, rows, index)

    def at(self, table: str, item_id: str) -> Row | None:
        """Return the row of an item, or None when it is not there; a row that a look brought costs no reading."""
        rows = self.rows(table) if self._stands(table) or not self._is_part(table, item_id) else self._parts[table]
        index = rows.row_of_id(item_id)
        return None if index is None else Row(self, rows, index)

    def where(self, table: str, filter_: Filter) -> Iterator[Row]:
        """Yield the rows that satisfy a filter; of a table that was not read whole these alone are read, and kept.

        Args:
            table: Table key; an app that leaves it out has no rows.
            filter_: Typed conditions.
        """
        if self._stands(table):
            yield from (row for row in self.all(table) if matches(filter_, row.values))
        elif self.has(table):
            self._before_reading(table)
            found = read_table(self.app, table=self._spec(table), filter_=filter_)
            self._take_part(table, found)
            yield from (Row(self, found, index) for index in found)

    def any_where(self, table: str, filter_: Filter) -> bool:
        """Return whether any row satisfies a filter; one request at most.

        Args:
            table: Table key; an app that leaves it out has no rows.
            filter_: Typed conditions.
        """
        if self._stands(table) or not self.has(table):
            return next(self.where(table, filter_), None) is not None
        self._before_reading(table)
        query = ItemQuery(table=self._spec(table), filter=filter_, limit=1)
        return any(page.items for page in self.app.connection.item_source.scan(query=query, bindings=self.app.bindings))

    def _before_reading(self, table: str) -> None:
        if self.outgoing is not None:
            self.outgoing.table_is_read(table)

    def _take_part(self, table: str, found: TableRows) -> None:
        part = self._parts.setdefault(table, found)
        for index in found if part is not found else ():
            part.add(found.item(index))

    def _stands(self, table: str) -> bool:
        return table in self.tables or table in self._brought

    def _is_part(self, table: str, item_id: str) -> bool:
        return table in self._parts and self._parts[table].row_of_id(item_id) is not None

    def _spec(self, table: str) -> TableSpec:
        return self.app.schema.table(table)

    def _made_of(self, table: str) -> TableRows:
        """Return a table made of the items that somebody else has just read, in order of creation."""
        rows = TableRows(table=self._spec(table))
        for item in sorted(self._brought.pop(table), key=lambda item: (len(item.item_id), item.item_id)):
            rows.add(item)
        return rows

    def forget(self, table: str) -> None:
        """Read a table again when it is next asked for."""
        self.tables.pop(table, None)
        self._brought.pop(table, None)
        self._parts.pop(table, None)

    def bring(self, table: str, items: Sequence[Item]) -> None:
        """Take a whole table that was read for another purpose, so that it is not read again.

        Args:
            table: Table key.
            items: Every item that it holds, of one answer, in any order; ids rise with the order of creation.
        """
        self.forget(table)
        self._brought[table] = items

    def bring_some(self, table: str, items: Sequence[Item]) -> None:
        """Take rows that were just read, so that the table need not be read for one of them.

        Args:
            table: Table key; what was known of it is forgotten.
            items: Some of its items.
        """
        self.forget(table)
        self._parts[table] = TableRows(table=self._spec(table))
        for item in items:
            self._parts[table].add(item)

    def keep(self, table: str, item: Item) -> None:
        """Take a row as it was read back after a write, wherever it is held.

        Args:
            table: Table key.
            item: The row.
        """
        if self._stands(table):
            rows = self.rows(table)
            index = rows.row_of_id(item.item_id)
            for place in [place for place in self._index if place[0] == table]:
                if index is None or rows.value(index, place[1]) != item.values.get(place[1]):
                    del self._index[place]
            rows.add(item)
        if self._is_part(table, item.item_id):
            self._parts[table].add(item)

    def of(self, table: str, relation: str, target: Row) -> Iterator[Row]:
        """Yield the rows of a table whose relation points to a row.

        A table or relation that the app leaves out has no rows.
        """
        yield from self.holding(table, relation, target.item_id)

    def holding(self, table: str, field: str, part: str) -> Iterator[Row]:
        """Yield the rows of a table in which a relation or members hold one item or person.

        The rows are indexed by what they hold; the index is made anew when the table was read again or has grown. A
        table or field that the app leaves out has no rows.

        Args:
            table: Table key.
            field: Of several values.
            part: One of them.
        """
        if not self.has(table) or field not in self.rows(table).columns:
            return
        rows = self.rows(table)
        known = self._index.get((table, field))
        if known is None or known[0] is not rows or known[1] != len(rows):
            pointing: dict[str, list[int]] = {}
            for index in rows:
                value = rows.value(index, field)
                for item in value if isinstance(value, tuple) else ():
                    pointing.setdefault(item, []).append(index)
            known = (rows, len(rows), pointing)
            self._index[table, field] = known
        for index in known[2].get(part, ()):
            yield Row(self, rows, index)
