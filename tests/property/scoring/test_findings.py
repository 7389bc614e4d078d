"""Single cases in which engine and book were once found to differ.

Source: scoring.md S0, S2, S4, S7, S11.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.cycle import score_cycle
from tests.oracle.draws import Cycle, Document
from tests.oracle.numbers import BookError
from tests.oracle.words import Row
from tests.property.scoring.compare import differences
from tests.property.scoring.engine import Said, refusal, run

KPI_ONLY: Document = {"parts": {"kpi_weight": "100", "review_weight": "0"}}
REVIEW_ONLY: Document = {"parts": {"kpi_weight": "0", "review_weight": "100"}}


def cycle_of(document: Document, **frames: list[Row]) -> Cycle:
    """One person, one department, one quarter, one scheme."""
    whole: dict[str, list[Row]] = {
        "cycle": [{"cycle": "本期", "start": "2026-01-01", "end": "2026-03-31"}],
        "departments": [{"dept_code": "D"}],
        "people": [{"emp_no": "E1", "dept_code": "D"}],
    }
    return Cycle(whole | frames, {"s": {"key": "s", **document}})


def item(**cells: str) -> Row:
    """One item of E1 with all the weight."""
    return {"kind": "个人", "subject": "E1", "item": "1", "weight": "100", **cells}


def forms(*rows: tuple[str, str, str]) -> list[Row]:
    """Forms about E1 by (relation, rater, form kind)."""
    return [
        {
            "task_no": f"T{index}",
            "kind": "个人",
            "subject": "E1",
            "relation": relation,
            "rater": rater,
            "external": "是",
            "form": kind,
            "status": "已提交",
        }
        for index, (relation, rater, kind) in enumerate(rows)
    ]


def agree(cycle: Cycle) -> Said:
    """Both say the same."""
    said = run(cycle)
    assert differences(said, cycle, score_cycle(cycle.frames, cycle.schemes)) == []
    return said


METHODS: dict[str, dict[str, str]] = {
    "range": {"params": "lower=1;upper=2;tolerance=1"},
    "done": {},
    "done late": {"params": "steps=≥0 → 100,≥3 → 80"},
    "steps": {"params": "steps=≥1 → 50;else=7"},
    "interpolate": {"params": "points=1:10,2:20;below=3"},
    "deduct": {"params": "unit=5"},
    "linear": {},
    "ratio": {},
    "reflection": {},
    "manual": {},
    "progress": {},
}


@pytest.mark.parametrize("method", METHODS)
def test_s2_a_missing_actual_holds_the_appraisal_under_every_method(method: str) -> None:
    metric: Row = {"metric_code": "M", "method": method.split(maxsplit=1)[0], **METHODS[method]}
    said = agree(cycle_of(KPI_ONLY, metrics=[metric], items=[item(metric_code="M", target="3")]))
    assert said.tables["results"][0]["status"] == "暂不计分"


def test_s2_range_does_not_fall_below_zero() -> None:
    metric: Row = {"metric_code": "M", "method": "range", "params": "lower=95;upper=105;tolerance=10", "floor": "-20"}
    said = agree(cycle_of(KPI_ONLY, metrics=[metric], items=[item(metric_code="M", actual="120")]))
    assert str(said.tables["results"][0]["result"]) == "0.000000"


def test_s13_nobody_vanishes_where_appraisals_are_given() -> None:
    sheets: list[Row] = [{"kind": "部门", "subject": "D"}]
    said = run(cycle_of(KPI_ONLY, items=[item(manual_score="80")], appraisals=sheets))
    named = {row["subject"] for name in ("results", "excluded") for row in said.tables[name]}
    assert "E1" in named


def test_s11_segments_all_under_15_days_become_one() -> None:
    windows = (("01", "03"), ("04", "16"), ("17", "28"), ("29", "31"))
    items = [
        item(manual_score=str(50 + 10 * index)) | {"item": str(index), "from": f"2026-01-{a}", "to": f"2026-01-{b}"}
        for index, (a, b) in enumerate(windows)
    ]
    month: list[Row] = [{"cycle": "本月", "start": "2026-01-01", "end": "2026-01-31"}]
    metrics: list[Row] = [{"metric_code": "M", "method": "manual"}]
    said = agree(cycle_of(KPI_ONLY, cycle=month, metrics=metrics, items=[{**row, "metric_code": "M"} for row in items]))
    assert said.tables["results"][0]["segments"] == 1


def test_s4_a_dotted_superior_of_his_own_group_stands_beside_the_superior() -> None:
    groups = [{"relation": "superior", "weight": 50}, {"relation": "dotted", "weight": 30}]
    groups.append({"relation": "customer", "weight": 20, "threshold": 1})
    sent = forms(("superior", "A", "f"), ("dotted", "B", "f"), ("customer", "B", "f"))
    ratings: list[Row] = [
        {"task_no": f"T{index}", "criterion": "c", "score": score} for index, score in enumerate(("80", "70", "90"))
    ]
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    document: Document = {**REVIEW_ONLY, "raters": {"groups": groups}}
    said = agree(cycle_of(document, forms=sent, ratings=ratings, criteria=criteria))
    assert [row["task_no"] for row in said.tables["forms"] if not row["is_counted"]] == ["T2"]


def test_s4_a_criterion_of_another_form_does_not_help_over_the_threshold() -> None:
    groups = [{"relation": "peer", "weight": 100, "threshold": 2}]
    sent = forms(("peer", "A", "f"), ("peer", "B", "g"))
    ratings: list[Row] = [{"task_no": f"T{index}", "criterion": "c", "score": "80"} for index in (0, 1)]
    criteria: list[Row] = [{"form": kind, "criterion": "c", "weight": "100"} for kind in ("f", "g")]
    document: Document = {**REVIEW_ONLY, "raters": {"groups": groups, "threshold_unit": "criterion"}}
    said = agree(cycle_of(document, forms=sent, ratings=ratings, criteria=criteria))
    assert said.tables["results"][0]["status"] == "待补评"


def decided() -> Said:
    """A 360 typed by an appeal, beside one of the superior."""
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    ratings: list[Row] = [{"task_no": "T0", "criterion": "c", "score": "60"}]
    verdict: Row = {"kind": "个人", "subject": "E1", "object": "评价", "action": "裁定得分", "value": "85"}
    document: Document = {**REVIEW_ONLY, "raters": {"groups": [{"relation": "superior", "weight": 100}]}}
    sent = forms(("superior", "A", "f"))
    return run(cycle_of(document, forms=sent, ratings=ratings, criteria=criteria, appeal_decisions=[verdict]))


def test_s4_a_decided_360_counts() -> None:
    assert [str(row["result"]) for row in decided().tables["results"]] == ["85.000000"]


def test_s7_lines_below_a_decided_360_add_up_or_are_not_there() -> None:
    lines = decided().tables["lines"]
    (top,) = [line for line in lines if line["part"] == "review"]
    below = [line["printed"] for line in lines if line["parent"] == top["line_no"] and line["printed"] is not None]
    assert not below or sum(below) == top["printed"]


def test_s0_the_segment_mean_is_rounded_for_everyone() -> None:
    document: dict[str, Any] = {**KPI_ONLY, "rounding": {"segments": {"decimals": 1, "mode": "half_away"}}}
    metrics: list[Row] = [{"metric_code": "M", "method": "manual"}]
    said = agree(cycle_of(document, metrics=metrics, items=[item(manual_score="80.55", metric_code="M")]))
    assert str(said.tables["results"][0]["unrounded"]) == "80.600000"


def test_s12_a_factor_of_one_person_leaves_the_others_alone() -> None:
    people: list[Row] = [{"emp_no": code, "dept_code": "D"} for code in ("E1", "E2")]
    items = [{**item(manual_score="90", metric_code="M"), "subject": code} for code in ("E1", "E2")]
    document: Document = {**KPI_ONLY, "departments": {"use": "none"}}
    cycle = cycle_of(
        document,
        people=people,
        metrics=[{"metric_code": "M", "method": "manual"}],
        items=items,
        factors=[{"kind": "个人", "subject": "E2", "factor": "项目系数", "value": "1.5"}],
        pay=[{"emp_no": code, "base": "1000"} for code in ("E1", "E2")],
    )
    said = agree(cycle)
    assert {row["subject"]: str(row["amount"]) for row in said.tables["bonus"]} == {
        "E1": "1200.000000",
        "E2": "1800.000000",
    }


def test_s0_a_formula_of_two_products_can_be_rounded() -> None:
    document: Document = {
        "parts": {"kpi_weight": "100", "review_weight": "0", "formula": "kpi * 1.25 * 0.8"},
        "rounding": {"composite": {"decimals": 1, "mode": "half_away"}},
    }
    metrics: list[Row] = [{"metric_code": "M", "method": "manual"}]
    said = agree(cycle_of(document, metrics=metrics, items=[item(manual_score="80.55", metric_code="M")]))
    assert str(said.tables["results"][0]["unrounded"]) == "80.600000"


def test_s4_merged_groups_are_scored_by_criterion() -> None:
    groups = [
        {"relation": relation, "weight": 50, "threshold": 2, "when_short": "merge", "required": False}
        for relation in ("peer", "customer")
    ]
    sent = forms(("peer", "A", "f"), ("customer", "B", "f"))
    ratings: list[Row] = [{"task_no": f"T{index}", "criterion": "c", "score": "80"} for index in (0, 1)]
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    document: Document = {**REVIEW_ONLY, "raters": {"groups": groups, "threshold_unit": "criterion"}}
    said = agree(cycle_of(document, forms=sent, ratings=ratings, criteria=criteria))
    assert str(said.tables["results"][0]["result"]) == "80.000000"


# Questions the book leaves open, each as the modules of the engine say


def moved(*schemes: tuple[str, str, str], least: dict[str, int], **frames: list[Row]) -> Cycle:
    """E1 under several schemes one after the other, each with its own least days of a segment."""
    assignments: list[Row] = [
        {"emp_no": "E1", "start": start, "end": end, "dept_code": "D", "scheme": key} for key, start, end in schemes
    ]
    metrics: list[Row] = [{"metric_code": "M", "method": "manual"}]
    whole = cycle_of(KPI_ONLY, metrics=metrics, assignments=assignments, **frames)
    documents = {key: {"key": key, **KPI_ONLY, "periods": {"segment_min_days": days}} for key, days in least.items()}
    return Cycle(whole.frames, documents)


@pytest.mark.parametrize(("first", "last", "segments"), [(60, 15, 2), (15, 60, 1)])
def test_s11_between_two_schemes_the_least_days_of_the_home_scheme_count(first: int, last: int, segments: int) -> None:
    pieces = (("a", "2026-01-01", "2026-02-09"), ("b", "2026-02-10", "2026-03-31"))
    items = [
        item(manual_score=score, metric_code="M") | {"item": score, "from": start, "to": end}
        for score, (_, start, end) in zip(("60", "90"), pieces, strict=True)
    ]
    said = agree(moved(*pieces, least={"a": first, "b": last}, items=items))
    assert said.tables["results"][0]["segments"] == segments


DEFAULT_VETO: dict[str, tuple[dict[str, str], dict[str, str], bool]] = {
    "higher, just short": ({"method": "linear"}, {"target": "100", "actual": "99.9999"}, True),
    "higher, reached": ({"method": "linear"}, {"target": "100", "actual": "100"}, False),
    "lower, above": ({"method": "reflection", "direction": "lower"}, {"target": "4", "actual": "4.1"}, True),
    "lower, below": ({"method": "reflection", "direction": "lower"}, {"target": "4", "actual": "3"}, False),
    "ratio falls": ({"method": "ratio"}, {"target": "4", "actual": "5"}, True),
    "baseline above": ({"method": "linear"}, {"target": "4", "baseline": "10", "actual": "3"}, False),
    "baseline above, short": ({"method": "linear"}, {"target": "4", "baseline": "10", "actual": "5"}, True),
    "rate with a baseline above": (
        {"method": "steps", "params": "on=rate;steps=≥100 → 100;else=50"},
        {"target": "4", "baseline": "10", "actual": "3"},
        False,
    ),
    "a full step short of the target": (
        {"method": "steps", "params": "steps=≥90 → 100;else=50"},
        {"target": "100", "actual": "95"},
        True,
    ),
    "outside": ({"method": "range", "params": "lower=1;upper=2;tolerance=10"}, {"actual": "2.1"}, True),
    "inside": ({"method": "range", "params": "lower=1;upper=2;tolerance=10"}, {"actual": "2"}, False),
    "not done": ({"method": "done", "floor": "-10"}, {"actual": "0"}, True),
    "done": ({"method": "done"}, {"actual": "1"}, False),
    "three days late by the table": ({"method": "done", "params": "steps=≥0 → 100,≥3 → 80"}, {"actual": "3"}, False),
    "deductions without a target": ({"method": "deduct", "params": "unit=5"}, {"actual": "3"}, False),
    "deductions down to the floor": ({"method": "deduct", "params": "unit=5"}, {"actual": "30"}, True),
    "typed below full": ({"method": "manual"}, {"manual_score": "99"}, False),
}
"""Metric, item, and whether a veto without a condition of its own is hit."""


@pytest.mark.parametrize("name", DEFAULT_VETO)
def test_s7_the_default_veto_compares_the_exact_actual_with_the_target(name: str) -> None:
    metric, cells, is_hit = DEFAULT_VETO[name]
    row: Row = {"metric_code": "M", "veto_action": "分数封顶", "veto_value": "59", **metric}
    said = agree(cycle_of(KPI_ONLY, metrics=[row], items=[item(metric_code="M", **cells)]))
    assert said.tables["items"][0]["veto_hit"] is is_hit


def test_s7_the_default_veto_compares_with_a_prorated_target() -> None:
    metric: Row = {"metric_code": "M", "method": "linear", "agg": "求和", "prorate": "是", "veto_action": "总分0"}
    people: list[Row] = [{"emp_no": "E1", "dept_code": "D", "hire_date": "2026-02-15"}]
    row = item(metric_code="M", target="1200000", actual="600000")
    said = agree(cycle_of(KPI_ONLY, metrics=[metric], items=[row], people=people))
    assert (said.tables["items"][0]["veto_hit"], str(said.tables["results"][0]["result"])) == (False, "100.000000")


def test_s4_one_criterion_name_in_two_forms_is_two_criteria() -> None:
    criteria: list[Row] = [
        {"form": "f", "criterion": "c", "weight": "100", "scale_min": "1", "scale_max": "5"},
        {"form": "g", "criterion": "c", "weight": "40"},
        {"form": "g", "criterion": "d", "weight": "60"},
    ]
    given = (("T0", "c", "4"), ("T1", "c", "60"), ("T1", "d", "90"))
    ratings: list[Row] = [{"task_no": task, "criterion": name, "score": score} for task, name, score in given]
    groups = [{"relation": "superior", "weight": 50}, {"relation": "customer", "weight": 50, "threshold": 1}]
    document: Document = {**REVIEW_ONLY, "raters": {"groups": groups}}
    sent = forms(("superior", "A", "f"), ("customer", "B", "g"))
    said = agree(cycle_of(document, forms=sent, ratings=ratings, criteria=criteria))
    assert str(said.tables["results"][0]["result"]) == "76.500000"  # (75 + 78) ÷ 2


def of_information(*rows: tuple[str, str, str], **policies: Any) -> Cycle:
    """KPI 80 by 70 %, and a 360 in which the superior is asked for information only."""
    groups = [{"relation": "superior", "weight": 0}, {"relation": "peer", "weight": 100, "threshold": 1}]
    parts = {"kpi_weight": "70", "review_weight": "30"}
    ratings: list[Row] = [{"task_no": f"T{index}", "criterion": "c", "score": "60"} for index in range(len(rows))]
    return cycle_of(
        {"parts": parts, "raters": {"groups": groups, **policies}},
        metrics=[{"metric_code": "M", "method": "manual"}],
        items=[item(manual_score="80", metric_code="M")],
        forms=forms(*rows),
        ratings=ratings,
        criteria=[{"form": "f", "criterion": "c", "weight": "100"}],
    )


def test_s4_a_superior_asked_for_information_is_not_required() -> None:
    said = agree(of_information(("peer", "A", "f")))
    assert str(said.tables["results"][0]["result"]) == "74.000000"


def test_s4_forms_for_information_alone_leave_the_360_a_missing_part() -> None:
    said = agree(of_information(("superior", "A", "f")))
    assert str(said.tables["results"][0]["result"]) == "80.000000"


def test_s1_equal_groups_weigh_the_same_whatever_is_written() -> None:
    said = agree(of_information(("superior", "A", "f"), ("peer", "B", "f"), equal=True))
    assert said.tables["results"][0]["full_weight_d4"] == 20_000


def test_s4_a_group_without_weight_cannot_be_required() -> None:
    groups = [{"relation": "superior", "weight": 0, "required": True}, {"relation": "peer", "weight": 100}]
    cycle = cycle_of({**REVIEW_ONLY, "raters": {"groups": groups}}, forms=forms(("peer", "A", "f")))
    error = refusal(cycle)
    assert error is not None
    assert [problem.code for problem in error.problems] == ["scheme.required_without_weight"]
    with pytest.raises(BookError, match="required_without_weight"):
        score_cycle(cycle.frames, cycle.schemes)


def test_s10_a_decision_on_somebody_without_a_result_is_flagged() -> None:
    decision: Row = {"kind": "个人", "subject": "E1", "status": "已批", "new_grade": "S", "reason": "会议"}
    metrics: list[Row] = [{"metric_code": "M", "method": "linear"}]
    said = agree(cycle_of(KPI_ONLY, metrics=metrics, items=[item(metric_code="M", target="3")], calibration=[decision]))
    assert [(flag["subject"], flag["flag"]) for flag in said.tables["flags"]] == [("E1", "calibration_idle")]


def test_s12_a_pool_nobody_shares_is_flagged() -> None:
    cycle = cycle_of(
        {**KPI_ONLY, "departments": {"use": "none"}},
        metrics=[{"metric_code": "M", "method": "manual"}],
        items=[item(manual_score="90", metric_code="M")],
        pay=[{"emp_no": "E1", "base": "1000", "pool": None}],
        pools=[{"pool": "空", "amount": "500"}],
    )
    assert [flag["flag"] for flag in agree(cycle).tables["flags"]] == ["pool_idle"]


def test_s13_a_file_of_appraisals_decides_who_is_scored() -> None:
    people: list[Row] = [{"emp_no": code, "dept_code": "D"} for code in ("E1", "E2")]
    items = [{**item(manual_score="90", metric_code="M"), "subject": code} for code in ("E1", "E2")]
    metrics: list[Row] = [{"metric_code": "M", "method": "manual"}]
    said = agree(
        cycle_of(KPI_ONLY, people=people, metrics=metrics, items=items, appraisals=[{"kind": "个人", "subject": "E1"}])
    )
    assert [row["subject"] for row in said.tables["excluded"] if row["reason"] == "no_appraisal"] == ["E2"]


def rated(document: Document, criteria: list[Row], scores: dict[str, str], **frames: list[Row]) -> Said:
    """E1 rated by peers of one form, threshold 1."""
    sent = forms(*[("peer", rater, "f") for rater in scores])
    ratings: list[Row] = [{"task_no": f"T{at}", "criterion": "c", "score": x} for at, x in enumerate(scores.values())]
    groups = [{"relation": "peer", "weight": 100, "threshold": 1}]
    whole: Document = {**REVIEW_ONLY, "raters": {"groups": groups}, **document}
    return agree(cycle_of(whole, forms=sent, ratings=ratings, criteria=criteria, **frames))


def test_s0_points_of_an_option_are_no_mapped_rating_and_are_not_rounded() -> None:
    rounding = {"rounding": {"rating": {"decimals": 0, "mode": "half_away"}}}
    plain: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    scale: list[Row] = [{**plain[0], "scale_min": "0", "scale_max": "100"}]
    assert str(rated(rounding, plain, {"A": "42.3"}).tables["results"][0]["result"]) == "42.300000"
    assert str(rated(rounding, scale, {"A": "42.3"}).tables["results"][0]["result"]) == "42.000000"


ADOPT: Document = {"severity": {"mode": "adopt", "snapshot": "q"}}


def test_s5_an_adopted_adjustment_has_a_receipt_line_of_its_own() -> None:
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    betas: list[Row] = [{"snapshot": "q", "rater": "A", "beta": "5"}, {"snapshot": "q", "rater": "B", "beta": "-2"}]
    said = rated(ADOPT, criteria, {"A": "90", "B": "80"}, rater_adjustments=betas)
    lines = {line["part"]: str(line["printed"]) for line in said.tables["lines"] if line["level"] == 2}
    assert lines == {"group": "85.000000", "severity": "-1.500000"}


@pytest.mark.parametrize(("score", "beta", "expected"), [("5", "-60", "90.000000"), ("1", "60", "40.000000")])
def test_s5_an_adjusted_score_stays_within_the_range_of_its_form(score: str, beta: str, expected: str) -> None:
    scale = {"scale_min": "1", "scale_max": "5", "to_min": "40", "to_max": "90"}
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100", **scale}]
    criteria += [{"form": "g", "criterion": "c", "weight": "100"}]
    betas: list[Row] = [{"snapshot": "q", "rater": "A", "beta": beta}]
    said = rated(ADOPT, criteria, {"A": score}, rater_adjustments=betas)
    assert str(said.tables["results"][0]["result"]) == expected


def test_s5_adopting_without_the_snapshot_is_refused() -> None:
    criteria: list[Row] = [{"form": "f", "criterion": "c", "weight": "100"}]
    groups = [{"relation": "peer", "weight": 100, "threshold": 1}]
    document: Document = {**REVIEW_ONLY, "raters": {"groups": groups}, **ADOPT}
    ratings: list[Row] = [{"task_no": "T0", "criterion": "c", "score": "80"}]
    error = refusal(cycle_of(document, forms=forms(("peer", "A", "f")), ratings=ratings, criteria=criteria))
    assert error is not None
    assert [problem.code for problem in error.problems] == ["severity.unknown_snapshot"]


def test_s2_an_item_with_a_fault_is_not_also_said_to_miss_100() -> None:
    metrics: list[Row] = [{"metric_code": "M", "method": "linear"}, {"metric_code": "N", "method": "manual"}]
    items = [
        {**item(metric_code="M", target="0", actual="3"), "weight": "40"},
        {**item(metric_code="N", manual_score="80"), "item": "2", "weight": "60"},
    ]
    error = refusal(cycle_of(KPI_ONLY, metrics=metrics, items=items))
    assert error is not None
    assert [problem.code for problem in error.problems] == ["item.target_not_positive"]
