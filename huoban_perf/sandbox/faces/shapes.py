"""How tables, fields and items read on the wire."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.sandbox.faces.answers import empty_object
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.definitions import FILE_KINDS, RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.rows import API_USER, Row
from huoban_perf.sandbox.world.state import World

FIELD_TYPES = {
    **dict.fromkeys(TEXT_KINDS, "text"),
    **dict.fromkeys((FieldKind.NUMBER, FieldKind.MONEY, FieldKind.PERCENT, FieldKind.RATING), "number"),
    FieldKind.PROGRESS: "number",
    FieldKind.DATE: "date",
    FieldKind.DATETIME: "date",
    FieldKind.CHOICE: "category",
    FieldKind.CHOICES: "category",
    FieldKind.MEMBER: "user",
    FieldKind.MEMBERS: "user",
    FieldKind.FORMULA: "calculation",
    FieldKind.ROLLUP: "calculation",
    FieldKind.ATTACHED: "text",
}
"""Kinds whose word differs from ours. Source: openapi-v1.md §7.5, field-kinds.md."""
_TEXT_TYPES = {FieldKind.TEXT: "input", FieldKind.TEXT_LONG: "textarea", FieldKind.TEXT_RICH: "rich"}
"""Source: openapi-v1.md §7.5 [v2-doc] for the first two."""
_PRESENTATIONS = frozenset(TEXT_KINDS) - set(_TEXT_TYPES)


def table_head(table: TableDef) -> dict[str, Any]:
    """Return a table as table/list shows it. Source: openapi-v1.md §7.3 [code]."""
    return {
        "table_id": str(table.table_id),
        "name": table.name,
        "alias": table.alias,
        "space_id": str(table.space_id),
        "created_on": table.created_on,
    }


def field_config(field: FieldDef, *, table: TableDef, rules: Rules) -> dict[str, Any]:
    """Return a field as the table config shows it. Source: openapi-v1.md §7.4 [code]; extra keys are switches."""
    shown: dict[str, Any] = {"field_id": field.key, "name": field.name}
    if rules.field_alias:
        shown["alias"] = field.alias
    own = field.kind in _PRESENTATIONS and rules.presentation_type == "own"
    shown["field_type"] = field.kind.value if own else FIELD_TYPES.get(field.kind, field.kind.value)
    shown["required"] = field.required
    if rules.field_unique:
        shown["unique"] = field.is_unique
    if rules.field_help:
        shown["description"] = field.help or ""
    shown["config"] = _config(field, rules) or empty_object(rules)
    shown["from_relation_field"] = _source_of(field, table) or empty_object(rules)
    return shown


def _config(field: FieldDef, rules: Rules) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if field.kind in _TEXT_TYPES and rules.text_type:
        config["type"] = _TEXT_TYPES[field.kind]
    if field.kind is FieldKind.PERCENT:
        config["is_percent"] = 1
    if field.kind in CHOICE_KINDS:
        config["options"] = [
            {"id": str(option.option_id), "name": option.name, "color": option.color or ""} for option in field.options
        ]
    if field.kind is FieldKind.RELATION:
        config |= {"table_id": str(field.target_table_id), "is_multi": int(field.many)}
    if field.kind is FieldKind.SUB_TABLE:
        config["related_table_id"] = str(field.target_table_id)
    shows_multi = (field.kind in CHOICE_KINDS and rules.choice_multi) or (
        field.kind in MEMBER_KINDS and rules.member_multi
    )
    if shows_multi:
        config["is_multi"] = int(field.holds_several)
    return config


def _source_of(field: FieldDef, table: TableDef) -> dict[str, Any]:
    """Return the relation field through which an attached field comes. Source: openapi-v1.md §7.4 [code]."""
    if field.kind is not FieldKind.ATTACHED:
        return {}
    relations = [other for other in table.fields if other.kind is FieldKind.RELATION]
    near = [other for other in relations if field.target_table_id in {None, other.target_table_id}]
    return {"field_id": near[0].key, "name": near[0].name} if near else {"field_id": "", "name": ""}


class ItemShapes:
    """Renders items of one table; looks up what a page refers to in few queries."""

    def __init__(
        self, *, world: World, table: TableDef, rules: Rules, user_id: int = API_USER, shows_titles: bool = True
    ) -> None:
        """Take the table as it is shown, where names come from, and who looks."""
        self._world = world
        self._table = table
        self._rules = rules
        self._user_id = user_id
        self._shows_titles = shows_titles
        self._members = world.definitions.members(table.space_id)

    def items(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return items as they read. Source: openapi-v1.md §8.1 ([doc], [code]) and §8.2."""
        shapes = {field.key: self._shape(field, rows) for field in self._table.fields}
        return [self._item(row, shapes) for row in rows]

    def _item(self, row: Row, shapes: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
        fields = {}
        for key, value in row.values.items():
            shape = shapes.get(key)
            if shape is not None:
                shown = shape(value)
                if shown is not None:
                    fields[key] = shown
        if self._rules.empty_cells == "null":
            fields = {key: fields.get(key) for key in shapes}
        item = {
            "item_id": str(row.item_id),
            "title": row.title if self._shows_titles else "",
            "created_by": self._person(str(row.created_by)),
            "created_on": row.created_on,
            "updated_by": self._person(str(row.updated_by)),
            "updated_on": row.updated_on,
            "fields": fields or empty_object(self._rules),
        }
        if not self._rules.updated_by:
            del item["updated_by"]
        return item

    def _person(self, user_id: str) -> dict[str, str]:
        name = "接口" if user_id == str(API_USER) else self._members.get(user_id, "")
        return {"user_id": user_id, "name": name, "avatar": ""}

    def _shape(self, field: FieldDef, rows: Sequence[Row]) -> Callable[[Any], Any]:
        if field.family != "list":
            return lambda value: value
        known = self._known(field, rows)

        def shape(ids: list[str]) -> Any:
            shown = [known[entry] for entry in ids if entry in known]
            if shown and field.kind is FieldKind.RELATION and not field.many and self._rules.relation_shape == "object":
                return shown[0]
            return shown or None

        return shape

    def _known(self, field: FieldDef, rows: Sequence[Row]) -> dict[str, Any]:
        if field.kind in CHOICE_KINDS:
            return {key: self._option(key, field) for key in field.options_by_id}
        if field.kind in MEMBER_KINDS:
            return {key: self._person(key) for key in self._members}
        ids = sorted({int(entry) for row in rows for entry in row.values.get(field.key, ())})
        if field.kind in RELATION_KINDS:
            titles = self._titles(field, ids)
            return {str(key): {"item_id": str(key), "title": titles.get(str(key), "")} for key in ids}
        return self._files(ids) if field.kind in FILE_KINDS else {}

    def _titles(self, field: FieldDef, ids: Sequence[int]) -> dict[str, str]:
        if self._user_id == API_USER or field.target_table_id is None:
            return self._world.rows.titles(ids)
        return self._world.accesses.titles(field.target_table_id, ids, user_id=self._user_id)

    def _option(self, key: str, field: FieldDef) -> dict[str, Any]:
        option = field.options_by_id[key]
        color = {"color": option.color or ""} if self._rules.option_color else {}
        return {"id": key, "name": option.name, **color}

    def _files(self, ids: Sequence[int]) -> dict[str, Any]:
        """Source: openapi-v1.md §10.2 [v2-doc], switch ``file_shape``."""
        told = self._world.files.told(ids)
        if self._rules.file_shape == "id":
            return {key: key for key in told}
        return {
            key: {"file_id": key, "name": file.name, "size": file.size_bytes, "created_on": file.created_on}
            for key, file in told.items()
        }
