"""A cycle of peer ratings in which two raters are lenient, one is severe, and two people stand apart from the rest."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from tests.unit.exchange.sample import Frame, save

BIAS = {"R1": 8, "R2": 6, "R3": 0, "R4": -9}
PEOPLE = [f"E{number:02d}" for number in range(1, 13)]
RATED_BY = {code: [r for at, r in enumerate(BIAS) if (index + at) % 4 < 2] for index, code in enumerate(PEOPLE)}
"""Everybody has two of the four raters, in four different pairs, so that all are connected."""

SCHEME: dict[str, object] = {
    "key": "std",
    "parts": {"kpi_weight": "0", "review_weight": "100"},
    "raters": {"groups": [{"relation": "peer", "weight": "100", "threshold": "1"}]},
    "grades": [{"name": "S", "lower": "85"}, {"name": "A", "lower": "75"}, {"name": "B", "lower": None}],
}


def rating_frames(*, apart: bool = False, people: int = 12, raters: tuple[str, ...] = tuple(BIAS)) -> dict[str, Frame]:
    """Return the frames; with ``apart`` two people are rated by two raters of their own."""
    given = {
        code: [(rater, 70 + (index * 5) % 23 + BIAS[rater]) for rater in RATED_BY[code] if rater in raters]
        for index, code in enumerate(PEOPLE[:people])
    }
    if apart:
        given |= {"E98": [("R8", 70), ("R9", 80)], "E99": [("R8", 60), ("R9", 66)]}
    pairs = [(code, rater, score) for code, scores in given.items() for rater, score in scores]
    return {
        "cycle": (["cycle", "start", "end"], [["2026Q1", date(2026, 1, 1), date(2026, 3, 31)]]),
        "people": (["emp_no"], [[code] for code in given]),
        "forms": (
            ["task_no", "kind", "subject", "relation", "rater", "external", "form", "status"],
            [[f"T{at}", "个人", code, "同事", rater, "是", "f", "已提交"] for at, (code, rater, _) in enumerate(pairs)],
        ),
        "ratings": (
            ["task_no", "criterion", "score"],
            [[f"T{at}", "c", score] for at, (_, _, score) in enumerate(pairs)],
        ),
        "criteria": (["form", "criterion", "weight"], [["f", "c", 100]]),
        "fairness": (
            ["emp_no", "field", "group"],
            [[code, "地区", "南" if at % 2 else "北"] for at, code in enumerate(given)],
        ),
    }


def save_ratings(folder: Path, *, without: tuple[str, ...] = (), **shape: Any) -> Path:
    """Write the frames of ``rating_frames`` as CSV."""
    given = {name: frame for name, frame in rating_frames(**shape).items() if name not in without}
    return save(folder, given=given)
