"""Objectives and key results: progress from check-ins, objectives from their key results; guards of the OKR app.

A key result without an indicator stands where its last check-in (过程记录, 类型 进展, 当前值) says, from 起点值 to
目标值, clipped to 0–100. An objective is the mean of its key results by weight, equal ones where no weight is given.
Source: scoring.md S3 (baseline method, clip); workflows.md §1 目标.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.guards import Asked, Check, Verdict
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow

_LIVE = frozenset({"confirmed", "changing"})
_AT_RISK_SHARE = Decimal("0.7")
"""Below this share of the time that has passed a key result is 滞后, up to it 预警."""


def objective_rows(context: JobContext) -> list[WantedRow]:
    """Return progress and 进展状态 of a cycle's key results and objectives.

    Args:
        context: What stands.

    Returns:
        One row a key result that was checked in, and one an objective with such key results.
    """
    cycle = context.cycle
    goals = [row for row in context.book.of("goal", "cycle", cycle) if row.key and row.text("status") in _LIVE]
    shares = {row.key: share for row in goals if (share := key_result_share(row)) is not None}
    passed = _time_passed(cycle.day("start_date"), cycle.day("end_date"), context.today)
    rows = [_row(goal, shares[goal.key], passed, current=last_check_in(goal)) for goal in goals if goal.key in shares]
    for goal in goals:
        if goal.text("kind") == "objective":
            share = _mean(goal, shares)
            if share is not None:
                rows.append(_row(goal, share, passed, current=None))
    return rows


def last_check_in(goal: Row) -> Decimal | None:
    """Return the current value of a goal's last check-in, or None."""
    entries = [
        (str(row["date"] or ""), row.key, value)
        for row in goal.book.of("log", "goal", goal)
        if row.text("kind") == "progress" and (value := row.number("value")) is not None
    ]
    return max(entries)[2] if entries else None


def key_result_share(goal: Row) -> Decimal | None:
    """Return how far a key result is, 0 to 100 in whole per cent; None without a check-in or target, or for others."""
    current, target = last_check_in(goal), goal.number("target_value")
    if goal.text("kind") not in {"kr", "milestone"} or goal.related("metric") or current is None or target is None:
        return None
    base = goal.number("baseline_value") or Decimal(0)
    if target == base:
        return Decimal(100) if current == target else Decimal(0)
    return min(Decimal(100), max(Decimal(0), ((current - base) * 100 / (target - base)).quantize(Decimal(1))))


def _mean(objective: Row, shares: Mapping[str, Decimal]) -> Decimal | None:
    parts = [
        (row.number("weight") or Decimal(0), shares[row.key])
        for row in objective.book.of("goal", "parent", objective)
        if row.key in shares
    ]
    total = sum((weight for weight, _ in parts), Decimal(0))
    if not parts:
        return None
    if not total:
        return (sum((share for _, share in parts), Decimal(0)) / len(parts)).quantize(Decimal(1))
    return (sum((weight * share for weight, share in parts), Decimal(0)) / total).quantize(Decimal(1))


def _row(goal: Row, share: Decimal, passed: Decimal, *, current: Decimal | None) -> WantedRow:
    health = "on_track" if share >= passed else "at_risk" if share >= passed * _AT_RISK_SHARE else "behind"
    values: dict[str, Value | Refs] = {"natural_key": goal.key, "progress": share, "health": health}
    if current is not None:
        values["current_value"] = current
    return WantedRow(key=goal.key, values=values)


def _time_passed(start: date | None, end: date | None, today: date) -> Decimal:
    if start is None or end is None or end < start:
        return Decimal(0)
    length = (end - start).days + 1
    return Decimal(100 * max(0, min(length, (today - start).days + 1))) / length


def _goals(cycle: Row) -> Iterator[Row]:
    yield from cycle.book.of("goal", "cycle", cycle)


def _confirmed(asked: Asked, cycle: Row) -> Verdict:
    del asked
    if cycle.has("action_reason"):
        return None
    unconfirmed = {"draft", "awaiting_confirmation"}
    waiting = tuple(row.text("name") for row in _goals(cycle) if row.text("status") in unconfirmed)
    return {"goals": waiting[:10]} if waiting else None


def _scored(asked: Asked, cycle: Row) -> Verdict:
    del asked
    open_ones = tuple(
        row.text("name")
        for row in _goals(cycle)
        if row.text("kind") == "kr" and row.text("status") in _LIVE and row.number("progress") is None
    )
    return {"goals": open_ones[:10]} if open_ones else None


OKR_GUARDS: Mapping[tuple[str, str], Check] = {
    ("cycle", "okr_confirmed"): _confirmed,
    ("cycle", "okr_scored"): _scored,
}
"""Checks that only the OKR app's cycle asks."""
