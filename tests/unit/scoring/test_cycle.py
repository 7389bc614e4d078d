"""A run as a whole: repeatable in one connection, independent of ranges, order and threads; limits of arithmetic."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring import CycleFrames, ScoreOptions, parse_scheme, receipt, results, score_cycle
from tests.cases.scoring.harness import Run, register, score

SCHEMES: dict[str, dict[str, Any]] = {
    "a": {
        "parts": {"kpi_weight": 70, "review_weight": 30},
        "raters": {"groups": [{"relation": "peer", "weight": 100}]},
    },
    "b": {"items": {"mode": "dimension", "equal": True, "dimensions_equal": True}},
}
FRAMES: dict[str, Any] = {
    "departments": ["dept_code", "D"],
    "people": ["emp_no dept_code scheme", *(f"E{at} D {'ab'[at % 2]}" for at in range(8))],
    "assignments": ["emp_no start end scheme dept_code", "E6 2026-01-01 2026-02-20 a D", "E6 2026-02-21 - b D"],
    "appraisals": ["kind subject", "部门 D", *(f"个人 E{at}" for at in range(8))],
    "items": [
        "kind subject item dim weight manual_score",
        "部门 D 1 x 100 90",
        *(f"个人 E{at} {item} {'xy'[item - 1]} 50 {60 + at * 3 + item}" for at in range(8) for item in (1, 2)),
    ],
    "forms": [
        "kind subject relation rater external status q",
        *(f"个人 E{at} 同事 p{k} 是 已提交 {70 + at + k}" for at in range(8) for k in range(4)),
    ],
}
# department D needs a scheme of its own
FRAMES["appraisals"] = ["kind subject scheme", "部门 D b", *(f"个人 E{at} -" for at in range(8))]
TABLES = ("results", "lines", "items", "forms", "groups", "grades", "pools", "excluded")


def bits(run: Run) -> dict[str, list[dict[str, Any]]]:
    assert run.error is None, run.error
    return {name: run.rows(f"out_{name}") for name in TABLES}


def test_score_cycle_ranges_order_and_threads_change_nothing() -> None:
    whole = bits(score(FRAMES, SCHEMES, traced=False))
    assert bits(score(FRAMES, SCHEMES, ScoreOptions(range_size=1), traced=False)) == whole
    shuffled = {name: [table[0], *reversed(table[1:])] for name, table in FRAMES.items()}
    assert bits(score(shuffled, SCHEMES, traced=False)) == whole
    statuses = {row["subject"]: (row["status"], row["segments"]) for row in whole["results"]}
    assert statuses["E6"] == ("已核算", 2)


def test_score_cycle_runs_again_in_one_connection_with_other_frames() -> None:
    connection = duckdb.connect()
    register(connection, FRAMES)
    schemes = {key: parse_scheme({"key": key, **document}) for key, document in SCHEMES.items()}
    score_cycle(connection, frames=CycleFrames.discover(connection), schemes=schemes)
    first = [str(row) for row in results(connection)]
    score_cycle(connection, frames=CycleFrames.discover(connection), schemes=schemes)
    assert [str(row) for row in results(connection)] == first
    left = connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall()
    assert all(str(name).startswith("out_") for (name,) in left)


def test_score_cycle_with_and_without_assignments_in_one_connection() -> None:
    connection = duckdb.connect()
    register(connection, FRAMES)
    schemes = {"b": parse_scheme({"key": "b", **SCHEMES["b"]})}
    connection.execute("UPDATE in_people SET scheme = 'b'")
    connection.execute("UPDATE in_assignments SET scheme = 'b'")
    every = CycleFrames.discover(connection)
    fewer = CycleFrames(relations={name: at for name, at in every.relations.items() if name != "assignments"})
    for frames in (every, fewer, every):
        score_cycle(connection, frames=frames, schemes=schemes)
        assert len(list(results(connection))) == 9


def test_score_cycle_numbers_beyond_128_bits_are_refused() -> None:
    frames = {
        "metrics": ["metric_code method", "m linear"],
        "items": ["kind subject item metric_code weight target actual", "个人 E1 1 m 100 9000000000000 9000000000000"],
    }
    assert score(frames, traced=False).of("E1")["kpi_n"] == 100 * 10**9
    wide = {"std": {"items": {"mode": "sum"}, "scale": 1000000, "total": {"cap": "9000000000"}}}
    frames["items"] = ["kind subject item weight manual_score", *(f"个人 E1 {at} - 1000000" for at in range(3))]
    assert score(frames, wide, traced=False).of("E1")["result"] == 3000000


def test_score_cycle_overflow_names_itself() -> None:
    frames = {
        "items": ["kind subject item weight manual_score", "个人 E1 1 100 90"],
    }
    for document in ({"parts": {"formula": "kpi * kpi * kpi * kpi"}}, {"total": {"cap": "9999999999999"}}):
        run = score(frames, {"std": document}, traced=False)
        assert isinstance(run.error, ScoringError)
        assert run.error.code == "scoring.number_too_large"


def test_results_and_receipt_as_objects() -> None:
    run = score(FRAMES, SCHEMES, traced=False)
    found = {row.subject: row for row in results(run.connection)}
    assert (found["E0"].grade, found["E0"].groups.keys()) == ("C", {"peer"})
    one = receipt(run.connection, "person", "E0")
    assert one.result == found["E0"]
    assert (
        sum(line.printed for line in one.lines if line.level == 1 and line.printed is not None) == one.result.unrounded
    )
    with pytest.raises(ScoringError, match="unknown_subject"):
        receipt(run.connection, "person", "nobody")


def test_score_cycle_everyone_is_a_subject_without_appraisals() -> None:
    connection = duckdb.connect()
    register(
        connection,
        {
            "departments": ["dept_code", "D", "D2"],
            "items": ["kind subject item weight manual_score", "部门 D 1 100 80"],
        },
    )
    connection.execute("DROP TABLE in_appraisals")
    connection.execute("INSERT INTO in_people VALUES ('E1')")
    score_cycle(connection, frames=CycleFrames.discover(connection), schemes={"s": parse_scheme({"key": "s"})})
    assert [(row.kind, row.subject, row.status) for row in results(connection)] == [
        ("person", "E1", "待补评"),
        ("department", "D", "已核算"),
    ]
