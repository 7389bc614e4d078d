"""Fields that no file states: action fields from the machines, permission columns from whoever speaks of them.

Source: data-model.md §1 rules 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from huoban_perf.core.addresses import field_address, option_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import PERMISSION_COLUMNS, FieldKind, FieldSpec, OptionSpec, Writer
from huoban_perf.core.schema.machines import JOB, REASON_FIELD, RESULT_FIELD, Actor
from huoban_perf.template.automation_model import ActorText, MachineText
from huoban_perf.template.compiling.fields import labels_of

ACTORS: Final[Mapping[str, Actor]] = MappingProxyType(
    {
        one.key: one
        for one in (
            Actor(key="employee", labels=Labels("员工", "Employee"), fields=("p_self",)),
            Actor(key="manager", labels=Labels("上级", "Manager"), fields=("p_mgr",)),
            Actor(key="head", labels=Labels("负责人", "Head"), fields=("p_heads",)),
            Actor(key="hr", labels=Labels("HR", "HR"), roles=("hr",)),
            Actor(key="decider", labels=Labels("审定", "Decider"), roles=("executive",)),
            Actor(key="rater", labels=Labels("评价人", "Rater"), fields=("rater",)),
            Actor(key="handler", labels=Labels("办理", "Handler"), fields=("handler",)),
            Actor(key="payroll", labels=Labels("薪酬", "Payroll"), roles=("payroll",)),
            Actor(key=JOB, labels=Labels("系统", "The system")),
        )
    }
)
"""Actors that a machine may use without describing them."""

_ACTION_HELP: Final = Labels(
    "选要做的操作后保存; 系统核对后执行, 结果看「操作结果」",
    "Pick what to do and save; the result appears in Action result",
)
_REASON_HELP: Final = Labels("退回、驳回、变更等操作的原因或说明", "Reason or comment that goes with the action")


def actors_of(machine: MachineText) -> dict[str, Actor]:
    """Return who acts in a machine: those its transitions name, described here or in the file.

    Args:
        machine: The machine as stated.

    Returns:
        Actors by key; a key nobody describes is missing.
    """
    stated = {text.key: _actor(text) for text in machine.actors}
    named = dict.fromkeys(key for transition in machine.transitions for key in transition.by)
    described = {**ACTORS, **stated}
    return {key: described[key] for key in named if key in described}


def _actor(text: ActorText) -> Actor:
    known = ACTORS.get(text.key)
    labels = (
        labels_of(text.labels) if text.labels is not None else (known.labels if known else Labels(text.key, text.key))
    )
    return Actor(key=text.key, labels=labels, fields=text.fields, roles=text.roles)


def action_fields(table: str, machine: MachineText, features: frozenset[str]) -> Iterator[FieldSpec]:
    """Yield the action fields of a table, then 操作说明 and 操作结果.

    Args:
        table: Key of the table.
        machine: Its machine.
        features: Features of the app.

    Yields:
        Fields; none when no person ever acts.
    """
    acted = False
    present = [one for one in machine.transitions if one.feature is None or one.feature in features]
    for actor in actors_of(machine).values():
        key = actor.action_field
        options = tuple(
            OptionSpec(address=option_address(table, key, one.key), labels=labels_of(one.labels))
            for one in present
            if key is not None and actor.key in one.by and one.from_
        )
        if key is not None and options:
            acted = True
            labels = Labels(f"{actor.labels.zh}操作", f"{actor.labels.en} action")
            yield replace(_field(table, key, labels, FieldKind.CHOICE), help=_ACTION_HELP, options=options)
    if acted:
        reason = _field(table, REASON_FIELD, Labels("操作说明", "Action reason"), FieldKind.TEXT_LONG)
        result = _field(table, RESULT_FIELD, Labels("操作结果", "Action result"), FieldKind.TEXT_LONG)
        yield replace(reason, help=_REASON_HELP)
        yield replace(result, writer=Writer.JOB)


def permission_columns(table: str, keys: frozenset[str]) -> Iterator[FieldSpec]:
    """Yield the permission columns among some field keys, in their fixed order.

    Args:
        table: Key of the table.
        keys: Field keys that somebody speaks of.

    Yields:
        Fields that a job fills.
    """
    for key, column in PERMISSION_COLUMNS.items():
        if key in keys:
            yield replace(_field(table, key, column.labels, column.kind), writer=Writer.JOB)


def _field(table: str, key: str, labels: Labels, kind: FieldKind) -> FieldSpec:
    return FieldSpec(address=field_address(table, key), labels=labels, kind=kind, generated=True)
