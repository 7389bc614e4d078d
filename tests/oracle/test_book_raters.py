"""Every worked number of S4 to S6, against the oracle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import reliability, severity
from tests.oracle.numbers import BookError, Grid, quantise, round_to, text_of
from tests.oracle.raters import (
    MERGED,
    Criterion,
    Form,
    GroupRule,
    RaterRules,
    Review,
    counted_forms,
    group_value,
    hide_complement,
    mapped,
    outliers,
    rater_score,
    review,
    trimmed_mean,
)

F = Fraction

ME = ("person", "E1")
ONE = {"f": [Criterion("f", "c", F(100))]}
TWO = {"f": [Criterion("f", "a", F(50)), Criterion("f", "b", F(50))]}
SEVEN = [F(x) for x in (60, 82, 84, 85, 86, 88, 100)]


def rules(**changes: object) -> RaterRules:
    groups = {
        "self": GroupRule("self", F(10), 1),
        "superior": GroupRule("superior", F(50), 1, required=True),
        "peer": GroupRule("peer", F(25), 3),
        "customer": GroupRule("customer", F(15), 3),
    }
    return RaterRules(**{"groups": groups, **changes})  # type: ignore[arg-type]


def forms(**scores: Sequence[float | str]) -> list[Form]:
    return [
        Form(f"{r}{i}", ME, r, "E1" if r == "self" else f"{r}{i}", "f", {"c": F(x)})
        for r, values in scores.items()
        for i, x in enumerate(values)
    ]


def judge(rows: Sequence[Form], law: RaterRules, criteria: Mapping[str, Sequence[Criterion]] | None = None) -> Review:
    return review(rows, ME, criteria or ONE, law, Grid())


# S4.1


@pytest.mark.parametrize(("rating", "points"), [("4", "75"), ("3.5", "62.5"), ("1", "0"), ("5", "100")])
def test_s4_a_numeric_scale_maps_linearly(rating: str, points: str) -> None:
    assert mapped(Criterion("f", "c", F(1), F(1), F(5)), F(rating), F(100), Grid()) == F(points)


def test_s4_a_stated_range_and_a_rating_outside_its_scale() -> None:
    criterion = Criterion("f", "c", F(1), F(1), F(5), F(40), F(100))
    assert mapped(criterion, F(3), F(100), Grid()) == 70
    with pytest.raises(BookError, match="rating_outside"):
        mapped(criterion, F("5.1"), F(100), Grid())


def test_s4_exactly_half_of_the_criterion_weight_counts() -> None:
    rows = [Form("t1", ME, "peer", "E2", "f", {"a": F(80)}), Form("t2", ME, "peer", "E3", "f", {})]
    counted, excluded = counted_forms(rows, ME, TWO, rules())
    assert [f.task for f in counted] == ["t1"]
    assert excluded == {"t2": "half_answered"}
    assert rater_score(rows[0], TWO["f"], rules(), Grid()) == 80


def test_s4_drafts_and_conflicts_do_not_count() -> None:
    rows = [
        Form("t1", ME, "peer", "E2", "f", {"c": F(80)}, submitted=False),
        Form("t2", ME, "peer", "E3", "f", {"c": F(80)}, conflict=True),
    ]
    assert counted_forms(rows, ME, ONE, rules()) == ([], {"t2": "conflict"})


# S4.2


def test_s4_one_rater_counts_once_by_the_first_relation() -> None:
    rows = [Form("t1", ME, "peer", "E2", "f", {"c": F(80)}), Form("t2", ME, "superior", "E2", "f", {"c": F(90)})]
    counted, excluded = counted_forms(rows, ME, ONE, rules())
    assert [f.task for f in counted] == ["t2"]
    assert excluded == {"t1": "other_relation"}


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (("peer", "E2"), ("peer", "E2"), "rated_twice"),
        (("superior", "E2"), ("dotted", "E2"), "rated_twice"),
        (("self", "E2"), ("peer", "E3"), "self_relation"),
        (("peer", "E1"), ("peer", "E3"), "self_relation"),
    ],
)
def test_s4_forms_that_cannot_be_are_errors(first: tuple[str, str], second: tuple[str, str], code: str) -> None:
    rows = [Form(f"t{i}", ME, r, who, "f", {"c": F(80)}) for i, (r, who) in enumerate((first, second))]
    with pytest.raises(BookError, match=code):
        counted_forms(rows, ME, ONE, rules())


def test_s4_rater_weights_solid_and_dotted_line() -> None:
    assert group_value([(F(70), F(90)), (F(30), F(80))], F(0)) == 87
    rows = [
        Form("t1", ME, "superior", "E2", "f", {"c": F(90)}, weight=F(70)),
        Form("t2", ME, "dotted", "E3", "f", {"c": F(80)}, weight=F(30)),
    ]
    assert judge(rows, rules(min_coverage=F(50))).value == 87


# S4.3, S4.4


def test_s4_trimmed_mean_drops_one_value_at_each_end() -> None:
    assert trimmed_mean(SEVEN, F("0.2")) == 85
    assert text_of(quantise(trimmed_mean(SEVEN, F(0))), 9) == "83.571428571"


def test_s4_trimming_needs_five_values_and_equal_weights() -> None:
    assert trimmed_mean(SEVEN[:4], F("0.4")) == sum(SEVEN[:4]) / 4
    assert group_value([(F(1), x) for x in SEVEN], F("0.2")) == 85
    assert group_value([(F(1 + (x == 100)), x) for x in SEVEN], F("0.2")) == (sum(SEVEN) + 100) / 8


def test_s4_outliers_are_flagged_by_the_median_deviation() -> None:
    assert [x for x, hit in zip(SEVEN, outliers(SEVEN), strict=True) if hit] == [60]
    assert round_to(F(6745 * 25, 30000), 2) == F("5.62")
    assert round_to(F(6745 * 15, 30000), 2) == F("3.37")


def test_s4_without_deviation_twenty_points_decide() -> None:
    values = [F(80)] * 4 + [F(100), F("100.0001"), F("59.9999")]
    assert outliers([*values, F(80)]) == [False] * 5 + [True, True, False]
    assert outliers([F(0), F(0), F(0), F(100)]) == [False] * 4


# S4.5


def test_s4_missing_groups_are_renormalised() -> None:
    got = judge(forms(self=[95], superior=[88], peer=[86, 86, 86]), rules())
    assert got.state == "scored"
    assert text_of(got.value or F(0), 9) == "88.235294118"


def test_s4_coverage_below_the_minimum_is_incomplete() -> None:
    rows = forms(self=[95], superior=[88])
    assert judge(rows, rules()).state == "scored"
    assert judge(rows, rules(min_coverage=F("60.0001"))).state == "incomplete"


def test_s4_a_required_group_missing_is_incomplete_and_no_form_due_is_missing() -> None:
    rows = forms(self=[95], peer=[80] * 3, customer=[80] * 3)
    assert judge(rows, rules(min_coverage=F(10))).state == "incomplete"
    assert judge([], rules()).state == "missing"


def test_s4_the_policy_zero_asks_for_nothing() -> None:
    assert judge(forms(self=[90]), rules(missing="zero")).value == 9
    assert judge(forms(self=[90], superior=[80]), rules(missing="hold")).state == "held"


def test_s4_groups_of_weight_zero_are_shown_and_never_counted() -> None:
    groups = {"self": GroupRule("self", F(0), 1), "superior": GroupRule("superior", F(100), 1, required=True)}
    got = judge(forms(self=[100], superior=[70]), rules(groups=groups))
    assert (got.value, got.groups["self"].value, got.groups["self"].counted) == (F(70), F(100), False)


# S4.6


def test_s4_a_hidden_group_could_be_computed_if_it_counted() -> None:
    assert (85 - 90 * F(50, 100) - 84 * F(30, 100)) / F(20, 100) == 74


def test_s4_a_group_under_its_threshold_is_absent_everywhere() -> None:
    got = judge(forms(superior=[88], self=[95], peer=[10, 10]), rules())
    assert (got.groups["peer"].state, got.groups["peer"].value) == ("hidden", None)
    assert got.value == quantise(F(10 * 95 + 50 * 88, 60))


def test_s4_small_groups_merge_when_together_they_reach_the_largest_threshold() -> None:
    merging = {name: GroupRule(r.relation, r.weight, r.threshold, merge=True) for name, r in rules().groups.items()}
    law = rules(groups=merging)
    got = judge(forms(superior=[90], peer=[60, 70], customer=[80]), law)
    assert (got.groups[MERGED].value, got.groups[MERGED].weight) == (F(70), F(40))
    assert got.value == quantise(F(50 * 90 + 40 * 70, 90))
    assert MERGED not in judge(forms(superior=[90], peer=[60], customer=[80]), law).groups


def test_s4_the_threshold_by_criterion_drops_criteria() -> None:
    rows = [
        Form(f"t{i}", ME, "peer", f"P{i}", "f", {"a": F(60 + 10 * i)} | ({"b": F(0)} if i else {})) for i in range(3)
    ]
    groups = {"peer": GroupRule("peer", F(100), 3)}
    assert judge(rows, rules(groups=groups, by_criterion=True), TWO).value == 70
    assert judge(rows, rules(groups=groups), TWO).value == quantise(F(60 + 35 + 40, 3))


def test_s4_one_hidden_part_of_a_shown_whole_hides_the_next_smallest() -> None:
    assert hide_complement([("a", 2, False), ("b", 9, True), ("c", 4, True)]) == {"a", "c"}
    assert hide_complement([("a", 2, False), ("b", 2, False), ("c", 4, True)]) == {"a", "b"}
    assert hide_complement([("a", 5, True)]) == frozenset()


# S4.7


def test_s4_a_refreshed_total_betrays_the_fourth_rater() -> None:
    assert 4 * F("77.5") - 3 * 80 == 70


def test_s4_an_appeal_strikes_a_whole_group() -> None:
    rows = forms(self=[95], superior=[88], peer=[86, 86, 20])
    got = review(rows, ME, ONE, rules(), Grid(), frozenset({"peer"}))
    assert got.value == quantise(F(10 * 95 + 50 * 88, 60))


# S5

TWO_TEAMS = [
    ("e1", "A", F(92)),
    ("e2", "A", F(88)),
    ("e2", "B", F(78)),
    ("e3", "B", F(80)),
    ("e4", "B", F(72)),
]


def test_s5_standardised_scores() -> None:
    a, b = [F(x) for x in (95, 92, 90, 88, 85, 90)], [F(x) for x in (82, 78, 75, 70, 65, 80)]
    got = severity.standardise({"A": a, "B": b})
    quarter = Decimal("0.0001")
    assert [severity.moments(x)[0] for x in (a, b, a + b)] == [90, 75, F("82.5")]
    spreads = [severity.moments(x)[1].quantize(quarter) for x in (a, b, a + b)]
    assert spreads == [Decimal("3.1091"), Decimal("5.8878"), Decimal("8.8553")]
    assert (got["A"][0].quantize(quarter), got["B"][0].quantize(quarter)) == (Decimal("96.7408"), Decimal("93.0280"))


def test_s5_the_additive_model_reorders_e2_and_e3() -> None:
    got = severity.fit(TWO_TEAMS)
    assert (got.mu, got.beta) == (F(83), {"A": F(5), "B": F(-5)})
    assert got.theta == {"e1": 4, "e2": 0, "e3": 2, "e4": -6}
    assert [83 + x for x in got.theta.values()] == [87, 83, 85, 77]
    assert [F(88 + 78, 2), F(80)] == [83, 80]


@pytest.mark.parametrize(("n", "shrunk"), [(2, "-4.5714"), (10, "-6.9565")])
def test_s5_shrinkage_of_complete_data(n: int, shrunk: str) -> None:
    assert round_to(F(-8) * n / (n + F("1.5")), 4) == F(shrunk)
    rows = [(f"s{i}", r, F(80 + 3 * i + d)) for i in range(n) for r, d in (("hard", -8), ("soft", 8))]
    assert severity.fit(rows).beta["hard"] == -8
    assert round_to(severity.fit(rows, F("1.5"), F("0.7")).beta["hard"], 4) == F(shrunk)


def test_s5_variances_of_complete_data_are_mean_squares() -> None:
    rows = [(f"u{i}", f"r{j}", x) for i, row in enumerate(FIVE) for j, x in enumerate(row)]
    assert severity.variances(rows) == (F("2.4"), F("16.6"), (F("190.9") - F("2.4")) / 3)
    ratio = F("2.4") / F("16.6")
    assert severity.shrink(rows).beta["r1"] == severity.fit(rows).beta["r1"] * 5 / (5 + ratio)


def test_s5_a_negative_variance_is_zero_and_so_are_its_effects() -> None:
    rows = [("a", "x", F(80)), ("a", "y", F(90)), ("b", "x", F(90)), ("b", "y", F(80))]
    assert severity.variances(rows)[1:] == (F(0), F(0))
    assert set(severity.shrink(rows).beta.values()) == {0}


def test_s5_adopted_effects_keep_the_raw_mean() -> None:
    effects = severity.fit(TWO_TEAMS)
    beta = severity.adopted(effects, TWO_TEAMS)
    assert beta == {"A": 6, "B": -4}
    raw = sum((x for _, _, x in TWO_TEAMS), F(0)) / 5
    assert raw == sum((x - beta[r] for _, r, x in TWO_TEAMS), F(0)) / 5 == 82
    assert sum((x - effects.beta[r] for _, r, x in TWO_TEAMS), F(0)) / 5 == 83


def test_s5_adopted_effects_enter_clamped_and_not_in_a_self_rating() -> None:
    law = rules(beta={"E2": F("-3.5"), "E1": F(9)})
    assert rater_score(Form("t", ME, "peer", "E2", "f", {"c": F(98)}), ONE["f"], law, Grid()) == 100
    assert rater_score(Form("t", ME, "peer", "E2", "f", {"c": F(60)}), ONE["f"], law, Grid()) == F("63.5")
    assert rater_score(Form("t", ME, "self", "E1", "f", {"c": F(60)}), ONE["f"], law, Grid()) == 60


def test_s5_figures_compare_only_within_a_component() -> None:
    parts = severity.components([*TWO_TEAMS, ("e9", "C", F(70))])
    assert [sorted({r for _, r, _ in part}) for part in parts] == [["A", "B"], ["C"]]


# S6

FIVE = [[F(x) for x in row] for row in ((85, 80, 88), (78, 70, 80), (92, 86, 90), (70, 66, 75), (88, 82, 91))]
RATERS = ((3, 4, 5, 2, None, 4), (3, 4, 4, 2, 3, 5), (None, 4, 5, 1, 3, 4))
UNITS = [[None if row[i] is None else F(row[i] or 0) for row in RATERS] for i in range(6)]


def test_s6_mean_squares_of_the_five_by_three_table() -> None:
    m = reliability.mean_squares(FIVE)
    assert (m.between, m.within, m.judges, m.error) == (F("190.9"), F(19), F("85.4"), F("2.4"))


@pytest.mark.parametrize(
    ("form", "value"),
    [
        ("1,1", "0.750983"),
        ("2,1", "0.767821"),
        ("3,1", "0.963209"),
        ("1,k", "0.900471"),
        ("2,k", "0.908434"),
        ("3,k", "0.987428"),
    ],
)
def test_s6_icc(form: str, value: str) -> None:
    assert round_to(reliability.icc(FIVE)[form] or F(0), 6) == F(value)


@pytest.mark.parametrize(
    ("level", "value"),
    [("nominal", "0.526316"), ("ordinal", "0.872768"), ("interval", "0.859375"), ("ratio", "0.771964")],
)
def test_s6_alpha(level: str, value: str) -> None:
    assert round_to(reliability.alpha(UNITS, level) or F(0), 6) == F(value)


def test_s6_unbalanced_icc_equals_the_balanced_one_on_a_complete_table() -> None:
    single, average = reliability.icc_one_way(FIVE)
    assert (single, average) == (reliability.icc(FIVE)["1,1"], reliability.icc(FIVE)["1,k"])


def test_s6_incomplete_units_are_dropped_and_counted() -> None:
    rows, dropped = reliability.complete_rows([*FIVE, [F(1), None, F(2)]])
    assert (rows, dropped) == (FIVE, 1)


def test_s6_zero_variance_is_not_defined() -> None:
    same = [[F(3), F(3)], [F(3), F(3)]]
    assert set(reliability.icc(same).values()) == {None}
    assert reliability.alpha(same, "interval") is None


def test_s6_verdicts_and_the_smallest_report() -> None:
    got = [reliability.verdict(F(x)) for x in ("0.80", "0.7999", "0.667", "0.6669")]
    assert got == ["usable", "tentative", "tentative", "not_for_pay"]
    assert [reliability.enough(n) for n in (9, 10)] == [False, True]


@given(st.lists(st.integers(0, 100), min_size=1, max_size=9), st.integers(0, 49))
def test_s4_a_trimmed_mean_stays_between_its_extremes(values: list[int], percent: int) -> None:
    got = trimmed_mean([F(x) for x in values], F(percent, 100))
    assert min(values) <= got <= max(values)
