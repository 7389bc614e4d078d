"""Everything issue 3 calls bad input: a clear error with every offender listed, and nothing written.

Source: issue 3 ("Bad input"); scoring.md S0–S7.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.errors import HuobanPerfError, SchemeError, ScoringInputError
from huoban_perf.exchange import Request, score_folder
from huoban_perf.scoring import parse_scheme
from tests.unit.exchange.sample import SCHEME, Frame, frames, save

Given = dict[str, Frame]
Spoil = Callable[[Given], None]


def refused(folder: Path, given: Given, scheme: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    """Score the frames, insist on a refusal that wrote nothing, and return (code, place or subject) of each problem."""
    source = save(folder / "in", given=given)
    with pytest.raises(HuobanPerfError) as caught:
        score_folder(source, schemes={"std": parse_scheme(scheme or SCHEME)}, out=folder / "out", request=Request())
    assert not (folder / "out").exists()
    return [
        (
            problem.code,
            str(problem.line or problem.facts.get("subject") or problem.facts.get("goal") or problem.address),
        )
        for problem in caught.value.problems
    ]


def items(given: Given, column: str, value: object, *places: int) -> None:
    header, rows = given["items"]
    for place in places:
        rows[place][list(header).index(column)] = value  # type: ignore[call-overload]


def weights(given: Given) -> None:
    items(given, "weight", 41, 0)
    items(given, "weight", 90, 4)


def zero_targets(given: Given) -> None:
    items(given, "target", 0, 0, 2, 4)


def infinite(given: Given) -> None:
    items(given, "actual", "NaN", 0, 4)
    given["ratings"][1][0][2] = "nan"


def outside(given: Given) -> None:
    given["ratings"][1][0][2] = 101
    given["ratings"][1][5][2] = -1


def twice(given: Given) -> None:
    rows = given["forms"][1]
    rows.append(["T8", *rows[1][1:]])
    rows.append(["T9", *rows[5][1:]])
    given["ratings"][1].extend([["T8", "overall", 70], ["T9", "overall", 70]])


def negative_days(given: Given) -> None:
    given["assignments"] = (
        ["emp_no", "start", "end", "absent_days"],
        [["E1", "2026-02-01", "2026-01-01", None], ["E2", "2026-01-01", None, -3]],
    )


def circles(given: Given) -> None:
    given["goals"] = (
        ["goal_no", "parent_no", "goal_kind", "kind", "subject", "progress"],
        [
            ["G1", "G3", "goal", "个人", "E1", 10],
            ["G2", "G1", "goal", "个人", "E1", 10],
            ["G3", "G2", "goal", "个人", "E1", 10],
            ["G9", "G9", "goal", "个人", "E2", 10],
        ],
    )


CASES: dict[str, tuple[Spoil, list[tuple[str, str]]]] = {
    "weights that miss 100": (weights, [("item.weights_miss_100", "E1"), ("item.weights_miss_100", "E2")]),
    "zero targets": (
        zero_targets,
        [("item.target_not_positive", "E1"), ("item.zero_target", "E1"), ("item.target_not_positive", "E2")],
    ),
    "NaN": (infinite, [("input.unreadable", "2"), ("input.unreadable", "6"), ("input.unreadable", "2")]),
    "ratings outside the scale": (outside, [("form.outside_scale", "E1"), ("form.outside_scale", "E2")]),
    "a rater twice": (twice, [("form.rated_twice", "E1"), ("form.rated_twice", "E2")]),
    "negative days": (negative_days, [("input.ends_before_start", "2"), ("input.unreadable", "3")]),
    "circles of goals": (circles, [("goal.cycle", "G1"), ("goal.cycle", "G9")]),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_rows_are_refused_with_every_offender(tmp_path: Path, name: str) -> None:
    spoil, expected = CASES[name]
    given = frames()
    spoil(given)
    assert sorted(refused(tmp_path, given)) == sorted(expected)


QUOTA: dict[str, dict[str, int]] = {"S": {"lower": 80}, "A": {}}

SCHEMES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "weights that miss 100": (
        {
            "parts": {"kpi_weight": "60", "review_weight": "30"},
            "raters": {"groups": [{"relation": "peer", "weight": 90}]},
        },
        [("scheme.weights_miss_100", "parts"), ("scheme.weights_miss_100", "raters.groups")],
    ),
    "overlapping bands": (
        {"grades": [{"name": "S", "lower": 80}, {"name": "A", "lower": 85}, {"name": "B", "lower": 85}, {"name": "C"}]},
        [("scheme.bands_overlap", "grades[1]"), ("scheme.bands_overlap", "grades[2]")],
    ),
    "quotas above 100 %": (
        {
            "grades": [
                {"name": n, "lower": b, "cap_percent": 60, "target_percent": 70} for n, b in (("S", 80), ("A", None))
            ]
        },
        [("scheme.quotas_above_100", "grades.cap_percent"), ("scheme.quotas_above_100", "grades.target_percent")],
    ),
    "unknown policies": (
        {
            "items": {"missing": "perhaps"},
            "distribution": {"ties": "lottery"},
            "rounding": {"nowhere": {"decimals": 1}},
        },
        [
            ("scheme.unknown_policy", "distribution.ties"),
            ("scheme.unknown_policy", "items.missing"),
            ("scheme.unknown_policy", "rounding.nowhere"),
        ],
    ),
    "a formula with missing names": (
        {"parts": {"formula": "kpi + luck * fate"}},
        [("formula.unknown_name", "luck, fate")],
    ),
}


@pytest.mark.parametrize("name", SCHEMES)
def test_bad_schemes_are_refused_with_every_contradiction(name: str) -> None:
    document, expected = SCHEMES[name]
    with pytest.raises(SchemeError) as caught:
        parse_scheme({"key": "s", **document})
    found = [
        (problem.code, str(problem.facts.get("value") if problem.code.startswith("formula") else problem.address))
        for problem in caught.value.problems
    ]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("formula", "code"),
    [("kpi / (1 - 1)", "formula.division_by_zero"), ("kpi + okr", "formula.missing")],
)
def test_a_formula_that_fails_for_some_people_lists_them(tmp_path: Path, formula: str, code: str) -> None:
    given = {name: frame for name, frame in frames().items() if name not in {"forms", "ratings", "criteria", "points"}}
    found = refused(tmp_path, given, {"key": "std", "parts": {"formula": formula}})
    assert [(problem, subject) for problem, subject in found] == [(code, "E1"), (code, "E2")]


def test_nothing_is_scored_by_half_a_file(tmp_path: Path) -> None:
    given = frames()
    for spoil in (weights, outside, twice):
        spoil(given)
    source = save(tmp_path / "in", given=given)
    with pytest.raises(ScoringInputError) as caught:
        score_folder(source, schemes={"std": parse_scheme(SCHEME)}, out=tmp_path / "out", request=Request())
    codes = {problem.code for problem in caught.value.problems}
    assert codes == {"item.weights_miss_100", "form.outside_scale", "form.rated_twice"}
    assert not (tmp_path / "out").exists()
