"""What is compared of a field, and the two attributes that never change in place: its kind and a relation's target.

A read often proves only a base type (a platform text may be any text kind): a wished kind among the possible ones is
accepted and reported as 「看不出, 请人工核对」; one that is not among them is a problem with both names.

Source: design.md §5.3; field-kinds.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import FieldKind, FieldSpec, ObservedField
from huoban_perf.deploy.artifact import Attributes, Note
from huoban_perf.deploy.words import kind_name

FIXED = frozenset({"kind", "target"})
"""Attributes that are refused instead of changed."""

_POINTING = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})


def wished(field: FieldSpec, *, locale: Locale) -> Attributes:
    """Return the attributes a template states of a field.

    Args:
        field: The field as wished.
        locale: Language in which names are deployed.

    Returns:
        Name, kind, required and unique; target and many of a relation; help and decimals when stated.
    """
    attributes: Attributes = {
        "name": field.labels.in_locale(locale),
        "kind": field.kind.value,
        "required": field.required,
        "unique": field.unique,
    }
    if field.kind in _POINTING and field.target is not None:
        attributes["target"] = str(field.target)
    if field.kind is FieldKind.RELATION:
        attributes["many"] = field.many
    if field.help is not None:
        attributes["help"] = field.help.in_locale(locale)
    if field.decimals is not None:
        attributes["decimals"] = field.decimals
    return attributes


def shown(field: ObservedField, *, address_by_table_id: Mapping[str, Address]) -> Attributes:
    """Return the attributes a read proves of a field.

    Args:
        field: The field as seen.
        address_by_table_id: Which of our tables an id stands for.

    Returns:
        The name and whatever else is shown; ``kind`` only when a single kind is possible.
    """
    attributes: Attributes = {"name": field.name}
    if len(field.kinds) == 1:
        attributes["kind"] = next(iter(field.kinds)).value
    seen: dict[str, AttributeValue] = {"required": field.required, "unique": field.unique, "many": field.many}
    attributes |= {name: value for name, value in seen.items() if value is not None}
    if field.target_id is not None:
        target = address_by_table_id.get(field.target_id)
        attributes["target"] = f"id:{field.target_id}" if target is None else str(target)
    return attributes


def kind_fault(
    field: FieldSpec,
    live: ObservedField,
    *,
    applied: Mapping[str, AttributeValue],
    named: tuple[str, ...],
    locale: Locale,
) -> Note | None:
    """Return why a field cannot hold what the template wants without being made anew.

    Args:
        field: The field as wished.
        live: The field as seen.
        applied: Attributes last applied; empty for a field never ours.
        named: Names of table and field.
        locale: Language of the names in the facts.

    Returns:
        A problem when the platform shows another kind, or when the template changed the kind and no read proves that
        somebody made the field anew; else None.
    """
    expected = kind_name(field.kind, locale)
    if live.kinds and field.kind not in live.kinds:
        code, found = "plan.kind_differs", tuple(sorted(kind_name(kind, locale) for kind in live.kinds))
    elif applied.get("kind", field.kind.value) != field.kind.value and live.kinds != {field.kind}:
        code, found = "plan.kind_changed", (kind_name(FieldKind(str(applied["kind"])), locale),)
    else:
        return None
    facts: dict[str, FactValue] = {"table": named[0], "field": named[1], "expected": expected, "found": found}
    return Note(code=code, address=field.address, facts=facts)


def points_elsewhere(field: FieldSpec, live: ObservedField, *, target_id: str | None) -> bool:
    """Return whether a relation visibly points to another table than wished.

    Args:
        field: The field as wished.
        live: The field as seen.
        target_id: Id of the wished table, or None when it does not stand yet.

    Returns:
        False for other kinds, and when the platform does not show the target.
    """
    return field.kind in _POINTING and live.target_id is not None and live.target_id != target_id


def matters(attribute: str, wanted: AttributeValue) -> bool:
    """Return whether an attribute that a read cannot prove is worth a person's look.

    Args:
        attribute: Its name.
        wanted: The wished value.

    Returns:
        False for what a platform has anyway unless told otherwise.
    """
    return not (attribute in {"required", "unique", "many"} and wanted is False)
