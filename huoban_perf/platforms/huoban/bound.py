"""A table bound to its platform ids: prepared columns that decode pages and encode rows.

Pages are decoded column by column with prepared decoders, because tens of thousands of items pass through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Address, Bindings, ItemId, MemberId
from huoban_perf.core.errors import FactValue, NotFoundError, PlatformError, ProtocolError
from huoban_perf.core.items import Item
from huoban_perf.core.schema import FieldSpec, TableSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.platforms.calls.paging import Row
from huoban_perf.platforms.cells import BAD_CELL, Codec, Place, decoded, encoded
from huoban_perf.platforms.huoban.endpoints import ITEM_LIST
from huoban_perf.platforms.huoban.values import codec_of, moment_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field with its id and codec."""

    key: str
    field_id: str
    spec: FieldSpec
    codec: Codec


class BoundTable:
    """A table's spec, ids and codecs together.

    Attributes:
        spec: The table as declared.
        table_id: Its platform id.
        columns: Every field that has an id, in spec order.
    """

    def __init__(self, spec: TableSpec, bindings: Bindings) -> None:
        """Look every id up once.

        Args:
            spec: The table.
            bindings: Platform ids; a field without one is left out of reads and cannot be written.

        Raises:
            NotFoundError: The table itself is not bound.
        """
        if spec.address not in bindings:
            raise _unbound(spec.address)
        self.spec = spec
        self.table_id = str(bindings[spec.address])
        self.columns = tuple(
            Column(
                key=field.address.key,
                field_id=str(bindings[field.address]),
                spec=field,
                codec=codec_of(field, bindings),
            )
            for field in spec.fields
            if field.address in bindings
        )
        self._by_key = {column.key: column for column in self.columns}

    def column(self, key: str) -> Column:
        """Return a field's column.

        Args:
            key: Field key.

        Returns:
            The column.

        Raises:
            NotFoundError: The field is not bound.
        """
        if key not in self._by_key:
            raise _unbound(f"field:{self.spec.key}.{key}")
        return self._by_key[key]

    def decode(self, rows: Sequence[Row]) -> list[Item]:
        """Turn the rows of a page into items.

        Args:
            rows: Item objects of the wire.

        Returns:
            Items in the same order, each with every bound field.

        Raises:
            ProtocolError: A row or cell is not of its written form; names item and field.

        Source: openapi-v1.md §8.1 [doc, code].
        """
        if not rows:
            return []
        cells_by_row = [_cells(row) for row in rows]
        columns = [self._decode_column(column, rows, cells_by_row) for column in self.columns]
        keys = [column.key for column in self.columns]
        values = [dict(zip(keys, cells, strict=True)) for cells in zip(*columns, strict=True)] or [{} for _ in rows]
        return [_item(row, row_values) for row, row_values in zip(rows, values, strict=True)]

    def encode(self, values: Values, *, key: str) -> dict[str, Any]:
        """Turn values into the ``fields`` object of a write.

        Args:
            values: Field key → value; None clears.
            key: Natural key of the row, for errors.

        Returns:
            Field id → wire value.

        Raises:
            NotFoundError: A field or an option is not bound.
            RejectedError: A value does not fit its field, or the field is read-only.
        """
        fields: dict[str, Any] = {}
        for name, value in values.items():
            column = self.column(name)
            fields[column.field_id] = self.encode_cell(column, value, key=key)
        return fields

    def encode_cell(self, column: Column, value: Value, *, key: str) -> Any:
        """Turn one value into its wire form.

        Args:
            column: The field.
            value: Its value.
            key: Natural key of the row, for errors.

        Returns:
            The wire value.

        Raises:
            NotFoundError: An option is not bound.
            RejectedError: The value does not fit, or the field is read-only.
        """
        return encoded(column.codec, value, place=self._place(column, row=key))

    def _decode_column(self, column: Column, rows: Sequence[Row], cells_by_row: list[dict[str, Any]]) -> list[Value]:
        decode, field_id = column.codec.decode, column.field_id
        try:
            return [decode(cells.get(field_id)) for cells in cells_by_row]
        except BAD_CELL:
            for row, cells in zip(rows, cells_by_row, strict=True):
                self._decode_cell(column, row, cells.get(field_id))
            raise  # pragma: no cover - a decoder gives the same verdict twice

    def _decode_cell(self, column: Column, row: Row, cell: Any) -> None:
        decoded(column.codec, cell, place=self._place(column, row=str(row["item_id"])), endpoint=ITEM_LIST.name)

    def _place(self, column: Column, *, row: str) -> Place:
        return Place(table=self.spec, field=column.spec, row=row)


def _cells(row: Row) -> dict[str, Any]:
    cells = row.get("fields")
    if isinstance(cells, dict):
        return cells
    if cells is None or cells == []:
        return {}
    facts: dict[str, FactValue] = {"part": "data.items[].fields"}
    raise ProtocolError("platform.shape", endpoint=ITEM_LIST.name, facts=facts)


def _item(row: Row, values: Values) -> Item:
    try:
        created_on, updated_on = row.get("created_on"), row.get("updated_on")
        return Item(
            item_id=ItemId(str(row["item_id"])),
            values=values,
            title=row.get("title") or "",
            created_on=moment_from(created_on) if created_on else None,
            updated_on=moment_from(updated_on) if updated_on else None,
            editor=_editor(row),
        )
    except (ValueError, TypeError) as error:
        facts: dict[str, FactValue] = {"part": "data.items[].created_on"}
        raise ProtocolError("platform.shape", endpoint=ITEM_LIST.name, facts=facts) from error


_API_USER = "1024"
"""The pseudo-user 接口 as whom keys write. Source: openapi-v1.md §1 (the value [doc], its meaning [inferred])."""


def _editor(row: Row) -> MemberId | None:
    """Return the person in ``updated_by``; our own key proves nothing. Source: openapi-v1.md §8.1 [inferred]."""
    user = row.get("updated_by")
    name = str(user.get("user_id") or "") if isinstance(user, dict) else ""
    return MemberId(name) if name not in {"", "0", _API_USER} else None


def _unbound(address: Address | str) -> PlatformError:
    return NotFoundError("platform.unbound", facts={"address": str(address)})
