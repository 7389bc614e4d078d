"""The composite of each segment from KPI, 360 and OKR: weighted or by a formula, and which parts are missing.

Source: scoring.md S7 (weighted, missing part, formula); S0 (quantised once).
"""

from __future__ import annotations

from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.formula import names_of, parse_formula
from huoban_perf.scoring.formula_sql import COLUMNS, sql_formula
from huoban_perf.scoring.rounding import D4, sql_literal, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

_WEIGHTED: Final = """
CREATE OR REPLACE TEMP TABLE c_composite AS
SELECT *, CASE WHEN state = 'ok' THEN $quantised END AS composite_n
FROM (
  SELECT *, CASE
      WHEN veto_missing THEN /*arm composite.veto_missing*/ ('held') /*end*/
      WHEN $kpi_weight > 0 AND kpi_held OR $review_weight > 0 AND review_state = 'held'
        THEN /*arm composite.part_held*/ ('held') /*end*/
      WHEN $review_weight > 0 AND review_state = 'waiting' THEN /*arm composite.waiting*/ ('waiting') /*end*/
      WHEN $policy = 'zero' THEN /*arm composite.zero*/ ('ok') /*end*/
      WHEN $policy = 'hold' AND present < $full THEN /*arm composite.hold*/ ('held') /*end*/
      WHEN present = 0 OR present * 1000000 < $coverage * $full THEN /*arm composite.coverage*/ ('waiting') /*end*/
      ELSE /*arm composite.ok*/ ('ok') /*end*/ END AS state,
    CASE WHEN $policy = 'zero' THEN $full ELSE present END AS divisor
  FROM (
    SELECT *, CASE WHEN kpi_n IS NULL THEN 0 ELSE $kpi_weight END + CASE WHEN review_n IS NULL THEN 0 ELSE $review_weight END
        + CASE WHEN okr_n IS NULL THEN 0 ELSE $okr_weight END AS present,
      $kpi_weight * CAST(coalesce(kpi_n, 0) AS HUGEINT) + $review_weight * CAST(coalesce(review_n, 0) AS HUGEINT)
        + $okr_weight * CAST(coalesce(okr_n, 0) AS HUGEINT) AS num
    FROM ($parts)
  )
)
"""

_FORMULA: Final = """
CREATE OR REPLACE TEMP TABLE c_composite AS
SELECT * REPLACE (CASE WHEN state = 'ok' THEN composite_n END AS composite_n)
FROM (
  SELECT *, CASE
      WHEN veto_missing THEN /*arm formula.veto_missing*/ ('held') /*end*/
      WHEN composite_n IS NOT NULL THEN /*arm formula.ok*/ ('ok') /*end*/
      WHEN $uses_kpi AND kpi_held OR $uses_review AND review_state = 'held' THEN /*arm formula.held*/ ('held') /*end*/
      WHEN $uses_review AND review_state = 'waiting' THEN /*arm formula.waiting*/ ('waiting') /*end*/
      ELSE /*arm formula.fault*/ ('fault') /*end*/ END AS state,
    $full AS divisor, CASE WHEN $some_missing THEN 'missing' ELSE 'division_by_zero' END AS formula_fault
  FROM (SELECT *, $value AS composite_n FROM ($parts))
)
"""

_PARTS: Final = """
SELECT $scheme AS scheme, g.sid, g.seg, g.days, $kpi_columns, $okr_columns, $review_columns
FROM c_seg AS g $joins
WHERE g.scheme = $scheme
"""
_GROUPS: Final = ("self", "superior", "upper", "peer", "subordinate", "customer")


def score_composite(bench: Workbench, scheme: Scheme, *, parts: frozenset[str]) -> None:
    """Combine the parts of each segment that follows a scheme.

    Args:
        bench: The workbench with ``c_seg`` and, where there is such a part, ``c_kpi``, ``c_okr``, ``c_review``.
        scheme: The scheme of these segments.
        parts: Which of ``kpi``, ``okr``, ``review`` have data in this run.

    Makes ``c_composite``: one row per (sid, seg): ``composite_n`` BIGINT, grid, null unless ``state`` is ``ok``;
    ``state`` ok/waiting/held; the parts; ``divisor`` the weight divided by.

    Source: scoring.md S7.
    """
    kpi, review, okr = part_weights(scheme)
    if scheme.parts.formula:
        _score_formula(bench, scheme, parts)
        return
    bench.run(
        _WEIGHTED,
        parts=sql_parts(scheme, parts),
        quantised=sql_quantise("num", "nullif(divisor, 0)", rounding=scheme.rounding.get("composite")),
        policy=sql_literal(scheme.parts.missing),
        kpi_weight=kpi,
        review_weight=review,
        okr_weight=okr,
        full=kpi + review + okr,
        coverage=scheme.parts.min_coverage_d4,
    )


def _score_formula(bench: Workbench, scheme: Scheme, parts: frozenset[str]) -> None:
    expression = parse_formula(scheme.parts.formula)
    names = names_of(expression)
    bench.run(
        _FORMULA,
        parts=sql_parts(scheme, parts),
        value=sql_formula(
            expression, division=scheme.rounding.get("formula"), composite=scheme.rounding.get("composite")
        ),
        uses_kpi="true" if "kpi" in names else "false",
        uses_review="true" if names & {"mr", *_GROUPS} else "false",
        full=sum(part_weights(scheme)),
        some_missing=" OR ".join(f"{COLUMNS[name]} IS NULL" for name in sorted(names)) or "false",
    )
    rows = bench.rows(
        "SELECT g.kind, g.subject, c.formula_fault FROM c_composite AS c JOIN c_seg AS g USING (sid, seg)"
        " WHERE c.state = 'fault' ORDER BY ALL"
    )
    bench.problems += [
        Problem(
            code=f"formula.{fault}",
            facts={"subject": str(subject), "formula": scheme.parts.formula},
            file="考核方案",
            address=f"{kind}:{subject}",
        )
        for kind, subject, fault in rows
    ]


def part_weights(scheme: Scheme) -> tuple[int, int, int]:
    """Return the weights of KPI, 360 and OKR in ten-thousandths, 1 each when all weigh the same.

    Args:
        scheme: The scheme.

    Returns:
        Weights of KPI, 360, OKR.
    """
    parts = scheme.parts
    return (D4, D4, D4) if parts.equal else (parts.kpi_weight_d4, parts.review_weight_d4, parts.okr_weight_d4)


def sql_parts(scheme: Scheme, parts: frozenset[str]) -> str:
    """Write the relation of a segment with its parts.

    Args:
        scheme: The scheme of the segments.
        parts: Parts with data in this run.

    Returns:
        SQL: sid, seg, days, ``kpi_n``, ``kpi_held``, ``veto_missing``, ``okr_n``, ``review_n``, ``review_state`` and the
        visible group scores.
    """
    kpi, okr, review = ("kpi" in parts, "okr" in parts, "review" in parts)
    joins = ["LEFT JOIN c_kpi AS k ON k.sid = g.sid AND k.seg = g.seg"] * kpi
    joins += ["LEFT JOIN c_okr AS o ON o.sid = g.sid AND o.seg = g.seg"] * okr
    joins += ["LEFT JOIN c_review AS r ON r.sid = g.sid"] * review
    absent = "CAST(NULL AS BIGINT)"
    groups = ", ".join(f"r.{name}_n" if review else f"{absent} AS {name}_n" for name in _GROUPS)
    return fill(
        _PARTS,
        kpi_columns="k.kpi_n, coalesce(k.held, false) AS kpi_held, coalesce(k.veto_missing, false) AS veto_missing"
        if kpi
        else f"{absent} AS kpi_n, false AS kpi_held, false AS veto_missing",
        okr_columns="o.okr_n" if okr else f"{absent} AS okr_n",
        review_columns=(
            "r.review_n, r.state AS review_state, " if review else f"{absent} AS review_n, 'none' AS review_state, "
        )
        + groups,
        joins=" ".join(joins),
        scheme=sql_literal(scheme.key),
    )
