"""The job ``outcomes``: drafts what a completed, unappealable result may lead to, each with the rule that made it.

Bonus by the pool (P·rawᵢ/Σraw by largest remainder, so that the sum is the pool exactly), training after a weak
result, promotion to be looked at after the best grade with 岗位达标. A relative grade alone never proposes a
transfer, a cut or a dismissal: nothing here can make such a row. Source: scoring.md S12, S10; workflows.md §1 结果应用.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_CENT = Decimal("0.01")
_FIRST = frozenset({"status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One person's claim on a pool: base × coefficient, exact."""

    sheet: Row
    employee: Row
    coefficient: Decimal
    raw: Decimal


def outcomes(context: JobContext) -> Draft:
    """Say what should be proposed.

    Args:
        context: What stands.

    Returns:
        Proposals in 草拟 once 申诉截止 has passed; notes on people without a bonus base.
    """
    cycle = context.cycle
    due = cycle.day("appeal_due_on")
    if cycle.text("status") != "feedback" or due is None or context.today <= due:
        return Draft()
    notes: list[Problem] = []
    sheets = [row for row in context.book.of("appraisal", "cycle", cycle) if row.text("status") == "completed"]
    sheets.sort(key=lambda row: row.key)
    rows = [*_bonuses(context, sheets, notes), *(row for sheet in sheets for row in _others(context, sheet))]
    return Draft(wishes=(Wish(table="outcome", rows=tuple(rows), first_only=_FIRST),), notes=tuple(notes), audited=True)


def _bonuses(context: JobContext, sheets: list[Row], notes: list[Problem]) -> Iterator[WantedRow]:
    if not context.book.has("bonus_pool"):
        return
    pools = list(context.book.of("bonus_pool", "cycle", context.cycle))
    if not pools:
        return
    shares = [share for sheet in sheets if (share := _share(context, sheet, notes)) is not None]
    for pool in pools:
        name = pool.text("calibration_pool")
        mine = [share for share in shares if not name or _pool_of(share.sheet) in {name, ""}]
        amount = pool.number("amount")
        if amount is None or not mine:
            continue
        for share, part in zip(mine, split(amount, [share.raw for share in mine]), strict=True):
            yield _bonus(context, share, part, pool)


def _pool_of(sheet: Row) -> str:
    department = sheet.related("department")
    return department.text("calibration_pool") if department else ""


def _share(context: JobContext, sheet: Row, notes: list[Problem]) -> Share | None:
    employee, scheme = sheet.related("employee"), sheet.related("scheme")
    grade = sheet.text("released_grade")
    if employee is None or scheme is None or not grade:
        return None
    bands = (row for row in context.book.of("grade_band", "scheme", scheme) if row.text("grade") == grade)
    coefficient = next((row.number("coefficient") for row in bands), None)
    base = bonus_base(employee, context.cycle.day("end_date"))
    if coefficient is None or base is None:
        notes.append(note("cycle.no_bonus_base", address=f"{employee.key} {employee.text('name')}"))
        return None
    ratio = sheet.number("days_ratio") or Decimal(1)
    return Share(sheet=sheet, employee=employee, coefficient=coefficient, raw=base * coefficient * ratio)


def bonus_base(employee: Row, on: date | None) -> Decimal | None:
    """Return the bonus base of a person that is in force on a day: the latest that began by then."""
    rows = [
        (day, amount)
        for row in employee.book.of("hr_private", "employee", employee)
        if (day := row.day("effective_on")) is not None
        and (on is None or day <= on)
        and (amount := row.number("bonus_base")) is not None
    ]
    return max(rows)[1] if rows else None


def split(pool: Decimal, raws: list[Decimal]) -> list[Decimal]:
    """Split a pool by claims to the cent so that the parts add up exactly.

    Args:
        pool: The amount.
        raws: Claims, in order of 工号 (ties go to the earlier).

    Returns:
        One part a claim; zeros when nobody claims anything.
    """
    total = sum(raws, Decimal(0))
    if not total:
        return [Decimal(0) for _ in raws]
    exact = [pool * raw / total for raw in raws]
    parts = [part.quantize(_CENT, rounding=ROUND_DOWN) for part in exact]
    left = int((pool - sum(parts, Decimal(0))) / _CENT)
    order = sorted(range(len(raws)), key=lambda place: (-(exact[place] - parts[place]), place))
    for place in order[:left]:
        parts[place] += _CENT
    return parts


def _proposal(sheet: Row, employee: Row, cycle: Row, kind: str, **values: Value | Refs) -> WantedRow:
    key = natural_key(*sheet.key.strip("[]").split("|"), kind)
    base: dict[str, Value | Refs] = {
        "natural_key": key,
        "status": "draft",
        "appraisal": Refs("appraisal", (sheet.key,)),
        "employee": Refs("employee", (employee.key,)),
        "cycle": Refs("cycle", (cycle.key,)),
        "kind": kind,
    }
    return WantedRow(key=key, values={**base, **values})


def _bonus(context: JobContext, share: Share, part: Decimal, pool: Row) -> WantedRow:
    rule = f"奖金包 × (奖金基数 × 系数 {share.coefficient.normalize():f}) ÷ 合计, 按最大余数分到分"
    return _proposal(
        share.sheet,
        share.employee,
        context.cycle,
        "bonus",
        coefficient=share.coefficient,
        amount=part,
        bonus_pool=Refs("bonus_pool", (pool.key,)),
        rule_basis=rule,
    )


def _others(context: JobContext, sheet: Row) -> Iterator[WantedRow]:
    employee = sheet.related("employee")
    if employee is None:
        return
    grade = sheet.text("released_grade")
    order = [option.address.key for option in sheet.rows.table.field("released_grade").options]
    label = next(
        (o.labels.zh for o in sheet.rows.table.field("released_grade").options if o.address.key == grade), grade
    )
    if grade in context.process.weak_grades or sheet.text("position_verdict") == "not_met":
        rule = f"等级 {label} 或岗位未达标 → 培训与辅导 (相对等级不作调岗、降薪或解除的依据)"
        yield _proposal(sheet, employee, context.cycle, "training", rule_basis=rule)
    if order and grade == order[0] and sheet.text("position_verdict") == "met":
        rule = f"等级 {label} 且岗位达标结论为达标 → 建议进入晋升评议"
        yield _proposal(sheet, employee, context.cycle, "promotion", rule_basis=rule)
