"""A workbook on its way back: what people left in it, cell by cell, and every reason why it cannot be taken.

Read as a stream, so that a hundred thousand rows stay small. Nothing is guessed: a formula, a merged cell, a date that
is text, a moved header is a problem with its sheet and cell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile, ZipFile

from huoban_perf.core.errors import FactValue, Problem, SyncError
from huoban_perf.core.progress import Progress, silent
from huoban_perf.core.values import Value
from huoban_perf.exchange.cell_words import CellError, Column, canonical, plain, read
from huoban_perf.exchange.table_workbook import (
    BASE,
    FORMAT,
    ID_HEADER,
    MOST_ROWS,
    NOTES,
    NOTHING,
    OPTIONS,
    Exported,
    Origin,
    baseline_digest,
)
from huoban_perf.exchange.workbooks import open_workbook

_UNREADABLE: Final = (BadZipFile, OSError, KeyError, ValueError, EOFError)
"""What openpyxl raises on a file that only bears the name of a workbook."""

_MERGED: Final = re.compile(rb'<mergeCell [^>]*?ref="([A-Z0-9:]+)"')
_MOST_PROBLEMS: Final = 1000
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRow:
    """A row as people left it.

    Attributes:
        line: Row number as Excel shows it.
        item: Item id; empty for a new row.
        values: Field key → value of the cells that people changed since the export; all filled cells of a new row.
        cells: Field key → the cell's address, for ``values``.
    """

    line: int
    item: str
    values: Mapping[str, Value]
    cells: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A workbook as read.

    Attributes:
        sheet: Title of the sheet people worked in.
        rows: Rows with changes, and new rows.
        baseline: Item id → field key → what was exported.
        missing: Items that were exported and are not in the sheet any more.
        problems: Every fault, with sheet and cell.
    """

    sheet: str = ""
    rows: list[IncomingRow] = field(default_factory=list)
    baseline: dict[str, dict[str, Exported]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def read_origin(file: Path) -> Origin:
    """Return where a workbook came from.

    Args:
        file: The workbook.

    Returns:
        Its origin, as stored at the export.

    Raises:
        SyncError: Not a workbook, not one that was exported here, or its hidden copy was changed.
    """
    facts: dict[str, FactValue] = {"file": file.name}
    try:
        with open_workbook(file, is_computed=False) as book:
            if BASE not in book.sheetnames:
                raise SyncError("exchange.no_baseline", facts=facts)
            rows = _plain_rows(book[BASE])
            known = json.loads(next(rows)[0])
            origin = Origin(**{**known, "columns": tuple(known["columns"])})
            is_whole = origin.format == FORMAT and baseline_digest(origin, list(rows)) == origin.digest
    except (StopIteration, IndexError, TypeError, json.JSONDecodeError) as error:
        raise SyncError("exchange.baseline_changed", facts=facts) from error
    except _UNREADABLE as error:
        raise SyncError("exchange.not_a_workbook", facts=facts) from error
    if not is_whole:
        raise SyncError("exchange.baseline_changed", facts=facts)
    return origin


def read_workbook(file: Path, *, origin: Origin, columns: Sequence[Column], progress: Progress = silent) -> Incoming:
    """Read what people left in a workbook.

    Args:
        file: The workbook.
        origin: From ``read_origin``.
        columns: The columns exported, with today's words.
        progress: Told about rows.

    Returns:
        Rows with changes, and every problem; nothing may be written when there is one.
    """
    found = Incoming()
    with open_workbook(file, is_computed=False) as book:
        for row in list(_plain_rows(book[BASE]))[1:]:
            found.baseline[row[0]] = dict(zip(origin.columns, map(Exported.parse, row[1:]), strict=False))
        title = next((name for name in book.sheetnames if name not in {BASE, OPTIONS, NOTES}), None)
        if title is None:
            found.problems.append(Problem(code="exchange.no_sheet", file=file.name))
            return found
        found.sheet = title
        reader = _Reader(found, columns={column.header: column for column in columns}, origin=origin, file=file.name)
        reader.merged(_merged_cells(file, book[title]))
        rows = enumerate(book[title].iter_rows(), 1)
        _, header = next(rows, (1, ()))
        if not reader.header(header):
            return found
        for line, cells in rows:
            reader.row(line, cells)
            if reader.is_full:
                break
            if not line % 1000:
                progress("progress.workbook_read", subject=title, done=line, total=max(origin.rows, line + 1))
        reader.close()
        progress("progress.workbook_read", subject=title, done=reader.count, total=reader.count)
    return found


class _Reader:
    """Takes the rows of one sheet."""

    def __init__(self, found: Incoming, *, columns: Mapping[str, Column], origin: Origin, file: str) -> None:
        self._found, self._columns, self._origin, self._file = found, columns, origin, file
        self._places: dict[int, Column] = {}
        self._id_place = 0
        self._lines: dict[str, int] = {}
        self.count = 0

    @property
    def is_full(self) -> bool:
        """Whether reading on is of no use."""
        return self.count > MOST_ROWS or len(self._found.problems) >= _MOST_PROBLEMS

    def _say(self, code: str, place: str, **facts: FactValue) -> None:
        where = f"{self._found.sheet}!{place}"
        self._found.problems.append(Problem(code=code, facts=facts, file=self._file, address=where))

    def merged(self, ranges: Sequence[str]) -> None:
        for merged in ranges:
            self._say("exchange.cell_merged", merged)

    def header(self, cells: Sequence[Any]) -> bool:
        """Take the header; tell whether rows can be read by it."""
        texts = ["" if cell.value is None else str(cell.value).strip() for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        before = len(self._found.problems)
        expected = {ID_HEADER, *self._columns}
        for place, text in enumerate(texts):
            if text not in expected:
                self._say("exchange.header_unknown", _address(place, 1), value=text or "-")
            elif text in texts[:place]:
                self._say("exchange.header_twice", _address(place, 1), value=text)
            elif text == ID_HEADER:
                self._id_place = place
            else:
                self._places[place] = self._columns[text]
        for name in sorted(expected - set(texts)):
            self._say("exchange.header_missing", "1:1", value=name)
        return len(self._found.problems) == before

    def row(self, line: int, cells: Sequence[Any]) -> None:
        """Take one row."""
        held = [cell for cell in cells if cell.value is not None and str(cell.value).strip()]
        if not held:
            return
        self.count += 1
        if self.count > MOST_ROWS:
            self._say("exchange.too_many_rows", f"{line}:{line}", most=MOST_ROWS)
            return
        item = self._item(line, cells)
        if item is None:
            return
        base = self._found.baseline.get(item, {})
        values: dict[str, Value] = {}
        places: dict[str, str] = {}
        for place, column in self._places.items():
            cell = cells[place] if place < len(cells) else None
            where = _address(place, line)
            changed, value = self._cell(column, cell, base.get(column.key, NOTHING), where=where, is_new=not item)
            if changed:
                values[column.key], places[column.key] = value, where
        for place in range(len(cells)):
            if place not in self._places and place != self._id_place and cells[place].value is not None:
                self._say("exchange.cell_outside", _address(place, line), value=str(cells[place].value)[:40])
        if values:
            self._found.rows.append(IncomingRow(line=line, item=item, values=values, cells=places))

    def _item(self, line: int, cells: Sequence[Any]) -> str | None:
        """Return the row's item id, empty for a new row; None when the row cannot be taken."""
        raw = cells[self._id_place].value if self._id_place < len(cells) else None
        item, where = plain(raw).strip(), _address(self._id_place, line)
        if not item:
            if not self._origin.takes_new_rows:
                self._say("exchange.row_new", where)
                return None
            return ""
        if item in self._lines:
            self._say("exchange.row_twice", where, first=self._lines[item])
            return None
        self._lines[item] = line
        if item not in self._found.baseline:
            self._say("exchange.row_unknown", where, value=item[:40])
            return None
        return item

    def _cell(self, column: Column, cell: Any, base: Exported, *, where: str, is_new: bool) -> tuple[bool, Value]:
        """Return whether a cell was changed since the export, and to what."""
        raw = None if cell is None else cell.value
        if cell is not None and raw is not None and cell.data_type in {"f", "e"}:
            code = "exchange.cell_formula" if cell.data_type == "f" else "exchange.cell_error"
            self._say(code, where, value=str(raw)[:60])
            return False, None
        if base.is_fixed:
            if plain(raw) != base.text:
                self._say("exchange.cell_fixed", where, column=column.header)
            return False, None
        if base.shown is not None and plain(raw) == base.shown:  # whatever that name stands for today
            return False, None
        try:
            value = read(column, raw)
        except CellError as error:
            if not column.editable and not is_new:
                self._say("exchange.cell_protected", where, column=column.header)
            else:
                self._say(error.code, where, column=column.header, **error.facts)
            return False, None
        if canonical(value) == base.text:
            return False, None
        if not column.editable and not (is_new and self._is_key(column)):
            self._say("exchange.cell_protected", where, column=column.header)
            return False, None
        return True, value

    def _is_key(self, column: Column) -> bool:
        return self._origin.takes_new_rows and column.spec.unique

    def close(self) -> None:
        """Note what is not there any more."""
        self._found.missing = [item for item in self._found.baseline if item not in self._lines]


def _plain_rows(sheet: Any) -> Iterator[list[str]]:
    for row in sheet.iter_rows(values_only=True):
        texts = ["" if value is None else str(value) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _merged_cells(file: Path, sheet: Any) -> list[str]:
    """Return merged ranges; a sheet that is read as a stream does not know its own."""
    name = str(sheet._worksheet_path).lstrip("/")  # noqa: SLF001 - openpyxl names the part nowhere else
    found: list[str] = []
    with ZipFile(file) as archive, archive.open(name) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            found += [ref.decode() for ref in _MERGED.findall(text)]
            cut = max(text.rfind(b"<"), 0)
            tail = text[cut:] if len(text) - cut < 200 else b""
    return list(dict.fromkeys(found))


def _address(place: int, line: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(place + 1)}{line}"
