"""The connection as the stages use it: SQL text with named parts, run in order, nothing opened or closed here.

Every ``CASE`` arm that a rule depends on carries an ``arm`` mark and an ``end`` mark (SQL comments) around its result, so that the tests can prove
that each arm is reached.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from string import Template
from typing import Protocol

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import sql_literal

Row = tuple[object, ...]


class Cursor(Protocol):
    """What the engine needs of a DuckDB result."""

    def fetchall(self) -> list[Row]:
        """Return all rows."""
        ...


class Connection(Protocol):
    """What the engine needs of a DuckDB connection."""

    def execute(self, query: str, /) -> Cursor:
        """Run one statement."""
        ...


def fill(text: str, **parts: object) -> str:
    """Put named parts into SQL text.

    Args:
        text: SQL with ``$name`` places.
        parts: SQL fragments made by this package: quoted names, quoted literals, expressions; integers become BIGINT
            (a bare literal would be 32-bit and overflow).

    Returns:
        The statement.

    Raises:
        KeyError: A place has no part.
    """
    return Template(text).substitute({name: _part(part) for name, part in parts.items()})


def _part(part: object) -> str:
    return f"({part})::BIGINT" if isinstance(part, int) and not isinstance(part, bool) else str(part)


@dataclass(slots=True, kw_only=True)
class Workbench:
    """A connection and the faults found so far.

    Attributes:
        connection: The caller's DuckDB connection.
        problems: Faults of the inputs, in the order found.
        kept: Stage name → tables that hold its rows of the range, one a segment scheme.
    """

    connection: Connection
    problems: list[Problem] = field(default_factory=list)
    kept: dict[str, list[str]] = field(default_factory=dict)

    def run(self, text: str, **parts: object) -> None:
        """Run one statement.

        Args:
            text: SQL with ``$name`` places.
            parts: SQL fragments for the places.
        """
        self.connection.execute(fill(text, **parts) if parts else text)

    def rows(self, text: str, **parts: object) -> list[Row]:
        """Run one query.

        Args:
            text: SQL with ``$name`` places.
            parts: SQL fragments for the places.

        Returns:
            All rows.
        """
        return self.connection.execute(fill(text, **parts) if parts else text).fetchall()

    def count(self, text: str, **parts: object) -> int:
        """Run a query whose first cell is a count.

        Args:
            text: SQL with ``$name`` places.
            parts: SQL fragments for the places.

        Returns:
            The count; 0 for null.
        """
        (cell, *_), *_ = self.rows(text, **parts)
        return int(str(cell or 0))

    def clear(self, *prefixes: str) -> None:
        """Drop the engine's own temporary relations, to free memory or before another run.

        Args:
            prefixes: ``t_`` typed frames, ``s_`` facts of the run, ``c_`` and ``a_`` stages of a range.
        """
        found = self.rows(
            "SELECT 'VIEW', view_name FROM duckdb_views() WHERE temporary AND left(view_name, 2) IN ($names)"
            " UNION ALL SELECT 'TABLE', table_name FROM duckdb_tables() WHERE temporary AND left(table_name, 2) IN ($names)",
            names=", ".join(sql_literal(prefix) for prefix in prefixes),
        )
        for kind, name in found:
            self.run("DROP $kind temp.$name", kind=kind, name=name)


def tune(connection: Connection, *, memory_limit: str) -> None:
    """Set a connection up for a run, once its frames are registered (rows counted in file order are counted by then).

    Args:
        connection: The caller's connection.
        memory_limit: What DuckDB may hold, for example ``800MB``; beyond it rows go to its temporary directory.

    Rows keep no order of their own (every stage names its order), and the automatic checkpoint is off: it would compress
    the stages of a range moments before they are dropped, a tenth of a run.
    """
    for setting in ("preserve_insertion_order = false", "checkpoint_threshold = '1TB'"):
        connection.execute(f"SET {setting}")
    connection.execute(f"SET memory_limit = {sql_literal(memory_limit)}")


def sql_values(rows: list[Row], columns: str) -> str:
    """Write rows as a relation, for small facts made in Python.

    Args:
        rows: Texts, integers, booleans or None; all of one length.
        columns: ``name type, name type``; the types are enforced, also when there is no row.

    Returns:
        A parenthesised SELECT. Columns travel as JSON arrays: thousands of rows parse in milliseconds, where VALUES
        needs seconds.
    """
    pairs = [column.strip().split(" ", 1) for column in columns.split(", ")]
    typed = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in pairs)
    cells = [[_cell(row[index]) for row in rows] for index in range(len(pairs))]
    lists = ", ".join(
        f"unnest(from_json({sql_literal(json.dumps(column, ensure_ascii=False))}, '[\"VARCHAR\"]')) AS {name}"
        for column, (name, _) in zip(cells, pairs, strict=True)
    )
    return f"(SELECT {typed} FROM (SELECT {lists}))"


def _cell(cell: object) -> str | None:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return None if cell is None else str(cell)
