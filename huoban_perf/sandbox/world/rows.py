"""Items: create, update, delete and read them; nothing here knows of batches or HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, Definitions, FieldDef, TableDef
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import GoneError, UnfitError, UnknownReferenceError, ValuesRefusedError
from huoban_perf.sandbox.world.values import compared, kept_value, number_text

API_USER = 1024
"""The pseudo-user 接口 as whom keys write. Source: openapi-v1.md §1 (the value [doc], its meaning [inferred])."""

_COLUMNS = "item_id, table_id, created_on, created_by, updated_on, updated_by, title, fields"


@dataclass(frozen=True, slots=True)
class Row:
    """One item as kept; ``values`` maps field id as text to kept values, empty cells left out."""

    item_id: int
    table_id: int
    created_on: str
    created_by: int
    updated_on: str
    updated_by: int
    title: str
    values: dict[str, Any]


def _row(columns: tuple[Any, ...]) -> Row:
    item_id, table_id, created_on, created_by, updated_on, updated_by, title, text = columns
    return Row(item_id, table_id, created_on, created_by, updated_on, updated_by, title, wire.parse(text))


class Rows:
    """The items of all tables."""

    def __init__(self, *, store: Store, definitions: Definitions, cells: Cells, ids: Ids, moments: Moments) -> None:
        """Take the parts it works with."""
        self._store = store
        self._definitions = definitions
        self._cells = cells
        self._ids = ids
        self._moments = moments
        self._versions: dict[int, int] = {}

    # --- what values refer to ----------------------------------------------------------------------------------

    def member_exists(self, user_id: str, *, table_id: int) -> bool:
        """Return whether a person belongs to the table's space."""
        return user_id in self._definitions.members(self._definitions.table(table_id).space_id)

    def item_exists(self, item_id: int, *, table_id: int | None) -> bool:
        """Return whether a table holds an item; any table when None."""
        found = self._store.value("SELECT table_id FROM items WHERE item_id = ?", item_id)
        return found is not None and table_id in {None, found}

    def file_exists(self, file_id: int) -> bool:
        """Return whether a file was uploaded."""
        return self._store.value("SELECT 1 FROM files WHERE file_id = ?", file_id) is not None

    # --- reading -----------------------------------------------------------------------------------------------

    def version(self, table_id: int) -> int:
        """Return a number that rises with every write to a table's items."""
        return self._versions.get(table_id, 0)

    def get(self, item_id: int) -> Row:
        """Return an item; GoneError when there is none."""
        found = self.read([item_id])
        if not found:
            raise GoneError
        return found[0]

    def read(self, item_ids: Sequence[int]) -> list[Row]:
        """Return the items that exist, in the order asked."""
        rows = self._store.among(f"SELECT {_COLUMNS} FROM items WHERE item_id IN", item_ids)  # noqa: S608
        by_id = {row[0]: row for row in rows}
        return [_row(by_id[item_id]) for item_id in item_ids if item_id in by_id]

    def all_of(self, table_id: int) -> list[Row]:
        """Return every item of a table, oldest first."""
        sql = f"SELECT {_COLUMNS} FROM items WHERE table_id = ? ORDER BY item_id"  # noqa: S608
        return [_row(row) for row in self._store.rows(sql, table_id)]

    def titles(self, item_ids: Sequence[int]) -> dict[str, str]:
        """Return id as text → title of the items that exist."""
        rows = self._store.among("SELECT item_id, title FROM items WHERE item_id IN", item_ids)
        return {str(row[0]): row[1] for row in rows}

    # --- writing -----------------------------------------------------------------------------------------------

    def check(self, *, table: TableDef, fields: Mapping[str, Any], rules: Rules, creating: bool) -> dict[str, Any]:
        """Return kept values of what a client wants to write.

        Args:
            table: Where it goes.
            fields: Field id as text → written value.
            rules: What is tolerated.
            creating: Whether required fields must be there.

        Returns:
            Field id as text → kept value; None where a cell is cleared.

        Raises:
            ValuesRefusedError: With every problem, each naming its field.
        """
        values: dict[str, Any] = {}
        problems: list[tuple[str, str]] = []
        for key, value in fields.items():
            field = table.by_key.get(key)
            if field is None:
                if rules.unknown_field == "error":
                    problems.append((key, "no such field in the table"))
            elif not field.is_written:
                if rules.computed_field == "error":
                    problems.append((key, f"{field.name}: filled by the platform"))
            else:
                self._take(value, field=field, rules=rules, into=(values, problems))
        if rules.required == "error":
            problems += [
                (field.key, f"{field.name}: required")
                for field in table.fields
                if field.required
                and field.is_written
                and values.get(field.key) is None
                and (creating or field.key in values)
            ]
        if problems:
            raise ValuesRefusedError(problems)
        return values

    def _take(
        self, value: Any, *, field: FieldDef, rules: Rules, into: tuple[dict[str, Any], list[tuple[str, str]]]
    ) -> None:
        values, problems = into
        try:
            values[field.key] = kept_value(value, field=field, rules=rules, lookup=self)
        except UnfitError as error:
            tolerance = rules.unknown_reference if isinstance(error, UnknownReferenceError) else rules.bad_value
            if tolerance == "error":
                problems.append((field.key, f"{field.name}: {error}"))

    def create(self, *, table: TableDef, values: Mapping[str, Any], user_id: int, rules: Rules) -> Row:
        """Add an item from checked values and return it; ValuesRefusedError when a unique value stands already."""
        kept = {key: value for key, value in values.items() if value is not None}
        self._refuse_duplicates(table, kept, item_id=None, rules=rules)
        for field in table.fields:
            if field.kind is FieldKind.AUTO_NUMBER:
                kept[field.key] = self._store.count_up(f"auto:{field.field_id}")
        now = self._moments.now_text()
        item_id = self._ids.next("item")
        row = Row(item_id, table.table_id, now, user_id, now, user_id, self._title(table, kept), kept)
        self._store.run(
            f"INSERT INTO items ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
            item_id,
            row.table_id,
            now,
            user_id,
            now,
            user_id,
            row.title,
            wire.write(kept),
        )
        self._cells.keep(item_id, table_id=table.table_id, before={}, after=kept)
        self._touch(table.table_id)
        return row

    def update(self, row: Row, *, table: TableDef, values: Mapping[str, Any], user_id: int, rules: Rules) -> Row:
        """Change the given cells of an item and return it; ValuesRefusedError when a unique value stands already."""
        kept = {key: value for key, value in {**row.values, **values}.items() if value is not None}
        self._refuse_duplicates(
            table, {key: kept[key] for key in values if key in kept}, item_id=row.item_id, rules=rules
        )
        now = self._moments.now_text()
        title = self._title(table, kept)
        self._store.run(
            "UPDATE items SET updated_on = ?, updated_by = ?, title = ?, fields = ? WHERE item_id = ?",
            now,
            user_id,
            title,
            wire.write(kept),
            row.item_id,
        )
        self._cells.keep(row.item_id, table_id=row.table_id, before=row.values, after=kept)
        self._touch(table.table_id)
        return Row(row.item_id, row.table_id, row.created_on, row.created_by, now, user_id, title, kept)

    def delete(self, row: Row, *, table: TableDef, rules: Rules) -> None:
        """Remove an item, and by switch the relations that point to it."""
        if rules.deleted_target == "cleared":
            for field in self._definitions.relations_to(table.table_id):
                self._unlink(field, str(row.item_id))
        self._cells.keep(row.item_id, table_id=row.table_id, before=row.values, after={})
        self._store.run("DELETE FROM items WHERE item_id = ?", row.item_id)
        self._touch(table.table_id)

    def _unlink(self, field: FieldDef, target: str) -> None:
        holders = self._cells.holders(field, [target])
        for row in self.read(sorted(holders)):
            rest = [entry for entry in row.values.get(field.key, []) if entry != target]
            kept = {**row.values, field.key: rest}
            if not rest:
                del kept[field.key]
            self._store.run("UPDATE items SET fields = ? WHERE item_id = ?", wire.write(kept), row.item_id)
            self._cells.keep(row.item_id, table_id=row.table_id, before=row.values, after=kept)
            self._touch(row.table_id)

    def retitle(self, table: TableDef) -> None:
        """Compute every title of a table again, after another field became its title."""
        for row in self.all_of(table.table_id):
            title = self._title(table, row.values)
            self._store.run("UPDATE items SET title = ? WHERE item_id = ?", title, row.item_id)

    def _touch(self, table_id: int) -> None:
        self._versions[table_id] = self._versions.get(table_id, 0) + 1

    def _refuse_duplicates(
        self, table: TableDef, kept: Mapping[str, Any], *, item_id: int | None, rules: Rules
    ) -> None:
        if rules.unique != "error":
            return
        for field in table.fields:
            if field.is_unique and field.key in kept:
                holders = self._cells.equal(field, compared(kept[field.key], field)) - {item_id}
                if holders:
                    raise ValuesRefusedError([(field.key, f"{field.name}: another item has this value")])

    def _title(self, table: TableDef, values: Mapping[str, Any]) -> str:
        field = table.title
        value = None if field is None else values.get(field.key)
        if field is None or value is None:
            return ""
        if isinstance(value, list):
            return ", ".join(self._names(field, value))
        if field.family == "number":
            return number_text(value)
        return value if isinstance(value, str) else ""

    def _names(self, field: FieldDef, ids: Sequence[str]) -> list[str]:
        if field.kind in CHOICE_KINDS:
            return [field.options_by_id[entry].name for entry in ids if entry in field.options_by_id]
        if field.kind in MEMBER_KINDS:
            names = self._definitions.members(self._definitions.table(field.table_id).space_id)
            return [names[entry] for entry in ids if entry in names]
        if field.kind in RELATION_KINDS:
            titles = self.titles([int(entry) for entry in ids])
            return [titles[entry] for entry in ids if entry in titles]
        return list(ids)
