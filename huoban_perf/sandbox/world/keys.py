"""API keys: who a request acts for. Only the SHA-256 of a key is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.refusals import AccessRefusedError
from huoban_perf.sandbox.world.rows import API_USER


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A known key.

    Attributes:
        key_id: Our number of it.
        space_id: The one workspace it reaches. Source: openapi-v1.md §1 [code].
        user_id: As whom it writes.
        callback_url: Where results are pushed, or None. Source: openapi-v1.md §1 [doc]: set on the key.
    """

    key_id: int
    space_id: int
    user_id: int
    callback_url: str | None


class Keys:
    """Mints and recognises keys."""

    def __init__(self, store: Store, ids: Ids) -> None:
        """Take the store and the source of new keys."""
        self._store = store
        self._ids = ids
        self._known: dict[str, Key] = {}

    def forget(self) -> None:
        """Read keys again on their next use."""
        self._known.clear()

    def mint(self, *, space_id: int, user_id: int | None, label: str, callback_url: str | None) -> str:
        """Make a key and return its text, which is nowhere kept."""
        text = self._ids.new_key()
        self._store.run(
            "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)",
            self._ids.next("key"),
            _hash(text),
            space_id,
            user_id,
            label,
            callback_url,
        )
        return text

    def recognise(self, text: str) -> Key:
        """Return the key of a text; AccessRefusedError when nobody minted it."""
        digest = _hash(text)
        if digest not in self._known:
            row = self._store.row("SELECT key_id, space_id, user_id, callback_url FROM keys WHERE sha256 = ?", digest)
            if row is None:
                raise AccessRefusedError
            user_id = API_USER if row[2] is None else row[2]
            self._known[digest] = Key(key_id=row[0], space_id=row[1], user_id=user_id, callback_url=row[3])
        return self._known[digest]

    def set_callback(self, key: Key, url: str | None, *, encrypt_key: str = "") -> None:
        """Set or remove where a key's results are pushed, and the Encrypt Key that seals them; empty for none."""
        self._store.run("UPDATE keys SET callback_url = ? WHERE key_id = ?", url, key.key_id)
        self._store.run("DELETE FROM encrypt_keys WHERE key_id = ?", key.key_id)
        if encrypt_key:
            self._store.run("INSERT INTO encrypt_keys VALUES (?, ?)", key.key_id, encrypt_key)
        self.forget()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
