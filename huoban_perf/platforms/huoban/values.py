"""Cells: one codec a field kind, wire form ↔ neutral value.

Law: ``decode(encode(value)) == value`` for every value the kind can hold (moments to the second, because the wire holds
no more), and likewise when the platform answers with its richer read form. An empty cell (absent, null, ``""``, ``[]``)
is None (openapi-v1.md §8.1, §18.8: which of them is sent is open).

The wire form is checked here, so ``Any`` ends here: a decoder raises ValueError, TypeError or KeyError for anything
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.schema import COMPUTED_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind, FieldSpec
from huoban_perf.core.values import CHINA, Value
from huoban_perf.platforms.cells import Codec, Decode, ReadOnlyFieldError, UnknownOptionError


def codec_of(field: FieldSpec, bindings: Bindings) -> Codec:
    """Prepare the codec of a field.

    Args:
        field: The field; its options are looked up in ``bindings``.
        bindings: Platform ids; options without one can be neither read nor written.

    Returns:
        The codec.

    Source: openapi-v1.md §8.2 [doc for the write forms, code or inferred for the read forms].
    """
    kind = field.kind
    if kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        return _choice_codec(field, bindings)
    if kind in TEXT_KINDS:
        return Codec(decode=_decode_text, encode=_encode_text)
    if kind in NUMBER_KINDS:
        return Codec(decode=_decode_number, encode=_encode_number)
    if kind in COMPUTED_KINDS:
        return Codec(decode=_decode_computed, encode=_refuse)
    return _BY_KIND[kind]


def moment_from(text: str) -> datetime:
    """Read a moment of the wire.

    Args:
        text: ``YYYY-MM-DD HH:MM:SS``, or shorter.

    Returns:
        The moment, in China time.

    Raises:
        ValueError: Not such a text.

    Source: openapi-v1.md §2 [format code, zone inferred], §18.14.
    """
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def moment_text(moment: datetime) -> str:
    """Write an aware moment as China time to the second.

    Args:
        moment: The moment.

    Returns:
        ``YYYY-MM-DD HH:MM:SS``.

    Raises:
        ValueError: The moment carries no zone.

    Source: openapi-v1.md §2 [format code, zone inferred].
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment.astimezone(CHINA).replace(tzinfo=None, microsecond=0).isoformat(sep=" ")


def _decode_text(cell: Any) -> Value:
    if isinstance(cell, str):
        return cell or None
    if cell is None or cell == []:
        return None
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return str(cell)
    raise TypeError("not a text")


def _encode_text(value: Value) -> Any:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _decode_number(cell: Any) -> Value:
    if type(cell) is Decimal:  # the common case first: comparing a Decimal with other types is slow
        return cell
    if cell is None or cell in ("", []):
        return None
    if isinstance(cell, int | str) and not isinstance(cell, bool):
        number = Decimal(cell)
        if number.is_finite():
            return number
    raise TypeError("not a number")


def _encode_number(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, Decimal) or not value.is_finite():
        raise TypeError("not a finite number")
    return value


def _decode_computed(cell: Any) -> Value:
    if type(cell) is Decimal:
        return cell
    if cell is None or cell in ("", []):
        return None
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, int):
        return Decimal(cell)
    parts = [cell] if isinstance(cell, dict) else cell
    return "、".join(_shown(part) for part in parts)


def _shown(part: Any) -> str:
    if isinstance(part, dict):
        return str(next(part[key] for key in ("title", "name", "id") if key in part))
    return str(part)


def _refuse(_: Value) -> Any:
    raise ReadOnlyFieldError


def _decode_switch(cell: Any) -> Value:
    if cell is None or cell in ("", []):
        return None
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, int) and cell in {0, 1}:
        return bool(cell)
    raise TypeError("not a switch")


def _encode_switch(value: Value) -> Any:
    if value is not None and not isinstance(value, bool):
        raise TypeError("not a switch")
    return value


def _decode_date(cell: Any) -> Value:
    if cell is None or cell in ("", []):
        return None
    return date.fromisoformat(cell[:10])


def _encode_date(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError("not a day")
    return value.isoformat()


def _decode_moment(cell: Any) -> Value:
    if cell is None or cell in ("", []):
        return None
    return moment_from(cell)


def _encode_moment(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise TypeError("not a moment")
    return moment_text(value)


def _decode_location(cell: Any) -> Value:
    if not cell:
        return None
    if not isinstance(cell, dict):
        raise TypeError("not a location")
    return cell


def _encode_location(value: Value) -> Any:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise TypeError("not a location")
    return dict(value)


def _ids_decoder(id_key: str) -> Decode:
    """Return a decoder of id lists: objects, bare ids, or one bare object (§8.2 notes [code])."""

    def decode(cell: Any) -> Value:
        if not cell:
            if cell is None or cell in ("", [], {}):
                return None
            raise TypeError("not a list of ids")
        parts = cell if isinstance(cell, list) else [cell]
        return tuple([str(part[id_key]) if isinstance(part, dict) else _id(part) for part in parts])

    return decode


def _id(part: Any) -> str:
    if isinstance(part, bool) or not isinstance(part, str | int):
        raise TypeError("not an id")
    return str(part)


def _encode_ids(value: Value) -> Any:
    if value is None:
        return []
    if not isinstance(value, tuple) or not all(isinstance(part, str) for part in value):
        raise TypeError("not a tuple of ids")
    return list(value)


def _choice_codec(field: FieldSpec, bindings: Bindings) -> Codec:
    id_by_key = {
        option.address.key: str(bindings[option.address]) for option in field.options if option.address in bindings
    }
    key_by_id = {id_: key for key, id_ in id_by_key.items()}
    position = {key: index for index, key in enumerate(id_by_key)}

    def keys_of(cell: Any) -> list[str]:
        parts = cell if isinstance(cell, list) else [cell]
        return [_option_key(part, key_by_id) for part in parts]

    def decode_one(cell: Any) -> Value:
        if cell is None or cell in ("", []):
            return None
        keys = keys_of(cell)
        if len(keys) > 1:
            raise ValueError("several options in a single choice")
        return keys[0]

    def decode_many(cell: Any) -> Value:
        if cell is None or cell in ("", []):
            return None
        return tuple(sorted(keys_of(cell), key=position.__getitem__))

    def encode(value: Value) -> Any:
        if value is None or value == "":
            return []
        keys = value if isinstance(value, tuple) else (value,)
        return [_option_id(key, id_by_key) for key in keys]

    return Codec(decode=decode_one if field.kind is FieldKind.CHOICE else decode_many, encode=encode)


def _option_key(part: Any, key_by_id: Mapping[str, str]) -> str:
    id_ = str(part["id"]) if isinstance(part, dict) else _id(part)
    try:
        return key_by_id[id_]
    except KeyError:
        name = str(part.get("name", "")) if isinstance(part, dict) else ""
        raise UnknownOptionError(f"{name}({id_})") from None


def _option_id(key: Value, id_by_key: Mapping[str, str]) -> str:
    if not isinstance(key, str):
        raise TypeError("not an option key")
    if key not in id_by_key:
        raise UnknownOptionError(key)
    return id_by_key[key]


_MEMBERS = Codec(decode=_ids_decoder("user_id"), encode=_encode_ids)
_RELATIONS = Codec(decode=_ids_decoder("item_id"), encode=_encode_ids)
_FILES = Codec(decode=_ids_decoder("file_id"), encode=_encode_ids)

_BY_KIND: Mapping[FieldKind, Codec] = {
    FieldKind.SWITCH: Codec(decode=_decode_switch, encode=_encode_switch),
    FieldKind.DATE: Codec(decode=_decode_date, encode=_encode_date),
    FieldKind.DATETIME: Codec(decode=_decode_moment, encode=_encode_moment),
    FieldKind.MEMBER: _MEMBERS,
    FieldKind.MEMBERS: _MEMBERS,
    FieldKind.RELATION: _RELATIONS,
    FieldKind.SUB_TABLE: _RELATIONS,
    FieldKind.FILE: _FILES,
    FieldKind.IMAGE: _FILES,
    FieldKind.SIGNATURE: _FILES,
    FieldKind.LOCATION: Codec(decode=_decode_location, encode=_encode_location),
    FieldKind.SEPARATOR: Codec(decode=lambda _: None, encode=_refuse),
}
