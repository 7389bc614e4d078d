"""S6: intraclass correlations and Krippendorff's α, as exact fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError

ENOUGH_UNITS = 10
Delta = Callable[[Fraction, Fraction], Fraction]


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of a complete units × raters table."""

    units: int
    raters: int
    between: Fraction
    within: Fraction
    judges: Fraction
    error: Fraction


def _sum(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0))


def mean_squares(table: Sequence[Sequence[Fraction]]) -> MeanSquares:
    """Mean squares of a complete table, a row a unit.

    Args:
        table: Scores by unit and rater.

    Returns:
        MSB, MSW, MSJ and MSE.

    Raises:
        BookError: Fewer than two units or raters, or rows of unequal length.
    """
    n, k = len(table), len(table[0]) if table else 0
    if n < 2 or k < 2 or any(len(row) != k for row in table):
        raise BookError("incomplete_table")
    centre = _sum([x for row in table for x in row]) / (n * k)
    rows = [_sum(row) / k for row in table]
    columns = [_sum([row[j] for row in table]) / n for j in range(k)]
    between = k * _sum([(m - centre) ** 2 for m in rows])
    judges = n * _sum([(m - centre) ** 2 for m in columns])
    within = _sum([(x - m) ** 2 for row, m in zip(table, rows, strict=True) for x in row])
    return MeanSquares(
        n, k, between / (n - 1), within / (n * (k - 1)), judges / (k - 1), (within - judges) / ((n - 1) * (k - 1))
    )


def complete_rows(table: Sequence[Sequence[Fraction | None]]) -> tuple[list[list[Fraction]], int]:
    """Complete units of a table, and the number dropped."""
    whole = [[x for x in row if x is not None] for row in table if None not in row]
    return whole, len(table) - len(whole)


def _share(over: Fraction, under: Fraction) -> Fraction | None:
    return None if under == 0 else over / under


def icc(table: Sequence[Sequence[Fraction]]) -> dict[str, Fraction | None]:
    """The six forms of Shrout and Fleiss; None where the variance is zero."""
    m = mean_squares(table)
    n, k = m.units, m.raters
    return {
        "1,1": _share(m.between - m.within, m.between + (k - 1) * m.within),
        "2,1": _share(m.between - m.error, m.between + (k - 1) * m.error + k * (m.judges - m.error) / n),
        "3,1": _share(m.between - m.error, m.between + (k - 1) * m.error),
        "1,k": _share(m.between - m.within, m.between),
        "2,k": _share(m.between - m.error, m.between + (m.judges - m.error) / n),
        "3,k": _share(m.between - m.error, m.between),
    }


def icc_one_way(units: Sequence[Sequence[Fraction]]) -> tuple[Fraction | None, Fraction | None]:
    """ICC(1,1) and ICC(1,k₀) of units with unequal numbers of ratings.

    Args:
        units: Scores by unit.

    Returns:
        The two figures; None where the variance is zero.

    Raises:
        BookError: Fewer than two units, or one rating each.
    """
    n, total = len(units), sum(len(unit) for unit in units)
    if n < 2 or total <= n or any(not unit for unit in units):
        raise BookError("incomplete_table")
    centre = _sum([x for unit in units for x in unit]) / total
    means = [_sum(unit) / len(unit) for unit in units]
    between = _sum([len(u) * (m - centre) ** 2 for u, m in zip(units, means, strict=True)]) / (n - 1)
    within = _sum([(x - m) ** 2 for u, m in zip(units, means, strict=True) for x in u]) / (total - n)
    size = (total - Fraction(sum(len(u) ** 2 for u in units), total)) / (n - 1)
    return _share(between - within, between + (size - 1) * within), _share(between - within, between)


def deltas(counts: Mapping[Fraction, int]) -> dict[str, Delta]:
    """Squared differences of the four levels of measurement, given how often each value occurs."""

    def ordinal(a: Fraction, b: Fraction) -> Fraction:
        low, high = min(a, b), max(a, b)
        between = sum(n for value, n in counts.items() if low <= value <= high)
        return (between - Fraction(counts[a] + counts[b], 2)) ** 2 if a != b else Fraction(0)

    return {
        "nominal": lambda a, b: Fraction(a != b),
        "ordinal": ordinal,
        "interval": lambda a, b: (a - b) ** 2,
        "ratio": lambda a, b: Fraction(0) if a + b == 0 else ((a - b) / (a + b)) ** 2,
    }


def alpha(units: Sequence[Sequence[Fraction | None]], level: str) -> Fraction | None:
    """Krippendorff's α; only units with at least two values count.

    Args:
        units: Values by unit, None for a missing one.
        level: ``nominal``, ``ordinal``, ``interval`` or ``ratio``.

    Returns:
        The figure, or None without variance.
    """
    used = [[x for x in unit if x is not None] for unit in units]
    used = [unit for unit in used if len(unit) >= 2]
    counts = Counter(x for unit in used for x in unit)
    n = sum(counts.values())
    delta = deltas(counts)[level]
    observed = _sum([_sum([delta(a, b) for a in unit for b in unit]) / (len(unit) - 1) for unit in used])
    expected = _sum([counts[a] * counts[b] * delta(a, b) for a in counts for b in counts])
    return None if expected == 0 else 1 - observed * (n - 1) / expected


def verdict(value: Fraction) -> str:
    """How far an α may be used: usable from .80, tentative from .667, else not for pay."""
    if value >= Fraction(80, 100):
        return "usable"
    return "tentative" if value >= Fraction(667, 1000) else "not_for_pay"


def enough(units: int) -> bool:
    """Whether a report may show the figure rather than "not enough data"."""
    return units >= ENOUGH_UNITS
