"""From rater scores to groups and the 360 score: who counts, trimming, anonymity, coverage.

The book is silent on groups of weight 0 (asked for information); we chose: a form in one of them does not make the 360
due, and such a group is never required. With ``equal`` every group weighs the same, whatever weight is written.

Source: scoring.md S4.2–S4.6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.answers import drop_short_criteria, rescore_merged, sql_adjusted
from huoban_perf.scoring.appeals import Appeals
from huoban_perf.scoring.forms import FormShape, form_problems, sql_forms
from huoban_perf.scoring.rounding import D4, D4_TO_GRID, sql_literal, sql_quantise
from huoban_perf.scoring.scheme import RaterGroup, Scheme
from huoban_perf.scoring.workbench import Workbench, sql_values

NOT_DUE: Final = ("withdrawn", "nominated")
"""Forms in these statuses were never due (S4.5)."""

_JUDGED: Final = """
CREATE OR REPLACE TEMP TABLE c_form AS
SELECT form_id, sid, task_no, raw_relation, relation, rater, external, omega, status, conflict, fault, own_n AS raw_n, $beta AS beta_n,
  $score AS score_n, CASE
    WHEN status IN $not_due THEN /*arm form.not_due*/ ('not_due') /*end*/
    WHEN status <> 'submitted' THEN /*arm form.not_submitted*/ ('not_submitted') /*end*/
    WHEN conflict THEN /*arm form.conflict*/ ('conflict') /*end*/
    WHEN answered_weight * 2 < full_weight OR own_n IS NULL THEN /*arm form.few_answers*/ ('few_answers') /*end*/
    WHEN omega = 0 THEN /*arm form.no_weight*/ ('no_weight') /*end*/
    WHEN relation NOT IN $relations THEN /*arm form.no_group*/ ('no_group') /*end*/
  END AS reason, false AS is_trimmed
FROM (SELECT *, $rated AS own_n FROM ($forms)) AS f $joined
"""

_ONCE: Final = """
UPDATE c_form SET reason = 'other_relation' WHERE rowid IN (
  SELECT rowid FROM c_form
  WHERE reason IS NULL AND (sid, rater, external) IN (
    SELECT (sid, rater, external) FROM c_form WHERE reason IS NULL GROUP BY sid, rater, external HAVING count(*) > 1)
  QUALIFY row_number() OVER (PARTITION BY sid, rater, external ORDER BY $rank) > 1)
"""

_TRIM: Final = """
UPDATE c_form SET is_trimmed = true WHERE rowid IN (
  SELECT row FROM (
    SELECT rowid AS row, count(*) OVER w AS n, min(omega) OVER w = max(omega) OVER w AS is_equal,
      row_number() OVER (PARTITION BY sid, relation ORDER BY score_n, rater, external) AS place,
      CASE relation $trims ELSE 0 END AS trim
    FROM c_form WHERE reason IS NULL AND relation IN $relations
    WINDOW w AS (PARTITION BY sid, relation)
  ) WHERE n >= 5 AND is_equal AND (place <= trim * n // 1000000 OR place > n - trim * n // 1000000))
"""

_GROUPS: Final = """
CREATE OR REPLACE TEMP TABLE c_group AS
SELECT sid, relation, n, weight, least, merges, $mean AS own_n, n >= least AND den > 0 AS is_shown, $raw AS raw_n
FROM (
  SELECT sid, relation, n, g.weight, g.least, g.merges, raw_num,
    CASE WHEN is_cut THEN /*arm group.cut*/ (num - omega * (low_n + high_n)) /*end*/ ELSE num END AS num,
    CASE WHEN is_cut THEN den - 2 * omega ELSE den END AS den
  FROM (
    SELECT *, n >= 5 AND omega IS NOT NULL AND CASE relation $trims ELSE 0 END * n // 1000000 = 1 AS is_cut
    FROM (
      SELECT sid, relation, count(*) AS n, min(score_n) AS low_n, max(score_n) AS high_n,
        $omega AS omega,
        sum($weighted) FILTER (WHERE NOT is_trimmed) AS num,
        sum($raw_weighted) FILTER (WHERE NOT is_trimmed) AS raw_num,
        CAST($weight FILTER (WHERE NOT is_trimmed AND score_n IS NOT NULL) AS BIGINT) AS den
      FROM c_form WHERE reason IS NULL GROUP BY sid, relation
    )
  ) JOIN s_group AS g USING (relation)
)
"""

_MERGED: Final = """
INSERT INTO c_group
SELECT sid, 'merged', n, weight, least, false, $mean, n >= least AND den > 0, $raw
FROM (
  SELECT sid, count(*) AS n, any_value(weight) AS weight, any_value(least) AS least,
    sum(CAST(omega AS HUGEINT) * score_n) AS num, sum(CAST(omega AS HUGEINT) * raw_n) AS raw_num,
    CAST(sum(omega) FILTER (WHERE score_n IS NOT NULL) AS BIGINT) AS den
  FROM c_short GROUP BY sid
)
"""

_SHORT: Final = """
CREATE OR REPLACE TEMP TABLE c_short AS
SELECT f.sid, f.form_id, f.omega, f.score_n, f.raw_n, f.beta_n, p.weight, p.least
FROM c_form AS f JOIN c_group AS g USING (sid, relation) JOIN (
  SELECT sid, CAST(sum(weight) AS BIGINT) AS weight, max(least) AS least FROM c_group WHERE merges AND n < least GROUP BY sid
) AS p USING (sid)
WHERE f.reason IS NULL AND g.merges AND g.n < g.least
"""

_REVIEW: Final = """
CREATE OR REPLACE TEMP TABLE c_review AS
SELECT *, CASE WHEN state = 'ok' THEN $mean END AS review_n
FROM (
SELECT sid, is_due, counted, $figures, CASE
    WHEN NOT is_due THEN /*arm review.none*/ ('none') /*end*/
    WHEN $policy = 'zero' THEN /*arm review.zero*/ ('ok') /*end*/
    WHEN $policy = 'hold' AND counted < $full THEN /*arm review.held*/ ('held') /*end*/
    WHEN counted = 0 OR counted * 1000000 < $coverage * $full THEN /*arm review.coverage*/ ('waiting') /*end*/
    WHEN $required_missing THEN /*arm review.required*/ ('waiting') /*end*/
    ELSE /*arm review.ok*/ ('ok') /*end*/ END AS state,
  CASE WHEN $policy = 'zero' THEN $full ELSE counted END AS divisor, num
FROM (
  SELECT s.sid, coalesce(any_value(d.is_due), false) AS is_due,
    CAST(coalesce(sum(g.weight) FILTER (WHERE g.is_shown), 0) AS BIGINT) AS counted,
    coalesce(sum(CAST(g.weight AS HUGEINT) * g.own_n) FILTER (WHERE g.is_shown), 0) AS num,
    $pivots
  FROM c_subject AS s
  LEFT JOIN c_group AS g USING (sid)
  LEFT JOIN (SELECT sid, true AS is_due FROM c_form WHERE reason IS DISTINCT FROM 'not_due' AND relation IN $weighty GROUP BY sid) AS d
    USING (sid)
  GROUP BY s.sid
))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewOptions:
    """What a run wants of its forms beside scores.

    Attributes:
        mark: Trimmed forms are marked, since forms are written out.
        keep: Single ratings are needed later.
        skip: Bad forms are dropped.
        weighted: Forms carry weights of their raters.
    """

    mark: bool
    keep: bool
    skip: bool
    weighted: bool


def score_reviews(bench: Workbench, scheme: Scheme, shape: FormShape, appeals: Appeals, options: ReviewOptions) -> None:
    """Turn the forms into groups and one 360 score a person.

    Args:
        bench: The workbench with ``c_subject`` and ``t_forms``.
        scheme: The home scheme of these people.
        shape: How criteria arrive.
        appeals: Frozen figures and decisions that apply.
        options: What the run wants beside scores.

    Makes ``c_form`` (a row a form: ``score_n``, ``reason`` why it does not count, null = counted, ``is_trimmed``),
    ``c_group`` (sid × relation, ``merged`` for 其他评价: ``n``, ``own_n``, ``is_shown``) and ``c_review`` (a row a person:
    ``state`` ok/none/waiting/held, ``num ÷ divisor`` the 360 score, one ``<relation>_n`` a relation, null when hidden).

    Source: scoring.md S4.2–S4.6; group and 360 score quantised once each (S0).
    """
    _store_groups(bench, scheme)
    _judge(bench, scheme, shape, options)
    by_criterion = scheme.raters.threshold_unit == "criterion"
    if by_criterion:
        drop_short_criteria(bench, scheme, shape)
    mean = sql_quantise("num", "nullif(den, 0)", rounding=scheme.rounding.get("group"))
    raw = sql_quantise("raw_num", "nullif(den, 0)") if scheme.severity.mode == "adopt" else "CAST(NULL AS BIGINT)"
    same = "CASE WHEN min(omega) = max(omega) THEN CAST(min(omega) AS HUGEINT) END"
    bench.run(
        _GROUPS,
        mean=mean,
        raw=raw,
        trims=_trim(bench, scheme, mark=options.mark or scheme.severity.mode == "adopt"),
        omega=same if options.weighted else "1",
        raw_weighted="CAST(omega AS HUGEINT) * raw_n" if options.weighted else "raw_n",
        weighted="CAST(omega AS HUGEINT) * score_n" if options.weighted else "score_n",
        weight="sum(omega)" if options.weighted else "count(*)",
    )
    appeals.settle_groups(bench)
    if any(group.when_short == "merge" for group in scheme.raters.groups):
        bench.run(_SHORT)
        if by_criterion:
            rescore_merged(bench, scheme)
        bench.run(_MERGED, mean=mean, raw=raw)
    _review(bench, scheme)
    appeals.settle_reviews(bench)


def weight_of(scheme: Scheme, group: RaterGroup) -> int:
    """Return a group's weight, 1 each when the groups weigh the same.

    Args:
        scheme: The scheme.
        group: One of its groups.

    Returns:
        Ten-thousandths.
    """
    return D4 if scheme.raters.equal else group.weight_d4


def _store_groups(bench: Workbench, scheme: Scheme) -> None:
    rows: list[tuple[object, ...]] = [
        (
            group.relation,
            weight_of(scheme, group),
            group.least,
            group.when_short == "merge" and weight_of(scheme, group) > 0,
        )
        for group in scheme.raters.groups
    ]
    columns = "relation VARCHAR, weight BIGINT, least BIGINT, merges BOOLEAN"
    bench.run("CREATE OR REPLACE TEMP TABLE s_group AS $rows", rows=sql_values(rows, columns))


def _judge(bench: Workbench, scheme: Scheme, shape: FormShape, options: ReviewOptions) -> None:
    joined, beta = "", "CAST(0 AS BIGINT)"
    if scheme.severity.mode == "adopt":
        beta = f"coalesce(a.beta_d4, 0) * {D4_TO_GRID}"
        joined = (
            "LEFT JOIN (SELECT rater AS adjusted, snapshot, beta_d4 FROM t_rater_adjustments) AS a ON a.adjusted = f.rater AND f.relation <> 'self'"
            f" AND a.snapshot = {sql_literal(scheme.severity.snapshot)}"
        )
    largest = shape.largest(scheme) if shape.is_wide else None
    keep = options.keep or scheme.raters.threshold_unit == "criterion"
    bench.run(
        _JUDGED,
        rated=sql_quantise("num", "nullif(answered_weight, 0)", rounding=scheme.rounding.get("rater"), largest=largest),
        forms=sql_forms(bench, scheme, shape, keep=keep),
        score=sql_adjusted(scheme, "own_n", beta),
        beta=beta,
        joined=joined,
        not_due=_listed(NOT_DUE),
        relations=_listed([group.relation for group in scheme.raters.groups]),
    )
    if form_problems(bench, skip=options.skip):
        ranks = " ".join(f"WHEN {sql_literal(name)} THEN {rank}" for rank, name in enumerate(words.RELATIONS))
        bench.run(_ONCE, rank=f"CASE relation {ranks} END, CASE raw_relation {ranks} END")


def _trim(bench: Workbench, scheme: Scheme, *, mark: bool) -> str:
    """Mark trimmed forms where they are shown or more than one goes from each end; else the group cuts its extremes.

    Returns:
        Arms relation → trim for the cheap cut; none when forms are marked.
    """
    trims = {group.relation: group.trim_d4 for group in scheme.raters.groups if group.trim_d4}
    arms = " ".join(f"WHEN {sql_literal(relation)} THEN {trim}" for relation, trim in trims.items())
    if not trims:
        return "WHEN '' THEN 0"
    relations = _listed(list(trims))
    deepest = bench.count(
        "SELECT max(n * CASE relation $trims END // 1000000) FROM (SELECT relation, count(*) AS n FROM c_form"
        " WHERE reason IS NULL AND relation IN $relations GROUP BY sid, relation)",
        trims=arms,
        relations=relations,
    )
    if not mark and deepest <= 1:
        return arms
    bench.run(_TRIM, trims=arms, relations=relations)
    return "WHEN '' THEN 0"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return "(" + ", ".join(sql_literal(name) for name in names or ("-",)) + ")"


def _review(bench: Workbench, scheme: Scheme) -> None:
    groups = scheme.raters.groups
    weights = {group.relation: weight_of(scheme, group) for group in groups}
    shown = [f"{name}_n" for name in words.RELATIONS] + ["merged_n"]
    required = [
        f"({group.relation}_n IS NULL AND NOT coalesce(merged_n IS NOT NULL AND {group.relation}_merged, false))"
        for group in groups
        if group.is_required and weights[group.relation] > 0
    ]
    pivots = [f"max(g.own_n) FILTER (WHERE g.relation = '{name[:-2]}' AND g.is_shown) AS {name}" for name in shown]
    pivots += [
        f"bool_or(g.relation = '{group.relation}' AND g.merges AND NOT g.is_shown) AS {group.relation}_merged"
        for group in groups
    ]
    bench.run(
        _REVIEW,
        figures=", ".join(shown),
        pivots=",\n    ".join(pivots),
        policy=sql_literal(scheme.raters.missing),
        full=sum(weights.values()),
        coverage=scheme.raters.min_coverage_d4,
        required_missing=" OR ".join(required) or "false",
        weighty=_listed([relation for relation, weight in weights.items() if weight > 0]),
        mean=sql_quantise("num", "nullif(divisor, 0)", rounding=scheme.rounding.get("review")),
    )
