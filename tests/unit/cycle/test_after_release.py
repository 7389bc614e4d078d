from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import CycleError
from huoban_perf.core.values import Value
from huoban_perf.cycle.appeal_reviews import grade_of
from huoban_perf.cycle.appeals import appeal
from huoban_perf.cycle.calibrate import calibrate
from huoban_perf.cycle.closing import archive, remind
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.external import match_external
from huoban_perf.cycle.guards import CYCLE_GUARDS, Asked
from huoban_perf.cycle.improving import improve
from huoban_perf.cycle.interview import interview
from huoban_perf.cycle.jobs import cycles_for
from huoban_perf.cycle.outcomes import outcomes
from huoban_perf.cycle.status import cycle_status
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes, firm, reviewing_on
from tests.unit.sync.company import copied, schema

SHEET = f"[{CYCLE}|E010]"
RELEASED = datetime(2027, 1, 18, 1, tzinfo=UTC)


def reviewed(company: Firm) -> Firm:
    """The cycle in 评价中 with superiors' reviews in and every result scored."""
    reviewing_on(company, date(2027, 1, 8))
    for key, task in company.rows("review_task").items():
        if task["relation"] == "superior":
            company.set("review_task", key, status="submitted")
    for key, sheet in company.rows("appraisal").items():
        if sheet["status"] == "reviewing":
            values: dict[str, Value | Refs] = {
                "status": "scored",
                "appraisal": Refs("appraisal", (key,)),
                "raw_score": Decimal("78.5"),
                "initial_grade": "b",
            }
            company.put("score_result", key, values)
    return company


def released(company: Firm) -> Firm:
    """The cycle in 反馈申诉 with released figures on every sheet."""
    for key, sheet in company.rows("appraisal").items():
        if sheet["status"] in {"reviewing", "calculating"}:
            company.set(
                "appraisal",
                key,
                status="awaiting_interview",
                released_score=Decimal("78.50"),
                released_grade="b",
                released_receipt="结果 78.50 · 等级 B",
                release_revision=Decimal(1),
                released_on=RELEASED,
            )
    company.set("cycle", CYCLE, status="feedback")
    return company


@pytest.fixture(scope="module")
def reviewing_memory(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    return reviewed(firm(tmp_path_factory.mktemp("firm")))


@pytest.fixture
def reviewing(reviewing_memory: Firm, tmp_path: Path) -> Firm:
    return Firm(copied(reviewing_memory.memory), tmp_path).on(date(2027, 1, 13))


@pytest.fixture
def feedback(reviewing: Firm) -> Firm:
    return released(reviewing).on(date(2027, 1, 19))


def status(company: Firm, table: str, key: str) -> Value:
    return company.rows(table)[key]["status"]


# --- calibrate ------------------------------------------------------------------------------------------------------


def test_reviews_end_when_asked_and_open_tasks_expire(reviewing: Firm) -> None:
    assert reviewing.run("calibrate", calibrate).changes == 0
    reviewing.set("cycle", CYCLE, hr_action="end_reviews")
    reviewing.run("calibrate", calibrate)
    cycle = reviewing.rows("cycle")[CYCLE]
    assert (cycle["status"], cycle["hr_action"], cycle["action_result"]) == ("calibrating", None, "已完成: 校准中")
    assert status(reviewing, "appraisal", SHEET) == "calculating"
    assert {row["status"] for row in reviewing.rows("review_task").values()} <= {"submitted", "expired", "recalled"}
    assert str(reviewing.rows("appraisal")[SHEET]["stage_times"]).endswith("核算中 2027-01-13")


def test_reviews_do_not_end_while_superiors_or_results_are_missing(reviewing: Firm) -> None:
    reviewing.set("review_task", f"[{CYCLE}|E010|superior|E004]", status="to_review")
    reviewing.set("score_result", f"[{CYCLE}|E011]", status="held", missing_notes="M01 缺数据")
    writes = reviewing.memory.writes
    with pytest.raises(CycleError) as caught:
        reviewing.run("calibrate", calibrate, end_reviews="yes")
    assert codes(caught.value.problems) == ["cycle.superior_missing", "cycle.result_held"]
    assert reviewing.memory.writes == writes


def test_proposed_grade_needs_a_reason_and_becomes_a_pending_record_once(reviewing: Firm) -> None:
    reviewing.run("calibrate", calibrate, end_reviews="yes")
    reviewing.set("score_result", SHEET, proposed_grade="a")
    report = reviewing.run("calibrate", calibrate)
    assert codes(report.notes) == ["cycle.no_calibration_reason"]
    assert status(reviewing, "score_result", SHEET) == "scored"
    reviewing.set("score_result", SHEET, calibration_reason="带出两名新人, 有记录")
    reviewing.run("calibrate", calibrate)
    key = f"[{CYCLE}|E010|calibration|1]"
    record = reviewing.rows("calibration")[key]
    assert (record["status"], record["old_grade"], record["new_grade"]) == ("pending", "b", "a")
    assert reviewing.run("calibrate", calibrate).changes == 0
    reviewing.set("calibration", key, status="approved")
    reviewing.run("calibrate", calibrate)
    assert status(reviewing, "score_result", SHEET) == "calibrated"


# --- interview, remind, improve, archive ----------------------------------------------------------------------------


def test_talks_are_made_once_and_sheets_go_on_when_they_are_over(feedback: Firm) -> None:
    feedback.run("interview", interview)
    talk = f"[{CYCLE}|E010|1]"
    row = feedback.rows("interview")[talk]
    assert (row["status"], row["interviewer"], row["due_on"]) == ("to_schedule", ("uE004",), date(2027, 1, 28))
    assert "得分" not in str(row["outline"])
    assert feedback.run("interview", interview).changes == 0
    feedback.set("interview", talk, status="signed")
    feedback.run("interview", interview)
    assert status(feedback, "appraisal", SHEET) == "awaiting_confirmation"


def test_silence_counts_as_read_only_after_the_day_and_the_reminders(feedback: Firm) -> None:
    feedback.set("appraisal", SHEET, status="awaiting_confirmation")
    feedback.on(date(2027, 1, 25)).run("remind", remind)
    assert status(feedback, "appraisal", SHEET) == "awaiting_confirmation"
    feedback.on(date(2027, 1, 26)).run("remind", remind)
    row = feedback.rows("appraisal")[SHEET]
    assert (row["status"], row["confirmation_kind"]) == ("completed", "lapsed")


def test_weak_result_drafts_support_and_nothing_else(feedback: Firm) -> None:
    feedback.set("appraisal", SHEET, released_grade="d")
    feedback.run("improve", improve)
    (plan,) = feedback.rows("improvement").values()
    assert (plan["status"], plan["coach"]) == ("draft", ("uE004",))
    assert feedback.run("improve", improve).changes == 0


def agreed(feedback: Firm) -> str:
    """A plan that its superior handed in and the person agreed to, as the executor leaves it."""
    feedback.set("appraisal", SHEET, released_grade="d")
    feedback.run("improve", improve)
    (plan,) = feedback.rows("improvement")
    feedback.set("improvement", plan, status="running", review_frequency="two_weeks")
    return plan


def test_review_of_a_running_plan_is_dated_from_the_last_one_and_never_after_its_end(feedback: Firm) -> None:
    plan = agreed(feedback)
    start, end = (feedback.rows("improvement")[plan][name] for name in ("start_date", "end_date"))
    assert isinstance(start, date)
    assert isinstance(end, date)
    feedback.run("improve", improve)
    assert feedback.rows("improvement")[plan]["next_review_on"] == start + timedelta(days=14)
    for held in (start + timedelta(days=15), end - timedelta(days=3)):
        review = {"kind": "improvement_review", "date": held, "improvement": Refs("improvement", (plan,))}
        feedback.put("log", f"[E010|uE004|{held}|1]", review)
        feedback.run("improve", improve)
        assert feedback.rows("improvement")[plan]["next_review_on"] == min(end, held + timedelta(days=14))
    assert feedback.run("improve", improve).changes == 0


def test_plan_is_followed_after_its_cycle_is_archived(feedback: Firm) -> None:
    plan = agreed(feedback)
    feedback.set("cycle", CYCLE, status="archived")
    app_cycles = cycles_for(Book(feedback.app), "improve")
    assert app_cycles == [""]
    feedback.on(date(2027, 5, 31))
    assert codes(feedback.run("improve", improve, cycle="").notes) == ["cycle.no_improvement_review"]
    review = {"kind": "improvement_review", "date": date(2027, 3, 1), "improvement": Refs("improvement", (plan,))}
    feedback.put("log", "[E010|uE004|2027-03-01|1]", review)
    feedback.run("improve", improve, cycle="")
    assert status(feedback, "improvement", plan) == "awaiting_closure"


def test_archive_waits_for_plans_that_nobody_handed_in_or_agreed_to(feedback: Firm) -> None:
    feedback.set("appraisal", SHEET, released_grade="d")
    feedback.run("improve", improve)
    (plan,) = feedback.rows("improvement")
    for key, row in feedback.rows("appraisal").items():
        if row["status"] == "awaiting_interview":
            feedback.set("appraisal", key, status="completed")
    for waiting in ("draft", "awaiting_confirmation"):
        feedback.set("improvement", plan, status=waiting)
        with pytest.raises(CycleError) as caught:
            feedback.run("archive", archive, archive="yes")
        assert codes(caught.value.problems) == ["cycle.plan_unagreed"]
        context = JobContext(book=Book(feedback.app), cycle_name=CYCLE)
        assert codes(cycle_status(context).blocks) == ["cycle.plans_unagreed"]
        cycle = context.cycle
        assert CYCLE_GUARDS["cycle", "plans_agreed"](Asked(clock=feedback.clock), cycle) == {"count": 1}
    feedback.set("improvement", plan, status="running")
    assert feedback.run("archive", archive, archive="yes").changes == 1


def test_archive_waits_until_everything_is_settled(feedback: Firm) -> None:
    unasked = feedback.run("archive", archive)
    assert (unasked.changes, codes(unasked.notes)) == (0, ["cycle.archive_unasked"])
    with pytest.raises(CycleError) as caught:
        feedback.run("archive", archive, archive="yes")
    assert set(codes(caught.value.problems)) == {"cycle.sheet_open"}
    for key, row in feedback.rows("appraisal").items():
        if row["status"] == "awaiting_interview":
            feedback.set("appraisal", key, status="completed")
    feedback.set("cycle", CYCLE, hr_action="archive")
    feedback.run("archive", archive)
    assert status(feedback, "cycle", CYCLE) == "archived"


# --- appeal ---------------------------------------------------------------------------------------------------------

APPEAL = f"[{CYCLE}|E010|1]"


def appealed(company: Firm, **values: Value) -> Firm:
    company.put(
        "appeal",
        APPEAL,
        {
            "status": "submitted",
            "appraisal": Refs("appraisal", (SHEET,)),
            "appellant": ("uE010",),
            "matter": "data",
            "reason": "回款数据少记一笔",
            **values,
        },
    )
    return company


def test_appeal_puts_the_sheet_aside_and_sets_limits_in_working_days(feedback: Firm) -> None:
    appealed(feedback).run("appeal", appeal)
    row = feedback.rows("appeal")[APPEAL]
    sheet = feedback.rows("appraisal")[SHEET]
    assert (sheet["status"], sheet["status_before_appeal"]) == ("appealing", "awaiting_interview")
    assert (row["accept_by"], row["original_score"]) == (date(2027, 1, 22), Decimal("78.50"))
    assert feedback.run("appeal", appeal).changes == 0


def test_accepted_appeal_goes_to_somebody_who_had_no_part_in_it(feedback: Firm) -> None:
    feedback.set("department", "D30", head=("uE008",))
    appealed(feedback).run("appeal", appeal)
    feedback.set("appeal", APPEAL, status="accepted")
    feedback.run("appeal", appeal)
    row = feedback.rows("appeal")[APPEAL]
    assert (row["status"], row["handler"]) == ("reviewing", ("uE008",))
    assert feedback.rows("score_result")[SHEET]["appeal_handlers"] == ("uE008",)


def test_without_an_impartial_person_hr_must_name_one(feedback: Firm) -> None:
    appealed(feedback).run("appeal", appeal)
    feedback.set("appeal", APPEAL, status="accepted")
    report = feedback.run("appeal", appeal)
    assert codes(report.notes) == ["cycle.no_impartial_handler", "cycle.no_impartial_decider"]


def test_upheld_result_brings_the_sheet_back_where_it_was(feedback: Firm) -> None:
    appealed(feedback).run("appeal", appeal)
    feedback.set("appeal", APPEAL, status="upheld")
    feedback.run("appeal", appeal)
    assert status(feedback, "appraisal", SHEET) == "awaiting_interview"


def test_adjustment_releases_a_new_revision_of_one_person_once(feedback: Firm) -> None:
    appealed(feedback).run("appeal", appeal)
    feedback.set(
        "appeal",
        APPEAL,
        status="awaiting_final",
        decider_action="adjust",
        remedy="set_score",
        remedy_value="86",
        conclusion="补记回款",
    )
    others = {key: row for key, row in feedback.rows("appraisal").items() if key != SHEET}
    before = repr(others)
    feedback.run("appeal", appeal)
    sheet = feedback.rows("appraisal")[SHEET]
    assert (sheet["released_score"], sheet["released_grade"], sheet["release_revision"]) == (
        Decimal(86),
        "a",
        Decimal(2),
    )
    assert str(sheet["released_receipt"]).endswith("申诉调整: 裁定得分: 得分 78.50 → 86.00; 等级 B → A")
    assert sheet["status"] == "awaiting_confirmation"
    assert (status(feedback, "appeal", APPEAL), feedback.rows("appeal")[APPEAL]["decider_action"]) == ("adjusted", None)
    record = feedback.rows("calibration")[f"[{CYCLE}|E010|appeal|1]"]
    assert (record["status"], record["new_grade"]) == ("approved", "a")
    assert repr({key: row for key, row in feedback.rows("appraisal").items() if key != SHEET}) == before
    assert feedback.run("appeal", appeal).changes == 0


def test_adjustment_without_a_score_is_told_and_not_applied(feedback: Firm) -> None:
    appealed(feedback).run("appeal", appeal)
    feedback.set("appeal", APPEAL, status="awaiting_final", decider_action="adjust", remedy="correct_data")
    assert codes(feedback.run("appeal", appeal).notes) == ["cycle.no_reviewed_score"]
    assert status(feedback, "appeal", APPEAL) == "awaiting_final"


@pytest.mark.parametrize(("score", "grade"), [("95", "s"), ("94.99", "a"), ("70", "b"), ("59.99", "d"), ("0", "d")])
def test_grade_is_the_band_a_score_reaches(feedback: Firm, score: str, grade: str) -> None:
    book = Book(feedback.app)
    sheet = book.find("appraisal", SHEET)
    assert isinstance(sheet, Row)
    assert grade_of(sheet, Decimal(score)) == grade


# --- outcomes -------------------------------------------------------------------------------------------------------


def test_nothing_but_support_follows_from_a_weak_grade_alone(feedback: Firm) -> None:
    for key, row in feedback.rows("appraisal").items():
        if row["status"] == "awaiting_interview":
            feedback.set("appraisal", key, status="completed", released_grade="d")
    feedback.on(date(2027, 1, 30)).run("outcomes", outcomes)
    assert {row["kind"] for row in feedback.rows("outcome").values()} == {"training"}


# --- match-external ---------------------------------------------------------------------------------------------------


def test_first_answer_of_a_code_counts_and_others_are_marked(reviewing: Firm) -> None:
    reviewing.put(
        "review_task",
        f"[{CYCLE}|E010|customer|C1]",
        {
            "status": "to_review",
            "appraisal": Refs("appraisal", (SHEET,)),
            "relation": "customer",
            "external_rater": "C1",
            "invite_code": "K7Q2",
        },
    )
    table = schema().table("external_review")
    for code, option in (("K7Q2", "g4"), ("K7Q2", "g1"), ("NOPE", "g5")):
        values: dict[str, Value] = {
            "invite_code": code,
            "service_attitude": option,
            "opinion": "很快",
            "match_status": "pending",
        }
        reviewing.memory.put(table, values)
    report = reviewing.run("match-external", match_external)
    assert codes(report.notes) == ["cycle.code_duplicate", "cycle.code_invalid"]
    task = reviewing.rows("review_task")[f"[{CYCLE}|E010|customer|C1]"]
    assert (task["status"], task["service_attitude"], task["overall_comment"]) == ("submitted", "g4", "很快")
    marks = [values["match_status"] for _, values in reviewing.memory.items["external_review"].values()]
    assert marks == ["matched", "duplicate", "invalid"]
    assert reviewing.run("match-external", match_external).changes == 0
