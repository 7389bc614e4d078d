"""Tables, and whole schemas: what a template wishes and what a workspace shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from huoban_perf.core.addresses import Address, WorkspaceId
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.fields import FieldSpec, ObservedField, OptionSpec


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
    """

    address: Address
    labels: Labels
    fields: tuple[FieldSpec, ...]
    title: str
    group: Labels | None = None
    key_field: str | None = None

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
class DesiredSchema:
    """Everything a template declares, in build order, with the digest of its managed attributes.

    Attributes:
        app: Key of the app.
        version: Version of the template.
        tables: In the order in which a person would build them.
        digest: Digest over all managed attributes; equal content gives an equal digest whatever the file order.
    """

    app: str
    version: str
    tables: tuple[TableSpec, ...]
    digest: str

    def table(self, key: str) -> TableSpec:
        """Return a table by its key.

        Args:
            key: Table key.

        Returns:
            The table.

        Raises:
            KeyError: The schema has no such table.
        """
        for table in self.tables:
            if table.address.key == key:
                return table
        raise KeyError(key)

    def field(self, address: Address) -> FieldSpec:
        """Return a field by its address; KeyError when the schema has none."""
        return self.table(address.keys[0]).field(address.keys[1])

    def fields(self) -> Iterator[FieldSpec]:
        """Yield every field of every table, in order."""
        for table in self.tables:
            yield from table.fields

    def options(self) -> Iterator[OptionSpec]:
        """Yield every option of every field, in order."""
        for field in self.fields():
            yield from field.options


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedTable:
    """A table as the platform shows it."""

    table_id: str
    name: str
    fields: tuple[ObservedField, ...]
    alias: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedSchema:
    """Every table of a workspace as read at one moment."""

    workspace: WorkspaceId
    tables: tuple[ObservedTable, ...]
