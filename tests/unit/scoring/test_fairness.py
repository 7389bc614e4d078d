"""Group disparity: four-fifths, exact test, flip, hidden groups (S14)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from huoban_perf.scoring import CycleFrames, parse_scheme
from huoban_perf.scoring.fairness import Tally, check_fairness, compare_groups, fisher
from huoban_perf.scoring.scheme import Fairness
from tests.cases.scoring.harness import score


def test_compare_groups_the_books_case_is_flagged_and_not_robust() -> None:
    found = compare_groups("性别", "best", {"男": Tally(30, 12), "女": Tally(25, 7), None: Tally(3, 0)}, Fairness())
    flagged, reference = found.groups
    assert (flagged.group, flagged.ratio, flagged.is_flagged, flagged.is_robust) == ("女", Fraction(7, 10), True, False)
    assert round(float(flagged.p_two_sided or 0), 3) == 0.404
    assert (reference.group, reference.ratio, found.reference, found.unknown) == ("男", None, "男", 3)


def test_compare_groups_a_robust_difference() -> None:
    found = compare_groups("f", "best", {"a": Tally(300, 120), "b": Tally(250, 70), "c": Tally(250, 99)}, Fairness())
    assert [(rate.group, rate.is_flagged, rate.is_robust) for rate in found.groups] == [
        ("a", False, False),
        ("b", True, True),
        ("c", False, False),
    ]


def test_compare_groups_one_small_group_hides_the_next_smallest() -> None:
    found = compare_groups("f", "best", {"a": Tally(90, 30), "b": Tally(50, 3), "c": Tally(4, 0)}, Fairness())
    assert found.hidden == ("b", "c")
    assert [rate.group for rate in found.groups] == ["a"]


def test_compare_groups_a_share_below_two_percent_is_not_tested() -> None:
    found = compare_groups("f", "best", {"a": Tally(600, 30), "b": Tally(10, 1), "c": Tally(500, 30)}, Fairness())
    assert found.hidden == ("b", "c")


def test_compare_groups_nothing_to_compare() -> None:
    found = compare_groups("f", "best", {"a": Tally(3, 1), "b": Tally(2, 1)}, Fairness())
    assert (found.reference, found.groups, found.hidden) == (None, (), ("a", "b"))


def test_compare_groups_nobody_has_the_outcome() -> None:
    found = compare_groups("f", "best", {"a": Tally(30, 0), "b": Tally(20, 0)}, Fairness())
    assert [rate.is_flagged for rate in found.groups] == [False, False]


def test_compare_groups_a_single_favourable_outcome_cannot_be_robust() -> None:
    found = compare_groups("f", "best", {"a": Tally(30, 1), "b": Tally(20, 0)}, Fairness())
    assert [(rate.is_flagged, rate.is_robust) for rate in found.groups] == [(False, False), (True, False)]


def test_fisher_by_hand_and_for_many_people() -> None:
    two_sided, one_sided = fisher(Tally(4, 1), Tally(4, 3))
    assert (two_sided, one_sided) == (Fraction(34, 70), Fraction(17, 70))
    many = fisher(Tally(4000, 1000), Tally(4000, 1100))
    assert float(many[0]) == pytest.approx(0.0118722, abs=1e-6)


def test_check_fairness_reads_final_grades_and_counts_the_unknown() -> None:
    people = [f"E{at}" for at in range(20)]
    run = score(
        {
            "items": [
                "kind subject item weight manual_score",
                *(f"个人 {who} 1 100 {90 if at % 2 else 65}" for at, who in enumerate(people)),
            ],
            "fairness": [
                "emp_no field group",
                *(f"{who} 年龄 {'青' if at % 2 else '老'}" for at, who in enumerate(people[:18])),
                "E18 年龄 -",
            ],
        },
        traced=False,
    )
    scheme = parse_scheme({"key": "std"})
    found = check_fairness(run.connection, frames=CycleFrames.discover(run.connection), schemes={"std": scheme})
    best, not_lowest = found
    assert (best.outcome, best.unknown, best.reference) == ("best", 2, "青")
    assert [rate.tally for rate in best.groups] == [Tally(9, 0), Tally(9, 9)]
    assert [rate.is_flagged for rate in not_lowest.groups] == [False, False]
