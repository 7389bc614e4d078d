"""Writing rows that have no key of their own, or whose key itself changes: by item id, in batches.

Nothing is read back here: what a kill or a refusal leaves undone is found and written by the next run.
"""

from __future__ import annotations

from collections.abc import Sequence

from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.values import Values
from huoban_perf.cycle.context import JobContext
from huoban_perf.sync.book import Row


def update_rows(context: JobContext, table: str, changes: Sequence[tuple[Row, Values]]) -> int:
    """Write into rows of a table.

    Args:
        context: Where.
        table: Table key.
        changes: Rows with what they should hold.

    Returns:
        How many were sent.
    """
    writes = [ItemWrite(key=row.item_id, values=values, item_id=row.item_id) for row, values in changes]
    app = context.book.app
    size = app.connection.capabilities.batch_size
    for start in range(0, len(writes), size):
        batch = WriteBatch(
            table=app.schema.table(table), mode=WriteMode.UPDATE, rows=tuple(writes[start : start + size])
        )
        app.connection.item_sink.submit(batch=batch, bindings=app.bindings)
    return len(writes)
