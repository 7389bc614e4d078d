"""S8: the department coefficient and the linkage of quotas to department grades."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.numbers import BookError

DEFAULT_COEFFICIENTS = {
    "S": Fraction(12, 10),
    "A": Fraction(11, 10),
    "B": Fraction(1),
    "C": Fraction(9, 10),
    "D": Fraction(8, 10),
}
DEFAULT_LINKAGE = {
    "S": Fraction(40),
    "A": Fraction(35),
    "B": Fraction(30),
    "C": Fraction(20),
    "D": Fraction(10),
}


@dataclass(frozen=True)
class Department:
    """A department and where it hangs."""

    code: str
    parent: str | None = None
    pool: str | None = None
    active: bool = True


def ancestors(departments: Mapping[str, Department], code: str) -> list[str]:
    """A department and all above it, nearest first.

    Args:
        departments: Departments by code.
        code: Where to start.

    Returns:
        The codes.

    Raises:
        BookError: A code is unknown, or the tree has a cycle.
    """
    path: list[str] = []
    here: str | None = code
    while here is not None:
        if here in path:
            raise BookError("department_cycle", *path, here)
        if here not in departments:
            raise BookError("department_unknown", here)
        path.append(here)
        here = departments[here].parent
    return path


def grade_of(departments: Mapping[str, Department], grades: Mapping[str, str], code: str) -> str | None:
    """The grade of a department: its own, else the nearest ancestor's."""
    return next((grades[c] for c in ancestors(departments, code) if c in grades), None)


def coefficient(
    departments: Mapping[str, Department],
    grades: Mapping[str, str],
    coefficients: Mapping[str, Fraction],
    code: str,
    *,
    one_without: bool = False,
) -> Fraction:
    """C_dept of one department.

    Args:
        departments: Departments by code.
        grades: Final grades of departments.
        coefficients: Coefficient by grade.
        code: The department.
        one_without: Whether the scheme says 1 where there is no grade.

    Returns:
        The coefficient.

    Raises:
        BookError: There is no grade up to the root.
    """
    grade = grade_of(departments, grades, code)
    if grade is None:
        if one_without:
            return Fraction(1)
        raise BookError("department_without_grade", code)
    if grade not in coefficients:
        raise BookError("department_grade_unknown", grade)
    return coefficients[grade]


def by_days(parts: Sequence[tuple[int, Fraction]]) -> Fraction:
    """Mean of coefficients by days, which stays exact."""
    days = sum(d for d, _ in parts)
    return sum((d * c for d, c in parts), Fraction(0)) / days


def linked_cap(parts: Sequence[tuple[Fraction, int]]) -> int:
    """Places in the top grades over a pool: ⌊Σ p_d·n_d⌋ of (per cent, people) by department."""
    return math.floor(sum((p * n for p, n in parts), Fraction(0)) / 100)
