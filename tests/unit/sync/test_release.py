from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.core.addresses import ItemId
from huoban_perf.core.errors import SyncError, UnsafePlanError
from huoban_perf.core.items import Item, ItemQuery, WriteBatch
from huoban_perf.core.values import Value
from huoban_perf.sync.release import _items, release, release_preview
from huoban_perf.sync.results import ItemScore
from huoban_perf.sync.score import ScoreOutcome
from huoban_perf.sync.wanted import Refs
from tests.unit.sync.company import CYCLE, DECIDER, Office, schema

PERSON = f"[{CYCLE}|E025]"
ITEM = f"[{CYCLE}|E025|KPI|M02|2026-07-01]"


class Kill(BaseException):
    """The process ends here."""


def kill_at(office: Office, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the process at the n-th batch, before it has an effect."""
    submit, sent = office.memory.submit, 0

    def fatal(*, batch: WriteBatch, bindings: Any) -> Any:
        nonlocal sent
        sent += 1
        if sent == number:
            raise Kill
        return submit(batch=batch, bindings=bindings)

    monkeypatch.setattr(office.memory, "submit", fatal)


def test_results_are_copied_signed_and_the_cycle_opened_for_feedback(scored: Office, outcome: ScoreOutcome) -> None:
    released = release(outcome, app=scored.app, decider=DECIDER)
    assert [(report.table, report.written) for report in released.reports] == [
        ("appraisal", 58),
        ("appraisal_item", 192),
        ("appraisal", 58),
        ("score_result", 58),
        ("cycle", 1),
    ]
    appraisal = scored.row("appraisal", PERSON)
    assert (appraisal["released_score"], appraisal["released_grade"]) == (Decimal("87.78"), "a")
    assert (appraisal["release_revision"], appraisal["status"]) == (Decimal(1), "awaiting_confirmation")
    assert appraisal["released_receipt"] == scored.row("score_result", PERSON)["receipt_draft"]
    item = scored.row("appraisal_item", ITEM)
    assert (item["actual_value"], item["score"]) == (Decimal("91.2333"), Decimal("96.035088"))
    assert scored.row("score_result", PERSON)["status"] == "released"
    assert scored.row("cycle", CYCLE)["status"] == "feedback"
    assert scored.row("appraisal", f"[{CYCLE}|E001]")["status"] == "not_appraised"


def test_second_release_writes_nothing(scored: Office, outcome: ScoreOutcome) -> None:
    release(outcome, app=scored.app, decider=DECIDER)
    before, writes = scored.content(), scored.memory.writes
    again = scored.score()
    assert again.cycle.is_sealed
    assert release(again, app=scored.app, decider=DECIDER).written == 0
    assert scored.memory.writes == writes
    assert scored.content() == before


def test_people_who_moved_on_are_not_sent_back(scored: Office, outcome: ScoreOutcome) -> None:
    release(outcome, app=scored.app, decider=DECIDER)
    scored.row("appraisal", PERSON)["status"] = "completed"
    release(scored.score(), app=scored.app, decider=DECIDER)
    assert scored.row("appraisal", PERSON)["status"] == "completed"


def test_preview_counts_and_writes_nothing(scored: Office, outcome: ScoreOutcome) -> None:
    before = scored.content()
    assert release_preview(outcome, app=scored.app) == 58 + 192 + 58 + 58 + 1
    assert scored.content() == before
    release(outcome, app=scored.app, decider=DECIDER)
    assert release_preview(scored.score(), app=scored.app) == 0


def test_preview_before_scoring_counts_only_what_stands(office: Office) -> None:
    assert release_preview(office.score(apply=False), app=office.app) == 192 + 58 + 1


@pytest.mark.parametrize(("somebody", "code"), [("uE002", "sync.wrong_decider"), (None, "sync.decider_unsaid")])
def test_only_the_named_decider_may_release(
    scored: Office, outcome: ScoreOutcome, somebody: str | None, code: str
) -> None:
    before = scored.content()
    with pytest.raises(UnsafePlanError) as caught:
        release(outcome, app=scored.app, decider=somebody)
    assert caught.value.code == code
    assert caught.value.facts["named"] == DECIDER
    assert scored.content() == before


def test_cycle_without_decider_may_be_released_by_whoever_runs_it(scored: Office) -> None:
    scored.row("cycle", CYCLE)["decider"] = None
    outcome = scored.score()
    assert outcome.cycle.decider is None
    assert outcome.pending == 58, "who decides is part of the input hash, but no result changed"
    assert release(outcome, app=scored.app, decider=None).written > 0


def test_open_appraisals_are_listed_and_nothing_is_released(scored: Office, outcome: ScoreOutcome) -> None:
    tables = outcome.reading.tables["score_result"]
    for key, status, notes in ((PERSON, "held", "销售收入 缺实际值"), (f"[{CYCLE}|E030]", "awaiting_reviews", None)):
        row = tables.row_of_key(key)
        assert row is not None
        values = list(tables._rows[row])
        values[tables._position["status"]], values[tables._position["missing_notes"]] = status, notes
        tables._rows[row] = tuple(values)
    before = scored.content()
    with pytest.raises(SyncError) as caught:
        release(outcome, app=scored.app, decider=DECIDER)
    assert caught.value.facts == {"cycle": CYCLE, "count": 2}
    assert {problem.facts["key"]: problem.facts["reason"] for problem in caught.value.problems} == {
        PERSON: "销售收入 缺实际值",
        f"[{CYCLE}|E030]": "awaiting_reviews",
    }
    assert scored.content() == before


@pytest.mark.parametrize(
    ("batch", "status", "signed"),
    [
        (2, "calculating", "scored"),
        (5, "awaiting_confirmation", "scored"),
        (6, "awaiting_confirmation", "released"),
    ],
)
def test_killed_between_steps_then_finished_by_the_same_command(
    scored: Office, outcome: ScoreOutcome, monkeypatch: pytest.MonkeyPatch, batch: int, status: str, signed: str
) -> None:
    with monkeypatch.context() as patch:
        kill_at(scored, batch, patch)
        with pytest.raises(Kill):
            release(outcome, app=scored.app, decider=DECIDER)
    assert scored.row("cycle", CYCLE)["status"] == "reviewing"
    assert scored.row("appraisal", PERSON)["status"] == status
    assert scored.row("score_result", PERSON)["status"] == signed
    release(scored.score(), app=scored.app, decider=DECIDER)
    assert scored.row("cycle", CYCLE)["status"] == "feedback"
    assert scored.row("appraisal", PERSON)["status"] == "awaiting_confirmation"
    assert scored.row("score_result", PERSON)["status"] == "released"
    assert scored.row("appraisal_item", ITEM)["score"] == Decimal("96.035088")


def test_items_without_metric_are_known_by_their_goal_and_strays_are_left_alone(
    scored: Office, outcome: ScoreOutcome
) -> None:
    table = schema().table("appraisal_item")
    appraisal = scored.item("appraisal", PERSON)
    goal = scored.item("goal", f"[{CYCLE}|E025|M01]")
    standing = outcome.reading.tables["appraisal_item"]
    by_goal = {"natural_key": "[x|goal]", "appraisal": (appraisal,), "goal": (goal,), "weight": Decimal(0)}
    strays = [{"natural_key": "[x|none]"}, {"natural_key": "[x|lost]", "appraisal": ("nowhere",), "metric": ("no",)}]
    for values in (by_goal, *strays):
        scored.memory.put(table, values)
    for page in scored.memory.scan(query=ItemQuery(table=table), bindings=scored.app.bindings):
        for item in page.items:
            standing.add(item)
    items = {**outcome.scores.items, (PERSON, f"[{CYCLE}|E025|M01]"): outcome.scores.items[PERSON, "M01"]}
    outcome = replace(outcome, scores=replace(outcome.scores, items=items))
    release(outcome, app=scored.app, decider=DECIDER)
    assert scored.row("appraisal_item", "[x|goal]")["score"] == Decimal("90.080000")
    assert "score" not in scored.row("appraisal_item", "[x|none]")
    assert "score" not in scored.row("appraisal_item", "[x|lost]")


def test_stretches_of_one_item_take_the_score_of_their_own_segment(scored: Office) -> None:
    first, last = (ItemScore(actual=None, score=Decimal(one), weighted=Decimal(one)) for one in (80, 90))
    item = scored.row("appraisal_item", f"[{CYCLE}|E025|KPI|M01|2026-07-01]")
    later = {"natural_key": f"[{CYCLE}|E025|KPI|M01|2026-08-16]", "valid_from": date(2026, 8, 16)}
    outcome = scored.score(apply=False)
    outcome.reading.tables["appraisal_item"].add(Item(item_id=ItemId("9"), values={**item, **later}))
    for scores, wanted in (((first, last), (80, 90)), ((last,), (90, 90)), ((), (None, None))):
        items = {**outcome.scores.items, (PERSON, "M01"): scores}
        rows = release_rows(replace(outcome, scores=replace(outcome.scores, items=items)))
        found = [rows.get(f"[{CYCLE}|E025|KPI|M01|2026-{day}]") for day in ("07-01", "08-16")]
        assert tuple(found) == wanted


def release_rows(outcome: ScoreOutcome) -> dict[str, Value | Refs]:
    """考核指标 that a release would write → their score."""
    return {row.key: row.values["score"] for row in _items(outcome, outcome.reading.tables)}
