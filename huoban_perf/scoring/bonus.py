"""From a final grade to money: each person's raw bonus, and pools shared out to the last cent.

The book is silent on a pool nobody has a share of; we chose: it is flagged and left unspent, and only a pool whose people
all have a raw bonus of 0 is an error.

Source: scoring.md S12; S8 (department coefficient when its use is bonus); S11 (prorate).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import D4, sql_half_away, sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Row, Workbench, sql_values

_GRADE: Final = """
CREATE OR REPLACE TEMP TABLE s_grade_coefficient AS
SELECT sid, num // gcd(num, den) AS num, den // gcd(num, den) AS den
FROM (
  SELECT sid, CAST(sum(days * CAST(coefficient AS HUGEINT)) AS HUGEINT) AS num, CAST(sum(days) * $unit AS HUGEINT) AS den
  FROM (
    SELECT p.sid, p.starts, p.ends - p.starts + 1 AS days, coalesce(max_by(t.coefficient, t.rank), any_value(b.coefficient)) AS coefficient
    FROM s_piece AS p JOIN s_subject AS s USING (sid) JOIN out_grades AS g USING (kind, subject)
    LEFT JOIN $table AS t ON t.home = s.scheme AND t.grade = g.final_grade AND (t.job_level = '' OR t.job_level = coalesce(p.job_level, ''))
      AND (t.position = '' OR t.position = coalesce(s.position, '')) AND (t.scheme = '' OR t.scheme = p.scheme)
    LEFT JOIN $plain AS b ON b.home = s.scheme AND b.grade = g.final_grade
    WHERE s.kind = 'person' GROUP BY p.sid, p.starts, p.ends
  ) GROUP BY sid
)
"""

_FACTORS: Final = """
CREATE OR REPLACE TEMP TABLE s_factor AS
SELECT s.sid, n.factor, coalesce(f.value_d4, n.value) AS value_d4
FROM s_subject AS s JOIN $numbers AS n ON n.home = s.scheme
LEFT JOIN $given AS f ON f.kind = s.kind AND f.subject = s.subject AND f.factor = n.factor
WHERE s.kind = 'person'
UNION ALL
SELECT s.sid, f.factor, f.value_d4
FROM s_subject AS s JOIN $given AS f ON f.kind = s.kind AND f.subject = s.subject
WHERE s.kind = 'person' AND s.scheme IN ($products) AND (s.scheme, f.factor) NOT IN (SELECT (home, factor) FROM $numbers)
"""

_RAW: Final = """
CREATE OR REPLACE TEMP TABLE s_bonus AS
SELECT *, CASE WHEN fault IS NULL THEN CAST($sixth AS BIGINT) END AS raw_m
FROM (
  SELECT *, CASE
      WHEN is_sum THEN /*arm bonus.sum*/ (CAST(base_d4 AS HUGEINT) * eligible * (grade_weight * grade_num * department_den * $unit
        + department_weight * department_num * grade_den * $unit + named * grade_den * department_den)) /*end*/
      ELSE /*arm bonus.product*/ (CAST(base_d4 AS HUGEINT) * eligible * grade_num * department_num * product) /*end*/ END AS num,
    CASE WHEN is_sum THEN CAST(cycle_days AS HUGEINT) * grade_den * department_den * $unit * $unit
      ELSE CAST(cycle_days AS HUGEINT) * grade_den * department_den * product_den END AS den
  FROM (
    SELECT s.sid, s.subject, s.scheme, p.base_d4, p.pool, s.eligible, s.cycle_days, g.final_grade, o.is_sum,
      o.grade_weight, o.department_weight, o.currency_decimals, c.num AS grade_num, c.den AS grade_den,
      coalesce(d.num, 1) AS department_num, coalesce(d.den, 1) AS department_den,
      coalesce(f.product, 1) AS product, coalesce(f.product_den, 1) AS product_den, coalesce(f.named, 0) AS named,
      CASE WHEN s.excluded IS NOT NULL OR g.final_grade IS NULL THEN /*arm bonus.no_grade*/ ('no_grade') /*end*/
        WHEN coalesce(f.is_missing, false) THEN /*arm bonus.no_factor*/ ('no_factor') /*end*/ END AS fault
    FROM t_pay AS p JOIN s_subject AS s ON s.kind = 'person' AND s.subject = p.emp_no
    LEFT JOIN out_grades AS g ON g.kind = 'person' AND g.subject = s.subject
    LEFT JOIN $options AS o ON o.home = s.scheme
    LEFT JOIN s_grade_coefficient AS c ON c.sid = s.sid
    LEFT JOIN $departments AS d ON d.sid = s.sid AND o.uses_department
    LEFT JOIN (
      SELECT sid, bool_or(value_d4 IS NULL) AS is_missing, list_reduce(list(CAST(value_d4 AS HUGEINT)), lambda a, b: a * b) AS product,
        list_reduce(list(CAST(10000 AS HUGEINT)), lambda a, b: a * b) AS product_den, sum(w.weight * CAST(value_d4 AS HUGEINT)) AS named
      FROM s_factor JOIN s_subject USING (sid) LEFT JOIN $weights AS w ON w.home = scheme AND w.factor = s_factor.factor GROUP BY sid
    ) AS f ON f.sid = s.sid
  )
)
"""

_PAID: Final = """
INSERT INTO out_bonus
SELECT subject, pool, CAST(base_d4 AS DECIMAL(18,0)) * 0.0001, final_grade, CAST(grade_num AS VARCHAR) || '/' || grade_den,
  CAST(department_num AS VARCHAR) || '/' || department_den, eligible || '/' || cycle_days, CAST(raw_m AS DECIMAL(18,0)) * 0.000001,
  CASE WHEN raw_m IS NULL THEN NULL
    WHEN pool IS NULL THEN /*arm bonus.alone*/ (CAST(alone_m AS DECIMAL(18,0)) * 0.000001) /*end*/
    ELSE /*arm bonus.pooled*/ (CAST(units * unit_d4 AS DECIMAL(18,0)) * 0.0001) /*end*/ END,
  fault
FROM (
  SELECT *, whole + CASE WHEN row_number() OVER (PARTITION BY pool ORDER BY rest DESC, subject) <= all_units - sum(whole) OVER (PARTITION BY pool)
      THEN 1 ELSE 0 END AS units
  FROM (
    SELECT *, CAST(all_units * raw_m // total_m AS BIGINT) AS whole, all_units * raw_m % total_m AS rest
    FROM (
      SELECT b.*, CAST($alone AS BIGINT) AS alone_m, CAST(q.amount_d4 // q.unit_d4 AS HUGEINT) AS all_units, q.unit_d4,
        nullif(sum(CAST(b.raw_m AS HUGEINT)) OVER (PARTITION BY b.pool), 0) AS total_m
      FROM s_bonus AS b LEFT JOIN (SELECT pool, amount_d4, $unit AS unit_d4 FROM $pools) AS q USING (pool)
    )
  )
)
"""


def pay_bonuses(bench: Workbench, schemes: Mapping[str, Scheme], *, has_factors: bool, has_pools: bool) -> None:
    """Compute every bonus.

    Args:
        bench: The workbench with ``t_pay``, ``out_grades``, ``s_subject``, ``s_piece`` and, where a scheme uses it,
            ``s_coefficient``.
        schemes: Schemes by key.
        has_factors: ``t_factors`` exists.
        has_pools: ``t_pools`` exists.

    Makes ``out_bonus``: (subject): ``raw`` six decimals, ``amount`` in the currency's smallest unit; amounts of one pool
    add up to the pool exactly.

    Source: scoring.md S12.
    """
    _grade_coefficients(bench, schemes)
    _named_factors(bench, schemes, has_factors=has_factors)
    weighing = any(scheme.departments.use == "bonus" for scheme in schemes.values())
    bench.run(
        _RAW,
        unit=D4,
        options=_options(schemes),
        departments="s_coefficient"
        if weighing
        else "(SELECT CAST(0 AS BIGINT) AS sid, CAST(1 AS HUGEINT) AS num, CAST(1 AS HUGEINT) AS den WHERE false)",
        weights=_weights(schemes),
        sixth=sql_half_away("num * 100", "den"),
    )
    if has_pools:
        _check_pools(bench)
    nothing = "(SELECT '' AS pool, CAST(0 AS BIGINT) AS amount_d4, CAST(0 AS BIGINT) AS decimals WHERE false)"
    bench.run(_PAID, alone=_alone(schemes), pools="t_pools" if has_pools else nothing, unit=_SMALLEST)


_SMALLEST: Final = (
    "CASE coalesce(decimals, 2) WHEN 0 THEN 10000 WHEN 1 THEN 1000 WHEN 2 THEN 100 WHEN 3 THEN 10 ELSE 1 END"
)
"""SQL of the smallest unit of a pool's currency, ten-thousandths."""


def _alone(schemes: Mapping[str, Scheme]) -> str:
    arms = []
    for key, scheme in schemes.items():
        step = 10 ** (6 - scheme.bonus.currency_decimals)
        arms.append(f"WHEN {sql_literal(key)} THEN {sql_half_away('b.raw_m', str(step))} * {step}")
    return f"CASE b.scheme {' '.join(arms)} END"


def _grade_coefficients(bench: Workbench, schemes: Mapping[str, Scheme]) -> None:
    table: list[Row] = []
    plain: list[Row] = []
    for home, scheme in schemes.items():
        plain += [(home, grade.name, grade.coefficient_d4) for grade in scheme.grades]
        rows = scheme.bonus.coefficients
        for place, row in enumerate(rows):
            keys = (row.job_level, row.position, row.scheme)
            rank = sum(1 for key in keys if key) * len(rows) + len(rows) - 1 - place
            table.append((home, row.grade, *keys, row.coefficient_d4, rank))
    columns = "home VARCHAR, grade VARCHAR, job_level VARCHAR, position VARCHAR, scheme VARCHAR, coefficient BIGINT, rank BIGINT"
    bench.run(
        _GRADE,
        unit=D4,
        table=sql_values(table, columns),
        plain=sql_values(plain, "home VARCHAR, grade VARCHAR, coefficient BIGINT"),
    )


def _named_factors(bench: Workbench, schemes: Mapping[str, Scheme], *, has_factors: bool) -> None:
    """A product takes every number of its scheme and every factor of the person; a sum takes those it weighs."""
    numbers: list[Row] = []
    products = []
    for home, scheme in schemes.items():
        known = scheme.bonus.factors
        if scheme.bonus.form == "sum":
            named = [entry.factor for entry in scheme.bonus.weights if entry.factor not in {"grade", "department"}]
            numbers += [(home, factor, known.get(factor)) for factor in named]
        else:
            products.append(sql_literal(home))
            numbers += [(home, factor, value) for factor, value in known.items()]
    taken = sql_values(numbers, "home VARCHAR, factor VARCHAR, value BIGINT")
    nothing = "(SELECT '' AS kind, '' AS subject, '' AS factor, CAST(0 AS BIGINT) AS value_d4 WHERE false)"
    given = "t_factors" if has_factors else nothing
    bench.run(_FACTORS, numbers=taken, given=given, products=", ".join(products) or "''")


def _options(schemes: Mapping[str, Scheme]) -> str:
    rows: list[Row] = []
    for home, scheme in schemes.items():
        weights = {entry.factor: entry.weight_d4 for entry in scheme.bonus.weights}
        is_sum = scheme.bonus.form == "sum"
        uses = scheme.departments.use == "bonus"
        own = (weights.get("grade", 0), weights.get("department", 0))
        rows.append((home, is_sum, *own, scheme.bonus.currency_decimals, uses))
    return sql_values(
        rows,
        "home VARCHAR, is_sum BOOLEAN, grade_weight BIGINT, department_weight BIGINT, currency_decimals BIGINT, uses_department BOOLEAN",
    )


def _weights(schemes: Mapping[str, Scheme]) -> str:
    rows: list[Row] = [
        (home, entry.factor, entry.weight_d4) for home, scheme in schemes.items() for entry in scheme.bonus.weights
    ]
    return sql_values(rows, "home VARCHAR, factor VARCHAR, weight BIGINT")


_IDLE: Final = """
INSERT INTO out_flags
SELECT 'pool', q.pool, 'pool_idle', q.pool, '奖金包没有人分配, 未使用'
FROM t_pools AS q WHERE q.pool NOT IN (SELECT pool FROM s_bonus WHERE pool IS NOT NULL AND raw_m IS NOT NULL)
"""


def _check_pools(bench: Workbench) -> None:
    """A pool must be a whole number of its smallest unit, and those who have a bonus must have a share of it."""
    rows = bench.rows(
        "SELECT q.pool, any_value(q.amount_d4 % ($unit)) <> 0, coalesce(sum(b.raw_m) = 0, false)"
        " FROM t_pools AS q LEFT JOIN s_bonus AS b USING (pool) GROUP BY q.pool ORDER BY q.pool",
        unit=_SMALLEST,
    )
    bench.run(_IDLE)
    for pool, is_fine, is_empty in rows:
        for code, holds in (("finer_than_currency", is_fine), ("nobody_shares", is_empty)):
            if holds:
                bench.problems.append(
                    Problem(code=f"bonus.{code}", facts={"pool": str(pool)}, file="奖金包", address=f"pools:{pool}")
                )
