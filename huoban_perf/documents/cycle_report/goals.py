"""Goals by strategic theme: who has taken them up, how they stand, and whether resources follow the weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from huoban_perf.documents.cycle_report import charts
from huoban_perf.documents.cycle_report.figures import DASH, percent
from huoban_perf.documents.cycle_report.material import Material
from huoban_perf.documents.cycle_report.model import Absent, Section, Table
from huoban_perf.documents.labels import name_of
from huoban_perf.sync.book import Row

_LIVE = frozenset({"awaiting_confirmation", "confirmed", "changing", "completed"})
_HEALTH = {"on_track": "正常", "at_risk": "预警", "behind": "滞后", "": "未评估"}
_HEALTH_COLOURS = ("var(--c3)", "var(--c2)", "var(--warn)", "var(--line)")
_FAR = 20
"""Points between the share of resources and that of weight from which it is said, as the job strategy-check does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theme:
    """A strategy goal with the goals of the cycle below it."""

    name: str
    weight: Decimal
    goals: tuple[Row, ...]
    homes: frozenset[str]
    days: Decimal


def strategy(material: Material) -> Section | Absent:
    """Say how the goals of the cycle serve strategy."""
    title = "目标和战略"
    themes = list(_themes(material))
    if not themes:
        return Absent(title=title, why="没有生效的战略目标.")
    total = len(material.departments)
    untaken = [theme.name for theme in themes if not theme.goals]
    counts = {theme.name: Counter(_health(goal) for goal in theme.goals) for theme in themes}
    behind = max(themes, key=lambda theme: counts[theme.name]["滞后"])
    says = [
        f"{len(themes)} 个战略目标" + (f", 还没有人承接的: {'、'.join(untaken)}." if untaken else ", 个个有人承接.")
    ]
    if counts[behind.name]["滞后"]:
        says.append(f"滞后目标最多的是「{behind.name}」, {counts[behind.name]['滞后']} 个.")
    order = tuple(_HEALTH.values())
    values = [
        {"name": theme.name, "group": health, "count": counts[theme.name][health]}
        for theme in themes
        for health in order
        if counts[theme.name][health]
    ]
    rows = [
        (
            theme.name,
            f"{len(theme.homes)}/{total}",
            str(len(theme.goals)),
            *(str(counts[theme.name][health]) for health in order),
        )
        for theme in themes
    ]
    header = ("战略目标", "承接部门", "目标数", *order)
    return Section(
        key="strategy",
        title=title,
        says=says,
        chart=charts.stacked(values, groups=order, title="目标数", colours=_HEALTH_COLOURS) if values else None,
        tables=[Table(header=header, rows=rows, right=range(1, len(header)))],
        note="承接部门: 本期有目标挂在它下面 (或挂在这样的上级目标下面) 的部门.",
    )


def _themes(material: Material) -> Iterator[_Theme]:
    book = material.book
    if not book.has("strategy"):
        return
    departments = {person.sheet.item_id: person.department for person in material.people}
    below: dict[str, list[tuple[Row, str]]] = {}
    for goal in book.of("goal", "cycle", material.cycle):
        if goal.text("status") not in _LIVE:
            continue
        sheet, home = goal.related("appraisal"), goal.related("department")
        department = departments.get(sheet.item_id, "") if sheet is not None else ""
        department = department or (name_of(home) if home is not None else "")
        theme = _theme_of(goal, set())
        if theme is not None and department in material.departments:
            below.setdefault(theme.item_id, []).append((goal, department))
    for row in sorted(book.all("strategy"), key=lambda one: (-(one.number("weight") or 0), one.key)):
        if row.text("status") == "active":
            found = below.get(row.item_id, [])
            yield _Theme(
                name=name_of(row),
                weight=row.number("weight") or Decimal(0),
                goals=tuple(goal for goal, _ in found),
                homes=frozenset(department for _, department in found),
                days=sum((_days(goal) for goal, _ in found), Decimal(0)),
            )


def _theme_of(goal: Row, seen: set[str]) -> Row | None:
    """Return the strategy goal that a goal serves, by itself or by what it hangs below."""
    own = goal.related("strategy")
    if own is not None:
        return own
    parent = goal.related("parent")
    if parent is None or parent.item_id in seen:
        return None
    return _theme_of(parent, seen | {goal.item_id})


def _days(goal: Row) -> Decimal:
    if not goal.book.has("plan_task"):
        return Decimal(0)
    tasks = goal.book.of("plan_task", "goal", goal)
    return sum(((t.number("person_days") or Decimal(0)) for t in tasks if t.text("status") != "cancelled"), Decimal(0))


def _health(goal: Row) -> str:
    return _HEALTH.get(goal.text("health"), _HEALTH[""])


def _part(part: Decimal, whole: Decimal) -> str:
    return percent(int(part * 10000), int(whole * 10000)) if whole else DASH


def resources(material: Material) -> Section | Absent:
    """Say whether planned person-days follow the weight that strategy gives."""
    title = "资源和重点"
    themes = list(_themes(material))
    weights, days = sum((t.weight for t in themes), Decimal(0)), sum((t.days for t in themes), Decimal(0))
    if not weights or not days:
        return Absent(title=title, why="战略目标没有权重, 或计划任务没有填人天.")
    groups = ("权重占比", "人天占比")
    shares = [(theme.name, _part(theme.weight, weights), _part(theme.days, days)) for theme in themes]
    gaps = [(abs(t.days * 100 / days - t.weight * 100 / weights), t) for t in themes]
    gap, theme = max(gaps, key=lambda pair: pair[0])
    says = [
        f"差得最多的是「{theme.name}」: 权重占 {_part(theme.weight, weights)}, 计划人天占 {_part(theme.days, days)}."
    ]
    says.append("资源没有跟着重点走, 请改计划或改重点." if gap >= _FAR else f"各战略目标都相差不到 {_FAR} 个百分点.")
    values = [
        {"name": name, "group": group, "value": float(share.rstrip("%")), "label": share}
        for name, *both in shares
        for group, share in zip(groups, both, strict=True)
    ]
    return Section(
        key="resources",
        title=title,
        says=says,
        chart=charts.grouped(values, groups=groups, title="百分比"),
        tables=[Table(header=("战略目标", *groups), rows=shares, right=(1, 2))],
        note="人天取自本期目标下的计划任务, 取消的不算.",
    )
