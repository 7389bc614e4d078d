from __future__ import annotations

from fractions import Fraction

import pytest

from huoban_perf.scoring.analysis import SeverityFit
from huoban_perf.scoring.reliability import krippendorff
from huoban_perf.scoring.severity import Score, fit_effects
from huoban_perf.scoring.uncertainty import _alpha, alpha_interval, intervals_of, severity_intervals


def ratings(people: int, noise: int) -> dict[str, dict[str, Fraction]]:
    """Three raters a person; they differ by at most the noise."""
    return {
        f"E{person:03d}": {
            rater: Fraction(50 + 7 * (person % 7) + noise * ((person * 3 + place * 5) % 4) - noise)
            for place, rater in enumerate(("A", "B", "C"))
        }
        for person in range(people)
    }


def test_alpha_by_sums_is_krippendorffs() -> None:
    table = ratings(13, 3)
    table["E000"].pop("A")
    table["E001"] = {"A": Fraction(70)}
    exact = krippendorff(table, level="interval")
    assert exact is not None
    units = [[float(x) for x in by_rater.values()] for by_rater in table.values() if len(by_rater) >= 2]
    assert _alpha(units) == pytest.approx(float(exact), abs=1e-12)


def test_an_interval_holds_the_figure_and_narrows_with_people() -> None:
    widths = []
    for people in (20, 200):
        table = ratings(people, 3)
        found = alpha_interval(table)
        alpha = krippendorff(table, level="interval")
        assert found is not None
        assert alpha is not None
        assert found.low < float(alpha) < found.high
        widths.append(found.high - found.low)
    assert widths[1] < widths[0]


def test_an_interval_does_not_depend_on_the_order_of_people() -> None:
    table = ratings(25, 3)
    assert alpha_interval(table) == alpha_interval(dict(reversed(table.items())))


@pytest.mark.parametrize("table", [{}, ratings(9, 3), {f"E{n}": {"A": Fraction(1)} for n in range(50)}])
def test_too_little_data_has_no_interval(table: dict[str, dict[str, Fraction]]) -> None:
    assert alpha_interval(table) is None
    assert intervals_of({"peer": table}) == {}


def test_no_variance_has_no_interval() -> None:
    same = {f"E{n}": {"A": Fraction(5), "B": Fraction(5)} for n in range(30)}
    assert alpha_interval(same) is None


def fit(scores: list[Score]) -> SeverityFit:
    return SeverityFit(scores=tuple(scores), additive=fit_effects(scores), shrunk=None, why_not="severity.too_few")


def test_severity_is_surer_with_more_forms() -> None:
    scores = [
        Score(rater, f"E{person}", 70.0 + 3 * (person % 5) + 4 * (rater == "lenient") + ((person * 7 + at) % 3))
        for person in range(12)
        for at, rater in enumerate(("lenient", "plain", "rare"))
        if rater != "rare" or person < 3
    ]
    found = severity_intervals(fit(scores))
    effects = fit_effects(scores).raters
    for rater, interval in found.items():
        assert interval.low < effects[rater] < interval.high
    assert found["rare"].high - found["rare"].low == pytest.approx(2 * (found["plain"].high - found["plain"].low))
    assert found["lenient"].low > found["plain"].high


def test_as_many_effects_as_scores_leave_nothing_to_judge_by() -> None:
    assert severity_intervals(fit([Score("A", "e1", 80.0), Score("A", "e2", 70.0)])) == {}


def test_variance_of_one_person_alone_has_no_interval() -> None:
    table = {f"E{n:02d}": {"A": Fraction(5), "B": Fraction(5)} for n in range(20)}
    table["E07"]["B"] = Fraction(7)
    assert alpha_interval(table) is None
