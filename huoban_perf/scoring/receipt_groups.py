"""Receipt lines below the 360 score: one a rater group, and one for an adopted rater adjustment.

Source: scoring.md S7 (Receipt), S4.6 (a hidden group shows nothing), S5 (采用: a line of its own).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.raters import weight_of
from huoban_perf.scoring.receipt_parts import DIMENSION, PART, SEGMENT, shown_weights, sql_counted, sql_points
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import fill

_GROUPS: Final = """
SELECT c.sid, c.seg * $segment + 2 * $part_step + s.place * $dimension, c.seg * $segment + 2 * $part_step,
  CASE WHEN c.is_split THEN 3 ELSE 2 END, 'group', s.relation, s.label,
  CASE WHEN NOT coalesce(g.is_shown, false) THEN '无评价或人数不足, 不计入'
    WHEN coalesce(g.weight, 0) = 0 THEN '平均 ' || $shown || ', 仅供参考, 不计分'
    ELSE g.n || ' 人, 平均 ' || $shown || ' × 权重 ' || $weight_text END,
  json_object('score_n', CASE WHEN g.is_shown THEN g.own_n END, 'n', CASE WHEN g.is_shown THEN g.n END,
    'weight_d4', s.weight, 'divisor_d4', r.divisor),
  c.is_scored * $contribution
FROM c_share AS c JOIN c_review AS r USING (sid)
CROSS JOIN (VALUES $groups) AS s(relation, label, place, weight)
LEFT JOIN c_group AS g ON g.sid = c.sid AND g.relation = s.relation
WHERE c.scheme = $scheme AND (s.relation <> 'merged' OR g.is_shown)
"""

_SEVERITY: Final = """
SELECT c.sid, c.seg * $segment + 3 * $part_step - 1, c.seg * $segment + 2 * $part_step, CASE WHEN c.is_split THEN 3 ELSE 2 END,
  'severity', 'severity', '评分松紧校正', '按已批准的校正值调整评价人打分, 校正前 360 得分 ' || $shown,
  json_object('snapshot', $snapshot, 'from_n', r.review_n - r.moved_n), c.is_scored * $contribution
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
        SELECTs for ``c_line`` over ``c_share``, ``c_review`` and ``c_group``.

    Source: scoring.md S4.5, S4.6, S7.
    """
    groups = [
        (group.relation, words.RELATIONS[group.relation], place, weight_of(scheme, group))
        for place, group in enumerate(scheme.raters.groups, 1)
    ]
    groups.append(("merged", "其他评价", len(groups) + 1, 0))
    values = ", ".join(
        f"({sql_literal(r)}, {sql_literal(label)}, {place}, {weight})" for r, label, place, weight in groups
    )
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
                dimension=DIMENSION,
                shown=sql_points(value),
                weight_text=sql_points("g.weight", 4),
                contribution=sql_counted(
                    own,
                    f"{review} * CAST(g.weight AS HUGEINT) * CASE WHEN g.is_shown AND g.weight > 0 THEN {value} END",
                    "CAST(c.divisor AS HUGEINT) * r.divisor",
                ),
                groups=values,
                scheme=sql_literal(own.key),
            )


def _severity_line(home: Scheme, own: Scheme, review: int) -> str:
    return fill(
        _SEVERITY,
        segment=SEGMENT,
        part_step=PART,
        shown=sql_points("(r.review_n - r.moved_n)"),
        snapshot=sql_literal(home.severity.snapshot),
        moved=sql_half_away("m.moved", "nullif(v.divisor, 0)"),
        contribution=sql_counted(own, f"{review} * CAST(r.moved AS HUGEINT)", "CAST(c.divisor AS HUGEINT) * r.divisor"),
        scheme=sql_literal(own.key),
    )
