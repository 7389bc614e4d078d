"""A scheme: every rule and policy a company chooses for a cycle, as frozen blocks that check themselves.

Numbers are ten-thousandths (``_d4``). The document form is described at ``scheme_document.parse_scheme``.

Source: scoring.md S0–S15 (defaults stand beside each option).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.errors import SchemeError
from huoban_perf.scoring.options import (
    Place,
    block,
    blocks,
    choice,
    flag,
    names,
    number,
    read_rounding,
    table,
    text,
    whole,
)
from huoban_perf.scoring.rounding import Rounding, parse_d4, text_of
from huoban_perf.scoring.scheme_checks import scheme_problems

POINTS: Final = (
    "rating", "rater", "group", "review", "item", "dimension", "kpi", "goal", "kr", "objective", "okr",
    "formula", "composite", "segments", "department", "result",
)  # fmt: skip
"""The quantisation points at which a company may round (S0)."""

THRESHOLDS: Final[Mapping[str, int]] = {
    "self": 1, "superior": 1, "upper": 1, "dotted": 1, "peer": 3, "subordinate": 3, "customer": 3,
}  # fmt: skip
"""Least number of raters for a group to be visible (S4.6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One step of a band table that only names a letter (S3); the lowest has no bound."""

    name: str = text()
    lower_d4: int | None = number(low=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Weights of KPI, 360 and OKR, and what replaces the weighted sum (S7)."""

    kpi_weight_d4: int = number("100")
    review_weight_d4: int = number("0")
    okr_weight_d4: int = number("0")
    equal: bool = flag(default=False)
    missing: str = choice("renormalise", "hold", "zero")
    min_coverage_d4: int = number("60", high="100")
    formula: str = text()
    kpi_bands: tuple[Letter, ...] = blocks(Letter)
    review_bands: tuple[Letter, ...] = blocks(Letter)
    okr_bands: tuple[Letter, ...] = blocks(Letter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One dimension of items (S3): its weight in mode ``dimension``, and a letter that never enters the total."""

    name: str = text()
    weight_d4: int | None = number()
    bands: tuple[Letter, ...] = blocks(Letter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """How metric scores become the KPI score (S1–S3)."""

    mode: str = choice("total", "dimension", "sum")
    equal: bool = flag(default=False)
    dimensions_equal: bool = flag(default=False)
    missing: str = choice("hold", "renormalise", "zero")
    floor_d4: int = number("0", low=None, scaled=True)
    cap_d4: int = number("120", low=None, scaled=True)
    dimensions: tuple[Dimension, ...] = blocks(Dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaterGroup:
    """One group of raters: weight, anonymity, trimming, and what happens when it is too small (S4)."""

    relation: str = text()
    weight_d4: int = number("0")
    threshold: int | None = whole(low=1, high=1000)
    trim_d4: int = number("0", high="49.9999")
    when_short: str = choice("renormalise", "merge")
    required: bool | None = flag(default=None)

    @property
    def least(self) -> int:
        """Least number of counted raters for the group to be visible (S4.6)."""
        return THRESHOLDS.get(self.relation, 3) if self.threshold is None else self.threshold

    @property
    def is_required(self) -> bool:
        """Whether there is no score without this group if it weighs anything; by default only 上级 (S4.5)."""
        return self.relation == "superior" if self.required is None else self.required


@dataclass(frozen=True, slots=True, kw_only=True)
class Raters:
    """How forms become the 360 score (S4)."""

    groups: tuple[RaterGroup, ...] = blocks(RaterGroup)
    equal: bool = flag(default=False)
    missing: str = choice("renormalise", "hold", "zero")
    min_coverage_d4: int = number("60", high="100")
    threshold_unit: str = choice("rater", "criterion")
    dotted_as: str = choice("superior", "self", "upper", "dotted", "peer", "subordinate", "customer")
    outlier_points_d4: int = number("20", scaled=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """How goal trees and OKRs are counted (S3, S7)."""

    kr_method: str = choice("baseline", "ratio")
    kr_out_of_range: str = choice("clip", "refuse")
    empty_parent: str = choice("own", "zero", "missing")
    owner: str = choice("across", "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Limits of the points entries and of the total (S7)."""

    floor_d4: int = number("0", low=None, scaled=True)
    cap_d4: int = number("120", low=None, scaled=True)
    adjustment_cap_d4: int | None = number(scaled=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One grade: lower bound (none for the lowest), pay coefficient, quotas, department figures (S8, S9, S10)."""

    name: str = text()
    lower_d4: int | None = number(low=None, scaled=True)
    coefficient_d4: int = number("1")
    cap_percent_d4: int | None = number(high="100")
    target_percent_d4: int | None = number(high="100")
    department_coefficient_d4: int | None = number()
    linkage_percent_d4: int | None = number(high="100")


def _default_grades() -> tuple[Grade, ...]:
    rows = (
        ("S", "95", "1.5", "1.2", "40"),
        ("A", "85", "1.2", "1.1", "35"),
        ("B", "70", "1.0", "1.0", "30"),
        ("C", "60", "0.8", "0.9", "20"),
        ("D", None, "0", "0.8", "10"),
    )
    return tuple(
        Grade(
            name=name,
            lower_d4=None if lower is None else parse_d4(lower),
            coefficient_d4=parse_d4(coefficient),
            department_coefficient_d4=parse_d4(department),
            linkage_percent_d4=parse_d4(linkage),
        )
        for name, lower, coefficient, department, linkage in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One distribution check: a set of grades against a share of the people (S10)."""

    grades: tuple[str, ...] = names()
    sign: str = choice("<=", "=", ">=")
    percent_d4: int = number("0", high="100")
    rounding: str = choice("down", "up", "half_away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Quotas of grades over merged pools (S10)."""

    control: str = choice("hint", "cap", "exact")
    rounding: str = choice("down", "up", "largest_remainder")
    remainder_tie: str = choice("larger_share", "better_grade")
    remainder_divisor: str = choice("n", "n_plus_1")
    ties: str = choice("lower", "upper", "ordered")
    min_n: int = whole(10, low=1)
    checks: tuple[Check, ...] = blocks(Check)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departments:
    """Use of the department's own grade (S8)."""

    use: str = choice("bonus", "none", "score")
    no_grade: str = choice("error", "one")
    linkage: bool = flag(default=False)
    linked_grades: tuple[str, ...] = names("S", "A")


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Partial periods, transfers and who takes part (S11)."""

    segment_min_days: int = whole(15)
    min_days: int | None = whole()
    absence_above: int | None = whole()
    home: str = choice("end", "longest")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoefficientRow:
    """One row of a coefficient table with further keys; an empty key matches everyone (S12)."""

    grade: str = text()
    job_level: str = text()
    position: str = text()
    scheme: str = text()
    coefficient_d4: int = number("0")


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorWeight:
    """Weight of one factor in the sum form: ``grade``, ``department`` or a named factor (S12)."""

    factor: str = text()
    weight_d4: int = number("0")


def _read_number(value: object, place: Place) -> int:
    try:
        return parse_d4(value)
    except ValueError:
        place.fault("not_a_number", value=str(value))
        return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bonus:
    """How a grade becomes money (S12)."""

    form: str = choice("product", "sum")
    weights: tuple[FactorWeight, ...] = blocks(FactorWeight)
    factors: Mapping[str, int] = table(_read_number, lambda kept: text_of(kept, digits=4))
    coefficients: tuple[CoefficientRow, ...] = blocks(CoefficientRow)
    currency_decimals: int = whole(2, high=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """Rater severity: off, shown, or adopted from an approved snapshot (S5)."""

    mode: str = choice("off", "hint", "adopt")
    snapshot: str = text()
    rater_lambda_d4: int | None = number()
    subject_lambda_d4: int | None = number()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """Small-sample guards of the group-disparity check (S14)."""

    min_people: int = whole(5, low=1)
    min_share_percent_d4: int = number("2", high="100")
    ratio_d4: int = number("0.8", high="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Thresholds of the rater-quality hints (S15)."""

    severity_points_d4: int = number("5", scaled=True)
    severity_min_forms: int = whole(5)
    central_ratio_d4: int = number("0.5")
    halo_spread_d4: int = number("0.1")
    halo_share_percent_d4: int = number("80", high="100")
    self_gap_d4: int = number("15", scaled=True)
    quick_seconds: int = whole(60)
    recency_share_percent_d4: int = number("70", high="100")
    recency_days_percent_d4: int = number("25", high="100")
    extreme_share_percent_d4: int = number("10", high="50")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One scheme; building it checks it.

    Raises:
        SchemeError: The scheme contradicts itself; ``problems`` has every contradiction.
    """

    key: str = text()
    name: str = text()
    version: str = text("1")
    scale_d4: int = number("100", low="0.0001", high="1000000")
    result_decimals: int = whole(2, high=6)
    rounding: Mapping[str, Rounding] = table(read_rounding, lambda kept: {"decimals": kept.decimals, "mode": kept.mode})
    parts: Parts = block(Parts)
    items: Items = block(Items)
    raters: Raters = block(Raters)
    goals: Goals = block(Goals)
    total: Total = block(Total)
    grades: tuple[Grade, ...] = blocks(Grade, _default_grades, scaled=True)
    pass_grade: str = text()
    boundary_distance_d4: int = number("1", scaled=True)
    distribution: Distribution = block(Distribution)
    departments: Departments = block(Departments)
    periods: Periods = block(Periods)
    bonus: Bonus = block(Bonus)
    severity: Severity = block(Severity)
    fairness: Fairness = block(Fairness)
    hints: Hints = block(Hints)

    def __post_init__(self) -> None:
        """Refuse a scheme that contradicts itself."""
        problems = scheme_problems(self)
        if problems:
            raise SchemeError("scheme.invalid", facts={"scheme": self.key, "count": len(problems)}, problems=problems)

    @property
    def pass_bound_d4(self) -> int | None:
        """Lower bound of the grade that counts as 合格: the named one, else the lowest grade with a bound (S2)."""
        bounds = {grade.name: grade.lower_d4 for grade in self.grades if grade.lower_d4 is not None}
        return bounds.get(self.pass_grade, min(bounds.values(), default=None))

    def group(self, relation: str) -> RaterGroup | None:
        """Return the rater group of a relation.

        Args:
            relation: English key of the relation.

        Returns:
            The group, or None when the scheme does not ask this relation.
        """
        return next((group for group in self.raters.groups if group.relation == relation), None)
