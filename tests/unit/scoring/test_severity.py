"""Rater severity with the book's figures (S5)."""

from __future__ import annotations

import sys
from decimal import Decimal

import pytest

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring.severity import Score, find_components, fit_effects, snapshot, standardise
from huoban_perf.scoring.variances import Variances, _reml, estimate_variances, shrink

CHAIN = [Score("A", "e1", 92), Score("A", "e2", 88), Score("B", "e2", 78), Score("B", "e3", 80), Score("B", "e4", 72)]


def test_standardise_the_books_two_teams() -> None:
    scores = [Score("A", f"a{at}", x) for at, x in enumerate((95, 92, 90, 88, 85, 90))]
    scores += [Score("B", f"b{at}", x) for at, x in enumerate((82, 78, 75, 70, 65, 80))]
    scores += [Score("C", f"c{at}", 50) for at in range(6)] + [Score("D", "d", 40)]
    found = {(entry.rater, entry.subject): entry.points for entry in standardise(scores)}
    assert (found["A", "a0"], found["B", "b0"]) == (Decimal("96.7408"), Decimal("93.0280"))
    assert len(found) == 12


def test_standardise_nobody_with_enough_forms() -> None:
    assert standardise(CHAIN) == ()


def test_fit_effects_the_books_chain_reverses_the_raw_order() -> None:
    fit = fit_effects(CHAIN)
    assert fit.mean[0] == pytest.approx(83)
    assert fit.raters == pytest.approx({"A": 5, "B": -5})
    assert [fit.figure(e) for e in ("e1", "e2", "e3", "e4")] == pytest.approx([87, 83, 85, 77])
    assert fit.is_comparable


def test_fit_effects_separate_parts_are_not_comparable() -> None:
    fit = fit_effects([*CHAIN, Score("C", "e9", 50), Score("C", "e8", 60)])
    assert not fit.is_comparable
    assert fit.components == {"A": 0, "B": 0, "C": 1}
    assert fit.figure("e9") == pytest.approx(50)


def test_find_components_names_raters_and_subjects_apart() -> None:
    numbers = find_components([Score("x", "y", 1), Score("y", "z", 1)])
    assert numbers["r:x"] != numbers["r:y"]


@pytest.mark.parametrize(("n", "expected"), [(2, -4.5714), (10, -6.9565)])
def test_fit_effects_shrinkage_of_a_complete_table(n: int, expected: float) -> None:
    scores = [Score(rater, str(at), 70 + by) for at in range(n) for rater, by in (("J", -8), ("K", 8))]
    assert fit_effects(scores, rater_lambda=1.5).raters["J"] == pytest.approx(expected, abs=5e-5)


def test_snapshot_keeps_the_raw_mean() -> None:
    entries = {entry.rater: entry for entry in snapshot(fit_effects(CHAIN))}
    assert (entries["A"].beta, entries["B"].beta) == (Decimal("6.0000"), Decimal("-4.0000"))
    assert sum(entry.beta * entry.n for entry in entries.values()) == 0


FULL = [
    Score(rater, unit, float(x))
    for unit, row in zip("abcde", ([85, 80, 88], [78, 70, 80], [92, 86, 90], [70, 66, 75], [88, 82, 91]), strict=True)
    for rater, x in zip("123", row, strict=True)
]


def test_estimate_variances_complete_table_by_its_formulas() -> None:
    found = estimate_variances(FULL)
    assert (found.error, found.raters, found.subjects) == pytest.approx((2.4, (85.4 - 2.4) / 5, (190.9 - 2.4) / 3))
    assert found.rater_lambda == pytest.approx(2.4 / 16.6)


def test_estimate_variances_reml_equals_the_formulas_on_a_complete_table() -> None:
    exact, found = estimate_variances(FULL), _reml(FULL)
    assert (found.error, found.raters, found.subjects) == pytest.approx(
        (exact.error, exact.raters, exact.subjects), rel=1e-3
    )


def test_estimate_variances_incomplete_table_needs_reml() -> None:
    found = estimate_variances(FULL[:-1])
    assert found.error > 0
    assert found.raters > 1
    more = [Score(f"{at}", score.subject, score.points) for at, score in enumerate(FULL)]
    assert estimate_variances(more).error > 0


def test_estimate_variances_a_negative_estimate_is_zero_and_its_effects_vanish() -> None:
    table = {"a": (80, 81), "b": (81, 80), "c": (80, 80), "d": (81, 81)}
    scores = [Score(rater, unit, float(x)) for unit, row in table.items() for rater, x in zip("12", row, strict=True)]
    found = estimate_variances(scores)
    assert found.raters == 0
    assert shrink(scores, found).raters == pytest.approx({"1": 0, "2": 0}, abs=1e-6)
    assert Variances(1.0, 0.0, 0.0).subject_lambda > 1e6


def test_estimate_variances_too_few_raters() -> None:
    with pytest.raises(ScoringError, match="too_few"):
        estimate_variances([Score("A", "x", 1), Score("A", "y", 2)])


def test_estimate_variances_without_scipy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(ScoringError, match="needs_scipy"):
        estimate_variances(FULL[:-1])


def test_fit_effects_equals_a_direct_least_squares_solve() -> None:
    import numpy as np

    numpy_random = np.random.default_rng(7)
    raters, subjects = 9, 25
    pairs = [(r, s) for r in range(raters) for s in range(subjects) if numpy_random.random() < 0.4]
    scores = [
        Score(f"r{r}", f"s{s:02d}", float(np.round(80 + 3 * r - s / 3 + numpy_random.normal(), 2))) for r, s in pairs
    ]
    design = np.zeros((len(pairs), 1 + raters + subjects))
    for row, (r, s) in enumerate(pairs):
        design[row, [0, 1 + r, 1 + raters + s]] = 1
    y = np.array([score.points for score in scores])
    plain = np.linalg.lstsq(design, y, rcond=None)[0]
    fit = fit_effects(scores)
    assert fit.is_comparable
    effects = plain[1 : 1 + raters] - plain[1 : 1 + raters].mean()
    assert [fit.raters[f"r{r}"] for r in range(raters)] == pytest.approx(list(effects), abs=1e-6)
    penalty = np.diag([0.0] + [2.0] * raters + [3.0] * subjects)
    ridge = np.linalg.solve(design.T @ design + penalty, design.T @ y)
    shrunk = fit_effects(scores, rater_lambda=2.0, subject_lambda=3.0)
    assert [shrunk.raters[f"r{r}"] for r in range(raters)] == pytest.approx(list(ridge[1 : 1 + raters]), abs=1e-6)
    assert shrunk.mean[0] == pytest.approx(ridge[0], abs=1e-6)


def test_estimate_variances_too_many_for_a_dense_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huoban_perf.scoring.variances._MOST_EFFECTS", 2)
    with pytest.raises(ScoringError, match="too_many"):
        estimate_variances(FULL[:-1])
