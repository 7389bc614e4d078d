"""Field kinds: which column type holds each, and what a column seen proves.

| kind | column | limits |
| --- | --- | --- |
| text, scan | SingleLineText | |
| text_long, text_rich, address | LongText (rich: its rich mode) | |
| location | LongText | kept as JSON text; no map |
| number, money | Decimal, Currency | 15 significant digits |
| percent, progress | Percent | a percent is shown and stored times 100 |
| rating | Rating | 0 and empty are the same |
| switch | Checkbox | no third state: off and empty are the same |
| time | Time | to the second |
| phone, email | PhoneNumber, Email | |
| date, datetime | Date, DateTime | moments to the second, UTC |
| choice, choices | SingleSelect, MultiSelect | no comma in an option's text of choices |
| member, members | User | only people invited into the base |
| relation | LinkToAnotherRecord: belongs-to; many-to-many when several | several: one request a row on write |
| auto_number | Formula ``{Id}`` | AutoNumber is refused (400) |
| formula, rollup, attached | Formula, Rollup, Lookup | a rollup counts every related row |
| file, image, signature | Attachment | |

A sub-table is the other end of a
relation, which the platform makes by itself. A separator does not exist. *Required* is a mark of a form, never of a
column: a column that refuses empty cells would refuse rows that jobs build step by step. *Unique* is not kept: SQLite
accepts and ignores it (gotcha 3).

Source: field-kinds.md; nocodb/api.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec
from huoban_perf.platforms.nocodb.meta import WireColumn

_K = FieldKind

COLUMN_TYPE: Mapping[FieldKind, str] = {
    _K.TEXT: "SingleLineText",
    _K.SCAN: "SingleLineText",
    _K.TEXT_LONG: "LongText",
    _K.TEXT_RICH: "LongText",
    _K.ADDRESS: "LongText",
    _K.LOCATION: "LongText",
    _K.NUMBER: "Decimal",
    _K.MONEY: "Currency",
    _K.PERCENT: "Percent",
    _K.PROGRESS: "Percent",
    _K.RATING: "Rating",
    _K.SWITCH: "Checkbox",
    _K.TIME: "Time",
    _K.PHONE: "PhoneNumber",
    _K.EMAIL: "Email",
    _K.DATE: "Date",
    _K.DATETIME: "DateTime",
    _K.CHOICE: "SingleSelect",
    _K.CHOICES: "MultiSelect",
    _K.MEMBER: "User",
    _K.MEMBERS: "User",
    _K.RELATION: "LinkToAnotherRecord",
    _K.AUTO_NUMBER: "Formula",
    _K.FILE: "Attachment",
    _K.IMAGE: "Attachment",
    _K.SIGNATURE: "Attachment",
}
"""Kinds that are held, and the column type each is made as."""

_SEEN: Mapping[str, frozenset[FieldKind]] = {
    "SingleLineText": frozenset({_K.TEXT, _K.SCAN}),
    "LongText": frozenset({_K.TEXT_LONG, _K.TEXT_RICH, _K.ADDRESS, _K.LOCATION}),
    "Decimal": frozenset({_K.NUMBER}),
    "Number": frozenset({_K.NUMBER}),
    "Currency": frozenset({_K.MONEY}),
    "Percent": frozenset({_K.PERCENT, _K.PROGRESS}),
    "Rating": frozenset({_K.RATING}),
    "Checkbox": frozenset({_K.SWITCH}),
    "Time": frozenset({_K.TIME}),
    "PhoneNumber": frozenset({_K.PHONE}),
    "Email": frozenset({_K.EMAIL}),
    "Date": frozenset({_K.DATE}),
    "DateTime": frozenset({_K.DATETIME}),
    "SingleSelect": frozenset({_K.CHOICE}),
    "MultiSelect": frozenset({_K.CHOICES}),
    "LinkToAnotherRecord": frozenset({_K.RELATION}),
    "Links": frozenset({_K.SUB_TABLE}),
    "Formula": frozenset({_K.FORMULA, _K.AUTO_NUMBER}),
    "Rollup": frozenset({_K.ROLLUP}),
    "Lookup": frozenset({_K.ATTACHED}),
    "Attachment": frozenset({_K.FILE, _K.IMAGE, _K.SIGNATURE}),
}

_COLOURS = {
    "red": "#ffdce5",
    "orange": "#fee2d5",
    "yellow": "#ffeab6",
    "green": "#d1f7c4",
    "blue": "#cfdffe",
    "purple": "#ede2fe",
    "grey": "#eeeeee",
}
"""Our colour words in the platform's own palette. Source: tried; its web page offers these."""

_COLOUR_WORDS = {code: word for word, code in _COLOURS.items()}

_TAKEN = frozenset({"id", "created_at", "updated_at", "created_by", "updated_by", "nc_order"})
"""Column names the platform uses in every table. Source: tried."""


def kinds_of(column: WireColumn) -> frozenset[FieldKind]:
    """Return every kind a column may have been made for; empty for a type we do not know."""
    if column.uidt == "User":
        return frozenset({_K.MEMBERS if column.flag("is_multi") else _K.MEMBER})
    return _SEEN.get(column.uidt, frozenset())


def alias_of(name: str) -> str:
    """Return the key a table or column was named by in the database: our alias on the platform.

    Args:
        name: Its name there; on SQLite tables carry a prefix ``nc_xxxx___``. Source: tried.

    Returns:
        The key.
    """
    return name.rsplit("___", maxsplit=1)[-1]


def column_name(key: str) -> str:
    """Return the database name of a field: its key, which no rename of the title changes."""
    return f"{key}_" if key in _TAKEN else key


def column_body(field: FieldSpec, *, locale: Locale) -> dict[str, Any]:
    """Return the body that creates a column of its own (relations are made otherwise).

    Args:
        field: The field.
        locale: Language of its name.

    Returns:
        The body.

    Raises:
        UnsupportedChangeError: The platform has no such column, or an option's text cannot be held.
    """
    if field.kind not in COLUMN_TYPE:
        facts = {"address": str(field.address), "action": "create", "attribute": "kind"}
        raise UnsupportedChangeError("platform.unsupported_step", facts=facts)
    body: dict[str, Any] = {
        "title": field.labels.in_locale(locale),
        "column_name": column_name(field.address.key),
        "uidt": COLUMN_TYPE[field.kind],
        "meta": column_meta(field),
    }
    if field.help is not None:
        body["description"] = field.help.in_locale(locale)
    if field.options:
        body["colOptions"] = {"options": [option_body(option, field=field, locale=locale) for option in field.options]}
    if field.kind is FieldKind.AUTO_NUMBER:
        body |= {"formula": "{Id}", "formula_raw": "{Id}"}
    return body


def column_meta(field: FieldSpec) -> dict[str, Any]:
    """Return the display settings of a column."""
    match field.kind:
        case FieldKind.NUMBER:
            return {} if field.decimals is None else {"precision": field.decimals, "isLocaleString": False}
        case FieldKind.MONEY:
            precision = 2 if field.decimals is None else field.decimals
            return {"currency_code": "CNY", "currency_locale": "zh-CN", "precision": precision}
        case FieldKind.PROGRESS:
            return {"is_progress": True}
        case FieldKind.MEMBER | FieldKind.MEMBERS:
            return {"is_multi": field.kind is FieldKind.MEMBERS, "notify": False}
        case FieldKind.TEXT_RICH:
            return {"richMode": True}
        case _:
            return {}


def option_body(option: OptionSpec, *, field: FieldSpec | None, locale: Locale) -> dict[str, Any]:
    """Return the body of one choice.

    Args:
        option: The choice.
        field: Its field; several choices are stored joined by commas. None when not known to hold several.
        locale: Language of its text.

    Returns:
        The body.

    Raises:
        UnsupportedChangeError: The text holds a comma in a field of several choices.
    """
    title = option.labels.in_locale(locale)
    if field is not None and field.kind is FieldKind.CHOICES and "," in title:
        facts = {"address": str(option.address), "action": "create", "attribute": "name"}
        raise UnsupportedChangeError("nocodb.comma_in_option", facts=facts | {"option": title})
    return {"title": title} | ({} if option.color is None else {"color": _COLOURS.get(option.color, option.color)})


def colour_word(code: str | None) -> str | None:
    """Return our word for a colour of the platform, or its own code."""
    return None if code is None else _COLOUR_WORDS.get(code.lower(), code)
