"""Ratings far from the rest of their group: a flag for people, never a removal.

Source: scoring.md S4.4.
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring.rounding import D4_TO_GRID
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench

_FLAGS: Final = """
INSERT INTO out_flags
SELECT s.kind, s.subject, 'outlier', f.relation || ':' || f.rater, '评分与本组其他人相差较大'
FROM (
  SELECT *, spread[(n + 1) // 2] + spread[n // 2 + 1] AS mad4
  FROM (
    SELECT *, list_sort(list_transform(scores, lambda x: abs(2 * x - median2))) AS spread
    FROM (
      SELECT *, scores[(n + 1) // 2] + scores[n // 2 + 1] AS median2
      FROM (SELECT sid, relation, count(*) AS n, list_sort(list(score_n)) AS scores FROM c_form
        WHERE reason IS NULL AND score_n IS NOT NULL GROUP BY sid, relation HAVING count(*) >= 5)
    )
  )
) AS g
JOIN c_form AS f ON f.sid = g.sid AND f.relation = g.relation AND f.reason IS NULL
JOIN c_subject AS s ON s.sid = g.sid
WHERE CASE WHEN g.mad4 = 0 THEN /*arm outlier.no_spread*/ (abs(2 * f.score_n - g.median2) > 2 * $far) /*end*/
  ELSE /*arm outlier.spread*/ (CAST(abs(2 * f.score_n - g.median2) AS HUGEINT) * 2 * 6745 > CAST(g.mad4 AS HUGEINT) * 35000) /*end*/ END
"""


def flag_outliers(bench: Workbench, scheme: Scheme) -> None:
    """Flag single ratings far from their group's median, in groups of five or more.

    Args:
        bench: The workbench with ``c_form``.
        scheme: The home scheme.

    Source: scoring.md S4.4: 6745·|x−median| > 35000·MAD; MAD 0: more than ``outlier_points`` from the median.
    """
    bench.run(_FLAGS, far=scheme.raters.outlier_points_d4 * D4_TO_GRID)
