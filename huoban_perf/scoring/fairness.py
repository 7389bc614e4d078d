"""Whether some group gets the best grades much less often: a screening for HR, off by default, never a finding.

Source: scoring.md S14 (four-fifths, Fisher's exact test, flip, hidden groups).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from huoban_perf.scoring.frames import CycleFrames, given_relation
from huoban_perf.scoring.rounding import D4, sql_literal
from huoban_perf.scoring.scheme import Fairness, Scheme
from huoban_perf.scoring.workbench import Connection, Workbench

EXACT_UP_TO: Final = 5000
"""People up to which Fisher's test is computed in whole numbers."""


@dataclass(frozen=True, slots=True)
class Tally:
    """People of one group, and how many of them had the favourable outcome."""

    n: int
    favourable: int

    @property
    def rate(self) -> Fraction:
        """Share of favourable outcomes."""
        return Fraction(self.favourable, self.n)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRate:
    """One tested group against the reference.

    Attributes:
        group: Name of the group.
        tally: Its people.
        ratio: Its rate ÷ the reference's; None for the reference itself or when the reference's rate is 0.
        is_flagged: The ratio is below the threshold.
        is_robust: Still flagged after one favourable outcome moves from the reference to the group.
        p_two_sided: Fisher's exact test, flagged groups only.
        p_one_sided: The same, one-sided, for the machine form.
    """

    group: str
    tally: Tally
    ratio: Fraction | None = None
    is_flagged: bool = False
    is_robust: bool = False
    p_two_sided: Fraction | None = None
    p_one_sided: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disparity:
    """Result of one field and outcome.

    Attributes:
        field: Grouping field.
        outcome: ``best`` (the two best grades) or ``not_lowest``.
        reference: Group with the highest rate, or None when fewer than one is tested.
        groups: Tested and shown groups by name.
        hidden: Groups not shown: too small, and the next smallest when only one is.
        unknown: People without a group.
    """

    field: str
    outcome: str
    reference: str | None
    groups: tuple[GroupRate, ...]
    hidden: tuple[str, ...]
    unknown: int


def compare_groups(field: str, outcome: str, tallies: Mapping[str | None, Tally], rules: Fairness) -> Disparity:
    """Compare the rates of the groups of one field.

    Args:
        field: Grouping field.
        outcome: Which outcome is favourable.
        tallies: Group → people; None = unknown.
        rules: Guards and threshold.

    Returns:
        The comparison.

    Source: scoring.md S14.
    """
    known = {name: tally for name, tally in tallies.items() if name is not None and tally.n > 0}
    people = sum(tally.n for tally in known.values())
    unknown = tallies[None].n if None in tallies else 0
    small = {name for name, tally in known.items() if not _is_tested(tally, people, rules)}
    shown = {name: tally for name, tally in known.items() if name not in small}
    if len(small) == 1 and shown:
        small.add(min(shown, key=lambda name: (shown[name].n, name)))
        shown = {name: tally for name, tally in shown.items() if name not in small}
    reference = min(shown, key=lambda name: (-shown[name].rate, name), default=None)
    rates = () if reference is None else tuple(_rate(name, shown, reference, rules) for name in sorted(shown))
    return Disparity(
        field=field,
        outcome=outcome,
        reference=reference,
        groups=rates,
        hidden=tuple(sorted(small)),
        unknown=unknown,
    )


def _is_tested(tally: Tally, people: int, rules: Fairness) -> bool:
    return tally.n >= rules.min_people and tally.n * 100 * D4 >= rules.min_share_percent_d4 * people


def _rate(name: str, shown: Mapping[str, Tally], reference: str, rules: Fairness) -> GroupRate:
    mine, best = shown[name], shown[reference]
    if name == reference or best.rate == 0:
        return GroupRate(group=name, tally=mine)
    least = Fraction(rules.ratio_d4, D4)
    ratio = mine.rate / best.rate
    if ratio >= least:
        return GroupRate(group=name, tally=mine, ratio=ratio)
    flipped = (
        Fraction(mine.favourable + 1, mine.n) / Fraction(best.favourable - 1, best.n) if best.favourable > 1 else None
    )
    two_sided, one_sided = fisher(mine, best)
    return GroupRate(
        group=name,
        tally=mine,
        ratio=ratio,
        is_flagged=True,
        is_robust=flipped is not None and flipped < least,
        p_two_sided=two_sided,
        p_one_sided=one_sided,
    )


def fisher(mine: Tally, other: Tally) -> tuple[Fraction, Fraction]:
    """Test whether two rates differ by more than chance.

    Args:
        mine: The group with the lower rate.
        other: The reference.

    Returns:
        Two-sided p (sum over tables no more probable) and one-sided p (so few or fewer in the group).

    Source: scoring.md S14.
    """
    favourable = mine.favourable + other.favourable
    low, high = max(0, favourable - other.n), min(mine.n, favourable)
    weights = {k: _weight(mine.n, other.n, favourable, k) for k in range(low, high + 1)}
    total = sum(weights.values(), Fraction(0))
    seen = weights[mine.favourable]
    slack = Fraction(1) if mine.n + other.n <= EXACT_UP_TO else Fraction(1_000_000_001, 1_000_000_000)
    two_sided = sum((weight for weight in weights.values() if weight <= seen * slack), Fraction(0)) / total
    one_sided = sum((weight for k, weight in weights.items() if k <= mine.favourable), Fraction(0)) / total
    return two_sided, one_sided


def _weight(n: int, other: int, favourable: int, k: int) -> Fraction:
    """Weight of one table; beyond ``EXACT_UP_TO`` people by logarithms, relative to the total."""
    if n + other <= EXACT_UP_TO:
        return Fraction(math.comb(n, k) * math.comb(other, favourable - k))
    whole = _log_choose(n + other, favourable)
    return Fraction(math.exp(_log_choose(n, k) + _log_choose(other, favourable - k) - whole))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def check_fairness(
    connection: Connection, *, frames: CycleFrames, schemes: Mapping[str, Scheme]
) -> tuple[Disparity, ...]:
    """Compare the final grades of the last run by every grouping field.

    Args:
        connection: The connection ``score_cycle`` ran in.
        frames: Where the frames are; ``fairness`` must be among them.
        schemes: Schemes by key; the guards are those of the first scheme by key.

    Returns:
        Two comparisons a field: the two best grades, and all but the lowest.

    Source: scoring.md S14 (the same on non-D rates).
    """
    bench = Workbench(connection=connection)
    places = " ".join(f"WHEN {sql_literal(key)} THEN {len(scheme.grades)}" for key, scheme in schemes.items())
    rows = bench.rows(
        "SELECT f.field, f.group_name, count(*), count(*) FILTER (WHERE g.final_place <= 2),"
        " count(*) FILTER (WHERE g.final_place < CASE g.scheme $places END)"
        " FROM $fairness AS f JOIN out_grades AS g ON g.kind = 'person' AND g.subject = f.emp_no"
        " GROUP BY f.field, f.group_name ORDER BY ALL",
        places=places,
        fairness=given_relation(bench, frames, "fairness"),
    )
    rules = schemes[min(schemes)].fairness
    people = bench.count("SELECT count(*) FROM out_grades WHERE kind = 'person'")
    by_field: dict[str, list[tuple[str | None, int, int, int]]] = {}
    for field, group, n, best, not_lowest in rows:
        entry = (None if group is None else str(group), int(str(n)), int(str(best)), int(str(not_lowest)))
        by_field.setdefault(str(field), []).append(entry)
    return tuple(
        compare_groups(field, outcome, _tallies(entries, at, people), rules)
        for field, entries in by_field.items()
        for outcome, at in (("best", 2), ("not_lowest", 3))
    )


def _tallies(entries: list[tuple[str | None, int, int, int]], at: int, people: int) -> dict[str | None, Tally]:
    """Tally the named groups; whoever is in none of them is unknown."""
    known: dict[str | None, Tally] = {
        group: Tally(n, (best, not_lowest)[at - 2]) for group, n, best, not_lowest in entries if group is not None
    }
    return {**known, None: Tally(people - sum(tally.n for tally in known.values()), 0)}
