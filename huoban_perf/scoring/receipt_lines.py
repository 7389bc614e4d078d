"""Receipt lines of the people in the current range: every contribution, with what an employee can read beside it.

A line hangs below another one: segment → part → dimension → item or group; steps after the composite hang at the top.
Contributions are exact quotients to nine decimals; ``receipt_print`` prints them at six so that they add up.

Source: scoring.md S7 (Receipt), S4.6 (a hidden group shows nothing), S13 (what is missing is said).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from huoban_perf.scoring.receipt_parts import (
    DIMENSION,
    PART,
    SEGMENT,
    STEP,
    percent_text,
    shown_weights,
    sql_counted,
    sql_points,
    sql_share,
)
from huoban_perf.scoring.rounding import D4_TO_GRID, sql_half_away, sql_literal
from huoban_perf.scoring.scheme import Letter, Scheme
from huoban_perf.scoring.workbench import Workbench, fill

LINE_COLUMNS: Final = "sid, node, parent, level, part, key, label, detail, machine, contribution_n"
"""What every SELECT of lines yields, in this order."""

_FRAME: Final = """
CREATE OR REPLACE TEMP TABLE c_share AS
SELECT m.sid, m.seg, m.days, m.state, m.kpi_n, m.okr_n, m.review_n, m.review_state, m.divisor, m.composite_n, m.scheme,
  t.segments > 1 AS is_split, CASE WHEN t.worst = 0 THEN 1 END AS is_scored,
  CASE WHEN t.segments > 1 THEN m.days ELSE 1 END AS share,
  $whole AS whole
FROM a_composite AS m JOIN c_result AS t USING (sid)
"""

_WHOLE: Final = "CASE WHEN t.segments > 1 THEN CAST(sum(m.days) OVER (PARTITION BY m.sid) AS BIGINT) ELSE 1 END"

_SEGMENTS: Final = """
SELECT sid, seg * $segment AS node, 0 AS parent, 1 AS level, 'segment' AS part, CAST(seg AS VARCHAR) AS key,
  '第' || seg || '段' AS label,
  concat(g.starts, ' 至 ', g.ends, ', 在岗 ', c.days, ' 天, 占 ', c.days, '/', whole, ', 本段得分 ', coalesce($composite, '—')) AS detail,
  CAST(json_object('days', c.days, 'score_n', composite_n) AS VARCHAR) AS machine, is_scored * $contribution AS contribution_n
FROM c_share AS c JOIN a_seg AS g USING (sid, seg) WHERE is_split
"""

_PARTS: Final = """
SELECT sid, seg * $segment + $ordinal * $part_step, CASE WHEN is_split THEN seg * $segment ELSE 0 END,
  CASE WHEN is_split THEN 2 ELSE 1 END, $part, $part, $label,
  CASE WHEN $value IS NULL THEN $missing ELSE concat('得分 ', $shown, $rest, $letter) END,
  concat('{"score_n":', $value, CASE WHEN $value IS NULL THEN 'null' END, ',"weight_d4":', $weight, ',"divisor_d4":', divisor, '}'), is_scored * $contribution
FROM c_share AS c WHERE scheme = $scheme
"""

_FORMULA: Final = """
SELECT sid, seg * $segment + 1, CASE WHEN is_split THEN seg * $segment ELSE 0 END, CASE WHEN is_split THEN 2 ELSE 1 END,
  'formula', 'formula', '公式', $formula || ' = ' || coalesce($shown, '—'), CAST(json_object('formula', $formula, 'score_n', composite_n) AS VARCHAR),
  is_scored * $contribution
FROM c_share AS c WHERE scheme = $scheme
"""

_DIMENSIONS: Final = """
SELECT d.sid, c.seg * $segment + $part_step + d.dim_order * $dimension, c.seg * $segment + $part_step,
  CASE WHEN c.is_split THEN 3 ELSE 2 END, 'dimension', d.dim, d.dim,
  CASE WHEN d.dim_n IS NULL THEN '缺数据, 不计入' ELSE '得分 ' || $shown || ' × 权重 ' || $weight_text || $letter END,
  CAST(json_object('score_n', d.dim_n, 'weight_d4', d.dim_weight) AS VARCHAR), c.is_scored * $contribution
FROM c_ordered_dim AS d
JOIN c_share AS c USING (sid, seg) JOIN a_kpi AS k USING (sid, seg)
WHERE c.scheme = $scheme
"""

_POINTS: Final = """
SELECT s.sid, $step + row_number() OVER (PARTITION BY s.sid ORDER BY p.type DESC, coalesce(p.reason, ''), p.points_d4, coalesce(p.approver, '')),
  0, 1, 'points', p.type, CASE p.type WHEN 'minus' THEN '减分' ELSE '加分' END,
  coalesce(p.reason, '') || CASE WHEN p.approver IS NULL THEN '' ELSE ' (批准人 ' || p.approver || ')' END,
  CAST(json_object('points_d4', p.points_d4, 'type', p.type, 'approver', p.approver) AS VARCHAR),
  CASE WHEN t.worst = 0 THEN CASE p.type WHEN 'minus' THEN -p.points_d4 ELSE p.points_d4 END * 100000 END
FROM c_subject AS s JOIN t_points AS p ON p.kind = s.kind AND p.subject = s.subject JOIN c_result AS t USING (sid)
WHERE p.status = 'approved'
"""

_STEPS: Final = """
SELECT sid, $step + 100000 * ordinal, 0, 1, part, part, label, detail, CAST(json_object('from_n', before_n, 'to_n', after_n) AS VARCHAR),
  after_n - before_n
FROM (
  SELECT sid, 1 AS ordinal, 'limit' AS part, '加减分限额' AS label,
    '合计 ' || $points || ', 限于 ±' || $limit AS detail, points_n AS before_n, adjusted_n AS after_n FROM c_result WHERE worst = 0
  UNION ALL
  SELECT sid, 2, 'department', '部门系数', '× ' || $department, mean_n + adjusted_n, coefficient_n FROM c_result WHERE worst = 0
  UNION ALL
  SELECT sid, 3, 'clamp', '总分上下限', '限于 ' || $floor || '–' || $cap, coefficient_n, clamped_n FROM c_result WHERE worst = 0
  UNION ALL
  SELECT t.sid, 4, 'veto', '一票否决', v.detail, t.clamped_n, t.total_n FROM c_result AS t JOIN c_veto_text AS v USING (sid)
  WHERE t.worst = 0
)
WHERE before_n <> after_n OR part = 'veto'
"""


def share_totals(bench: Workbench) -> None:
    """Note each segment's share of its person's total.

    Args:
        bench: The workbench with ``a_composite`` and ``c_result``.

    Makes ``c_share``: a row a segment: its parts, ``divisor``, ``is_split`` (one of several), ``share`` of ``whole`` days,
    ``is_scored`` 1 or null.
    """
    is_split = bench.count("SELECT max(segments) FROM c_result") > 1
    bench.run(_FRAME, whole=_WHOLE if is_split else "CAST(1 AS BIGINT)")


def worded_lines(scheme: Scheme, segment_schemes: tuple[Scheme, ...], *, parts: frozenset[str]) -> Iterator[str]:
    """Write the lines of segments, parts, dimensions and of the steps after the composite, with their words.

    Args:
        scheme: The home scheme.
        segment_schemes: Schemes of the segments in the range.
        parts: Which of ``kpi``, ``okr``, ``review``, ``points`` have data.

    Yields:
        SELECTs of ``LINE_COLUMNS`` over ``c_share``, ``c_ordered_dim`` and ``c_result``: ``node`` (reading order),
        ``parent`` (a node, 0 = the total), ``level``, ``label`` and ``detail`` in Chinese, ``machine`` JSON,
        ``contribution_n`` (grid; null when it does not count).

    Source: scoring.md S7 (Receipt).
    """
    yield fill(_SEGMENTS, segment=SEGMENT, composite=sql_points("composite_n"), contribution=sql_share("composite_n"))
    for own in segment_schemes:
        yield from _scheme_lines(own, parts)
    yield from _step_lines(scheme, parts)


_LABELS: Final = {"kpi": "业绩", "review": "360评价", "okr": "OKR"}


def _scheme_lines(scheme: Scheme, parts: frozenset[str]) -> Iterator[str]:
    weights = shown_weights(scheme)
    if scheme.parts.formula:
        yield _formula_line(scheme)
    for ordinal, part in ((1, "kpi"), (2, "review"), (3, "okr")):
        if weights[part]:
            yield _part_line(scheme, part, ordinal, weights[part])
    if "kpi" in parts and weights["kpi"] and scheme.items.mode == "dimension":
        yield _dimension_lines(scheme, weights["kpi"])


def _formula_line(scheme: Scheme) -> str:
    return fill(
        _FORMULA,
        segment=SEGMENT,
        formula=sql_literal(scheme.parts.formula),
        shown=sql_points("composite_n"),
        contribution=sql_share("composite_n"),
        scheme=sql_literal(scheme.key),
    )


def _part_line(scheme: Scheme, part: str, ordinal: int, weight: int) -> str:
    value = f"{part}_n"
    return fill(
        _PARTS,
        segment=SEGMENT,
        part_step=PART,
        ordinal=ordinal,
        part=sql_literal(part),
        label=sql_literal(_LABELS[part]),
        value=value,
        shown=sql_points(value),
        missing=sql_literal("缺失, 不计入"),
        letter=sql_letter(value, getattr(scheme.parts, f"{part}_bands")),
        weight=weight,
        rest=sql_literal(", 见公式")
        if scheme.parts.formula
        else f"' × 权重 {percent_text(weight)} ÷ ', {sql_points('divisor', 4)}",
        contribution=sql_counted(scheme, value, by=weight),
        scheme=sql_literal(scheme.key),
    )


def sql_letter(value: str, bands: Sequence[Letter]) -> str:
    """Write the letter of a score; it is shown and never enters the total.

    Args:
        value: Score, grid units.
        bands: Best first; the last has no bound.

    Returns:
        A VARCHAR expression, empty without bands.

    Source: scoring.md S3.
    """
    arms = [
        f"WHEN {value} >= {band.lower_d4 * D4_TO_GRID} THEN {sql_literal(f', 等级 {band.name}')}"
        for band in bands
        if band.lower_d4 is not None
    ]
    rest = [f"ELSE {sql_literal(f', 等级 {band.name}')}" for band in bands if band.lower_d4 is None]
    return f"CASE {' '.join(arms + rest)} END" if arms else "''"


def _dimension_lines(scheme: Scheme, weight: int) -> str:
    found = [(dimension.name, sql_letter("d.dim_n", dimension.bands)) for dimension in scheme.items.dimensions]
    letters = " ".join(f"WHEN {sql_literal(name)} THEN {letter}" for name, letter in found)
    return fill(
        _DIMENSIONS,
        segment=SEGMENT,
        part_step=PART,
        dimension=DIMENSION,
        shown=sql_points("d.dim_n"),
        weight_text=sql_points("d.dim_weight", 4),
        letter=f"CASE d.dim {letters} ELSE '' END" if letters else "''",
        contribution=sql_counted(
            scheme, "d.dim_n", by=weight, weights=("d.dim_weight",), wholes=("c.divisor", "k.weight")
        ),
        scheme=sql_literal(scheme.key),
    )


def _step_lines(scheme: Scheme, parts: frozenset[str]) -> Iterator[str]:
    if "points" in parts:
        yield fill(_POINTS, step=STEP)
    limit = scheme.total.adjustment_cap_d4 or 0
    yield fill(
        _STEPS,
        step=STEP,
        points=sql_points("points_n"),
        limit=sql_literal(percent_text(limit)),
        department=sql_points(f"CAST({sql_half_away('department_num * 1000000000', 'department_den')} AS BIGINT)"),
        floor=sql_points(str(scheme.total.floor_d4), 4),
        cap=sql_points(str(scheme.total.cap_d4), 4),
    )
