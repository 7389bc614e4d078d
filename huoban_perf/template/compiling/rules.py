"""Conditions: from ``RuleText`` to ``core.rules``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from huoban_perf.core.filters import Operator, operators_of
from huoban_perf.core.rules import ALWAYS, Every, FieldOf, Me, Operand, Rule, Some, Test, ThisRow, Today
from huoban_perf.core.schema import CHOICE_KINDS, DATE_KINDS, MEMBER_KINDS, NUMBER_KINDS, FieldKind, FieldSpec
from huoban_perf.core.values import Value
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.faults import nearest
from huoban_perf.template.rule_model import Rules, RuleText

_OPERATORS: Final[Mapping[str, Operator]] = {
    "is_": Operator.EQUALS,
    "is_not": Operator.DIFFERS,
    "in_": Operator.ANY_OF,
    "not_in": Operator.NONE_OF,
    "above": Operator.GREATER,
    "at_least": Operator.AT_LEAST,
    "below": Operator.LESS,
    "at_most": Operator.AT_MOST,
    "empty": Operator.EMPTY,
}
_TODAY: Final = re.compile(r"\$today(?:([+-])(\d{1,3}))?")
_SET_OF: Final = {Operator.EQUALS: Operator.ANY_OF, Operator.DIFFERS: Operator.NONE_OF}


class _NoValueError(Exception):
    """What is written does not fit; already reported."""


def compile_rules(scope: Scope, place: Place, rules: Rules, *, table: str, at_hand: str | None = None) -> Rule:
    """Return a list of conditions as one rule.

    Args:
        scope: What names lead to.
        place: Where the list stands.
        rules: The list; all must hold.
        table: Table whose rows are tested.
        at_hand: Table of ``$row``; None: the same.

    Returns:
        The rule; a condition that does not fit is reported and holds always.
    """
    parts = [_one(scope, place.at(index), rule, table, at_hand or table) for index, rule in enumerate(rules)]
    if not parts:
        return ALWAYS
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _one(scope: Scope, place: Place, rule: RuleText, table: str, at_hand: str) -> Rule:
    given = [name for name in _OPERATORS if name in rule.model_fields_set]
    parts = [name for name in ("all_", "any_") if getattr(rule, name)]
    whole = len(given) == 1 and rule.field is not None and not parts
    if not whole and not (len(parts) == 1 and not given and rule.field is None):
        shown = tuple(name.removesuffix("_") for name in (*(("field",) if rule.field else ()), *given, *parts))
        scope.report(place, "template.rule_shape", given=shown or ("-",))
        return ALWAYS
    if parts:
        name = parts[0]
        inner = place.at(name.removesuffix("_"))
        below = tuple(_one(scope, inner.at(row), one, table, at_hand) for row, one in enumerate(getattr(rule, name)))
        return Every(below) if name == "all_" else Some(below)
    spec = scope.field(place.at("field"), table, rule.field or "")
    if spec is None:
        return ALWAYS
    try:
        return _test(scope, place.at(given[0].removesuffix("_")), spec, given[0], rule, at_hand)
    except _NoValueError:
        return ALWAYS


def _test(scope: Scope, place: Place, spec: FieldSpec, name: str, rule: RuleText, at_hand: str) -> Test:
    operator, given = _OPERATORS[name], getattr(rule, name)
    if operator not in operators_of(spec.kind) and spec.kind is not FieldKind.ROLLUP:
        scope.report(
            place, "template.rule_operator", word=name.removesuffix("_"), field=spec.address.key, kind=spec.kind.value
        )
        raise _NoValueError
    if operator is Operator.EMPTY:
        return Test(spec.address, operator, given)
    states = _states(scope, spec, given)
    if states is not None:
        return Test(spec.address, _SET_OF.get(operator, operator), states, is_choice=spec.kind is FieldKind.CHOICE)
    if isinstance(given, str) and given.startswith("$"):
        return Test(spec.address, operator, _word(scope, place, spec, given, at_hand))
    wanted = _constant(scope, place, spec, operator, given)
    return Test(spec.address, operator, wanted, is_choice=spec.kind is FieldKind.CHOICE)


def _states(scope: Scope, spec: FieldSpec, given: str | tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Replace ``$open`` and ``$closed`` by the states they stand for; None when neither is written."""
    table = spec.address.keys[0]
    sets = {"$open": scope.open_states.get(table), "$closed": scope.closed_states.get(table)}
    words = (given,) if isinstance(given, str) else given or ()
    if not any(sets.get(word) is not None for word in words):
        return None
    known = {option.address.key for option in spec.options}
    listed = [state for word in words for state in (sets.get(word) or (word,))]
    return tuple(state for state in dict.fromkeys(listed) if state in known)


def _word(scope: Scope, place: Place, spec: FieldSpec, word: str, at_hand: str) -> Operand:
    simple = simple_word(spec, word, at_hand)
    if simple is not None:
        return simple
    if word.startswith("$row.") and "." not in word.removeprefix("$row."):
        beside = scope.field(place, at_hand, word.removeprefix("$row."))
        if beside is None:
            raise _NoValueError
        return FieldOf((beside.address,))
    scope.report(place, "template.unknown_symbol", word=word, field=spec.address.key, kind=spec.kind.value)
    raise _NoValueError


def simple_word(spec: FieldSpec, word: str, at_hand: str) -> Me | Today | ThisRow | None:
    """Return what ``$me``, ``$today…`` or ``$row`` stands for where the field can hold it, else None."""
    today = _TODAY.fullmatch(word)
    if word == "$me" and spec.kind in MEMBER_KINDS:
        return Me()
    if today is not None and spec.kind in DATE_KINDS:
        return Today(int(f"{today[1] or ''}{today[2] or 0}"))
    if word == "$row" and spec.target is not None and spec.target.key == at_hand:
        return ThisRow()
    return None


def _constant(
    scope: Scope, place: Place, spec: FieldSpec, operator: Operator, given: str | tuple[str, ...] | None
) -> Value:
    several = operator in {Operator.ANY_OF, Operator.NONE_OF}
    if several:
        parts = (given,) if isinstance(given, str) else given or ()
        return tuple(str(constant(scope, place, spec, part)) for part in parts)
    value = constant(scope, place, spec, given if isinstance(given, str) else "")
    return (str(value),) if spec.kind is FieldKind.CHOICES else value


def constant(scope: Scope, place: Place, spec: FieldSpec, given: str) -> Value:
    """Return a constant as a neutral value of a field.

    Args:
        scope: What names lead to.
        place: Where it is written.
        spec: The field.
        given: The text written.

    Returns:
        The value; None after reporting one that does not fit.
    """
    kind = spec.kind
    if kind in CHOICE_KINDS:
        keys = [option.address.key for option in spec.options]
        if given not in keys and spec.address.keys[0] not in scope.broken:
            facts = {"field": spec.address.key, "option": given, "near": nearest(given, keys)}
            scope.report(place, "template.no_such_option", **facts, known=tuple(keys))
        return given
    try:
        if kind in NUMBER_KINDS or kind in {FieldKind.ROLLUP, FieldKind.AUTO_NUMBER}:
            return Decimal(given)
        if kind in DATE_KINDS:
            return date.fromisoformat(given)
    except (InvalidOperation, ValueError):
        scope.report(place, "template.constant_kind", field=spec.address.key, value=given, kind=kind.value)
        return None
    if kind is FieldKind.SWITCH and given in {"true", "false"}:
        return given == "true"
    if kind is FieldKind.SWITCH or kind in MEMBER_KINDS or spec.target is not None:
        scope.report(place, "template.constant_kind", field=spec.address.key, value=given, kind=kind.value)
        return None
    return given
