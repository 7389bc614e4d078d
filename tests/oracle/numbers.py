"""S0: exact numbers, the grid, the rounding policies, and largest remainders.

Every value is a ``Fraction``; a value changes only where the book names a point, and then once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

GRID_DECIMALS = 9
TOTAL_DECIMALS = 6
INPUT_DECIMALS = 4

POINTS = (
    "rating",
    "rater",
    "group",
    "review",
    "item",
    "dimension",
    "kpi",
    "goal",
    "kr",
    "objective",
    "okr",
    "composite",
    "segments",
    "department",
    "formula",
    "result",
)
"""The points of S0 at which a value is quantised."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


class BookError(ValueError):
    """What the book calls an error: a code and the offenders.

    Attributes:
        code: Short name of the rule that was broken.
        facts: The offenders, in the order found.
    """

    def __init__(self, code: str, *facts: str) -> None:
        """Keep the code and the offenders.

        Args:
            code: Short name of the rule that was broken.
            *facts: The offenders.
        """
        super().__init__(f"{code}: {', '.join(facts)}")
        self.code = code
        self.facts = facts


def exact(text: str) -> Fraction:
    """Read one input number.

    Args:
        text: A plain decimal.

    Returns:
        The exact value.

    Raises:
        BookError: It is no plain decimal, or finer than four places.
    """
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise BookError("number", text)
    value = Fraction(stripped)
    if (value * 10**INPUT_DECIMALS).denominator != 1:
        raise BookError("decimals", text)
    return value


def optional(text: str | None) -> Fraction | None:
    """Read one input number that may be missing.

    Args:
        text: A plain decimal, empty text or nothing.

    Returns:
        The exact value, or None for a missing one.
    """
    return None if text is None or not text.strip() else exact(text)


def round_to(value: Fraction, decimals: int, mode: str = "half_away") -> Fraction:
    """Round once.

    Args:
        value: The exact value.
        decimals: Decimal places kept.
        mode: ``half_away``, ``truncate`` (towards zero), ``up`` (away from zero) or ``half_even``.

    Returns:
        The rounded value.

    Raises:
        BookError: The policy is unknown.
    """
    scaled = abs(value) * 10**decimals
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    twice = 2 * rest - scaled.denominator
    if mode == "half_away":
        whole += twice >= 0
    elif mode == "up":
        whole += rest > 0
    elif mode == "half_even":
        whole += twice > 0 or (twice == 0 and whole % 2 == 1)
    elif mode != "truncate":
        raise BookError("rounding", mode)
    return Fraction(whole if value >= 0 else -whole, 10**decimals)


def quantise(value: Fraction) -> Fraction:
    """Put a quotient on the grid of 10⁻⁹ point.

    Args:
        value: The exact quotient.

    Returns:
        The nearest grid value, half away from zero.
    """
    return round_to(value, GRID_DECIMALS)


@dataclass(frozen=True)
class Rounding:
    """A rounding policy of one point.

    Attributes:
        decimals: Decimal places, at most six.
        mode: How it rounds.
    """

    decimals: int
    mode: str


@dataclass(frozen=True)
class Grid:
    """Where and how values are rounded under one scheme.

    Attributes:
        policies: Rounding by point; absent points use the grid.
    """

    policies: Mapping[str, Rounding] = field(default_factory=dict)

    def at(self, point: str, value: Fraction) -> Fraction:
        """Round at a point of the book.

        Args:
            point: One of ``POINTS``.
            value: The exact quotient.

        Returns:
            The grid value, or by policy: six decimals half away, then the policy's own.

        Raises:
            BookError: The point is unknown.
        """
        if point not in POINTS:
            raise BookError("point", point)
        policy = self.policies.get(point)
        if policy is None:
            return quantise(value)
        return round_to(round_to(value, TOTAL_DECIMALS), policy.decimals, policy.mode)


def total_of(value: Fraction) -> Fraction:
    """Make the unrounded total of a value after all steps.

    Args:
        value: The value after veto.

    Returns:
        The value at six decimals.
    """
    return round_to(value, TOTAL_DECIMALS)


def result_of(total: Fraction, decimals: int = 2, mode: str = "half_away") -> Fraction:
    """Make the result of an unrounded total.

    Args:
        total: The unrounded total.
        decimals: ``result_decimals``.
        mode: Rounding at the result.

    Returns:
        The result that is graded.
    """
    return round_to(total_of(total), decimals, mode)


def mean(values: Sequence[Fraction], weights: Sequence[Fraction] | None = None) -> Fraction | None:
    """Weighted mean, exactly.

    Args:
        values: The values.
        weights: Their weights; equal when absent.

    Returns:
        Σwx/Σw, or None when Σw is zero.
    """
    used = [Fraction(1)] * len(values) if weights is None else weights
    total = sum(used, Fraction(0))
    if total == 0:
        return None
    return sum((w * x for w, x in zip(used, values, strict=True)), Fraction(0)) / total


def largest_remainder(shares: Sequence[Fraction], total: int, order: Sequence[int]) -> list[int]:
    """Turn shares into whole numbers of a given sum.

    Args:
        shares: Exact shares, in units.
        total: What the whole numbers sum to.
        order: Positions by precedence among equal remainders.

    Returns:
        Whole numbers in the order of the shares.
    """
    parts = [math.floor(s) for s in shares]
    rank = {position: n for n, position in enumerate(order)}
    missing = total - sum(parts)
    while missing > 0:
        first = sorted(range(len(parts)), key=lambda i: (-(shares[i] - math.floor(shares[i])), rank[i]))
        for i in first[:missing]:
            parts[i] += 1
        missing -= len(first[:missing])
    while missing < 0:
        last = sorted(range(len(parts)), key=lambda i: (shares[i] - math.floor(shares[i]), -rank[i]))
        for i in last[:-missing]:
            parts[i] -= 1
        missing += len(last[:-missing])
    return parts


def text_of(value: Fraction, decimals: int) -> str:
    """Print a value that has no more decimals than asked.

    Args:
        value: The value.
        decimals: Places printed.

    Returns:
        Its plain decimal text.

    Raises:
        BookError: The value is finer than that.
    """
    scaled = value * 10**decimals
    if scaled.denominator != 1:
        raise BookError("text", str(value))
    sign = "-" if value < 0 else ""
    digits = str(abs(scaled.numerator)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}" if decimals else sign + digits


def clamp(value: Fraction, low: Fraction | None, high: Fraction | None) -> Fraction:
    """Keep a value between two bounds, the upper one last.

    Args:
        value: The value.
        low: Lower bound, if any.
        high: Upper bound, if any.

    Returns:
        The value inside the bounds.
    """
    if low is not None and value < low:
        value = low
    return high if high is not None and value > high else value
