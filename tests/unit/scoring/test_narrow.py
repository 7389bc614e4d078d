"""A run that names nobody's forms keeps narrow rows and scores the same as one that does (S4)."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from huoban_perf.scoring import ScoreOptions
from huoban_perf.scoring.workbench import tune
from tests.cases.scoring.harness import Run, score

HEADER = "kind subject relation rater external status overall"


def reviewed(forms: list[str], *, unit: str = "rater", **group: Any) -> list[Run]:
    """Score with and without details."""
    groups = [{"relation": "peer", "weight": 60, **group}, {"relation": "superior", "weight": 40, "required": False}]
    raters = {"groups": groups, "min_coverage": 0, "threshold_unit": unit}
    document = {"parts": {"kpi_weight": 0, "review_weight": 100}, "raters": raters}
    options = (ScoreOptions(), ScoreOptions(details=False, explain=False))
    return [score({"forms": [HEADER, *forms]}, {"s": document}, each, traced=False) for each in options]


def peers(*points: int) -> list[str]:
    return [f"个人 E1 同事 r{at:02d} 是 已提交 {x}" for at, x in enumerate(points)]


@pytest.mark.parametrize(("trim", "expected"), [("20", "85.00"), ("40", "85.00"), ("0", "83.57"), ("30", "85.00")])
@pytest.mark.parametrize("unit", ["rater", "criterion"])
def test_s4_trimming_of_any_depth_is_the_same(trim: str, expected: str, unit: str) -> None:
    whole, narrow = reviewed(peers(60, 82, 84, 85, 86, 88, 100), unit=unit, trim=trim)
    assert whole.of("E1")["review_n"] == narrow.of("E1")["review_n"]
    assert f"{narrow.of('E1')['review_n'] / 10**9:.2f}" == expected


def test_s4_a_rater_of_two_relations_counts_once_in_both() -> None:
    forms = [*peers(80, 82, 84), "个人 E1 上级 r00 是 已提交 60"]
    whole, narrow = reviewed(forms, threshold=1)
    assert whole.of("E1")["review_n"] == narrow.of("E1")["review_n"]
    assert whole.of("E1")["superior_n"] == narrow.of("E1")["superior_n"] == 60 * 10**9
    assert narrow.of("E1")["peer_n"] == 83 * 10**9


def test_s4_faults_are_listed_in_both() -> None:
    whole, narrow = reviewed([*peers(80, 82), "个人 E1 同事 r01 是 已提交 84", "个人 E1 同事 r07 是 已提交 101"])
    codes = [sorted(problem.code for problem in run.problems) for run in (whole, narrow)]
    assert codes == [["form.outside_scale", "form.rated_twice"]] * 2


def test_tune_bounds_the_memory() -> None:
    with duckdb.connect() as connection:
        tune(connection, memory_limit="300MB")
        found = connection.execute(
            "SELECT current_setting('memory_limit'), current_setting('preserve_insertion_order')"
        )
        limit, keeps_order = found.fetchall()[0]
    assert str(limit).startswith("286.")  # MiB
    assert keeps_order is False
