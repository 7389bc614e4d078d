"""Neutral objects as plain values: for JSON output and for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from huoban_perf.core.addresses import Address


def plain(value: object) -> Any:
    """Return an object as JSON values.

    Args:
        value: A dataclass of ``core.schema``, or anything in one.

    Returns:
        Addresses as printed, decimals and dates as text, sets sorted; a dataclass is a mapping with its class under
        ``is``, so that rules and steps can be told apart.

    Raises:
        TypeError: The value holds something with no plain form.
    """
    match value:
        case Address():
            return str(value)
        case Enum():
            return value.value
        case None | str() | bool() | int():
            return value
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(key): plain(part) for key, part in value.items()}
        case frozenset():
            return sorted(str(plain(part)) for part in value)
        case tuple():
            return [plain(part) for part in value]
        case _:
            return _dataclass(value)


def _dataclass(value: object) -> dict[str, Any]:
    if is_dataclass(value) and not isinstance(value, type):
        return {"is": type(value).__name__, **{one.name: plain(getattr(value, one.name)) for one in fields(value)}}
    raise TypeError(f"no plain form for {type(value).__name__}")
