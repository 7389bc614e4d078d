"""Workbooks out and in, the way people handle them: exported, edited in some program, brought back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import JobReport, carry_out
from huoban_perf.cycle.workbooks.incoming import Arrival, Comparison, columns_back, compare_workbook
from huoban_perf.cycle.workbooks.outgoing import ExportRequest, outgoing
from huoban_perf.demo.company import sample_company
from huoban_perf.exchange.table_workbook import write_workbook
from huoban_perf.exchange.table_workbook_reading import read_origin, read_workbook
from huoban_perf.sync.book import Book
from tests.unit.sync.company import Office

_PEOPLE = [(person.name, f"u{person.number}") for person in sample_company(criteria=1).people]
MEMBERS = dict(_PEOPLE) | {member: member for _, member in _PEOPLE}
WORKSPACE = "4000000000000001"


def context_of(office: Office) -> JobContext:
    return JobContext(book=Book(office.app), members=MEMBERS)


def keep(office: Office, table: str, most: int) -> None:
    """Cut a table down to its first rows: writing cells is what takes time here."""
    rows = office.memory.items.get(table, {})
    office.memory.items[table] = dict(list(rows.items())[:most])


def export(office: Office, file: Path, what: str, **asked: str) -> Path:
    """Export a table as the command does."""
    write_workbook(outgoing(context_of(office), ExportRequest(what=what, **asked), workspace=WORKSPACE), file)
    return file


def edit(file: Path, change: Callable[[Worksheet], Any]) -> Path:
    """Open the first sheet, change it, save it: what a person does in Excel."""
    book: Workbook = load_workbook(file)
    change(book.worksheets[0])
    book.save(file)
    return file


def cell_at(sheet: Worksheet, row: str, column: str) -> str:
    """Return where a row (by the text of its second column) and a column (by its header) meet."""
    columns = {cell.value: cell.column_letter for cell in sheet[1]}
    line = next(cells[0].row for cells in sheet.iter_rows(min_row=2) if str(cells[1].value) == row)
    return f"{columns[column]}{line}"


def put(file: Path, row: str, values: Mapping[str, Any]) -> Path:
    """Set cells of one row by the headers of their columns."""

    def change(sheet: Worksheet) -> None:
        for column, value in values.items():
            sheet[cell_at(sheet, row, column)] = value

    return edit(file, change)


def bring(office: Office, file: Path, *, is_partial: bool = False) -> Comparison:
    """Compare a workbook as the command does."""
    context, origin = context_of(office), read_origin(file)
    columns = columns_back(office.app, origin, members=MEMBERS)
    incoming = read_workbook(file, origin=origin, columns=columns)
    arrival = Arrival(file=file.name, origin=origin, columns=columns, incoming=incoming, is_partial=is_partial)
    return compare_workbook(context, arrival)


def bring_in(office: Office, file: Path) -> JobReport:
    """Compare and write."""
    found = bring(office, file)
    assert found.problems == ()
    return carry_out("import-workbook", lambda _: found.draft, context_of(office), apply=True)


def faults(found: Comparison) -> list[tuple[str, str]]:
    """Code and place of every problem."""
    return [(problem.code.partition(".")[2], str(problem.address or "")) for problem in found.problems]
