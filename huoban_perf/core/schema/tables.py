"""Tables: what a template wishes and what a workspace shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, WorkspaceId
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.fields import FieldSpec, ObservedField


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table as wished by the template.

    Attributes:
        address: ``table:key``.
        labels: Name shown; unique in the app.
        group: Heading under which the workspace lists it, or None.
        title: Key of the field whose value names an item in relations.
        fields: In form order.
        key_field: Key of the field that holds the natural key or business code, or None when nothing ever writes the
            table by key.
        details: Relation fields of other tables whose rows are shown and filled in inside this table's form.
        help: What the table is for, or None.
    """

    address: Address
    labels: Labels
    fields: tuple[FieldSpec, ...]
    title: str
    group: Labels | None = None
    key_field: str | None = None
    details: tuple[Address, ...] = ()
    help: Labels | None = None

    @property
    def key(self) -> str:
        """The table's own key."""
        return self.address.key

    def field(self, key: str) -> FieldSpec:
        """Return a field by its key.

        Args:
            key: Field key, without the table.

        Returns:
            The field.

        Raises:
            KeyError: The table has no such field.
        """
        for field in self.fields:
            if field.address.key == key:
                return field
        raise KeyError(f"{self.address.key}.{key}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTable:
    """A table as the platform shows it."""

    table_id: str
    name: str
    fields: tuple[ObservedField, ...]
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedDefinition:
    """A view, form, permission, page or automation as a connection shows it.

    Attributes:
        kind: What it is.
        definition_id: Platform id.
        place_id: Id of its table; of the workspace for a page.
        name: Name shown.
        alias: Platform alias, or None.
        body: Attribute → content in stored form.
    """

    kind: ObjectKind
    definition_id: str
    place_id: str
    name: str
    alias: str | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSchema:
    """A workspace as read at one moment.

    Attributes:
        workspace: Which one.
        tables: Every table with its fields.
        definitions: Views, forms, permissions, pages and automations of the kinds that are shown.
        shows: Kinds of definitions that the connection shows; of others nothing is known.
    """

    workspace: WorkspaceId
    tables: tuple[ObservedTable, ...]
    definitions: tuple[ObservedDefinition, ...] = ()
    shows: frozenset[ObjectKind] = frozenset()
