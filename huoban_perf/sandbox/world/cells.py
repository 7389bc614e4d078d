"""The index of comparable values: which items of a table hold what in a field.

A field is indexed from its first use as a match key, in a filter or as an order; from then on every write keeps its
entries. Rows of ``cells`` are (field, comparable text, item): one for a scalar, one an id for a list, none when empty.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from huoban_perf.sandbox import wire
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.definitions import Definitions, FieldDef
from huoban_perf.sandbox.world.values import compared


class Cells:
    """Reads and keeps the index."""

    def __init__(self, store: Store, definitions: Definitions) -> None:
        """Take the store and the definitions that say which fields are indexed."""
        self._store = store
        self._definitions = definitions

    def ensure(self, *fields: FieldDef) -> None:
        """Index fields of one table that are not yet; its items are read once for all of them."""
        missing = [field for field in fields if self._is_missing(field)]
        if not missing:
            return
        rows = self._store.rows("SELECT item_id, fields FROM items WHERE table_id = ?", missing[0].table_id)
        parsed = ((item_id, wire.parse(text)) for item_id, text in rows)
        self._store.run_many(
            "INSERT OR IGNORE INTO cells VALUES (?, ?, ?)",
            (
                (field.field_id, value, item_id)
                for item_id, values in parsed
                for field in missing
                for value in compared(values.get(field.key), field)
            ),
        )
        for field in missing:
            self._store.run("UPDATE fields SET is_indexed = 1 WHERE field_id = ?", field.field_id)
        self._definitions.forget()

    def _is_missing(self, field: FieldDef) -> bool:
        known = self._definitions.table(field.table_id).by_key.get(field.key)
        return known is not None and not known.is_indexed

    def keep(self, item_id: int, *, table_id: int, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Bring the index of one item from its values before to those after a write."""
        for field in self._definitions.table(table_id).fields:
            if not field.is_indexed:
                continue
            old, new = compared(before.get(field.key), field), compared(after.get(field.key), field)
            if old == new:
                continue
            for value in old:
                sql = "DELETE FROM cells WHERE field_id = ? AND value = ? AND item_id = ?"
                self._store.run(sql, field.field_id, value, item_id)
            for value in new:
                self._store.run("INSERT OR IGNORE INTO cells VALUES (?, ?, ?)", field.field_id, value, item_id)

    def holders(self, field: FieldDef, values: Sequence[str]) -> set[int]:
        """Return the items that hold any of the values."""
        self.ensure(field)
        if len(values) == 1:
            sql = "SELECT item_id FROM cells WHERE field_id = ? AND value = ?"
            return {row[0] for row in self._store.rows(sql, field.field_id, values[0])}
        sql = f"SELECT item_id FROM cells WHERE field_id = {int(field.field_id)} AND value IN"  # noqa: S608 - an integer
        return {row[0] for row in self._store.among(sql, values)}

    def equal(self, field: FieldDef, values: Sequence[str]) -> set[int]:
        """Return the items whose cell is exactly these values (as a set for lists)."""
        self.ensure(field)
        if not values:
            return set()
        found = set.intersection(*(self.holders(field, [value]) for value in values))
        if field.family != "list" or not found:
            return found
        sizes = Counter(item_id for item_id, _ in self.column(field) if item_id in found)
        return {item_id for item_id in found if sizes[item_id] == len(set(values))}

    def column(self, field: FieldDef) -> list[tuple[int, str]]:
        """Return (item, value) of every entry of a field, in value order."""
        self.ensure(field)
        sql = "SELECT item_id, value FROM cells WHERE field_id = ? ORDER BY value, item_id"
        return self._store.rows(sql, field.field_id)

    def drop_field(self, field_id: int) -> None:
        """Forget everything about a field."""
        self._store.run("DELETE FROM cells WHERE field_id = ?", field_id)
