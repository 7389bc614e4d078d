"""The whole world as data in canonical order: with ids, or by content only so that two worlds can be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef, OptionDef, TableDef
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.state import World
from huoban_perf.sandbox.world.values import number_text

DEFINED = ("view", "form", "permission", "page", "automation")
"""Sorts of stored definitions."""


def everything_of(world: World) -> dict[str, Any]:
    """Return the world with ids and times, each list in the order of its ids; keys without their text."""
    store = world.store
    return {
        "now": world.moments.now_text(),
        "spaces": [
            {
                "space_id": str(space_id),
                "name": name,
                "members": [{"user_id": key, "name": who} for key, who in world.definitions.members(space_id).items()],
                "tables": [_table(world, table_id) for table_id in world.definitions.table_ids(space_id)],
                "pages": _pages(world, space_id),
            }
            for space_id, name in world.definitions.spaces()
        ],
        "keys": _records(world, "keys", ("key_id", "space_id", "user_id", "label", "callback_url")),
        "files": _records(world, "files", ("file_id", "name", "size", "sha256", "created_on", "created_by")),
        "subscriptions": _records(world, "subscriptions", ("key_id", "source_type", "source_id", "events")),
        "pending_batches": world.bulk.pending(),
        "callbacks": int(store.value("SELECT count(*) FROM callbacks")),
    }


def _records(world: World, name: str, columns: Sequence[str]) -> list[dict[str, Any]]:
    sql = f"SELECT {', '.join(columns)} FROM {name} ORDER BY 1, 2, 3"  # noqa: S608 - our own names
    return [dict(zip(columns, row, strict=True)) for row in world.store.rows(sql)]


def definitions_in(world: World) -> list[dict[str, Any]]:
    """Return every stored definition with its sort and place (a table; for a page a workspace), by id."""
    rows = world.store.rows("SELECT definition_id, object, table_id, name, alias, body FROM definitions ORDER BY 1")
    return [
        {
            "id": str(row[0]),
            "object": row[1],
            "place_id": str(row[2]),
            "name": row[3],
            "alias": row[4],
            "definition": wire.parse(row[5]),
        }
        for row in rows
    ]


def _pages(world: World, space_id: int) -> list[dict[str, Any]]:
    return [
        {"page_id": found["id"], **{key: found[key] for key in ("name", "alias", "definition")}}
        for found in definitions_in(world)
        if found["object"] == "page" and found["place_id"] == str(space_id)
    ]


def _definitions(world: World, table: TableDef, sort: str) -> list[dict[str, Any]]:
    rows = world.store.rows(
        "SELECT definition_id, name, alias, body FROM definitions WHERE table_id = ? AND object = ? ORDER BY 1",
        table.table_id,
        sort,
    )
    return [
        {f"{sort}_id": str(row[0]), "name": row[1], "alias": row[2], "definition": wire.parse(row[3])} for row in rows
    ]


def _table(world: World, table_id: int) -> dict[str, Any]:
    table = world.definitions.table(table_id)
    return {
        "table_id": str(table_id),
        "name": table.name,
        "alias": table.alias,
        "group": table.heading,
        "created_on": table.created_on,
        "fields": [
            {
                "field_id": field.key,
                **_field_content(field),
                "target_table_id": None if field.target_table_id is None else str(field.target_table_id),
                "options": [
                    {"id": str(option.option_id), "name": option.name, "color": option.color, **_alias(option)}
                    for option in field.options
                ],
            }
            for field in table.fields
        ],
        "views": _definitions(world, table, "view"),
        "automations": _definitions(world, table, "automation"),
        "forms": _definitions(world, table, "form"),
        "permissions": _definitions(world, table, "permission"),
        "items": [_item(row) for row in world.rows.all_of(table_id)],
    }


def _item(row: Row) -> dict[str, Any]:
    return {
        "item_id": str(row.item_id),
        "title": row.title,
        "created_on": row.created_on,
        "created_by": str(row.created_by),
        "updated_on": row.updated_on,
        "updated_by": str(row.updated_by),
        "fields": row.values,
    }


def _alias(option: OptionDef) -> dict[str, str]:
    return {"alias": option.alias} if option.alias else {}


def _field_content(field: FieldDef) -> dict[str, Any]:
    return {
        "name": field.name,
        "alias": field.alias,
        "kind": field.kind.value,
        "required": field.required,
        "unique": field.is_unique,
        "help": field.help,
        "many": field.many,
        "decimals": field.decimals,
        "is_title": field.is_title,
    }


# --- by content ------------------------------------------------------------------------------------------------------


def contents_of(world: World) -> dict[str, Any]:
    """Return the world without ids, times and callbacks: what ``load`` takes, items in the order of their content.

    Relations show the label of the item they point to: the value of its table's first unique field, else its title.
    """
    return {
        "workspaces": [
            {
                "name": name,
                "members": list(world.definitions.members(space_id).values()),
                "tables": sorted(
                    (_TableContent(world, table_id).content() for table_id in world.definitions.table_ids(space_id)),
                    key=wire.canonical,
                ),
                "pages": [{k: v for k, v in page.items() if k != "page_id"} for page in _pages(world, space_id)],
            }
            for space_id, name in world.definitions.spaces()
        ]
    }


def label_of(row: Row, table: TableDef) -> str:
    """Return what names an item to people: the value of a unique field, else the title."""
    for field in table.fields:
        value = row.values.get(field.key)
        if field.is_unique and isinstance(value, str):
            return value
    return row.title


def field_labels(table: TableDef) -> dict[str, str]:
    """Return field id as text → name, a repeated name being followed by ``#2`` and so on."""
    seen: dict[str, int] = {}
    labels = {}
    for field in table.fields:
        seen[field.name] = seen.get(field.name, 0) + 1
        labels[field.key] = field.name if seen[field.name] == 1 else f"{field.name}#{seen[field.name]}"
    return labels


class _TableContent:
    def __init__(self, world: World, table_id: int) -> None:
        self._world = world
        self._table = world.definitions.table(table_id)
        self._members = world.definitions.members(self._table.space_id)

    def content(self) -> dict[str, Any]:
        table, labels = self._table, field_labels(self._table)
        readers = {field.key: self._reader(field) for field in table.fields}
        items = [
            {labels[key]: readers[key](value) for key, value in row.values.items() if key in readers}
            for row in self._world.rows.all_of(table.table_id)
        ]
        return {
            "name": table.name,
            "alias": table.alias,
            "group": table.heading,
            "fields": [self._field(field) for field in table.fields],
            "views": self._without_ids("view"),
            "automations": self._without_ids("automation"),
            "forms": self._without_ids("form"),
            "permissions": self._without_ids("permission"),
            "items": sorted(items, key=wire.canonical),
        }

    def _field(self, field: FieldDef) -> dict[str, Any]:
        content = _field_content(field)
        content["options"] = [
            {"name": option.name, "color": option.color, **_alias(option)} for option in field.options
        ]
        target = field.target_table_id
        content["target"] = None if target is None else self._world.definitions.table(target).name
        return content

    def _without_ids(self, sort: str) -> list[dict[str, Any]]:
        found = _definitions(self._world, self._table, sort)
        return [{name: value for name, value in entry.items() if name != f"{sort}_id"} for entry in found]

    def _reader(self, field: FieldDef) -> Callable[[Any], Any]:
        if field.family == "number":
            return number_text
        if field.family != "list":
            return lambda value: value
        names = self._names(field)
        return lambda ids: [names.get(entry, "") for entry in ids]

    def _names(self, field: FieldDef) -> dict[str, str]:
        if field.kind in CHOICE_KINDS:
            return {key: option.name for key, option in field.options_by_id.items()}
        if field.kind in MEMBER_KINDS:
            return dict(self._members)
        if field.kind in RELATION_KINDS and field.target_table_id is not None:
            target = self._world.definitions.table(field.target_table_id)
            return {str(row.item_id): label_of(row, target) for row in self._world.rows.all_of(target.table_id)}
        rows = self._world.store.rows("SELECT file_id, name FROM files")
        return {str(row[0]): row[1] for row in rows}
