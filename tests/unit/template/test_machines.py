"""Every transition of every shipped machine is decided as it is declared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache

import pytest

from huoban_perf.core.schema import (
    DATE_KINDS,
    MEMBER_KINDS,
    NUMBER_KINDS,
    DesiredSchema,
    FieldKind,
    Machine,
    TableSpec,
    Transition,
)
from huoban_perf.core.schema.machines import FORMER, JOB, REASON_FIELD
from huoban_perf.core.states import Facts, Refused, actions_here, decide, guards_asked
from huoban_perf.core.values import Value
from huoban_perf.template import compile_schema, load_template, template_names

TODAY = date(2026, 7, 1)


@cache
def schema_of(name: str) -> DesiredSchema:
    return compile_schema(load_template(name))


def ways_of(name: str) -> Iterator[tuple[TableSpec, Machine, Transition]]:
    schema = schema_of(name)
    for machine in schema.machines:
        for one in machine.transitions:
            yield schema.table(machine.table.key), machine, one


def something(kind: FieldKind) -> Value:
    if kind in DATE_KINDS:
        return TODAY
    if kind in NUMBER_KINDS:
        return Decimal(1)
    return ("m1",) if kind in MEMBER_KINDS or kind is FieldKind.RELATION else "有"


def row_for(table: TableSpec, machine: Machine, one: Transition, source: str | None) -> dict[str, Value]:
    """Return a row on which nothing is missing."""
    row: dict[str, Value] = {key: something(table.field(key).kind) for key in one.needs}
    row |= {machine.field: source, REASON_FIELD: "已核对"}
    if machine.former_field is not None:
        row[machine.former_field] = machine.states[0].key
    return row


def facts_for(machine: Machine, one: Transition, row: dict[str, Value]) -> Facts:
    return Facts(today=TODAY, verdicts=dict.fromkeys(guards_asked(machine, row=row, action=one.key)))


@pytest.mark.parametrize("name", template_names())
def test_every_way_is_open_to_its_actors_from_its_states_alone(name: str) -> None:
    for table, machine, one in ways_of(name):
        for source in one.sources or (None,):
            for actor in one.actors:
                check_open(table, machine, one, source, actor)
        for state in {state.key for state in machine.states} - set(one.sources):
            row = row_for(table, machine, one, state)
            outcome = decide(machine, row=row, role=one.actors[0], action=one.key, facts=facts_for(machine, one, row))
            assert isinstance(outcome, Refused), one.key
            assert [reason.code for reason in outcome.reasons] == ["states.not_from_here"], one.key


def check_open(table: TableSpec, machine: Machine, one: Transition, source: str | None, actor: str) -> None:
    row = row_for(table, machine, one, source)
    outcome = decide(machine, row=row, role=actor, action=one.key, facts=facts_for(machine, one, row))
    if isinstance(outcome, Refused):
        assert {reason.code for reason in outcome.reasons} == {"states.demand"}, one.key
        assert all(reason.text for reason in outcome.reasons), one.key
        return
    assert outcome.state in {state.key for state in machine.states}, one.key
    assert one.target in {FORMER, outcome.state}, one.key
    assert outcome.values[machine.field] == outcome.state
    assert actor == JOB or outcome.values[f"{actor}_action"] is None
    assert not one.sources or one in actions_here(machine, row=row, role=actor)


@pytest.mark.parametrize("name", template_names())
def test_missing_reason_field_or_verdict_refuses(name: str) -> None:
    for _, machine, one in ways_of(name):
        person = next((actor for actor in one.actors if actor != JOB), None)
        if person is None:
            continue
        source = one.sources[0] if one.sources else None
        bare: dict[str, Value] = {machine.field: source, machine.former_field or "-": machine.states[0].key}
        outcome = decide(machine, row=bare, role=person, action=one.key, facts=Facts(today=TODAY))
        codes = [reason.code for reason in outcome.reasons] if isinstance(outcome, Refused) else []
        assert ("states.reason_missing" in codes) == one.reason, one.key
        assert ("states.empty_fields" in codes) == bool(one.needs), one.key
        assert codes.count("states.guard_not_asked") == len(one.guards), one.key
