"""The formula language: what parses, what is refused, and exact values in SQL."""

from __future__ import annotations

import duckdb
import pytest

from huoban_perf.scoring.formula import FormulaError, formula_problems, names_of, parse_formula
from huoban_perf.scoring.formula_sql import sql_formula
from huoban_perf.scoring.rounding import Rounding

ROW = (
    "(SELECT 96300000000::BIGINT AS kpi_n, NULL::BIGINT AS okr_n, 88235294118::BIGINT AS review_n, 0::BIGINT AS self_n,"
    " 92000000000::BIGINT AS superior_n, NULL::BIGINT AS upper_n, 70000000001::BIGINT AS peer_n,"
    " 60000000000::BIGINT AS subordinate_n, 1::BIGINT AS customer_n)"
)


def value(text: str, *, division: Rounding | None = None, composite: Rounding | None = None) -> int | None:
    expression = sql_formula(parse_formula(text), division=division, composite=composite)
    row = duckdb.execute(f"SELECT {expression} FROM {ROW}").fetchone()
    assert row is not None
    found: int | None = row[0]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.7 * kpi + 0.3 × mr", 93880588235),
        ("kpi − mr - 1", 7064705882),
        ("-kpi ÷ 3", -32100000000),
        ("+kpi / -3", -32100000000),
        ("mean(kpi, mr, superior)", 92178431373),
        ("min(kpi, 90)", 90000000000),
        ("max(kpi, mr, 100)", 100000000000),
        ("abs(mr - kpi)", 8064705882),
        ("round(mr, 2)", 88240000000),
        ("round(mr)", 88000000000),
        ("round(2.5, 6)", 2500000000),
        ("(peer + peer) / 2 * 1", 70000000001),
        ("if(missing(okr), superior, okr)", 92000000000),
        ("if(kpi >= 90 and not missing(mr), 1, 2)", 1000000000),
        ("if(kpi < 90 or kpi == 96.3, 1, 2)", 1000000000),
        ("if(kpi != 96.3, 1, 2)", 2000000000),
        ("if（kpi ≤ 96.3，1，2）", 1000000000),
        ("if(missing(okr) or okr > 5, 1, 2)", 1000000000),
        ("kpi * mr / 100", 84970588236),
    ],
)
def test_formula_exact_values(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["kpi + okr", "kpi / self", "min(kpi, okr)", "if(okr > 5, 1, 2)", "mean(kpi, upper)", "abs(okr)"]
)
def test_formula_unguarded_missing_or_division_by_zero_is_null(text: str) -> None:
    assert value(text) is None


def test_formula_each_division_is_a_rounding_point() -> None:
    assert value("(kpi / 7) * 7") == 96299999999
    assert value("(kpi / 7) * 7", division=Rounding(2)) == 96320000000
    assert value("kpi / 7", composite=Rounding(1, "truncate")) == 13700000000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kpi +", "syntax"),
        ("", "syntax"),
        ("eval(1)", "syntax"),
        ("__import__('os')", "syntax"),
        ("luck", "unknown_name"),
        ("missing(1)", "missing_needs_name"),
        ("missing(kpi)", "number_needed"),
        ("kpi > 1", "number_needed"),
        ("if(kpi, 1, 2)", "condition_needed"),
        ("kpi and mr", "condition_needed"),
        ("not kpi", "condition_needed"),
        ("min(kpi > 1, 2)", "number_needed"),
        ("(kpi > 1) + 2", "number_needed"),
        ("-(kpi > 1)", "number_needed"),
        ("round(kpi, mr)", "round_decimals"),
        ("round(kpi, 7)", "round_decimals"),
        ("abs(kpi, mr)", "argument_count"),
        ("if(missing(kpi), 1)", "argument_count"),
        ("kpi * 1.23456", "bad_number"),
        ("kpi+" * 600 + "kpi", "too_long"),
    ],
)  # fmt: skip
def test_formula_faults_are_named(text: str, code: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse_formula(text)
    assert caught.value.code == code


def test_formula_problems_none_for_no_formula() -> None:
    assert list(formula_problems("")) == []
    assert list(formula_problems("kpi")) == []
    assert [problem.code for problem in formula_problems("luck")] == ["formula.unknown_name"]


def test_formula_nesting_is_bounded() -> None:
    found = list(formula_problems("-" * 1990 + "kpi"))
    assert [problem.code for problem in found] == ["formula.too_deep"]


def test_names_of_lists_what_is_read() -> None:
    assert names_of(parse_formula("if(missing(peer), 1, superior / 2)")) == {"peer", "superior"}
