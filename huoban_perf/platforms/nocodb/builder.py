"""Schema steps carried out through the server's own routes.

Every object carries our key where a rename does not reach it: a table and a plain column in their database name, a
relation in its settings. So a creation whose answer was lost is found again, and is never made twice.

Source: nocodb/api.md, Requests; the forms of relations tried on 0.265.1.
"""

from __future__ import annotations

from typing import Any, assert_never

from huoban_perf.core.addresses import Address, ObjectKind, RemoteId, WorkspaceId
from huoban_perf.core.changes import Action, Performed, SchemaOperation
from huoban_perf.core.errors import FactValue, ProtocolError, UnsupportedChangeError
from huoban_perf.core.schema import COMPUTED_KINDS, DefinitionSpec, FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.core.schema.fields import Rollup
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.platforms.nocodb.computed import computed_body, counted_body
from huoban_perf.platforms.nocodb.endpoints import (
    COLUMN_CREATE,
    COLUMN_DELETE,
    COLUMN_TITLE,
    COLUMN_UPDATE,
    TABLE_CREATE,
    TABLE_DELETE,
    TABLE_UPDATE,
)
from huoban_perf.platforms.nocodb.kinds import COLUMN_TYPE, column_body, column_meta, option_body
from huoban_perf.platforms.nocodb.meta import ALIAS, MIRROR, TableReader, WireColumn, WireTable, parse_table
from huoban_perf.platforms.nocodb.transport import Transport
from huoban_perf.platforms.nocodb.views import NocodbViews

Json = dict[str, Any]

BUILDABLE = frozenset({ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION, ObjectKind.VIEW, ObjectKind.FORM})
"""Kinds of objects that are created, changed and deleted here."""

_ID_COLUMN = {"title": "Id", "column_name": "id", "uidt": "ID"}
"""Without it the server makes a table that relations cannot point to. Source: gotcha 9."""


class NocodbBuilder:
    """Schema sink."""

    def __init__(self, transport: Transport, reader: TableReader, views: NocodbViews) -> None:
        """Keep them.

        Args:
            transport: Of the server.
            reader: Told to read anew what was changed here.
            views: Builds views and forms.
        """
        self._transport = transport
        self._reader = reader
        self._views = views

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        """Carry out one step.

        Args:
            workspace: The base.
            operation: What; its ``remote_ids`` name everything it refers to.

        Returns:
            Ids that came into being.

        Raises:
            UnsupportedChangeError: The step, or one of its attributes, cannot be carried out.
            PlatformError: The call failed.
        """
        if operation.address.kind not in BUILDABLE:
            raise _unsupported("platform.unsupported_step", operation)
        try:
            match operation.action:
                case Action.CREATE:
                    return Performed(created=self._create(workspace, operation))
                case Action.UPDATE:
                    self._update(operation)
                case Action.DELETE:
                    self._delete(operation)
                case Action.FORGET | Action.BIND:
                    raise _unsupported("platform.unsupported_step", operation)
                case _:  # pragma: no cover
                    assert_never(operation.action)
        finally:
            self._look_anew(operation)
        return Performed(created={})

    def _create(self, workspace: WorkspaceId, operation: SchemaOperation) -> dict[Address, RemoteId]:
        match operation.spec:
            case TableSpec() as table:
                return self._create_table(workspace, table, operation)
            case FieldSpec() as field:
                return self._create_field(field, operation)
            case OptionSpec() as option:
                return self._create_option(option, operation)
            case DefinitionSpec() as definition:
                declared = _declared(definition, operation)
                made = self._views.create(declared, ids=operation.remote_ids, locale=operation.locale)
                return {definition.address: made}
            case _:  # pragma: no cover
                assert_never(operation.spec)

    def _look_anew(self, operation: SchemaOperation) -> None:
        """Forget what a step may have changed: its table, the one a relation points to; a deletion reaches further."""
        if operation.address.kind in {ObjectKind.VIEW, ObjectKind.FORM}:
            return
        if operation.action is Action.DELETE:
            self._reader.forget()
            return
        field = operation.spec if isinstance(operation.spec, FieldSpec) else None
        touched = {operation.address.table, operation.address.table if field is None else field.target}
        ids = [operation.remote_ids[one] for one in touched if one is not None and one in operation.remote_ids]
        if ids:
            self._reader.forget(*ids)

    def _create_table(
        self, workspace: WorkspaceId, table: TableSpec, operation: SchemaOperation
    ) -> dict[Address, RemoteId]:
        plain = [field for field in table.fields if field.kind not in COMPUTED_KINDS]
        body = {
            "title": table.labels.in_locale(operation.locale),
            "table_name": table.address.key,
            "columns": [
                _ID_COLUMN,
                *(
                    column_body(field, locale=operation.locale)
                    | ({"pv": True} if field.address.key == table.title else {})
                    for field in plain
                ),
            ],
        }
        made = parse_table(self._transport.call(TABLE_CREATE, body, ids={"base": workspace}))
        created = {table.address: RemoteId(made.id)}
        made = self._reader.table(made.id) if plain else made
        for field in plain:
            created |= _ids_of(field, _titled(made, field.labels.in_locale(operation.locale)), operation)
        return created

    def _create_field(self, field: FieldSpec, operation: SchemaOperation) -> dict[Address, RemoteId]:
        table_id = _remote(operation, field.address.table)
        title = field.labels.in_locale(operation.locale)
        if field.kind is FieldKind.RELATION and field.target is not None:
            column = self._create_relation(field, operation, table_id=table_id)
        else:
            body = self._body(field, operation)
            column = _titled(parse_table(self._transport.call(COLUMN_CREATE, body, ids={"table": table_id})), title)
        if operation.is_title:
            self._transport.call(COLUMN_TITLE, {}, ids={"column": column.id})
        key = () if column.foreign_key is None else (column.foreign_key,)
        self._views.keep_hidden(table_id, (column.id, *key))
        return _ids_of(field, column, operation)

    def _body(self, field: FieldSpec, operation: SchemaOperation) -> Json:
        if field.kind in COMPUTED_KINDS - {FieldKind.AUTO_NUMBER}:
            return computed_body(
                field,
                locale=operation.locale,
                remote_ids=operation.remote_ids,
                reader=self._reader,
                counted=self._counted(field, operation),
            )
        return column_body(field, locale=operation.locale)

    def _counted(self, field: FieldSpec, operation: SchemaOperation) -> str | None:
        """Return the id of the formula that a rollup of some rows runs over, making it when it is not there yet."""
        body = counted_body(field, locale=operation.locale, remote_ids=operation.remote_ids, reader=self._reader)
        if body is None or not isinstance(field.computed, Rollup):
            return None
        other_id = _remote(operation, field.computed.through.table)
        found = self._reader.table(other_id).titled(body["title"])
        if found is None:
            made = parse_table(self._transport.call(COLUMN_CREATE, body, ids={"table": other_id}))
            self._reader.forget(other_id)
            found = _titled(made, body["title"])
            self._views.keep_hidden(other_id, (found.id,))
        return found.id

    def _say_anew(self, table: WireTable, old: str, new: str) -> None:
        """Put an option's new text into the formulas of ours that compare with it."""
        for column in table.columns:
            formula = str(column.options.get("formula_raw") or "")
            if column.uidt == "Formula" and column.flag(MIRROR) and f'"{old}"' in formula:
                body = {"title": column.title, "uidt": column.uidt, "meta": column.meta}
                body["formula_raw"] = formula.replace(f'"{old}"', f'"{new}"')
                self._transport.call(COLUMN_UPDATE, body, ids={"column": column.id})

    def _create_relation(self, field: FieldSpec, operation: SchemaOperation, *, table_id: str) -> WireColumn:
        """Make one end where the template wants it; the server makes the other, which is named after both."""
        title = field.labels.in_locale(operation.locale)
        target_id = _remote(operation, field.target or field.address.table)
        parent, child = (table_id, target_id) if field.many else (target_id, table_id)
        body = {
            "title": title,
            "uidt": COLUMN_TYPE[field.kind],
            "type": "mm" if field.many else "bt",
            "parentId": parent,
            "childId": child,
        }
        table = parse_table(self._transport.call(COLUMN_CREATE, body, ids={"table": table_id}))
        column = _titled(table, title)
        settings: Json = {"title": title, "uidt": column.uidt, "meta": {**column.meta, ALIAS: field.address.key}}
        if field.help is not None:
            settings["description"] = field.help.in_locale(operation.locale)
        self._transport.call(COLUMN_UPDATE, settings, ids={"column": column.id})
        self._reader.forget(table_id, target_id)
        self._name_mirror(self._reader.table(target_id), column, f"{table.title}·{title}")
        return column

    def _name_mirror(self, target: WireTable, own: WireColumn, title: str) -> None:
        """Name the other end: of a belongs-to it has the same key column, of a many-to-many the same table of pairs."""
        for column in target.columns:
            is_mirror = column.id != own.id and any(
                own.options.get(end) and own.options[end] == column.options.get(end)
                for end in (["fk_mm_model_id"] if own.relation == "mm" else ["fk_child_column_id"])
            )
            if is_mirror and not column.system and target.titled(title) is None:
                body = {"title": title, "uidt": column.uidt, "meta": {**column.meta, MIRROR: True}}
                self._transport.call(COLUMN_UPDATE, body, ids={"column": column.id})
                self._views.keep_hidden(target.id, (column.id,))

    def _create_option(self, option: OptionSpec, operation: SchemaOperation) -> dict[Address, RemoteId]:
        column = self._column(operation, _parent(option.address))
        body = option_body(option, field=None, locale=operation.locale)
        self._check_comma(column, body["title"], operation)
        self._set_choices(column, [*_choices(column), body])
        made = self._column(operation, _parent(option.address))
        ids = {choice.title: choice.id for choice in made.choices}
        if body["title"] not in ids:
            raise ProtocolError("platform.shape", endpoint=COLUMN_UPDATE.name, facts={"part": "colOptions.options"})
        return {option.address: RemoteId(ids[body["title"]])}

    def _update(self, operation: SchemaOperation) -> None:
        match operation.spec:
            case TableSpec() as table:
                self._update_table(table, operation)
            case FieldSpec() as field:
                self._update_field(field, operation)
            case OptionSpec() as option:
                column = self._column(operation, _parent(option.address))
                body = option_body(option, field=None, locale=operation.locale)
                self._check_comma(column, body["title"], operation)
                own = _remote(operation, option.address)
                self._set_choices(
                    column, [choice | (body if choice["id"] == own else {}) for choice in _choices(column)]
                )
                standing = self._reader.table(_remote(operation, option.address.table))
                for choice in column.choices:
                    if choice.id == own and choice.title != body["title"]:
                        self._say_anew(standing, choice.title, body["title"])
            case DefinitionSpec() as definition:
                declared = _declared(definition, operation)
                own = _remote(operation, definition.address)
                self._views.update(own, declared, ids=operation.remote_ids, locale=operation.locale)
            case _:  # pragma: no cover
                assert_never(operation.spec)

    def _update_table(self, table: TableSpec, operation: SchemaOperation) -> None:
        for attribute in operation.attributes:
            if attribute != "name":
                raise _unsupported("platform.unsupported_attribute", operation, attribute=attribute)
        body = {"title": table.labels.in_locale(operation.locale)}
        self._transport.call(TABLE_UPDATE, body, ids={"table": _remote(operation, table.address)})

    def _update_field(self, field: FieldSpec, operation: SchemaOperation) -> None:
        for attribute in operation.attributes:
            if attribute not in {"name", "help", "decimals", "is_title"}:
                raise _unsupported("platform.unsupported_attribute", operation, attribute=attribute)
        column = self._column(operation, field.address)
        body: Json = {"title": column.title, "uidt": column.uidt}
        if "name" in operation.attributes:
            body["title"] = field.labels.in_locale(operation.locale)
        if "help" in operation.attributes:
            body["description"] = "" if field.help is None else field.help.in_locale(operation.locale)
        if "decimals" in operation.attributes:
            body["meta"] = {**column.meta, **column_meta(field)}
        if column.choices:
            body["colOptions"] = {"options": _choices(column)}
        if body.keys() - {"uidt"}:
            self._transport.call(COLUMN_UPDATE, body, ids={"column": column.id})
        if "is_title" in operation.attributes and operation.is_title:
            self._transport.call(COLUMN_TITLE, {}, ids={"column": column.id})

    def _delete(self, operation: SchemaOperation) -> None:
        own = _remote(operation, operation.address)
        match operation.address.kind:
            case ObjectKind.TABLE:
                self._transport.call(TABLE_DELETE, ids={"table": own})
            case ObjectKind.FIELD:
                self._transport.call(COLUMN_DELETE, ids={"column": own})
            case ObjectKind.VIEW | ObjectKind.FORM:
                self._views.delete(own)
            case _:
                column = self._column(operation, _parent(operation.address))
                self._set_choices(column, [choice for choice in _choices(column) if choice["id"] != own])

    def _set_choices(self, column: WireColumn, choices: list[Json]) -> None:
        """Send all the choices: those left out would go, and with them what rows hold."""
        body = {"title": column.title, "uidt": column.uidt, "colOptions": {"options": choices}}
        self._transport.call(COLUMN_UPDATE, body, ids={"column": column.id})
        self._reader.forget()

    def _check_comma(self, column: WireColumn, title: str, operation: SchemaOperation) -> None:
        if column.uidt == "MultiSelect" and "," in title:
            raise _unsupported("nocodb.comma_in_option", operation, attribute="name", option=title)

    def _column(self, operation: SchemaOperation, field: Address) -> WireColumn:
        table = self._reader.table(_remote(operation, field.table))
        column = table.column(_remote(operation, field))
        if column is None:
            raise _unsupported("platform.step_unbound", operation, missing=str(field))
        return column


def _declared(definition: DefinitionSpec, operation: SchemaOperation) -> ViewSpec | FormSpec:
    if not isinstance(definition.declared, ViewSpec | FormSpec):
        raise _unsupported("platform.unsupported_step", operation)
    return definition.declared


def _choices(column: WireColumn) -> list[Json]:
    entries = column.options.get("options")
    return [dict(entry) for entry in entries] if isinstance(entries, list) else []


def _parent(option: Address) -> Address:
    return Address(ObjectKind.FIELD, option.keys[:2])


def _ids_of(field: FieldSpec, column: WireColumn, operation: SchemaOperation) -> dict[Address, RemoteId]:
    created = {field.address: RemoteId(column.id)}
    ids = {choice.title: choice.id for choice in column.choices}
    for option in field.options:
        title = option.labels.in_locale(operation.locale)
        if title not in ids:
            raise ProtocolError("platform.shape", endpoint=COLUMN_CREATE.name, facts={"part": "colOptions.options"})
        created[option.address] = RemoteId(ids[title])
    return created


def _titled(table: WireTable, title: str) -> WireColumn:
    column = table.titled(title)
    if column is None:
        raise ProtocolError("platform.shape", endpoint=COLUMN_CREATE.name, facts={"part": "columns"})
    return column


def _remote(operation: SchemaOperation, address: Address) -> str:
    if address not in operation.remote_ids:
        raise _unsupported("platform.step_unbound", operation, missing=str(address))
    return operation.remote_ids[address]


def _unsupported(code: str, operation: SchemaOperation, **facts: FactValue) -> UnsupportedChangeError:
    known: dict[str, FactValue] = {"address": str(operation.address), "action": operation.action.value}
    return UnsupportedChangeError(code, facts=known | facts)
