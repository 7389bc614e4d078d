"""Printing receipt lines at six decimals so that they add up exactly, level by level.

Source: scoring.md S7 (Receipt: largest remainder, tie: line order).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring.receipt_parts import DIMENSION, PART, SEGMENT
from huoban_perf.scoring.rounding import MICRO_TO_GRID, sql_floor_div
from huoban_perf.scoring.workbench import Workbench

_LEVEL: Final = """
INSERT INTO c_print
SELECT sid, node, floor_m + CAST(place <= missing AS BIGINT) - CAST(place > n + missing AS BIGINT)
FROM (
  SELECT sid, node, floor_m, count(*) OVER w AS n, target - sum(floor_m) OVER w AS missing,
    row_number() OVER (PARTITION BY sid, parent ORDER BY contribution_n - floor_m * $unit DESC, node) AS place
  FROM (SELECT l.*, $floor AS floor_m, p.printed_m AS target FROM c_line AS l JOIN c_print AS p ON p.sid = l.sid AND p.node = l.parent
    WHERE l.level = $level AND l.contribution_n IS NOT NULL)
  WINDOW w AS (PARTITION BY sid, parent)
)
"""


_NUMBERED: Final = """
CREATE OR REPLACE TEMP TABLE c_numbered AS
WITH placed AS MATERIALIZED (
  SELECT l.sid, l.node, l.parent, l.level, row_number() OVER (PARTITION BY l.sid ORDER BY l.node) AS line_no, l.contribution_n
  FROM c_line AS l
)
SELECT n.sid, n.node, n.level, n.line_no, coalesce(u.line_no, 0) AS above, n.contribution_n, p.printed_m
FROM placed AS n LEFT JOIN (SELECT * FROM placed WHERE node IN (SELECT parent FROM placed)) AS u ON u.sid = n.sid AND u.node = n.parent
LEFT JOIN c_print AS p ON p.sid = n.sid AND p.node = n.node
"""

_ROUNDED: Final = """
CREATE OR REPLACE TEMP TABLE c_rounded AS
SELECT sid, parent + CASE part
    WHEN 'total' THEN /*arm rounded.total*/ (899 * $segment) /*end*/
    WHEN 'segment' THEN /*arm rounded.segment*/ ($segment - 1) /*end*/
    WHEN 'dimension' THEN /*arm rounded.dimension*/ ($dimension - 1) /*end*/
    ELSE /*arm rounded.part*/ ($part - 1) /*end*/ END AS node,
  parent, level + 1 AS level, 'rounding' AS part, 'rounding' AS key, '取整' AS label, '按方案的取整规则' AS detail,
  json_object('from_n', found_n, 'to_n', whole_n) AS machine, whole_n - found_n AS contribution_n
FROM (
  SELECT c.sid, c.parent, p.level, p.part, p.whole_n, CAST(sum(c.contribution_n) AS BIGINT) AS found_n, count(*) AS n
  FROM c_line AS c JOIN (
    SELECT sid, node, level, part, contribution_n AS whole_n FROM c_line
    UNION ALL SELECT sid, 0, 0, 'total', total_n FROM c_result WHERE worst = 0
  ) AS p ON p.sid = c.sid AND p.node = c.parent
  WHERE c.contribution_n IS NOT NULL AND p.whole_n IS NOT NULL GROUP BY ALL
) WHERE abs(whole_n - found_n) > n
"""


def add_rounding_lines(bench: Workbench) -> str:
    """Give every rounding that the scheme asks for a line of its own, so that the lines above still add up.

    Args:
        bench: The workbench with ``c_line`` and ``c_result``; the lines are added to ``c_line``.

    Returns:
        SELECT of these lines with their texts.

    Source: scoring.md S0 (``rounding``), S7 (every step that changes the value has its line).
    """
    bench.run(_ROUNDED, segment=SEGMENT, part=PART, dimension=DIMENSION)
    bench.run("INSERT INTO c_line SELECT sid, node, parent, level, part, contribution_n FROM c_rounded")
    return "SELECT * FROM c_rounded"


def print_lines(bench: Workbench) -> None:
    """Print every counted line of ``c_line``.

    Args:
        bench: The workbench with ``c_line`` and ``c_result``.

    Makes ``c_numbered``: a row a line (sid, ``node``): ``line_no``, ``above`` = its parent's line number (0 = the total),
    ``contribution_n`` and ``printed_m``, six decimals as an integer of 10⁻⁶, null when the line does not count. The lines below one parent add up
    to the parent exactly.

    Source: scoring.md S7 (Receipt).
    """
    bench.run(
        "CREATE OR REPLACE TEMP TABLE c_print AS SELECT sid, CAST(0 AS BIGINT) AS node, unrounded_m AS printed_m"
        " FROM c_result WHERE worst = 0"
    )
    deepest = bench.count("SELECT max(level) FROM c_line")
    for level in range(1, deepest + 1):
        bench.run(_LEVEL, level=level, unit=MICRO_TO_GRID, floor=sql_floor_div("l.contribution_n", MICRO_TO_GRID))
    bench.run(_NUMBERED)
