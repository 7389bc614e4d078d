"""Another table of the workspace, one the app does not own: found by its name, read whole, never written.

Its schema is taken as the platform shows it, so that a company's own table (contracts, tickets) can feed indicators
without a file in between. Fields whose type is unknown are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.addresses import (
    Address,
    Bindings,
    ObjectKind,
    RemoteId,
    WorkspaceId,
    field_address,
    table_address,
)
from huoban_perf.core.errors import SourceError
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import Connection
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.schema.fields import ObservedField, OptionSpec
from huoban_perf.core.schema.tables import ObservedTable
from huoban_perf.core.values import Value

_TABLE = "foreign"
_RELATIONS = frozenset({FieldKind.RELATION})
_READABLE = frozenset(
    {
        *(FieldKind.TEXT, FieldKind.TEXT_LONG, FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERCENT, FieldKind.SWITCH),
        *(FieldKind.DATE, FieldKind.DATETIME, FieldKind.CHOICE, FieldKind.CHOICES, FieldKind.MEMBER, FieldKind.MEMBERS),
        *(FieldKind.RELATION, FieldKind.AUTO_NUMBER),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTable:
    """A table as read.

    Attributes:
        name: Its name.
        fields: Column name → field; options are named by their text.
        targets: Column name of a relation → platform id of the table it points to.
        rows: Column name → neutral value, in the order in which items were made; options by their text.
    """

    name: str
    fields: Mapping[str, FieldSpec]
    targets: Mapping[str, str]
    rows: tuple[Mapping[str, Value], ...]


def read_foreign(connection: Connection, *, workspace: WorkspaceId, name: str) -> ForeignTable:
    """Read a table by its name.

    Args:
        connection: The platform.
        workspace: Where.
        name: Name of the table, exactly as people see it.

    Returns:
        The table.

    Raises:
        SourceError: No table, or several, have that name; lists those there are.
        PlatformError: It cannot be read; nothing is handed out.
    """
    observed = connection.schema_source.observe(workspace=workspace)
    found = [table for table in observed.tables if table.name == name]
    if len(found) != 1:
        known = tuple(sorted(table.name for table in observed.tables))[:30]
        raise SourceError("exchange.no_table", facts={"source": name, "known": known})
    spec, bindings = _described(found[0])
    rows: list[Mapping[str, Value]] = []
    for page in connection.item_source.scan(query=ItemQuery(table=spec), bindings=bindings):
        rows += [_named(spec, item.values) for item in page.items]
    relations = {one.name: one.target_id for one in found[0].fields if one.target_id}
    return ForeignTable(
        name=name,
        fields={one.labels.zh: one for one in spec.fields},
        targets=relations,
        rows=tuple(rows),
    )


def _described(table: ObservedTable) -> tuple[TableSpec, Bindings]:
    """Return the table in our words, with the ids it has; the first neutral kind a field is compatible with serves."""
    ids: dict[Address, RemoteId] = {table_address(_TABLE): RemoteId(table.table_id)}
    fields: list[FieldSpec] = []
    for place, one in enumerate(table.fields):
        kind = next((kind for kind in FieldKind if kind in one.kinds), None)
        if kind is None or kind not in _READABLE or one.mirrored:
            continue
        field = _field(one, kind, f"f{place}")
        ids[field.address] = RemoteId(one.field_id)
        for option, seen in zip(field.options, one.options, strict=True):
            ids[option.address] = RemoteId(seen.option_id)
        fields.append(field)
    spec = TableSpec(
        address=table_address(_TABLE),
        labels=Labels(table.name, table.name),
        fields=tuple(fields),
        title=fields[0].address.key if fields else "",
    )
    return spec, Bindings(ids)


def _field(one: ObservedField, kind: FieldKind, key: str) -> FieldSpec:
    options = tuple(
        OptionSpec(
            address=Address(ObjectKind.OPTION, (_TABLE, key, f"o{place}")), labels=Labels(option.name, option.name)
        )
        for place, option in enumerate(one.options)
    )
    return FieldSpec(
        address=field_address(_TABLE, key),
        labels=Labels(one.name, one.name),
        kind=kind,
        options=options,
        target=table_address(_TABLE) if kind in _RELATIONS else None,
        many=bool(one.many),
    )


def _named(spec: TableSpec, values: Mapping[str, Value]) -> dict[str, Value]:
    return {one.labels.zh: _worded(one, values.get(one.address.key)) for one in spec.fields}


def _worded(field: FieldSpec, value: Value) -> Value:
    if not field.options:
        return value
    words = {option.address.key: option.labels.zh for option in field.options}
    if isinstance(value, tuple):
        return tuple(words.get(part, part) for part in value)
    return words.get(value, value) if isinstance(value, str) else value
