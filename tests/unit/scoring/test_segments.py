"""Joining short segments (S11)."""

from __future__ import annotations

from huoban_perf.scoring.segments import Segment, join_short


def parts(*days: int) -> list[Segment]:
    return [Segment("s", f"{at}-from", f"{at}-to", f"{at}-from", f"{at}-to", length) for at, length in enumerate(days)]


def joined(*days: int) -> list[tuple[str, int]]:
    return [(part.core_from, part.days) for part in join_short(parts(*days), 15)]


def test_join_short_nothing_is_short() -> None:
    assert joined(51, 39) == [("0-from", 51), ("1-from", 39)]


def test_join_short_the_longer_neighbour_keeps_its_items() -> None:
    assert joined(10, 49, 31) == [("1-from", 59), ("2-from", 31)]
    assert joined(40, 10, 50) == [("0-from", 40), ("2-from", 60)]


def test_join_short_equal_neighbours_join_the_later() -> None:
    assert joined(40, 10, 40) == [("0-from", 40), ("2-from", 50)]


def test_join_short_shortest_first() -> None:
    assert joined(14, 3, 73) == [("2-from", 90)]


def test_join_short_all_short_become_one_by_the_longest() -> None:
    assert joined(3, 13, 12, 3) == [("1-from", 31)]
    assert joined(10) == [("0-from", 10)]
