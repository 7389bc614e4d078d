"""What the oracle says about one subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.composite import Veto
from tests.oracle.kpi import Kpi
from tests.oracle.raters import Review
from tests.oracle.segments import Segment


@dataclass(frozen=True)
class Part:
    """One segment: its days, its KPI, OKR and composite, and the weights divided by."""

    segment: Segment
    kpi: Kpi
    okr: Fraction | None
    composite: Fraction | None = None
    state: str = "scored"
    used: Mapping[str, Fraction] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """Everything a run says of one subject.

    Attributes:
        state: ``scored``, ``held`` (暂不计分), ``incomplete`` (待补评) or ``excluded`` (不参评).
        reason: Why there is no score.
        scheme: The home scheme.
        department: The home department.
        days: Eligible days.
        parts: Segments after merging.
        review: The 360, once a cycle.
        review_state: State of the 360, also where it does not enter the score.
        mr: The 360 that counts: a decided one, else the review's.
        mean: Mean of the segments.
        points: Limited sum of ± points.
        points_limit: Correction of the limit.
        department_coefficient: C_dept, also when it is not used on the score.
        vetoes: Hits, in no order.
        total: The unrounded total.
        result: The result.
        initial: Grade of the result under 等级封顶.
        grade_cap: The 等级封顶, if any.
        near: Grades whose bound is near.
        pool: Pool after merging: its name and settings.
        advisory: Whether the pool is too small for quotas.
        grade: Grade after the distribution.
        final_grade: Grade after calibration.
        final_result: Result after calibration.
        overruns: People above each cumulative limit of the pool, by grade.
        checks: Whether each line of ``dist_rules`` holds for the pool.
        rank: Rank in the pool.
        percentile: Percentile in the pool.
        bonus: The amount.
        lines: The receipt: path and printed value.
    """

    state: str
    reason: str = ""
    scheme: str = ""
    department: str = ""
    days: Fraction = Fraction(0)
    parts: Sequence[Part] = ()
    review: Review | None = None
    review_state: str = ""
    mr: Fraction | None = None
    mean: Fraction | None = None
    points: Fraction = Fraction(0)
    points_limit: Fraction = Fraction(0)
    department_coefficient: Fraction | None = None
    vetoes: Sequence[Veto] = ()
    total: Fraction | None = None
    result: Fraction | None = None
    initial: str | None = None
    grade_cap: str | None = None
    near: Sequence[str] = ()
    pool: tuple[str, str] | None = None
    advisory: bool = False
    grade: str | None = None
    final_grade: str | None = None
    final_result: Fraction | None = None
    overruns: Mapping[str, int] = field(default_factory=dict)
    checks: Sequence[bool] = ()
    rank: int | None = None
    percentile: Fraction | None = None
    bonus: Fraction | None = None
    lines: Sequence[tuple[str, Fraction]] = ()
