"""消息: what people were told, as rows of the workspace; one row a person, event, object and day.

Only the rows at hand are read, by their keys, so that the table may grow. Source: data-model.md §1 rule 8, §2 消息.
"""

from __future__ import annotations

from collections.abc import Sequence

from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.notices import InboxEntry
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import WantedRow
from huoban_perf.sync.write_back import compare, write

_KEYS_A_REQUEST = 100


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
    standing = _standing(app, [row.key for row in rows])
    plan = compare(wanted=rows, standing=standing, tables={"message": standing})
    return write(plan, app=app, standing=standing).written


def _standing(app: DeployedApp, keys: Sequence[str]) -> TableRows:
    table = app.schema.table("message")
    found = TableRows(table=table)
    for start in range(0, len(keys), _KEYS_A_REQUEST):
        some = Condition("natural_key", Operator.ANY_OF, tuple(keys[start : start + _KEYS_A_REQUEST]))
        for page in app.connection.item_source.scan(query=ItemQuery(table=table, filter=some), bindings=app.bindings):
            for item in page.items:
                found.add(item)
    return found
