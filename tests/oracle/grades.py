"""S9: grades of results, and the boundary list."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError


@dataclass(frozen=True)
class Band:
    """One grade, best first in a list; the lowest has no bound."""

    name: str
    bound: Fraction | None
    coefficient: Fraction
    department_coefficient: Fraction | None = None
    cap: Fraction | None = None
    target: Fraction | None = None
    linked: Fraction | None = None


def default_bands(scale: Fraction = Fraction(100)) -> tuple[Band, ...]:
    """S≥95, A≥85, B≥70, C≥60, D on the scale, with the coefficients of S8 and S9."""
    rows = (
        ("S", 95, 15, 12, 40),
        ("A", 85, 12, 11, 35),
        ("B", 70, 10, 10, 30),
        ("C", 60, 8, 9, 20),
        ("D", None, 0, 8, 10),
    )
    return tuple(
        Band(
            name,
            None if bound is None else bound * scale / 100,
            Fraction(coefficient, 10),
            Fraction(department, 10),
            linked=Fraction(linked),
        )
        for name, bound, coefficient, department, linked in rows
    )


def check_bands(bands: Sequence[Band]) -> None:
    """Refuse a list that is no ordered list of grades.

    Args:
        bands: Grades, best first.

    Raises:
        BookError: Names repeat, bounds do not fall, or the lowest has a bound or another lacks one.
    """
    bounds = [band.bound for band in bands]
    known = [b for b in bounds if b is not None]
    if not bands or len({band.name for band in bands}) < len(bands):
        raise BookError("grade_names")
    if bounds[-1] is not None or len(known) != len(bands) - 1:
        raise BookError("grade_bounds")
    if any(a <= b for a, b in itertools.pairwise(known)):
        raise BookError("grades_overlap")


def grade(result: Fraction, bands: Sequence[Band]) -> str:
    """Grade of a result: the first band whose lower bound it reaches."""
    return next(band.name for band in bands if band.bound is None or result >= band.bound)


def position(name: str, bands: Sequence[Band]) -> int:
    """Place of a grade, 0 the best.

    Args:
        name: The grade.
        bands: Grades, best first.

    Returns:
        Its place.

    Raises:
        BookError: The grade is unknown.
    """
    names = [band.name for band in bands]
    if name not in names:
        raise BookError("grade_unknown", name)
    return names.index(name)


def not_better(name: str, cap: str | None, bands: Sequence[Band]) -> str:
    """A grade under 等级封顶."""
    if cap is None:
        return name
    return bands[max(position(name, bands), position(cap, bands))].name


def near_bounds(result: Fraction, bands: Sequence[Band], width: Fraction = Fraction(1)) -> tuple[str, ...]:
    """Grades whose bound lies within ``width`` of a result, best first."""
    return tuple(b.name for b in bands if b.bound is not None and abs(result - b.bound) <= width)
