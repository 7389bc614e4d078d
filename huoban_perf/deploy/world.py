"""The workspace as read, found by id: what pairing, comparing and applying look things up in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.digest import canonical_json, digest
from huoban_perf.core.schema import (
    DEFINITION_KINDS,
    DefinitionSpec,
    FieldSpec,
    ObservedDefinition,
    ObservedField,
    ObservedOption,
    ObservedSchema,
    ObservedTable,
    OptionSpec,
    TableSpec,
)

Spec = TableSpec | FieldSpec | OptionSpec | DefinitionSpec
Live = ObservedTable | ObservedField | ObservedOption | ObservedDefinition


class World:
    """One observation, indexed."""

    def __init__(self, observed: ObservedSchema) -> None:
        """Index an observation.

        Args:
            observed: What was read.
        """
        self.observed = observed
        self._tables = {table.table_id: table for table in observed.tables}
        self._definitions = {(one.kind, one.definition_id): one for one in observed.definitions}
        self._fields = {(table.table_id, field.field_id): field for table in observed.tables for field in table.fields}

    @property
    def tables(self) -> tuple[ObservedTable, ...]:
        """Every table, by id, so that the order of a read changes nothing."""
        return tuple(self._tables[table_id] for table_id in sorted(self._tables))

    def shows(self, kind: ObjectKind) -> bool:
        """Return whether the connection shows objects of a kind; of others nothing is known."""
        return kind not in DEFINITION_KINDS or kind in self.observed.shows

    def definitions(self, kind: ObjectKind, place_id: str) -> list[ObservedDefinition]:
        """Return the definitions of a kind in one table, or workspace, by id."""
        found = [one for one in self._definitions.values() if (one.kind, one.place_id) == (kind, place_id)]
        return sorted(found, key=id_of)

    def at(self, address: Address, ids: Mapping[Address, str]) -> Live | None:
        """Return the object that an address is bound to.

        Args:
            address: A table, field, option or definition.
            ids: Address → platform id.

        Returns:
            The object, or None when it or what encloses it is not bound or no longer there.
        """
        own = ids.get(address)
        if address.kind in DEFINITION_KINDS:
            return self._definitions.get((address.kind, own or ""))
        table_id = ids.get(address.table)
        if own is None or table_id is None:
            return None
        if address.kind is ObjectKind.TABLE:
            return self._tables.get(own)
        if address.kind is ObjectKind.FIELD:
            return self._fields.get((table_id, own))
        field = self._fields.get((table_id, ids.get(address.parent or address, "")))
        options = () if field is None else field.options
        return next((option for option in options if option.option_id == own), None)


def id_of(live: Live) -> str:
    """Return the platform id of an observed object.

    Args:
        live: A table, field or option.

    Returns:
        Its id; an option's is unique only inside its field.
    """
    match live:
        case ObservedTable():
            return live.table_id
        case ObservedField():
            return live.field_id
        case ObservedOption():
            return live.option_id
        case ObservedDefinition():
            return live.definition_id
        case _:  # pragma: no cover
            assert_never(live)


def digest_of(observed: ObservedSchema) -> str:
    """Return the digest of an observation, whatever the order in which it was read.

    Args:
        observed: What was read.

    Returns:
        The digest. Options keep their order: it is theirs to have.
    """
    tables = {
        table.table_id: [table.name, table.alias, {field.field_id: field for field in table.fields}]
        for table in observed.tables
    }
    content = {"workspace": observed.workspace, "tables": tables}
    if observed.shows:
        content["definitions"] = {one.definition_id: canonical_json(one.body) for one in observed.definitions}
        content["named"] = {one.definition_id: [one.name, one.place_id] for one in observed.definitions}
    return digest(content)
