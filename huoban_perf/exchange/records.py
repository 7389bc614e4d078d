"""Rows as the engine's connection takes them: a header, and a query with positional columns and the row number.

A reader that cannot hand its file to DuckDB as it lies writes the rows to a plain file of its own here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from huoban_perf.scoring.rounding import sql_literal, sql_name

Record = tuple[int, Sequence[str]]
"""Row number as people see it (the header is row 1) and the cells as text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A frame's rows, wherever they lie.

    Attributes:
        header: Header cells as they stand.
        query: SELECT with the columns ``"0"``, ``"1"`` … in header order and ``line_no``.
        is_stored: The rows lie where they can be read again; else they are copied into the connection.
    """

    header: tuple[str, ...]
    query: str
    is_stored: bool = False


def text_query(file: Path, *, width: int, is_numbered: bool) -> str:
    """Write the query over a well-formed CSV file.

    Args:
        file: UTF-8, comma, one header line.
        width: Number of columns, the row number not counted.
        is_numbered: The first column is the row number; else rows are counted, the header being row 1.

    Returns:
        SELECT of text columns ``"0"`` … and ``line_no``; rows without any value are left out. Nothing is guessed:
        DuckDB's sniffer would take a first row beginning with ``#`` for a comment.
    """
    names = [str(position) for position in range(width)]
    types = ["line_no"] * is_numbered + names
    columns = ", ".join(f"{sql_literal(name)}: 'VARCHAR'" for name in types)
    number = "CAST(line_no AS BIGINT)" if is_numbered else "row_number() OVER () + 1"
    listed = ", ".join(sql_name(name) for name in names)
    return (
        f"SELECT * FROM (SELECT {number} AS line_no, {listed} FROM read_csv({sql_literal(str(file))},"  # noqa: S608
        f" auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', comment = '', nullstr = '',"
        f" columns = {{{columns}}})) WHERE coalesce({listed}) IS NOT NULL"
    )


def store_records(records: Iterable[Record], *, header: Sequence[str], file: Path) -> Sheet:
    """Write rows to a plain file that DuckDB reads.

    Args:
        records: Rows no wider than the header.
        header: Header cells.
        file: Where to write.

    Returns:
        The sheet over the file.
    """
    width = len(header)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["line_no", *(str(position) for position in range(width))])
        for line, cells in records:
            writer.writerow([line, *cells, *[""] * (width - len(cells))])
    return Sheet(header=tuple(header), query=text_query(file, width=width, is_numbered=True))
