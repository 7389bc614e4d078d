"""The extract map: which field of the workspace feeds which column of which scoring input.

Read from ``extract.yaml`` of a template, form::

    frames:
      forms:                       # a file of score-files.md
        table: review_task
        scope: cycle               # only items whose natural key begins with [<cycle>|
        columns:
          task_no: natural_key     # a path (sync.paths)
          relation: {path: relation, as: key}   # options as keys instead of Chinese labels
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Literal

import yaml

from huoban_perf.core.errors import HuobanPerfError, Problem, TemplateError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.sync.paths import Path, parse_path

OptionForm = Literal["label", "key"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where it comes from, and whether options are written as labels or keys."""

    name: str
    path: Path
    options: OptionForm = "label"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMap:
    """One scoring input: its table, whether only the cycle's items count, and its columns."""

    frame: str
    table: str
    scoped: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ExtractMap:
    """All scoring inputs of an app."""

    frames: tuple[FrameMap, ...]

    def columns_by_table(self) -> dict[str, set[str]]:
        """Return table → field keys that any path reads."""
        used: dict[str, set[str]] = {}
        for frame in self.frames:
            used.setdefault(frame.table, set())
            for column in frame.columns:
                for table, field in column.path.columns(frame.table):
                    used.setdefault(table, set()).add(field)
        return used

    def scoped_tables(self) -> set[str]:
        """Return the tables of which only the cycle's items are read."""
        return {frame.table for frame in self.frames if frame.scoped}


def load_extract_map(file: FilePath, *, schema: DesiredSchema) -> ExtractMap:
    """Read an extract map and check every path against the schema.

    Args:
        file: ``extract.yaml``.
        schema: The app's schema.

    Returns:
        The checked map.

    Raises:
        TemplateError: All faults at once: bad YAML, unknown table, unknown key, bad path.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError("sync.extract_unreadable", facts={"file": str(file)}) from error
    problems: list[Problem] = []
    frames = tuple(_frames(content, schema, file, problems))
    if problems:
        raise TemplateError("sync.extract_invalid", facts={"file": str(file)}, problems=problems)
    return ExtractMap(frames)


def _frames(content: object, schema: DesiredSchema, file: FilePath, problems: list[Problem]) -> Iterator[FrameMap]:
    entries = content.get("frames") if isinstance(content, Mapping) else None
    known = {table.key for table in schema.tables}
    for name, entry in entries.items() if isinstance(entries, Mapping) else ():
        if (
            not isinstance(entry, Mapping)
            or set(entry) - {"table", "scope", "columns"}
            or entry.get("table") not in known
        ):
            problems.append(Problem(code="sync.extract_frame", facts={"frame": str(name)}, file=str(file)))
            continue
        columns = []
        for column, wish in dict(entry["columns"]).items():
            parts = wish if isinstance(wish, Mapping) else {"path": wish}
            try:
                path = parse_path(str(parts["path"]), table=entry["table"], schema=schema)
            except HuobanPerfError as error:
                where = f"{name}.{column}"
                problems.append(Problem(code=error.code, facts=error.facts, file=str(file), address=where))
                continue
            columns.append(Column(str(column), path, "key" if parts.get("as") == "key" else "label"))
        yield FrameMap(
            frame=str(name), table=entry["table"], scoped=entry.get("scope") == "cycle", columns=tuple(columns)
        )
