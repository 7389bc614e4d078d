"""Ids of the platform's shapes, counted from a place that the seed chooses.

Source: openapi-v1.md §6 [doc, code]. Inside the world ids are integers (all families lie below 2^63); faces write text.
"""

from __future__ import annotations

import hashlib
import string

from huoban_perf.sandbox.store import Store

_LETTERS = string.ascii_letters + string.digits
_KEY_LENGTH = 40
"""Source: openapi-v1.md §1 [code]."""
_FAMILIES = {
    "space": 40, "table": 21, "field": 22, "attached": 11, "item": 23, "view": 35, "automation": 75,
    "form": 36, "permission": 37, "page": 38,
}  # fmt: skip
_SHORT = {"user": 1_000_000, "file": 188_000_000, "key": 0, "credential": 0, "batch": 0, "callback": 0}
_SEED_PLACES = 7919
"""Prime: seeds are folded into so many places, 10^10 ids apart."""


class Ids:
    """Hands out ids in order; durable."""

    def __init__(self, store: Store) -> None:
        """Take the store that counts."""
        self._store = store
        self._place: int | None = None

    def next(self, family: str) -> int:
        """Return the next id of a family (space, table, field, attached, item, view, automation, user, file …)."""
        number = self._store.count_up(f"id:{family}")
        if family in _SHORT:
            return _SHORT[family] + number
        if self._place is None:
            self._place = int(self._store.get("seed")) % _SEED_PLACES
        return _FAMILIES[family] * 10**14 + self._place * 10**10 + number

    def new_key(self) -> str:
        """Return a new API key: forty letters and digits, the same for the same seed and script."""
        number = self._store.count_up("id:secret")
        block = hashlib.sha512(f"{self._store.get('seed')}/{number}".encode()).digest()
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in block[:_KEY_LENGTH])
