"""The world's durable store: one SQLite file, one process, one connection behind the world's lock.

Items are JSON text rows; ``cells`` holds the comparable values of fields that are searched, so that a key is found in a
table of any size. Write-ahead logging with one transaction a wire call: whatever was answered survives ``kill -9``.
The file is locked for the life of the process, because versions and definitions are cached in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huoban_perf.core.errors import ProfileError

FORMAT = "1"
_LOCK_WAIT_S = 0.5

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE spaces (space_id INTEGER PRIMARY KEY, name TEXT NOT NULL, created_on TEXT NOT NULL);
CREATE TABLE members (user_id INTEGER PRIMARY KEY, space_id INTEGER NOT NULL, name TEXT NOT NULL);
CREATE TABLE tables (
    table_id INTEGER PRIMARY KEY, space_id INTEGER NOT NULL, name TEXT NOT NULL, alias TEXT NOT NULL,
    heading TEXT, created_on TEXT NOT NULL);
CREATE TABLE fields (
    field_id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    alias TEXT NOT NULL, kind TEXT NOT NULL, required INTEGER NOT NULL, is_unique INTEGER NOT NULL, help TEXT,
    target_table_id INTEGER, many INTEGER NOT NULL, decimals INTEGER, is_title INTEGER NOT NULL,
    is_indexed INTEGER NOT NULL);
CREATE INDEX fields_of_table ON fields (table_id, position);
CREATE TABLE options (
    field_id INTEGER NOT NULL, option_id INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL, color TEXT,
    PRIMARY KEY (field_id, option_id)) WITHOUT ROWID;
CREATE TABLE definitions (
    definition_id INTEGER PRIMARY KEY, object TEXT NOT NULL, table_id INTEGER NOT NULL, name TEXT NOT NULL,
    alias TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE items (
    item_id INTEGER PRIMARY KEY, table_id INTEGER NOT NULL, created_on TEXT NOT NULL, created_by INTEGER NOT NULL,
    updated_on TEXT NOT NULL, updated_by INTEGER NOT NULL, title TEXT NOT NULL, fields TEXT NOT NULL);
CREATE INDEX items_of_table ON items (table_id);
CREATE INDEX items_by_created ON items (table_id, created_on);
CREATE INDEX items_by_updated ON items (table_id, updated_on);
CREATE TABLE cells (
    field_id INTEGER NOT NULL, value TEXT NOT NULL, item_id INTEGER NOT NULL,
    PRIMARY KEY (field_id, value, item_id)) WITHOUT ROWID;
CREATE TABLE files (
    file_id INTEGER PRIMARY KEY, space_id INTEGER NOT NULL, name TEXT NOT NULL, size INTEGER NOT NULL,
    sha256 TEXT NOT NULL, created_on TEXT NOT NULL, created_by INTEGER NOT NULL, content BLOB NOT NULL);
CREATE TABLE keys (
    key_id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, space_id INTEGER NOT NULL, user_id INTEGER,
    label TEXT NOT NULL, callback_url TEXT);
CREATE TABLE subscriptions (
    key_id INTEGER NOT NULL, source_type TEXT NOT NULL, source_id INTEGER NOT NULL, events TEXT NOT NULL,
    PRIMARY KEY (key_id, source_type, source_id)) WITHOUT ROWID;
CREATE TABLE batches (
    batch_id INTEGER PRIMARY KEY, trace_id TEXT NOT NULL, key_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
    table_id INTEGER NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL, due_tick INTEGER, times INTEGER NOT NULL,
    keep INTEGER, callback_fate TEXT NOT NULL);
CREATE TABLE callbacks (
    callback_id INTEGER PRIMARY KEY, key_id INTEGER NOT NULL, event TEXT NOT NULL, body TEXT NOT NULL,
    due_tick INTEGER NOT NULL, remaining INTEGER NOT NULL, pushed INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE stats (endpoint TEXT PRIMARY KEY, requests INTEGER NOT NULL, writes INTEGER NOT NULL) WITHOUT ROWID;
"""

_ADDED = """
CREATE TABLE IF NOT EXISTS credentials (
    credential_id INTEGER PRIMARY KEY, sort TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, user_id INTEGER,
    company TEXT NOT NULL, ends_s INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS rights (
    credential_id INTEGER NOT NULL, space_id INTEGER NOT NULL, may_build INTEGER NOT NULL,
    PRIMARY KEY (credential_id, space_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS automations (
    automation_id INTEGER PRIMARY KEY, sort TEXT NOT NULL, table_id INTEGER NOT NULL, status TEXT NOT NULL,
    document TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS permissions (
    table_id INTEGER NOT NULL, grp TEXT NOT NULL, is_default INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (table_id, grp)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS memberships (user_id INTEGER PRIMARY KEY, grp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS option_aliases (
    field_id INTEGER NOT NULL, option_id INTEGER NOT NULL, alias TEXT NOT NULL,
    PRIMARY KEY (field_id, option_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS encrypt_keys (key_id INTEGER PRIMARY KEY, encrypt_key TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS cells_by_item ON cells (item_id, field_id, value);
"""
"""Tables that came later; a file of the same format that lacks them gets them when it is opened."""


class Store:
    """SQLite behind few verbs; not safe for threads by itself, the world holds the lock."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file.

        Args:
            path: Where the world lives, or None for memory.

        Raises:
            ProfileError: The file is in use by another process, no world, or of another format.
        """
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path, isolation_level=None, check_same_thread=False, timeout=_LOCK_WAIT_S
        )
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._connection.close()
            code = "sandbox.world_in_use" if "locked" in str(error) else "sandbox.world_unreadable"
            raise ProfileError(code, facts={"file": str(path), "reason": str(error)}) from error

    def _prepare(self) -> None:
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL", "cache_size=-32000"):
            self.run(f"PRAGMA {pragma}")
        with self.transaction():
            tables = {row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                for statement in _TABLES.split(";\n"):
                    self.run(statement)
                self.put("format", FORMAT)
            found = self.get("format") if "meta" in tables or not tables else None
        if found != FORMAT:
            self._connection.close()
            facts = {"file": str(self._path), "found": str(found), "expected": FORMAT}
            raise ProfileError("sandbox.world_format", facts=facts)
        with self.transaction():
            for statement in _ADDED.split(";\n"):
                self.run(statement)

    def close(self) -> None:
        """Give the file free; the world cannot be used afterwards."""
        self._connection.close()

    # --- statements --------------------------------------------------------------------------------------------

    def run(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Execute one statement."""
        return self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Execute one statement for each row of values."""
        self._connection.executemany(sql, rows)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        """Return the first row of a query, or None."""
        row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row

    def value(self, sql: str, *values: object) -> Any:
        """Return the first column of the first row, or None."""
        row = self.row(sql, *values)
        return None if row is None else row[0]

    def among(self, sql: str, ids: Sequence[object]) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose text ends in ``IN`` and takes a list.

        Args:
            sql: A query up to and including ``IN``.
            ids: The list.

        Returns:
            All rows; none for an empty list.
        """
        if not ids:
            return []
        marks = ",".join("?" * len(ids))
        return self._connection.execute(f"{sql} ({marks})", list(ids)).fetchall()

    # --- named values ------------------------------------------------------------------------------------------

    def get(self, name: str) -> Any:
        """Return a named value, or None."""
        return self.value("SELECT value FROM meta WHERE name = ?", name)

    def put(self, name: str, value: object) -> None:
        """Set a named value."""
        self.run("INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)

    def count_up(self, name: str, step: int = 1) -> int:
        """Add to a named number (0 when new) and return the sum."""
        sql = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
        return int(self.run(f"{sql} RETURNING value", name, step).fetchone()[0])

    # --- transactions ------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what happens inside, or nothing of it."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK")
            raise
        self.run("COMMIT")

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo what happens inside when it fails, and keep the transaction around it."""
        self.run("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self.run("ROLLBACK TO part")
            self.run("RELEASE part")
            raise
        self.run("RELEASE part")

    def clear(self) -> None:
        """Empty every table but the named values that make the world the one it is (format, start, seed)."""
        names = [row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            but = " WHERE name NOT IN ('format', 'start', 'seed')" if name == "meta" else ""
            self.run(f"DELETE FROM {name}{but}")  # noqa: S608 - our own names
