"""From a neutral field to the body that creates it, for the kinds whose create form was recovered.

Each form was captured from the web page or stands in the vendor's own library; keys known to be residue of the page
(``icon``, ``preserved``, ``manual`` …) are not sent.

Source: schema-plane.md §4.1, §4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import CHOICE_KINDS, FieldKind, FieldSpec
from huoban_perf.platforms.huoban.endpoints import Mark

Json = dict[str, Any]

_DATE = {"show_week_day": False, "background_color_alias": ""}

RECOVERED_KINDS: Mapping[FieldKind, Mark] = {
    FieldKind.TEXT: Mark.V2_DOC,
    FieldKind.TEXT_LONG: Mark.V2_DOC,
    FieldKind.TEXT_RICH: Mark.CODE,
    FieldKind.NUMBER: Mark.CODE,
    FieldKind.PERCENT: Mark.CODE,
    FieldKind.DATE: Mark.CODE,
    FieldKind.DATETIME: Mark.CODE,
    FieldKind.CHOICE: Mark.CODE,
    FieldKind.CHOICES: Mark.CODE,
    FieldKind.RELATION: Mark.CODE,
}
"""Kinds with a recovered create form, and how it is known; relations are C− and need to be asked for (§17)."""

_TYPES: Mapping[FieldKind, tuple[str, Json]] = {
    FieldKind.TEXT: ("text", {"type": "input"}),
    FieldKind.TEXT_LONG: ("text", {"type": "textarea"}),
    FieldKind.TEXT_RICH: ("text", {"type": "rich"}),
    FieldKind.NUMBER: ("number", {"display_mode": "number"}),
    FieldKind.PERCENT: ("number", {"display_mode": "percent"}),
    FieldKind.DATE: ("date", {"type": "date", **_DATE}),
    FieldKind.DATETIME: ("date", {"type": "datetime", **_DATE}),
    FieldKind.CHOICE: ("category", {"display_mode": "list", "type": "single"}),
    FieldKind.CHOICES: ("category", {"display_mode": "list", "type": "multi"}),
}


def created_field(field: FieldSpec, *, locale: Locale, target: Json | None = None) -> Json:
    """Return the body of a new field; its key stands where the platform's id will.

    Args:
        field: A field of a kind in ``RECOVERED_KINDS``.
        locale: Language of names.
        target: For a relation: the table it points to, as read on v2.

    Returns:
        The body. Option ids are chosen by us, 1, 2, … in declared order.

    Source: schema-plane.md §3.1 [code S1 S2]: ``field_id`` of a new field is a temporary key of the client; §4.2.
    """
    sort, config = ("relation", _relation(field, target)) if target is not None else _TYPES[field.kind]
    config = dict(config)
    if field.kind in CHOICE_KINDS:
        names = [option.labels.in_locale(locale) for option in field.options]
        options = [{"id": number, "name": name, "status": "active"} for number, name in enumerate(names, start=1)]
        config |= {"colorful": False, "background_color_alias": "", "options": options}
    if field.decimals is not None and sort == "number":
        config["precision"] = field.decimals
    return {
        "field_id": field.address.key,
        "alias": field.address.key,
        "name": field.labels.in_locale(locale),
        "type": sort,
        "description": "" if field.help is None else field.help.in_locale(locale),
        "required": field.required,
        "unique": field.unique,
        "config": config,
        "lock": {"update": 0, "delete": 0, "item_update": 0},
    }


def _relation(field: FieldSpec, target: Json | None) -> Json:
    """Source: schema-plane.md §4.2 [code S2], create unproven."""
    table = target or {}
    return {
        "table_id": table.get("table_id"),
        "table": table,
        "type": "multi" if field.many else "single",
        "display_attach_field_ids": [],
        "default_hidden_attach_field_ids": [],
        "filter": [],
        "recommend_filter": [],
        "inner_filter": [],
        "attachable": True,
        "order_by": [],
        "background_color_alias": "",
    }
