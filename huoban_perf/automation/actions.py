"""Actions: what a person picked in an action field, decided by the table's state machine and carried out.

Order: the guards are asked, the effects happen, and last the row itself is written: its state, the emptied action
field, and 操作结果. Killed in between, the action is still picked and is done again to the same end. An action that
names a job is only checked here: the job carries out the whole of it. Source: workflows.md §1, data-model.md §1 rule 4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from huoban_perf.automation.asking import explain, facts_of
from huoban_perf.automation.effects import Done, carry_out_steps
from huoban_perf.automation.expressions import Scope
from huoban_perf.automation.outgoing import change
from huoban_perf.automation.persons import unverified_notices, who_acted
from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.automation.writing import Change
from huoban_perf.core.schema.machines import JOB, REASON_FIELD, RESULT_FIELD, Machine, Transition
from huoban_perf.core.states import Moved, Refused, decide, history_of
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Row

_LONGEST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """An action that is asked for.

    Attributes:
        role: Actor in whose name.
        action: Key of the transition.
        is_creation: Whether a person just made the row: who may make rows is the platform's to say.
    """

    role: str
    action: str
    is_creation: bool = False


SETTLED = frozenset(
    {
        ("appraisal", "confirm_goals"),
        ("goal_change", "approve"),
        ("cycle", "release"),
        ("appeal", "uphold"),
        ("appeal", "adjust"),
    }
)
"""Actions that wait ``settle_polls`` looks. Source: workflows.md §1 "Who acted"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What came of an action.

    Attributes:
        moved: Whether the row moved, or its job was started.
        summary: One Chinese line.
        done: What else was done.
        unverified: Whether it was done without knowing who picked it.
    """

    moved: bool
    summary: str
    done: Done
    unverified: bool = False


def picked(machine: Machine, row: Row) -> Iterator[Pick]:
    """Yield what is picked in every action field of a row that is filled."""
    for actor in machine.actors:
        if actor.action_field is not None and actor.action_field in row.rows.columns:
            action = row[actor.action_field]
            if isinstance(action, str) and action:
                yield Pick(role=actor.key, action=action)


def act(machine: Machine, row: Row, *, pick: Pick, scope: Scope, around: Surroundings) -> Acted:
    """Decide an action and carry it out.

    Args:
        machine: The table's machine.
        row: The row.
        pick: What is asked, and in whose name.
        scope: Moment.
        around: Guards, jobs, notices.

    Returns:
        What came of it; refusals are written to 操作结果 and are no error.

    Raises:
        SyncError: The platform refused a write; doing it again goes on from there.
    """
    role, action = pick.role, pick.action
    person = None if pick.is_creation else who_acted(machine.actor(role), row, around)
    if person is not None:
        scope = replace(scope, me=person.editor)
    facts = facts_of(machine, row, action, today=scope.today, around=around)
    facts = replace(facts, editor=scope.me, editor_roles=person.roles if person else frozenset())
    verified = person is not None and person.is_verified
    verdict = decide(machine, row=row.values, role=role, action=action, facts=replace(facts, enforce=verified))
    if isinstance(verdict, Refused):
        said = f"未通过: {'; '.join(explain(reason, row, around) for reason in verdict.reasons)}"[:_LONGEST]
        change(row.book, [Change(row, {**verdict.values, **_result(row, said)})])
        return Acted(moved=False, summary=said, done=Done())
    unverified = person is not None and not person.is_verified
    if unverified:
        told = unverified_notices(machine, row, role=role, action=action, today=scope.today, around=around)
        around.notices.put(told)
    if verdict.transition.job is not None and role != JOB:
        around.start_job(verdict.transition.job)
        done = Done(jobs=[verdict.transition.job])
        return Acted(moved=True, summary=f"已交作业 {verdict.transition.job}", done=done, unverified=unverified)
    return replace(_move(machine, row, verdict, scope, around), unverified=unverified)


def _move(machine: Machine, row: Row, verdict: Moved, scope: Scope, around: Surroundings) -> Acted:
    inner = Scope(row=row, now=scope.now, me=scope.me, reason=verdict.reason, dated=False)
    done = carry_out_steps(verdict.steps, inner, name=verdict.transition.key, around=around)
    if done.stopped is not None:
        said = f"未通过: {done.stopped.zh}"
        change(row.book, [Change(row, {**_emptied(machine, row), **_result(row, said)})])
        return Acted(moved=False, summary=said, done=done)
    said = f"已完成: {verdict.transition.labels.zh}"
    values: dict[str, Value] = {**verdict.values, **_result(row, said)}
    if verdict.entered:
        values |= history_of(machine, row.values, state=verdict.state, today=scope.today)
    values = {key: value for key, value in values.items() if key in row.rows.columns}
    done.written += change(row.book, [Change(row, values)])
    return Acted(moved=True, summary=f"{said}; {done.summary}", done=done)


def _result(row: Row, said: str) -> dict[str, Value]:
    return {RESULT_FIELD: said} if RESULT_FIELD in row.rows.columns else {}


def _emptied(machine: Machine, row: Row) -> dict[str, Value]:
    fields = [actor.action_field for actor in machine.actors if actor.action_field]
    return {key: None for key in (*fields, REASON_FIELD) if key in row.rows.columns}


def creation(machine: Machine) -> Transition | None:
    """Return the transition by which people make rows of a table, or None when only jobs do."""
    return next((one for one in machine.transitions if not one.sources and set(one.actors) - {JOB}), None)
