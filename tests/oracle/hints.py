"""S15: hints about the quality of ratings; every threshold is a parameter, every comparison exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True)
class Thresholds:
    """The book's defaults."""

    severity: Fraction = Fraction(5)
    severity_n: int = 5
    central: Fraction = Fraction(1, 2)
    halo_spread: Fraction = Fraction(1, 10)
    halo_percent: Fraction = Fraction(80)
    self_gap: Fraction = Fraction(15)
    seconds: int = 60
    recent_percent: Fraction = Fraction(70)
    recent_days_percent: Fraction = Fraction(25)
    extreme: Fraction = Fraction(1, 10)


DEFAULTS = Thresholds()


def variance(values: Sequence[Fraction]) -> Fraction:
    """Population variance."""
    centre = sum(values, Fraction(0)) / len(values)
    return sum(((x - centre) ** 2 for x in values), Fraction(0)) / len(values)


def severity(beta: Fraction, n: int, limits: Thresholds = DEFAULTS) -> str | None:
    """Lenient or severe raters: |β̂| ≥ 5 with n ≥ 5."""
    if n < limits.severity_n or abs(beta) < limits.severity:
        return None
    return "lenient" if beta > 0 else "severe"


def central_tendency(own: Sequence[Fraction], everyone: Sequence[Fraction], limits: Thresholds = DEFAULTS) -> bool:
    """Whether a rater's spread is less than half of everyone's."""
    return variance(own) < limits.central**2 * variance(everyone)


def halo(forms: Sequence[Sequence[Fraction]], scale: Fraction, limits: Thresholds = DEFAULTS) -> bool:
    """Whether a rater hardly tells criteria apart in most subjects.

    Args:
        forms: Points by criterion, one list a subject.
        scale: What 100 means.
        limits: Thresholds.

    Returns:
        SD < 0.1·scale in at least 80 % of subjects.
    """
    flat = sum(variance(form) < (limits.halo_spread * scale) ** 2 for form in forms)
    return 100 * flat >= limits.halo_percent * len(forms)


def straight_lining(forms: Sequence[Sequence[Fraction]]) -> bool:
    """Whether every form has one and the same answer on all its criteria, of which there are at least two."""
    return all(len(form) >= 2 and len(set(form)) == 1 for form in forms)


def self_gap(own: Fraction, superior: Fraction, limits: Thresholds = DEFAULTS) -> bool:
    """|self − superior| > 15."""
    return abs(own - superior) > limits.self_gap


def hasty(opened: datetime | None, submitted: datetime, limits: Thresholds = DEFAULTS) -> bool:
    """Submitted within a minute of opening, where an opening time is known."""
    return opened is not None and (submitted - opened).total_seconds() < limits.seconds


def recency(days: Sequence[date], start: date, end: date, limits: Thresholds = DEFAULTS) -> bool:
    """Whether most records lie in the last quarter of the days.

    Args:
        days: Days of the records.
        start: First day of the cycle.
        end: Last day of the cycle.
        limits: Thresholds.

    Returns:
        More than 70 % of the records among the last 25 % of the days.
    """
    whole = (end - start).days + 1
    late = sum(100 * ((end - day).days + 1) <= limits.recent_days_percent * whole for day in days)
    return bool(days) and 100 * late > limits.recent_percent * len(days)


def evidence(
    ratings: Mapping[str, tuple[Fraction, Fraction, Fraction, bool]], limits: Thresholds = DEFAULTS
) -> Fraction | None:
    """Share of extreme ratings with a linked record.

    Args:
        ratings: Rating, low and high end of its scale, and whether a record is linked.
        limits: Thresholds.

    Returns:
        The share, or None without an extreme rating.
    """
    extreme = [
        linked
        for score, low, high, linked in ratings.values()
        if min(score - low, high - score) <= limits.extreme * (high - low)
    ]
    return Fraction(sum(extreme), len(extreme)) if extreme else None
