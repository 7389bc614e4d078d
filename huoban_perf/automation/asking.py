"""Asking the machine: what a decision needs to know of a row, and its refusals in words that people read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.machines import Machine
from huoban_perf.core.states import Facts, Reason, guards_asked
from huoban_perf.sync.book import Row


def facts_of(machine: Machine, row: Row, action: str, *, today: date, around: Surroundings) -> Facts:
    """Return what ``decide`` cannot see in the row: the verdicts of the guards it asks, and the stages that are off.

    Args:
        machine: The table's machine.
        row: The row.
        action: Key of the transition.
        today: The day in China.
        around: Guards.

    Returns:
        The facts; nobody is named as editor.
    """
    off = around.stages_off(row)
    found: dict[str, Mapping[str, FactValue] | None] = {}
    for key in guards_asked(machine, row=row.values, action=action, stages_off=off):
        check = around.guards.get((machine.table.key, key))
        if check is not None:
            found[key] = check(row)
    return Facts(today=today, verdicts=found, stages_off=off)


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
