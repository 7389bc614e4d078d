"""The input frames of one cycle as the caller registered them, and their typed relations.

A frame ``items`` is the relation ``in_items`` (or another name given here) with English column names; an absent frame
is an empty one. The typed relation is ``t_items``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from huoban_perf.core.errors import Problem, ScoringInputError
from huoban_perf.scoring.columns import FRAMES, Column, Frame, Logical
from huoban_perf.scoring.reading import Reading, absent, reading_of
from huoban_perf.scoring.rounding import sql_name
from huoban_perf.scoring.workbench import Connection, Workbench

LINE = "line_no"
"""A given column of this name holds the line shown in messages; else rows are counted from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleFrames:
    """Which relation of the connection holds which frame.

    Attributes:
        relations: Frame name → relation name. Frames left out are empty.
    """

    relations: Mapping[str, str]

    @classmethod
    def discover(cls, connection: Connection) -> CycleFrames:
        """Find every relation named ``in_<frame>``.

        Args:
            connection: The caller's connection.

        Returns:
            The frames found.
        """
        found = connection.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() WHERE table_name LIKE 'in!_%' ESCAPE '!'"
        )
        names = {str(name) for (name,) in found.fetchall()}
        return cls(relations={frame: f"in_{frame}" for frame in FRAMES if f"in_{frame}" in names})


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFrame:
    """A frame as given: how each declared column is read, and which further columns there are.

    Attributes:
        frame: The declaration.
        relation: Quoted relation name, or an empty string when absent.
        readings: One per declared column.
        extra: Further columns (criteria of the wide form), read as decimals.
        has_lines: The caller gave line numbers.
    """

    frame: Frame
    relation: str
    readings: tuple[Reading, ...]
    extra: Mapping[str, Reading] = field(default_factory=dict)
    has_lines: bool = False

    @property
    def is_given(self) -> bool:
        """Whether the caller registered the frame."""
        return bool(self.relation)

    def has(self, name: str) -> bool:
        """Tell whether a declared column was given.

        Args:
            name: English column name.

        Returns:
            True when the caller's relation has it.
        """
        pairs = zip(self.frame.columns, self.readings, strict=True)
        return any(column.name == name and reading.raw != "NULL" for column, reading in pairs)

    def select(self, *, lines: bool, bad: str = "") -> str:
        """Write the typed relation.

        Args:
            lines: Add ``line``, 1-based.
            bad: SQL condition of an unreadable row over ``r``, becomes ``is_bad``.

        Returns:
            A SELECT with the declared columns, typed.
        """
        parts = [f"{reading.value} AS {reading.name}" for reading in self.readings]
        if not self.is_given:
            return "SELECT " + ", ".join(parts) + " WHERE false"
        parts += [f"{reading.value} AS {sql_name(criterion_column(name))}" for name, reading in self.extra.items()]
        parts.append(f"coalesce({bad or 'false'}, false) AS is_bad")
        rows = self.numbered() if lines else self.relation
        return "SELECT " + ", ".join(["r.line"] * lines + parts) + f" FROM {rows} AS r"

    def numbered(self) -> str:
        """Write the raw relation with a line number a row.

        Returns:
            SQL usable after FROM: the given columns and ``line``.
        """
        number = f"CAST({LINE} AS BIGINT)" if self.has_lines else "row_number() OVER ()"
        return f"(SELECT {number} AS line, * FROM {self.relation})"


def criterion_column(name: str) -> str:
    """Return the typed relation's name of a criterion column.

    Args:
        name: Column name as given = criterion code.

    Returns:
        The name with a prefix that no declared column has.
    """
    return f"criterion:{name}"


def given_frames(bench: Workbench, frames: CycleFrames) -> dict[str, GivenFrame]:
    """Look at every frame's columns.

    Args:
        bench: The workbench.
        frames: Where the frames are.

    Returns:
        Frame name → frame as given, all frames, absent ones empty.

    Raises:
        ScoringInputError: A frame name is unknown, a needed frame or column is missing, or a column is not declared.
    """
    problems = [
        Problem(code="input.unknown_frame", facts={"value": name, "allowed": ", ".join(FRAMES)})
        for name in frames.relations
        if name not in FRAMES
    ]
    given = {name: _given(bench, frame, frames.relations.get(name, "")) for name, frame in FRAMES.items()}
    problems += [problem for frame in given.values() for problem in _shape_faults(frame)]
    problems += _needed_faults(given)
    if problems:
        raise ScoringInputError("input.wrong_columns", facts={"count": len(problems)}, problems=problems)
    return given


def _given(bench: Workbench, frame: Frame, relation: str) -> GivenFrame:
    if not relation:
        return GivenFrame(frame=frame, relation="", readings=tuple(absent(column) for column in frame.columns))
    types = {str(row[0]): str(row[1]) for row in bench.rows("DESCRIBE $relation", relation=sql_name(relation))}
    declared = {column.name for column in frame.columns}
    return GivenFrame(
        frame=frame,
        relation=sql_name(relation),
        readings=tuple(
            reading_of(column, types[column.name]) if column.name in types else absent(column)
            for column in frame.columns
        ),
        extra={
            name: reading_of(Column(name=name, zh=name, logical=Logical.DECIMAL), kind)
            for name, kind in types.items()
            if name not in declared and name != LINE
        },
        has_lines=LINE in types,
    )


def _shape_faults(given: GivenFrame) -> list[Problem]:
    if not given.is_given:
        return []
    frame = given.frame
    missing = [
        Problem(
            code="input.missing_column",
            facts={"column": column.zh, "name": column.name},
            file=frame.zh,
            address=column.name,
        )
        for column, reading in zip(frame.columns, given.readings, strict=True)
        if column.required and reading.raw == "NULL"
    ]
    unknown = [] if frame.open_columns else list(given.extra)
    return missing + [
        Problem(code="input.unknown_column", facts={"column": name}, file=frame.zh, address=name) for name in unknown
    ]


def _needed_faults(given: Mapping[str, GivenFrame]) -> list[Problem]:
    needed = (("cycle",), ("people", "departments"), ("items", "forms", "goals"))
    return [
        Problem(code="input.missing_frame", facts={"frames": " / ".join(FRAMES[name].zh for name in names)})
        for names in needed
        if not any(given[name].is_given for name in names)
    ]


def given_relation(bench: Workbench, frames: CycleFrames, name: str) -> str:
    """Write one frame's typed rows, for analyses after a run.

    Args:
        bench: The workbench.
        frames: Where the frames are.
        name: English frame name.

    Returns:
        SQL usable after FROM; no rows when the frame is not given.
    """
    return f"({_given(bench, FRAMES[name], frames.relations.get(name, '')).select(lines=False)})"
