"""Goal trees and OKRs: checked as trees, then rolled up level by level from the leaves.

A node is held in points 0–100. Several schemes may read the same tree by different rules; each set of rules has its own
roll-up (``rules``).

Source: scoring.md S3 (goal tree), S7 (OKR), S2 (method ``progress``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.actuals import IN_SEGMENT
from huoban_perf.scoring.rounding import sql_literal, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.trees import find_cycles
from huoban_perf.scoring.workbench import Workbench, fill

_TREE: Final = """
CREATE OR REPLACE TEMP TABLE s_tree AS
WITH RECURSIVE tree AS (
  SELECT goal_no, parent_no, 0 AS depth FROM t_goals WHERE parent_no IS NULL
  UNION ALL
  SELECT g.goal_no, g.parent_no, t.depth + 1 FROM t_goals AS g JOIN tree AS t ON g.parent_no = t.goal_no
)
SELECT g.*, coalesce(g.goal_kind, 'goal') AS node_kind, coalesce(g.status = 'ended', false) AS is_ended, t.depth
FROM t_goals AS g LEFT JOIN tree AS t USING (goal_no)
"""

_LEAF: Final = """
CREATE OR REPLACE TEMP TABLE s_node AS
SELECT $rules AS rules, goal_no, parent_no, kind, subject, weight_d4, depth, node_kind, is_ended, has_children, fault,
  CASE WHEN has_children THEN CASE $empty WHEN 'own' THEN own_n WHEN 'zero' THEN 0 END ELSE own_n END AS node_n
FROM (
  SELECT *, $quantised AS own_n
  FROM (
    SELECT *, CASE
        WHEN fault IS NOT NULL THEN NULL
        WHEN by_formula AND $clip THEN /*arm goal.clip*/ (least(greatest((current_d4 - begins) * way, 0), span)) /*end*/
        WHEN by_formula THEN /*arm goal.formula*/ ((current_d4 - begins) * way) /*end*/
        ELSE /*arm goal.typed*/ (progress_d4) /*end*/ END AS num,
      CASE WHEN by_formula THEN span ELSE 1000000 END AS den
    FROM (
      SELECT *, CASE
          WHEN is_ended OR NOT by_formula THEN NULL
          WHEN span = 0 THEN 'zero_span'
          WHEN target_d4 > target_max_d4 THEN 'target_above_max'
          WHEN NOT $clip AND ((current_d4 - begins) * way < 0 OR (current_d4 - begins) * way > span) THEN 'out_of_range' END AS fault
      FROM (
        SELECT *, abs(target_d4 - begins) AS span, sign(target_d4 - begins) AS way
        FROM (
          SELECT *, CAST(CASE WHEN $ratio THEN 0 ELSE coalesce(baseline_d4, 0) END AS HUGEINT) AS begins,
            target_d4 IS NOT NULL AND current_d4 IS NOT NULL AND (node_kind = 'kr' OR progress_d4 IS NULL) AS by_formula,
            goal_no IN (SELECT parent_no FROM s_tree WHERE parent_no IS NOT NULL) AS has_children
          FROM s_tree
        )
      )
    )
  )
)
"""

_LEVEL: Final = """
UPDATE s_node AS n SET node_n = r.node_n FROM (
  SELECT parent_no, $quantised AS node_n
  FROM (
    SELECT c.parent_no, sum(CAST(coalesce(c.weight_d4, 1) AS HUGEINT) * c.node_n) FILTER (WHERE c.node_n IS NOT NULL) AS num,
      CAST(sum(coalesce(c.weight_d4, 1)) FILTER (WHERE c.node_n IS NOT NULL) AS BIGINT) AS den
    FROM s_node AS c JOIN s_node AS u ON u.goal_no = c.parent_no
    WHERE c.depth = $depth AND NOT c.is_ended AND $owned AND u.node_kind $kind 'objective' GROUP BY c.parent_no
  )
) AS r WHERE n.goal_no = r.parent_no
"""

_OKR: Final = """
CREATE OR REPLACE TEMP TABLE c_okr AS
SELECT sid, seg, $quantised AS okr_n
FROM (
  SELECT g.sid, g.seg, sum(CAST(coalesce(n.weight_d4, 1) AS HUGEINT) * n.node_n) FILTER (WHERE n.node_n IS NOT NULL) * $scale AS num,
    sum(coalesce(n.weight_d4, 1)) FILTER (WHERE n.node_n IS NOT NULL) * 1000000 AS den
  FROM c_seg AS g JOIN s_nodes AS n ON n.rules = $rules AND n.kind = g.kind AND n.subject = g.subject
  WHERE g.scheme = $scheme AND n.node_kind = 'objective' AND NOT n.is_ended AND n.is_top GROUP BY g.sid, g.seg
)
"""

_PROGRESS: Final = """
CREATE OR REPLACE TEMP TABLE c_progress AS
SELECT sid, seg, item, sum(CAST(coalesce(weight_d4, 1) AS HUGEINT) * node_n) AS an, CAST(sum(coalesce(weight_d4, 1)) AS BIGINT) AS ad
FROM (
  SELECT g.sid, g.seg, i.item, unnest(string_split(i.goal_no, ';')) AS goal_no
  FROM c_seg AS g JOIN t_items AS i ON i.kind = g.kind AND i.subject = g.subject $placed
  WHERE g.scheme = $scheme AND i.goal_no IS NOT NULL
) JOIN s_nodes AS n USING (goal_no)
WHERE n.rules = $rules AND n.node_n IS NOT NULL AND NOT n.is_ended
GROUP BY sid, seg, item HAVING sum(coalesce(weight_d4, 1)) > 0
"""


@dataclass(frozen=True, slots=True)
class GoalRules:
    """The part of a scheme that decides how a tree is read; hashable, so that equal rules share one roll-up."""

    kr_method: str
    kr_out_of_range: str
    empty_parent: str
    owner: str
    kr: object
    goal: object
    objective: object

    @classmethod
    def of(cls, scheme: Scheme) -> GoalRules:
        """Take the rules out of a scheme.

        Args:
            scheme: The scheme.

        Returns:
            Its goal rules.
        """
        goals, rounding = scheme.goals, scheme.rounding
        return cls(
            goals.kr_method,
            goals.kr_out_of_range,
            goals.empty_parent,
            goals.owner,
            *(rounding.get(point) for point in ("kr", "goal", "objective")),
        )


def roll_up(bench: Workbench, schemes: Iterable[Scheme]) -> dict[str, int]:
    """Check the goal trees and roll them up once for every set of rules.

    Args:
        bench: The workbench with ``t_goals``.
        schemes: All schemes of the run.

    Returns:
        Scheme key → number of its rules in ``s_nodes``.

    Makes ``s_nodes``: rules × goal: ``node_n`` (grid, 0–100, null = missing), ``is_top`` objective without an objective
    of the same subject above it.

    Source: scoring.md S3, S7; each node quantised once (S0).
    """
    bench.run(_TREE)
    _tree_problems(bench)
    numbers: dict[GoalRules, int] = {}
    by_scheme: dict[str, int] = {}
    for scheme in schemes:
        rules = GoalRules.of(scheme)
        is_new = rules not in numbers
        number = numbers.setdefault(rules, len(numbers))
        by_scheme[scheme.key] = number
        if is_new:
            _roll_up(bench, scheme, number)
    return by_scheme


def _tree_problems(bench: Workbench) -> None:
    parents = {
        str(goal): str(parent)
        for goal, parent in bench.rows("SELECT goal_no, parent_no FROM s_tree WHERE depth IS NULL")
    }
    for path in find_cycles(parents):
        bench.problems.append(_problem(path[0], "cycle", path=" → ".join((*path, path[0]))))
    uneven = bench.rows(
        "SELECT coalesce(parent_no, '') AS p, count(*) FILTER (WHERE weight_d4 IS NULL) AS empty, max(weight_d4) AS most FROM s_tree"
        " WHERE NOT is_ended AND parent_no IS NOT NULL GROUP BY p HAVING (empty > 0 AND count(weight_d4) > 0) OR most = 0 ORDER BY p"
    )
    bench.problems += [
        _problem(str(parent), "uneven_weights" if empty else "zero_weights") for parent, empty, _ in uneven
    ]
    tops = bench.rows(
        "SELECT kind, subject, count(*) FILTER (WHERE weight_d4 IS NULL) AS empty, max(weight_d4) AS most FROM s_tree"
        " WHERE NOT is_ended AND parent_no IS NULL AND node_kind = 'objective' GROUP BY kind, subject"
        " HAVING (empty > 0 AND count(weight_d4) > 0) OR most = 0 ORDER BY kind, subject"
    )
    bench.problems += [
        _problem(str(subject), "uneven_weights" if empty else "zero_weights") for _, subject, empty, _ in tops
    ]


def _problem(goal: str, code: str, **facts: str) -> Problem:
    return Problem(code=f"goal.{code}", facts={"goal": goal, **facts}, file="目标", address=f"goals:{goal}")


def _roll_up(bench: Workbench, scheme: Scheme, number: int) -> None:
    goals, rounding = scheme.goals, scheme.rounding
    own = "CAST(num AS HUGEINT) * 100000000000"
    bench.run(
        _LEAF,
        rules=number,
        empty=sql_literal(goals.empty_parent),
        clip="true" if goals.kr_out_of_range == "clip" else "false",
        ratio="true" if goals.kr_method == "ratio" else "false",
        quantised=fill(
            "CASE WHEN node_kind = 'kr' THEN $kr ELSE $goal END",
            kr=sql_quantise(own, "nullif(den, 0)", rounding=rounding.get("kr")),
            goal=sql_quantise(own, "nullif(den, 0)", rounding=rounding.get("goal")),
        ),
    )
    for goal, fault in bench.rows("SELECT goal_no, fault FROM s_node WHERE fault IS NOT NULL ORDER BY goal_no"):
        bench.problems.append(_problem(str(goal), str(fault)))
    owned = (
        "true"
        if goals.owner == "across"
        else "c.kind IS NOT DISTINCT FROM u.kind AND c.subject IS NOT DISTINCT FROM u.subject"
    )
    deepest = bench.count("SELECT max(depth) FROM s_tree")
    for depth in range(deepest, 0, -1):
        for kind, point in (("<>", "goal"), ("=", "objective")):
            mean = sql_quantise("num", "nullif(den, 0)", rounding=rounding.get(point))
            bench.run(_LEVEL, depth=depth, owned=owned, kind=kind, quantised=mean)
    verb = "CREATE OR REPLACE TEMP TABLE s_nodes AS" if number == 0 else "INSERT INTO s_nodes"
    bench.run(
        "$verb SELECT n.*, u.goal_no IS NULL AS is_top FROM s_node AS n LEFT JOIN s_tree AS u ON u.goal_no = n.parent_no"
        " AND u.node_kind = 'objective' AND u.kind = n.kind AND u.subject = n.subject",
        verb=verb,
    )


def score_okr(bench: Workbench, scheme: Scheme, *, rules: int) -> None:
    """Weigh the objectives of each segment's subject.

    Args:
        bench: The workbench with ``c_seg`` and ``s_nodes``.
        scheme: The scheme of these segments.
        rules: Number of the scheme's goal rules.

    Makes ``c_okr``: (sid, seg): ``okr_n`` grid, null when every objective is missing.

    Source: scoring.md S7 (several O: weighted mean, weights all empty = equal).
    """
    bench.run(
        _OKR,
        quantised=sql_quantise("num", "nullif(den, 0)", rounding=scheme.rounding.get("okr")),
        scale=scheme.scale_d4,
        rules=rules,
        scheme=sql_literal(scheme.key),
    )


def score_progress(bench: Workbench, scheme: Scheme, *, rules: int, is_segmented: bool) -> None:
    """Take the progress of linked goals as the actual of items by method ``progress``.

    Args:
        bench: The workbench with ``c_seg``, ``t_items`` and ``s_nodes``.
        scheme: The scheme of these segments.
        rules: Number of the scheme's goal rules.
        is_segmented: Items may apply to a part of the cycle.

    Makes ``c_progress``: (sid, seg, item): ``an ÷ ad`` the progress in grid points 0–100.

    Source: scoring.md S2 (progress: weighted mean of several roots).
    """
    bench.run(
        _PROGRESS, rules=rules, scheme=sql_literal(scheme.key), placed=f"AND {IN_SEGMENT}" if is_segmented else ""
    )
