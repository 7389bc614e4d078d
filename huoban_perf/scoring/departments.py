"""The department's own grade as a coefficient of its people, and as a cap on their best grades.

Source: scoring.md S8.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import D4
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.trees import find_cycles
from huoban_perf.scoring.workbench import Row, Workbench, sql_values

_GRADED: Final = """
CREATE OR REPLACE TEMP TABLE s_department AS
WITH RECURSIVE up AS (
  SELECT dept_code AS dept_code, dept_code AS at, 0 AS steps FROM t_departments
  UNION ALL
  SELECT u.dept_code, d.parent_code, u.steps + 1 FROM up AS u JOIN t_departments AS d ON d.dept_code = u.at
  WHERE d.parent_code IS NOT NULL AND u.steps < 1000
)
SELECT u.dept_code, min_by(o.final_grade, u.steps) AS grade, min_by(g.coefficient, u.steps) AS coefficient_d4,
  min_by(g.linkage, u.steps) AS linkage_d4
FROM up AS u JOIN out_grades AS o ON o.kind = 'department' AND o.subject = u.at
JOIN $grades AS g ON g.scheme = o.scheme AND g.grade = o.final_grade
WHERE g.coefficient IS NOT NULL GROUP BY u.dept_code
"""

_COEFFICIENTS: Final = """
CREATE OR REPLACE TEMP TABLE s_coefficient AS
SELECT p.sid, CAST(sum((p.ends - p.starts + 1) * CAST(coalesce(d.coefficient_d4, $instead) AS HUGEINT)) AS HUGEINT) AS num,
  CAST(sum(p.ends - p.starts + 1) * $unit AS HUGEINT) AS den, bool_or(d.coefficient_d4 IS NULL) AS is_ungraded
FROM s_piece AS p JOIN s_subject AS s USING (sid) LEFT JOIN s_department AS d ON d.dept_code = p.dept_code
WHERE s.kind = 'person' AND s.excluded IS NULL GROUP BY p.sid
"""


def check_departments(bench: Workbench) -> None:
    """Refuse a department tree that runs in a circle.

    Args:
        bench: The workbench with ``t_departments``.
    """
    parents = {
        str(code): str(parent)
        for code, parent in bench.rows("SELECT dept_code, parent_code FROM t_departments WHERE parent_code IS NOT NULL")
    }
    for path in find_cycles(parents):
        bench.problems.append(
            Problem(
                code="department.cycle",
                facts={"path": " → ".join((*path, path[0]))},
                file="部门",
                address=f"departments:{path[0]}",
            )
        )


def grade_departments(bench: Workbench, schemes: Mapping[str, Scheme]) -> None:
    """Give every department the figures of its own grade, or of its nearest graded ancestor.

    Args:
        bench: The workbench with ``out_grades`` of the departments.
        schemes: Schemes by key; the figures are those of the department's own scheme.

    Makes ``s_department``: (dept_code): ``grade``, ``coefficient_d4``, ``linkage_d4``.

    Source: scoring.md S8 (no grade: the nearest ancestor's).
    """
    rows: list[Row] = [
        (key, grade.name, grade.department_coefficient_d4, grade.linkage_percent_d4)
        for key, scheme in schemes.items()
        for grade in scheme.grades
    ]
    bench.run(_GRADED, grades=sql_values(rows, "scheme VARCHAR, grade VARCHAR, coefficient BIGINT, linkage BIGINT"))


def weigh_departments(bench: Workbench, schemes: Mapping[str, Scheme]) -> None:
    """Average each person's department coefficients by days, exactly.

    Args:
        bench: The workbench with ``s_department``, ``s_piece``, ``s_subject``.
        schemes: Schemes by key, for what an ungraded department means.

    Makes ``s_coefficient``: (sid): ``num ÷ den``, exact.

    Source: scoring.md S8 (mean by days; none = error unless the scheme says 1).
    """
    bench.run(_COEFFICIENTS, instead=D4, unit=D4)
    strict = [key for key, scheme in schemes.items() if scheme.departments.no_grade == "error"]
    rows = bench.rows(
        "SELECT s.subject, s.scheme FROM s_coefficient AS c JOIN s_subject AS s USING (sid) WHERE c.is_ungraded ORDER BY s.sid"
    )
    bench.problems += [
        Problem(
            code="department.no_grade",
            facts={"subject": str(subject)},
            file="部门",
            address=f"person:{subject}",
        )
        for subject, scheme in rows
        if scheme in strict and schemes[str(scheme)].departments.use != "none"
    ]
