"""Reading back: nothing that was created is believed before the platform shows it as it was sent.

A key the platform does not show proves nothing and is passed over; one it shows with another value is a difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_NOT_COMPARED = frozenset({"field_id", "alias", "lock", "table"})
"""Ids are the platform's; an alias may come back under its table's; a relation's target is compared by its id."""


def find_field(fields: Sequence[Mapping[str, Any]], sent: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the field that was sent, by its alias, else by its name when only one has it.

    Args:
        fields: As read.
        sent: As sent.

    Returns:
        The field, or None.

    Source: schema-plane.md §3 [code S2]: a field's alias reads ``key`` or ``table.key``.
    """
    by_alias = [field for field in fields if str(field.get("alias") or "").split(".")[-1] == sent["alias"]]
    if len(by_alias) == 1:
        return by_alias[0]
    by_name = [field for field in fields if field.get("name") == sent["name"]]
    return by_name[0] if len(by_name) == 1 else None


def differences(sent: Any, read: Any, place: str) -> Iterator[str]:
    """Yield each place where what is shown differs from what was sent.

    Args:
        sent: A part of the body sent.
        read: The same part as read.
        place: Where that is, for people.

    Yields:
        ``place: sent ≠ read``.
    """
    if isinstance(sent, Mapping) and isinstance(read, Mapping):
        for key in sent.keys() & read.keys() - _NOT_COMPARED:
            yield from differences(sent[key], read[key], f"{place}.{key}")
    elif isinstance(sent, list) and isinstance(read, list):
        if len(sent) != len(read):
            yield f"{place}: {len(sent)} ≠ {len(read)}"
            return
        for number, (one, other) in enumerate(zip(sent, read, strict=True), start=1):
            yield from differences(one, other, f"{place}[{number}]")
    elif not _same(sent, read):
        yield f"{place}: {sent} ≠ {read}"


def _same(sent: Any, read: Any) -> bool:
    """Compare loosely: ids as number or text, flags as 0/1, nothing as an empty text, list or object."""
    if not sent and not read:
        return True
    if isinstance(sent, bool) or isinstance(read, bool):
        return (
            str(int(sent)) == str(int(read)) if isinstance(sent, bool | int) and isinstance(read, bool | int) else False
        )
    return str(sent) == str(read)
