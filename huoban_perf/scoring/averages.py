"""Averages over several people that may be published: visible cells only, and nothing to subtract a hidden one from.

Source: scoring.md S4.6 (published averages; complementary hiding).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.rounding import sql_quantise
from huoban_perf.scoring.scheme import THRESHOLDS
from huoban_perf.scoring.workbench import Connection, Workbench

WHOLE: Final = ""
"""Department code of the whole company."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """One published average.

    Attributes:
        dept_code: Department, empty for the company.
        relation: Rater group.
        people: People with a visible figure.
        raters: Their counted raters.
        mean_n: Mean of the visible figures, grid; None when hidden.
    """

    dept_code: str
    relation: str
    people: int
    raters: int
    mean_n: int | None


def publish_averages(connection: Connection, *, least: Mapping[str, int] = THRESHOLDS) -> tuple[Average, ...]:
    """Average the visible group figures of the last run by department and over the company.

    Args:
        connection: The connection ``score_cycle`` ran in with ``details``.
        least: Least raters behind an average, by relation.

    Returns:
        By relation, the company first. A department with too few raters is hidden; if it is the only one hidden under a
        shown company average, the next smallest is hidden, too.

    Source: scoring.md S4.6.
    """
    bench = Workbench(connection=connection)
    mean = sql_quantise("sum(CAST(g.score_n AS HUGEINT))", "count(*)")
    rows = bench.rows(
        "SELECT g.relation, coalesce(o.dept_code, '-'), grouping(o.dept_code), count(*), CAST(sum(g.n) AS BIGINT), $mean"
        " FROM out_groups AS g JOIN out_results AS o USING (kind, subject)"
        " WHERE g.score_n IS NOT NULL AND g.kind = 'person' GROUP BY GROUPING SETS ((g.relation, o.dept_code), (g.relation))"
        " ORDER BY 1, 3 DESC, 2",
        mean=mean,
    )
    by_relation: dict[str, list[Average]] = {}
    for relation, department, is_whole, people, raters, mean_n in rows:
        code = WHOLE if is_whole else str(department)
        average = Average(
            dept_code=code,
            relation=str(relation),
            people=int(str(people)),
            raters=int(str(raters)),
            mean_n=int(str(mean_n)),
        )
        by_relation.setdefault(average.relation, []).append(average)
    return tuple(
        average for relation, found in by_relation.items() for average in _guarded(found, least.get(relation, 3))
    )


def _guarded(averages: list[Average], least: int) -> list[Average]:
    hidden = hide_complement({a.dept_code: a.raters for a in averages if a.dept_code != WHOLE}, least)
    whole = sum(a.raters for a in averages if a.dept_code == WHOLE)
    return [
        Average(dept_code=a.dept_code, relation=a.relation, people=a.people, raters=a.raters, mean_n=None)
        if a.dept_code in hidden or whole < least
        else a
        for a in averages
    ]


def hide_complement(sizes: Mapping[str, int], least: int) -> frozenset[str]:
    """Tell which parts of a shown whole to hide.

    Args:
        sizes: Part → raters (or people) behind it.
        least: Least size of a part that may be shown.

    Returns:
        All parts under the threshold; with exactly one of them also the next smallest (equal: by code), since the whole
        minus the rest would give it away.

    Source: scoring.md S4.6.
    """
    hidden = {part for part, size in sizes.items() if size < least}
    shown = sorted((size, part) for part, size in sizes.items() if part not in hidden)
    if len(hidden) == 1 and shown:
        hidden.add(shown[0][1])
    return frozenset(hidden)
