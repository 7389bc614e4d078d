from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.errors import AmbiguousRowError
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.values import Value
from huoban_perf.sync.extract import Reading, as_text, criterion_fields, read_workspace, write_frames
from tests.unit.sync.company import CYCLE, Office, extract_map, schema


def read(office: Office, *, cycle: str = CYCLE, also: Mapping[str, tuple[str, ...]] | None = None) -> Reading:
    return read_workspace(office.app, extract_map=extract_map(), cycle=cycle, also=also)


def frames(office: Office, folder: Path) -> dict[str, list[dict[str, str]]]:
    folder.mkdir()
    counts = write_frames(read(office), schema=schema(), extract_map=extract_map(), folder=folder)
    found = {}
    for file in folder.glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as stream:
            found[file.stem] = list(csv.DictReader(stream))
    assert counts == {name: len(rows) for name, rows in found.items()}
    return found


def only(rows: list[dict[str, str]], **wanted: str) -> dict[str, str]:
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "是"),
        (False, "否"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.10"), "0.10"),
        (date(2026, 9, 30), "2026-09-30"),
        (datetime(2026, 9, 30, 16, 30, tzinfo=UTC), "2026-10-01 00:30:00"),
        (("a", "b"), "甲;b"),
        ((), ""),
        ("a", "甲"),
        ("plain", "plain"),
        ({"lat": 1}, "{'lat': 1}"),
    ],
)
def test_value_as_cell_text(value: Value, text: str) -> None:
    assert as_text(value, labels={"a": "甲"}) == text


def test_frames_hold_the_company_in_business_codes(office: Office, tmp_path: Path) -> None:
    office.memory.put(schema().table("cycle"), {"name": "2026Q2", "status": "archived"})
    found = frames(office, tmp_path / "extract")
    assert [row["cycle"] for row in found["cycle"]] == [CYCLE]
    person = only(found["people"], emp_no="E010")
    assert (person["status"], person["dept_code"], person["manager_no"]) == ("在职", "D11", "E004")
    assert only(found["people"], emp_no="E001")["status"] == "不参评"
    appraisal = only(found["appraisals"], subject="E010")
    assert (appraisal["kind"], appraisal["decided_by"], appraisal["excluded"]) == ("个人", "E001", "")
    assert only(found["departments"], dept_code="D11")["parent_code"] == "D10"
    goal = only(found["goals"], goal_no=f"[{CYCLE}|D:D11|main]")
    assert (goal["kind"], goal["subject"], goal["goal_kind"]) == ("部门", "D11", "目标")
    assert len(found["items"]) == 194
    assert len(found["actuals"]) == 571
    moved = [
        (row["start"], row["end"], row["dept_code"], row["manager_no"])
        for row in found["assignments"]
        if row["emp_no"] == "E054"
    ]
    assert moved == [("2020-07-28", "2026-07-31", "D40", "E009"), ("2026-08-01", "", "D30", "E008")]
    assert len(found["assignments"]) == 59, "of those who take part"


def test_parameters_of_a_metric_are_joined_in_one_cell(office: Office, tmp_path: Path) -> None:
    found = frames(office, tmp_path / "extract")
    assert only(found["metrics"], metric_code="M08")["params"] == "start=100;unit=5"
    by_method = {row["method"]: row["params"] for row in found["metrics"]}
    assert "\n" not in by_method["层差法(分档)"]
    assert by_method["层差法(分档)"].startswith("steps=")


def test_raters_come_by_account_or_by_their_code(office: Office, tmp_path: Path) -> None:
    found = frames(office, tmp_path / "extract")
    inside = only(found["forms"], task_no=f"[{CYCLE}|E010|superior|E004]")
    assert (inside["rater"], inside["external"], inside["form"], inside["relation"]) == (
        "E004",
        "否",
        "superior",
        "上级",
    )
    assert inside["submitted_at"] == "2026-09-30 17:30:00"
    outside = next(row for row in found["forms"] if row["external"] == "是")
    assert outside["rater"].startswith("C")


def test_answers_become_points_and_cannot_judge_becomes_not_applicable(office: Office, tmp_path: Path) -> None:
    found = frames(office, tmp_path / "extract")
    assert {row["score"] for row in found["ratings"]} <= {"", "100", "88", "75", "65", "40"}
    assert {row["na"] for row in found["ratings"] if not row["score"]} == {"是"}
    assert {row["na"] for row in found["ratings"] if row["score"]} == {""}
    answered = {row["task_no"] for row in found["ratings"]}
    assert answered == {row["task_no"] for row in found["forms"]}


def test_equal_criterion_weights_are_left_out_and_others_are_written(office: Office, tmp_path: Path) -> None:
    found = frames(office, tmp_path / "extract")
    assert {row["weight"] for row in found["criteria"]} == {""}
    uneven: Any = extract_map()
    first, *rest = uneven.criteria
    heavy = type(first)(first.form, first.criterion, Decimal("2.5"))
    folder = tmp_path / "uneven"
    folder.mkdir()
    write_frames(read(office), schema=schema(), extract_map=type(uneven)(uneven.frames, (heavy, *rest)), folder=folder)
    with (folder / "criteria.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["weight"] for row in csv.DictReader(stream)} == {"2.5", "1"}


def test_criteria_are_the_choice_fields_with_points() -> None:
    names = [field.address.key for field in criterion_fields(schema().table("review_task"))]
    assert "cooperation" in names
    assert "relation" not in names


def test_only_the_fields_that_are_needed_are_kept(office: Office) -> None:
    reading = read(office)
    assert "definition" not in reading.tables["metric"].columns
    whole = read(office, also={"metric": (), "run_log": ("summary",)})
    assert "definition" in whole.tables["metric"].columns
    assert "summary" in whole.tables["run_log"].columns
    assert reading.rows_read["employee"] == 60


def other_cycle(office: Office, count: int) -> None:
    """Appraisals of an earlier cycle."""
    table = schema().table("appraisal")
    for number in range(count):
        office.memory.put(table, {"natural_key": f"[2026Q2|P{number:04d}]", "subject_kind": "person"})


def walks(office: Office, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Notes for each walk over the appraisals whether it was filtered."""
    asked: list[bool] = []
    scan = office.memory.scan

    def noted(*, query: ItemQuery, bindings: Any) -> Any:
        if query.table.key == "appraisal":
            asked.append(query.filter is not None)
        return scan(query=query, bindings=bindings)

    monkeypatch.setattr(office.memory, "scan", noted)
    return asked


def test_one_cycle_among_several_is_read_by_filter(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    other_cycle(office, 300)
    asked = walks(office, monkeypatch)
    assert len(read(office).tables["appraisal"]) == 60
    assert asked == [True]


def test_cycle_that_fills_its_table_is_read_by_a_plain_walk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    other_cycle(office, 300)
    asked = walks(office, monkeypatch)
    rows = read(office, cycle="2026Q2").tables["appraisal"]
    assert asked == [True, False]
    assert len(rows) == 300
    assert {key[:7] for key in rows.keys()} == {"[2026Q2"}  # noqa: SIM118 - TableRows is no mapping


def test_small_part_of_a_table_is_read_page_by_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    other_cycle(office, 150)
    asked = walks(office, monkeypatch)
    assert len(read(office, cycle="2026Q2").tables["appraisal"]) == 150
    assert asked == [True]


def test_unknown_cycle_reads_no_rows_of_it(office: Office) -> None:
    reading = read(office, cycle="1999")
    assert len(reading.tables["appraisal"]) == 0
    assert len(reading.tables["employee"]) == 60


def test_repeated_key_stops_the_extract(office: Office) -> None:
    office.memory.put(schema().table("employee"), {"emp_no": "E010", "name": "又一个"})
    with pytest.raises(AmbiguousRowError) as caught:
        read(office)
    assert caught.value.facts["table"] == "员工"
    assert [problem.facts["key"] for problem in caught.value.problems] == ["E010"]
