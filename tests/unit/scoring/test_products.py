"""A company can move over from another product without its numbers changing: each product's own figure, by policy.

Source: scoring.md S0 (policies), features.md §0 and its table of asks; issue 3 point 6.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.cases.scoring.harness import Run, score

FIVE = [
    {"name": "5", "lower": "4.5"},
    {"name": "4", "lower": "3.5"},
    {"name": "3", "lower": "2.5"},
    {"name": "2", "lower": None},
]


def scored(document: dict[str, Any], **frames: list[str]) -> Run:
    run = score(frames, {"s": document}, traced=False)
    assert run.error is None, run.error
    return run


def result(run: Run, subject: str = "E1") -> str:
    return format(Decimal(str(run.of(subject)["result"])).normalize(), "f")


FRAPPE_ITEMS = ["kind subject item weight manual_score", "个人 E1 1 100 5"]
FRAPPE_FORMS = ["kind subject relation rater external status overall", "个人 E1 同事 a 是 已提交 5"]
PEERS = {"groups": [{"relation": "peer", "weight": 100, "threshold": 1}]}


def test_frappe_hr_five_and_five_with_a_missing_third_part_is_3_33() -> None:
    """Frappe HR: final = (goal + feedback + self) ÷ 3 with a missing part as 0 (hrms #690, #2023)."""
    parts: dict[str, Any] = {"equal": True}
    zero = {"scale": 5, "grades": FIVE, "parts": {**parts, "missing": "zero"}, "raters": PEERS}
    assert result(scored(zero, items=FRAPPE_ITEMS, forms=FRAPPE_FORMS)) == "3.33"
    left_out = {**zero, "parts": {**parts, "missing": "renormalise"}}
    assert result(scored(left_out, items=FRAPPE_ITEMS, forms=FRAPPE_FORMS)) == "5"


def test_frappe_hr_formula_over_goal_feedback_and_self() -> None:
    """The same as an expression, as Frappe's cycle allows; here a missing self-rating is guarded by hand."""
    formula = "(kpi + peer + if(missing(self), 0, self)) / 3"
    groups = [*PEERS["groups"], {"relation": "self", "weight": 0}]
    document = {"scale": 5, "grades": FIVE, "parts": {"formula": formula}, "raters": {"groups": groups}}
    assert result(scored(document, items=FRAPPE_ITEMS, forms=FRAPPE_FORMS)) == "3.33"
    forms = [*FRAPPE_FORMS, "个人 E1 自评 E1 - 已提交 4"]
    assert result(scored(document, items=FRAPPE_ITEMS, forms=forms)) == "4.67"


def test_frappe_hr_goal_score_is_the_weighted_completion_over_twenty() -> None:
    """Frappe HR: Σ completion × weight ÷ 100 ÷ 20 of 5: 80 % by 60 and 50 % by 40 are 68, so 3.4."""
    run = scored(
        {"scale": 5, "grades": FIVE},
        items=["kind subject item weight metric_code goal_no", "个人 E1 1 60 p G1", "个人 E1 2 40 p G2"],
        metrics=["metric_code method", "p progress"],
        goals=["goal_no goal_kind kind subject progress", "G1 goal 个人 E1 80", "G2 goal 个人 E1 50"],
    )
    assert result(run) == "3.4"


def test_horilla_ignores_the_start_value_and_truncates_to_a_whole_number() -> None:
    """Horilla: KR = current ÷ target, objective = plain average cut to an integer: (50 + 33.33) ÷ 2 = 41."""
    document: dict[str, Any] = {
        "parts": {"kpi_weight": 0, "okr_weight": 100},
        "goals": {"kr_method": "ratio"},
        "rounding": {"objective": {"decimals": 0, "mode": "truncate"}},
    }
    goals = [
        "goal_no parent_no goal_kind kind subject baseline target current",
        "O1 - objective 个人 E1 - - -",
        "K1 O1 kr 个人 E1 10 100 50",
        "K2 O1 kr 个人 E1 0 3 1",
    ]
    assert result(scored(document, goals=goals)) == "41"
    by_default = {**document, "goals": {}, "rounding": {}}
    assert result(scored(by_default, goals=goals)) == "38.89"  # (44.44 + 33.33) ÷ 2


def test_orangehrm_final_rating_is_typed_and_cut_not_rounded() -> None:
    """OrangeHRM: the supervisor types 0–100; a whole number is kept, 87.9 does not become 88."""
    document = {"result_decimals": 0, "rounding": {"result": {"decimals": 0, "mode": "truncate"}}}
    assert result(scored(document, items=["kind subject item weight manual_score", "个人 E1 1 100 87.9"])) == "87"


@pytest.mark.parametrize(("method", "expected"), [("ratio", "80"), ("reflection", "75")])
def test_lower_is_better_by_ratio_or_by_reflection(method: str, expected: str) -> None:
    """Target 4, actual 5: products disagree silently (80 or 75); the method is named in the receipt."""
    run = scored(
        {},
        metrics=["metric_code method direction", f"m {method} lower"],
        items=["kind subject item weight metric_code target actual", "个人 E1 1 100 m 4 5"],
    )
    assert result(run) == expected
    word = {"ratio": "比率法(反向)", "reflection": "差额法"}[method]
    assert word in run.rows("out_lines", "part = 'item'")[0]["detail"]


def test_a_five_point_total_keeps_its_scale_to_the_grade() -> None:
    """Ratings 4, 5, 4 on 1–5 stay 4.33 of 5 where the scale is stated as 1–5."""
    run = scored(
        {"scale": 5, "grades": FIVE, "parts": {"kpi_weight": 0, "review_weight": 100}, "raters": PEERS},
        criteria=["form criterion weight scale_min scale_max to_min to_max", "f c 100 1 5 1 5"],
        forms=["kind subject relation rater external form status c"]
        + [f"个人 E1 同事 {rater} 是 f 已提交 {points}" for rater, points in (("a", 4), ("b", 5), ("c", 4))],
    )
    assert (result(run), run.of("E1")["grade"]) == ("4.33", "4")


SAP_FORMS = [
    "kind subject relation rater external status skill attitude",
    "个人 E1 同事 a 是 已提交 80 60",
    "个人 E1 同事 b 是 已提交 90 70",
    "个人 E1 同事 c 是 已提交 70 -",
]


@pytest.mark.parametrize(("unit", "expected"), [("criterion", "80"), ("rater", "73.33")])
def test_sap_thresholds_per_item_or_per_rater(unit: str, expected: str) -> None:
    """SAP SuccessFactors: a threshold of 3 a category, or a item: with two answers the attitude item is left out."""
    document = {
        "parts": {"kpi_weight": 0, "review_weight": 100},
        "raters": {"groups": [{"relation": "peer", "weight": 100, "threshold": 3}], "threshold_unit": unit},
    }
    assert result(scored(document, forms=SAP_FORMS)) == expected


def test_sap_unrated_items_are_not_counted_or_hold_the_appraisal() -> None:
    """SAP leaves unrated items out; our default holds the appraisal until the figure is there."""
    frames = {
        "metrics": ["metric_code method", "m linear"],
        "items": ["kind subject item weight metric_code target actual", "个人 E1 1 60 m 10 9", "个人 E1 2 40 m 10 -"],
    }
    assert result(scored({"items": {"missing": "renormalise"}}, **frames)) == "90"
    assert scored({}, **frames).of("E1")["status"] == "暂不计分"


@pytest.mark.parametrize(("rounding", "expected"), [("down", 2), ("up", 3)])
def test_quota_of_ten_per_cent_over_23_people_is_two_or_three(rounding: str, expected: int) -> None:
    """Oracle and SAP guidelines round either way; 10 % of 23 is 2.3."""
    document = {
        "distribution": {"control": "cap", "rounding": rounding, "min_n": 1},
        "grades": [{"name": "S", "lower": 95, "cap_percent": 10}, {"name": "A", "lower": None}],
    }
    items = [f"个人 E{at:02d} 1 100 {99 - at / 10}" for at in range(23)]
    run = scored(document, items=["kind subject item weight manual_score", *items])
    assert len(run.rows("out_grades", "final_grade = 'S'")) == expected


@pytest.mark.parametrize(
    ("n", "tie", "divisor", "expected"),
    [
        (13, "larger_share", "n", [1, 3, 6, 2, 1]),
        (5, "larger_share", "n", [0, 1, 3, 1, 0]),
        (5, "better_grade", "n", [1, 1, 2, 1, 0]),
        (33, "larger_share", "n", [3, 7, 16, 5, 2]),
        (9, "larger_share", "n_plus_1", [1, 2, 5, 1, 0]),
    ],
)
def test_targets_by_largest_remainder_with_either_rule(n: int, tie: str, divisor: str, expected: list[int]) -> None:
    """The book's target table, and the two remainder rules that products differ in."""
    shares = {"S": 10, "A": 20, "B": 50, "C": 15, "D": 5}
    bounds = {"S": 95, "A": 85, "B": 70, "C": 60, "D": None}
    document = {
        "distribution": {
            "control": "exact",
            "rounding": "largest_remainder",
            "remainder_tie": tie,
            "remainder_divisor": divisor,
            "min_n": 1,
        },
        "grades": [{"name": g, "lower": bounds[g], "target_percent": share} for g, share in shares.items()],
    }
    items = [f"个人 E{at:02d} 1 100 {99 - at}" for at in range(n)]
    run = scored(document, items=["kind subject item weight manual_score", *items])
    assert [len(run.rows("out_grades", f"final_grade = '{grade}'")) for grade in shares] == expected
