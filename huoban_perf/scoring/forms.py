"""Rater scores: one number a submitted form, from its criteria, in the wide or the long shape.

Source: scoring.md S4.1 (forms, scales, criteria), S1 (criterion weights).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import Problem
from huoban_perf.scoring.frames import criterion_column
from huoban_perf.scoring.rounding import D4, D4_TO_GRID, Rounding, sql_literal, sql_name, sql_quantise
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.scheme_checks import weight_faults
from huoban_perf.scoring.workbench import Workbench, fill, sql_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion of one kind of form, numbers in ten-thousandths.

    Attributes:
        form: Kind of form, empty for the only one.
        name: Criterion code.
        weight_d4: Weight; equal weights are 1 each.
        low_d4: Lowest rating.
        high_d4: Highest rating.
        to_low_d4: Points of the lowest rating.
        to_high_d4: Points of the highest rating, or None for the scheme's scale.
    """

    form: str
    name: str
    weight_d4: int
    low_d4: int | None
    high_d4: int | None
    to_low_d4: int
    to_high_d4: int | None

    def bounds(self, scale_d4: int) -> tuple[int, int]:
        """Return the lowest and highest rating allowed.

        Args:
            scale_d4: The scheme's scale.

        Returns:
            Own scale, else 0 and the scheme's scale (an option's points).
        """
        return (0, scale_d4) if self.low_d4 is None or self.high_d4 is None else (self.low_d4, self.high_d4)

    def mapped(self, rating: str, *, scale_d4: int, rounding: Rounding | None) -> str:
        """Write the mapped rating.

        Args:
            rating: SQL of the rating, ten-thousandths.
            scale_d4: The scheme's scale.
            rounding: The scheme's rounding of mapped ratings.

        Returns:
            A BIGINT expression in grid units; quantised once when a scale is mapped. An option's points are not mapped.

        Source: scoring.md S4.1.
        """
        low, high = self.bounds(scale_d4)
        to_low, to_high = self.to_low_d4, scale_d4 if self.to_high_d4 is None else self.to_high_d4
        if self.low_d4 is None or ((low, high) == (to_low, to_high) and rounding is None):
            return f"{rating} * {D4_TO_GRID}"
        span = high - low
        num = f"{D4_TO_GRID} * (CAST({to_low * span} AS HUGEINT) + ({rating} - {low}) * {to_high - to_low})"
        return sql_quantise(num, str(span), rounding=rounding)


def load_criteria(bench: Workbench, names: Mapping[str, object]) -> tuple[Criterion, ...]:
    """Read the criteria, or take every criterion column of the wide form with equal weights.

    Args:
        bench: The workbench with ``t_criteria``.
        names: Criterion columns of the wide form.

    Returns:
        All criteria, by form and name.

    Source: scoring.md S4.1; criteria of one form are a weight set (S1), all weights empty = equal.
    """
    rows = bench.rows(
        "SELECT coalesce(form, ''), criterion, weight_d4, scale_min_d4, scale_max_d4, to_min_d4, to_max_d4"
        " FROM t_criteria ORDER BY 1, 2"
    )
    if not rows:
        return tuple(_criterion(("", name, None, None, None, None, None), D4) for name in sorted(names))
    found: list[Criterion] = []
    for form in sorted({str(row[0]) for row in rows}):
        mine = [row for row in rows if row[0] == form]
        if all(row[2] is None for row in mine):
            found += [_criterion(row, D4) for row in mine]
            continue
        found += [_criterion(row, int(str(row[2] or 0))) for row in mine]
        for fault in weight_faults(f"criteria:{form}", [int(str(row[2] or 0)) for row in mine]):
            bench.problems.append(
                Problem(code="criteria.weights_miss_100", facts=fault.facts, file="评价项", address=fault.address)
            )
    return tuple(found)


def _criterion(row: tuple[object, ...], weight_d4: int) -> Criterion:
    low, high, to_low, to_high = (None if cell is None else int(str(cell)) for cell in row[3:])
    return Criterion(
        form=str(row[0]),
        name=str(row[1]),
        weight_d4=weight_d4,
        low_d4=low,
        high_d4=high,
        to_low_d4=to_low or 0,
        to_high_d4=to_high,
    )


_RAW: Final = """
SELECT $form_id AS form_id, s.sid, f.task_no, f.relation AS raw_relation, $relation AS relation, f.rater, $external AS external,
  coalesce(f.rater_weight_d4, 10000) AS omega, f.status, coalesce(f.conflict, false) AS conflict, $form AS form, f.log_nos,
  f.opened_at, f.submitted_at $cells
FROM c_subject AS s JOIN t_forms AS f ON f.kind = s.kind AND f.subject = s.subject
"""

_WIDE: Final = """
SELECT form_id, sid, task_no, form, raw_relation, relation, rater, external, omega, status, conflict, $full AS full_weight,
  CAST($answered AS BIGINT) AS answered_weight, CAST($num AS $wide) AS num, $fault AS fault
FROM $raw WHERE form = $form
"""

_LONG: Final = """
SELECT f.*, a.full_weight, coalesce(a.answered_weight, 0) AS answered_weight, a.num, a.fault
FROM c_form_raw AS f LEFT JOIN (
  SELECT task_no, any_value(k.full_weight) AS full_weight,
    CAST(coalesce(sum(k.weight) FILTER (WHERE r.score_d4 IS NOT NULL), 0) AS BIGINT) AS answered_weight,
    coalesce(sum(CAST(k.weight AS HUGEINT) * $mapped), 0) AS num,
    min(CASE WHEN k.criterion IS NULL THEN 'unknown_criterion:' || r.criterion
      WHEN r.score_d4 < k.low OR r.score_d4 > k.high THEN 'outside_scale:' || r.criterion END) AS fault
  FROM c_form_raw AS f
  JOIN (SELECT task_no, criterion, CASE WHEN coalesce(na, false) THEN NULL ELSE score_d4 END AS score_d4 FROM t_ratings) AS r
    USING (task_no)
  LEFT JOIN s_criterion AS k USING (form, criterion)
  GROUP BY task_no
) AS a USING (task_no)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormShape:
    """How criteria of forms arrive.

    Attributes:
        criteria: All criteria.
        columns: Criterion columns of the wide form; empty for the long form.
        has_ratings: The long form is given.
    """

    criteria: tuple[Criterion, ...]
    columns: frozenset[str]
    has_ratings: bool

    @property
    def forms(self) -> tuple[str, ...]:
        """Kinds of form."""
        return tuple(sorted({criterion.form for criterion in self.criteria}))

    @property
    def is_wide(self) -> bool:
        """Whether ratings are columns of the forms."""
        return not self.has_ratings

    def largest(self, scheme: Scheme) -> int:
        """Return a bound on every sum of weighted ratings of one form.

        Args:
            scheme: The home scheme.

        Returns:
            Grid units times weight.
        """
        points = [
            scheme.scale_d4,
            *(abs(c.to_low_d4) for c in self.criteria),
            *(abs(c.to_high_d4 or 0) for c in self.criteria),
        ]
        return max(points) * D4_TO_GRID * max(sum(c.weight_d4 for c in self.criteria), 1)

    def sql_bounds(self, scheme: Scheme) -> tuple[str, str]:
        """Write the lowest and highest score that a kind of form can give.

        Args:
            scheme: The home scheme.

        Returns:
            Two BIGINT expressions over ``form``, grid units: the least and the greatest end of its criteria's ranges.
        """
        ends = {form: [c for c in self.criteria if c.form == form] for form in self.forms}
        lows = {form: min(c.to_low_d4 for c in mine) for form, mine in ends.items()}
        highs = {
            form: max(scheme.scale_d4 if c.to_high_d4 is None else c.to_high_d4 for c in mine)
            for form, mine in ends.items()
        }
        return _by_form(lows, 0), _by_form(highs, scheme.scale_d4)

    def sql_mapped(self, scheme: Scheme) -> str:
        """Write the mapped rating of the long form.

        Args:
            scheme: The home scheme.

        Returns:
            A BIGINT expression over ``r`` (rating) and ``k`` (criterion), grid units.
        """
        num = "100000 * (CAST(k.to_low AS HUGEINT) * (k.high - k.low) + (r.score_d4 - k.low) * (k.to_high - k.to_low))"
        mapped = sql_quantise(num, "(k.high - k.low)", rounding=scheme.rounding.get("rating"))
        plain = f"r.score_d4 * {D4_TO_GRID}"
        return f"CASE WHEN k.is_mapped THEN {mapped} ELSE {plain} END" if "rating" in scheme.rounding else mapped


def _by_form(ends: Mapping[str, int], plain: int) -> str:
    arms = [f"WHEN {sql_literal(form)} THEN {end * D4_TO_GRID}" for form, end in ends.items() if end != plain]
    value = f"CASE form {' '.join(arms)} ELSE {plain * D4_TO_GRID} END" if arms else str(plain * D4_TO_GRID)
    return f"CAST({value} AS BIGINT)"


def sql_forms(bench: Workbench, scheme: Scheme, shape: FormShape, *, keep: bool) -> str:
    """Write the relation of every form of the people in ``c_subject`` with its sums.

    Args:
        bench: The workbench with ``c_subject``, ``t_forms`` and, for the long form, ``t_ratings``.
        scheme: The home scheme of these people.
        shape: How criteria arrive.
        keep: Single ratings are needed later: keep the forms as ``c_form_raw`` with a ``form_id`` each.

    Returns:
        SQL: one row a form. ``num ÷ answered_weight`` is the rater's score in grid units; ``full_weight`` and
        ``answered_weight`` of its criteria; ``fault`` a rating outside its scale or an unknown criterion.

    Source: scoring.md S4.1.
    """
    dotted = "dotted" if scheme.group("dotted") else scheme.raters.dotted_as
    only = sql_literal(shape.forms[0] if len(shape.forms) == 1 else "")
    is_kept = keep or shape.has_ratings or len(shape.forms) != 1
    raw = fill(
        _RAW,
        form_id="row_number() OVER ()" if is_kept else "0",
        relation=f"CASE WHEN f.relation = 'dotted' THEN {sql_literal(dotted)} ELSE f.relation END",
        external="coalesce(f.external, false)",
        form=f"coalesce(f.form, {only})",
        cells="".join(f", f.{sql_name(criterion_column(name))}" for name in sorted(shape.columns)),
    )
    if is_kept:
        bench.run("CREATE OR REPLACE TEMP TABLE c_form_raw AS $raw", raw=raw)
        raw = "SELECT * FROM c_form_raw"
    if shape.has_ratings:
        return _long(bench, scheme, shape)
    return "\nUNION ALL ".join(_wide(scheme, shape, f"({raw})")) or _NOTHING


_NOTHING: Final = """
SELECT *, 1 AS full_weight, 0 AS answered_weight, CAST(0 AS HUGEINT) AS num, CAST(NULL AS VARCHAR) AS fault FROM c_form_raw
"""


def _wide(scheme: Scheme, shape: FormShape, raw: str) -> Iterator[str]:
    for form in shape.forms:
        mine = {criterion.name: criterion for criterion in shape.criteria if criterion.form == form}
        used = [criterion for name, criterion in mine.items() if name in shape.columns]
        cells = {criterion.name: sql_name(criterion_column(criterion.name)) for criterion in used}
        answered = [f"CASE WHEN {cells[c.name]} IS NULL THEN 0 ELSE {c.weight_d4} END" for c in used]
        num = [f"coalesce({c.weight_d4} * ({_mapped(scheme, c, cells[c.name])}), 0)" for c in used]
        yield fill(
            _WIDE,
            full=sum(criterion.weight_d4 for criterion in mine.values()),
            answered=" + ".join(answered) or "0",
            num=" + ".join(num) or "0",
            wide="BIGINT" if shape.largest(scheme) < 10**18 else "HUGEINT",
            fault=_wide_fault(scheme, shape, mine),
            raw=raw,
            form=sql_literal(form),
        )


def _mapped(scheme: Scheme, criterion: Criterion, cell: str) -> str:
    return criterion.mapped(cell, scale_d4=scheme.scale_d4, rounding=scheme.rounding.get("rating"))


def _wide_fault(scheme: Scheme, shape: FormShape, mine: Mapping[str, Criterion]) -> str:
    arms = []
    for name in sorted(shape.columns):
        cell = sql_name(criterion_column(name))
        if name in mine:
            low, high = mine[name].bounds(scheme.scale_d4)
            arms.append(f"WHEN {cell} < {low} OR {cell} > {high} THEN {sql_literal(f'outside_scale:{name}')}")
        else:
            arms.append(f"WHEN {cell} IS NOT NULL THEN {sql_literal(f'unknown_criterion:{name}')}")
    return f"CASE {' '.join(arms)} END" if arms else "CAST(NULL AS VARCHAR)"


def _long(bench: Workbench, scheme: Scheme, shape: FormShape) -> str:
    rows: list[tuple[object, ...]] = []
    for criterion in shape.criteria:
        full = sum(other.weight_d4 for other in shape.criteria if other.form == criterion.form)
        low, high = criterion.bounds(scheme.scale_d4)
        to_high = scheme.scale_d4 if criterion.to_high_d4 is None else criterion.to_high_d4
        rows.append(
            (
                *(criterion.form, criterion.name, criterion.weight_d4, full, low, high, criterion.to_low_d4, to_high),
                criterion.low_d4 is not None,
            )
        )
    columns = (
        "form VARCHAR, criterion VARCHAR, weight BIGINT, full_weight BIGINT, low BIGINT, high BIGINT, to_low BIGINT,"
        " to_high BIGINT, is_mapped BOOLEAN"
    )
    bench.run("CREATE OR REPLACE TEMP TABLE s_criterion AS $rows", rows=sql_values(rows, columns))
    return fill(_LONG, mapped=shape.sql_mapped(scheme))
