"""The result relations: what every run leaves in the connection.

Source: scoring.md S7 (receipt), S13 (every exclusion is reported); design.md §8.
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.receipt_words import create_lines
from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.totals import STATUS_SQL
from huoban_perf.scoring.workbench import Workbench, fill

SHOWN_RELATIONS: Final = ("self", "superior", "upper", "dotted", "peer", "subordinate", "customer", "merged")

_TABLES: Final = (
    "CREATE OR REPLACE TEMP TABLE out_results (kind VARCHAR, subject VARCHAR, scheme VARCHAR, status VARCHAR,"
    " reason VARCHAR, segments BIGINT, kpi_n BIGINT, okr_n BIGINT, review_n BIGINT, "
    + ", ".join(f"{relation}_n BIGINT" for relation in SHOWN_RELATIONS)
    + ", coverage_weight_d4 BIGINT, full_weight_d4 BIGINT, points_n BIGINT, adjusted_n BIGINT, total_n BIGINT,"
    " unrounded DECIMAL(18,6), result DECIMAL(18,6), grade VARCHAR, grade_place BIGINT, grade_cap VARCHAR,"
    " distance DECIMAL(18,6), is_near_bound BOOLEAN, coefficient DECIMAL(18,4), veto VARCHAR, missing_note VARCHAR,"
    " dept_code VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_items (kind VARCHAR, subject VARCHAR, segment BIGINT, item VARCHAR,"
    " metric_code VARCHAR, score_n BIGINT, weighted_n BIGINT, actual_num HUGEINT, actual_den HUGEINT, source VARCHAR,"
    " veto_hit BOOLEAN, note VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_forms (kind VARCHAR, subject VARCHAR, task_no VARCHAR, relation VARCHAR,"
    " group_relation VARCHAR, rater VARCHAR, score_n BIGINT, raw_n BIGINT, is_counted BOOLEAN, reason VARCHAR, is_trimmed BOOLEAN)",
    "CREATE OR REPLACE TEMP TABLE out_groups (kind VARCHAR, subject VARCHAR, relation VARCHAR, n BIGINT, score_n BIGINT)",
    "CREATE OR REPLACE TEMP TABLE out_criteria (kind VARCHAR, subject VARCHAR, relation VARCHAR, form VARCHAR,"
    " criterion VARCHAR, n BIGINT, score_n BIGINT)",
    "CREATE OR REPLACE TEMP TABLE out_grades (kind VARCHAR, subject VARCHAR, scheme VARCHAR, pool VARCHAR, pool_n BIGINT,"
    " rank BIGINT, percentile DECIMAL(18,6), first_grade VARCHAR, suggested_grade VARCHAR, final_grade VARCHAR,"
    " final_place BIGINT, final_score DECIMAL(18,6), note VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_pools (scheme VARCHAR, pool VARCHAR, n BIGINT, waiting BIGINT, is_advisory BOOLEAN,"
    " place BIGINT, grade VARCHAR, quota BIGINT, first_count BIGINT, suggested_count BIGINT, final_count BIGINT,"
    " is_over BOOLEAN)",
    "CREATE OR REPLACE TEMP TABLE out_checks (scheme VARCHAR, pool VARCHAR, check_text VARCHAR, n BIGINT, count BIGINT,"
    " holds BOOLEAN)",
    "CREATE OR REPLACE TEMP TABLE out_bonus (subject VARCHAR, pool VARCHAR, base DECIMAL(18,4), grade VARCHAR,"
    " grade_coefficient VARCHAR, department_coefficient VARCHAR, prorate VARCHAR, raw DECIMAL(18,6),"
    " amount DECIMAL(18,6), reason VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_flags (kind VARCHAR, subject VARCHAR, flag VARCHAR, key VARCHAR, detail VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_hints (kind VARCHAR, subject VARCHAR, hint VARCHAR, key VARCHAR, detail VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_excluded (kind VARCHAR, subject VARCHAR, level VARCHAR, key VARCHAR,"
    " reason VARCHAR, detail VARCHAR)",
)

FORM_REASONS: Final = {
    "not_due": "未到评价环节或已收回",
    "not_submitted": "未提交",
    "conflict": "需回避",
    "few_answers": "作答不足一半权重",
    "no_weight": "评价人权重为 0",
    "no_group": "方案不设此评价关系",
    "other_relation": "同一评价人只计一次",
}


def create_outputs(bench: Workbench) -> None:
    """Create the empty result relations, replacing those of an earlier run.

    Args:
        bench: The workbench with ``s_metric``.
    """
    create_tables(bench)
    create_lines(bench)


def create_tables(bench: Workbench) -> None:
    """Create the empty result relations but for the receipts.

    Args:
        bench: The workbench.
    """
    for table in _TABLES:
        bench.run(table)


_RESULTS: Final = """
INSERT INTO out_results BY NAME
SELECT s.kind, s.subject, s.scheme, $status AS status, t.segments, p.kpi_n, p.okr_n, $review
  t.points_n, t.adjusted_n, t.total_n, CAST(t.unrounded_m AS DECIMAL(18,0)) * 0.000001 AS unrounded,
  CAST(t.result_m AS DECIMAL(18,0)) * 0.000001 AS result, t.grade, t.place AS grade_place,
  CASE t.grade_cap_place $names END AS grade_cap,
  CAST(t.distance_m AS DECIMAL(18,0)) * 0.000001 AS distance, abs(t.distance_m) <= $near AS is_near_bound,
  CAST(t.coefficient_d4 AS DECIMAL(14,0)) * 0.0001 AS coefficient, v.detail AS veto, x.note AS missing_note, s.dept_code
FROM c_subject AS s JOIN c_result AS t USING (sid)
LEFT JOIN $parts AS p USING (sid)
$joined LEFT JOIN c_veto_text AS v USING (sid)
LEFT JOIN (SELECT sid, string_agg(detail, '; ' ORDER BY level, key) AS note FROM c_excluded WHERE level <> 'form' GROUP BY sid) AS x
  USING (sid)
"""

_ONE_SEGMENT: Final = "(SELECT sid, kpi_n, okr_n FROM a_composite)"
_SEGMENTS: Final = """
(SELECT sid, CASE WHEN count(*) = 1 THEN max(kpi_n) END AS kpi_n, CASE WHEN count(*) = 1 THEN max(okr_n) END AS okr_n
  FROM a_composite GROUP BY sid)
"""

_ITEMS: Final = """
INSERT INTO out_items
SELECT g.kind, g.subject, i.seg, i.item, i.metric_code, i.score_n, CAST($weighted AS BIGINT), i.an, i.ad, i.source, i.veto_hit,
  CASE WHEN i.score_n IS NULL THEN '缺实际值' END
FROM a_item AS i JOIN a_seg AS g USING (sid, seg) WHERE i.fault IS NULL
"""

_FORMS: Final = """
INSERT INTO out_forms
SELECT s.kind, s.subject, f.task_no, f.raw_relation, f.relation, f.rater, f.score_n, f.raw_n, f.reason IS NULL, CASE f.reason $reasons END,
  f.is_trimmed
FROM c_form AS f JOIN c_subject AS s USING (sid)
"""

_EXCLUDED: Final = """
CREATE OR REPLACE TEMP TABLE c_excluded AS
SELECT sid, 'item' AS level, item AS key, 'no_actual' AS reason, metric_name || ' 缺实际值' AS detail
FROM $items WHERE fault IS NULL AND score_n IS NULL
UNION ALL $groups UNION ALL $forms
"""

_HIDDEN: Final = """
SELECT r.sid, 'group', g.relation, 'not_shown', g.label || ' 无评价或人数不足'
FROM c_review AS r CROSS JOIN (VALUES $listed) AS g(relation, label)
WHERE NOT EXISTS (SELECT 1 FROM c_group AS k WHERE k.sid = r.sid AND k.relation = g.relation AND k.is_shown)
"""

_UNCOUNTED: Final = """
SELECT sid, 'form', coalesce(task_no, rater), reason, raw_relation FROM c_form WHERE reason IS NOT NULL AND reason <> 'not_due'
"""


def note_exclusions(bench: Workbench, relations: tuple[str, ...], *, parts: frozenset[str]) -> None:
    """Note what is left out of the scores of the range.

    Args:
        bench: The workbench with ``a_item``, ``c_review``, ``c_group``, ``c_form`` as far as they exist.
        relations: Rater groups of the home scheme with a weight.
        parts: Which of ``kpi`` and ``review`` have data.

    Makes ``c_excluded``: (sid, level, key, reason, detail).

    Source: scoring.md S13.
    """
    nothing = "SELECT CAST(0 AS BIGINT), '', '', '', '' WHERE false"
    listed = ", ".join(f"({sql_literal(name)}, {sql_literal(words.RELATIONS[name])})" for name in relations)
    has_review = "review" in parts
    bench.run(
        _EXCLUDED,
        items="a_item"
        if "kpi" in parts
        else "(SELECT CAST(0 AS BIGINT) AS sid, '' AS item, '' AS metric_name, 0 AS fault, 0 AS score_n)",
        groups=fill(_HIDDEN, listed=listed) if has_review and relations else nothing,
        forms=_UNCOUNTED if has_review else nothing,
    )


def write_results(bench: Workbench, parts: dict[str, object]) -> None:
    """Append the results of the range.

    Args:
        bench: The workbench with ``c_result``, ``c_excluded``, ``c_veto_text``.
        parts: SQL parts: ``names`` of grades, ``near`` bound, ``full`` weight of the rater groups, ``has_review``,
            ``is_segmented`` (a person may have several segments).
    """
    review = (
        "r.review_n, "
        + "".join(f"r.{relation}_n, " for relation in SHOWN_RELATIONS)
        + f"r.counted AS coverage_weight_d4, {parts['full']} AS full_weight_d4,"
        if parts["has_review"]
        else ""
    )
    bench.run(
        _RESULTS,
        status=STATUS_SQL,
        review=review,
        names=parts["names"],
        near=parts["near"],
        parts=_SEGMENTS if parts["is_segmented"] else _ONE_SEGMENT,
        joined="LEFT JOIN c_review AS r USING (sid)" if parts["has_review"] else "",
    )
    bench.run(
        "INSERT INTO out_excluded SELECT s.kind, s.subject, x.level, x.key, x.reason, x.detail"
        " FROM c_excluded AS x JOIN c_subject AS s USING (sid)"
    )


def write_items(bench: Workbench, weighted: str) -> None:
    """Append the item scores of the range.

    Args:
        bench: The workbench with ``a_item`` and ``a_seg``.
        weighted: SQL of the weighted score over ``i``.
    """
    bench.run(_ITEMS, weighted=weighted)


_GROUPS: Final = """
INSERT INTO out_groups
SELECT s.kind, s.subject, g.relation, CASE WHEN g.is_shown THEN g.n END, CASE WHEN g.is_shown THEN g.own_n END
FROM c_group AS g JOIN c_subject AS s USING (sid)
"""


def write_forms(bench: Workbench) -> None:
    """Append the forms of the range, with the reason why a form does not count, and the groups that are shown.

    Args:
        bench: The workbench with ``c_form``.
    """
    arms = " ".join(f"WHEN {sql_literal(key)} THEN {sql_literal(text)}" for key, text in FORM_REASONS.items())
    bench.run(_FORMS, reasons=arms)
    bench.run(_GROUPS)


def write_not_appraised(bench: Workbench) -> None:
    """Append the subjects that are not appraised, with the reason.

    Args:
        bench: The workbench with ``s_subject``.

    Source: scoring.md S11 (不参评), S13.
    """
    bench.run(
        "INSERT INTO out_results BY NAME SELECT kind, subject, scheme, $status AS status, excluded AS reason, dept_code FROM s_subject"
        " WHERE excluded IS NOT NULL",
        status=sql_literal(words.STATUSES["excluded"]),
    )
    bench.run(
        "INSERT INTO out_excluded SELECT kind, subject, 'person', subject, 'not_appraised', excluded FROM s_subject"
        " WHERE excluded IS NOT NULL UNION ALL"
        " SELECT 'person', emp_no, 'person', emp_no, 'no_appraisal', '没有考核单' FROM t_people AS p"
        " WHERE NOT EXISTS (SELECT 1 FROM s_subject AS s WHERE s.kind = 'person' AND s.subject = p.emp_no)"
    )
