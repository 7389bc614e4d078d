"""S10 and S12 for the people of a cycle: pools, grades, calibration, and bonus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from tests.oracle import distribution
from tests.oracle.bonus import Claim, from_pool, without_pool
from tests.oracle.departments import Department, grade_of, linked_cap
from tests.oracle.distribution import (
    Person,
    Pool,
    cumulative,
    distribute,
    merge_pools,
    percentile,
    pool_name,
    quota,
    rank,
)
from tests.oracle.grades import grade, position
from tests.oracle.numbers import BookError
from tests.oracle.outcome import Result
from tests.oracle.rows import Subject
from tests.oracle.scheme import Scheme
from tests.oracle.subject import Cycle
from tests.oracle.timeline import Stretch, stretches

Results = dict[Subject, Result]


def tree_of(cycle: Cycle, results: Mapping[Subject, Result]) -> dict[str, Department]:
    """Departments of the file, and every other one that a person names, as a root."""
    named = {r.department for r in results.values() if r.department}
    return {code: Department(code) for code in named} | dict(cycle.inputs.departments)


def limits_of(scheme: Scheme, n: int, linked: int | None) -> list[int | None]:
    """Cumulative places of a pool of n under ``cap`` or ``exact``.

    Args:
        scheme: The scheme of the pool.
        n: People in it.
        linked: Places in the linked grades, None without linkage.

    Returns:
        Limits by grade, best first.

    Raises:
        BookError: Largest remainder is asked of caps.
    """
    rules, bands = scheme.distribution, scheme.bands
    places: list[int | None]
    if rules.control == "exact" and rules.rounding == "largest_remainder":
        shares = [b.target or Fraction(0) for b in bands]
        places = [*distribution.targets(shares, n, larger_share=rules.larger_share, plus_one=rules.plus_one)]
    elif rules.control == "exact":
        places = [quota(b.target or Fraction(0), n, rules.rounding) for b in bands[:-1]] + [None]
    elif rules.rounding == "largest_remainder":
        raise BookError("quota_rounding", rules.rounding)
    else:
        places = [None if b.cap is None else quota(b.cap, n, rules.rounding) for b in bands]
    limits = cumulative(places)
    if linked is not None:
        worst = max(position(name, bands) for name in scheme.departments.linked)
        own = limits[worst]
        limits[worst] = linked if own is None else min(own, linked)
    return limits


def linked_places(cycle: Cycle, scheme: Scheme, members: Mapping[str, Result]) -> int | None:
    """Places in the linked grades by the grades of the members' departments."""
    if not scheme.departments.linkage:
        return None
    shares = {b.name: b.linked for b in scheme.bands}
    counts: dict[str, int] = {}
    for result in members.values():
        counts[result.department] = counts.get(result.department, 0) + 1
    parts = []
    for code, n in counts.items():
        name = grade_of(cycle.inputs.departments, cycle.grades, code)
        share = None if name is None else shares[name]
        parts.append((Fraction(100) if share is None else share, n))
    return linked_cap(parts)


def person_of(code: str, result: Result, scheme: Scheme) -> Person:
    """A member of a pool as the distribution sees it."""
    kpis = [(p.segment.days, p.kpi.value) for p in result.parts if p.kpi.value is not None]
    days = sum(d for d, _ in kpis)
    group = None if result.review is None else result.review.groups.get("superior")
    return Person(
        code=code,
        result=result.result or Fraction(0),
        initial=position(str(result.initial), scheme.bands),
        ceiling=0 if result.grade_cap is None else position(result.grade_cap, scheme.bands),
        superior=None if group is None else group.value,
        kpi=sum((d * s for d, s in kpis), Fraction(0)) / days if days else None,
    )


def grade_pool(cycle: Cycle, members: Mapping[str, Result], pool: Pool, *, advisory: bool) -> dict[str, Result]:
    """Grades, ranks and percentiles of one merged pool."""
    scheme = cycle.schemes[next(iter(members.values())).scheme]
    rules = scheme.distribution
    people = [person_of(code, result, scheme) for code, result in sorted(members.items())]
    limits: list[int | None] = []
    if rules.control == "hint" or advisory:
        given = {p.code: p.initial for p in people}
    else:
        limits = limits_of(scheme, len(people), linked_places(cycle, scheme, members))
        of_cap = rules.control == "cap"
        given = distribute(people, limits, rules.ties, lambda p: p.initial if of_cap else p.ceiling)
    results, grades = [p.result for p in people], list(given.values())
    over = {scheme.bands[g].name: n for g, n in distribution.overruns(grades, limits).items()}
    graded: dict[str, Result] = {}
    for p in people:
        place = rank(p.result, results)
        graded[p.code] = replace(
            members[p.code],
            pool=pool,
            advisory=advisory,
            grade=scheme.bands[given[p.code]].name,
            overruns=over,
            checks=[distribution.holds(check, grades) for check in rules.checks],
            rank=place,
            percentile=percentile(place, len(people)),
        )
    return graded


def grade_people(cycle: Cycle, results: Results) -> Results:
    """Pool the people with a result, merge small pools, and grade each pool."""
    scored = {s[1]: r for s, r in results.items() if s[0] == "person" and r.state == "scored"}
    tree = tree_of(cycle, results)
    of = {
        code: (pool_name(tree, r.department), cycle.schemes[r.scheme].distribution.identity)
        for code, r in scored.items()
    }
    counts: dict[Pool, int] = {}
    for pool in of.values():
        counts[pool] = counts.get(pool, 0) + 1
    smallest = {
        cycle.schemes[r.scheme].distribution.identity: cycle.schemes[r.scheme].distribution.min_n
        for r in scored.values()
    }
    graded = dict(results)
    for kind, least in smallest.items():
        final, advisory = merge_pools(tree, {p: n for p, n in counts.items() if p[1] == kind}, least)
        for end in sorted(set(final.values())):
            members = {code: scored[code] for code, pool in of.items() if final.get(pool) == end}
            done = grade_pool(cycle, members, end, advisory=end in advisory)
            graded |= {("person", code): result for code, result in done.items()}
    return graded


def calibrated(subject: Subject, result: Result, cycle: Cycle) -> Result:
    """Grade and result after the last approved decision.

    Args:
        subject: Kind and code.
        result: The result after the distribution.
        cycle: The run.

    Returns:
        The result with its final grade and score.

    Raises:
        BookError: A decision outranks 等级封顶, or its score is of another grade.
    """
    if result.state != "scored":
        return result
    bands = cycle.schemes[result.scheme].bands
    before = result.grade or result.initial
    decisions = sorted(cycle.inputs.calibration.get(subject, ()), key=lambda d: d.at)
    if not decisions:
        return replace(result, grade=before, final_grade=before, final_result=result.result)
    last = decisions[-1]
    if result.grade_cap is not None and position(last.grade, bands) < position(result.grade_cap, bands):
        raise BookError("grade_cap", *subject, last.grade)
    if last.score is not None and grade(last.score, bands) != last.grade:
        raise BookError("calibrated_score", *subject)
    score = result.result if last.score is None else last.score
    return replace(result, grade=before, final_grade=last.grade, final_result=score)


def grade_factor(result: Result, scheme: Scheme, parts: Sequence[Stretch]) -> Fraction:
    """C_grade: of the grade, or by days of the first row of the table that fits."""
    name = str(result.final_grade)
    own = scheme.bands[position(name, scheme.bands)].coefficient
    total = Fraction(0)
    for part in parts:
        keys = {"grade": name, "job_level": part.job_level, "position": part.position, "scheme": part.scheme}
        rows = [r for r in scheme.bonus.table if all(r.get(k) in {None, v} for k, v in keys.items())]
        total += part.days * (Fraction(str(rows[0]["coefficient"])) if rows else own)
    return total / sum(part.days for part in parts)


def claim_of(code: str, result: Result, cycle: Cycle) -> Claim:
    """What the bonus of one person is made of."""
    inputs, scheme = cycle.inputs, cycle.schemes[result.scheme]
    rules = scheme.bonus
    parts = stretches(("person", code), inputs, cycle.schemes)
    of_department = scheme.departments.use == "bonus"
    named = {**rules.factors, **inputs.factors.get(("person", code), {})}
    own = {
        "grade": grade_factor(result, scheme, parts),
        "department": (result.department_coefficient or Fraction(1)) if of_department else Fraction(1),
    }
    if rules.form == "sum":
        every = named | own
        missing = sorted(set(rules.weights) - set(every))
        if missing:
            raise BookError("factor_missing", code, *missing)
        factors = [(weight, every[name]) for name, weight in sorted(rules.weights.items())]
    else:
        factors = [(Fraction(1), value) for value in [*own.values(), *named.values()]]
    return Claim(code, inputs.pay[code][0], factors, result.days / inputs.days)


def pay_people(cycle: Cycle, results: Results) -> Results:
    """Bonus of everyone who has a base and a result."""
    paid = dict(results)
    pools: dict[str, list[tuple[Claim, str]]] = {}
    for code, (_, pool) in sorted(cycle.inputs.pay.items()):
        result = results.get(("person", code))
        if result is None or result.state != "scored":
            continue
        claim, rules = claim_of(code, result, cycle), cycle.schemes[result.scheme].bonus
        if pool is None:
            paid["person", code] = replace(result, bonus=without_pool(claim, rules.form, rules.decimals))
        else:
            pools.setdefault(pool, []).append((claim, rules.form))
    for pool, claims in pools.items():
        amount, decimals = cycle.inputs.pools[pool]
        shares = from_pool(claims, amount, decimals)
        for code, value in shares.items():
            paid["person", code] = replace(paid["person", code], bonus=value)
    return paid
