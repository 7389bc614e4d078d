"""What all receipt lines share: their place in the reading order, their share of the total, how points are printed.

Source: scoring.md S7 (Receipt).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Final

from huoban_perf.scoring.composite import part_weights
from huoban_perf.scoring.formula import names_of, parse_formula
from huoban_perf.scoring.rounding import D4, MICRO_TO_GRID, sql_floor_div, sql_half_away, sql_text_of
from huoban_perf.scoring.scheme import Scheme

SEGMENT: Final = 10**12
PART: Final = 10**9
DIMENSION: Final = 10**5
STEP: Final = 900 * SEGMENT
"""Ordinal distances inside a line's node number; nodes sort in reading order."""

LAST: Final = 2**49
"""Place of a line below all others of its parent; places and nodes stay under twice that."""

FLOOR: Final = sql_floor_div("l.contribution_n", MICRO_TO_GRID)
"""A line's points in millionths, rounded down."""

KEY: Final = f"((l.contribution_n - {FLOOR} * {MICRO_TO_GRID}) * {2 * LAST} - l.$place)"
"""Greater = rounded up earlier: the greater remainder, of equal ones the line that is read first. Below 2⁶⁰."""

PRINTED: Final = f"{FLOOR} + f.each + CAST(coalesce({KEY} >= f.least, false) AS BIGINT)"
"""A line's printed points in millionths, over a line ``l`` and its family ``f``."""

_NARROW_TOP: Final = 45 * 10**17
_LARGEST_BY: Final = 10**6
_LARGEST_WEIGHT: Final = 10**9
_LARGEST_WHOLE: Final = 10**8
_NARROW_WHOLES: Final = 2
"""Twice the top plus the bottom fit 64 bits: 2 · 45·10¹⁷ + (10⁸)² < 2⁶³; 10⁶ · 10⁹ leaves the guard itself room."""


def sql_points(value: str, digits: int = 9) -> str:
    """Write the printing of points.

    Args:
        value: SQL of a scaled integer.
        digits: Its decimals.

    Returns:
        A VARCHAR expression.
    """
    return sql_text_of(f"({value})", digits=digits)


def sql_share(
    value: str, *, by: int = 1, weights: Sequence[str] = (), wholes: Sequence[str] = (), unit: int = 1
) -> str:
    """Write a contribution: value × by × weights ÷ wholes within the segment, times the segment's share of the days.

    Args:
        value: SQL of a score, grid units.
        by: The part's weight.
        weights: SQL of further weights, integers.
        wholes: SQL of what the weights are out of, integers; the first is what parts are out of.
        unit: Divides ``by`` and the first of ``wholes`` without rest, so that small numbers stay small.

    Returns:
        A BIGINT expression in grid units over ``c_share``, one quotient half away from zero. Rows whose product is certain
        to fit 64 bits, judged by their factors, are divided there, five times as fast; the others take the wide lane.
    """
    reduced = [f"({whole} // {unit})" if at == 0 else whole for at, whole in enumerate(wholes)]
    top = " * ".join([f"CAST({value} AS HUGEINT)", str(by // unit), *weights, "share"])
    bottom = " * ".join(["CAST(whole AS HUGEINT)", *reduced])
    wide = f"CAST({sql_half_away(top, f'nullif({bottom}, 0)')} AS BIGINT)"
    if len(weights) > 1 or len(wholes) > _NARROW_WHOLES or by // unit > _LARGEST_BY:
        return wide
    clamped = " * ".join([str(by // unit), *(f"least(greatest({weight}, 1), {_LARGEST_WEIGHT})" for weight in weights)])
    fits = [f"abs({value}) <= {_NARROW_TOP} // CAST({clamped} AS BIGINT)", "share = 1", "whole = 1"]
    fits += [f"{weight} BETWEEN 0 AND {_LARGEST_WEIGHT}" for weight in weights]
    fits += [f"{whole} BETWEEN 1 AND {_LARGEST_WHOLE}" for whole in reduced]
    small_top = " * ".join([f"CAST({value} AS BIGINT)", str(by // unit), *weights])
    small_bottom = " * ".join(["CAST(1 AS BIGINT)", *reduced])
    narrow = f"(2 * {small_top} + sign({value}) * {small_bottom}) // (2 * {small_bottom})"
    return f"CASE WHEN {' AND '.join(fits)} THEN CAST({narrow} AS BIGINT) ELSE {wide} END"


def sql_counted(
    scheme: Scheme, value: str, *, by: int, weights: Sequence[str] = (), wholes: Sequence[str] = ("c.divisor",)
) -> str:
    """Write a contribution, null below a formula: its inputs are shown, not added.

    Args:
        scheme: The segment's scheme.
        value: SQL of a score, grid units.
        by: The part's weight.
        weights: SQL of further weights.
        wholes: SQL of what the weights are out of.

    Returns:
        A BIGINT expression.
    """
    if scheme.parts.formula:
        return "CAST(NULL AS BIGINT)"
    return sql_share(value, by=by, weights=weights, wholes=wholes, unit=gcd(*part_weights(scheme)))


def shown_weights(scheme: Scheme) -> dict[str, int]:
    """Return the weight of each part that has a line; with a formula, 1 for each part it reads.

    Args:
        scheme: The scheme.

    Returns:
        Part → weight, ten-thousandths, 0 = no line.
    """
    kpi, review, okr = part_weights(scheme)
    if not scheme.parts.formula:
        return {"kpi": kpi, "review": review, "okr": okr}
    names = names_of(parse_formula(scheme.parts.formula))
    uses_review = bool(names - {"kpi", "okr"})
    return {"kpi": D4 * ("kpi" in names), "review": D4 * uses_review, "okr": D4 * ("okr" in names)}


def percent_text(weight_d4: int) -> str:
    """Print a weight of the scheme.

    Args:
        weight_d4: Ten-thousandths.

    Returns:
        Text without trailing zeros.
    """
    whole, rest = divmod(weight_d4, D4)
    return f"{whole}" if not rest else f"{whole}.{rest:04d}".rstrip("0")
