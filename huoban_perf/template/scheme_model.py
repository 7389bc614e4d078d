"""What the canonical scheme document may hold: keys and policy words, so that a mistake is named with its line.

Only the form is checked here and, in ``checks.scheme``, what must agree with the parameters; the meaning is the scoring
room's, which reads the same document.

Source: scoring.md S0–S15; data-model.md §1 rule 9 (policy words).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from huoban_perf.template.text_model import Flag, Number, Relation, Shown, Text, Weight, Whole

Percent = Annotated[Number, Field(ge=0, le=100)]
Missing = Literal["hold", "renormalise", "zero"]


class RoundingText(Text):
    """Decimals and direction at one point of rounding."""

    decimals: Annotated[Whole, Field(ge=0, le=6)]
    mode: Literal["half_away", "truncate", "up", "half_even"] = "half_away"


class PartsText(Text):
    """Weights of KPI, 360 and OKR (S7)."""

    kpi_weight: Weight | None = None
    review_weight: Weight | None = None
    okr_weight: Weight | None = None
    equal: Flag = False
    missing: Missing | None = None
    min_coverage: Percent | None = None
    formula: str | None = None


class LetterText(Text):
    """One step of a band table that only names a letter (S3)."""

    name: Shown
    lower: Number | None = None


class DimensionText(Text):
    """One dimension of items (S3)."""

    name: Shown
    weight: Weight | None = None
    bands: tuple[LetterText, ...] = ()


class ItemsText(Text):
    """How metric scores become the KPI score (S1–S3)."""

    mode: Literal["total", "dimension", "sum"] = "total"
    equal: Flag = False
    dimensions_equal: Flag = False
    missing: Missing | None = None
    floor: Number | None = None
    cap: Number | None = None
    dimensions: tuple[DimensionText, ...] = ()


class GroupText(Text):
    """One group of raters (S4)."""

    relation: Relation
    weight: Weight = Decimal(0)
    threshold: Annotated[Whole, Field(ge=1, le=1000)] | None = None
    trim: Annotated[Number, Field(ge=0, lt=50)] | None = None
    when_short: Literal["renormalise", "merge"] | None = None
    required: Flag | None = None


class RatersText(Text):
    """How forms become the 360 score (S4)."""

    groups: tuple[GroupText, ...] = ()
    equal: Flag = False
    missing: Missing | None = None
    min_coverage: Percent | None = None
    threshold_unit: Literal["rater", "criterion"] | None = None
    dotted_as: Relation | None = None
    outlier_points: Number | None = None


class GoalsText(Text):
    """How goal trees and OKRs are counted (S3, S7)."""

    kr_method: Literal["baseline", "ratio"] | None = None
    kr_out_of_range: Literal["clip", "refuse"] | None = None
    empty_parent: Literal["own", "zero", "missing"] | None = None
    owner: Literal["across", "same"] | None = None


class TotalText(Text):
    """Limits of the points entries and of the total (S7)."""

    floor: Number | None = None
    cap: Number | None = None
    adjustment_cap: Weight | None = None


class GradeText(Text):
    """One grade, best first (S9)."""

    name: Shown
    lower: Number | None = None
    coefficient: Weight | None = None
    cap_percent: Percent | None = None
    target_percent: Percent | None = None
    department_coefficient: Weight | None = None
    linkage_percent: Percent | None = None


class CheckText(Text):
    """One distribution check (S10)."""

    grades: tuple[Shown, ...] = Field(min_length=1)
    sign: Literal["<=", "=", ">="] = "<="
    percent: Percent
    rounding: Literal["down", "up", "half_away"] | None = None


class DistributionText(Text):
    """Quotas of grades over merged pools (S10)."""

    control: Literal["hint", "cap", "exact"] | None = None
    rounding: Literal["down", "up", "largest_remainder"] | None = None
    remainder_tie: Literal["larger_share", "better_grade"] | None = None
    remainder_divisor: Literal["n", "n_plus_1"] | None = None
    ties: Literal["lower", "upper", "ordered"] | None = None
    min_n: Annotated[Whole, Field(ge=1)] | None = None
    checks: tuple[CheckText, ...] = ()


class DepartmentsText(Text):
    """Use of the department's own grade (S8)."""

    use: Literal["bonus", "none", "score"] | None = None
    no_grade: Literal["error", "one"] | None = None
    linkage: Flag = False
    linked_grades: tuple[Shown, ...] | None = None


class PeriodsText(Text):
    """Partial periods, transfers and who takes part (S11)."""

    segment_min_days: Annotated[Whole, Field(ge=0)] | None = None
    min_days: Annotated[Whole, Field(ge=0)] | None = None
    absence_above: Annotated[Whole, Field(ge=0)] | None = None
    home: Literal["end", "longest"] | None = None


class CoefficientText(Text):
    """One row of a coefficient table with further keys (S12)."""

    grade: Shown
    job_level: str | None = None
    position: str | None = None
    scheme: str | None = None
    coefficient: Weight


class FactorText(Text):
    """Weight of one factor in the sum form (S12)."""

    factor: Shown
    weight: Weight


class BonusText(Text):
    """How a grade becomes money (S12)."""

    form: Literal["product", "sum"] | None = None
    weights: tuple[FactorText, ...] = ()
    factors: dict[str, Number] = Field(default_factory=dict)
    coefficients: tuple[CoefficientText, ...] = ()
    currency_decimals: Annotated[Whole, Field(ge=0, le=4)] | None = None


class SeverityText(Text):
    """Rater severity (S5)."""

    mode: Literal["off", "hint", "adopt"] | None = None
    snapshot: str | None = None
    rater_lambda: Weight | None = None
    subject_lambda: Weight | None = None


class FairnessText(Text):
    """Small-sample guards of the group-disparity check (S14)."""

    min_people: Annotated[Whole, Field(ge=1)] | None = None
    min_share_percent: Percent | None = None
    ratio: Annotated[Number, Field(ge=0, le=1)] | None = None


class HintsText(Text):
    """Thresholds of the rater-quality hints (S15)."""

    severity_points: Weight | None = None
    severity_min_forms: Annotated[Whole, Field(ge=0)] | None = None
    central_ratio: Weight | None = None
    halo_spread: Weight | None = None
    halo_share_percent: Percent | None = None
    self_gap: Weight | None = None
    quick_seconds: Annotated[Whole, Field(ge=0)] | None = None
    recency_share_percent: Percent | None = None
    recency_days_percent: Percent | None = None
    extreme_share_percent: Percent | None = None


class SchemeText(Text):
    """The scheme document: ``scheme.yaml``."""

    key: Shown
    name: Shown
    version: Shown
    scale: Annotated[Number, Field(gt=0)] = Decimal(100)
    result_decimals: Annotated[Whole, Field(ge=0, le=6)] | None = None
    rounding: dict[str, RoundingText] = Field(default_factory=dict)
    parts: PartsText = PartsText()
    items: ItemsText = ItemsText()
    raters: RatersText = RatersText()
    goals: GoalsText = GoalsText()
    total: TotalText = TotalText()
    grades: tuple[GradeText, ...] = ()
    """Best first; the last has no lower bound."""
    pass_grade: Shown | None = None
    boundary_distance: Weight | None = None
    distribution: DistributionText = DistributionText()
    departments: DepartmentsText = DepartmentsText()
    periods: PeriodsText = PeriodsText()
    bonus: BonusText = BonusText()
    severity: SeverityText = SeverityText()
    fairness: FairnessText = FairnessText()
    hints: HintsText = HintsText()
