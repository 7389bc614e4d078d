"""Writing a long result relation range by range of subjects, so that memory stays flat however many people there are.

A sort over every line of every receipt would hold all their words at once; a range of people needs a few dozen
megabytes, and ranges in order make the same bytes.

Source: issue 3 point 7 (bounded memory).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from huoban_perf.scoring import subject_ranges
from huoban_perf.scoring.rounding import sql_literal

SUBJECTS: Final = 20_000
"""Subjects a range: about a quarter of a million lines. Rows and their order do not depend on it."""


def write_long(connection: duckdb.DuckDBPyConnection, query: Callable[[str], str], file: Path, *, form: str) -> None:
    """Write a relation with a row or more a subject, ordered by kind (descending), subject and more, as CSV or Parquet.

    Args:
        connection: The connection ``score_cycle`` ran in.
        query: Makes the query of the file from an SQL condition on ``kind`` and ``subject``.
        file: The file; replaced.
        form: ``csv`` or ``parquet``.
    """
    with TemporaryDirectory(prefix=".writing-", dir=file.parent) as place:
        parts: list[Path] = []
        for number, condition in enumerate(subject_ranges(connection, size=SUBJECTS)):
            part = Path(place) / f"{number:06d}.{form}"
            option = f"FORMAT csv, HEADER {'false' if parts else 'true'}" if form == "csv" else "FORMAT parquet"
            connection.execute(f"COPY ({query(condition)}) TO {sql_literal(str(part))} ({option})")
            parts.append(part)
        if form == "csv":
            with file.open("wb") as target:
                for part in parts:
                    with part.open("rb") as source:
                        shutil.copyfileobj(source, target)
        else:
            _join_parquet(connection, parts, file)


def _join_parquet(connection: duckdb.DuckDBPyConnection, parts: list[Path], file: Path) -> None:
    """Put files together in their order; rows stream through."""
    listed = ", ".join(sql_literal(str(part)) for part in parts)
    connection.execute("SET preserve_insertion_order = true")
    try:
        copied = f"SELECT * FROM read_parquet([{listed}])"  # noqa: S608 - names of our own temporary files
        connection.execute(f"COPY ({copied}) TO {sql_literal(str(file))} (FORMAT parquet)")
    finally:
        connection.execute("SET preserve_insertion_order = false")
