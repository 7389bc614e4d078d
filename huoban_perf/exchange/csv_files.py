"""CSV files as companies have them: with or without BOM, UTF-8 or GB18030, blank lines, every fault with its row.

A well-formed UTF-8 file is read by DuckDB where it lies; only what DuckDB cannot read faithfully (another encoding,
blank lines that would shift the row numbers, mixed line ends, ragged rows) is walked record by record.

Source: score-files.md; issue 3 point 5.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from huoban_perf.core.errors import Problem
from huoban_perf.exchange.records import Record, Sheet, store_records, text_query
from huoban_perf.scoring.rounding import sql_literal, sql_name

LARGE_BYTES: Final = 4 * 1024 * 1024
"""A larger file is parsed once, into columns beside it in the temporary folder, instead of being copied into memory."""

_CHUNK: Final = 1024 * 1024
_WIDEST_CELL: Final = 16 * 1024 * 1024


def read_csv(
    connection: duckdb.DuckDBPyConnection, file: Path, *, spare: Path, problems: list[Problem]
) -> Sheet | None:
    """Read a CSV file.

    Args:
        connection: Reads the file.
        file: The file.
        spare: Where a plain copy may be written.
        problems: Faults are added here, each with its row.

    Returns:
        The sheet, or None when it has faults; a file that was read as GB18030 adds the note ``exchange.read_as_gbk``.
    """
    encoding = _encoding(file, problems)
    if encoding is None:
        return None
    if encoding == "utf-8-sig" and _is_even(file):
        sheet = _as_it_lies(connection, file, spare)
        if sheet is not None:
            return sheet
    return _walk(file, encoding, spare, problems)


def is_note(problem: Problem) -> bool:
    """Tell whether a problem is only worth saying and keeps nothing from being scored.

    Args:
        problem: Any problem of this room.

    Returns:
        True for a note.
    """
    return problem.code == "exchange.read_as_gbk"


def _encoding(file: Path, problems: list[Problem]) -> str | None:
    with file.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        problems.append(Problem(code="exchange.not_text", facts={"found": "UTF-16"}, file=file.name))
        return None
    fault = _undecodable(file, "utf-8-sig")
    if fault is None:
        return "utf-8-sig"
    if _undecodable(file, "gb18030") is None:
        problems.append(Problem(code="exchange.read_as_gbk", facts={"line": fault}, file=file.name))
        return "gb18030"
    problems.append(Problem(code="exchange.not_text", facts={"found": "-"}, file=file.name, line=fault))
    return None


def _undecodable(file: Path, encoding: str) -> int | None:
    """Return the line of the first byte that is not of the encoding, or None."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = 1
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return lines + chunk[: error.start].count(b"\n")
            lines += chunk.count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return lines
    return None


def _is_even(file: Path) -> bool:
    """Tell whether a file has one kind of line end and no blank line, so that counting rows counts lines."""
    is_crlf: bool | None = None
    with file.open("rb") as stream:
        while block := stream.read(_CHUNK) + stream.readline():
            feeds, pairs = block.count(b"\n"), block.count(b"\r\n")
            if pairs not in {0, feeds} or block.count(b"\r") != pairs or is_crlf not in {None, pairs > 0}:
                return False
            if block[:1] in {b"\n", b"\r"} or b"\n\n" in block or b"\n\r\n" in block:
                return False
            is_crlf = pairs > 0 if feeds else is_crlf
    return True


def _header(file: Path) -> tuple[str, ...]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        try:
            return tuple(next(csv.reader(stream, strict=True), ()))
        except csv.Error:
            return ()


def _as_it_lies(connection: duckdb.DuckDBPyConnection, file: Path, spare: Path) -> Sheet | None:
    """Let DuckDB read a file; None when it cannot, so that the file is walked and its faults are named."""
    header = _header(file)
    if not header:
        return None
    query = text_query(file, width=len(header), is_numbered=False)
    try:
        if file.stat().st_size > LARGE_BYTES:
            columns = sql_literal(str(spare.with_suffix(".parquet")))
            connection.execute(f"COPY ({query}) TO {columns} (FORMAT parquet)")
            query = f"SELECT * FROM read_parquet({columns})"  # noqa: S608
        else:
            raw = sql_name(f"raw:{spare.stem}")
            connection.execute(f"CREATE TABLE {raw} AS {query}")
            query = f"SELECT * FROM {raw}"  # noqa: S608
    except duckdb.Error:
        return None
    return Sheet(header=header, query=query, is_stored=True)


def _walk(file: Path, encoding: str, spare: Path, problems: list[Problem]) -> Sheet | None:
    before = len(problems)
    with file.open(encoding=encoding, newline="") as stream:
        records = _records(stream, file.name, problems)
        _, header = next(records, (0, []))
        if not header:
            problems.append(Problem(code="exchange.no_header", file=file.name, line=1))
            return None
        sheet = store_records(_even(records, len(header), file.name, problems), header=header, file=spare)
    return sheet if len(problems) == before else None


def _records(stream: Iterator[str], place: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that hold anything, with their row number."""
    csv.field_size_limit(_WIDEST_CELL)
    reader = csv.reader(stream, strict=True)
    for line in itertools.count(1):
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.append(Problem(code="exchange.not_csv", facts={"reason": str(error)}, file=place, line=line))
            return
        if any(cell.strip() for cell in record):
            yield line, record


def _even(
    records: Iterator[tuple[int, list[str]]], width: int, place: str, problems: list[Problem]
) -> Iterator[Record]:
    for line, cells in records:
        if len(cells) < width or any(cell.strip() for cell in cells[width:]):
            facts = {"found": len(cells), "expected": width}
            problems.append(Problem(code="exchange.ragged", facts=facts, file=place, line=line))
        else:
            yield line, cells[:width]
