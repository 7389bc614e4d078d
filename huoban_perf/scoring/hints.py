"""Hints about the quality of ratings, for people to look at; a hint never changes a score.

Source: scoring.md S15 (all thresholds are parameters of the scheme).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring.answers import list_answers
from huoban_perf.scoring.forms import FormShape
from huoban_perf.scoring.rounding import D4, D4_TO_GRID, GRID, sql_literal, text_of
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.severity import Score
from huoban_perf.scoring.variances import WHY_NOT, fit_shrunk
from huoban_perf.scoring.workbench import Row, Workbench, sql_values

STRAIGHT_FROM: Final = 3
"""Answers a form must have before equal answers look like straight-lining."""

CREATE_FACTS: Final = """
CREATE OR REPLACE TEMP TABLE s_fact (kind VARCHAR, subject VARCHAR, relation VARCHAR, rater VARCHAR, score_n BIGINT,
  answers BIGINT, total HUGEINT, squares HUGEINT, is_straight BOOLEAN, extremes BIGINT, has_log BOOLEAN, seconds BIGINT,
  settings VARCHAR)
"""

_FACTS: Final = """
INSERT INTO s_fact
SELECT s.kind, s.subject, f.relation, f.rater, f.raw_n, count(a.x_n), sum(CAST(a.x_n AS HUGEINT)),
  sum(CAST(a.x_n AS HUGEINT) * a.x_n), count(a.x_n) >= $straight AND min(a.x_n) = max(a.x_n),
  count(*) FILTER (WHERE a.x_n * 1000000 <= $extreme * CAST($full AS HUGEINT)
    OR a.x_n * 1000000 >= (1000000 - $extreme) * CAST($full AS HUGEINT)),
  any_value(r.log_nos IS NOT NULL $linked), any_value(date_diff('second', r.opened_at, r.submitted_at)), $scheme
FROM c_form AS f JOIN c_subject AS s USING (sid) JOIN c_form_raw AS r USING (form_id)
LEFT JOIN c_answer AS a USING (form_id)
WHERE f.reason IS NULL AND f.relation <> 'self'
GROUP BY s.kind, s.subject, f.relation, f.rater, f.form_id, f.raw_n
"""

_QUICK: Final = """
INSERT INTO out_hints
SELECT kind, subject, 'quick', relation || ':' || rater, '打开后 ' || seconds || ' 秒提交' FROM s_fact
WHERE seconds < $seconds AND settings = $scheme
"""

_HABITS: Final = """
SELECT rater, count(*), sum(CAST(score_n AS HUGEINT)), sum(CAST(score_n AS HUGEINT) * score_n),
  count(*) FILTER (WHERE answers >= 2 AND answers * squares - total * total < CAST($spread AS HUGEINT) * $spread * answers * answers),
  count(*) FILTER (WHERE answers >= 2), count(*) FILTER (WHERE is_straight)
FROM s_fact WHERE settings = $scheme GROUP BY rater ORDER BY rater
"""

_SELF_GAP: Final = """
INSERT INTO out_hints
SELECT kind, subject, 'self_gap', subject, '自评与上级评价相差较大' FROM out_results
WHERE scheme = $scheme AND abs(self_n - superior_n) > $gap
"""

_RECENCY: Final = """
INSERT INTO out_hints
SELECT 'person', emp_no, 'recency', emp_no, '过程记录 ' || late || '/' || n || ' 条集中在期末'
FROM (
  SELECT l.emp_no, count(*) AS n, count(*) FILTER (WHERE (l.date - c.starts + 1) * 1000000
    > (1000000 - $days) * (c.ends - c.starts + 1)) AS late
  FROM t_logs AS l CROSS JOIN t_cycle AS c WHERE l.date BETWEEN c.starts AND c.ends GROUP BY l.emp_no
) JOIN s_subject AS s ON s.kind = 'person' AND s.subject = emp_no
WHERE s.scheme = $scheme AND late * 1000000 > $share * n
"""


def note_facts(bench: Workbench, scheme: Scheme, shape: FormShape) -> None:
    """Note what the hints need of each counted form of the range.

    Args:
        bench: The workbench with ``c_form`` and ``c_form_raw``.
        scheme: The home scheme.
        shape: How criteria arrive.

    Adds to ``s_fact``: a row a counted form, self forms left out.
    """
    list_answers(bench, scheme, shape)
    linked = "OR r.task_no IN (SELECT task_no FROM t_ratings WHERE log_no IS NOT NULL)" if shape.has_ratings else ""
    bench.run(
        _FACTS,
        straight=STRAIGHT_FROM,
        extreme=scheme.hints.extreme_share_percent_d4,
        full=scheme.scale_d4 * D4_TO_GRID,
        linked=linked,
        scheme=sql_literal(scheme.key),
    )


def write_hints(bench: Workbench, scheme: Scheme, *, has_logs: bool) -> None:
    """Write the hints about the people of one home scheme.

    Args:
        bench: The workbench with ``s_fact``, ``out_results`` and, with logs, ``t_logs``.
        scheme: The home scheme.
        has_logs: ``t_logs`` exists.

    Adds to ``out_hints``: ``quick``, ``central``, ``halo``, ``straight``, ``lenient``, ``severe`` (a rater), ``self_gap``,
    ``recency`` (a person), ``evidence`` and ``severity_skipped`` (the run: why severity could not be estimated).

    Source: scoring.md S15.
    """
    hints, key = scheme.hints, sql_literal(scheme.key)
    bench.run(_QUICK, seconds=hints.quick_seconds, scheme=key)
    bench.run(_SELF_GAP, gap=hints.self_gap_d4 * D4_TO_GRID, scheme=key)
    if has_logs:
        days, share = hints.recency_days_percent_d4, hints.recency_share_percent_d4
        bench.run(_RECENCY, days=days, share=share, scheme=key)
    spread = hints.halo_spread_d4 * scheme.scale_d4 * 10
    habits = bench.rows(_HABITS, spread=spread, scheme=key)
    flags = [flag for habit in habits for flag in _habit_flags(scheme, habit, habits)]
    flags += _severity_flags(bench, scheme) + _evidence(bench, scheme)
    columns = "kind VARCHAR, subject VARCHAR, hint VARCHAR, key VARCHAR, detail VARCHAR"
    bench.run("INSERT INTO out_hints SELECT * FROM $rows", rows=sql_values(flags, columns))


def _whole(cell: object) -> int:
    return int(str(cell or 0))


def _habit_flags(scheme: Scheme, habit: Row, habits: Sequence[Row]) -> list[Row]:
    hints = scheme.hints
    rater, *cells = habit
    n, total, squares, halo, judged, straight = (_whole(cell) for cell in cells)
    if n < hints.severity_min_forms:
        return []
    found: list[Row] = []
    everyone = [sum(_whole(row[at]) for row in habits) for at in (1, 2, 3)]
    own_spread = n * squares - total * total
    all_spread = everyone[0] * everyone[2] - everyone[1] ** 2
    if own_spread * everyone[0] ** 2 * D4**2 < hints.central_ratio_d4**2 * all_spread * n * n:
        found.append(("rater", rater, "central", rater, f"{n} 份评分过于集中"))
    if judged and halo * 1_000_000 >= hints.halo_share_percent_d4 * judged:
        found.append(("rater", rater, "halo", rater, f"{halo}/{judged} 份各项评分几乎相同"))
    if straight * 1_000_000 >= hints.halo_share_percent_d4 * n:
        found.append(("rater", rater, "straight", rater, f"{straight}/{n} 份各项选同一档"))
    return found


def _severity_flags(bench: Workbench, scheme: Scheme) -> list[Row]:
    rows = bench.rows(
        "SELECT rater, kind || ':' || subject, score_n FROM s_fact WHERE settings = $scheme ORDER BY ALL",
        scheme=sql_literal(scheme.key),
    )
    scores = [Score(str(rater), str(subject), _whole(score_n) / GRID) for rater, subject, score_n in rows]
    hints = scheme.hints
    if not scores:
        return []
    try:
        fit = fit_shrunk(scores, scheme.severity)
    except ScoringError as error:
        return [("run", scheme.key, "severity_skipped", scheme.key, f"未估计评分松紧: {WHY_NOT[error.code]}")]
    least = hints.severity_points_d4 / D4
    return [
        ("rater", rater, "lenient" if beta > 0 else "severe", rater, f"估计偏差 {beta:+.2f} 分, {fit.forms[rater]} 份")
        for rater, beta in sorted(fit.raters.items())
        if abs(beta) >= least and fit.forms[rater] >= hints.severity_min_forms
    ]


def _evidence(bench: Workbench, scheme: Scheme) -> list[Row]:
    ((extremes, linked),) = bench.rows(
        "SELECT sum(extremes), sum(extremes) FILTER (WHERE has_log) FROM s_fact WHERE settings = $scheme",
        scheme=sql_literal(scheme.key),
    )
    if not extremes:
        return []
    share = text_of(_whole(linked) * 10_000 // _whole(extremes), digits=2)
    detail = f"极端评分 {extremes} 个, 有过程记录 {_whole(linked)} 个 ({share}%)"
    return [("run", scheme.key, "evidence", scheme.key, detail)]
