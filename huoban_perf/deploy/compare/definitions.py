"""What is compared of a view, form, permission, page or automation: its name and each part of its stored content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.digest import canonical_json
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DefinitionSpec, ObservedDefinition
from huoban_perf.deploy.artifact import Attributes

_SAID_ONLY = frozenset({"grants", "must_not_see"})
"""Parts of a permission that explain it to readers and set nothing."""


def wished(definition: DefinitionSpec, *, locale: Locale) -> Attributes:
    """Return the attributes a template states of a definition.

    Args:
        definition: The definition as wished.
        locale: Language in which names are deployed.

    Returns:
        ``name``, and ``<kind>.<part>`` for every part of its content.
    """
    return {
        "name": definition.labels.in_locale(locale),
        **_parts(definition.address.kind.value, definition.body),
    }


def shown(definition: ObservedDefinition) -> Attributes:
    """Return the attributes a read proves of a definition.

    Args:
        definition: The definition as seen.

    Returns:
        As ``wished``.
    """
    return {"name": definition.name, **_parts(definition.kind.value, definition.body)}


def _parts(kind: str, body: Mapping[str, Any]) -> Attributes:
    return {f"{kind}.{name}": _value(content) for name, content in body.items() if name not in _SAID_ONLY}


def _value(content: Any) -> AttributeValue:
    """Addresses and lists of them as they are printed, plain values as they are, anything else as canonical JSON."""
    match content:
        case None | bool() | int() | str():
            return content
        case {"@address": str(text)}:
            return text
        case {"@enum": [_, str(word)]}:
            return word
        case list() if all(isinstance(part, str) or set(part) == {"@address"} for part in content):
            return tuple(part if isinstance(part, str) else str(part["@address"]) for part in content)
        case _:
            return canonical_json(content)
