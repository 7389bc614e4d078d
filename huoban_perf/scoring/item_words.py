"""The words of an item's receipt line, made from its numbers when somebody reads the line.

Eight of ten lines are items; a run that keeps their numbers instead of their sentences is three times as quick and holds
half the memory, and whoever reads or writes receipts pays for exactly the lines he wants.

Source: scoring.md S7 (Receipt), S13 (what is missing is said), S2 (the receipt names the method).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.receipt_parts import sql_points
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.workbench import Workbench

_TABLES: Final = (
    "DROP VIEW IF EXISTS out_lines",
    "CREATE OR REPLACE TEMP TABLE out_line_texts (kind VARCHAR, subject VARCHAR, line_no BIGINT, level BIGINT, parent BIGINT,"
    " part VARCHAR, key VARCHAR, label VARCHAR, detail VARCHAR, machine VARCHAR, contribution DECIMAL(18,9),"
    " printed DECIMAL(18,6))",
    "CREATE OR REPLACE TEMP TABLE out_line_items (kind VARCHAR, subject VARCHAR, line_no BIGINT, level BIGINT, parent BIGINT,"
    " item VARCHAR, metric_code VARCHAR, method VARCHAR, source VARCHAR, an HUGEINT, ad HUGEINT, pn BIGINT, pd BIGINT, target BIGINT,"
    " baseline BIGINT, score_n BIGINT, weight BIGINT, veto_hit BOOLEAN, contribution DECIMAL(18,9), printed DECIMAL(18,6))",
    "CREATE OR REPLACE TEMP TABLE out_line_metrics AS SELECT metric_code, metric_name FROM s_metric",
)

_LINES: Final = """
CREATE TEMP VIEW out_lines AS
SELECT * FROM out_line_texts
UNION ALL
SELECT i.kind, i.subject, i.line_no, i.level, i.parent, 'item', i.item, coalesce(m.metric_name, i.item), $detail, $machine,
  i.contribution, i.printed
FROM out_line_items AS i LEFT JOIN out_line_metrics AS m ON m.metric_code = i.metric_code
"""


def create_lines(bench: Workbench) -> None:
    """Create the empty receipt lines, replacing those of an earlier run.

    Args:
        bench: The workbench with ``s_metric``.

    Makes ``out_lines``, a row a line in the columns of ``out_line_texts``: it reads ``out_line_texts`` as it is and words
    ``out_line_items``.
    """
    for statement in _TABLES:
        bench.run(statement)
    bench.run(_LINES, detail=_item_detail(), machine=_item_machine())


def _item_machine() -> str:
    """Write the machine form as JSON text; joined by hand, for ``json_object`` takes twice the time a line.

    Numbers that may be beyond what JSON readers keep exact travel as text.
    """
    numbers = {"baseline_d4": "i.baseline", "score_n": "i.score_n", "weight_d4": "i.weight", "veto_hit": "i.veto_hit"}
    shown = {
        "method": """coalesce('"' || i.method || '"', 'null')""",
        "metric": "coalesce(CAST(to_json(i.metric_code) AS VARCHAR), 'null')",
        "actual_num": """coalesce('"' || i.an || '"', 'null')""",
        "actual_den": """coalesce('"' || i.ad || '"', 'null')""",
        "target_d4": """coalesce('"' || i.target || '"', 'null')""",
        "baseline_d4": "",
        "prorate": """coalesce('"' || i.pd || '/' || i.pn || '"', 'null')""",
        "source": """coalesce('"' || i.source || '"', 'null')""",
        **dict.fromkeys(("score_n", "weight_d4", "veto_hit"), ""),
    }
    texts = {name: text or f"coalesce(CAST({numbers[name]} AS VARCHAR), 'null')" for name, text in shown.items()}
    parts = [f"""'{"{" if at == 0 else ","}"{name}":', {text}""" for at, (name, text) in enumerate(texts.items())]
    return f"concat({', '.join(parts)}, '}}')"


def _item_detail() -> str:
    methods = " ".join(f"WHEN {sql_literal(key)} THEN {sql_literal(name)}" for key, name in words.METHODS.items())
    rounded = sql_half_away("i.an", "nullif(i.ad, 0)")
    actual = (
        f"CASE WHEN i.method = 'progress' THEN {sql_points('i.an // nullif(i.ad, 0)')} || '%'"
        f" WHEN i.ad = 1 THEN {sql_points('i.an', 4)}"
        f" ELSE '约 ' || {sql_points(f'CAST({rounded} AS BIGINT)', 4)} END"
    )
    shown = [
        f"CASE i.method {methods} END, ': '",
        f"coalesce('目标 ' || {sql_points('i.target', 4)} || ', ', '')",
        f"coalesce('起点 ' || {sql_points('i.baseline', 4)} || ', ', '')",
        "CASE WHEN i.pn <> i.pd THEN '按在岗 ' || i.pd || '/' || i.pn || ' 天折算, ' ELSE '' END",
        f"coalesce(CASE WHEN i.method = 'manual' THEN '评分 ' ELSE '实际 ' END || ({actual}) || ' → 得分 '"
        f" || {sql_points('i.score_n')}, '缺实际值')",
        "CASE WHEN i.veto_hit THEN ' (触发一票否决)' ELSE '' END",
        f"', 权重 ', {sql_points('i.weight', 4)}",
    ]
    return f"concat({', '.join(shown)})"
