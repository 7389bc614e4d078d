"""The job ``access-sync``: writes the permission columns, by which the platform decides who sees a row.

Only columns that the deployed schema has are written. After a transfer the new superior sees open rows and released
results, the old one no longer. Rows nobody could see are told to the admin. Source: data-model.md §1 rule 3.
"""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.errors import Problem
from huoban_perf.core.notices import Notice
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.schema.roles import PERMISSION_COLUMNS
from huoban_perf.core.values import Value
from huoban_perf.cycle.access import Access
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.wanted import WantedRow


def access_sync(context: JobContext) -> Draft:
    """Say what the permission columns should hold.

    Args:
        context: What stands.

    Returns:
        One wish a table with permission columns; a note a row that nobody of its people can see.
    """
    access = Access(context.book)
    wishes: list[Wish] = []
    notes: list[Problem] = []
    for table in context.book.app.schema.tables:
        columns = [field.address.key for field in table.fields if field.address.key in PERMISSION_COLUMNS]
        if columns and table.key_field is not None:
            wishes.append(Wish(table=table.key, rows=tuple(_rows(access, table, columns, notes))))
    return Draft(wishes=tuple(wishes), notes=tuple(notes), notices=tuple(_told(context, notes)))


def _rows(access: Access, table: TableSpec, columns: list[str], notes: list[Problem]) -> Iterator[WantedRow]:
    key_field = table.key_field or ""
    for row in access.book.all(table.key):
        if not row.key:
            continue
        values: dict[str, Value] = {column: access.column(row, column) for column in columns}
        own = "p_subject" if "p_subject" in values else "p_self"
        if own in values and not values[own] and not access.is_without_account(row):
            notes.append(
                note("cycle.unlinked_row", address=f"{table.key}:{row.key}", table=table.labels.zh, key=row.key)
            )
        yield WantedRow(key=row.key, values={key_field: row.key, **values})


def _told(context: JobContext, notes: list[Problem]) -> Iterator[Notice]:
    if notes:
        facts = {"subject": f"{len(notes)} 条"}
        for receiver in context.process.role_members.get("admin", ("group:admin",)):
            yield Notice(
                receiver=receiver, event="unlinked_person", object="access-sync", day=context.today, facts=facts
            )
