"""S11: days, segments and their merging, eligibility, and the mean by days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from tests.oracle.numbers import BookError, Grid, mean

SHORTEST = 15


@dataclass(frozen=True)
class Segment:
    """One stretch of a subject's cycle: ``days`` grows when short neighbours join; the window stays its own."""

    start: date
    end: date
    scheme: str
    days: int


def days_between(start: date, end: date) -> int:
    """Days of a closed interval.

    Args:
        start: First day.
        end: Last day.

    Returns:
        Their number, both inclusive.

    Raises:
        BookError: The end lies before the start.
    """
    if end < start:
        raise BookError("negative_days", start.isoformat(), end.isoformat())
    return (end - start).days + 1


def merge_short(segments: Sequence[Segment], shortest: int = SHORTEST) -> list[Segment]:
    """Let segments under 15 days join.

    The shortest goes first (equal: the earlier) and joins its longer neighbour (equal: the later), whose items
    score the days. When all are under 15 the longest (equal: the later) takes all days.

    Args:
        segments: Segments in time order.
        shortest: Days from which a segment stands alone.

    Returns:
        What remains, in time order.
    """
    rest = list(segments)
    if rest and all(s.days < shortest for s in rest):
        longest = max(rest, key=lambda s: (s.days, s.start))
        return [replace(longest, days=sum(s.days for s in rest))]
    while len(rest) > 1:
        i = min(range(len(rest)), key=lambda k: (rest[k].days, k))
        if rest[i].days >= shortest:
            break
        j = max((k for k in (i - 1, i + 1) if 0 <= k < len(rest)), key=lambda k: (rest[k].days, k))
        rest[j] = replace(rest[j], days=rest[j].days + rest[i].days)
        del rest[i]
    return rest


def eligible_days(service: int, absence: Fraction, above: Fraction | None) -> Fraction:
    """Days in service, less absence above a number of days if the scheme says so."""
    return Fraction(service) if above is None else service - max(Fraction(0), absence - above)


def takes_part(eligible: Fraction, whole: int, min_days: int | None) -> bool:
    """Whether there are enough days: ``min_days``, by default half of the cycle."""
    return eligible >= min_days if min_days is not None else 2 * eligible >= whole


def prorated(target_scope: str, days: int, whole: int, *, prorate: bool, additive: bool) -> Fraction:
    """The factor d/D of an item: 1 unless additive, prorated, and set for the whole cycle."""
    return Fraction(days, whole) if prorate and additive and target_scope == "cycle" else Fraction(1)


def mean_by_days(parts: Sequence[tuple[int, Fraction]], grid: Grid) -> Fraction:
    """Σdₖsₖ/Σdₖ on the grid."""
    value = mean([s for _, s in parts], [Fraction(d) for d, _ in parts])
    if value is None:
        raise BookError("no_days")
    return grid.at("segments", value)
