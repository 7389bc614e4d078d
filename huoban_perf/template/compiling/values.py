"""What is written into fields: from ``Assignments`` and texts to expressions."""

from __future__ import annotations

import string
from typing import Final

from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import FieldOf, ThisRow
from huoban_perf.core.schema import DATE_KINDS, MEMBER_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind, FieldSpec
from huoban_perf.core.schema.automations import Assignment, EachOf, Expression, Now, Phrase, Reason
from huoban_perf.template.compiling.rules import constant, simple_word
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.rule_model import Assignments

LATER: Final = (FieldOf, EachOf, ThisRow, Now, Reason, Phrase)
"""Expressions whose value is not known when a row is begun: no default may be one."""

_COMPUTED_NUMBERS: Final = NUMBER_KINDS | {FieldKind.FORMULA, FieldKind.ROLLUP}


def compile_assignments(
    scope: Scope, place: Place, values: Assignments, *, table: str, at_hand: str, each: str | None = None
) -> tuple[Assignment, ...]:
    """Return what is written into the fields of one table.

    Args:
        scope: What names lead to.
        place: Where the mapping stands.
        values: Field key → value as written.
        table: Table written to.
        at_hand: Table of ``$row``.
        each: Table of ``$each``, or None outside a loop.

    Returns:
        Assignments in order; one whose field or value leads nowhere is reported and left out.
    """
    found: list[Assignment] = []
    for key, given in values.items():
        spec = scope.field(place.at(key), table, key)
        if spec is not None:
            before = len(scope.problems)
            value = compile_value(scope, place.at(key), spec, given, at_hand=at_hand, each=each)
            if len(scope.problems) == before:
                found.append(Assignment(spec.address, value))
    return tuple(found)


def compile_value(
    scope: Scope,
    place: Place,
    spec: FieldSpec,
    given: str | tuple[str, ...] | None,
    *,
    at_hand: str,
    each: str | None = None,
) -> Expression:
    """Return one value; None after reporting one that leads nowhere."""
    if given is None:
        return None
    if isinstance(given, tuple):
        return tuple(str(constant(scope, place, spec, part)) for part in given)
    if given.startswith("$"):
        return _word(scope, place, spec, given, at_hand, each)
    if spec.kind in TEXT_KINDS and "{" in given:
        return compile_phrase(scope, place, Labels(given, given), at_hand=at_hand, each=each)
    value = constant(scope, place, spec, given)
    return (str(value),) if spec.kind is FieldKind.CHOICES else value


def compile_phrase(scope: Scope, place: Place, labels: Labels, *, at_hand: str, each: str | None = None) -> Phrase:
    """Return a text with the fields its placeholders name; both languages must hold the same."""
    names = [placeholders(text) for text in (labels.zh, labels.en)]
    if None in names or set(names[0] or ()) != set(names[1] or ()):
        scope.report(place, "template.placeholders", zh=tuple(names[0] or ("-",)), en=tuple(names[1] or ("-",)))
        return Phrase(labels)
    parts: dict[str, FieldOf | EachOf] = {}
    for name in dict.fromkeys(names[0] or ()):
        found = compile_path(scope, place, name, at_hand=at_hand, each=each)
        if found is not None:
            parts[name] = found
    return Phrase(labels, parts)


def placeholders(text: str) -> list[str] | None:
    """Return the names in braces, in order; None when the braces do not fit."""
    try:
        return [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return None


def compile_path(scope: Scope, place: Place, text: str, *, at_hand: str, each: str | None) -> FieldOf | EachOf | None:
    """Return a dotted path, from the row at hand or, as ``each.…``, from the row of the loop."""
    if text.startswith("each.") and each is not None:
        steps = scope.path(place, each, text.removeprefix("each."))
        return EachOf(tuple(step.address for step in steps)) if steps else None
    steps = scope.path(place, at_hand, text)
    return FieldOf(tuple(step.address for step in steps)) if steps else None


def _word(scope: Scope, place: Place, spec: FieldSpec, word: str, at_hand: str, each: str | None) -> Expression:
    kind = spec.kind
    if word.startswith(("$row.", "$each.")):
        return _copied(scope, place, spec, word.removeprefix("$").removeprefix("row."), at_hand, each)
    simple = simple_word(spec, word, at_hand)
    if simple is not None:
        return simple
    if word == "$now" and kind is FieldKind.DATETIME:
        return Now()
    if word == "$reason" and kind in TEXT_KINDS:
        return Reason()
    if word == "$each" and each is not None and spec.target is not None and spec.target.key == each:
        return EachOf(())
    scope.report(place, "template.unknown_symbol", word=word, field=spec.address.key, kind=kind.value)
    return None


def _copied(
    scope: Scope, place: Place, spec: FieldSpec, path: str, at_hand: str, each: str | None
) -> FieldOf | EachOf | None:
    found = compile_path(scope, place, path, at_hand=at_hand, each=each)
    if found is None:
        return None
    source = scope.field(place, found.path[-1].keys[0], found.path[-1].key)
    if source is not None and not _fits(source, spec):
        facts = {"field": spec.address.key, "kind": spec.kind.value, "source": path, "source_kind": source.kind.value}
        scope.report(place, "template.value_kind", **facts)
    return found


def _fits(source: FieldSpec, into: FieldSpec) -> bool:
    """Tell whether a value of one field can stand in another."""
    if into.kind in TEXT_KINDS:
        return True
    if into.kind is FieldKind.RELATION:
        return source.target == into.target and source.kind is FieldKind.RELATION
    if into.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        known = {option.address.key for option in into.options}
        return source.kind is into.kind and {option.address.key for option in source.options} <= known
    families = (MEMBER_KINDS, DATE_KINDS, _COMPUTED_NUMBERS)
    return source.kind is into.kind or any(source.kind in one and into.kind in one for one in families)
