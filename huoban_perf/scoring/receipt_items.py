"""Receipt lines of items, most lines of all: numbers only, worded when somebody reads them.

Source: scoring.md S7 (Receipt), S3 (modes).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.scoring.receipt_parts import DIMENSION, PART, SEGMENT, shown_weights, sql_counted
from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

_PLACES: Final = """
CREATE OR REPLACE TEMP TABLE c_place AS
SELECT dim, item, row_number() OVER (ORDER BY dim, item) AS place
FROM (SELECT DISTINCT coalesce(dim, '') AS dim, item FROM a_item WHERE fault IS NULL)
"""

_DIMENSIONS: Final = """
CREATE OR REPLACE TEMP TABLE c_ordered_dim AS
SELECT *, row_number() OVER (PARTITION BY sid, seg ORDER BY dim) AS dim_order FROM a_dim
"""

_ITEMS: Final = """
SELECT i.sid, c.seg * $segment + $part_step$below AS parent, o.place, c.is_scored * $contribution AS contribution_n, 'item' AS part,
  i.item, i.metric_code, i.method, i.source, i.an, i.ad, i.pn, i.pd, i.target, i.baseline, i.score_n, i.weight, i.veto_hit,
  CAST(NULL AS BIGINT) AS before_n
FROM a_item AS i JOIN c_place AS o ON o.item = i.item AND o.dim = coalesce(i.dim, '')
JOIN c_share AS c ON c.sid = i.sid AND c.seg = i.seg JOIN a_kpi AS k ON k.sid = i.sid AND k.seg = i.seg $joined
WHERE c.scheme = $scheme AND i.fault IS NULL
"""


def place_items(bench: Workbench, segment_schemes: tuple[Scheme, ...]) -> None:
    """Number the items of the range in reading order, so that lines are ordered by a number instead of by names.

    Args:
        bench: The workbench with ``a_item`` (and ``a_dim``).
        segment_schemes: Schemes of the segments in the range.

    Makes ``c_place`` (dim, item, ``place``), and ``c_ordered_dim``: ``a_dim`` with ``dim_order`` within the segment.
    """
    bench.run(_PLACES)
    if any(scheme.items.mode == "dimension" for scheme in segment_schemes):
        bench.run(_DIMENSIONS)


def item_lines(segment_schemes: tuple[Scheme, ...]) -> Iterator[str]:
    """Write the lines of the items for every segment scheme.

    Args:
        segment_schemes: Schemes of the segments in the range.

    Yields:
        SELECTs in the columns of ``out_line_items``, with ``parent`` a node and ``place`` the order below it, over
        ``a_item``, ``c_place``, ``c_share`` and ``a_kpi``.

    Source: scoring.md S3, S7.
    """
    for scheme in segment_schemes:
        by = shown_weights(scheme)["kpi"]
        if by:
            yield _scheme_items(scheme, by)


def _scheme_items(scheme: Scheme, by: int) -> str:
    is_dimension = scheme.items.mode == "dimension"
    weights: tuple[str, ...] = ("i.weight",)
    wholes: tuple[str, ...] = ("c.divisor", "k.weight")
    if is_dimension:
        weights, wholes = ("d.dim_weight", *weights), (*wholes, "d.weight")
    if scheme.items.mode == "sum":
        weights, wholes = (), ("c.divisor",)
    return fill(
        _ITEMS,
        segment=SEGMENT,
        part_step=PART,
        below=fill(" + d.dim_order * $dimension", dimension=DIMENSION) if is_dimension else "",
        joined="JOIN c_ordered_dim AS d ON d.sid = i.sid AND d.seg = i.seg AND d.dim = coalesce(i.dim, '')"
        if is_dimension
        else "",
        contribution=sql_counted(scheme, "i.score_n", by=by, weights=weights, wholes=wholes),
        scheme=sql_literal(scheme.key),
    )
