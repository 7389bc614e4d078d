"""Growing: goals and what the lite app keeps in them: strategy goals, indicators, contract lines, figures, tasks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from huoban_perf.core.digest import digest
from huoban_perf.core.values import Value
from huoban_perf.cycle.growth.terms import Grown, filled, made
from huoban_perf.cycle.work import Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

Values = dict[str, Value | Refs]

_SCORED = frozenset({"confirmed", "completed"})
_ANCHORS = ("passing_value", "target_value", "excellent_value")


@dataclass(frozen=True, slots=True)
class _Aim:
    """A goal with whose it is, its cycle and its indicator's code."""

    goal: Row
    sheet: Row | None
    person: Row | None
    cycle: Row | None
    metric: str

    @property
    def parts(self) -> list[str]:
        return self.goal.key.strip("[]").split("|")


def goal_wishes(grown: Grown) -> Iterator[Wish]:
    """Yield what growing writes about goals.

    Args:
        grown: What stands.

    Yields:
        战略目标, 指标库, then cells of 目标, rows of 考核指标, 指标数据, 计划任务, 目标变更.
    """
    aims = list(_aims(grown))
    yield made(grown, "strategy", [_strategy(aim) for aim in aims if aim.goal.text("level") == "company"])
    metrics = {aim.metric: aim for aim in reversed(aims) if aim.metric}
    yield made(grown, "metric", [_metric(code, aim.goal) for code, aim in sorted(metrics.items())])
    yield filled(grown, "goal", (_goal(grown, aim) for aim in aims))
    contracts = [aim for aim in aims if aim.sheet is not None and aim.goal.text("status") in _SCORED]
    yield made(grown, "appraisal_item", (_item(grown, aim) for aim in contracts))
    yield made(grown, "metric_actual", (row for aim in aims for row in _figure(aim)))
    yield made(grown, "plan_task", (row for aim in aims for row in _task(aim)))
    yield made(grown, "goal_change", (row for log in grown.book.all("log") for row in _change(log)))


def _aims(grown: Grown) -> Iterator[_Aim]:
    """Yield goals in order of their keys; goals that read and score alike share an indicator, one a person."""
    used: Counter[tuple[str, str]] = Counter()
    for goal in sorted((row for row in grown.book.all("goal") if row.key), key=lambda row: row.key):
        sheet = goal.related("appraisal")
        person = sheet.related("employee") if sheet else None
        cycle = (sheet.related("cycle") if sheet else None) or _cycle_of(grown, goal)
        code = ""
        if goal.text("level") == "person":
            text = [goal.text("name"), goal.text("kind"), _direction(goal)]
            code = "L" + digest(text).removeprefix("sha256:")[:8].upper()
            place = (sheet.key if sheet else goal.key, code)
            used[place] += 1
            if used[place] > 1:
                code = f"{code}-{used[place]}"
        yield _Aim(goal, sheet, person, cycle, code)


def _cycle_of(grown: Grown, goal: Row) -> Row | None:
    """Return the cycle in which a goal without appraisal ends, else the latest."""
    due = goal.day("end_date")
    cycles = sorted(grown.book.all("cycle"), key=lambda row: str(row["start_date"]))
    within = [row for row in cycles if due and str(row["start_date"]) <= due.isoformat() <= str(row["end_date"])]
    return (within or cycles or [None])[-1]  # type: ignore[list-item]


def _direction(goal: Row) -> str:
    low, high = goal.number("passing_value"), goal.number("target_value")
    return "lower" if low is not None and high is not None and high < low else "higher"


def _year(aim: _Aim) -> str:
    due = aim.goal.day("end_date") or (aim.cycle.day("end_date") if aim.cycle else None)
    return str(due.year) if due else "-"


def _strategy(aim: _Aim) -> WantedRow:
    key = natural_key(_year(aim), *aim.parts)
    values: Values = {
        "natural_key": key,
        "status": "terminated" if aim.goal.text("status") == "terminated" else "active",
        "name": aim.goal.text("name"),
        "year": _year(aim),
        "owner": aim.goal.members("p_self"),
        "weight": aim.goal["weight"],
        "target_value": aim.goal["target_value"],
        "effective_on": aim.cycle.day("start_date") if aim.cycle else None,
    }
    return WantedRow(key=key, values=values)


def _metric(code: str, goal: Row) -> WantedRow:
    is_measured = goal.text("kind") != "qualitative"
    values: Values = {
        "status": "active",
        "code": code,
        "name": goal.text("name"),
        "definition": f"{goal.text('name')} (由精简版的目标升级而来, 请补口径)",
        "direction": _direction(goal),
        "method": "interpolate" if is_measured else "manual",
        "aggregation": "last",
        "source": "manual",
        "frequency": "cycle",
    }
    return WantedRow(key=code, values=values)


def _goal(grown: Grown, aim: _Aim) -> WantedRow:
    goal, cycle = aim.goal, aim.cycle
    strategy = natural_key(_year(aim), *aim.parts)
    is_company = goal.text("level") == "company" or grown.book.find("strategy", strategy) is not None
    values: Values = {
        "natural_key": goal.key,
        "owner": goal.members("p_self"),
        "employee": Refs("employee", (aim.person.key,)) if aim.person else None,
        "department": grown.department(aim.person),
        "cycle": Refs("cycle", (cycle.key,)) if cycle else None,
        "strategy": Refs("strategy", (strategy,)) if is_company else None,
        "metric": Refs("metric", (aim.metric,)) if aim.metric else None,
        "start_date": cycle.day("start_date") if cycle else None,
    }
    return WantedRow(key=goal.key, values=values)


def _item(grown: Grown, aim: _Aim) -> WantedRow:
    cycle, person = aim.cycle, aim.person
    start = cycle.day("start_date") if cycle else None
    key = natural_key(cycle.key if cycle else "-", person.key if person else "-", "KPI", aim.metric, str(start))
    values: Values = {
        "natural_key": key,
        "name": aim.goal.text("name"),
        "appraisal": Refs("appraisal", (aim.sheet.key,)) if aim.sheet else None,
        "metric": Refs("metric", (aim.metric,)),
        "goal": Refs("goal", (aim.goal.key,)),
        "weight": aim.goal["weight"],
        **{field: aim.goal[field] for field in _ANCHORS},
        "manual_score": _rated(grown, aim.sheet) if aim.goal.text("kind") == "qualitative" else None,
        "valid_from": start,
        "valid_to": cycle.day("end_date") if cycle else None,
        "origin": "personal_goal",
    }
    return WantedRow(key=key, values=values)


def _rated(grown: Grown, sheet: Row | None) -> Decimal | None:
    """Return the points of the superior's 定性目标评分."""
    if sheet is None:
        return None
    options = grown.book.rows("review_task").table.field("goal_rating").options
    points = {option.address.key: option.points for option in options}
    for task in grown.book.of("review_task", "appraisal", sheet):
        if task.text("relation") == "superior" and task.text("status") == "submitted":
            found = points.get(task.text("goal_rating"))
            return None if found is None else Decimal(found)
    return None


def _figure(aim: _Aim) -> Iterator[WantedRow]:
    goal, cycle, person = aim.goal, aim.cycle, aim.person
    if cycle is None or person is None or not goal.has("actual_value"):
        return
    key = natural_key(aim.metric, person.key, str(cycle.day("start_date")))
    values: Values = {
        "natural_key": key,
        "name": f"{goal.text('name')} · {person.text('name')} · {cycle.key}",
        "status": "verified",
        "metric": Refs("metric", (aim.metric,)),
        "goal": Refs("goal", (goal.key,)),
        "employee": Refs("employee", (person.key,)),
        "period_start": cycle.day("start_date"),
        "period_end": cycle.day("end_date"),
        "actual_value": goal["actual_value"],
        "source_system": "精简版",
    }
    yield WantedRow(key=key, values=values)


def _task(aim: _Aim) -> Iterator[WantedRow]:
    goal = aim.goal
    if not goal.has("support"):
        return
    key = natural_key(*aim.parts, "T1")
    values: Values = {
        "natural_key": key,
        "status": "done" if goal.text("status") == "completed" else "doing",
        "name": f"{goal.text('name')}: 措施与资源",
        "kind": "routine",
        "goal": Refs("goal", (goal.key,)),
        "owner": goal.members("p_self"),
        "planned_start": aim.cycle.day("start_date") if aim.cycle else goal["end_date"],
        "planned_end": goal["end_date"],
        "material_need": goal["support"],
    }
    yield WantedRow(key=key, values=values)


def _change(log: Row) -> Iterator[WantedRow]:
    """A log entry about a changed goal becomes a change that was approved; the entry itself stays."""
    goal = log.related("goal")
    if log.text("kind") != "goal_change" or goal is None or not (log.key and goal.key):
        return
    key = natural_key(*goal.key.strip("[]").split("|"), digest(log.key).removeprefix("sha256:")[:8])
    values: Values = {
        "natural_key": key,
        "status": "approved",
        "goal": Refs("goal", (goal.key,)),
        "change_kind": "target",
        "reason": log["content"],
        "origin": "other",
        "effective_on": log["date"],
        "applicant": log.members("author"),
    }
    yield WantedRow(key=key, values=values)
