"""Pairing: which object of the workspace each declared object is.

A recorded id decides. Without one, an unclaimed object with our platform alias is proposed, then one with our exact
label in either language; two candidates are a problem that lists both ids, never a guess. What nobody claims is
unmanaged: reported, never touched.

Source: design.md §5.2, §5.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Labels, Locale
from huoban_perf.core.schema import (
    DefinitionSpec,
    DesiredSchema,
    FieldKind,
    FieldSpec,
    ObservedDefinition,
    ObservedField,
    ObservedOption,
    ObservedTable,
    OptionSpec,
    TableSpec,
    definitions_of,
)
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.state import StateObject
from huoban_perf.deploy.world import Live, Spec, World, id_of

LiveT = TypeVar("LiveT", ObservedTable, ObservedField, ObservedOption, ObservedDefinition)
SpecT = TypeVar("SpecT", TableSpec, FieldSpec, OptionSpec, DefinitionSpec)


class Found(StrEnum):
    """How a declared object was found."""

    BOUND = "bound"
    ALIAS = "alias"
    NAME = "name"
    GONE = "gone"
    ABSENT = "absent"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A declared object and what stands for it.

    Attributes:
        spec: The object as wished.
        live: The object as seen, or None.
        record: What the state knows, or None.
        found: How ``live`` was found; GONE = recorded but no longer there, ABSENT = never there, UNSEEN = a
            person said that it stands and no read shows it.
        named: Names from the outside in, for people.
    """

    spec: Spec
    live: Live | None
    record: StateObject | None
    found: Found
    named: tuple[str, ...]

    @property
    def address(self) -> Address:
        """Address of the object."""
        return self.spec.address

    @property
    def is_bound(self) -> bool:
        """Whether the recorded id still stands."""
        return self.found is Found.BOUND

    @property
    def is_absent(self) -> bool:
        """Whether nothing stands for the object."""
        return self.live is None


@dataclass(slots=True, kw_only=True)
class Pairing:
    """Every declared object with what stands for it, in declared order: tables, each with its fields and options.

    Attributes:
        pairs: Address → pair.
        problems: Objects with two candidates.
        unmanaged: Objects nobody declared, as notes.
        unclaimed: The same objects, by what encloses them (None for tables).
    """

    pairs: dict[Address, Pair] = field(default_factory=dict)
    problems: list[Note] = field(default_factory=list)
    unmanaged: list[Note] = field(default_factory=list)
    unclaimed: dict[Address | None, list[Live]] = field(default_factory=dict)

    @property
    def unseen(self) -> int:
        """How many objects stand by a person's word, because no read shows them."""
        return sum(pair.found is Found.UNSEEN for pair in self.pairs.values())

    def ids(self) -> dict[Address, str]:
        """Return address → id of everything that stands, or is said to stand."""
        ids = {address: id_of(pair.live) for address, pair in self.pairs.items() if pair.live is not None}
        for address, pair in self.pairs.items():
            if pair.found is Found.UNSEEN and pair.record is not None:
                ids[address] = pair.record.remote_id
        return ids

    def address_by_table_id(self) -> dict[str, Address]:
        """Return table id → address, to read where a relation points."""
        return {
            id_of(pair.live): address
            for address, pair in self.pairs.items()
            if pair.live is not None and isinstance(pair.spec, TableSpec)
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """What encloses the objects that are being paired: nothing for tables."""

    address: Address | None = None
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairer:
    """Pairs the members of one enclosing object after the other."""

    records: Mapping[Address, StateObject]
    recorded_within: Mapping[Address | None, set[str]]
    locale: Locale
    into: Pairing

    def pair(
        self, specs: Sequence[SpecT], seen: Sequence[LiveT], *, within: _Place
    ) -> list[tuple[SpecT, LiveT | None]]:
        """Pair the specs of one enclosing object with the objects seen there, and keep the pairs."""
        by_id = {id_of(live): live for live in seen}
        chosen: dict[Address, tuple[LiveT, Found]] = {}
        for spec in specs:
            record = self.records.get(spec.address)
            if record is not None and record.remote_id in by_id:
                chosen[spec.address] = (by_id[record.remote_id], Found.BOUND)
        for how in (Found.ALIAS, Found.NAME):
            for spec in specs:
                if spec.address not in chosen:
                    taken = {id_of(live) for live, _ in chosen.values()}
                    free = [live for live in seen if id_of(live) not in taken]
                    self._propose(spec, free, how, chosen, within)
        paired: list[tuple[SpecT, LiveT | None]] = []
        for spec in specs:
            record = self.records.get(spec.address)
            absent = Found.ABSENT if record is None else Found.GONE
            live, found = chosen.get(spec.address, (None, absent))
            named = (*within.named, spec.labels.in_locale(self.locale))
            self.into.pairs[spec.address] = Pair(spec=spec, live=live, record=record, found=found, named=named)
            paired.append((spec, live))
        known = {id_of(live) for live, _ in chosen.values()} | self.recorded_within.get(within.address, set())
        self._report_unmanaged([live for live in seen if id_of(live) not in known], within)
        return paired

    def trust(self, specs: Sequence[DefinitionSpec], *, named: tuple[str, ...]) -> None:
        """Keep what no read shows: it stands when the state says so."""
        for spec in specs:
            record = self.records.get(spec.address)
            found = Found.ABSENT if record is None else Found.UNSEEN
            full = (*named, spec.labels.in_locale(self.locale))
            self.into.pairs[spec.address] = Pair(spec=spec, live=None, record=record, found=found, named=full)

    def _propose(
        self,
        spec: Spec,
        free: Sequence[LiveT],
        how: Found,
        chosen: dict[Address, tuple[LiveT, Found]],
        within: _Place,
    ) -> None:
        candidates = matching(spec, free, how)
        if len(candidates) == 1:
            chosen[spec.address] = (candidates[0], how)
        elif candidates and not any(note.address == spec.address for note in self.into.problems):
            facts: dict[str, FactValue] = {
                "name": " / ".join((*within.named, spec.labels.in_locale(self.locale))),
                "ids": tuple(sorted(id_of(live) for live in candidates)),
            }
            is_definition = isinstance(spec, DefinitionSpec)
            code = "plan.ambiguous_definition" if is_definition else f"plan.ambiguous_{spec.address.kind.value}"
            self.into.problems.append(Note(code=code, address=spec.address, facts=facts))

    def _report_unmanaged(self, seen: Iterable[Live], within: _Place) -> None:
        for live in seen:
            if isinstance(live, ObservedField) and live.mirrored:
                continue
            facts: dict[str, FactValue] = {"name": " / ".join((*within.named, live.name)), "id": id_of(live)}
            if isinstance(live, ObservedDefinition):
                more = {**facts, "kind": live.kind.value}
                self.into.unmanaged.append(Note(code="plan.unmanaged_definition", facts=more))
                continue
            kind = {ObservedTable: "table", ObservedField: "field", ObservedOption: "option"}[type(live)]
            self.into.unmanaged.append(Note(code=f"plan.unmanaged_{kind}", facts=facts))
            self.into.unclaimed.setdefault(within.address, []).append(live)


def pair_schema(
    desired: DesiredSchema, world: World, records: Mapping[Address, StateObject], *, locale: Locale
) -> Pairing:
    """Find what stands for each declared object.

    Args:
        desired: The wish.
        world: The workspace.
        records: What the state knows, moves already carried out.
        locale: Language of the names given to people.

    Returns:
        The pairing.
    """
    pairing = Pairing()
    recorded_within: dict[Address | None, set[str]] = {}
    for address, record in records.items():
        recorded_within.setdefault(address.parent, set()).add(record.remote_id)
    pairer = _Pairer(records=records, recorded_within=recorded_within, locale=locale, into=pairing)
    for table, seen in pairer.pair(desired.tables, world.tables, within=_Place()):
        inside = _Place(address=table.address, named=(table.labels.in_locale(locale),))
        fields = () if seen is None else sorted(seen.fields, key=id_of)
        for spec, found in pairer.pair(table.fields, fields, within=inside):
            named = (*inside.named, spec.labels.in_locale(locale))
            options = () if found is None else found.options
            pairer.pair(spec.options, options, within=_Place(address=spec.address, named=named))
    _pair_definitions(desired, world, pairer)
    return pairing


def _pair_definitions(desired: DesiredSchema, world: World, pairer: _Pairer) -> None:
    """Pair views, forms, permissions, pages and automations; what no read shows stands by a person's word alone."""
    by_place: dict[tuple[ObjectKind, Address | None], list[DefinitionSpec]] = {}
    for spec in definitions_of(desired):
        by_place.setdefault((spec.address.kind, spec.address.parent), []).append(spec)
    for (kind, table), specs in by_place.items():
        owner = None if table is None else pairer.into.pairs.get(table)
        named = () if owner is None else owner.named
        if not world.shows(kind):
            pairer.trust(specs, named=named)
            continue
        place_id = str(world.observed.workspace) if table is None else None
        if owner is not None and owner.live is not None:
            place_id = id_of(owner.live)
        seen = [] if place_id is None else world.definitions(kind, place_id)
        pairer.pair(specs, seen, within=_Place(address=table, named=named))


def matching(spec: Spec, seen: Iterable[LiveT], how: Found) -> list[LiveT]:
    """Return the objects that may be a declared one, by alias or by exact label.

    Args:
        spec: The declared object.
        seen: Unclaimed objects in the same place.
        how: ALIAS or NAME.

    Returns:
        The candidates, possibly none.
    """
    return [live for live in seen if _can_be(spec, live) and _matches(spec, live, how)]


def _matches(spec: Spec, live: Live, how: Found) -> bool:
    if how is Found.NAME:
        return live.name in _names(spec.labels)
    alias = None if isinstance(live, ObservedOption) else live.alias
    return alias is not None and alias in {spec.address.key, ".".join(spec.address.keys)}


def _can_be(spec: Spec, live: Live) -> bool:
    """A mirrored field shows a related table's field: it stands only for a field declared as attached."""
    if isinstance(spec, FieldSpec) and isinstance(live, ObservedField):
        return live.mirrored <= (spec.kind is FieldKind.ATTACHED)
    return True


def _names(labels: Labels) -> frozenset[str]:
    return frozenset({labels.zh, labels.en})
