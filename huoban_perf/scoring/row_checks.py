"""What a row of an input frame must satisfy beyond being readable: ranges, order, references, one per line.

A condition is true for a *bad* row; it speaks of the typed row ``t`` and of earlier typed relations.

Source: score-files.md (grain, references); scoring.md S0, S1, S2, S4, S7, S11, S12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.workbench import fill


@dataclass(frozen=True, slots=True)
class RowCheck:
    """One condition a row must not meet.

    Attributes:
        frame: English frame name.
        code: Message id after ``input.``.
        column: The column shown with the fault.
        condition: SQL over ``t``.
        expected: What would be right.
        needs: Frames that must be given for the check to make sense.
    """

    frame: str
    code: str
    column: str
    condition: str
    expected: str = ""
    needs: tuple[str, ...] = ()


def _unknown(frame: str, column: str, target: str, key: str) -> RowCheck:
    condition = fill(
        "t.$column IS NOT NULL AND NOT EXISTS (SELECT 1 FROM t_$target AS k WHERE k.$key = t.$column)",
        column=column,
        target=target,
        key=key,
    )
    return RowCheck(frame, "unknown_reference", column, condition, target)


def _subject(frame: str) -> RowCheck:
    condition = (
        "NOT CASE t.kind WHEN 'person' THEN EXISTS (SELECT 1 FROM t_people AS k WHERE k.emp_no = t.subject)"
        " ELSE EXISTS (SELECT 1 FROM t_departments AS d WHERE d.dept_code = t.subject) END"
    )
    return RowCheck(
        frame, "unknown_reference", "subject", f"t.subject IS NOT NULL AND t.kind IS NOT NULL AND {condition}"
    )


def _negative(frame: str, *columns: str) -> tuple[RowCheck, ...]:
    return tuple(RowCheck(frame, "negative", column, f"t.{column}_d4 < 0", "≥ 0") for column in columns)


def _order(frame: str, first: str, last: str) -> RowCheck:
    return RowCheck(frame, "ends_before_start", last, f"t.{last} < t.{first}", first)


ROW_CHECKS: Final[tuple[RowCheck, ...]] = (
    _order("cycle", "starts", "ends"),
    _unknown("departments", "parent_code", "departments", "dept_code"),
    _unknown("people", "dept_code", "departments", "dept_code"),
    _unknown("people", "manager_no", "people", "emp_no"),
    _unknown("people", "dotted_manager_no", "people", "emp_no"),
    _order("people", "hire_date", "leave_date"),
    _unknown("assignments", "emp_no", "people", "emp_no"),
    _unknown("assignments", "dept_code", "departments", "dept_code"),
    _unknown("assignments", "manager_no", "people", "emp_no"),
    _order("assignments", "starts", "ends"),
    _subject("appraisals"),
    _unknown("goals", "parent_no", "goals", "goal_no"),
    _subject("goals"),
    *_negative("goals", "weight"),
    RowCheck("goals", "out_of_bounds", "progress", "t.progress_d4 NOT BETWEEN 0 AND 1000000", "0-100"),
    _subject("items"),
    _unknown("items", "metric_code", "metrics", "metric_code"),
    RowCheck(
        "items",
        "no_method",
        "metric_code",
        "t.metric_code IS NULL AND t.manual_score_d4 IS NULL AND t.goal_no IS NULL",
        "指标编码 / 人工分 / 目标编号",
    ),
    *_negative("items", "weight", "dim_weight"),
    _order("items", "valid_from", "valid_to"),
    _subject("actuals"),
    _unknown("actuals", "metric_code", "metrics", "metric_code"),
    _unknown("actuals", "goal_no", "goals", "goal_no"),
    _order("actuals", "period_start", "period_end"),
    RowCheck("actuals", "missing_value", "actual", "t.status = 'verified' AND t.actual_d4 IS NULL", "实际值"),
    *_negative("criteria", "weight"),
    RowCheck("criteria", "bad_scale", "scale_max", "t.scale_max_d4 <= t.scale_min_d4", "> 最低分"),
    RowCheck(
        "criteria", "bad_scale", "to_min", "t.to_min_d4 IS NOT NULL AND t.scale_min_d4 IS NULL", "最低分 + 最高分"
    ),
    RowCheck("criteria", "bad_scale", "to_max", "t.to_max_d4 <= t.to_min_d4", "> 折算下限"),
    RowCheck(
        "criteria", "bad_scale", "scale_min", "(t.scale_min_d4 IS NULL) <> (t.scale_max_d4 IS NULL)", "最低分 + 最高分"
    ),
    RowCheck(
        "criteria", "bad_scale", "to_min", "(t.to_min_d4 IS NULL) <> (t.to_max_d4 IS NULL)", "折算下限 + 折算上限"
    ),
    _subject("forms"),
    RowCheck(
        "forms",
        "unknown_reference",
        "rater",
        "t.rater IS NOT NULL AND NOT coalesce(t.external, false)"
        " AND NOT EXISTS (SELECT 1 FROM t_people AS k WHERE k.emp_no = t.rater)",
        "people",
    ),
    RowCheck(
        "forms",
        "not_self",
        "rater",
        "t.relation = 'self' AND t.kind = 'person' AND (t.rater <> t.subject OR coalesce(t.external, false))",
        "被评人本人",
    ),
    RowCheck(
        "forms",
        "self_as_other",
        "relation",
        "t.relation <> 'self' AND t.kind = 'person' AND t.rater = t.subject AND NOT coalesce(t.external, false)",
        "自评",
    ),
    *_negative("forms", "rater_weight"),
    RowCheck("forms", "missing_value", "task_no", "t.task_no IS NULL", "任务编号", needs=("ratings",)),
    RowCheck(
        "forms",
        "unknown_reference",
        "form",
        "t.status = 'submitted' AND NOT EXISTS (SELECT 1 FROM t_criteria AS k WHERE k.form = coalesce(t.form, ''))"
        " AND EXISTS (SELECT 1 FROM t_criteria)",
        "criteria",
        needs=("criteria",),
    ),
    RowCheck(
        "ratings",
        "unknown_reference",
        "task_no",
        "t.task_no NOT IN (SELECT task_no FROM t_forms WHERE task_no IS NOT NULL)",
        "forms",
    ),
    RowCheck(
        "ratings", "missing_value", "score", "t.score_d4 IS NULL AND NOT coalesce(t.na, false)", "分值 / 无法评价"
    ),
    _subject("points"),
    *_negative("points", "points"),
    _subject("factors"),
    _subject("calibration"),
    _subject("appeal_decisions"),
    _unknown("logs", "emp_no", "people", "emp_no"),
    _unknown("pay", "emp_no", "people", "emp_no"),
    *_negative("pay", "base"),
    _unknown("pay", "pool", "pools", "pool"),
    *_negative("pools", "amount"),
    RowCheck("pools", "out_of_bounds", "decimals", "t.decimals > 4", "0-4"),
    _unknown("fairness", "emp_no", "people", "emp_no"),
)
