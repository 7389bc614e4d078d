"""``report person|cycle``, ``export workbook`` and ``import workbook`` at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from huoban_perf.cli.exits import Exit
from tests.cli.desk import Desk, too_wide
from tests.unit.cycle.workbooks import cell_at, edit, put

CYCLE = "2026Q3"


def test_reports_and_workbooks_of_a_released_company(company: Desk, tmp_path: Path) -> None:
    """One walk, because making the company is what takes time."""
    _sheets(company, tmp_path)
    _report(company, tmp_path)
    _workbook(company, tmp_path)


def _sheets(company: Desk, tmp_path: Path) -> None:
    out = tmp_path / "sheets"
    said = company.run("report", "person", "E036", "E031", "--cycle", CYCLE, "--out", str(out))
    assert said.exit is Exit.DONE
    assert "个人结果单 2 份" in said.out
    assert sorted(file.name for file in out.iterdir()) == [f"{CYCLE}-E031.html", f"{CYCLE}-E036.html"]
    unknown = company.run("report", "person", "X1", "X2", "--cycle", CYCLE, "--out", str(out))
    assert unknown.exit is Exit.INVALID
    assert "X1" in unknown.err
    assert "X2" in unknown.err
    assert company.run("report", "person", "--cycle", CYCLE, "--out", str(out)).exit is Exit.INVALID
    both = company.run("report", "person", "E036", "--all", "--cycle", CYCLE, "--out", str(out))
    assert (both.exit, "三者选一" in both.err) == (Exit.INVALID, True)


def _report(company: Desk, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    said = company.run("report", "cycle", CYCLE, "--out", str(file), "--as", "manager", "--department", "研发部")
    assert said.exit is Exit.DONE
    assert "给研发部负责人" in said.out
    assert "华东销售部" not in file.read_text(encoding="utf-8")
    asked = ("report", "cycle", CYCLE, "--out", str(file))
    assert company.run(*asked, "--as", "manager").exit is Exit.INVALID
    assert company.run(*asked, "--as", "executive", "--fairness").exit is Exit.INVALID
    english = company.run("--lang", "en", *asked, "--as", "executive", "-o", "json")
    assert english.json["sections"][:2] == ["standing", "completion"]


def _workbook(company: Desk, tmp_path: Path) -> None:
    file = tmp_path / "staff.xlsx"
    said = company.run("export", "workbook", "员工", "--out", str(file))
    assert said.exit is Exit.DONE
    assert "「员工」60 行" in said.out
    assert [line for line in too_wide(said.out) if str(tmp_path) not in line] == []
    nothing = company.run("import", "workbook", str(file))
    assert (nothing.exit, "没有要写的" in nothing.out) == (Exit.DONE, True)
    put(file, "E036", {"姓名": "梁磊磊"})
    preview = company.run("import", "workbook", str(file))
    assert (preview.exit, too_wide(preview.out)) == (Exit.DONE, [])
    assert "梁磊磊" in preview.out
    assert "没有写入" in preview.out
    assert company.run("import", "workbook", str(file), "-o", "json").json["rows_pending"] == 1
    written = company.run("import", "workbook", str(file), "--yes")
    assert "已写入: 改 1 格" in written.out
    again = company.run("import", "workbook", str(file), "--yes", "-o", "json")
    assert (again.json["already"], again.json["rows_written"]) == (1, 0)
    put(file, "E036", {"姓名": "梁磊磊磊"})
    conflict = company.run("import", "workbook", str(file), "--yes")
    assert conflict.exit is Exit.REFUSED
    place = cell_at(load_workbook(file).worksheets[0], "E036", "姓名")
    assert f"员工!{place}" in conflict.err
    assert "导出时「梁磊」, 工作簿「梁磊磊磊」, 现在「梁磊磊」" in "".join(conflict.err.split("\n"))
    skipped = company.run("import", "workbook", str(file), "--skip-conflicts", "--yes")
    assert (skipped.exit, "保留工作区的值" in skipped.out) == (Exit.DONE, True)
    edit(file, lambda sheet: sheet.merge_cells("D5:D6"))
    bad = company.run("import", "workbook", str(file), "--yes")
    assert (bad.exit, "员工!D5:D6" in bad.err) == (Exit.INVALID, True)
    file.write_bytes(b"no workbook")
    assert company.run("import", "workbook", str(file)).exit is Exit.INVALID


@pytest.mark.parametrize(
    "words", [("report", "person"), ("report", "cycle"), ("export", "workbook"), ("import",), ("import", "workbook")]
)
def test_help_fits_eighty_columns(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk.run(*words, "--help")
    assert said.exit is Exit.DONE
    assert too_wide(said.out) == []
