"""The job ``score``: extract, score, compare, write the differences to 核算结果 and 评价任务, confirm.

It never releases anything, may run as often as wanted, and a second run over the same inputs writes nothing.

Source: design.md §4 SCORE, §5.5; data-model.md "For the first deployment".
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue, ScoringInputError, SealedCycleError
from huoban_perf.core.values import Value
from huoban_perf.scoring import parse_scheme, scheme_document, scheme_hash
from huoban_perf.sync.adjustments import ADJUSTMENTS_FILE, adopted
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.cycle_row import CycleRow, find_cycle
from huoban_perf.sync.extract import FORMS_TABLE, Reading, read_workspace, write_frames
from huoban_perf.sync.extract_map import ExtractMap
from huoban_perf.sync.pin import refuse_other_rules, refuse_other_schemes
from huoban_perf.sync.results import CycleScores, score_extract
from huoban_perf.sync.run_log import RunEntry, begin_run, has_run_log, log_run
from huoban_perf.sync.runs import FORMAT_VERSION, Manifest, RunStore, files_digest, run_id
from huoban_perf.sync.scheme import TABLES as SCHEME_TABLES
from huoban_perf.sync.scheme import scheme_documents, stated_scheme
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.stretch_rules import service_faults
from huoban_perf.sync.wanted import Refs, WantedRow, fitting
from huoban_perf.sync.write_back import WritePlan, WriteReport, compare, guard, write

_BEYOND_SCORED = frozenset({"calibrated", "approved", "released"})
"""Statuses of 核算结果 that only another step may leave."""

_STATUS = {"已核算": "scored", "待补评": "awaiting_reviews", "暂不计分": "held"}
"""Engine's word → option of 核算结果.状态; 不参评 has no row."""

_READ_WHOLE = ("cycle", "metric", "score_result", "appraisal", "appraisal_item", *SCHEME_TABLES)
"""Read with all fields: what scoring compares and what a release copies."""

_SHARE_PERCENT = 50
"""A run that would replace more than half of the standing results stops and asks. Source: design.md §5.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreOutcome:
    """What a run of the job came to.

    Attributes:
        run: The run's id.
        cycle: The cycle.
        reading: What was read, with confirmed writes added.
        scores: What scoring returned.
        plans: The differences, one a table.
        reports: What was written; empty for a preview.
        schemes: Natural key → canonical document.
    """

    run: str
    cycle: CycleRow
    reading: Reading
    scores: CycleScores
    plans: tuple[WritePlan, ...]
    reports: tuple[WriteReport, ...]
    schemes: Mapping[str, Mapping[str, object]]

    @property
    def pending(self) -> int:
        """Rows that differ."""
        return sum(len(plan.writes) for plan in self.plans)


def run_score(
    app: DeployedApp,
    *,
    extract_map: ExtractMap,
    cycle: str,
    runs: RunStore,
    apply: bool,
    allow_large_change: bool = False,
) -> ScoreOutcome:
    """Score a cycle and, if asked, write the results back.

    Args:
        app: The deployed app.
        extract_map: Which field feeds which scoring column.
        cycle: 周期名称.
        runs: Where the run is stored, and the snapshot of rater adjustments it takes, if any.
        apply: Write; otherwise only preview.
        allow_large_change: Consent to replace a large share of standing results.

    Returns:
        The outcome.

    Raises:
        SyncError: No such cycle, or rows were refused.
        SchemeError: A scheme of the workspace contradicts itself.
        ScoringInputError: Inputs break their form, or 任职记录 leave days of somebody's service out; every row is
            listed and nothing was written.
        PinnedRulesError: The rules are not those announced for the cycle, nor those of an approved change.
        SealedCycleError: The cycle is released and the results differ.
        UnsafePlanError: Too many standing results would be replaced.
        UnconfirmedWriteError: Rows could not be read back; run again.
    """
    started = app.clock.now()
    also: dict[str, tuple[str, ...]] = dict.fromkeys(_READ_WHOLE, ())
    has_score = any(one.address.key == "review_score" for one in app.schema.table(FORMS_TABLE).fields)
    forms = {FORMS_TABLE: ("review_score",)} if has_score else {}
    reading = read_workspace(app, extract_map=extract_map, cycle=cycle, also={**also, **forms})
    found = find_cycle(cycle, tables=reading.tables)
    schemes: dict[str, Mapping[str, object]] = {
        key: scheme_document(parse_scheme(document))
        for key, document in sorted(documents_of(reading, app=app, extract_map=extract_map).items())
    }
    refuse_other_rules(cycle, tables=reading.tables, schemes=schemes)
    refuse_broken_service(found, tables=reading.tables)
    if runs.adjustments is not None:
        schemes = adopted(schemes, runs.adjustments)
    run, folder, manifest = _store_extract(app, reading, extract_map, runs, schemes=schemes, started=started)
    people = len(reading.tables["appraisal"])
    app.progress("progress.score", subject="", done=0, total=people)
    scores = score_extract(folder / "extract", cycle=cycle, schemes=schemes, keep=runs.keep)
    app.progress("progress.score", subject="", done=people, total=people)
    used = Counter(score.scheme for score in scores.subjects if score.status in _STATUS)
    refuse_other_schemes(cycle, tables=reading.tables, schemes=schemes, used=used)
    runs.save(manifest)
    wanted = {
        "score_result": _result_rows(scores, reading, run=run, started=started, schemes=schemes, app=app),
    }
    if has_score:
        wanted[FORMS_TABLE] = [
            WantedRow(key=key, values={"natural_key": key, "review_score": score})
            for key, score in scores.forms.items()
        ]
    plans = tuple(
        compare(wanted=rows, standing=reading.tables[table], tables=reading.tables) for table, rows in wanted.items()
    )
    pending = sum(len(plan.writes) for plan in plans)
    reports: list[WriteReport] = []
    if apply:
        refuse_sealed(found, pending=pending)
        guard(plans[0], share_percent=_SHARE_PERCENT, allowed=allow_large_change)
        entry = _entry(run, cycle, started=started, pending=pending, schemes=schemes)
        if pending:
            begin_run(app, entry)
            runs.begins(pending)
        reports = [write(plan, app=app, standing=reading.tables[plan.table.key]) for plan in plans]
        if pending and has_run_log(app):
            reports.append(log_run(app, entry))
    return ScoreOutcome(
        run=run, cycle=found, reading=reading, scores=scores, plans=plans, reports=tuple(reports), schemes=schemes
    )


def documents_of(reading: Reading, *, app: DeployedApp, extract_map: ExtractMap) -> dict[str, dict[str, object]]:
    """Return the schemes of the workspace; of an app without tables for them the template's, with its 合格.

    Args:
        reading: Holds the tables of schemes, where the app has them.
        app: The deployed app.
        extract_map: The template's own scheme.

    Returns:
        Scheme key → document, not yet checked.
    """
    if extract_map.scheme is None:
        return scheme_documents(reading.tables, schema=app.schema, pass_grade=extract_map.pass_grade)
    return {str(extract_map.scheme["key"]): stated_scheme(extract_map.scheme, pass_grade=extract_map.pass_grade)}


def refuse_broken_service(cycle: CycleRow, *, tables: Mapping[str, TableRows]) -> None:
    """Stop when 任职记录 leave days out, hold days twice, or follow a scheme that is none of the cycle's.

    Args:
        cycle: The cycle.
        tables: What was read.

    Raises:
        ScoringInputError: With one problem a fault: who, which days, what to do.
    """
    problems = service_faults(tables, cycle.row)
    if problems:
        facts: dict[str, FactValue] = {"cycle": cycle.name, "count": len(problems)}
        raise ScoringInputError("sync.service_broken", facts=facts, problems=problems)


def refuse_sealed(cycle: CycleRow, *, pending: int) -> None:
    """Stop when results of a released cycle would change.

    Args:
        cycle: The cycle.
        pending: Rows that differ.

    Raises:
        SealedCycleError: The cycle is released and rows differ; a correction needs a new 公布版次.
    """
    if cycle.is_sealed and pending:
        facts: dict[str, FactValue] = {"cycle": cycle.name, "count": pending}
        raise SealedCycleError("sync.sealed", facts=facts)


def _store_extract(
    app: DeployedApp,
    reading: Reading,
    extract_map: ExtractMap,
    runs: RunStore,
    *,
    schemes: Mapping[str, Mapping[str, object]],
    started: datetime,
) -> tuple[str, Path, Manifest]:
    """Write the extract under a working name, then give it the name that its digest makes."""
    staging = runs.begin()
    counts = write_frames(reading, schema=app.schema, extract_map=extract_map, folder=staging / "extract")
    if runs.adjustments is not None:
        shutil.copyfile(runs.adjustments, staging / "extract" / ADJUSTMENTS_FILE)
    inputs = files_digest(sorted((staging / "extract").glob("*.csv")))
    rules = digest({key: scheme_hash(document) for key, document in schemes.items()})
    run = run_id(job="score", started=started, input_digest=inputs, scheme_hash=rules)
    folder = staging.with_name(run)
    shutil.rmtree(folder, ignore_errors=True)
    staging.rename(folder)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        run=run,
        job="score",
        cycle=reading.cycle,
        started=started.isoformat(timespec="seconds"),
        scheme_hash=rules,
        schemes=schemes,
        input_digest=inputs,
        rows=counts,
    )
    return run, folder, manifest


def _result_rows(
    scores: CycleScores,
    reading: Reading,
    *,
    run: str,
    started: datetime,
    schemes: Mapping[str, Mapping[str, object]],
    app: DeployedApp,
) -> list[WantedRow]:
    """Lay the scores out as rows of 核算结果; one row an appraisal that takes part."""
    grades = {
        option.labels.zh: option.address.key
        for option in app.schema.table("score_result").field("initial_grade").options
    }
    standing, appraisals = reading.tables["score_result"], reading.tables["appraisal"]
    hashes = {key: scheme_hash(document) for key, document in schemes.items()}
    rows: list[WantedRow] = []
    for score in scores.subjects:
        if score.status not in _STATUS:
            continue
        key = score.natural_key(reading.cycle)
        values: dict[str, Value | Refs] = {
            "natural_key": key,
            "name": _name(appraisals, key),
            "status": _status(standing, key, _STATUS[score.status]),
            "appraisal": Refs("appraisal", (key,)),
            **score.figures(),
            "veto": score.veto or None,
            "initial_grade": grades.get(score.grade) if score.grade else None,
            "missing_notes": score.notes or None,
            "receipt_draft": score.receipt_text,
            "scheme_hash": hashes[score.scheme],
            "input_hash": score.input_hash,
            "batch": run,
            "calculated_on": started,
            **_own(appraisals, key),
        }
        rows.append(WantedRow(key=key, values=fitting(values, standing.table)))
    return rows


def _own(appraisals: TableRows, key: str) -> dict[str, Value | Refs]:
    """A result is its subject's from the first moment, or 「本人不是我」 would hold for the person himself."""
    row = appraisals.row_of_key(key)
    person = appraisals.value(row, "p_self") if row is not None and "p_self" in appraisals.columns else None
    return {"p_self": person} if person else {}


def _name(appraisals: TableRows, key: str) -> Value:
    """A result is called what its 绩效考核单 is called."""
    row = appraisals.row_of_key(key)
    return None if row is None else appraisals.value(row, "name")


def _status(standing: TableRows, key: str, scored: str) -> str:
    row = standing.row_of_key(key)
    before = standing.value(row, "status") if row is not None else None
    return before if isinstance(before, str) and before in _BEYOND_SCORED else scored


def _entry(
    run: str, cycle: str, *, started: datetime, pending: int, schemes: Mapping[str, Mapping[str, object]]
) -> RunEntry:
    """Return what 运行记录 says of a run that changed something."""
    return RunEntry(
        command="job run score",
        run=run,
        cycle=cycle,
        started=started,
        planned=pending,
        succeeded=pending,
        scheme_hash=digest({key: scheme_hash(document) for key, document in schemes.items()}),
        summary=f"写入 {pending} 条",
    )
