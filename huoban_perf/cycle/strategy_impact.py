"""What a change of a strategy goal would touch: goals below it, layer by layer, their people, plans and resources.

Source: process.md 战略匹配 (动态调整, visibly); workflows.md §7 ("sees whom it touches before").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from huoban_perf.sync.book import Row

_LIVE = frozenset({"draft", "awaiting_confirmation", "confirmed", "changing"})


def goals_under(strategy: Row) -> list[Row]:
    """Return the live goals that serve a strategy goal, directly or by the goals they hang below; each once."""
    found: dict[str, Row] = {}
    here = list(strategy.book.of("goal", "strategy", strategy))
    while here:
        fresh = [goal for goal in here if goal.item_id not in found and goal.text("status") in _LIVE]
        found |= {str(goal.item_id): goal for goal in fresh}
        here = [below for goal in fresh for below in strategy.book.of("goal", "parent", goal)]
    return sorted(found.values(), key=lambda goal: (goal.key, goal.item_id))


def impact_line(strategy: Row) -> str:
    """Return what a change would touch as one Chinese line that names departments and no person.

    Args:
        strategy: The strategy goal.

    Returns:
        Counts of goals and people, departments, person-days and budget still planned.
    """
    goals = goals_under(strategy)
    if not goals:
        return "没有目标承接, 调整不影响任何人"
    people = {employee.key for goal in goals if (employee := goal.related("employee")) is not None}
    departments = dict.fromkeys(
        department.text("name")
        for goal in goals
        if goal.text("level") == "department" and (department := goal.related("department")) is not None
    )
    personal = sum(1 for goal in goals if goal.text("level") != "department")
    line = f"目标 {len(goals)} 个要重挂 (部门 {len(goals) - personal}, 个人 {personal}), 涉及 {len(people)} 人"
    if departments:
        line += f", 部门: {'、'.join(departments)}"
    tasks = [task for goal in goals for task in strategy.book.of("plan_task", "goal", goal)]
    tasks = [task for task in tasks if task.text("status") not in {"done", "cancelled"}]
    days, budget = (_sum(tasks, field) for field in ("person_days", "budget"))
    if tasks:
        line += f"; 未完成的计划任务 {len(tasks)} 个, {_plain(days)} 人天, 预算 {_plain(budget)}"
    return line


def touched_by(strategy: Row) -> Mapping[str, list[str]]:
    """Return who would have goals to hang anew: person or department → names of the goals."""
    found: dict[str, list[str]] = {}
    for goal in goals_under(strategy):
        employee, department = goal.related("employee"), goal.related("department")
        owner = employee or department
        who = f"{owner.key} {owner.text('name')}" if owner is not None else "-"
        found.setdefault(who, []).append(goal.text("name") or goal.key)
    return dict(sorted(found.items()))


def _sum(rows: list[Row], field: str) -> Decimal:
    return sum(_numbers(rows, field), Decimal(0))


def _numbers(rows: list[Row], field: str) -> Iterator[Decimal]:
    for row in rows:
        if field in row.rows.columns:
            yield row.number(field) or Decimal(0)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
