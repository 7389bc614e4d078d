"""Items (数据): reading pages of them and writing batches of them, in neutral values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from huoban_perf.core.addresses import ItemId, MemberId
from huoban_perf.core.filters import Filter
from huoban_perf.core.schema.tables import TableSpec
from huoban_perf.core.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item as read. ``values`` has every bound field of the table; None = empty.

    ``editor`` is the person who edited it last, where the platform tells and it was a person.
    """

    item_id: ItemId
    values: Values
    title: str = ""
    created_on: datetime | None = None
    updated_on: datetime | None = None
    editor: MemberId | None = None


class SystemField(StrEnum):
    """Fields every item has; usable in filters and orders."""

    ITEM_ID = "item_id"
    CREATED_ON = "created_on"
    UPDATED_ON = "updated_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A total order to page by: a field key or a system field."""

    field: str = SystemField.CREATED_ON
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Which items of one table to read.

    Attributes:
        table: The table as declared; field keys in ``filter`` and ``order`` are its own.
        filter: Typed conditions, or None for all items.
        order: Explicit, because offset paging without an order may skip or repeat.
        limit: Stop after so many items, or None for all.
        complete: Whether a walk that brings fewer items than announced is an error. False only where the order itself
            changes while others write, and the reader looks for what is missing by other means.
    """

    table: TableSpec
    filter: Filter | None = None
    order: Order = Order()
    limit: int | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPage:
    """One page, in order.

    Attributes:
        items: The items of this page; repeats of earlier pages are already dropped.
        total: Items in the table when the page was made.
        filtered: Items matching the filter when the page was made.
    """

    items: tuple[Item, ...]
    total: int
    filtered: int


class WriteMode(StrEnum):
    """What a batch does with its rows."""

    UPSERT = "upsert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemWrite:
    """One row to write.

    Attributes:
        key: The natural key: it also appears in ``values`` under the table's key field (unless deleting).
        values: Field key → value; only these are touched. None clears.
        item_id: Needed for update and delete; None for upsert.
    """

    key: str
    values: Values
    item_id: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBatch:
    """At most ``Capabilities.batch_size`` rows of one table, written in one request.

    UPSERT matches rows by the table's key field: none → created from all given fields, one → updated, several →
    refused. UPDATE and DELETE go by ``item_id``.
    """

    table: TableSpec
    mode: WriteMode
    rows: tuple[ItemWrite, ...]


class Outcome(StrEnum):
    """What is known about one row right after the request."""

    DONE = "done"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReceipt:
    """Outcome of one row of a batch.

    Attributes:
        key: The row's natural key.
        outcome: What is known.
        reason: Why, when refused.
        item_id: The item, where the answer names it: it can then be read back by id.
    """

    key: str
    outcome: Outcome
    reason: str | None = None
    item_id: ItemId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The platform's answer to a batch: *accepted* is not *done*; confirm by reading back.

    Attributes:
        rows: One entry per row, in batch order.
        trace_id: The platform's request id, or None.
    """

    rows: tuple[RowReceipt, ...]
    trace_id: str | None = None
