"""The same inputs give the same results, whatever form, language or encoding the files have."""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from huoban_perf.core.errors import ScoringError, ScoringInputError
from huoban_perf.exchange import Request, csv_files, long_files, open_inputs, outputs, read_schemes, score_folder
from huoban_perf.exchange.outputs import OutputForm
from huoban_perf.scoring import parse_scheme
from tests.unit.exchange.sample import SCHEME, Form, frames, save, save_scheme, save_workbook

SCHEMES = {"std": parse_scheme(SCHEME)}


def results(folder: Path, out: Path) -> dict[str, bytes]:
    score_folder(folder, schemes=SCHEMES, out=out, request=Request())
    return {file.name: file.read_bytes() for file in out.glob("*.csv")}


@pytest.fixture
def expected(tmp_path: Path) -> dict[str, bytes]:
    return results(save(tmp_path / "plain"), tmp_path / "plain_out")


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_folder_of_the_books_example_scores_as_printed(expected: dict[str, bytes]) -> None:
    first, second, third = rows(expected["results.csv"])
    assert (first["subject"], first["result"], first["grade"], first["unrounded"]) == ("E1", "95.88", "S", "95.880588")
    assert (second["subject"], second["result"]) == ("E2", "87.00")
    assert (third["subject"], third["status"], third["result"]) == ("E3", "不参评", "")
    lines = [row for row in rows(expected["receipt_lines.csv"]) if row["subject"] == "E1" and row["level"] == "1"]
    assert sum(int(row["printed"].replace(".", "")) for row in lines) == 95_880_588


@pytest.mark.parametrize("form", ["csv", "parquet", "xlsx"])
@pytest.mark.parametrize("is_chinese", [False, True])
def test_every_form_and_language_gives_identical_results(
    tmp_path: Path, expected: dict[str, bytes], form: Form, is_chinese: bool
) -> None:
    folder = save(tmp_path / "in", form=form, is_chinese=is_chinese)
    assert results(folder, tmp_path / "out") == expected


def test_a_large_csv_is_parsed_once_into_columns_and_scores_the_same(
    tmp_path: Path, expected: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "LARGE_BYTES", 0)
    folder = save(tmp_path / "in")
    assert results(folder, tmp_path / "out") == expected
    (folder / "items.csv").write_text((folder / "items.csv").read_text("utf-8") + "个人,E1,坏,,x\n", "utf-8")
    last = len((folder / "items.csv").read_text("utf-8").splitlines())
    with pytest.raises(ScoringInputError) as caught:
        results(folder, tmp_path / "out")
    assert {(problem.file, problem.line) for problem in caught.value.problems} == {("items.csv", last)}
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        file.name for file in save(tmp_path / "as").iterdir()
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_receipts_are_the_same_whatever_range_of_people_is_written_at_once(
    tmp_path: Path, form: OutputForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save(tmp_path / "in")
    written: list[list[Any]] = []
    for people in (long_files.SUBJECTS, 1):
        monkeypatch.setattr(long_files, "SUBJECTS", people)
        out = tmp_path / f"out{people}"
        score_folder(folder, schemes=SCHEMES, out=out, request=Request(form=form))
        assert not [file.name for file in out.iterdir() if file.is_dir()]
        file = out / f"receipt_lines.{form}"
        written.append(rows(file.read_bytes()) if form == "csv" else duckdb.read_parquet(str(file)).fetchall())
    assert written[0] == written[1]
    lines = [(row["subject"], int(row["line_no"])) if isinstance(row, dict) else (row[1], row[2]) for row in written[0]]
    assert lines == sorted(lines)
    assert {subject for subject, _ in lines} == {"E1", "E2"}


def test_what_no_sheet_of_excel_holds_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outputs, "SHEET_ROWS", 10)
    with pytest.raises(ScoringError, match=r"exchange\.too_long_for_excel") as caught:
        score_folder(save(tmp_path / "in"), schemes=SCHEMES, out=tmp_path / "out", request=Request(form="xlsx"))
    assert (caught.value.facts["file"], caught.value.facts["most"]) == ("receipt_lines.xlsx", 9)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_other_encodings_give_identical_results(tmp_path: Path, expected: dict[str, bytes], encoding: str) -> None:
    folder = save(tmp_path / "in", is_chinese=True, encoding=encoding)
    assert results(folder, tmp_path / "out") == expected
    with open_inputs(folder) as inputs:
        assert {note.code for note in inputs.notes} == ({"exchange.read_as_gbk"} if encoding == "gb18030" else set())


def test_one_workbook_of_all_sheets_gives_identical_results(tmp_path: Path, expected: dict[str, bytes]) -> None:
    (tmp_path / "in").mkdir()
    save_workbook(tmp_path / "in" / "全部.xlsx", frames())
    assert results(tmp_path / "in", tmp_path / "out") == expected


def test_order_of_rows_does_not_matter(tmp_path: Path, expected: dict[str, bytes]) -> None:
    turned = {name: (header, list(reversed(rows_))) for name, (header, rows_) in frames().items()}
    found = results(save(tmp_path / "in", given=turned), tmp_path / "out")
    assert found["results.csv"] == expected["results.csv"]
    assert found["receipt_lines.csv"] == expected["receipt_lines.csv"]


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_results_are_written_in_the_form_asked_for(tmp_path: Path, form: Form) -> None:
    request = Request(form=form, header="zh")
    score_folder(save(tmp_path / "in"), schemes=SCHEMES, out=tmp_path / "out", request=request)
    if form == "parquet":
        import duckdb

        with duckdb.connect() as connection:
            found = connection.execute(
                f"SELECT 结果 FROM '{tmp_path}/out/results.parquet' WHERE 对象编码 = 'E1'"
            ).fetchall()
    else:
        from openpyxl import load_workbook

        header, *body = load_workbook(tmp_path / "out" / "results.xlsx").active.iter_rows(values_only=True)
        found = [(row[header.index("结果")],) for row in body if row[header.index("对象编码")] == "E1"]
    assert f"{found[0][0]:.2f}" == "95.88"


def test_manifest_names_inputs_schemes_and_results_by_digest(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    score_folder(folder, schemes=SCHEMES, out=tmp_path / "out", request=Request(tool="huoban-perf 9"))
    text = (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text)
    assert manifest["tool"] == "huoban-perf 9"
    digest = hashlib.sha256((folder / "items.csv").read_bytes()).hexdigest()
    assert manifest["inputs"]["items"] == {"file": "items.csv", "sheet": None, "sha256": digest, "rows": 5}
    results_digest = hashlib.sha256((tmp_path / "out" / "results.csv").read_bytes()).hexdigest()
    assert manifest["outputs"]["results.csv"] == f"sha256:{results_digest}"
    assert manifest["scheme_hash"].startswith("sha256:")
    score_folder(folder, schemes=SCHEMES, out=tmp_path / "again", request=Request(tool="huoban-perf 9"))
    assert (tmp_path / "again" / "manifest.json").read_text(encoding="utf-8") == text
    assert read_schemes([tmp_path / "out" / "manifest.json"]) == SCHEMES


def test_scheme_file_yaml_and_json_and_mapping_read_alike(tmp_path: Path) -> None:
    document = save_scheme(tmp_path / "a.json")
    by_key = save_scheme(tmp_path / "b.yaml", {"std": {key: part for key, part in SCHEME.items() if key != "key"}})
    assert read_schemes([document]) == read_schemes([by_key]) == SCHEMES


def test_results_never_go_into_the_inputs_or_over_a_file(tmp_path: Path) -> None:
    folder = save(tmp_path / "in")
    for out in (folder, folder / "items.csv"):
        with pytest.raises(ScoringError, match=r"exchange\.bad_out"):
            score_folder(folder, schemes=SCHEMES, out=out, request=Request())


def test_a_finer_result_keeps_its_decimals(tmp_path: Path) -> None:
    schemes = {"std": parse_scheme({**SCHEME, "result_decimals": 4})}
    score_folder(save(tmp_path / "in"), schemes=schemes, out=tmp_path / "out", request=Request())
    assert rows((tmp_path / "out" / "results.csv").read_bytes())[0]["result"] == "95.8806"


@pytest.mark.parametrize("form", ["parquet", "xlsx"])
def test_codes_and_switches_kept_as_numbers_read_as_their_text(tmp_path: Path, form: Form) -> None:
    given = {
        "people": (["emp_no", "name"], [[1001, "甲"], [1002.0, "乙"], [None, "x"]]),
        "criteria": (["form", "criterion", "scale_min"], [["f", "a", 0.1]]),
    }
    folder = save(tmp_path / "in")
    for name in given:
        (folder / f"{name}.csv").unlink()
    save(folder, form=form, given=given)
    with open_inputs(folder) as inputs:
        assert inputs.connection.execute("SELECT emp_no FROM in_people ORDER BY line_no").fetchall() == [
            ("1001",),
            ("1002",),
            (None,),
        ]
        assert inputs.names() == {("person", "1001"): "甲", ("person", "1002"): "乙"}


def test_cells_of_excel_read_as_the_text_of_a_csv(tmp_path: Path) -> None:
    save_workbook(
        tmp_path / "logs.xlsx",
        {
            "过程记录": (
                ["编号", "工号", "日期", "记录人", "类型"],
                [[0.1 + 0.2, True, datetime(2026, 1, 2, 9, 30), False, 1e20]],
            )
        },
    )
    save(tmp_path)
    with open_inputs(tmp_path) as inputs:
        (row,) = inputs.connection.execute("SELECT log_no, emp_no, date, author, log_kind FROM in_logs").fetchall()
    assert row == ("0.3", "true", "2026-01-02 09:30:00", "false", "100000000000000000000")
