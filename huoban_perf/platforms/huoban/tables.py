"""Tables: what a read of the platform proves about a workspace's schema, and no more.

Types of fields that we do not know are kept with an empty set of kinds; what v1 does not show is None, never *no*.

Source: openapi-v1.md §7.3–§7.5; field-kinds.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, field_validator

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import ProtocolError
from huoban_perf.core.schema import (
    NUMBER_KINDS,
    TEXT_KINDS,
    FieldKind,
    ObservedField,
    ObservedOption,
    ObservedSchema,
    ObservedTable,
)
from huoban_perf.platforms.huoban.endpoints import TABLE_CONFIG, TABLE_LIST, Endpoint
from huoban_perf.platforms.huoban.transport import Transport

_KINDS: Mapping[str, frozenset[FieldKind]] = {
    "text": TEXT_KINDS,
    "number": NUMBER_KINDS,
    "date": frozenset({FieldKind.DATE, FieldKind.DATETIME}),
    "category": frozenset({FieldKind.CHOICE, FieldKind.CHOICES}),
    "user": frozenset({FieldKind.MEMBER, FieldKind.MEMBERS}),
    "relation": frozenset({FieldKind.RELATION}),
    "sub_table": frozenset({FieldKind.SUB_TABLE}),
    "calculation": frozenset({FieldKind.FORMULA, FieldKind.ROLLUP}),
    "auto_number": frozenset({FieldKind.AUTO_NUMBER}),
    "file": frozenset({FieldKind.FILE}),
    "image": frozenset({FieldKind.IMAGE}),
    "signature": frozenset({FieldKind.SIGNATURE}),
    "location": frozenset({FieldKind.LOCATION}),
    "separator": frozenset({FieldKind.SEPARATOR}),
}
"""Source: openapi-v1.md §7.5 [doc-title for text to calculation, v2-doc file and image, adjacent the rest]."""

_TEXT_INPUT = TEXT_KINDS - {FieldKind.TEXT_LONG, FieldKind.TEXT_RICH}
_TEXT_AREA = TEXT_KINDS - {FieldKind.TEXT, FieldKind.TEXT_RICH}
_TEXT_BY_TYPE = {"input": _TEXT_INPUT, "textarea": _TEXT_AREA}
"""Source: openapi-v1.md §7.5 [v2-doc]; other values of ``config.type`` prove nothing."""


class WireOption(BaseModel):
    """One choice. Source: openapi-v1.md §7.5 [code for id and name, v2-doc for color]."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    id: str
    name: str
    color: str | None = None


class WireField(BaseModel):
    """A field of a table config. Source: openapi-v1.md §7.4 [code; alias inferred; unique v2-doc]."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    field_id: str
    name: str
    alias: str | None = None
    field_type: str = Field(default="", validation_alias=AliasChoices("field_type", "type"))
    required: bool | None = None
    unique: bool | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    from_relation_field: Any = None

    @field_validator("config", mode="before")
    @classmethod
    def _empty_object(cls, value: Any) -> Any:
        return value or {}  # an empty PHP object arrives as []


class WireTable(BaseModel):
    """A table of the list, or with its fields of the config. Source: openapi-v1.md §7.3, §7.4 [code]."""

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    table_id: str
    name: str
    alias: str | None = None
    fields: tuple[WireField, ...] = ()


class HuobanTables:
    """Schema source over v1."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the v1 plane.
        """
        self._transport = transport

    def observe(self, *, workspace: WorkspaceId) -> ObservedSchema:
        """Read every table with its fields: one request for the list and one a table.

        Args:
            workspace: Which one.

        Returns:
            What the platform shows.

        Raises:
            AccessError: The key is wrong or not authorised for the workspace.
            NotFoundError: A table went away while it was read.
            UnreachableError: No answer came.
            ProtocolError: An answer is not of its written form.

        Source: openapi-v1.md §7.3, §7.4 [code].
        """
        answer = self._transport.call(TABLE_LIST, {"space_id": workspace})
        listed = read_tables(answer.data, trace_id=answer.trace_id)
        tables = tuple(self._table(table) for table in listed)
        return ObservedSchema(workspace=workspace, tables=tables)

    def check(self, *, workspace: WorkspaceId) -> None:
        """Find out with one harmless read whether the key is accepted and authorised for the workspace.

        Args:
            workspace: Which one.

        Raises:
            AccessError: It is not.
            PlatformError: The read failed.

        Source: openapi-v1.md §2.1 [code]: code 100 for both.
        """
        self._transport.call(TABLE_LIST, {"space_id": workspace})

    def _table(self, listed: WireTable) -> ObservedTable:
        answer = self._transport.call(TABLE_CONFIG, {}, ids={"table_id": listed.table_id})
        return read_table(answer.data, listed=listed, trace_id=answer.trace_id)


def read_tables(data: Any, *, trace_id: str | None) -> tuple[WireTable, ...]:
    """Read the payload of the table list.

    Args:
        data: The payload.
        trace_id: The platform's request id.

    Returns:
        The tables, without fields.

    Raises:
        ProtocolError: It is not of its written form.
    """
    tables = data.get("tables") if isinstance(data, dict) else None
    if not isinstance(tables, list):
        raise _bad_shape(TABLE_LIST, "data.tables", trace_id)
    try:
        return tuple(WireTable.model_validate(table) for table in tables)
    except ValidationError as error:
        raise _bad_shape(TABLE_LIST, _place("data.tables", error), trace_id) from error


def read_table(data: Any, *, listed: WireTable, trace_id: str | None) -> ObservedTable:
    """Read the payload of a table config.

    Args:
        data: The payload; fields stand under ``table.fields``, in one early program under ``fields``.
        listed: The table as the list shows it; supplies what the config leaves out.
        trace_id: The platform's request id.

    Returns:
        The table with its fields.

    Raises:
        ProtocolError: It is not of its written form.
    """
    table = data.get("table", data) if isinstance(data, dict) else None
    if not isinstance(table, dict) or not isinstance(table.get("fields"), list):
        raise _bad_shape(TABLE_CONFIG, "data.table.fields", trace_id)
    known = {"table_id": listed.table_id, "name": listed.name, "alias": listed.alias}
    try:
        wire = WireTable.model_validate({**known, **table})
        fields = tuple(observed_field(field) for field in wire.fields)
    except ValidationError as error:
        raise _bad_shape(TABLE_CONFIG, _place("data.table", error), trace_id) from error
    return ObservedTable(table_id=wire.table_id, name=wire.name, alias=wire.alias or None, fields=fields)


def observed_field(field: WireField) -> ObservedField:
    """Return what a field of the wire proves.

    Args:
        field: As read.

    Returns:
        The field in neutral words.

    Raises:
        ValidationError: The options are not of their written form.
    """
    mirrored = bool(field.from_relation_field)
    config = field.config
    target = config.get("table_id") or config.get("related_table_id")
    options = config.get("options")
    return ObservedField(
        field_id=field.field_id,
        name=field.name,
        alias=field.alias or None,
        kinds=frozenset({FieldKind.ATTACHED}) if mirrored else _kinds(field),
        raw_type=field.field_type,
        required=field.required,
        unique=field.unique,
        options=_options(options) if isinstance(options, list) else (),
        target_id=None if target is None else str(target),
        many=_flag(config.get("is_multi")),
        mirrored=mirrored,
    )


def _options(options: list[Any]) -> tuple[ObservedOption, ...]:
    wire = [WireOption.model_validate(option) for option in options]
    return tuple(ObservedOption(option_id=option.id, name=option.name, color=option.color or None) for option in wire)


def _kinds(field: WireField) -> frozenset[FieldKind]:
    kinds = _KINDS.get(field.field_type, frozenset())
    if field.field_type == "text":
        return _TEXT_BY_TYPE.get(str(field.config.get("type")), kinds)
    if field.field_type == "number":
        is_percent = _flag(field.config.get("is_percent"))
        if is_percent is not None:
            return frozenset({FieldKind.PERCENT}) if is_percent else kinds - {FieldKind.PERCENT}
    return kinds


def _flag(value: Any) -> bool | None:
    """Read 1/0, true/false or their texts; anything else proves nothing. Source: §7.5 [code, adjacent]."""
    return {"1": True, "True": True, "true": True, "0": False, "False": False, "false": False}.get(str(value))


def _place(root: str, error: ValidationError) -> str:
    return ".".join([root, *(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])])


def _bad_shape(endpoint: Endpoint, part: str, trace_id: str | None) -> ProtocolError:
    return ProtocolError("platform.shape", endpoint=endpoint.name, trace_id=trace_id, facts={"part": part})
