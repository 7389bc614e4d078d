"""Carrying out one step: the operation that a connection is handed, and what the state records of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action, AttributeChange, SchemaOperation
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import (
    DEFINITION_KINDS,
    DefinitionSpec,
    DesiredSchema,
    FieldSpec,
    TableSpec,
    definitions_of,
)
from huoban_perf.deploy.artifact import Attributes
from huoban_perf.deploy.compare import after_applying, shown, wished
from huoban_perf.deploy.pairing import Pair
from huoban_perf.deploy.plan import Step
from huoban_perf.deploy.recall import recalled_field, recalled_option, recalled_table
from huoban_perf.deploy.state import Origin, StateObject
from huoban_perf.deploy.world import Live, Spec, id_of


def operation_of(
    step: Step,
    *,
    spec: Spec,
    desired: DesiredSchema,
    ids: Mapping[Address, str],
    locale: Locale,
    capabilities: Capabilities | None = None,
) -> SchemaOperation:
    """Return what the connection is asked to do.

    Args:
        step: CREATE, UPDATE or DELETE.
        spec: The object as wished, or as remembered for DELETE.
        desired: The wish, to know which field names the items of a table.
        ids: Ids of everything that stands.
        locale: Language in which names are written.
        capabilities: Of the connection; decides whether a table is created with its fields.

    Returns:
        The operation, with the ids of everything it refers to.
    """
    own = () if step.action is Action.CREATE else (step.address,)
    referred = (*_enclosing(step.address), *step.needs, *own)
    if isinstance(spec, DefinitionSpec):
        referred += spec.refers_to
    if isinstance(spec, DefinitionSpec) or (isinstance(spec, FieldSpec) and spec.computed is not None):
        # written as a whole; its rules name options by key
        spoken_of = {one.keys for one in referred if one.kind is ObjectKind.FIELD}
        referred += tuple(one for one in ids if one.kind is ObjectKind.OPTION and one.keys[:2] in spoken_of)
    is_title = isinstance(spec, FieldSpec) and any(
        table.address == spec.address.table and table.title == spec.address.key for table in desired.tables
    )
    return SchemaOperation(
        address=step.address,
        action=step.action,
        spec=replace(spec, fields=_at_once(spec, capabilities)) if isinstance(spec, TableSpec) else spec,
        remote_ids={address: RemoteId(ids[address]) for address in referred if address in ids},
        locale=locale,
        attributes=tuple(change.attribute for change in step.changes) if step.action is Action.UPDATE else (),
        is_title=is_title,
    )


def _at_once(table: TableSpec, capabilities: Capabilities | None) -> tuple[FieldSpec, ...]:
    """Return the fields that are created together with their table; those that point to a table come after all."""
    if capabilities is None or not capabilities.tables_come_with_fields:
        return ()
    return tuple(field for field in table.fields if field.target is None and capabilities.can_create(field.kind))


def _enclosing(address: Address) -> tuple[Address, ...]:
    parent = address.parent
    return () if parent is None else (*_enclosing(parent), parent)


def spec_of(address: Address, desired: DesiredSchema, applied: Attributes) -> Spec:
    """Return an object as declared, or as remembered when it is declared no more.

    Args:
        address: The object.
        desired: The wish.
        applied: What was last applied to it; may be empty.

    Returns:
        The declared object, else the least one that can be said from memory.
    """
    try:
        match address.kind:
            case ObjectKind.TABLE:
                return desired.table(address.key)
            case ObjectKind.FIELD:
                return desired.field(address)
            case kind if kind in DEFINITION_KINDS:
                return next(one for one in definitions_of(desired) if one.address == address)
            case _:
                field = desired.field(Address(ObjectKind.FIELD, address.keys[:2]))
                return next(option for option in field.options if option.address == address)
    except (KeyError, StopIteration):
        return _remembered(address, applied)


def _remembered(address: Address, applied: Attributes) -> Spec:
    match address.kind:
        case ObjectKind.TABLE:
            return recalled_table(address, applied)
        case ObjectKind.FIELD:
            return recalled_field(address, applied)
        case kind if kind in DEFINITION_KINDS:
            name = str(applied.get("name", address.key))
            return DefinitionSpec(address=address, labels=Labels(name, name))
        case _:
            return recalled_option(address, applied)


def record_created(spec: Spec, *, remote_id: str, at: datetime, locale: Locale) -> StateObject:
    """Return what is recorded of an object we made: all that was wished.

    Args:
        spec: The object.
        remote_id: The id it got.
        at: When.
        locale: Language in which names were written.

    Returns:
        The record.
    """
    applied = after_applying(wished(spec, locale=locale))
    return StateObject(remote_id=remote_id, applied=applied, origin=Origin.CREATED, at=at)


def record_found(
    pair: Pair, live: Live, *, tables: Mapping[str, Address], origin: Origin, at: datetime, locale: Locale
) -> StateObject:
    """Return what is recorded of an object that stands.

    Args:
        pair: The object.
        live: What stands for it.
        tables: Which of our tables an id stands for.
        origin: How it came to be ours.
        at: When.
        locale: Language in which names are deployed.

    Returns:
        The record: values as shown, and as wished where nothing is shown. An object that was ours keeps its origin and
        what was applied, but for what both sides moved to the same value.
    """
    seen = shown(live, address_by_table_id=tables)
    wish = wished(pair.spec, locale=locale)
    if pair.record is not None and pair.is_bound:
        agreed = {name: value for name, value in seen.items() if name in wish and wish[name] == value}
        return pair.record.model_copy(update={"applied": {**pair.record.applied, **agreed}, "at": at})
    return StateObject(remote_id=id_of(live), applied=after_applying(wish, shown=seen), origin=origin, at=at)


def record_updated(record: StateObject, changes: Iterable[AttributeChange], *, at: datetime) -> StateObject:
    """Return what is recorded after attributes were changed.

    Args:
        record: What was recorded before.
        changes: The attributes.
        at: When.

    Returns:
        The record with the new values.
    """
    applied = {**record.applied, **{change.attribute: change.after for change in changes}}
    return record.model_copy(update={"applied": applied, "at": at})
