"""The job ``strategy-check``: how far strategy is taken up, what hangs loose, what a change would touch.

承接覆盖率 of a strategy goal is the share of departments with a goal below it, a completed one included. Goals under a
strategy goal that was adjusted or ended wait to be hung anew (待重挂). Resources are compared with the weight strategy
gives. Source: process.md 战略匹配; data-model.md §2 战略目标.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.strategy_impact import impact_line, touched_by
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow

_LIVE = frozenset({"draft", "awaiting_confirmation", "confirmed", "changing"})
_TAKEN_UP = _LIVE | {"completed"}
"""Goals that take a strategy goal up: those of a quarter that is over did, too."""
_FAR_POINTS = 20
"""A strategy goal whose share of resources is so many points off its share of weight is told."""


def strategy_check(context: JobContext) -> Draft:
    """Say how strategy and goals fit.

    Args:
        context: What stands; option ``change`` names a strategy goal that is about to be changed.

    Returns:
        Coverage of strategy goals and what a change of each would touch, goals to be hung anew, notes on orphans, gaps
        and resources. With ``change`` only notes on whom it would touch.

    Raises:
        CycleError: ``change`` names no active strategy goal.
    """
    book = context.book
    if context.options.get("change"):
        return Draft(notes=tuple(_preview(context, context.options["change"])))
    strategies = [row for row in book.all("strategy") if row.key]
    departments = [row for row in book.all("department") if row["active"] is not False]
    rows: list[WantedRow] = []
    notes: list[Problem] = []
    for strategy in strategies:
        taken = {home for goal in _below(strategy, _TAKEN_UP) if (home := _home(goal))}
        share = Decimal(len(taken)) / Decimal(len(departments)) if departments else Decimal(0)
        values: dict[str, Value | Refs] = {"natural_key": strategy.key, "coverage": share.quantize(Decimal("0.0001"))}
        if "impact_preview" in strategy.rows.columns and strategy.text("status") == "active":
            values["impact_preview"] = impact_line(strategy)
        rows.append(WantedRow(key=strategy.key, values=values))
        if strategy.text("status") == "active" and not taken:
            notes.append(note("cycle.strategy_untaken", address=strategy.text("name")))
    loose = [goal for strategy in strategies if strategy.text("status") != "active" for goal in _below(strategy, _LIVE)]
    hung = [WantedRow(key=g.key, values={"natural_key": g.key, "realignment_needed": True}) for g in loose if g.key]
    notes += [note("cycle.goal_loose", address=goal.text("name") or goal.key) for goal in loose]
    notes += list(_orphans(context))
    notes += list(_resources(strategies))
    return Draft(
        wishes=(Wish(table="strategy", rows=tuple(rows)), Wish(table="goal", rows=tuple(hung))),
        notes=tuple(notes),
        notices=tuple(_told(context, loose)),
    )


def _preview(context: JobContext, name: str) -> Iterator[Problem]:
    """Say whom a change of a strategy goal would touch; for the person who plans it, so people are named."""
    active = [row for row in context.book.all("strategy") if row.text("status") == "active" and row.key]
    found = [row for row in active if name in {row.text("name"), row.key}]
    if len(found) != 1:
        facts: dict[str, FactValue] = {"name": name, "known": tuple(row.text("name") for row in active) or ("-",)}
        raise CycleError("cycle.no_strategy", facts=facts)
    yield note("cycle.strategy_impact", address=found[0].text("name"), impact=impact_line(found[0]))
    for who, goals in touched_by(found[0]).items():
        yield note("cycle.strategy_touches", address=who, strategy=found[0].text("name"), goals="、".join(goals))


def _below(strategy: Row, states: frozenset[str]) -> list[Row]:
    return [goal for goal in strategy.book.of("goal", "strategy", strategy) if goal.text("status") in states]


def _home(goal: Row) -> str:
    department = goal.related("department")
    employee = goal.related("employee")
    own = department or (employee.related("department") if employee else None)
    return own.key if own else ""


def _orphans(context: JobContext) -> Iterator[Problem]:
    """Department goals that serve no strategy goal, by themselves or by what they hang below."""
    for goal in context.book.all("goal"):
        if goal.text("level") == "department" and goal.text("status") in _LIVE and not _serves(goal, set()):
            yield note("cycle.goal_orphan", address=goal.text("name") or goal.key)


def _serves(goal: Row, seen: set[str]) -> bool:
    if goal.related("strategy") is not None:
        return True
    parent = goal.related("parent")
    if parent is None or parent.item_id in seen:
        return False
    return _serves(parent, seen | {goal.item_id})


def _resources(strategies: list[Row]) -> Iterator[Problem]:
    """Compare each strategy goal's share of planned person-days with its share of weight."""
    active = [row for row in strategies if row.text("status") == "active"]
    days = {row.key: sum((_days(goal) for goal in _below(row, _TAKEN_UP)), Decimal(0)) for row in active}
    weights = {row.key: row.number("weight") or Decimal(0) for row in active}
    all_days, all_weight = sum(days.values(), Decimal(0)), sum(weights.values(), Decimal(0))
    if not all_days or not all_weight:
        return
    for row in active:
        spent, meant = days[row.key] * 100 / all_days, weights[row.key] * 100 / all_weight
        if abs(spent - meant) >= _FAR_POINTS:
            yield note("cycle.resources_off", address=row.text("name"), spent=int(spent), meant=int(meant))


def _days(goal: Row) -> Decimal:
    tasks = goal.book.of("plan_task", "goal", goal)
    return sum(((t.number("person_days") or Decimal(0)) for t in tasks if t.text("status") != "cancelled"), Decimal(0))


def _told(context: JobContext, loose: list[Row]) -> Iterator[Notice]:
    for goal in loose:
        for owner in goal.members("owner") or goal.members("p_self"):
            if goal["realignment_needed"] is not True:
                yield Notice(
                    receiver=owner,
                    event="strategy_changed",
                    object=goal.key or goal.item_id,
                    day=context.today,
                    facts={"subject": goal.text("name")},
                    mode=Mode.AT_ONCE,
                )
