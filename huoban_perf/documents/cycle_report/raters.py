"""How severe raters are, how far they agree, what looks odd, and whether groups fare alike. For HR only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from huoban_perf.core.errors import Problem
from huoban_perf.documents.cycle_report import charts
from huoban_perf.documents.cycle_report.figures import DASH
from huoban_perf.documents.cycle_report.material import Material
from huoban_perf.documents.cycle_report.model import Absent, Section, Table
from huoban_perf.exchange.cycle_analysis import CycleAnalysis
from huoban_perf.scoring.reliability import ENOUGH_UNITS
from huoban_perf.scoring.severity import LEAST_FORMS
from huoban_perf.scoring.words import RELATIONS

_LENIENT = 5.0
"""Points from which severity is worth a talk. Source: scoring.md S15."""

_EACH_END = 10
_USABLE, _TENTATIVE = 0.8, 0.667
"""Readings of Krippendorff's α. Source: scoring.md S6."""


def severity(material: Material) -> Section | Absent | None:
    """Say how lenient or severe each rater is, and how sure that is."""
    title = "评价人松紧"
    analysis = _analysed(material, "rater_severity", title)
    if not isinstance(analysis, CycleAnalysis):
        return analysis
    rows = analysis.tables["rater_severity"]
    known = [row for row in rows if row["rater"] in analysis.severity and row["n"] >= LEAST_FORMS]
    clear = [row for row in known if _is_clear(analysis, row)]
    lenient = sum(_effect(row) > 0 for row in clear)
    says = [
        f"评过 {LEAST_FORMS} 份以上的 {len(known)} 位评价人里, {len(clear)} 位明显偏松或偏严: "
        f"偏松 {lenient} 位, 偏严 {len(clear) - lenient} 位."
    ]
    if len(rows) > len(known):
        says.append(f"另有 {len(rows) - len(known)} 位份数太少, 不单独判断.")
    if analysis.components > 1:
        says.append(f"评价人分成 {analysis.components} 组, 组和组之间没有共同的被评人, 只能在组内比较.")
    ranked = sorted(known, key=lambda row: (-_effect(row), row["rater"]))
    ends = ranked if len(ranked) <= 2 * _EACH_END else [*ranked[:_EACH_END], *ranked[-_EACH_END:]]
    values = [
        {
            "name": _name(material, row),
            "value": _effect(row),
            "low": analysis.severity[row["rater"]].low,
            "high": analysis.severity[row["rater"]].high,
        }
        for row in ends
    ]
    marks = (-_LENIENT, 0.0, _LENIENT)
    return Section(
        key="severity",
        title=title,
        says=says,
        chart=charts.intervals(values, title="偏离 (分): 右边偏松, 左边偏严", marks=marks) if values else None,
        tables=[_severity_table(material, analysis, ends)] if ends else [],
        note=_severity_note(analysis),
    )


def _analysed(material: Material, table: str, title: str) -> CycleAnalysis | Absent | None:
    """Return the analysis that has rows in a table; None: this reader is not shown any; else why there are none."""
    if not material.is_hr:
        return None
    if material.analysis is None or not material.analysis.tables[table]:
        return Absent(title=title, why=material.analysis_fault or "还没有计入的评价.")
    return material.analysis


def _severity_note(analysis: CycleAnalysis) -> str:
    shrunk = "(已向 0 收缩)" if analysis.is_shrunk else ""
    return (
        f"点是扣除被评人水平之后的偏离{shrunk}, 横线是约 95% 的区间: 区间越长越没把握; 偏离 5 分以上、区间又不含 0, "
        "才算明显. 偏松偏严只说明尺度不同, 不说明谁对谁错; 分数没有因此改动, 要校正须另行批准. 最松和最严各列 10 位."
    )


def _is_clear(analysis: CycleAnalysis, row: Mapping[str, Any]) -> bool:
    interval = analysis.severity[row["rater"]]
    return abs(_effect(row)) >= _LENIENT and (interval.low > 0 or interval.high < 0)


def _effect(row: Mapping[str, Any]) -> float:
    return float(row["additive"] if row["shrunk"] is None else row["shrunk"])


def _name(material: Material, row: Mapping[str, Any]) -> str:
    code = str(row["rater"])
    return f"{material.names[code]} {code}" if code in material.names else code


def _severity_table(material: Material, analysis: CycleAnalysis, rows: list[Mapping[str, Any]]) -> Table:
    cells = []
    for row in rows:
        interval = analysis.severity[row["rater"]]
        shown = f"{interval.low:+.1f} 到 {interval.high:+.1f}"
        group = (str(row["component"]),) if analysis.components > 1 else ()
        reading = _reading(analysis, row)
        cells.append(
            (_name(material, row), *group, str(row["n"]), f"{row['mean']:.2f}", f"{_effect(row):+.1f}", shown, reading)
        )
    group_header = ("组",) if analysis.components > 1 else ()
    header = ("评价人", *group_header, "份数", "平均给分", "偏离", "区间", "怎么看")
    first = 1 + len(group_header)
    return Table(header=header, rows=cells, right=tuple(range(1, first + 4)))


def _reading(analysis: CycleAnalysis, row: Mapping[str, Any]) -> str:
    if _is_clear(analysis, row):
        return "明显偏松, 谈一谈尺度" if _effect(row) > 0 else "明显偏严, 谈一谈尺度"
    return "没有明显偏差" if abs(_effect(row)) < _LENIENT else "可能有偏差, 证据不足"


def agreement(material: Material) -> Section | Absent | None:
    """Say how far raters of one relation agree, and how sure that is."""
    title = "评价一致性"
    analysis = _analysed(material, "reliability", title)
    if not isinstance(analysis, CycleAnalysis):
        return analysis
    cells, values = _agreement_rows(analysis)
    best = max(values, key=lambda value: float(str(value["value"])), default=None)
    says = ["人数或份数太少, 说不出评价是否一致."]
    if best is not None:
        strength = _plain(best["value"])
        says = [
            f"同一个人的几份评价有多一致: 最好的是{best['name']}, α 为 {float(str(best['value'])):.2f}, {strength}."
        ]
    return Section(
        key="agreement",
        title=title,
        says=says,
        chart=charts.intervals(values, title="α (1 = 完全一致, 0 = 和随便打一样)", marks=(_TENTATIVE, _USABLE))
        if values
        else None,
        tables=[
            Table(
                header=("关系", "份数", "人数", "α", "α 的区间", "ICC(1,1)", "ICC(1,k)", "怎么看"),
                rows=cells,
                right=range(1, 7),
            )
        ],
        note=(
            "虚线是 0.667 和 0.80: 到 0.80 一份评价就可用, 0.667 以下单份评价不宜直接用于薪酬, 看多人平均 (ICC(1,k)). "
            "区间按每次去掉二十分之一的人重算得出, 约 95%."
        ),
    )


def _agreement_rows(analysis: CycleAnalysis) -> tuple[list[tuple[str, ...]], list[dict[str, object]]]:
    """Return the table's rows, and the points of the chart, which only relations with an interval have."""
    cells: list[tuple[str, ...]] = []
    values: list[dict[str, object]] = []
    for row in analysis.tables["reliability"]:
        relation, interval = str(row["relation"]), analysis.agreement.get(str(row["relation"]))
        name = RELATIONS.get(relation, "全部评价")
        alpha = row["alpha_interval"]
        shown = DASH if interval is None else f"{interval.low:.2f} 到 {interval.high:.2f}"
        figures = (_two(alpha), shown, _two(row["icc_1_1"]), _two(row["icc_1_k"]))
        reading = _plain(alpha) if row["units"] >= ENOUGH_UNITS else f"不足 {ENOUGH_UNITS} 人, 数据不够"
        cells.append((name, str(row["forms"]), str(row["units"]), *figures, reading))
        if interval is not None and alpha is not None:
            values.append({"name": name, "value": float(alpha), "low": interval.low, "high": interval.high})
    return cells, values


def _two(value: object) -> str:
    return DASH if value is None else f"{float(str(value)):.2f}"


def _plain(alpha: object) -> str:
    if alpha is None:
        return "没有差异, 无法判断"
    figure = float(str(alpha))
    if figure >= _USABLE:
        return "可用"
    return "勉强" if figure >= _TENTATIVE else "不足, 单份评价不宜直接用于薪酬"


def hints(material: Material) -> Section | Absent | None:
    """Count what looks odd about ratings."""
    if not material.is_hr or material.analysis is None:
        return None
    counts = Counter(str(row["hint"]) for row in material.analysis.tables["hints"])
    if not counts:
        return None
    named = [(material.say(Problem(code=f"analysis.hint_{hint}")), count) for hint, count in counts.most_common()]
    says = [f"程序看到 {counts.total()} 处值得人看一眼的评价, 最多的是「{named[0][0]}」, {named[0][1]} 处."]
    return Section(
        key="hints",
        title="评价质量提示",
        says=says,
        chart=charts.bars([{"name": name, "count": count} for name, count in named], title="处"),
        tables=[Table(header=("提示", "处数"), rows=[(name, str(count)) for name, count in named], right=(1,))],
        note="提示不改分数, 也不等于有错; 逐条看用 score analyse.",
    )


def fairness(material: Material) -> Section | Absent | None:
    """Compare how often groups get good grades. Only for those who may see the groups."""
    title = "公平性筛查"
    if not material.is_hr or not material.audience.fairness:
        return None
    rows = material.analysis.tables.get("fairness", ()) if material.analysis is not None else ()
    tested = [row for row in rows if row["rate"] is not None]
    if not tested:
        return Absent(
            title=title, why=material.analysis_fault or "没有可以比较的分组 (人事保密里没有填分组, 或每组不到 5 人)."
        )
    flagged = [row for row in tested if row["role"] == "flagged"]
    says = ["没有哪一组的比例低于最高组的五分之四."]
    if flagged:
        names = "、".join(dict.fromkeys(str(row["group_name"]) for row in flagged))
        says = [f"{names} 得到好等级的比例不到最高组的五分之四, 请人工查原因: 这是筛查, 不是结论."]
    cells = [_fairness_cells(material, row) for row in tested]
    outcomes = list(dict.fromkeys(cell[0] for cell in cells))
    values = [
        {"name": cell[1], "group": cell[0], "value": float(row["rate"]) * 100, "label": cell[3]}
        for cell, row in zip(cells, tested, strict=True)
    ]
    return Section(
        key="fairness",
        title=title,
        says=says,
        chart=charts.grouped(values, groups=outcomes, title="达到的人占本组的百分比"),
        tables=[
            Table(header=("口径", "组", "人数", "比例", "与最高组之比", "p", "角色"), rows=cells, right=(2, 3, 4, 5))
        ],
        note="只给有权看分组的人. 每组 5 人以上才比较; 人少时差一个人就会翻转. p 是两组本来一样时出现这种差别的机会.",
    )


def _fairness_cells(material: Material, row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        material.say(Problem(code=f"analysis.outcome_{row['outcome']}")),
        str(row["group_name"] or DASH),
        str(row["n"]),
        _share(row["rate"]),
        _two(row["ratio"]),
        _two(row["p_two_sided"]),
        material.say(Problem(code=f"analysis.role_{row['role']}")),
    )


def _share(rate: object) -> str:
    return DASH if rate is None else f"{float(str(rate)) * 100:.0f}%"
