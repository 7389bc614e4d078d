"""The document form of a scheme: defaults, faults all at once, hash, what-if changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.errors import SchemeError
from huoban_perf.scoring import change_scheme, parse_scheme, scheme_document, scheme_hash


def codes(document: dict[str, Any]) -> list[str]:
    with pytest.raises(SchemeError) as caught:
        parse_scheme(document)
    return [f"{problem.code.removeprefix('scheme.')} {problem.address}" for problem in caught.value.problems]


def test_parse_scheme_empty_document_has_the_books_defaults() -> None:
    scheme = parse_scheme({})
    assert next(iter(scheme.grades)).lower_d4 == 950000
    assert (scheme.items.cap_d4, scheme.items.missing, scheme.parts.missing) == (1200000, "hold", "renormalise")
    assert (scheme.departments.use, scheme.distribution.control, scheme.distribution.min_n) == ("bonus", "hint", 10)
    assert (scheme.periods.segment_min_days, scheme.raters.min_coverage_d4) == (15, 600000)


def test_parse_scheme_default_constants_follow_the_scale() -> None:
    scheme = parse_scheme({"scale": "5"})
    assert [grade.lower_d4 for grade in scheme.grades] == [47500, 42500, 35000, 30000, None]
    assert (scheme.items.cap_d4, scheme.boundary_distance_d4, scheme.hints.self_gap_d4) == (60000, 500, 7500)


def test_parse_scheme_numbers_may_be_text_int_or_decimal_never_float() -> None:
    parts = {"kpi_weight": Decimal("33.5"), "review_weight": 0, "okr_weight": "66.50"}
    assert parse_scheme({"parts": parts}).parts.okr_weight_d4 == 665000
    assert codes({"parts": {"kpi_weight": 100.0}}) == ["not_a_number parts.kpi_weight"]


def test_parse_scheme_null_means_not_given() -> None:
    assert (
        parse_scheme(
            {"total": {"adjustment_cap": ""}, "parts": None, "periods": {"min_days": ""}, "items": {"cap": None}}
        ).items.cap_d4
        == 1200000
    )


def test_parse_scheme_lists_every_fault() -> None:
    assert codes(
        {
            "scale": "x",
            "wrong": 1,
            "rounding": {"everywhere": {"decimals": 2}, "item": {"decimals": 9, "mode": "sideways"}, "kpi": 2},
            "parts": {
                "kpi_weight": "-1",
                "formula": "kpi +",
                "equal": "maybe",
                "kpi_bands": [{"name": "A", "lower": 1}],
            },
            "items": {
                "floor": 10,
                "cap": 5,
                "missing": "shrug",
                "dimensions": [{"name": "a"}, {"name": "a", "weight": 50}],
            },
            "raters": {"groups": {"relation": "peer"}},
            "grades": [{"name": "A", "lower": 80}, {"name": "A", "lower": 85}, {"name": "C", "lower": 60}],
            "pass_grade": "Z",
            "distribution": {"min_n": "many", "checks": [{"grades": ["Q"], "sign": "<"}]},
            "bonus": "none",
        }
    ) == [
        "unknown_key wrong",
        "not_a_number scale",
        "out_of_bounds rounding.item",
        "unknown_policy rounding.item",
        "out_of_bounds parts.kpi_weight",
        "unknown_policy parts.equal",
        "unknown_policy items.missing",
        "not_a_list raters.groups",
        "not_a_whole_number distribution.min_n",
        "unknown_policy distribution.checks[0].sign",
        "not_a_mapping bonus",
        "unknown_policy rounding.everywhere",
        "formula.syntax parts.formula",
        "lowest_band_only_unbounded parts.kpi_bands[0]",
        "floor_above_cap items",
        "given_twice items.dimensions[1]",
        "given_twice grades[1]",
        "lowest_band_only_unbounded grades[2]",
        "bands_overlap grades[1]",
        "unknown_grade pass_grade",
        "unknown_grade distribution.checks[0]",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            {"parts": {"kpi_weight": "33.33", "review_weight": "66.66"}},
            ["weights_miss_100 parts", "no_rater_groups raters.groups"],
        ),
        (
            {"raters": {"groups": [{"relation": "friend", "weight": 50}, {"relation": "peer", "weight": 49}]}},
            ["unknown_policy raters.groups[0].relation", "weights_miss_100 raters.groups"],
        ),
        (
            {"raters": {"groups": [{"relation": "peer", "weight": 50}, {"relation": "peer", "weight": 50}]}},
            ["given_twice raters.groups[1]"],
        ),
        ({"grades": []}, ["no_grades grades"]),
        (
            {
                "grades": [
                    {"name": "A", "lower": 1, "cap_percent": 60, "target_percent": 50},
                    {"name": "B", "cap_percent": 41},
                ]
            },
            ["quotas_above_100 grades.cap_percent"],
        ),
        ({"distribution": {"rounding": "largest_remainder"}}, ["targets_miss_100 grades.target_percent"]),
        (
            {"items": {"mode": "dimension", "dimensions": [{"name": "a", "weight": 90}]}},
            ["weights_miss_100 items.dimensions"],
        ),
        ({"total": {"floor": 10, "cap": 5}}, ["floor_above_cap total"]),
        ({"bonus": {"form": "sum"}}, ["no_factor_weights bonus.weights"]),
        (
            {
                "bonus": {
                    "factors": {"grade": 1, "x": "y"},
                    "weights": [{"factor": "x", "weight": 1}, {"factor": "x", "weight": 1}],
                }
            },
            ["not_a_number bonus.factors.x", "given_twice bonus.weights[1]", "reserved_name bonus.factors"],
        ),
        (
            {"bonus": {"factors": [1], "coefficients": [{"grade": "Q"}]}},
            ["not_a_mapping bonus.factors", "unknown_grade bonus.coefficients[0]"],
        ),
        ({"result_decimals": 7}, ["out_of_bounds result_decimals"]),
    ],
)
def test_parse_scheme_contradictions(document: dict[str, Any], expected: list[str]) -> None:
    assert codes(document) == expected


def test_parse_scheme_a_weight_fault_carries_difference_and_repair() -> None:
    with pytest.raises(SchemeError) as caught:
        parse_scheme({"parts": {"kpi_weight": "33.33", "review_weight": "33.33", "okr_weight": "33.33"}})
    facts = caught.value.problems[0].facts
    assert (facts["difference"], facts["proposal"]) == ("-0.01", ("33.34", "33.33", "33.33"))


RICH: dict[str, Any] = {
    "key": "k",
    "scale": 10,
    "rounding": {"item": {"decimals": 1, "mode": "up"}},
    "parts": {
        "kpi_weight": 60,
        "review_weight": 40,
        "equal": "true",
        "kpi_bands": [{"name": "优", "lower": 9}, {"name": "良"}],
    },
    "raters": {"groups": [{"relation": "peer", "weight": 100, "threshold": 2, "trim": 20, "required": True}]},
    "distribution": {"checks": [{"grades": ["S"], "percent": 10}]},
    "bonus": {"factors": {"company": "1.10"}},
}


def test_scheme_document_reads_back_to_an_equal_scheme() -> None:
    scheme = parse_scheme(RICH)
    document = scheme_document(scheme)
    assert parse_scheme(document) == scheme
    assert document["bonus"]["factors"] == {"company": "1.1"}  # type: ignore[index]


def test_scheme_hash_ignores_spelling_and_defaults_and_sees_every_rule() -> None:
    same = {**RICH, "scale": "10.0", "items": {"cap": "12"}}
    assert scheme_hash(same) == scheme_hash(RICH)
    assert scheme_hash({**RICH, "items": {"cap": "12.01"}}) != scheme_hash(RICH)
    assert scheme_hash({}) != scheme_hash({"scale": 5})


def test_change_scheme_by_path_and_by_name() -> None:
    scheme = parse_scheme(RICH)
    changed = change_scheme(
        scheme, {"raters.groups.peer.threshold": 4, "grades.S.coefficient": 2, "items.missing": "zero"}
    )
    assert (changed.raters.groups[0].threshold, changed.grades[0].coefficient_d4, changed.items.missing) == (
        4,
        20000,
        "zero",
    )
    assert scheme.raters.groups[0].threshold == 2


@pytest.mark.parametrize("path", ["nowhere.at.all", "raters.groups.self.weight", "raters.groups.peer", "key.deeper"])
def test_change_scheme_unknown_paths_are_refused(path: str) -> None:
    with pytest.raises(SchemeError, match="unknown_path"):
        change_scheme(parse_scheme(RICH), {path: 1})


def test_change_scheme_still_checks_the_whole() -> None:
    with pytest.raises(SchemeError, match="weights_miss_100"):
        change_scheme(parse_scheme({}), {"parts.kpi_weight": 50})


def test_scheme_group_and_pass_bound() -> None:
    scheme = parse_scheme({"pass_grade": "B"})
    assert scheme.group("peer") is None
    assert scheme.pass_bound_d4 == 700000
    assert parse_scheme({"grades": [{"name": "x"}]}).pass_bound_d4 is None
