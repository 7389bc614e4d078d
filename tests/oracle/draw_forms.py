"""Forms, ratings and criteria, and the adopted severity of raters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.oracle.draw_people import Company
from tests.oracle.draw_schemes import Common
from tests.oracle.draws import Document, Maker, decimal
from tests.oracle.words import Row

EXTERNAL = tuple(f"X{i}" for i in range(4))


@dataclass
class Reviews:
    """Rows of forms, ratings, criteria and rater_adjustments, as they grow."""

    forms: list[Row] = field(default_factory=list)
    ratings: list[Row] = field(default_factory=list)
    criteria: list[Row] = field(default_factory=list)
    rater_adjustments: list[Row] = field(default_factory=list)


def draw_reviews(maker: Maker, company: Company, schemes: Sequence[Document], shared: Common) -> Reviews:
    """Forms about everyone, under the relations that any scheme names."""
    reviews = Reviews()
    if not maker.on("raters"):
        return reviews
    kinds = ("甲表", "乙表")[: maker.whole(1, 2)]
    for kind in kinds:
        add_criteria(maker, reviews, kind, shared)
    named = [g["relation"] for s in schemes for g in s.get("raters", {}).get("groups", [])]
    relations = sorted(set(named) | ({"dotted"} if maker.on("relations") else set()))
    for code in company.staff:
        if maker.whole(0, 7):
            add_forms(maker, reviews, code, company.staff, relations, shared)
    if maker.on("severity"):
        raters = sorted({str(form["rater"]) for form in reviews.forms}) or [company.staff[0]]
        reviews.rater_adjustments += [
            {"snapshot": name, "rater": rater, "beta": maker.scaled(-10, 10, shared.scale), "n": "5", "component": "1"}
            for name in ("快照1", "快照2")
            for place, rater in enumerate(raters)
            if place == 0 or maker.coin()
        ]
    return reviews


def add_criteria(maker: Maker, reviews: Reviews, kind: str, shared: Common) -> None:
    """One to three criteria of a form: options with points, or numeric scales, some with a stated range."""
    names = ("能力", "态度", "协作")[: maker.whole(1, 3) if maker.on("criteria") else 1]
    for name, weight in zip(names, maker.weights(len(names)), strict=True):
        row: Row = {"form": kind, "criterion": name, "weight": weight}
        if maker.coin():
            low = maker.pick((1, 0, -2))
            row |= {"scale_min": str(low), "scale_max": str(low + maker.pick((4, 7, 10)))}
            if maker.rarely("criteria"):
                row |= {"to_min": maker.scaled(0, 40, shared.scale), "to_max": maker.scaled(60, 100, shared.scale)}
        reviews.criteria.append(row)


def add_forms(
    maker: Maker, reviews: Reviews, code: str, staff: Sequence[str], relations: Sequence[str], shared: Common
) -> None:
    """Forms about one person, no rater twice in one group."""
    groups: set[tuple[str, str]] = set()
    for relation in relations:
        group = shared.dotted_as if relation == "dotted" else relation
        pool = [code] if relation == "self" else [rater for rater in (*staff, *EXTERNAL) if rater != code]
        for _ in range(1 if relation == "self" else maker.pick((1, 3, 5, 2, 6, 0, 4))):
            rater = maker.pick(pool)
            alone = maker.on("relations") or relation == "self" or all(rater != other for _, other in groups)
            taken = {(group, rater), (relation, rater)} | ({("dotted", rater)} if group == shared.dotted_as else set())
            if taken & groups or not alone:
                continue
            groups |= {(group, rater), (relation, rater)}
            add_form(maker, reviews, code, relation, rater, shared)


def add_form(maker: Maker, reviews: Reviews, code: str, relation: str, rater: str, shared: Common) -> None:
    """One form with its ratings."""
    task = f"T{len(reviews.forms):03d}"
    kind = maker.pick(sorted({str(row["form"]) for row in reviews.criteria}))
    open_form = maker.rarely("missing_group")
    reviews.forms.append(
        {
            "task_no": task,
            "kind": "个人",
            "subject": code,
            "relation": relation,
            "rater": rater,
            "external": "是" if rater in EXTERNAL else None,
            "form": kind,
            "rater_weight": maker.number(1, 90) if maker.rarely("rater_weight") else None,
            "status": "待评" if open_form else "已提交",
            "conflict": "是" if maker.rarely("missing_group") else None,
        }
    )
    if open_form:
        return
    for criterion in [row for row in reviews.criteria if row["form"] == kind]:
        left_out = maker.rarely("criteria", 5)
        reviews.ratings.append(
            {
                "task_no": task,
                "criterion": criterion["criterion"],
                "score": None if left_out else rating(maker, criterion, shared),
                "na": "是" if left_out else None,
            }
        )


def rating(maker: Maker, criterion: Row, shared: Common) -> str:
    """A rating inside its scale."""
    if criterion.get("scale_min") is None:
        return maker.scaled(40, 100, shared.scale)
    low, high = Fraction(str(criterion["scale_min"])), Fraction(str(criterion["scale_max"]))
    return decimal(low + (high - low) * Fraction(maker.whole(0, 20), 20))
