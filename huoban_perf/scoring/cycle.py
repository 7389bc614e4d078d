"""One run of the engine: check everything, then score range by range, scheme by scheme.

Source: scoring.md S0 (order); design.md §8; performance.md §2 (ranges of people keep memory flat).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import duckdb

from huoban_perf.core.errors import Problem, ScoringError, ScoringInputError
from huoban_perf.scoring.actuals import gather_actuals
from huoban_perf.scoring.adoption import check_snapshots
from huoban_perf.scoring.answers import write_criteria
from huoban_perf.scoring.appeals import Appeals
from huoban_perf.scoring.composite import score_composite
from huoban_perf.scoring.departments import check_departments
from huoban_perf.scoring.forms import FormShape, load_criteria
from huoban_perf.scoring.frames import CycleFrames, GivenFrame, given_frames
from huoban_perf.scoring.goals import roll_up, score_okr, score_progress
from huoban_perf.scoring.hints import CREATE_FACTS, note_facts, write_hints
from huoban_perf.scoring.intake import read_frames
from huoban_perf.scoring.items import ItemFacts, item_problems, score_items
from huoban_perf.scoring.judging import ReviewOptions
from huoban_perf.scoring.kpi import score_kpi, weight_problems
from huoban_perf.scoring.metrics import load_metrics, store_metrics
from huoban_perf.scoring.outcomes import settle_departments, settle_people
from huoban_perf.scoring.outliers import flag_outliers
from huoban_perf.scoring.raters import score_reviews, weight_of
from huoban_perf.scoring.receipt_print import write_receipts
from huoban_perf.scoring.results import (
    create_outputs,
    note_exclusions,
    write_forms,
    write_items,
    write_not_appraised,
    write_results,
)
from huoban_perf.scoring.rounding import sql_half_away, sql_literal
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.segments import cut_segments, place_segments
from huoban_perf.scoring.subjects import list_subjects
from huoban_perf.scoring.totals import score_totals
from huoban_perf.scoring.workbench import Connection, Workbench

ROW_GROUP: Final = 122_880
"""Rows that DuckDB gives to one thread at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOptions:
    """How a run is made; none of these changes a score.

    Attributes:
        skip_bad_rows: Score without the bad rows instead of refusing.
        explain: Write receipt lines.
        details: Write item and form scores.
        criteria: Write the figures of single criteria that may be shown.
        hints: Write hints about the quality of ratings.
        preview: Count unverified metric data too; the result says so.
        frozen: Relation like ``out_groups`` with the figures as released; they replace recomputed groups (S4.7).
        range_size: Subjects per range, which bounds the memory; 0 = a row group of DuckDB, so that no thread waits, and
            half of it where rows of items and forms are written.
    """

    skip_bad_rows: bool = False
    explain: bool = True
    details: bool = True
    criteria: bool = False
    hints: bool = False
    preview: bool = False
    frozen: str = ""
    range_size: int = 0

    @property
    def subjects_a_range(self) -> int:
        """Subjects per range."""
        return self.range_size or ROW_GROUP // (2 if self.details else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleResult:
    """Names of the result relations in the caller's connection.

    Attributes:
        results: One row a subject.
        lines: One row a receipt line.
        items: One row a subject, segment and item.
        forms: One row a form.
        flags: Hints for people, never changing a score.
        excluded: Everything left out, with the reason.
        problems: Faults of rows that were skipped; empty unless ``skip_bad_rows``.
    """

    results: str = "out_results"
    lines: str = "out_lines"
    items: str = "out_items"
    forms: str = "out_forms"
    flags: str = "out_flags"
    excluded: str = "out_excluded"
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What is fixed for the whole run."""

    schemes: Mapping[str, Scheme]
    goal_rules: Mapping[str, int]
    facts: ItemFacts
    shape: FormShape
    weighted_raters: bool
    appeals: Appeals
    parts: frozenset[str]
    options: ScoreOptions


def score_cycle(
    connection: Connection,
    *,
    frames: CycleFrames,
    schemes: Mapping[str, Scheme],
    options: ScoreOptions | None = None,
) -> CycleResult:
    """Score every subject of a cycle.

    Args:
        connection: DuckDB connection with one relation a frame (``score-files.md``, English column names). The result
            relations and the engine's own temporary relations (``t_``, ``s_``, ``c_``, ``a_``) are made in it.
        frames: Where the frames are.
        schemes: Schemes by key; a subject names its scheme, or there is only one.
        options: How the run is made.

    Returns:
        Where the results are.

    Raises:
        ScoringInputError: Inputs break their written form; ``problems`` lists every row, column and value. Nothing is
            scored then, unless bad rows are to be skipped.
        ScoringError: A number is too large for exact 128-bit arithmetic.

    Source: scoring.md S0–S13.
    """
    bench = Workbench(connection=connection)
    chosen = options or ScoreOptions()
    try:
        _score(bench, given_frames(bench, frames), schemes, chosen)
    except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
        raise ScoringError("scoring.number_too_large", facts={"detail": str(error).splitlines()[0]}) from error
    return CycleResult(problems=tuple(bench.problems))


def _score(
    bench: Workbench, given: Mapping[str, GivenFrame], schemes: Mapping[str, Scheme], options: ScoreOptions
) -> None:
    bench.clear("t_", "s_", "c_", "a_")
    read_frames(bench, given, skip_bad_rows=options.skip_bad_rows)
    grades = frozenset(grade.name for scheme in schemes.values() for grade in scheme.grades)
    metrics = load_metrics(bench, grades=grades)
    store_metrics(bench, metrics)
    criteria = load_criteria(bench, given["forms"].extra)
    check_departments(bench)
    check_snapshots(bench, schemes, is_given=given["rater_adjustments"].is_given)
    list_subjects(bench, given, schemes)
    is_segmented = cut_segments(bench, given, schemes)
    goal_rules = roll_up(bench, schemes.values()) if given["goals"].is_given else {}
    _refuse(bench, options)
    create_outputs(bench)
    bench.run(CREATE_FACTS)
    plan = _Plan(
        schemes=schemes,
        goal_rules=goal_rules,
        facts=ItemFacts(
            has_actuals=given["actuals"].is_given,
            has_progress=given["goals"].is_given,
            has_hits=any(metric.points or metric.steps for metric in metrics),
            is_segmented=is_segmented,
            methods=frozenset({"manual", "progress", *(metric.method for metric in metrics)}),
            has_vetoes=any(metric.veto_action for metric in metrics),
            has_proration=any(metric.prorate for metric in metrics),
            has_dimensions=given["items"].has("dim") or given["items"].has("dim_weight"),
            is_shown=options.explain or options.details,
        ),
        shape=FormShape(
            criteria=criteria, columns=frozenset(given["forms"].extra), has_ratings=given["ratings"].is_given
        ),
        weighted_raters=given["forms"].has("rater_weight"),
        appeals=Appeals(frozen=options.frozen, has_decisions=given["appeal_decisions"].is_given),
        parts=frozenset(
            part
            for part, frame in (("kpi", "items"), ("review", "forms"), ("points", "points"), ("okr", "goals"))
            if given[frame].is_given
        ),
        options=options,
    )
    for kind, settle in (("department", settle_departments), ("person", settle_people)):
        for key, first, last in _ranges(bench, kind, options):
            _score_range(bench, plan, schemes[key], first, last)
        bench.clear("c_", "a_")
        settle(bench, given, schemes)
    if options.hints:
        for scheme in schemes.values():
            write_hints(bench, scheme, has_logs=given["logs"].is_given)
    write_not_appraised(bench)
    bench.clear("t_", "s_")
    _refuse(bench, options)


def _refuse(bench: Workbench, options: ScoreOptions) -> None:
    if bench.problems and not options.skip_bad_rows:
        raise ScoringInputError("input.invalid", facts={"count": len(bench.problems)}, problems=bench.problems)


def _ranges(bench: Workbench, kind: str, options: ScoreOptions) -> list[tuple[str, int, int]]:
    rows = bench.rows(
        "SELECT scheme, min(sid), max(sid) FROM (SELECT scheme, sid, (row_number() OVER (PARTITION BY scheme"
        " ORDER BY sid) - 1) // $size AS part FROM s_subject WHERE excluded IS NULL AND kind = $kind)"
        " GROUP BY scheme, part ORDER BY scheme, part",
        size=options.subjects_a_range,
        kind=sql_literal(kind),
    )
    return [(str(scheme), int(str(first)), int(str(last))) for scheme, first, last in rows]


def _score_range(bench: Workbench, plan: _Plan, home: Scheme, first: int, last: int) -> None:
    bench.run(
        "CREATE OR REPLACE TEMP TABLE c_subject AS SELECT * FROM s_subject WHERE scheme = $home AND excluded IS NULL"
        " AND sid BETWEEN $first AND $last",
        home=sql_literal(home.key),
        first=first,
        last=last,
    )
    place_segments(bench, is_segmented=plan.facts.is_segmented)
    if "review" in plan.parts:
        chosen = ReviewOptions(
            mark=plan.options.details,
            keep=plan.options.criteria or plan.options.hints,
            skip=plan.options.skip_bad_rows,
            weighted=plan.weighted_raters,
        )
        score_reviews(bench, home, plan.shape, plan.appeals, chosen)
    own = _score_segments(bench, plan)
    by_department = (
        home.departments.use == "score" and bench.count("SELECT count(*) FROM c_subject WHERE kind = 'person'") > 0
    )
    score_totals(
        bench,
        home,
        has_items="kpi" in plan.parts,
        has_points="points" in plan.parts,
        department="s_coefficient" if by_department else "",
    )
    note_exclusions(bench, tuple(g.relation for g in home.raters.groups if weight_of(home, g) > 0), parts=plan.parts)
    _write(bench, plan, home, own)


def _score_segments(bench: Workbench, plan: _Plan) -> tuple[Scheme, ...]:
    """Score the segments of the range scheme by scheme into ``a_item``, ``a_kpi``, ``a_dim`` and ``a_composite``."""
    found = bench.rows("SELECT DISTINCT scheme FROM a_seg ORDER BY 1")
    own = tuple(plan.schemes[str(key)] for (key,) in found)
    bench.run("CREATE OR REPLACE TEMP VIEW c_seg AS SELECT * FROM a_seg")
    bench.kept.clear()
    if "kpi" in plan.parts and plan.facts.has_actuals:
        gather_actuals(bench, preview=plan.options.preview, is_segmented=plan.facts.is_segmented)
    for index, scheme in enumerate(own):
        if "okr" in plan.parts:
            score_okr(bench, scheme, rules=plan.goal_rules[scheme.key])
        if "kpi" in plan.parts:
            if plan.facts.has_progress:
                score_progress(bench, scheme, rules=plan.goal_rules[scheme.key], is_segmented=plan.facts.is_segmented)
            score_items(bench, scheme, plan.facts)
            item_problems(bench, skip=plan.options.skip_bad_rows)
            score_kpi(bench, scheme)
            weight_problems(bench, scheme)
        score_composite(bench, scheme, parts=plan.parts)
        _keep(bench, plan, scheme, index, is_last=len(own) == 1)
    return own


def _keep(bench: Workbench, plan: _Plan, scheme: Scheme, index: int, *, is_last: bool) -> None:
    """Collect what one scheme made into the ``a_`` views; a single scheme's tables are used where they are."""
    made = ["composite"]
    if "kpi" in plan.parts:
        made += ["item", "kpi"] + ["dim"] * (scheme.items.mode == "dimension")
    for name in made:
        source = f"c_{name}"
        if not is_last:
            source = f"c_{name}_{index}"
            bench.run("CREATE OR REPLACE TEMP TABLE $source AS SELECT * FROM c_$name", source=source, name=name)
            bench.kept.setdefault(name, []).append(source)
            source = " UNION ALL BY NAME SELECT * FROM ".join(bench.kept[name])
        bench.run("CREATE OR REPLACE TEMP VIEW a_$name AS SELECT * FROM $source", name=name, source=source)


def _write(bench: Workbench, plan: _Plan, home: Scheme, own: tuple[Scheme, ...]) -> None:
    if plan.options.explain:
        write_receipts(bench, home, own, parts=plan.parts)
    places = " ".join(f"WHEN {place} THEN {sql_literal(grade.name)}" for place, grade in enumerate(home.grades, 1))
    write_results(
        bench,
        {
            "names": places,
            "near": home.boundary_distance_d4 * 100,
            "full": sum(weight_of(home, group) for group in home.raters.groups),
            "has_review": "review" in plan.parts,
            "is_segmented": plan.facts.is_segmented,
        },
    )
    if plan.options.details and "kpi" in plan.parts:
        weighted = sql_half_away("CAST(i.weight AS HUGEINT) * i.score_n", "1000000")
        write_items(bench, weighted)
    if plan.options.details and "review" in plan.parts:
        write_forms(bench)
        flag_outliers(bench, home)
    if plan.options.criteria and "review" in plan.parts:
        write_criteria(bench, home, plan.shape)
    if plan.options.hints and "review" in plan.parts:
        note_facts(bench, home, plan.shape)
