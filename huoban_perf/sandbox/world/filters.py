"""The filter language: a tree of conditions becomes a set of item ids.

Source: openapi-v1.md §5 (structure [doc]) and §5.1 (operators [code]); what is not proven is switched in ``rules``.
A condition that is ignored counts as true. ``None`` stands for *every item*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.columns import Column, ColumnSource
from huoban_perf.sandbox.world.definitions import FILE_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.moments import GUESSED_WORDS, SEEN_WORDS
from huoban_perf.sandbox.world.refusals import ParameterError
from huoban_perf.sandbox.world.values import MOST_DIGITS, number_text

Ids = set[int]
"""Items that satisfy a condition."""

_EQUALITY = frozenset({"eq", "ne", "em", "nem"})
_SETS = _EQUALITY | {"in", "nin"}
_ORDERED = _EQUALITY | {"gt", "gte", "lt", "lte"}
_EMPTINESS = frozenset({"em", "nem"})
_OPERATORS = {"text": _SETS, "number": _ORDERED, "date": _ORDERED, "switch": _EQUALITY, "none": _EMPTINESS}


def operators_of(field: FieldDef) -> frozenset[str]:
    """Return the operators that a field's kind knows. Source: openapi-v1.md §5.1 [code]."""
    if field.kind in FILE_KINDS:
        return _EMPTINESS
    if field.family == "list":
        return _SETS
    return _OPERATORS[field.family]


class Evaluator:
    """Evaluates filters on one table."""

    def __init__(self, *, table: TableDef, source: ColumnSource, rules: Rules, now: datetime, myself: int) -> None:
        """Take the table, where its columns come from, and what the dynamic words mean now."""
        self._table = table
        self._source = source
        self._rules = rules
        self._now = now
        self._myself = str(myself)

    def ids(self, node: Any) -> Ids | None:
        """Return the items that satisfy a filter, or None for all of them.

        Args:
            node: A node ``{and: []}``, ``{or: []}`` or a leaf ``{field, query}``.

        Raises:
            ParameterError: A mistake of the client, where the rules report it.
        """
        if isinstance(node, dict):
            for word, combine in (("and", self._all), ("or", self._any)):
                if isinstance(node.get(word), list) and len(node) == 1:
                    return combine([self.ids(part) for part in node[word]])
            if "field" in node and isinstance(node.get("query"), dict):
                if len(node) > 2:
                    self._ignored(self._rules.malformed_filter, "a leaf has field and query only")
                return self._leaf(str(node["field"]), node["query"])
            if not node:
                return None
        return self._ignored(self._rules.malformed_filter, "neither and, or, nor {field, query}")

    @staticmethod
    def _ignored(tolerance: str, detail: str) -> Ids | None:
        if tolerance == "error":
            raise ParameterError("filter", detail)
        return None

    @staticmethod
    def _all(parts: list[Ids | None]) -> Ids | None:
        known = [part for part in parts if part is not None]
        return set.intersection(*known) if known else None

    @staticmethod
    def _any(parts: list[Ids | None]) -> Ids | None:
        if not parts or any(part is None for part in parts):
            return None
        return set().union(*(part for part in parts if part is not None))

    # --- one field ---------------------------------------------------------------------------------------------

    def _leaf(self, name: str, query: Mapping[str, Any]) -> Ids | None:
        column = self._source.system_column(name, self._table)
        known = _SETS - _EMPTINESS if name == "item_id" else _ORDERED if name.endswith("_on") else _SETS
        if column is None:
            field = self._table.by_key.get(name)
            if field is None and self._rules.filter_alias == "known":
                field = self._table.by_alias.get(name)
            if field is None:
                return self._ignored(self._rules.unknown_filter_field, f"no field {name}")
            column, known = self._source.column(field, self._table), operators_of(field)
        return self._query(column, known, query)

    def _query(self, column: Column, known: frozenset[str], query: Mapping[str, Any]) -> Ids | None:
        parts: list[Ids | None] = []
        for operator, operand in query.items():
            if operator in {"and", "or"} and isinstance(operand, list):
                inner = [self._query(column, known, part) for part in operand if isinstance(part, dict)]
                parts.append(self._all(inner) if operator == "and" else self._any(inner))
            elif operator not in known or (operator == "nem" and self._rules.nem == "unknown"):
                parts.append(self._ignored(self._rules.unknown_operator, f"operator {operator} on {column.name}"))
            else:
                parts.append(self._compare(column, operator, operand))
        return self._all(parts)

    def _compare(self, column: Column, operator: str, operand: Any) -> Ids | None:
        if operator in _EMPTINESS:
            wants_empty = bool(operand) is (operator == "em")
            return column.universe() - column.filled() if wants_empty else column.filled()
        negated = {"ne": "eq", "nin": "in"}.get(operator)
        if negated is None:
            return self._positive(column, operator, operand)
        exact = operator == "nin" and column.family == "text" and self._rules.nin_text == "exact"
        found = column.holding(_texts(operand)) if exact else self._positive(column, negated, operand)
        if found is None:
            return None
        everything = column.universe() if self._rules.negation_takes_empty else column.filled()
        return everything - found

    def _positive(self, column: Column, operator: str, operand: Any) -> Ids | None:
        if column.family == "text":
            return column.containing(_texts(operand)) if operator == "in" else column.holding(_texts(operand)[:1])
        if column.family == "list":
            ids = [self._myself if part == "myself" else part for part in _texts(operand)]
            return column.holding(ids) if operator == "in" else column.equal(ids)
        if column.family == "date":
            return self._dates(column, operator, operand)
        if column.family == "switch":
            return column.holding(["1" if operand in (True, 1, "1") else "0"])
        return self._numbers(column, operator, operand)

    def _numbers(self, column: Column, operator: str, operand: Any) -> Ids | None:
        try:
            number = Decimal(operand if isinstance(operand, str | int | Decimal) else "none")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or abs(number.adjusted()) > MOST_DIGITS:
            return self._ignored(self._rules.malformed_filter, f"{column.name}: a number is expected")
        if operator == "eq":
            return column.holding([number_text(number)])
        test = _ORDER[operator]
        return {item_id for item_id, text in column.entries() if test(Decimal(text), number)}

    def _dates(self, column: Column, operator: str, operand: Any) -> Ids | None:
        span = self._span(operand)
        if span is None:
            return self._ignored(self._rules.malformed_filter, f"{column.name}: no day, moment or date word")
        first, beyond = span
        return column.between(
            at_least=first if operator in {"eq", "gte"} else beyond if operator == "gt" else None,
            below=first if operator == "lt" else beyond if operator in {"eq", "lte"} else None,
        )

    def _span(self, operand: Any) -> tuple[str, str] | None:
        """Return the first second of a day, moment or word, and the second after its last one."""
        if not isinstance(operand, str):
            return None
        words = {**SEEN_WORDS, **(GUESSED_WORDS if self._rules.more_date_words == "known" else {})}
        if operand in words:
            first, beyond = words[operand](self._now.date())
            return f"{first} 00:00:00", f"{beyond} 00:00:00"
        for form, length in (
            ("%Y-%m-%d", timedelta(days=1)),
            ("%Y-%m-%d %H:%M:%S", timedelta(seconds=1)),
            ("%Y-%m-%d %H:%M", timedelta(seconds=1)),
        ):
            whole = length if self._rules.day_of_moment == "day" else timedelta(seconds=1)
            try:
                moment = datetime.strptime(operand, form)  # noqa: DTZ007 - the wire's times carry no zone
                return f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment + whole:%Y-%m-%d %H:%M:%S}"
            except (ValueError, OverflowError):
                continue
        return None


_ORDER: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}


def _texts(operand: Any) -> list[str]:
    parts = operand if isinstance(operand, list) else [operand]
    return [part if isinstance(part, str) else str(part) for part in parts if part is not None]
