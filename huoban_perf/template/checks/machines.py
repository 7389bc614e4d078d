"""State machines: every state can be reached and left, every transition has somebody, every stage a view.

Source: workflows.md §1, §4; data-model.md §1 rule 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from huoban_perf.core.errors import FactValue
from huoban_perf.core.filters import Condition, Operator, matches
from huoban_perf.core.rules import Every, Rule, Some, Test
from huoban_perf.core.schema import Machine, Transition, ViewSpec, Writer
from huoban_perf.core.schema.machines import FORMER, JOB, Actor
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error, warning


def check_machines(compiled: Compiled) -> Iterator[Finding]:
    """Check every machine.

    Args:
        compiled: The template.

    Yields:
        Findings.
    """
    for machine in compiled.schema.machines:
        yield from _states(compiled, machine)
        if compiled.schema.roles:
            yield from _actors(compiled, machine)


def _states(compiled: Compiled, machine: Machine) -> Iterator[Finding]:
    place, table = compiled.places[f"machine:{machine.table.key}"], machine.table.key
    stated = place.source.model.machine.transitions  # also those of features that this app does not have
    reached = {one.to for one in stated} | {one.skip_to for one in machine.states}
    if any(one.target == FORMER for one in machine.transitions):
        former = machine.former_field and compiled.schema.table(table).field(machine.former_field)
        if not former:
            yield error(place.problem("template.no_former_field", table=table))
    left = {source for one in machine.transitions for source in one.sources}
    for state in machine.states:
        if state.key not in reached:
            yield error(place.problem("template.state_unreachable", table=table, state=state.key))
        if not state.closed and state.key not in left:
            yield error(place.problem("template.state_stuck", table=table, state=state.key))
    endless = tuple(state for state in _endless(machine) if state in left)
    if endless:
        yield error(place.problem("template.never_ends", table=table, states=endless))


def _endless(machine: Machine) -> tuple[str, ...]:
    """Return the open states from which no closed state can be reached; none for a machine without closed states."""
    ending = set(machine.closed_states)
    if not ending:
        return ()
    before = -1
    while before != len(ending):
        before = len(ending)
        ending |= {state.key for state in machine.states if state.skip_to in ending}
        for one in machine.transitions:
            if one.target in ending or one.target == FORMER:
                ending |= set(one.sources)
    return tuple(state.key for state in machine.states if state.key not in ending)


def _actors(compiled: Compiled, machine: Machine) -> Iterator[Finding]:
    opened: dict[str, set[str]] = {}
    for permission in compiled.schema.permissions:
        if permission.address.keys[0] == machine.table.key:
            for grant in permission.grants:
                for field in grant.editable:
                    opened.setdefault(field.key, set()).add(grant.role)
    for transition in machine.transitions:
        people = tuple(key for key in transition.actors if key != JOB)
        if transition.sources and people:
            yield from _needs(compiled, machine, transition, opened)
            for key in people:
                yield from _actor(compiled, machine, transition, machine.actor(key), opened)


def _needs(
    compiled: Compiled, machine: Machine, transition: Transition, opened: Mapping[str, set[str]]
) -> Iterator[Finding]:
    table = compiled.schema.table(machine.table.key)
    place = compiled.places[f"transition:{table.key}.{transition.key}"]
    for key in transition.needs:
        if table.field(key).writer is Writer.PEOPLE and key not in opened:
            yield error(place.problem("template.needs_unfillable", transition=transition.key, field=key))


def _actor(
    compiled: Compiled, machine: Machine, transition: Transition, actor: Actor, opened: Mapping[str, set[str]]
) -> Iterator[Finding]:
    schema, table = compiled.schema, machine.table.key
    place = compiled.places[f"transition:{table}.{transition.key}"]
    action = actor.action_field or ""
    roles = opened.get(action, set())
    facts: dict[str, FactValue] = {"transition": transition.key, "actor": actor.key, "table": table}
    if not roles:
        yield error(place.problem("template.nobody_may", **facts))
        return
    lacking = tuple(
        state
        for state in transition.sources
        if not any(_serves(view, machine, state, action, roles) for view in schema.views)
    )
    if lacking:
        yield warning(place.problem("template.no_view_for_actor", **facts, states=lacking))


def _serves(view: ViewSpec, machine: Machine, state: str, action: str, roles: set[str]) -> bool:
    """Tell whether a view shows rows in a state, with the action field, to one of the roles."""
    shown = view.address.keys[0] == machine.table.key and bool(roles & set(view.roles))
    return shown and any(field.key == action for field in view.fields) and admits(view.rows, machine.field, state)


def admits(rule: Rule, field: str, value: str) -> bool:
    """Tell whether a rule can hold for a row whose choice field has a value, whatever its other fields hold.

    Args:
        rule: The rule.
        field: Key of the choice field.
        value: Key of its option.

    Returns:
        True unless a comparison of that field forbids it.
    """
    match rule:
        case Every(parts):
            return all(admits(part, field, value) for part in parts)
        case Some(parts):
            return any(admits(part, field, value) for part in parts)
        case Test(address, operator, operand) if address.key == field and isinstance(operand, str | tuple | bool):
            return matches(Condition(field, Operator(operator), operand), {field: (value,)})
        case _:
            return True
