"""Reading and checking inputs: every type a caller may register, every fault with its row, and skipping bad rows."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from huoban_perf.core.errors import ScoringInputError
from huoban_perf.scoring import CycleFrames, ScoreOptions, intake, parse_scheme, results, score_cycle
from tests.cases.scoring.harness import score

BASE = {
    "in_cycle": "SELECT 'c' AS cycle, DATE '2026-01-01' AS start, TIMESTAMP '2026-03-31 00:00:00' AS \"end\"",
    "in_people": "SELECT 'E1' AS emp_no",
    "in_items": "SELECT 'person' AS kind, 'E1' AS subject, 1 AS item, $weight AS weight, $score AS manual_score",
}


def run(**cells: str) -> tuple[duckdb.DuckDBPyConnection, dict[str, Any]]:
    connection = duckdb.connect()
    for name, query in BASE.items():
        filled = query.replace("$weight", cells.get("weight", "100")).replace("$score", cells.get("score", "'80'"))
        connection.execute(f"CREATE TABLE {name} AS {filled}")
    return connection, {"frames": CycleFrames.discover(connection), "schemes": {"s": parse_scheme({"key": "s"})}}


def result_of(score_cell: str, weight: str = "100") -> str:
    connection, arguments = run(score=score_cell, weight=weight)
    score_cycle(connection, **arguments)
    (found,) = results(connection)
    return f"{found.unrounded:f}"


@pytest.mark.parametrize(
    "cell",
    [
        "'80.5'",
        "80.5::DECIMAL(9,4)",
        "80.5::DECIMAL(18,4)",
        "80.5::DECIMAL(38,2)",
        "80.5::DECIMAL(20,8)",
        "80.5::DOUBLE",
        "80.5::FLOAT",
        "' 80.50000 '",
    ],
)
def test_read_frames_every_numeric_type_is_exact(cell: str) -> None:
    assert result_of(cell) == "80.500000"


@pytest.mark.parametrize("cell", ["80", "80::TINYINT", "80::BIGINT", "80::HUGEINT", "80::DECIMAL(18,0)"])
def test_read_frames_whole_numbers(cell: str) -> None:
    assert result_of(cell) == "80.000000"


def test_read_frames_a_double_is_read_at_fifteen_digits() -> None:
    assert result_of("0.1::DOUBLE + 0.2::DOUBLE") == "0.300000"


@pytest.mark.parametrize("weight", ["100::INTEGER", "100::DECIMAL(5,2)", "'100'"])
def test_read_frames_weights_of_any_type(weight: str) -> None:
    assert result_of("80", weight) == "80.000000"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("'80.12345'", "80.12345"),
        ("80.12345::DOUBLE", "80.12345"),
        ("80.12345::DECIMAL(10,5)", "80.12345"),
        ("'NaN'::DOUBLE", "nan"),
        ("'abc'", "abc"),
        ("10000000000000::BIGINT", "10000000000000"),
        ("-10000000000000::DECIMAL(18,2)", "-10000000000000.00"),
    ],
)
def test_read_frames_unreadable_numbers_are_listed_with_row_and_value(cell: str, shown: str) -> None:
    connection, arguments = run(score=cell)
    with pytest.raises(ScoringInputError) as caught:
        score_cycle(connection, **arguments)
    (problem,) = caught.value.problems
    assert (problem.code, problem.file, problem.line) == ("input.unreadable", "考核指标", 1)
    assert problem.facts["value"] == shown
    assert (problem.facts["column"], problem.address) == ("人工分", "items:1:manual_score")


def test_read_frames_large_frames_are_read_where_they_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "LARGE", 0)
    assert result_of("80.5") == "80.500000"
    connection, arguments = run(score="'x'")
    with pytest.raises(ScoringInputError) as caught:
        score_cycle(connection, **arguments)
    assert [problem.line for problem in caught.value.problems] == [1]
    connection, arguments = run()
    connection.execute("INSERT INTO in_items SELECT * FROM in_items")
    with pytest.raises(ScoringInputError) as caught:
        score_cycle(connection, **arguments)
    assert [problem.line for problem in caught.value.problems] == [1, 2]


def test_read_frames_given_line_numbers_are_shown() -> None:
    connection, arguments = run(score="'x'")
    connection.execute("ALTER TABLE in_items ADD COLUMN line_no INTEGER DEFAULT 17")
    with pytest.raises(ScoringInputError) as caught:
        score_cycle(connection, **arguments)
    assert [problem.line for problem in caught.value.problems] == [17]


def test_given_frames_wrong_columns_and_frames_are_all_named() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE in_cycle (cycle VARCHAR, start VARCHAR, finish VARCHAR)")
    connection.execute("CREATE TABLE other (x VARCHAR)")
    frames = CycleFrames(relations={"cycle": "in_cycle", "wages": "other"})
    with pytest.raises(ScoringInputError) as caught:
        score_cycle(connection, frames=frames, schemes={})
    assert sorted(problem.code for problem in caught.value.problems) == [
        "input.missing_column",
        "input.missing_frame",
        "input.missing_frame",
        "input.unknown_column",
        "input.unknown_frame",
    ]


def test_read_frames_words_in_both_languages_and_other_brackets() -> None:
    run_ = score(
        {
            "metrics": [
                ["metric_code", "method", "prorate"],
                ["a", "比率法（正向）", "是"],
                ["b", "linear", "true"],
                ["c", "层差法", "N"],
            ],
            "items": ["kind subject item weight manual_score", "person E1 1 100 80"],
        },
        traced=False,
    )
    assert [str(problem) for problem in run_.problems if "unreadable" in problem.code] == [
        "指标:3 metrics:3:prorate input.unreadable {'column': '按在岗天数折算', 'value': 'N', 'expected': '是 / 否'}"
    ]


def test_read_frames_counts_and_dates_and_empty_required_cells() -> None:
    found = score(
        {
            "cycle": ["cycle start end min_days", "c 2026-01-01 2026-13-31 -5"],
            "people": ["emp_no hire_date", "E1 01.02.2026", "- -"],
            "items": ["kind subject item weight manual_score", "个人 E1 1 100 80"],
        },
        traced=False,
    )
    assert sorted(f"{problem.code} {problem.address}" for problem in found.problems) == [
        "input.empty people:2:emp_no",
        "input.unreadable cycle:1:end",
        "input.unreadable cycle:1:min_days",
        "input.unreadable people:1:hire_date",
    ]


def test_read_frames_exactly_one_cycle() -> None:
    frames = {"cycle": ["cycle start end"], "items": ["kind subject item weight manual_score", "个人 E1 1 100 80"]}
    assert [problem.code for problem in score(frames, traced=False).problems] == ["input.one_cycle"]


def test_read_frames_a_skipped_row_takes_those_that_refer_to_it_along() -> None:
    frames = {
        "people": ["emp_no", "E1", "E2", "E2"],
        "items": ["kind subject item weight manual_score", "个人 E1 1 100 80", "个人 E2 1 100 90"],
        "appraisals": ["kind subject", "个人 E1", "个人 E2"],
    }
    run_ = score(frames, options=ScoreOptions(skip_bad_rows=True), traced=False)
    assert sorted(f"{p.code} {p.line}" for p in run_.problems) == [
        "input.given_twice 2",
        "input.given_twice 3",
        "input.unknown_reference 2",
        "input.unknown_reference 2",
    ]
    assert [row["subject"] for row in run_.rows("out_results")] == ["E1"]
