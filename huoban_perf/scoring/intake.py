"""The one check at entry: every frame is read, typed and checked before anything is scored, and every fault is listed.

A small frame becomes a typed table ``t_<frame>`` with line numbers, a large one a view, so that memory stays bounded.
When bad rows are to be skipped they are dropped frame by frame in dependency order, so that a row that refers to a
skipped row is skipped too.

Source: score-files.md; issue 3 ("bad rows are all listed, nothing is scored unless asked to skip them").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.columns import FRAMES, Column
from huoban_perf.scoring.frames import GivenFrame
from huoban_perf.scoring.reading import Reading
from huoban_perf.scoring.rounding import sql_text_of
from huoban_perf.scoring.row_checks import ROW_CHECKS, RowCheck
from huoban_perf.scoring.workbench import Workbench, fill

LARGE: Final = 500_000
"""Rows above which a frame is read where it lies instead of being copied."""

_ALWAYS: Final = ("cycle", "departments", "people", "metrics", "goals", "items", "criteria", "pools")
"""Frames that stages refer to whether given or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A condition to look for in one frame.

    Attributes:
        code: Message id.
        column: English column name.
        zh: Chinese header.
        condition: SQL over the typed row ``t``, true for a bad row; over the raw row ``r`` for a cell.
        shown: SQL of the value shown.
        expected: What would be right.
        counted: SQL aggregate over all rows that is not 0 when some row is bad; empty = count the condition.
    """

    code: str
    column: str
    zh: str
    condition: str
    shown: str
    expected: str
    counted: str = ""

    @property
    def count(self) -> str:
        """SQL of the number of bad rows."""
        return self.counted or f"count(*) FILTER (WHERE {self.condition})"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedFrame:
    """A frame once typed.

    Attributes:
        given: The frame as given.
        is_table: The typed relation is a table with a column ``line``.
        bad: SQL condition of an unreadable row.
    """

    given: GivenFrame
    is_table: bool
    bad: str = ""

    @property
    def name(self) -> str:
        """English frame name."""
        return self.given.frame.name

    def lined(self) -> str:
        """Return a relation of the typed rows with their line numbers.

        Returns:
            SQL usable after FROM.
        """
        return f"t_{self.name}" if self.is_table else f"({self.given.select(lines=True, bad=self.bad)})"


def read_frames(bench: Workbench, given: Mapping[str, GivenFrame], *, skip_bad_rows: bool) -> dict[str, TypedFrame]:
    """Type and check every frame; faults go to the workbench.

    Args:
        bench: The workbench.
        given: All frames in dependency order.
        skip_bad_rows: Drop bad rows; the faults are listed all the same.

    Returns:
        Frame name → typed frame, given frames only.
    """
    typed = {}
    for name, frame in given.items():
        if frame.is_given:
            typed[name] = _read(bench, frame, given, skip=skip_bad_rows)
        elif name in _ALWAYS:
            bench.run("CREATE OR REPLACE TEMP VIEW t_$name AS $select", name=name, select=frame.select(lines=False))
    rows = bench.count("SELECT count(*) FROM t_cycle")
    if rows != 1:
        bench.problems.append(Problem(code="input.one_cycle", facts={"rows": rows}, file=FRAMES["cycle"].zh))
    return typed


def list_bad_rows(bench: Workbench, typed: TypedFrame, fault: Fault, *, skip: bool) -> None:
    """List every row of one fault, and drop those rows when they are to be skipped.

    Args:
        bench: The workbench.
        typed: The typed frame.
        fault: The condition, over the typed row ``t``.
        skip: Drop the rows.
    """
    found = bench.rows(
        "SELECT t.line, $shown FROM $rows AS t WHERE $condition ORDER BY 1",
        rows=typed.lined(),
        condition=fault.condition,
        shown=fault.shown,
    )
    bench.problems += _problems(typed.given, fault, found)
    if skip:
        lines = ", ".join(str(line) for line, _ in found) or "NULL"
        bench.run("DELETE FROM t_$name WHERE line IN ($lines)", name=typed.name, lines=lines)


def _read(bench: Workbench, given: GivenFrame, frames: Mapping[str, GivenFrame], *, skip: bool) -> TypedFrame:
    cells = _cell_faults(given)
    bad = " OR ".join(f"({fault.condition})" for fault in cells)
    is_table = skip or bench.count("SELECT count(*) FROM $relation", relation=given.relation) <= LARGE
    bench.run(
        "CREATE OR REPLACE TEMP $kind t_$name AS $select",
        kind="TABLE" if is_table else "VIEW",
        name=given.frame.name,
        select=given.select(lines=is_table, bad=bad),
    )
    typed = TypedFrame(given=given, is_table=is_table, bad=bad)
    _check(bench, typed, cells, _row_faults(given, frames), skip=skip)
    return typed


def _check(bench: Workbench, typed: TypedFrame, cells: list[Fault], rows: list[Fault], *, skip: bool) -> None:
    """Count all faults in one scan; only a frame with faults is read again, to list them."""
    aggregates = ["count(*) FILTER (WHERE t.is_bad)", *(fault.count for fault in rows)]
    ((bad, *counts),) = bench.rows("SELECT $counts FROM t_$name AS t", counts=", ".join(aggregates), name=typed.name)
    if bad:
        _list_bad_cells(bench, typed.given, cells)
        if skip:
            bench.run("DELETE FROM t_$name WHERE is_bad", name=typed.name)
    for fault, count in zip(rows, counts, strict=True):
        if count:
            list_bad_rows(bench, typed, fault, skip=skip)


def _list_bad_cells(bench: Workbench, given: GivenFrame, cells: list[Fault]) -> None:
    for fault in cells:
        found = bench.rows(
            "SELECT r.line, $shown FROM $rows AS r WHERE $condition ORDER BY 1",
            rows=given.numbered(),
            condition=fault.condition,
            shown=fault.shown,
        )
        bench.problems += _problems(given, fault, found)


def _problems(given: GivenFrame, fault: Fault, found: Iterable[tuple[object, ...]]) -> list[Problem]:
    return [
        Problem(
            code=fault.code,
            facts={
                "column": fault.zh,
                "value": "" if value is None else str(value),
                "expected": fault.expected,
            },
            file=given.frame.zh,
            line=int(str(line)),
            address=f"{given.frame.name}:{line}:{fault.column}",
        )
        for line, value in found
    ]


def _cell_faults(given: GivenFrame) -> list[Fault]:
    faults: list[Fault] = []
    for column, reading in _pairs(given):
        faults += _faults_of_cell(column, reading)
    for name, reading in given.extra.items():
        faults += _faults_of_cell(Column(name=name, zh=name), reading)
    return faults


def _faults_of_cell(column: Column, reading: Reading) -> list[Fault]:
    faults = []
    if reading.bad:
        faults.append(_cell(column, "input.unreadable", reading.bad, reading.raw, reading.expected))
    if column.required and reading.raw != "NULL":
        faults.append(_cell(column, "input.empty", reading.empty, reading.raw, column.zh))
    return faults


def _cell(column: Column, code: str, condition: str, shown: str, expected: str) -> Fault:
    return Fault(code=code, column=column.name, zh=column.zh, condition=condition, shown=shown, expected=expected)


def _row_faults(given: GivenFrame, frames: Mapping[str, GivenFrame]) -> list[Fault]:
    readings = {reading.name.removesuffix("_d4"): (column, reading) for column, reading in _pairs(given)}
    present = {column.name for column, reading in _pairs(given) if reading.raw != "NULL"}
    faults = []
    for check in ROW_CHECKS:
        column, reading = readings.get(check.column, (None, None))
        if check.frame != given.frame.name or column is None or reading is None:
            continue
        is_asked = all(frames[need].is_given for need in check.needs)
        if is_asked and (column.name in present or check.code in {"no_method", "missing_value"}):
            faults.append(_row_fault(check, column, reading))
    return faults + _duplicate_fault(given)


def _row_fault(check: RowCheck, column: Column, reading: Reading) -> Fault:
    return Fault(
        code=f"input.{check.code}",
        column=column.name,
        zh=column.zh,
        condition=f"NOT t.is_bad AND ({check.condition})",
        shown=sql_text_of(f"t.{reading.name}", digits=4) if reading.name.endswith("_d4") else f"t.{reading.name}",
        expected=check.expected,
    )


def _pairs(given: GivenFrame) -> list[tuple[Column, Reading]]:
    return list(zip(given.frame.columns, given.readings, strict=True))


def _duplicate_fault(given: GivenFrame) -> list[Fault]:
    names = {column.name: reading.name for column, reading in _pairs(given) if reading.raw != "NULL"}
    key = [names[column] for column in given.frame.key if column in names]
    if not key or given.frame.key[0] not in names:
        return []
    texts = [f"coalesce(CAST(t.{name} AS VARCHAR), '')" for name in key]
    condition = fill(
        "t.$first IS NOT NULL AND ($mine) IN"
        " (SELECT ($mine) FROM t_$frame AS t WHERE t.$first IS NOT NULL GROUP BY ALL HAVING count(*) > 1)",
        mine=", ".join(texts),
        frame=given.frame.name,
        first=key[0],
    )
    column = given.frame.column(given.frame.key[-1])
    hashed = "hash(" + ", ".join(f"t.{name}" for name in key) + ")"
    return [
        Fault(
            code="input.given_twice",
            column=column.name,
            zh=column.zh,
            condition=condition,
            shown=" || '|' || ".join(texts),
            expected=given.frame.grain,
            counted=f"count(t.{key[0]}) - count(DISTINCT CASE WHEN t.{key[0]} IS NOT NULL THEN {hashed} END)",
        )
    ]
