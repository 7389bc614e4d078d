"""Receipt lines below the 360 score: one a rater group, and one for an adopted rater adjustment. Numbers only.

Source: scoring.md S7 (Receipt), S4.6 (a hidden group shows nothing), S5 (采用: a line of its own).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.scoring.raters import weight_of
from huoban_perf.scoring.receipt_parts import LAST, PART, SEGMENT, shown_weights, sql_counted
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import fill

_GROUPS: Final = """
SELECT c.sid, c.seg * $segment + 2 * $part_step AS parent, s.place, c.is_scored * $contribution AS contribution_n, 'group' AS part,
  s.relation AS key, CASE WHEN g.is_shown THEN g.own_n END AS score_n, CASE WHEN g.is_shown THEN $value END AS shown_n,
  CASE WHEN g.is_shown THEN g.n END AS n, g.weight, s.weight AS scheme_weight, r.divisor, CAST(NULL AS BIGINT) AS before_n
FROM c_group AS g JOIN c_share AS c ON c.sid = g.sid JOIN c_review AS r ON r.sid = g.sid
JOIN (VALUES $groups) AS s(relation, place, weight) ON s.relation = g.relation
WHERE c.scheme = $scheme AND (s.relation <> 'merged' OR g.is_shown)
"""

_ABSENT: Final = """
SELECT c.sid, c.seg * $segment + 2 * $part_step AS parent, s.place, CAST(NULL AS BIGINT) AS contribution_n, 'group' AS part,
  s.relation AS key, s.weight AS scheme_weight, r.divisor
FROM c_share AS c JOIN c_review AS r ON r.sid = c.sid
ANTI JOIN (SELECT sid FROM c_group WHERE relation IN ($listed) AND relation <> 'merged' GROUP BY sid HAVING count(*) = $count) AS f ON f.sid = c.sid
CROSS JOIN (VALUES $groups) AS s(relation, place, weight)
WHERE c.scheme = $scheme AND s.relation <> 'merged'
  AND NOT EXISTS (SELECT 1 FROM c_group AS g WHERE g.sid = c.sid AND g.relation = s.relation)
"""
"""Groups that nobody rated, of the few people who lack one."""

_SEVERITY: Final = """
SELECT c.sid, c.seg * $segment + 2 * $part_step AS parent, $place AS place, c.is_scored * $contribution AS contribution_n,
  'severity' AS part, $snapshot AS key, NULL AS score_n, NULL AS shown_n, NULL AS n, NULL AS weight, NULL AS scheme_weight,
  NULL AS divisor, r.review_n - r.moved_n AS before_n
FROM c_share AS c JOIN (
  SELECT v.*, m.moved, CAST($moved AS BIGINT) AS moved_n FROM c_review AS v JOIN (
    SELECT sid, sum(CAST(weight AS HUGEINT) * (own_n - raw_n)) AS moved FROM c_group WHERE is_shown AND weight > 0 GROUP BY sid
  ) AS m USING (sid) WHERE m.moved <> 0
) AS r USING (sid)
WHERE c.scheme = $scheme
"""


def group_lines(scheme: Scheme, segment_schemes: tuple[Scheme, ...]) -> Iterator[str]:
    """Write the lines of the rater groups for every segment scheme.

    Args:
        scheme: The home scheme, whose groups were asked.
        segment_schemes: Schemes of the segments, whose part weights apply.

    Yields:
        SELECTs in the columns of ``out_line_groups``, with ``parent`` a node and ``place`` the order below it, over
        ``c_share``, ``c_review`` and ``c_group``. A hidden group has no numbers.

    Source: scoring.md S4.5, S4.6, S7.
    """
    groups = [(group.relation, place, weight_of(scheme, group)) for place, group in enumerate(scheme.raters.groups, 1)]
    groups.append(("merged", len(groups) + 1, 0))
    values = ", ".join(f"({sql_literal(r)}, {place}, {weight})" for r, place, weight in groups)
    adopts = scheme.severity.mode == "adopt"
    value = "g.raw_n" if adopts else "g.own_n"
    for own in segment_schemes:
        review = shown_weights(own)["review"]
        if review and adopts:
            yield _severity_line(scheme, own, review)
        if review:
            yield fill(
                _GROUPS,
                segment=SEGMENT,
                part_step=PART,
                value=value,
                contribution=sql_counted(
                    own,
                    f"(CASE WHEN g.is_shown AND g.weight > 0 THEN {value} END)",
                    by=review,
                    weights=("g.weight",),
                    wholes=("c.divisor", "r.divisor"),
                ),
                groups=values,
                scheme=sql_literal(own.key),
            )
            yield fill(
                _ABSENT,
                segment=SEGMENT,
                part_step=PART,
                count=len(scheme.raters.groups),
                listed=", ".join(sql_literal(relation) for relation, _, _ in groups),
                groups=values,
                scheme=sql_literal(own.key),
            )


def _severity_line(home: Scheme, own: Scheme, review: int) -> str:
    return fill(
        _SEVERITY,
        segment=SEGMENT,
        part_step=PART,
        place=LAST - 1,
        snapshot=sql_literal(home.severity.snapshot),
        moved=sql_half_away("m.moved", "nullif(v.divisor, 0)"),
        contribution=sql_counted(own, "r.moved", by=review, wholes=("c.divisor", "r.divisor")),
        scheme=sql_literal(own.key),
    )
