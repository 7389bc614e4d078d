"""After the scores: departments first, then ranks, quotas, decisions and money.

Source: scoring.md S8 (departments are graded first), S10, S12.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.scoring.bonus import pay_bonuses
from huoban_perf.scoring.calibrate import UNRANKED, finalise, list_decisions
from huoban_perf.scoring.departments import grade_departments, weigh_departments
from huoban_perf.scoring.distribution import rank_people, report_pools, suggest_grades
from huoban_perf.scoring.frames import GivenFrame
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Row, Workbench


def grade_rows(schemes: Mapping[str, Scheme]) -> list[Row]:
    """List the grades of all schemes with their bounds.

    Args:
        schemes: Schemes by key.

    Returns:
        Rows (scheme, grade, place, lower bound, upper bound), bounds in 10⁻⁶, null where there is none.
    """
    rows: list[Row] = []
    for key, scheme in schemes.items():
        upper: int | None = None
        for place, grade in enumerate(scheme.grades, 1):
            lower = None if grade.lower_d4 is None else grade.lower_d4 * 100
            rows.append((key, grade.name, place, lower, upper))
            upper = lower
    return rows


def settle_departments(bench: Workbench, given: Mapping[str, GivenFrame], schemes: Mapping[str, Scheme]) -> None:
    """Fix the departments' grades and, where a scheme uses them, each person's department coefficient.

    Args:
        bench: The workbench with ``out_results`` of the departments.
        given: Which frames are given.
        schemes: Schemes by key.

    Source: scoring.md S8.
    """
    rows = grade_rows(schemes)
    has_decisions = given["calibration"].is_given
    if has_decisions:
        list_decisions(bench, rows, "department")
    finalise(bench, rows, ranked=UNRANKED, has_decisions=has_decisions)
    uses = {scheme.departments.use for scheme in schemes.values()}
    linked = any(scheme.departments.linkage for scheme in schemes.values())
    paid = "bonus" in uses and given["pay"].is_given
    if "score" in uses or paid or linked:
        grade_departments(bench, schemes)
    if "score" in uses or paid:
        weigh_departments(bench, schemes)


def settle_people(bench: Workbench, given: Mapping[str, GivenFrame], schemes: Mapping[str, Scheme]) -> None:
    """Rank the people, apply quotas and decisions, and compute bonuses.

    Args:
        bench: The workbench with ``out_results`` of everyone.
        given: Which frames are given.
        schemes: Schemes by key.

    Source: scoring.md S10, S12.
    """
    rows = grade_rows(schemes)
    has_decisions = given["calibration"].is_given
    if has_decisions:
        list_decisions(bench, rows, "person")
    pools = rank_people(bench, schemes, rows)
    finalise(bench, rows, ranked=suggest_grades(bench, pools), has_decisions=has_decisions)
    report_pools(bench, pools)
    if given["pay"].is_given:
        pay_bonuses(bench, schemes, has_factors=given["factors"].is_given, has_pools=given["pools"].is_given)
