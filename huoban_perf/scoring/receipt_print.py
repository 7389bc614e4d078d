"""Printing receipt lines at six decimals so that they add up exactly, level by level.

Source: scoring.md S7 (Receipt: largest remainder, tie: line order).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring.rounding import MICRO_TO_GRID, sql_floor_div
from huoban_perf.scoring.workbench import Workbench

_LEVEL: Final = """
INSERT INTO c_print
SELECT sid, node, floor_m + CASE
    WHEN place <= missing THEN /*arm print.up*/ (1) /*end*/
    WHEN place > n + missing THEN /*arm print.down*/ (-1) /*end*/
    ELSE /*arm print.plain*/ (0) /*end*/ END
FROM (
  SELECT sid, node, floor_m, count(*) OVER w AS n, target - sum(floor_m) OVER w AS missing,
    row_number() OVER (PARTITION BY sid, parent ORDER BY contribution_n - floor_m * $unit DESC, node) AS place
  FROM (SELECT l.*, $floor AS floor_m, p.printed_m AS target FROM c_line AS l JOIN c_print AS p ON p.sid = l.sid AND p.node = l.parent
    WHERE l.level = $level AND l.contribution_n IS NOT NULL)
  WINDOW w AS (PARTITION BY sid, parent)
)
"""


def print_lines(bench: Workbench) -> None:
    """Print every counted line of ``c_line``.

    Args:
        bench: The workbench with ``c_line`` and ``c_result``.

    Makes ``c_print``: (sid, node, printed_m): six decimals as an integer of 10⁻⁶; node 0 is the unrounded total. The
    lines below one parent add up to the parent exactly.

    Source: scoring.md S7 (Receipt).
    """
    bench.run(
        "CREATE OR REPLACE TEMP TABLE c_print AS SELECT sid, CAST(0 AS BIGINT) AS node, unrounded_m AS printed_m"
        " FROM c_result WHERE worst = 0"
    )
    deepest = bench.count("SELECT max(level) FROM c_line")
    for level in range(1, deepest + 1):
        bench.run(_LEVEL, level=level, unit=MICRO_TO_GRID, floor=sql_floor_div("l.contribution_n", MICRO_TO_GRID))
