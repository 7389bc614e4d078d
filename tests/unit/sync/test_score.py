from __future__ import annotations

from decimal import Decimal

import pytest

from huoban_perf.core.errors import (
    AmbiguousRowError,
    ScoringInputError,
    SealedCycleError,
    SyncError,
    UnconfirmedWriteError,
    UnsafePlanError,
)
from huoban_perf.sync.cycle_row import CycleRow
from huoban_perf.sync.score import refuse_sealed, run_score
from tests.unit.sync.company import CYCLE, Office, extract_map, schema

PERSON = f"[{CYCLE}|E025]"


def test_first_run_writes_results_forms_and_one_log_row(office: Office) -> None:
    outcome = office.score()
    written = {report.table: report.written for report in outcome.reports}
    assert written == {"score_result": 58, "review_task": 387, "run_log": 1}
    row = office.row("score_result", PERSON)
    assert (row["status"], row["initial_grade"], row["batch"]) == ("scored", "a", outcome.run)
    assert row["appraisal"] == (office.item("appraisal", PERSON),)
    assert str(row["scheme_hash"]).startswith("sha256:")
    assert str(row["receipt_draft"]).startswith("结果 87.78")
    log = office.row("run_log", outcome.run)
    assert (log["planned_count"], log["failure_count"], log["exit_code"]) == (outcome.pending, Decimal(0), Decimal(0))
    manifest, folder = office.runs.load(run=outcome.run)
    assert manifest.rows["people"] == 60
    assert (folder / "extract" / "ratings.csv").exists()


def test_second_run_writes_nothing_not_even_a_log(scored: Office) -> None:
    before = scored.content()
    outcome = scored.score()
    assert scored.memory.writes == 0
    assert outcome.pending == 0
    assert sum(report.written for report in outcome.reports) == 0
    assert scored.content() == before


def test_preview_writes_nothing(office: Office) -> None:
    before = office.content()
    outcome = office.score(apply=False)
    assert outcome.pending > 400
    assert outcome.reports == ()
    assert office.content() == before


def test_only_what_changed_is_written_and_later_steps_keep_their_status(scored: Office) -> None:
    for key, status in ((f"[{CYCLE}|E030]", "approved"), (PERSON, "void")):
        scored.row("score_result", key)["status"] = status
    for subject in ("E025", "E030"):
        form = f"[{CYCLE}|{subject}|superior|{'E004' if subject == 'E025' else 'E005'}]"
        forms = [
            values
            for _, values in scored.memory.items["review_task"].values()
            if str(values["natural_key"]).startswith(f"[{CYCLE}|{subject}|superior|")
        ]
        assert len(forms) == 1, form
        forms[0].update(dict.fromkeys(("cooperation", "ownership", "expertise"), "g1"))
    outcome = scored.score()
    results = next(plan for plan in outcome.plans if plan.table.key == "score_result")
    assert {write.key for write in results.updated} == {PERSON, f"[{CYCLE}|E030]"}
    assert scored.row("score_result", f"[{CYCLE}|E030]")["status"] == "approved"
    assert scored.row("score_result", PERSON)["status"] == "scored"
    assert scored.row("score_result", PERSON)["batch"] == outcome.run
    assert scored.row("score_result", f"[{CYCLE}|E040]")["batch"] != outcome.run


def test_approved_points_count_and_others_do_not(scored: Office) -> None:
    before = scored.row("score_result", PERSON)["raw_score"]
    table = schema().table("points_entry")
    entries = (
        ("plus", "3", "approved"),
        ("minus", "1", "approved"),
        ("plus", "9", "pending"),
        ("plus", "9", "rejected"),
    )
    for place, (kind, points, status) in enumerate(entries):
        values = {
            "natural_key": f"[{CYCLE}|E025|{place}]",
            "appraisal": (scored.item("appraisal", PERSON),),
            "kind": kind,
            "points": Decimal(points),
            "status": status,
            "reason": "带新人",
        }
        scored.memory.put(table, values)
    scored.score()
    row = scored.row("score_result", PERSON)
    assert row["points_adjustment"] == Decimal(2)
    assert row["raw_score"] == before + 2  # type: ignore[operator]
    assert "带新人" in str(row["receipt_draft"])


def test_missing_superior_rating_awaits_reviews_and_missing_actual_is_held(office: Office) -> None:
    rows = office.memory.items["review_task"]
    gone = [item for item, (_, values) in rows.items() if str(values["natural_key"]).startswith(f"{PERSON[:-1]}|super")]
    assert len(gone) == 1
    del rows[gone[0]]
    office.row("scheme", "[标准方案|1]")["missing_policy"] = "hold"
    actuals = office.memory.items["metric_actual"]
    for item in [item for item, (_, values) in actuals.items() if "|E030|" in str(values["natural_key"])]:
        del actuals[item]
    office.score()
    waiting, held = office.row("score_result", PERSON), office.row("score_result", f"[{CYCLE}|E030]")
    assert (waiting["status"], waiting.get("initial_grade")) == ("awaiting_reviews", None)
    assert (held["status"], held.get("raw_score")) == ("held", None)
    assert "缺实际值" in str(held["missing_notes"])


def test_sealed_cycle_without_difference_passes_and_with_one_is_refused(scored: Office) -> None:
    scored.row("cycle", CYCLE)["status"] = "feedback"
    assert scored.score().pending == 0
    scored.row("score_result", PERSON)["raw_score"] = Decimal(1)
    before = scored.content()
    with pytest.raises(SealedCycleError) as caught:
        scored.score()
    assert caught.value.facts == {"cycle": CYCLE, "count": 1}
    assert scored.content() == before


@pytest.mark.parametrize(
    ("status", "pending", "refused"),
    [("reviewing", 5, False), ("feedback", 0, False), ("feedback", 1, True), ("archived", 1, True)],
)
def test_seal(status: str, pending: int, refused: bool) -> None:
    cycle = CycleRow(name=CYCLE, status=status, row=0, decider=None)
    if refused:
        with pytest.raises(SealedCycleError):
            refuse_sealed(cycle, pending=pending)
    else:
        refuse_sealed(cycle, pending=pending)
        assert cycle.is_sealed == (status in {"feedback", "archived"})


def test_run_that_would_replace_most_results_stops_and_asks(scored: Office) -> None:
    for _, values in scored.memory.items["score_result"].values():
        values["raw_score"] = Decimal(1)
    before = scored.content()
    with pytest.raises(UnsafePlanError) as caught:
        scored.score()
    assert caught.value.facts == {"table": "核算结果", "count": 58, "total": 58, "share": 50}
    assert scored.content() == before
    assert scored.score(allow_large_change=True).pending == 58


def test_killed_between_tables_then_run_again_ends_in_the_same_world(office: Office, scored: Office) -> None:
    office.memory.lose = frozenset({f"{PERSON[:-1]}|self|E025]"})
    with pytest.raises(UnconfirmedWriteError) as caught:
        office.score()
    assert caught.value.facts["table"] == "评价任务"
    (broken,) = [row for _, row in office.memory.items["run_log"].values()]
    assert (broken["planned_count"], broken.get("ended_on")) == (Decimal(445), None)
    office.memory.lose = frozenset()
    office.score()
    kept = {table: rows for table, rows in office.content().items() if table != "run_log"}

    def plain(content: dict[str, list[str]], run: str) -> str:
        return str(content).replace(run, "RUN")

    runs = [office.row("score_result", PERSON)["batch"], scored.row("score_result", PERSON)["batch"]]
    expected = {table: rows for table, rows in scored.content().items() if table != "run_log"}
    moments = [office.row("score_result", PERSON)["calculated_on"], scored.row("score_result", PERSON)["calculated_on"]]
    assert plain(kept, str(runs[0])).replace(repr(moments[0]), "T") == plain(expected, str(runs[1])).replace(
        repr(moments[1]), "T"
    )


def test_unknown_cycle_names_those_there_are(office: Office) -> None:
    with pytest.raises(SyncError) as caught:
        run_score(office.app, extract_map=extract_map(), cycle="2026Q9", runs=office.runs, apply=True)
    assert (caught.value.code, caught.value.facts["known"]) == ("sync.no_cycle", (CYCLE,))


def test_broken_input_lists_its_rows_and_nothing_is_written(office: Office) -> None:
    office.row("appraisal_item", f"[{CYCLE}|E025|KPI|M01|2026-07-01]")["weight"] = Decimal(-40)
    before = office.content()
    with pytest.raises(ScoringInputError) as caught:
        office.score()
    assert caught.value.problems
    assert office.content() == before
    assert office.runs.names() == []


def test_two_result_rows_with_one_key_stop_the_run(scored: Office) -> None:
    scored.memory.put(schema().table("score_result"), {"natural_key": PERSON, "status": "scored"})
    with pytest.raises(AmbiguousRowError) as caught:
        scored.score()
    assert caught.value.facts["table"] == "核算结果"
