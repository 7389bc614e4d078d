"""Comparing: one module a kind says what is stated and what is shown; ``three_way`` compares; this file dispatches.

A new kind of object is a new module here and a new arm in each ``match``; mypy points at every place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from huoban_perf.core.addresses import Address
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import (
    DefinitionSpec,
    FieldSpec,
    ObservedDefinition,
    ObservedField,
    ObservedOption,
    ObservedTable,
    OptionSpec,
    TableSpec,
)
from huoban_perf.deploy.artifact import Attributes, Note
from huoban_perf.deploy.compare import definitions, fields, options, tables
from huoban_perf.deploy.compare.three_way import Comparison, after_applying, compare_attributes
from huoban_perf.deploy.pairing import Found, Pair
from huoban_perf.deploy.world import Live, Spec, id_of

__all__ = [
    "Comparison",
    "after_applying",
    "compare_attributes",
    "compare_pair",
    "faults_of",
    "seen_digest",
    "shown",
    "wished",
]


def wished(spec: Spec, *, locale: Locale) -> Attributes:
    """Return the managed attributes of a declared object: those the template states.

    Args:
        spec: The object as wished.
        locale: Language in which names are deployed.

    Returns:
        Attribute → value.
    """
    match spec:
        case TableSpec():
            return tables.wished(spec, locale=locale)
        case FieldSpec():
            return fields.wished(spec, locale=locale)
        case OptionSpec():
            return options.wished(spec, locale=locale)
        case DefinitionSpec():
            return definitions.wished(spec, locale=locale)
        case _:  # pragma: no cover
            assert_never(spec)


def shown(live: Live, *, address_by_table_id: Mapping[str, Address]) -> Attributes:
    """Return what a read proves of an object.

    Args:
        live: The object as seen.
        address_by_table_id: Which of our tables an id stands for.

    Returns:
        Attribute → value.
    """
    match live:
        case ObservedTable():
            return tables.shown(live)
        case ObservedField():
            return fields.shown(live, address_by_table_id=address_by_table_id)
        case ObservedOption():
            return options.shown(live)
        case ObservedDefinition():
            return definitions.shown(live)
        case _:  # pragma: no cover
            assert_never(live)


def compare_pair(pair: Pair, *, locale: Locale, address_by_table_id: Mapping[str, Address]) -> Comparison:
    """Compare a declared object with what stands for it.

    Args:
        pair: The two; an absent object compares as nothing.
        locale: Language in which names are deployed.
        address_by_table_id: Which of our tables an id stands for.

    Returns:
        The verdicts. What was never applied by us, or stands under another id than recorded, is compared two ways.
    """
    if pair.live is None and pair.found is not Found.UNSEEN:
        return Comparison()
    wish = wished(pair.spec, locale=locale)
    if pair.live is None:
        return compare_attributes(wish=wish, applied={} if pair.record is None else pair.record.applied, shown={})
    applied = pair.record.applied if pair.record is not None and pair.is_bound else {}
    seen = shown(pair.live, address_by_table_id=address_by_table_id)
    result = compare_attributes(wish=wish, applied=applied, shown=seen)
    return Comparison(
        changes=tuple(change for change in result.changes if change.attribute not in fields.FIXED),
        converged=result.converged,
        unproven=tuple(name for name in result.unproven if fields.matters(name, wish[name])),
    )


def faults_of(pair: Pair, *, ids: Mapping[Address, str], table_names: Mapping[str, str], locale: Locale) -> list[Note]:
    """Return why an object that stands cannot become what is wished.

    Args:
        pair: A declared object and what stands for it.
        ids: Ids of everything that stands.
        table_names: Table id → name, of the whole workspace.
        locale: Language of names in the facts.

    Returns:
        Problems of a field's kind and target; none for tables and options.
    """
    field, live = pair.spec, pair.live
    if not (isinstance(field, FieldSpec) and isinstance(live, ObservedField)):
        return []
    applied = pair.record.applied if pair.record is not None and pair.is_bound else {}
    kind_fault = fields.kind_fault(field, live, applied=applied, named=pair.named, locale=locale)
    found = [] if kind_fault is None else [kind_fault]
    target_id = None if field.target is None else ids.get(field.target)
    if field.target is not None and fields.points_elsewhere(field, live, target_id=target_id):
        facts: dict[str, FactValue] = {
            "table": pair.named[0],
            "field": pair.named[1],
            "expected": table_names.get(target_id or "", field.target.key),
            "found": table_names.get(live.target_id or "", live.target_id or ""),
        }
        found.append(Note(code="plan.target_differs", address=field.address, facts=facts))
    return found


def seen_digest(live: Live) -> str:
    """Return the digest of what a read proves of one object, to notice that it moved.

    Args:
        live: The object as seen.

    Returns:
        The digest, over its id and attributes; members of a table or a field do not enter.
    """
    return digest([id_of(live), shown(live, address_by_table_id={})])
