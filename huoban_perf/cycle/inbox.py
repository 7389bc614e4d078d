"""消息: what people were told, as rows of the workspace; one row a person, event, object and day.

Rows are written by their keys without reading any first, so that the table may grow. Source: data-model.md §1 rule 8,
§2 消息.
"""

from __future__ import annotations

from collections.abc import Sequence

from huoban_perf.core.notices import InboxEntry
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import WantedRow
from huoban_perf.sync.write_back import compare, write


def fill_inbox(app: DeployedApp, entries: Sequence[InboxEntry]) -> int:
    """Write entries into 消息.

    Args:
        app: Where; it has the table.
        entries: What each receiver should find; their keys are unique.

    Returns:
        Rows made or changed; each was read back.

    Raises:
        SyncError: The platform refused a row.
        UnconfirmedWriteError: A row could not be read back; writing the same entries again ends the same.
    """
    rows = [
        WantedRow(
            key=entry.key,
            values={
                "natural_key": entry.key,
                "receiver": (entry.receiver,),
                "content": entry.text,
                "link": entry.link or None,
                "send_status": entry.state,
            },
        )
        for entry in entries
    ]
    # What stands needs no comparison: who asks remembers what he showed, so these rows are missing or behind.
    standing = TableRows(table=app.schema.table("message"))
    plan = compare(wanted=rows, standing=standing, tables={"message": standing})
    return write(plan, app=app, standing=standing).written
