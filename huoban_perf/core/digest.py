"""Digests: equal content, equal text, whatever the order of keys or the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

from huoban_perf.core.addresses import Address


def canonical_json(content: object) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, decimals as text.

    Args:
        content: Mappings with text keys, sequences, sets, dataclasses, addresses (as printed), enums, dates, Decimals,
            text, integers, booleans or None.

    Returns:
        JSON text, UTF-8 characters kept.

    Raises:
        TypeError: The value holds something with no canonical form, for example a binary float.
    """
    return json.dumps(_plain(content), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: object) -> str:
    """Return ``sha256:`` and the hex digest of the canonical JSON.

    Args:
        content: Anything ``canonical_json`` takes.

    Returns:
        The digest text, 71 characters.
    """
    return "sha256:" + hashlib.sha256(canonical_json(content).encode()).hexdigest()


def _plain(content: object) -> Any:
    if isinstance(content, Enum):
        return content.value
    if content is None or isinstance(content, bool | str | int):
        return content
    if isinstance(content, Address):
        return str(content)
    if isinstance(content, Decimal):
        return format(content.normalize(), "f")
    if isinstance(content, date):
        return content.isoformat()
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, set | frozenset):
        return sorted((_plain(part) for part in content), key=str)
    if isinstance(content, list | tuple):
        return [_plain(part) for part in content]
    if is_dataclass(content) and not isinstance(content, type):
        return {field.name: _plain(getattr(content, field.name)) for field in fields(content)}
    raise TypeError(f"no canonical form for {type(content).__name__}")
