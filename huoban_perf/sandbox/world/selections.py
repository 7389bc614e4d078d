"""Selections: the rows of a table that satisfy a rule, counted, ordered and cut into pages by the store itself.

The answer is that of ``core.rules.holds`` on every row (a law of ``tests/unit/sandbox/test_selections.py``); asked here
it reads the index of cells and never the items, so that the first page of a large table costs no more than a small one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from huoban_perf.core.conditions import All, AnyOf, Condition, Filter, Operator
from huoban_perf.core.rules import Moment, Rule, as_filter
from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS
from huoban_perf.core.values import CHINA, Value
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.spoken import word_of
from huoban_perf.sandbox.world.values import number_text

_FIELD = "SELECT item_id FROM cells WHERE field_id = ?"
_ORDERED: Mapping[Operator, str] = {
    Operator.GREATER: ">",
    Operator.AT_LEAST: ">=",
    Operator.LESS: "<",
    Operator.AT_MOST: "<=",
}


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition of SQL on ``items AS i``, with its values."""

    sql: str
    values: tuple[object, ...] = ()


EVERYTHING = Clause("1")
_NOTHING = Clause("0")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One key of an order; empty cells come last either way."""

    field: FieldDef
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Cut:
    """Which part of a selection: rows at most, and rows skipped."""

    limit: int
    offset: int = 0


class Selections:
    """Turns rules into conditions and asks the store."""

    def __init__(self, *, store: Store, cells: Cells) -> None:
        """Take the store and the index of cells."""
        self._store = store
        self._cells = cells

    # --- conditions --------------------------------------------------------------------------------------------

    def clause(self, rule: Rule, *, table: TableDef, moment: Moment) -> Clause:
        """Return the condition that a rule amounts to.

        Args:
            rule: In this world's words (``spoken``).
            table: With all its fields.
            moment: Day, *me*, and the row at hand.

        Returns:
            The condition; a comparison of a field that does not stand never holds.
        """
        return self._clause(as_filter(rule, moment=moment), {word_of(field): field for field in table.fields})

    def _clause(self, filter_: Filter, fields: Mapping[str, FieldDef]) -> Clause:
        match filter_:
            case All(parts):
                return joined("AND", [self._clause(part, fields) for part in parts])
            case AnyOf(parts):
                return joined("OR", [self._clause(part, fields) for part in parts])
            case Condition(name, operator, operand):
                field = fields.get(name)
                if field is None:
                    return _NOTHING
                self._cells.ensure(field)
                return self._condition(field, operator, operand)

    def _condition(self, field: FieldDef, operator: Operator, operand: Value) -> Clause:
        match operator:
            case Operator.EMPTY:
                filled = Clause(f"i.item_id IN ({_FIELD})", (field.field_id,))
                return _not(filled) if operand else filled
            case Operator.EQUALS:
                return _equals(field, operand)
            case Operator.DIFFERS:
                return _not(_equals(field, operand))
            case Operator.ANY_OF:
                return _any_of(field, operand)
            case Operator.NONE_OF:
                return _not(_any_of(field, operand))
            case _:
                return self._ordered(field, operator, operand)

    def _ordered(self, field: FieldDef, operator: Operator, operand: Value) -> Clause:
        sign = _ORDERED[operator]
        if isinstance(operand, date):
            cell, text = _day_or_moment(operand)
            return Clause(f"i.item_id IN ({_FIELD} AND {cell} {sign} ?)", (field.field_id, text))
        if operand is None or field.family != "number":
            return _NOTHING
        bound = Decimal(str(operand))  # compared as decimals, which SQLite does not have
        test = {">": bound.__lt__, ">=": bound.__le__, "<": bound.__gt__, "<=": bound.__ge__}[sign]
        found = [item_id for item_id, text in self._cells.column(field) if test(Decimal(text))]
        return Clause("i.item_id IN (SELECT value FROM json_each(?))", (wire.write(found),))

    def holding(self, field: FieldDef, value: str | None) -> Clause:
        """Return the condition that a cell holds one comparable value, or nothing."""
        self._cells.ensure(field)
        if value is None:
            return _not(Clause(f"i.item_id IN ({_FIELD})", (field.field_id,)))
        return Clause(f"i.item_id IN ({_FIELD} AND value = ?)", (field.field_id, value))

    # --- asking ------------------------------------------------------------------------------------------------

    def count(self, table: TableDef, clause: Clause) -> int:
        """Return how many rows satisfy a condition."""
        sql = f"SELECT count(*) FROM items i WHERE i.table_id = ? AND {clause.sql}"  # noqa: S608 - built here
        return int(self._store.value(sql, table.table_id, *clause.values))

    def exists(self, table: TableDef, clause: Clause) -> bool:
        """Return whether any row satisfies a condition."""
        sql = f"SELECT 1 FROM items i WHERE i.table_id = ? AND {clause.sql} LIMIT 1"  # noqa: S608 - built here
        return self._store.value(sql, table.table_id, *clause.values) is not None

    def page(self, table: TableDef, clause: Clause, *, order: Sequence[SortKey], cut: Cut) -> list[int]:
        """Return the ids of a part of a selection.

        Args:
            table: The table.
            clause: Which rows.
            order: Keys, first one first; ties and no key: newest first.
            cut: Which part.
        """
        columns, keys, values = ["i.item_id"], [], []
        for number, key in enumerate(order):
            self._cells.ensure(key.field)
            columns.append(f"({_key_of(key.field)}) AS v{number}")
            keys += [f"v{number} IS NULL", f"v{number}{' DESC' if key.descending else ''}"]
            values.append(key.field.field_id)
        sql = (
            f"SELECT {', '.join(columns)} FROM items i WHERE i.table_id = ? AND {clause.sql}"  # noqa: S608 - built here
            f" ORDER BY {', '.join([*keys, 'i.item_id DESC'])} LIMIT ? OFFSET ?"
        )
        return [row[0] for row in self._store.rows(sql, *values, table.table_id, *clause.values, cut.limit, cut.offset)]

    def groups(self, table: TableDef, clause: Clause, *, field: FieldDef) -> dict[str | None, int]:
        """Return comparable value → rows that hold it; None → rows that hold nothing. A row of several counts in each.

        Args:
            table: The table.
            clause: Which rows.
            field: By what.
        """
        self._cells.ensure(field)
        sql = (
            "SELECT c.value, count(*) FROM items i LEFT JOIN cells c INDEXED BY cells_by_item"  # noqa: S608 - built here
            f" ON c.item_id = i.item_id AND c.field_id = ? WHERE i.table_id = ? AND {clause.sql} GROUP BY c.value"
        )
        return dict(self._store.rows(sql, field.field_id, table.table_id, *clause.values))

    def triples(
        self, table: TableDef, clause: Clause, fields: Sequence[FieldDef | None]
    ) -> list[tuple[str | None, ...]]:
        """Return, of every row of a selection, the comparable value of each field; None for no field or no value.

        Args:
            table: The table.
            clause: Which rows.
            fields: Up to three.
        """
        columns, joins, values = [], [], []
        for number, field in enumerate(fields):
            columns.append("NULL" if field is None else f"c{number}.value")
            if field is not None:
                self._cells.ensure(field)
                joins.append(
                    f"LEFT JOIN cells c{number} INDEXED BY cells_by_item"
                    f" ON c{number}.item_id = i.item_id AND c{number}.field_id = ?"
                )
                values.append(field.field_id)
        sql = f"SELECT {', '.join(columns)} FROM items i {' '.join(joins)} WHERE i.table_id = ? AND {clause.sql}"  # noqa: S608 - built here
        return self._store.rows(sql, *values, table.table_id, *clause.values)


def joined(word: str, parts: Sequence[Clause]) -> Clause:
    """Join conditions with AND or OR; no parts: AND holds always, OR never."""
    if not parts:
        return EVERYTHING if word == "AND" else _NOTHING
    sql = f" {word} ".join(f"({part.sql})" for part in parts)
    return Clause(f"({sql})", tuple(value for part in parts for value in part.values))


def containing(text: str) -> Clause:
    """Return the condition that an item's title holds a text, whatever its case."""
    return Clause("instr(lower(i.title), lower(?)) > 0", (text,))


def _not(clause: Clause) -> Clause:
    return Clause(f"NOT ({clause.sql})", clause.values)


def _equals(field: FieldDef, operand: Value) -> Clause:
    if field.family == "list":
        wanted = [operand] if isinstance(operand, str) else list(operand or ()) if isinstance(operand, tuple) else []
        if not wanted:
            return _NOTHING
        marks = ", ".join("?" * len(wanted))
        parts = [Clause(f"i.item_id IN ({_FIELD} AND value = ?)", (field.field_id, value)) for value in wanted]
        if field.holds_several:
            more = Clause(f"i.item_id IN ({_FIELD} AND value NOT IN ({marks}))", (field.field_id, *wanted))
            parts.append(_not(more))
        elif len(wanted) > 1:
            return _NOTHING
        return joined("AND", parts)
    if isinstance(operand, date):
        cell, text = _day_or_moment(operand)
        return Clause(f"i.item_id IN ({_FIELD} AND {cell} = ?)", (field.field_id, text))
    plain = operand[0] if isinstance(operand, tuple) and len(operand) == 1 else operand
    if plain is None or isinstance(plain, tuple | Mapping):
        return _NOTHING
    return Clause(f"i.item_id IN ({_FIELD} AND value = ?)", (field.field_id, _text(plain)))


def _text(plain: object) -> str:
    if isinstance(plain, bool):
        return "1" if plain else "0"
    return plain if isinstance(plain, str) else number_text(Decimal(str(plain)))


def _any_of(field: FieldDef, operand: Value) -> Clause:
    parts = [operand] if isinstance(operand, str) else list(operand) if isinstance(operand, tuple) else []
    if field.family == "text":
        test = [Clause(f"i.item_id IN ({_FIELD} AND instr(value, ?) > 0)", (field.field_id, part)) for part in parts]
        return joined("OR", test)
    marks = ", ".join("?" * len(parts))
    return Clause(f"i.item_id IN ({_FIELD} AND value IN ({marks}))", (field.field_id, *parts)) if parts else _NOTHING


def _day_or_moment(operand: date) -> tuple[str, str]:
    """Return how a cell is read and the text it is compared with: a day compares with the day of a moment."""
    if isinstance(operand, datetime):
        return "value", operand.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return "substr(value, 1, 10)", operand.isoformat()


def _key_of(field: FieldDef) -> str:
    """Return the query of what an item is sorted by in a field: a list counts by its first in order."""
    read, more = "min(c.value)", ""
    if field.family == "number":
        read = "min(CAST(c.value AS REAL))"  # an order of rows, never a figure
    elif field.kind in CHOICE_KINDS:
        read = "min(o.position)"
        more = "JOIN options o ON o.field_id = c.field_id AND o.option_id = CAST(c.value AS INTEGER)"
    elif field.kind in MEMBER_KINDS:
        read = "min(m.name)"
        more = "JOIN members m ON m.user_id = CAST(c.value AS INTEGER)"
    elif field.kind in RELATION_KINDS:
        read = "min(t.title)"
        more = "JOIN items t ON t.item_id = CAST(c.value AS INTEGER)"
    return f"SELECT {read} FROM cells c INDEXED BY cells_by_item {more} WHERE c.item_id = i.item_id AND c.field_id = ?"  # noqa: S608
