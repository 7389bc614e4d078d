"""Periods of metric data become one exact actual an item.

Source: scoring.md S2 (verified rows, split by days, missing periods); score-files.md (``items.actual`` wins).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring.workbench import Workbench

_PERIODS: Final = """
CREATE OR REPLACE TEMP TABLE c_period AS
SELECT *, least(period_end, until) - greatest(period_start, since) + 1 AS inside, period_end - period_start + 1 AS length
FROM (
  SELECT g.sid, g.seg, i.item, m.agg, coalesce(i.valid_from, c.starts) AS since, coalesce(i.valid_to, c.ends) AS until,
    a.period_start, a.period_end, a.actual_d4, a.goal_no AS own_goal
  FROM a_seg AS g CROSS JOIN t_cycle AS c
  JOIN t_items AS i ON i.kind = g.kind AND i.subject = g.subject $placed
  JOIN s_metric AS m ON m.metric_code = i.metric_code AND m.method NOT IN ('manual', 'progress')
  JOIN t_actuals AS a ON a.kind = g.kind AND a.subject = g.subject AND a.metric_code = i.metric_code
  WHERE i.actual_d4 IS NULL AND a.status IN $statuses AND a.actual_d4 IS NOT NULL
    AND (a.goal_no IS NULL OR list_contains(string_split(coalesce(i.goal_no, ''), ';'), a.goal_no))
)
WHERE period_start <= until AND period_end >= since AND (agg = 'sum' OR period_end <= until)
QUALIFY own_goal IS NOT NULL OR count(own_goal) OVER (PARTITION BY sid, seg, item) = 0
"""

_ACTUALS: Final = """
CREATE OR REPLACE TEMP TABLE c_actual AS
SELECT sid, seg, item, CASE agg
    WHEN 'sum' THEN /*arm actual.sum*/ (list_reduce(list_transform(parts, lambda e: e.num * (whole // e.den)), lambda a, b: a + b)) /*end*/
    WHEN 'mean' THEN /*arm actual.mean*/ (total) /*end*/
    WHEN 'last' THEN /*arm actual.last*/ (latest) /*end*/
    ELSE /*arm actual.max*/ (greatest_d4) /*end*/ END AS an,
  CASE agg WHEN 'sum' THEN whole WHEN 'mean' THEN n ELSE 1 END AS ad
FROM (
  SELECT *, list_reduce(list_transform(parts, lambda e: e.den), lambda a, b: lcm(a, b)) AS whole
  FROM (
    SELECT sid, seg, item, agg, count(*) AS n, sum(CAST(actual_d4 AS HUGEINT)) AS total,
      max_by(actual_d4, (period_end, period_start)) AS latest, max(actual_d4) AS greatest_d4,
      list(struct_pack(
        num := CAST(actual_d4 AS HUGEINT) * CASE WHEN inside = length THEN 1 ELSE inside END,
        den := CASE WHEN inside = length THEN 1 ELSE length END)) AS parts
    FROM c_period GROUP BY sid, seg, item, agg
  )
)
"""

_GAPS: Final = """
CREATE OR REPLACE TEMP TABLE c_gap AS
SELECT DISTINCT sid, item, CAST(gap_from AS VARCHAR) || '–' || CAST(gap_to AS VARCHAR) AS detail
FROM (
  SELECT sid, item, since AS gap_from, CAST(min(period_start) - 1 AS DATE) AS gap_to FROM c_period GROUP BY sid, seg, item, since
  UNION ALL
  SELECT sid, item, CAST(max(period_end) + 1 AS DATE), until FROM c_period GROUP BY sid, seg, item, until
  UNION ALL
  SELECT sid, item, CAST(covered + 1 AS DATE), CAST(period_start - 1 AS DATE)
  FROM (SELECT *, max(period_end) OVER (PARTITION BY sid, seg, item ORDER BY period_start, period_end
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS covered FROM c_period)
)
WHERE gap_from <= gap_to
"""

IN_SEGMENT: Final = (
    "coalesce(i.valid_from, g.core_from) <= g.core_to AND coalesce(i.valid_to, g.core_to) >= g.core_from"
)
"""An item belongs to a segment when their days meet; the core leaves out short neighbours that joined (S11)."""


_FLAGGED: Final = """
INSERT INTO out_flags
SELECT g.kind, g.subject, 'missing_period', c.item, c.detail FROM c_gap AS c
JOIN (SELECT DISTINCT sid, kind, subject FROM a_seg) AS g USING (sid)
"""

_PREVIEWED: Final = """
INSERT INTO out_flags
SELECT DISTINCT g.kind, g.subject, 'preview', g.subject, '含未核实的指标数据, 仅供预览' FROM a_seg AS g JOIN c_period USING (sid)
"""


def gather_actuals(bench: Workbench, *, preview: bool, is_segmented: bool) -> None:
    """Gather the verified periods of every item of the range that has no actual of its own.

    Args:
        bench: The workbench with ``a_seg``, ``t_items``, ``t_actuals``, ``s_metric``.
        preview: Count unverified rows too.
        is_segmented: Items may apply to a part of the cycle.

    Makes ``c_actual`` (sid, seg, item: ``an ÷ ad`` the exact actual in ten-thousandths, HUGEINT); flags the days of an
    item's time without a counted period.

    Source: scoring.md S2 (a period across a boundary is split by days if additive, else belongs to its last day).
    """
    statuses = "('verified', 'reported')" if preview else "('verified')"
    bench.run(_PERIODS, placed=f"AND {IN_SEGMENT}" if is_segmented else "", statuses=statuses)
    bench.run(_ACTUALS)
    bench.run(_GAPS)
    bench.run(_FLAGGED)
    if preview:
        bench.run(_PREVIEWED)
