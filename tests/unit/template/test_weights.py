"""Weights of a set: the tolerance and the repair of the rule book."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.scoring import weights as scoring_weights
from huoban_perf.template.weights import is_full, plain, repair

WEIGHTS = st.lists(st.decimals(min_value=0, max_value=500, places=4), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "full"), [("99.9949", False), ("99.995", True), ("100", True), ("100.0049", True), ("100.005", False)]
)
def test_is_full_keeps_the_tolerance(total: str, *, full: bool) -> None:
    assert is_full([Decimal(total)]) is full


def test_repair_three_thirds_raises_the_first() -> None:
    third = Decimal("33.33")
    assert repair([third] * 3) == (Decimal("33.34"), third, third)


def test_repair_nothing_to_share_has_no_proposal() -> None:
    assert repair([Decimal(0), Decimal(0)]) == ()


@given(WEIGHTS)
def test_repair_agrees_with_scoring(weights: list[Decimal]) -> None:
    in_d4 = [int(weight * 10000) for weight in weights]
    assert [int(weight * 10000) for weight in repair(weights)] == list(scoring_weights.repair(in_d4) or ())
    assert is_full(weights) == scoring_weights.is_full(sum(in_d4))


def test_plain_has_no_exponent() -> None:
    assert [plain(Decimal(text)) for text in ("100", "70.50", "1E+2", "0")] == ["100", "70.5", "100", "0"]
