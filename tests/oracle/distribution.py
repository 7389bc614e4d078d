"""S10: pools, quotas, distribution with ties, checks, ranks and calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.departments import Department, ancestors
from tests.oracle.numbers import BookError, largest_remainder, round_to

Pool = tuple[str, str]
"""Name of a pool (校准池, else a department code) and its distribution settings."""


@dataclass(frozen=True)
class Person:
    """One member of a pool: grades are places in the list, 0 the best."""

    code: str
    result: Fraction
    initial: int
    ceiling: int = 0
    superior: Fraction | None = None
    kpi: Fraction | None = None


@dataclass(frozen=True)
class Check:
    """One line of ``dist_rules``: a set of grades, ≤ = ≥, per cent, and a rounding."""

    grades: frozenset[int]
    compare: str
    percent: Fraction
    rounding: str


def pool_name(departments: Mapping[str, Department], code: str) -> str:
    """Pool of a department: its 校准池, else its own."""
    own = departments[code].pool
    return f"pool:{own}" if own is not None else f"dept:{code}"


def shallowest(departments: Mapping[str, Department], name: str) -> str:
    """Department that stands for a pool: the shallowest, equal ones by code bytes."""
    members = [code for code in departments if pool_name(departments, code) == name]
    return min(members, key=lambda code: (len(ancestors(departments, code)), code.encode()))


def merge_pools(
    departments: Mapping[str, Department], members: Mapping[Pool, int], smallest: int
) -> tuple[dict[Pool, Pool], frozenset[Pool]]:
    """Let small pools join their parents.

    Args:
        departments: Departments by code.
        members: Number of people with a result by pool and settings.
        smallest: ``dist_min_n``.

    Returns:
        Where each pool ends, and the final pools that stay small (advisory).
    """
    everywhere = {pool_name(departments, code) for code in departments}
    sizes: dict[Pool, int] = {(name, kind): 0 for name in everywhere for _, kind in members}
    sizes |= members
    goes = {pool: pool for pool in sizes}
    depth = {name: len(ancestors(departments, shallowest(departments, name))) for name in everywhere}
    for pool in sorted(sizes, key=lambda p: (-depth[p[0]], shallowest(departments, p[0]).encode(), p[1])):
        parent = departments[shallowest(departments, pool[0])].parent
        if sizes[pool] == 0 or sizes[pool] >= smallest or parent is None:
            continue
        above = (pool_name(departments, parent), pool[1])
        sizes[above] += sizes[pool]
        for other, end in goes.items():
            if end == pool:
                goes[other] = above
    final = {pool: goes[pool] for pool in members}
    return final, frozenset(end for end in final.values() if sizes[end] < smallest)


def quota(percent: Fraction, n: int, rounding: str) -> int:
    """Places of one grade by ⌊p·n⌋ or ⌈p·n⌉.

    Args:
        percent: Share in per cent.
        n: Size of the pool.
        rounding: ``down``, ``up`` or ``half_away``.

    Returns:
        The number of places.

    Raises:
        BookError: The rounding is unknown.
    """
    share = percent * n / 100
    match rounding:
        case "down":
            return math.floor(share)
        case "up":
            return math.ceil(share)
        case "half_away":
            return int(round_to(share, 0))
        case other:
            raise BookError("quota_rounding", other)


def targets(shares: Sequence[Fraction], n: int, *, larger_share: bool = True, plus_one: bool = False) -> list[int]:
    """Whole places of targets by largest remainder, which sum to n.

    Args:
        shares: Per cent by grade, best first, summing to 100.
        n: Size of the pool.
        larger_share: Whether equal remainders go to the larger share, else to the better grade.
        plus_one: Whether the divisor is n + 1.

    Returns:
        Places by grade.
    """
    exact = [p * (n + 1 if plus_one else n) / 100 for p in shares]
    order = sorted(range(len(shares)), key=lambda i: (-shares[i] if larger_share else 0, i))
    parts = [math.floor(x) for x in exact]
    over = sum(parts) - n
    if over <= 0:
        return largest_remainder(exact, n, order)
    giving = sorted(
        (i for i in range(len(parts)) if parts[i] > 0), key=lambda i: (exact[i] - parts[i], -order.index(i))
    )
    for i in giving[:over]:
        parts[i] -= 1
    return parts


def cumulative(places: Sequence[int | None]) -> list[int | None]:
    """Places from the top down; None (no limit) and everything below it is unlimited."""
    result: list[int | None] = []
    total: int | None = 0
    for count in places:
        total = None if total is None or count is None else total + count
        result.append(total)
    return result


def order_blocks(people: Sequence[Person], ties: str) -> list[list[Person]]:
    """Blocks of people who cannot be told apart, best first.

    Args:
        people: Members of a pool.
        ties: ``lower``, ``upper`` or ``ordered`` (by superior score, then KPI).

    Returns:
        Blocks of equal result, split further under ``ordered``.
    """

    def low(value: Fraction | None) -> tuple[bool, Fraction]:
        return (value is None or ties != "ordered", -value if value is not None and ties == "ordered" else Fraction(0))

    def key(person: Person) -> tuple[Fraction, tuple[bool, Fraction], tuple[bool, Fraction]]:
        return (-person.result, low(person.superior), low(person.kpi))

    keys = sorted({key(person) for person in people})
    return [sorted((p for p in people if key(p) == k), key=lambda p: p.code.encode()) for k in keys]


def distribute(
    people: Sequence[Person],
    limits: Sequence[int | None],
    ties: str,
    ceiling: Callable[[Person], int],
) -> dict[str, int]:
    """Walk a pool by result and give the best grade with room.

    A grade that was too small for a block is closed to everyone below; a ceiling closes nothing to others.

    Args:
        people: Members of a pool.
        limits: Cumulative places by grade, None for no limit.
        ties: How a block of equal results is placed.
        ceiling: Best grade a person may have.

    Returns:
        Place of the grade by person.
    """
    used = [0] * len(limits)
    level = 0
    given: dict[str, int] = {}
    for block in order_blocks(people, ties):
        for top in sorted({ceiling(p) for p in block}):
            same = [p for p in block if ceiling(p) == top]
            wanted = 1 if ties == "upper" else len(same)
            best = max(top, level)
            grade = next((g for g in range(best, len(limits)) if _room(limits, used, g) >= wanted), len(limits) - 1)
            level = grade if grade > top else level
            for person in same:
                given[person.code] = grade
            for g in range(grade, len(limits)):
                used[g] += len(same)
    return given


def _room(limits: Sequence[int | None], used: Sequence[int], grade: int) -> float:
    """Places left for a grade under every cumulative limit from it down."""
    rooms = [limit - used[g] for g, limit in enumerate(limits) if g >= grade and limit is not None]
    return min(rooms, default=math.inf)


def overruns(grades: Sequence[int], limits: Sequence[int | None]) -> dict[int, int]:
    """People above each cumulative limit, by grade; grades within their limit are absent."""
    over = {g: sum(x <= g for x in grades) - limit for g, limit in enumerate(limits) if limit is not None}
    return {g: n for g, n in over.items() if n > 0}


def holds(check: Check, grades: Sequence[int]) -> bool:
    """Whether one line of ``dist_rules`` holds for the grades of a pool."""
    count = sum(g in check.grades for g in grades)
    bound = quota(check.percent, len(grades), check.rounding)
    if check.compare in {"≤", "<="}:
        return count <= bound
    return count >= bound if check.compare in {"≥", ">="} else count == bound


def rank(result: Fraction, results: Sequence[Fraction]) -> int:
    """1 + the number of better results of the merged pool."""
    return 1 + sum(other > result for other in results)


def percentile(place: int, n: int) -> Fraction:
    """100(n−rank)/(n−1), and 100 for a pool of one."""
    return Fraction(100) if n == 1 else Fraction(100 * (n - place), n - 1)
