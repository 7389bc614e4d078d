"""The job ``progress``: current value, progress, forecast and 进展状态 of goals; counts of reviews; 完成率.

A forecast of a summed indicator goes on at the pace so far; averages and levels stay as they are. 正常 reaches the
target, 预警 the passing value, 滞后 neither. Source: data-model.md §2 目标; workflows.md §6 (goal turns 滞后).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.deviations import tracked
from huoban_perf.cycle.okr import objective_rows
from huoban_perf.cycle.work import Draft, Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow

_LIVE_GOALS = frozenset({"confirmed", "changing"})
_FOUR = Decimal("0.0001")
_COUNTED_OUT = frozenset({"recalled", "declined", "expired"})
_OPEN_TASKS = frozenset({"nomination_pending", "awaiting_acceptance", "to_review"})
_TALKS = frozenset({"coaching"})


def progress(context: JobContext) -> Draft:
    """Say what the figures so far mean.

    Args:
        context: What stands.

    Returns:
        Goals, sheets and the cycle's completion.
    """
    book, cycle = context.book, context.cycle
    measured = (_goal(context, goal) for goal in book.of("goal", "cycle", cycle) if _is_measured(goal))
    goals, notices = tracked(context, [*measured, *objective_rows(context)])
    sheets = tuple(_sheets(context))
    done, due = _total(sheets, "done_reviews"), _total(sheets, "due_reviews")
    share = (done * 100 / due).quantize(Decimal(1)) if due else Decimal(0)
    step = WantedRow(key=cycle.key, values={"name": cycle.key, "completion": share})
    return Draft(
        wishes=(
            Wish(table="goal", rows=tuple(goals)),
            Wish(table="appraisal", rows=sheets),
            Wish(table="review_task", rows=tuple(_loads(context))),
            Wish(table="cycle", rows=(step,) if "completion" in cycle.rows.columns else ()),
        ),
        notices=tuple(notices),
    )


def _loads(context: JobContext) -> Iterator[WantedRow]:
    """Yield how many open reviews a proposed rater has, for the superior who approves the nomination."""
    tasks = [task for task in context.book.all("review_task") if task.key and "rater_load" in task.rows.columns]
    load = Counter(member for task in tasks if task.text("status") in _OPEN_TASKS for member in task.members("rater"))
    for task in tasks:
        if task.text("status") == "nomination_pending":
            values: dict[str, Value | Refs] = {
                "natural_key": task.key,
                "rater_load": Decimal(load[task.member("rater")]),
            }
            yield WantedRow(key=task.key, values=values)


def _total(rows: tuple[WantedRow, ...], field: str) -> Decimal:
    numbers = [row.values[field] for row in rows]
    return sum((number for number in numbers if isinstance(number, Decimal)), Decimal(0))


def _is_measured(goal: Row) -> bool:
    return bool(goal.key) and goal.text("status") in _LIVE_GOALS and goal.related("metric") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the figures of a goal come to.

    Attributes:
        current: The value so far, aggregated as the indicator says; None without figures.
        forecast: The value at the end of the cycle at this pace; None without figures.
    """

    current: Decimal | None
    forecast: Decimal | None


def pace_of(figures: list[tuple[date, date, Decimal]], *, how: str, start: date, end: date) -> Pace:
    """Aggregate figures and look ahead.

    Args:
        figures: First day, last day and value of each period, in order.
        how: sum, average, last or max.
        start: First day of the cycle.
        end: Last day.

    Returns:
        Value so far and at the end, to four decimals.
    """
    if not figures:
        return Pace(current=None, forecast=None)
    values = [value for _, _, value in figures]
    match how:
        case "average":
            current = sum(values, Decimal(0)) / len(values)
        case "last":
            current = values[-1]
        case "max":
            current = max(values)
        case _:
            current = sum(values, Decimal(0))
    forecast = current
    if how not in {"average", "last", "max"}:
        days = sum(((last - first).days + 1 for first, last, _ in figures), 0)
        forecast = current * ((end - start).days + 1) / days
    return Pace(current=current.quantize(_FOUR), forecast=forecast.quantize(_FOUR))


def _goal(context: JobContext, goal: Row) -> WantedRow:
    metric, employee = goal.related("metric"), goal.related("employee")
    cycle = context.cycle
    start, end = cycle.day("start_date") or context.today, cycle.day("end_date") or context.today
    figures = sorted(_figures(metric, employee, start, end)) if metric and employee else []
    pace = pace_of(figures, how=metric.text("aggregation") if metric else "sum", start=start, end=end)
    direction = metric.text("direction") if metric else "higher"
    values: dict[str, Value | Refs] = {
        "natural_key": goal.key,
        "current_value": pace.current,
        "forecast_value": pace.forecast,
        "progress": share_of(pace.current, goal.number("target_value"), direction=direction),
        "health": health_of(pace.forecast, goal, direction=direction),
    }
    return WantedRow(key=goal.key, values=values)


def _figures(metric: Row, employee: Row, start: date, end: date) -> Iterator[tuple[date, date, Decimal]]:
    for row in metric.book.of("metric_actual", "metric", metric):
        owner, value = row.related("employee"), row.number("actual_value")
        first, last = row.day("period_start"), row.day("period_end")
        mine = owner is not None and owner.key == employee.key and row.text("status") in {"to_verify", "verified"}
        if mine and value is not None and first and last and start <= first <= end:
            yield first, last, value


def share_of(current: Decimal | None, target: Decimal | None, *, direction: str) -> Decimal | None:
    """Return how far a goal is, 0 to 100 in whole per cent; None where that means nothing."""
    if current is None or target is None or direction == "interval":
        return None
    top, bottom = (current, target) if direction == "higher" else (target, current)
    if bottom <= 0:
        return Decimal(100) if top >= bottom else Decimal(0)
    return min(Decimal(100), max(Decimal(0), (top * 100 / bottom).quantize(Decimal(1))))


def health_of(forecast: Decimal | None, goal: Row, *, direction: str) -> str | None:
    """Return 进展状态 by the forecast, or None where it cannot be told."""
    target, passing = goal.number("target_value"), goal.number("passing_value")
    if forecast is None or target is None or direction == "interval":
        return None
    sign = 1 if direction == "higher" else -1
    if forecast * sign >= target * sign:
        return "on_track"
    return "at_risk" if passing is not None and forecast * sign >= passing * sign else "behind"


def _sheets(context: JobContext) -> Iterator[WantedRow]:
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        if not sheet.key:
            continue
        tasks = [t for t in context.book.of("review_task", "appraisal", sheet) if t.text("status") not in _COUNTED_OUT]
        employee = sheet.related("employee")
        talks = [
            day
            for log in (context.book.of("log", "employee", employee) if employee else ())
            if log.text("kind") in _TALKS and (day := log.day("date")) is not None
        ]
        values: dict[str, Value | Refs] = {
            "natural_key": sheet.key,
            "due_reviews": Decimal(len(tasks)),
            "done_reviews": Decimal(sum(task.text("status") == "submitted" for task in tasks)),
        }
        if talks:
            values["last_talk_on"] = max(talks)
        yield WantedRow(key=sheet.key, values=values)
