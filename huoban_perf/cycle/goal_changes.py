"""Goals after the lock: approved changes cut their 考核指标 into segments; what was changed by hand is put back.

考核指标 holds the verified copy: its segments follow from the first one and the approved 目标变更, in the order in
which they take effect, so any run ends in the same rows. The goal itself shows the segment of the day. Source:
workflows.md §1 目标变更, "Who acted" (locked values); data-model.md §1 rule 6; scoring.md S11.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from huoban_perf.core.equality import equal
from huoban_perf.core.errors import Problem
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.contracts import LOCKED
from huoban_perf.cycle.moves import moved
from huoban_perf.cycle.org_source import parse_day
from huoban_perf.cycle.work import Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_FIELD_OF = {"target": "target_value", "weight": "weight"}
_COUNTS = frozenset({"confirmed", "changing", "completed", "terminated"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of time in which a goal counts with the same values.

    Attributes:
        start: First day.
        values: The locked fields.
    """

    start: date
    values: dict[str, Value]


@dataclass(slots=True)
class Followed:
    """What the goals of a cycle call for.

    Attributes:
        items: Segments of 考核指标.
        goals: Goals as they should stand.
        changes: Changes with their old value and a preview.
        notes: What a person should know.
        notices: Who is told that a locked goal was put back.
    """

    items: list[WantedRow] = field(default_factory=list)
    goals: list[WantedRow] = field(default_factory=list)
    changes: list[WantedRow] = field(default_factory=list)
    notes: list[Problem] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """The rows, goals last: they show what 考核指标 says."""
        return (
            Wish(table="goal_change", rows=tuple(self.changes)),
            Wish(table="appraisal_item", rows=tuple(self.items)),
            Wish(table="goal", rows=tuple(self.goals)),
        )


def follow_goals(context: JobContext) -> Followed:
    """Say what approved changes and hand-made edits of locked goals call for.

    Args:
        context: What stands; the cycle is 执行中 or 评价中.

    Returns:
        Rows and notes; nothing for goals without a copy in 考核指标.
    """
    found = Followed()
    if not context.book.has("goal_change") or not context.book.has("appraisal_item"):
        return found
    for goal in sorted(context.book.of("goal", "cycle", context.cycle), key=lambda row: row.key):
        if not goal.key or goal.text("status") not in _COUNTS:
            continue
        changes = list(context.book.of("goal_change", "goal", goal))
        base = _base(context, goal)
        if base is not None:
            found.changes += _described(context, goal, base, changes)
            _follow(context, goal, base, changes, found)
    return found


def _base(context: JobContext, goal: Row) -> Row | None:
    """Return the first segment of a goal's 考核指标."""
    start = context.cycle.day("start_date")
    rows = context.book.of("appraisal_item", "goal", goal)
    return next((row for row in rows if row.key and row.day("valid_from") == start), None)


def _follow(context: JobContext, goal: Row, base: Row, changes: list[Row], found: Followed) -> None:
    approved = sorted(
        (row for row in changes if row.text("status") == "approved" and row.day("effective_on")),
        key=lambda row: (row.day("effective_on"), row.key),
    )
    segments, ends, problems = segments_of(context, base, approved)
    found.notes += problems
    for place, segment in enumerate(segments):
        last = segments[place + 1].start - timedelta(days=1) if place + 1 < len(segments) else ends
        found.items.append(_item(base, segment, last))
    now = [segment for segment in segments if segment.start <= context.today] or segments[:1]
    values: dict[str, Value | Refs] = {**now[-1].values, **_other(context, approved, found.notes)}
    known = [*(segment.values for segment in segments), {key: base[key] for key in LOCKED}]
    if not any(all(equal(goal[key], value) for key, value in one.items()) for one in known):
        _restored(context, goal, now[-1].values, found)
    ended = ends < context.today and ends < (context.cycle.day("end_date") or ends)
    if ended and goal.text("status") in {"confirmed", "changing"}:
        found.goals.append(moved(goal, "terminated", today=context.today, **values))
    else:
        found.goals.append(WantedRow(key=goal.key, values={"natural_key": goal.key, **values}))


def segments_of(context: JobContext, base: Row, approved: Sequence[Row]) -> tuple[list[Segment], date, list[Problem]]:
    """Cut a goal's time by its approved changes.

    Args:
        context: The cycle.
        base: The first segment's row.
        approved: Changes in the order in which they take effect.

    Returns:
        Segments in order; the goal's last day; changes that say nothing usable or take effect after the cycle.
    """
    start = context.cycle.day("start_date") or context.today
    end = context.cycle.day("end_date") or start
    segments = [Segment(start=start, values={key: base[key] for key in LOCKED})]
    problems: list[Problem] = []
    for change in approved:
        on = max(change.day("effective_on") or start, start)
        kind, name = change.text("change_kind"), _FIELD_OF.get(change.text("change_kind"))
        if kind == "terminate":
            end = min(end, on - timedelta(days=1))
        if name is None:
            continue
        value = number_of(change)
        if value is None or on > end:
            problems.append(note("cycle.change_unusable", address=change.key, value=change.text("new_value") or "-"))
            continue
        last = segments[-1]
        changed = replace(last, start=on, values={**last.values, name: value})
        segments = [*segments[:-1], changed] if last.start == on else [*segments, changed]
    return [one for one in segments if one.start <= end] or segments[:1], end, problems


def number_of(change: Row) -> Decimal | None:
    """Return the number a change gives, or None."""
    try:
        return Decimal(change.text("new_value").strip().rstrip("%").replace(",", ""))
    except InvalidOperation:
        return None


def _item(base: Row, segment: Segment, last: date) -> WantedRow:
    parts = base.key.strip("[]").split("|")
    key = natural_key(*parts[:-1], segment.start.isoformat())
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": base["name"],
        **{name: base[name] for name in ("appraisal", "metric", "goal", "dimension")},
        **segment.values,
        "valid_from": segment.start,
        "valid_to": last,
        "origin": "personal_goal",
    }
    return WantedRow(key=key, values=values)


def _other(context: JobContext, approved: Sequence[Row], notes: list[Problem]) -> dict[str, Value | Refs]:
    """Return what changes of deadline and strategy write into the goal itself."""
    values: dict[str, Value | Refs] = {}
    for change in approved:
        if change.text("change_kind") == "deadline" and (day := parse_day(change.text("new_value"))) is not None:
            values["end_date"] = day
        if change.text("change_kind") == "realign":
            strategy = strategy_named(context, change.text("new_value"))
            if strategy is None:
                notes.append(note("cycle.change_unusable", address=change.key, value=change.text("new_value") or "-"))
            else:
                values |= {"strategy": Refs("strategy", (strategy.key,)), "realignment_needed": False}
    return values


def strategy_named(context: JobContext, name: str) -> Row | None:
    """Return the active strategy goal of a name, or None when there is none or several."""
    rows = [row for row in context.book.all("strategy") if row.text("status") == "active"]
    rows = [row for row in rows if row.key and row.text("name") == name.strip()]
    return rows[0] if len(rows) == 1 else None


def _restored(context: JobContext, goal: Row, values: dict[str, Value], found: Followed) -> None:
    """Tell of a locked goal that somebody changed by hand."""
    changed = [key for key, value in values.items() if not equal(goal[key], value)]
    if not changed:
        return
    labels = "、".join(goal.rows.table.field(key).labels.zh for key in changed)
    found.notes.append(note("cycle.locked_restored", address=goal.text("name") or goal.key, fields=labels))
    found.notices += restored_notices(context, goal, labels, owners=(*goal.members("owner"), *goal.members("p_mgr")))


def restored_notices(context: JobContext, goal: Row, labels: str, *, owners: Sequence[str]) -> Iterator[Notice]:
    """Tell whoever changed a locked goal by hand that it was put back; whoever answers for it when nobody knows who.

    Args:
        context: The day.
        goal: The goal.
        labels: Names of the fields that were put back.
        owners: Who answers for the goal.

    Yields:
        A notice each, sent at once.
    """
    for receiver in dict.fromkeys((goal.editor,) if goal.editor else owners):
        yield Notice(
            receiver=receiver,
            event="locked_restored",
            object=goal.key,
            day=context.today,
            facts={"subject": goal.text("name") or goal.key, "fields": labels},
            mode=Mode.AT_ONCE,
        )


def _described(context: JobContext, goal: Row, base: Row, changes: Sequence[Row]) -> Iterator[WantedRow]:
    """Fill in what a change replaces and touches, once, while it waits."""
    for change in changes:
        if not change.key or change.has("impact_preview") or change.text("status") != "pending":
            continue
        old, preview = describe(context, goal, base, change)
        values: dict[str, Value | Refs] = {"natural_key": change.key, "old_value": old, "impact_preview": preview}
        yield WantedRow(key=change.key, values=values)


def describe(context: JobContext, goal: Row, base: Row, change: Row) -> tuple[str, str]:
    """Return the old value of a change, and what it touches, in Chinese.

    Args:
        context: The cycle.
        goal: The goal.
        base: The first segment of its 考核指标.
        change: The change.

    Returns:
        Old value; the preview names days, never a person's result.
    """
    kind = change.text("change_kind")
    old: Value = goal[_FIELD_OF[kind]] if kind in _FIELD_OF else None
    if kind == "deadline":
        old = goal["end_date"]
    if kind == "realign":
        strategy = goal.related("strategy")
        old = strategy.text("name") if strategy else None
    shown = format(old.normalize(), "f") if isinstance(old, Decimal) else str(old or "-")
    on = change.day("effective_on") or context.today
    start, end = context.cycle.day("start_date"), context.cycle.day("end_date")
    lines = [f"{shown} → {change.text('new_value') or '终止'}"]
    if start and end and kind in {"target", "weight", "terminate"}:
        before = max(0, (min(on, end + timedelta(days=1)) - start).days)
        after = max(0, (end - max(on, start)).days + 1)
        lines.append(f"考核指标「{base.text('name')}」: 原值计 {before} 天, 自 {on} 起的新值计 {after} 天")
    if kind in {"weight", "terminate"}:
        lines.append("权重合计要仍为 100, 同一张考核单的其他目标须一并提交权重变更")
    below = [row for row in goal.book.of("goal", "parent", goal) if row.text("status") in {"confirmed", "changing"}]
    if below:
        lines.append(f"下级目标 {len(below)} 个, 请一并检视")
    return shown, "; ".join(lines)
