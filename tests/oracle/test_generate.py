"""Generated cycles are valid, and the oracle keeps the laws of the book on every one of them."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracle.cycle import score_cycle
from tests.oracle.generate import RULES, Cycle, cycles
from tests.oracle.numbers import BookError, quantise
from tests.oracle.outcome import Result
from tests.oracle.scheme import parse

pytestmark = pytest.mark.property


def scored(cycle: Cycle) -> dict[tuple[str, str], Result]:
    try:
        return score_cycle(cycle.frames, cycle.schemes)
    except BookError as error:
        raise AssertionError(f"an invalid cycle was generated: {error}") from error


@given(cycles())
@settings(max_examples=60)
def test_laws_of_every_generated_cycle(cycle: Cycle) -> None:
    for subject, got in scored(cycle).items():
        assert got.state in {"scored", "held", "incomplete", "excluded"}
        if got.total is None or got.result is None:
            assert (got.state == "scored", got.final_grade, got.bonus) == (False, None, None)
            continue
        scheme = parse(cycle.schemes[got.scheme])
        tops = [value for path, value in got.lines if "/" not in path]
        assert sum(tops) == got.total, subject
        assert got.total <= scheme.total_cap or scheme.total_cap < scheme.total_floor
        assert got.vetoes or got.total >= min(scheme.total_floor, scheme.total_cap)
        names = [band.name for band in scheme.bands]
        assert {got.initial, got.grade, got.final_grade} <= set(names)
        if scheme.distribution.control == "cap" and subject[0] == "person":
            assert names.index(str(got.grade)) >= names.index(str(got.initial))


@given(cycles())
@settings(max_examples=40)
def test_children_of_a_receipt_add_up_to_their_line(cycle: Cycle) -> None:
    for got in scored(cycle).values():
        lines = dict(got.lines)
        for path, value in lines.items():
            below = [v for p, v in got.lines if p.startswith(f"{path}/")]
            assert not below or sum(below) == value


@given(cycles(), st.randoms(use_true_random=False))
@settings(max_examples=25)
def test_the_order_of_rows_changes_nothing(cycle: Cycle, shuffler: random.Random) -> None:
    mixed = {name: shuffler.sample(rows, len(rows)) for name, rows in cycle.frames.items()}
    before, after = scored(cycle), scored(Cycle(mixed, cycle.schemes))
    for subject, got in before.items():
        other = after[subject]
        assert (got.state, got.total, got.grade, got.final_grade) == (
            other.state,
            other.total,
            other.grade,
            other.final_grade,
        )
        assert (got.bonus, got.rank, got.pool) == (other.bonus, other.rank, other.pool)


@given(cycles(RULES - {"calibration"}))
@settings(max_examples=40)
def test_equal_results_of_a_pool_share_a_grade_unless_ordered_or_capped(cycle: Cycle) -> None:
    seen: dict[tuple[object, Fraction], str] = {}
    for subject, got in scored(cycle).items():
        if got.pool is None or got.result is None or got.grade_cap is not None:
            continue
        if parse(cycle.schemes[got.scheme]).distribution.ties != "ordered":
            assert seen.setdefault((got.pool, got.result), str(got.grade)) == got.grade, subject


@given(cycles(frozenset({"bonus", "transfers", "departments"})))
@settings(max_examples=25)
def test_pools_are_spent_to_the_cent(cycle: Cycle) -> None:
    results = scored(cycle)
    for pool in cycle.frames.get("pools", []):
        shares = [
            results["person", str(p["emp_no"])].bonus
            for p in cycle.frames.get("pay", [])
            if p["pool"] == pool["pool"] and ("person", p["emp_no"]) in results
        ]
        paid = [share for share in shares if share is not None]
        assert not paid or sum(paid) == Fraction(str(pool["amount"]))


@given(cycles(frozenset()))
@settings(max_examples=25)
def test_without_rules_the_defaults_hold(cycle: Cycle) -> None:
    for got in scored(cycle).values():
        assert got.state in {"scored", "incomplete"}
        assert got.grade == got.initial
        assert all(value == quantise(value) for part in got.parts for value in (part.kpi.value,) if value is not None)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_alone_gives_valid_cycles(rule: str) -> None:
    @given(cycles(frozenset({rule}), people=3))
    @settings(max_examples=4)
    def valid(cycle: Cycle) -> None:
        assert scored(cycle)

    valid()


def test_an_unknown_rule_is_refused() -> None:
    @given(cycles(frozenset({"astrology"})))
    @settings(max_examples=1)
    def drawn(cycle: Cycle) -> None:
        raise AssertionError(cycle)

    with pytest.raises(ValueError, match="astrology"):
        drawn()
