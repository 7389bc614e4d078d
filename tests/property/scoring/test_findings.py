"""Single cases in which engine and book were once found to differ.

Source: scoring.md S0, S2, S4, S7, S11.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.oracle.cycle import score_cycle
from tests.oracle.draws import Cycle, Document
from tests.oracle.words import Row
from tests.property.scoring.compare import differences
from tests.property.scoring.engine import Said, run

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
