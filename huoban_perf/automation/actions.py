"""Actions: what a person picked in an action field, decided by the table's state machine and carried out.

Order: the guards are asked, the effects happen, and last the row itself is written: its state, the emptied action
field, and 操作结果. Killed in between, the action is still picked and is done again to the same end. An action that
names a job is only checked here: the job carries out the whole of it. Source: workflows.md §1, data-model.md §1 rule 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from huoban_perf.automation.effects import Done, carry_out_steps
from huoban_perf.automation.expressions import Scope
from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.automation.writing import Change, change_rows
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.machines import JOB, REASON_FIELD, RESULT_FIELD, Machine, Transition
from huoban_perf.core.states import Facts, Moved, Reason, Refused, decide, guards_asked
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Row

_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What came of an action.

    Attributes:
        moved: Whether the row moved, or its job was started.
        summary: One Chinese line.
        done: What else was done.
    """

    moved: bool
    summary: str
    done: Done


def picked(machine: Machine, row: Row) -> Iterator[tuple[str, str]]:
    """Yield (actor, action) for every action field of a row that is filled."""
    for actor in machine.actors:
        if actor.action_field is not None and actor.action_field in row.rows.columns:
            action = row[actor.action_field]
            if isinstance(action, str) and action:
                yield actor.key, action


def act(machine: Machine, row: Row, *, role: str, action: str, scope: Scope, around: Surroundings) -> Acted:
    """Decide an action and carry it out.

    Args:
        machine: The table's machine.
        row: The row.
        role: Actor in whose name it is asked.
        action: Key of the transition.
        scope: Moment and person.
        around: Guards, jobs, notices.

    Returns:
        What came of it; refusals are written to 操作结果 and are no error.

    Raises:
        SyncError: The platform refused a write; doing it again goes on from there.
    """
    off = around.stages_off(row)
    facts = Facts(
        today=scope.today,
        verdicts=_verdicts(machine, row, action, off, around),
        stages_off=off,
        editor=scope.me,
    )
    verdict = decide(machine, row=row.values, role=role, action=action, facts=facts)
    if isinstance(verdict, Refused):
        said = f"未通过: {'; '.join(explain(reason, row, around) for reason in verdict.reasons)}"[:_LONGEST]
        change_rows(row.book, [Change(row, {**verdict.values, **_result(row, said)})])
        return Acted(moved=False, summary=said, done=Done())
    if verdict.transition.job is not None and role != JOB:
        around.start_job(verdict.transition.job)
        return Acted(moved=True, summary=f"已交作业 {verdict.transition.job}", done=Done(jobs=[verdict.transition.job]))
    return _move(machine, row, verdict, scope, around)


def _move(machine: Machine, row: Row, verdict: Moved, scope: Scope, around: Surroundings) -> Acted:
    inner = Scope(row=row, now=scope.now, me=scope.me, reason=verdict.reason)
    done = carry_out_steps(verdict.steps, inner, name=verdict.transition.key, around=around)
    if done.stopped is not None:
        said = f"未通过: {done.stopped.zh}"
        change_rows(row.book, [Change(row, {**_emptied(machine, row), **_result(row, said)})])
        return Acted(moved=False, summary=said, done=done)
    said = f"已完成: {verdict.transition.labels.zh}"
    values: dict[str, Value] = {**verdict.values, **_result(row, said), **_history(machine, row, verdict, scope)}
    values = {key: value for key, value in values.items() if key in row.rows.columns}
    done.written += change_rows(row.book, [Change(row, values)])
    return Acted(moved=True, summary=f"{said}; {done.summary}", done=done)


def _verdicts(
    machine: Machine, row: Row, action: str, off: frozenset[str], around: Surroundings
) -> dict[str, Mapping[str, FactValue] | None]:
    found: dict[str, Mapping[str, FactValue] | None] = {}
    for key in guards_asked(machine, row=row.values, action=action, stages_off=off):
        check = around.guards.get((machine.table.key, key))
        if check is not None:
            found[key] = check(row)
    return found


def _result(row: Row, said: str) -> dict[str, Value]:
    return {RESULT_FIELD: said} if RESULT_FIELD in row.rows.columns else {}


def _emptied(machine: Machine, row: Row) -> dict[str, Value]:
    fields = [actor.action_field for actor in machine.actors if actor.action_field]
    return {key: None for key in (*fields, REASON_FIELD) if key in row.rows.columns}


def _history(machine: Machine, row: Row, verdict: Moved, scope: Scope) -> dict[str, Value]:
    """Add a line to the history field when a state is first entered."""
    if machine.history_field is None or not verdict.entered:
        return {}
    label = machine.state(verdict.state).labels.zh
    standing = row.text(machine.history_field)
    if any(line.startswith(f"{label} ") for line in standing.splitlines()):
        return {}
    line = f"{label} {scope.today.isoformat()}"
    return {machine.history_field: f"{standing}\n{line}" if standing else line}


def creation(machine: Machine) -> Transition | None:
    """Return the transition by which people make rows of a table, or None when only jobs do."""
    return next((one for one in machine.transitions if not one.sources and set(one.actors) - {JOB}), None)


def explain(reason: Reason, row: Row, around: Surroundings) -> str:
    """Return one reason of a refusal as people read it.

    Args:
        reason: What ``decide`` said.
        row: The row, for names of fields.
        around: Words.

    Returns:
        A Chinese line.
    """
    if reason.text is not None:
        return reason.text.zh
    return around.words(reason.code, {key: _plain(value, row) for key, value in reason.facts.items()})


def _plain(value: FactValue | Labels, row: Row) -> FactValue:
    if isinstance(value, Labels):
        return value.zh
    if isinstance(value, tuple):
        return tuple(_field_label(part, row) for part in value)
    return value


def _field_label(part: str, row: Row) -> str:
    kind, _, keys = part.partition(":")
    if kind != "field":
        return part
    table, _, field = keys.partition(".")
    return row.book.app.schema.table(table).field(field).labels.zh
