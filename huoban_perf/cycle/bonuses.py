"""Bonus proposals: each person's share by the rule book, with the arithmetic spelled out; pools to the last cent.

A pool is split as long as none of its proposals went to approval. From then on it stays as it is: whoever is settled
later, for example after an appeal, is listed and paid from a reserve, never by re-splitting what others were promised.
Who has a cancelled proposal takes no part. Source: scoring.md S12; workflows.md §1 结果应用.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from huoban_perf.core.errors import CycleError, FactValue, Problem, ScoringInputError
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.opening import days_present
from huoban_perf.cycle.rulebook import (
    department_grades,
    departments_appraised,
    departments_of,
    grade_names,
    home_of,
    schemes_of,
)
from huoban_perf.cycle.work import note
from huoban_perf.scoring import Scheme
from huoban_perf.scoring.paying import Paid, Payee, Piece, pay_released
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.frames import open_engine
from huoban_perf.sync.wanted import Refs

_EXACT_PLACES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BonusDraft:
    """One person's proposal.

    Attributes:
        sheet: His sheet.
        values: Fields of 结果应用 beyond those every proposal has.
    """

    sheet: Row
    values: Mapping[str, Value | Refs]


def draft_bonuses(context: JobContext, sheets: Sequence[Row], notes: list[Problem]) -> list[BonusDraft]:
    """Work out the bonuses of completed sheets.

    Args:
        context: What stands.
        sheets: Completed sheets, by key.
        notes: Gets who has no base, no pool, or comes after the split.

    Returns:
        Proposals; none where the app keeps no 奖金基数, or has 奖金包 and none for this cycle.

    Raises:
        CycleError: A base, a pool or a coefficient is faulty; all are listed.
    """
    book = context.book
    if not book.has("hr_private"):
        return []
    pools = {row.key: row for row in book.of("bonus_pool", "cycle", context.cycle)} if book.has("bonus_pool") else None
    if pools is not None and not pools:
        return []
    closed = {key for key, row in (pools or {}).items() if _is_split(book, row)}
    payees: dict[str, Payee] = {}
    owners: dict[str, Row] = {}
    for sheet in sheets:
        payee = _payee(context, sheet, pools, closed, notes)
        if payee is not None:
            payees[payee.emp_no], owners[payee.emp_no] = payee, sheet
    if not payees:
        return []
    used = {payee.pool for payee in payees.values()}
    amounts = {key: row.number("amount") or Decimal(0) for key, row in (pools or {}).items() if key in used}
    paid = _pay(context, list(payees.values()), amounts)
    totals = _totals(paid, payees)
    notes += [note("cycle.no_bonus_share", address=_named(owners[one.emp_no])) for one in paid if one.fault is not None]
    return [
        BonusDraft(sheet=owners[one.emp_no], values=_values(one, payees[one.emp_no], amounts, totals))
        for one in paid
        if one.fault is None
    ]


def _is_split(book: Book, pool: Row) -> bool:
    """Return whether a proposal of the pool went to approval."""
    promised = {"awaiting_approval", "approved", "executed"}
    return any(row.text("status") in promised for row in book.of("outcome", "bonus_pool", pool))


def _payee(
    context: JobContext, sheet: Row, pools: Mapping[str, Row] | None, closed: set[str], notes: list[Problem]
) -> Payee | None:
    employee, scheme = sheet.related("employee"), sheet.related("scheme")
    grade = grade_names(context.book).get(sheet.text("released_grade"))
    start, end = context.cycle.day("start_date"), context.cycle.day("end_date")
    if employee is None or scheme is None or grade is None or start is None or end is None:
        return None
    proposals = [row for row in context.book.of("outcome", "appraisal", sheet) if row.text("kind") == "bonus"]
    if any(row.text("status") == "cancelled" for row in proposals):
        return None
    base = bonus_base(employee, end)
    if base is None:
        notes.append(note("cycle.no_bonus_base", address=_named(sheet)))
        return None
    pool = None
    if pools is not None:
        pool = _pool_for(sheet, pools)
        if pool is None or pool in closed:
            code = "cycle.no_bonus_pool" if pool is None else "cycle.bonus_pool_split"
            if not proposals:
                notes.append(note(code, address=_named(sheet)))
            return None
    present = sheet.number("days_present")
    position = employee.related("position")
    return Payee(
        emp_no=employee.key,
        scheme=scheme.key,
        grade=grade,
        base=base,
        pool=pool,
        eligible=int(present) if present is not None else days_present(sheet),
        cycle_days=(end - start).days + 1,
        position=position.text("name") if position else None,
        pieces=tuple(_pieces(sheet, employee, start, end)),
    )


def _pool_for(sheet: Row, pools: Mapping[str, Row]) -> str | None:
    """Return the pool of a person's 校准池, else that of the whole company."""
    home = home_of(sheet)
    name = home.text("calibration_pool") if home else ""
    own = next((key for key, row in pools.items() if name and row.text("calibration_pool") == name), None)
    return own or next((key for key, row in pools.items() if not row.text("calibration_pool")), None)


def _pieces(sheet: Row, employee: Row, start: date, end: date) -> Iterator[Piece]:
    """Yield the stretches of 任职记录 in the cycle; the whole cycle in the sheet's department where there are none."""
    level = employee.text("job_level") or None
    rows = list(employee.book.of("assignment", "employee", employee)) if employee.book.has("assignment") else []
    found = False
    for row in sorted(rows, key=lambda row: str(row["start_date"])):
        first = max(row.day("start_date") or start, start)
        last = min(row.day("end_date") or end, end)
        department = row.related("department")
        if first <= last:
            found = True
            yield Piece(starts=first, ends=last, dept_code=department.key if department else None, job_level=level)
    if not found:
        home = home_of(sheet)
        yield Piece(starts=start, ends=end, dept_code=home.key if home else None, job_level=level)


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


def _pay(context: JobContext, payees: Sequence[Payee], amounts: Mapping[str, Decimal]) -> list[Paid]:
    try:
        with open_engine() as engine:
            return pay_released(
                engine,
                people=payees,
                pools=amounts,
                departments=departments_of(context.book),
                department_grades=department_grades(context),
                schemes=_schemes(context),
            )
    except ScoringInputError as error:
        facts: dict[str, FactValue] = {"cycle": context.cycle.key, "count": len(error.problems)}
        raise CycleError("cycle.bonus_faulty", facts=facts, problems=error.problems) from error


def _schemes(context: JobContext) -> Mapping[str, Scheme]:
    """Return the schemes; where the cycle appraises no department at all, the coefficient of each is 1.

    Where departments are appraised, one without a grade stays an error: somebody forgot it. Source: scoring.md S8.
    """
    schemes = schemes_of(context)
    if departments_appraised(context):
        return schemes
    return {key: replace(one, departments=replace(one.departments, no_grade="one")) for key, one in schemes.items()}


def _totals(paid: Sequence[Paid], payees: Mapping[str, Payee]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for one in paid:
        pool = payees[one.emp_no].pool
        if pool is not None and one.raw is not None:
            totals[pool] = totals.get(pool, Decimal(0)) + one.raw
    return totals


def _values(
    one: Paid, payee: Payee, amounts: Mapping[str, Decimal], totals: Mapping[str, Decimal]
) -> dict[str, Value | Refs]:
    factors = f"基数 {_plain(payee.base)} × 等级系数 {_ratio(one.grade_factor)} ({payee.grade})"
    if one.department_factor != "1/1":
        factors += f" × 部门系数 {_ratio(one.department_factor)}"
    lines = [f"{factors} × 在岗 {one.prorate} = {one.raw}"]
    if payee.pool is not None:
        share = f"奖金包 {_plain(amounts[payee.pool])} × {one.raw} ÷ {totals[payee.pool]}"
        lines.append(f"{share}, 按最大余数分到分 = {one.amount and _cents(one.amount)}")
    else:
        lines.append(f"四舍五入到分 = {one.amount and _cents(one.amount)}")
    return {
        "coefficient": _decimal(one.grade_factor),
        "amount": one.amount.quantize(Decimal("0.01")) if one.amount is not None else None,
        "rule_basis": "; ".join(lines),
        **({"bonus_pool": Refs("bonus_pool", (payee.pool,))} if payee.pool is not None else {}),
    }


def _named(sheet: Row) -> str:
    employee = sheet.related("employee")
    return f"{employee.key} {employee.text('name')}" if employee else sheet.key


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _cents(number: Decimal) -> str:
    return format(number.quantize(Decimal("0.01")), "f")


def _ratio(fraction: str) -> str:
    """Return an exact coefficient as a decimal where it is one with few places, else as a fraction."""
    numerator, _, denominator = fraction.partition("/")
    value = Decimal(numerator) / Decimal(denominator)
    short = value.quantize(Decimal(1).scaleb(-_EXACT_PLACES))
    return _plain(short) if short == value else fraction


def _decimal(fraction: str) -> Decimal:
    numerator, _, denominator = fraction.partition("/")
    return (Decimal(numerator) / Decimal(denominator)).quantize(Decimal(1).scaleb(-_EXACT_PLACES))
