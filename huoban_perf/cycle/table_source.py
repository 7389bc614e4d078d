"""A table of the workspace as a source of figures: its rows as text, people and indicators by their codes.

The table may be one of the app's own (by its key or name) or the company's (by its name). Source: issue 6 point 1
(collect from another table of the workspace).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from huoban_perf.core.addresses import RemoteId, table_address
from huoban_perf.core.errors import SourceError
from huoban_perf.core.schema import MEMBER_KINDS, FieldKind
from huoban_perf.core.values import CHINA, Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.exchange.sources import SourceRow


def rows_of_table(context: JobContext, name: str, *, where: Mapping[str, str]) -> tuple[SourceRow, ...]:
    """Read a table of the workspace.

    Args:
        context: What stands, and how the company's own tables are read.
        name: Key or name of one of the app's tables, else the name of another table.
        where: Column name → text that a row must show there.

    Returns:
        Rows counted from 2 in the order in which they were made; columns by the names that people see.

    Raises:
        SourceError: There is no such table, or a column of ``where`` is missing.
    """
    own = _own(context, name)
    rows = list(_foreign(context, name)) if own is None else own
    missing = sorted({column for column in where if rows and column not in rows[0]})
    if missing:
        raise SourceError("exchange.no_column", facts={"source": name, "columns": tuple(missing)})
    numbered = enumerate(rows, start=2)
    return tuple(
        SourceRow(place=name, line=number, cells=cells)
        for number, cells in numbered
        if all(cells.get(column) == text for column, text in where.items())
    )


def _own(context: JobContext, name: str) -> list[dict[str, str]] | None:
    table = next((one for one in context.book.app.schema.tables if name in {one.key, one.labels.zh}), None)
    if table is None:
        return None
    found = []
    for row in context.book.all(table.key):
        cells: dict[str, str] = {}
        for field in table.fields:
            value = row[field.address.key]
            if field.options and isinstance(value, str):
                value = next((one.labels.zh for one in field.options if one.address.key == value), value)
            target = field.target.key if field.target is not None else ""
            cells[field.labels.zh] = _text(context, value, kind=field.kind, target=target)
        found.append(cells)
    return found


def _foreign(context: JobContext, name: str) -> Iterator[dict[str, str]]:
    if context.foreign is None:
        known = tuple(one.labels.zh for one in context.book.app.schema.tables)
        raise SourceError("exchange.no_table", facts={"source": name, "known": known})
    table = context.foreign(name)
    bindings = context.book.app.bindings
    own = {
        bindings[at]: one.key for one in context.book.app.schema.tables if (at := table_address(one.key)) in bindings
    }
    for row in table.rows:
        yield {
            column: _text(
                context,
                row.get(column),
                kind=field.kind,
                target=own.get(RemoteId(table.targets.get(column, "")), ""),
            )
            for column, field in table.fields.items()
        }


def _text(context: JobContext, value: Value, *, kind: FieldKind, target: str) -> str:
    """Return a value as a source would write it: codes for people and indicators, plain numbers, ISO days."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Decimal():
            return format(value.normalize(), "f")
        case datetime():
            return value.astimezone(CHINA).date().isoformat()
        case date():
            return value.isoformat()
        case tuple():
            return "、".join(_codes(context, value, kind=kind, target=target))
        case _:
            return str(value).strip()


def _codes(context: JobContext, items: Sequence[str], *, kind: FieldKind, target: str) -> Iterator[str]:
    for item in items:
        if kind in MEMBER_KINDS:
            people = (row for row in context.book.all("employee") if item in row.members("account"))
            yield next((row.key for row in people), item)
        elif kind is FieldKind.RELATION and target:
            row = context.book.at(target, item)
            yield row.key if row is not None else item
        else:
            yield item
