"""Steps of automations and transitions, and what starts an automation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import FieldOf, Rule
from huoban_perf.core.schema import DATE_KINDS, MEMBER_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.core.schema.automations import (
    Call,
    Create,
    Each,
    EachOf,
    Fill,
    Notify,
    OnButton,
    OnCall,
    OnFill,
    OnItem,
    OnSchedule,
    OpenPage,
    RunJob,
    Step,
    Stop,
    Trigger,
    Update,
)
from huoban_perf.template.automation_model import (
    CallText,
    CreateText,
    EachText,
    NotifyText,
    OpenText,
    StepText,
    TriggerText,
    UpdateText,
)
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.compiling.values import compile_assignments, compile_path, compile_phrase

_STEPS: Final = ("create", "update", "notify", "call", "run", "open", "fill", "stop")
_TRIGGERS: Final = ("item", "schedule", "button", "called", "fill")


def compile_steps(scope: Scope, place: Place, steps: tuple[StepText, ...], *, table: str) -> tuple[Step, ...]:
    """Return what an automation or transition does.

    Args:
        scope: What names lead to.
        place: Where the list stands.
        steps: As stated.
        table: Table of the row at hand.

    Returns:
        Steps in order; one that leads nowhere is reported and left out.
    """
    present = ((index, step) for index, step in enumerate(steps) if scope.has(step.feature))
    found = (_step(scope, place.at(index), step, table) for index, step in present)
    return tuple(step for step in found if step is not None)


def _step(scope: Scope, place: Place, step: StepText, table: str) -> Step | None:
    given = [name for name in _STEPS if getattr(step, name) is not None]
    if len(given) != 1:
        scope.report(place, "template.one_of", keys=_STEPS)
        return None
    inner = place.at(given[0])
    match getattr(step, given[0]):
        case CreateText() as text:
            return _create(scope, inner, text, table)
        case UpdateText() as text:
            return _update(scope, inner, text, table)
        case NotifyText() as text:
            return _notify(scope, inner, text, table)
        case CallText() as text:
            return _call(scope, inner, text, table)
        case OpenText() as text:
            if scope.table(inner.at("table"), text.table) is None:
                return None
            values = compile_assignments(scope, inner.at("values"), text.values, table=text.table, at_hand=table)
            return OpenPage(table=Address(ObjectKind.TABLE, (text.table,)), values=values)
        case str() as job:
            scope.job(inner, job)
            return RunJob(job=job)
        case dict() as values:
            return Fill(values=compile_assignments(scope, inner, values, table=table, at_hand=table))
        case _:
            stop = step.stop
            assert stop is not None  # the only kind left
            rows = compile_rules(scope, inner.at("rows"), stop.rows, table=table)
            return Stop(rows=rows, text=Labels(stop.zh, stop.en))


def _each(scope: Scope, place: Place, text: EachText | None, table: str) -> Each | None:
    if text is None or scope.table(place.at("table"), text.table) is None:
        return None
    rows = compile_rules(scope, place.at("rows"), text.rows, table=text.table, at_hand=table)
    return Each(table=Address(ObjectKind.TABLE, (text.table,)), rows=rows)


def _create(scope: Scope, place: Place, text: CreateText, table: str) -> Create | None:
    each = _each(scope, place.at("each"), text.each, table)
    if scope.table(place.at("table"), text.table) is None:
        return None
    loop = text.each.table if text.each else None
    values = compile_assignments(scope, place.at("values"), text.values, table=text.table, at_hand=table, each=loop)
    return Create(table=Address(ObjectKind.TABLE, (text.table,)), values=values, each=each)


def _update(scope: Scope, place: Place, text: UpdateText, table: str) -> Update | None:
    if text.table is not None and text.path is not None:
        scope.report(place, "template.one_of", keys=("path", "table"))
        return None
    path: tuple[Address, ...] = ()
    rows: Rule | None = None
    goal = table
    if text.path is not None:
        path, end = _relations(scope, place.at("path"), text.path, table)
        if end is None:
            return None
        goal = end
    if text.table is not None:
        goal = text.table
        if scope.table(place.at("table"), goal) is None:
            return None
        rows = compile_rules(scope, place.at("rows"), text.rows, table=goal, at_hand=table)
    values = compile_assignments(scope, place.at("values"), text.values, table=goal, at_hand=table)
    return Update(table=Address(ObjectKind.TABLE, (goal,)), path=path, rows=rows, values=values)


def _relations(scope: Scope, place: Place, path: str, table: str) -> tuple[tuple[Address, ...], str | None]:
    """Return a path of relations and the table it leads to; None when it leads nowhere."""
    steps = scope.path(place, table, path)
    if not steps:
        return (), None
    last = steps[-1]
    if last.kind is not FieldKind.RELATION or last.target is None:
        scope.report(place, "template.not_a_relation", field=last.address.key, path=path, kind=last.kind.value)
        return (), None
    return tuple(step.address for step in steps), last.target.key


def _notify(scope: Scope, place: Place, text: NotifyText, table: str) -> Notify:
    loop = text.each.table if text.each else None
    for row, role in enumerate(text.roles):
        scope.role(place.at("roles", row), role)
    if not text.to and not text.roles and text.outside is None:
        scope.report(place, "template.nobody_told", event=text.event)
    to = [_receiver(scope, place.at("to", row), path, table, loop) for row, path in enumerate(text.to)]
    outside = scope.path(place.at("outside"), table, text.outside) if text.outside else ()
    if outside and outside[-1].kind not in TEXT_KINDS:
        facts = {"field": outside[-1].address.key, "kind": outside[-1].kind.value}
        scope.report(place.at("outside"), "template.field_kind", **facts, expected=("email", "text"))
    return Notify(
        event=text.event,
        to=tuple(one for one in to if one is not None),
        roles=text.roles,
        outside=FieldOf(tuple(step.address for step in outside)) if outside else None,
        text=compile_phrase(scope, place.at("zh"), Labels(text.zh, text.en), at_hand=table, each=loop),
        urgency=text.urgency,
        each=_each(scope, place.at("each"), text.each, table),
    )


def _receiver(scope: Scope, place: Place, path: str, table: str, each: str | None) -> FieldOf | EachOf | None:
    found = compile_path(scope, place, path, at_hand=table, each=each)
    if found is None:
        return None
    last = found.path[-1]
    scope.field_of_kind(place, last.keys[0], last.key, MEMBER_KINDS)
    return found


def _call(scope: Scope, place: Place, text: CallText, table: str) -> Call | None:
    automation = scope.named(place.at("automation"), ObjectKind.AUTOMATION, text.automation)
    path: tuple[Address, ...] = ()
    end: str | None = table
    if text.path is not None:
        path, end = _relations(scope, place.at("path"), text.path, table)
    each = _each(scope, place.at("each"), text.each, table)
    end = text.each.table if text.each is not None else end
    if end is not None and automation.table.key != end:
        scope.report(place, "template.called_elsewhere", name=text.automation, table=end)
    return Call(automation=automation, path=path, each=each)


def compile_trigger(scope: Scope, place: Place, text: TriggerText, *, table: str) -> Trigger | None:
    """Return what starts an automation; None after reporting one that says nothing or too much."""
    given = [name for name in _TRIGGERS if getattr(text, name)]
    unused = sorted(_unused(text, given[0] if given else ""))
    if len(given) != 1:
        scope.report(place, "template.one_of", keys=_TRIGGERS)
        return None
    if unused:
        scope.report(place, "template.trigger_unused", trigger=given[0], keys=tuple(unused))
    fields = tuple(one.address for one in scope.fields(place.at("fields"), table, text.fields))
    match given[0]:
        case "item":
            return OnItem(events=frozenset(text.item), fields=fields)
        case "button":
            for row, role in enumerate(text.button):
                scope.role(place.at("button", row), role)
            return OnButton(roles=text.button, batch=text.batch)
        case "fill":
            return OnFill(fields=fields, pages=frozenset(text.fill))
        case "called":
            return OnCall()
        case _:
            return _schedule(scope, place, text, table)


def _schedule(scope: Scope, place: Place, text: TriggerText, table: str) -> OnSchedule | None:
    if text.schedule is None:
        return None
    if (text.date is None) != (not text.offsets):
        scope.report(place, "template.date_and_offsets", trigger="schedule")
    date = scope.field_of_kind(place.at("date"), table, text.date, DATE_KINDS)
    return OnSchedule(period=text.schedule, at=text.at, day=text.day, date=date, offsets=text.offsets)


def _unused(text: TriggerText, kind: str) -> Iterator[str]:
    """Yield the keys that stand beside a trigger that does not use them."""
    used = {
        "item": {"fields"},
        "schedule": {"at", "day", "date", "offsets"},
        "button": {"batch"},
        "fill": {"fields"},
        "called": set[str](),
    }.get(kind, set())
    yield from text.model_fields_set - used - set(_TRIGGERS)
