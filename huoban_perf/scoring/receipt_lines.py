"""Receipt lines of the people in the current range: every contribution, with what an employee can read beside it.

A line hangs below another one: segment → part → dimension → item or group; steps after the composite hang at the top.
Contributions are exact quotients to nine decimals; ``receipt_print`` prints them at six so that they add up.

Source: scoring.md S7 (Receipt), S4.6 (a hidden group shows nothing), S13 (what is missing is said).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from huoban_perf.scoring.receipt_groups import group_lines
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

_LINES: Final = """
CREATE OR REPLACE TEMP TABLE c_line AS
SELECT CAST(sid AS BIGINT) AS sid, CAST(node AS BIGINT) AS node, CAST(parent AS BIGINT) AS parent, CAST(level AS BIGINT) AS level, part,
  contribution_n
FROM ($lines)
"""

_FRAME: Final = """
CREATE OR REPLACE TEMP TABLE c_share AS
SELECT m.sid, m.seg, m.days, m.state, m.kpi_n, m.okr_n, m.review_n, m.review_state, m.divisor, m.composite_n, m.scheme,
  t.segments > 1 AS is_split, CASE WHEN t.worst = 0 THEN 1 END AS is_scored,
  CASE WHEN t.segments > 1 THEN m.days ELSE 1 END AS share,
  CASE WHEN t.segments > 1 THEN sum(m.days) OVER (PARTITION BY m.sid) ELSE 1 END AS whole
FROM a_composite AS m JOIN c_result AS t USING (sid)
"""

_SEGMENTS: Final = """
SELECT sid, seg * $segment AS node, 0 AS parent, 1 AS level, 'segment' AS part, CAST(seg AS VARCHAR) AS key,
  '第' || seg || '段' AS label, '在岗 ' || days || ' 天, 本段得分 ' || coalesce($composite, '—') AS detail,
  json_object('days', days, 'score_n', composite_n) AS machine, is_scored * $contribution AS contribution_n
FROM c_share WHERE is_split
"""

_PARTS: Final = """
SELECT sid, seg * $segment + $ordinal * $part_step, CASE WHEN is_split THEN seg * $segment ELSE 0 END,
  CASE WHEN is_split THEN 2 ELSE 1 END, $part, $part, $label,
  CASE WHEN $value IS NULL THEN $missing ELSE '得分 ' || $shown || $rest || $letter END,
  json_object('score_n', $value, 'weight_d4', $weight, 'divisor_d4', divisor), is_scored * $contribution
FROM c_share WHERE scheme = $scheme
"""

_FORMULA: Final = """
SELECT sid, seg * $segment, CASE WHEN is_split THEN seg * $segment ELSE 0 END, CASE WHEN is_split THEN 2 ELSE 1 END,
  'formula', 'formula', '公式', $formula || ' = ' || coalesce($shown, '—'), json_object('formula', $formula, 'score_n', composite_n),
  is_scored * $contribution
FROM c_share WHERE scheme = $scheme
"""

_ITEMS: Final = """
SELECT i.sid, c.seg * $segment + $part_step + i.dim_order * $dimension + i.item_order AS node, $parent AS parent,
  CASE WHEN c.is_split THEN 3 ELSE 2 END + $deeper AS level, 'item' AS part, i.item AS key, NULL AS label, NULL AS detail, NULL AS machine,
  c.is_scored * $contribution AS contribution_n
FROM $items JOIN c_share AS c USING (sid, seg) JOIN a_kpi AS k USING (sid, seg) $joined
WHERE c.scheme = $scheme
"""

_ITEM_FACTS: Final = """
INSERT INTO out_line_items
SELECT s.kind, s.subject, n.line_no, n.level, n.above, i.item, i.metric_code, i.method, i.source, i.an, i.ad, i.pn, i.pd, i.target,
  i.baseline, i.score_n, i.weight, i.veto_hit, CAST(n.contribution_n AS DECIMAL(18,0)) * 0.000000001,
  CAST(n.printed_m AS DECIMAL(18,0)) * 0.000001
FROM $items JOIN c_subject AS s USING (sid)
JOIN c_numbered AS n ON n.sid = i.sid AND n.node = i.seg * $segment + $part_step + i.dim_order * $dimension + i.item_order
WHERE i.scheme = $scheme
"""

_ORDERED: Final = "(SELECT *, $dim_order AS dim_order FROM a_item WHERE fault IS NULL) AS i"

_DIMENSIONS: Final = """
SELECT d.sid, c.seg * $segment + $part_step + d.dim_order * $dimension, c.seg * $segment + $part_step,
  CASE WHEN c.is_split THEN 3 ELSE 2 END, 'dimension', d.dim, d.dim,
  CASE WHEN d.dim_n IS NULL THEN '缺数据, 不计入' ELSE '得分 ' || $shown || ' × 权重 ' || $weight_text || $letter END,
  json_object('score_n', d.dim_n, 'weight_d4', d.dim_weight), c.is_scored * $contribution
FROM (SELECT *, row_number() OVER (PARTITION BY sid, seg ORDER BY dim) AS dim_order FROM a_dim) AS d
JOIN c_share AS c USING (sid, seg) JOIN a_kpi AS k USING (sid, seg)
WHERE c.scheme = $scheme
"""

_POINTS: Final = """
SELECT s.sid, $step + row_number() OVER (PARTITION BY s.sid ORDER BY p.type DESC, coalesce(p.reason, ''), p.points_d4, coalesce(p.approver, '')),
  0, 1, 'points', p.type, CASE p.type WHEN 'minus' THEN '减分' ELSE '加分' END,
  coalesce(p.reason, '') || CASE WHEN p.approver IS NULL THEN '' ELSE ' (批准人 ' || p.approver || ')' END,
  json_object('points_d4', p.points_d4, 'type', p.type, 'approver', p.approver),
  CASE WHEN t.worst = 0 THEN CASE p.type WHEN 'minus' THEN -p.points_d4 ELSE p.points_d4 END * 100000 END
FROM c_subject AS s JOIN t_points AS p ON p.kind = s.kind AND p.subject = s.subject JOIN c_result AS t USING (sid)
WHERE p.status = 'approved'
"""

_STEPS: Final = """
SELECT sid, $step + 100000 * ordinal, 0, 1, part, part, label, detail, json_object('from_n', before_n, 'to_n', after_n),
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


def write_lines(
    bench: Workbench, scheme: Scheme, segment_schemes: tuple[Scheme, ...], *, parts: frozenset[str]
) -> tuple[str, ...]:
    """Place every receipt line of the people in the range.

    Args:
        bench: The workbench with the range's results.
        scheme: The home scheme.
        segment_schemes: Schemes of the segments in the range.
        parts: Which of ``kpi``, ``okr``, ``review``, ``points`` have data.

    Returns:
        SELECTs of the lines but those of items, with their texts (``LINE_COLUMNS``): ``label`` and ``detail`` in Chinese,
        ``machine`` JSON. Placing and adding up the lines needs no text.

    Makes ``c_line``: one row a line: ``node`` (reading order), ``parent`` (0 = the total), ``level``, ``part``,
    ``contribution_n`` (grid; null when it does not count).

    Source: scoring.md S7 (Receipt).
    """
    bench.run(_FRAME)
    selects = tuple(_selects(scheme, segment_schemes, parts))
    items = tuple(_item_selects(segment_schemes, parts))
    bench.run(_LINES, lines=" UNION ALL ".join(f"(FROM ({select}) AS l({LINE_COLUMNS}))" for select in selects + items))
    return selects


def _item_selects(segment_schemes: tuple[Scheme, ...], parts: frozenset[str]) -> Iterator[str]:
    for own in segment_schemes:
        weight = shown_weights(own)["kpi"]
        if "kpi" in parts and weight:
            yield _item_lines(own, weight)


def _selects(scheme: Scheme, segment_schemes: tuple[Scheme, ...], parts: frozenset[str]) -> Iterator[str]:
    yield fill(
        _SEGMENTS, segment=SEGMENT, composite=sql_points("composite_n"), contribution=sql_share("composite_n", "1")
    )
    for own in segment_schemes:
        yield from _scheme_lines(own, parts)
    if "review" in parts:
        yield from group_lines(scheme, segment_schemes)
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
        contribution=sql_share("composite_n", "1"),
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
        else f"' × 权重 {percent_text(weight)} ÷ ' || {sql_points('divisor', 4)}",
        contribution=sql_counted(scheme, f"{weight} * CAST({value} AS HUGEINT)", "divisor"),
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
            scheme, f"{weight} * CAST(d.dim_weight AS HUGEINT) * d.dim_n", "CAST(c.divisor AS HUGEINT) * k.weight"
        ),
        scheme=sql_literal(scheme.key),
    )


def _item_lines(scheme: Scheme, weight: int) -> str:
    is_dimension = scheme.items.mode == "dimension"
    top = f"{SEGMENT} * c.seg + {PART}"
    num, den = f"{weight} * CAST(i.weight AS HUGEINT) * i.score_n", "CAST(c.divisor AS HUGEINT) * k.weight"
    if is_dimension:
        num, den = f"{weight} * CAST(d.dim_weight AS HUGEINT) * i.weight * i.score_n", f"{den} * d.weight"
    if scheme.items.mode == "sum":
        num, den = f"{weight} * CAST(i.score_n AS HUGEINT)", "c.divisor"
    return fill(
        _ITEMS,
        segment=SEGMENT,
        part_step=PART,
        dimension=DIMENSION,
        items=_ordered_items(scheme),
        parent=f"{top} + i.dim_order * {DIMENSION}" if is_dimension else top,
        deeper=1 if is_dimension else 0,
        joined="JOIN a_dim AS d ON d.sid = i.sid AND d.seg = i.seg AND d.dim = coalesce(i.dim, '')"
        if is_dimension
        else "",
        contribution=sql_counted(scheme, num, den),
        scheme=sql_literal(scheme.key),
    )


def _ordered_items(scheme: Scheme) -> str:
    is_dimension = scheme.items.mode == "dimension"
    order = "dense_rank() OVER (PARTITION BY sid, seg ORDER BY coalesce(dim, ''))" if is_dimension else "0"
    return fill(_ORDERED, dim_order=order)


def write_item_lines(bench: Workbench, segment_schemes: tuple[Scheme, ...], *, parts: frozenset[str]) -> None:
    """Append the lines of the items of the range: numbers only, most lines of all; ``out_lines`` words them when read.

    Args:
        bench: The workbench with ``a_item`` and ``c_numbered``.
        segment_schemes: Schemes of the segments in the range.
        parts: Which of ``kpi``, ``okr``, ``review``, ``points`` have data.
    """
    for own in segment_schemes:
        if "kpi" in parts and shown_weights(own)["kpi"]:
            bench.run(
                _ITEM_FACTS,
                items=_ordered_items(own),
                segment=SEGMENT,
                part_step=PART,
                dimension=DIMENSION,
                scheme=sql_literal(own.key),
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
