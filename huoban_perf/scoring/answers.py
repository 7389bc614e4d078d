"""Ratings criterion by criterion: figures of single criteria, and anonymity judged per criterion.

Source: scoring.md S4.6 (``threshold_unit``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.scoring.forms import FormShape
from huoban_perf.scoring.frames import criterion_column
from huoban_perf.scoring.rounding import sql_literal, sql_name, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Workbench, fill

_WIDE: Final = """
SELECT form_id, $form AS form, $name AS criterion, CAST($weight AS BIGINT) AS weight, CAST($mapped AS BIGINT) AS x_n
FROM c_form_raw WHERE form = $form AND $cell IS NOT NULL
"""

_LONG: Final = """
SELECT f.form_id, f.form, r.criterion, k.weight, CAST($mapped AS BIGINT) AS x_n
FROM c_form_raw AS f JOIN t_ratings AS r USING (task_no) JOIN s_criterion AS k USING (form, criterion)
WHERE r.score_d4 IS NOT NULL AND NOT coalesce(r.na, false)
"""

_ANSWERS: Final = """
CREATE OR REPLACE TEMP TABLE c_answer AS
SELECT f.sid, f.relation, a.*, count(*) OVER (PARTITION BY f.sid, f.relation, a.form, a.criterion) AS answers
FROM ($shapes) AS a JOIN c_form AS f USING (form_id) WHERE f.reason IS NULL
"""

_RESCORED: Final = """
UPDATE c_form AS f SET score_n = r.score_n FROM (
  SELECT c.form_id, $mean AS score_n
  FROM (SELECT form_id FROM c_form WHERE reason IS NULL) AS c
  LEFT JOIN (
    SELECT a.form_id, sum(CAST(a.weight AS HUGEINT) * a.x_n) AS num, CAST(sum(a.weight) AS BIGINT) AS den
    FROM c_answer AS a JOIN s_group AS g USING (relation) WHERE a.answers >= g.least GROUP BY a.form_id
  ) USING (form_id)
) AS r WHERE f.form_id = r.form_id
"""

_FIGURES: Final = """
INSERT INTO out_criteria
SELECT s.kind, s.subject, a.relation, a.form, a.criterion, count(*), CAST($mean AS BIGINT)
FROM c_answer AS a JOIN c_subject AS s USING (sid) JOIN c_group AS g USING (sid, relation)
WHERE g.is_shown AND a.answers >= $least
GROUP BY s.kind, s.subject, a.relation, a.form, a.criterion
"""


def list_answers(bench: Workbench, scheme: Scheme, shape: FormShape) -> None:
    """List the mapped ratings of every counted form.

    Args:
        bench: The workbench with ``c_form`` and ``c_form_raw``.
        scheme: The home scheme.
        shape: How criteria arrive.

    Makes ``c_answer``: (form_id, criterion): ``form`` its kind, ``x_n`` grid, ``weight``, ``answers`` = how many raters of the group
    answered the criterion.
    """
    shapes = (
        fill(_LONG, mapped=shape.sql_mapped(scheme)) if shape.has_ratings else " UNION ALL ".join(_wide(scheme, shape))
    )
    nothing = "SELECT CAST(0 AS BIGINT) AS form_id, '' AS form, '' AS criterion, CAST(0 AS BIGINT) AS weight, CAST(0 AS BIGINT) AS x_n WHERE false"
    bench.run(_ANSWERS, shapes=shapes or nothing)


def _wide(scheme: Scheme, shape: FormShape) -> Iterator[str]:
    for criterion in shape.criteria:
        if criterion.name in shape.columns:
            cell = sql_name(criterion_column(criterion.name))
            yield fill(
                _WIDE,
                name=sql_literal(criterion.name),
                weight=criterion.weight_d4,
                mapped=criterion.mapped(cell, scale_d4=scheme.scale_d4, rounding=scheme.rounding.get("rating")),
                form=sql_literal(criterion.form),
                cell=cell,
            )


def drop_short_criteria(bench: Workbench, scheme: Scheme, shape: FormShape) -> None:
    """Score each counted form again without the criteria that too few of its group answered.

    Args:
        bench: The workbench with ``c_form``, ``s_group``.
        scheme: The home scheme.
        shape: How criteria arrive.

    Changes ``c_form.score_n``: null when none of the form's criteria is left.

    Source: scoring.md S4.6 (``threshold_unit`` criterion: weights renormalised; none left = group hidden).
    """
    list_answers(bench, scheme, shape)
    bench.run(_RESCORED, mean=sql_quantise("num", "nullif(den, 0)", rounding=scheme.rounding.get("rater")))


def write_criteria(bench: Workbench, scheme: Scheme, shape: FormShape) -> None:
    """Append the criterion figures that may be shown.

    Args:
        bench: The workbench with ``c_form``, ``c_group``.
        scheme: The home scheme.
        shape: How criteria arrive.

    Source: scoring.md S4.6 (a criterion figure also needs min(2, threshold) answers).
    """
    list_answers(bench, scheme, shape)
    least = "least(2, g.least)" if scheme.raters.threshold_unit == "rater" else "g.least"
    bench.run(_FIGURES, mean=sql_quantise("sum(CAST(a.x_n AS HUGEINT))", "count(*)"), least=least)
