"""Which items stand under which natural key, and which items stand at all: our own knowledge, kept honest by a glance.

The platform matches nothing by key and lets duplicates in (gotcha 3), so a creation is preceded by a look. Reading the
whole key column is one request a thousand items; it is kept and held against the table's count and newest item before
every batch, so that a row anybody else made or deleted is noticed, even one made in a deleted one's place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from huoban_perf.core.addresses import ItemId
from huoban_perf.platforms.calls.paging import Page, walk
from huoban_perf.platforms.nocodb.bound import BoundTable, Row
from huoban_perf.platforms.nocodb.config import PAGE_SIZE
from huoban_perf.platforms.nocodb.endpoints import ITEM_FIND, ITEM_LIST
from huoban_perf.platforms.nocodb.filters import chunks, quoted
from huoban_perf.platforms.nocodb.items import Extent, NocodbItems, find_rows, list_page
from huoban_perf.platforms.nocodb.transport import Transport

_FULL_READ = 3
"""So many times the requests of asking by key may a full reading cost: it serves all later batches too."""


class KeyBook:
    """Natural key → ids of one table's items, as of the last look."""

    def __init__(self) -> None:
        """Know of no item."""
        self.ids: dict[str, list[ItemId]] = {}
        self._count = 0
        self._newest = self._born = ""

    def add(self, key: str, item_id: ItemId) -> None:
        """Note an item that was just made; it is the newest."""
        self.ids.setdefault(key, []).append(item_id)
        self._count += 1
        self._newest, self._born = item_id, ""

    def is_of(self, seen: Extent) -> bool:
        """Tell whether a table still holds just what is known, and remember when its newest item was made."""
        known = seen.count == self._count and seen.newest == self._newest and self._born in {"", seen.born}
        if known:
            self._born = seen.born
        return known


class Keys:
    """Looks for items by natural key and by id."""

    def __init__(self, transport: Transport, items: NocodbItems) -> None:
        """Know nothing yet.

        Args:
            transport: Of the server.
            items: Counts.
        """
        self._transport = transport
        self._items = items
        self._books: dict[str, KeyBook] = {}
        self._standing: dict[str, set[str]] = {}

    def find(self, table: BoundTable, keys: Sequence[str]) -> Mapping[str, list[ItemId]]:
        """Return the ids that stand under each key now.

        Args:
            table: The table; it has a key field.
            keys: Natural keys.

        Returns:
            Key → ids, oldest first; keys that stand nowhere are left out.
        """
        book = self._books.get(table.table_id)
        seen = self._items.extent(table)
        if book is not None and book.is_of(seen):
            return {key: book.ids[key] for key in keys if key in book.ids}
        asked = [quoted(key) for key in keys]
        groups = list(chunks([value for value in asked if value is not None], size=len(asked)))
        if None in asked or -(-seen.count // PAGE_SIZE) <= _FULL_READ * len(groups):
            book = self.read(table)
            book.is_of(seen)
            return {key: book.ids[key] for key in keys if key in book.ids}
        return self._ask(table, groups)

    def read(self, table: BoundTable) -> KeyBook:
        """Read the whole key column anew and keep it."""
        column = table.column(table.spec.key_field or "")
        book = KeyBook()

        def fetch(offset: int, limit: int) -> Page:
            query = {"fields": f"Id,{column.column_id}", "sort": "Id", "limit": str(limit), "offset": str(offset)}
            return list_page(self._transport.call(ITEM_LIST, ids={"table": table.table_id}, query=query))

        for page in walk(fetch, id_key="Id", page_size=PAGE_SIZE, endpoint=ITEM_LIST):
            for row in page.rows:
                book.add(str(row.get(column.title)), ItemId(str(row["Id"])))
        self._books[table.table_id] = book
        return book

    def made(self, table: BoundTable, pairs: Iterable[tuple[str, ItemId]]) -> None:
        """Note items that were just made."""
        book = self._books.get(table.table_id)
        for key, item_id in pairs:
            self._standing.setdefault(table.table_id, set()).add(item_id)
            if book is not None:
                book.add(key, item_id)

    def forget(self, table: BoundTable) -> None:
        """Look anew next time."""
        self._books.pop(table.table_id, None)
        self._standing.pop(table.table_id, None)

    def missing(self, table_id: str, ids: Iterable[str]) -> set[str]:
        """Return those ids under which no item stands.

        The server takes the id of an item that does not exist into a relation. Source: tried.

        Args:
            table_id: The table they should stand in.
            ids: Item ids.

        Returns:
            The ids that stand nowhere, asked for once and remembered while they stand.
        """
        standing = self._standing.setdefault(table_id, set())
        unknown = sorted({id_ for id_ in ids if id_.isdecimal()} - standing, key=int)
        for part in chunks(unknown, size=PAGE_SIZE):
            query = {"fields": "Id", "where": f"(Id,in,{','.join(part)})", "sort": "Id"}
            rows = self._items.every_row(ITEM_LIST, {"table": table_id}, query)
            standing.update(str(row["Id"]) for row in rows)
        return set(ids) - standing

    def _ask(self, table: BoundTable, groups: Iterable[Sequence[str]]) -> dict[str, list[ItemId]]:
        column = table.column(table.spec.key_field or "")
        found: dict[str, list[ItemId]] = {}
        for group in groups:
            query = {
                "where": f"({column.column_id},in,{','.join(group)})",
                "fields": f"Id,{column.column_id}",
                "sort": json.dumps([{"direction": "asc", "field": "Id"}]),
            }
            for row in self._found(table, query):
                found.setdefault(str(row.get(column.title)), []).append(ItemId(str(row["Id"])))
        return found

    def _found(self, table: BoundTable, query: dict[str, str]) -> Iterator[Row]:
        """Yield every row of a v3 list, however few the server gives a page."""
        page, is_last = 1, False
        while not is_last:
            more = {"pageSize": str(PAGE_SIZE), "page": str(page)}
            ids = {"base": table.base_id, "table": table.table_id}
            answer = self._transport.call(ITEM_FIND, ids=ids, query=query | more)
            rows = find_rows(answer)
            yield from rows
            page, is_last = page + 1, not answer.get("next") or not rows
