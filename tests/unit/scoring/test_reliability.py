"""Intraclass correlations and Krippendorff's alpha with published figures (S6)."""

from __future__ import annotations

from fractions import Fraction

import pytest

from huoban_perf.scoring.reliability import intraclass, krippendorff

BOOK = [[85, 80, 88], [78, 70, 80], [92, 86, 90], [70, 66, 75], [88, 82, 91]]
SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
ALPHA = [[3, 4, 5, 2, None, 4], [3, 4, 4, 2, 3, 5], [None, 4, 5, 1, 3, 4]]


def table(rows: list[list[int]]) -> dict[str, dict[str, int]]:
    return {str(unit): {str(rater): x for rater, x in enumerate(row)} for unit, row in enumerate(rows)}


def test_intraclass_the_books_table() -> None:
    found = intraclass(table(BOOK))
    singles = (found.single_1, found.single_2, found.single_3, found.mean_1, found.mean_2, found.mean_3)
    assert [round(float(x or 0), 6) for x in singles] == [0.750983, 0.767821, 0.963209, 0.900471, 0.908434, 0.987428]
    assert (found.units, found.dropped, found.raters, found.is_enough) == (5, 0, 3, False)


def test_intraclass_the_table_of_shrout_and_fleiss_1979() -> None:
    found = intraclass(table(SHROUT_FLEISS))
    singles = (found.single_1, found.single_2, found.single_3, found.mean_1, found.mean_2, found.mean_3)
    assert [round(float(x or 0), 2) for x in singles] == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_intraclass_incomplete_units_are_dropped_and_counted() -> None:
    rows: dict[str, dict[str, int]] = {**table(BOOK), "9": {"0": 80}, "8": {}}
    found = intraclass(rows)
    assert (found.units, found.complete, found.dropped) == (6, 5, 1)
    assert found.single_3 == intraclass(table(BOOK)).single_3
    assert found.single_1 != intraclass(table(BOOK)).single_1


def test_intraclass_different_raters_per_subject_have_form_1_only() -> None:
    found = intraclass({"a": {"1": 1, "2": 2}, "b": {"3": 5, "4": 5}, "c": {"5": 3, "6": 9, "7": 9}})
    assert found.single_1 is not None
    assert (found.single_2, found.mean_3) == (None, None)


def test_intraclass_without_variance_is_not_defined() -> None:
    found = intraclass(table([[5, 5], [5, 5]]))
    assert (found.single_1, found.mean_1, found.single_2, found.single_3) == (None, None, None, None)
    assert intraclass({"a": {"1": 3}}).single_1 is None


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.526316), ("ordinal", 0.872768), ("interval", 0.859375), ("ratio", 0.771964)]
)
def test_krippendorff_the_books_table(level: str, expected: float) -> None:
    units = {str(at): {str(r): row[at] for r, row in enumerate(ALPHA) if row[at] is not None} for at in range(6)}
    assert round(float(krippendorff(units, level=level) or 0), 6) == expected  # type: ignore[arg-type]


OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
"""Four observers, twelve units, as in Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), part C."""


@pytest.mark.parametrize(
    ("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorff_the_published_four_observers(level: str, expected: float) -> None:
    units = {str(at): {str(r): int(row[at]) for r, row in enumerate(OBSERVERS) if row[at] != "."} for at in range(12)}
    assert round(float(krippendorff(units, level=level) or 0), 3) == expected


def test_krippendorff_no_variance_is_not_defined_and_single_ratings_do_not_count() -> None:
    assert krippendorff({"a": {"1": 3, "2": 3}, "b": {"1": 9}}, level="interval") is None
    assert krippendorff({"a": {"1": 0, "2": 0}, "b": {"1": 1, "2": 1}}, level="ratio") == Fraction(1)
    assert krippendorff({"a": {"1": -1, "2": 1}, "b": {"1": 1, "2": 1}}, level="ratio") is None
