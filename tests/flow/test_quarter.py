"""The quarter runs itself, and ends in the same world whatever befalls the service."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.core.errors import BadCellError, Problem
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.service.occurrences import State
from huoban_perf.sync.audit import AuditLog
from tests.flow.quarter import Quarter, quarter
from tests.flow.quarter_company import DOZEN
from tests.flow.quarter_move import Nomad, letters
from tests.flow.quarter_script import CYCLE, play

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("quarter")]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    with quarter(tmp_path_factory.mktemp("clean")) as run:
        play(run)
        run.fired = run.ledger.listed()  # type: ignore[attr-defined]
        run.occurred = run.store.counts()  # type: ignore[attr-defined]
    return run


def test_cycle_is_archived_with_every_sheet_in_a_final_state(clean: Quarter) -> None:
    rows = clean.company.rows
    assert rows("cycle")[CYCLE]["status"] == "archived", rows("cycle")[CYCLE].get("action_result")
    states = Counter(row["status"] for row in rows("appraisal").values())
    assert set(states) <= {"completed", "not_appraised"}, states
    assert states["completed"] > 50
    kinds = Counter(row.get("confirmation_kind") for row in rows("appraisal").values())
    assert kinds["self"] >= 29
    assert kinds["lapsed"] > 10


def test_what_people_did_had_its_effect(clean: Quarter) -> None:
    rows = clean.company.rows
    assert {row["status"] for row in rows("goal").values()} == {"completed"}
    assert Counter(row["status"] for row in rows("review_task").values())["declined"] == 1
    (record,) = [row for row in rows("calibration").values() if row["kind"] == "calibration"]
    assert record["status"] == "approved"
    assert rows("appraisal")[f"[{CYCLE}|E010]"]["released_grade"] == record["new_grade"]
    adjusted = rows("appraisal")[f"[{CYCLE}|E020]"]
    assert (str(adjusted["released_score"]), str(adjusted["release_revision"])) == ("88.00", "2")
    assert {row["status"] for row in rows("interview").values()} == {"signed"}


def test_nothing_is_left_parked_looped_or_half_done(clean: Quarter) -> None:
    fired = Counter(row[3] for row in clean.fired)  # type: ignore[attr-defined]
    assert fired[FiringState.PARKED] == fired[FiringState.LOOPED] == fired[FiringState.PENDING] == 0
    assert fired[FiringState.REFUSED] == 1  # the goals that added up to 90
    assert clean.occurred[State.PARKED] == clean.occurred[State.DUE] == 0  # type: ignore[attr-defined]


def test_nobody_is_flooded_and_no_message_shows_a_result(clean: Quarter) -> None:
    assert clean.way.sent
    assert [message for message in clean.way.sent if leaks_in(message.text)] == []
    assert max(len(message.lines) for message in clean.way.sent) <= 10


def test_run_log_and_audit_tell_the_story(clean: Quarter) -> None:
    commands = Counter(str(row["command"]) for row in clean.company.rows("run_log").values())
    assert {"job run open", "job run score", "job run calibrate", "job run publish", "job run archive"} <= set(commands)
    assert AuditLog(clean.company.folder / "home" / "audit.jsonl").check().lines >= 6


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> Quarter:
    with quarter(tmp_path_factory.mktemp("dozen"), people=DOZEN) as run:
        play(run)
    return run


@pytest.mark.parametrize("luck", [1, 3])
def test_with_faults_and_kills_the_world_ends_the_same(dozen: Quarter, tmp_path: Path, luck: int) -> None:
    with quarter(tmp_path / str(luck), luck=luck, people=DOZEN) as run:
        play(run)
        assert run.kills >= 2
        assert run.failures >= 8
        assert run.world() == dozen.world()


def test_moving_house_again_and_again_in_mid_cycle_changes_nothing(dozen: Quarter, tmp_path: Path) -> None:
    with quarter(tmp_path / "start", people=DOZEN) as first:
        run = Nomad(first.company)
        play(run)
    assert run.moves >= 6
    assert run.world() == dozen.world()
    assert Counter(run.letters()) == Counter(letters(dozen))
    run.store.close()


def test_a_spoilt_cell_is_told_once_and_the_other_tables_are_seen_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with quarter(tmp_path / "spoilt", people=DOZEN) as run:
        scan = run.company.memory.scan
        facts = {"table": "目标", "field": "权重", "kind": "number", "row": "12", "found": "str"}
        problems = [Problem(code="nocodb.cell", facts=facts)]

        def spoiling(**asked: Any) -> Any:
            if (asked["query"].table.key, asked["query"].order.field) == ("goal", "updated_on"):
                raise BadCellError("nocodb.cells", facts={"table": "目标", "count": 1}, problems=problems)
            return scan(**asked)

        monkeypatch.setattr(run.company.memory, "scan", spoiling)
        run.at(date(2026, 9, 23), 8)
        run.pick("cycle", CYCLE, hr_action="announce")
        run.settle().settle()
        assert run.rows("cycle")[CYCLE]["status"] != "draft"
        said = [str(row["summary"]) for row in run.rows("run_log").values() if row["command"] == "serve"]
        assert sum("第 12 行 (Id), 字段 权重" in one for one in said) == 1
        with run.store.step() as database:
            told = database.execute("SELECT count(*) FROM notices WHERE key LIKE '%job_failed%'").fetchone()
        assert told == (1,)
        assert run.store.counts()[State.PARKED] == 0
