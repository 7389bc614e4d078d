"""Starter workbooks as bytes: the same input gives the same bytes, and no cell is ever a formula.

openpyxl stamps a workbook and every part of its archive with the clock, so the archive is packed again with a fixed
time. The first sheet is what the platform imports; the second tells a person what to check.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from huoban_perf.deploy import kind_name
from huoban_perf.documents.starters import SAMPLE_MARK, Cell, Starter, file_name

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

NOTES_TITLE = "说明"
"""Title of the second sheet; not to be imported."""

_FIXED_TIME = (2026, 1, 1, 0, 0, 0)
_FIXED_STAMP = b"2026-01-01T00:00:00Z"
_STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")
_LONGEST_TITLE = 28
_NARROWEST, _WIDEST = 24, 40
_SAMPLE = PatternFill("solid", fgColor="FFF2CC")
_HEAD = PatternFill("solid", fgColor="DDEBF7")


def workbook_bytes(starter: Starter) -> bytes:
    """Return a starter as an Excel file.

    Args:
        starter: The workbook's content.

    Returns:
        The bytes of an ``.xlsx``.
    """
    book = Workbook()
    sheet: Worksheet = book.worksheets[0]
    title = file_name(starter.table)[:_LONGEST_TITLE]
    sheet.title = title if title != NOTES_TITLE else f"{title}_"
    for index, column in enumerate(starter.columns, start=1):
        _put(sheet, 1, index, column.header)
        sheet.cell(1, index).font, sheet.cell(1, index).fill = Font(bold=True), _HEAD
        for row, value in enumerate(column.cells, start=2):
            _put(sheet, row, index, value)
            sheet.cell(row, index).fill = _SAMPLE
            sheet.cell(row, index).number_format = column.number_format or "@"
        sheet.column_dimensions[get_column_letter(index)].width = min(
            _WIDEST, max(_NARROWEST, 2 * len(column.header) + 4)
        )
    sheet.freeze_panes = "A2"
    _write_notes(book.create_sheet(NOTES_TITLE), starter)
    return _packed(book)


def _write_notes(sheet: Worksheet, starter: Starter) -> None:
    for row, cells in enumerate(_notes(starter), start=1):
        for index, value in enumerate(cells, start=1):
            _put(sheet, row, index, value)
            sheet.cell(row, index).alignment = Alignment(vertical="top", wrap_text=len(cells) > 1)
    for letter, width in zip("ABC", (26, 18, 70), strict=True):
        sheet.column_dimensions[letter].width = width


def _notes(starter: Starter) -> Iterator[tuple[str, ...]]:
    yield (f"表「{starter.table}」: 用「从 Excel 导入创建表格」, 只导入第一个工作表; 本页不要导入.",)
    yield ("第一行是字段名, 不要改动. 导入时逐列核对类型, 应为下表所列; 类型不对的列, 删掉该字段后手工新建.",)
    yield (f"黄色各行是示例数据 (文字里写着「{SAMPLE_MARK}」), 只为让平台认出类型和选项; 导入后全部删除.",)
    yield ("",)
    yield ("字段名", "类型", "选项, 依次为")
    for column in starter.columns:
        options = dict.fromkeys(str(cell) for cell in column.cells) if column.field.options else {}
        yield (column.header, kind_name(column.field.kind, "zh"), "\n".join(options))
    if starter.by_hand:
        yield ("",)
        yield ("导入不能带来、须手工新建的字段",)
        yield from ((missing.name, kind_name(missing.kind, "zh")) for missing in starter.by_hand)


def _put(sheet: Worksheet, row: int, column: int, value: Cell) -> None:
    """Set a cell; a text that begins like a formula stays a text."""
    cell = sheet.cell(row, column)
    if value == "":
        return
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
    else:
        cell.value = value


def _packed(book: Workbook) -> bytes:
    stamped, packed = io.BytesIO(), io.BytesIO()
    book.save(stamped)
    with zipfile.ZipFile(stamped) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "docProps/core.xml":
                content = _STAMP.sub(rb"\g<1>" + _FIXED_STAMP, content)
            fixed = zipfile.ZipInfo(entry.filename, _FIXED_TIME)
            fixed.external_attr = 0o600 << 16
            target.writestr(fixed, content, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()
