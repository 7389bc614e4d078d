"""Columns: what filters ask of one field of one table, own or system."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef

_SYSTEM = {"item_id": "list", "created_on": "date", "updated_on": "date", "created_by": "list", "updated_by": "list"}
"""System fields and how they compare. Source: openapi-v1.md §5.1 [code]."""

SYSTEM_FIELDS = tuple(_SYSTEM)


class Column:
    """One field's values over a table.

    Attributes:
        name: For messages.
        family: How its values compare: text, number, date, switch, list or none.
    """

    def __init__(self, *, table: TableDef, store: Store, name: str, family: str) -> None:
        """Take the table and where its items are."""
        self._table_id = table.table_id
        self._store = store
        self.name = name
        self.family = family

    def universe(self) -> set[int]:
        """Return every item of the table."""
        return {row[0] for row in self._store.rows("SELECT item_id FROM items WHERE table_id = ?", self._table_id)}

    def entries(self) -> list[tuple[int, str]]:
        """Return (item, comparable text) of every value; empty cells have none."""
        raise NotImplementedError

    def holding(self, values: Sequence[str]) -> set[int]:
        """Return the items that hold any of the values."""
        raise NotImplementedError

    def equal(self, values: Sequence[str]) -> set[int]:
        """Return the items whose cell is exactly these values."""
        raise NotImplementedError

    def filled(self) -> set[int]:
        """Return the items with a value."""
        return {item_id for item_id, _ in self.entries()}

    def containing(self, parts: Sequence[str]) -> set[int]:
        """Return the items whose text has any of the parts inside it.

        One search in the joined texts a part, which stays quick for a hundred parts over thousands of items.
        """
        entries = self.entries()
        starts = [0, *accumulate(len(text) + 1 for _, text in entries)]
        joined = "\0".join(text for _, text in entries)
        found: set[int] = set()
        for part in parts:
            if not part:
                return {item_id for item_id, _ in entries}
            place = joined.find(part)
            while place >= 0:
                index = bisect_right(starts, place) - 1
                found.add(entries[index][0])
                place = joined.find(part, starts[index + 1])
        return found

    def between(self, *, at_least: str | None, below: str | None) -> set[int]:
        """Return the items whose moment lies in a span, either end open when None; days count from midnight."""
        low, high = at_least or "", below or "~"
        return {
            item_id
            for item_id, text in self.entries()
            if low <= (text if len(text) > 10 else f"{text} 00:00:00") < high
        }


class OwnColumn(Column):
    """A field of the table, read from the index of cells."""

    def __init__(self, *, table: TableDef, store: Store, cells: Cells, field: FieldDef) -> None:
        """Take the field and the index."""
        super().__init__(table=table, store=store, name=field.name, family=field.family)
        self._cells = cells
        self._field = field

    def entries(self) -> list[tuple[int, str]]:
        """Return (item, comparable text) of every value."""
        return self._cells.column(self._field)

    def holding(self, values: Sequence[str]) -> set[int]:
        """Return the items that hold any of the values."""
        return self._cells.holders(self._field, values)

    def equal(self, values: Sequence[str]) -> set[int]:
        """Return the items whose cell is exactly these values."""
        return self._cells.equal(self._field, values)


class SystemColumn(Column):
    """item_id, created_on, created_by, updated_on or updated_by, read from the items themselves."""

    def entries(self) -> list[tuple[int, str]]:
        """Return (item, text) of every item."""
        sql = f"SELECT item_id, CAST({self.name} AS TEXT) FROM items WHERE table_id = ?"  # noqa: S608 - one of _SYSTEM
        return self._store.rows(sql, self._table_id)

    def holding(self, values: Sequence[str]) -> set[int]:
        """Return the items with any of the values."""
        numbers = [int(value) for value in values if value.isascii() and value.isdigit() and len(value) <= 18]
        sql = f"SELECT item_id FROM items WHERE table_id = {int(self._table_id)} AND {self.name} IN"  # noqa: S608
        return {row[0] for row in self._store.among(sql, numbers)}

    def equal(self, values: Sequence[str]) -> set[int]:
        """Return the items with the one value; none for several."""
        return self.holding(values) if len(set(values)) == 1 else set()


class ColumnSource:
    """Finds columns by field."""

    def __init__(self, *, store: Store, cells: Cells) -> None:
        """Take the store and the index of cells."""
        self._store = store
        self._cells = cells

    def column(self, field: FieldDef, table: TableDef) -> Column:
        """Return the column of a field."""
        return OwnColumn(table=table, store=self._store, cells=self._cells, field=field)

    def system_column(self, name: str, table: TableDef) -> Column | None:
        """Return a system column, or None when the name is none of them."""
        if name not in _SYSTEM:
            return None
        return SystemColumn(table=table, store=self._store, name=name, family=_SYSTEM[name])
