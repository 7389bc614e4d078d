"""The stored form of neutral content: JSON that says what each part is, so that it comes back as it was.

Text, whole numbers, switches and None stand for themselves, a tuple is a list, everything else is an object with one
key that begins with ``@``: ``{"@address": "field:goal.weight"}``, ``{"@Test": {"field": …}}``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import ModuleType
from typing import Any

from huoban_perf.core import conditions, labels, rules
from huoban_perf.core.addresses import Address
from huoban_perf.core.digest import canonical_json
from huoban_perf.core.schema import automations, forms, pages, roles, views

_MODULES: tuple[ModuleType, ...] = (labels, rules, conditions, views, forms, roles, pages, automations)


_NAMED = {
    name: word for module in _MODULES for name, word in vars(module).items() if isinstance(word, type)
}  # fmt: skip
_CLASSES: dict[str, Any] = {name: word for name, word in _NAMED.items() if is_dataclass(word)}
_ENUMS: dict[str, Any] = {name: word for name, word in _NAMED.items() if issubclass(word, Enum)}
_READERS: dict[str, Callable[[str], Any]] = {
    "@address": Address.parse,
    "@number": Decimal,
    "@moment": datetime.fromisoformat,
    "@day": date.fromisoformat,
}


def stored(value: object) -> Any:
    """Return the stored form of a value.

    Args:
        value: Neutral content: words of rules, views, forms, permissions, pages and automations.

    Returns:
        JSON content.

    Raises:
        TypeError: It has no stored form.
    """
    match value:
        case Enum():
            return {"@enum": [type(value).__name__, value.value]}
        case None | bool() | int() | str():
            return value
        case Address() | Decimal() | date():
            return _scalar(value)
        case tuple() | list():
            return [stored(part) for part in value]
        case frozenset():
            return {"@set": sorted((stored(part) for part in value), key=canonical_json)}
        case Mapping():
            return {"@map": {str(key): stored(part) for key, part in value.items()}}
        case _ if is_dataclass(value) and type(value).__name__ in _CLASSES:
            return {f"@{type(value).__name__}": {one.name: stored(getattr(value, one.name)) for one in fields(value)}}
        case _:
            raise TypeError(f"no stored form for {type(value).__name__}")


def _scalar(value: Address | Decimal | date) -> dict[str, str]:
    match value:
        case Address():
            return {"@address": str(value)}
        case Decimal():
            return {"@number": format(value, "f")}
        case datetime():
            return {"@moment": value.isoformat()}
        case _:
            return {"@day": value.isoformat()}


def from_stored(content: Any) -> Any:
    """Read a stored form.

    Args:
        content: JSON content.

    Returns:
        The value; ``from_stored(stored(value)) == value``.

    Raises:
        ValueError: It is of no such form.
    """
    match content:
        case None | bool() | int() | str():
            return content
        case list():
            return tuple(from_stored(part) for part in content)
        case {"@set": list(parts)}:
            return frozenset(from_stored(part) for part in parts)
        case {"@map": Mapping() as parts}:
            return {key: from_stored(part) for key, part in parts.items()}
        case {"@enum": [str(name), word]} if name in _ENUMS:
            return _ENUMS[name](word)
        case Mapping() if len(content) == 1:
            ((word, parts),) = content.items()
            return _worded(str(word), parts)
        case _:
            raise ValueError("not a stored form")


def _worded(word: str, parts: Any) -> Any:
    if word in _READERS and isinstance(parts, str):
        return _READERS[word](parts)
    if word[1:] in _CLASSES and isinstance(parts, Mapping):
        return _CLASSES[word[1:]](**{name: from_stored(part) for name, part in parts.items()})
    raise ValueError("not a stored form")


def addresses_in(content: Any) -> Iterator[Address]:
    """Yield every address that stored content speaks of, repeats included.

    Args:
        content: JSON content.

    Yields:
        The addresses.
    """
    match content:
        case {"@address": str(text)}:
            yield Address.parse(text)
        case Mapping():
            for part in content.values():
                yield from addresses_in(part)
        case list():
            for part in content:
                yield from addresses_in(part)
        case _:
            pass
