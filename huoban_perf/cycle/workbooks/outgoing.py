"""The use case ``export workbook``: a table, a view, results or the calibration board as a workbook for HR.

Source: issue 8 point 3; workflows.md §3 (委 sees 业绩, 上级, 原始得分, 初评, 距线; nobody sees their own row).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from huoban_perf.core.errors import FactValue, SyncError
from huoban_perf.core.rules import Me, Moment, holds, tests_of
from huoban_perf.core.schema import TableSpec, ViewSpec
from huoban_perf.core.values import CHINA, Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.workbooks.columns import columns_of, takes_new_rows
from huoban_perf.exchange.table_workbook import Origin, Outgoing
from huoban_perf.sync.book import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Board:
    """A workbook that goes by a name of its own."""

    title: str
    table: str
    fields: tuple[str, ...]
    states: frozenset[str]


BOARDS: Final[Mapping[str, _Board]] = {
    "calibration": _Board(
        title="校准盘",
        table="score_result",
        fields=(
            "name", "kpi_score", "superior_score", "raw_score", "initial_grade", "distance_to_bound", "proposed_grade",
            "calibration_reason",
        ),
        states=frozenset({"scored", "calibrated"}),
    ),
    "results": _Board(
        title="公布结果",
        table="appraisal",
        fields=(
            "name", "employee", "department", "status", "released_grade", "released_score", "released_on",
            "release_revision", "confirmation_kind", "position_verdict", "position_evidence", "position_approver",
        ),
        states=frozenset({"awaiting_interview", "awaiting_confirmation", "appealing", "completed"}),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """What is to go out.

    Attributes:
        what: Key or name of a table, ``calibration`` or ``results``.
        view: Key or name of a view of the table; empty = all rows and fields.
        cycle: Only rows of this cycle; empty = all.
        viewer: 工号 of who will work in it: rows about that person are left out.
    """

    what: str
    view: str = ""
    cycle: str = ""
    viewer: str = ""


def outgoing(context: JobContext, request: ExportRequest, *, workspace: str) -> Outgoing:
    """Return the table asked for, ready to be written.

    Args:
        context: What stands.
        request: What is to go out.
        workspace: Id of the workspace, kept in the workbook.

    Returns:
        The table.

    Raises:
        SyncError: No such table or view (those there are, are listed), a view that depends on who looks, or a table
            without a key.
    """
    app, board = context.book.app, BOARDS.get(request.what)
    table = _table(context, board.table if board else request.what)
    view = _view(context, table, request.view) if request.view else None
    if request.cycle:
        _refuse_without_cycle(context, table, request.cycle)
    fields = board.fields if board else tuple(field.key for field in view.fields) if view else ()
    known = {field.address.key for field in table.fields}
    columns = columns_of(app, table, fields=[key for key in fields if key in known], members=context.members)
    rows = [row for row in _rows(context, table, view) if _is_asked(row, request, board)]
    title = board.title if board else table.labels.zh + (f" {view.labels.zh}" if view else "")
    origin = Origin(
        app=app.schema.app,
        workspace=workspace,
        table=table.key,
        exported=app.clock.now().astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S"),
        columns=tuple(column.key for column in columns),
        rows=len(rows),
        takes_new_rows=takes_new_rows(table) and board is None and view is None and not request.cycle,
    )
    return Outgoing(title=title, origin=origin, columns=columns, rows=[(row.item_id, row.values) for row in rows])


def _table(context: JobContext, what: str) -> TableSpec:
    tables = context.book.app.schema.tables
    found = next((table for table in tables if what in {table.key, table.labels.zh, table.labels.en}), None)
    if found is None or found.key_field is None:
        known = (*BOARDS, *(table.labels.zh for table in tables if table.key_field is not None))
        facts: dict[str, FactValue] = {"table": what, "known": known}
        raise SyncError("cycle.workbook_no_table", facts=facts)
    return found


def _refuse_without_cycle(context: JobContext, table: TableSpec, cycle: str) -> None:
    """Stop where rows do not belong to a cycle, or there is none of that name."""
    fields = {field.address.key for field in table.fields}
    facts: dict[str, FactValue] = {"table": table.labels.zh, "cycle": cycle}
    if table.key != "cycle" and not fields & {"natural_key", "cycle", "appraisal"}:
        raise SyncError("cycle.workbook_not_by_cycle", facts=facts)
    if context.book.find("cycle", cycle) is None:
        known = tuple(sorted(row.key for row in context.book.all("cycle")))
        raise SyncError("sync.no_cycle", facts={"cycle": cycle, "known": known})


def _view(context: JobContext, table: TableSpec, name: str) -> ViewSpec:
    views = [view for view in context.book.app.schema.views if view.address.keys[0] == table.key]
    found = next((view for view in views if name in {view.address.key, view.labels.zh, view.labels.en}), None)
    facts: dict[str, FactValue] = {"view": name, "table": table.labels.zh}
    if found is None:
        raise SyncError("cycle.workbook_no_view", facts={**facts, "known": tuple(view.labels.zh for view in views)})
    if any(isinstance(test.operand, Me) for test in tests_of(found.rows)):
        raise SyncError("cycle.workbook_view_of_me", facts=facts)
    return found


def _rows(context: JobContext, table: TableSpec, view: ViewSpec | None) -> Iterator[Row]:
    rows = list(context.book.all(table.key))
    if view is not None:
        rows = [
            row
            for row in rows
            if holds(view.rows, row.values, moment=Moment(today=context.today, row=row.values, item=row.item_id))
        ]
        for sort in reversed(view.sort):
            filled = [row for row in rows if row[sort.field.key] not in {None, "", ()}]
            filled.sort(key=lambda row, key=sort.field.key: _order(row[key]), reverse=sort.descending)  # type: ignore[misc]  # one kind a field
            rows = [*filled, *(row for row in rows if row[sort.field.key] in {None, "", ()})]
    else:
        rows.sort(key=lambda row: row.key)
    yield from rows


def _order(value: Value) -> tuple[Decimal, str]:
    return (value, "") if isinstance(value, Decimal) else (Decimal(0), str(value))


def _is_asked(row: Row, request: ExportRequest, board: _Board | None) -> bool:
    if board is not None and row.text("status") not in board.states:
        return False
    if request.cycle and not _is_of_cycle(row, request.cycle):
        return False
    return not (request.viewer and _is_about(row, request.viewer))


def _is_of_cycle(row: Row, cycle: str) -> bool:
    if row.key.startswith(f"[{cycle}|"):
        return True
    columns = row.rows.columns
    own = row.related("cycle") if "cycle" in columns else None
    sheet = row.related("appraisal") if "appraisal" in columns else None
    of_sheet = sheet.related("cycle") if sheet is not None and sheet.rows.table.key == "appraisal" else None
    return any(one is not None and one.key == cycle for one in (own, of_sheet)) or row.key == cycle


def _is_about(row: Row, number: str) -> bool:
    columns = row.rows.columns
    sheet = row.related("appraisal") if "appraisal" in columns else None
    holder = sheet if sheet is not None else row
    employee = holder.related("employee") if "employee" in holder.rows.columns else None
    return (employee is not None and employee.key == number) or (row.rows.table.key == "employee" and row.key == number)
