"""Extract: read the workspace once, keep what was read, and lay it out as the scoring inputs of score-files.md.

The stored extract is what is scored, what ``score run --from`` accepts, and what a replay reads: one CSV a frame,
UTF-8, English headers, empty = missing.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from huoban_perf.core.equality import is_empty
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.schema import CHOICE_KINDS, DesiredSchema, FieldSpec, TableSpec
from huoban_perf.core.values import CHINA, Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.extract_map import Column, ExtractMap, FrameMap, Rated, Rises, Scope
from huoban_perf.sync.paths import PathReader
from huoban_perf.sync.snapshot import TableRows, read_table
from huoban_perf.sync.stretch_rules import settle
from huoban_perf.sync.stretches import NEEDED as SERVICE_FIELDS
from huoban_perf.sync.stretches import TABLE as SERVICE_TABLE

FORMS_TABLE = "review_task"
"""The table whose items are rating forms. Source: data-model.md §2 评估."""

RESULT_TABLES = frozenset({"score_result"})
"""Tables that scoring fills, keyed by cycle; read to be compared, not to be scored."""

_ALL_BUT_A_FIFTH = (4, 5)
"""When the cycle holds at least this share of a table, the whole table is read: a plain walk is cheaper for the server
than a substring filter on every page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from the workspace.

    Attributes:
        tables: Table key → rows.
        rows_read: Table key → rows received, for the cost report.
        cycle: 周期名称.
    """

    cycle: str
    tables: Mapping[str, TableRows]
    rows_read: Mapping[str, int]


def read_workspace(
    app: DeployedApp,
    *,
    extract_map: ExtractMap,
    cycle: str,
    also: Mapping[str, Sequence[str]] | None = None,
) -> Reading:
    """Read every table that scoring needs, once.

    Args:
        app: Where to read.
        extract_map: Which fields are needed.
        cycle: 周期名称; tables scoped to the cycle give only its items.
        also: Further tables and fields to read, for example the result table; an empty list means all fields.

    Returns:
        The rows.
    """
    columns = {table: set(fields) for table, fields in extract_map.columns_by_table().items()}
    if SERVICE_TABLE in columns:
        for table, needed_for_service in SERVICE_FIELDS.items():
            columns.setdefault(table, set()).update(needed_for_service)
    whole = {table for table, fields in (also or {}).items() if not fields}
    for table, fields in (also or {}).items():
        columns.setdefault(table, set()).update(fields)
    columns.setdefault(FORMS_TABLE, set()).update(
        field.address.key for field in criterion_fields(app.schema.table(FORMS_TABLE))
    )
    scoped = extract_map.cycle_tables() | RESULT_TABLES
    tables: dict[str, TableRows] = {}
    for spec in app.schema.tables:
        if spec.key in columns:
            needed = None if spec.key in whole else sorted(columns[spec.key])
            rows = TableRows(table=spec, columns=needed)
            if spec.key in scoped and spec.key_field == "natural_key":
                tables[spec.key] = _read_cycle(app, rows, cycle)
            else:
                tables[spec.key] = read_table(app, table=spec, columns=needed)
            tables[spec.key].check_keys()
    return Reading(cycle=cycle, tables=tables, rows_read={key: len(rows) for key, rows in tables.items()})


def _read_cycle(app: DeployedApp, rows: TableRows, cycle: str) -> TableRows:
    """Read the items of one cycle, choosing the cheaper walk by what the first page says."""
    table = rows.table
    within = Condition("natural_key", Operator.ANY_OF, (f"[{cycle}|",))
    for page in app.connection.item_source.scan(query=ItemQuery(table=table, filter=within), bindings=app.bindings):
        most, of = _ALL_BUT_A_FIFTH
        if page.filtered > len(page.items) + len(rows) and page.filtered * of >= page.total * most:
            everything = read_table(app, table=table, columns=rows.columns)
            return everything.only(lambda key: key.startswith(f"[{cycle}|"))
        for item in page.items:
            rows.add(item)
        if page.filtered:
            app.progress("progress.read", subject=table.labels.zh, done=len(rows), total=page.filtered)
    return rows


def write_frames(reading: Reading, *, schema: DesiredSchema, extract_map: ExtractMap, folder: Path) -> dict[str, int]:
    """Lay the reading out as CSV files.

    Args:
        reading: What was read.
        schema: The app's schema.
        extract_map: Which field feeds which column.
        folder: Where ``<frame>.csv`` is written.

    Returns:
        Frame → rows written; ``ratings`` and ``criteria`` come from the criterion fields of the forms.
    """
    reader = PathReader(tables=reading.tables)
    counts: dict[str, int] = {}
    settlers = _settlers(reading)
    for frame in extract_map.frames:
        header = [column.name for column in frame.columns]
        rows = _frame_rows(frame, reading, schema, reader, settlers.get(frame.frame))
        counts[frame.frame] = _save(folder / f"{frame.frame}.csv", header, rows)
    asked = sorted(extract_map.criteria, key=lambda entry: (entry.form, entry.criterion))
    is_equal = len({entry.weight for entry in asked}) <= 1
    counts["criteria"] = _save(
        folder / "criteria.csv",
        ("form", "criterion", "weight"),
        ([entry.form, entry.criterion, "" if is_equal else format(entry.weight, "f")] for entry in asked),
    )
    items = {column.rated.points for frame in extract_map.frames for column in frame.columns if column.rated}
    criteria = [field for field in criterion_fields(schema.table(FORMS_TABLE)) if field.address.key not in items]
    counts["ratings"] = _save(
        folder / "ratings.csv", ("task_no", "criterion", "score", "na"), _ratings(reading.tables[FORMS_TABLE], criteria)
    )
    return counts


def criterion_fields(table: TableSpec) -> tuple[FieldSpec, ...]:
    """Return the fields of a table whose options carry points: the rating criteria."""
    return tuple(
        field
        for field in table.fields
        if field.kind in CHOICE_KINDS and any(option.points is not None for option in field.options)
    )


def _ratings(forms: TableRows, criteria: Sequence[FieldSpec]) -> Iterator[list[str]]:
    points = {field.address.key: {option.address.key: option.points for option in field.options} for field in criteria}
    key_field = forms.table.key_field or ""
    for row in forms:
        task = str(forms.value(row, key_field))
        for criterion, by_option in points.items():
            answer = forms.value(row, criterion)
            if isinstance(answer, str):
                score = by_option.get(answer)
                yield [task, criterion, score or "", "" if score is not None else "是"]


Settler = Callable[[int, Sequence[str], Sequence[str]], list[str] | None]
"""Row index, cells and header → the cells to write, or None for none."""


def _settlers(reading: Reading) -> dict[str, Settler]:
    """Return frame → what 任职记录 change in it; nothing in an app that has none."""
    if SERVICE_TABLE not in reading.tables:
        return {}
    cycle = reading.tables["cycle"].row_of_key(reading.cycle)
    if cycle is None:
        return {}
    settled = settle(reading.tables, cycle)
    return {"assignments": settled.record, "appraisals": settled.sheet}


def _frame_rows(
    frame: FrameMap, reading: Reading, schema: DesiredSchema, reader: PathReader, settler: Settler | None
) -> Iterator[list[str]]:
    header = [column.name for column in frame.columns]
    rows = reading.tables[frame.table]
    writers = [
        _compared(column.rises, rows)
        if column.rises is not None
        else _rated(column.rated, rows, reading.tables[column.rated.table], schema)
        if column.rated is not None
        else _cell_writer(column, frame.table, rows, schema, reader)
        for column in frame.columns
    ]
    key_field = rows.table.key_field or ""
    for row in rows:
        if frame.scope is Scope.SELF and rows.value(row, key_field) != reading.cycle:
            continue
        if any(rows.value(row, field) not in options for field, options in frame.only.items()):
            continue
        cells = [write(row) for write in writers]
        settled = cells if settler is None else settler(row, cells, header)
        if settled is not None:
            yield settled


def _compared(rises: Rises, rows: TableRows) -> Callable[[int], str]:
    """Return the writer of a word that says whether one number of the row is at least another; empty without both."""

    def write(row: int) -> str:
        first, second = rows.value(row, rises.from_), rows.value(row, rises.to)
        if not isinstance(first, Decimal) or not isinstance(second, Decimal):
            return rises.yes
        return rises.yes if second >= first else rises.no

    return write


def _rated(rated: Rated, rows: TableRows, raters: TableRows, schema: DesiredSchema) -> Callable[[int], str]:
    """Return the writer of the points that a submitted row of another table gives to what this row belongs to."""
    options = schema.table(rated.table).field(rated.points).options
    points = {option.address.key: option.points for option in options}
    given: dict[Value, str] = {}
    for row in raters:
        if raters.value(row, "status") == "submitted" and raters.value(row, rated.where) == rated.is_:
            answer = raters.value(row, rated.points)
            given[raters.value(row, rated.by)] = (points.get(answer) if isinstance(answer, str) else None) or ""
    return lambda row: given.get(rows.value(row, rated.by), "")


def _cell_writer(
    column: Column, table: str, rows: TableRows, schema: DesiredSchema, reader: PathReader
) -> Callable[[int], str]:
    """Return the function that writes one cell of a column, with everything looked up beforehand."""
    labels = {**({} if column.by_key else _labels(column, table, schema)), **column.words}
    path, instead, present = column.path, column.instead, column.present
    if path is None:
        parts = tuple(column.join.items())
        return lambda row: ";".join(
            f"{name}={_one_line(text)}"
            for name, part in parts
            if (text := as_text(reader.read(part, table=table, row=row), labels=labels))
        )
    if present is not None:
        yes, no = present
        return lambda row: no if is_empty(reader.read(path, table=table, row=row)) else yes
    if instead is not None:
        return lambda row: (
            instead.write
            if rows.value(row, instead.when) == instead.option
            else as_text(reader.read(path, table=table, row=row), labels=labels)
        )
    return lambda row: as_text(reader.read(path, table=table, row=row), labels=labels)


def _one_line(text: str) -> str:
    return ",".join(line.strip() for line in text.splitlines() if line.strip())


def _labels(column: Column, table: str, schema: DesiredSchema) -> dict[str, str]:
    """Return option key → Chinese label, for the field each alternative of a column ends in."""
    names: dict[str, str] = {}
    for path in column.paths():
        for steps in path.alternatives:
            if isinstance(steps, str):
                continue
            here = table
            for step in steps[:-1]:
                here = step.table or here
            options = schema.table(here).field(steps[-1].field).options
            names.update({option.address.key: option.labels.zh for option in options})
    return names


def as_text(value: Value, *, labels: Mapping[str, str]) -> str:
    """Return a neutral value as the text of a CSV cell.

    Args:
        value: The value.
        labels: Option key → text, for choice fields.

    Returns:
        The text; empty for an empty cell; numbers exact; dates ISO; switches 是 or 否; several values joined by ``;``.
    """
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        case date():
            return value.isoformat()
        case tuple():
            return ";".join(labels.get(part, part) for part in value)
        case str():
            return labels.get(value, value)
        case _:
            return str(value)


def _save(file: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    count = 0
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count
