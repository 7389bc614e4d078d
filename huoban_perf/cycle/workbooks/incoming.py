"""The use case ``import workbook``: what people changed, against what was exported and what stands now.

Three values a cell: as exported, as people left it, as it stands. Changed by people only: written. Changed in the
workspace only: kept. Changed by both to different things: a conflict, named cell by cell, and nothing is written unless
asked to leave those cells. Changed by both alike, or written by an earlier run of the same import: nothing to do, so an
import can be repeated and finishes what a killed run began. Nothing is ever deleted.

Source: issue 8 point 3; design.md §5.5; workflows.md §1 (locked values, 批准人 ≠ 提出人).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.equality import is_empty
from huoban_perf.core.errors import Problem, SyncError
from huoban_perf.core.schema import FieldKind, TableSpec
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish
from huoban_perf.cycle.workbooks.columns import columns_of
from huoban_perf.exchange.cell_words import Column, canonical, show
from huoban_perf.exchange.table_workbook import Origin
from huoban_perf.exchange.table_workbook_reading import Incoming, IncomingRow
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow

_CLOSED: Final[Mapping[str, frozenset[str]]] = {
    "goal": frozenset({"awaiting_confirmation", "confirmed", "changing", "completed", "terminated"}),
    "score_result": frozenset({"approved", "released", "void"}),
    "outcome": frozenset({"awaiting_approval", "approved", "executed", "cancelled"}),
    "points_entry": frozenset({"approved", "rejected"}),
    "scheme": frozenset({"retired"}),
}
"""States in which a row's content is agreed or decided: it changes only by its own process. Source: workflows.md §1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellChange:
    """One cell that differs.

    Attributes:
        place: Sheet and cell.
        row: What the row is called.
        column: What the column is called.
        before: What was exported, as shown.
        now: What stands, as shown.
        after: What people wrote, as shown.
    """

    place: str
    row: str
    column: str
    before: str
    now: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What an import comes to.

    Attributes:
        changes: Cells to write.
        conflicts: Cells changed on both sides.
        new_rows: Keys of rows to create.
        already: Cells that stand as people wrote them.
        missing: Rows that were exported and are not in the sheet.
        problems: Every reason why nothing may be written.
        draft: The rows to write.
    """

    changes: tuple[CellChange, ...]
    conflicts: tuple[CellChange, ...]
    new_rows: tuple[str, ...]
    already: int
    missing: int
    problems: tuple[Problem, ...]
    draft: Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A workbook that came back.

    Attributes:
        file: Its name.
        origin: Where it came from.
        columns: Its columns.
        incoming: What people left in it.
        is_partial: Rows that are not in the sheet any more are nothing to worry about.
    """

    file: str
    origin: Origin
    columns: Sequence[Column]
    incoming: Incoming
    is_partial: bool = False


def columns_back(app: DeployedApp, origin: Origin, *, members: Mapping[str, str]) -> list[Column]:
    """Return the columns of a workbook that came back, with today's words.

    Args:
        app: The app it came back to.
        origin: Where it came from.
        members: Name → member id, and id → id.

    Returns:
        The columns.

    Raises:
        SyncError: The app no longer has the table or a column.
    """
    tables = {table.key: table for table in app.schema.tables}
    table = tables.get(origin.table)
    known = {field.address.key for field in table.fields} if table is not None else set()
    gone = tuple(key for key in origin.columns if key not in known)
    if table is None or gone:
        raise SyncError("cycle.workbook_outdated", facts={"table": origin.table, "columns": gone})
    return columns_of(app, table, fields=origin.columns, members=members)


def compare_workbook(context: JobContext, arrival: Arrival) -> Comparison:
    """Compare what people left with what was exported and what stands.

    Args:
        context: What stands.
        arrival: The workbook.

    Returns:
        The differences; its draft leaves conflicts as they stand.
    """
    work = _Work(context, arrival)
    for row in arrival.incoming.rows:
        if row.item:
            work.changed(row)
        else:
            work.created(row)
    if arrival.incoming.missing and not arrival.is_partial:
        work.gone()
    wish = Wish(table=arrival.origin.table, rows=tuple(work.rows), guarded=True)
    summary = f"工作簿导入: 改 {len(work.changes)} 格, 新增 {len(work.new)} 行"
    draft = Draft(wishes=(wish,), summary=summary, audited=True, command="import workbook")
    return Comparison(
        changes=tuple(work.changes),
        conflicts=tuple(work.conflicts),
        new_rows=tuple(work.new),
        already=work.already,
        missing=len(arrival.incoming.missing),
        problems=(*arrival.incoming.problems, *work.problems),
        draft=draft,
    )


class _Work:
    """Collects what an import comes to."""

    def __init__(self, context: JobContext, arrival: Arrival) -> None:
        self._book, self._arrival = context.book, arrival
        self._columns = {column.key: column for column in arrival.columns}
        self._table: TableSpec = context.book.app.schema.table(arrival.origin.table)
        self.rows: list[WantedRow] = []
        self.changes: list[CellChange] = []
        self.conflicts: list[CellChange] = []
        self.new: list[str] = []
        self.problems: list[Problem] = []
        self.already = 0

    def _say(self, code: str, cell: str, **facts: str | int) -> None:
        where = f"{self._arrival.incoming.sheet}!{cell}"
        self.problems.append(Problem(code=code, facts=facts, file=self._arrival.file, address=where))

    def changed(self, row: IncomingRow) -> None:
        """Compare a row that was exported."""
        standing = self._book.at(self._table.key, row.item)
        first = next(iter(row.cells.values()))
        if standing is None:
            self._say("cycle.workbook_row_gone", first)
            return
        if not standing.key:
            self._say("cycle.workbook_row_keyless", first)
            return
        writes: dict[str, Value | Refs] = {}
        for key, value in row.values.items():
            change = self._change(row, standing, key, value)
            now, exported = canonical(standing[key]), self._arrival.incoming.baseline[row.item][key].text
            if now == canonical(value):
                self.already += 1
            elif now != exported:
                self.conflicts.append(change)
            elif is_empty(value) and self._columns[key].spec.required:
                self._say("cycle.workbook_required", row.cells[key], column=change.column)
            else:
                writes[key] = value
                self.changes.append(change)
        if writes and standing.text("status") in _CLOSED.get(self._table.key, frozenset()):
            self._say("cycle.workbook_closed", first, row=self._name(standing))
        elif writes:
            self.rows.append(WantedRow(key=standing.key, values={self._table.key_field or "": standing.key, **writes}))

    def _change(self, row: IncomingRow, standing: Row, key: str, value: Value) -> CellChange:
        column = self._columns[key]
        exported = self._arrival.incoming.baseline[row.item][key]
        return CellChange(
            place=f"{self._arrival.incoming.sheet}!{row.cells[key]}",
            row=self._name(standing),
            column=column.header,
            before=exported.text if exported.shown is None else exported.shown,
            now=_text(column, standing[key]),
            after=_text(column, value),
        )

    def _name(self, row: Row) -> str:
        title = row[self._table.title] if self._table.title in row.rows.columns else None
        return str(title or row.key)

    def created(self, row: IncomingRow) -> None:
        """Take a new row: its key must be new, and what a form requires must be there."""
        key_field = self._table.key_field or ""
        key = row.values.get(key_field)
        first = next(iter(row.cells.values()))
        if not isinstance(key, str):
            self._say("cycle.workbook_no_key", first, column=self._table.field(key_field).labels.zh)
            return
        if self._book.find(self._table.key, key) is not None or key in self.new:
            self._say("cycle.workbook_key_taken", row.cells[key_field], value=key)
            return
        for spec in self._table.fields:
            name = spec.address.key
            if (
                spec.required
                and name in self._columns
                and self._columns[name].editable
                and is_empty(row.values.get(name))
            ):
                self._say("cycle.workbook_required", f"{row.line}:{row.line}", column=spec.labels.zh)
        self.new.append(key)
        self.rows.append(WantedRow(key=key, values=dict(self._with_refs(row.values))))

    def _with_refs(self, values: Mapping[str, Value]) -> Iterator[tuple[str, Value | Refs]]:
        """Name related rows by their keys, so that permission columns can be found for a new row."""
        for key, value in values.items():
            spec = self._columns[key].spec
            if spec.kind is not FieldKind.RELATION or spec.target is None or not isinstance(value, tuple):
                yield key, value
                continue
            targets = [self._book.at(spec.target.key, item) for item in value]
            keys = tuple(target.key for target in targets if target is not None)
            yield key, Refs(spec.target.key, keys) if all(keys) and len(keys) == len(value) else value

    def gone(self) -> None:
        """Name rows that were taken out of the sheet; an import deletes nothing."""
        for item in self._arrival.incoming.missing:
            standing = self._book.at(self._table.key, item)
            name = self._name(standing) if standing is not None else item
            facts = {"row": name}
            problem = Problem(code="cycle.workbook_row_missing", facts=facts, file=self._arrival.file)
            self.problems.append(problem)


def _text(column: Column, value: Value) -> str:
    cell, _ = show(column, value)
    return "" if cell is None else str(cell)
