"""Items read: pages in a stable order, filtered by the server as far as it can be trusted, and again here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.errors import FactValue, NotFoundError, ProtocolError, RejectedError
from huoban_perf.core.filters import Condition, Filter, Operator, check_filter, matches
from huoban_perf.core.items import Item, ItemPage, ItemQuery, SystemField
from huoban_perf.core.schema import TableSpec
from huoban_perf.platforms.calls.paging import Page, walk
from huoban_perf.platforms.nocodb.bound import BoundTable, Junction, Row
from huoban_perf.platforms.nocodb.config import PAGE_SIZE
from huoban_perf.platforms.nocodb.endpoints import ITEM_COUNT, ITEM_FIND, ITEM_FIND_COUNT, ITEM_LIST, Endpoint
from huoban_perf.platforms.nocodb.filters import chunks, to_where
from huoban_perf.platforms.nocodb.meta import TableReader
from huoban_perf.platforms.nocodb.recent import newest_first, page_sizes
from huoban_perf.platforms.nocodb.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a table holds, at a glance.

    Attributes:
        count: How many items.
        newest: Id of the newest, or empty.
        born: When that was made. On SQLite the id of a deleted newest item is given out again. Source: tried.
    """

    count: int
    newest: str
    born: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """One reading of one table: what is asked for, and in which order."""

    table: BoundTable
    query: ItemQuery
    where: str | None
    descending: bool
    by: str


class NocodbItems:
    """Item source."""

    def __init__(self, transport: Transport, reader: TableReader) -> None:
        """Keep both.

        Args:
            transport: Of the server.
            reader: Knows the columns as they stand.
        """
        self._transport = transport
        self._reader = reader

    def scan(self, *, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        """Yield the pages of a query; a filter that does not fit is refused before anything is sent.

        Args:
            query: What to read. Items are ordered by creation, by a field, or by last change, newest first; that of an
                item never changed is its creation.
            bindings: Platform ids.

        Returns:
            Pages without repeats; the first may be empty. ``filtered`` counts exactly on the last page; before, it is
            the server's count, which may be of more than asked.

        Raises:
            RejectedError: The filter does not fit its table, the order cannot be kept, or a column has another type.
            NotFoundError: The table, or a field of filter or order, is not bound or does not exist.
            ProtocolError: Fewer items came than were announced, or a cell is not of its kind.
        """
        table = self.bound(query.table, bindings)
        if query.filter is not None:
            check(query.filter, table.spec)
        if query.limit is not None and query.limit <= 0:
            return iter(())
        if query.order.field == SystemField.UPDATED_ON:
            if not query.order.descending:
                raise RejectedError("nocodb.order", endpoint=ITEM_LIST.name, facts={"table": table.spec.labels.zh})
            return self._newest(table, query)
        is_creation = query.order.field in {SystemField.CREATED_ON, SystemField.ITEM_ID}
        where = None if query.filter is None else to_where(query.filter, table=table)
        by = "Id" if is_creation else table.column(query.order.field).column_id
        return self._pages(_Walk(table=table, query=query, where=where, descending=query.order.descending, by=by))

    def bound(self, spec: TableSpec, bindings: Bindings) -> BoundTable:
        """Return a table with its columns as they stand.

        Args:
            spec: The table.
            bindings: Platform ids.

        Returns:
            The table.

        Raises:
            NotFoundError: It is not bound, or a bound column is gone.
            RejectedError: A column has another type than its field needs.
        """
        if spec.address not in bindings:
            raise NotFoundError("platform.unbound", facts={"address": str(spec.address)})
        return BoundTable(spec, bindings, self._reader.table(str(bindings[spec.address])))

    def count(self, table: BoundTable, *, where: str | None = None) -> int:
        """Return how many items a table holds, or how many of them satisfy a plain condition."""
        query = {} if where is None else {"where": where}
        answer = self._transport.call(ITEM_COUNT, ids={"table": table.table_id}, query=query)
        count = answer.get("count") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise ProtocolError("platform.shape", endpoint=ITEM_COUNT.name, facts={"part": "count"})
        return count

    def extent(self, table: BoundTable) -> Extent:
        """Return how many items a table holds and which is the newest."""
        query = {"fields": "Id,CreatedAt", "sort": "-Id", "limit": "1"}
        page = list_page(self._transport.call(ITEM_LIST, ids={"table": table.table_id}, query=query))
        newest = page.rows[0] if page.rows else {}
        return Extent(
            count=page.total or 0, newest=str(newest.get("Id") or ""), born=str(newest.get("CreatedAt") or "")
        )

    def _pages(self, walk_: _Walk) -> Iterator[ItemPage]:
        table, query = walk_.table, walk_.query
        total = None if walk_.where is None else self.count(table)
        # Ids need no quotes: v2 finds them in half the time of v3. Source: tried.
        is_listed = walk_.where is None or bool(_only(query.filter))
        fetch = self._list_fetcher(walk_) if is_listed else self._find_fetcher(walk_)
        endpoint = ITEM_LIST if is_listed else ITEM_FIND
        # A limit counts wanted items, and some of those that come may not be: it is applied after the filter.
        pages = walk(fetch, id_key="Id", page_size=PAGE_SIZE, endpoint=endpoint, complete=query.complete)
        pairs = self._pairs(table, _only(query.filter))
        wanted_so_far = seen = 0
        for page in pages:
            items = table.decode([{**row, **pairs(str(row["Id"]))} for row in page.rows])
            seen += len(items)
            if query.filter is not None:
                items = [item for item in items if is_wanted(query.filter, item)]
            if query.limit is not None:
                items = items[: query.limit - wanted_so_far]
            wanted_so_far += len(items)
            announced = page.filtered if page.filtered is not None else seen
            is_last = not page.has_more
            yield ItemPage(
                items=tuple(items),
                total=total if total is not None else announced,
                filtered=wanted_so_far if is_last else announced,
            )
            if query.limit is not None and wanted_so_far >= query.limit:
                return

    def _newest(self, table: BoundTable, query: ItemQuery) -> Iterator[ItemPage]:
        totals: dict[str, int] = {}

        def fetcher(order: str) -> Callable[[int, int], Page]:
            fetch = self._ordered_fetcher(table, order)

            def noted(offset: int, limit: int) -> Page:
                page = fetch(offset, limit)
                totals.setdefault(order, page.total or 0)
                return page

            return noted

        rows, seen = newest_first(fetcher), 0
        for size in page_sizes():
            part = list(islice(rows, size))
            if not part:
                return
            pairs = self._pairs(table, tuple(str(row["Id"]) for row in part))
            items = table.decode([{**row, **pairs(str(row["Id"]))} for row in part])
            items = [item for item in items if query.filter is None or is_wanted(query.filter, item)]
            items = items if query.limit is None else items[: query.limit - seen]
            seen += len(items)
            total = max(totals.values())
            yield ItemPage(items=tuple(items), total=total, filtered=total if query.filter is None else seen)
            if query.limit is not None and seen >= query.limit:
                return

    def _pairs(self, table: BoundTable, only: tuple[str, ...]) -> Callable[[str], Row]:
        """Read the pairs of the table's many-to-many relations; returns what each item links to.

        Args:
            table: The table.
            only: Items to read them of; all of the table when none is named.

        Returns:
            Item id → title of the relation → linked items.
        """
        found = [
            (column.title, self._linked(column.junction, only))
            for column in table.columns
            if column.junction is not None
        ]
        return lambda item_id: {title: linked.get(item_id) for title, linked in found}

    def _linked(self, junction: Junction, only: tuple[str, ...]) -> dict[str, list[Row]]:
        wire = self._reader.table(junction.table_id)
        titles = {column.id: column.title for column in wire.columns}
        own, far = titles[junction.own_id], titles[junction.far_id]
        asked = {"fields": f"{junction.own_id},{junction.far_id}", "sort": f"{junction.own_id},{junction.far_id}"}
        some = [{"where": f"({junction.own_id},in,{','.join(ids)})"} for ids in chunks(only, size=PAGE_SIZE)]
        linked: dict[str, list[Row]] = {}
        for query in some or [{}]:
            for row in self.every_row(ITEM_LIST, {"table": junction.table_id}, asked | query):
                linked.setdefault(str(row[own]), []).append({"Id": row[far]})
        return linked

    def every_row(self, endpoint: Endpoint, ids: dict[str, str], query: dict[str, str]) -> Iterator[Row]:
        """Yield every row of a v2 list, however few the server gives a page (``DB_QUERY_LIMIT_MAX``)."""
        offset, is_last = 0, False
        while not is_last:
            more = {"limit": str(PAGE_SIZE), "offset": str(offset)}
            page = list_page(self._transport.call(endpoint, ids=ids, query=query | more))
            yield from page.rows
            offset += len(page.rows)
            is_last = not page.has_more or not page.rows

    def _list_fetcher(self, walk_: _Walk) -> Any:
        table = walk_.table
        direction = "-" if walk_.descending else ""
        order = f"{direction}{walk_.by}" + ("" if walk_.by == "Id" else ",Id")
        return self._ordered_fetcher(table, order, {} if walk_.where is None else {"where": walk_.where})

    def _ordered_fetcher(
        self, table: BoundTable, order: str, where: Mapping[str, str] = MappingProxyType({})
    ) -> Callable[[int, int], Page]:
        def fetch(offset: int, limit: int) -> Page:
            query = {**table.reads(), **where, "sort": order, "limit": str(limit), "offset": str(offset)}
            return list_page(self._answer(ITEM_LIST, table, query))

        return fetch

    def _find_fetcher(self, walk_: _Walk) -> Any:
        table = walk_.table
        keys = [{"direction": "desc" if walk_.descending else "asc", "field": walk_.by}]
        keys += [] if walk_.by == "Id" else [{"direction": "asc", "field": "Id"}]
        announced: list[int] = []
        sizes: list[int] = []

        def fetch(offset: int, limit: int) -> Page:
            size = sizes[0] if sizes else limit  # a server may give fewer a page than asked for
            query = {
                **table.reads(),
                "where": str(walk_.where),
                "sort": json.dumps(keys),
                "pageSize": str(size),
                "page": str(offset // size + 1),
            }
            answer = self._answer(ITEM_FIND, table, query)
            rows = find_rows(answer)
            has_more = bool(answer.get("next"))
            if not announced:
                sizes.append(len(rows) or limit)
                announced.append(self._found(walk_, table) if has_more else len(rows))
            return Page(rows=rows, total=announced[0], filtered=announced[0], has_more=has_more)

        return fetch

    def _found(self, walk_: _Walk, table: BoundTable) -> int:
        ids = {"base": table.base_id, "table": table.table_id}
        return int(self._transport.call(ITEM_FIND_COUNT, ids=ids, query={"where": str(walk_.where)})["count"])

    def _answer(self, endpoint: Endpoint, table: BoundTable, query: dict[str, str]) -> Any:
        ids = {"base": table.base_id, "table": table.table_id}
        try:
            return self._transport.call(endpoint, ids=ids, query=query)
        except RejectedError as error:
            if "INVALID_OFFSET" in str(error.facts.get("platform_code")):  # rows went away while we read
                return {"list": [], "records": [], "pageInfo": {"isLastPage": True}}
            raise


def _only(filter_: Filter | None) -> tuple[str, ...]:
    """Return the ids when a filter asks for some items by id, else nothing."""
    match filter_:
        case Condition(field=SystemField.ITEM_ID, operator=Operator.ANY_OF, operand=tuple() as ids):
            return tuple(id_ for id_ in ids if id_.isdecimal())
        case _:
            return ()


def check(filter_: Filter, spec: TableSpec) -> None:
    """Refuse a filter that does not fit its table.

    Args:
        filter_: The tree.
        spec: The table.

    Raises:
        RejectedError: Lists every condition that does not fit.
    """
    problems = check_filter(filter_, table=spec)
    if problems:
        facts: dict[str, FactValue] = {"table": spec.labels.zh}
        raise RejectedError("filter.invalid", endpoint=ITEM_LIST.name, facts=facts, problems=problems)


def is_wanted(filter_: Filter, item: Item) -> bool:
    """Return whether an item satisfies a filter, system fields included."""
    values = {
        **item.values,
        SystemField.ITEM_ID.value: item.item_id,
        SystemField.CREATED_ON.value: item.created_on,
        SystemField.UPDATED_ON.value: item.updated_on,
    }
    return matches(filter_, values)


def list_page(answer: Any) -> Page:
    """Read a page of the v2 list.

    Args:
        answer: The payload.

    Returns:
        The page.

    Raises:
        ProtocolError: It is not of its written form.
    """
    rows = answer.get("list") if isinstance(answer, dict) else None
    info = answer.get("pageInfo") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not isinstance(info, dict):
        raise ProtocolError("platform.shape", endpoint=ITEM_LIST.name, facts={"part": "list"})
    total = info.get("totalRows")
    return Page(rows=rows, total=total, filtered=total, has_more=not info.get("isLastPage"))


def find_rows(answer: Any) -> list[dict[str, Any]]:
    """Read the rows of the v3 list, in the form of the v2 list.

    Args:
        answer: The payload.

    Returns:
        Rows with their ``Id``.

    Raises:
        ProtocolError: It is not of its written form.
    """
    records = answer.get("records") if isinstance(answer, dict) else None
    if not isinstance(records, list):
        raise ProtocolError("platform.shape", endpoint=ITEM_FIND.name, facts={"part": "records"})
    try:
        return [{**record["fields"], "Id": record["id"]} for record in records]
    except (KeyError, TypeError) as error:
        raise ProtocolError("platform.shape", endpoint=ITEM_FIND.name, facts={"part": "records[]"}) from error
