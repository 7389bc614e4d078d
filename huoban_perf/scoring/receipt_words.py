"""The words of receipt lines that are kept as numbers, made when somebody reads them: items and rater groups.

Twelve of fourteen lines are such; a run that keeps their numbers instead of their sentences is three times as quick and
holds half the memory, and whoever reads or writes receipts pays for exactly the lines he wants.

Source: scoring.md S7 (Receipt), S13 (what is missing is said), S2 (the receipt names the method), S4.6 (a hidden group).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.receipt_parts import PRINTED, sql_points
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.workbench import Workbench, fill

_KEPT: Final = "sid BIGINT, parent BIGINT, place BIGINT, contribution_n BIGINT, part VARCHAR"

_TABLES: Final = (
    "DROP VIEW IF EXISTS out_lines",
    "CREATE OR REPLACE TEMP TABLE out_line_subjects (sid BIGINT, kind VARCHAR, subject VARCHAR)",
    "CREATE OR REPLACE TEMP TABLE out_line_texts (sid BIGINT, line_no BIGINT, level BIGINT, parent BIGINT, contribution_n BIGINT,"
    " printed_m BIGINT, part VARCHAR, key VARCHAR, label VARCHAR, detail VARCHAR, machine VARCHAR)",
    f"CREATE OR REPLACE TEMP TABLE out_line_items ({_KEPT}, item VARCHAR, metric_code VARCHAR, method VARCHAR, source VARCHAR,"
    " an HUGEINT, ad HUGEINT, pn BIGINT, pd BIGINT, target BIGINT, baseline BIGINT, score_n BIGINT, weight BIGINT, veto_hit BOOLEAN,"
    " before_n BIGINT)",
    f"CREATE OR REPLACE TEMP TABLE out_line_groups ({_KEPT}, key VARCHAR, score_n BIGINT, shown_n BIGINT, n BIGINT, weight BIGINT,"
    " scheme_weight BIGINT, divisor BIGINT, before_n BIGINT)",
    "CREATE OR REPLACE TEMP TABLE out_line_families (sid BIGINT, parent BIGINT, places BIGINT[], above BIGINT, level BIGINT,"
    " each BIGINT, least BIGINT)",
    "CREATE OR REPLACE TEMP TABLE out_line_metrics AS SELECT metric_code, metric_name, CASE method $methods END AS method_words,"
    ' \'{"method":"\' || method || \'","metric":\' || CAST(to_json(metric_code) AS VARCHAR) AS machine_words FROM s_metric',
)

_LINES: Final = """
CREATE TEMP VIEW out_lines AS
SELECT s.kind, s.subject, l.line_no, l.level, l.parent, l.part, l.key, l.label, l.detail, l.machine,
  CAST(l.contribution_n AS DECIMAL(18,0)) * 0.000000001 AS contribution, CAST(l.printed_m AS DECIMAL(18,0)) * 0.000001 AS printed
FROM (
  SELECT sid, line_no, level, parent, contribution_n, printed_m, part, key, label, detail, machine FROM out_line_texts
  UNION ALL
  SELECT l.sid, f.above + list_position(f.places, l.place), f.level, f.above, l.contribution_n, $printed, l.part, l.key, l.label,
    l.detail, l.machine
  FROM (
    SELECT $kept, part, item AS key, coalesce(m.metric_name, i.item) AS label, $item_detail AS detail, $item_machine AS machine
    FROM out_line_items AS i LEFT JOIN out_line_metrics AS m ON m.metric_code = i.metric_code WHERE part = 'item'
    UNION ALL
    SELECT $kept, part, key, CASE key $relations END, $group_detail, $group_machine FROM out_line_groups WHERE part = 'group'
    UNION ALL
    SELECT $kept, part, part, '评分松紧校正', '按已批准的校正值调整评价人打分, 校正前 360 得分 ' || $before,
      CAST(json_object('snapshot', key, 'from_n', before_n) AS VARCHAR) FROM out_line_groups WHERE part = 'severity'
    UNION ALL
    SELECT $kept, part, part, '取整', '按方案的取整规则', CAST(json_object('from_n', before_n, 'to_n', score_n) AS VARCHAR)
    FROM (SELECT $kept, part, before_n, score_n FROM out_line_items UNION ALL SELECT $kept, part, before_n, score_n FROM out_line_groups)
    WHERE part = 'rounding'
  ) AS l JOIN out_line_families AS f ON f.sid = l.sid AND f.parent = l.parent
) AS l JOIN out_line_subjects AS s USING (sid)
"""


def create_lines(bench: Workbench) -> None:
    """Create the empty receipt lines, replacing those of an earlier run.

    Args:
        bench: The workbench with ``s_metric``.

    Makes ``out_lines``, a row a line: ``kind``, ``subject``, ``line_no``, ``level``, ``parent``, ``part``, ``key``,
    ``label``, ``detail``, ``machine``, ``contribution`` DECIMAL(18,9), ``printed`` DECIMAL(18,6). It reads ``out_line_texts``
    as it is and words ``out_line_items`` and ``out_line_groups``.
    """
    methods = " ".join(
        f"WHEN {sql_literal(key)} THEN {sql_literal(f'{name}: ')}" for key, name in words.METHODS.items()
    )
    for statement in _TABLES:
        bench.run(statement, methods=methods)
    relations = {**words.RELATIONS, "merged": "其他评价"}
    bench.run(
        _LINES,
        kept="sid, parent, place, contribution_n",
        printed=fill(PRINTED, place="place"),
        item_detail=_item_detail(methods),
        item_machine=_json(_ITEM_MACHINE, _ITEM_HEAD),
        relations=" ".join(f"WHEN {sql_literal(key)} THEN {sql_literal(name)}" for key, name in relations.items()),
        group_detail=_group_detail(),
        group_machine=_json(_GROUP_MACHINE),
        before=sql_points("before_n"),
    )


def _json(shown: Mapping[str, Sequence[str]], *head: str) -> str:
    """Write the machine form as JSON text in one concatenation, which passes over nulls; ``json_object`` takes twice the time.

    Args:
        shown: Name → pieces of text of its value.
        head: Pieces of the text before; the opening brace where there are none.

    Returns:
        A VARCHAR expression.
    """
    pieces = [piece for name, found in shown.items() for piece in (f"""',"{name}":'""", *found)]
    if not head:
        pieces[0] = "'{" + pieces[0][2:]
    return f"concat({', '.join((*head, *pieces))}, '}}')"


def _number(value: str) -> tuple[str, ...]:
    return (value, f"CASE WHEN {value} IS NULL THEN 'null' END")


def _text(value: str, *more: str) -> tuple[str, ...]:
    """Write a plain word, or a number that may be beyond what JSON readers keep exact."""
    return (
        f"CASE WHEN {value} IS NULL THEN 'null' ELSE '\"' END",
        value,
        *more,
        f"CASE WHEN {value} IS NOT NULL THEN '\"' END",
    )


_ITEM_HEAD: Final = """coalesce(m.machine_words, concat('{"method":"', i.method, '","metric":null'))"""
"""An item without a metric has a method of its own."""

_ITEM_MACHINE: Final = {
    "actual_num": _text("i.an"),
    "actual_den": _text("i.ad"),
    "target_d4": _text("i.target"),
    "baseline_d4": _number("i.baseline"),
    "prorate": _text("i.pd", "'/'", "i.pn"),
    "source": _text("i.source"),
    "score_n": _number("i.score_n"),
    "weight_d4": _number("i.weight"),
    "veto_hit": _number("i.veto_hit"),
}

_GROUP_MACHINE: Final = {
    "score_n": _number("score_n"),
    "n": _number("n"),
    "weight_d4": _number("scheme_weight"),
    "divisor_d4": _number("divisor"),
}


def _group_detail() -> str:
    shown = sql_points("shown_n")
    return (
        "CASE WHEN n IS NULL THEN '无评价或人数不足, 不计入'"
        f" WHEN weight = 0 THEN concat('平均 ', {shown}, ', 仅供参考, 不计分')"
        f" ELSE concat(n, ' 人, 平均 ', {shown}, ' × 权重 ', {sql_points('weight', 4)}) END"
    )


def _item_detail(methods: str) -> str:
    """Write what an employee reads in one concatenation, which passes over what is null."""
    rounded = sql_half_away("i.an", "nullif(i.ad, 0)")
    actual = (
        f"CASE WHEN i.method = 'progress' THEN concat({sql_points('i.an // nullif(i.ad, 0)')}, '%')"
        f" WHEN i.ad = 1 THEN {sql_points('CAST(i.an AS BIGINT)', 4)}"
        f" ELSE concat('约 ', {sql_points(f'CAST({rounded} AS BIGINT)', 4)}) END"
    )
    is_known = "i.an IS NOT NULL AND i.score_n IS NOT NULL"
    shown = [
        f"coalesce(m.method_words, CASE i.method {methods} END)",
        f"CASE WHEN i.target IS NOT NULL THEN '目标 ' END, {sql_points('i.target', 4)}, CASE WHEN i.target IS NOT NULL THEN ', ' END",
        f"'起点 ' || {sql_points('i.baseline', 4)} || ', '",
        "CASE WHEN i.pn <> i.pd THEN concat('按在岗 ', i.pd, '/', i.pn, ' 天折算, ') END",
        f"CASE WHEN NOT ({is_known}) THEN '缺实际值' WHEN i.method = 'manual' THEN '评分 ' ELSE '实际 ' END",
        f"CASE WHEN {is_known} THEN {actual} END, CASE WHEN {is_known} THEN ' → 得分 ' END",
        f"CASE WHEN i.an IS NOT NULL THEN {sql_points('i.score_n')} END",
        "CASE WHEN i.veto_hit THEN ' (触发一票否决)' END",
        f"', 权重 ', {sql_points('i.weight', 4)}",
    ]
    return f"concat({', '.join(shown)})"
