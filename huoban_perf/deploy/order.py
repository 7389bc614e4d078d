"""Order: no step refers to a later one, and a person could follow it by hand.

What is only recorded comes first, then tables, plain fields, relations, computed fields, options, then
views, forms, permissions, pages and automations; then deletions, from
the inside out; what is forgotten comes last. Relations stand apart from the making of tables, so circles between
tables never block.

Source: design.md §5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.changes import Action
from huoban_perf.core.schema import (
    COMPUTED_KINDS,
    DEFINITION_KINDS,
    DesiredSchema,
    FieldKind,
    FieldSpec,
    definitions_of,
)
from huoban_perf.deploy.plan import Step

_RECORDED, _TABLE, _PLAIN, _RELATION, _COMPUTED, _OPTION, _DEFINED = range(7)
_DELETED, _FORGOTTEN = 100, 101
_DEPTH = {kind: depth for depth, kind in enumerate(ObjectKind)}


def stage_of(field: FieldSpec) -> int:
    """Return when a field is built among fields: 0 plain, 1 relations, 2 what is computed along relations.

    Args:
        field: The field.

    Returns:
        The stage.
    """
    if field.kind in {FieldKind.RELATION, FieldKind.SUB_TABLE}:
        return 1
    return 2 if field.kind in COMPUTED_KINDS - {FieldKind.AUTO_NUMBER} else 0


def ordered(steps: Iterable[Step], *, desired: DesiredSchema) -> tuple[Step, ...]:
    """Return the steps in the order in which they are carried out.

    Args:
        steps: The steps, in any order.
        desired: The wish, whose order of tables and fields is kept within a stage.

    Returns:
        The same steps.
    """
    places: dict[Address, int] = {}
    stages: dict[Address, int] = {}
    for table in desired.tables:
        places[table.address] = len(places)
        for field in table.fields:
            places[field.address] = len(places)
            stages[field.address] = _PLAIN + stage_of(field)
            places |= {option.address: len(places) + number for number, option in enumerate(field.options)}
    for definition in definitions_of(desired):
        places[definition.address] = len(places)
        stages[definition.address] = _DEFINED + DEFINITION_KINDS.index(definition.address.kind)
    return tuple(sorted(steps, key=lambda step: _key(step, places, stages)))


def _key(step: Step, places: Mapping[Address, int], stages: Mapping[Address, int]) -> tuple[int, int, int, str]:
    address, depth = step.address, _DEPTH[step.address.kind]
    place = places.get(address, len(places))
    match step.action:
        case Action.BIND:
            return _RECORDED, depth, place, str(address)
        case Action.FORGET:
            return _FORGOTTEN, -depth, place, str(address)
        case Action.DELETE:
            return _DELETED, -depth, place, str(address)
        case _:
            by_kind = {ObjectKind.TABLE: _TABLE, ObjectKind.OPTION: _OPTION}
            return by_kind.get(address.kind, stages.get(address, _PLAIN)), 0, place, str(address)
