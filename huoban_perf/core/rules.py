"""Rules: conditions on a row as a template states them, with words whose value is known only later.

``core.filters`` compares fields with constants and is what a platform gets. A view, a permission or an automation also
says *me*, *today in 3 days* or *the field beside it*; ``as_filter`` puts the values in, and from there one evaluation
serves everywhere. States written ``$open`` or ``$closed`` are already listed here: the compiler puts the set in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from huoban_perf.core.addresses import Address, ItemId, MemberId
from huoban_perf.core.conditions import All, AnyOf, Condition, Filter, Operator, matches
from huoban_perf.core.values import Value, Values


@dataclass(frozen=True, slots=True)
class Me:
    """The person who looks or acts."""


@dataclass(frozen=True, slots=True)
class Today:
    """The day of evaluation in China, moved by some days.

    Attributes:
        days: Added to today; negative is the past.
    """

    days: int = 0


@dataclass(frozen=True, slots=True)
class FieldOf:
    """The value of a field of the row at hand, or of a row it relates to.

    Attributes:
        path: Field addresses: the first in the row's own table, each next one in the table that the one before it
            relates to. In a rule the path has one step.
    """

    path: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class ThisRow:
    """The row at hand itself, as the value of a relation."""


Operand = Value | Me | Today | FieldOf | ThisRow
"""What a field is compared with."""


@dataclass(frozen=True, slots=True)
class Test:
    """One comparison.

    Attributes:
        field: The field's address.
        operator: How to compare, with the meaning of ``core.filters``; with ``Me`` and
            ``ThisRow`` EQUALS and ANY_OF both mean *among them*, DIFFERS and NONE_OF *not among them*.
        operand: A neutral value of the field's kind, or a word.
        is_choice: Whether the field holds one option: then ANY_OF and NONE_OF ask for the option itself, while on text
            they ask for a part (``met`` is no part of ``not_met`` among options).
    """

    __test__ = False  # not a test case, whatever its name says to a test runner

    field: Address
    operator: Operator
    operand: Operand
    is_choice: bool = dataclasses.field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class Every:
    """All parts must hold; empty holds always."""

    parts: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part must hold; empty never holds."""

    parts: tuple[Rule, ...]


Rule = Test | Every | Some

ALWAYS = Every(())
NEVER = Some(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the words of a rule stand for.

    Attributes:
        today: The day in China.
        me: Who looks or acts; None when nobody does (a schedule), and then nothing is *me*.
        row: Field key → value of the row at hand, for ``FieldOf``.
        item: Id of the row at hand, for ``ThisRow``; None before it is saved.
    """

    today: date
    me: MemberId | None = None
    row: Values = field(default_factory=dict)
    item: ItemId | None = None


def tests_of(rule: Rule) -> Iterator[Test]:
    """Yield every comparison of a rule, in order.

    Args:
        rule: The tree.

    Yields:
        Comparisons.
    """
    if isinstance(rule, Test):
        yield rule
    else:
        for part in rule.parts:
            yield from tests_of(part)


def for_person(rule: Rule, account: MemberId) -> Rule:
    """Put one person's account in place of *me*; other words stay.

    Args:
        rule: The tree.
        account: Whose.

    Returns:
        The same rule about that person.
    """
    match rule:
        case Test(operand=Me()):
            return dataclasses.replace(rule, operator=_AMONG[rule.operator], operand=(account,))
        case Test():
            return rule
        case Every(parts) | Some(parts):
            return type(rule)(tuple(for_person(part, account) for part in parts))


def as_filter(rule: Rule, *, moment: Moment) -> Filter:
    """Put values in place of the words.

    Args:
        rule: The tree.
        moment: What the words stand for.

    Returns:
        A filter of constants. A comparison with a word that has no value (nobody is *me*, the field beside it is empty)
        becomes one that holds exactly when nothing could equal the operand: DIFFERS and NONE_OF hold, others do not.
    """
    match rule:
        case Every(parts):
            return All(tuple(as_filter(part, moment=moment) for part in parts))
        case Some(parts):
            return AnyOf(tuple(as_filter(part, moment=moment) for part in parts))
        case Test(address, operator, tuple() as options, is_choice=True):
            return _one_of(address.key, operator, options)
        case Test(address, operator, operand):
            return _constant(address.key, operator, operand, moment)


def holds(rule: Rule, values: Values, *, moment: Moment) -> bool:
    """Tell whether a row satisfies a rule.

    Args:
        rule: The tree.
        values: Field key → value of the row tested.
        moment: What the words stand for; ``moment.row`` is the row at hand, often the same.

    Returns:
        Whether it does.
    """
    return matches(as_filter(rule, moment=moment), values)


_AMONG: Mapping[Operator, Operator] = {
    Operator.EQUALS: Operator.ANY_OF,
    Operator.ANY_OF: Operator.ANY_OF,
    Operator.DIFFERS: Operator.NONE_OF,
    Operator.NONE_OF: Operator.NONE_OF,
}
"""How a comparison with one person or row is meant: membership, never equality of the whole list."""


def _constant(key: str, operator: Operator, operand: Operand, moment: Moment) -> Filter:
    match operand:
        case Me() | ThisRow():
            one = moment.me if isinstance(operand, Me) else moment.item
            return _with_nothing(operator) if one is None else Condition(key, _AMONG[operator], (one,))
        case Today(days):
            return Condition(key, operator, moment.today + timedelta(days=days))
        case FieldOf(path):
            value = moment.row.get(path[-1].key) if len(path) == 1 else None
            return _with_nothing(operator) if value in (None, "", ()) else Condition(key, operator, value)
        case _:
            return Condition(key, operator, operand)


def _one_of(key: str, operator: Operator, options: tuple[str, ...]) -> Filter:
    """Return a comparison with whole options: conditions on text would take parts of their keys."""
    match operator:
        case Operator.ANY_OF:
            return AnyOf(tuple(Condition(key, Operator.EQUALS, option) for option in options))
        case Operator.NONE_OF:
            return All(tuple(Condition(key, Operator.DIFFERS, option) for option in options))
        case _:
            return Condition(key, operator, options)


def _with_nothing(operator: Operator) -> Filter:
    return All(()) if operator in {Operator.DIFFERS, Operator.NONE_OF} else AnyOf(())
