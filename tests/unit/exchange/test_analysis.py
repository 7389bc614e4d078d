"""Severity, agreement, hints and fairness beside the results of a run; adopting a snapshot; who would move.

Source: scoring.md S5, S6, S14, S15.
"""

from __future__ import annotations

import csv
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from openpyxl import load_workbook

from huoban_perf.core.errors import ScoringError, ScoringInputError
from huoban_perf.exchange import (
    Request,
    WhatIf,
    adopt_adjustments,
    analyse_folder,
    explain_subject,
    export_person,
    replay_results,
    score_folder,
    simulate,
)
from huoban_perf.scoring import change_scheme, parse_scheme
from tests.unit.exchange.ratings import BIAS, SCHEME, rating_frames, save_ratings
from tests.unit.exchange.sample import save

SCHEMES = {"std": parse_scheme(SCHEME)}


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_s5_analysis_files_stand_beside_the_results(tmp_path: Path) -> None:
    request = Request(asked=("analysis", "fairness"), header="zh")
    run = score_folder(save_ratings(tmp_path / "in"), schemes=SCHEMES, out=tmp_path / "out", request=request)
    assert run.manifest["options"]["asked"] == ["analysis", "fairness"]  # type: ignore[index]
    severity = {row["评价人"]: row for row in rows(tmp_path / "out" / "rater_severity.csv")}
    assert [rater for rater, _ in sorted(BIAS.items(), key=lambda pair: -pair[1])] == list(severity)
    found = {rater: Decimal(row["偏差_加性模型"]) for rater, row in severity.items()}
    assert found["R1"] - found["R4"] == pytest.approx(Decimal(17), abs=Decimal("0.001"))
    assert {row["可比组"] for row in severity.values()} == {"1"}
    assert rows(tmp_path / "out" / "reliability.csv")[0]["评价关系"] == "peer"
    assert {row["组别"] for row in rows(tmp_path / "out" / "fairness.csv")} == {"南", "北"}
    assert (tmp_path / "out" / "hints.csv").exists()


def test_s14_without_groups_fairness_is_refused_and_nothing_written(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "in", without=("fairness",))
    with pytest.raises(ScoringError, match="no_groups"):
        score_folder(folder, schemes=SCHEMES, out=tmp_path / "out", request=Request(asked=("fairness",)))
    assert not (tmp_path / "out").exists()


def test_s5_separate_groups_of_raters_are_not_comparable(tmp_path: Path) -> None:
    report = analyse_folder(save_ratings(tmp_path, apart=True), schemes=SCHEMES)
    assert report.components == 2
    notes = {row["rater"]: str(row["note"]) for row in report.tables["rater_severity"]}
    assert all("不可比" in note for note in notes.values())
    assert "份数少于 5" in notes["R9"]


def test_s6_below_ten_people_there_is_not_enough_data(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path, people=9)
    (row,) = analyse_folder(folder, schemes=SCHEMES).tables["reliability"]
    assert "不足 10 人, 数据不够" in str(row["note"])
    assert row["icc_1_1"] is not None


def test_s5_adopted_snapshot_is_an_exact_input_with_a_line_of_its_own(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "in")
    made = adopt_adjustments(folder, schemes=SCHEMES, name="2026Q1", approver="E-hr", out=tmp_path / "snapshot")
    assert made.name.startswith("2026Q1#")
    assert made.raters == 4
    shutil.copy(made.file, folder)
    adopting = {"std": change_scheme(SCHEMES["std"], {"severity.mode": "adopt", "severity.snapshot": made.name})}
    score_folder(folder, schemes=adopting, out=tmp_path / "out", request=Request())
    receipt = explain_subject(folder, schemes=adopting, kind="person", subject="E01")
    (line,) = [line for line in receipt.lines if line.part == "severity"]
    assert line.label == "评分松紧校正"
    betas = {row["rater"]: Decimal(row["beta"]) for row in rows(made.file)}
    counts = {row["rater"]: int(row["n"]) for row in rows(made.file)}
    assert abs(sum(betas[rater] * counts[rater] for rater in betas)) < Decimal("0.01")
    assert line.printed == -(betas["R1"] + betas["R2"]) / 2


@pytest.mark.parametrize("spoil", ["R1,9.9999", "approver", "gone"])
def test_s5_a_changed_snapshot_is_refused(tmp_path: Path, spoil: str) -> None:
    folder = save_ratings(tmp_path / "in")
    made = adopt_adjustments(folder, schemes=SCHEMES, name="q", approver="E-hr", out=tmp_path / "snapshot")
    lines = made.file.read_text(encoding="utf-8")
    if spoil == "R1,9.9999":
        beta = rows(made.file)[0]["beta"]
        lines = lines.replace(f"R1,{beta}", spoil)
    lines = lines.replace("E-hr", "E-other") if spoil == "approver" else lines
    lines = lines.replace(made.name, "another") if spoil == "gone" else lines
    (folder / "rater_adjustments.csv").write_text(lines, encoding="utf-8")
    adopting = {"std": change_scheme(SCHEMES["std"], {"severity.mode": "adopt", "severity.snapshot": made.name})}
    with pytest.raises(ScoringInputError) as caught:
        score_folder(folder, schemes=adopting, out=tmp_path / "out", request=Request())
    code = "severity.unknown_snapshot" if spoil == "gone" else "severity.snapshot_changed"
    assert [problem.code for problem in caught.value.problems] == [code]


def test_s5_a_snapshot_is_never_overwritten_and_needs_a_name_and_an_approver(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "in")
    adopt_adjustments(folder, schemes=SCHEMES, name="q", approver="E-hr", out=tmp_path)
    with pytest.raises(ScoringError, match="snapshot_exists"):
        adopt_adjustments(folder, schemes=SCHEMES, name="q", approver="E-hr", out=tmp_path)
    for name, approver in (("a#b", "E-hr"), (" ", "E-hr"), ("q", "")):
        with pytest.raises(ScoringError, match="snapshot_name"):
            adopt_adjustments(folder, schemes=SCHEMES, name=name, approver=approver, out=tmp_path / "other")


def test_s5_nobody_rated_cannot_be_adopted(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "in", raters=())
    with pytest.raises(ScoringError, match="too_few"):
        adopt_adjustments(folder, schemes=SCHEMES, name="q", approver="E-hr", out=tmp_path / "out")
    report = analyse_folder(folder, schemes=SCHEMES)
    assert (report.raters, report.components, report.adjusted) == (0, 0, {})


def test_s5_simulate_compares_no_adjustment_with_two_estimates(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path)
    report = analyse_folder(folder, schemes=SCHEMES, out=tmp_path / "out")
    assert {file.name for file in report.files} == {
        "rater_severity.csv",
        "standardised.csv",
        "reliability.csv",
        "hints.csv",
        "averages.csv",
    }
    levels: tuple[Literal["l2", "l3"], ...] = ("l2", "l3")
    for level in levels:
        found = simulate(folder, schemes=SCHEMES, what_if=WhatIf(adjust=level))
        assert found == report.adjusted[level]
        assert any(move.is_regraded for move in found.moves)
    assert not simulate(folder, schemes=SCHEMES, what_if=WhatIf(adjust="none")).moves


def test_s5_without_a_shrunk_estimate_the_additive_one_still_compares(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path, raters=("R1",))
    report = analyse_folder(folder, schemes=SCHEMES)
    assert (report.why_not, list(report.adjusted)) == ("severity.too_few", ["l2"])
    assert "未估计收缩值: 评价人或被评人不足两位" in str(report.tables["rater_severity"][0]["note"])
    assert [row["hint"] for row in report.tables["hints"] if row["kind"] == "run"].count("severity_skipped") == 1


def test_s10_a_changed_quota_shows_who_moves(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path)
    quota = {"distribution.control": "cap", "distribution.min_n": "1", "grades.S.cap_percent": "10"}
    found = simulate(folder, schemes=SCHEMES, what_if=WhatIf(changes=quota))
    before, after = found.grades["person"]["S"]
    assert before > 1
    assert after == 1
    assert {move.difference for move in found.moves} == {Decimal(0)}


def test_replay_covers_the_analysis(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "extract")
    request = Request(asked=("analysis", "fairness"))
    score_folder(folder, schemes=SCHEMES, out=tmp_path / "results", request=request)
    found = replay_results(folder, schemes=SCHEMES, stored=tmp_path / "results")
    assert (found.files, found.differences) == (12, ())


def test_s16_published_averages_show_no_cell_that_can_be_worked_out(tmp_path: Path) -> None:
    given = rating_frames(people=12)
    header, rows_of_people = given["people"]
    places = [[code, "D1" if at < 6 else "D2" if at < 11 else "D3"] for at, (code,) in enumerate(rows_of_people)]
    given["people"] = ([*header, "dept_code"], places)
    given["departments"] = (["dept_code"], [["D1"], ["D2"], ["D3"]])
    anonymous = {
        "std": parse_scheme({**SCHEME, "raters": {"groups": [{"relation": "peer", "weight": "100", "threshold": "2"}]}})
    }
    score_folder(
        save(tmp_path / "in", given=given),
        schemes=anonymous,
        out=tmp_path / "out",
        request=Request(asked=("analysis",)),
    )
    found = {row["dept_code"]: row for row in rows(tmp_path / "out" / "averages.csv")}
    assert {code: bool(row["mean"]) for code, row in found.items()} == {"": True, "D1": True, "D2": False, "D3": False}
    assert "可被推算" in found["D2"]["note"]
    assert not found["D3"]["people"]


def test_s16_one_person_gets_his_own_data_and_nobody_elses_rating(tmp_path: Path) -> None:
    folder = save_ratings(tmp_path / "in")
    file = export_person(folder, schemes=SCHEMES, person="E01", out=tmp_path / "mine" / "E01.xlsx")
    book = load_workbook(file)
    assert book.sheetnames == ["结果", "最终等级", "得分明细", "评价分组", "评价项"]
    assert [cell.value for cell in book["最终等级"][1]] == ["初评等级", "最终等级", "最终得分"]
    cells = {
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    }
    assert {"E01", "同事"} <= cells
    assert not cells & {"R1", "R2", "R3", "R4", "E02"}
    with pytest.raises(ScoringError, match="unknown_subject"):
        export_person(folder, schemes=SCHEMES, person="E77", out=tmp_path / "E77.xlsx")
    with pytest.raises(ScoringError, match="bad_out"):
        export_person(folder, schemes=SCHEMES, person="E01", out=file)
