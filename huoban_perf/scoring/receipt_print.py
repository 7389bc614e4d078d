"""Writing the receipts of a range: lines numbered in reading order and printed at six decimals so that they add up.

Lines below one parent are a family. Two kinds of lines exist: worded ones (segments, parts, dimensions, steps), few and
with their texts; and leaves (items, rater groups), many, below a worded line, kept as numbers. What is needed of a
family (how many lines, the sum of their floors, who is rounded up) is one row, made by one pass over narrow integers, so
that leaves are never sorted, numbered or joined with each other.

Source: scoring.md S7 (Receipt: largest remainder, tie: line order).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from huoban_perf.scoring.receipt_groups import group_lines
from huoban_perf.scoring.receipt_items import item_lines, place_items
from huoban_perf.scoring.receipt_lines import LINE_COLUMNS, share_totals, worded_lines
from huoban_perf.scoring.receipt_parts import DIMENSION, FLOOR, KEY, LAST, PART, PRINTED, SEGMENT
from huoban_perf.scoring.rounding import sql_floor_div
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

_WORDED: Final = """
CREATE OR REPLACE TEMP TABLE c_line AS
SELECT CAST(sid AS BIGINT) AS sid, CAST(node AS BIGINT) AS node, CAST(parent AS BIGINT) AS parent, CAST(level AS BIGINT) AS level, part,
  key, label, detail, machine, contribution_n
FROM ($lines)
"""

_FAMILIES: Final = """
CREATE OR REPLACE TEMP TABLE $name AS
SELECT l.sid, l.parent, list_sort(list(l.$place)) AS places, CAST(sum($floor) AS BIGINT) AS floors_m,
  list_reverse_sort(list($key) FILTER (WHERE l.contribution_n IS NOT NULL)) AS keys
FROM ($lines) AS l GROUP BY l.sid, l.parent
"""

_SETTLED: Final = """
SELECT sid, parent, places, above, level, each, CASE WHEN missing > each * n THEN keys[missing - each * n] END AS least
FROM (SELECT *, $each AS each FROM (
  SELECT f.sid, f.parent, f.places, f.keys, nullif(len(f.keys), 0) AS n, p.printed_m - f.floors_m AS missing, p.line_no AS above,
    p.level + 1 AS level
  FROM $families AS f JOIN $parents AS p ON p.sid = f.sid AND p.node = f.parent
))
"""
"""What a parent's printed points leave over: ``each`` for every line (0, but -1 when the floors exceed the parent), and one
more for the lines whose key is not below ``least``."""

_TOTALS: Final = """
CREATE OR REPLACE TEMP TABLE c_print AS
SELECT sid, CAST(0 AS BIGINT) AS node, unrounded_m AS printed_m, CAST(0 AS BIGINT) AS line_no, CAST(0 AS BIGINT) AS level
FROM c_result WHERE worst = 0
"""

_LEVEL: Final = """
INSERT INTO c_print
SELECT l.sid, l.node, $printed, 0, 0 FROM c_line AS l JOIN ($settled) AS f ON f.sid = l.sid AND f.parent = l.parent
WHERE l.level = $level AND l.contribution_n IS NOT NULL
"""

_NUMBERED: Final = """
CREATE OR REPLACE TEMP TABLE c_numbered AS
WITH placed AS (
  SELECT l.sid, l.node, l.parent, l.level, l.contribution_n, CAST(row_number() OVER before
    + coalesce(sum(len(f.places)) OVER (before ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS BIGINT) AS line_no
  FROM c_line AS l LEFT JOIN c_family AS f ON f.sid = l.sid AND f.parent = l.node
  WINDOW before AS (PARTITION BY l.sid ORDER BY l.node)
)
SELECT n.sid, n.node, n.level, n.line_no, $above AS above, n.contribution_n, p.printed_m
FROM placed AS n $nested LEFT JOIN c_print AS p ON p.sid = n.sid AND p.node = n.node
"""

_NESTED: Final = {
    "above": "coalesce(u.line_no, 0)",
    "nested": "LEFT JOIN placed AS u ON n.parent <> 0 AND u.sid = n.sid AND u.node = n.parent",
}
_FLAT: Final = {"above": "CAST(0 AS BIGINT)", "nested": ""}
"""Worded lines hang below each other only where there are segments or dimensions."""

_TEXTS: Final = """
INSERT INTO out_line_texts BY NAME
SELECT l.sid, n.line_no, n.level, n.above AS parent, l.part, l.key, l.label, l.detail, l.machine, n.contribution_n, n.printed_m
FROM c_line AS l JOIN c_numbered AS n ON n.sid = l.sid AND n.node = l.node
"""

_ROUNDED: Final = """
CREATE OR REPLACE TEMP TABLE c_rounded AS
SELECT sid, kind, parent + CASE part
    WHEN 'total' THEN /*arm rounded.total*/ (899 * $segment) /*end*/
    WHEN 'segment' THEN /*arm rounded.segment*/ ($segment - 1) /*end*/
    WHEN 'dimension' THEN /*arm rounded.dimension*/ ($dimension - 1) /*end*/
    ELSE /*arm rounded.part*/ ($part - 1) /*end*/ END AS node,
  parent, level + 1 AS level, found_n, whole_n
FROM (
  SELECT c.sid, c.parent, c.kind, p.level, p.part, p.whole_n, CAST(sum(c.contribution_n) AS BIGINT) AS found_n, count(*) AS n
  FROM ($lines) AS c JOIN (
    SELECT sid, node, level, part, contribution_n AS whole_n FROM c_line
    UNION ALL SELECT sid, 0, 0, 'total', total_n FROM c_result WHERE worst = 0
  ) AS p ON p.sid = c.sid AND p.node = c.parent
  WHERE c.contribution_n IS NOT NULL AND p.whole_n IS NOT NULL GROUP BY ALL
) WHERE abs(whole_n - found_n) > n
"""
"""``kind`` is where the lines of the family are: worded, item or group."""

_ROUNDED_WORDED: Final = """
SELECT sid, node, parent, level, 'rounding' AS part, 'rounding' AS key, '取整' AS label, '按方案的取整规则' AS detail,
  CAST(json_object('from_n', found_n, 'to_n', whole_n) AS VARCHAR) AS machine, whole_n - found_n AS contribution_n
FROM c_rounded WHERE kind = 'worded'
"""

_ROUNDED_LEAVES: Final = """
SELECT sid, parent, $place AS place, whole_n - found_n AS contribution_n, 'rounding' AS part, found_n AS before_n, whole_n AS score_n
FROM c_rounded WHERE kind = $kind
"""


_NO_LEAF: Final = (
    "SELECT CAST(0 AS BIGINT) AS sid, CAST(0 AS BIGINT) AS parent, CAST(0 AS BIGINT) AS place,"
    " CAST(0 AS BIGINT) AS contribution_n WHERE false"
)


def write_receipts(
    bench: Workbench, scheme: Scheme, segment_schemes: tuple[Scheme, ...], *, parts: frozenset[str]
) -> None:
    """Append every receipt line of the people in the range to the relations behind ``out_lines``.

    Args:
        bench: The workbench with the range's results.
        scheme: The home scheme.
        segment_schemes: Schemes of the segments in the range.
        parts: Which of ``kpi``, ``okr``, ``review``, ``points`` have data.

    The printed points of the lines below one parent add up to the parent's exactly, those of level 1 to the unrounded
    total; a line that does not count prints nothing.

    Source: scoring.md S7 (Receipt).
    """
    share_totals(bench)
    if "kpi" in parts:
        place_items(bench, segment_schemes)
    worded = [
        fill("FROM ($select) AS l($columns)", select=select, columns=LINE_COLUMNS)
        for select in worded_lines(scheme, segment_schemes, parts=parts)
    ]
    leaves = {
        "item": list(item_lines(segment_schemes)) if "kpi" in parts else [],
        "group": list(group_lines(scheme, segment_schemes)) if "review" in parts else [],
    }
    bench.run(_WORDED, lines=_union(worded))
    if any(each.rounding for each in (scheme, *segment_schemes)):
        _add_rounding(bench, leaves)
    number_and_print(bench, [_keep(bench, f"out_line_{kind}s", selects) for kind, selects in leaves.items() if selects])
    bench.run(_TEXTS)
    bench.run("INSERT INTO out_line_subjects SELECT sid, kind, subject FROM c_subject")


def _keep(bench: Workbench, name: str, selects: Sequence[str]) -> str:
    """Append leaves to what the run keeps; return the SELECT of those just appended, for rows of a table keep their order."""
    kept = bench.count("SELECT count(*) FROM $name", name=name)
    bench.run("INSERT INTO $name BY NAME $lines", name=name, lines=_union(selects))
    return fill("SELECT sid, parent, place, contribution_n FROM $name WHERE rowid >= $kept", name=name, kept=kept)


def _union(selects: Sequence[str]) -> str:
    return " UNION ALL BY NAME ".join(f"(SELECT * FROM ({select}))" for select in selects)


def _add_rounding(bench: Workbench, leaves: dict[str, list[str]]) -> None:
    """Give every rounding that the scheme asks for a line of its own, so that the lines above still add up.

    Source: scoring.md S0 (``rounding``), S7 (every step that changes the value has its line).
    """
    columns = "sid, parent, contribution_n"
    lines = ["SELECT sid, parent, contribution_n, 'worded' AS kind FROM c_line"]
    lines += [
        f"SELECT {columns}, '{kind}' AS kind FROM ({select})" for kind, found in leaves.items() for select in found
    ]
    bench.run(_ROUNDED, lines=_union(lines), segment=SEGMENT, part=PART, dimension=DIMENSION)
    bench.run(f"INSERT INTO c_line BY NAME {_ROUNDED_WORDED}")
    for kind, found in leaves.items():
        if found:
            found.append(fill(_ROUNDED_LEAVES, place=LAST, kind=f"'{kind}'"))


def number_and_print(bench: Workbench, leaves: list[str]) -> None:
    """Number and print the worded lines, and settle the families of leaves.

    Args:
        bench: The workbench with ``c_line``.
        leaves: SELECTs of the leaves: sid, parent, place, contribution_n.

    Makes ``c_numbered``, a row a worded line: ``line_no`` from 1, ``above`` the parent's (0 = the total), ``printed_m`` the six
    decimals as an integer of 10⁻⁶, null when the line does not count. Appends to ``out_line_families``, a row a family.
    """
    for name, place, lines in (
        ("c_family", "place", _union(leaves or [_NO_LEAF])),
        ("c_worded_family", "node", "FROM c_line"),
    ):
        bench.run(_FAMILIES, name=name, place=place, floor=FLOOR, key=fill(KEY, place=place), lines=lines)
    bench.run(_TOTALS)
    settled = fill(_SETTLED, each=sql_floor_div("missing", "n"), families="$families", parents="$parents")
    tops = fill(settled, families="c_worded_family", parents="c_print")
    deepest = bench.count("SELECT max(level) FROM c_line")
    for level in range(1, deepest + 1):
        bench.run(_LEVEL, level=level, settled=tops, printed=fill(PRINTED, place="node"))
    bench.run(_NUMBERED, **(_NESTED if deepest > 1 else _FLAT))
    bench.run(
        "INSERT INTO out_line_families BY NAME $settled",
        settled=fill(settled, families="c_family", parents="c_numbered"),
    )
