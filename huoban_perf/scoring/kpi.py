"""The KPI of each segment: weighted items, dimension by dimension where the scheme says so, and what is missing.

Source: scoring.md S1 (sets must pass), S2 (missing actuals), S3 (modes).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import D4, parse_d4, sql_literal, sql_quantise, text_of
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.weights import BEYOND_D4, LEAST_D4, repair
from huoban_perf.scoring.workbench import Row, Workbench, fill

_DIMENSIONS: Final = """
CREATE OR REPLACE TEMP TABLE c_dim AS
SELECT $scheme AS scheme, sid, seg, dim, dim_weight, total_weight, weight, held, veto_missing, missing, $quantised AS dim_n
FROM (
  SELECT sid, seg, $dim AS dim, $dim_weight AS dim_weight, CAST(sum(weight) AS BIGINT) AS total_weight,
    CAST(sum(weight) FILTER (WHERE $present) AS BIGINT) AS weight,
    sum(CAST(weight AS HUGEINT) * coalesce(score_n, 0)) FILTER (WHERE $present) AS num,
    bool_or(score_n IS NULL AND ($hold OR has_veto)) AS held,
    bool_or(score_n IS NULL AND has_veto) AS veto_missing,
    count(*) FILTER (WHERE score_n IS NULL) AS missing
  FROM c_item WHERE fault IS NULL GROUP BY sid, seg, $dim
)
"""

_KPI: Final = """
CREATE OR REPLACE TEMP TABLE c_kpi AS
SELECT $scheme AS scheme, sid, seg, held, veto_missing, missing, weight, CASE WHEN held THEN NULL ELSE $quantised END AS kpi_n
FROM (
  SELECT sid, seg, bool_or(held) AS held, bool_or(veto_missing) AS veto_missing, sum(missing) AS missing,
    CAST(sum($weight) FILTER (WHERE dim_n IS NOT NULL) AS BIGINT) AS weight,
    sum(CAST($weight AS HUGEINT) * dim_n) FILTER (WHERE dim_n IS NOT NULL) AS num
  FROM c_dim GROUP BY sid, seg
)
"""

_TOTAL: Final = """
CREATE OR REPLACE TEMP TABLE c_kpi AS
SELECT $scheme AS scheme, sid, seg, held, veto_missing, missing, weight, CASE WHEN held THEN NULL ELSE $quantised END AS kpi_n, total_weight
FROM (
  SELECT sid, seg, bool_or(score_n IS NULL AND ($hold OR has_veto)) AS held,
    bool_or(score_n IS NULL AND has_veto) AS veto_missing,
    count(*) FILTER (WHERE score_n IS NULL) AS missing, CAST(sum(weight) AS BIGINT) AS total_weight,
    CAST($divisor AS BIGINT) AS weight,
    sum(CAST($factor AS HUGEINT) * coalesce(score_n, 0)) FILTER (WHERE $present) AS num
  FROM c_score WHERE fault IS NULL GROUP BY sid, seg
)
"""


def score_kpi(bench: Workbench, scheme: Scheme) -> None:
    """Weigh the items of ``c_score`` into one KPI a segment.

    Args:
        bench: The workbench with ``c_score`` and ``c_item`` of this scheme.
        scheme: The scheme of these segments.

    Makes ``c_kpi``: one row per (sid, seg) that has items. ``kpi_n`` BIGINT, grid, null when held or all items are
    missing; ``held`` true when an actual is missing and the rule is 暂不计分; ``weight`` the divisor. In mode
    ``dimension`` also ``c_dim`` (sid, seg, dim).

    Source: scoring.md S3; each of KPI and dimension quantised once (S0).
    """
    is_sum = scheme.items.mode == "sum"
    weighs = "true" if is_sum else "weight > 0"
    present = "true" if scheme.items.missing == "zero" else "score_n IS NOT NULL"
    hold = weighs if scheme.items.missing == "hold" else "false"
    if scheme.items.mode == "dimension":
        _score_dimensions(bench, scheme, present=present, hold=hold)
        return
    bench.run(
        _TOTAL,
        scheme=sql_literal(scheme.key),
        hold=hold,
        present=present,
        factor="1" if is_sum else "weight",
        divisor=fill("CASE WHEN bool_or($present) THEN 1 END", present=present)
        if is_sum
        else fill("sum(weight) FILTER (WHERE $present)", present=present),
        quantised=_mean(scheme, "kpi"),
    )


def _mean(scheme: Scheme, point: str) -> str:
    return sql_quantise("num", "nullif(weight, 0)", rounding=scheme.rounding.get(point))


def _score_dimensions(bench: Workbench, scheme: Scheme, *, present: str, hold: str) -> None:
    known = {dimension.name: dimension.weight_d4 for dimension in scheme.items.dimensions}
    arms = " ".join(f"WHEN {sql_literal(name)} THEN {weight}" for name, weight in known.items() if weight is not None)
    by_scheme = f"CASE coalesce(dim, '') {arms} END" if arms else "CAST(NULL AS BIGINT)"
    bench.run(
        _DIMENSIONS,
        scheme=sql_literal(scheme.key),
        dim="coalesce(dim, '')",
        dim_weight=str(D4)
        if scheme.items.dimensions_equal
        else fill("coalesce(max(dim_weight), max($known))", known=by_scheme),
        present=present,
        hold=hold,
        quantised=_mean(scheme, "dimension"),
    )
    bench.run(_KPI, scheme=sql_literal(scheme.key), weight="dim_weight", quantised=_mean(scheme, "kpi"))


_SETS: Final = """
SELECT g.kind, g.subject, g.starts, s.name, s.total
FROM (
  SELECT sid, seg, '' AS name, total_weight AS total FROM c_kpi WHERE $whole
) AS s JOIN c_seg AS g USING (sid, seg)
WHERE s.total < $least OR s.total >= $beyond OR s.total IS NULL
"""

_DIMENSION_SETS: Final = """
SELECT g.kind, g.subject, g.starts, s.name, s.total
FROM (
  SELECT sid, seg, dim AS name, total_weight AS total FROM c_dim WHERE $items
  UNION ALL
  SELECT sid, seg, '', CAST(sum(dim_weight) AS BIGINT) FROM c_dim WHERE $dimensions GROUP BY sid, seg
) AS s JOIN c_seg AS g USING (sid, seg)
WHERE s.total < $least OR s.total >= $beyond OR s.total IS NULL
"""


def weight_problems(bench: Workbench, scheme: Scheme) -> None:
    """List every set of item or dimension weights that misses 100, with its repair.

    Args:
        bench: The workbench with ``c_kpi`` (and ``c_dim``).
        scheme: The scheme of these segments.

    Source: scoring.md S1.
    """
    items = scheme.items
    if items.mode == "sum" or (items.mode == "total" and items.equal):
        return
    text = _DIMENSION_SETS if items.mode == "dimension" else _SETS
    rows = bench.rows(
        text,
        whole="true",
        items="false" if items.equal else "true",
        dimensions="false" if items.dimensions_equal else "true",
        least=LEAST_D4,
        beyond=BEYOND_D4,
    )
    for kind, subject, starts, name, total in sorted(_sound(bench, rows), key=str):
        bench.problems.append(_weight_problem(bench, str(kind), str(subject), str(name), total, str(starts)))


def _sound(bench: Workbench, rows: list[Row]) -> list[Row]:
    """Leave out sets that miss 100 only because an item of theirs has a fault, which is listed already."""
    faulty = set()
    if rows:
        faulty = set(
            bench.rows(
                "SELECT DISTINCT g.kind, g.subject, g.starts FROM c_item AS i JOIN c_seg AS g USING (sid, seg) WHERE i.fault IS NOT NULL"
            )
        )
    return [row for row in rows if tuple(row[:3]) not in faulty]


def _weight_problem(bench: Workbench, kind: str, subject: str, name: str, total: object, starts: str) -> Problem:
    found = int(str(total or 0))
    weights = bench.rows(
        "SELECT coalesce(c.weight, 0) FROM c_item AS c JOIN c_seg AS g USING (sid, seg) WHERE g.kind = $kind"
        " AND g.subject = $subject AND g.starts = $starts AND ($name = '' OR coalesce(c.dim, '') = $name) ORDER BY c.item",
        kind=sql_literal(kind),
        subject=sql_literal(subject),
        starts=f"DATE {sql_literal(starts)}",
        name=sql_literal(name),
    )
    proposal = repair([int(str(weight)) for (weight,) in weights]) or ()
    return Problem(
        code="item.weights_miss_100",
        facts={
            "subject": subject,
            "dimension": name or "-",
            "total": text_of(found, digits=4),
            "difference": text_of(found - parse_d4(100), digits=4),
            "proposal": tuple(text_of(weight, digits=4) for weight in proposal),
        },
        file="考核指标",
        address=f"items:{kind}:{subject}:{name}",
    )
