"""From rater scores to groups and the 360 score: who counts, trimming, anonymity, coverage.

The book is silent on groups of weight 0 (asked for information); we chose: a form in one of them does not make the 360
due, and such a group is never required. With ``equal`` every group weighs the same, whatever weight is written.

Source: scoring.md S4.2–S4.6.
"""

from __future__ import annotations

from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.answers import drop_short_criteria, rescore_merged
from huoban_perf.scoring.appeals import Appeals
from huoban_perf.scoring.forms import FormShape
from huoban_perf.scoring.judging import ReviewOptions, judge_forms, listed
from huoban_perf.scoring.rounding import D4, sql_literal, sql_quantise
from huoban_perf.scoring.scheme import RaterGroup, Scheme
from huoban_perf.scoring.workbench import Workbench, sql_values

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
      SELECT sid, relation, count(*) AS n, $low AS low_n, $high AS high_n,
        $omega AS omega, sum($weighted) $kept AS num, $raw_num AS raw_num, CAST($den AS BIGINT) AS den
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
SELECT f.sid, f.form_id, f.omega, f.score_n, f.raw_n, f.beta_n $bounds, p.weight, p.least
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
  SELECT s.sid, coalesce(g.is_due, false) OR coalesce(d.is_due, false) AS is_due, coalesce(g.counted, 0) AS counted,
    coalesce(g.num, 0) AS num, g.* EXCLUDE (sid, is_due, counted, num)
  FROM c_subject AS s
  LEFT JOIN (
    SELECT sid, bool_or($makes_due) AS is_due, CAST(sum(weight) FILTER (WHERE is_shown) AS BIGINT) AS counted,
      sum(CAST(weight AS HUGEINT) * own_n) FILTER (WHERE is_shown) AS num,
      $pivots
    FROM c_group GROUP BY sid
  ) AS g USING (sid)
  LEFT JOIN (SELECT DISTINCT sid, true AS is_due FROM c_form WHERE $asked AND relation IN $weighty) AS d USING (sid)
))
"""


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
    by_criterion = scheme.raters.threshold_unit == "criterion"
    merges = any(group.when_short == "merge" for group in scheme.raters.groups)
    adopts = scheme.severity.mode == "adopt"
    is_narrow = not (options.mark or options.keep or by_criterion or merges or adopts)
    judge_forms(bench, scheme, shape, options, is_narrow=is_narrow)
    if by_criterion:
        drop_short_criteria(bench, scheme, shape)
    _make_groups(bench, scheme, options, mark=options.mark or adopts)
    if not (options.mark or adopts) and _is_trimmed_deeper(bench, scheme):
        if is_narrow:
            judge_forms(bench, scheme, shape, options, is_narrow=False)
        _make_groups(bench, scheme, options, mark=True)
    appeals.settle_groups(bench)
    if merges:
        bench.run(_SHORT, bounds=", f.low_n, f.high_n" if adopts else "")
        if by_criterion:
            rescore_merged(bench, scheme)
        bench.run(_MERGED, mean=_mean(scheme), raw=_raw_mean(scheme))
    _review(bench, scheme, is_frozen=bool(appeals.frozen))
    appeals.settle_reviews(bench)


def _mean(scheme: Scheme) -> str:
    return sql_quantise("num", "nullif(den, 0)", rounding=scheme.rounding.get("group"))


def _raw_mean(scheme: Scheme) -> str:
    adopts = scheme.severity.mode == "adopt"
    return sql_quantise("raw_num", "nullif(den, 0)") if adopts else "CAST(NULL AS BIGINT)"


def _make_groups(bench: Workbench, scheme: Scheme, options: ReviewOptions, *, mark: bool) -> None:
    """Average each group; the trimmed forms are marked where they are shown or several go from each end.

    Else the group's sum gives up its extremes: that needs no ordering of the forms.
    """
    arms = _trim_arms(scheme)
    if arms and mark:
        bench.run(_TRIM, trims=arms, relations=listed(_trimmed_relations(scheme)))
    kept = "FILTER (WHERE NOT is_trimmed)" if arms and mark else ""
    counted = f"FILTER (WHERE score_n IS NOT NULL{' AND NOT is_trimmed' if kept else ''})"
    is_cut = bool(arms) and not mark
    same = "CASE WHEN min(omega) = max(omega) THEN CAST(min(omega) AS HUGEINT) END"
    omega = "CAST(omega AS HUGEINT) * " if options.weighted else ""
    adopts = scheme.severity.mode == "adopt"
    bench.run(
        _GROUPS,
        mean=_mean(scheme),
        raw=_raw_mean(scheme),
        trims=arms if is_cut else "WHEN '' THEN 0",
        low="min(score_n)" if is_cut else "0",
        high="max(score_n)" if is_cut else "0",
        omega=same if options.weighted else "1",
        weighted=f"{omega}score_n",
        raw_num=f"sum({omega}raw_n) {kept}" if adopts else "CAST(NULL AS HUGEINT)",
        kept=kept,
        den=f"sum(omega) {counted}" if options.weighted else f"count(*) {counted}",
    )


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


def _trimmed_relations(scheme: Scheme) -> tuple[str, ...]:
    return tuple(group.relation for group in scheme.raters.groups if group.trim_d4)


def _trim_arms(scheme: Scheme) -> str:
    """Write the arms relation → trim; empty when nothing is trimmed."""
    trims = {group.relation: group.trim_d4 for group in scheme.raters.groups if group.trim_d4}
    return " ".join(f"WHEN {sql_literal(relation)} THEN {trim}" for relation, trim in trims.items())


def _is_trimmed_deeper(bench: Workbench, scheme: Scheme) -> bool:
    """Tell whether some group of ``c_group`` loses more than one form at each end."""
    arms = _trim_arms(scheme)
    deepest = "SELECT max(n * CASE relation $trims ELSE 0 END // 1000000) FROM c_group"
    return bool(arms) and bench.count(deepest, trims=arms) > 1


def _review(bench: Workbench, scheme: Scheme, *, is_frozen: bool) -> None:
    """Fold the groups into one row a person.

    A counted form is in its group already, so that only the others are asked whether one was due; frozen figures stand
    beside forms that came later, so that there every form is asked.
    """
    groups = scheme.raters.groups
    weights = {group.relation: weight_of(scheme, group) for group in groups}
    merges = any(group.when_short == "merge" for group in groups)
    found = {*weights, "merged"} if merges else {*weights}
    shown = [*words.RELATIONS, "merged"]
    required = [
        f"({group.relation}_n IS NULL AND NOT coalesce(merged_n IS NOT NULL AND {group.relation}_merged, false))"
        for group in groups
        if group.is_required and weights[group.relation] > 0
    ]
    pivots = [
        f"max(own_n) FILTER (WHERE relation = '{name}' AND is_shown) AS {name}_n"
        if name in found
        else f"CAST(NULL AS BIGINT) AS {name}_n"
        for name in shown
    ]
    pivots += [
        f"bool_or(relation = '{group.relation}' AND merges AND NOT is_shown) AS {group.relation}_merged"
        for group in groups
    ]
    weighty = listed([relation for relation, weight in weights.items() if weight > 0])
    bench.run(
        _REVIEW,
        figures=", ".join(f"{name}_n" for name in shown),
        pivots=",\n      ".join(pivots),
        makes_due="false" if is_frozen else f"relation IN {weighty}",
        asked="reason IS DISTINCT FROM 'not_due'" if is_frozen else "reason <> 'not_due'",
        policy=sql_literal(scheme.raters.missing),
        full=sum(weights.values()),
        coverage=scheme.raters.min_coverage_d4,
        required_missing=" OR ".join(required) or "false",
        weighty=weighty,
        mean=sql_quantise("num", "nullif(divisor, 0)", rounding=scheme.rounding.get("review")),
    )
