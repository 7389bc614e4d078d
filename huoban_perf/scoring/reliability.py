"""How far raters agree: intraclass correlations and Krippendorff's alpha, as exact fractions.

For analysis only; nothing here changes a score.

Source: scoring.md S6 (Shrout and Fleiss; Krippendorff).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Final

Number = int | Decimal | Fraction
Ratings = Mapping[str, Mapping[str, Number]]
"""Unit (person rated) → rater → rating; a missing rating is simply not there."""

ENOUGH_UNITS: Final = 10
"""Below so many units a report says "not enough data"; the functions still compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intraclass:
    """Intraclass correlations of one table.

    Attributes:
        single_1: ICC(1,1); None when not defined.
        mean_1: ICC(1,k).
        single_2: ICC(2,1); None when not defined or raters differ per subject.
        mean_2: ICC(2,k).
        single_3: ICC(3,1).
        mean_3: ICC(3,k).
        units: Units with at least one rating.
        complete: Units rated by every rater, used by forms 2 and 3.
        raters: Raters of the table.
        is_enough: At least ten units.
    """

    single_1: Fraction | None
    mean_1: Fraction | None
    single_2: Fraction | None
    mean_2: Fraction | None
    single_3: Fraction | None
    mean_3: Fraction | None
    units: int
    complete: int
    raters: int
    is_enough: bool

    @property
    def dropped(self) -> int:
        """Units left out of forms 2 and 3 because a rating is missing."""
        return self.units - self.complete


def intraclass(ratings: Ratings) -> Intraclass:
    """Compute ICC forms 1, 2 and 3, single and mean.

    Args:
        ratings: Unit → rater → rating.

    Returns:
        The correlations; a form without variance to share out is None.

    Source: scoring.md S6: form 1 may be unbalanced, k₀ = (N−Σkᵢ²/N)/(n−1); forms 2 and 3 use complete units only.
    """
    rows = {
        unit: {rater: Fraction(x) for rater, x in by_rater.items()} for unit, by_rater in ratings.items() if by_rater
    }
    raters = sorted({rater for by_rater in rows.values() for rater in by_rater})
    complete = [by_rater for by_rater in rows.values() if len(by_rater) == len(raters)]
    single_1, mean_1 = _form_1([list(by_rater.values()) for by_rater in rows.values()])
    two = _forms_2_3([[by_rater[rater] for rater in raters] for by_rater in complete])
    return Intraclass(
        single_1=single_1,
        mean_1=mean_1,
        single_2=two[0],
        mean_2=two[1],
        single_3=two[2],
        mean_3=two[3],
        units=len(rows),
        complete=len(complete),
        raters=len(raters),
        is_enough=len(rows) >= ENOUGH_UNITS,
    )


def _ratio(top: Fraction, bottom: Fraction) -> Fraction | None:
    return None if bottom == 0 else top / bottom


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _form_1(rows: Sequence[Sequence[Fraction]]) -> tuple[Fraction | None, Fraction | None]:
    n, total = len(rows), sum(len(row) for row in rows)
    if n < 2 or total == n:
        return None, None
    grand = _mean([x for row in rows for x in row])
    means = [_mean(row) for row in rows]
    between = sum((len(row) * (mean - grand) ** 2 for row, mean in zip(rows, means, strict=True)), Fraction(0)) / (
        n - 1
    )
    within = sum(((x - mean) ** 2 for row, mean in zip(rows, means, strict=True) for x in row), Fraction(0)) / (
        total - n
    )
    each = (total - Fraction(sum(len(row) ** 2 for row in rows), total)) / (n - 1)
    return _ratio(between - within, between + (each - 1) * within), _ratio(between - within, between)


Forms = tuple[Fraction | None, Fraction | None, Fraction | None, Fraction | None]


def _forms_2_3(rows: Sequence[Sequence[Fraction]]) -> Forms:
    n, k = len(rows), len(rows[0]) if rows else 0
    if n < 2 or k < 2:
        return None, None, None, None
    squares = mean_squares(rows)
    between, columns, error = squares.between, squares.raters, squares.error
    return (
        _ratio(between - error, between + (k - 1) * error + k * (columns - error) / n),
        _ratio(between - error, between + (columns - error) / n),
        _ratio(between - error, between + (k - 1) * error),
        _ratio(between - error, between),
    )


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Two-way analysis of variance of a complete table: MSB, MSJ, MSE."""

    between: Fraction
    raters: Fraction
    error: Fraction


def mean_squares(rows: Sequence[Sequence[Fraction]]) -> MeanSquares:
    """Split the variance of a complete table into units, raters and error.

    Args:
        rows: One row a unit, one column a rater; at least two of each.

    Returns:
        The mean squares.
    """
    n, k = len(rows), len(rows[0])
    grand = _mean([x for row in rows for x in row])
    by_row = [_mean(row) for row in rows]
    by_column = [_mean([row[at] for row in rows]) for at in range(k)]
    between = k * sum(((mean - grand) ** 2 for mean in by_row), Fraction(0))
    raters = n * sum(((mean - grand) ** 2 for mean in by_column), Fraction(0))
    total = sum(((x - grand) ** 2 for row in rows for x in row), Fraction(0))
    return MeanSquares(between / (n - 1), raters / (k - 1), (total - between - raters) / ((n - 1) * (k - 1)))


MOST_VALUES: Final = 1500
"""Different values up to which the ratio level, which compares every two of them, is worth its time in a report."""

Pairs = Callable[[Mapping[Fraction, int]], Fraction]
"""Value → count to Σ over pairs of different values of count · count · distance."""


def krippendorff(ratings: Ratings, *, level: str) -> Fraction | None:
    """Compute Krippendorff's alpha.

    Args:
        ratings: Unit → rater → rating; units with fewer than two ratings are left out.
        level: ``nominal``, ``ordinal``, ``interval`` or ``ratio``.

    Returns:
        Alpha, None when all values are alike.

    Raises:
        KeyError: Another level.

    Source: scoring.md S6.
    """
    units = [Counter(Fraction(x) for x in by_rater.values()) for by_rater in ratings.values() if len(by_rater) >= 2]
    counts: Counter[Fraction] = sum(units, Counter())
    pairs = {"nominal": _nominal, "ordinal": _ordinal(counts), "interval": _interval, "ratio": _by_ratio}[level]
    observed = sum((pairs(unit) / (unit.total() - 1) for unit in units), Fraction(0))
    expected = pairs(counts)
    return None if expected == 0 else 1 - observed * (counts.total() - 1) / expected


def _nominal(counts: Mapping[Fraction, int]) -> Fraction:
    return Fraction(sum(counts.values()) ** 2 - sum(count**2 for count in counts.values()), 2)


def _interval(counts: Mapping[Fraction, int]) -> Fraction:
    """Σ over pairs of (a−b)² = n·Σx² − (Σx)²."""
    total = sum((count * x for x, count in counts.items()), Fraction(0))
    return sum(counts.values()) * sum((count * x * x for x, count in counts.items()), Fraction(0)) - total**2


def _by_ratio(counts: Mapping[Fraction, int]) -> Fraction:
    return sum(
        (counts[a] * counts[b] * ((a - b) / (a + b)) ** 2 for a, b in combinations(counts, 2) if a + b), Fraction(0)
    )


def _ordinal(counts: Mapping[Fraction, int]) -> Pairs:
    """Distance by how many values lie between, as in Krippendorff's ordinal metric."""
    middles: dict[Fraction, Fraction] = {}
    below = 0
    for x in sorted(counts):
        middles[x] = below + Fraction(counts[x], 2)
        below += counts[x]
    return lambda mine: _interval(Counter({middles[x]: count for x, count in mine.items()}))
