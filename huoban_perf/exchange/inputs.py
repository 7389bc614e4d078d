"""A folder of files as one DuckDB connection with a relation ``in_<frame>`` a frame, ready for the engine.

Source: score-files.md; design.md §8 (the caller opens the connection).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb

from huoban_perf.core.errors import FactValue, Problem, ScoringInputError
from huoban_perf.exchange.csv_files import is_note, read_csv
from huoban_perf.exchange.frame_files import FrameFile, frame_files
from huoban_perf.exchange.headers import LINE, name_columns
from huoban_perf.exchange.records import Sheet
from huoban_perf.exchange.workbooks import read_sheet
from huoban_perf.scoring import CycleFrames, CycleResult, Scheme, ScoreOptions, score_cycle
from huoban_perf.scoring.columns import FRAMES, Logical
from huoban_perf.scoring.rounding import sql_literal, sql_name
from huoban_perf.scoring.workbench import tune

_NEEDED: Final = (("cycle",), ("people", "departments"), ("items", "forms", "goals"))
"""Of each group at least one. Source: score-files.md ("Always needed")."""

MEMORY_LIMIT: Final = "800MB"
"""What the engine may hold; beyond it rows go to the temporary folder, so that memory does not grow with people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Scoring inputs as read.

    Attributes:
        connection: Holds ``in_<frame>``; closed by ``open_inputs``.
        files: Where each frame came from.
        notes: What is worth saying although nothing is wrong.
    """

    connection: duckdb.DuckDBPyConnection
    files: tuple[FrameFile, ...]
    notes: tuple[Problem, ...]

    @property
    def frames(self) -> CycleFrames:
        """Where the engine finds each frame."""
        return CycleFrames(relations={file.frame: f"in_{file.frame}" for file in self.files})

    def rows(self) -> dict[str, int]:
        """Return frame → number of rows."""
        return {file.frame: self._count(file.frame) for file in self.files}

    def names(self) -> dict[tuple[str, str], str]:
        """Return (kind, code) → name, as far as people and departments are given with names."""
        found: dict[tuple[str, str], str] = {}
        for kind, frame, code in (("person", "people", "emp_no"), ("department", "departments", "dept_code")):
            columns = self.connection.execute(
                f"SELECT column_name FROM duckdb_columns() WHERE table_name = 'in_{frame}'"  # noqa: S608
            ).fetchall()
            if ("name",) in columns:
                named = self.connection.execute(f"SELECT {code}, name FROM in_{frame}").fetchall()  # noqa: S608
                found |= {(kind, str(key)): str(name) for key, name in named if None not in {key, name}}
        return found

    def _count(self, frame: str) -> int:
        (count,) = self.connection.execute(f"SELECT count(*) FROM in_{frame}").fetchall()[0]  # noqa: S608
        return int(count)


@contextmanager
def open_inputs(folder: Path, *, instead: Sequence[Path] = (), threads: int = 2) -> Iterator[Inputs]:
    """Read a folder of scoring inputs.

    Args:
        folder: One CSV, Parquet or Excel sheet a frame; names and headers in either language.
        instead: Files that stand in for frames of the folder, for a what-if.
        threads: Threads of the engine; results do not depend on it.

    Yields:
        The inputs; every column text except those of Parquet files, and ``line_no``, the row people see.

    Raises:
        ScoringInputError: Files, sheets, headers or cells are wrong; ``problems`` lists all of them.
    """
    files, problems = frame_files(folder, instead=instead)
    problems += _missing_frames(files)
    connection = duckdb.connect(config={"threads": threads})
    try:
        with TemporaryDirectory(prefix="huoban_perf-") as spare:
            connection.execute(f"SET temp_directory = {sql_literal(spare)}")
            for file in files:
                _register(connection, file, spare=Path(spare) / f"{file.frame}.csv", problems=problems)
            faults = [problem for problem in problems if not is_note(problem)]
            if faults:
                facts: dict[str, FactValue] = {"folder": str(folder), "count": len(faults)}
                raise ScoringInputError("exchange.invalid", facts=facts, problems=faults)
            notes = tuple(problem for problem in problems if is_note(problem))
            tune(connection, memory_limit=MEMORY_LIMIT)
            yield Inputs(connection=connection, files=files, notes=notes)
    finally:
        connection.close()


def score_inputs(inputs: Inputs, *, schemes: Mapping[str, Scheme], options: ScoreOptions | None = None) -> CycleResult:
    """Score the inputs; faults name the file people know.

    Args:
        inputs: The inputs.
        schemes: Schemes by key.
        options: How the run is made.

    Returns:
        Where the results are.

    Raises:
        ScoringInputError: Rows break their written form; every row, column and value is listed with its file.
    """
    try:
        result = score_cycle(inputs.connection, frames=inputs.frames, schemes=schemes, options=options)
    except ScoringInputError as error:
        problems = _placed(error.problems, inputs)
        raise ScoringInputError(error.code, facts=error.facts, problems=problems) from error
    return replace(result, problems=tuple(_placed(result.problems, inputs)))


def _placed(problems: Sequence[Problem], inputs: Inputs) -> list[Problem]:
    places = {FRAMES[file.frame].zh: file.place for file in inputs.files}
    return [replace(problem, file=places.get(problem.file or "", problem.file)) for problem in problems]


def _missing_frames(files: Sequence[FrameFile]) -> list[Problem]:
    given = {file.frame for file in files}
    return [
        Problem(code="exchange.missing_frame", facts={"frames": tuple(f"{FRAMES[name].zh} {name}" for name in names)})
        for names in _NEEDED
        if not given & set(names)
    ]


def _register(connection: duckdb.DuckDBPyConnection, file: FrameFile, *, spare: Path, problems: list[Problem]) -> None:
    sheet = _read(connection, file, spare, problems)
    if sheet is None:
        return
    named, faults = name_columns(file.frame, sheet.header, place=file.place)
    faults += _unnamed(connection, sheet, file.place)
    problems += faults
    if faults:
        return
    types = _types(connection, sheet)
    columns = ", ".join(_column(file.frame, name, types[str(place)], place) for place, name in named.items())
    kind = "VIEW" if sheet.is_stored else "TABLE"
    connection.execute(f"CREATE {kind} in_{file.frame} AS SELECT {LINE}, {columns} FROM ({sheet.query})")  # noqa: S608


def _unnamed(connection: duckdb.DuckDBPyConnection, sheet: Sheet, place: str) -> list[Problem]:
    """List columns that hold values under an empty header."""
    found = []
    for position, cell in enumerate(sheet.header):
        if not cell.strip():
            name = sql_name(str(position))
            query = f"SELECT min({LINE}) FROM ({sheet.query}) WHERE {name} IS NOT NULL"  # noqa: S608
            ((line,),) = connection.execute(query).fetchall()
            if line is not None:
                facts: dict[str, FactValue] = {"number": position + 1}
                found.append(Problem(code="exchange.no_column_name", facts=facts, file=place, line=line))
    return found


def _read(connection: duckdb.DuckDBPyConnection, file: FrameFile, spare: Path, problems: list[Problem]) -> Sheet | None:
    if file.sheet is not None:
        return read_sheet(file.path, file.sheet, spare=spare, place=file.place, problems=problems)
    if file.path.suffix.lower() == ".parquet":
        return _parquet(connection, file.path, problems)
    return read_csv(connection, file.path, spare=spare, problems=problems)


def _parquet(connection: duckdb.DuckDBPyConnection, file: Path, problems: list[Problem]) -> Sheet | None:
    """Parquet is always read where it lies; rows are counted from 1, for it has no header row."""
    source = f"read_parquet({sql_literal(str(file))}, file_row_number = true)"
    try:
        described = connection.execute(f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {source}").fetchall()  # noqa: S608
    except duckdb.Error as error:
        facts = {"reason": type(error).__name__}
        problems.append(Problem(code="exchange.no_parquet", facts=facts, file=file.name))
        return None
    header = tuple(str(row[0]) for row in described)
    columns = ", ".join(f"{sql_name(name)} AS {sql_name(str(place))}" for place, name in enumerate(header))
    query = f"SELECT file_row_number + 1 AS {LINE}, {columns} FROM {source}"  # noqa: S608
    return Sheet(header=header, query=query, is_stored=True)


def _types(connection: duckdb.DuckDBPyConnection, sheet: Sheet) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE {sheet.query}").fetchall()}


def _column(frame: str, name: str, kind: str, place: int) -> str:
    """A code stored as a double (1001.0) is the text 1001."""
    declared = {column.name: column.logical for column in FRAMES[frame].columns}
    cell = sql_name(str(place))
    if kind in {"DOUBLE", "FLOAT"} and declared.get(name) in {Logical.CODE, Logical.TEXT, Logical.WORD}:
        return f"CASE WHEN NOT isnan({cell}) THEN printf('%.15g', {cell}) END AS {sql_name(name)}"
    return f"{cell} AS {sql_name(name)}"
