"""Neutral values as JSON that says of what type they are, so that what was put aside comes back as it was.

Text, switches and lists of ids stand for themselves; a number, a day, a moment and a location are objects with one key.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from huoban_perf.core.values import Value


def value_to(value: Value) -> Any:
    """Return a value's JSON form.

    Args:
        value: A neutral value.

    Returns:
        JSON content; ``value_from`` reads it back as an equal value.
    """
    match value:
        case None | bool() | str():
            return value
        case Decimal():
            return {"number": format(value, "f")}
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
        case tuple():
            return list(value)
        case _:
            return {"map": dict(value)}


def value_from(raw: Any) -> Value:
    """Read a value's JSON form.

    Args:
        raw: JSON content.

    Returns:
        The value.

    Raises:
        ValueError: It is of no such form.
    """
    match raw:
        case None | bool() | str():
            return raw
        case list():
            return tuple(str(part) for part in raw)
        case {"number": str(text)}:
            return Decimal(text)
        case {"moment": str(text)}:
            return datetime.fromisoformat(text)
        case {"day": str(text)}:
            return date.fromisoformat(text)
        case {"map": Mapping() as content}:
            return dict(content)
        case _:
            raise ValueError("not a stored value")
