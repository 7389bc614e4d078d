"""Rules of a view → the server's view filters; one that cannot be said exactly makes the view a person's work.

A view that showed other rows than wished would mislead; so nothing is approximated here, unlike in ``filters``, where
what comes back is filtered again.

Source: nocodb/api.md, Requests (filters); *me* and the moving days tried on 0.265.1.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from huoban_perf.core.addresses import Address
from huoban_perf.core.filters import Operator
from huoban_perf.core.rules import Every, FieldOf, Operand, Rule, Some, Test, ThisRow, Today
from huoban_perf.platforms.nocodb.meta import WireColumn

Json = dict[str, Any]

ColumnOf = Callable[[Address], WireColumn]
"""Field address → its column; raises CannotSayError when it does not stand."""

ChoiceOf = Callable[[Address, str], str]
"""Field address and option key → the option's text now."""


class CannotSayError(ValueError):
    """The server's filters have no words for this.

    Attributes:
        what: Field and operator.
    """

    def __init__(self, what: str) -> None:
        """Keep what cannot be said."""
        super().__init__(what)
        self.what = what


_ORDERED = {
    Operator.EQUALS: "eq",
    Operator.DIFFERS: "neq",
    Operator.GREATER: "gt",
    Operator.AT_LEAST: "gte",
    Operator.LESS: "lt",
    Operator.AT_MOST: "lte",
}
_PEOPLE = {
    Operator.EQUALS: "anyof",
    Operator.ANY_OF: "anyof",
    Operator.DIFFERS: "nanyof",
    Operator.NONE_OF: "nanyof",
}
_CHOICES = _PEOPLE
_SWITCH = frozenset({Operator.EQUALS, Operator.DIFFERS})
_NUMBERS = frozenset({"Decimal", "Currency", "Percent", "Rating", "Number"})
_TEXTS = frozenset({"SingleLineText", "LongText", "PhoneNumber", "Email"})
_DATES = frozenset({"Date", "DateTime"})
_EMPTIABLE = _NUMBERS | _TEXTS | _DATES | {"SingleSelect", "MultiSelect", "User", "Attachment", "LinkToAnotherRecord"}


def view_filters(rule: Rule, *, column_of: ColumnOf, choice_of: ChoiceOf) -> list[Json]:
    """Return the filters of a view, all of which must hold.

    Args:
        rule: Which rows it shows.
        column_of: Finds columns.
        choice_of: Finds texts of options.

    Returns:
        Bodies in order; a group holds its ``children``.

    Raises:
        CannotSayError: Some part has no words.
    """
    parts = rule.parts if isinstance(rule, Every) else (rule,)
    return [_node(part, "and", column_of, choice_of) for part in parts]


def _node(rule: Rule, joint: str, column_of: ColumnOf, choice_of: ChoiceOf) -> Json:
    if isinstance(rule, Test):
        return {**_leaf(rule, column_of(rule.field), choice_of), "logical_op": joint}
    if isinstance(rule, Some) and not rule.parts:
        raise CannotSayError("never")
    inner = "or" if isinstance(rule, Some) else "and"
    children = [_node(part, inner, column_of, choice_of) for part in rule.parts]
    return {"is_group": True, "logical_op": joint, "children": children}


def _leaf(test: Test, column: WireColumn, choice_of: ChoiceOf) -> Json:
    body: Json = {"fk_column_id": column.id}
    if test.operator is Operator.EMPTY and column.uidt in _EMPTIABLE and test.operand in {True, False}:
        return body | {"comparison_op": "blank" if test.operand is True else "notblank"}
    if column.uidt == "Checkbox" and test.operator in _SWITCH and isinstance(test.operand, bool):
        is_on = test.operand is (test.operator is Operator.EQUALS)  # it is on or off, never empty
        return body | {"comparison_op": "checked" if is_on else "notchecked"}
    if isinstance(test.operand, FieldOf | ThisRow):
        raise CannotSayError(_words(test))
    if column.uidt == "User":
        return body | _people(test)
    if column.uidt in {"SingleSelect", "MultiSelect"}:
        return body | _choices(test, choice_of)
    if column.uidt in _DATES:
        return body | _days(test)
    if column.uidt in _NUMBERS and test.operator in _ORDERED and isinstance(test.operand, Decimal):
        number = test.operand * 100 if column.uidt == "Percent" and not column.flag("is_progress") else test.operand
        return body | {"comparison_op": _ORDERED[test.operator], "value": f"{number:f}"}
    if column.uidt in _TEXTS and test.operator in {Operator.EQUALS, Operator.DIFFERS} and isinstance(test.operand, str):
        return body | {"comparison_op": _ORDERED[test.operator], "value": test.operand}
    raise CannotSayError(_words(test))


def _people(test: Test) -> Json:
    if test.operator not in _PEOPLE:
        raise CannotSayError(_words(test))
    wanted = _texts(test.operand)
    if not wanted:  # ``@me`` is taken, and then no row is shown to anybody. Source: tried
        raise CannotSayError(_words(test))
    return {"comparison_op": _PEOPLE[test.operator], "value": ",".join(wanted)}


def _choices(test: Test, choice_of: ChoiceOf) -> Json:
    texts = [choice_of(test.field, key) for key in _texts(test.operand)]
    if test.operator not in _CHOICES or not texts or any("," in text for text in texts):
        raise CannotSayError(_words(test))
    return {"comparison_op": _CHOICES[test.operator], "value": ",".join(texts)}


def _days(test: Test) -> Json:
    if test.operator not in _ORDERED:
        raise CannotSayError(_words(test))
    body: Json = {"comparison_op": _ORDERED[test.operator]}
    match test.operand:
        case Today(days=0):
            return body | {"comparison_sub_op": "today"}
        case Today(days=days):
            return body | {"comparison_sub_op": "daysAgo" if days < 0 else "daysFromNow", "value": str(abs(days))}
        case datetime():
            raise CannotSayError(_words(test))
        case date() as day:
            return body | {"comparison_sub_op": "exactDate", "value": day.isoformat()}
        case _:
            raise CannotSayError(_words(test))


def _texts(operand: Operand) -> list[str]:
    if isinstance(operand, str):
        return [operand]
    return [str(part) for part in operand] if isinstance(operand, tuple) else []


def _words(test: Test) -> str:
    return f"{test.field} {test.operator.value}"
