"""What people are paid once their grades are final; nothing is scored here.

The rules of a run (``bonus``, ``departments``) for a caller that holds final grades: the job that drafts bonuses.

Source: scoring.md S12; S8 (department coefficient).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from huoban_perf.core.errors import Problem, ScoringInputError
from huoban_perf.scoring.bonus import pay_bonuses
from huoban_perf.scoring.departments import grade_departments, weigh_departments
from huoban_perf.scoring.pools import Department
from huoban_perf.scoring.results import create_tables
from huoban_perf.scoring.rounding import parse_d4
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Connection, Row, Workbench, sql_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the cycle in one department and level."""

    starts: date
    ends: date
    dept_code: str | None = None
    job_level: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """One person who is paid by his grade.

    Attributes:
        emp_no: 工号.
        scheme: Key of the scheme.
        grade: Final grade as the scheme names it.
        base: Bonus base, at most four decimals.
        pool: Key of the pool, or None: paid alone.
        eligible: Days that count.
        cycle_days: Days of the cycle.
        position: Position, for coefficients that depend on it.
        pieces: The cycle as the person lived it, in order.
    """

    emp_no: str
    scheme: str
    grade: str
    base: Decimal
    pool: str | None
    eligible: int
    cycle_days: int
    position: str | None = None
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What one person is paid.

    Attributes:
        emp_no: 工号.
        grade_factor: Coefficient of the grade, exact, as ``numerator/denominator``.
        department_factor: That of the department.
        prorate: Days that count of days of the cycle.
        raw: Unrounded bonus, six decimals; None with ``fault``.
        amount: What is paid, in the currency's smallest unit; None with ``fault``.
        fault: ``no_grade`` or ``no_factor``, or None.
    """

    emp_no: str
    grade_factor: str
    department_factor: str
    prorate: str
    raw: Decimal | None
    amount: Decimal | None
    fault: str | None


_TABLES: Final = {
    "t_pay": "emp_no VARCHAR, base_d4 BIGINT, pool VARCHAR",
    "t_pools": "pool VARCHAR, amount_d4 BIGINT, decimals BIGINT",
    "s_subject": "sid BIGINT, kind VARCHAR, subject VARCHAR, scheme VARCHAR, position VARCHAR, eligible BIGINT,"
    " cycle_days BIGINT, excluded VARCHAR",
    "s_piece": "sid BIGINT, starts DATE, ends DATE, scheme VARCHAR, dept_code VARCHAR, job_level VARCHAR",
    "t_departments": "dept_code VARCHAR, parent_code VARCHAR, calib_pool VARCHAR",
    "out_grades": "kind VARCHAR, subject VARCHAR, scheme VARCHAR, final_grade VARCHAR",
}


def pay_released(
    connection: Connection,
    *,
    people: Sequence[Payee],
    pools: Mapping[str, Decimal],
    departments: Sequence[Department],
    department_grades: Mapping[str, tuple[str, str]],
    schemes: Mapping[str, Scheme],
) -> list[Paid]:
    """Compute the bonuses of people whose grades are final.

    Args:
        connection: DuckDB connection; the engine's temporary relations are made in it.
        people: Who is paid; 工号 are unique.
        pools: Pool → amount, at most four decimals.
        departments: All departments, for coefficients.
        department_grades: Department code → (scheme, final grade).
        schemes: Schemes by key.

    Returns:
        One entry a person, by 工号; amounts of one pool add up to it exactly.

    Raises:
        ScoringInputError: A negative base or pool, a pool nobody shares, a number too fine, or a department without a
            coefficient; all at once.

    Source: scoring.md S12, S8.
    """
    bench = Workbench(connection=connection)
    bench.clear("t_", "s_", "c_", "a_")
    create_tables(bench)
    problems = list(_money_problems(people, pools))
    if problems:
        raise ScoringInputError("input.invalid", facts={"count": len(problems)}, problems=problems)
    rows = _rows(people, pools, departments, department_grades)
    for name, columns in _TABLES.items():
        relation = sql_values(rows[name], columns)
        bench.run("CREATE OR REPLACE TEMP TABLE $name AS SELECT * FROM $rows", name=name, rows=relation)
    if any(scheme.departments.use == "bonus" for scheme in schemes.values()):
        grade_departments(bench, schemes)
        weigh_departments(bench, schemes)
    pay_bonuses(bench, schemes, has_factors=False, has_pools=bool(pools))
    if bench.problems:
        facts = {"count": len(bench.problems)}
        raise ScoringInputError("input.invalid", facts=facts, problems=bench.problems)
    found = bench.rows(
        "SELECT subject, grade_coefficient, department_coefficient, prorate, CAST(raw AS VARCHAR), CAST(amount AS VARCHAR),"
        " reason FROM out_bonus ORDER BY subject"
    )
    return [
        Paid(
            emp_no=str(emp_no),
            grade_factor=str(grade),
            department_factor=str(department),
            prorate=str(prorate),
            raw=None if raw is None else Decimal(str(raw)),
            amount=None if amount is None else Decimal(str(amount)),
            fault=None if reason is None else str(reason),
        )
        for emp_no, grade, department, prorate, raw, amount, reason in found
    ]


def _money_problems(people: Sequence[Payee], pools: Mapping[str, Decimal]) -> Iterator[Problem]:
    amounts = [(f"pay:{person.emp_no}", person.base) for person in people]
    for address, amount in (*amounts, *((f"pools:{pool}", amount) for pool, amount in pools.items())):
        try:
            fine = parse_d4(amount) >= 0
        except ValueError:
            fine = False
        if not fine:
            yield Problem(code="bonus.bad_amount", facts={"value": format(amount, "f")}, address=address)


def _rows(
    people: Sequence[Payee],
    pools: Mapping[str, Decimal],
    departments: Sequence[Department],
    department_grades: Mapping[str, tuple[str, str]],
) -> dict[str, list[Row]]:
    ordered = list(enumerate(sorted(people, key=lambda person: person.emp_no.encode())))
    grades: list[Row] = [("person", person.emp_no, person.scheme, person.grade) for person in people]
    grades += [("department", code, scheme, grade) for code, (scheme, grade) in department_grades.items()]
    return {
        "t_pay": [(person.emp_no, parse_d4(person.base), person.pool) for person in people],
        "t_pools": [(pool, parse_d4(amount), None) for pool, amount in pools.items()],
        "s_subject": [
            (sid, "person", one.emp_no, one.scheme, one.position, one.eligible, one.cycle_days, None)
            for sid, one in ordered
        ],
        "s_piece": [
            (sid, part.starts, part.ends, one.scheme, part.dept_code, part.job_level)
            for sid, one in ordered
            for part in one.pieces
        ],
        "t_departments": [(one.code, one.parent, one.pool) for one in departments],
        "out_grades": grades,
    }
