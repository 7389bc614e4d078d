"""Metrics, items, actuals, goals and key results that are valid together."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from fractions import Fraction

from tests.oracle.draw_people import Company
from tests.oracle.draw_schemes import Common
from tests.oracle.draws import Maker, decimal
from tests.oracle.words import Row

ONE_DAY = timedelta(days=1)
METHODS = (
    "linear",
    "baseline",
    "ratio",
    "reflection",
    "base_qty",
    "range",
    "interpolate",
    "points",
    "steps",
    "steps_rate",
    "deduct",
    "done",
    "done_late",
    "manual",
    "progress",
)
WORDS = {
    "baseline": "linear",
    "base_qty": "reflection",
    "points": "interpolate",
    "steps_rate": "steps",
    "done_late": "done",
}
SINGLE = frozenset({"done", "done_late", "deduct"})
"""Methods whose actual is one whole count, never a sum or a mean of parts of days."""


@dataclass
class Work:
    """Rows of metrics, items, actuals and goals, as they grow."""

    metrics: list[Row] = field(default_factory=list)
    items: list[Row] = field(default_factory=list)
    actuals: list[Row] = field(default_factory=list)
    goals: list[Row] = field(default_factory=list)
    methods: dict[str, str] = field(default_factory=dict)
    staff: list[str] = field(default_factory=list)


def draw_work(maker: Maker, company: Company, shared: Common, graded_units: Sequence[str]) -> Work:
    """Draw metrics for all and items for everyone."""
    work = Work(staff=company.staff)
    for index in range(maker.whole(1, 4)):
        add_metric(maker, work, f"M{index}", shared)
    for code in company.staff:
        roots = add_goals(maker, work, code, shared)
        if maker.whole(0, 7):
            add_items(maker, work, ("个人", code), company, shared, roots)
    for code in graded_units:
        number = f"DM-{code}"
        work.metrics.append({"metric_code": number, "name": number, "direction": "higher", "method": "linear"})
        row: Row = {"kind": "部门", "subject": code, "item": "1", "metric_code": number, "weight": "100"}
        work.items.append(row | {"target": "100", "actual": str(maker.whole(40, 120))})
    return work


def add_metric(maker: Maker, work: Work, code: str, shared: Common) -> None:
    """A metric of any method, with parameters it needs."""
    method = maker.choose("methods", METHODS)
    if method == "progress" and not maker.on("goals"):
        method = "manual"
    work.methods[code] = method
    scale = shared.scale
    params: list[str] = []
    match method:
        case "base_qty":
            params.append(f"base_qty={maker.number(1, 50)}")
        case "range":
            low = maker.whole(-20, 100)
            params += [f"lower={low}", f"upper={low + maker.whole(0, 20)}", f"tolerance={maker.number(1, 30)}"]
        case "points":
            xs = sorted({maker.whole(-200, 200) for _ in range(maker.whole(3, 5))} | {0, 7})
            xs = xs if maker.coin() else xs[::-1]
            params.append("points=" + ",".join(f"{x}:{maker.scaled(0, 120, scale)}" for x in xs))
            params.append(f"below={maker.scaled(0, 30, scale)}")
        case "steps" | "steps_rate":
            params.append("steps=" + ",".join(f"≥{b} → {maker.scaled(0, 120, scale)}" for b in (60, 80, 90, 100)))
            params += [f"on={'rate' if method == 'steps_rate' else 'actual'}", f"else={maker.scaled(0, 20, scale)}"]
        case "deduct":
            params += [f"start={maker.scaled(80, 120, scale)}", f"unit={maker.scaled(1, 20, scale)}"]
        case "done_late":
            params.append("steps=" + ",".join(f"≥{d} → {maker.scaled(0, 100, scale)}" for d in (0, 1, 3, 8)))
        case _:
            pass
    additive = method not in SINGLE and maker.maybe("prorate")
    row: Row = {
        "metric_code": code,
        "name": f"指标{code}",
        "direction": direction(maker, method),
        "method": WORDS.get(method, method),
        "params": ";".join(params) or None,
        "agg": aggregate(maker, method, additive=additive),
        "prorate": "是" if additive else None,
    }
    if maker.maybe("limits"):
        row["floor"] = decimal(maker.pick((0, -30, 20)) * scale / 100)
        row["cap"] = decimal(maker.pick((120, 100, 110)) * scale / 100)
    if maker.rarely("veto"):
        row |= veto(maker, shared)
    work.metrics.append(row)


def direction(maker: Maker, method: str) -> str:
    """A direction that fits the method."""
    if method == "range":
        return "range"
    return "lower" if method == "ratio" else maker.pick(("higher", "lower"))


def aggregate(maker: Maker, method: str, *, additive: bool) -> str:
    """An aggregation that keeps the actual valid for the method."""
    if additive:
        return "sum"
    return maker.pick(("last", "max")) if method in SINGLE else maker.choose("methods", ("sum", "mean", "last", "max"))


def veto(maker: Maker, shared: Common) -> Row:
    """A veto with a condition or the default one."""
    action = maker.pick(("item_zero", "total_zero", "score_cap", "grade_cap"))
    value = None
    if action == "score_cap":
        value = maker.scaled(30, 90, shared.scale)
    if action == "grade_cap":
        value = maker.pick([name for name, _ in shared.bounds])
    sign = maker.pick((None, "<", "≤", "=", "≥", ">"))
    condition = None if sign is None else f"{sign}{maker.number(-20, 120)}"
    return {"veto_action": action, "veto_value": value, "veto_when": condition}


def windows(maker: Maker, company: Company) -> list[tuple[str | None, str | None]]:
    """One open window, or two that meet on any day of the cycle."""
    length = (company.end - company.start).days
    if not maker.maybe("goal_change"):
        return [(None, None)]
    shortest = 1 if maker.on("short_segments") else 15
    if 2 * shortest > length:
        return [(None, None)]
    cut = company.start + ONE_DAY * maker.whole(shortest, length + 1 - shortest)
    return [
        (company.start.isoformat(), (cut - ONE_DAY).isoformat()),
        (cut.isoformat(), maker.pick((None, company.end.isoformat()))),
    ]


def add_items(
    maker: Maker, work: Work, subject: tuple[str, str], company: Company, shared: Common, roots: Sequence[str]
) -> None:
    """Weight sets of items, one set a window and dimension."""
    number = 0
    used: set[str] = set()
    for low, high in windows(maker, company):
        for name, weight in shared.dimensions or (("", ""),):
            size = maker.whole(1, 3)
            for own in maker.weights(size):
                number += 1
                code = maker.pick([code for code in work.methods if work.methods[code] != "progress" or roots] or [""])
                if not code:
                    add_metric_of(work, code := "M-manual")
                row: Row = {
                    "kind": subject[0],
                    "subject": subject[1],
                    "item": str(number),
                    "dim": name or None,
                    "dim_weight": None if shared.dimensions_in_scheme or not name else weight,
                    "metric_code": code,
                    "weight": own,
                    "from": low,
                    "to": high,
                    "target_scope": maker.choose("prorate", (None, "segment", "cycle")),
                }
                fill(maker, work, row, shared, roots)
                work.items.append(row)
                used.add(code)
    for code in sorted(used):
        add_actuals(maker, work, code, subject, company)


def add_metric_of(work: Work, code: str) -> None:
    """A plain typed metric, where every other one needs goals that a person lacks."""
    if code not in work.methods:
        work.methods[code] = "manual"
        work.metrics.append({"metric_code": code, "name": code, "direction": "higher", "method": "manual"})


def fill(maker: Maker, work: Work, row: Row, shared: Common, roots: Sequence[str]) -> None:
    """Targets that the method needs, and an actual now and then."""
    code = str(row["metric_code"])
    method = work.methods[code]
    metric = next(m for m in work.metrics if m["metric_code"] == code)
    match method:
        case "linear" | "ratio" | "steps_rate":
            row["target"] = maker.number(1, 200)
        case "baseline":
            base = maker.whole(-100, 100)
            row |= {"baseline": str(base), "target": str(base + maker.pick((40, -40, 7, -100)))}
            if maker.coin():
                row |= {"baseline": "30", "target": "0"}
        case "reflection":
            row["target"] = maker.pick(("100", "4", "-100", "0.5"))
        case "base_qty":
            row["target"] = maker.number(-50, 100)
        case "interpolate":
            step, passing = maker.pick((10, -10)), maker.whole(-50, 100)
            values = [str(passing), str(passing + step), str(passing + 3 * step)]
            if maker.coin():
                values[2] = ""
            row |= dict(zip(("pass", "target", "excellent"), [v or None for v in values], strict=True))
        case "manual":
            low = Fraction(metric.get("floor") or 20) if metric.get("floor") else 20 * shared.scale / 100
            high = Fraction(metric["cap"] or 0) if metric.get("cap") else 100 * shared.scale / 100
            share = Fraction(maker.whole(0, 20), 20)
            value = None if maker.rarely("missing_item") else decimal(low + (high - low) * share)
            row["manual_score"] = value
        case "progress":
            row["goal_no"] = ";".join(maker.subset(roots, least=1))
        case _:
            pass
    if method not in {"manual", "progress"} and maker.coin():
        row["actual"] = actual(maker, method)


def actual(maker: Maker, method: str) -> str:
    """An actual that the method accepts."""
    if method == "done":
        return maker.pick(("1", "0"))
    if method in {"deduct", "done_late"}:
        return str(maker.whole(0, 12))
    return maker.number(0, 240, 4) if method in {"ratio", "linear"} else maker.number(-60, 240, 4)


def add_actuals(maker: Maker, work: Work, code: str, subject: tuple[str, str], company: Company) -> None:
    """Rows of consecutive periods around the cycle; without the rule of missing items all are verified."""
    method = work.methods[code]
    if method in {"manual", "progress"} or maker.rarely("missing_item"):
        return
    before = company.start - ONE_DAY * maker.pick((0, 5))
    after = company.end + ONE_DAY * maker.pick((0, 8))
    length = (after - before).days
    cuts = sorted({maker.whole(1, length) for _ in range(maker.whole(0, 3))})
    edges = [before, *(before + ONE_DAY * c for c in cuts), after + ONE_DAY]
    for low, high in itertools.pairwise(edges):
        work.actuals.append(
            {
                "metric_code": code,
                "kind": subject[0],
                "subject": subject[1],
                "period_start": low.isoformat(),
                "period_end": (high - ONE_DAY).isoformat(),
                "actual": actual(maker, method),
                "status": "待核实" if maker.rarely("missing_item") else "已核实",
            }
        )


def add_goals(maker: Maker, work: Work, code: str, shared: Common) -> list[str]:
    """Goals and objectives of one person; the numbers of the roots."""
    roots: list[str] = []
    if maker.maybe("goals"):
        count = maker.whole(1, 2)
        for index, weight in enumerate(maker.sibling_weights(count)):
            roots.append(f"G-{code}-{index}")
            add_tree(maker, work, roots[-1], None, code, weight, shared, depth=2)
    if maker.maybe("okr"):
        count = maker.whole(1, 2)
        for index, weight in enumerate(maker.sibling_weights(count)):
            number = f"O-{code}-{index}"
            work.goals.append(goal(number, None, "objective", code, weight))
            results = maker.whole(0, 3)
            for inner, own in enumerate(maker.sibling_weights(results)):
                row = goal(f"{number}-{inner}", number, "kr", code, own)
                work.goals.append(row | measured(maker, shared))
    return roots


def goal(number: str, parent: str | None, kind: str, owner: str, weight: str | None) -> Row:
    """A row of goals."""
    return {
        "goal_no": number,
        "parent_no": parent,
        "goal_kind": kind,
        "kind": "个人",
        "subject": owner,
        "weight": weight,
        "status": "已确认",
    }


def measured(maker: Maker, shared: Common) -> Row:
    """Start, target and current value; inside the range where anything else is refused."""
    base, step = maker.whole(-20, 20), maker.pick((40, -30, 25, -50))
    target = base + step
    share = (
        Fraction(maker.whole(0, 100), 100) if shared.out_of_range == "refuse" else Fraction(maker.whole(-50, 150), 100)
    )
    current = base + (target - base) * share
    if shared.out_of_range == "refuse":
        base, target, current = 0, abs(target), abs(target) * share
    missing = maker.rarely("missing_item")
    return {"baseline": str(base), "target": str(target), "current": None if missing else decimal(Fraction(current))}


def add_tree(
    maker: Maker,
    work: Work,
    number: str,
    parent: str | None,
    owner: str,
    weight: str | None,
    shared: Common,
    depth: int,
) -> None:
    """A goal and, above the leaves, its children, some of them ended."""
    row = goal(number, parent, "goal", owner, weight)
    row |= {"progress": maker.number(0, 100)} if maker.coin() else measured(maker, shared)
    if parent is not None and maker.rarely("goals"):
        row["status"] = "已终止"
    work.goals.append(row)
    size = maker.whole(0, 3) if depth else 0
    for index, own in enumerate(maker.sibling_weights(size)):
        other = maker.pick(work.staff) if shared.owner == "across" else owner
        add_tree(maker, work, f"{number}.{index}", number, other, own, shared, depth - 1)
