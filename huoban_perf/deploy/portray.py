"""Portraying: what stands in a workspace, said in the words of a template.

A read proves less than a template states: a text may be any text kind. Where several kinds are possible the widest is
taken, so that no value is cut short.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from huoban_perf.core.addresses import Address, ObjectKind, field_address, option_address
from huoban_perf.core.schema import FieldKind, ObservedField, ObservedTable
from huoban_perf.deploy.artifact import Attributes
from huoban_perf.deploy.compare import shown
from huoban_perf.deploy.guard import covers
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.world import World, id_of

EXTRA = "x_"
"""Keys of what nobody declared begin so, followed by the platform's id."""

Extra = tuple[str, Attributes]
"""Id and attributes of something nobody declared."""


def kind_of(field: ObservedField, *, widest: bool = True) -> FieldKind | None:
    """Return the kind to take a field for.

    Args:
        field: The field as seen.
        widest: Take the kind that holds every value; else the one most people mean.

    Returns:
        One of the kinds the read allows, or None for a type that is unknown to us.
    """
    if len(field.kinds) <= 1:
        return next(iter(field.kinds), None)
    several = field.many if field.many is not None else widest
    preferred = [
        FieldKind.TEXT_LONG if widest else FieldKind.TEXT,
        FieldKind.TEXT,
        FieldKind.TEXT_LONG,
        FieldKind.NUMBER,
        FieldKind.DATETIME if widest else FieldKind.DATE,
        FieldKind.CHOICES if several else FieldKind.CHOICE,
        FieldKind.MEMBERS if several else FieldKind.MEMBER,
        FieldKind.FORMULA,
    ]
    return next((kind for kind in preferred if kind in field.kinds), min(field.kinds))


def extras_of(
    state: StateFile, world: World, *, whole: Set[Address], by_table_id: Mapping[str, Address]
) -> dict[Address, Extra]:
    """Return the undeclared fields and options inside what is ours that a backup has to know.

    Args:
        state: What is ours.
        world: The workspace.
        whole: What is about to go; undeclared fields count inside a table that goes, undeclared options everywhere,
            for without them the values of their field could not be read.
        by_table_id: Which of our tables an id stands for.

    Returns:
        A made-up address → id and attributes.
    """
    found: dict[Address, Extra] = {}
    ids = {address: known.remote_id for address, known in state.objects.items()}
    known_within: dict[Address | None, set[str]] = {}
    for address, own in ids.items():
        known_within.setdefault(address.parent, set()).add(own)
    for address in ids:
        live = world.at(address, ids)
        if isinstance(live, ObservedTable) and covers(whole, address):
            found |= dict(_fields(address, live, known_within.get(address, set()), by_table_id))
        elif isinstance(live, ObservedField):
            found |= dict(_options(address, live, known_within.get(address, set())))
    return found


def _fields(
    table: Address, live: ObservedTable, known: Set[str], by_table_id: Mapping[str, Address]
) -> Iterator[tuple[Address, Extra]]:
    for field in live.fields:
        kind = kind_of(field)
        if field.field_id in known or kind is None:
            continue
        address = field_address(table.key, f"{EXTRA}{field.field_id}")
        seen = shown(field, address_by_table_id=by_table_id)
        if str(seen.get("target", "")).startswith("id:"):
            continue
        many = {"many": bool(seen.get("many"))} if kind is FieldKind.RELATION else {}
        stated = {name: value for name, value in seen.items() if name != "many"}
        yield address, (id_of(field), {**stated, **many, "kind": kind.value})
        yield from _options(address, field, set())


def _options(field: Address, live: ObservedField, known: Set[str]) -> Iterator[tuple[Address, Extra]]:
    for option in live.options:
        if option.option_id not in known:
            address = option_address(field.keys[0], field.keys[1], f"{EXTRA}{option.option_id}")
            yield address, (option.option_id, shown(option, address_by_table_id={}))


def is_extra(address: Address) -> bool:
    """Return whether an address was made up for something nobody declared."""
    return any(key.startswith(EXTRA) for key in address.keys[1:]) and address.kind in {
        ObjectKind.FIELD,
        ObjectKind.OPTION,
    }
