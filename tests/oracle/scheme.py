"""A canonical scheme document, typed; every default is the book's and scales along."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.composite import PartRules
from tests.oracle.distribution import Check
from tests.oracle.goals import GoalRules
from tests.oracle.grades import Band, check_bands, default_bands, position
from tests.oracle.metrics import Limits
from tests.oracle.numbers import BookError, Grid, Rounding, exact
from tests.oracle.raters import THRESHOLDS, GroupRule, RaterRules
from tests.oracle.weights import check

Document = Mapping[str, Any]


@dataclass(frozen=True)
class ItemRules:
    """Mode and policies of items."""

    mode: str
    missing: str
    equal: bool
    dimensions_equal: bool
    dimensions: Mapping[str, Fraction]
    letters: Mapping[str, Sequence[tuple[str, Fraction | None]]]


@dataclass(frozen=True)
class Distribution:
    """S10 under one scheme; two schemes with one ``identity`` may share a pool."""

    control: str
    rounding: str
    larger_share: bool
    plus_one: bool
    ties: str
    min_n: int
    checks: Sequence[Check]
    identity: str


@dataclass(frozen=True)
class DepartmentRules:
    """S8 under one scheme."""

    use: str
    one_without: bool
    linkage: bool
    linked: Sequence[str]


@dataclass(frozen=True)
class PeriodRules:
    """S11 under one scheme."""

    shortest: int
    min_days: int | None
    absence_above: Fraction | None
    home: str


@dataclass(frozen=True)
class BonusRules:
    """S12 under one scheme; a table row without a key holds for all."""

    form: str
    weights: Mapping[str, Fraction]
    factors: Mapping[str, Fraction]
    table: Sequence[Mapping[str, str | None]]
    decimals: int


@dataclass(frozen=True)
class Scheme:
    """One scheme."""

    key: str
    scale: Fraction
    decimals: int
    result_mode: str
    grid: Grid
    limits: Limits
    parts: PartRules
    formula: str
    items: ItemRules
    raters: RaterRules
    goals: GoalRules
    total_floor: Fraction
    total_cap: Fraction
    points_cap: Fraction | None
    bands: Sequence[Band]
    near: Fraction
    distribution: Distribution
    departments: DepartmentRules
    periods: PeriodRules
    bonus: BonusRules
    snapshot: str | None


def number(value: object) -> Fraction:
    """A number of the document: text, whole or Decimal, never a float."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BookError("scheme_number", repr(value))
    return exact(format(value, "f") if isinstance(value, Decimal) else str(value))


def amount(block: Document, key: str, default: Fraction) -> Fraction:
    """A number with a default."""
    return default if block.get(key) is None else number(block[key])


def maybe(block: Document, key: str) -> Fraction | None:
    """A number that may be none."""
    return None if block.get(key) is None else number(block[key])


def choice(block: Document, key: str, *known: str) -> str:
    """A policy word; the first known one is the default."""
    value = str(block.get(key) or known[0])
    if value not in known:
        raise BookError("policy", key, value)
    return value


def count(block: Document, key: str, default: int) -> int:
    """A whole number with a default."""
    return int(amount(block, key, Fraction(default)))


def bands_of(document: Document, scale: Fraction) -> tuple[Band, ...]:
    """Grades of a document, best first."""
    rows: Sequence[Document] = document.get("grades") or ()
    if not rows:
        return default_bands(scale)
    bands = tuple(
        Band(
            str(row["name"]),
            maybe(row, "lower"),
            amount(row, "coefficient", Fraction(1)),
            maybe(row, "department_coefficient"),
            maybe(row, "cap_percent"),
            maybe(row, "target_percent"),
            maybe(row, "linkage_percent"),
        )
        for row in rows
    )
    check_bands(bands)
    return bands


def pass_bound(document: Document, bands: Sequence[Band]) -> Fraction | None:
    """Lower bound of the grade called 合格, by default the lowest one with a bound."""
    name = document.get("pass_grade") or ""
    bounds = [b.bound for b in bands if b.bound is not None]
    if name:
        return bands[position(str(name), bands)].bound
    return bounds[-1] if bounds else None


def parts_of(block: Document) -> PartRules:
    """Weights of the parts; ``equal`` gives every part with weight the same."""
    weights = {
        "kpi": amount(block, "kpi_weight", Fraction(100)),
        "mr": amount(block, "review_weight", Fraction(0)),
        "okr": amount(block, "okr_weight", Fraction(0)),
    }
    if block.get("equal"):
        weights = {name: Fraction(w > 0) for name, w in weights.items()}
    elif not block.get("formula"):
        check("parts", list(weights.values()))
    return PartRules(
        weights, choice(block, "missing", "renormalise", "hold", "zero"), amount(block, "min_coverage", Fraction(60))
    )


def items_of(block: Document) -> ItemRules:
    """Rules of items."""
    dimensions: Sequence[Document] = block.get("dimensions") or ()
    weights = {str(d["name"]): number(d["weight"]) for d in dimensions if d.get("weight") is not None}
    if weights and not block.get("dimensions_equal"):
        check("dimensions", list(weights.values()))
    return ItemRules(
        mode=choice(block, "mode", "total", "dimension", "sum"),
        missing=choice(block, "missing", "hold", "renormalise", "zero"),
        equal=bool(block.get("equal")),
        dimensions_equal=bool(block.get("dimensions_equal")),
        dimensions=weights,
        letters={
            str(d["name"]): [(str(b["name"]), maybe(b, "lower")) for b in d["bands"]]
            for d in dimensions
            if d.get("bands")
        },
    )


def raters_of(block: Document, scale: Fraction) -> RaterRules:
    """Rules of raters; under a formula a 360 that is 待补评 is missing, and the guards decide."""
    rows: Sequence[Document] = block.get("groups") or ()
    groups = {
        str(row["relation"]): GroupRule(
            relation=str(row["relation"]),
            weight=amount(row, "weight", Fraction(0)),
            threshold=count(row, "threshold", THRESHOLDS[str(row["relation"])]),
            trim=amount(row, "trim", Fraction(0)) / 100,
            required=bool(row.get("required", row["relation"] == "superior")),
            merge=choice(row, "when_short", "renormalise", "merge") == "merge",
        )
        for row in rows
    }
    if block.get("equal"):
        groups = {
            name: GroupRule(name, Fraction(1), rule.threshold, rule.trim, rule.required, rule.merge)
            for name, rule in groups.items()
        }
    elif groups:
        check("groups", [rule.weight for rule in groups.values()])
        for row in rows:
            if row.get("required") and groups[str(row["relation"])].weight == 0:
                raise BookError("required_without_weight", str(row["relation"]))
    return RaterRules(
        groups=groups,
        min_coverage=amount(block, "min_coverage", Fraction(60)),
        by_criterion=choice(block, "threshold_unit", "rater", "criterion") == "criterion",
        missing=choice(block, "missing", "renormalise", "hold", "zero"),
        dotted_as=str(block.get("dotted_as") or "superior"),
        outlier_points=amount(block, "outlier_points", scale / 5),
        scale=scale,
    )


def distribution_of(document: Document, bands: Sequence[Band]) -> Distribution:
    """Rules of the distribution, with the grades they speak of."""
    block: Document = document.get("distribution") or {}
    checks: Sequence[Document] = block.get("checks") or ()
    identity = json.dumps([block, [[b.name, str(b.cap), str(b.target)] for b in bands]], sort_keys=True, default=str)
    return Distribution(
        control=choice(block, "control", "hint", "cap", "exact"),
        rounding=choice(block, "rounding", "down", "up", "largest_remainder"),
        larger_share=choice(block, "remainder_tie", "larger_share", "better_grade") == "larger_share",
        plus_one=choice(block, "remainder_divisor", "n", "n_plus_1") == "n_plus_1",
        ties=choice(block, "ties", "lower", "upper", "ordered"),
        min_n=count(block, "min_n", 10),
        checks=[
            Check(
                frozenset(position(str(g), bands) for g in row["grades"]),
                str(row["sign"]),
                number(row["percent"]),
                choice(row, "rounding", "down", "up", "half_away"),
            )
            for row in checks
        ],
        identity=identity,
    )


def periods_of(block: Document) -> PeriodRules:
    """Rules of partial periods."""
    min_days = maybe(block, "min_days")
    return PeriodRules(
        count(block, "segment_min_days", 15),
        None if min_days is None else int(min_days),
        maybe(block, "absence_above"),
        choice(block, "home", "end", "longest"),
    )


def bonus_of(block: Document) -> BonusRules:
    """Rules of the bonus."""
    return BonusRules(
        form=choice(block, "form", "product", "sum"),
        weights={str(row["factor"]): number(row["weight"]) for row in block.get("weights") or ()},
        factors={str(name): number(value) for name, value in (block.get("factors") or {}).items()},
        table=[{k: None if v is None else str(v) for k, v in row.items()} for row in block.get("coefficients") or ()],
        decimals=count(block, "currency_decimals", 2),
    )


def parse(document: Document) -> Scheme:
    """Type a document.

    Args:
        document: The canonical scheme document.

    Returns:
        The scheme.
    """

    def block(name: str) -> Document:
        found: Document = document.get(name) or {}
        return found

    scale = amount(document, "scale", Fraction(100))
    bands = bands_of(document, scale)
    items, parts, total = block("items"), block("parts"), block("total")
    policies = {
        str(point): Rounding(
            int(number(rule["decimals"])), choice(rule, "mode", "half_away", "truncate", "up", "half_even")
        )
        for point, rule in block("rounding").items()
    }
    result = policies.pop("result", Rounding(count(document, "result_decimals", 2), "half_away"))
    formula = str(parts.get("formula") or "")
    severity, departments, goals = block("severity"), block("departments"), block("goals")
    return Scheme(
        key=str(document.get("key") or ""),
        scale=scale,
        decimals=result.decimals,
        result_mode=result.mode,
        grid=Grid(policies),
        limits=Limits(
            amount(items, "floor", Fraction(0)),
            amount(items, "cap", scale * 6 / 5),
            scale,
            pass_bound(document, bands),
        ),
        parts=parts_of(parts),
        formula=formula,
        items=items_of(items),
        raters=raters_of(block("raters"), scale),
        goals=GoalRules(
            choice(goals, "kr_method", "baseline", "ratio"),
            choice(goals, "kr_out_of_range", "clip", "refuse"),
            choice(goals, "empty_parent", "own", "zero", "missing"),
            same_person=choice(goals, "owner", "across", "same") == "same",
            scale=scale,
        ),
        total_floor=amount(total, "floor", Fraction(0)),
        total_cap=amount(total, "cap", scale * 6 / 5),
        points_cap=maybe(total, "adjustment_cap"),
        bands=bands,
        near=amount(document, "boundary_distance", scale / 100),
        distribution=distribution_of(document, bands),
        departments=DepartmentRules(
            choice(departments, "use", "bonus", "none", "score"),
            choice(departments, "no_grade", "error", "one") == "one",
            bool(departments.get("linkage")),
            [str(g) for g in departments.get("linked_grades") or ("S", "A")],
        ),
        periods=periods_of(block("periods")),
        bonus=bonus_of(block("bonus")),
        snapshot=str(severity.get("snapshot") or "") if severity.get("mode") == "adopt" else None,
    )
