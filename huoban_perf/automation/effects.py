"""Effects: the steps of an automation, carried out so that doing them again changes nothing.

Rows are made by a natural key that follows from row, automation and day; updates write only differences; notices carry
their key; jobs are started once a round. Interactive steps belong to the platform's pages and are passed over here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from huoban_perf.automation.children import changes_of
from huoban_perf.automation.expressions import Scope, evaluate, phrase
from huoban_perf.automation.outgoing import change
from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.automation.writing import create_row
from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.rules import FieldOf, holds
from huoban_perf.core.schema import MEMBER_KINDS
from huoban_perf.core.schema.automations import (
    Assignment,
    Call,
    Create,
    Each,
    EachOf,
    Fill,
    Notify,
    OpenPage,
    RunJob,
    Step,
    Stop,
    Update,
    Urgency,
)
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Row

_MODES = {Urgency.IMMEDIATE: Mode.AT_ONCE, Urgency.DIGEST: Mode.DIGEST, Urgency.NEXT_WORKDAY: Mode.MORNING}
_EXEMPT = "appeal"
"""Table whose notices at once go out beyond the three a day. Source: workflows.md §6."""


@dataclass(slots=True)
class Done:
    """What the steps came to.

    Attributes:
        written: Rows written or made.
        notices: How many notices were new.
        jobs: Jobs started.
        calls: Other automations to be started, with their row.
        stopped: What was said when a step stopped the rest, or None.
    """

    written: list[Row] = field(default_factory=list)
    notices: int = 0
    jobs: list[str] = field(default_factory=list)
    calls: list[tuple[Address, Row]] = field(default_factory=list)
    stopped: Labels | None = None

    @property
    def summary(self) -> str:
        """One Chinese line, without values."""
        if self.stopped is not None:
            return f"停止: {self.stopped.zh}"
        parts = [f"写入 {len(self.written)} 行" if self.written else "", f"通知 {self.notices}" if self.notices else ""]
        parts += [f"作业 {'、'.join(self.jobs)}" if self.jobs else ""]
        return ", ".join(part for part in parts if part) or "无须改动"


def carry_out_steps(steps: Sequence[Step], scope: Scope, *, name: str, around: Surroundings) -> Done:
    """Carry out steps in order.

    Args:
        steps: As declared.
        scope: The row at hand and who acts.
        name: Key of the automation or transition, part of the keys it makes.
        around: Notices, jobs and people.

    Returns:
        What was done. A ``Stop`` that applies ends it, and so does a row whose machine refuses the state it is given.

    Raises:
        SyncError: The platform refused a row; doing it again goes on from there.
    """
    done = Done()
    for step in steps:
        done.stopped = _carry_out(step, scope, name, around, done)
        if done.stopped is not None:
            break
    return done


def carry_out_without_row(steps: Sequence[Step], table: str, *, today: date, around: Surroundings) -> Done:
    """Carry out what can be done when the row is gone: start jobs, tell roles.

    Args:
        steps: As declared; steps that need the row are passed over.
        table: Table of the row, the object of its notices.
        today: The day in China.
        around: Notices and jobs.

    Returns:
        What was done.
    """
    done = Done()
    for step in steps:
        if isinstance(step, RunJob):
            around.start_job(step.job)
            done.jobs.append(step.job)
        elif isinstance(step, Notify):
            text = step.text.labels
            receivers = [one for role in step.roles for one in around.role_members.get(role, (f"group:{role}",))]
            done.notices += around.notices.put(
                Notice(
                    receiver=receiver,
                    event=step.event,
                    object=table,
                    day=today,
                    facts={"text_zh": text.zh, "text_en": text.en},
                    mode=_MODES[step.urgency],
                )
                for receiver in dict.fromkeys(receivers)
            )
    return done


def _carry_out(step: Step, scope: Scope, name: str, around: Surroundings, done: Done) -> Labels | None:
    """Carry out one step; return what stops the rest, or None."""
    match step:
        case Stop(rows=rule, text=text):
            return text if holds(rule, scope.row.values, moment=scope.moment) else None
        case Update():
            return _update(step, scope, around, done)
        case Create():
            done.written += [_create(step, inner, name) for inner in _scopes(step.each, scope)]
        case Notify():
            notices = [n for inner in _scopes(step.each, scope) for n in notices_of(step, inner, around)]
            done.notices += around.notices.put(notices)
        case RunJob(job=job):
            around.start_job(job)
            done.jobs.append(job)
        case Call():
            done.calls += [
                (step.automation, row) for inner in _scopes(step.each, scope) for row in _led(step.path, inner)
            ]
        case OpenPage() | Fill():
            pass
    return None


def _update(step: Update, scope: Scope, around: Surroundings, done: Done) -> Labels | None:
    """Change rows; return what a machine says against it."""
    rows = list(_targets(step, scope))
    found = changes_of(step.table.key, _values(step.values, scope), rows, scope, around)
    if isinstance(found, Labels):
        return found
    done.written += change(scope.row.book, found)
    return None


def _values(assignments: Sequence[Assignment], scope: Scope) -> dict[str, Value]:
    return {entry.field.key: evaluate(entry.value, scope) for entry in assignments}


def _scopes(each: Each | None, scope: Scope) -> Iterator[Scope]:
    if each is None:
        yield scope
        return
    for row in list(scope.row.book.all(each.table.key)):
        if holds(each.rows, row.values, moment=scope.moment):
            yield replace(scope, each=row)


def _targets(step: Update, scope: Scope) -> list[Row]:
    if step.rows is not None:
        rows = list(scope.row.book.all(step.table.key))
        return [row for row in rows if holds(step.rows, row.values, moment=scope.moment)]
    return list(_led(step.path, scope))


def _led(path: Sequence[Address], scope: Scope) -> Iterator[Row]:
    """Yield the row that relations lead to; the row at hand for no relation."""
    here: Row | None = scope.each if scope.each is not None and path else scope.row
    for hop in path:
        here = here.related(hop.key) if here is not None else None
    if here is not None:
        yield here


def _create(step: Create, scope: Scope, name: str) -> Row:
    origin = (scope.each or scope.row).key or scope.row.item_id
    parts = [part for part in origin.strip("[]").split("|") if part]
    day = [scope.today.isoformat()] if scope.dated else []
    key = f"[{'|'.join([*parts, name, *day])}]"
    return create_row(scope.row.book, step.table.key, key=key, values=_values(step.values, scope))


def notices_of(step: Notify, scope: Scope, around: Surroundings) -> Iterator[Notice]:
    """Yield the notices of a step, one a receiver.

    Args:
        step: As declared.
        scope: The row at hand, and that of the loop.
        around: Who holds which role.

    Yields:
        Notices with their text in both languages.
    """
    text = phrase(step.text, scope)
    exempt = scope.row.rows.table.key == _EXEMPT and step.urgency is Urgency.IMMEDIATE
    mode = Mode.EXEMPT if exempt else _MODES[step.urgency]
    about = scope.each or scope.row
    for receiver in dict.fromkeys(_receivers(step, scope, around)):
        yield Notice(
            receiver=receiver,
            event=step.event,
            object=about.key or about.item_id,
            day=scope.today,
            facts={"text_zh": text.zh, "text_en": text.en},
            mode=mode,
        )


def _receivers(step: Notify, scope: Scope, around: Surroundings) -> Iterator[str]:
    for part in step.to:
        value = evaluate(part, scope)
        if isinstance(value, tuple) and _is_member(part, scope):
            yield from value
    for role in step.roles:
        yield from around.role_members.get(role, (f"group:{role}",))


def _is_member(part: FieldOf | EachOf, scope: Scope) -> bool:
    return scope.row.book.app.schema.field(part.path[-1]).kind in MEMBER_KINDS
