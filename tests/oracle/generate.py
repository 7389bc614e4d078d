"""Hypothesis strategies of whole cycles: frames and schemes that are valid together.

``cycles(rules)`` draws cycles that exercise the named rules (``draws.RULES``) and leave the book's defaults in
force for all others, so that an engine can be compared stage by stage as its rules appear.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import strategies as st

from tests.oracle.draw_forms import draw_reviews
from tests.oracle.draw_items import Work, draw_work
from tests.oracle.draw_people import Company, company, sheet
from tests.oracle.draw_schemes import Common, common, scheme
from tests.oracle.draws import RULES, Cycle, Document, Maker, decimal
from tests.oracle.words import Row

__all__ = ["RULES", "Cycle", "cycles"]
OF_DEPARTMENTS = "部门方案"


def department_scheme(shared: Common) -> Document:
    """A scheme for departments that always gives them a grade."""
    document: Document = {"key": OF_DEPARTMENTS, "scale": decimal(shared.scale), "departments": {"use": "none"}}
    if shared.grades is not None:
        document["grades"] = shared.grades
    return document


def points(maker: Maker, people: Company, shared: Common) -> list[Row]:
    """± points of some people, not all approved."""
    if not maker.on("points"):
        return []
    return [
        {
            "kind": "个人",
            "subject": code,
            "type": maker.pick(("加分", "减分")),
            "points": maker.scaled(0, 12, shared.scale),
            "reason": f"事由{index}",
            "approver": "E-hr",
            "status": maker.pick(("已批", "待批")),
        }
        for code in people.staff
        for index in range(maker.pick((0, 1, 2)))
    ]


def calibration(maker: Maker, people: Company, work: Work, shared: Common) -> list[Row]:
    """Decisions on some people; none where 等级封顶 could forbid them."""
    if not maker.on("calibration") or any(m.get("veto_action") == "grade_cap" for m in work.metrics):
        return []
    rows: list[Row] = []
    for code in people.staff:
        for index in range(maker.pick((0, 0, 1, 2))):
            name, bound = maker.pick(shared.bounds)
            score = (bound if bound is not None else Fraction(0)) if maker.coin() else None
            rows.append(
                {
                    "kind": "个人",
                    "subject": code,
                    "type": "校准",
                    "status": maker.pick(("已批", "待批", "驳回")),
                    "new_grade": name,
                    "new_score": None if score is None else decimal(score),
                    "reason": "会议决定",
                    "approver": "E-hr",
                    "at": f"2026-07-0{index + 1}T09:00:00",
                }
            )
    return rows


def appeals(maker: Maker, people: Company, shared: Common) -> list[Row]:
    """Groups struck out and decided 360 scores."""
    rows: list[Row] = []
    for code in people.staff:
        if not maker.rarely("appeals"):
            continue
        row: Row = {"kind": "个人", "subject": code, "object": "评价", "reason": "程序有误", "handler": "E-hr"}
        if maker.coin():
            rows.append(row | {"action": "剔除整组", "relation": maker.pick(("peer", "customer", "subordinate"))})
        else:
            rows.append(row | {"action": "裁定得分", "value": maker.scaled(50, 100, shared.scale)})
    return rows


def pay(maker: Maker, people: Company) -> tuple[list[Row], list[Row], list[Row]]:
    """Bases, pools and named factors."""
    if not maker.on("bonus"):
        return [], [], []
    names = maker.subset(("池一", "池二"))
    bases: list[Row] = [
        {"emp_no": code, "base": maker.number(1, 30_000), "pool": maker.pick((None, *names))}
        for code in people.staff
        if maker.coin()
    ]
    pools: list[Row] = [{"pool": n, "amount": maker.number(0, 90_000), "decimals": "2"} for n in names]
    factors: list[Row] = [
        {"kind": "个人", "subject": code, "factor": "项目系数", "value": maker.number(1, 2)}
        for code in people.staff
        if maker.rarely("bonus")
    ]
    return bases, pools, factors


def graded(maker: Maker, people: Company) -> list[str]:
    """Departments that are scored: every root, and some below."""
    if not maker.on("departments"):
        return []
    return [str(d["dept_code"]) for d in people.departments if d["parent_code"] is None or maker.coin()]


def keys_of(maker: Maker) -> Sequence[str]:
    """Schemes for people: one, or two."""
    return ("方案甲", "方案乙") if maker.maybe("schemes") else ("方案甲",)


@st.composite
def cycles(draw: st.DrawFn, rules: frozenset[str] = RULES, people: int = 6) -> Cycle:
    """Draw a valid cycle.

    Args:
        draw: Hypothesis' own.
        rules: What the cycle may exercise.
        people: Most people.

    Returns:
        Frames and schemes.
    """
    maker = Maker(draw, rules)
    shared = common(maker)
    schemes = {key: scheme(maker, key, shared) for key in keys_of(maker)}
    staff = company(maker, list(schemes), people)
    units = graded(maker, staff)
    work = draw_work(maker, staff, shared, units)
    reviews = draw_reviews(maker, staff, list(schemes.values()), shared)
    bases, pools, factors = pay(maker, staff)
    frames = {
        "cycle": staff.cycle,
        "departments": staff.departments,
        "people": staff.people,
        "assignments": staff.assignments,
        "appraisals": staff.appraisals + [sheet("部门", code, OF_DEPARTMENTS) for code in units],
        "metrics": work.metrics,
        "items": work.items,
        "actuals": work.actuals,
        "goals": work.goals,
        "forms": reviews.forms,
        "ratings": reviews.ratings,
        "criteria": reviews.criteria,
        "rater_adjustments": reviews.rater_adjustments,
        "points": points(maker, staff, shared),
        "factors": factors,
        "calibration": calibration(maker, staff, work, shared),
        "appeal_decisions": appeals(maker, staff, shared),
        "pay": bases,
        "pools": pools,
    }
    if units:
        schemes[OF_DEPARTMENTS] = department_scheme(shared)
    return Cycle({name: rows for name, rows in frames.items() if rows}, schemes)
