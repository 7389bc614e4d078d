"""Whether a weight set passes, and its repair (S1)."""

from __future__ import annotations

from huoban_perf.scoring.weights import is_full, repair


def test_is_full_accepts_rounding_noise_only() -> None:
    assert [is_full(total) for total in (999_949, 999_950, 1_000_049, 1_000_050)] == [False, True, True, False]


def test_repair_thirds_give_the_extra_cent_to_the_earlier_row() -> None:
    assert repair([333300, 333300, 333300]) == (333400, 333300, 333300)


def test_repair_scales_to_two_decimals() -> None:
    assert repair([10000, 10000, 50000]) == (142900, 142800, 714300)
    assert sum(repair([1, 2, 3, 4, 70]) or ()) == 1_000_000


def test_repair_of_nothing_has_no_proposal() -> None:
    assert repair([0, 0]) is None
