"""Item scores of the people in the current range.

The book is silent on what a veto's default condition "not reached" compares; we chose: the exact actual against the
target (prorated as the item is) in the metric's direction, or the baseline's where the formula has one; outside the range;
not done. Typed scores, progress, deductions and days late have no target of their own: there only the floor hits.

Source: scoring.md S2 (scores), S7 (veto, 本项0), S11 (proration of additive metrics).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.actuals import IN_SEGMENT
from huoban_perf.scoring.methods import FAULTS, sql_arms, sql_faults
from huoban_perf.scoring.rounding import D4_TO_GRID, sql_literal, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

RAW: Final = """
SELECT *, an * pn AS x, ad * pd AS u,
  coalesce(base_qty, abs(target)) AS base,
  CASE WHEN target IS NOT NULL AND baseline IS NOT NULL AND (method = 'linear' OR method = 'steps' AND on_rate)
    THEN sign(target - baseline)
    ELSE sigma END AS toward,
  coalesce(pass, target) AS x1, CASE WHEN pass IS NULL THEN $hundred ELSE $pass_bound END AS y1,
  CASE WHEN pass IS NULL OR excellent IS NULL THEN coalesce(excellent, target) ELSE coalesce(target, excellent) END AS x2,
  CASE WHEN pass IS NOT NULL AND target IS NOT NULL OR excellent IS NULL THEN $hundred ELSE cap END AS y2,
  coalesce(excellent, target) AS x3, CASE WHEN excellent IS NULL THEN $hundred ELSE cap END AS y3,
  sign(coalesce(excellent, target) - coalesce(pass, target)) AS way
FROM (
  SELECT g.sid, g.seg, i.item, i.dim, i.dim_weight_d4 AS dim_weight, $weight AS weight, i.metric_code,
    $method AS method, m.method IS NULL AS is_own, coalesce(m.sigma, 1) AS sigma,
    m.veto_action, $source AS source, CAST($an AS HUGEINT) AS an, CAST($ad AS HUGEINT) AS ad,
    $pn AS pn, $pd AS pd,
    CAST(i.target_d4 AS HUGEINT) AS target, i.baseline_d4 AS baseline, i.excellent_d4 AS excellent,
    $pass AS pass, m.base_qty_d4 AS base_qty, m.below_d4 AS below, m.else_d4 AS otherwise, m.lower_d4 AS lower,
    m.upper_d4 AS upper, CAST(m.tolerance_d4 AS HUGEINT) AS tolerance, m.start_d4 AS start, m.unit_d4 AS unit,
    coalesce(m.has_points, false) AS has_points, coalesce(m.has_steps, false) AS has_steps,
    coalesce(m.on_rate, false) AS on_rate, coalesce(m.floor_d4, $floor) AS floor, coalesce(m.cap_d4, $cap) AS cap,
    m.veto_sign, m.veto_d4 AS veto, m.veto_cap_d4 AS veto_cap, m.veto_grade, $scale_n AS scale_n
  FROM c_seg AS g
  JOIN t_items AS i ON i.kind = g.kind AND i.subject = g.subject $placed
  LEFT JOIN s_metric AS m ON m.metric_code = i.metric_code
  $joins
  WHERE g.scheme = $scheme $only
)
"""

_PRORATED: Final = "coalesce(m.prorate AND m.agg = 'sum' AND m.method NOT IN ('manual', 'progress'), false)"

_WHOLE_DAYS: Final = """CASE
      WHEN $prorated AND i.target_scope = 'segment' THEN /*arm prorate.segment*/ (g.days) /*end*/
      WHEN $prorated THEN /*arm prorate.cycle*/ (g.cycle_days) /*end*/ ELSE 1 END"""

_OWN_DAYS: Final = """CASE
      WHEN $prorated AND i.target_scope IS DISTINCT FROM 'segment' AND i.valid_from IS NULL AND i.valid_to IS NULL
        THEN /*arm prorate.person*/ (g.service) /*end*/
      WHEN $prorated THEN /*arm prorate.item*/ (g.eligible) /*end*/ ELSE 1 END"""

HITS: Final = """
CREATE OR REPLACE TEMP TABLE c_hit AS
SELECT r.rowid AS row, max_by(s.y, s.bound) AS step, CAST(NULL AS STRUCT(x BIGINT, y BIGINT, nx BIGINT, ny BIGINT)) AS hit
FROM c_raw AS r JOIN s_step AS s ON s.metric_code = r.metric_code
WHERE CASE WHEN r.method = 'steps' AND r.on_rate
  THEN /*arm step.rate*/ (s.bound * (r.target - coalesce(r.baseline, 0)) * r.u * sign(r.target - coalesce(r.baseline, 0))
    <= 1000000 * (r.x - coalesce(r.baseline, 0) * r.u) * sign(r.target - coalesce(r.baseline, 0))) /*end*/
  ELSE /*arm step.actual*/ (s.bound * r.u <= r.x) /*end*/ END
GROUP BY r.rowid
UNION ALL
SELECT r.rowid, NULL, max_by(struct_pack(x := p.x, y := p.y, nx := p.nx, ny := p.ny), p.k)
FROM c_raw AS r JOIN s_point AS p ON p.metric_code = r.metric_code
WHERE r.method = 'interpolate' AND p.sigma * p.x * r.u <= p.sigma * r.x
GROUP BY r.rowid
"""

SCORED: Final = """
CREATE OR REPLACE TEMP TABLE c_score AS
SELECT sid, seg, item, $columns weight, metric_code, CASE WHEN is_own THEN method END AS own_method,
  veto_action IS NOT NULL AS has_veto, fault, $score AS score_n
FROM (
  SELECT *, $veto_hit AS veto_hit
  FROM (
    SELECT * EXCLUDE (num, den), $quantised AS own_n,
      veto * ad * CASE WHEN method = 'progress' THEN 100000 ELSE 1 END AS veto_at
    FROM (
      SELECT * REPLACE (num * sign(den) AS num, abs(den) AS den)
      FROM (
        SELECT *, CASE WHEN fault IS NULL AND an IS NOT NULL THEN $num END AS num,
          CASE WHEN fault IS NULL AND an IS NOT NULL THEN $den END AS den
        FROM (SELECT *, $fault AS fault FROM ($raw))
      )
    )
  )
)
"""

_NAMED: Final = """
CREATE OR REPLACE TEMP VIEW c_item AS
SELECT s.sid, s.seg, $scheme AS scheme, s.item, s.weight, s.metric_code, coalesce(m.metric_name, s.item) AS metric_name,
  coalesce(m.method, s.own_method) AS method, s.has_veto, m.veto_action, m.veto_cap_d4 AS veto_cap, m.veto_grade, s.fault, s.score_n,
  $columns
FROM c_score AS s LEFT JOIN s_metric AS m ON m.metric_code = s.metric_code
"""
"""What the metric library says is looked up when read: eight million copies of a name cost more than eight look-ups."""

_ZEROED: Final = (
    """CASE WHEN veto_hit AND veto_action = 'item_zero' THEN /*arm item.veto_zero*/ (0) /*end*/ ELSE own_n END"""
)

_HIT: Final = """CASE
      WHEN veto_action IS NULL OR own_n IS NULL THEN false
      WHEN veto_sign = '<' THEN /*arm veto.lt*/ (an < veto_at) /*end*/
      WHEN veto_sign = '<=' THEN /*arm veto.le*/ (an <= veto_at) /*end*/
      WHEN veto_sign = '=' THEN /*arm veto.eq*/ (an = veto_at) /*end*/
      WHEN veto_sign = '>=' THEN /*arm veto.ge*/ (an >= veto_at) /*end*/
      WHEN veto_sign = '>' THEN /*arm veto.gt*/ (an > veto_at) /*end*/
      WHEN own_n <= CAST(floor AS HUGEINT) * 100000 THEN /*arm veto.floor*/ (true) /*end*/
      WHEN method = 'range' THEN /*arm veto.range*/ (x < lower * u OR x > upper * u) /*end*/
      WHEN method = 'done' THEN /*arm veto.done*/ (NOT has_steps AND x <> 10000 * u) /*end*/
      WHEN method IN ('linear', 'ratio', 'reflection', 'interpolate', 'steps') AND target IS NOT NULL
        THEN /*arm veto.target*/ (toward * (x - target * u) < 0) /*end*/
      ELSE /*arm veto.other*/ (false) /*end*/ END"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFacts:
    """What is known of the whole run before items are scored.

    Attributes:
        has_actuals: Periods of ``actuals`` are joined (``c_actual`` exists).
        has_progress: Some item takes the progress of goals (``c_progress`` exists).
        has_hits: Some metric has steps or points.
        is_segmented: Items may apply to a part of the cycle.
        methods: Methods that some item may have.
        has_vetoes: Some metric has a veto.
        has_proration: Some metric is prorated.
        has_dimensions: Items may name a dimension.
        is_shown: Item rows or receipts are written, so that what a score was made of is kept.
    """

    has_actuals: bool
    has_progress: bool
    has_hits: bool
    is_segmented: bool
    methods: frozenset[str]
    has_vetoes: bool
    has_proration: bool
    has_dimensions: bool
    is_shown: bool

    def columns(self) -> dict[str, str]:
        """Return the columns of an item that depend on the run, each with what stands for it where it is not kept.

        Returns:
            Kept column → empty text, other column → SQL constant.
        """
        is_computed = self.has_actuals or self.has_progress
        shown = {
            "source": "",
            "an": "",
            "ad": "" if is_computed else "CAST(1 AS BIGINT)",
            "pn": "" if self.has_proration else "1",
            "pd": "" if self.has_proration else "1",
            "target": "",
            "baseline": "",
        }
        return {
            "dim": "" if self.has_dimensions else "CAST(NULL AS VARCHAR)",
            "dim_weight": "" if self.has_dimensions else "CAST(NULL AS BIGINT)",
            "veto_hit": "" if self.has_vetoes else "false",
            **(shown if self.is_shown else {}),
        }


def score_items(bench: Workbench, scheme: Scheme, facts: ItemFacts) -> None:
    """Score every item of the segments in ``c_seg`` that follow a scheme.

    Args:
        bench: The workbench with ``c_seg``, ``t_items``, ``s_metric``, ``s_point``, ``s_step``.
        scheme: The scheme of the segments.
        facts: What the run has.

    Makes ``c_score``, and ``c_item`` over it with what the metric library says: one row per (sid, seg, item). ``score_n``
    BIGINT, grid, null when the actual is missing; ``fault`` the input fault, else null; where item rows are shown,
    ``an ÷ ad`` the exact actual in ten-thousandths.

    Source: scoring.md S2; quantised once per item, half away from zero (S0).
    """
    limited = "least(greatest({}, CAST(floor AS HUGEINT) * 100000), CAST(cap AS HUGEINT) * 100000)"
    clamp = f"CASE WHEN num IS NOT NULL THEN {limited} END"  # least and greatest skip nulls
    columns = facts.columns()
    bench.run(
        SCORED,
        columns="".join(f"{_stored(name, columns)}, " for name, absent in columns.items() if not absent),
        raw=_with_hits(bench, fill(RAW, **_raw_parts(scheme, facts), only="$only"), facts),
        quantised=sql_quantise("num", "den", rounding=scheme.rounding.get("item"), clamp=clamp),
        num=sql_arms("num", facts.methods),
        den=sql_arms("den", facts.methods),
        fault=sql_faults(facts.methods),
        veto_hit=_HIT if facts.has_vetoes else "false",
        score=_ZEROED if facts.has_vetoes else "own_n",
    )
    bench.run(
        _NAMED,
        scheme=sql_literal(scheme.key),
        columns=", ".join(f"s.{name}" if not absent else f"{absent} AS {name}" for name, absent in columns.items()),
    )


_NO_HIT: Final = "CAST(NULL AS BIGINT) AS step, CAST(NULL AS STRUCT(x BIGINT, y BIGINT, nx BIGINT, ny BIGINT)) AS hit"


def _with_hits(bench: Workbench, raw: str, facts: ItemFacts) -> str:
    """Write the item rows with the step or point each one hits; only rows of a metric with steps or points are stored."""
    if not facts.has_hits:
        return f"SELECT *, {_NO_HIT} FROM ({fill(raw, only='')})"
    bench.run("CREATE OR REPLACE TEMP TABLE c_raw AS $raw", raw=fill(raw, only="AND (m.has_steps OR m.has_points)"))
    bench.run(HITS)
    others = fill(raw, only="AND NOT coalesce(m.has_steps OR m.has_points, false)")
    return (
        "SELECT r.*, h.step, h.hit FROM c_raw AS r LEFT JOIN c_hit AS h ON h.row = r.rowid"
        f" UNION ALL SELECT *, {_NO_HIT} FROM ({others})"
    )


def _stored(name: str, columns: dict[str, str]) -> str:
    """Write a kept column; an actual that is a cell of the input fits 64 bits."""
    is_cell = name == "target" or (name == "an" and bool(columns["ad"]))
    return f"CAST({name} AS BIGINT) AS {name}" if is_cell else name


def _raw_parts(scheme: Scheme, facts: ItemFacts) -> dict[str, object]:
    method = "coalesce(m.method, CASE WHEN i.manual_score_d4 IS NULL THEN 'progress' ELSE 'manual' END)"
    joins, found_an, found_ad = [], "NULL", "NULL"
    if facts.has_actuals:
        joins.append("LEFT JOIN c_actual AS v ON v.sid = g.sid AND v.seg = g.seg AND v.item = i.item")
        found_an, found_ad = "v.an", "v.ad"
    progress_an, progress_ad = "NULL", "NULL"
    if facts.has_progress:
        joins.append("LEFT JOIN c_progress AS p ON p.sid = g.sid AND p.seg = g.seg AND p.item = i.item")
        progress_an, progress_ad = "p.an", "p.ad"
    cases = fill(
        "CASE $method WHEN 'manual' THEN $manual WHEN 'progress' THEN $progress"
        " ELSE CASE WHEN i.actual_d4 IS NOT NULL THEN $own ELSE $found END END",
        method=method,
        manual="$manual",
        progress="$progress",
        own="$own",
        found="$found",
    )
    return {
        "hundred": scheme.scale_d4,
        "pass_bound": sql_literal(scheme.pass_bound_d4),
        "pass": "i.pass_d4" if scheme.pass_bound_d4 is not None else "CAST(NULL AS BIGINT)",
        "weight": _weight(scheme),
        "method": method,
        "an": fill(cases, manual="i.manual_score_d4", progress=progress_an, own="i.actual_d4", found=found_an),
        "ad": fill(cases, manual="1", progress=progress_ad, own="1", found=found_ad),
        "source": fill(cases, manual="'manual'", progress="'goals'", own="'item'", found="'actuals'"),
        "pn": fill(_WHOLE_DAYS, prorated=_PRORATED) if facts.has_proration else "1",
        "pd": fill(_OWN_DAYS, prorated=_PRORATED) if facts.has_proration else "1",
        "floor": scheme.items.floor_d4,
        "cap": scheme.items.cap_d4,
        "scale_n": f"CAST({scheme.scale_d4 * D4_TO_GRID} AS HUGEINT)",
        "placed": f"AND {IN_SEGMENT}" if facts.is_segmented else "",
        "joins": "\n  ".join(joins),
        "scheme": sql_literal(scheme.key),
    }


def _weight(scheme: Scheme) -> str:
    if scheme.items.equal:
        return "CAST(10000 AS BIGINT)"
    return "coalesce(i.weight_d4, 0)" if scheme.items.mode == "sum" else "i.weight_d4"


def item_problems(bench: Workbench, *, skip: bool) -> None:
    """List every item that cannot be scored as given, and drop it when bad rows are skipped.

    Args:
        bench: The workbench with ``c_item``.
        skip: Drop the items.
    """
    if not bench.count("SELECT count(*) FROM c_item WHERE fault IS NOT NULL"):
        return
    rows = bench.rows(
        "SELECT g.kind, g.subject, c.item, c.fault, c.metric_name, c.method FROM c_item AS c JOIN c_seg AS g USING (sid, seg)"
        " WHERE c.fault IS NOT NULL ORDER BY ALL"
    )
    for kind, subject, item, fault, metric, method in rows:
        found = FAULTS[int(str(fault))]
        bench.problems.append(
            Problem(
                code=f"item.{found.code}",
                facts={
                    "subject": str(subject),
                    "item": str(item),
                    "metric": str(metric),
                    "method": str(method),
                    "expected": found.expected,
                },
                file="考核指标",
                address=f"items:{kind}:{subject}:{item}",
            )
        )
    if skip:
        bench.run("DELETE FROM c_score WHERE fault IS NOT NULL")
