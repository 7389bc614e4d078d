"""Tables: what a read of the server proves about a base's schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huoban_perf.core.addresses import ObjectKind, WorkspaceId
from huoban_perf.core.errors import ProtocolError
from huoban_perf.core.schema import ObservedDefinition, ObservedField, ObservedOption, ObservedSchema, ObservedTable
from huoban_perf.platforms.nocodb.endpoints import TABLE_LIST
from huoban_perf.platforms.nocodb.kinds import alias_of, colour_word, kinds_of
from huoban_perf.platforms.nocodb.meta import ALIAS, MIRROR, TableReader, WireColumn, WireTable
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.views import NocodbViews

CHANGED = "手工改过 (changed by hand)"
"""Stands for what a view or form holds when it is not as it was built."""

_OWN = frozenset(
    {"ID", "CreatedTime", "LastModifiedTime", "CreatedBy", "LastModifiedBy", "Order", "ForeignKey", "Links"}
)
"""Columns that come with every table, or that are one half of a relation."""


class NocodbTables:
    """Schema source."""

    def __init__(self, transport: Transport, reader: TableReader, views: NocodbViews) -> None:
        """Keep them.

        Args:
            transport: Of the server.
            reader: Shared with everything that needs column titles.
            views: Lists views and forms.
        """
        self._transport = transport
        self._reader = reader
        self._views = views

    def observe(self, *, workspace: WorkspaceId) -> ObservedSchema:
        """Read every table with its fields and views: one request for the list, two a table, three and more a view.

        Args:
            workspace: The base.

        Returns:
            What the server shows.

        Raises:
            PlatformError: A call failed.
            ProtocolError: An answer is not of its written form.
        """
        self._reader.forget()
        listed = self._transport.call(TABLE_LIST, ids={"base": workspace})
        tables = tuple(observed_table(self._reader.table(table_id)) for table_id in _ids(listed))
        definitions = tuple(one for table in tables for one in self._definitions(table.table_id))
        shows = frozenset({ObjectKind.VIEW, ObjectKind.FORM})
        return ObservedSchema(workspace=workspace, tables=tables, definitions=definitions, shows=shows)

    def _definitions(self, table_id: str) -> Iterator[ObservedDefinition]:
        """Yield views and forms; of what they hold only whether it is as it was built can be told."""
        for view in self._views.listed(table_id):
            part = "fields" if view.is_form else "rows"
            yield ObservedDefinition(
                kind=ObjectKind.FORM if view.is_form else ObjectKind.VIEW,
                definition_id=view.view_id,
                place_id=table_id,
                name=view.title,
                alias=view.key,
                body={} if view.is_as_built else {part: CHANGED},
            )


def observed_table(table: WireTable) -> ObservedTable:
    """Return what a table shows, in neutral words."""
    return ObservedTable(
        table_id=table.id,
        name=table.title,
        alias=alias_of(table.table_name) or None,
        fields=tuple(observed_field(column) for column in table.columns if is_field(column)),
    )


def is_field(column: WireColumn) -> bool:
    """Return whether a column is one that a template or a person made, not the platform for itself.

    A belongs-to column of a table to itself counts as *system* although it was asked for. Source: tried.
    """
    if column.uidt in _OWN or column.flag(MIRROR):
        return False
    return not column.system or column.relation == "bt"


def observed_field(column: WireColumn) -> ObservedField:
    """Return what a column shows, in neutral words.

    Args:
        column: As read.

    Returns:
        The field; *required* and *unique* are never proven, since columns do not hold them.
    """
    return ObservedField(
        field_id=column.id,
        name=column.title,
        alias=column.meta.get(ALIAS) or (alias_of(column.column_name) if column.column_name else None),
        kinds=kinds_of(column),
        raw_type=column.uidt,
        options=tuple(
            ObservedOption(option_id=option.id, name=option.title, color=colour_word(option.color))
            for option in column.choices
        ),
        target_id=column.target,
        many=None if column.relation is None else column.relation == "mm",
    )


def _ids(listed: Any) -> list[str]:
    tables = listed.get("list") if isinstance(listed, dict) else None
    if not isinstance(tables, list) or not all(isinstance(table, dict) and "id" in table for table in tables):
        raise ProtocolError("platform.shape", endpoint=TABLE_LIST.name, facts={"part": "list"})
    return [str(table["id"]) for table in tables]
