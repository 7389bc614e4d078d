"""Whatever is wrong with files, headers and cells is listed at once, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from huoban_perf.core.errors import Problem, SchemeError, ScoringInputError
from huoban_perf.exchange import Request, open_inputs, read_schemes, score_folder
from huoban_perf.exchange.scheme_files import read_changes
from huoban_perf.scoring import parse_scheme
from tests.unit.exchange.sample import SCHEME, frames, save, save_csv, save_workbook

SCHEMES = {"std": parse_scheme(SCHEME)}


def faults(folder: Path) -> list[tuple[str, str | None, int | None]]:
    with pytest.raises(ScoringInputError) as caught, open_inputs(folder):
        pass
    return [(problem.code.removeprefix("exchange."), problem.file, problem.line) for problem in caught.value.problems]


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoringInputError, match=r"exchange\.no_folder"), open_inputs(tmp_path / "none"):
        pass


def test_empty_folder_lists_what_is_always_needed(tmp_path: Path) -> None:
    assert [code for code, _, _ in faults(tmp_path)] == ["missing_frame"] * 3


def test_all_faults_of_files_and_headers_are_listed_at_once(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    (folder / "itmes.csv").write_text("a\n")
    (folder / "old.xls").write_bytes(b"x")
    (folder / "评分.csv").write_text("任务编号,评价项\n")
    (folder / "pay.xlsx").write_bytes(b"no workbook")
    (folder / "pools.parquet").write_bytes(b"no parquet")
    (folder / "notes.md").write_text("passed over")
    (folder / "~$pay.xlsx").write_bytes(b"lock")
    save_csv(folder / "people.csv", ["emp_no", "工号", "nmae", "方案"], [["E1", "E1", "x", "std"]])
    save_csv(folder / "metrics.csv", ["metric_code"], [["M1"]])
    (folder / "points.csv").write_bytes(b"")
    (folder / "logs.csv").write_bytes("编号".encode("utf-16"))
    save_csv(folder / "goals.csv", ["goal_no", "goal_kind"], [["G1", "目标"], ["G2"], ["G3", "目标", "surplus"]])
    found = faults(folder)
    assert set(found) == {
        ("unknown_file", "itmes.csv", None),
        ("unknown_kind", "old.xls", None),
        ("frame_twice", "评分.csv", None),
        ("no_workbook", "pay.xlsx", None),
        ("no_parquet", "pools.parquet", None),
        ("column_twice", "people.csv", 1),
        ("unknown_column", "people.csv", 1),
        ("missing_column", "metrics.csv", 1),
        ("no_header", "points.csv", 1),
        ("not_text", "logs.csv", None),
        ("ragged", "goals.csv", 3),
        ("ragged", "goals.csv", 4),
    }


def test_unpaired_quote_is_named_with_its_row(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    (folder / "people.csv").write_text('emp_no,name\nE1,a\nE2,"b\n')
    assert faults(folder) == [("not_csv", "people.csv", 3)]


def test_bytes_of_no_encoding_are_named_with_their_line(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    (folder / "people.csv").write_bytes(b"emp_no,name\nE1,a\nE2,\xff\xff\n")
    assert faults(folder) == [("not_text", "people.csv", 3)]


def test_workbook_cells_that_mislead_are_refused(tmp_path: Path) -> None:
    from openpyxl import Workbook

    folder = save(tmp_path / "in")
    (folder / "items.csv").unlink()
    book = Workbook()
    sheet = book.active
    header, rows = frames()["items"]
    for row in [header, *rows]:
        sheet.append(list(row))
    sheet["G2"].number_format = "0.00%"
    sheet["G3"] = "#DIV/0!"
    sheet["K4"] = "surplus"
    sheet["G5"] = "=1+1"
    book.save(folder / "items.xlsx")
    place = "items.xlsx[Sheet]"
    assert sorted(faults(folder), key=lambda fault: fault[2] or 0) == [
        ("percent_cell", place, 2),
        ("error_cell", place, 3),
        ("ragged", place, 4),
        ("uncomputed_cell", place, 5),
    ]


def test_unknown_sheet_of_a_workbook_is_named(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    save_workbook(folder / "more.xlsx", {"加减分明细": (["a"], [])})
    assert ("unknown_sheet", "more.xlsx", None) in faults(folder)


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_blank_lines_and_any_line_end_keep_the_row_numbers(tmp_path: Path, ending: str) -> None:
    folder = save(tmp_path / "in")
    lines = ["emp_no,name", "", "#1,甲", '"E2","x""y"', ",", "E3,", ""]
    (folder / "people.csv").write_bytes(ending.join(lines).encode())
    with open_inputs(folder) as inputs:
        found = inputs.connection.execute("SELECT line_no, emp_no, name FROM in_people ORDER BY 1").fetchall()
    assert found == [(3, "#1", "甲"), (4, "E2", 'x"y'), (6, "E3", None)]


def test_mixed_line_ends_are_read(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    (folder / "people.csv").write_bytes(b"emp_no,name\r\nE1,a\nE2,b\r\n")
    with open_inputs(folder) as inputs:
        assert inputs.rows()["people"] == 2


def spoiled(folder: Path) -> Path:
    """Write the sample with three bad rows in two files."""
    given = frames()
    given["items"][1][1][4] = "thirty"
    given["items"][1][4][3] = "M9"
    given["ratings"][1].append(["T9", "overall", 50])
    return save(folder, given=given)


def test_bad_rows_are_all_listed_and_nothing_is_written(tmp_path: Path) -> None:
    folder = spoiled(tmp_path / "in")
    with pytest.raises(ScoringInputError) as caught:
        score_folder(folder, schemes=SCHEMES, out=tmp_path / "out", request=Request())
    found = {(problem.file, problem.line, problem.facts["value"]) for problem in caught.value.problems}
    assert found == {("items.csv", 3, "thirty"), ("items.csv", 6, "M9"), ("ratings.csv", 9, "T9")}
    assert not (tmp_path / "out").exists()


def test_bad_rows_are_skipped_when_asked_and_listed_in_a_file(tmp_path: Path) -> None:
    folder = spoiled(tmp_path / "in")
    run = score_folder(folder, schemes=SCHEMES, out=tmp_path / "out", request=Request(skip_bad_rows=True))
    assert len(run.skipped) >= 3
    listed = (tmp_path / "out" / "skipped.csv").read_text(encoding="utf-8")
    assert "items.csv,3,权重,thirty," in listed
    assert (tmp_path / "out" / "results.csv").exists()


def problems_of(*files: Path) -> tuple[Problem, ...]:
    with pytest.raises(SchemeError) as caught:
        read_schemes(files)
    return caught.value.problems


def test_scheme_files_list_every_fault(tmp_path: Path) -> None:
    texts = {
        "a.yaml": "key: std\nparts: {kpi_weight: 70, review_weight: 20}\n",
        "b.yaml": "key: std\n",
        "c.yaml": "items:\n  cap: 1\n  cap: 2\n",
        "d.json": "{",
        "e.yaml": "- 1\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    found = {(problem.code, problem.file) for problem in problems_of(*(tmp_path / name for name in texts))}
    assert found >= {
        ("exchange.scheme_twice", "b.yaml"),
        ("exchange.scheme_unreadable", "c.yaml"),
        ("exchange.scheme_unreadable", "d.json"),
        ("exchange.scheme_shape", "e.yaml"),
    }
    assert any(file == "a.yaml std" for _, file in found)


def test_numbers_of_a_scheme_file_stay_exact(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("total: {cap: 100.1}\nitems: {missing: zero}\nparts: {equal: false}\n")
    (scheme,) = read_schemes([tmp_path / "a.yaml"]).values()
    assert scheme.total.cap_d4 == 1_001_000
    (tmp_path / "a.json").write_text('{"total": {"cap": 100.1}}')
    assert read_schemes([tmp_path / "a.json"])["a"].total.cap_d4 == 1_001_000


def test_changes_are_read_as_yaml_and_bad_ones_listed() -> None:
    found = read_changes(["parts.kpi_weight=60", "items.equal=true", "departments.linked_grades=[S, A]", "a.b=null"])
    assert found == {
        "parts.kpi_weight": "60", "items.equal": True, "departments.linked_grades": ["S", "A"], "a.b": None
    }  # fmt: skip
    with pytest.raises(SchemeError) as caught:
        read_changes(["x", "=1", "y=2"])
    assert len(caught.value.problems) == 2


def test_values_under_an_empty_header_are_named_and_empty_columns_passed_over(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    save_csv(folder / "people.csv", ["emp_no", "", "name"], [["E1", "", "x"], ["E2", "lost", "y"]])
    assert faults(folder) == [("no_column_name", "people.csv", 3)]
    save_csv(folder / "people.csv", ["emp_no", "", "name"], [["E1", "", "x"], ["E2", "", "y"]])
    with open_inputs(folder) as inputs:
        assert inputs.names()["person", "E2"] == "y"


def test_wide_forms_keep_their_criterion_columns(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    header, rows = frames()["forms"]
    save_csv(folder / "forms.csv", [*header, " Teamwork "], [[*row, 90] for row in rows])
    with open_inputs(folder) as inputs:
        columns = [row[0] for row in inputs.connection.execute("DESCRIBE in_forms").fetchall()]
    assert columns[-1] == "Teamwork"
    save_csv(folder / "forms.csv", [*header, "Teamwork", "teamwork"], [[*row, 90, 80] for row in rows])
    assert faults(folder) == [("column_twice", "forms.csv", 1)]


def test_a_row_number_column_of_ones_own_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    header, rows = frames()["forms"]
    save_csv(folder / "forms.csv", [*header, "line_no"], [[*row, 1] for row in rows])
    assert faults(folder) == [("unknown_column", "forms.csv", 1)]


def test_a_damaged_or_empty_sheet_is_named(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    save_workbook(folder / "pay.xlsx", {"pay": ([], [])})
    assert faults(folder) == [("no_header", "pay.xlsx[pay]", 1)]
