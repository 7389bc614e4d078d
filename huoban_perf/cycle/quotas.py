"""Quotas of grades as 等级规则 states them: how many of each pool may have a grade or a better one.

A first look for the calibration meeting and its guard; the engine's own ranking and quotas stand in ``scoring``.
``hint`` warns, ``cap`` binds. Source: scoring.md S10 (caps are cumulative from the top, ``down`` is the default).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_UP, Decimal

from huoban_perf.cycle.context import JobContext
from huoban_perf.sync.book import Row


def final_grade(result: Row) -> str:
    """Return the grade a 核算结果 stands at: of the last approved 校准记录, else the first grade."""
    sheet = result.related("appraisal")
    if sheet is None:
        return result.text("initial_grade")
    approved = [row for row in result.book.of("calibration", "appraisal", sheet) if row.text("status") == "approved"]
    approved.sort(key=lambda row: (str(row["decided_on"] or ""), row.key))
    return approved[-1].text("new_grade") if approved else result.text("initial_grade")


def over_quota(context: JobContext, *, binding_only: bool) -> list[str]:
    """List every pool and grade that has more people than its cap.

    Args:
        context: What stands.
        binding_only: Only schemes whose 等级比例控制 binds.

    Returns:
        Chinese lines: pool, grades, count against cap.
    """
    pools: dict[tuple[str, str], list[str]] = {}
    schemes: dict[str, Row] = {}
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        scheme, department = sheet.related("scheme"), sheet.related("department")
        for result in context.book.of("score_result", "appraisal", sheet):
            grade = final_grade(result)
            if grade and scheme is not None and result.text("status") != "void":
                pool = (department.text("calibration_pool") or department.text("name")) if department else "-"
                schemes[scheme.key] = scheme
                pools.setdefault((scheme.key, pool), []).append(grade)
    faults: list[str] = []
    for (key, pool), grades in sorted(pools.items()):
        scheme = schemes[key]
        if not binding_only or scheme.text("distribution_control") in {"cap", "exact"}:
            faults += _over(scheme, pool, grades)
    return faults


def _over(scheme: Row, pool: str, grades: list[str]) -> Iterator[str]:
    if len(grades) < int(scheme.number("distribution_minimum") or 10):
        return
    options = scheme.book.app.schema.table("grade_band").field("grade").options
    order = [option.address.key for option in options]
    labels = {option.address.key: option.labels.zh for option in options}
    caps = {row.text("grade"): row.number("cap_percent") for row in scheme.book.of("grade_band", "scheme", scheme)}
    allowed = Decimal(0)
    count = 0
    rounding = ROUND_UP if scheme.text("quota_rounding") == "up" else ROUND_DOWN
    for grade in order:
        cap = caps.get(grade)
        if cap is None:
            return
        allowed += cap
        count += grades.count(grade)
        places = int((allowed * len(grades) / 100).to_integral_value(rounding=rounding))
        if count > places:
            yield f"{pool} {labels[grade]} 及以上 {count} 人, 名额 {places}"
