"""Starter workbooks as data: which fields of a new table an Excel import can bring, and with which sample values.

A column's type is told to the import by its cells: text, numbers with a number format, real dates, and every option of
a choice at least once, in order. Kinds that no cell can tell (relations, members, computed fields, switches, ratings…)
are left to the page. How the platform tells types is not published.

Source: schema-plane.md §10 (import; per cent as 0.7), §17 (workbook import is inferred).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec

FOLDER = "excel"
"""Folder of the workbooks beside the page."""

SAMPLE_MARK = "示例, 导入后删除"
"""Stands in every text cell of a sample row."""

_FEWEST_ROWS = 3
_FIRST_DAY = date(2026, 1, 15)
_NOON = datetime(2026, 1, 15, 9, 30)  # noqa: DTZ001 - a cell of Excel has no zone
_LONGEST_NAME = 80
_UNSAFE = set("\\/:*?\"<>|[]'")

Cell = str | Decimal | date | datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field as a column.

    Attributes:
        field: The field.
        header: Exact name.
        number_format: Excel's format of its cells; empty for text.
        cells: One value a sample row.
    """

    field: FieldSpec
    header: str
    number_format: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A field that the workbook does not bring."""

    name: str
    kind: FieldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """The workbook of one table.

    Attributes:
        table: Name of the table.
        path: Where it lies beside the page.
        columns: In form order.
        by_hand: Fields that it does not bring.
    """

    table: str
    path: str
    columns: tuple[Column, ...]
    by_hand: tuple[Missing, ...]


def starter_of(table: TableSpec, *, number: int, names: Locale) -> Starter | None:
    """Return the workbook of a new table.

    Args:
        table: The table.
        number: Its place among the tables of the app, from 1; keeps file names apart.
        names: Language in which the app is deployed.

    Returns:
        The workbook; None when no field of the table can come from cells.
    """
    fields = table.fields
    brought = [field for field in fields if field.kind in _FORMATS and (field.options or not _is_choice(field))]
    missing = [field for field in fields if field not in brought]
    if not brought:
        return None
    rows = max([_FEWEST_ROWS, *(len(field.options) for field in brought)])
    name = table.labels.in_locale(names)
    return Starter(
        table=name,
        path=f"{FOLDER}/{number:02d}-{file_name(name)}.xlsx",
        columns=tuple(_column(field, rows, names) for field in brought),
        by_hand=tuple(Missing(name=field.labels.in_locale(names), kind=field.kind) for field in missing),
    )


def file_name(name: str) -> str:
    """Return a name that every file system and Excel take as a file or sheet.

    Args:
        name: Any text.

    Returns:
        The text with what is not allowed turned into ``_``; at most 80 characters, never empty.
    """
    safe = "".join("_" if letter in _UNSAFE or not letter.isprintable() else letter for letter in name)
    return safe.strip(" .")[:_LONGEST_NAME] or "_"


_FORMATS = {
    FieldKind.TEXT: "",
    FieldKind.TEXT_LONG: "",
    FieldKind.PHONE: "",
    FieldKind.EMAIL: "",
    FieldKind.CHOICE: "",
    FieldKind.CHOICES: "",
    FieldKind.NUMBER: "0",
    FieldKind.MONEY: "#,##0",
    FieldKind.PERCENT: "0%",
    FieldKind.DATE: "yyyy-mm-dd",
    FieldKind.DATETIME: "yyyy-mm-dd hh:mm",
}
"""Kinds that cells can tell, with Excel's number format before decimals."""


def _is_choice(field: FieldSpec) -> bool:
    return field.kind in {FieldKind.CHOICE, FieldKind.CHOICES}


def _column(field: FieldSpec, rows: int, names: Locale) -> Column:
    return Column(
        field=field,
        header=field.labels.in_locale(names),
        number_format=_number_format(field),
        cells=tuple(_cell(field, row, names) for row in range(rows)),
    )


def _number_format(field: FieldSpec) -> str:
    form = _FORMATS[field.kind]
    if field.kind in {FieldKind.NUMBER, FieldKind.MONEY} and field.decimals:
        return f"{form}.{'0' * field.decimals}"
    return form


def _cell(field: FieldSpec, row: int, names: Locale) -> Cell:
    number = row + 1
    match field.kind:
        case FieldKind.CHOICE | FieldKind.CHOICES:
            return field.options[row % len(field.options)].labels.in_locale(names)
        case FieldKind.NUMBER | FieldKind.MONEY:
            return Decimal(number) + (Decimal("0.5") if field.decimals else 0)
        case FieldKind.PERCENT:
            return Decimal(number % 10) / 10
        case FieldKind.DATE:
            return _FIRST_DAY + timedelta(days=row)
        case FieldKind.DATETIME:
            return _NOON + timedelta(days=row)
        case FieldKind.PHONE:
            return f"138{number:08d}"
        case FieldKind.EMAIL:
            return f"sample{number}@example.com"
        case FieldKind.TEXT_LONG:
            return f"{SAMPLE_MARK} {number}\n第二行"
        case _:
            return f"{SAMPLE_MARK} {number}"
