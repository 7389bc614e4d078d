"""Which forms count, and why the others do not: the rows of ``c_form``.

Source: scoring.md S4.1, S4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring import words
from huoban_perf.scoring.answers import sql_adjusted
from huoban_perf.scoring.forms import FormShape, sql_forms
from huoban_perf.scoring.rounding import D4_TO_GRID, sql_literal, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

NOT_DUE: Final = ("withdrawn", "nominated")
"""Forms in these statuses were never due (S4.5)."""

_JUDGED: Final = """
SELECT *, status = 'submitted' AND NOT conflict AS is_in, $score AS score_n, CASE
    WHEN status IN $not_due THEN /*arm form.not_due*/ ('not_due') /*end*/
    WHEN status <> 'submitted' THEN /*arm form.not_submitted*/ ('not_submitted') /*end*/
    WHEN conflict THEN /*arm form.conflict*/ ('conflict') /*end*/
    WHEN answered_weight * 2 < full_weight OR own_n IS NULL THEN /*arm form.few_answers*/ ('few_answers') /*end*/
    WHEN omega = 0 THEN /*arm form.no_weight*/ ('no_weight') /*end*/
    WHEN relation NOT IN $relations THEN /*arm form.no_group*/ ('no_group') /*end*/
  END AS reason
FROM (SELECT *, $rated AS own_n, $beta AS beta_n $bounds FROM ($forms) AS f $joined)
"""

_WHOLE: Final = """
CREATE OR REPLACE TEMP TABLE c_form AS
SELECT form_id, sid, task_no, raw_relation, relation, rater, external, omega, is_in, fault, own_n AS raw_n, beta_n $bounds, score_n, reason,
  false AS is_trimmed
FROM ($judged)
"""

_NARROW: Final = """
CREATE OR REPLACE TEMP TABLE c_form AS
SELECT sid, relation, $omega score_n, reason, is_in AND fault IS NOT NULL AS is_bad,
  CASE WHEN is_in THEN hash(sid, rater, external) END AS pair, CASE WHEN reason IS NOT NULL THEN task_no END AS task_no,
  CASE WHEN reason IS NOT NULL THEN rater END AS rater, CASE WHEN reason IS NOT NULL THEN raw_relation END AS raw_relation
FROM ($judged)
"""

_ONCE: Final = """
UPDATE c_form SET reason = 'other_relation' WHERE rowid IN (
  SELECT rowid FROM c_form
  WHERE reason IS NULL AND (sid, rater, external) IN (
    SELECT (sid, rater, external) FROM c_form WHERE reason IS NULL GROUP BY sid, rater, external HAVING count(*) > 1)
  QUALIFY row_number() OVER (PARTITION BY sid, rater, external ORDER BY $rank) > 1)
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


def judge_forms(bench: Workbench, scheme: Scheme, shape: FormShape, options: ReviewOptions, *, is_narrow: bool) -> None:
    """Judge every form of the people in ``c_subject``.

    Args:
        bench: The workbench with ``c_subject`` and ``t_forms``.
        scheme: The home scheme of these people.
        shape: How criteria arrive.
        options: What the run wants beside scores.
        is_narrow: Nobody needs to know who rated whom. Then ``c_form`` names only the forms that do not count, a third of
            the bytes; if some rater has two counted forms to one subject, or a form is bad, the whole rows are made.

    Makes ``c_form``: a row a form: ``score_n`` grid, ``reason`` why it does not count (null = counted).

    Source: scoring.md S4.1, S4.2.
    """
    judged = _sql_judged(bench, scheme, shape, options)
    if is_narrow:
        bench.run(_NARROW, judged=judged, omega="omega," if options.weighted else "")
        bad = "count(*) FILTER (WHERE is_bad) + count(pair) - count(DISTINCT pair)"
        if not bench.count("SELECT $bad FROM c_form", bad=bad):
            return
    bench.run(_WHOLE, judged=judged, bounds=", low_n, high_n" if scheme.severity.mode == "adopt" else "")
    if _form_problems(bench, skip=options.skip):
        ranks = " ".join(f"WHEN {sql_literal(name)} THEN {rank}" for rank, name in enumerate(words.RELATIONS))
        bench.run(_ONCE, rank=f"CASE relation {ranks} END, CASE raw_relation {ranks} END")


def _sql_judged(bench: Workbench, scheme: Scheme, shape: FormShape, options: ReviewOptions) -> str:
    joined, beta, bounds = "", "CAST(0 AS BIGINT)", ""
    if scheme.severity.mode == "adopt":
        low, high = shape.sql_bounds(scheme)
        bounds = f", {low} AS low_n, {high} AS high_n"
        beta = f"coalesce(a.beta_d4, 0) * {D4_TO_GRID}"
        joined = (
            "LEFT JOIN (SELECT rater AS adjusted, snapshot, beta_d4 FROM t_rater_adjustments) AS a ON a.adjusted = f.rater AND f.relation <> 'self'"
            f" AND a.snapshot = {sql_literal(scheme.severity.snapshot)}"
        )
    largest = shape.largest(scheme) if shape.is_wide else None
    keep = options.keep or scheme.raters.threshold_unit == "criterion"
    return fill(
        _JUDGED,
        rated=sql_quantise("num", "nullif(answered_weight, 0)", rounding=scheme.rounding.get("rater"), largest=largest),
        forms=sql_forms(bench, scheme, shape, keep=keep),
        score=sql_adjusted(scheme, "own_n", beta="beta_n", low="low_n", high="high_n"),
        beta=beta,
        bounds=bounds,
        joined=joined,
        not_due=listed(NOT_DUE),
        relations=listed([group.relation for group in scheme.raters.groups]),
    )


def listed(names: list[str] | tuple[str, ...]) -> str:
    """Write names as the right side of IN.

    Args:
        names: Words of the engine.

    Returns:
        A parenthesised list; without names one that nothing is in.
    """
    return "(" + ", ".join(sql_literal(name) for name in names or ("-",)) + ")"


def _form_problems(bench: Workbench, *, skip: bool) -> bool:
    """List ratings outside their scale, unknown criteria, and two forms of one rater, subject and relation.

    Args:
        bench: The workbench with ``c_form``.
        skip: Drop the forms.

    Returns:
        Whether some rater has several counted relations to one subject.

    Source: scoring.md S4.1, S4.2.
    """
    ((faults, repeats),) = bench.rows(
        "SELECT count(*) FILTER (WHERE fault IS NOT NULL AND is_in),"
        " count(*) FILTER (WHERE is_in) - count(DISTINCT CASE WHEN is_in THEN hash(sid, rater, external) END) FROM c_form"
    )
    if not faults and not repeats:
        return False
    rows = bench.rows(
        "SELECT s.kind, s.subject, f.raw_relation, f.rater, f.fault FROM c_form AS f JOIN c_subject AS s USING (sid)"
        " WHERE f.fault IS NOT NULL AND f.is_in ORDER BY ALL"
    )
    rows += bench.rows(
        "SELECT s.kind, s.subject, f.raw_relation, f.rater, 'rated_twice:' FROM c_form AS f JOIN c_subject AS s USING (sid)"
        " WHERE f.is_in GROUP BY s.kind, s.subject, f.raw_relation, f.rater, f.external"
        " HAVING count(*) > 1 ORDER BY ALL"
    )
    for kind, subject, relation, rater, fault in rows:
        code, _, criterion = str(fault).partition(":")
        bench.problems.append(
            Problem(
                code=f"form.{code}",
                facts={
                    "subject": str(subject),
                    "relation": str(relation),
                    "rater": str(rater),
                    "criterion": criterion or "-",
                },
                file="评价任务",
                address=f"forms:{kind}:{subject}:{relation}:{rater}",
            )
        )
    if rows and skip:
        bench.run("DELETE FROM c_form WHERE fault IS NOT NULL")
        bench.run(_KEEP_ONE)
    return bool(repeats)


_KEEP_ONE: Final = """
DELETE FROM c_form WHERE rowid IN (
  SELECT rowid FROM c_form WHERE is_in
  QUALIFY count(*) OVER (PARTITION BY sid, raw_relation, rater, external) > 1)
"""
