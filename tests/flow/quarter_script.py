"""What people do in a quarter, told once: the stage says how it reaches the workspace.

Nobody here runs a job: people change rows, as the workspace lets them, and time passes; the rest is the service's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Protocol, Self

from huoban_perf.core.values import Value

CYCLE = "2026Q4"
HR, PAYROLL, EXECUTIVE = "HR", "PAY", "E001"
Rows = Mapping[str, Mapping[str, Value]]


class Stage(Protocol):
    """A workspace with people in it and a service beside it."""

    def at(self, day: date, hour: int = 9, minute: int = 5) -> Self:
        """Move to a moment of a day in China and let the service settle."""
        ...

    def settle(self) -> Self:
        """Let the service run until nothing is left to do."""
        ...

    def rows(self, table: str) -> Rows:
        """Natural key → values as they stand."""
        ...

    def pick(self, table: str, key: str, *, by: str | None = None, **values: Value) -> None:
        """A person changes a row; ``by`` is the 工号, or found from the action that is picked."""
        ...

    def make(self, table: str, *, by: str, **values: Value) -> None:
        """A person makes a row."""
        ...

    def item(self, table: str, key: str) -> tuple[str, ...]:
        """A relation to a row."""
        ...

    def member(self, number: str) -> tuple[str, ...]:
        """A person as the value of a member field."""
        ...

    def signature(self, by: str) -> Value:
        """A signature as the value of a field."""
        ...


def keys(run: Stage, table: str, where: Callable[[Mapping[str, Value]], bool]) -> list[str]:
    """Keys of the rows that satisfy a condition, in order."""
    return sorted(key for key, row in run.rows(table).items() if where(row))


def play(run: Stage) -> None:
    """Live the quarter through, from 公示 to 归档."""
    for act in ACTS:
        act(run)


def goals(run: Stage) -> None:
    """公示; everybody sets goals, one wrongly, one is sent back."""
    run.at(date(2026, 9, 23), 8)
    run.pick("cycle", CYCLE, hr_action="announce")
    run.settle()
    run.at(date(2026, 9, 28))
    people = keys(run, "employee", lambda row: row["participation"] == "included")
    for number in people:
        run.make("goal", by=number, **_goal(run, number))
    run.at(date(2026, 9, 29))  # access-sync writes who may see what
    for number in people:
        run.pick("appraisal", f"[{CYCLE}|{number}]", employee_action="submit_goals")
    run.settle()
    (wrong,) = keys(run, "goal", lambda row: row.get("weight") == Decimal(90))
    run.pick("goal", wrong, by="E012", weight=Decimal(100))
    run.pick("appraisal", f"[{CYCLE}|E012]", employee_action="submit_goals")
    run.at(date(2026, 9, 30))
    run.pick("appraisal", f"[{CYCLE}|E013]", manager_action="return_goals", action_reason="请写明数据来源")
    run.settle()
    run.pick("appraisal", f"[{CYCLE}|E013]", employee_action="submit_goals")
    run.settle()
    for key in keys(run, "appraisal", lambda row: row["status"] == "goals_awaiting_confirmation"):
        run.pick("appraisal", key, manager_action="confirm_goals")
    run.settle()
    run.at(date(2026, 10, 13), 6)


def _goal(run: Stage, number: str) -> dict[str, Value]:
    return {
        "name": "内部满意度",
        "level": "person",
        "kind": "quantitative",
        "cycle": run.item("cycle", CYCLE),
        "employee": run.item("employee", number),
        "appraisal": run.item("appraisal", f"[{CYCLE}|{number}]"),
        "metric": run.item("metric", "M07"),
        "passing_value": Decimal(70),
        "target_value": Decimal(85),
        "excellent_value": Decimal(95),
        "evidence": "上季度问卷",
        "start_date": date(2026, 10, 1),
        "end_date": date(2026, 12, 31),
        "weight": Decimal(90 if number == "E012" else 100),
    }


def figures(run: Stage) -> None:
    """Every month owners fill in what is asked, and superiors verify it."""
    for month, day in ((11, date(2026, 11, 2)), (12, date(2026, 12, 2)), (1, date(2027, 1, 3))):
        run.at(day)
        due = keys(run, "metric_actual", lambda row: row["status"] == "to_fill" and row["period_end"] < day)  # type: ignore[operator] # noqa: B023
        for place, key in enumerate(due):
            run.pick("metric_actual", key, by=HR, actual_value=Decimal(60 + (place * 7 + month) % 40))
        run.settle()
        for key in keys(run, "metric_actual", lambda row: row["status"] == "to_verify"):
            run.pick("metric_actual", key, manager_action="verify")
        run.settle()


def reviews(run: Stage) -> None:
    """One declines, the others accept; one self-review never comes, superiors wait for theirs."""
    run.at(date(2027, 1, 4))
    (declined, *_) = keys(run, "review_task", lambda row: row["relation"] == "peer")
    run.pick("review_task", declined, rater_action="decline", decline_reason="没有共事")
    run.settle()
    for key in keys(run, "review_task", lambda row: row["status"] == "awaiting_acceptance"):
        run.pick("review_task", key, rater_action="accept")
    run.settle()
    _submit(run, lambda row: row["relation"] == "self" and "E015|" not in str(row["natural_key"]))
    run.at(date(2027, 1, 8))
    _submit(run, lambda row: row["relation"] in {"superior", "peer"})
    run.at(date(2027, 1, 11))
    _submit(run, lambda row: row["relation"] == "superior")


def _submit(run: Stage, where: Callable[[Mapping[str, Value]], bool]) -> None:
    options = ("g5", "g4", "g3", "g3", "g4", "g2")
    for place, key in enumerate(keys(run, "review_task", lambda row: row["status"] == "to_review" and where(row))):
        answer = options[place % len(options)]
        run.pick(
            "review_task",
            key,
            expertise=answer,
            cooperation=answer,
            ownership=answer,
            extreme_evidence="客户来信" if answer == "g5" else None,
            rater_action="submit",
        )
    run.settle()


def decisions(run: Stage) -> None:
    """The committee moves one grade, HR closes calibration, the decider releases."""
    run.at(date(2027, 1, 13))
    run.pick("cycle", CYCLE, hr_action="end_reviews")
    run.settle()
    run.at(date(2027, 1, 14), 6)  # access-sync shows the committee its rows
    sheet = f"[{CYCLE}|E010]"
    before = run.rows("score_result")[sheet]["initial_grade"]
    wished = "a" if before != "a" else "b"
    run.pick("score_result", sheet, by="E004", proposed_grade=wished, calibration_reason="季度内带新人两名")
    run.at(date(2027, 1, 15))
    for key in keys(run, "calibration", lambda row: row["status"] == "pending"):
        run.pick("calibration", key, decider_action="approve")
    run.at(date(2027, 1, 16))
    run.pick("cycle", CYCLE, hr_action="finish_calibration")
    run.settle()
    run.at(date(2027, 1, 18))
    run.pick("cycle", CYCLE, decider_action="release")
    run.settle()


def feedback(run: Stage) -> None:
    """Talks are held and signed; two in three confirm; one appeals and is heard."""
    run.at(date(2027, 1, 19))
    held = datetime(2027, 1, 20, 2, tzinfo=UTC)
    for key in keys(run, "interview", lambda row: row["status"] == "to_schedule"):
        run.pick("interview", key, scheduled_at=held, manager_action="schedule")
    run.settle()
    run.at(date(2027, 1, 20))
    minutes: dict[str, Value] = {"strengths": "稳", "weaknesses": "慢", "agreements": "每周一次"}
    for key in keys(run, "interview", lambda row: row["status"] == "scheduled"):
        run.pick("interview", key, strategy_alignment="aligned", manager_action="hand_in", **minutes)
    run.settle()
    for key in keys(run, "interview", lambda row: row["status"] == "awaiting_signature"):
        number = key.strip("[]").split("|")[1]
        run.pick("interview", key, by=number, employee_signature=run.signature(number), employee_action="sign")
    run.at(date(2027, 1, 21))
    waiting = keys(run, "appraisal", lambda row: row["status"] == "awaiting_confirmation")
    for key in waiting[: len(waiting) * 2 // 3]:
        run.pick("appraisal", key, employee_action="confirm")
    run.settle()
    _appeal(run)


def _appeal(run: Stage) -> None:
    run.make(
        "appeal",
        by="E020",
        appraisal=run.item("appraisal", f"[{CYCLE}|E020]"),
        appellant=run.member("E020"),
        matter="data",
        reason="12月数据少记",
    )
    run.at(date(2027, 1, 22))
    (case,) = run.rows("appeal")
    run.pick("appeal", case, hr_action="accept")
    run.at(date(2027, 1, 25))
    run.pick("appeal", case, by=HR, final_decider=run.member("E003"))
    run.pick(
        "appeal",
        case,
        procedure_checks=("data_verified",),
        remedy="set_score",
        remedy_value="88",
        conclusion="补记属实",
        handler_action="conclude",
    )
    run.settle()
    run.pick("appeal", case, decider_action="adjust")
    run.settle()


def end(run: Stage) -> None:
    """Who said nothing is held to have read; proposals are dealt with; HR files the cycle."""
    run.at(date(2027, 1, 26)).at(date(2027, 1, 27))
    _plan(run)
    run.at(date(2027, 2, 1))
    for key in keys(run, "improvement", lambda row: row["status"] == "awaiting_confirmation"):
        run.pick("improvement", key, employee_action="confirm")
    for key in keys(run, "outcome", lambda row: row["status"] == "draft"):
        run.pick("outcome", key, hr_action="cancel", action_reason="并入年度安排")
    run.settle()
    run.pick("cycle", CYCLE, hr_action="archive")
    run.settle()


def _plan(run: Stage) -> None:
    """Superiors complete the plans that were drafted after weak results, each with a task."""
    for key in keys(run, "improvement", lambda row: row["status"] == "draft"):
        number = key.strip("[]").split("|")[0]
        run.make(
            "plan_task",
            by=number,
            status="not_started",
            name="每周与导师复盘一次数据",
            kind="improvement",
            improvement=run.item("improvement", key),
            owner=run.member(number),
            planned_start=date(2027, 2, 1),
            planned_end=date(2027, 4, 16),
        )
        said: dict[str, Value] = {"gap": "报表迟交", "objective": "连续两月准时", "support": "导师每周一次"}
        run.pick("improvement", key, manager_action="submit", **said)


ACTS = (goals, figures, reviews, decisions, feedback, end)
