"""Running the engine on a generated cycle, and everything it says as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import duckdb

from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, score_cycle
from tests.oracle.draws import Cycle
from tests.oracle.rows import Subject

Rows = list[dict[str, Any]]
TABLES = ("results", "lines", "items", "forms", "groups", "grades", "pools", "checks", "bonus", "flags", "excluded")


@dataclass(frozen=True)
class Said:
    """All result relations of one run, as rows of plain values.

    Attributes:
        tables: Rows by relation, without ``out_``.
    """

    tables: Mapping[str, Rows]
    _by_subject: dict[str, dict[Subject, Rows]] = field(default_factory=dict)

    def of(self, table: str, subject: Subject) -> Rows:
        """Rows of one subject."""
        if table not in self._by_subject:
            grouped: dict[Subject, Rows] = {}
            for row in self.tables[table]:
                grouped.setdefault((row.get("kind", "person"), row["subject"]), []).append(row)
            self._by_subject[table] = grouped
        return self._by_subject[table].get(subject, [])

    def one(self, table: str, subject: Subject) -> dict[str, Any]:
        """The only row of one subject."""
        (row,) = self.of(table, subject)
        return row


def register(connection: duckdb.DuckDBPyConnection, cycle: Cycle) -> None:
    """Make one VARCHAR table a frame."""
    for name, rows in cycle.frames.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        quoted = ", ".join(f'"{column}" VARCHAR' for column in columns)
        connection.execute(f"CREATE OR REPLACE TABLE in_{name} ({quoted})")
        if rows:
            marks = ", ".join("?" for _ in columns)
            values = [[row.get(column) for column in columns] for row in rows]
            every = ", ".join(f"({marks})" for _ in values)
            connection.execute(f"INSERT INTO in_{name} VALUES {every}", [cell for row in values for cell in row])


def run(
    cycle: Cycle,
    *,
    threads: int = 1,
    range_size: int = 100_000,
    skip_bad_rows: bool = False,
    is_shown: bool = True,
) -> Said:
    """Score a cycle with the engine.

    Args:
        cycle: Frames and schemes.
        threads: Threads of DuckDB.
        range_size: Subjects a range.
        skip_bad_rows: Score without bad rows.
        is_shown: With receipts and with the rows of items and forms.

    Returns:
        What the engine says.
    """
    schemes = {key: parse_scheme(document) for key, document in cycle.schemes.items()}
    options = ScoreOptions(range_size=range_size, skip_bad_rows=skip_bad_rows, explain=is_shown, details=is_shown)
    with duckdb.connect(config={"threads": threads}) as connection:
        if threads == 1:  # small data: planning is the cost; runs on two threads keep the optimizer and must agree
            connection.execute("PRAGMA disable_optimizer")
        register(connection, cycle)
        score_cycle(connection, frames=CycleFrames.discover(connection), schemes=schemes, options=options)
        return Said({name: _rows(connection, name) for name in TABLES})


def refusal(cycle: Cycle) -> HuobanPerfError | None:
    """The engine's error, None when it scores."""
    try:
        run(cycle)
    except HuobanPerfError as error:
        return error
    return None


def _rows(connection: duckdb.DuckDBPyConnection, name: str) -> Rows:
    found = connection.execute(f"SELECT * FROM out_{name}")
    names = [str(column[0]) for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def grid(value: int | None) -> Fraction | None:
    """A number of billionths."""
    return None if value is None else Fraction(value, 10**9)


def machine(line: Mapping[str, Any]) -> dict[str, Any]:
    """The machine form of a receipt line."""
    found: dict[str, Any] = json.loads(line["machine"])
    return found
