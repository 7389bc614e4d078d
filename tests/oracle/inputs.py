"""Reads the frames of ``score-files.md``; what a file may leave out is filled by the book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tests.oracle import words
from tests.oracle.actuals import Period
from tests.oracle.departments import Department
from tests.oracle.goals import Goal
from tests.oracle.metrics import Metric, Targets
from tests.oracle.numbers import BookError, exact, optional
from tests.oracle.raters import Criterion, Form
from tests.oracle.rows import Appeal, Assignment, Decision, Inputs, Item, Person, Points, Sheet, Subject
from tests.oracle.words import Frames, Row, day, flag, needed, text, word

NOT_DUE = frozenset({"declined", "recalled", "nominated"})


def number(row: Row, column: str) -> Fraction | None:
    """A number, None when empty."""
    return optional(row.get(column))


def subject_of(row: Row) -> Subject:
    """Kind and code of a row's subject."""
    return word(row, "kind", words.KINDS, "person"), needed(row, "subject")


def parameters(row: Row) -> dict[str, str]:
    """``key=value;…`` of a metric; points and steps keep their text."""
    pairs = [part.split("=", 1) for part in (text(row, "params") or "").split(";") if part.strip()]
    return {key.strip(): value.strip() for key, value in pairs}


def steps_of(value: str) -> tuple[tuple[Fraction, Fraction], ...]:
    """Bounds and scores of ``≥b → s`` entries."""
    cut = [entry.replace("≥", "").replace(">=", "").split("→") for entry in value.split(",") if entry.strip()]
    return tuple((exact(bound), exact(score)) for bound, score in cut)


def points_of(value: str) -> tuple[tuple[Fraction, Fraction], ...]:
    """Points of ``x:y`` entries."""
    cut = [entry.split(":") for entry in value.split(",") if entry.strip()]
    return tuple((exact(x), exact(y)) for x, y in cut)


def metric_of(row: Row) -> Metric:
    """One row of metrics."""
    given = parameters(row)

    def amount(key: str) -> Fraction | None:
        return optional(given.get(key))

    return Metric(
        code=needed(row, "metric_code"),
        method=word(row, "method", words.METHODS),
        direction=word(row, "direction", words.DIRECTIONS, "higher"),
        aggregate=word(row, "agg", words.AGGREGATES, "sum"),
        prorate=flag(row, "prorate"),
        floor=number(row, "floor"),
        cap=number(row, "cap"),
        base_qty=amount("base_qty"),
        points=points_of(given.get("points", "")),
        below=amount("below") or Fraction(0),
        steps=steps_of(given.get("steps", "")),
        on=given.get("on", "actual"),
        otherwise=amount("else") or Fraction(0),
        lower=amount("lower"),
        upper=amount("upper"),
        tolerance=amount("tolerance"),
        start=amount("start"),
        unit=amount("unit"),
        veto_when=text(row, "veto_when"),
        veto_action=word(row, "veto_action", words.VETOES) or None,
        veto_value=text(row, "veto_value"),
    )


def item_of(row: Row) -> Item:
    """One row of items."""
    return Item(
        number=needed(row, "item"),
        metric=text(row, "metric_code"),
        goals=tuple(g.strip() for g in (text(row, "goal_no") or "").split(";") if g.strip()),
        weight=number(row, "weight"),
        dimension=text(row, "dim") or "",
        dimension_weight=number(row, "dim_weight"),
        targets=Targets(*(number(row, c) for c in ("baseline", "pass", "target", "excellent"))),
        scope=word(row, "target_scope", words.SCOPES, "cycle"),
        start=day(row, "from"),
        end=day(row, "to"),
        actual=number(row, "actual"),
        manual=number(row, "manual_score"),
    )


def goal_of(row: Row) -> Goal:
    """One row of goals."""
    return Goal(
        number=needed(row, "goal_no"),
        parent=text(row, "parent_no"),
        kind=word(row, "goal_kind", words.GOAL_KINDS, "goal"),
        owner=subject_of(row),
        weight=number(row, "weight"),
        baseline=number(row, "baseline"),
        target=number(row, "target"),
        current=number(row, "current"),
        progress=number(row, "progress"),
        ended=word(row, "status", words.STATUSES) == "ended",
        target_max=number(row, "target_max"),
    )


def form_of(row: Row, ratings: Sequence[Row]) -> Form:
    """One row of forms with its ratings; a rating of an unanswerable criterion is none."""
    status = word(row, "status", words.STATUSES)
    answers = {needed(r, "criterion"): number(r, "score") for r in ratings if not flag(r, "na")}
    return Form(
        task=needed(row, "task_no"),
        subject=subject_of(row),
        relation=word(row, "relation", words.RELATIONS),
        rater=needed(row, "rater"),
        kind=text(row, "form") or "",
        answers={name: score for name, score in answers.items() if score is not None},
        external=flag(row, "external"),
        weight=Fraction(1) if number(row, "rater_weight") is None else exact(needed(row, "rater_weight")),
        submitted=status == "submitted",
        conflict=flag(row, "conflict"),
        due=status not in NOT_DUE,
    )


def criterion_of(row: Row) -> Criterion:
    """One row of criteria."""
    limits = (number(row, c) for c in ("scale_min", "scale_max", "to_min", "to_max"))
    return Criterion(text(row, "form") or "", needed(row, "criterion"), number(row, "weight"), *limits)


def appeals_of(rows: Sequence[Row]) -> dict[Subject, Appeal]:
    """Decided appeals by subject."""
    result: dict[Subject, Appeal] = {}
    for row in rows:
        subject, before = subject_of(row), result.get(subject_of(row), Appeal())
        action = word(row, "action", words.ACTIONS)
        if action == "strike":
            relation = word(row, "relation", words.RELATIONS)
            before = Appeal(before.struck | {relation}, before.decided)
        elif action == "decide":
            before = Appeal(before.struck, exact(needed(row, "value")))
        result[subject] = before
    return result


def _grouped(rows: Sequence[Row]) -> dict[Subject, list[Row]]:
    result: dict[Subject, list[Row]] = {}
    for row in rows:
        result.setdefault(subject_of(row), []).append(row)
    return result


def _period(row: Row) -> Period:
    return Period(
        date.fromisoformat(needed(row, "period_start")),
        date.fromisoformat(needed(row, "period_end")),
        exact(needed(row, "actual")),
    )


def _assignment(row: Row) -> Assignment:
    return Assignment(
        start=date.fromisoformat(needed(row, "start")),
        end=day(row, "end"),
        department=needed(row, "dept_code"),
        scheme=text(row, "scheme"),
        job_level=text(row, "job_level"),
        absent=number(row, "absent_days") or Fraction(0),
    )


def _person(row: Row) -> Person:
    return Person(
        code=needed(row, "emp_no"),
        department=text(row, "dept_code") or "",
        status=word(row, "status", words.STATUSES),
        hired=day(row, "hire_date"),
        left=day(row, "leave_date"),
        scheme=text(row, "scheme"),
        job_level=text(row, "job_level"),
        position=text(row, "position"),
    )


def read(frames: Frames) -> Inputs:
    """Type all frames.

    Args:
        frames: Rows by file name, with English column names and text values.

    Returns:
        The inputs of a cycle.

    Raises:
        BookError: A cell is not what its column asks for.
    """
    rows = {name: list(frames.get(name, [])) for name in FILES}
    unknown = sorted(set(frames) - set(FILES))
    if unknown or len(rows["cycle"]) != 1:
        raise BookError("frames", *unknown)
    cycle = rows["cycle"][0]
    min_days = number(cycle, "min_days")
    assignments: dict[str, list[Assignment]] = {}
    for row in rows["assignments"]:
        assignments.setdefault(needed(row, "emp_no"), []).append(_assignment(row))
    actuals: dict[tuple[str, Subject], list[Period]] = {}
    for row in rows["actuals"]:
        if word(row, "status", words.STATUSES) == "verified" and text(row, "actual") is not None:
            actuals.setdefault((needed(row, "metric_code"), subject_of(row)), []).append(_period(row))
    ratings: dict[str, list[Row]] = {}
    for row in rows["ratings"]:
        ratings.setdefault(needed(row, "task_no"), []).append(row)
    forms = [form_of(row, ratings.get(needed(row, "task_no"), [])) for row in rows["forms"]]
    criteria: dict[str, list[Criterion]] = {}
    for row in rows["criteria"]:
        criteria.setdefault(text(row, "form") or "", []).append(criterion_of(row))
    departments = {
        needed(row, "dept_code"): Department(
            needed(row, "dept_code"),
            text(row, "parent_code"),
            text(row, "calib_pool"),
            flag(row, "active", default=True),
        )
        for row in rows["departments"]
    }
    people = {person.code: person for person in map(_person, rows["people"])}
    factors: dict[Subject, dict[str, Fraction]] = {}
    for row in rows["factors"]:
        factors.setdefault(subject_of(row), {})[needed(row, "factor")] = exact(needed(row, "value"))
    beta: dict[str, dict[str, Fraction]] = {}
    for row in rows["rater_adjustments"]:
        beta.setdefault(text(row, "snapshot") or "", {})[needed(row, "rater")] = exact(needed(row, "beta"))
    approved = [r for r in rows["points"] if word(r, "status", words.STATUSES) == "approved"]
    decided = [r for r in rows["calibration"] if word(r, "status", words.STATUSES) == "approved"]
    sheets = {subject_of(r): Sheet(text(r, "scheme"), text(r, "excluded")) for r in rows["appraisals"]}
    named = {subject_of(r) for name in SUBJECTS for r in rows[name]} | {("person", code) for code in people}
    asked = set(sheets) if sheets else named
    return Inputs(
        start=date.fromisoformat(needed(cycle, "start")),
        end=date.fromisoformat(needed(cycle, "end")),
        min_days=None if min_days is None else int(min_days),
        departments=departments,
        people=people,
        assignments=assignments,
        sheets=sheets,
        metrics={metric.code: metric for metric in map(metric_of, rows["metrics"])},
        items={s: [item_of(r) for r in mine] for s, mine in _grouped(rows["items"]).items()},
        actuals=actuals,
        goals=[goal_of(row) for row in rows["goals"]],
        forms={s: [f for f in forms if f.subject == s] for s in {f.subject for f in forms}},
        criteria=criteria,
        points={
            s: [
                Points(word(r, "type", words.POINTS), exact(needed(r, "points")), text(r, "reason") or "") for r in mine
            ]
            for s, mine in _grouped(approved).items()
        },
        factors=factors,
        beta=beta,
        calibration={
            s: [Decision(text(r, "at") or "", needed(r, "new_grade"), number(r, "new_score")) for r in mine]
            for s, mine in _grouped(decided).items()
        },
        appeals=appeals_of(rows["appeal_decisions"]),
        pay={needed(r, "emp_no"): (exact(needed(r, "base")), text(r, "pool")) for r in rows["pay"]},
        pools={needed(r, "pool"): (exact(needed(r, "amount")), int(number(r, "decimals") or 2)) for r in rows["pools"]},
        subjects=sorted(asked),
    )


FILES = (
    "cycle",
    "departments",
    "people",
    "assignments",
    "appraisals",
    "metrics",
    "items",
    "actuals",
    "goals",
    "forms",
    "ratings",
    "criteria",
    "points",
    "factors",
    "rater_adjustments",
    "calibration",
    "appeal_decisions",
    "logs",
    "pay",
    "pools",
    "fairness",
)
SUBJECTS = ("items", "forms", "goals")
"""Files whose rows make a department a subject of the cycle where there is no file of appraisals."""
