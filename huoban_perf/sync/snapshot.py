"""One table as read at one moment: rows by id and by natural key, column by column to stay small."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from huoban_perf.core.addresses import ItemId, MemberId
from huoban_perf.core.errors import AmbiguousRowError, FactValue, Problem
from huoban_perf.core.filters import Filter
from huoban_perf.core.items import Item, ItemQuery, Order
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp


class TableRows:
    """Items of one table, in the order read.

    Grain: one row an item. Values are neutral; None = empty. Rows are tuples over ``columns`` rather than mappings,
    because a cycle may hold tens of thousands of rating forms.
    """

    def __init__(self, *, table: TableSpec, columns: Sequence[str] | None = None) -> None:
        """Start empty.

        Args:
            table: The table as declared.
            columns: Field keys to keep; None keeps all. The key field is always kept.
        """
        keys = [field.address.key for field in table.fields]
        self.table = table
        self.columns = tuple(key for key in keys if columns is None or key in columns or key == table.key_field)
        self._position = {key: index for index, key in enumerate(self.columns)}
        self._rows: list[tuple[Value, ...]] = []
        self._ids: list[ItemId] = []
        self._row_by_id: dict[ItemId, int] = {}
        self._rows_by_key: dict[str, list[int]] = {}
        self._editors: dict[ItemId, MemberId] = {}
        self._pretended: dict[int, Callable[[str, ItemId], None]] = {}

    def add(self, item: Item) -> None:
        """Take one item; an item read again replaces its former reading."""
        row = tuple(item.values.get(key) for key in self.columns)
        self._editors.pop(item.item_id, None)
        if item.editor is not None:
            self._editors[item.item_id] = item.editor
        if item.item_id in self._row_by_id:
            self._replace(self._row_by_id[item.item_id], row)
            return
        index = len(self._rows)
        self._rows.append(row)
        self._ids.append(item.item_id)
        self._row_by_id[item.item_id] = index
        self._index_key(index, row)

    def _index_key(self, index: int, row: tuple[Value, ...]) -> None:
        if self.table.key_field is not None:
            key = row[self._position[self.table.key_field]]
            if isinstance(key, str):
                self._rows_by_key.setdefault(key, []).append(index)

    def _replace(self, index: int, row: tuple[Value, ...]) -> None:
        """Put other cells in a row's place; it is found by its new key."""
        if self.table.key_field is not None:
            at = self._position[self.table.key_field]
            before = self._rows[index][at]
            if before != row[at]:
                if isinstance(before, str):
                    self._rows_by_key[before].remove(index)
                    if not self._rows_by_key[before]:
                        del self._rows_by_key[before]
                self._index_key(index, row)
        self._rows[index] = row

    def cells(self, row: int) -> tuple[Value, ...]:
        """Return a row's cells, in the order of ``columns``."""
        return self._rows[row]

    def pretend(self, row: int, values: Mapping[str, Value], *, read: Callable[[str, ItemId], None]) -> None:
        """Show a row as it will stand once a change that waits is written.

        Args:
            row: Row index.
            values: Field key → value.
            read: Told table and item before a cell of the row is read, until ``restore``.
        """
        cells = list(self._rows[row])
        for key, value in values.items():
            cells[self._position[key]] = value
        self._replace(row, tuple(cells))
        self._pretended[row] = read

    def restore(self, row: int, cells: tuple[Value, ...]) -> None:
        """Show a row as it stood before ``pretend``."""
        self._replace(row, cells)
        self._pretended.pop(row, None)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._rows)

    def __iter__(self) -> Iterator[int]:
        """Iterate over row indexes."""
        return iter(range(len(self._rows)))

    def value(self, row: int, key: str) -> Value:
        """Return one cell.

        Args:
            row: Row index.
            key: Field key among ``columns``.

        Returns:
            The neutral value; None = empty.
        """
        if row in self._pretended:
            self._pretended[row](self.table.key, self._ids[row])
        return self._rows[row][self._position[key]]

    def item_id(self, row: int) -> ItemId:
        """Return the platform id of a row."""
        return self._ids[row]

    def holders(self, key: str) -> int:
        """Return how many rows hold a natural key."""
        return len(self._rows_by_key.get(key, ()))

    def keys(self) -> Iterator[str]:
        """Iterate over the natural keys that stand."""
        return iter(self._rows_by_key)

    def editor(self, row: int) -> MemberId | None:
        """Return the person who edited a row last, or None where nobody is known."""
        return self._editors.get(self._ids[row])

    def item(self, row: int) -> Item:
        """Return a row as an item, without its times."""
        values = dict(zip(self.columns, self._rows[row], strict=True))
        return Item(item_id=self._ids[row], values=values, editor=self.editor(row))

    def row_of_id(self, item_id: str) -> int | None:
        """Return the row of an item, or None when it was not read."""
        return self._row_by_id.get(ItemId(item_id))

    def row_of_key(self, key: str) -> int | None:
        """Return the row holding a natural key, or None.

        Args:
            key: The natural key or business code.

        Returns:
            The row index; None when no row holds the key.

        Raises:
            AmbiguousRowError: Several rows hold it.
        """
        rows = self._rows_by_key.get(key, [])
        if len(rows) > 1:
            raise AmbiguousRowError(
                "sync.ambiguous_row",
                facts={"table": self.table.labels.zh, "key": key, "count": len(rows)},
            )
        return rows[0] if rows else None

    def only(self, wanted: Callable[[str], bool]) -> TableRows:
        """Return the rows whose natural key satisfies a test, as rows of their own.

        Args:
            wanted: The test.

        Returns:
            The selected rows, in order.
        """
        part = TableRows(table=self.table, columns=self.columns)
        for key, rows in self._rows_by_key.items():
            if wanted(key):
                for row in rows:
                    part.add(self.item(row))
        return part

    def check_keys(self) -> None:
        """Refuse the table when any natural key stands in several rows.

        Raises:
            AmbiguousRowError: With one problem a key.
        """
        problems = [
            Problem(
                code="sync.ambiguous_key",
                facts={"key": key, "items": tuple(str(self._ids[row]) for row in rows)},
                address=str(self.table.address),
            )
            for key, rows in sorted(self._rows_by_key.items())
            if len(rows) > 1
        ]
        if problems:
            facts: dict[str, FactValue] = {"table": self.table.labels.zh, "count": len(problems)}
            raise AmbiguousRowError("sync.ambiguous_rows", facts=facts, problems=problems)


def read_table(
    app: DeployedApp, *, table: TableSpec, columns: Sequence[str] | None = None, filter_: Filter | None = None
) -> TableRows:
    """Read one table, or the part of it that a filter selects.

    Args:
        app: Where to read.
        table: The table as declared.
        columns: Field keys to keep; None keeps all.
        filter_: Typed conditions, or None for all items.

    Returns:
        The rows, ordered by creation.
    """
    rows = TableRows(table=table, columns=columns)
    done = 0
    query = ItemQuery(table=table, filter=filter_, order=Order())
    for page in app.connection.item_source.scan(query=query, bindings=app.bindings):
        for item in page.items:
            rows.add(item)
        done += len(page.items)
        if page.filtered:
            app.progress("progress.read", subject=table.labels.zh, done=min(done, page.filtered), total=page.filtered)
    return rows
