"""S14: disparity between groups, with an exact test and small-sample guards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import comb

FOUR_FIFTHS = Fraction(4, 5)
SMALLEST = 5
SMALLEST_PERCENT = 2


@dataclass(frozen=True)
class Group:
    """People of a group, and how many had the favourable outcome."""

    name: str
    people: int
    favourable: int

    @property
    def rate(self) -> Fraction:
        """Share with the favourable outcome."""
        return Fraction(self.favourable, self.people)


@dataclass(frozen=True)
class Finding:
    """One tested group against the reference; ``state`` is fine, flagged or watch."""

    name: str
    ratio: Fraction
    state: str
    two_sided: Fraction
    one_sided: Fraction
    flipped: Fraction


def fisher(a: int, b: int, c: int, d: int) -> tuple[Fraction, Fraction]:
    """Fisher's exact test of a 2 × 2 table with rows (a, b) and (c, d).

    Args:
        a: Favourable in the first row.
        b: Unfavourable in the first row.
        c: Favourable in the second row.
        d: Unfavourable in the second row.

    Returns:
        Two-sided (tables no more probable) and one-sided (first row this low or lower).
    """
    first, second, good = a + b, c + d, a + c
    tables = range(max(0, good - second), min(first, good) + 1)
    ways = {x: comb(first, x) * comb(second, good - x) for x in tables}
    whole = sum(ways.values())
    two = sum(n for n in ways.values() if n <= ways[a])
    return Fraction(two, whole), Fraction(sum(n for x, n in ways.items() if x <= a), whole)


def _ratio(group: Group, reference: Group) -> Fraction:
    return Fraction(1) if reference.favourable == 0 else group.rate / reference.rate


def disparity(groups: Sequence[Group]) -> tuple[str | None, list[Finding]]:
    """Compare groups; people of no known group are not among them.

    Args:
        groups: The groups.

    Returns:
        The reference, and a finding for every other tested group, by name.
    """
    population = sum(group.people for group in groups)
    tested = [g for g in groups if g.people >= SMALLEST and 100 * g.people >= SMALLEST_PERCENT * population]
    if len(tested) < 2:
        return None, []
    reference = min(tested, key=lambda g: (-g.rate, g.name))
    findings = []
    for group in sorted(tested, key=lambda g: g.name):
        if group is reference:
            continue
        ratio = _ratio(group, reference)
        moved = Group(group.name, group.people, min(group.people, group.favourable + 1))
        less = Group(reference.name, reference.people, max(0, reference.favourable - 1))
        flipped = _ratio(moved, less)
        state = "fine" if ratio >= FOUR_FIFTHS else "watch" if flipped >= FOUR_FIFTHS else "flagged"
        p = fisher(
            group.favourable,
            group.people - group.favourable,
            reference.favourable,
            reference.people - reference.favourable,
        )
        findings.append(Finding(group.name, ratio, state, *p, flipped))
    return reference.name, findings


def rates(groups: Mapping[str, Sequence[bool | None]]) -> tuple[list[Group], int]:
    """Groups of outcomes by name; the unknown group ``""`` is left out and counted."""
    known = [Group(name, len(flags), sum(map(bool, flags))) for name, flags in sorted(groups.items()) if name]
    return known, len(groups.get("", ()))
