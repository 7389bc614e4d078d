"""Every worked number of S7, S10, S14 and S15, against the oracle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import distribution, fairness, goals, grades, hints, metrics
from tests.oracle.composite import Line, PartRules, Veto, after_veto, composite, limited_points, printed, receipt
from tests.oracle.departments import Department
from tests.oracle.distribution import Person, cumulative, distribute, quota, targets
from tests.oracle.formula import Formula
from tests.oracle.numbers import BookError, Grid, clamp, quantise, result_of, text_of, total_of

F = Fraction

PARTS = {"kpi": F(70), "mr": F(30)}
BANDS = grades.default_bands()

# S7


def test_s7_a_missing_part_is_renormalised_from_sixty_per_cent_on() -> None:
    rules = PartRules(PARTS)
    assert composite({"kpi": F(80)}, rules, Grid()).value == 80
    assert composite({"mr": F(80)}, rules, Grid()).state == "incomplete"
    assert composite({"kpi": F(80)}, PartRules({"kpi": F(60), "mr": F(40)}), Grid()).value == 80
    assert composite({"kpi": F(80)}, PartRules({"kpi": F("59.99"), "mr": F("40.01")}), Grid()).state == "incomplete"


def test_s7_a_missing_part_may_be_zero_or_hold() -> None:
    assert composite({"mr": F(80)}, PartRules(PARTS, "zero"), Grid()).value == 24
    assert composite({"mr": F(80)}, PartRules(PARTS, "hold"), Grid()).state == "held"
    assert composite({"mr": F(80)}, PartRules({"kpi": F(0), "mr": F(100)}, "hold"), Grid()).value == 80


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("kpi * 0.7 + mr × 0.3", "86"),
        ("(kpi + if(missing(self), 0, self) + peer) ÷ 3", "53.333333333"),
        ("mean(kpi, peer) − 1", "79"),
        ("max(kpi, peer) - min(kpi, peer)", "0"),
        ("round(kpi / 3, 1) + abs(-1.5) + round(2.5)", "31.2"),
        ("if(kpi >= 80, 100, 0) + if(mr < kpi, 1, 2)", "102"),
    ],
)
def test_s7_formula(text: str, value: str) -> None:
    scope = {"kpi": F(80), "mr": F(100), "peer": F(80), "self": None}
    assert Formula(text, Grid()).value(scope) == F(value)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("kpi / (mr - 100)", "formula_division"),
        ("kpi + self", "formula_missing"),
        ("kpi + salary", "formula_word"),
        ("kpi + ", "formula_word"),
        ("kpi mr", "formula_rest"),
        ("abs(kpi, mr)", "formula_arguments"),
        ("kpi ^ 2", "formula_text"),
        ("min(kpi", "formula_expected"),
        ("if(kpi, 1, 2)", "formula_test"),
    ],
)
def test_s7_formula_errors(text: str, code: str) -> None:
    with pytest.raises(BookError, match=code):
        Formula(text, Grid()).value({"kpi": F(80), "mr": F(100)})


def tree(*rows: goals.Goal, **rules: object) -> goals.GoalTree:
    objective = goals.Goal("O", kind="objective", owner=("person", "E1"))
    return goals.GoalTree([objective, *rows], goals.GoalRules(**rules), Grid())  # type: ignore[arg-type]


def kr(number: str, current: int, weight: F | None = None, target_max: F | None = None) -> goals.Goal:
    return goals.Goal(number, "O", "kr", ("person", "E1"), weight, F(10), F(4), F(current), target_max=target_max)


def test_s7_okr_from_key_results() -> None:
    assert tree(kr("a", 7), kr("b", 2)).okr(("person", "E1")) == 75
    assert tree(kr("a", 7, weight=F(3)), kr("b", 12, weight=F(1))).okr(("person", "E1")) == F("37.5")
    assert tree(kr("a", 2), kr_method="ratio").okr(("person", "E1")) == 50
    assert tree().okr(("person", "E1")) is None


def test_s7_okr_errors() -> None:
    for rows, rules in (
        ([kr("a", 12)], {"out_of_range": "refuse"}),
        ([kr("a", 5, target_max=F(3))], {}),
        ([goals.Goal("a", "O", "kr", target=F(0), current=F(1))], {}),
        ([kr("a", 5, weight=F(1)), kr("b", 5)], {}),
    ):
        with pytest.raises(BookError):
            tree(*rows, **rules).okr(("person", "E1"))


def test_s7_points_are_limited_in_sum() -> None:
    assert limited_points([("plus", F(8)), ("plus", F(5))], F(10)) == (F(10), F(-3))
    assert limited_points([("plus", F(3)), ("minus", F(1))], F(10)) == (F(2), F(0))
    assert limited_points([("minus", F(8)), ("minus", F(5))], F(10)) == (F(-10), F(3))
    with pytest.raises(BookError):
        limited_points([("plus", F(-1))], None)


def test_s7_vetoes_all_apply_and_outrank_the_floor() -> None:
    assert after_veto(F("95.88"), [Veto("score_cap", "59"), Veto("grade_cap", "C"), Veto("score_cap", "70")]) == 59
    assert after_veto(F("95.88"), [Veto("total_zero"), Veto("score_cap", "59")]) == 0
    assert after_veto(F(60), [Veto("score_cap", "70")]) == 60


def end_to_end() -> tuple[Mapping[str, F], F, list[Line]]:
    """The worked person: item scores, composite, and the lines above ± points."""
    limits = metrics.Limits()
    rows = {
        "sales": (40, "linear", "higher", "1000000", "1120000"),
        "collections": (30, "linear", "higher", "95", "90.25"),
        "complaints": (20, "reflection", "lower", "2", "2.5"),
    }
    scores = {
        name: metrics.score(metrics.Metric(name, m, d), metrics.Targets(target=F(t)), F(a), limits)
        for name, (_, m, d, t, a) in rows.items()
    } | {"milestone": F(80)}
    weights = {name: F(row[0]) for name, row in rows.items()} | {"milestone": F(10)}
    kpi = goals.weighted_total(list(scores.values()), list(weights.values()))
    assert kpi is not None
    mr = quantise(F(7500, 85))
    total = composite({"kpi": kpi, "mr": mr}, PartRules(PARTS), Grid()).value
    assert total is not None
    groups = {"self": (10, 95), "superior": (50, 88), "peer": (25, 86)}
    lines = [
        Line("kpi", kpi * 70 / 100, tuple(Line(n, weights[n] * s / 100 * 70 / 100) for n, s in scores.items())),
        Line("mr", mr * 30 / 100, tuple(Line(n, F(w * x, 85) * 30 / 100) for n, (w, x) in groups.items())),
    ]
    return scores, total, lines


def test_s7_end_to_end() -> None:
    scores, total, lines = end_to_end()
    assert list(scores.values()) == [112, 95, 75, 80]
    assert text_of(total_of(total), 6) == "93.880588"
    final = total_of(clamp(total + 3 - 1, F(0), F(120)))
    assert (text_of(final, 6), result_of(final)) == ("95.880588", F("95.88"))
    assert grades.grade(result_of(final), BANDS) == "S"
    got = receipt([*lines, Line("+3", F(3)), Line("-1", F(-1))], final)
    assert [(key, str(float(value))) for key, value in got] == [
        ("kpi", "67.41"),
        ("kpi/sales", "31.36"),
        ("kpi/collections", "19.95"),
        ("kpi/complaints", "10.5"),
        ("kpi/milestone", "5.6"),
        ("mr", "26.470588"),
        ("mr/self", "3.352941"),
        ("mr/superior", "15.529412"),
        ("mr/peer", "7.588235"),
        ("+3", "3.0"),
        ("-1", "-1.0"),
    ]


def test_s7_end_to_end_with_the_veto() -> None:
    value = end_to_end()[1] + 2
    final = total_of(after_veto(value, [Veto("score_cap", "59")]))
    assert (result_of(final), grades.grade(result_of(final), BANDS)) == (F("59.00"), "D")
    top = [*end_to_end()[2], Line("+3", F(3)), Line("-1", F(-1)), Line("veto", 59 - value)]
    assert text_of(dict(receipt(top, final))["veto"], 6) == "-36.880588"


@given(st.lists(st.fractions(-200, 200), min_size=1, max_size=12))
def test_s7_printed_lines_add_up_exactly(values: list[F]) -> None:
    total = total_of(sum(values, F(0)))
    lines = printed(values, total)
    assert sum(lines) == total
    assert all(abs(a - b) < F(2, 10**6) for a, b in zip(values, lines, strict=True))


# S10


def test_s10_pooling_gives_what_separate_floors_lose() -> None:
    assert [quota(F(10), n, "down") for n in (7, 8, 5)] == [0, 0, 0]
    assert quota(F(10), 20, "down") == 2
    tree = {c: Department(c, None if c == "R" else "R") for c in ("R", "T1", "T2", "T3")}
    final, advisory = distribution.merge_pools(tree, {(f"dept:T{i + 1}", ""): n for i, n in enumerate((7, 8, 5))}, 10)
    assert set(final.values()) == {("dept:R", "")}
    assert not advisory


def test_s10_a_small_root_is_advisory_and_settings_never_merge() -> None:
    tree = {"R": Department("R"), "T": Department("T", "R"), "U": Department("U", "R", "north")}
    final, advisory = distribution.merge_pools(
        tree, {("dept:T", "x"): 9, ("dept:R", "y"): 12, ("pool:north", "y"): 3}, 10
    )
    assert final == {
        ("dept:T", "x"): ("dept:R", "x"),
        ("dept:R", "y"): ("dept:R", "y"),
        ("pool:north", "y"): ("dept:R", "y"),
    }
    assert advisory == {("dept:R", "x")}


@pytest.mark.parametrize(("rounding", "places"), [("down", 2), ("up", 3), ("half_away", 2)])
def test_s10_rounding_of_a_quota(rounding: str, places: int) -> None:
    assert quota(F(10), 23, rounding) == places


SHARES = [F(x) for x in (10, 20, 50, 15, 5)]


@pytest.mark.parametrize(
    ("n", "places"),
    [(5, "0/1/3/1/0"), (7, "1/1/4/1/0"), (10, "1/2/5/2/0"), (13, "1/3/6/2/1"), (33, "3/7/16/5/2")],
)
def test_s10_largest_remainder(n: int, places: str) -> None:
    assert targets(SHARES, n) == [int(x) for x in places.split("/")]


def test_s10_remainder_ties_and_divisor() -> None:
    assert targets(SHARES, 5, larger_share=False) == [1, 1, 2, 1, 0]
    assert sum(targets([F(50), F(50)], 3, plus_one=True)) == 3
    assert targets([F(50), F(50)], 3, plus_one=True) == [2, 1]
    assert targets([F(25), F(75)], 3, plus_one=True) == [0, 3]
    assert targets([F(75), F(25)], 3, larger_share=False, plus_one=True) == [3, 0]


@given(st.integers(1, 400), st.permutations(SHARES), st.booleans(), st.booleans())
def test_s10_quotas_sum_to_the_pool(n: int, shares: list[F], larger: bool, plus: bool) -> None:
    got = targets(shares, n, larger_share=larger, plus_one=plus)
    assert sum(got) == n
    assert min(got) >= 0


TEN = [Person(f"E{i}", F(x), 0) for i, x in enumerate((96, 96, 91, 90, 88, 85, 80, 78, 70, 60))]


def place(people: list[Person], ties: str) -> str:
    limits = cumulative(targets(SHARES, len(people)))
    got = distribute(people, limits, ties, lambda p: p.ceiling)
    return "".join("SABCD"[got[p.code]] for p in people)


def test_s10_ties_lower_and_upper() -> None:
    assert place(TEN, "lower") == "AAABBBBBCC"
    assert place(TEN, "upper") == "SSABBBBBCC"
    assert distribution.overruns([0, 0, 1], [1, 3, None]) == {0: 1}


def test_s10_ties_ordered_by_superior_score() -> None:
    people = [
        Person("a", F(96), 0, superior=F(90)),
        Person("b", F(96), 0, superior=F(92)),
        *TEN[2:],
    ]
    assert place(people, "ordered") == "ASABBBBBCC"
    people[1] = Person("b", F(96), 0, superior=F(90))
    assert place(people, "ordered") == "AAABBBBBCC"


def test_s10_a_grade_cap_comes_before_the_rank() -> None:
    people = [Person("a", F(99), 0, ceiling=2), *TEN[1:]]
    assert place(people, "lower") == "BSAABBBBCC"


def test_s10_caps_give_the_best_grade_not_better_than_the_initial_one() -> None:
    people = [Person(p.code, p.result, grades.position(grades.grade(p.result, BANDS), BANDS)) for p in TEN]
    limits = cumulative([quota(F(10), 10, "down"), quota(F(20), 10, "down"), None, None, None])
    got = distribute(people, limits, "lower", lambda p: p.initial)
    assert "".join("SABCD"[got[p.code]] for p in people) == "AAABBBBBBC"


def test_s10_checks_of_sets_of_grades() -> None:
    grade_list = [0, 0, 1, 2, 2, 2, 2, 2, 3, 4]
    top = frozenset({0, 1})
    assert distribution.holds(distribution.Check(top, "≤", F(30), "down"), grade_list)
    assert not distribution.holds(distribution.Check(top, "≤", F(29), "down"), grade_list)
    assert distribution.holds(distribution.Check(top, "=", F(29), "up"), grade_list)
    assert distribution.holds(distribution.Check(frozenset({3, 4}), "≥", F(15), "half_away"), grade_list)


def test_s10_ranks_and_percentiles() -> None:
    results = [p.result for p in TEN]
    assert [distribution.rank(r, results) for r in results[:4]] == [1, 1, 3, 4]
    assert [distribution.percentile(1, 1), distribution.percentile(1, 5), distribution.percentile(4, 5)] == [
        100,
        100,
        25,
    ]


# S14


def test_s14_four_fifths_with_fisher_and_the_flip() -> None:
    reference, found = fairness.disparity([fairness.Group("a", 30, 12), fairness.Group("b", 25, 7)])
    assert reference == "a"
    assert (found[0].ratio, found[0].state) == (F(7, 10), "watch")
    assert round(float(found[0].two_sided), 3) == 0.404
    assert round(float(found[0].flipped), 3) == 0.873
    assert found[0].flipped == F(8, 25) / F(11, 30)


def test_s14_small_groups_are_not_tested_and_unknown_ones_are_counted() -> None:
    known, unknown = fairness.rates({"a": [True] * 9, "b": [False] * 4, "": [None, True]})
    assert (known, unknown) == ([fairness.Group("a", 9, 9), fairness.Group("b", 4, 0)], 2)
    assert fairness.disparity(known) == (None, [])
    assert fairness.disparity([fairness.Group("a", 295, 200), fairness.Group("b", 5, 0)]) == (None, [])


def test_s14_a_robust_disparity_is_flagged() -> None:
    _, found = fairness.disparity([fairness.Group("a", 40, 30), fairness.Group("b", 40, 5)])
    assert found[0].state == "flagged"
    assert found[0].one_sided <= found[0].two_sided


# S15


def test_s15_lenient_and_severe_raters() -> None:
    assert [hints.severity(F(b), n) for b, n in ((5, 5), (-5, 5), ("4.9999", 9), (9, 4))] == [
        "lenient",
        "severe",
        None,
        None,
    ]


def test_s15_central_tendency_halo_and_straight_lining() -> None:
    assert hints.central_tendency([F(79), F(80), F(81)], [F(60), F(80), F(100)])
    assert not hints.central_tendency([F(70), F(90)], [F(60), F(100)])
    flat, wide = [F(80), F(81)], [F(40), F(90)]
    assert hints.halo([flat] * 4 + [wide], F(100))
    assert not hints.halo([flat] * 3 + [wide], F(100))
    assert hints.straight_lining([[F(80), F(80)], [F(70), F(70)]])
    assert not hints.straight_lining([flat])


def test_s15_gaps_haste_recency_and_evidence() -> None:
    assert [hints.self_gap(F(90), F(x)) for x in ("75", "74.99")] == [False, True]
    late = datetime(2026, 4, 1, 9, 1, 0)
    assert [hints.hasty(o, late) for o in (datetime(2026, 4, 1, 9, 0, 1), datetime(2026, 4, 1, 9), None)] == [
        True,
        False,
        False,
    ]
    days = [date(2026, 4, 1)] + [date(2026, 6, 28)] * 3
    assert hints.recency(days, date(2026, 4, 1), date(2026, 6, 30))
    assert not hints.recency(days[:3], date(2026, 4, 1), date(2026, 6, 30))
    scale = (F(1), F(5))
    ratings = {"a": (F(5), *scale, True), "b": (F("4.6"), *scale, False), "c": (F(3), *scale, False)}
    assert hints.evidence(ratings) == F(1, 2)
