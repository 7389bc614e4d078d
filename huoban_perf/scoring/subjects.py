"""Who is scored in this cycle, when each was in service, by which home scheme, and who does not take part.

The book is silent on people whom a file of appraisals leaves out; we chose: the file decides who is scored, and everybody
else is reported as having no appraisal.

Source: scoring.md S0 (home scheme), S10 (home), S11 (days in service, eligible days, who takes part); score-files.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring import words
from huoban_perf.scoring.frames import GivenFrame
from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill, sql_values

_LISTED: Final = "SELECT a.kind, a.subject, a.scheme AS own_scheme, a.excluded FROM t_appraisals AS a"

_EVERYONE: Final = """
SELECT 'person' AS kind, emp_no AS subject, CAST(NULL AS VARCHAR) AS own_scheme, CAST(NULL AS VARCHAR) AS excluded FROM t_people
UNION ALL
SELECT DISTINCT 'department', subject, NULL, NULL FROM ($owners) WHERE kind = 'department'
"""

_NUMBERED: Final = """
CREATE OR REPLACE TEMP TABLE s_listed AS
SELECT row_number() OVER (ORDER BY l.kind, l.subject) AS sid, l.*, p.scheme AS person_scheme, p.status, p.position,
  coalesce(p.job_level, '') AS job_level, CASE WHEN l.kind = 'department' THEN l.subject ELSE p.dept_code END AS dept_code,
  greatest(c.starts, p.hire_date) AS starts, least(c.ends, p.leave_date) AS ends, c.ends - c.starts + 1 AS cycle_days,
  c.min_days
FROM ($listed) AS l LEFT JOIN t_people AS p ON l.kind = 'person' AND p.emp_no = l.subject CROSS JOIN t_cycle AS c
"""

_PIECES: Final = """
CREATE OR REPLACE TEMP TABLE s_piece AS
SELECT s.sid, greatest(s.starts, a.starts) AS starts, least(s.ends, a.ends) AS ends,
  coalesce(s.own_scheme, a.scheme, s.person_scheme, $sole) AS scheme, coalesce(a.dept_code, s.dept_code) AS dept_code,
  coalesce(a.job_level, s.job_level) AS job_level, coalesce(a.absent_days, 0) AS absent_days
FROM s_listed AS s JOIN t_assignments AS a ON s.kind = 'person' AND a.emp_no = s.subject
WHERE greatest(s.starts, a.starts) <= least(s.ends, a.ends)
UNION ALL
SELECT sid, starts, ends, coalesce(own_scheme, person_scheme, $sole), dept_code, job_level, 0
FROM s_listed WHERE starts <= ends AND (kind <> 'person' OR subject NOT IN (SELECT emp_no FROM t_assignments))
"""

_WHOLE: Final = """
CREATE OR REPLACE TEMP VIEW s_piece AS
SELECT sid, starts, ends, coalesce(own_scheme, person_scheme, $sole) AS scheme, dept_code, job_level, 0 AS absent_days
FROM s_listed WHERE starts <= ends
"""

_HOMES: Final = """
CREATE OR REPLACE TEMP TABLE s_home AS
SELECT f.*, m.days, m.absent
FROM (
  SELECT * FROM (SELECT p.*, max_by(coalesce(o.home, 'end'), p.starts) OVER (PARTITION BY p.sid) AS home
    FROM s_piece AS p LEFT JOIN $options AS o USING (scheme))
  QUALIFY row_number() OVER (PARTITION BY sid ORDER BY CASE WHEN home = 'longest' THEN ends - starts END DESC, starts DESC) = 1
) AS f JOIN (SELECT sid, CAST(sum(ends - starts + 1) AS BIGINT) AS days, CAST(sum(absent_days) AS BIGINT) AS absent
  FROM s_piece GROUP BY sid) AS m USING (sid)
"""

_ONE_HOME: Final = """
CREATE OR REPLACE TEMP VIEW s_home AS SELECT *, ends - starts + 1 AS days, CAST(0 AS BIGINT) AS absent FROM s_piece
"""

_OWN_PIECE: Final = """
CREATE OR REPLACE TEMP VIEW s_piece AS
SELECT sid, starts, ends, scheme, dept_code, job_level, CAST(0 AS BIGINT) AS absent_days FROM s_subject WHERE days IS NOT NULL
"""

_SUBJECTS: Final = """
CREATE OR REPLACE TEMP TABLE s_subject AS
SELECT * EXCLUDE (least_days, own_excluded, status, is_known), CASE
    WHEN own_excluded IS NOT NULL THEN /*arm subject.excluded*/ (own_excluded) /*end*/
    WHEN status = 'excluded' THEN /*arm subject.not_appraised*/ ('参评方式为不参评') /*end*/
    WHEN days IS NULL THEN /*arm subject.no_service*/ ('本周期不在岗') /*end*/
    WHEN NOT is_known THEN /*arm subject.no_scheme*/ ('没有可用的方案') /*end*/
    WHEN kind = 'department' THEN NULL
    WHEN least_days IS NOT NULL AND eligible < least_days THEN /*arm subject.min_days*/ ('在岗 ' || eligible || ' 天, 少于 ' || least_days || ' 天') /*end*/
    WHEN least_days IS NULL AND 2 * eligible < cycle_days THEN /*arm subject.half*/ ('在岗 ' || eligible || ' 天, 不足周期一半') /*end*/
  END AS excluded
FROM (
  SELECT l.sid, l.kind, l.subject, h.scheme, h.dept_code, h.job_level, l.position, l.status, l.excluded AS own_excluded,
    l.starts, l.ends, h.days, l.cycle_days, o.scheme IS NOT NULL AS is_known, coalesce(l.min_days, o.min_days) AS least_days,
    h.days - CASE WHEN o.absence_above IS NULL THEN 0 ELSE greatest(h.absent - o.absence_above, 0) END AS eligible
  FROM s_listed AS l LEFT JOIN s_home AS h USING (sid) LEFT JOIN $options AS o ON o.scheme = h.scheme
)
"""


def list_subjects(bench: Workbench, given: Mapping[str, GivenFrame], schemes: Mapping[str, Scheme]) -> None:
    """Number the subjects of the cycle, find each one's service, home and eligible days.

    Args:
        bench: The workbench with the typed frames.
        given: Which frames are given.
        schemes: Schemes by key.

    Makes ``s_piece`` (subject × assignment in the cycle) and ``s_subject`` (a row a subject: ``sid`` in order of kind and
    code bytes, home ``scheme``, ``dept_code``, ``job_level``, ``days`` in service, ``eligible`` days, ``excluded`` reason
    or null).

    Source: scoring.md S11; S10 (``home``: end, or longest, equal: the later).
    """
    owners = [name for name in ("items", "forms", "goals") if given[name].is_given]
    owned = " UNION ALL ".join(f"SELECT kind, subject FROM t_{name}" for name in owners)
    listed = _LISTED if given["appraisals"].is_given else fill(_EVERYONE, owners=owned)
    sole = sql_literal(next(iter(schemes))) if len(schemes) == 1 else "CAST(NULL AS VARCHAR)"
    options = sql_values(
        [(key, s.periods.home, s.periods.min_days, s.periods.absence_above) for key, s in schemes.items()],
        "scheme VARCHAR, home VARCHAR, min_days BIGINT, absence_above BIGINT",
    )
    has_assignments = given["assignments"].is_given
    bench.run(_NUMBERED, listed=listed)
    bench.run(_PIECES if has_assignments else _WHOLE, sole=sole)
    if has_assignments:
        bench.run(_HOMES, options=options)
        _check_overlaps(bench)
    else:
        bench.run(_ONE_HOME)
    bench.run(_SUBJECTS, options=options)
    _check_schemes(bench, schemes)
    _check_departments(bench)
    if not has_assignments:
        bench.run("DROP VIEW s_home")
        bench.run(_OWN_PIECE)
    bench.run("DROP TABLE s_listed")


def _check_overlaps(bench: Workbench) -> None:
    rows = bench.rows(
        "SELECT DISTINCT l.subject, CAST(a.starts AS VARCHAR) FROM s_piece AS a JOIN s_piece AS b ON a.sid = b.sid AND b.starts < a.starts"
        " AND b.ends >= a.starts JOIN s_listed AS l ON l.sid = a.sid ORDER BY ALL"
    )
    bench.problems += [
        Problem(
            code="input.overlapping_assignments",
            facts={"subject": str(subject), "value": str(starts)},
            file="任职记录",
            address=f"assignments:{subject}",
        )
        for subject, starts in rows
    ]


def _check_schemes(bench: Workbench, schemes: Mapping[str, Scheme]) -> None:
    known = ", ".join(sql_literal(key) for key in schemes)
    rows = bench.rows(
        "SELECT DISTINCT l.kind, l.subject, p.scheme FROM s_piece AS p JOIN s_listed AS l USING (sid)"
        " WHERE coalesce(p.scheme NOT IN ($known), true) AND l.excluded IS NULL"
        " AND coalesce(l.status, '') <> 'excluded' ORDER BY ALL",
        known=known,
    )
    bench.problems += [
        Problem(
            code="input.unknown_scheme",
            facts={"subject": str(subject), "value": str(scheme or ""), "allowed": ", ".join(schemes)},
            file=words.KINDS[str(kind)],
            address=f"{kind}:{subject}",
        )
        for kind, subject, scheme in rows
    ]


def _check_departments(bench: Workbench) -> None:
    rows = bench.rows(
        "SELECT s.subject FROM s_subject AS s JOIN t_departments AS d ON d.dept_code = s.subject"
        " WHERE s.kind = 'department' AND s.excluded IS NULL AND d.active = false ORDER BY 1"
    )
    bench.problems += [
        Problem(
            code="input.inactive_department",
            facts={"subject": str(subject)},
            file="部门",
            address=f"department:{subject}",
        )
        for (subject,) in rows
    ]
