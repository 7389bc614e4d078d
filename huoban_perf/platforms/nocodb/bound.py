"""A table with everything needed to read and write it: spec, ids, columns as they stand now, codecs.

A column is checked before its first use: one that is gone, or that somebody gave another type, is said so before
anything is read wrongly or written into it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.addresses import Bindings, ItemId
from huoban_perf.core.errors import BadCellError, FactValue, NotFoundError, Problem, ProtocolError, RejectedError
from huoban_perf.core.items import Item
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.platforms.cells import Codec, Place, decoded, encoded
from huoban_perf.platforms.nocodb.endpoints import ITEM_LIST
from huoban_perf.platforms.nocodb.kinds import kinds_of
from huoban_perf.platforms.nocodb.meta import WireColumn, WireTable
from huoban_perf.platforms.nocodb.values import codec_of, decode_links, encode_links, moment_from

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Junction:
    """The server's own table of the pairs of a many-to-many relation.

    Asking for the linked items of a page makes the server ask once a row, which takes minutes and, beyond 500 rows on
    SQLite, fails. Source: tried.

    Attributes:
        table_id: Its id.
        own_id: Column that holds the id of the item at hand.
        far_id: Column that holds the id of the linked item.
    """

    table_id: str
    own_id: str
    far_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One field with its column.

    Attributes:
        spec: The field as declared.
        column_id: Where its value is written and filtered: for a belongs-to relation its foreign key.
        title: Under which its value is read.
        codec: Both directions.
        links_id: For a many-to-many relation: the column whose links are set one row at a time.
        junction: For a many-to-many relation: where its pairs are read.
    """

    spec: FieldSpec
    column_id: str
    title: str
    codec: Codec
    links_id: str | None = None
    junction: Junction | None = None

    @property
    def key(self) -> str:
        """Field key."""
        return self.spec.address.key


class BoundTable:
    """A table's spec, ids and columns together.

    Attributes:
        spec: The table as declared.
        table_id: Its id.
        base_id: Its base.
        columns: Every field that has an id, in spec order.
    """

    def __init__(self, spec: TableSpec, bindings: Bindings, wire: WireTable) -> None:
        """Look every column up once.

        Args:
            spec: The table.
            bindings: Platform ids; a field without one is left out.
            wire: The table as it stands.

        Raises:
            NotFoundError: A bound column is gone.
            RejectedError: A column has another type than its field needs.
        """
        self.spec = spec
        self.table_id = wire.id
        self.base_id = wire.base_id
        self.columns = tuple(
            _column(spec, field, str(bindings[field.address]), bindings, wire)
            for field in spec.fields
            if field.address in bindings
        )
        self._by_key = {column.key: column for column in self.columns}

    def column(self, key: str) -> Column:
        """Return a field's column; NotFoundError when the field is not bound."""
        if key not in self._by_key:
            raise NotFoundError("platform.unbound", facts={"address": f"field:{self.spec.key}.{key}"})
        return self._by_key[key]

    def reads(self) -> dict[str, str]:
        """Return the parameters that ask for exactly our columns; pairs of relations are read elsewhere."""
        ids = [column.column_id for column in self.columns if column.junction is None]
        return {"fields": ",".join(["Id", "CreatedAt", "UpdatedAt", *ids])}

    def decode(self, rows: Sequence[Row]) -> list[Item]:
        """Turn rows into items.

        Args:
            rows: Rows of a list answer.

        Returns:
            Items in the same order, each with every bound field.

        Raises:
            BadCellError: Cells hold something else than their field is for: SQLite takes a text into a number. Names
                the first such cell of every row. Source: nocodb/api.md, gotcha 4.
            NotFoundError: A cell holds a choice that is not bound.
        """
        items, problems = [], []
        for row in rows:
            try:
                items.append(self._item(row))
            except ProtocolError as error:
                if error.code != "platform.cell":
                    raise
                problems.append(Problem(code="nocodb.cell", facts=error.facts))
        if problems:
            facts: dict[str, FactValue] = {"table": self.spec.labels.zh, "count": len(problems)}
            raise BadCellError("nocodb.cells", endpoint=ITEM_LIST.name, facts=facts, problems=problems)
        return items

    def _item(self, row: Row) -> Item:
        row_id = str(row.get("Id"))
        values = {
            column.key: decoded(
                column.codec,
                row.get(column.title),
                place=self._place(column, row=row_id),
                endpoint=ITEM_LIST.name,
            )
            for column in self.columns
        }
        created = row.get("CreatedAt")
        updated = row.get("UpdatedAt") or created  # empty until the first change. Source: tried
        return Item(
            item_id=ItemId(str(row["Id"])),
            values=values,
            created_on=moment_from(created) if created else None,
            updated_on=moment_from(updated) if updated else None,
        )

    def encode(self, values: Values, *, key: str) -> dict[str, Any]:
        """Turn values into a row to write, columns named by id; many-to-many relations are left out.

        Args:
            values: Field key → value; None clears.
            key: Natural key of the row, for errors.

        Returns:
            Column id → wire value.

        Raises:
            NotFoundError: A field or an option is not bound.
            RejectedError: A value does not fit its field, or the field is read-only.
        """
        columns = {name: self.column(name) for name in values}
        return {
            column.column_id: self.encode_cell(column, values[name], key=key)
            for name, column in columns.items()
            if column.links_id is None
        }

    def links(self, values: Values, *, key: str) -> dict[str, tuple[int, ...]]:
        """Return the many-to-many relations among values: column id → ids of items."""
        found = {}
        for name, value in values.items():
            column = self.column(name)
            if column.links_id is not None:
                found[column.links_id] = tuple(self.encode_cell(column, value, key=key))
        return found

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

    def _place(self, column: Column, *, row: str) -> Place:
        return Place(table=self.spec, field=column.spec, row=row)


def _column(spec: TableSpec, field: FieldSpec, column_id: str, bindings: Bindings, wire: WireTable) -> Column:
    found = wire.column(column_id)
    facts: dict[str, FactValue] = {"table": spec.labels.zh, "field": field.labels.zh}
    if found is None:
        raise NotFoundError("nocodb.column_gone", facts=facts)
    if field.kind not in kinds_of(found) or (field.kind is FieldKind.RELATION and field.many is not _is_many(found)):
        raise RejectedError("nocodb.kind_moved", facts=facts | {"kind": field.kind.value, "found": found.uidt})
    if field.kind is not FieldKind.RELATION:
        codec = codec_of(field, found, bindings)
        return Column(spec=field, column_id=found.id, title=found.title, codec=codec)
    key = None if found.foreign_key is None else wire.column(found.foreign_key)
    if key is not None:
        codec = codec_of(field, found, bindings)
        return Column(spec=field, column_id=key.id, title=key.title, codec=codec)
    codec = Codec(decode=decode_links, encode=encode_links)
    ends = found.options
    junction = Junction(
        table_id=str(ends["fk_mm_model_id"]),
        own_id=str(ends["fk_mm_child_column_id"]),
        far_id=str(ends["fk_mm_parent_column_id"]),
    )
    return Column(spec=field, column_id=found.id, title=found.title, codec=codec, links_id=found.id, junction=junction)


def _is_many(column: WireColumn) -> bool:
    return column.relation == "mm"
