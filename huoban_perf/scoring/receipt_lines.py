"""Receipt lines of the people in the current range: every contribution, with what an employee can read beside it.

A line hangs below another one: segment → part → dimension → item or group; steps after the composite hang at the top.
Contributions are exact quotients to nine decimals; ``receipt_print`` prints them at six so that they add up.

Source: scoring.md S7 (Receipt), S4.6 (a hidden group shows nothing), S13 (what is missing is said).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.composite import part_weights
from huoban_perf.scoring.formula import names_of, parse_formula
from huoban_perf.scoring.raters import weight_of
from huoban_perf.scoring.rounding import D4, sql_half_away, sql_literal, sql_text_of
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

SEGMENT: Final = 10**12
PART: Final = 10**9
DIMENSION: Final = 10**5
STEP: Final = 900 * SEGMENT
"""Ordinal distances inside a line's node number; nodes sort in reading order."""

_COLUMNS: Final = (
    "sid BIGINT, node BIGINT, parent BIGINT, level BIGINT, part VARCHAR, key VARCHAR, label VARCHAR, detail VARCHAR,"
    " machine VARCHAR, contribution_n BIGINT"
)

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
  CASE WHEN $value IS NULL THEN $missing ELSE '得分 ' || $shown || $rest END,
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
SELECT i.sid, c.seg * $segment + $part_step + i.dim_order * $dimension + i.item_order, $parent,
  CASE WHEN c.is_split THEN 3 ELSE 2 END + $deeper, 'item', i.item, i.metric_name, $detail, $machine,
  c.is_scored * $contribution
FROM (
  SELECT *, $dim_order AS dim_order, row_number() OVER (PARTITION BY sid, seg ORDER BY coalesce(dim, ''), item) AS item_order
  FROM a_item WHERE fault IS NULL
) AS i
JOIN c_share AS c USING (sid, seg) JOIN a_kpi AS k USING (sid, seg) $joined
WHERE c.scheme = $scheme
"""

_DIMENSIONS: Final = """
SELECT d.sid, c.seg * $segment + $part_step + d.dim_order * $dimension, c.seg * $segment + $part_step,
  CASE WHEN c.is_split THEN 3 ELSE 2 END, 'dimension', d.dim, d.dim,
  CASE WHEN d.dim_n IS NULL THEN '缺数据, 不计入' ELSE '得分 ' || $shown || ' × 权重 ' || $weight_text END,
  json_object('score_n', d.dim_n, 'weight_d4', d.dim_weight), c.is_scored * $contribution
FROM (SELECT *, row_number() OVER (PARTITION BY sid, seg ORDER BY dim) AS dim_order FROM a_dim) AS d
JOIN c_share AS c USING (sid, seg) JOIN a_kpi AS k USING (sid, seg)
WHERE c.scheme = $scheme
"""

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
) -> None:
    """Write every receipt line of the people in the range.

    Args:
        bench: The workbench with the range's results.
        scheme: The home scheme.
        segment_schemes: Schemes of the segments in the range.
        parts: Which of ``kpi``, ``okr``, ``review``, ``points`` have data.

    Makes ``c_line``: one row a line: ``node`` (reading order), ``parent`` (0 = the total), ``level``, ``part``, ``key``,
    ``label`` and ``detail`` in Chinese, ``machine`` JSON, ``contribution_n`` (grid; null when it does not count).

    Source: scoring.md S7 (Receipt).
    """
    bench.run(_FRAME)
    bench.run(f"CREATE OR REPLACE TEMP TABLE c_line ({_COLUMNS})")
    _insert(
        bench,
        fill(
            _SEGMENTS, segment=SEGMENT, composite=_points_text("composite_n"), contribution=_share("composite_n", "1")
        ),
    )
    for own in segment_schemes:
        for select in _scheme_lines(own, parts):
            _insert(bench, select)
    if "review" in parts:
        _insert_groups(bench, scheme, segment_schemes)
    _insert_steps(bench, scheme, parts)


def _insert(bench: Workbench, select: str) -> None:
    bench.run("INSERT INTO c_line $select", select=select)


def _points_text(value: str, digits: int = 9) -> str:
    return sql_text_of(f"({value})", digits=digits)


def _share(num: str, den: str) -> str:
    """Write a contribution: the quotient within the segment times the segment's share of the days."""
    quotient = sql_half_away(f"CAST({num} AS HUGEINT) * share", f"nullif(CAST({den} AS HUGEINT) * whole, 0)")
    return f"CAST({quotient} AS BIGINT)"


def _counted(scheme: Scheme, num: str, den: str) -> str:
    """Write a contribution, null below a formula: its inputs are shown, not added."""
    return "CAST(NULL AS BIGINT)" if scheme.parts.formula else _share(num, den)


_LABELS: Final = {"kpi": "业绩", "review": "360评价", "okr": "OKR"}


def _scheme_lines(scheme: Scheme, parts: frozenset[str]) -> Iterator[str]:
    weights = shown_weights(scheme)
    if scheme.parts.formula:
        yield _formula_line(scheme)
    for ordinal, part in ((1, "kpi"), (2, "review"), (3, "okr")):
        if weights[part]:
            yield _part_line(scheme, part, ordinal, weights[part])
    if "kpi" in parts and weights["kpi"]:
        if scheme.items.mode == "dimension":
            yield _dimension_lines(scheme, weights["kpi"])
        yield _item_lines(scheme, weights["kpi"])


def shown_weights(scheme: Scheme) -> dict[str, int]:
    """Return the weight of each part that has a line; with a formula, 1 for each part it reads.

    Args:
        scheme: The scheme.

    Returns:
        Part → weight, ten-thousandths, 0 = no line.
    """
    kpi, review, okr = part_weights(scheme)
    if not scheme.parts.formula:
        return {"kpi": kpi, "review": review, "okr": okr}
    names = names_of(parse_formula(scheme.parts.formula))
    uses_review = bool(names - {"kpi", "okr"})
    return {"kpi": D4 * ("kpi" in names), "review": D4 * uses_review, "okr": D4 * ("okr" in names)}


def _formula_line(scheme: Scheme) -> str:
    return fill(
        _FORMULA,
        segment=SEGMENT,
        formula=sql_literal(scheme.parts.formula),
        shown=_points_text("composite_n"),
        contribution=_share("composite_n", "1"),
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
        shown=_points_text(value),
        missing=sql_literal("缺失, 不计入"),
        weight=weight,
        rest=sql_literal(", 见公式")
        if scheme.parts.formula
        else f"' × 权重 {_percent(weight)} ÷ ' || {_points_text('divisor', 4)}",
        contribution=_counted(scheme, f"{weight} * {value}", "divisor"),
        scheme=sql_literal(scheme.key),
    )


def _percent(weight_d4: int) -> str:
    whole, rest = divmod(weight_d4, D4)
    return f"{whole}" if not rest else f"{whole}.{rest:04d}".rstrip("0")


def _dimension_lines(scheme: Scheme, weight: int) -> str:
    return fill(
        _DIMENSIONS,
        segment=SEGMENT,
        part_step=PART,
        dimension=DIMENSION,
        shown=_points_text("d.dim_n"),
        weight_text=_points_text("d.dim_weight", 4),
        contribution=_counted(
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
        dim_order="dense_rank() OVER (PARTITION BY sid, seg ORDER BY coalesce(dim, ''))" if is_dimension else "0",
        parent=f"{top} + i.dim_order * {DIMENSION}" if is_dimension else top,
        deeper=1 if is_dimension else 0,
        joined="JOIN a_dim AS d ON d.sid = i.sid AND d.seg = i.seg AND d.dim = coalesce(i.dim, '')"
        if is_dimension
        else "",
        detail=_item_detail(),
        machine=_ITEM_MACHINE,
        contribution=_counted(scheme, num, den),
        scheme=sql_literal(scheme.key),
    )


_ITEM_MACHINE: Final = (
    "json_object('method', i.method, 'metric', i.metric_code, 'actual_num', CAST(i.an AS VARCHAR),"
    " 'actual_den', CAST(i.ad AS VARCHAR), 'target_d4', CAST(i.target AS VARCHAR), 'baseline_d4', i.baseline,"
    " 'prorate', i.pd || '/' || i.pn, 'source', i.source, 'score_n', i.score_n, 'weight_d4', i.weight,"
    " 'veto_hit', i.veto_hit)"
)


def _item_detail() -> str:
    methods = " ".join(f"WHEN {sql_literal(key)} THEN {sql_literal(name)}" for key, name in words.METHODS.items())
    rounded = sql_half_away("i.an", "nullif(i.ad, 0)")
    actual = (
        f"CASE WHEN i.method = 'progress' THEN {_points_text('i.an // nullif(i.ad, 0)')} || '%'"
        f" WHEN i.ad = 1 THEN {_points_text('i.an', 4)}"
        f" ELSE '约 ' || {_points_text(f'CAST({rounded} AS BIGINT)', 4)} END"
    )
    shown = [
        f"CASE i.method {methods} END || ': '",
        f"coalesce('目标 ' || {_points_text('i.target', 4)} || ', ', '')",
        f"coalesce('起点 ' || {_points_text('i.baseline', 4)} || ', ', '')",
        "CASE WHEN i.pn <> i.pd THEN '按在岗 ' || i.pd || '/' || i.pn || ' 天折算, ' ELSE '' END",
        f"coalesce(CASE WHEN i.method = 'manual' THEN '评分 ' ELSE '实际 ' END || ({actual}) || ' → 得分 '"
        f" || {_points_text('i.score_n')}, '缺实际值')",
        "CASE WHEN i.veto_hit THEN ' (触发一票否决)' ELSE '' END",
        f"', 权重 ' || {_points_text('i.weight', 4)}",
    ]
    return " || ".join(shown)


def _insert_groups(bench: Workbench, scheme: Scheme, segment_schemes: tuple[Scheme, ...]) -> None:
    groups = [
        (group.relation, words.RELATIONS[group.relation], place, weight_of(scheme, group))
        for place, group in enumerate(scheme.raters.groups, 1)
    ]
    groups.append(("merged", "其他评价", len(groups) + 1, 0))
    values = ", ".join(
        f"({sql_literal(r)}, {sql_literal(label)}, {place}, {weight})" for r, label, place, weight in groups
    )
    for own in segment_schemes:
        review = shown_weights(own)["review"]
        if review:
            num = f"{review} * CAST(g.weight AS HUGEINT) * CASE WHEN g.is_shown AND g.weight > 0 THEN g.own_n END"
            _insert(
                bench,
                fill(
                    _GROUPS,
                    segment=SEGMENT,
                    part_step=PART,
                    dimension=DIMENSION,
                    shown=_points_text("g.own_n"),
                    weight_text=_points_text("g.weight", 4),
                    contribution=_counted(own, num, "CAST(c.divisor AS HUGEINT) * r.divisor"),
                    groups=values,
                    scheme=sql_literal(own.key),
                ),
            )


def _insert_steps(bench: Workbench, scheme: Scheme, parts: frozenset[str]) -> None:
    if "points" in parts:
        _insert(bench, fill(_POINTS, step=STEP))
    limit = scheme.total.adjustment_cap_d4 or 0
    _insert(
        bench,
        fill(
            _STEPS,
            step=STEP,
            points=_points_text("points_n"),
            limit=sql_literal(_percent(limit)),
            department=_points_text(
                f"CAST({sql_half_away('department_num * 1000000000', 'department_den')} AS BIGINT)"
            ),
            floor=_points_text(str(scheme.total.floor_d4), 4),
            cap=_points_text(str(scheme.total.cap_d4), 4),
        ),
    )
