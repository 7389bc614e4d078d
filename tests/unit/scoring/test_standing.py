"""Final grades against the places of their pools, with and without the linkage to the department's own grade."""

from __future__ import annotations

from huoban_perf.scoring import Scheme, parse_scheme
from huoban_perf.scoring.pools import Department
from huoban_perf.scoring.standing import Graded, Standing, stand_pools

DEPARTMENTS = [
    Department(code="D0", parent=None, pool=None),
    Department(code="D1", parent="D0", pool=None),
    Department(code="D2", parent="D0", pool=None),
    Department(code="D9", parent=None, pool=None),
]


def scheme(*, linkage: bool) -> Scheme:
    return parse_scheme(
        {
            "key": "s",
            "grades": [
                {"name": "S", "lower": 90, "linkage_percent": 40},
                {"name": "A", "lower": 80, "linkage_percent": 30},
                {"name": "B", "linkage_percent": 20},
            ],
            "distribution": {"control": "cap", "min_n": 1},
            "departments": {"linkage": linkage},
        }
    )


def stood(*, linkage: bool, grades: dict[str, tuple[str, str]]) -> dict[tuple[str, str], Standing]:
    own = scheme(linkage=linkage)
    people = [
        *(Graded(scheme=own.key, dept_code="D1", grade=grade) for grade in "AAABBBBBBB"),
        *(Graded(scheme=own.key, dept_code="D2", grade=grade) for grade in "SABBB"),
        *(Graded(scheme=own.key, dept_code="D9", grade=grade) for grade in "SS"),
        Graded(scheme=own.key, dept_code="D2", grade=None),
    ]
    found = stand_pools(
        people,
        departments=DEPARTMENTS,
        department_grades={code: (key or own.key, grade) for code, (key, grade) in grades.items()},
        schemes={own.key: own},
    )
    return {(one.pool, "".join(one.grades)): one for one in found}


def test_linked_grades_have_the_share_of_the_nearest_graded_department() -> None:
    found = stood(linkage=True, grades={"D0": ("", "B"), "D2": ("", "S")})
    above, own = found["dept:D1", "SA"], found["dept:D2", "SA"]
    assert (above.n, above.count, above.places, above.is_fine, above.binds) == (10, 3, 2, False, True)
    assert (own.n, own.count, own.places, own.is_fine) == (5, 2, 2, True)


def test_no_graded_department_above_means_no_linked_limit() -> None:
    found = stood(linkage=True, grades={"D0": ("another scheme", "B"), "D2": ("", "S")})
    assert (found["dept:D9", "SA"].places, found["dept:D9", "SA"].is_fine) == (2, True)
    assert (found["dept:D1", "SA"].places, found["dept:D1", "SA"].is_fine) == (10, True)


def test_a_department_grade_that_the_scheme_lacks_links_nothing() -> None:
    assert stood(linkage=True, grades={"D0": ("", "Z")})["dept:D1", "SA"].places == 10


def test_without_linkage_the_departments_grade_limits_nobody() -> None:
    assert stood(linkage=False, grades={"D0": ("", "B")})["dept:D1", "SA"].places is None
