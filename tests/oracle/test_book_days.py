"""Every worked number of S11 and S12, against the oracle."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import bonus, metrics, segments
from tests.oracle.metrics import Limits, Metric, Targets
from tests.oracle.numbers import BookError, Grid, result_of

F = Fraction
LIMITS = Limits()

# S11


def test_s11_joined_in_mid_february_is_45_of_90_days() -> None:
    days = segments.days_between(date(2026, 2, 15), date(2026, 3, 31))
    whole = segments.days_between(date(2026, 1, 1), date(2026, 3, 31))
    assert (days, whole) == (45, 90)
    factor = segments.prorated("cycle", days, whole, prorate=True, additive=True)
    assert 1_200_000 * factor == 600_000
    got = metrics.score(Metric("m", "linear"), Targets(target=F(1_200_000)), F(540_000), LIMITS, factor)
    assert got == 90
    assert segments.takes_part(F(45), 90, None)
    assert not segments.takes_part(F(44), 90, None)


def test_s11_segments_are_a_mean_by_days() -> None:
    assert result_of(segments.mean_by_days([(51, F(92)), (39, F(80))], Grid())) == F("86.80")


def segment(first: int, days: int) -> segments.Segment:
    start = date.fromordinal(date(2026, 1, 1).toordinal() + first)
    return segments.Segment(start, date.fromordinal(start.toordinal() + days - 1), f"s{first}", days)


@pytest.mark.parametrize(
    ("lengths", "left"),
    [
        ([10, 40, 40], [("s10", 50), ("s50", 40)]),
        ([40, 10, 40], [("s0", 40), ("s50", 50)]),
        ([40, 14, 3, 33], [("s0", 54), ("s57", 36)]),
        ([8, 14, 14, 8], [("s22", 44)]),
        ([90], [("s0", 90)]),
    ],
)
def test_s11_short_segments_join_the_longer_neighbour(lengths: list[int], left: list[tuple[str, int]]) -> None:
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    got = segments.merge_short([segment(a, n) for a, n in zip(starts, lengths, strict=True)])
    assert [(s.scheme, s.days) for s in got] == left


def test_s11_absence_above_30_counts_only_when_the_scheme_says_so() -> None:
    assert segments.eligible_days(80, F(40), F(30)) == 70
    assert segments.eligible_days(80, F(30), F(30)) == 80
    assert segments.eligible_days(80, F(40), None) == 80


# S12


def claim(code: str, base: str, *factors: str, prorate: str = "1") -> bonus.Claim:
    return bonus.Claim(code, F(base), [(F(1), F(f)) for f in factors], F(prorate))


def test_s12_without_a_pool() -> None:
    assert bonus.without_pool(claim("a", "8000", "1.2", "1.1", prorate="0.5"), "product") == F("5280.00")


def test_s12_the_sum_form() -> None:
    weighted = bonus.Claim("a", F(10_000), [(F("0.6"), F("1.5")), (F("0.4"), F("0.8"))], F(1))
    assert bonus.without_pool(weighted, "sum") == F("12200.00")


def test_s12_a_pool_is_split_to_the_cent() -> None:
    people = [claim("1", "20000", "1.2", "1.1"), claim("2", "15000", "1", "1"), claim("3", "10000", "0.8", "1")]
    got = bonus.from_pool([(p, "product") for p in people], F(100_000))
    assert list(got.values()) == [F("53441.30"), F("30364.37"), F("16194.33")]
    assert sum(got.values()) == 100_000


def test_s12_impossible_pools_are_errors() -> None:
    for people, pool in (([claim("1", "0")], "10"), ([claim("1", "-1")], "10"), ([claim("1", "1")], "-1")):
        with pytest.raises(BookError):
            bonus.from_pool([(p, "product") for p in people], F(pool))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any), st.integers(0, 10**7))
def test_s12_a_pool_is_always_spent_whole(bases: list[int], cents: int) -> None:
    people = [(claim(str(i), str(base)), "product") for i, base in enumerate(bases)]
    assert sum(bonus.from_pool(people, F(cents, 100)).values()) == F(cents, 100)
