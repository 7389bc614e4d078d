"""Former names: the same objects, recognised by their ids, under the addresses they had in an earlier state."""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.addresses import Address
from huoban_perf.deploy.moves import moved_objects
from huoban_perf.deploy.recall import schema_of
from huoban_perf.deploy.state import StateFile, StateObject

Objects = Mapping[Address, StateObject]


def former_addresses(now: Objects, before: Objects) -> dict[Address, Address]:
    """Return which address each renamed object had before.

    Args:
        now: What is ours.
        before: What was ours.

    Returns:
        Address now → address before, for objects that stand under the same id and were called otherwise.
    """
    known_at = {place_of(address, before): address for address in before}
    found = {address: known_at.get(place_of(address, now), address) for address in now}
    return {address: former for address, former in found.items() if former != address}


def with_former_addresses(state: StateFile, before: StateFile) -> StateFile:
    """Return a state in which renamed objects are called as before.

    Args:
        state: The state as it is.
        before: An earlier one.

    Returns:
        The state; what is only known now keeps its address.

    Raises:
        PlanError: A former address belongs to another object by now.
    """
    renamed = former_addresses(state.objects, before.objects)
    own = {address: former for address, former in renamed.items() if address.key != former.key}
    if not own:
        return state
    objects, _ = moved_objects(state.objects, own, desired=schema_of((), app=state.app, version=""))
    return state.with_objects(objects)


def place_of(address: Address, objects: Objects) -> tuple[str, ...]:
    """Return what an object is recognised by: its kind and the ids from the outside in.

    Args:
        address: The object.
        objects: What is ours; an object that is not stands for itself by its address.

    Returns:
        The place; an option's own id would be unique only inside its field.
    """
    chain: list[Address] = []
    here: Address | None = address
    while here is not None:
        chain.append(here)
        here = here.parent
    ids = [objects[one].remote_id if one in objects else str(one) for one in chain]
    return (address.kind.value, *reversed(ids))
