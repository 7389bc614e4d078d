"""Grades against quotas, scores by department, calibration, boundary cases, and the cycle before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from huoban_perf.documents.cycle_report import charts
from huoban_perf.documents.cycle_report.figures import DASH, mean, median, percent, quantile, signed
from huoban_perf.documents.cycle_report.material import Material, Person
from huoban_perf.documents.cycle_report.model import Absent, Section, Table
from huoban_perf.documents.labels import text_of

_NEAR = Decimal(1)
"""Points within which a result counts as near a bound. Source: scoring.md S9."""

_FEW = 5
"""Below so many people a department's middle half is not drawn: it would be single people."""

_NOT_YET = "结果还没有公布, 或按规定这时还不能看."
_POOLS = 8


def grades(material: Material) -> Section | Absent:
    """Say how the grades are distributed, and whether quotas are kept."""
    title = "等级分布和名额"
    people = material.scored
    if not people:
        return Absent(title=title, why=_NOT_YET)
    counts = Counter(person.grade for person in people)
    rows = [
        (label, str(counts.get(key, 0)), percent(counts.get(key, 0), len(people)))
        for key, label in material.grades.items()
    ]
    most = max(material.grades, key=lambda key: counts.get(key, 0))
    says = [
        f"{len(people)} 人有结果, 最多的是 {material.grades[most]} 级, {counts[most]} 人 "
        f"({percent(counts[most], len(people))})."
    ]
    tables = [Table(header=("等级", "人数", "占比"), rows=rows, right=(1, 2))]
    pools = material.analysis.tables["pools"] if material.analysis is not None else ()
    limited = [row for row in pools if row["quota"] is not None]
    if not limited:
        chart = charts.bars([{"name": name, "count": int(count)} for name, count, _ in rows], title="人数")
        if not material.is_manager:
            says.append("方案没有设等级名额.")
        return Section(key="grades", title=title, says=says, chart=chart, tables=tables)
    over = [row for row in limited if row["is_over"]]
    says.append(_over_text(over))
    tables.append(_pool_table(material, limited))
    values = [_bullet(material, row) for row in _largest(limited)]
    return Section(
        key="grades",
        title=title,
        says=says,
        chart=charts.bullets(values, title="该等级及以上的人数; 竖线是名额"),
        tables=tables,
        note="名额从最高等级往下累计: 「A」一行是 A 及以上的人数和名额. 红色是超出.",
    )


def _bullet(material: Material, row: Mapping[str, Any]) -> dict[str, object]:
    over = "yes" if row["is_over"] else "no"
    name = f"{_pool_name(material, row)} {row['grade']}"
    return {"name": name, "count": row["final_count"], "limit": row["quota"], "over": over}


def _over_text(over: Sequence[Mapping[str, Any]]) -> str:
    return f"有 {len(over)} 处超出名额, 校准完成前要处理." if over else "各校准池都没有超出名额."


def _largest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    sizes = {(row["scheme"], row["pool"]): int(row["n"]) for row in rows}
    kept = sorted(sizes, key=lambda pool: (-sizes[pool], pool))[:_POOLS]
    return [row for row in rows if (row["scheme"], row["pool"]) in kept]


def _pool_table(material: Material, rows: Sequence[Mapping[str, Any]]) -> Table:
    cells = [
        (
            _pool_name(material, row),
            str(row["grade"]),
            str(row["n"]),
            str(row["final_count"]),
            str(row["quota"]),
            "超出" if row["is_over"] else ("仅供参考" if row["is_advisory"] else ""),
        )
        for row in rows
    ]
    header = ("校准池", "等级及以上", "池内人数", "现有", "名额", "结论")
    return Table(header=header, rows=cells, right=(2, 3, 4), caption="各校准池的名额")


def _pool_name(material: Material, row: Mapping[str, Any]) -> str:
    kind, _, key = str(row["pool"]).partition(":")
    if kind == "dept":
        found = material.book.find("department", key)
        return text_of(found, "name") or key
    options = material.book.app.schema.table("department").field("calibration_pool").options
    return next((option.labels.zh for option in options if option.address.key == key), key or str(row["pool"]))


def scores(material: Material) -> Section | Absent:
    """Say how the scores of the departments lie."""
    title = "各部门得分"
    by_department: dict[str, list[Decimal]] = {}
    for person in material.scored:
        if person.score is not None:
            by_department.setdefault(person.department, []).append(person.score)
    if not by_department:
        return Absent(title=title, why=_NOT_YET)
    ranked = sorted(by_department.items(), key=lambda pair: (-median(pair[1]), pair[0]))
    first, last = ranked[0], ranked[-1]
    says = [f"中位数最高的是{first[0]} ({median(first[1])}), 最低的是{last[0]} ({median(last[1])})."]
    if len(ranked) == 1:
        says = [f"{first[0]} {len(first[1])} 人, 中位数 {median(first[1])}."]
    header = ("部门", "人数", "最低", "下四分位", "中位数", "上四分位", "最高", "平均")
    return Section(
        key="scores",
        title=title,
        says=says,
        chart=charts.boxes([_box(name, points) for name, points in ranked], title="得分"),
        tables=[Table(header=header, rows=[_box_row(name, points) for name, points in ranked], right=range(1, 8))],
        note="细线从最低到最高, 色块是中间一半的人 (不足 5 人不画), 竖线是中位数. 部门之间有差距, 可能是业绩不同, "
        "也可能是目标难度或评价尺度不同: 先看目标, 再下结论.",
    )


def _quartiles(points: Sequence[Decimal]) -> tuple[Decimal, Decimal] | None:
    """Return where the middle half lies; None of so few people that it would be single ones."""
    if len(points) < _FEW:
        return None
    return quantile(points, Decimal("0.25")), quantile(points, Decimal("0.75"))


def _box(name: str, points: Sequence[Decimal]) -> dict[str, object]:
    lower, upper = _quartiles(points) or (median(points), median(points))
    ends = {"low": float(min(points)), "high": float(max(points))}
    return {"name": name, **ends, "lower": float(lower), "upper": float(upper), "middle": float(median(points))}


def _box_row(name: str, points: Sequence[Decimal]) -> tuple[str, ...]:
    half = _quartiles(points)
    lower, upper = (DASH, DASH) if half is None else (str(half[0]), str(half[1]))
    lowest, highest = (str(end.quantize(Decimal("0.01"))) for end in (min(points), max(points)))
    return name, str(len(points)), lowest, lower, str(median(points)), upper, highest, str(mean(points))


def calibration(material: Material) -> Section | Absent | None:
    """Say what calibration changed."""
    title = "校准前后"
    if material.is_manager:
        return None
    people = [person for person in material.scored if person.first_grade and person.grade]
    if not people:
        return Absent(title=title, why="没有初评等级可以对照." if material.scored else _NOT_YET)
    order = list(material.grades)
    moved = [person for person in people if person.grade != person.first_grade]
    if not moved and not _records(material):
        return Absent(title=title, why="还没有校准记录, 等级都是按得分的初评.")
    up = sum(order.index(person.grade) < order.index(person.first_grade) for person in moved)
    says = [f"{len(people)} 人里有 {len(moved)} 人的等级被校准改动: 上调 {up} 人, 下调 {len(moved) - up} 人."]
    counts = Counter((person.first_grade, person.grade) for person in people)
    labels = [material.grades[key] for key in order]
    values = [
        {
            "name": f"初评 {material.grades[first]}",
            "column": material.grades[final],
            "value": counts.get((first, final), 0),
            "label": str(counts.get((first, final), 0) or ""),
        }
        for first in order
        for final in order
    ]
    rows = [(material.grades[first], *(str(counts.get((first, final), 0)) for final in order)) for first in order]
    tables = [Table(header=("初评 \\ 最终", *labels), rows=rows, right=range(1, len(labels) + 1))]
    if material.is_hr and moved:
        tables.append(_moves(material, moved))
    return Section(
        key="calibration",
        title=title,
        says=says,
        chart=charts.heat(values, columns=labels, most=max(counts.values())),
        tables=tables,
        note="行是按得分的初评等级, 列是最终等级; 斜线上的人没有改动.",
    )


def _records(material: Material) -> bool:
    if not material.book.has("calibration"):
        return False
    return any(True for one in material.people for _ in material.book.of("calibration", "appraisal", one.sheet))


def _moves(material: Material, moved: Sequence[Person]) -> Table:
    rows = []
    for person in moved:
        records = [
            row
            for row in material.book.of("calibration", "appraisal", person.sheet)
            if row.text("status") == "approved"
        ]
        reason = text_of(records[-1], "reason") if records else ""
        grades_ = f"{material.grades[person.first_grade]} → {material.grades[person.grade]}"
        rows.append((person.name, person.department, grades_, reason or DASH))
    return Table(header=("姓名", "部门", "等级", "理由"), rows=rows, caption="被改动的人")


def _near(material: Material) -> list[tuple[Person, Decimal]]:
    """Return people near a bound with their distance, nearest first."""
    near: list[tuple[Person, Decimal]] = []
    for person in material.scored:
        distance = person.result.number("distance_to_bound") if person.result is not None else None
        if distance is not None and abs(distance) <= _NEAR:
            near.append((person, distance))
    return sorted(near, key=lambda pair: (abs(pair[1]), pair[0].number))


def boundary(material: Material) -> Section | Absent | None:
    """List results near a bound."""
    title = "临界名单"
    if material.is_manager:
        return None
    near = _near(material)
    if not material.scored:
        return Absent(title=title, why=_NOT_YET)
    if not near:
        return Section(key="boundary", title=title, says=["没有人的得分离等级线在 1 分以内."])
    below = sum(distance < 0 for _, distance in near)
    says = [f"{len(near)} 人离等级线不到 1 分: {len(near) - below} 人刚过线, {below} 人差一点. 定级前值得再看一眼证据."]
    counts = Counter((material.grades.get(one.grade, DASH), "刚过线" if d >= 0 else "差一点") for one, d in near)
    sides = ("刚过线", "差一点")
    values = [
        {"name": f"{grade} 级", "group": side, "count": counts[grade, side]}
        for grade in material.grades.values()
        for side in sides
        if counts[grade, side]
    ]
    rows = [(str(value["name"]), str(value["group"]), str(value["count"])) for value in values]
    tables = [Table(header=("现在的等级", "位置", "人数"), rows=rows, right=(2,))]
    if material.is_hr:
        listed = [
            (
                one.name,
                one.department,
                str(one.score),
                material.grades.get(one.grade, DASH),
                signed(d.quantize(Decimal("0.01"))),
            )
            for one, d in near
        ]
        header = ("姓名", "部门", "得分", "等级", "距等级线")
        tables.append(Table(header=header, rows=listed, right=(2, 4), caption="名单"))
    chart = charts.stacked(values, groups=sides, title="人数")
    return Section(key="boundary", title=title, says=says, chart=chart, tables=tables)


def comparison(material: Material) -> Section | Absent:
    """Compare with the cycle before."""
    title = "和上一期相比"
    if not material.former:
        return Absent(title=title, why="没有同类型、已公布的上一期.")
    people = material.scored
    if not people:
        return Absent(title=title, why=_NOT_YET)
    now = [person.score for person in people if person.score is not None]
    then = [person.score for person in material.former if person.score is not None]
    change = median(now) - median(then)
    says = [f"得分中位数 {median(now)}, 上一期 ({material.former_name}) {median(then)}, 相差 {signed(change)}."]
    before = {person.number: person.score for person in material.former}
    both = [person.score - old for person in people if person.score is not None and (old := before.get(person.number))]
    if both:
        up = sum(one > 0 for one in both)
        says.append(f"两期都有结果的 {len(both)} 人里, {up} 人上升, {sum(one < 0 for one in both)} 人下降.")
    groups = (material.former_name, material.cycle.key)
    rows, values = [], []
    for key, label in material.grades.items():
        counts = [sum(one.grade == key for one in part) for part in (material.former, people)]
        shares = [percent(count, len(part)) for count, part in zip(counts, (material.former, people), strict=True)]
        rows.append((label, str(counts[0]), shares[0], str(counts[1]), shares[1]))
        values += [
            {"name": label, "group": group, "value": float(share.rstrip("%")), "label": share}
            for group, share in zip(groups, shares, strict=True)
        ]
    rows.append(("有结果的人", str(len(material.former)), "", str(len(people)), ""))
    rows.append(("中位数", str(median(then)), "", str(median(now)), ""))
    return Section(
        key="comparison",
        title=title,
        says=says,
        chart=charts.grouped(values, groups=groups, title="占有结果的人的百分比"),
        tables=[Table(header=("等级", groups[0], "占比", groups[1], "占比"), rows=rows, right=(1, 2, 3, 4))],
        note="规则、指标或人员变了, 两期的分数不能直接比高低.",
    )
