"""Cells: from what a client writes to what the world keeps, and to what searches compare.

Kept form is the write form made strict: text, exact numbers, ``YYYY-MM-DD`` or ``YYYY-MM-DD HH:MM:SS``, lists of ids as
text, locations as objects; an empty cell is not kept at all. Source: openapi-v1.md §8.2 ([doc] for writing).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef
from huoban_perf.sandbox.world.refusals import UnfitError, UnknownReferenceError

_DATE_FORMS = (
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z"), "day"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z"), "second"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}\Z"), "minute"),
)
"""Source: openapi-v1.md §8.2 [doc] for the first two; the third §18.14, switch ``loose_dates``."""
MOST_DIGITS = 60


class Lookup(Protocol):
    """What values refer to."""

    def member_exists(self, user_id: str, *, table_id: int) -> bool:
        """Return whether a person belongs to the table's space."""
        ...

    def item_exists(self, item_id: int, *, table_id: int | None) -> bool:
        """Return whether a table holds an item; any table when None."""
        ...

    def file_exists(self, file_id: int) -> bool:
        """Return whether a file was uploaded."""
        ...


def kept_value(value: Any, *, field: FieldDef, rules: Rules, lookup: Lookup) -> Any:
    """Return what the world keeps of a written value.

    Args:
        value: As the client sent it.
        field: Where it goes.
        rules: What is tolerated.
        lookup: Knows members, items and files.

    Returns:
        The kept form, or None for an empty cell. ``null`` clears any kind, ``[]`` the list kinds, ``""`` text kinds
        and by switch the others (§18.13).

    Raises:
        UnfitError: The value does not fit; ``UnknownReferenceError`` when an id in it does not exist.
    """
    if value is None:
        return None
    if isinstance(value, str) and not value and (field.family == "text" or rules.empty_text_clears):
        return None
    if field.family == "list":
        return _kept_list(value, field=field, rules=rules, lookup=lookup)
    return _KEEPERS[field.family](value, field, rules)


def _kept_text(value: Any, field: FieldDef, rules: Rules) -> str:
    del field, rules
    if not isinstance(value, str):
        raise UnfitError("a text is expected")
    return value


def _kept_number(value: Any, field: FieldDef, rules: Rules) -> int | Decimal:
    del field
    if isinstance(value, str) and rules.number_as_text == "accept":
        try:
            value = Decimal(value)
        except InvalidOperation as error:
            raise UnfitError("a number is expected") from error
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise UnfitError("a number is expected")
    if isinstance(value, int) and -(10**15) < value < 10**15:
        return value
    exact = Decimal(value)
    if not exact.is_finite() or len(exact.as_tuple().digits) > MOST_DIGITS or abs(exact.adjusted()) > MOST_DIGITS:
        raise UnfitError(f"a number of at most {MOST_DIGITS} digits is expected")
    return value


def _kept_date(value: Any, field: FieldDef, rules: Rules) -> str:
    text = value if isinstance(value, str) else ""
    whole_day = field.kind is FieldKind.DATE
    form = next((form for pattern, form in _DATE_FORMS if pattern.match(text)), "")
    exact = form == ("day" if whole_day else "second")
    if not form or (not exact and rules.loose_dates == "error"):
        raise UnfitError("YYYY-MM-DD is expected" if whole_day else "YYYY-MM-DD HH:MM:SS is expected")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise UnfitError("no such day or time") from error
    if exact:
        return text
    return text[:10] if whole_day else moment.isoformat(sep=" ")


def _kept_switch(value: Any, field: FieldDef, rules: Rules) -> bool:
    del field, rules
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    raise UnfitError("true or false is expected")


def _kept_other(value: Any, field: FieldDef, rules: Rules) -> dict[str, Any]:
    del rules
    if field.kind is not FieldKind.LOCATION or not isinstance(value, dict):
        raise UnfitError("an object is expected")
    return value


_KEEPERS: dict[str, Callable[[Any, FieldDef, Rules], Any]] = {
    "text": _kept_text,
    "number": _kept_number,
    "date": _kept_date,
    "switch": _kept_switch,
    "none": _kept_other,
}
_ID_KEYS = ("id", "user_id", "item_id", "file_id")


def _kept_list(value: Any, *, field: FieldDef, rules: Rules, lookup: Lookup) -> list[str] | None:
    if not isinstance(value, list):
        raise UnfitError("an array of ids is expected")
    ids = list(dict.fromkeys(_id_text(entry, rules) for entry in value))
    if len(ids) > 1 and not field.holds_several:
        raise UnfitError("one value is expected")
    known = [entry for entry in ids if _exists(entry, field=field, lookup=lookup)]
    if known != ids and rules.unknown_reference == "error":
        missing = ", ".join(entry for entry in ids if entry not in known)
        raise UnknownReferenceError(f"no {field.kind.value} {missing}")
    return known or None


def _id_text(entry: Any, rules: Rules) -> str:
    if isinstance(entry, dict) and rules.user_objects == "accept":
        entry = next((entry[key] for key in _ID_KEYS if key in entry), None)
    if isinstance(entry, str) or (isinstance(entry, int) and not isinstance(entry, bool)):
        return str(entry)
    raise UnfitError("an array of ids is expected")


def _exists(entry: str, *, field: FieldDef, lookup: Lookup) -> bool:
    if field.kind in CHOICE_KINDS:
        return entry in field.options_by_id
    if not entry.isascii() or not entry.isdigit() or len(entry) > 18:
        return False
    if field.kind in MEMBER_KINDS:
        return lookup.member_exists(entry, table_id=field.table_id)
    if field.kind in RELATION_KINDS:
        return lookup.item_exists(int(entry), table_id=field.target_table_id)
    return lookup.file_exists(int(entry))


def compared(value: Any, field: FieldDef) -> tuple[str, ...]:
    """Return the comparable texts of a kept value: one for a scalar, one an id for a list, none for an empty cell.

    Numbers come as plain decimals without trailing zeros, so that equal numbers give equal text.
    """
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(value)
    if field.family == "number":
        return (number_text(value),)
    if field.family == "switch":
        return ("1" if value else "0",)
    return (value,) if isinstance(value, str) else ("{}",)


def number_text(value: int | Decimal) -> str:
    """Return the one text of a number, without exponent and without trailing zeros."""
    text = format(Decimal(value), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
