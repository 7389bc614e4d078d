"""How the executor writes: a few rows at a time, by item id, read back; what it wrote is noted as its own doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.core.equality import equal
from huoban_perf.core.errors import FactValue, Problem, SyncError, UnconfirmedWriteError
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemQuery, ItemWrite, Outcome, SystemField, WriteBatch, WriteMode
from huoban_perf.core.values import Value, Values
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import WantedRow
from huoban_perf.sync.write_back import compare, write

_WAITS_S = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True)
class Change:
    """What is written into one standing row."""

    row: Row
    values: Values


def change_rows(book: Book, changes: Sequence[Change]) -> list[Row]:
    """Write into standing rows what differs.

    Args:
        book: What stands; kept up to date.
        changes: Rows of any tables.

    Returns:
        The rows that were written.

    Raises:
        SyncError: The platform refused a row.
        UnconfirmedWriteError: A row could not be read back.
    """
    written: list[Row] = []
    by_table: dict[str, list[tuple[Row, dict[str, Value]]]] = {}
    for change in changes:
        different = {key: v for key, v in change.values.items() if not equal(change.row[key], v)}
        if different:
            by_table.setdefault(change.row.rows.table.key, []).append((change.row, different))
    for table, rows in by_table.items():
        size = book.app.connection.capabilities.batch_size
        for start in range(0, len(rows), size):
            _send(book, table, rows[start : start + size])
        written += [row for row, _ in rows]
    return written


def _send(book: Book, table: str, rows: Sequence[tuple[Row, Mapping[str, Value]]]) -> None:
    spec = book.app.schema.table(table)
    book.written.add(table)
    writes = tuple(ItemWrite(key=row.key or row.item_id, values=values, item_id=row.item_id) for row, values in rows)
    receipt = book.app.connection.item_sink.submit(
        batch=WriteBatch(table=spec, mode=WriteMode.UPDATE, rows=writes), bindings=book.app.bindings
    )
    refused = [
        Problem(code="sync.row_refused", facts={"key": row.key, "reason": row.reason or "-"})
        for row in receipt.rows
        if row.outcome is Outcome.REFUSED
    ]
    if refused:
        facts: dict[str, FactValue] = {"table": spec.labels.zh, "count": len(refused)}
        raise SyncError("sync.rows_refused", facts=facts, problems=refused)
    _confirm(book, table, {row.item_id: values for row, values in rows})


def _confirm(book: Book, table: str, expected: Mapping[str, Mapping[str, Value]]) -> None:
    spec = book.app.schema.table(table)
    missing = dict(expected)
    for wait_s in _WAITS_S:
        if wait_s:
            book.app.clock.sleep(wait_s)
        ids = Condition(SystemField.ITEM_ID, Operator.ANY_OF, tuple(sorted(missing)))
        query = ItemQuery(table=spec, filter=ids)
        for page in book.app.connection.item_source.scan(query=query, bindings=book.app.bindings):
            for item in page.items:
                wanted = missing.get(item.item_id)
                if wanted is not None and all(equal(item.values.get(key), v) for key, v in wanted.items()):
                    book.keep(table, item)
                    del missing[item.item_id]
        if not missing:
            return
    facts: dict[str, FactValue] = {"table": spec.labels.zh, "count": len(missing), "first": min(missing)}
    raise UnconfirmedWriteError("sync.unconfirmed", facts=facts)


def create_row(book: Book, table: str, *, key: str, values: Values) -> Row:
    """Make a row unless its key stands already; a standing row is left as it is.

    Args:
        book: What stands; kept up to date.
        table: Where.
        key: Its natural key.
        values: What it holds.

    Returns:
        The row.
    """
    standing = book.find(table, key)
    if standing is None:
        rows = book.rows(table)
        book.written.add(table)
        wanted = WantedRow(key=key, values={rows.table.key_field or "": key, **values})
        write(compare(wanted=[wanted], standing=rows, tables=book.tables), app=book.app, standing=rows)
        standing = book.find(table, key)
    if standing is None:
        raise UnconfirmedWriteError("sync.unconfirmed", facts={"table": table, "count": 1, "first": key})
    return standing
