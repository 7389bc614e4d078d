"""Expressions: what a declared automation writes, worked out on the row at hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from huoban_perf.core.addresses import Address, MemberId
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import FieldOf, Me, Moment, ThisRow, Today
from huoban_perf.core.schema import FieldKind, FieldSpec
from huoban_perf.core.schema.automations import EachOf, Expression, Now, Phrase, Reason
from huoban_perf.core.values import CHINA, Value
from huoban_perf.sync.book import Row

_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
"""Names hold dots (``cycle.goal_due_on``), so ``str.format`` does not serve."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the words of an expression stand for.

    Attributes:
        row: The row at hand.
        now: The moment, aware.
        me: Who acts, or None.
        reason: What the person wrote with the action.
        each: The row of the loop, or None.
        dated: Whether rows that are made belong to the day; what a transition makes belongs to the row, so that doing
            it again after midnight makes nothing twice.
    """

    row: Row
    now: datetime
    me: MemberId | None = None
    reason: str | None = None
    each: Row | None = None
    dated: bool = True

    @property
    def today(self) -> date:
        """The day in China."""
        return self.now.astimezone(CHINA).date()

    @property
    def moment(self) -> Moment:
        """What the words of a rule stand for."""
        return Moment(today=self.today, me=self.me, item=self.row.item_id, row=self.row.values)


def evaluate(expression: Expression, scope: Scope) -> Value:
    """Work out an expression.

    Args:
        expression: As declared.
        scope: What its words stand for.

    Returns:
        A neutral value; None where a path leads nowhere. A phrase gives its Chinese text.
    """
    match expression:
        case Me():
            return (scope.me,) if scope.me is not None else None
        case Today(days):
            return scope.today + timedelta(days=days)
        case Now():
            return scope.now
        case Reason():
            return scope.reason
        case ThisRow():
            return (scope.row.item_id,)
        case FieldOf(path):
            return _along(scope.row, path)
        case EachOf(path):
            return _along(scope.each, path) if scope.each is not None else None
        case Phrase():
            return phrase(expression, scope).zh
        case _:
            return expression


def phrase(words: Phrase, scope: Scope) -> Labels:
    """Fill a phrase in both languages.

    Args:
        words: The text and its fields.
        scope: What the fields are taken from.

    Returns:
        Texts; an empty field is shown as 「-」, choices by their label, days as MM-DD.
    """
    facts = {name: shown(part, scope) for name, part in words.parts.items()}
    facts.setdefault("action_reason", scope.reason or "-")

    def said(found: re.Match[str]) -> str:
        return facts.get(found[1], "-")

    return Labels(_PLACEHOLDER.sub(said, words.labels.zh), _PLACEHOLDER.sub(said, words.labels.en))


def shown(part: FieldOf | EachOf, scope: Scope) -> str:
    """Return a field as people read it.

    Args:
        part: The field, or its path.
        scope: Where it is taken from.

    Returns:
        Its text; 「-」 for nothing.
    """
    start = scope.row if isinstance(part, FieldOf) else scope.each
    value = _along(start, part.path) if start is not None else None
    if value is None or value in {"", ()}:
        return "-"
    field = start.book.app.schema.field(part.path[-1]) if start is not None else None
    return _text(value, field, start)


def _text(value: Value, field: FieldSpec | None, row: Row | None) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case datetime():
            return f"{value.astimezone(CHINA):%m-%d %H:%M}"
        case date():
            return f"{value:%Y-%m-%d}"
        case Decimal():
            return format(value.normalize(), "f")
        case tuple():
            return _names(value, field, row)
        case _:
            options = field.options if field is not None else ()
            return next((option.labels.zh for option in options if option.address.key == value), str(value))


def _names(value: tuple[str, ...], field: FieldSpec | None, row: Row | None) -> str:
    if field is not None and field.kind is FieldKind.RELATION and field.target is not None and row is not None:
        table = row.book.app.schema.table(field.target.key)
        targets = [row.book.at(table.key, item) for item in value]
        return "、".join(str(target[table.title]) for target in targets if target is not None)
    if field is not None and field.kind is FieldKind.CHOICES:
        return "、".join(option.labels.zh for option in field.options if option.address.key in value)
    return "、".join(value)


def _along(row: Row | None, path: tuple[Address, ...]) -> Value:
    here = row
    for step in path[:-1]:
        here = here.related(step.key) if here is not None else None
    if here is None or path[-1].key not in here.rows.columns:
        return None
    return here[path[-1].key]
