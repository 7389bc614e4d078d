"""Fields as v2 writes and shows them, in the forms that were recovered; what was not recovered cannot be created here.

Source: schema-plane.md §3.1, §4.1, §4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind
from huoban_perf.sandbox.asked import list_of, number_of, object_of, optional_id, text_of
from huoban_perf.sandbox.faces.shapes import FIELD_TYPES
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.builder import NewField
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.refusals import ParameterError

_TEXT = {"input": FieldKind.TEXT, "textarea": FieldKind.TEXT_LONG, "rich": FieldKind.TEXT_RICH}
_NUMBER = {"number": FieldKind.NUMBER, "percent": FieldKind.PERCENT}
_DATE = {"date": FieldKind.DATE, "datetime": FieldKind.DATETIME}
_CATEGORY = {"single": FieldKind.CHOICE, "multi": FieldKind.CHOICES}
_FORMS: Mapping[str, tuple[str, Mapping[str, FieldKind]]] = {
    "text": ("type", _TEXT),
    "number": ("display_mode", _NUMBER),
    "date": ("type", _DATE),
    "category": ("type", _CATEGORY),
}
"""``type`` → key of the config that decides the kind, and its words."""
_CREATED_TYPES = (*_FORMS, "relation")


def new_field(body: Mapping[str, Any], *, rules: Rules, is_title: bool) -> NewField:
    """Return the field that a v2 body asks for.

    Args:
        body: One entry of ``fields``.
        rules: Whether relations may be created.
        is_title: Whether it names the items of its table.

    Returns:
        The field.

    Raises:
        ParameterError: Its form is not one that was recovered.
    """
    sort = text_of(body, "type")
    if sort not in _CREATED_TYPES or (sort == "relation" and rules.v2_relation == "refuse"):
        raise ParameterError("type", f"{sort}: no create form")
    config = object_of(body, "config")
    kind, target = FieldKind.RELATION, optional_id(config, "table_id")
    if sort != "relation":
        key, kinds = _FORMS[sort]
        word = text_of(config, key)
        if word not in kinds:
            raise ParameterError(key, word)
        kind, target = kinds[word], None
    precision = config.get("precision")
    return NewField(
        name=text_of(body, "name"),
        alias=short_alias(text_of(body, "alias", default="")),
        kind=kind,
        required=bool(body.get("required")),
        unique=bool(body.get("unique")),
        help=text_of(body, "description", default="") or None,
        options=_options(config) if kind in CHOICE_KINDS else (),
        target_table_id=target,
        many=sort == "relation" and config.get("type") == "multi",
        decimals=None if precision is None else number_of(config, "precision", default=0),
        is_title=is_title,
    )


def short_alias(alias: str) -> str:
    """Return the last part of an alias. Source: schema-plane.md §3 [code S2]."""
    return alias.rpartition(".")[2]


def _options(config: Mapping[str, Any]) -> tuple[tuple[str, str | None], ...]:
    """Option ids are 1-based integers chosen by the client. Source: schema-plane.md §4.2 [code S2]."""
    entries = list_of(config, "options")
    if not all(isinstance(entry, dict) for entry in entries):
        raise ParameterError("options")
    if [entry.get("id") for entry in entries] != list(range(1, len(entries) + 1)):
        raise ParameterError("options", "1, 2, … in order (the sandbox is narrower than the platform)")
    return tuple((text_of(entry, "name"), text_of(entry, "color", default="") or None) for entry in entries)


def field_entity(field: FieldDef, *, table: TableDef, rules: Rules) -> dict[str, Any]:
    """Return a field as v2 shows it. Source: schema-plane.md §4.1 [doc D1], §4.2."""
    dotted = rules.v2_alias == "dotted" and field.alias
    return {
        "field_id": field.field_id,
        "name": field.name,
        "alias": f"{table.alias}.{field.alias}" if dotted else field.alias,
        "type": FIELD_TYPES.get(field.kind, field.kind.value),
        "description": field.help or "",
        "config": _config(field),
        "default_setting": {"value": []},
        "required": field.required,
        "unique": field.is_unique,
        "allow_update": True,
        "is_attach_field": field.kind is FieldKind.ATTACHED,
        "lock": {"update": 0, "delete": 0, "item_update": 0},
    }


def _config(field: FieldDef) -> dict[str, Any]:
    sort = FIELD_TYPES.get(field.kind, field.kind.value)
    config: dict[str, Any] = {}
    if sort in _FORMS:
        key, kinds = _FORMS[sort]
        word = next((word for word, kind in kinds.items() if kind is field.kind), next(iter(kinds)))
        config[key] = word
    if field.decimals is not None:
        config["precision"] = field.decimals
    if field.kind in CHOICE_KINDS:
        config |= {"display_mode": "list", "options": _shown_options(field)}
    if field.kind in RELATION_KINDS:
        config |= {"table_id": field.target_table_id, "type": "multi" if field.many else "single"}
    if field.kind in MEMBER_KINDS:
        config["type"] = "multi" if field.holds_several else "single"
    return config


def _shown_options(field: FieldDef) -> list[dict[str, Any]]:
    return [
        {"id": option.option_id, "name": option.name, "status": "active", "color": option.color or ""}
        for option in field.options
    ]
