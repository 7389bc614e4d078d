"""State machines and the other automations of a table."""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.addresses import Address, ObjectKind, table_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import AutomationSpec, FieldSpec, Machine, State, Transition
from huoban_perf.core.schema.machines import FORMER, Demand, Guard
from huoban_perf.template.automation_model import AutomationsText, AutomationText, MachineText, TransitionText
from huoban_perf.template.compiling.fields import labels_of, optional_labels
from huoban_perf.template.compiling.generated import actors_of
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.compiling.steps import compile_steps, compile_trigger
from huoban_perf.template.faults import nearest


def compile_machine(scope: Scope, place: Place, text: MachineText, *, table: str) -> Machine | None:
    """Return the state machine of a table.

    Args:
        scope: What names lead to.
        place: Where it stands.
        text: As stated.
        table: Key of the table.

    Returns:
        The machine; None when its status field is missing.
    """
    status = scope.field(place.at("field"), table, text.field)
    if status is None:
        return None
    known = {option.address.key: option.labels for option in status.options}
    _check_names(scope, place, text, table, known)
    scope.stands(f"machine:{table}", place)
    former = scope.field(place.at("former"), table, text.former) if text.former else None
    history = scope.field(place.at("history"), table, text.history) if text.history else None
    return Machine(
        table=table_address(table),
        field=text.field,
        states=tuple(_states(text, known)),
        transitions=tuple(_transitions(scope, place, text, table, status)),
        actors=tuple(actors_of(text).values()),
        guards=tuple(Guard(key=one.key, refusal=Labels(one.zh, one.en), stage=one.stage) for one in text.guards),
        former_field=former.address.key if former else None,
        history_field=history.address.key if history else None,
    )


def _states(text: MachineText, known: dict[str, Labels]) -> Iterator[State]:
    for key, labels in known.items():
        stage = text.stages.get(key)
        yield State(
            key=key,
            labels=labels,
            closed=key in text.closed,
            stage=stage.stage if stage else None,
            skip_to=stage.skip_to if stage else None,
        )


def _check_names(scope: Scope, place: Place, text: MachineText, table: str, known: dict[str, Labels]) -> None:
    for row, key in enumerate(text.closed):
        _state(scope, place.at("closed", row), key, known)
    for key, stage in text.stages.items():
        _state(scope, place.at("stages", key), key, known)
        _state(scope, place.at("stages", key, "skip_to"), stage.skip_to, known)
    for actor in actors_of(text).values():
        at = next((row for row, one in enumerate(text.actors) if one.key == actor.key), None)
        here = place.at("actors", at) if at is not None else place.at("transitions")
        for key in actor.fields:
            scope.field(here, table, key)
        for key in actor.roles:
            scope.role(here, key)


def _state(scope: Scope, place: Place, key: str, known: dict[str, Labels]) -> None:
    if key not in known:
        facts = {"field": "status", "option": key, "near": nearest(key, list(known))}
        scope.report(place, "template.no_such_option", **facts, known=tuple(known))


def _transitions(scope: Scope, place: Place, text: MachineText, table: str, status: FieldSpec) -> Iterator[Transition]:
    guards, actors = {one.key for one in text.guards}, actors_of(text)
    for index, one in enumerate(text.transitions):
        if not scope.has(one.feature):
            continue
        here = place.at("transitions", index)
        for row, guard in enumerate(one.guards):
            if guard not in guards:
                near = nearest(guard, sorted(guards))
                scope.report(
                    here.at("guards", row),
                    "template.no_such_name",
                    kind="guard",
                    name=guard,
                    near=near,
                    known=tuple(sorted(guards)),
                )
        for row, actor in enumerate(one.by):
            if actor not in actors:
                scope.report(here.at("by", row), "template.actor_unknown", actor=actor)
        yield _transition(scope, here, one, table, status)


def _transition(scope: Scope, place: Place, one: TransitionText, table: str, status: FieldSpec) -> Transition:
    scope.stands(f"transition:{table}.{one.key}", place)
    known = {option.address.key: option.labels for option in status.options}
    sources = tuple(_sources(scope, place.at("from"), one, table, known))
    if one.to != FORMER:
        _state(scope, place.at("to"), one.to, known)
    demands = tuple(
        Demand(
            rows=compile_rules(scope, place.at("when", row, "rows"), demand.rows, table=table),
            refusal=Labels(demand.zh, demand.en),
        )
        for row, demand in enumerate(one.when)
        if scope.has(demand.feature)
    )
    if one.job is not None:
        scope.job(place.at("job"), one.job)
    return Transition(
        key=one.key,
        labels=labels_of(one.labels),
        sources=sources,
        target=one.to,
        actors=one.by,
        needs=tuple(field.address.key for field in scope.fields(place.at("needs"), table, one.needs)),
        reason=one.reason,
        demands=demands,
        guards=one.guards,
        steps=compile_steps(scope, place.at("then"), one.then, table=table),
        job=one.job,
        button=one.button,
        help=optional_labels(one.help),
    )


def _sources(scope: Scope, place: Place, one: TransitionText, table: str, known: dict[str, Labels]) -> Iterator[str]:
    for row, key in enumerate(one.from_):
        if key == "$open":
            yield from (state for state in scope.open_states.get(table, ()) if state != one.to)
        else:
            _state(scope, place.at(row), key, known)
            yield key


def compile_automations(scope: Scope, place: Place, text: AutomationsText) -> Iterator[AutomationSpec]:
    """Yield the automations of a file beside its machine.

    Args:
        scope: What names lead to.
        place: The file.
        text: What it says.

    Yields:
        Automations in order, those of features the app does not have left out.
    """
    for index, one in enumerate(text.automations):
        if scope.has(one.feature):
            found = _automation(scope, place.at("automations", index), one, text.table)
            if found is not None:
                yield found


def _automation(scope: Scope, place: Place, one: AutomationText, table: str) -> AutomationSpec | None:
    trigger = compile_trigger(scope, place.at("trigger"), one.trigger, table=table)
    if trigger is None:
        return None
    address = Address(ObjectKind.AUTOMATION, (table, one.key))
    scope.stands(address, place)
    return AutomationSpec(
        address=address,
        labels=labels_of(one.labels),
        trigger=trigger,
        rows=compile_rules(scope, place.at("rows"), one.rows, table=table),
        steps=compile_steps(scope, place.at("then"), one.then, table=table),
        failure=optional_labels(one.failure),
        help=optional_labels(one.help),
    )
