"""Uploaded files. Source: openapi-v1.md §10."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.moments import Moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What is told of a file."""

    file_id: int
    name: str
    size_bytes: int
    created_on: str
    created_by: int


class Files:
    """Keeps files in the store."""

    def __init__(self, *, store: Store, ids: Ids, moments: Moments) -> None:
        """Take the parts it works with."""
        self._store = store
        self._ids = ids
        self._moments = moments

    def put(self, *, space_id: int, name: str, content: bytes, user_id: int) -> int:
        """Keep a file and return its id."""
        file_id = self._ids.next("file")
        digest = hashlib.sha256(content).hexdigest()
        row = (file_id, space_id, name, len(content), digest, self._moments.now_text(), user_id, content)
        self._store.run("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *row)
        return file_id

    def content(self, file_id: int) -> bytes:
        """Return what a file holds; empty when there is none."""
        return bytes(self._store.value("SELECT content FROM files WHERE file_id = ?", file_id) or b"")

    def told(self, file_ids: Sequence[int]) -> dict[str, Uploaded]:
        """Return id as text → file, for those that exist."""
        sql = "SELECT file_id, name, size, created_on, created_by FROM files WHERE file_id IN"
        return {
            str(row[0]): Uploaded(file_id=row[0], name=row[1], size_bytes=row[2], created_on=row[3], created_by=row[4])
            for row in self._store.among(sql, file_ids)
        }
