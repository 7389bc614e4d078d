"""Where the cycle stands, how far each department is, where the process sticks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from huoban_perf.core.errors import Problem
from huoban_perf.cycle.process_review import review_process
from huoban_perf.cycle.status import cycle_status
from huoban_perf.documents.cycle_report import charts
from huoban_perf.documents.cycle_report.figures import DASH
from huoban_perf.documents.cycle_report.material import Material
from huoban_perf.documents.cycle_report.model import Absent, Chart, Section, Table
from huoban_perf.documents.labels import choice_label
from huoban_perf.sync.book import Row
from huoban_perf.sync.cycle_row import SEALED

_DATES = (
    "goal_open_on", "goal_due_on", "review_start_on", "data_due_on", "self_due_on", "review_due_on", "calibration_on",
    "release_on", "interview_due_on", "confirm_due_on", "appeal_due_on",
)  # fmt: skip
_BEFORE_GOALS = frozenset({"goal_setting", "goals_awaiting_confirmation"})
_NOT_ASKED = frozenset({"recalled", "declined"})
_LISTED = 12


def standing(material: Material) -> Section:
    """Say which stage the cycle is in and what keeps it there."""
    cycle = material.cycle
    fields = {field.address.key: field.labels.zh for field in cycle.rows.table.fields}
    days = [(fields[key], day) for key in _DATES if key in fields and (day := cycle.day(key)) is not None]
    status = cycle_status(material.context)
    says = [f"周期在「{choice_label(cycle, 'status')}」阶段, {len(material.people)} 人参评"]
    says[0] += f", {len(material.left_out)} 人不参评." if material.left_out else "."
    if status.leaves_on is not None:
        late = f", 已晚 {status.days_late} 个工作日" if status.days_late else ""
        says.append(f"按时间表应在 {status.leaves_on} 结束这个阶段{late}.")
    blocks = [material.say(block) for block in status.blocks] if material.is_hr else []
    if blocks:
        says.append(f"下一步前还有 {len(blocks)} 件事, 见表.")
    tables = [
        Table(
            header=("时间点", "日期", "状态"),
            rows=[(name, str(day), "已到" if day <= material.today else "未到") for name, day in days],
        )
    ]
    if blocks:
        more = [(f"另有 {len(blocks) - _LISTED} 件, 运行 cycle status 看全部",)] if len(blocks) > _LISTED else []
        tables.append(Table(header=("卡在哪里",), rows=[(block,) for block in blocks[:_LISTED]] + more))
    values = [
        {"name": name, "day": f"{day}T00:00:00", "state": "已到" if day <= material.today else "未到"}
        for name, day in days
    ]
    chart = charts.timeline(values, today=f"{material.today}T00:00:00") if len(days) > 1 else None
    kept = tables if days else tables[1:]
    return Section(key="standing", title="周期走到哪一步", says=says, chart=chart, tables=kept)


def completion(material: Material) -> Section:
    """Say how far each department is at each stage."""
    columns = list(_stages(material))
    cells = {
        (department, stage): _done(material, department, stage)
        for department in material.departments
        for stage, _ in columns
    }
    names = [label for _, label in columns]
    behind = [
        (done * 100 // total, done - total, department, label, done, total)
        for (department, stage), (done, total) in cells.items()
        for key, label in columns
        if key == stage and total and done < total
    ]
    if behind:
        share, _, department, label, done, total = min(behind)
        says = [f"最慢的一格: {department}的{label}, {total} 份里完成 {done} 份 ({share}%)."]
    else:
        says = ["到现在为止, 各部门各环节要做的都做完了."]
    rows = []
    values: list[dict[str, object]] = []
    for department in material.departments:
        counts = [cells[department, stage] for stage, _ in columns]
        rows.append((department, *(f"{done}/{total}" if total else DASH for done, total in counts)))
        for name, (done, total) in zip(names, counts, strict=True):
            label = f"{done}/{total}" if total else DASH
            values.append({"name": department, "column": name, "value": done / total if total else 0, "label": label})
    return Section(
        key="completion",
        title="各部门各环节完成情况",
        says=says,
        chart=charts.heat(values, columns=names, most=1),
        tables=[Table(header=("部门", *names), rows=rows, right=range(1, len(names) + 1))],
        note="每格是 完成/应完成; 颜色越深, 完成得越多. 收回和婉拒的评价不算应完成.",
    )


def _stages(material: Material) -> Iterator[tuple[str, str]]:
    yield "goals", "目标"
    asked = {task.text("relation") for person in material.people for task in _tasks(material, person.sheet)}
    for option in material.book.app.schema.table("review_task").field("relation").options:
        if option.address.key in asked:
            yield option.address.key, option.labels.zh
    if material.cycle.text("status") in SEALED:  # nobody can confirm what is not released
        yield "confirmed", "确认"


def _tasks(material: Material, sheet: Row) -> list[Row]:
    tasks = material.book.of("review_task", "appraisal", sheet)
    return [task for task in tasks if task.text("status") not in _NOT_ASKED]


def _done(material: Material, department: str, stage: str) -> tuple[int, int]:
    sheets = [person.sheet for person in material.people if person.department == department]
    if stage == "goals":
        return sum(sheet.text("status") not in _BEFORE_GOALS for sheet in sheets), len(sheets)
    if stage == "confirmed":
        return sum(sheet.text("status") == "completed" for sheet in sheets), len(sheets)
    tasks = [task for sheet in sheets for task in _tasks(material, sheet) if task.text("relation") == stage]
    return sum(task.text("status") == "submitted" for task in tasks), len(tasks)


def bottleneck(material: Material) -> Section | Absent | None:
    """Say which stage takes longest, how people liked each, and the one change to try."""
    title = "流程卡点和一个改进"
    if material.is_manager:
        return None
    notes = review_process(material.context).notes
    stages = [one for one in notes if one.code == "cycle.stage_days"]
    moods = [one for one in notes if one.code == "cycle.stage_mood"]
    if not stages and not moods:
        return Absent(title=title, why="还没有阶段时间和流程反馈, 说不出哪一步慢.")
    says = []
    if stages:
        slow = max(stages, key=lambda one: int(str(one.facts["median"])))
        median, longest = slow.facts["median"], slow.facts["longest"]
        says.append(f"最耗时的是「{slow.address}」: 一半人用了 {median} 天以上, 最长 {longest} 天.")
    if moods:
        low = min(moods, key=lambda one: float(str(one.facts["mean"])))
        says.append(f"满意度最低的是「{low.address}」: 平均 {low.facts['mean']} 分 ({low.facts['count']} 人, 满分 5).")
    has_advice = notes[-1].code != "cycle.advice_none"
    says.append(f"建议试一个改动: {material.say(notes[-1])}" if has_advice else "按现有数据, 没有一处突出到要先改.")
    return Section(
        key="bottleneck",
        title=title,
        says=says,
        chart=_dwell(stages) if stages else _moods(moods),
        tables=_process_tables(stages, moods),
        note="天数取自考核单的阶段时间, 只算已离开的阶段; 满意度满 5 份才显示.",
    )


def _dwell(stages: Sequence[Problem]) -> Chart:
    groups = ("中位天数", "最长天数")
    values = [
        {"name": one.address, "group": group, "value": one.facts[fact], "label": one.facts[fact]}
        for one in stages
        for group, fact in zip(groups, ("median", "longest"), strict=True)
    ]
    return charts.grouped(values, groups=groups, title="天")


def _moods(moods: Sequence[Problem]) -> Chart:
    return charts.bars([{"name": mood.address, "count": mood.facts["mean"]} for mood in moods], title="满意度 (满分 5)")


def _process_tables(stages: Sequence[Problem], moods: Sequence[Problem]) -> list[Table]:
    tables = []
    if stages:
        rows = [(str(s.address), *(str(s.facts[fact]) for fact in ("median", "longest", "count"))) for s in stages]
        tables.append(Table(header=("阶段", "中位天数", "最长天数", "考核单"), rows=rows, right=(1, 2, 3)))
    if moods:
        rows_ = [(str(mood.address), str(mood.facts["mean"]), str(mood.facts["count"])) for mood in moods]
        tables.append(Table(header=("环节", "满意度", "份数"), rows=rows_, right=(1, 2)))
    return tables
