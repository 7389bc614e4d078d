"""The extract map: which field of the workspace feeds which column of which scoring input.

Read from ``extract.yaml`` of a template; its head lists the forms a column may take.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from huoban_perf.core.errors import FactValue, HuobanPerfError, Problem, TemplateError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.sync.paths import Path, parse_path
from huoban_perf.template import AppTemplate
from huoban_perf.template.faults import shape_problems
from huoban_perf.template.locate import find_included
from huoban_perf.template.yaml_text import Mapped, line_of, read_yaml


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


class Rises(BaseModel):
    """Whether one number of the row is at least another, as two words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_: str = Field(alias="from")
    to: str
    yes: str
    no: str


class Rated(BaseModel):
    """Points that a row of another table gives: the submitted form of a certain kind about the same thing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    by: str
    where: str
    is_: str = Field(alias="is")
    points: str


class _ColumnText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str = ""
    rises: Rises | None = None
    rated: Rated | None = None
    as_: Literal["label", "key"] = "label"
    words: dict[str, str] = {}
    instead: dict[str, str] | None = None
    present: dict[str, str] | None = None
    join: dict[str, str] = {}


class _FrameText(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    table: str
    scope: Scope = Scope.ALL
    only: dict[str, tuple[str, ...]] = {}
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
        rises: Two numbers compared, or None.
        rated: Points of another table's row, or None.
    """

    name: str
    path: Path | None
    by_key: bool
    words: Mapping[str, str]
    instead: Instead | None
    present: tuple[str, str] | None
    join: Mapping[str, Path]
    rises: Rises | None = None
    rated: Rated | None = None

    def paths(self) -> Iterator[Path]:
        """Yield every path the column reads."""
        if self.path is not None:
            yield self.path
        yield from self.join.values()


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameMap:
    """One scoring input: its table, which items count (``only``: field → option keys), and its columns."""

    frame: str
    table: str
    scope: Scope
    columns: tuple[Column, ...]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FormCriterion:
    """One criterion asked on one kind of form (a rater relation); equal weights are all 1."""

    form: str
    criterion: str
    weight: Decimal


@dataclass(frozen=True, slots=True)
class ExtractMap:
    """All scoring inputs of an app.

    Attributes:
        frames: Inputs read from tables.
        criteria: What each kind of form asks.
        pass_grade: Name of the grade that counts as 合格 (data-model.md §3), or empty for the scheme's default.
        scheme: The template's scheme document where the app has no tables for schemes, else None.
    """

    frames: tuple[FrameMap, ...]
    criteria: tuple[FormCriterion, ...]
    pass_grade: str = ""
    scheme: Mapping[str, object] | None = None

    def columns_by_table(self) -> dict[str, set[str]]:
        """Return table → field keys that any path reads."""
        used: dict[str, set[str]] = {}
        for frame in self.frames:
            fields = used.setdefault(frame.table, set())
            fields.update(frame.only)
            for column in frame.columns:
                if column.instead is not None:
                    fields.add(column.instead.when)
                if column.rises is not None:
                    fields |= {column.rises.from_, column.rises.to}
                if column.rated is not None:
                    fields.add(column.rated.by)
                    rated = used.setdefault(column.rated.table, set())
                    rated |= {column.rated.by, column.rated.where, column.rated.points, "status"}
                for path in column.paths():
                    for table, key in path.columns(frame.table):
                        used.setdefault(table, set()).add(key)
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
    passing = template.parameters.model.passing
    names = {option.key: option.zh for option in template.parameters.model.grades}
    file, own = _file_of(template)
    found = load_extract_map(file, schema=schema, criteria=criteria, own=own)
    has_schemes = any(table.key == "scheme" for table in schema.tables)
    return replace(
        found,
        pass_grade=names[passing.grade] if passing is not None else "",
        scheme=None if has_schemes else template.scheme,
    )


def _file_of(template: AppTemplate) -> tuple[FilePath, bool]:
    """Return the template's map, else that of the first template it includes; and whether it is its own."""
    own = template.folder / "extract.yaml"
    included = (find_included(name, folder=template.folder) for name in template.app.model.include)
    borrowed = (folder / "extract.yaml" for folder in included if folder is not None)
    found = None if own.is_file() else next((file for file in borrowed if file.is_file()), None)
    return (own, True) if found is None else (found, False)


def load_extract_map(
    file: FilePath, *, schema: DesiredSchema, criteria: tuple[FormCriterion, ...], own: bool = True
) -> ExtractMap:
    """Read an extract map and check every path against the schema.

    Args:
        file: ``extract.yaml``.
        schema: The app's schema.
        criteria: What each kind of form asks, from the company's parameters.
        own: Whether the file is the app's own; what an included one says of tables and fields that the app leaves out
            is left out too.

    Returns:
        The checked map.

    Raises:
        TemplateError: All faults at once: bad YAML, unknown table, unknown key, bad path.
    """
    problems: list[Problem] = []
    frames: tuple[FrameMap, ...] = ()
    content = read_yaml(file, problems=problems, shown=str(file))
    if content is not None:
        try:
            text = _MapText.model_validate(content)
        except ValidationError as error:
            problems += shape_problems(error, kind=_MapText, text=content, shown=str(file))
        else:
            places = _Places(file=file, content=content, problems=problems if own else [])
            tables = {table.key for table in schema.tables}
            frames = tuple(
                _frame(name, frame, schema, places)
                for name, frame in text.frames.items()
                if own or frame.table in tables
            )
    if problems:
        raise TemplateError("sync.extract_invalid", facts={"file": str(file)}, problems=problems)
    return ExtractMap(frames, criteria)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where faults are found and kept."""

    file: FilePath
    content: Mapped
    problems: list[Problem]

    def note(self, error: HuobanPerfError, *, frame: str, column: str) -> None:
        """Keep one fault with its file and line."""
        place = ("frames", frame, column) if column == "only" else ("frames", frame, "columns", column)
        line = line_of(self.content, place)
        problem = Problem(
            code=error.code, facts=error.facts, file=str(self.file), line=line, address=f"{frame}.{column}"
        )
        self.problems.append(problem)


def _frame(name: str, text: _FrameText, schema: DesiredSchema, places: _Places) -> FrameMap:
    columns: list[Column] = []
    for column, wish in text.columns.items():
        try:
            columns.append(_column(column, wish, table=text.table, schema=schema))
        except HuobanPerfError as error:
            places.note(error, frame=name, column=column)
    for key, options in text.only.items():
        try:
            for option in options:
                _check_option(key, option, table=text.table, schema=schema)
        except HuobanPerfError as error:
            places.note(error, frame=name, column="only")
    return FrameMap(frame=name, table=text.table, scope=text.scope, columns=tuple(columns), only=text.only)


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
    if sum(map(bool, (text.path, text.join, text.rises, text.rated))) != 1:
        raise TemplateError("sync.extract_column", facts={"column": name})
    if instead is not None:
        _check_option(instead.when, instead.option, table=table, schema=schema)
    if text.rises is not None:
        _check_fields(table, (text.rises.from_, text.rises.to), schema)
    if text.rated is not None:
        _check_fields(table, (text.rated.by,), schema)
        _check_fields(text.rated.table, (text.rated.by, text.rated.points, "status"), schema)
        _check_option(text.rated.where, text.rated.is_, table=text.rated.table, schema=schema)
    return Column(
        name=name,
        path=parse_path(text.path, table=table, schema=schema) if text.path else None,
        by_key=text.as_ == "key",
        words=text.words,
        instead=instead,
        present=present,
        join={part: parse_path(path, table=table, schema=schema) for part, path in text.join.items()},
        rises=text.rises,
        rated=text.rated,
    )


def _check_fields(table: str, keys: tuple[str, ...], schema: DesiredSchema) -> None:
    for key in keys:
        parse_path(key, table=table, schema=schema)


def _check_option(key: str, option: str, *, table: str, schema: DesiredSchema) -> None:
    """Refuse a condition on a field or option that the table lacks; it would never hold, and nobody would notice."""
    _check_fields(table, (key,), schema)
    options = {one.address.key for one in schema.table(table).field(key).options}
    if option not in options:
        facts: dict[str, FactValue] = {"field": key, "option": option, "known": tuple(sorted(options))}
        raise TemplateError("sync.extract_option", facts=facts)
