"""Items: pages read in a stable order and checked, batches written and *accepted*."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from huoban_perf.core.addresses import Bindings
from huoban_perf.core.errors import FactValue, ProtocolError, RejectedError
from huoban_perf.core.filters import Filter, matches
from huoban_perf.core.items import (
    Item,
    ItemPage,
    ItemQuery,
    ItemWrite,
    Outcome,
    Receipt,
    RowReceipt,
    SystemField,
    WriteBatch,
    WriteMode,
)
from huoban_perf.platforms.calls.paging import Page, walk
from huoban_perf.platforms.huoban.bound import BoundTable
from huoban_perf.platforms.huoban.config import BATCH_SIZE, PAGE_SIZE
from huoban_perf.platforms.huoban.endpoints import ITEM_LIST, ITEMS_DELETE, ITEMS_UPDATE, ITEMS_UPSERT, Endpoint
from huoban_perf.platforms.huoban.filters import check, to_wire, uses_system_field, wire_field
from huoban_perf.platforms.huoban.paging import read_page
from huoban_perf.platforms.huoban.transport import Transport

_ENDPOINT = {
    WriteMode.UPSERT: ITEMS_UPSERT,
    WriteMode.UPDATE: ITEMS_UPDATE,
    WriteMode.DELETE: ITEMS_DELETE,
}


class HuobanItems:
    """Item source and item sink over v1."""

    def __init__(self, transport: Transport) -> None:
        """Keep the transport.

        Args:
            transport: Of the v1 plane.
        """
        self._transport = transport

    def scan(self, *, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        """Yield the pages of a query; a filter that does not fit is refused before anything is sent.

        Args:
            query: What to read.
            bindings: Platform ids.

        Returns:
            Pages without repeats; the first may be empty.

        Raises:
            RejectedError: The filter does not fit its table.
            NotFoundError: The table, or a field of filter or order, is not bound or does not exist.
            ProtocolError: Items came back that the filter excludes, or fewer than announced.

        Source: openapi-v1.md §8.7, §4 [doc].
        """
        table = BoundTable(query.table, bindings)
        order = {
            "field_id": wire_field(query.order.field, table=table),
            "type": "desc" if query.order.descending else "asc",
        }
        body: dict[str, Any] = {"table_id": table.table_id, "order": order}
        if query.filter is not None:
            check(query.filter, table=table)
            wire = to_wire(query.filter, table=table)
            if wire is False:
                return iter(())
            if isinstance(wire, dict):
                body["filter"] = wire
        if query.limit is not None and query.limit <= 0:
            return iter(())
        return self._pages(table, query, body)

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        """Send one batch; the platform only accepts it and applies it later.

        Args:
            batch: At most 100 rows.
            bindings: Platform ids.

        Returns:
            Every row as *accepted*; nothing is known about its outcome yet.

        Raises:
            RejectedError: The batch is too large, a row lacks its item id, a value does not fit its field, or the
                platform refused the batch as a whole.
            NotFoundError: The table, a field or an option is not bound or does not exist.

        Source: openapi-v1.md §9.2 [doc], §9.3 [doc-title, body inferred].
        """
        if not batch.rows:
            return Receipt(rows=())
        endpoint = _ENDPOINT[batch.mode]
        table_name = batch.table.labels.zh
        if len(batch.rows) > BATCH_SIZE:
            facts: dict[str, FactValue] = {"table": table_name, "count": len(batch.rows), "limit": BATCH_SIZE}
            raise RejectedError("platform.batch_too_large", endpoint=endpoint.name, facts=facts)
        body = _body(batch, BoundTable(batch.table, bindings), endpoint)
        answer = self._transport.call(endpoint, body)
        rows = tuple(RowReceipt(key=row.key, outcome=Outcome.ACCEPTED) for row in batch.rows)
        return Receipt(rows=rows, trace_id=answer.trace_id)

    def _pages(self, table: BoundTable, query: ItemQuery, body: dict[str, Any]) -> Iterator[ItemPage]:
        def fetch(offset: int, limit: int) -> Page:
            answer = self._transport.call(ITEM_LIST, {**body, "limit": limit, "offset": offset})
            return read_page(answer.data, rows_key="items", endpoint=ITEM_LIST, trace_id=answer.trace_id)

        pages = walk(
            fetch,
            id_key="item_id",
            page_size=PAGE_SIZE,
            endpoint=ITEM_LIST,
            limit=query.limit,
            complete=query.complete,
        )
        seen = 0
        for page in pages:
            items = table.decode(page.rows)
            if query.filter is not None:
                _check_items(items, query.filter, table)
            seen += len(items)
            total = page.total if page.total is not None else seen
            filtered = page.filtered if page.filtered is not None else total
            yield ItemPage(items=tuple(items), total=total, filtered=filtered)


def _check_items(items: list[Item], filter_: Filter, table: BoundTable) -> None:
    with_system = uses_system_field(filter_)
    for item in items:
        values = item.values
        if with_system:
            values = {
                **values,
                SystemField.ITEM_ID.value: item.item_id,
                SystemField.CREATED_ON.value: item.created_on,
                SystemField.UPDATED_ON.value: item.updated_on,
            }
        if not _matches(filter_, values):
            facts: dict[str, FactValue] = {"table": table.spec.labels.zh, "row": item.item_id}
            raise ProtocolError("platform.filter_ignored", endpoint=ITEM_LIST.name, facts=facts)


def _matches(filter_: Filter, values: Any) -> bool:
    try:
        return matches(filter_, values)
    except TypeError:  # a computed field answered with another type than the operand
        return False


def _body(batch: WriteBatch, table: BoundTable, endpoint: Endpoint) -> dict[str, Any]:
    match batch.mode:
        case WriteMode.UPSERT:
            key_field = _key_field(table, endpoint)
            key_id = table.column(key_field).field_id
            items: list[dict[str, Any]] = [
                {"fields": table.encode({key_field: row.key, **row.values}, key=row.key)} for row in batch.rows
            ]
            return _put(table, "upsert", key_id, items)
        case WriteMode.UPDATE:
            items = [
                {"item_id": _item_id(row, table, endpoint), "fields": table.encode(row.values, key=row.key)}
                for row in batch.rows
            ]
            return _put(table, "update", SystemField.ITEM_ID.value, items)
        case WriteMode.DELETE:
            ids = [_item_id(row, table, endpoint) for row in batch.rows]
            return {"table_id": table.table_id, "item_ids": ids}


def _put(table: BoundTable, update_type: str, match_field: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "table_id": table.table_id,
        "update_type": update_type,
        "update_by_fields": [match_field],
        "items": items,
    }


def _key_field(table: BoundTable, endpoint: Endpoint) -> str:
    key_field = table.spec.key_field
    if key_field is None:
        facts = {"table": table.spec.labels.zh}
        raise RejectedError("platform.no_key_field", endpoint=endpoint.name, facts=facts)
    return key_field


def _item_id(row: ItemWrite, table: BoundTable, endpoint: Endpoint) -> str:
    if row.item_id is None:
        facts = {"table": table.spec.labels.zh, "row": row.key}
        raise RejectedError("platform.no_item_id", endpoint=endpoint.name, facts=facts)
    return row.item_id
