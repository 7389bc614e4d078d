"""The worked people of the book again, from frames to results."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import pytest

from tests.oracle.cycle import score_cycle
from tests.oracle.numbers import BookError, text_of
from tests.oracle.outcome import Result
from tests.oracle.words import Frames, Row

F = Fraction
Q1: Row = {"cycle": "2026Q1", "start": "2026-01-01", "end": "2026-03-31"}
GROUPS = [
    {"relation": "self", "weight": "10"},
    {"relation": "superior", "weight": "50"},
    {"relation": "peer", "weight": "25"},
    {"relation": "customer", "weight": "15"},
]


def rows(columns: str, *lines: str) -> list[Row]:
    """Rows of one file: column names, then cells, ``-`` for a missing one."""
    names = columns.split()
    cells = [line.split() for line in lines]
    return [{n: None if c == "-" else c for n, c in zip(names, line, strict=True)} for line in cells]


def person(code: str = "E1", department: str = "D", **more: str) -> Row:
    return {"emp_no": code, "name": code, "status": "在职", "dept_code": department, "hire_date": "2020-01-01", **more}


def manual(scores: Sequence[str]) -> Frames:
    """People whose one typed item makes their result."""
    people = [person(f"E{i:02d}") for i in range(len(scores))]
    items: list[Row] = [
        {"kind": "个人", "subject": f"E{i:02d}", "item": "1", "metric_code": "M", "weight": "100", "manual_score": x}
        for i, x in enumerate(scores)
    ]
    metrics: list[Row] = [{"metric_code": "M", "method": "人工评分", "direction": "越大越好"}]
    return {
        "cycle": [Q1],
        "departments": [{"dept_code": "D"}],
        "people": people,
        "metrics": metrics,
        "items": items,
    }


def run(frames: Frames, **blocks: Any) -> dict[str, Result]:
    document = {"key": "s", "departments": {"use": "none"}, **blocks}
    return {code: result for (_, code), result in score_cycle(frames, {"s": document}).items()}


def worked() -> Frames:
    """The person of S7's end-to-end example."""
    metrics = rows(
        "metric_code method direction",
        "sales 比率法(正向) 越大越好",
        "collect 比率法(正向) 越大越好",
        "complain 差额法 越小越好",
        "mile 人工评分 越大越好",
    )
    items = rows(
        "kind subject item metric_code weight target actual manual_score",
        "个人 E1 1 sales 40 1000000 1120000 -",
        "个人 E1 2 collect 30 95 90.25 -",
        "个人 E1 3 complain 20 2 2.5 -",
        "个人 E1 4 mile 10 - - 80",
    )
    forms = rows(
        "task_no kind subject relation rater form status",
        "T1 个人 E1 自评 E1 f 已提交",
        "T2 个人 E1 上级 E2 f 已提交",
        "T3 个人 E1 同事 E3 f 已提交",
        "T4 个人 E1 同事 E4 f 已提交",
        "T5 个人 E1 同事 E5 f 已提交",
        "T6 个人 E1 客户 C1 f 待评",
    )
    ratings = rows("task_no criterion score", "T1 c 95", "T2 c 88", "T3 c 86", "T4 c 85", "T5 c 87")
    points = rows(
        "kind subject type points reason status",
        "个人 E1 加分 3 创新 已批",
        "个人 E1 减分 1 迟到 已批",
        "个人 E1 加分 5 未批 待批",
    )
    return {
        "cycle": [Q1],
        "departments": [{"dept_code": "D"}],
        "people": [person()],
        "metrics": metrics,
        "items": items,
        "forms": forms,
        "ratings": ratings,
        "criteria": rows("form criterion weight", "f c 100"),
        "points": points,
    }


PARTS = {"kpi_weight": "70", "review_weight": "30"}


def test_s7_end_to_end_from_frames() -> None:
    got = run(worked(), parts=PARTS, raters={"groups": GROUPS})["E1"]
    assert [i.score for i in got.parts[0].kpi.items] == [112, 95, 75, 80]
    assert (got.parts[0].kpi.value, text_of(got.mr or F(0), 9)) == (F("96.3"), "88.235294118")
    assert text_of(got.total or F(0), 6) == "95.880588"
    assert (got.result, got.final_grade, got.near) == (F("95.88"), "S", ("S",))
    assert [(path, str(float(value))) for path, value in got.lines] == [
        ("kpi", "67.41"),
        ("kpi/0:1", "31.36"),
        ("kpi/0:2", "19.95"),
        ("kpi/0:3", "10.5"),
        ("kpi/0:4", "5.6"),
        ("mr", "26.470588"),
        ("mr/self", "3.352941"),
        ("mr/superior", "15.529412"),
        ("mr/peer", "7.588235"),
        ("points:0", "3.0"),
        ("points:1", "-1.0"),
    ]


def test_s7_end_to_end_with_a_veto_from_frames() -> None:
    frames = worked()
    frames["metrics"] += [
        {
            "metric_code": "safety",
            "method": "done",
            "veto_when": "≥1",
            "veto_action": "分数封顶",
            "veto_value": "59",
        }
    ]
    frames["items"] += rows("kind subject item metric_code weight actual", "个人 E1 5 safety 0 1")
    got = run(frames, parts=PARTS, raters={"groups": GROUPS})["E1"]
    assert (got.result, got.final_grade) == (F("59.00"), "D")
    assert text_of(dict(got.lines)["veto"], 6) == "-36.880588"
    frames["items"][-1]["actual"] = None
    assert run(frames, parts=PARTS, raters={"groups": GROUPS})["E1"].state == "held"


@pytest.mark.parametrize(
    ("policy", "state", "total"),
    [("hold", "held", None), ("renormalise", "scored", F("101.625")), ("zero", "scored", F("81.3"))],
)
def test_s2_missing_policies_from_frames(policy: str, state: str, total: F | None) -> None:
    frames = worked()
    frames["items"] = rows(
        "kind subject item metric_code weight target actual",
        "个人 E1 1 sales 40 1000000 1120000",
        "个人 E1 2 collect 20 100 -",
        "个人 E1 3 collect 40 95 86.6875",
    )
    got = run(frames | {"points": []}, items={"missing": policy})["E1"]
    assert (got.state, got.total) == (state, total)


def test_s11_a_person_who_joined_in_february_from_frames() -> None:
    frames = manual(["80"])
    frames["people"][0]["hire_date"] = "2026-02-15"
    frames["metrics"] = [{"metric_code": "M", "method": "linear", "agg": "求和", "prorate": "是"}]
    frames["items"] = rows("kind subject item metric_code weight target", "个人 E00 1 M 100 1200000")
    columns = "metric_code kind subject period_start period_end actual status"
    frames["actuals"] = rows(
        columns,
        "M 个人 E00 2026-02-15 2026-02-28 140000 已核实",
        "M 个人 E00 2026-03-01 2026-03-31 400000 已核实",
        "M 个人 E00 2026-03-01 2026-03-31 999999 待核实",
    )
    got = run(frames)["E00"]
    assert (got.result, got.days) == (F(90), F(45))
    frames["people"][0]["hire_date"] = "2026-02-16"
    assert run(frames)["E00"].state == "excluded"


def transfer() -> Frames:
    frames = manual(["92"])
    frames["departments"] = [{"dept_code": "D"}, {"dept_code": "D2"}]
    frames["assignments"] = rows("emp_no start end dept_code", "E00 2020-01-01 2026-02-20 D", "E00 2026-02-21 - D2")
    frames["items"] = rows(
        "kind subject item metric_code weight manual_score from to",
        "个人 E00 1 M 100 92 - 2026-02-20",
        "个人 E00 2 M 100 80 2026-02-21 -",
    )
    return frames


def test_s11_a_transfer_from_frames() -> None:
    got = run(transfer())["E00"]
    assert [(p.segment.days, p.composite) for p in got.parts] == [(51, F(92)), (39, F(80))]
    assert (got.result, got.department) == (F("86.80"), "D2")
    longest = run(transfer(), periods={"home": "longest"})["E00"]
    assert longest.department == "D"


def test_s8_the_coefficient_multiplies_composite_and_points_from_frames() -> None:
    frames = transfer()
    frames["metrics"] += [{"metric_code": "T", "method": "linear"}]
    frames["items"] += rows(
        "kind subject item metric_code weight target actual",
        "部门 D 1 T 100 100 90",
        "部门 D2 1 T 100 100 65",
    )
    frames["points"] = rows("kind subject type points status", "个人 E00 加分 2 已批")
    got = run(frames, departments={"use": "score"})
    assert (got["D"].final_grade, got["D2"].final_grade) == ("A", "C")
    assert got["E00"].department_coefficient == F(912, 900)
    assert got["E00"].total == F("89.984000")
    assert got["D"].total == 90


SHARES = ("10", "20", "50", "15", "5")
BOUNDS = ("95", "85", "70", "60", None)


def grades(**caps: str) -> list[dict[str, Any]]:
    return [
        {"name": n, "lower": low, "target_percent": share, "cap_percent": caps.get(n)}
        for n, low, share in zip("SABCD", BOUNDS, SHARES, strict=True)
    ]


TEN = ("96", "96", "91", "90", "88", "85", "80", "78", "70", "60")


@pytest.mark.parametrize(("ties", "given"), [("lower", "AAABBBBBCC"), ("upper", "SSABBBBBCC")])
def test_s10_exact_distribution_from_frames(ties: str, given: str) -> None:
    rules = {"control": "exact", "rounding": "largest_remainder", "ties": ties}
    got = run(manual(TEN), grades=grades(), distribution=rules)
    assert "".join(str(r.final_grade) for r in got.values()) == given
    assert [r.rank for r in got.values()] == [1, 1, 3, 4, 5, 6, 7, 8, 9, 10]
    assert got["E00"].overruns == ({"S": 1} if ties == "upper" else {})


def test_s10_a_small_root_keeps_its_grades_from_frames() -> None:
    rules = {"control": "cap", "min_n": 11}
    got = run(manual(TEN), grades=grades(S="0"), distribution=rules)
    assert {r.advisory for r in got.values()} == {True}
    assert got["E00"].final_grade == "S"
    capped = run(manual(TEN), grades=grades(S="0"), distribution=rules | {"min_n": 10})
    assert [capped["E00"].initial, capped["E00"].final_grade] == ["S", "A"]


def test_s10_calibration_has_the_last_word_inside_the_grade_from_frames() -> None:
    frames = manual(["86"])
    frames["calibration"] = rows(
        "kind subject status new_grade new_score at",
        "个人 E00 已批 B 84 2026-04-02",
        "个人 E00 已批 S - 2026-04-01",
        "个人 E00 待批 D - 2026-04-03",
    )
    got = run(frames)["E00"]
    assert (got.grade, got.final_grade, got.final_result, got.result) == ("A", "B", F(84), F(86))
    frames["calibration"][0]["new_score"] = "86"
    with pytest.raises(BookError, match="calibrated_score"):
        run(frames)


def test_s12_the_pool_of_the_book_from_frames() -> None:
    frames = manual(["86", "71", "62"])
    frames["departments"] = [{"dept_code": "X"}, {"dept_code": "Y"}]
    for row, code in zip(frames["people"], "XYY", strict=True):
        row["dept_code"] = code
    frames["metrics"] += [{"metric_code": "T", "method": "linear"}]
    frames["items"] += rows(
        "kind subject item metric_code weight target actual", "部门 X 1 T 100 100 86", "部门 Y 1 T 100 100 75"
    )
    frames["pay"] = rows("emp_no base pool", "E00 20000 P", "E01 15000 P", "E02 10000 P")
    frames["pools"] = rows("pool amount decimals", "P 100000 2")
    got = run(frames, departments={"use": "bonus"})
    assert [got[f"E0{i}"].bonus for i in range(3)] == [F("53441.30"), F("30364.37"), F("16194.33")]


def test_s12_a_bonus_without_a_pool_from_frames() -> None:
    frames = manual(["86"])
    frames["people"][0]["hire_date"] = "2026-02-15"
    frames["metrics"] += [{"metric_code": "T", "method": "linear"}]
    frames["items"] += rows("kind subject item metric_code weight target actual", "部门 D 1 T 100 100 86")
    frames["pay"] = rows("emp_no base pool", "E00 8000 -")
    assert run(frames, departments={"use": "bonus"})["E00"].bonus == F("5280.00")


def test_s12_coefficients_of_a_table_count_by_days_from_frames() -> None:
    frames = transfer()
    for row, level in zip(frames["assignments"], ("P5", "P6"), strict=True):
        row["job_level"] = level
    frames["pay"] = rows("emp_no base pool", "E00 9000 -")
    table = [
        {"grade": "A", "job_level": "P5", "coefficient": "1.2"},
        {"grade": "A", "job_level": "P6", "coefficient": "1.5"},
    ]
    assert run(frames, bonus={"coefficients": table})["E00"].bonus == 100 * (51 * F("1.2") + 39 * F("1.5"))


def test_s7_a_formula_replaces_the_composite_only_from_frames() -> None:
    parts = PARTS | {"formula": "(kpi + if(missing(customer), 0, customer) + superior) / 3"}
    got = run(worked(), parts=parts, raters={"groups": GROUPS, "min_coverage": "100"})["E1"]
    assert got.total == F("63.433333")
    with pytest.raises(BookError, match="formula_missing"):
        run(worked(), parts=PARTS | {"formula": "customer"}, raters={"groups": GROUPS})


def test_s3_dimensions_and_their_letters_from_frames() -> None:
    frames = manual(["90", "110"])
    frames["people"] = [person()]
    frames["items"] = rows(
        "kind subject item metric_code weight manual_score dim",
        "个人 E1 1 M 60 90 业绩",
        "个人 E1 2 M 40 110 业绩",
        "个人 E1 3 M 50 80 行为",
        "个人 E1 4 M 50 90 行为",
    )
    bands = [{"name": "优", "lower": "90"}, {"name": "良", "lower": None}]
    dimensions = [{"name": "业绩", "weight": "70", "bands": bands}, {"name": "行为", "weight": "30", "bands": bands}]
    got = run(frames, items={"mode": "dimension", "dimensions": dimensions})["E1"].parts[0].kpi
    assert got.dimensions == {"业绩": 98, "行为": 85}
    assert (got.value, got.letters) == (F("94.1"), {"业绩": "优", "行为": "良"})


def test_s1_weights_that_miss_100_are_errors_from_frames() -> None:
    frames = manual(["90"])
    frames["items"][0]["weight"] = "99.99"
    with pytest.raises(BookError, match="weights"):
        run(frames)
    with pytest.raises(BookError, match="weights"):
        run(manual(["90"]), parts={"kpi_weight": "70", "review_weight": "29.99"})
