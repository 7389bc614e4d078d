"""What the server says about a table: its columns with ids, types and choices, as checked models."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.nocodb.endpoints import TABLE_READ
from huoban_perf.platforms.nocodb.transport import Transport

ALIAS = "huoban_perf"
"""Setting that holds a relation's key: it has no database name of its own. Source: tried, the server keeps it."""

MIRROR = "huoban_perf_mirror"
"""Setting that marks the other end of a relation of ours."""


class WireOption(BaseModel):
    """One choice of a select column."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str
    color: str | None = None


class WireColumn(BaseModel):
    """A column of a table.

    Attributes:
        id: Its id.
        title: Name shown.
        column_name: Name in the database, or None where it has no cell of its own.
        uidt: Type.
        description: Help text.
        system: Whether the platform made it for itself.
        pv: Whether its value names the items of its table.
        meta: Display settings.
        options: ``colOptions``: choices, or both ends of a relation.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str
    column_name: str | None = None
    uidt: str
    description: str | None = None
    system: bool | None = None
    pv: bool | None = None
    meta: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict, alias="colOptions")

    @field_validator("meta", mode="before")
    @classmethod
    def _object(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) and value else value or {}

    @field_validator("options", mode="before")
    @classmethod
    def _nothing(cls, value: Any) -> Any:
        return value or {}

    def flag(self, name: str) -> bool:
        """Return a display setting that is yes or no."""
        return bool(self.meta.get(name))

    @property
    def choices(self) -> tuple[WireOption, ...]:
        """Its choices, in order."""
        entries = self.options.get("options")
        if not isinstance(entries, list):
            return ()
        ranked = sorted(entries, key=lambda entry: entry.get("order") or 0)
        return tuple(WireOption.model_validate(entry) for entry in ranked)

    @property
    def relation(self) -> str | None:
        """``bt``, ``hm``, ``mm`` for a relation, else None."""
        kind = self.options.get("type")
        return str(kind) if self.uidt in {"LinkToAnotherRecord", "Links"} and kind else None

    @property
    def target(self) -> str | None:
        """Id of the table a relation points to."""
        value = self.options.get("fk_related_model_id")
        return None if value is None else str(value)

    @property
    def foreign_key(self) -> str | None:
        """Id of the column that holds the related item's id, for belongs-to."""
        value = self.options.get("fk_child_column_id")
        return str(value) if self.relation == "bt" and value else None


class WireTable(BaseModel):
    """A table with its columns."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    title: str
    table_name: str = ""
    base_id: str = ""
    description: str | None = None
    columns: tuple[WireColumn, ...] = ()

    def column(self, column_id: str) -> WireColumn | None:
        """Return a column by its id, or None."""
        return next((column for column in self.columns if column.id == column_id), None)

    def titled(self, title: str) -> WireColumn | None:
        """Return a column by its title, or None."""
        return next((column for column in self.columns if column.title == title), None)


class TableReader:
    """Reads tables, each once until it is forgotten."""

    def __init__(self, transport: Transport) -> None:
        """Start with nothing read.

        Args:
            transport: Of the server.
        """
        self._transport = transport
        self._tables: dict[str, WireTable] = {}

    def table(self, table_id: str) -> WireTable:
        """Return a table.

        Args:
            table_id: Its id.

        Returns:
            The table with its columns.

        Raises:
            PlatformError: The call failed.
            ProtocolError: The answer is not of its written form.
        """
        if table_id not in self._tables:
            self._tables[table_id] = parse_table(self._transport.call(TABLE_READ, ids={"table": table_id}))
        return self._tables[table_id]

    def forget(self, *table_ids: str) -> None:
        """Read these tables anew next time; all of them when none is named."""
        for table_id in table_ids or tuple(self._tables):
            self._tables.pop(table_id, None)


def parse_table(data: Any) -> WireTable:
    """Check a table as the server describes it.

    Args:
        data: The payload.

    Returns:
        The table.

    Raises:
        ProtocolError: It is not of its written form.
    """
    try:
        return WireTable.model_validate(data)
    except (ValidationError, ValueError) as error:
        raise ProtocolError("platform.shape", endpoint=TABLE_READ.name, facts={"part": "table"}) from error
