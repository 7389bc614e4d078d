"""Quotas of grades for the calibration meeting and its guard; the rules themselves are those of scoring.

``hint`` warns, ``cap`` and ``exact`` bind, except in pools too small to. Source: scoring.md S10.
"""

from __future__ import annotations

from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.rulebook import department_grades, departments_of, grade_names, home_of, schemes_of
from huoban_perf.scoring.standing import Graded, Standing, stand_pools
from huoban_perf.sync.book import Book, Row


def final_grade(result: Row) -> str:
    """Return the grade a 核算结果 stands at: of the last approved 校准记录, else the first grade."""
    sheet = result.related("appraisal")
    if sheet is None:
        return result.text("initial_grade")
    approved = [row for row in result.book.of("calibration", "appraisal", sheet) if row.text("status") == "approved"]
    approved.sort(key=lambda row: (str(row["decided_on"] or ""), row.key))
    return approved[-1].text("new_grade") if approved else result.text("initial_grade")


def over_quota(context: JobContext, *, binding_only: bool) -> list[str]:
    """List every pool that has more people of a grade than places, or fails a check of 比例规则.

    Args:
        context: What stands.
        binding_only: Only what keeps the calibration from being finished.

    Returns:
        Chinese lines: pool, grades, count against places.
    """
    standings = stand_pools(
        _population(context),
        departments=departments_of(context.book),
        department_grades=department_grades(context),
        schemes=schemes_of(context),
    )
    return [_line(context.book, one) for one in standings if not one.is_fine and (one.binds or not binding_only)]


def _population(context: JobContext) -> list[Graded]:
    names = grade_names(context.book)
    people: list[Graded] = []
    for sheet in context.book.of("appraisal", "cycle", context.cycle):
        scheme, home = sheet.related("scheme"), home_of(sheet)
        if scheme is None or sheet.text("subject_kind") == "department":
            continue
        for result in context.book.of("score_result", "appraisal", sheet):
            if result.text("status") != "void":
                grade = names.get(final_grade(result))
                people.append(Graded(scheme=scheme.key, dept_code=home.key if home else None, grade=grade))
    return people


def _line(book: Book, one: Standing) -> str:
    pool = pool_label(book, one.pool)
    if one.check:
        return f"{pool} {one.n} 人, {one.check} 不满足: {one.count} 人"
    return f"{pool} {one.grades[-1]} 及以上 {one.count} 人, 名额 {one.places}"


def pool_label(book: Book, pool: str) -> str:
    """Return how people call a pool of scoring: its name, else its department's."""
    kind, _, name = pool.partition(":")
    if kind == "pool":
        options = book.app.schema.table("department").field("calibration_pool").options
        return next((option.labels.zh for option in options if option.address.key == name), name)
    row = book.find("department", name) if kind == "dept" else None
    return row.text("name") if row else "无部门"
