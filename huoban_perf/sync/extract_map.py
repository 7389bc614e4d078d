"""The extract map: which field of the workspace feeds which column of which scoring input.

Read from ``extract.yaml`` of a template; its head lists the forms a column may take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from huoban_perf.core.errors import HuobanPerfError, Problem, TemplateError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.sync.paths import Path, parse_path
from huoban_perf.template import AppTemplate


class Scope(StrEnum):
    """Which items of a table count: all, those whose natural key begins with ``[<cycle>|``, or the cycle's own."""

    ALL = "all"
    CYCLE = "cycle"
    SELF = "self"


class Instead(BaseModel):
    """Another word when a field of the same row holds a certain option."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    when: str
    option: str
    write: str


class _ColumnText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = ""
    as_: Literal["label", "key"] = "label"
    words: dict[str, str] = {}
    instead: dict[str, str] | None = None
    present: dict[str, str] | None = None
    join: dict[str, str] = {}


class _FrameText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    scope: Scope = Scope.ALL
    columns: dict[str, str | dict[str, object]]


class _MapText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    frames: dict[str, _FrameText]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a frame.

    Attributes:
        name: English column name.
        path: Where the value is; None for a joined column.
        by_key: Options by key instead of by Chinese label.
        words: Option key → word, before anything else.
        instead: Another word on a condition.
        present: Words for *leads somewhere* and *leads nowhere*, or None.
        join: Name → path, joined as ``name=value;…``.
    """

    name: str
    path: Path | None
    by_key: bool
    words: Mapping[str, str]
    instead: Instead | None
    present: tuple[str, str] | None
    join: Mapping[str, Path]

    def paths(self) -> Iterator[Path]:
        """Yield every path the column reads."""
        if self.path is not None:
            yield self.path
        yield from self.join.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMap:
    """One scoring input: its table, which items count, and its columns."""

    frame: str
    table: str
    scope: Scope
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class FormCriterion:
    """One criterion asked on one kind of form (a rater relation); equal weights are all 1."""

    form: str
    criterion: str
    weight: Decimal


@dataclass(frozen=True, slots=True)
class ExtractMap:
    """All scoring inputs of an app: the frames read from tables, and what each kind of form asks."""

    frames: tuple[FrameMap, ...]
    criteria: tuple[FormCriterion, ...]

    def columns_by_table(self) -> dict[str, set[str]]:
        """Return table → field keys that any path reads."""
        used: dict[str, set[str]] = {}
        for frame in self.frames:
            fields = used.setdefault(frame.table, set())
            for column in frame.columns:
                if column.instead is not None:
                    fields.add(column.instead.when)
                for path in column.paths():
                    for table, field in path.columns(frame.table):
                        used.setdefault(table, set()).add(field)
        return used

    def cycle_tables(self) -> set[str]:
        """Return the tables of which only the cycle's items are read."""
        return {frame.table for frame in self.frames if frame.scope is Scope.CYCLE}


def extract_map_of(template: AppTemplate, schema: DesiredSchema) -> ExtractMap:
    """Return the extract map of a template and its parameters.

    Args:
        template: The loaded template.
        schema: What it compiles to.

    Returns:
        The checked map.

    Raises:
        TemplateError: ``extract.yaml`` has mistakes; all are listed.
    """
    criteria = tuple(
        FormCriterion(relation, criterion.key, criterion.weight)
        for criterion in template.parameters.model.criteria
        for relation in criterion.relations
    )
    return load_extract_map(template.folder / "extract.yaml", schema=schema, criteria=criteria)


def load_extract_map(file: FilePath, *, schema: DesiredSchema, criteria: tuple[FormCriterion, ...]) -> ExtractMap:
    """Read an extract map and check every path against the schema.

    Args:
        file: ``extract.yaml``.
        schema: The app's schema.
        criteria: What each kind of form asks, from the company's parameters.

    Returns:
        The checked map.

    Raises:
        TemplateError: All faults at once: bad YAML, unknown table, unknown key, bad path.
    """
    try:
        text = _MapText.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError("sync.extract_unreadable", facts={"file": str(file)}) from error
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        raise TemplateError(
            "sync.extract_invalid",
            facts={"file": str(file)},
            problems=[
                Problem(
                    code="sync.extract_key",
                    facts={"reason": fault["msg"]},
                    file=str(file),
                    address=".".join(str(part) for part in fault["loc"]),
                )
                for fault in faults
            ],
        ) from error
    problems: list[Problem] = []
    frames = tuple(_frame(name, frame, schema, file, problems) for name, frame in text.frames.items())
    if problems:
        raise TemplateError("sync.extract_invalid", facts={"file": str(file)}, problems=problems)
    return ExtractMap(frames, criteria)


def _frame(name: str, text: _FrameText, schema: DesiredSchema, file: FilePath, problems: list[Problem]) -> FrameMap:
    columns: list[Column] = []
    for column, wish in text.columns.items():
        try:
            columns.append(_column(column, wish, table=text.table, schema=schema))
        except HuobanPerfError as error:
            where = f"{name}.{column}"
            problems.append(Problem(code=error.code, facts=error.facts, file=str(file), address=where))
    return FrameMap(frame=name, table=text.table, scope=text.scope, columns=tuple(columns))


def _column(name: str, wish: str | dict[str, object], *, table: str, schema: DesiredSchema) -> Column:
    entry = {"path": wish} if isinstance(wish, str) else {("as_" if key == "as" else key): wish[key] for key in wish}
    try:
        text = _ColumnText.model_validate(entry)
        instead = (
            Instead(when=text.instead["when"], option=text.instead["is"], write=text.instead["write"])
            if text.instead
            else None
        )
        present = (text.present["yes"], text.present["no"]) if text.present else None
    except (ValidationError, KeyError) as error:
        raise TemplateError("sync.extract_column", facts={"column": name}) from error
    return Column(
        name=name,
        path=parse_path(text.path, table=table, schema=schema) if text.path else None,
        by_key=text.as_ == "key",
        words=text.words,
        instead=instead,
        present=present,
        join={part: parse_path(path, table=table, schema=schema) for part, path in text.join.items()},
    )
