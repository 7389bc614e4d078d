"""Every worked number of S0 to S3, S8 and S9, against the oracle."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import departments, goals, grades, metrics, numbers, weights
from tests.oracle.actuals import Period, aggregate, condition, vetoed
from tests.oracle.metrics import Limits, Metric, Targets
from tests.oracle.numbers import BookError, Grid, Rounding, exact, quantise, result_of, round_to, total_of

F = Fraction

LIMITS = Limits()


def score(metric: Metric, actual: str, limits: Limits = LIMITS, **targets: str) -> F:
    return metrics.score(metric, Targets(**{k: F(v) for k, v in targets.items()}), F(actual), limits)


def pairs(*rows: tuple[int, int]) -> tuple[tuple[F, F], ...]:
    return tuple((F(a), F(b)) for a, b in rows)


# S0


@pytest.mark.parametrize(("value", "rounded"), [("2.675", "2.68"), ("-2.675", "-2.68"), ("2.6749", "2.67")])
def test_s0_rounding_is_half_away_from_zero(value: str, rounded: str) -> None:
    assert round_to(F(value), 2) == F(rounded)


def test_s0_six_decimals_recover_the_tie_that_the_grid_lost() -> None:
    raters = quantise(F(83 + 83 + 84, 3))
    assert (F("85.65") * 70 / 100, raters * 30 / 100) == (F("59.955"), F("24.9999999999"))
    total = total_of(quantise((70 * F("85.65") + 30 * raters) / 100))
    assert numbers.text_of(total, 6) == "84.955000"
    assert result_of(total) == F("84.96")


def test_s0_printed_six_decimals_rounded_by_hand_give_the_result() -> None:
    assert numbers.text_of(total_of(F("84.9949996")), 6) == "84.995000"
    assert result_of(F("84.9949996")) == F("85.00")


@pytest.mark.parametrize("text", ["1.23456", "NaN", "1e3", "", "1,5", "0x1", "inf"])
def test_s0_an_input_finer_than_four_places_or_no_decimal_is_an_error(text: str) -> None:
    with pytest.raises(BookError):
        exact(text)


def test_s0_inputs_are_exact() -> None:
    assert exact(" -12.3456 ") == F(-123456, 10000)


@pytest.mark.parametrize(
    ("mode", "rounded"), [("half_away", "-2.3"), ("truncate", "-2.2"), ("up", "-2.3"), ("half_even", "-2.2")]
)
def test_s0_rounding_policies(mode: str, rounded: str) -> None:
    assert round_to(F("-2.25"), 1, mode) == F(rounded)


def test_s0_a_policy_rounds_after_six_decimals_half_away() -> None:
    grid = Grid({"kpi": Rounding(2, "truncate")})
    assert grid.at("kpi", F("84.9949996")) == F("84.99")
    assert grid.at("kpi", F("84.9999996")) == F("85.00")
    assert grid.at("group", F(1, 3)) == F("0.333333333")


@given(st.fractions(-1000, 1000))
def test_s0_the_grid_is_within_half_a_step_and_odd(value: F) -> None:
    assert abs(quantise(value) - value) <= F(1, 2 * 10**9)
    assert quantise(-value) == -quantise(value)


# S1


def test_s1_three_thirds_miss_100_and_are_repaired() -> None:
    fault = weights.fault_of("items", [F("33.33")] * 3)
    assert fault is not None
    assert fault.difference == F("-0.01")
    assert fault.proposal == (F("33.34"), F("33.33"), F("33.33"))


@pytest.mark.parametrize(
    ("value", "passes"), [("99.995", True), ("99.9949", False), ("100.0049", True), ("100.005", False)]
)
def test_s1_the_window_is_half_open(value: str, passes: bool) -> None:
    assert (weights.fault_of("parts", [F(value)]) is None) == passes


def test_s1_zero_weights_have_no_proposal_and_negative_ones_are_refused() -> None:
    fault = weights.fault_of("items", [F(0), F(0)])
    assert fault is not None
    assert fault.proposal is None
    with pytest.raises(BookError):
        weights.fault_of("items", [F(-1), F(101)])


def test_s1_siblings_are_equal_only_when_all_weights_are_empty() -> None:
    assert weights.or_equal("g", [None, None]) == [F(1), F(1)]
    for bad in ([None, F(1)], [F(0), F(0)]):
        with pytest.raises(BookError):
            weights.or_equal("g", bad)


# S2


@pytest.mark.parametrize(
    ("actual", "cap", "points"), [("230", None, "115"), ("230", "110", "110"), ("150", None, "75")]
)
def test_s2_linear(actual: str, cap: str | None, points: str) -> None:
    metric = Metric("m", "linear", cap=None if cap is None else F(cap))
    assert score(metric, actual, target="200") == F(points)


@pytest.mark.parametrize(("b", "t", "a", "points"), [("60", "100", "90", "75"), ("10", "4", "7", "50")])
def test_s2_linear_with_baseline(b: str, t: str, a: str, points: str) -> None:
    assert score(Metric("m", "linear"), a, baseline=b, target=t) == F(points)


@pytest.mark.parametrize(("actual", "points"), [("5", "80"), ("2", "120"), ("0", "120")])
def test_s2_ratio(actual: str, points: str) -> None:
    assert score(Metric("m", "ratio", "lower"), actual, target="4") == F(points)


def test_s2_ratio_of_a_negative_actual_is_an_error() -> None:
    with pytest.raises(BookError, match="actual_negative"):
        score(Metric("m", "ratio", "lower"), "-1", target="4")


@pytest.mark.parametrize(
    ("direction", "base", "target", "actual", "before", "points"),
    [
        ("lower", None, "4", "5", "75", "75"),
        ("lower", None, "4", "8", "0", "0"),
        ("lower", None, "4", "10", "-50", "0"),
        ("lower", None, "4", "2", "150", "120"),
        ("higher", None, "-100", "-80", "120", "120"),
        ("higher", None, "-100", "-150", "50", "50"),
        ("lower", "20", "0", "5", "75", "75"),
        ("lower", "20", "0", "-5", "125", "120"),
    ],
)
def test_s2_reflection(direction: str, base: str | None, target: str, actual: str, before: str, points: str) -> None:
    metric = Metric("m", "reflection", direction, base_qty=None if base is None else F(base))
    assert metrics.quotient(metric, Targets(target=F(target)), F(actual), LIMITS) == F(before)
    assert score(metric, actual, target=target) == F(points)


def test_s2_ratio_and_reflection_differ() -> None:
    assert score(Metric("m", "ratio", "lower"), "5", target="4") == 80
    assert score(Metric("m", "reflection", "lower"), "5", target="4") == 75


@pytest.mark.parametrize(
    ("actual", "points"), [("107", "80"), ("90", "50"), ("120", "0"), ("100", "100"), ("105", "100")]
)
def test_s2_range(actual: str, points: str) -> None:
    assert score(Metric("m", "range", "range", lower=F(95), upper=F(105), tolerance=F(10)), actual) == F(points)


@pytest.mark.parametrize(
    ("actual", "points"), [("700", "0"), ("800", "60"), ("900", "80"), ("1100", "110"), ("1300", "120")]
)
def test_s2_interpolate(actual: str, points: str) -> None:
    metric = Metric("m", "interpolate", points=pairs((800, 60), (1000, 100), (1200, 120)))
    assert score(metric, actual) == F(points)


def test_s2_interpolate_without_points_takes_pass_target_and_excellent() -> None:
    limits = Limits(pass_bound=F(60))
    metric = Metric("m", "interpolate", "lower")
    got = [score(metric, a, limits, passing="10", target="5", excellent="2") for a in ("11", "10", "7.5", "2", "1")]
    assert got == [0, 60, 80, 120, 120]


@pytest.mark.parametrize(
    ("actual", "points"), [("89.99", "75"), ("90", "90"), ("100", "100"), ("59.9999", "0"), ("60", "60")]
)
@pytest.mark.parametrize(("on", "target"), [("actual", "7"), ("rate", "100")])
def test_s2_steps(actual: str, points: str, on: str, target: str) -> None:
    metric = Metric("m", "steps", steps=pairs((60, 60), (80, 75), (90, 90), (100, 100)), on=on)
    assert score(metric, actual, target=target) == F(points)


@pytest.mark.parametrize(("count", "points"), [("3", "85"), ("25", "0")])
def test_s2_deduct(count: str, points: str) -> None:
    assert score(Metric("m", "deduct", start=F(100), unit=F(5)), count) == F(points)


def test_s2_done() -> None:
    late = Metric("m", "done", steps=pairs((0, 100), (1, 90), (3, 80), (8, 0)))
    assert score(late, "3") == 80
    assert [score(Metric("m", "done"), a) for a in ("1", "0")] == [100, 0]


def test_s2_manual_outside_its_range_is_an_error() -> None:
    assert score(Metric("m", "manual"), "88.5") == F("88.5")
    with pytest.raises(BookError, match="manual_outside"):
        score(Metric("m", "manual"), "121")


def test_s2_a_zero_target_needs_a_baseline_a_table_or_a_base() -> None:
    for method in ("linear", "ratio", "reflection"):
        with pytest.raises(BookError):
            score(Metric("m", method, "lower"), "1", target="0")
    assert score(Metric("m", "linear"), "5", baseline="10", target="0") == 50
    assert score(Metric("m", "steps", steps=pairs((0, 90))), "1", target="0") == 90


def test_s2_a_floor_may_be_negative() -> None:
    assert score(Metric("m", "reflection", "lower", floor=F(-20)), "10", target="4") == -20


def test_s2_scale_replaces_the_100_of_the_formulas() -> None:
    limits = Limits(F(0), F(6), F(5))
    assert score(Metric("m", "linear"), "150", limits, target="200") == F("3.75")
    assert score(Metric("m", "steps", steps=pairs((90, 4)), on="rate"), "95", limits, target="100") == 4


def test_s2_an_additive_period_across_a_boundary_is_split_by_days() -> None:
    rows = [Period(date(2026, 1, 1), date(2026, 1, 31), F(310)), Period(date(2026, 2, 1), date(2026, 2, 28), F(28))]
    window = (date(2026, 1, 22), date(2026, 2, 7))
    assert aggregate(rows, "sum", *window) == 100 + 7
    assert aggregate(rows, "last", *window) == 310
    assert aggregate(rows, "average", date(2026, 1, 1), date(2026, 3, 1)) == 169
    assert aggregate(rows, "max", *window) == 310
    assert aggregate(rows, "sum", date(2026, 3, 1), date(2026, 3, 31)) is None


def test_s2_veto_conditions_look_at_the_exact_actual() -> None:
    assert condition("≥ 1", F(1))
    assert not condition("< 0.3333", F(1, 3))
    assert vetoed(Metric("m", "done", floor=F(-10)), Targets(), F(0), F(0), LIMITS)
    assert not vetoed(Metric("m", "linear", veto_when="<50"), Targets(), F(50), F(0), LIMITS)
    assert vetoed(Metric("m", "linear"), Targets(), F(0), F(0), LIMITS)


# S3


def test_s3_mode_total_100() -> None:
    items = [(40, 112), (30, 95), (20, 75), (10, 80)]
    assert [F(w * s, 100) for w, s in items] == [F("44.8"), F("28.5"), 15, 8]
    assert goals.weighted_total([F(s) for _, s in items], [F(w) for w, _ in items]) == F("96.3")


def test_s3_mode_dimensions() -> None:
    result, behaviour = (F(70), pairs((60, 90), (40, 110))), (F(30), pairs((50, 80), (50, 90)))
    scores, total = goals.within_dimensions([result, behaviour], Grid())
    assert scores == [98, 85]
    assert (F(70) * 98 / 100, F(30) * 85 / 100, total) == (F("68.6"), F("25.5"), F("94.1"))


def test_s3_mode_sum_does_not_divide() -> None:
    assert goals.plain_sum([F(20), F(35), F("7.5")]) == F("62.5")


def test_s3_a_parent_is_the_mean_of_children_that_are_not_ended() -> None:
    tree = goals.GoalTree(
        [
            goals.Goal("p", progress=F(10)),
            goals.Goal("a", "p", weight=F(3), progress=F(50)),
            goals.Goal("b", "p", weight=F(1), baseline=F(0), target=F(8), current=F(10)),
            goals.Goal("c", "p", weight=None, progress=F(0), ended=True),
        ],
        goals.GoalRules(),
        Grid(),
    )
    assert tree.value("p") == F("62.5")


@pytest.mark.parametrize(("policy", "value"), [("own", 30), ("zero", 0), ("missing", None)])
def test_s3_an_empty_parent_follows_its_policy(policy: str, value: int | None) -> None:
    rows = [goals.Goal("p", progress=F(30)), goals.Goal("a", "p", progress=F(50), ended=True)]
    assert goals.GoalTree(rows, goals.GoalRules(empty_parent=policy), Grid()).value("p") == value


def test_s3_a_cycle_names_its_path() -> None:
    rows = [goals.Goal("a", "c"), goals.Goal("b", "a"), goals.Goal("c", "b")]
    with pytest.raises(BookError, match="goal_cycle: a, c, b, a"):
        goals.GoalTree(rows, goals.GoalRules(), Grid())


# S8


def test_s8_several_departments_are_a_mean_by_days() -> None:
    value = departments.by_days([(51, F("1.1")), (39, F("0.9"))])
    assert value == F(912, 900)
    assert numbers.text_of(quantise(value), 9) == "1.013333333"


def test_s8_a_department_without_a_grade_takes_the_nearest_ancestors() -> None:
    tree = {c: departments.Department(c, p) for c, p in (("root", None), ("mid", "root"), ("leaf", "mid"))}
    table = departments.DEFAULT_COEFFICIENTS
    assert departments.coefficient(tree, {"root": "D", "mid": "A"}, table, "leaf") == F("1.1")
    assert departments.coefficient(tree, {}, table, "leaf", one_without=True) == 1
    with pytest.raises(BookError, match="department_without_grade"):
        departments.coefficient(tree, {}, table, "leaf")


def test_s8_linkage_over_a_pool() -> None:
    assert departments.linked_cap([(F(40), 12), (F(20), 9)]) == 6
    assert list(departments.DEFAULT_LINKAGE.values()) == [40, 35, 30, 20, 10]


# S9


@pytest.mark.parametrize(
    ("value", "name"),
    [("95", "S"), ("94.99", "A"), ("85", "A"), ("84.99", "B"), ("70", "B"), ("60", "C"), ("59.99", "D")],
)
def test_s9_lower_bounds_are_inclusive(value: str, name: str) -> None:
    assert grades.grade(F(value), grades.default_bands()) == name


def test_s9_default_coefficients_and_boundary_list() -> None:
    bands = grades.default_bands()
    assert [b.coefficient for b in bands] == [F("1.5"), F("1.2"), 1, F("0.8"), 0]
    assert grades.near_bounds(F("84.00"), bands) == ("A",)
    assert grades.near_bounds(F("86.01"), bands) == ()
