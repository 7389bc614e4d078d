"""From the grade of the score to the final grade: ranks, quotas, decisions of the calibration meeting.

The book is silent on a decision about somebody without a result; we chose: it changes nothing and is flagged on him, so
that one late form does not keep everybody's grades back.

Source: scoring.md S10; S8 (departments first, linkage); S7 (等级封顶 holds through S10 and by hand).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.workbench import Row, Workbench, sql_values

_DECIDED: Final = """
CREATE OR REPLACE TEMP TABLE s_decided AS
SELECT c.kind, c.subject, max_by(struct_pack(grade := c.new_grade, score := c.new_score_d4, reason := c.reason),
  (coalesce(c.decided_at, TIMESTAMP '0001-01-01'), coalesce(c.session, ''), c.new_grade)) AS last
FROM t_calibration AS c WHERE c.kind = $kind AND c.status = 'approved' GROUP BY c.kind, c.subject
"""

_CHECKED: Final = """
SELECT o.kind, o.subject, d.last.grade, CASE
    WHEN g.place IS NULL THEN /*arm decided.unknown*/ ('unknown_grade') /*end*/
    WHEN g.place < c.place THEN /*arm decided.above_cap*/ ('above_grade_cap') /*end*/
    WHEN d.last.score * 100 < g.lower_m OR d.last.score * 100 >= g.upper_m THEN /*arm decided.score*/ ('score_outside_grade') /*end*/
  END AS fault
FROM s_decided AS d JOIN out_results AS o USING (kind, subject)
LEFT JOIN $grades AS g ON g.scheme = o.scheme AND g.grade = d.last.grade
LEFT JOIN $grades AS c ON c.scheme = o.scheme AND c.grade = o.grade_cap
"""

_IDLE: Final = """
INSERT INTO out_flags
SELECT d.kind, d.subject, 'calibration_idle', d.last.grade, '校准记录给出等级 ' || d.last.grade || ', 但本期没有考核结果, 未生效'
FROM s_decided AS d LEFT JOIN out_results AS o USING (kind, subject) WHERE d.kind = $kind AND o.result IS NULL
"""

GRADE_COLUMNS: Final = "scheme VARCHAR, grade VARCHAR, place BIGINT, lower_m BIGINT, upper_m BIGINT"

_FINAL: Final = """
INSERT INTO out_grades
SELECT r.kind, r.subject, r.scheme, r.pool, r.pool_n, r.rank, CAST(r.percentile_m AS DECIMAL(18,0)) * 0.000001,
  r.first_grade, r.suggested_grade, coalesce(d.last.grade, r.suggested_grade), g.place,
  coalesce(CAST(d.last.score AS DECIMAL(14,0)) * 0.0001, r.result), coalesce(d.last.reason, r.note)
FROM ($ranked) AS r $decided
LEFT JOIN $grades AS g ON g.scheme = r.scheme AND g.grade = coalesce(d.last.grade, r.suggested_grade)
"""

RANKS: Final = """
CREATE OR REPLACE TEMP TABLE s_rank AS
SELECT *, $percentile AS percentile_m
FROM (
  SELECT o.kind, o.subject, o.scheme, m.settings, m.merged AS pool, m.n AS pool_n, m.is_advisory, s.dept_code, o.result,
    o.grade AS first_grade, $allowed AS place, o.superior_n, o.kpi_n,
    rank() OVER (PARTITION BY m.settings, m.merged ORDER BY o.result DESC) AS rank,
    dense_rank() OVER (PARTITION BY m.settings, m.merged ORDER BY o.result DESC, $ordered) AS ord
  FROM out_results AS o JOIN s_subject AS s USING (kind, subject)
  LEFT JOIN t_departments AS d ON d.dept_code = s.dept_code
  JOIN $merged AS m ON m.scheme = o.scheme AND m.pool = $pool
  LEFT JOIN $grades AS c ON c.scheme = o.scheme AND c.grade = o.grade_cap
  WHERE o.kind = 'person' AND o.result IS NOT NULL
)
"""


def percentile_sql() -> str:
    """Write a person's percentile in the merged pool.

    Returns:
        BIGINT expression, 10⁻⁶ of a per cent; 100 for a pool of one.

    Source: scoring.md S10: 100(n−rank)/(n−1).
    """
    quotient = sql_half_away("100000000 * (pool_n - rank)", "greatest(pool_n - 1, 1)")
    return f"CASE WHEN pool_n = 1 THEN 100000000 ELSE CAST({quotient} AS BIGINT) END"


def list_decisions(bench: Workbench, grades: list[Row], kind: str) -> None:
    """Take the last approved calibration record of each subject of one kind and check it.

    Args:
        bench: The workbench with ``t_calibration`` and ``out_results``.
        grades: Rows of all schemes' grades (``GRADE_COLUMNS``).
        kind: ``person`` or ``department``.

    Makes ``s_decided``: (kind, subject): ``last`` (grade, score, reason). A decision about somebody without a result goes
    to ``out_flags``.

    Source: scoring.md S10 (calibration; only 已批 counts; a new score must fall in the new grade).
    """
    bench.run(_DECIDED, kind=sql_literal(kind))
    bench.run(_IDLE, kind=sql_literal(kind))
    rows = bench.rows(
        "SELECT * FROM ("
        + _CHECKED.replace("$grades", sql_values(grades, GRADE_COLUMNS))
        + ") WHERE fault IS NOT NULL ORDER BY ALL"
    )
    bench.problems += [
        Problem(
            code=f"calibration.{fault}",
            facts={"subject": str(subject), "grade": str(grade)},
            file="校准记录",
            address=f"calibration:{kind}:{subject}",
        )
        for kind, subject, grade, fault in rows
    ]


def finalise(bench: Workbench, grades: list[Row], *, ranked: str, has_decisions: bool) -> None:
    """Write the final grades of one kind of subject.

    Args:
        bench: The workbench with ``out_grades`` and, with decisions, ``s_decided``.
        grades: Rows of all schemes' grades.
        ranked: Relation with kind, subject, scheme, pool, pool_n, rank, percentile_m, first_grade, suggested_grade,
            result, note.
        has_decisions: ``s_decided`` exists.

    Source: scoring.md S10 (校准记录 → final grade).
    """
    bench.run(
        _FINAL,
        ranked=ranked,
        decided="LEFT JOIN s_decided AS d USING (kind, subject)"
        if has_decisions
        else "CROSS JOIN (SELECT CAST(NULL AS STRUCT(grade VARCHAR, score BIGINT, reason VARCHAR)) AS last) AS d",
        grades=sql_values(grades, GRADE_COLUMNS),
    )


UNRANKED: Final = """
SELECT kind, subject, scheme, CAST(NULL AS VARCHAR) AS pool, CAST(NULL AS BIGINT) AS pool_n, CAST(NULL AS BIGINT) AS rank,
  CAST(NULL AS BIGINT) AS percentile_m, grade AS first_grade, grade AS suggested_grade, result, CAST(NULL AS VARCHAR) AS note
FROM out_results WHERE kind = 'department' AND result IS NOT NULL
"""
