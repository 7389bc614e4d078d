"""Pages of items: filter, order, offset, with the answer of a walk's first page kept for its later pages."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.columns import SYSTEM_FIELDS, ColumnSource
from huoban_perf.sandbox.world.definitions import Definitions, FieldDef, TableDef
from huoban_perf.sandbox.world.filters import Evaluator
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import ParameterError
from huoban_perf.sandbox.world.rows import Rows
from huoban_perf.sandbox.world.values import compared

_KEPT_ANSWERS = 8
_FEW = 500
_SHALLOW = 2000
"""From this offset on a walk is worth remembering: SQLite would count through all rows before it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One page as asked.

    Attributes:
        filter: Raw filter, or None.
        order: Raw order object, or None.
        limit: Rows at most.
        offset: Rows to skip.
        user_id: Whom ``myself`` means.
        allowed: The items that may be seen; None for all.
    """

    filter: Any
    order: Any
    limit: int
    offset: int
    user_id: int
    allowed: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Item ids in order, rows in the table, rows matching the filter."""

    item_ids: list[int]
    total: int
    filtered: int


class Queries:
    """Answers pages; safe to ask again and again, because answers are kept until the table changes."""

    def __init__(self, *, store: Store, definitions: Definitions, cells: Cells, rows: Rows, moments: Moments) -> None:
        """Take the parts it reads."""
        self._store = store
        self._definitions = definitions
        self._cells = cells
        self._rows = rows
        self._moments = moments
        self._answers: OrderedDict[tuple[object, ...], list[int]] = OrderedDict()
        self._totals: dict[int, tuple[int, int]] = {}

    def forget(self) -> None:
        """Drop every kept answer."""
        self._answers.clear()
        self._totals.clear()

    def page(self, asked: Asked, *, table: TableDef, rules: Rules) -> Page:
        """Return one page; ParameterError for a mistake that the rules report."""
        name, descending = _order(asked.order, table=table, rules=rules)
        if asked.allowed is not None:
            mine = [
                item
                for item in self._answer(asked, (name, descending), table=table, rules=rules)
                if item in asked.allowed
            ]
            ids = mine[asked.offset : asked.offset + asked.limit]
            return Page(item_ids=ids, total=len(asked.allowed), filtered=len(mine))
        total = self._total(table.table_id)
        if not asked.filter and name in SYSTEM_FIELDS[:3] and asked.offset < _SHALLOW:
            ids = self._straight(table.table_id, (name, descending), (asked.limit, asked.offset))
            return Page(item_ids=ids, total=total, filtered=total)
        everything = self._answer(asked, (name, descending), table=table, rules=rules)
        ids = everything[asked.offset : asked.offset + asked.limit]
        return Page(item_ids=ids, total=total, filtered=len(everything))

    def _total(self, table_id: int) -> int:
        version = self._rows.version(table_id)
        known = self._totals.get(table_id)
        if known is None or known[0] != version:
            known = (version, self._store.value("SELECT count(*) FROM items WHERE table_id = ?", table_id))
            self._totals[table_id] = known
        return known[1]

    def _straight(self, table_id: int, order: tuple[str, bool], span: tuple[int, int]) -> list[int]:
        name, way = order[0], "DESC" if order[1] else "ASC"
        sql = f"SELECT item_id FROM items WHERE table_id = ? ORDER BY {name} {way}, item_id {way} LIMIT ? OFFSET ?"  # noqa: S608 - a system field
        return [row[0] for row in self._store.rows(sql, table_id, *span)]

    def _answer(self, asked: Asked, order: tuple[str, bool], *, table: TableDef, rules: Rules) -> list[int]:
        now = self._moments.now()
        key = (
            table.table_id,
            self._definitions.revision,
            self._rows.version(table.table_id),
            wire.canonical(asked.filter),
            order,
            now.date(),
            asked.user_id,
            tuple(table.by_key),
            rules,
        )
        if key in self._answers:
            self._answers.move_to_end(key)
            return self._answers[key]
        source = ColumnSource(store=self._store, cells=self._cells)
        evaluator = Evaluator(table=table, source=source, rules=rules, now=now, myself=asked.user_id)
        try:
            found = evaluator.ids(asked.filter) if asked.filter else None
        except RecursionError as error:
            raise ParameterError("filter", "nested too deeply") from error
        if found is not None and len(found) <= _FEW:
            answer = self._few(found, table, order, rules)
        else:
            answer = [item_id for item_id in self._ordered(table, order, rules) if found is None or item_id in found]
        self._answers[key] = answer
        while len(self._answers) > _KEPT_ANSWERS:
            self._answers.popitem(last=False)
        return answer

    def _few(self, found: set[int], table: TableDef, order: tuple[str, bool], rules: Rules) -> list[int]:
        """Order few items by looking at them alone."""
        name, descending = order
        rows = self._rows.read(sorted(found, reverse=descending))
        if name in SYSTEM_FIELDS:
            rows.sort(key=lambda row: getattr(row, name), reverse=descending)
            return [row.item_id for row in rows]
        field = table.by_key[name]
        texts = [(row.item_id, text) for row in rows for text in compared(row.values.get(name), field)]
        everything = [row.item_id for row in rows]
        return _by_cell(everything, _sort_keys(texts, field), descending=descending, rules=rules)

    def _ordered(self, table: TableDef, order: tuple[str, bool], rules: Rules) -> list[int]:
        name, descending = order
        if name in SYSTEM_FIELDS:
            return self._straight(table.table_id, order, (-1, 0))
        everything = self._straight(table.table_id, ("item_id", descending), (-1, 0))
        field = table.by_key[name]
        return _by_cell(everything, _sort_keys(self._cells.column(field), field), descending=descending, rules=rules)


def _by_cell(everything: list[int], keys: dict[int, Any], *, descending: bool, rules: Rules) -> list[int]:
    filled = [item_id for item_id in everything if item_id in keys]
    filled.sort(key=lambda item_id: keys[item_id], reverse=descending)
    empty = [item_id for item_id in everything if item_id not in keys]
    return empty + filled if (rules.empty_sorts == "first") is not descending else filled + empty


def _sort_keys(column: Sequence[tuple[int, str]], field: FieldDef) -> dict[int, Any]:
    """Return item → what it is sorted by; a list counts by its first in order."""
    places = {str(option.option_id): place for place, option in enumerate(field.options)}
    keys: dict[int, Any] = {}
    for item_id, text in column:
        key: Any = text
        if field.family == "number":
            key = Decimal(text)
        elif field.kind in CHOICE_KINDS:
            key = places.get(text, len(places))
        if item_id not in keys or key < keys[item_id]:
            keys[item_id] = key
    return keys


def _order(order: Any, *, table: TableDef, rules: Rules) -> tuple[str, bool]:
    """Return field and direction of an order object. Source: openapi-v1.md §4 [doc]."""
    default = ("created_on", rules.default_order == "newest")
    if not order:
        return default
    if isinstance(order, dict):
        name, way = str(order.get("field_id", "")), order.get("type", "asc")
        if way in {"asc", "desc"} and (name in SYSTEM_FIELDS or name in table.by_key):
            return name, way == "desc"
    if rules.unknown_order == "error":
        raise ParameterError("order", "{field_id, type: asc or desc} with a field of the table is expected")
    return default
