"""How grades that people decided stand against the quotas of their pools; nothing is scored here.

The rules of a run (``pools``, ``quotas``) for callers that hold final grades rather than the inputs of a run: the
calibration meeting and its guard.

Source: scoring.md S10; S8 (linkage).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from huoban_perf.scoring.pools import NO_DEPARTMENT, Department, merge_pools, pool_tree
from huoban_perf.scoring.quotas import check_holds, cumulative_quotas
from huoban_perf.scoring.rounding import text_of
from huoban_perf.scoring.scheme import Scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """One person of the population: with a result, not 不参评.

    Attributes:
        scheme: Key of the scheme.
        dept_code: Home department, or None.
        grade: Final grade as the scheme names it; None while waiting for reviews.
    """

    scheme: str
    dept_code: str | None
    grade: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One grade, or one check, of one merged pool.

    Attributes:
        scheme: A scheme with the pool's settings.
        pool: ``pool:<name>``, ``dept:<code>`` or ``none``.
        grades: The grade and all better ones, or the grades of the check.
        n: People of the pool with a grade.
        count: People with one of the grades.
        places: Most people allowed; None = no limit. For a check, what it demands as text is ``check``.
        check: The check in words; empty for a grade.
        is_fine: Whether it holds.
        binds: Whether finalising is refused otherwise: the scheme says so and the pool is not too small.
    """

    scheme: str
    pool: str
    grades: tuple[str, ...]
    n: int
    count: int
    places: int | None
    check: str
    is_fine: bool
    binds: bool


def stand_pools(
    people: Sequence[Graded],
    *,
    departments: Sequence[Department],
    department_grades: Mapping[str, tuple[str, str]],
    schemes: Mapping[str, Scheme],
) -> list[Standing]:
    """Hold the final grades of a cycle against the quotas of their merged pools.

    Args:
        people: The population.
        departments: All departments, a tree.
        department_grades: Department code → (scheme, final grade) of departments that have a grade of their own.
        schemes: Schemes by key.

    Returns:
        One entry a grade with places and one a check, by pool.

    Source: scoring.md S10 (merging, cumulative quotas, checks), S8 (linkage).
    """
    numbers: dict[object, int] = {}
    settings = {
        key: numbers.setdefault((s.distribution, s.grades, s.departments), len(numbers)) for key, s in schemes.items()
    }
    by_code = {department.code: department for department in departments}
    tree = pool_tree(by_code)
    found: list[Standing] = []
    for number in sorted(set(settings.values())):
        scheme = next(schemes[key] for key, own in settings.items() if own == number)
        mine = [one for one in people if one.grade and settings.get(one.scheme) == number]
        counts = Counter(_pool_of(one, by_code) for one in mine)
        merged = merge_pools(tree, counts, least=scheme.distribution.min_n)
        pools: dict[str, list[Graded]] = {}
        for one in mine:
            pools.setdefault(merged[_pool_of(one, by_code)].pool, []).append(one)
        advisory = {merged[pool].pool for pool in counts if merged[pool].is_advisory}
        for pool in sorted(pools):
            limit = _linked(pools[pool], scheme, by_code, department_grades, schemes)
            found += _standings(scheme, pool, pools[pool], linked=limit, is_advisory=pool in advisory)
    return found


def _pool_of(person: Graded, departments: Mapping[str, Department]) -> str:
    department = departments.get(person.dept_code or "")
    return department.pool_name if department else NO_DEPARTMENT


def _linked(
    people: Sequence[Graded],
    scheme: Scheme,
    departments: Mapping[str, Department],
    grades: Mapping[str, tuple[str, str]],
    schemes: Mapping[str, Scheme],
) -> int | None:
    if not scheme.departments.linkage:
        return None
    shares = [_linkage_d4(person.dept_code, departments, grades, schemes) for person in people]
    return sum(1_000_000 if share is None else share for share in shares) // 1_000_000


def _linkage_d4(
    code: str | None,
    departments: Mapping[str, Department],
    grades: Mapping[str, tuple[str, str]],
    schemes: Mapping[str, Scheme],
) -> int | None:
    """Return the cap of the nearest graded department, in ten-thousandths of a per cent."""
    while code is not None and code in departments:
        own, grade = grades.get(code, ("", ""))
        if own in schemes:
            bands = (band for band in schemes[own].grades if band.name == grade)
            return next((band.linkage_percent_d4 for band in bands), None)
        code = departments[code].parent
    return None


def _standings(
    scheme: Scheme, pool: str, people: Sequence[Graded], *, linked: int | None, is_advisory: bool
) -> Iterator[Standing]:
    n = len(people)
    tally = Counter(person.grade for person in people)
    binds = not is_advisory and scheme.distribution.control != "hint"
    count = 0
    better: tuple[str, ...] = ()
    for grade, places in zip(scheme.grades, cumulative_quotas(scheme, n, linked=linked), strict=True):
        count += tally[grade.name]
        better = (*better, grade.name)
        yield Standing(
            scheme=scheme.key,
            pool=pool,
            grades=better,
            n=n,
            count=count,
            places=places,
            check="",
            is_fine=places is None or count <= places,
            binds=binds,
        )
    for check in scheme.distribution.checks:
        count = sum(tally[name] for name in check.grades)
        yield Standing(
            scheme=scheme.key,
            pool=pool,
            grades=check.grades,
            n=n,
            count=count,
            places=None,
            check=f"{'+'.join(check.grades)} {check.sign} {text_of(check.percent_d4, digits=4)}%",
            is_fine=check_holds(check, count, n),
            binds=binds,
        )
