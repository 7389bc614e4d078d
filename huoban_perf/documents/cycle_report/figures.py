"""Small exact figures of a report: shares, medians, quartiles, and cells."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

DASH = "–"


def percent(part: int, whole: int) -> str:
    """Return a share as whole per cent; a dash of nothing."""
    if not whole:
        return DASH
    return f"{(Decimal(part) * 100 / whole).quantize(Decimal(1), rounding=ROUND_HALF_UP)}%"


def quantile(values: Sequence[Decimal], share: Decimal) -> Decimal:
    """Return a quantile by linear interpolation between the two nearest values.

    Args:
        values: At least one.
        share: Between 0 and 1.

    Returns:
        The quantile at two decimals (Hyndman and Fan's type 7, which spreadsheets use too).
    """
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    found = ranked[below] + (ranked[above] - ranked[below]) * (place - below)
    return found.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def median(values: Sequence[Decimal]) -> Decimal:
    """Return the median at two decimals."""
    return quantile(values, Decimal("0.5"))


def mean(values: Sequence[Decimal]) -> Decimal:
    """Return the mean at two decimals."""
    return (sum(values, Decimal(0)) / len(values)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def signed(value: Decimal) -> str:
    """Return a difference with its sign."""
    return f"{value:+f}"
