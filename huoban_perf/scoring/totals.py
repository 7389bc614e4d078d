"""From composites to the result and its grade: points, department, clamp, veto, six decimals, result, bounds.

Source: scoring.md S0 (order, result), S7 (± points, clamp, veto), S8 (×C_dept), S9 (grades, distance).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.rounding import (
    D4_TO_GRID,
    MICRO_TO_GRID,
    Rounding,
    sql_half_away,
    sql_literal,
    sql_quantise,
    sql_round_micro,
    sql_text_of,
)
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

_STATES: Final = {"ok": "scored", "waiting": "waiting", "held": "held"}

_TOTAL: Final = """
SELECT *, $result AS result_m -- least and greatest skip nulls: every use is guarded by worst = 0
FROM (
  SELECT *, CAST($sixth AS BIGINT) AS unrounded_m
  FROM (
    SELECT *, CASE WHEN worst = 0 THEN least(CASE WHEN total_zero THEN least(clamped_n, 0) ELSE clamped_n END, score_cap_n) END AS total_n
    FROM (
      SELECT *, CASE WHEN worst = 0 THEN least(greatest(coefficient_n, $floor), $cap) END AS clamped_n
      FROM (
        SELECT *, $department AS coefficient_n
        FROM (
          SELECT m.*, coalesce(p.points_n, 0) AS points_n, $limited AS adjusted_n,
            coalesce(v.total_zero, false) AS total_zero, v.score_cap_n, v.grade_cap_place,
            $department_num AS department_num, $department_den AS department_den
          FROM (
            SELECT sid, count(*) AS segments, max(rank) AS worst,
              CASE WHEN max(rank) = 0 THEN CASE WHEN $is_alone THEN max(composite_n) ELSE $mean END END AS mean_n
            FROM (SELECT *, CASE state WHEN 'ok' THEN 0 WHEN 'waiting' THEN 1 ELSE 2 END AS rank FROM a_composite)
            GROUP BY sid
          ) AS m
          LEFT JOIN c_points AS p USING (sid)
          LEFT JOIN c_veto AS v USING (sid)
          $joined
        )
      )
    )
  )
)
"""

_POINTS: Final = """
CREATE OR REPLACE TEMP TABLE c_points AS
SELECT s.sid, CAST(sum(CASE WHEN p.type = 'minus' THEN -p.points_d4 ELSE p.points_d4 END) * 100000 AS BIGINT) AS points_n
FROM c_subject AS s JOIN t_points AS p ON p.kind = s.kind AND p.subject = s.subject
WHERE p.status = 'approved' GROUP BY s.sid
"""

_VETO: Final = """
CREATE OR REPLACE TEMP TABLE c_veto AS
SELECT sid, bool_or(veto_action = 'total_zero') AS total_zero,
  min(veto_cap * 100000) FILTER (WHERE veto_action = 'score_cap') AS score_cap_n,
  max(CASE veto_grade $places END) FILTER (WHERE veto_action = 'grade_cap') AS grade_cap_place
FROM $items WHERE veto_hit GROUP BY sid
"""

_VETO_TEXT: Final = """
CREATE OR REPLACE TEMP TABLE c_veto_text AS
SELECT sid, string_agg(metric_name || ': ' || CASE veto_action $actions END
    || CASE WHEN veto_cap IS NULL THEN '' ELSE ' ' || $cap END || coalesce(' ' || veto_grade, ''), '; '
    ORDER BY seg, item) AS detail
FROM $items WHERE veto_hit GROUP BY sid
"""

_GRADED: Final = """
CREATE OR REPLACE TEMP TABLE c_result AS
SELECT t.*, CASE place $names END AS grade, CASE place $coefficients END AS coefficient_d4,
  $distance AS distance_m
FROM (
  SELECT *, CASE WHEN score_place IS NOT NULL THEN greatest(score_place, grade_cap_place) END AS place
  FROM (SELECT *, CASE WHEN result_m IS NULL THEN NULL $bounds ELSE $lowest END AS score_place FROM ($total))
) AS t
"""


_NO_ITEMS: Final = (
    "(SELECT 0 AS sid, 1 AS seg, '' AS item, '' AS metric_name, '' AS veto_action, 0 AS veto_cap, '' AS veto_grade,"
    " false AS veto_hit)"
)


def score_totals(bench: Workbench, scheme: Scheme, *, has_items: bool, has_points: bool, department: str = "") -> None:
    """Fold the segments of each person and take every step up to the grade by the home scheme.

    Args:
        bench: The workbench with ``a_composite`` (all segments of the range), ``c_subject``, ``a_item``.
        scheme: The home scheme.
        has_items: ``a_item`` exists.
        has_points: ``t_points`` has rows.
        department: Relation (sid, num, den) of the department coefficient, when it applies to the score.

    Makes ``c_result``: one row a person with every intermediate value (``mean_n``, ``points_n``, ``adjusted_n``,
    ``coefficient_n``, ``clamped_n``, ``total_n``), ``unrounded_m`` and ``result_m`` (10⁻⁶, null unless scored),
    ``place`` (1 = best grade), ``grade``, ``coefficient_d4``, ``distance_m`` to the nearest bound, ``worst`` 0 scored,
    1 waiting, 2 held.

    Source: scoring.md S0, S7, S9.
    """
    places = " ".join(f"WHEN {sql_literal(grade.name)} THEN {place}" for place, grade in enumerate(scheme.grades, 1))
    if has_points:
        bench.run(_POINTS)
    else:
        bench.run(
            "CREATE OR REPLACE TEMP TABLE c_points AS SELECT CAST(0 AS BIGINT) AS sid, CAST(0 AS BIGINT) AS points_n WHERE false"
        )
    bench.run(_VETO, places=places, items="a_item" if has_items else _NO_ITEMS)
    actions = " ".join(f"WHEN {sql_literal(key)} THEN {sql_literal(name)}" for key, name in words.VETO_ACTIONS.items())
    bench.run(
        _VETO_TEXT, actions=actions, cap=sql_text_of("veto_cap", digits=4), items="a_item" if has_items else _NO_ITEMS
    )
    bench.run(_GRADED, **_grade_parts(scheme), total=fill(_TOTAL, **_total_parts(scheme, department)))


def _total_parts(scheme: Scheme, department: str) -> Mapping[str, object]:
    limit = scheme.total.adjustment_cap_d4
    points = "coalesce(p.points_n, 0)"
    limited = points if limit is None else f"least(greatest({points}, {-limit * D4_TO_GRID}), {limit * D4_TO_GRID})"
    final = scheme.rounding.get("result", Rounding(scheme.result_decimals))
    times = sql_quantise(
        "CAST(mean_n + adjusted_n AS HUGEINT) * department_num",
        "department_den",
        rounding=scheme.rounding.get("department"),
    )
    mean = sql_quantise(
        "sum(CAST(composite_n AS HUGEINT) * days)", "sum(days)", rounding=scheme.rounding.get("segments")
    )
    return {
        "mean": mean,
        "is_alone": "false" if "segments" in scheme.rounding else "count(*) = 1",
        "limited": limited,
        "department": times if department else "mean_n + adjusted_n",
        "department_num": "d.num" if department else "CAST(1 AS HUGEINT)",
        "department_den": "d.den" if department else "CAST(1 AS HUGEINT)",
        "joined": f"LEFT JOIN {department} AS d USING (sid)" if department else "",
        "floor": scheme.total.floor_d4 * D4_TO_GRID,
        "cap": scheme.total.cap_d4 * D4_TO_GRID,
        "sixth": sql_half_away("total_n", str(MICRO_TO_GRID)),
        "result": sql_round_micro("unrounded_m", final),
    }


def _grade_parts(scheme: Scheme) -> Mapping[str, object]:
    bounded = [(place, grade.lower_d4) for place, grade in enumerate(scheme.grades, 1) if grade.lower_d4 is not None]
    bounds = " ".join(f"WHEN result_m >= {lower * 100} THEN {place}" for place, lower in bounded)
    distances = [f"result_m - {lower * 100}" for _, lower in bounded]
    nearest = "CAST(NULL AS BIGINT)"
    if distances:
        arms = [
            f"WHEN abs({found}) = least({', '.join(f'abs({other})' for other in distances)}) THEN {found}"
            for found in distances
        ]
        nearest = f"CASE {' '.join(arms)} END"
    return {
        "bounds": bounds,
        "lowest": len(scheme.grades),
        "names": " ".join(
            f"WHEN {place} THEN {sql_literal(grade.name)}" for place, grade in enumerate(scheme.grades, 1)
        ),
        "coefficients": " ".join(
            f"WHEN {place} THEN {grade.coefficient_d4}" for place, grade in enumerate(scheme.grades, 1)
        ),
        "distance": nearest,
    }


STATUS_SQL: Final = fill(
    "CASE worst WHEN 0 THEN $scored WHEN 1 THEN $waiting ELSE $held END",
    scored=sql_literal(words.STATUSES["scored"]),
    waiting=sql_literal(words.STATUSES["waiting"]),
    held=sql_literal(words.STATUSES["held"]),
)
