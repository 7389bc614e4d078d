from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import PurePosixPath

import pytest
from openpyxl import Workbook, load_workbook

from huoban_perf.core.schema import DesiredSchema, FieldKind
from huoban_perf.documents.starters import SAMPLE_MARK, file_name, starter_of
from huoban_perf.documents.workbooks import NOTES_TITLE, workbook_bytes
from tests.unit.deploy.wishes import company, make_field, make_option, make_schema, make_table
from tests.unit.documents.wishes import FORMULA, SCRIPT, app, hostile, whole


def opened(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def every_kind() -> DesiredSchema:
    options = tuple(make_option("t", "choice", f"o{number}", f"选项{number}") for number in range(5))
    fields = [
        make_field("t", kind.value, f"字段 {kind.value}", kind, decimals=2 if kind is FieldKind.MONEY else None)
        for kind in FieldKind
        if kind not in {FieldKind.CHOICE, FieldKind.CHOICES}
    ]
    return make_schema(
        make_table("t", "全部类型", *fields, make_field("t", "choice", "选", FieldKind.CHOICE, options=options))
    )


@pytest.mark.parametrize("desired", [app(), company(), every_kind()], ids=["app", "circle", "kinds"])
def test_workbook_of_each_table_has_exact_headers_and_all_options(desired: DesiredSchema) -> None:
    guide = whole(desired)
    for table in desired.tables:
        (starter,) = [found for found in guide.starters if found.table == table.labels.zh]
        book = opened(workbook_bytes(starter))
        sheet, notes = book.worksheets
        assert notes.title == NOTES_TITLE
        header, *rows = sheet.iter_rows(values_only=True)
        by_name = {field.labels.zh: field for field in table.fields}
        assert set(header) | {missing.name for missing in starter.by_hand} == set(by_name)
        assert list(header) == [name for name in by_name if name in header]
        for index, name in enumerate(header):
            values = [row[index] for row in rows]
            assert None not in values
            options = [option.labels.zh for option in by_name[str(name)].options]
            assert not options or list(dict.fromkeys(values)) == options
            assert not by_name[str(name)].unique or len(set(values)) == len(values)


def test_cells_tell_the_type_of_each_column() -> None:
    (starter,) = whole(every_kind()).starters
    sheet = opened(workbook_bytes(starter)).worksheets[0]
    cells = {str(sheet.cell(1, index).value): sheet.cell(2, index) for index in range(1, sheet.max_column + 1)}
    found = {name.removeprefix("字段 "): (cell.data_type, cell.number_format) for name, cell in cells.items()}
    assert found == {
        "text": ("s", "@"),
        "text_long": ("s", "@"),
        "number": ("n", "0"),
        "money": ("n", "#,##0.00"),
        "percent": ("n", "0%"),
        "phone": ("s", "@"),
        "email": ("s", "@"),
        "date": ("d", "yyyy-mm-dd"),
        "datetime": ("d", "yyyy-mm-dd hh:mm"),
        "选": ("s", "@"),
    }
    assert cells["字段 percent"].value == 0.1
    assert cells["字段 datetime"].value == datetime.datetime(2026, 1, 15, 9, 30)


def test_sample_rows_are_marked_and_the_notes_say_so() -> None:
    starter = whole(app()).starters[0]
    book = opened(workbook_bytes(starter))
    sheet, notes = book.worksheets
    assert all(str(row[0]).startswith(SAMPLE_MARK) for row in sheet.iter_rows(min_row=2, values_only=True))
    assert {sheet.cell(row, 1).fill.fgColor.rgb for row in range(2, sheet.max_row + 1)} == {"00FFF2CC"}
    said = [cell for row in notes.iter_rows(values_only=True) for cell in row if cell]
    assert any("全部删除" in str(cell) for cell in said)
    assert {"部门名称", "单行文本", "上级部门", "关联数据"} <= set(said)


def test_text_that_begins_like_a_formula_stays_text() -> None:
    starter = next(found for found in whole(hostile()).starters if found.table == SCRIPT)
    for sheet in opened(workbook_bytes(starter)).worksheets:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    sheet = opened(workbook_bytes(starter)).worksheets[0]
    assert sheet.cell(1, 1).value == FORMULA
    assert FORMULA in [sheet.cell(row, 2).value for row in range(2, sheet.max_row + 1)]


def test_file_names_stay_in_their_folder_and_apart() -> None:
    for desired in (app(), hostile()):
        paths = [starter.path for starter in whole(desired).starters]
        assert len(paths) == len(set(paths))
        assert {PurePosixPath(path).parent.as_posix() for path in paths} == {"excel"}
    assert file_name("../../etc/passwd") == "_.._etc_passwd"
    assert [file_name(text) for text in ("", "...", "a\tb", "员工/部门")] == ["_", "_", "a_b", "员工_部门"]
    assert len(file_name("长" * 300)) == 80


def test_long_and_reserved_titles_are_taken_by_excel() -> None:
    for name in ("很长的表名" * 20, NOTES_TITLE, "[甲]:乙", "'"):
        table = make_table("t", name, make_field("t", "x", "字\x07段"))
        starter = starter_of(table, number=1, names="zh")
        assert starter is not None
        book = opened(workbook_bytes(starter))
        assert len(book.sheetnames) == 2
        assert book.worksheets[0].cell(1, 1).value == "字段"


def test_table_without_importable_field_has_no_workbook() -> None:
    table = make_table(
        "t", "表", make_field("t", "m", "人", FieldKind.MEMBER), make_field("t", "c", "选", FieldKind.CHOICE)
    )
    assert starter_of(table, number=1, names="zh") is None


def test_same_input_gives_the_same_bytes_without_a_clock() -> None:
    starter = whole(app()).starters[5]
    content = workbook_bytes(starter)
    assert content == workbook_bytes(starter)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2026, 1, 1, 0, 0, 0)}
    properties = opened(content).properties
    assert properties.created == properties.modified == datetime.datetime(2026, 1, 1)
