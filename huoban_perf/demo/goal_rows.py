"""Goals as rows: strategy → company → centre → team → person, each hung below the one it serves.

The demo's departments have one goal each; a seeded company's have one a dimension of the balanced scorecard, and those
of the company serve the strategy goals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from huoban_perf.core.values import Value
from huoban_perf.demo.company import END, START, Company, Item
from huoban_perf.demo.contracts import METRICS
from huoban_perf.demo.outline import MARK, Department
from huoban_perf.demo.rows import STATUS, Batch, Row, batch
from huoban_perf.sync.wanted import Refs, natural_key

_METRICS = {metric.code: metric for metric in METRICS}
_YEAR = str(START.year)


@dataclass(frozen=True, slots=True)
class _Aim:
    """What a dimension asks of the company: strategy goal, its target, and the weight of the department goals."""

    slug: str
    strategy: str
    target: str
    unit: str
    department: str
    weight: int


_AIMS = (
    _Aim("finance", "主营收入增长 20%, 现金流为正", "20", "%", "完成本季收入与回款", 40),
    _Aim("customer", "客户满意度进入行业前三", "90", "分", "客户满意度不低于 85 分", 25),
    _Aim("process", "交付周期缩短四分之一", "25", "%", "关键流程按期率不低于 90%", 20),
    _Aim("growth", "关键岗位继任者全部到位", "100", "%", "关键人才保留与培养达标", 15),
)


def strategy_batch(company: Company, account_of: Mapping[str, str]) -> Batch:
    """Return 战略目标 of the year, owned by the general manager; only seeded companies have them."""
    owner = member(account_of, company.people[0].number)
    rows: list[Row] = [
        {
            "natural_key": _strategy(aim.slug),
            "status": "active",
            "name": aim.strategy,
            "dimension": aim.slug,
            "year": _YEAR,
            "owner": owner,
            "weight": Decimal(aim.weight),
            "target_value": Decimal(aim.target),
            "unit": aim.unit,
            "effective_on": START.replace(month=1),
        }
        for aim in _AIMS
    ]
    return batch("strategy", "natural_key", rows, first_only=STATUS)


def goal_batches(company: Company, account_of: Mapping[str, str], *, status: str = "confirmed") -> list[Batch]:
    """Return departments' goals top down, then each person's contract lines below those of the department.

    Args:
        company: The company.
        account_of: 工号 → member id; who is missing has no account.
        status: First 状态 of personal goals.

    Returns:
        The batches, in writing order.
    """
    return [*department_goals(company, account_of), personal_goals(company, account_of, status=status)]


def department_goals(company: Company, account_of: Mapping[str, str]) -> list[Batch]:
    """Return the goals of departments, one batch a level."""
    levels: dict[int, list[Row]] = {}
    depth = {"": -1}
    heads = heads_of(company)
    for entry in company.outline.departments:
        depth[entry.code] = depth[entry.parent] + 1
        owner = member(account_of, heads[entry.code])
        levels.setdefault(depth[entry.code], []).extend(_department_rows(company, entry, owner))
    return [batch("goal", "natural_key", rows, first_only=STATUS) for _, rows in sorted(levels.items())]


def _department_rows(company: Company, entry: Department, owner: Value) -> Iterator[Row]:
    cycle = company.outline.cycle
    aims = _AIMS if company.outline.is_cascade else (None,)
    for aim in aims:
        slug = aim.slug if aim else "main"
        row: dict[str, Value | Refs] = {
            "natural_key": natural_key(cycle, f"D:{entry.code}", slug),
            "status": "confirmed",
            "name": f"{entry.name}: {aim.department if aim else '完成本季目标'}",
            "level": "department",
            "kind": "quantitative",
            "owner": owner,
            "department": Refs("department", (entry.code,)),
            "cycle": Refs("cycle", (cycle,)),
            "parent": Refs("goal", (natural_key(cycle, f"D:{entry.parent}", slug),)) if entry.parent else None,
            "start_date": START,
            "end_date": END,
            "weight": Decimal(aim.weight if aim else 100),
        }
        if aim:
            row["dimension"] = aim.slug
            row["strategy"] = Refs("strategy", (_strategy(aim.slug),))
        yield row


def personal_goals(company: Company, account_of: Mapping[str, str], *, status: str = "confirmed") -> Batch:
    """Return each person's contract lines as goals; those of a position left have ended."""
    rows = [_personal(company, item, account_of, status) for item in company.items]
    return batch("goal", "natural_key", rows, first_only=STATUS)


def _personal(company: Company, item: Item, account_of: Mapping[str, str], status: str) -> Row:
    cycle, metric = company.outline.cycle, _METRICS[item.metric]
    slug = metric.category if company.outline.is_cascade else "main"
    above = Refs("goal", (natural_key(cycle, f"D:{item.department}", slug),))
    row: dict[str, Value | Refs] = {
        "natural_key": natural_key(cycle, item.person, company.outline.code(item.metric)),
        "status": status if item.end == END else "terminated",
        "name": metric.name,
        "level": "person",
        "kind": "quantitative",
        "owner": member(account_of, item.person),
        "employee": Refs("employee", (item.person,)),
        "department": Refs("department", (item.department,)),
        "cycle": Refs("cycle", (cycle,)),
        "appraisal": Refs("appraisal", (natural_key(cycle, item.person),)),
        "parent": above,
        "metric": Refs("metric", (company.outline.code(item.metric),)),
        "passing_value": item.passing,
        "target_value": item.target,
        "excellent_value": item.excellent,
        "start_date": item.start,
        "end_date": item.end,
        "weight": item.weight,
    }
    if company.outline.is_cascade:
        row["parent"] = above if item.weight else None  # a red line without weight adds nothing to a goal above
        row["dimension"] = metric.category
        row["evidence"] = f"{metric.definition}; 数据由系统取数, 上级核实"
    return row


def heads_of(company: Company) -> dict[str, str]:
    """Return department code → staff number of its highest person; the general manager where nobody is."""
    heads = dict.fromkeys((entry.code for entry in company.outline.departments), company.people[0].number)
    for person in sorted(company.people, key=lambda one: (one.level, one.number), reverse=True):
        heads[person.department] = person.number
    return heads


def member(account_of: Mapping[str, str], number: str) -> tuple[str, ...]:
    """Return the value of a member field: a person's account, or nobody."""
    return (account_of[number],) if number in account_of else ()


def _strategy(slug: str) -> str:
    return natural_key(_YEAR, f"{MARK}-{slug}")
