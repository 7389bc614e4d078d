"""Ranking people in their merged pools, giving grades by quota, and reporting what exceeds it.

Source: scoring.md S10.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring.calibrate import GRADE_COLUMNS, RANKS, percentile_sql
from huoban_perf.scoring.pools import Department, Merged, merge_pools, pool_tree, sql_pool_name
from huoban_perf.scoring.quotas import Assigned, Block, assign_capped, assign_exact, check_holds, cumulative_quotas
from huoban_perf.scoring.rounding import sql_literal, text_of
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.workbench import Row, Workbench, fill, sql_values

_COUNTS: Final = """
SELECT o.scheme, $pool AS pool, count(o.result) AS n, count(*) FILTER (WHERE o.status = '待补评') AS waiting
FROM out_results AS o JOIN s_subject AS s USING (kind, subject) LEFT JOIN t_departments AS d ON d.dept_code = s.dept_code
WHERE o.kind = 'person' AND o.status <> '不参评' GROUP BY ALL ORDER BY ALL
"""

_SUGGESTED: Final = """
SELECT r.*, coalesce(p.grade, r.first_grade) AS suggested_grade, p.note
FROM s_rank AS r LEFT JOIN $moves AS p ON p.settings = r.settings AND p.pool = r.pool AND p.allowed = r.place
  AND r.ord BETWEEN p.first AND p.last
"""

_MOVE_COLUMNS: Final = (
    "settings BIGINT, pool VARCHAR, allowed BIGINT, first BIGINT, last BIGINT, grade VARCHAR, note VARCHAR"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pools:
    """The merged pools of a run.

    Attributes:
        settings: Scheme key → number of its distribution settings; schemes with equal settings and grades share one.
        schemes: Number → one scheme with these settings.
        merged: (settings, pool) → where its people are ranked.
        waiting: (settings, merged pool) → people still 待补评.
    """

    settings: Mapping[str, int]
    schemes: Mapping[int, Scheme]
    merged: Mapping[tuple[int, str], Merged]
    waiting: Mapping[tuple[int, str], int]


def rank_people(bench: Workbench, schemes: Mapping[str, Scheme], grades: list[Row]) -> Pools:
    """Merge the pools and rank everyone with a result.

    Args:
        bench: The workbench with ``out_results``, ``s_subject``, ``t_departments``.
        schemes: Schemes by key.
        grades: Rows of all schemes' grades.

    Returns:
        The merged pools.

    Makes ``s_rank``: a row a person with a result: ``pool``, ``pool_n``, ``rank``, ``ord`` (position that ties share),
    ``percentile_m``, ``place`` the best place allowed.

    Source: scoring.md S10 (population, merging, rank, percentile).
    """
    pools = _merge(bench, schemes)
    merged: list[Row] = [
        (key, pools.settings[key], pool, found.pool, found.n, found.is_advisory)
        for key in schemes
        for (settings, pool), found in pools.merged.items()
        if settings == pools.settings[key]
    ]
    exact = _listed([key for key, scheme in schemes.items() if scheme.distribution.control == "exact"])
    ordered = _listed([key for key, scheme in schemes.items() if scheme.distribution.ties == "ordered"])
    by_hand = fill(
        "CASE WHEN o.scheme IN $ordered THEN coalesce(o.$name, -1000000000000) ELSE 0 END DESC",
        ordered=ordered,
        name="$name",
    )
    bench.run(
        RANKS,
        percentile=percentile_sql(),
        allowed=fill("CASE WHEN o.scheme IN $exact THEN coalesce(c.place, 1) ELSE o.grade_place END", exact=exact),
        ordered=", ".join(fill(by_hand, name=name) for name in ("superior_n", "kpi_n")),
        merged=sql_values(
            merged, "scheme VARCHAR, settings BIGINT, pool VARCHAR, merged VARCHAR, n BIGINT, is_advisory BOOLEAN"
        ),
        pool=sql_pool_name("d"),
        grades=sql_values(grades, GRADE_COLUMNS),
    )
    return pools


def _listed(keys: list[str]) -> str:
    return "(" + ", ".join(sql_literal(key) for key in keys or [""]) + ")"


def _merge(bench: Workbench, schemes: Mapping[str, Scheme]) -> Pools:
    numbers: dict[object, int] = {}
    settings = {
        key: numbers.setdefault((s.distribution, s.grades, s.departments), len(numbers)) for key, s in schemes.items()
    }
    chosen = {settings[key]: scheme for key, scheme in schemes.items()}
    rows = bench.rows("SELECT dept_code, parent_code, calib_pool FROM t_departments")
    departments = {str(code): Department(str(code), _text(parent), _text(pool)) for code, parent, pool in rows}
    tree = pool_tree(departments)
    counts: dict[int, dict[str, int]] = {number: {} for number in chosen}
    waiting: dict[tuple[int, str], int] = {}
    for key, pool, n, waits in bench.rows(_COUNTS, pool=sql_pool_name("d")):
        number = settings[str(key)]
        counts[number][str(pool)] = counts[number].get(str(pool), 0) + int(str(n))
        waiting[number, str(pool)] = waiting.get((number, str(pool)), 0) + int(str(waits))
    merged = {
        (number, pool): found
        for number, sizes in counts.items()
        for pool, found in merge_pools(tree, sizes, least=chosen[number].distribution.min_n).items()
    }
    waits_by_merged: dict[tuple[int, str], int] = {}
    for (number, pool), waits in waiting.items():
        at = (number, merged[number, pool].pool)
        waits_by_merged[at] = waits_by_merged.get(at, 0) + waits
    return Pools(settings=settings, schemes=chosen, merged=merged, waiting=waits_by_merged)


def _text(cell: object) -> str | None:
    return None if cell is None else str(cell)


def suggest_grades(bench: Workbench, pools: Pools) -> str:
    """Give every person the grade the quotas allow.

    Args:
        bench: The workbench with ``s_rank`` and, with linkage, ``s_department``.
        pools: The merged pools.

    Returns:
        SQL of ``s_rank`` with ``suggested_grade`` and ``note``.

    Source: scoring.md S10 (``cap``, ``exact``; ``hint`` and small pools change nothing).
    """
    moves: list[Row] = []
    for number, scheme in pools.schemes.items():
        if scheme.distribution.control != "hint":
            blocks = _blocks(bench, number)
            limits = linked_limits(bench, scheme, number)
            for pool, (n, found) in blocks.items():
                moves += _moves(scheme, number, pool, cumulative_quotas(scheme, n, linked=limits.get(pool)), found)
    return fill(_SUGGESTED, moves=sql_values(moves, _MOVE_COLUMNS))


def _blocks(bench: Workbench, number: int) -> dict[str, tuple[int, list[tuple[Block, Row]]]]:
    rows = bench.rows(
        "SELECT pool, any_value(pool_n), ord, place, count(*), any_value(result), any_value(superior_n), any_value(kpi_n)"
        " FROM s_rank WHERE settings = $number AND NOT is_advisory GROUP BY pool, ord, place ORDER BY pool, ord, place",
        number=number,
    )
    found: dict[str, tuple[int, list[tuple[Block, Row]]]] = {}
    for pool, n, position, place, count, *facts in rows:
        block = Block(int(str(position)), int(str(place)), int(str(count)))
        found.setdefault(str(pool), (int(str(n)), []))[1].append((block, tuple(facts)))
    return found


def _moves(
    scheme: Scheme, number: int, pool: str, cumulative: Sequence[int | None], found: list[tuple[Block, Row]]
) -> list[Row]:
    rules = scheme.distribution
    assign = assign_exact if rules.control == "exact" else assign_capped
    assigned = assign([block for block, _ in found], cumulative, ties=rules.ties)
    facts = dict(found)
    moves: list[Row] = []
    before: Assigned | None = None
    for entry in assigned:
        note = _note(scheme, entry, before, facts)
        moves.append(
            (
                number,
                pool,
                entry.block.place,
                entry.block.ord,
                entry.block.ord,
                scheme.grades[entry.place - 1].name,
                note,
            )
        )
        before = entry
    return _compressed(moves)


def _note(scheme: Scheme, entry: Assigned, before: Assigned | None, facts: Mapping[Block, Row]) -> str | None:
    """Say why people of one result got different grades, or why a tie was kept together."""
    if entry.is_over:
        return "同分不拆, 超出名额"
    if entry.is_unsplit:
        return "同分不拆, 按后一名次" if scheme.distribution.ties != "ordered" else "同分同序, 需人工排序并写明理由"
    if before is None or before.place == entry.place or scheme.distribution.ties != "ordered":
        return None
    (result, superior, kpi), (above, better, better_kpi) = facts[entry.block], facts[before.block]
    if result != above:
        return None
    if superior != better:
        return f"同分: 上级分 {_score(better)} > {_score(superior)}"
    return f"同分: 业绩分 {_score(better_kpi)} > {_score(kpi)}"


def _score(value_n: object) -> str:
    return "—" if value_n is None else text_of(int(str(value_n)), digits=9)


def _compressed(moves: list[Row]) -> list[Row]:
    """Join neighbouring blocks of one grade and no note into one interval."""
    kept: list[Row] = []
    last_of: dict[object, int] = {}
    for move in moves:
        at = last_of.get(move[2])
        if at is not None and move[6] is None and kept[at][5:] == move[5:]:
            kept[at] = (*kept[at][:4], move[4], *move[5:])
        else:
            last_of[move[2]] = len(kept)
            kept.append(move)
    return kept


def linked_limits(bench: Workbench, scheme: Scheme, number: int) -> dict[str, int]:
    """Return the cap on the best grades of each pool from its departments' own grades.

    Args:
        bench: The workbench with ``s_rank`` and ``s_department``.
        scheme: A scheme of these settings.
        number: Number of the settings.

    Returns:
        Pool → most people with a linked grade; empty without linkage.

    Source: scoring.md S8 (over a pool ⌊Σ p_d·n_d⌋).
    """
    if not scheme.departments.linkage:
        return {}
    rows = bench.rows(
        "SELECT r.pool, CAST(sum(coalesce(d.linkage_d4, 1000000)) AS BIGINT) // 1000000 FROM s_rank AS r"
        " LEFT JOIN s_department AS d USING (dept_code) WHERE r.settings = $number GROUP BY r.pool",
        number=number,
    )
    return {str(pool): int(str(limit)) for pool, limit in rows}


def report_pools(bench: Workbench, pools: Pools) -> None:
    """Write what each pool has, may have, and which checks fail.

    Args:
        bench: The workbench with ``s_rank`` and ``out_grades``.
        pools: The merged pools.

    Makes rows of ``out_pools`` (pool × grade) and ``out_checks`` (pool × check).

    Source: scoring.md S10 (finalising is refused while a cap is exceeded or anyone is 待补评).
    """
    counts = bench.rows(
        "SELECT r.settings, r.pool, any_value(r.pool_n), bool_or(r.is_advisory), g.first_grade, g.suggested_grade, g.final_grade, count(*)"
        " FROM s_rank AS r JOIN out_grades AS g USING (kind, subject) GROUP BY r.settings, r.pool, g.first_grade, g.suggested_grade, g.final_grade"
    )
    tallies: dict[tuple[int, str], list[Row]] = {}
    for settings, pool, *facts in counts:
        tallies.setdefault((int(str(settings)), str(pool)), []).append(tuple(facts))
    rows: list[Row] = []
    checks: list[Row] = []
    for (number, pool), tally in sorted(tallies.items()):
        scheme = pools.schemes[number]
        limit = linked_limits(bench, scheme, number).get(pool)
        cumulative = cumulative_quotas(scheme, int(str(tally[0][0])), linked=limit)
        rows += _pool_rows(scheme, pool, tally, cumulative, pools.waiting.get((number, pool), 0))
        checks += _check_rows(scheme, pool, tally)
    bench.run("INSERT INTO out_pools $rows", rows=sql_values(rows, _POOL_COLUMNS))
    bench.run("INSERT INTO out_checks $rows", rows=sql_values(checks, _CHECK_COLUMNS))


_POOL_COLUMNS: Final = (
    "scheme VARCHAR, pool VARCHAR, n BIGINT, waiting BIGINT, is_advisory BOOLEAN, place BIGINT, grade VARCHAR, quota BIGINT,"
    " first_count BIGINT, suggested_count BIGINT, final_count BIGINT, is_over BOOLEAN"
)
_CHECK_COLUMNS: Final = "scheme VARCHAR, pool VARCHAR, check_text VARCHAR, n BIGINT, count BIGINT, holds BOOLEAN"


def _pool_rows(
    scheme: Scheme, pool: str, tally: list[Row], cumulative: Sequence[int | None], waiting: int
) -> list[Row]:
    rows: list[Row] = []
    so_far = 0
    n, is_advisory = int(str(tally[0][0])), bool(tally[0][1])
    for place, (grade, quota) in enumerate(zip(scheme.grades, cumulative, strict=True), 1):
        first, suggested, final = (_tally(tally, column, {grade.name}) for column in (2, 3, 4))
        so_far += final
        over = quota is not None and so_far > quota
        rows.append(
            (scheme.key, pool, n, waiting, is_advisory, place, grade.name, quota, first, suggested, final, over)
        )
    return rows


def _tally(tally: list[Row], column: int, names: set[str]) -> int:
    return sum(int(str(row[5])) for row in tally if str(row[column]) in names)


def _check_rows(scheme: Scheme, pool: str, tally: list[Row]) -> list[Row]:
    n = int(str(tally[0][0]))
    rows: list[Row] = []
    for check in scheme.distribution.checks:
        count = _tally(tally, 4, set(check.grades))
        text = f"{'+'.join(check.grades)} {check.sign} {text_of(check.percent_d4, digits=4)}%"
        rows.append((scheme.key, pool, text, n, count, check_holds(check, count, n)))
    return rows
