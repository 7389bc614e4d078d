"""Rows that a job moves to another state: the new state, its line of history, and what goes with it."""

from __future__ import annotations

from datetime import date

from huoban_perf.core.schema.machines import REASON_FIELD, RESULT_FIELD
from huoban_perf.core.states import history_of
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow


def moved(row: Row, state: str, *, today: date, **values: Value | Refs) -> WantedRow:
    """Return a row in its new state.

    Args:
        row: The row as it stands.
        state: Key of the state.
        today: For the history field.
        values: What else is written.

    Returns:
        The wanted row; the machine's history field gets a line when the state is first entered.
    """
    key_field = row.rows.table.key_field or ""
    machine = row.book.app.schema.machine(row.rows.table.key)
    wanted: dict[str, Value | Refs] = {key_field: row.key, "status": state, **values}
    if machine is not None:
        wanted |= history_of(machine, row.values, state=state, today=today)
    return WantedRow(key=row.key, values=wanted)


def picked(row: Row, action: str) -> bool:
    """Return whether a person picked an action on a row."""
    return any(row[column] == action for column in _action_fields(row))


def cycle_step(context: JobContext, state: str, **values: Value) -> WantedRow:
    """Return the cycle's row in its new state, with its action fields emptied: the job has carried the action out.

    Args:
        context: What stands.
        state: Key of the state.
        values: What else is written.

    Returns:
        The wanted row; write it with ``by_people`` and last.
    """
    cycle = context.cycle
    machine = context.book.app.schema.machine("cycle")
    label = machine.state(state).labels.zh if machine else state
    emptied: dict[str, Value] = dict.fromkeys(_action_fields(cycle))
    if REASON_FIELD in cycle.rows.columns:
        emptied |= {REASON_FIELD: None, RESULT_FIELD: f"已完成: {label}"}
    return WantedRow(key=cycle.key, values={"name": cycle.key, **emptied, **values, "status": state})


def _action_fields(row: Row) -> list[str]:
    machine = row.book.app.schema.machine(row.rows.table.key)
    names = [actor.action_field for actor in machine.actors] if machine else []
    return [name for name in names if name and name in row.rows.columns]
