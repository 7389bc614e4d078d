"""Quotas and who gets which grade (S10), with the book's figures."""

from __future__ import annotations

from itertools import groupby

import pytest

from huoban_perf.scoring import parse_scheme
from huoban_perf.scoring.quotas import (
    Block,
    assign_capped,
    assign_exact,
    check_holds,
    cumulative_quotas,
    largest_remainder,
    round_share,
)
from huoban_perf.scoring.scheme import Check

TARGETS = [100000, 200000, 500000, 150000, 50000]
TEN = [96, 96, 91, 90, 88, 85, 80, 78, 70, 60]


def blocks(scores: list[int], place: int = 1) -> list[Block]:
    return [Block(at, place, len(list(found))) for at, (_, found) in enumerate(groupby(scores), 1)]


@pytest.mark.parametrize(
    ("n", "expected"),
    [(5, [0, 1, 3, 1, 0]), (7, [1, 1, 4, 1, 0]), (10, [1, 2, 5, 2, 0]), (13, [1, 3, 6, 2, 1]), (33, [3, 7, 16, 5, 2])],
)
def test_largest_remainder_the_books_figures(n: int, expected: list[int]) -> None:
    assert largest_remainder(TARGETS, n, tie="larger_share", divisor="n") == expected


def test_largest_remainder_ties_by_policy() -> None:
    assert largest_remainder([500000, 500000], 3, tie="better_grade", divisor="n") == [2, 1]
    assert largest_remainder([400000, 600000], 5, tie="better_grade", divisor="n_plus_1") == [2, 3]


def test_largest_remainder_too_many_whole_parts_give_back() -> None:
    assert largest_remainder([500000, 500000], 1, tie="larger_share", divisor="n_plus_1") == [1, 0]
    for n in range(40):
        assert sum(largest_remainder(TARGETS, n, tie="better_grade", divisor="n_plus_1")) == n


def test_round_share_s_at_most_ten_percent_of_23() -> None:
    assert [round_share(100000, 23, how) for how in ("down", "up", "half_away")] == [2, 3, 2]
    assert round_share(500000, 3, "half_away") == 2


def test_assign_exact_the_books_ten() -> None:
    cumulative = [1, 3, 8, 10, None]
    lower = [entry.place for entry in assign_exact(blocks(TEN), cumulative, ties="lower")]
    upper = assign_exact(blocks(TEN), cumulative, ties="upper")
    assert lower == [2, 2, 3, 3, 3, 3, 3, 4, 4]
    assert [entry.place for entry in upper] == [1, 2, 3, 3, 3, 3, 3, 4, 4]
    assert [entry.is_over for entry in upper][:2] == [True, False]


def test_assign_exact_a_grade_cap_waits_for_its_grade() -> None:
    found = assign_exact([Block(1, 2, 1), Block(2, 1, 1), Block(3, 1, 1)], [1, 2, None], ties="lower")
    assert [(entry.block.ord, entry.place) for entry in found] == [(1, 2), (2, 1), (3, 3)]


def test_assign_capped_never_better_than_the_first_grade_and_passes_places_down() -> None:
    found = assign_capped([Block(1, 2, 1), Block(2, 2, 1), Block(3, 2, 2)], [1, 3, None], ties="lower")
    assert [(entry.place, entry.is_unsplit) for entry in found] == [(2, False), (2, False), (3, True)]


def test_assign_capped_upper_overruns_together() -> None:
    (entry,) = assign_capped([Block(1, 1, 3)], [1, None], ties="upper")
    assert (entry.place, entry.is_over) == (1, True)


def test_cumulative_quotas_unlimited_from_the_first_grade_without_cap() -> None:
    grades = [{"name": "S", "lower": 90, "cap_percent": 10}, {"name": "A", "lower": 80}, {"name": "B"}]
    scheme = parse_scheme({"grades": grades, "distribution": {"control": "cap"}})
    assert cumulative_quotas(scheme, 25) == [2, None, None]
    assert cumulative_quotas(scheme, 25, linked=6) == [2, 6, None]


def test_cumulative_quotas_linkage_never_loosens_a_cap() -> None:
    grades = [
        {"name": "S", "lower": 90, "cap_percent": 10},
        {"name": "A", "lower": 80, "cap_percent": 10},
        {"name": "B"},
    ]
    scheme = parse_scheme({"grades": grades, "distribution": {"control": "cap"}})
    assert cumulative_quotas(scheme, 20, linked=6) == [2, 4, None]


@pytest.mark.parametrize(
    ("sign", "count", "expected"), [("<=", 3, True), ("<=", 4, False), ("=", 3, True), (">=", 2, False)]
)
def test_check_holds(sign: str, count: int, expected: bool) -> None:
    assert check_holds(Check(grades=("S",), sign=sign, percent_d4=300000), count, 11) is expected
