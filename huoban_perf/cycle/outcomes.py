"""The job ``outcomes``: drafts what a completed, unappealable result may lead to, each with the rule that made it.

Bonus by the rule book (``bonuses``), training after a weak result, promotion to be looked at after the best grade
with 岗位达标. A relative grade alone never proposes a transfer, a cut or a dismissal: nothing here can make such a row.
Source: scoring.md S12, S10; workflows.md §1 结果应用.
"""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.bonuses import draft_bonuses
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_FIRST = frozenset({"status"})


def outcomes(context: JobContext) -> Draft:
    """Say what should be proposed.

    Args:
        context: What stands.

    Returns:
        Proposals in 草拟 once 申诉截止 has passed; notes on people who get no bonus proposal.

    Raises:
        CycleError: A base, a pool or a coefficient is faulty; nothing was written.
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
    for draft in draft_bonuses(context, sheets, notes):
        employee = draft.sheet.related("employee")
        if employee is not None:
            yield _proposal(draft.sheet, employee, context.cycle, "bonus", **draft.values)


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
