"""The quarter over the wire, with everything against it, ends in the world of the clean one in memory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.core.schema.automations import OnButton, OnFill
from huoban_perf.sync.audit import AuditLog
from tests.flow.quarter import quarter
from tests.flow.quarter_company import DOZEN
from tests.flow.quarter_script import play
from tests.flow.quarter_wire import CALLBACK_KEY, WireQuarter, wire_quarter
from tests.flow.served import SECRET
from tests.unit.sync.company import schema

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("quarter_wire")]

Told = Mapping[str, Counter[str]]
NEVER = {
    "cycle.rules_changed": "no rule is changed after 公示",
    "cycle.goals_due": "everybody has handed in before the first reminder",
    "cycle.goals_overdue": "nobody is late with goals",
    "goal.locked_changed": "nobody touches a goal once it is locked",
    "goal.smart_missing": "every goal is complete when it is saved",
    "goal.smart_complete": "no goal ever lacked anything",
    "goal.realign": "no strategy is changed",
    "goal_change.waiting_long": "nobody asks for a change",
    "strategy.check": "the company has no strategy rows",
    "metric_actual.remind_owner": "no metric names a data owner: remind_ownerless tells HR",
    "appraisal.nominated": "nobody names peers; they are drawn",
    "appraisal.no_talk": "nobody has a record of a talk, so none is thirty days old: cycle.never_talked tells of them",
    "review_task.accept_silently": "everybody answers the invitation on the day",
    "interview.due": "talks are held eight days before they are due",
    "improvement.review_due": "the first review is due after the cycle",
    "improvement.review_missed": "the first review is due after the cycle",
    "appeal.limit_near": "the appeal is decided on the second working day",
    "appeal.accept_limit": "the appeal is accepted on the next day",
    "plan_task.resources_requested": "the only plan task asks for nothing",
    "plan_task.overspent": "the only plan task spends nothing",
    "plan_task.due": "the only plan task ends after the cycle",
    "log.recognised": "no records are written",
    "log.advised": "no records are written",
    "log.correction_unanswered": "no correction is opened",
    "survey.new_suggestion": "nobody suggests anything",
    "review_task.substitute_proposed": "who declines is replaced by nobody: the others suffice",
    "assignment.takes_effect": "nobody is transferred",
    "assignment.starts_today": "nobody is transferred",
    "employee.left": "nobody leaves",
    "employee.moved": "nobody is transferred",
    "assignment.changed": "nobody is transferred",
    "external_review.answered": "no customers are asked",
    "run_log.failed": "no job fails while nothing goes wrong",
}
"""Automations that must not fire in this story, and why."""


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with quarter(tmp_path_factory.mktemp("clean"), people=DOZEN) as run:
        play(run)
        fired = [(automation, item, state.value) for automation, item, _, state, _, _ in run.ledger.listed()]
        return {"world": run.world(), "fired": fired, "rows": {table: run.rows(table) for table in run.world()}}


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("wire")
    with wire_quarter(folder, people=DOZEN, luck=7) as run:
        play(run)
        found = {
            "world": run.world(),
            "story": run.story(),
            "fired": run.store.execute("SELECT automation, item, state FROM firings").fetchall(),
            "parked": run.store.execute("SELECT job, outcome FROM occurrences WHERE state = 'parked'").fetchall(),
            "run_log": list(run.rows("run_log").values()),
            "files": _service_files(run),
            "secrets": [run.key, SECRET, CALLBACK_KEY],
            "hints": run.hints(),
            "code": run.close(),
        }
    return {**found, "home": folder / "home"}


def _service_files(run: WireQuarter) -> str:
    """What the service wrote where people look when something is wrong."""
    files = [file for file in (run.folder / "home").rglob("*") if file.suffix in {".jsonl", ".json", ".log"}]
    return run.nursery.errors() + "".join(file.read_text(encoding="utf-8") for file in files)


def test_the_world_ends_as_the_clean_one(clean: dict[str, Any], wire: dict[str, Any]) -> None:
    assert wire["world"] == clean["world"]


def test_everything_went_wrong_that_can(wire: dict[str, Any]) -> None:
    luck = Counter(wire["story"]["luck"])
    assert wire["story"]["kills"] == luck["kill before"] + luck["kill after"] >= 3
    faults = ("throttle", "http_5xx_envelope", "cut_connection", "cut after effect", "timeout_after_effect")
    assert min(luck[kind] for kind in faults) >= 1, luck
    assert wire["hints"]["accepted"] > 0
    assert not {"unknown", "unreadable"} & set(wire["hints"])
    assert min(luck[f"callback {fate}"] for fate in ("lost", "late", "twice", "sealed", "in clear")) >= 50, luck


def test_service_ends_in_good_order_with_nothing_parked(wire: dict[str, Any]) -> None:
    assert wire["code"] == 0
    assert wire["parked"] == []
    assert {state for _, _, state in wire["fired"]} == {"done", "skipped", "refused"}


def test_every_automation_fired_when_it_should_and_only_then(clean: dict[str, Any], wire: dict[str, Any]) -> None:
    heard = {
        str(spec.address).removeprefix("automation:")
        for spec in schema().automations
        if not isinstance(spec.trigger, OnButton | OnFill)  # a button nobody presses; a form only people see
    }
    for told in (clean, wire):
        done = {name.removeprefix("automation:") for name, _, state in told["fired"] if state == "done"}
        silent = {name for name in heard - done if not name.endswith(".deleted")}  # nobody deletes a row
        assert silent - {"run_log.failed"} == set(NEVER) - {"run_log.failed"}
        # A firing that a kill cut off after its effect is found done when it is tried again, and counts as skipped.
        rows = Counter(name for name, _ in {(name, item) for name, item, state in told["fired"] if state != "refused"})
        assert {name: rows[f"automation:{name}"] for name in EXPECTED} == {
            name: sum(counts(row) for row in clean["rows"][name.split(".")[0]].values())
            for name, counts in EXPECTED.items()
        }
    assert "run_log.failed" not in {name for name, _, state in clean["fired"] if state == "done"}


def _one(row: Mapping[str, Any]) -> int:
    return int(bool(row))


EXPECTED = {
    "metric_actual.filled_in": lambda row: int(row["status"] == "verified"),
    "metric_actual.remind_ownerless": _one,
    "goal.due": _one,
    "interview.moved": lambda row: int(row["scheduled_at"] is not None),
    "review_task.overdue": lambda row: int(row["status"] == "expired"),
    "cycle.release_day": _one,
    "cycle.confirmation_due": _one,
}
"""How often an automation fires on a row, read from how the row ended."""


def test_run_log_tells_the_story_and_every_run_only_once(wire: dict[str, Any]) -> None:
    assert all(row["ended_on"] for row in wire["run_log"]), "whoever was killed is ended by who went on"
    whole = [row for row in wire["run_log"] if not str(row["summary"]).startswith(("中断", "未完成"))]
    told = Counter(str(row["command"]) for row in whole)
    assert {"job run open", "job run score", "job run calibrate", "job run publish", "job run archive"} <= set(told)
    assert told["job run publish"] == told["job run archive"] == 1
    batches = [row["batch"] for row in wire["run_log"]]
    assert len(set(batches)) == len(batches)


def test_audit_chain_holds_through_every_kill(wire: dict[str, Any]) -> None:
    file = Path(wire["home"]) / "audit.jsonl"
    assert AuditLog(file).check().lines >= 6
    actions = [json.loads(line)["action"] for line in file.read_text(encoding="utf-8").splitlines()]
    assert actions.count("job run publish") == 1


def test_nothing_secret_stands_in_what_the_service_wrote(wire: dict[str, Any]) -> None:
    for secret in wire["secrets"]:
        assert secret not in wire["files"]
