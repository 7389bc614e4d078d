"""Frames: the stored extract as relations of a DuckDB connection, every column text, so that scoring checks it once."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from huoban_perf.scoring.rounding import sql_literal


@contextmanager
def open_engine(*, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory connection without any frame.

    Args:
        threads: Threads of the engine; results do not depend on it.

    Yields:
        The connection; closed afterwards.
    """
    connection = duckdb.connect(config={"threads": threads})
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def open_frames(folder: Path, *, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory connection with one relation ``in_<frame>`` a CSV file.

    Args:
        folder: Holds ``<frame>.csv``, UTF-8, with a header.
        threads: Threads of the engine; results do not depend on it.

    Yields:
        The connection; closed afterwards.
    """
    with open_engine(threads=threads) as connection:
        for file in sorted(folder.glob("*.csv")):
            connection.execute(f"CREATE TABLE in_{file.stem} AS SELECT * FROM {_reader(file)}")  # noqa: S608
        yield connection


def _reader(file: Path) -> str:
    """Write the reading of a file without guessing: DuckDB's sniffer would take a first row with # for a comment."""
    with file.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream), [])
    columns = ", ".join(f"{sql_literal(name)}: 'VARCHAR'" for name in header)
    return (
        f"read_csv({sql_literal(str(file))}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        f" escape = '\"', comment = '', nullstr = '', columns = {{{columns}}})"
    )
