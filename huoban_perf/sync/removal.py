"""Removal: rows are deleted by item id and are gone only when a new reading no longer finds them.

A row that is already gone needs nothing, so a removal that was killed is finished by running it again.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.errors import FactValue, Problem, SyncError, UnconfirmedWriteError
from huoban_perf.core.items import ItemWrite, Outcome, WriteBatch, WriteMode
from huoban_perf.core.schema import TableSpec
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import read_table

_WAITS_S = (0.1, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Waits between looks; half a minute in all, then the rows count as unconfirmed."""


def remove_rows(doomed: Mapping[ItemId, str], *, table: TableSpec, app: DeployedApp) -> None:
    """Delete rows of one table and confirm that they are gone.

    Args:
        doomed: Item id → natural key or another name for error texts.
        table: The table.
        app: Where.

    Raises:
        SyncError: The platform refused rows; each one is listed. The others are deleted.
        UnconfirmedWriteError: Rows still stood when time was up; the same command resumes.
    """
    label = table.labels.zh
    rows = [ItemWrite(key=key, values={}, item_id=item) for item, key in doomed.items()]
    size = app.connection.capabilities.batch_size
    refused: list[Problem] = []
    for start in range(0, len(rows), size):
        batch = WriteBatch(table=table, mode=WriteMode.DELETE, rows=tuple(rows[start : start + size]))
        receipt = app.connection.item_sink.submit(batch=batch, bindings=app.bindings)
        refused += [
            Problem(code="sync.row_refused", facts={"key": row.key, "reason": row.reason or "-"})
            for row in receipt.rows
            if row.outcome is Outcome.REFUSED
        ]
        app.progress("progress.remove", subject=label, done=min(start + size, len(rows)), total=len(rows))
    if refused:
        raise SyncError("sync.rows_refused", facts={"table": label, "count": len(refused)}, problems=refused)
    left = _standing(doomed, table=table, app=app)
    for wait_s in _WAITS_S:
        if not left:
            return
        app.clock.sleep(wait_s)
        left = _standing(left, table=table, app=app)
    if left:
        facts: dict[str, FactValue] = {"table": label, "count": len(left), "first": next(iter(left.values()))}
        raise UnconfirmedWriteError("sync.unremoved", facts=facts)


def _standing(doomed: Mapping[ItemId, str], *, table: TableSpec, app: DeployedApp) -> dict[ItemId, str]:
    standing = read_table(app, table=table, columns=())
    return {item: key for item, key in doomed.items() if standing.row_of_id(item) is not None}
