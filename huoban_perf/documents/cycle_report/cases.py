"""What is missing and what is contested."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from huoban_perf.documents.cycle_report import charts
from huoban_perf.documents.cycle_report.figures import DASH
from huoban_perf.documents.cycle_report.material import Material, Person
from huoban_perf.documents.cycle_report.model import Absent, Chart, Section, Table
from huoban_perf.documents.labels import choice_label, day_of, text_of
from huoban_perf.sync.book import Row

_WAITING = {"to_fill": "待填", "to_verify": "待核实"}
_HELD = {"held": "暂不计分", "awaiting_reviews": "待补评"}
_KINDS = (*_WAITING.values(), *_HELD.values())
_OVER = frozenset({"upheld", "adjusted", "refused", "withdrawn"})
_LISTED = 30
_FEW = 3
"""Below so many appeals an executive reads no figures: they would be single people's."""


def missing(material: Material) -> Section | Absent:
    """Say what data is missing, and whose result waits for it."""
    title = "缺的数据"
    found = list(_missing(material))
    if not found:
        return Section(key="missing", title=title, says=["没有待填、待核实的指标数据" + _no_result(material)])
    counts = Counter((person.department, kind) for kind, person, _ in found)
    kinds = Counter(kind for kind, _, _ in found)
    said = ", ".join(f"{kind} {kinds[kind]} 条" for kind in _KINDS if kinds[kind])
    most = Counter(person.department for _, person, _ in found).most_common(1)[0]
    values = [
        {"name": department, "group": kind, "count": counts[department, kind]}
        for department in material.departments
        for kind in _KINDS
        if counts[department, kind]
    ]
    named = [department for department in material.departments if any(counts[department, kind] for kind in _KINDS)]
    rows = [(department, *(str(counts[department, kind]) for kind in _KINDS)) for department in named]
    tables = [Table(header=("部门", *_KINDS), rows=rows, right=range(1, len(_KINDS) + 1))]
    if material.audience.role != "executive":
        listed: list[Sequence[str]] = [(one.name, one.department, kind, what) for kind, one, what in found[:_LISTED]]
        if len(found) > _LISTED:
            listed.append((f"另有 {len(found) - _LISTED} 条, 在应用的「缺数据」视图里", "", "", ""))
        tables.append(Table(header=("姓名", "部门", "缺什么", "哪一项"), rows=listed, caption="逐条"))
    return Section(
        key="missing",
        title=title,
        says=[f"{said}; 最多的是{most[0]}, {most[1]} 条."],
        chart=charts.stacked(
            values, groups=_KINDS, title="条数", colours=("var(--c2)", "var(--c1)", "var(--warn)", "var(--c5)")
        ),
        tables=tables,
        note="暂不计分和待补评的人没有结果, 补齐后重新评分; 缺数不会被当成零分, 除非方案这样规定.",
    )


def _missing(material: Material) -> Iterator[tuple[str, Person, str]]:
    """Yield what is missing, of whom, and which item."""
    waiting = _actuals(material)
    for person in material.people:
        employee = person.sheet.related("employee")
        for row in waiting.get(employee.item_id, ()) if employee is not None else ():
            what = f"{text_of(row.related('metric'), 'name')} {day_of(row, 'period_start') or ''}".strip()
            yield _WAITING[row.text("status")], person, what
        if material.is_manager or person.number == material.audience.viewer:
            continue
        for result in material.book.of("score_result", "appraisal", person.sheet):
            if result.text("status") in _HELD:
                yield _HELD[result.text("status")], person, text_of(result, "missing_notes") or DASH


def _no_result(material: Material) -> str:
    return "." if material.is_manager else ", 也没有暂不计分或待补评的结果."


def _actuals(material: Material) -> dict[str, list[Row]]:
    """Return employee → waiting rows of 指标数据 whose period lies in the cycle."""
    book = material.book
    began, ended = material.cycle.day("start_date"), material.cycle.day("end_date")
    found: dict[str, list[Row]] = {}
    for row in book.all("metric_actual") if book.has("metric_actual") else ():
        since = row.day("period_start")
        if row.text("status") not in _WAITING or since is None:
            continue
        if (began is None or since >= began) and (ended is None or since <= ended):
            for employee in row.members("employee"):
                found.setdefault(employee, []).append(row)
    return found


def appeals(material: Material) -> Section | Absent | None:
    """Count appeals by matter and by how they ended. Managers never read of them."""
    title = "申诉"
    book = material.book
    if material.is_manager or not book.has("appeal"):
        return None
    rows = [
        row for person in material.people for row in book.of("appeal", "appraisal", person.sheet) if row.text("status")
    ]
    if not rows:
        return Absent(title=title, why="没有申诉.")
    decided = [row for row in rows if row.text("status") in {"upheld", "adjusted"}]
    adjusted = sum(row.text("status") == "adjusted" for row in decided)
    if not material.is_hr and len(rows) < _FEW:
        return Absent(title=title, why=f"申诉少于 {_FEW} 件, 不向高管显示数字.")
    says = [f"{len(rows)} 件申诉, 已有结论 {len(decided)} 件, 其中调整结果 {adjusted} 件."]
    late = [
        row
        for row in rows
        if row.text("status") not in _OVER and (due := row.day("decide_by")) is not None and due < material.today
    ]
    if late:
        says.append(f"{len(late)} 件超过办结时限.")
    if not material.is_hr:
        return Section(key="appeals", title=title, says=says)
    table, chart = _by_matter(rows)
    return Section(
        key="appeals",
        title=title,
        says=says,
        chart=chart,
        tables=[table],
        note="只有件数, 不列人: 谁申诉只有办理的人看.",
    )


def _by_matter(rows: Sequence[Row]) -> tuple[Table, Chart]:
    counts = Counter((choice_label(row, "matter") or "未填", choice_label(row, "status")) for row in rows)
    states = list(dict.fromkeys(state for _, state in sorted(counts)))
    matters = list(dict.fromkeys(matter for matter, _ in sorted(counts)))
    values = [
        {"name": matter, "group": state, "count": counts[matter, state]}
        for matter in matters
        for state in states
        if counts[matter, state]
    ]
    cells = [(matter, *(str(counts[matter, state]) for state in states)) for matter in matters]
    table = Table(header=("申诉事项", *states), rows=cells, right=range(1, len(states) + 1))
    return table, charts.stacked(values, groups=states, title="件")
