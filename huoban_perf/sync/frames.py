"""Frames: the stored extract as relations of a DuckDB connection, every column text, so that scoring checks it once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def open_frames(folder: Path, *, threads: int = 2) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an in-memory connection with one relation ``in_<frame>`` a CSV file.

    Args:
        folder: Holds ``<frame>.csv``, UTF-8, with a header.
        threads: Threads of the engine; results do not depend on it.

    Yields:
        The connection; closed afterwards.
    """
    connection = duckdb.connect(config={"threads": threads})
    try:
        for file in sorted(folder.glob("*.csv")):
            connection.read_csv(str(file), all_varchar=True, header=True, delimiter=",", quotechar='"').create(
                f"in_{file.stem}"
            )
        yield connection
    finally:
        connection.close()
