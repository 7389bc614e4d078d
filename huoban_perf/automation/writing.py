"""How the executor writes: a few rows at a time, by item id, read back; what it wrote is noted as its own doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.equality import equal
from huoban_perf.core.errors import (
    FactValue,
    HuobanPerfError,
    LeaseLostError,
    Problem,
    Recovery,
    SyncError,
    UnconfirmedWriteError,
)
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemQuery, ItemWrite, Outcome, SystemField, WriteBatch, WriteMode
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Values
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import WantedRow
from huoban_perf.sync.write_back import compare, write

_WAITS_S = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_PASSING = frozenset({Recovery.RETRY, Recovery.RESUME})


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
    for rows in differences(changes).values():
        size = book.app.connection.capabilities.batch_size
        for start in range(0, len(rows), size):
            for error in send_rows(rows[start : start + size]).values():
                raise error
        written += [row for row, _ in rows]
    return written


def differences(changes: Sequence[Change]) -> dict[str, list[tuple[Row, Values]]]:
    """Return what differs from what stands.

    Args:
        changes: Rows of any tables.

    Returns:
        Table → rows with the values that differ; rows that stand as wanted are left out.
    """
    found: dict[str, list[tuple[Row, Values]]] = {}
    for change in changes:
        different = {key: v for key, v in change.values.items() if not equal(change.row[key], v)}
        if different:
            found.setdefault(change.row.rows.table.key, []).append((change.row, different))
    return found


def send_rows(rows: Sequence[tuple[Row, Values]]) -> dict[ItemId, HuobanPerfError]:
    """Send rows of one table in one request and read them back.

    Args:
        rows: At most as many as one request takes. When the platform refuses the request as a whole, each is sent
            alone, so that one bad row stops no other.

    Returns:
        Item → why it is not known to be written; empty when all are.

    Raises:
        LeaseLostError: Another worker took over.
    """
    try:
        return _send(rows)
    except LeaseLostError:
        raise
    except HuobanPerfError as error:
        if len(rows) == 1 or error.recovery in _PASSING:
            return {row.item_id: error for row, _ in rows}
    return {item: error for one in rows for item, error in send_rows([one]).items()}


def _send(rows: Sequence[tuple[Row, Values]]) -> dict[ItemId, HuobanPerfError]:
    book, spec = rows[0][0].book, rows[0][0].rows.table
    book.written.add(spec.key)
    writes = tuple(ItemWrite(key=row.key or row.item_id, values=values, item_id=row.item_id) for row, values in rows)
    receipt = book.app.connection.item_sink.submit(
        batch=WriteBatch(table=spec, mode=WriteMode.UPDATE, rows=writes), bindings=book.app.bindings
    )
    keys = {write.key: row for write, (row, _) in zip(writes, rows, strict=True)}
    errors: dict[ItemId, HuobanPerfError] = {}
    for told in receipt.rows:
        if told.outcome is Outcome.REFUSED:
            problem = Problem(code="sync.row_refused", facts={"key": told.key, "reason": told.reason or "-"})
            facts: dict[str, FactValue] = {"table": spec.labels.zh, "count": 1}
            errors[keys[told.key].item_id] = SyncError("sync.rows_refused", facts=facts, problems=[problem])
    return errors | _confirm(book, spec, {row.item_id: values for row, values in rows if row.item_id not in errors})


def _confirm(book: Book, spec: TableSpec, expected: Mapping[ItemId, Values]) -> dict[ItemId, HuobanPerfError]:
    """Read rows back until each stands as sent; return those that do not."""
    missing = dict(expected)
    for wait_s in _WAITS_S:
        if not missing:
            return {}
        if wait_s:
            book.app.clock.sleep(wait_s)
        ids = Condition(SystemField.ITEM_ID, Operator.ANY_OF, tuple(sorted(missing)))
        query = ItemQuery(table=spec, filter=ids)
        for page in book.app.connection.item_source.scan(query=query, bindings=book.app.bindings):
            for item in page.items:
                wanted = missing.get(item.item_id)
                if wanted is not None and all(equal(item.values.get(key), v) for key, v in wanted.items()):
                    book.keep(spec.key, item)
                    del missing[item.item_id]
    facts: dict[str, FactValue] = {"table": spec.labels.zh, "count": len(missing), "first": min(missing, default="")}
    return {item: UnconfirmedWriteError("sync.unconfirmed", facts=facts) for item in missing}


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
