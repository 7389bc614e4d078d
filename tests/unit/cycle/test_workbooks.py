from __future__ import annotations

import stat
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import xlsxwriter
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from huoban_perf.cli.texts import messages
from huoban_perf.core.errors import SyncError, UnsafePlanError
from huoban_perf.cycle.work import carry_out
from huoban_perf.cycle.workbooks.incoming import columns_back
from huoban_perf.cycle.workbooks.outgoing import BOARDS
from huoban_perf.exchange import table_workbook_reading
from tests.unit.cycle.workbooks import bring, bring_in, cell_at, context_of, edit, export, faults, keep, put
from tests.unit.documents.released import released_office, scored_office
from tests.unit.sync.company import CYCLE, Office, schema

SOFFICE = which("soffice")
SHEET = "员工"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return released_office(tmp_path / "runs")


@pytest.fixture
def staff(office: Office, tmp_path: Path) -> Path:
    """All employees as a workbook."""
    return export(office, tmp_path / "staff.xlsx", "员工")


def test_every_table_goes_out_and_comes_back_without_a_difference(office: Office, tmp_path: Path) -> None:
    for table in schema().tables:
        keep(office, table.key, 12)
    for table in schema().tables:
        if table.key_field is None:
            continue
        found = bring(office, export(office, tmp_path / f"{table.key}.xlsx", table.key))
        assert (found.changes, found.conflicts, found.new_rows, found.problems) == ((), (), (), ()), table.key


def test_what_people_see_is_ready_to_work_in(office: Office, staff: Path) -> None:
    sheet = load_workbook(staff).worksheets[0]
    assert sheet.title == SHEET
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, sheet.max_column).column_letter}61"
    assert sheet.column_dimensions["A"].hidden
    assert sheet.protection.sheet
    assert not sheet.protection.autoFilter
    number, status, hired = (sheet[cell_at(sheet, "E036", name)] for name in ("工号", "在职状态", "入职日期"))
    assert (number.protection.locked, status.protection.locked) == (True, False)
    assert (status.value, hired.number_format, isinstance(hired.value, datetime)) == ("在职", "yyyy-mm-dd", True)
    rules = {rule.type: rule for rule in sheet.data_validations.dataValidation}
    assert {"list", "date"} <= set(rules)
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert any(status.coordinate in rule.sqref for rule in lists)
    assert load_workbook(staff)["_选项"].sheet_state == load_workbook(staff)["_基准"].sheet_state == "veryHidden"
    assert stat.S_IMODE(staff.stat().st_mode) == 0o600


def test_action_fields_and_permission_columns_never_go_out(office: Office, tmp_path: Path) -> None:
    sheet = load_workbook(export(office, tmp_path / "a.xlsx", "绩效考核单")).worksheets[0]
    headers = {str(cell.value) for cell in sheet[1]}
    hidden = {field.labels.zh for field in schema().table("appraisal").fields if field.generated}
    assert hidden
    assert not hidden & headers


def test_changes_of_every_kind_are_read_as_meant(office: Office, staff: Path) -> None:
    put(
        staff,
        "E036",
        {
            "姓名": "梁磊磊",
            "在职状态": "停薪留职",
            "入职日期": date(2020, 2, 29),
            "账号": "张刚",
            "无账号": "是",
            "岗位": load_workbook(staff)
            .worksheets[0][cell_at(load_workbook(staff).worksheets[0], "E002", "岗位")]
            .value,
        },
    )
    found = bring(office, staff)
    assert found.problems == ()
    (row,) = found.draft.wishes[0].rows
    assert row.values == {
        "emp_no": "E036",
        "name": "梁磊磊",
        "employment_status": "leave",
        "hire_date": date(2020, 2, 29),
        "account": ("uE002",),
        "no_account": True,
        "position": office.row("employee", "E002")["position"],
    }
    shown = {change.column: (change.before, change.now, change.after) for change in found.changes}
    assert shown["姓名"] == ("梁磊", "梁磊", "梁磊磊")
    assert shown["在职状态"] == ("在职", "在职", "停薪留职")


def test_numbers_are_exact(office: Office, tmp_path: Path) -> None:
    keep(office, "goal", 40)
    key = _goal(office)
    office.row("goal", key)["status"] = "draft"
    file = put(export(office, tmp_path / "g.xlsx", "目标"), key, {"目标值": 0.1, "权重": 33.33})
    (row,) = bring(office, file).draft.wishes[0].rows
    assert row.values["target_value"] == Decimal("0.1")
    assert row.values["weight"] == Decimal("33.33")


def _goal(office: Office) -> str:
    return next(str(row["natural_key"]) for _, row in office.memory.items["goal"].values() if row.get("employee"))


def test_what_is_written_stands_and_a_second_run_writes_nothing(office: Office, staff: Path) -> None:
    put(staff, "E036", {"姓名": "梁磊磊", "职级": "P3"})
    before = office.content()
    report = bring_in(office, staff)
    assert report.changes == 1
    assert (office.row("employee", "E036")["name"], office.row("employee", "E036")["job_level"]) == ("梁磊磊", "p3")
    after = office.content()
    assert {table for table in after if after[table] != before.get(table)} == {"employee", "run_log"}
    again = bring(office, staff)
    assert (again.already, again.changes, again.conflicts) == (2, (), ())
    writes = office.memory.writes
    assert bring_in(office, staff).changes == 0
    assert office.memory.writes == writes


def test_a_killed_import_is_finished_by_running_it_again(
    office: Office, staff: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(staff, "E036", {"姓名": "梁磊磊"})
    put(staff, "E035", {"姓名": "周志强强"})
    submit = office.memory.submit

    class KilledError(BaseException):
        pass

    def half(*, batch: Any, bindings: Any) -> Any:
        if batch.table.key == "run_log":
            return submit(batch=batch, bindings=bindings)
        submit(batch=type(batch)(table=batch.table, mode=batch.mode, rows=batch.rows[:1]), bindings=bindings)
        raise KilledError

    monkeypatch.setattr(office.memory, "submit", half)
    with pytest.raises(KilledError):
        bring_in(office, staff)
    monkeypatch.setattr(office.memory, "submit", submit)
    assert bring(office, staff).already == 1
    bring_in(office, staff)
    assert {office.row("employee", number)["name"] for number in ("E035", "E036")} == {"梁磊磊", "周志强强"}


def test_what_only_the_workspace_changed_is_kept(office: Office, staff: Path) -> None:
    office.row("employee", "E036")["name"] = "梁大磊"
    put(staff, "E036", {"职级": "P3"})
    found = bring(office, staff)
    assert (found.conflicts, [change.column for change in found.changes]) == ((), ["职级"])
    bring_in(office, staff)
    assert office.row("employee", "E036")["name"] == "梁大磊"


def test_a_cell_changed_on_both_sides_is_a_conflict_with_all_three_values(office: Office, staff: Path) -> None:
    put(staff, "E036", {"姓名": "梁磊磊", "职级": "P3"})
    office.row("employee", "E036")["name"] = "梁大磊"
    found = bring(office, staff)
    (conflict,) = found.conflicts
    assert (conflict.row, conflict.column) == ("梁大磊", "姓名")
    assert (conflict.before, conflict.after, conflict.now) == ("梁磊", "梁磊磊", "梁大磊")
    sheet = load_workbook(staff).worksheets[0]
    assert conflict.place == f"{SHEET}!{cell_at(sheet, 'E036', '姓名')}"
    assert "name" not in found.draft.wishes[0].rows[0].values


def test_a_row_deleted_in_the_workspace_cannot_be_changed(office: Office, staff: Path) -> None:
    put(staff, "E036", {"姓名": "梁磊磊"})
    del office.memory.items["employee"][office.item("employee", "E036")]
    assert [code for code, _ in faults(bring(office, staff))] == ["workbook_row_gone"]


BAD: dict[str, tuple[Callable[[Worksheet], Any], str, str]] = {
    "header changed": (lambda s: s.__setitem__("D1", "名字"), "header_unknown", "员工!D1"),
    "column deleted": (lambda s: s.delete_cols(4), "header_missing", "员工!1:1"),
    "header twice": (lambda s: s.__setitem__("D1", s["C1"].value), "header_twice", "员工!D1"),
    "id column deleted": (lambda s: s.delete_cols(1), "header_missing", "员工!1:1"),
    "merged": (lambda s: s.merge_cells("D5:D7"), "cell_merged", "员工!D5:D7"),
    "formula": (lambda s: s.__setitem__("D5", '=CONCAT("梁","磊")'), "cell_formula", "员工!D5"),
    "error value": (lambda s: s.__setitem__("D5", "#N/A"), "cell_error", "员工!D5"),
    "unknown option": (lambda s: s.__setitem__("C5", "退休"), "cell_unknown_word", "员工!C5"),
    "unknown person": (lambda s: s.__setitem__("E5", "没有这个人"), "cell_unknown_word", "员工!E5"),
    "locked column": (lambda s: s.__setitem__("B5", "E999"), "cell_protected", "员工!B5"),
    "required emptied": (lambda s: s.__setitem__("D5", None), "workbook_required", "员工!D5"),
    "row deleted": (lambda s: s.delete_rows(5), "workbook_row_missing", ""),
    "row without id": (lambda s: s.__setitem__("A5", None), "workbook_key_taken", "员工!B5"),
    "unknown id": (lambda s: s.__setitem__("A5", "12345"), "row_unknown", "员工!A5"),
    "outside": (lambda s: s.__setitem__("ZZ5", "备注"), "cell_outside", "员工!ZZ5"),
    "text for yes": (lambda s: s.__setitem__("F5", "也许"), "cell_not_switch", "员工!F5"),
    "date for text": (lambda s: s.__setitem__("D5", datetime(2026, 1, 1)), "cell_not_text", "员工!D5"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_by_sheet_and_cell(office: Office, staff: Path, name: str) -> None:
    change, code, place = BAD[name]
    found = bring(office, edit(staff, change))
    assert (code, place) in faults(found)
    assert f"cycle.{code}" in messages() or f"exchange.{code}" in messages()


def test_dates_as_text_and_with_a_time_are_named(office: Office, staff: Path) -> None:
    put(staff, "E036", {"入职日期": "2026-07-01"})
    put(staff, "E035", {"入职日期": 45000})
    edit(staff, lambda sheet: setattr(sheet[cell_at(sheet, "E035", "入职日期")], "number_format", "General"))
    put(staff, "E034", {"入职日期": datetime(2026, 7, 1, 8)})
    codes = [code for code, _ in faults(bring(office, staff))]
    assert sorted(codes) == ["cell_has_time", "cell_not_date", "cell_not_date"]


def test_numbers_as_text_too_fine_or_out_of_bounds_are_named(office: Office, tmp_path: Path) -> None:
    keep(office, "goal", 20)
    keys = [str(row["natural_key"]) for _, row in office.memory.items["goal"].values()][:3]
    file = export(office, tmp_path / "g.xlsx", "目标")
    for key, value in zip(keys, ("三十", 33.333, 101), strict=True):
        put(file, key, {"权重": value})
    codes = [code for code, _ in faults(bring(office, file))]
    assert sorted(codes) == ["cell_bounds", "cell_decimals", "cell_not_number"]


def test_a_row_pasted_twice_names_both(office: Office, staff: Path) -> None:
    def paste(sheet: Worksheet) -> None:
        for place, cell in enumerate(sheet[5], 1):
            sheet.cell(9, place).value = cell.value

    found = bring(office, edit(staff, paste))
    (twice,) = [problem for problem in found.problems if problem.code == "exchange.row_twice"]
    assert (twice.address, twice.facts["first"]) == ("员工!A9", 5)


def test_all_problems_are_listed_at_once(office: Office, staff: Path) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["D5"], sheet["C6"], sheet["F7"] = "=1+1", "退休", "也许"
        sheet.merge_cells("D9:D10")

    assert len(bring(office, edit(staff, change)).problems) >= 4


def test_rows_left_out_on_purpose_are_left_alone(office: Office, staff: Path) -> None:
    put(staff, "E036", {"姓名": "梁磊磊"})
    edit(staff, lambda sheet: sheet.delete_rows(2, 10))
    assert len(bring(office, staff).problems) == 10
    found = bring(office, staff, is_partial=True)
    assert (found.problems, found.missing, len(found.changes)) == ((), 10, 1)


def test_rows_may_be_sorted_and_columns_moved(office: Office, staff: Path) -> None:
    put(staff, "E036", {"姓名": "梁磊磊"})

    def shuffle(sheet: Worksheet) -> None:
        rows = [[cell.value for cell in cells] for cells in sheet.iter_rows(max_row=61)]
        for line, row in enumerate([rows[0], *reversed(rows[1:])], 1):
            for place, value in enumerate([row[1], *row[2:], row[0]], 1):
                sheet.cell(line, place).value = value

    found = bring(office, edit(staff, shuffle))
    assert (found.problems, [change.after for change in found.changes]) == ((), ["梁磊磊"])


def test_a_new_person_is_made_once(office: Office, staff: Path) -> None:
    def add(sheet: Worksheet) -> None:
        line = next(row[0].row for row in sheet.iter_rows(min_row=2) if not row[1].value)
        template = cell_at(sheet, "E036", "岗位")
        columns = {cell.value: cell.column for cell in sheet[1]}
        for name, value in (
            ("工号", "E777"),
            ("姓名", "新人"),
            ("在职状态", "试用"),
            ("岗位", sheet[template].value),
            ("入职日期", datetime(2026, 9, 1)),
            ("参评方式", "不参评"),
        ):
            sheet.cell(line, columns[name]).value = value

    edit(staff, add)
    assert bring(office, staff).new_rows == ("E777",)
    assert bring_in(office, staff).changes == 1
    assert office.row("employee", "E777")["name"] == "新人"
    assert [code for code, _ in faults(bring(office, staff))] == ["workbook_key_taken"]


def test_a_new_row_without_what_a_form_requires_is_refused(office: Office, staff: Path) -> None:
    def add(sheet: Worksheet) -> None:
        line = next(row[0].row for row in sheet.iter_rows(min_row=2) if not row[1].value)
        sheet.cell(line, 2).value = "E777"

    codes = [code for code, _ in faults(bring(office, edit(staff, add)))]
    assert codes.count("workbook_required") >= 3


def test_rows_with_a_natural_key_are_not_made_in_a_workbook(office: Office, tmp_path: Path) -> None:
    keep(office, "goal", 20)
    file = export(office, tmp_path / "g.xlsx", "目标")
    edit(file, lambda sheet: sheet.cell(sheet.max_row + 1, 3, "新目标"))
    assert [code for code, _ in faults(bring(office, file))] == ["row_new"]


def test_a_confirmed_goal_is_changed_only_by_its_own_process(office: Office, tmp_path: Path) -> None:
    keep(office, "goal", 40)
    key = _goal(office)
    assert office.row("goal", key)["status"] == "confirmed"
    file = put(export(office, tmp_path / "g.xlsx", "目标"), key, {"目标值": 1})
    found = bring(office, file)
    assert [code for code, _ in faults(found)] == ["workbook_closed"]
    assert found.draft.wishes[0].rows == ()


def test_ratings_go_out_locked(office: Office, tmp_path: Path) -> None:
    keep(office, "review_task", 6)
    file = export(office, tmp_path / "r.xlsx", "评价任务")
    sheet = load_workbook(file).worksheets[0]
    assert all(cell.protection.locked for row in sheet.iter_rows(min_row=2, max_row=5) for cell in row)
    key = str(sheet["B2"].value)
    put(file, key, {"总评": "改一改"})
    assert [code for code, _ in faults(bring(office, file))] == ["cell_protected"]


def test_a_calibration_board_takes_grade_and_reason_only(tmp_path: Path) -> None:
    office = scored_office(tmp_path / "runs")
    file = export(office, tmp_path / "c.xlsx", "calibration", cycle=CYCLE, viewer="E036")
    sheet = load_workbook(file).worksheets[0]
    assert (sheet.freeze_panes, sheet.column_dimensions["B"].hidden) == ("D2", True)
    numbers = [str(row[1].value) for row in sheet.iter_rows(min_row=2)]
    assert len(numbers) == 57
    assert not [number for number in numbers if "E036" in number]
    key = f"[{CYCLE}|E035]"
    free = {sheet.cell(1, c.column).value for c in sheet[3] if not c.protection.locked}
    assert free == {"拟校准等级", "校准理由"}
    assert not {"同事分", "下级分", "客户分"} & {cell.value for cell in sheet[1]}
    put(file, key, {"拟校准等级": "A", "校准理由": "同岗对齐"})
    assert bring_in(office, file).changes == 1
    assert office.row("score_result", key)["proposed_grade"] == "a"


def test_a_released_result_takes_no_calibration_any_more(office: Office, tmp_path: Path) -> None:
    file = export(office, tmp_path / "all.xlsx", "核算结果", cycle=CYCLE)
    put(file, f"[{CYCLE}|E036]", {"拟校准等级": "S"})
    assert [code for code, _ in faults(bring(office, file))] == ["workbook_closed"]


def test_a_view_goes_out_with_its_rows_columns_and_order(tmp_path: Path) -> None:
    office = scored_office(tmp_path / "runs")
    sheet = load_workbook(export(office, tmp_path / "v.xlsx", "核算结果", view="边界名单")).worksheets[0]
    assert [cell.value for cell in sheet[1]][:4] == ["数据编号", "数据标识", "标题", "系统初评等级"]
    distances = [row[5].value for row in sheet.iter_rows(min_row=2)]
    assert distances == sorted(distances)
    assert all(abs(distance) <= 1 for distance in distances)
    with pytest.raises(SyncError) as caught:
        export(office, tmp_path / "m.xlsx", "绩效考核单", view="我的结果")
    assert caught.value.code == "cycle.workbook_view_of_me"


@pytest.mark.parametrize(
    ("what", "asked", "code"),
    [
        ("火星表", {}, "cycle.workbook_no_table"),
        ("员工", {"view": "没有"}, "cycle.workbook_no_view"),
        ("员工", {"cycle": CYCLE}, "cycle.workbook_not_by_cycle"),
        ("目标", {"cycle": "2030Q1"}, "sync.no_cycle"),
    ],
)
def test_what_cannot_go_out_is_one_clear_error(
    office: Office, tmp_path: Path, what: str, asked: dict[str, str], code: str
) -> None:
    with pytest.raises(SyncError) as caught:
        export(office, tmp_path / "x.xlsx", what, **asked)
    assert caught.value.code == code
    assert code in messages()
    assert not (tmp_path / "x.xlsx").exists()


def test_boards_name_fields_of_the_app() -> None:
    for board in BOARDS.values():
        known = {field.address.key for field in schema().table(board.table).fields}
        assert set(board.fields) <= known


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", "工号,姓名\nE001,x\n".encode()])
def test_what_is_no_workbook_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(content)
    with pytest.raises(SyncError) as caught:
        table_workbook_reading.read_origin(file)
    assert caught.value.code == "exchange.not_a_workbook"


def test_a_zip_that_is_no_workbook_is_said_to_be_none(tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "b")
    with pytest.raises(SyncError) as caught:
        table_workbook_reading.read_origin(file)
    assert caught.value.code == "exchange.not_a_workbook"


def test_a_workbook_of_somebody_else_has_no_baseline(tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    xlsxwriter.Workbook(file).close()
    with pytest.raises(SyncError) as caught:
        table_workbook_reading.read_origin(file)
    assert caught.value.code == "exchange.no_baseline"


@pytest.mark.parametrize(("cell", "old", "new"), [("C5", "~", "~别人 "), ("A1", "employee", "goal")])
def test_a_baseline_that_was_touched_is_refused(staff: Path, cell: str, old: str, new: str) -> None:
    book = load_workbook(staff)
    sheet = book["_基准"]
    sheet[cell] = str(sheet[cell].value).replace(old, new, 1)
    book.save(staff)
    with pytest.raises(SyncError) as caught:
        table_workbook_reading.read_origin(staff)
    assert caught.value.code == "exchange.baseline_changed"


def test_too_many_rows_are_refused_without_reading_them_all(
    office: Office, staff: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_workbook_reading, "MOST_ROWS", 20)
    found = bring(office, staff, is_partial=True)
    assert faults(found) == [("too_many_rows", "员工!22:22")]


ODD = {
    "formula": "=1+1",
    "at": "@SUM(A1)",
    "zeros": "007",
    "long number": "12345678901234567890",
    "spaces": "  两边有空格  ",
    "lines": "第一行\r\n第二行\n",
    "escape": "_x0041_",
    "control": "响铃\x07",
    "long": "长" * 33_000,
    "quotes": "'\"<&>",
    "emoji": "好👍",
    "date like": "2026-07-01",
}


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_come_back_as_they_went_out(office: Office, tmp_path: Path, name: str) -> None:
    office.row("appraisal", f"[{CYCLE}|E036]")["employee_comment"] = ODD[name]
    row = office.item("appraisal", f"[{CYCLE}|E036]")
    office.memory.items["appraisal"] = {row: office.memory.items["appraisal"][row]}
    file = export(office, tmp_path / "odd.xlsx", "绩效考核单")
    found = bring(office, file)
    assert (found.changes, found.problems) == ((), ())
    edit(file, lambda _: None)
    found = bring(office, file)
    assert (found.changes, found.problems) == ((), ())


def test_what_cannot_come_back_must_not_be_changed(office: Office, tmp_path: Path) -> None:
    office.row("appraisal", f"[{CYCLE}|E036]")["employee_comment"] = ODD["control"]
    file = put(export(office, tmp_path / "odd.xlsx", "绩效考核单"), f"[{CYCLE}|E036]", {"员工意见": "新的"})
    assert [code for code, _ in faults(bring(office, file))] == ["cell_fixed"]


def test_two_people_of_one_name_are_not_mixed_up(office: Office, tmp_path: Path) -> None:
    office.row("position", _first(office, "position"))["name"] = "同名岗位"
    office.row("position", _second(office, "position"))["name"] = "同名岗位"
    file = export(office, tmp_path / "s.xlsx", "员工")
    assert bring(office, file).problems == ()
    put(file, "E036", {"岗位": "同名岗位"})
    assert [code for code, _ in faults(bring(office, file))] == ["cell_unknown_word"]


def _first(office: Office, table: str) -> str:
    return str(next(iter(office.memory.items[table].values()))[1]["code"])


def _second(office: Office, table: str) -> str:
    return str(list(office.memory.items[table].values())[1][1]["code"])


def test_a_name_changed_in_the_workspace_is_no_fault_of_the_workbook(office: Office, staff: Path) -> None:
    for _, row in office.memory.items["position"].values():
        row["name"] = f"新{row['name']}"
    put(staff, "E036", {"姓名": "梁磊磊"})
    found = bring(office, staff)
    assert (found.problems, [change.column for change in found.changes]) == ((), ["姓名"])


def test_an_app_that_lost_a_column_says_so(office: Office, staff: Path) -> None:
    origin = replace(table_workbook_reading.read_origin(staff), columns=("emp_no", "shoe_size"))
    with pytest.raises(SyncError) as caught:
        columns_back(office.app, origin, members={})
    assert (caught.value.code, caught.value.facts["columns"]) == ("cycle.workbook_outdated", ("shoe_size",))


def test_a_change_of_most_rows_needs_consent(office: Office, staff: Path) -> None:
    def change(sheet: Worksheet) -> None:
        for line in range(2, 62):
            sheet[f"D{line}"] = f"{sheet[f'D{line}'].value}!"

    found = bring(office, edit(staff, change))
    with pytest.raises(UnsafePlanError):
        carry_out("import-workbook", lambda _: found.draft, context_of(office), apply=True)


def test_a_workbook_written_by_xlsxwriter_comes_back_whole(office: Office, staff: Path, tmp_path: Path) -> None:
    """Another library writes the same cells: dates as serial numbers with its own formats, strings shared."""
    put(staff, "E036", {"姓名": "梁磊磊", "入职日期": datetime(2021, 3, 1)})
    copy = tmp_path / "copy.xlsx"
    source = load_workbook(staff)
    with xlsxwriter.Workbook(copy, {"strings_to_formulas": False, "strings_to_numbers": False}) as book:
        day = book.add_format({"num_format": "yyyy/m/d"})
        for sheet in source.worksheets:
            target = book.add_worksheet(sheet.title)
            for row in sheet.iter_rows():
                for cell in row:
                    if isinstance(cell.value, datetime):
                        target.write_datetime(cell.row - 1, cell.column - 1, cell.value, day)
                    elif isinstance(cell.value, str):
                        target.write_string(cell.row - 1, cell.column - 1, cell.value)
                    elif cell.value is not None:
                        target.write(cell.row - 1, cell.column - 1, cell.value)
    found = bring(office, copy)
    assert found.problems == ()
    assert {(change.column, change.after[:10]) for change in found.changes} == {
        ("姓名", "梁磊磊"),
        ("入职日期", "2021-03-01"),
    }


@pytest.mark.skipif(SOFFICE is None, reason="no LibreOffice on this machine: apt-get install libreoffice-calc")
def test_a_workbook_saved_by_libreoffice_comes_back_whole(office: Office, tmp_path: Path) -> None:
    row = office.row("employee", "E036")
    row["name"] = "=1+1"
    office.row("appraisal", f"[{CYCLE}|E036]")["employee_comment"] = '第一行\n 第二行 "引号"'
    files = [export(office, tmp_path / f"{name}.xlsx", name) for name in ("employee", "appraisal", "goal", "metric")]
    put(files[0], "E035", {"姓名": "周志强强", "入职日期": datetime(2021, 3, 1)})
    saved = tmp_path / "saved"
    assert SOFFICE is not None
    command = [SOFFICE, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(saved), *(str(file) for file in files)]
    subprocess.run(command, capture_output=True, check=True, timeout=180)
    found = {file.stem: bring(office, saved / file.name) for file in files}
    assert {name: one.problems for name, one in found.items()} == dict.fromkeys(found, ())
    changed = {(change.column, change.after[:10]) for change in found["employee"].changes}
    assert changed == {("姓名", "周志强强"), ("入职日期", "2021-03-01")}
    assert [one.changes for name, one in found.items() if name != "employee"] == [(), (), ()]
    sheet = load_workbook(saved / "employee.xlsx").worksheets[0]
    assert sheet.protection.sheet
    assert sheet.data_validations.dataValidation
