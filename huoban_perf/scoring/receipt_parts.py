"""What all receipt lines share: their place in the reading order, their share of the total, how points are printed.

Source: scoring.md S7 (Receipt).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring.composite import part_weights
from huoban_perf.scoring.formula import names_of, parse_formula
from huoban_perf.scoring.rounding import D4, sql_half_away, sql_text_of
from huoban_perf.scoring.scheme import Scheme

SEGMENT: Final = 10**12
PART: Final = 10**9
DIMENSION: Final = 10**5
STEP: Final = 900 * SEGMENT
"""Ordinal distances inside a line's node number; nodes sort in reading order."""


def sql_points(value: str, digits: int = 9) -> str:
    """Write the printing of points.

    Args:
        value: SQL of a scaled integer.
        digits: Its decimals.

    Returns:
        A VARCHAR expression.
    """
    return sql_text_of(f"({value})", digits=digits)


def sql_share(num: str, den: str) -> str:
    """Write a contribution: the quotient within the segment times the segment's share of the days.

    Args:
        num: SQL numerator, grid times weights.
        den: SQL denominator, weights.

    Returns:
        A BIGINT expression in grid units over ``c_share``.
    """
    quotient = sql_half_away(f"CAST({num} AS HUGEINT) * share", f"nullif(CAST({den} AS HUGEINT) * whole, 0)")
    return f"CAST({quotient} AS BIGINT)"


def sql_counted(scheme: Scheme, num: str, den: str) -> str:
    """Write a contribution, null below a formula: its inputs are shown, not added.

    Args:
        scheme: The segment's scheme.
        num: SQL numerator.
        den: SQL denominator.

    Returns:
        A BIGINT expression.
    """
    return "CAST(NULL AS BIGINT)" if scheme.parts.formula else sql_share(num, den)


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
