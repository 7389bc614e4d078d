"""Runs the engine on frames written as text, and records which CASE arms of its SQL were reached."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from huoban_perf.core.errors import Problem, ScoringError
from huoban_perf.scoring import CycleFrames, CycleResult, ScoreOptions, parse_scheme, score_cycle

PACKAGE = Path(__file__).resolve().parents[3] / "huoban_perf" / "scoring"
ARMS_REACHED: set[str] = set()

_OPEN = re.compile(r"/\*arm ([^*]+)\*/")


def _note_arm(name: str) -> int:
    ARMS_REACHED.add(name)
    return 0


class TracingConnection:
    """A DuckDB connection that turns arm marks into calls which note the arm."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        connection.create_function("arm_hit", _note_arm, ["VARCHAR"], "BIGINT", side_effects=True)

    def execute(self, query: str) -> Any:
        traced = _OPEN.sub(lambda match: f"CASE WHEN arm_hit('{match[1]}') = 0 THEN ", query)
        return self.connection.execute(traced.replace("/*end*/", " END"))


@dataclass
class Run:
    """One run and its connection; ``error`` when the engine refused."""

    connection: Any
    result: CycleResult | None = None
    error: ScoringError | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self.error.problems if self.error else self.result.problems if self.result else ()

    def rows(self, table: str, where: str = "true", order: str = "ALL") -> list[dict[str, Any]]:
        found = self.connection.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY {order}")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def of(self, subject: str) -> dict[str, Any]:
        (row,) = self.rows("out_results", f"subject = '{subject}'")
        return row


def points(value_n: int | None) -> Decimal | None:
    """Return grid units as points."""
    return None if value_n is None else Decimal(value_n) / 10**9


Table = Sequence[str | Sequence[Any]]


def table_rows(table: Table) -> tuple[list[str], list[list[Any]]]:
    """Split a text table: first line the header, ``-`` an empty cell; quoted cells may hold spaces as ``_``."""
    header, *lines = [line.split() if isinstance(line, str) else list(line) for line in table]
    cells = [[None if cell == "-" else cell for cell in line] for line in lines]
    rows = [line + [None] * (len(header) - len(line)) for line in cells]
    return [str(name) for name in header], rows


def register(connection: duckdb.DuckDBPyConnection, frames: Mapping[str, Table]) -> None:
    """Create ``in_<frame>`` tables; cycle, people and appraisals are made up when left out."""
    parsed = {name: table_rows(table) for name, table in frames.items()}
    parsed.setdefault("cycle", (["cycle", "start", "end"], [["2026Q1", "2026-01-01", "2026-03-31"]]))
    subjects: dict[tuple[Any, Any], None] = {}
    people: dict[Any, None] = {}
    for header, rows in parsed.values():
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            if "subject" in cells:
                subjects[(cells.get("kind"), cells["subject"])] = None
            for name in ("rater", "emp_no", "manager_no"):
                if cells.get(name) and cells.get("external") not in {"是", "yes"}:
                    people[cells[name]] = None
    people |= {subject: None for kind, subject in subjects if kind in {"个人", "person"}}
    parsed.setdefault("people", (["emp_no"], [[person] for person in people]))
    parsed.setdefault("appraisals", (["kind", "subject"], [list(pair) for pair in subjects]))
    for name, (header, rows) in parsed.items():
        columns = ", ".join(f'"{column}" VARCHAR' for column in header)
        connection.execute(f"CREATE OR REPLACE TABLE in_{name} ({columns})")
        if rows:
            marks = ", ".join("?" * len(header))
            connection.executemany(f"INSERT INTO in_{name} VALUES ({marks})", rows)


def score(
    frames: Mapping[str, Table],
    schemes: Mapping[str, Mapping[str, Any]] | None = None,
    options: ScoreOptions | None = None,
    *,
    traced: bool = True,
) -> Run:
    """Score text frames; a refusal is kept, not raised."""
    connection = duckdb.connect(config={"threads": 1})
    register(connection, frames)
    run = Run(connection)
    built = {key: parse_scheme({"key": key, **document}) for key, document in (schemes or {"std": {}}).items()}
    try:
        run.result = score_cycle(
            TracingConnection(connection) if traced else connection,
            frames=CycleFrames.discover(connection),
            schemes=built,
            options=options,
        )
    except ScoringError as error:
        run.error = error
    return run


def all_arms() -> set[str]:
    """Return every arm id written in the package, those made from templates spelled out."""
    from huoban_perf.scoring.methods import ARMS, FAULTS

    found: set[str] = set()
    for path in PACKAGE.glob("*.py"):
        found |= {name for name in _OPEN.findall(path.read_text(encoding="utf-8")) if "$" not in name}
    found |= {f"{arm.name}.{part}" for arm in ARMS for part in ("num", "den")}
    return found | {f"fault.{index}" for index in range(len(FAULTS))}
