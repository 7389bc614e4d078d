"""What automations and transitions write: whole rows, no computed field, and a state only by its machine.

Source: data-model.md §1 rule 4 (nobody types a status).
"""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.core.addresses import Address, field_address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.errors import FactValue
from huoban_perf.core.rules import ALWAYS, Every, Rule, Test, tests_of
from huoban_perf.core.schema import DesiredSchema, Machine, Writer
from huoban_perf.core.schema.automations import Assignment, Create, Step, Update
from huoban_perf.core.schema.machines import JOB
from huoban_perf.template.checks.machines import admits
from huoban_perf.template.compile import Compiled
from huoban_perf.template.compiling.scope import Place
from huoban_perf.template.findings import Finding, error


def check_writes(compiled: Compiled) -> Iterator[Finding]:
    """Check every step that writes.

    Args:
        compiled: The template.

    Yields:
        Errors.
    """
    schema = compiled.schema
    for automation in schema.automations:
        for step in automation.steps:
            yield from _step(schema, compiled.places[str(automation.address)], step, automation.rows)
    for machine in schema.machines:
        for transition in machine.transitions:
            here = Every((Test(machine_field(machine), Operator.ANY_OF, transition.sources),))
            for step in transition.steps:
                place = compiled.places[f"transition:{machine.table.key}.{transition.key}"]
                yield from _step(schema, place, step, here)


def machine_field(machine: Machine) -> Address:
    """Return the address of a machine's status field."""
    return field_address(machine.table.key, machine.field)


def _step(schema: DesiredSchema, place: Place, step: Step, here: Rule) -> Iterator[Finding]:
    if isinstance(step, Create | Update):
        machine = schema.machine(step.table.key)
        yield from _computed(schema, place, step.values)
        if isinstance(step, Create):
            yield from _whole(schema, place, step)
            yield from _born(place, machine, step)
        elif machine is not None:
            own_row = step.rows is None and not step.path
            yield from _moved(place, machine, step, here if own_row else step.rows or ALWAYS)


def _moved(place: Place, machine: Machine, step: Update, rows: Rule) -> Iterator[Finding]:
    """A state written is a transition of the program: it must exist from every state that the rows may be in."""
    wished = next((one.value for one in step.values if one.field.key == machine.field), None)
    if not isinstance(wished, str):
        return
    ways = [one for one in machine.transitions if JOB in one.actors and one.target == wished]
    sources = {source for one in ways for source in one.sources}
    limited = any(test.field.key == machine.field for test in tests_of(rows))
    admitted = [state.key for state in machine.states if admits(rows, machine.field, state.key)]
    lacking = tuple(state for state in admitted if state not in sources and state != wished) if limited else ()
    if not ways or lacking:
        facts: dict[str, FactValue] = {"table": step.table.key, "state": wished, "sources": lacking or ("-",)}
        yield error(place.problem("template.moves_state", **facts))


def _computed(schema: DesiredSchema, place: Place, values: tuple[Assignment, ...]) -> Iterator[Finding]:
    for one in values:
        if schema.field(one.field).writer is Writer.PLATFORM:
            yield error(place.problem("template.writes_computed", table=one.field.keys[0], field=one.field.key))


def _whole(schema: DesiredSchema, place: Place, step: Create) -> Iterator[Finding]:
    given = {one.field for one in step.values}
    missing = tuple(
        field.address.key
        for field in schema.table(step.table.key).fields
        if field.required and field.default is None and field.address not in given
    )
    if missing:
        yield error(place.problem("template.create_lacks_required", table=step.table.key, fields=missing))


def _born(place: Place, machine: Machine | None, step: Create) -> Iterator[Finding]:
    """A row with a machine is made in a state that a transition makes rows in."""
    if machine is None:
        return
    births = tuple(dict.fromkeys(one.target for one in machine.transitions if not one.sources))
    given = next((one.value for one in step.values if one.field.key == machine.field), None)
    if given not in births:
        facts: dict[str, FactValue] = {"table": step.table.key, "state": str(given or "-"), "known": births or ("-",)}
        yield error(place.problem("template.born_elsewhere", **facts))
