"""Excel workbooks: cells as the text a CSV of the same sheet would hold, and what cannot be read faithfully.

Numbers are read at 15 significant digits, as Excel shows them. A cell shown as per cent is refused: its value is a
hundredth of what its reader sees. A formula is read as the result the workbook last stored, and refused without one.

Source: scoring.md S0 (Excel cells at 15 significant digits).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from huoban_perf.core.errors import Problem
from huoban_perf.exchange.records import Record, Sheet, store_records

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_UNREADABLE = (BadZipFile, OSError, KeyError, ValueError, EOFError)
"""What openpyxl raises on a file that only bears the name of a workbook."""


_CHUNK = 1024 * 1024


def sheet_names(file: Path, problems: list[Problem]) -> tuple[str, ...]:
    """Return the titles of a workbook's sheets.

    Args:
        file: The workbook.
        problems: A file that is no workbook is added here.

    Returns:
        Titles in order; empty for no workbook.
    """
    try:
        with open_workbook(file) as book:
            return tuple(sheet.title for sheet in book.worksheets)
    except _UNREADABLE as error:
        facts = {"reason": type(error).__name__}
        problems.append(Problem(code="exchange.no_workbook", facts=facts, file=file.name))
        return ()


def read_sheet(file: Path, title: str, *, spare: Path, place: str, problems: list[Problem]) -> Sheet | None:
    """Read one sheet; its first row that holds anything is the header.

    Args:
        file: The workbook.
        title: The sheet.
        spare: Where its rows are written as text.
        place: The sheet as people know it.
        problems: Cells that cannot be read faithfully are added here, each with row and column.

    Returns:
        The sheet, or None when it has faults.
    """
    before = len(problems)
    try:
        with open_workbook(file) as book:
            rows = enumerate(book[title].iter_rows(), 1)
            header = next((texts for _, cells in rows if any(texts := [_text(cell.value) for cell in cells])), [])
            while header and not header[-1]:
                header.pop()
            if not header:
                problems.append(Problem(code="exchange.no_header", file=place, line=1))
                return None
            problems += _uncomputed(file, title, header, place)
            sheet = store_records(_records(rows, header, place, problems), header=header, file=spare)
    except _UNREADABLE as error:
        facts = {"reason": type(error).__name__}
        problems.append(Problem(code="exchange.no_workbook", facts=facts, file=place))
        return None
    return sheet if len(problems) == before else None


def _uncomputed(file: Path, title: str, header: Sequence[str], place: str) -> list[Problem]:
    """List formulas whose result the workbook does not hold: they would read as empty cells."""
    if not _has_formulas(file):
        return []
    with open_workbook(file) as results, open_workbook(file, is_computed=False) as formulas:
        pairs = zip(results[title].iter_rows(), formulas[title].iter_rows(), strict=False)
        return [
            Problem(
                code="exchange.uncomputed_cell",
                facts={"column": header[index], "value": str(formula.value)},
                file=place,
                line=line,
                address=header[index],
            )
            for line, (found, written) in enumerate(pairs, 1)
            for index, (cell, formula) in enumerate(zip(found, written[: len(header)], strict=False))
            if cell.value is None and formula.value is not None and formula.data_type == "f"
        ]


def _has_formulas(file: Path) -> bool:
    with ZipFile(file) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/"):
                with archive.open(name) as stream:
                    tail = b""
                    while chunk := stream.read(_CHUNK):
                        if b"<f>" in tail + chunk or b"<f " in tail + chunk:
                            return True
                        tail = chunk[-2:]
    return False


@contextmanager
def open_workbook(file: Path, *, is_computed: bool = True) -> Iterator[Workbook]:
    """Open a workbook for reading row by row.

    Args:
        file: The workbook.
        is_computed: Cells show what formulas last came to, else the formulas.

    Yields:
        The workbook, closed afterwards.

    Raises:
        ValueError: It is not a workbook; openpyxl also raises BadZipFile, OSError, KeyError and EOFError.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(file, read_only=True, data_only=is_computed)
        except InvalidFileException as error:
            raise ValueError(str(error)) from error
        try:
            yield book
        finally:
            book.close()


def _records(
    rows: Iterator[tuple[int, Sequence[Any]]], header: Sequence[str], place: str, problems: list[Problem]
) -> Iterator[Record]:
    width = len(header)
    for line, cells in rows:
        texts = [_text(cell.value) for cell in cells]
        if not any(text.strip() for text in texts):
            continue
        faults = [_fault(cell, header[index]) for index, cell in enumerate(cells[:width])]
        if any(text.strip() for text in texts[width:]):
            faults.append(Problem(code="exchange.ragged", facts={"found": len(texts), "expected": width}))
        problems += [_placed(fault, place, line) for fault in faults if fault is not None]
        yield line, texts[:width]


def _fault(cell: Any, column: str) -> Problem | None:
    if cell.value is None:
        return None
    if cell.data_type == "e":
        return Problem(code="exchange.error_cell", facts={"column": column, "value": str(cell.value)}, address=column)
    is_number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    if is_number and "%" in str(cell.number_format):
        value = _text(cell.value)
        shown = _text(float(Decimal(value) * 100))
        return Problem(
            code="exchange.percent_cell", facts={"column": column, "value": value, "shown": shown}, address=column
        )
    return None


def _placed(fault: Problem, place: str, line: int) -> Problem:
    return Problem(code=fault.code, facts=fault.facts, file=place, line=line, address=fault.address)


def _text(value: object) -> str:
    """Return a cell's value as the text of a CSV cell."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(f"{value:.15g}"), "f")
        case datetime():
            return (
                value.date().isoformat() if value.time() == time.min else value.isoformat(sep=" ", timespec="seconds")
            )
        case date():
            return value.isoformat()
        case _:
            return str(value)
