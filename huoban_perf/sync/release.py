"""Release (公布): the decider's act that copies signed results to where people see them.

Three steps, each confirmed before the next, so that a kill in between leaves a state that the same command finishes:
1 copy to 绩效考核单 and 考核指标; 2 绩效考核单 → 待确认 and 核算结果 → 已公布; 3 last, 考核周期 → 反馈申诉.

Source: data-model.md "For the first deployment".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from huoban_perf.core.errors import FactValue, Problem, SyncError, UnsafePlanError
from huoban_perf.core.values import Value
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.cycle_row import SEALED
from huoban_perf.sync.score import ScoreOutcome
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import Refs, WantedRow, fitting
from huoban_perf.sync.write_back import WriteReport, compare, write

_OPEN = frozenset({"held", "awaiting_reviews"})
_RELEASED_APPRAISALS = frozenset({"awaiting_interview", "awaiting_confirmation", "appealing", "completed"})
"""Statuses of 绩效考核单 that follow the release; people move on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What a release came to: one report a table and step."""

    reports: tuple[WriteReport, ...]

    @property
    def written(self) -> int:
        """Rows created or updated."""
        return sum(report.written for report in self.reports)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseTerms:
    """What a calibrated release does otherwise than one of scores as they are.

    Attributes:
        opened: State of 绩效考核单 after the release.
        grades: Natural key → final grade, for results whose grade was decided.
        remarks: Natural key → lines added to the receipt: how the grade was decided.
        cycle_values: Further fields of the cycle's row, written with its state.
    """

    opened: str = "awaiting_confirmation"
    grades: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)
    cycle_values: Mapping[str, Value] = field(default_factory=dict)


def release(
    outcome: ScoreOutcome, *, app: DeployedApp, decider: str | None, terms: ReleaseTerms | None = None
) -> Released:
    """Release a scored cycle.

    Args:
        outcome: A run of ``score`` that was applied; its rows stand in the workspace.
        app: The deployed app.
        decider: Member who decides; must be the cycle's 结果审定人 where one is named.
        terms: What calibration decided; None releases the scores as they are.

    Returns:
        What was written; nothing when the cycle is released already.

    Raises:
        UnsafePlanError: Another person than the named decider.
        SyncError: Appraisals without a result are left; each is listed.
    """
    refuse_other_decider(outcome.cycle.name, named=outcome.cycle.decider, decider=decider)
    tables = outcome.reading.tables
    _refuse_open(outcome, tables)
    reports = [_write(app, tables, table, rows) for table, rows in _steps(outcome, app, terms or ReleaseTerms())]
    return Released(reports=tuple(reports))


def refuse_other_decider(cycle: str, *, named: str | None, decider: str | None) -> None:
    """Stop when somebody else than a cycle's 结果审定人 releases it.

    Args:
        cycle: 周期名称.
        named: Member named on the cycle, or None: nobody is, and anybody may.
        decider: Member who decides, or None while nobody was said to.

    Raises:
        UnsafePlanError: Another one, or nobody.
    """
    if named and named != decider:
        facts: dict[str, FactValue] = {"cycle": cycle, "decider": decider or "-", "named": named}
        raise UnsafePlanError("sync.wrong_decider" if decider else "sync.decider_unsaid", facts=facts)


def release_preview(outcome: ScoreOutcome, *, app: DeployedApp, terms: ReleaseTerms | None = None) -> int:
    """Count the rows that a release of the results as they stand would write; writes nothing.

    Args:
        outcome: A run of ``score``, applied or not.
        app: The deployed app.
        terms: What calibration decided.

    Returns:
        Rows to write; results that are not in the workspace yet are not counted.
    """
    tables = outcome.reading.tables
    steps = _steps(outcome, app, terms or ReleaseTerms())
    plans = [compare(wanted=rows, standing=tables[table], tables=tables) for table, rows in steps]
    return sum(len(plan.writes) for plan in plans)


def _steps(outcome: ScoreOutcome, app: DeployedApp, terms: ReleaseTerms) -> list[tuple[str, list[WantedRow]]]:
    """Return the tables to write with their rows, in the order of the three steps."""
    tables = outcome.reading.tables
    return [
        ("appraisal", list(_copies(outcome, tables, app, terms))),
        *([("appraisal_item", list(_items(outcome, tables)))] if "appraisal_item" in tables else []),
        ("appraisal", list(_opened(outcome, tables, terms.opened))),
        ("score_result", list(_signed(outcome, tables))),
        ("cycle", list(_cycle(outcome, terms))),
    ]


def _write(app: DeployedApp, tables: Mapping[str, TableRows], table: str, rows: list[WantedRow]) -> WriteReport:
    plan = compare(wanted=rows, standing=tables[table], tables=tables)
    return write(plan, app=app, standing=tables[table])


def _refuse_open(outcome: ScoreOutcome, tables: Mapping[str, TableRows]) -> None:
    results = tables["score_result"]
    problems = []
    for row in results:
        if results.value(row, "status") in _OPEN:
            facts: dict[str, FactValue] = {
                "key": str(results.value(row, "natural_key")),
                "reason": str(results.value(row, "missing_notes") or results.value(row, "status")),
            }
            problems.append(Problem(code="sync.unfinished_one", facts=facts))
    if problems:
        count: dict[str, FactValue] = {"cycle": outcome.cycle.name, "count": len(problems)}
        raise SyncError("sync.unfinished", facts=count, problems=problems)


def _copies(
    outcome: ScoreOutcome, tables: Mapping[str, TableRows], app: DeployedApp, terms: ReleaseTerms
) -> Iterator[WantedRow]:
    """Copy each released figure to 绩效考核单; the first release is revision 1."""
    now = app.clock.now()
    results = tables["score_result"]
    for score in outcome.scores.subjects:
        key = score.natural_key(outcome.cycle.name)
        row = results.row_of_key(key)
        if row is None or score.result is None:
            continue
        values: dict[str, Value | Refs] = {
            "natural_key": key,
            "released_score": score.result,
            "released_grade": terms.grades.get(key) or results.value(row, "initial_grade"),
            "released_receipt": "\n".join(part for part in (score.receipt_text, terms.remarks.get(key)) if part),
            "release_revision": Decimal(1),
            "released_on": now,
        }
        yield WantedRow(key=key, values=fitting(values, tables["appraisal"].table))


def _items(outcome: ScoreOutcome, tables: Mapping[str, TableRows]) -> Iterator[WantedRow]:
    """Copy each item's actual and scores to 考核指标; an item is known by its metric, else by its goal.

    Rows of one item are its stretches: each takes the score of its own segment, in order of time. Where there are not
    as many segments as rows (a short one joined its neighbour, or another item was cut), each takes the last one's.
    """
    items = tables["appraisal_item"]
    stretches: dict[tuple[str, str], list[int]] = {}
    for row in items:
        subject = _key_of(tables["appraisal"], items.value(row, "appraisal"))
        item = _key_of(tables["metric"], items.value(row, "metric")) or _key_of(
            tables["goal"], items.value(row, "goal")
        )
        stretches.setdefault((subject, item), []).append(row)
    for place, rows in stretches.items():
        scores = outcome.scores.items.get(place, ())
        rows.sort(key=lambda row: str(items.value(row, "valid_from") or ""))
        for row, scored in zip(rows, scores if len(scores) == len(rows) else scores[-1:] * len(rows), strict=False):
            key = str(items.value(row, "natural_key"))
            values: dict[str, Value | Refs] = {
                "natural_key": key,
                "actual_value": scored.actual,
                "score": scored.score,
                "weighted_score": scored.weighted,
            }
            yield WantedRow(key=key, values=values)


def _key_of(rows: TableRows, relation: Value) -> str:
    """Return the natural key of the row a relation points to, or an empty text."""
    row = rows.row_of_id(relation[0]) if isinstance(relation, tuple) and relation else None
    return "" if row is None else str(rows.value(row, rows.table.key_field or ""))


def _opened(outcome: ScoreOutcome, tables: Mapping[str, TableRows], state: str) -> Iterator[WantedRow]:
    appraisals = tables["appraisal"]
    for score in outcome.scores.subjects:
        key = score.natural_key(outcome.cycle.name)
        row = appraisals.row_of_key(key)
        if row is None or score.result is None or appraisals.value(row, "status") in _RELEASED_APPRAISALS:
            continue
        yield WantedRow(key=key, values={"natural_key": key, "status": state})


def _signed(outcome: ScoreOutcome, tables: Mapping[str, TableRows]) -> Iterator[WantedRow]:
    for score in outcome.scores.subjects:
        key = score.natural_key(outcome.cycle.name)
        if score.result is not None and tables["score_result"].row_of_key(key) is not None:
            yield WantedRow(key=key, values={"natural_key": key, "status": "released"})


def _cycle(outcome: ScoreOutcome, terms: ReleaseTerms) -> Iterator[WantedRow]:
    if outcome.cycle.status not in SEALED:
        yield WantedRow(
            key=outcome.cycle.name, values={"name": outcome.cycle.name, **terms.cycle_values, "status": "feedback"}
        )
