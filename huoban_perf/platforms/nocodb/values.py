"""Cells: one codec a field kind, wire form ↔ neutral value.

Law: ``decode(encode(value)) == value`` for every value a column can hold (``kinds`` states the limits). A value the
column would bend, cut or take for something else is refused before it is sent: SQLite checks nothing (gotcha 4).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from typing import Any

import simplejson

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.schema import COMPUTED_KINDS, FieldKind, FieldSpec
from huoban_perf.core.values import CHINA, Value
from huoban_perf.platforms.cells import Codec, ReadOnlyFieldError, UnholdableError, UnknownOptionError
from huoban_perf.platforms.nocodb.config import SIGNIFICANT_DIGITS
from huoban_perf.platforms.nocodb.meta import WireColumn

_DIGITS = Context(prec=SIGNIFICANT_DIGITS)
_EXACT = Context(prec=SIGNIFICANT_DIGITS, traps=[Inexact])
_HUNDRED = Decimal(100)
_FIRST_YEAR = 1000
"""The server takes year 1 for 1901. Source: tried."""
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


def codec_of(field: FieldSpec, column: WireColumn, bindings: Bindings) -> Codec:
    """Prepare the codec of a field.

    Args:
        field: The field; its options are looked up in ``bindings``.
        column: Its column, with the texts its options have now.
        bindings: Platform ids.

    Returns:
        The codec.
    """
    if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        return _choice_codec(field, column, bindings)
    if field.kind in COMPUTED_KINDS:
        return Codec(decode=_decode_computed, encode=_refuse)
    return _BY_KIND.get(field.kind, _TEXT)


def moment_from(text: str) -> datetime:
    """Read a moment of the wire, which is in UTC, as China time.

    Args:
        text: ``YYYY-MM-DD HH:MM:SS+00:00``.

    Returns:
        The moment.

    Raises:
        ValueError: Not such a text.
    """
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CHINA)


def number_from(cell: Any) -> Decimal:
    """Read a number: the decimal digits of a binary float, without the noise beyond what a float holds.

    Args:
        cell: A JSON number, or its text.

    Returns:
        The number.

    Raises:
        TypeError: Not a number.
        ArithmeticError: A text that is none.
    """
    if isinstance(cell, bool) or not isinstance(cell, int | Decimal | str):
        raise TypeError("not a number")
    number = _DIGITS.create_decimal(cell)
    if not number.is_finite():
        raise TypeError("not a number")
    return number


def number_to(value: Value) -> Decimal | None:
    """Check that a number survives the server.

    Args:
        value: The number, or None.

    Returns:
        The same number.

    Raises:
        TypeError: Not a finite number.
        UnholdableError: More digits than a binary float keeps. Source: gotchas 14, 16.
    """
    if value is None:
        return None
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError("not a finite number")
    try:
        return _EXACT.plus(value)
    except Inexact as error:
        raise UnholdableError("nocodb.too_precise") from error


def _decode_number(cell: Any) -> Value:
    return None if cell is None else number_from(cell)


def _decode_percent(cell: Any) -> Value:
    return None if cell is None else _DIGITS.divide(number_from(cell), _HUNDRED)


def _encode_percent(value: Value) -> Any:
    number = number_to(value)
    return None if number is None else number * _HUNDRED


def _decode_rating(cell: Any) -> Value:
    number = _decode_number(cell)
    return number or None  # an empty rating is kept as 0 on SQLite. Source: tried


def _encode_rating(value: Value) -> Any:
    number = number_to(value)
    if number is not None and (number != number.to_integral_value() or number <= 0):
        raise ValueError("not a whole positive number")
    return None if number is None else int(number)


def _decode_text(cell: Any) -> Value:
    if cell is None or isinstance(cell, str):
        return cell or None
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return str(cell)
    raise TypeError("not a text")


def _encode_text(value: Value) -> Any:
    if value is not None and not isinstance(value, str):
        raise TypeError("not a text")
    if value is not None and "\x00" in value:
        raise ValueError("a text with a zero byte")
    return value or None


def _decode_computed(cell: Any) -> Value:
    if cell is None or cell in ("", []):
        return None
    if isinstance(cell, list):
        return "、".join(str(part) for part in cell)
    return number_from(cell) if isinstance(cell, int | Decimal) and not isinstance(cell, bool) else str(cell)


def _refuse(_: Value) -> Any:
    raise ReadOnlyFieldError


def _decode_switch(cell: Any) -> Value:
    if cell is None or (isinstance(cell, int) and cell in {0, 1}):
        return bool(cell)
    raise TypeError("not a switch")


def _encode_switch(value: Value) -> Any:
    if value is not None and not isinstance(value, bool):
        raise TypeError("not a switch")
    return bool(value)


def _decode_date(cell: Any) -> Value:
    return None if cell is None or cell == "" else date.fromisoformat(cell)


def _encode_date(value: Value) -> Any:
    if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
        raise TypeError("not a day")
    if value is not None and value.year < _FIRST_YEAR:
        raise ValueError("a year of less than four digits")
    return None if value is None else value.isoformat()


def _decode_moment(cell: Any) -> Value:
    return None if cell is None or cell == "" else moment_from(cell)


def _encode_moment(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError("not an aware moment")
    return value.astimezone(UTC).replace(microsecond=0).isoformat(sep=" ")


def _decode_time(cell: Any) -> Value:
    if cell is None or cell == "":
        return None
    text = str(cell).rsplit(" ", maxsplit=1)[-1].split("+", maxsplit=1)[0]
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of day")
    return text[:5] if text.endswith(":00") and len(text) == 8 else text


def _encode_time(value: Value) -> Any:
    text = _encode_text(value)
    if text is not None and not _TIME.fullmatch(text):
        raise ValueError("not a time of day")
    return None if text is None else f"{text}:00" if len(text) == 5 else text


def _decode_location(cell: Any) -> Value:
    if cell is None or cell == "":
        return None
    place = simplejson.loads(cell, use_decimal=True)
    if not isinstance(place, dict):
        raise TypeError("not a location")
    return place


def _encode_location(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError("not a location")
    return simplejson.dumps(dict(value), use_decimal=True, ensure_ascii=False, sort_keys=True)


def _decode_people(cell: Any) -> Value:
    return tuple(str(part["id"]) for part in cell) if cell else None


def _encode_people(value: Value) -> Any:
    return ",".join(_ids(value)) or None


_NAMED = "//"
"""Stands between a file's path and its name: neither can hold it."""


def _decode_files(cell: Any) -> Value:
    return tuple(_file_of(part) for part in cell) if cell else None


def _file_of(part: Any) -> str:
    path = part.get("path")
    return file_id(str(path), str(part.get("title") or "")) if path else str(part["url"])


def _encode_files(value: Value) -> Any:
    named = (file_parts(one) for one in _ids(value))
    return [{"path": path, "title": title} for path, title in named] or None


def file_id(path: str, title: str) -> str:
    """Return what names a file: its path, and its own name where the server gave the path another, unique one."""
    return path if not title or title == _last(path) else f"{path}{_NAMED}{title}"


def file_parts(one: str) -> tuple[str, str]:
    """Return path and own name of a file."""
    path, _, title = one.partition(_NAMED)
    return path, title or _last(path)


def _last(path: str) -> str:
    return path.rsplit("/", maxsplit=1)[-1]


def _decode_parent(cell: Any) -> Value:
    if cell is None:
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | str):
        raise TypeError("not an id")
    return (str(cell),)


def _encode_parent(value: Value) -> Any:
    ids = _ids(value)
    if len(ids) > 1:
        raise ValueError("several items in a single relation")
    return int(ids[0]) if ids else None


def decode_links(cell: Any) -> Value:
    """Read the items a many-to-many relation shows.

    Args:
        cell: Nested items, or None.

    Returns:
        Their ids; None when there are none.
    """
    return tuple(str(part["Id"] if "Id" in part else part["id"]) for part in cell) if cell else None


def encode_links(value: Value) -> tuple[int, ...]:
    """Return the ids a many-to-many relation is to hold; ValueError or TypeError when they are none."""
    return tuple(int(id_) for id_ in _ids(value))


def _ids(value: Value) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, tuple) or not all(isinstance(part, str) for part in value):
        raise TypeError("not a tuple of ids")
    return value


def _choice_codec(field: FieldSpec, column: WireColumn, bindings: Bindings) -> Codec:
    """Options are bound by id and sent by the text they have now, so a rename by hand changes nothing."""
    text_by_id = {choice.id: choice.title for choice in column.choices}
    text_by_key = {
        option.address.key: text_by_id[str(bindings[option.address])]
        for option in field.options
        if option.address in bindings and str(bindings[option.address]) in text_by_id
    }
    key_by_text = {text: key for key, text in text_by_key.items()}
    position = {key: place for place, key in enumerate(text_by_key)}

    def key_of(text: Any) -> str:
        if text not in key_by_text:
            raise UnknownOptionError(str(text))
        return key_by_text[text]

    def text_of(key: Any) -> str:
        if not isinstance(key, str):
            raise TypeError("not an option key")
        if key not in text_by_key:
            raise UnknownOptionError(key)
        return text_by_key[key]

    if field.kind is FieldKind.CHOICE:
        return Codec(
            decode=lambda cell: None if cell is None or cell == "" else key_of(cell),
            encode=lambda value: None if value is None or value == "" else text_of(value),
        )

    def decode(cell: Any) -> Value:
        texts = cell.split(",") if isinstance(cell, str) else cell or []
        return tuple(sorted((key_of(text) for text in texts if text), key=position.__getitem__)) or None

    return Codec(decode=decode, encode=lambda value: ",".join(text_of(key) for key in _ids(value)) or None)


_TEXT = Codec(decode=_decode_text, encode=_encode_text)
_NUMBER = Codec(decode=_decode_number, encode=number_to)
_PEOPLE = Codec(decode=_decode_people, encode=_encode_people)
_FILES = Codec(decode=_decode_files, encode=_encode_files)

_BY_KIND: Mapping[FieldKind, Codec] = {
    FieldKind.NUMBER: _NUMBER,
    FieldKind.MONEY: _NUMBER,
    FieldKind.PROGRESS: _NUMBER,
    FieldKind.PERCENT: Codec(decode=_decode_percent, encode=_encode_percent),
    FieldKind.RATING: Codec(decode=_decode_rating, encode=_encode_rating),
    FieldKind.SWITCH: Codec(decode=_decode_switch, encode=_encode_switch),
    FieldKind.TIME: Codec(decode=_decode_time, encode=_encode_time),
    FieldKind.DATE: Codec(decode=_decode_date, encode=_encode_date),
    FieldKind.DATETIME: Codec(decode=_decode_moment, encode=_encode_moment),
    FieldKind.MEMBER: _PEOPLE,
    FieldKind.MEMBERS: _PEOPLE,
    FieldKind.LOCATION: Codec(decode=_decode_location, encode=_encode_location),
    FieldKind.FILE: _FILES,
    FieldKind.IMAGE: _FILES,
    FieldKind.SIGNATURE: _FILES,
    FieldKind.RELATION: Codec(decode=_decode_parent, encode=_encode_parent),
}
