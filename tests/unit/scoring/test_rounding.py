"""Exact numbers: reading, printing, and one division rounded half away from zero, in Python and in SQL alike."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from huoban_perf.scoring.rounding import (
    Rounding,
    half_away,
    parse_d4,
    sql_floor_div,
    sql_half_away,
    sql_literal,
    sql_name,
    sql_quantise,
    sql_round_micro,
    sql_text_of,
    text_of,
)


def evaluate(expression: str) -> object:
    row = duckdb.execute(f"SELECT {expression}").fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1.5", 15000),
        (7, 70000),
        (Decimal("0.0001"), 1),
        ("-2.50000", -25000),
        ("+3.", 30000),
        (Decimal("1E+2"), 1000000),
    ],
)
def test_parse_d4_exact_numbers_are_ten_thousandths(value: object, expected: int) -> None:
    assert parse_d4(value) == expected


@pytest.mark.parametrize("value", ["1.00001", "", "NaN", "1e3", 0.5, True, None, "12345678901234", Decimal("Infinity")])
def test_parse_d4_anything_else_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|not an exact"):
        parse_d4(value)


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(955000, 4, "95.5"), (-5, 1, "-0.5"), (30000, 4, "3"), (7, 0, "7"), (88235294118, 9, "88.235294118")],
)
def test_text_of_prints_without_trailing_zeros(value: int, digits: int, expected: str) -> None:
    assert text_of(value, digits=digits) == expected
    if digits:
        assert evaluate(sql_text_of(f"({value})::BIGINT", digits=digits)) == expected


@pytest.mark.parametrize(
    ("top", "bottom", "expected"), [(2675, 10, 268), (-2675, 10, -268), (-7, 2, -4), (7, 3, 2), (0, 5, 0)]
)
def test_half_away_python_and_sql_agree(top: int, bottom: int, expected: int) -> None:
    assert half_away(top, bottom) == expected
    assert evaluate(sql_half_away(f"({top})", str(bottom))) == expected
    assert evaluate(sql_half_away(f"({top})", str(bottom), largest=10**6)) == expected


@pytest.mark.parametrize(("value", "expected"), [(-7, -3), (7, 2), (-6, -2), (0, 0)])
def test_floor_div_floors_below_zero(value: int, expected: int) -> None:
    assert evaluate(sql_floor_div(f"({value})", 3)) == expected


MODES = {
    "half_away": {12500000: 13000000, -12500000: -13000000, 12499999: 12000000},
    "truncate": {12999999: 12000000, -12999999: -12000000},
    "up": {12000001: 13000000, -12000001: -13000000, 12000000: 12000000},
    "half_even": {12500000: 12000000, 13500000: 14000000, -12500000: -12000000, 12500001: 13000000},
}


@pytest.mark.parametrize(
    ("mode", "value", "expected"), [(m, v, e) for m, pairs in MODES.items() for v, e in pairs.items()]
)
def test_round_micro_every_mode(mode: str, value: int, expected: int) -> None:
    assert evaluate(sql_round_micro(f"({value})::BIGINT", Rounding(0, mode))) == expected


def test_quantise_with_a_rounding_goes_to_six_decimals_first() -> None:
    # 0.9999999995 → 1.000000 → truncated to 1, where truncating the exact quotient would give 0
    expression = sql_quantise("9999999995::HUGEINT", "10", rounding=Rounding(0, "truncate"))
    assert evaluate(expression) == 10**9
    assert evaluate(sql_quantise("9999999995::HUGEINT", "10")) == 10**9


def test_quantise_clamps_before_the_companys_rounding() -> None:
    clamp = "least({}, 1500000000)"
    assert evaluate(sql_quantise("9000000000::HUGEINT", "1", rounding=Rounding(0, "up"), clamp=clamp)) == 2 * 10**9


def test_literals_and_names_are_quoted() -> None:
    assert sql_literal("it's") == "'it''s'"
    assert sql_literal(None) == "NULL"
    assert sql_literal(-3) == "-3"
    assert sql_name('a"b') == '"a""b"'
