"""Results and receipts as frozen objects, for whoever prints, compares or stores them.

Source: scoring.md S7 (Receipt); design.md §8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final

from huoban_perf.core.errors import ScoringError
from huoban_perf.scoring.results import SHOWN_RELATIONS
from huoban_perf.scoring.rounding import sql_literal
from huoban_perf.scoring.workbench import Connection, fill

_NINTH: Final = Decimal("0.000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One receipt line.

    Attributes:
        line_no: 1-based, in reading order.
        level: 1 = directly below the total.
        parent: Line above, 0 for the total.
        part: segment, kpi, review, okr, formula, dimension, item, group, points, limit, department, clamp, veto or
            rounding.
        key: Item number, relation or dimension.
        label: Chinese name.
        detail: Chinese explanation: inputs and rule.
        machine: The same as JSON text; scores in 10⁻⁹, weights in 10⁻⁴.
        contribution: Points to nine decimals, None when the line does not count.
        printed: The same at six decimals; the lines below one parent add up to it exactly.
    """

    line_no: int
    level: int
    parent: int
    part: str
    key: str
    label: str
    detail: str
    machine: str
    contribution: Decimal | None
    printed: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectResult:
    """The result of one subject.

    Attributes:
        kind: ``person`` or ``department``.
        subject: Staff number or department code.
        scheme: Key of the home scheme.
        status: 已核算, 待补评, 暂不计分 or 不参评.
        reason: Why not appraised, else None.
        kpi: KPI score, None when missing or several segments.
        okr: OKR score, likewise.
        review: 360 score.
        groups: Relation → visible group score.
        adjusted: ± points after the limit.
        unrounded: Total to six decimals, None unless scored.
        result: The result, None unless scored.
        grade: The grade of the score (初评等级), None unless scored.
        final_grade: The grade after quotas and calibration, None unless scored.
        distance: Result minus the nearest bound.
        is_near_bound: On the boundary list.
        coefficient: Pay coefficient of the grade.
        veto: Vetoes that hit, in Chinese.
        missing_note: What was left out, in Chinese.
    """

    kind: str
    subject: str
    scheme: str
    status: str
    reason: str | None
    kpi: Decimal | None
    okr: Decimal | None
    review: Decimal | None
    groups: dict[str, Decimal]
    adjusted: Decimal | None
    unrounded: Decimal | None
    result: Decimal | None
    grade: str | None
    final_grade: str | None
    distance: Decimal | None
    is_near_bound: bool | None
    coefficient: Decimal | None
    veto: str | None
    missing_note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Why one subject has this result.

    Attributes:
        result: The result.
        lines: All lines in reading order; those of level 1 add up to ``result.unrounded``.
    """

    result: SubjectResult
    lines: tuple[Line, ...]


def results(connection: Connection, *, where: str = "true") -> Iterator[SubjectResult]:
    """Read the results of the last run.

    Args:
        connection: The connection ``score_cycle`` ran in.
        where: SQL condition on ``out_results``.

    Yields:
        One object a subject, by kind and code.
    """
    names = ["kind", "subject", "scheme", "status", "reason", "kpi_n", "okr_n", "review_n", "adjusted_n", "unrounded"]
    names += ["result", "grade", "final_grade", "distance", "is_near_bound", "coefficient", "veto", "missing_note"]
    names += [f"{relation}_n" for relation in SHOWN_RELATIONS]
    text = fill(
        "SELECT $names FROM out_results AS o LEFT JOIN (SELECT kind, subject, final_grade FROM out_grades) AS g USING (kind, subject)"
        " WHERE $where ORDER BY kind DESC, subject",
        names=", ".join(names),
        where=where,
    )
    for row in connection.execute(text).fetchall():
        cells: dict[str, Any] = dict(zip(names, row, strict=True))  # DuckDB returns rows of mixed types
        groups = {name: _points(cells.pop(f"{name}_n")) for name in SHOWN_RELATIONS}
        cells |= {name: _points(cells.pop(f"{name}_n")) for name in ("kpi", "okr", "review", "adjusted")}
        yield SubjectResult(**cells, groups={name: score for name, score in groups.items() if score is not None})


def receipt(connection: Connection, kind: str, subject: str) -> Receipt:
    """Read one subject's receipt.

    Args:
        connection: The connection ``score_cycle`` ran in with ``explain``.
        kind: ``person`` or ``department``.
        subject: Staff number or department code.

    Returns:
        The result with all its lines.

    Raises:
        ScoringError: The run has no such subject.
    """
    where = fill("kind = $kind AND subject = $subject", kind=sql_literal(kind), subject=sql_literal(subject))
    found = next(results(connection, where=where), None)
    if found is None:
        raise ScoringError("scoring.unknown_subject", facts={"kind": kind, "subject": subject})
    names = [field.name for field in fields(Line)]
    text = fill("SELECT $names FROM out_lines WHERE $where ORDER BY line_no", names=", ".join(names), where=where)
    lines: list[Any] = connection.execute(text).fetchall()  # DuckDB returns rows of mixed types
    return Receipt(result=found, lines=tuple(Line(**dict(zip(names, row, strict=True))) for row in lines))


_RANGES: Final = """
SELECT kind, min(subject), max(subject)
FROM (SELECT kind, subject, (row_number() OVER (PARTITION BY kind ORDER BY subject) - 1) // $size AS part FROM out_results)
GROUP BY kind, part ORDER BY kind DESC, part
"""


def subject_ranges(connection: Connection, *, size: int) -> Iterator[str]:
    """Cut the subjects of the last run into ranges, for readers of ``out_lines`` who shall not hold all words at once.

    Args:
        connection: The connection ``score_cycle`` ran in.
        size: Subjects a range at most.

    Yields:
        SQL conditions on ``kind`` and ``subject``, people first, by code; one that nothing meets when there is nobody.
    """
    ranges = connection.execute(fill(_RANGES, size=size)).fetchall()
    for kind, first, last in ranges:
        bounds = f"{sql_literal(str(first))} AND {sql_literal(str(last))}"
        yield f"kind = {sql_literal(str(kind))} AND subject BETWEEN {bounds}"
    if not ranges:
        yield "false"


def _points(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value) * _NINTH
