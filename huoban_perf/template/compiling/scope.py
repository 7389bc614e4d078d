"""What names can lead to, and where a name stands that leads nowhere."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.schema import FieldKind, FieldSpec, TableSpec
from huoban_perf.core.schema.machines import REASON_FIELD, RESULT_FIELD
from huoban_perf.template.faults import nearest
from huoban_perf.template.load import Source


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a file."""

    source: Source[Any]
    path: tuple[str | int, ...] = ()

    def at(self, *steps: str | int) -> Place:
        """Return the place further in."""
        return Place(self.source, (*self.path, *steps))

    def problem(self, code: str, **facts: FactValue) -> Problem:
        """Return a problem here."""
        return self.source.problem(code, *self.path, **facts)


@dataclass(slots=True, kw_only=True)
class Scope:
    """Everything that can be named.

    Attributes:
        tables: Tables by key, generated fields included once they are known.
        broken: Keys of tables whose file has mistakes: what is missing there is not reported again.
        switched_off: Table key → fields that its file states for features the app does not have.
        features: Features of the app.
        included: Names of files that come from a part or another template.
        open_states: Table key → open states of its machine.
        closed_states: Table key → closed states.
        roles: Keys of roles.
        groups: Keys of permission groups.
        jobs: Names of jobs.
        objects: Views, forms and automations that can be named.
        criteria: Keys of the rating criteria.
        places: Where objects stand, by printed address; ``transition:goal.confirm`` and ``machine:goal`` likewise.
        problems: What leads nowhere, in the order of finding.
    """

    tables: dict[str, TableSpec]
    broken: frozenset[str] = frozenset()
    switched_off: Mapping[str, frozenset[str]] = field(default_factory=dict)
    features: frozenset[str] = frozenset()
    included: frozenset[str] = frozenset()
    open_states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    closed_states: dict[str, tuple[str, ...]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    jobs: frozenset[str] = frozenset()
    objects: frozenset[Address] = frozenset()
    criteria: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def has(self, feature: str | None) -> bool:
        """Tell whether what carries a feature is present."""
        return feature is None or feature in self.features

    def leaves_out(self, place: Place, table: str) -> bool:
        """Tell whether an included file speaks of a table that the app does not have."""
        return place.source.shown in self.included and table not in self.tables and table not in self.broken

    def stands(self, name: object, place: Place) -> None:
        """Remember where an object stands."""
        self.places.setdefault(str(name), place)

    def report(self, place: Place, code: str, **facts: FactValue) -> None:
        """Note a problem."""
        self.problems.append(place.problem(code, **facts))

    def table(self, place: Place, key: str) -> TableSpec | None:
        """Return a table, or note that there is none."""
        if key not in self.tables and key not in self.broken:
            self.report(place, "template.no_such_table", table=key, near=nearest(key, list(self.tables)))
        return self.tables.get(key)

    def field(self, place: Place, table: str, key: str, *, optional: bool = False) -> FieldSpec | None:
        """Return a field, or note that there is none.

        Args:
            place: Where it is named.
            table: Key of its table.
            key: Its key.
            optional: Whether a field that a feature switched off, or an included file's action field, is passed over
                silently.

        Returns:
            The field; None when it is not there or its file is broken.
        """
        spec = self.tables.get(table)
        fields = {one.address.key: one for one in spec.fields} if spec is not None else {}
        if key in fields:
            return fields[key]
        off = key in self.switched_off.get(table, frozenset()) or self.lacks_action(place, key)
        if spec is not None and table not in self.broken and not (optional and off):
            self.report(place, "template.unknown_field", field=key, table=table, near=nearest(key, list(fields)))
        return None

    def lacks_action(self, place: Place, key: str) -> bool:
        """Tell whether an included file names an action field, which another app may have no use for."""
        generated = key.endswith("_action") or key in {REASON_FIELD, RESULT_FIELD}
        return generated and place.source.shown in self.included

    def fields(self, place: Place, table: str, keys: Collection[str]) -> tuple[FieldSpec, ...]:
        """Return fields of a list, ``$criteria`` written out, those left out that a feature switched off."""
        found: list[FieldSpec] = []
        for index, key in enumerate(keys):
            if key == "$criteria":
                fields = self.tables[table].fields if table in self.tables else ()
                found += [one for one in fields if one.parameter == "criteria"]
                continue
            spec = self.field(place.at(index), table, key, optional=True)
            if spec is not None:
                found.append(spec)
        return tuple(found)

    def field_of_kind(self, place: Place, table: str, key: str | None, kinds: Collection[FieldKind]) -> Address | None:
        """Return the address of a field that must be of certain kinds; None for no key."""
        if key is None:
            return None
        spec = self.field(place, table, key)
        if spec is not None and spec.kind not in kinds:
            expected = tuple(sorted(kind.value for kind in kinds))
            self.report(place, "template.field_kind", field=key, kind=spec.kind.value, expected=expected)
        return spec.address if spec is not None else None

    def path(self, place: Place, table: str, text: str) -> tuple[FieldSpec, ...]:
        """Follow a dotted path of field keys through relations.

        Args:
            place: Where it is written.
            table: Key of the table it starts in.
            text: ``appraisal.employee.name``.

        Returns:
            The fields in order; empty when a step leads nowhere.
        """
        found: list[FieldSpec] = []
        here = table
        steps = text.split(".")
        for index, step in enumerate(steps):
            spec = self.field(place, here, step)
            if spec is None:
                return ()
            found.append(spec)
            if index + 1 < len(steps):
                if spec.target is None or spec.kind not in {FieldKind.RELATION, FieldKind.SUB_TABLE}:
                    self.report(place, "template.not_a_relation", field=step, path=text, kind=spec.kind.value)
                    return ()
                here = spec.target.key
        return tuple(found)

    def child_relation(self, place: Place, name: str, parent: str) -> Address | None:
        """Return the relation field ``table.key`` of another table that points to a table, or note what is wrong."""
        child, key = name.split(".")
        if self.leaves_out(place, child) or self.table(place, child) is None:
            return None
        spec = self.field(place, child, key)
        if spec is not None and (spec.target is None or spec.target.key != parent):
            self.report(place, "template.not_related", field=name, table=parent)
        return spec.address if spec is not None else None

    def role(self, place: Place, key: str) -> None:
        """Note a role that does not exist."""
        self._known(place, "role", key, self.roles)

    def group(self, place: Place, key: str) -> None:
        """Note a permission group that does not exist."""
        self._known(place, "group", key, self.groups)

    def job(self, place: Place, key: str) -> None:
        """Note a job that does not exist."""
        self._known(place, "job", key, self.jobs)

    def named(self, place: Place, kind: ObjectKind, text: str) -> Address:
        """Return the address of ``table.key``, and note when there is no such view, form or automation."""
        address = Address(kind, tuple(text.split(".")))
        if address not in self.objects:
            known = [".".join(one.keys) for one in self.objects if one.kind is kind]
            self.report(place, "template.no_such_object", kind=kind.value, name=text, near=nearest(text, known))
        return address

    def _known(self, place: Place, kind: str, key: str, known: Collection[str]) -> None:
        if key not in known:
            near, all_of_them = nearest(key, list(known)), tuple(sorted(known))
            self.report(place, "template.no_such_name", kind=kind, name=key, near=near, known=all_of_them)
