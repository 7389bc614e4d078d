"""The schema sink of the v2 tables plane: creates a table with its fields in one call, or adds a field to one.

Never changes or deletes what stands. Adding a field means sending the whole table back (there is no version to compare
with), so the table is read right before, every standing field is sent along unchanged, and all of them must still be
there afterwards.

Source: schema-plane.md §3, §3.1, §3.3 [code S1 S2 S4].
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.addresses import Address, RemoteId, WorkspaceId, option_address
from huoban_perf.core.changes import Action, Performed, SchemaOperation
from huoban_perf.core.errors import AccessError, FactValue, NotFoundError, ProtocolError, UnsupportedChangeError
from huoban_perf.core.schema import CHOICE_KINDS, FieldKind, FieldSpec, TableSpec
from huoban_perf.platforms.huoban.endpoints import Endpoint
from huoban_perf.platforms.huoban.transport import Transport
from huoban_perf.platforms.huoban.v2.endpoints import SPACE_READ, TABLE_CREATE, TABLE_READ, TABLE_UPDATE
from huoban_perf.platforms.huoban.v2.fields import RECOVERED_KINDS, Json, created_field
from huoban_perf.platforms.huoban.v2.read_back import differences, find_field


class V2Tables:
    """Schema sink over v2, as a ticket or a signed-in person."""

    def __init__(self, transport: Transport, *, relations: bool = False) -> None:
        """Keep the transport; sends nothing.

        Args:
            transport: Of the v2 plane.
            relations: Whether relation fields may be created; their form is the least proven.
        """
        self._transport = transport
        self.kinds = frozenset(RECOVERED_KINDS) - (frozenset() if relations else {FieldKind.RELATION})
        self._seen: set[WorkspaceId] = set()

    def check(self, *, workspace: WorkspaceId) -> None:
        """Find out with one harmless read whether the identity is accepted and sees the workspace.

        Whether it may create anything only a write would prove.

        Args:
            workspace: Which one.

        Raises:
            AccessError: It is refused, expired, or its application is not installed in the workspace.
            PlatformError: The read failed.

        Source: schema-plane.md §7 [code S1 S2]; §15.4: a ticket sees only installed workspaces.
        """
        try:
            answer = self._transport.call(SPACE_READ, ids={"space_id": workspace})
        except NotFoundError as error:
            facts = {**error.facts, "workspace": workspace}
            raise AccessError("platform.workspace_unseen", endpoint=SPACE_READ.name, facts=facts) from error
        if str(_part(answer.data, "space_id", SPACE_READ)) != workspace:
            raise _bad_shape(SPACE_READ, "space_id")
        self._seen.add(workspace)

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        """Create a table with its fields, or add a field; before the first write the identity is checked.

        Args:
            workspace: Where.
            operation: What; a table's ``fields`` are created with it.

        Returns:
            Ids of the table, its fields and their options.

        Raises:
            UnsupportedChangeError: Nothing but creation was recovered, and not for every kind of field.
            AccessError: The identity is refused, or may not do this.
            ProtocolError: What the platform shows afterwards is not what was sent.
            PlatformError: The call failed.
        """
        spec = operation.spec
        if operation.action is not Action.CREATE or not isinstance(spec, TableSpec | FieldSpec):
            raise _unsupported(operation)
        if isinstance(spec, FieldSpec) and spec.kind not in self.kinds:
            raise _unsupported(operation)
        if workspace not in self._seen:
            self.check(workspace=workspace)
        if isinstance(spec, TableSpec):
            return self._create_table(workspace, spec, operation)
        return self._add_field(spec, operation)

    def _create_table(self, workspace: WorkspaceId, table: TableSpec, operation: SchemaOperation) -> Performed:
        fields = sorted(table.fields, key=lambda field: field.address.key != table.title)
        sent = [created_field(field, locale=operation.locale) for field in fields]
        keys = [field["field_id"] for field in sent]
        body: Json = {
            "name": table.labels.in_locale(operation.locale),
            "alias": table.address.key,
            "item_name": "",
            "fields": sent,
            "field_layout": [[key] for key in keys],
            "list_layout": keys,
            "item_title": {"type": "first_field", "template": ""},
            "space_id": int(workspace),
            "space": {"space_id": int(workspace)},
            "field_sync": 1,
        }
        made = self._transport.call(TABLE_CREATE, body, ids={"space_id": workspace}).data
        table_id = str(_part(made, "table_id", TABLE_CREATE))
        read = self._read(table_id)
        _compare({"name": body["name"]}, read, name=str(body["name"]))
        created = {table.address: RemoteId(table_id)}
        for field, entry in zip(fields, sent, strict=True):
            created |= _created(field, entry, read, name=f"{body['name']} / {entry['name']}")
        return Performed(created=created)

    def _add_field(self, field: FieldSpec, operation: SchemaOperation) -> Performed:
        table_id = _remote(operation, field.address.table)
        before = self._read(table_id)
        target = None if field.target is None else self._read(_remote(operation, field.target))
        entry = created_field(field, locale=operation.locale, target=target)
        key = entry["field_id"]
        body: Json = {
            **before,
            "fields": [*before["fields"], {**entry, "_new": True}],
            "new_field_alias": [key],
            "delete_field_ids": [],
            "list_layout": [*(before.get("list_layout") or []), key],
            "field_layout": [*(before.get("field_layout") or []), [key]],
        }
        self._transport.call(TABLE_UPDATE, body, ids={"table_id": table_id})
        after = self._read(table_id)
        name = f"{after.get('name', '')} / {entry['name']}"
        _nothing_lost(before, after, name=name)
        return Performed(created=_created(field, entry, after, name=name))

    def _read(self, table_id: str) -> Json:
        data = self._transport.call(TABLE_READ, ids={"table_id": table_id}).data
        if not isinstance(_part(data, "fields", TABLE_READ), list):
            raise _bad_shape(TABLE_READ, "fields")
        table: Json = data
        return table


def _created(field: FieldSpec, sent: Json, table: Json, *, name: str) -> dict[Address, RemoteId]:
    read = find_field(table["fields"], sent)
    if read is None:
        raise _unlike(name, (f"{name}: -",))
    _compare(sent, read, name=name)
    created = {field.address: RemoteId(str(_part(read, "field_id", TABLE_READ)))}
    if field.kind in CHOICE_KINDS:
        for option, entry in zip(field.options, sent["config"]["options"], strict=True):
            created[option_address(*option.address.keys)] = RemoteId(str(entry["id"]))
    return created


def _compare(sent: Json, read: Mapping[str, Any], *, name: str) -> None:
    found = tuple(differences(sent, read, name))
    if found:
        raise _unlike(name, found)


def _nothing_lost(before: Json, after: Json, *, name: str) -> None:
    standing = {str(field.get("field_id")) for field in after["fields"]}
    lost = tuple(str(field.get("name")) for field in before["fields"] if str(field.get("field_id")) not in standing)
    if lost:
        raise ProtocolError("platform.fields_lost", endpoint=TABLE_UPDATE.name, facts={"name": name, "lost": lost})


def _unlike(name: str, found: tuple[str, ...]) -> ProtocolError:
    return ProtocolError("platform.read_back", endpoint=TABLE_READ.name, facts={"name": name, "differences": found})


def _part(data: Any, key: str, endpoint: Endpoint) -> Any:
    value = data.get(key) if isinstance(data, dict) else None
    if value is None:
        raise _bad_shape(endpoint, key)
    return value


def _bad_shape(endpoint: Endpoint, part: str) -> ProtocolError:
    return ProtocolError("platform.shape", endpoint=endpoint.name, facts={"part": part})


def _remote(operation: SchemaOperation, address: Address) -> str:
    if address not in operation.remote_ids:
        raise _unsupported(operation)
    return operation.remote_ids[address]


def _unsupported(operation: SchemaOperation) -> UnsupportedChangeError:
    facts: dict[str, FactValue] = {"address": str(operation.address), "action": operation.action.value}
    return UnsupportedChangeError("platform.unsupported_step", facts=facts)
