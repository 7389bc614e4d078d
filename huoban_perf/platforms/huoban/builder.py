"""The builder plane: schema steps carried out as a person does them in the platform's web page.

Exists only for the embedded workspace. v1 has no endpoint that creates tables, fields or options (openapi-v1.md §17),
so a v1-only connection gets the sink that refuses.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId, WorkspaceId, option_address
from huoban_perf.core.changes import Action, Performed, SchemaOperation
from huoban_perf.core.errors import FactValue, ProtocolError, UnsupportedChangeError
from huoban_perf.core.labels import Locale
from huoban_perf.core.ports import SchemaSource
from huoban_perf.core.schema import (
    DEFINITION_KINDS,
    DefinitionSpec,
    FieldSpec,
    ObservedDefinition,
    ObservedSchema,
    OptionSpec,
    TableSpec,
)
from huoban_perf.platforms.huoban.endpoints import control_endpoint
from huoban_perf.platforms.huoban.transport import Transport

Json = dict[str, Any]

BUILDABLE = frozenset({ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION, *DEFINITION_KINDS})
"""Kinds of objects the builder creates, changes and deletes."""

_NAME = frozenset({"name", "label", "labels"})


class RefusingSchemaSink:
    """The schema sink of a connection that cannot change schema by program."""

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        """Refuse.

        Args:
            workspace: Where it was asked.
            operation: What was asked.

        Raises:
            UnsupportedChangeError: Always; the step belongs on the manual sheet.

        Source: openapi-v1.md §17.
        """
        raise _unsupported("platform.no_schema_plane", operation, workspace=workspace)


class BuilderSource:
    """Schema source that also shows what the builder stored: one request more than v1 for the whole workspace."""

    def __init__(self, tables: SchemaSource, transport: Transport) -> None:
        """Take both planes.

        Args:
            tables: Reads tables over v1.
            transport: Of the control plane.
        """
        self._tables = tables
        self._transport = transport

    def observe(self, *, workspace: WorkspaceId) -> ObservedSchema:
        """Read every table and every definition.

        Args:
            workspace: Which one.

        Returns:
            What stands there.

        Raises:
            PlatformError: A read failed.
            ProtocolError: An answer is not of its written form.
        """
        observed = self._tables.observe(workspace=workspace)
        endpoint = control_endpoint("build/definitions", writes=False)
        data = self._transport.call(endpoint, {"space_id": workspace}).data
        listed = data.get("definitions") if isinstance(data, dict) else None
        if not isinstance(listed, list):
            raise ProtocolError("platform.shape", endpoint=endpoint.name, facts={"part": "data.definitions"})
        return replace(
            observed,
            definitions=tuple(_observed_definition(entry) for entry in listed),
            shows=frozenset(DEFINITION_KINDS),
        )


def _observed_definition(entry: Json) -> ObservedDefinition:
    return ObservedDefinition(
        kind=ObjectKind(entry["object"]),
        definition_id=str(entry["id"]),
        place_id=str(entry["place_id"]),
        name=str(entry["name"]),
        alias=entry["alias"] or None,
        body=entry["definition"] or {},
    )


class Builder:
    """Schema sink over the control plane."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the control plane.
        """
        self._transport = transport
        self._title_by_table: dict[Address, str] = {}

    def source(self, tables: SchemaSource) -> BuilderSource:
        """Return a schema source that adds what this plane stored to what v1 reads."""
        return BuilderSource(tables, self._transport)

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        """Carry out one step.

        Args:
            workspace: Where.
            operation: What; its ``remote_ids`` name everything it refers to.

        Returns:
            Ids that came into being.

        Raises:
            UnsupportedChangeError: The step, or one of its attributes, cannot be carried out.
            PlatformError: The call failed.
        """
        if operation.address.kind not in BUILDABLE:
            raise _unsupported("platform.unsupported_step", operation)
        match operation.action:
            case Action.CREATE:
                return self._create(workspace, operation)
            case Action.UPDATE:
                body = {"object": operation.address.kind.value, **_ids(operation), "set": _changes(operation)}
                self._post("update", body)
            case Action.DELETE:
                self._post("delete", {"object": operation.address.kind.value, **_ids(operation)})
            case Action.FORGET | Action.BIND:
                raise _unsupported("platform.unsupported_step", operation)
            case _:  # pragma: no cover
                assert_never(operation.action)
        return Performed(created={})

    def _create(self, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        match operation.spec:
            case TableSpec() as table:
                return self._create_table(workspace, table, operation)
            case FieldSpec() as field:
                return self._create_field(field, operation)
            case DefinitionSpec() as definition:
                return self._create_definition(workspace, definition, operation)
            case OptionSpec() as option:
                body = {**_ids(operation, parents_only=True), **_option(option, operation.locale)}
                data = self._post("option", body)
                return Performed(created={option.address: _id(data, "id", "option")})
            case _:  # pragma: no cover
                assert_never(operation.spec)

    def _create_table(self, workspace: WorkspaceId, table: TableSpec, operation: SchemaOperation) -> Performed:
        body: Json = {
            "space_id": workspace,
            "name": table.labels.in_locale(operation.locale),
            "alias": table.address.key,
        }
        if table.group is not None:
            body["group"] = table.group.in_locale(operation.locale)
        data = self._post("table", body)
        self._title_by_table[table.address] = table.title
        return Performed(created={table.address: _id(data, "table_id", "table")})

    def _create_definition(
        self, workspace: WorkspaceId, definition: DefinitionSpec, operation: SchemaOperation
    ) -> Performed:
        address = definition.address
        body: Json = {
            "object": address.kind.value,
            "name": definition.labels.in_locale(operation.locale),
            "alias": address.key,
            "definition": dict(definition.body),
        }
        in_table = address.kind is not ObjectKind.PAGE
        body |= {"table_id": _remote(operation, address.table)} if in_table else {"space_id": workspace}
        return Performed(created={address: _id(self._post("definition", body), "id", "definition")})

    def _create_field(self, field: FieldSpec, operation: SchemaOperation) -> Performed:
        table = field.address.table
        is_title = operation.is_title or self._title_by_table.get(table) == field.address.key
        body: Json = {
            "table_id": _remote(operation, table),
            "name": field.labels.in_locale(operation.locale),
            "alias": field.address.key,
            "kind": field.kind.value,
            "required": field.required,
            "unique": field.unique,
            "help": None if field.help is None else field.help.in_locale(operation.locale),
            "options": [_option(option, operation.locale) for option in field.options],
            "target_table_id": None if field.target is None else _remote(operation, field.target),
            "many": field.many,
            "decimals": field.decimals,
            "is_title": is_title,
        }
        data = self._post("field", body)
        created = {field.address: _id(data, "field_id", "field")}
        return Performed(created=created | _option_ids(field, data, operation.locale))

    def _post(self, path: str, body: Json) -> Any:
        return self._transport.call(control_endpoint(f"build/{path}", writes=True), body).data


def _ids(operation: SchemaOperation, *, parents_only: bool = False) -> Json:
    address = operation.address
    if address.kind in DEFINITION_KINDS:
        return {f"{address.kind.value}_id": _remote(operation, address)}
    ids: Json = {"table_id": _remote(operation, address.table)}
    match address.kind:
        case ObjectKind.FIELD:
            ids["field_id"] = _remote(operation, address)
        case ObjectKind.OPTION:
            parent = address.parent
            ids["field_id"] = _remote(operation, parent if parent is not None else address)
            if not parents_only:
                ids["option_id"] = _remote(operation, address)
        case _:
            pass
    return ids


def _remote(operation: SchemaOperation, address: Address) -> str:
    if address not in operation.remote_ids:
        raise _unsupported("platform.step_unbound", operation, missing=str(address))
    return operation.remote_ids[address]


def _changes(operation: SchemaOperation) -> Json:
    spec = operation.spec
    if isinstance(spec, DefinitionSpec):  # stored as a whole, whatever part of it changed
        return {"name": spec.labels.in_locale(operation.locale), "definition": dict(spec.body)}
    return dict(_change(attribute, operation) for attribute in operation.attributes)


def _change(attribute: str, operation: SchemaOperation) -> tuple[str, Any]:
    spec, locale = operation.spec, operation.locale
    if attribute in _NAME:
        return "name", spec.labels.in_locale(locale)
    if attribute == "alias":
        return "alias", spec.address.key
    if isinstance(spec, OptionSpec) and attribute == "color":
        return "color", spec.color
    if isinstance(spec, FieldSpec):
        match attribute:
            case "required" | "unique" | "many" | "decimals":
                return attribute, getattr(spec, attribute)
            case "help":
                return "help", None if spec.help is None else spec.help.in_locale(locale)
            case "target":
                return "target_table_id", None if spec.target is None else _remote(operation, spec.target)
            case "is_title":
                return "is_title", operation.is_title
            case _:
                pass
    raise _unsupported("platform.unsupported_attribute", operation, attribute=attribute)


def _option(option: OptionSpec, locale: Locale) -> Json:
    return {"name": option.labels.in_locale(locale), "color": option.color, "alias": option.address.key}


def _option_ids(field: FieldSpec, data: Any, locale: Locale) -> dict[Address, RemoteId]:
    built = {str(option["name"]): RemoteId(str(option["id"])) for option in data.get("options") or []}
    ids: dict[Address, RemoteId] = {}
    for option in field.options:
        name = option.labels.in_locale(locale)
        if name not in built:
            raise ProtocolError("platform.shape", endpoint="control.build.field", facts={"part": "data.options"})
        ids[option_address(*option.address.keys)] = built[name]
    return ids


def _id(data: Any, key: str, path: str) -> RemoteId:
    value = data.get(key) if isinstance(data, dict) else None
    if value is None:
        raise ProtocolError("platform.shape", endpoint=f"control.build.{path}", facts={"part": f"data.{key}"})
    return RemoteId(str(value))


def _unsupported(code: str, operation: SchemaOperation, **facts: FactValue) -> UnsupportedChangeError:
    known: dict[str, FactValue] = {"address": str(operation.address), "action": operation.action.value}
    return UnsupportedChangeError(code, facts=known | facts)
