"""Renamed keys: the state's entries move to their new addresses and keep their ids.

Source: design.md §5.2 (``moved:``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.errors import FactValue, PlanError
from huoban_perf.core.schema import DEFINITION_KINDS, DesiredSchema, definitions_of
from huoban_perf.deploy.artifact import Attributes, Note
from huoban_perf.deploy.state import StateFile, StateObject

_SPOKEN = re.compile(r"\b(?:table:[a-z][a-z0-9_]*|(?:field|view|form):[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)\b")
"""Addresses as they are printed inside the content of a definition."""


def moved_objects(
    objects: Mapping[Address, StateObject], moved: Mapping[Address, Address], *, desired: DesiredSchema
) -> tuple[dict[Address, StateObject], dict[Address, Address]]:
    """Carry out renames on what the state knows.

    Args:
        objects: What the state knows.
        moved: Old address → new address; what lies below a moved object moves with it. Chains are followed; a rename
            already carried out, or of something never known, does nothing.
        desired: The wish, to refuse a rename of what is still declared.

    Returns:
        The objects under their new addresses, and new address → old address of each that moved.

    Raises:
        PlanError: A rename goes to another table or kind, in a circle, onto an object that is already there, or away
            from an address that is still declared; every such rename is listed.
    """
    problems = [note for old, new in moved.items() for note in _faults(old, new, moved, desired)]
    if problems:
        raise _refused(problems)
    renamed: dict[Address, StateObject] = {}
    origins: dict[Address, Address] = {}
    for address in sorted(objects, key=str):
        target = _destination(address, moved)
        if target != address:
            origins[target] = address
        if target in renamed or (target != address and target in objects and _destination(target, moved) == target):
            problems.append(_note("plan.move_collides", address, target))
        renamed[target] = objects[address].model_copy(
            update={"applied": _moved_references(address, objects[address].applied, moved)}
        )
    if problems:
        raise _refused(problems)
    return renamed, origins


def rebound(state: StateFile, old: Address, new: Address) -> StateFile:
    """Return the state with one object, and what lies in it, under another address.

    Args:
        state: The state.
        old: Where it is now.
        new: Where it is to be.

    Returns:
        A new state.

    Raises:
        PlanError: The new address is taken, or is of another kind or in another place.
    """
    nothing = DesiredSchema(app=state.app, version="", tables=(), digest="")
    objects, _ = moved_objects(state.objects, {old: new}, desired=nothing)
    return state.with_objects(objects)


def _destination(address: Address, moved: Mapping[Address, Address]) -> Address:
    """Follow renames of the object itself and of what encloses it until nothing moves any more."""
    for _ in range(len(moved) + 1):
        step = _one_step(address, moved)
        if step == address:
            break
        address = step
    return address


def _one_step(address: Address, moved: Mapping[Address, Address]) -> Address:
    if address in moved:
        return moved[address]
    parent = address.parent
    if parent is None:
        return address
    return Address(address.kind, (*_one_step(parent, moved).keys, address.key))


def _moved_references(address: Address, applied: Attributes, moved: Mapping[Address, Address]) -> Attributes:
    """Rename what an object's attributes refer to: a relation's table, a table's title field."""
    target, title = applied.get("target"), applied.get("title")
    if isinstance(target, str):
        applied = {**applied, "target": str(_destination(Address.parse(target), moved))}
    if isinstance(title, str) and title:
        applied = {**applied, "title": _destination(field_address(address.key, title), moved).key}
    if address.kind in DEFINITION_KINDS and moved:
        applied = {name: _moved_words(value, moved) for name, value in applied.items()}
    return applied


def _moved_words(value: AttributeValue, moved: Mapping[Address, Address]) -> AttributeValue:
    """Rename every address that the content of a definition speaks of."""
    if isinstance(value, tuple):
        return tuple(str(_moved_words(part, moved)) for part in value)
    if not isinstance(value, str):
        return value
    return _SPOKEN.sub(lambda found: str(_destination(Address.parse(found.group()), moved)), value)


def _faults(old: Address, new: Address, moved: Mapping[Address, Address], desired: DesiredSchema) -> list[Note]:
    if old.kind is not new.kind:
        return [_note("plan.move_across", old, new)]
    parents = [address.parent and _destination(address.parent, moved) for address in (old, new)]
    if parents[0] != parents[1]:  # a field goes nowhere when its table is only called differently
        return [_note("plan.move_across", old, new)]
    end = _destination(old, moved)
    if _one_step(end, moved) != end:
        return [_note("plan.move_circle", old, new)]
    return [_note("plan.move_declared", old, new)] if _is_declared(old, desired) else []


def _is_declared(address: Address, desired: DesiredSchema) -> bool:
    match address.kind:
        case ObjectKind.TABLE:
            return any(table.address == address for table in desired.tables)
        case ObjectKind.FIELD:
            return any(field.address == address for field in desired.fields())
        case kind if kind in DEFINITION_KINDS:
            return any(one.address == address for one in definitions_of(desired))
        case _:
            return any(option.address == address for option in desired.options())


def _note(code: str, old: Address, new: Address) -> Note:
    facts: dict[str, FactValue] = {"old": str(old), "new": str(new)}
    return Note(code=code, address=new, facts=facts)


def _refused(problems: list[Note]) -> PlanError:
    return PlanError(
        "plan.moves_refused", facts={"count": len(problems)}, problems=[note.problem() for note in problems]
    )
