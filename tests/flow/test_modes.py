"""The main job in every mode of the embedded workspace, and with faults on the line: always the same results."""

from __future__ import annotations

from typing import Any

import pytest

from huoban_perf.core.progress import silent
from huoban_perf.demo import DemoReport, run_demo
from huoban_perf.profile import Site
from tests.flow.conftest import FastClock, SiteMaker

pytestmark = pytest.mark.flow

FAULTS: dict[str, list[dict[str, Any]]] = {
    "throttled": [{"endpoint": "/item/list", "kind": "throttle", "after_requests": 3, "times": 2}],
    "5xx on reads": [{"endpoint": "/item/list", "kind": "http_5xx_envelope", "after_requests": 5, "times": 2}],
    "timeout after the effect": [
        {"endpoint": "/items", "kind": "timeout_after_effect", "after_requests": 2, "times": 2}
    ],
    "connection cut": [{"endpoint": "/items", "kind": "cut_connection", "after_requests": 4, "times": 2}],
}


def run(site: Site) -> DemoReport:
    return run_demo(site, data="company", clock=FastClock(), progress=silent)


@pytest.fixture(scope="module")
def expected() -> dict[str, int]:
    return {}


@pytest.mark.parametrize("mode", ["documented", "strict", "awkward"])
def test_main_job_in_each_mode_gives_the_same_results_and_repeats_without_writing(
    mode: str, make_site: SiteMaker, expected: dict[str, int]
) -> None:
    site = make_site(mode=mode)
    first = run(site)
    assert first.appraisals_scored == 58
    ranking = {entry.name: str(entry.score) for entry in first.ranking}
    expected.setdefault("ranking", hash(frozenset(ranking.items())))
    assert expected["ranking"] == hash(frozenset(ranking.items()))
    before = site.connection.traffic.traffic().writes
    second = run(site)
    assert second.rows_written == 0
    assert site.connection.traffic.traffic().writes == before


@pytest.mark.parametrize("name", FAULTS)
def test_main_job_survives_faults_on_the_line(name: str, make_site: SiteMaker, expected: dict[str, int]) -> None:
    site = make_site()
    assert site.control is not None
    site.control.set_faults(FAULTS[name])
    report = run(site)
    ranking = {entry.name: str(entry.score) for entry in report.ranking}
    assert expected.setdefault("ranking", hash(frozenset(ranking.items()))) == hash(frozenset(ranking.items()))
    counts = {table["name"]: len(table["items"]) for table in site.control.dump()["spaces"][0]["tables"]}
    assert (counts["员工"], counts["绩效考核单"], counts["评价任务"]) == (60, 60, 392)
