"""What changed between two templates, address by address, and what each change means for a workspace in use.

Compares wishes, not workspaces: ``plan`` says what a deployment would do to one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Final

from huoban_perf.core.changes import Action
from huoban_perf.core.digest import canonical_json
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS
from huoban_perf.core.schema import DesiredSchema, FieldSpec, OptionSpec, PermissionSpec, TableSpec
from huoban_perf.template.compile import compile_schema
from huoban_perf.template.load import AppTemplate
from huoban_perf.template.plain import plain


class DiffRisk(StrEnum):
    """What a change may cost a workspace in use, worst first."""

    IMPOSSIBLE = "impossible"
    """A kind never changes in place: a new key, a copy, and then the old one goes."""
    LOSES_DATA = "loses_data"
    """A table or field goes: its data goes with it, or is forgotten."""
    ORPHANS = "orphans"
    """An option goes that rows may hold: they would point to nothing."""
    WIDENS = "widens"
    """Somebody may see or do more than before."""
    CHECK = "check"
    """What is there may not fit: newly required, unique, bounded, another filter or effect."""
    SAFE = "safe"
    """New things, names, texts, order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference.

    Attributes:
        address: Printed address; ``machine:goal``, ``transition:goal.confirm`` and ``group:hr`` likewise.
        action: CREATE, UPDATE or DELETE; a renamed key is an UPDATE of ``key``.
        attribute: What changed; empty for CREATE and DELETE.
        before: Old value as text, or None.
        after: New value as text, or None.
        risk: What it may cost.
        name: What people call the object, both languages.
        parameter: List of the company's parameters that an option comes from, or None.
    """

    address: str
    action: Action
    attribute: str = ""
    before: str | None = None
    after: str | None = None
    risk: DiffRisk
    name: Labels
    parameter: str | None = None


_RISKS: Final = {
    "kind": DiffRisk.IMPOSSIBLE,
    "target": DiffRisk.IMPOSSIBLE,
    "labels": DiffRisk.SAFE,
    "help": DiffRisk.SAFE,
    "color": DiffRisk.SAFE,
    "group": DiffRisk.SAFE,
    "default": DiffRisk.SAFE,
    "must_not_see": DiffRisk.SAFE,
    "order": DiffRisk.SAFE,
    "intro": DiffRisk.SAFE,
    "thanks": DiffRisk.SAFE,
}
"""Attribute → risk of its change; any other is to be checked."""

_INNER: Final = frozenset({"address", "fields", "options", "table", "transitions", "grants"})
"""Attributes that are objects of their own, identity, or follow from others."""


def diff_templates(old: AppTemplate, new: AppTemplate) -> tuple[Difference, ...]:
    """Compare two templates.

    Args:
        old: The one in use.
        new: The one to come; its ``moved`` names renamed keys.

    Returns:
        Differences, worst risk first, then by address; empty when both mean the same.
    """
    moved = {move.from_: move.to for move in new.app.model.moved}
    return diff_schemas(compile_schema(old), compile_schema(new), moved=moved)


def diff_schemas(old: DesiredSchema, new: DesiredSchema, *, moved: Mapping[str, str]) -> tuple[Difference, ...]:
    """Compare two wishes.

    Args:
        old: The one in use.
        new: The one to come.
        moved: Printed old address → printed new address.

    Returns:
        As ``diff_templates``.
    """
    before, after = dict(_objects(old)), dict(_objects(new))
    renames = dict(_renames(before, after, moved))
    found = [
        _changed(becomes, _label(after[becomes]), ("key", was, becomes), DiffRisk.SAFE)
        for was, becomes in renames.items()
    ]
    before = {renames.get(address, address): thing for address, thing in before.items()}
    found += [_gone(address, before[address], _holder(old, address)) for address in before.keys() - after.keys()]
    for address in after.keys() - before.keys():
        thing = after[address]
        opens_old = (
            isinstance(thing, PermissionSpec) and str(thing.address.table) in before
        )  # a new table holds nothing
        risk = DiffRisk.WIDENS if opens_old else DiffRisk.SAFE
        found.append(Difference(address=address, action=Action.CREATE, risk=risk, name=_label(after[address])))
    shared = before.keys() & after.keys()
    for address in shared:
        found += _differences(address, _Pair(before[address], after[address], renames), shared)
    ranks = list(DiffRisk)
    return tuple(sorted(found, key=lambda one: (ranks.index(one.risk), one.address, one.attribute)))


def _renames(
    before: Mapping[str, object], after: Mapping[str, object], moved: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield old and new address of everything that a moved key takes along."""
    for was, becomes in moved.items():
        for address in before:
            renamed = _renamed(address, was, becomes)
            if renamed != address and renamed in after and renamed not in before:
                yield address, renamed


def _objects(schema: DesiredSchema) -> Iterator[tuple[str, object]]:
    for table in schema.tables:
        yield str(table.address), table
        for field in table.fields:
            yield str(field.address), field
            yield from ((str(option.address), option) for option in field.options)
    yield from ((str(one.address), one) for one in schema.views)
    yield from ((str(one.address), one) for one in schema.forms)
    yield from ((str(one.address), one) for one in schema.roles)
    yield from ((str(one.address), one) for one in schema.permissions)
    yield from ((str(one.address), one) for one in schema.pages)
    yield from ((str(one.address), one) for one in schema.automations)
    yield from ((f"group:{one.key}", one) for one in schema.groups)
    for machine in schema.machines:
        yield f"machine:{machine.table.key}", machine
        yield from ((f"transition:{machine.table.key}.{one.key}", one) for one in machine.transitions)


def _renamed(address: str, was: str, becomes: str) -> str:
    """Return an address after a move of itself or of what encloses it: its table, its field."""
    kind, _, keys = address.partition(":")
    old, new = was.partition(":")[2], becomes.partition(":")[2]
    if address == was:
        return becomes
    if keys.startswith(f"{old}.") and (was.startswith("table:") or kind == "option"):
        return f"{kind}:{new}{keys.removeprefix(old)}"
    if keys == old and was.startswith("table:"):
        return f"{kind}:{new}"
    return address


def _label(thing: object) -> Labels:
    labels = getattr(thing, "labels", None)
    if isinstance(labels, Labels):
        return labels
    if isinstance(thing, PermissionSpec):
        return Labels(thing.address.key, thing.address.key)
    return Labels("状态机", "state machine")


def _holder(schema: DesiredSchema, address: str) -> FieldSpec | None:
    """Return the field of an option."""
    kind, _, keys = address.partition(":")
    if kind != "option":
        return None
    table, field, _ = keys.split(".")
    return schema.table(table).field(field)


def _gone(address: str, thing: object, holder: FieldSpec | None) -> Difference:
    risk = DiffRisk.CHECK
    if isinstance(thing, TableSpec | FieldSpec):
        risk = DiffRisk.LOSES_DATA
    elif isinstance(thing, OptionSpec):
        risk = DiffRisk.ORPHANS
    elif isinstance(thing, PermissionSpec):
        risk = DiffRisk.SAFE
    parameter = holder.parameter if holder is not None else None
    return Difference(address=address, action=Action.DELETE, risk=risk, name=_label(thing), parameter=parameter)


def _changed(address: str, name: Labels, change: tuple[str, str | None, str | None], risk: DiffRisk) -> Difference:
    attribute, before, after = change
    return Difference(
        address=address, action=Action.UPDATE, attribute=attribute, before=before, after=after, risk=risk, name=name
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """An object before and after; what its old form says of renamed objects is read under their new names."""

    before: object
    after: object
    renames: Mapping[str, str]

    def values(self, name: str) -> tuple[Any, Any]:
        """Return an attribute before and after, as plain values."""
        return self._read(plain(getattr(self.before, name))), plain(getattr(self.after, name))

    def _read(self, value: Any) -> Any:
        match value:
            case str():
                return self.renames.get(value, value)
            case list():
                return [self._read(part) for part in value]
            case dict():
                return {key: self._read(part) for key, part in value.items()}
            case _:
                return value


def _differences(address: str, pair: _Pair, shared: Collection[str]) -> Iterator[Difference]:
    if isinstance(pair.after, PermissionSpec):
        yield from _rights(address, pair, shared)
        return
    assert is_dataclass(pair.after)  # every object of a schema is one
    name = _label(pair.after)
    for one in fields(pair.after):
        if one.name in _INNER and not (one.name == "fields" and not isinstance(pair.after, TableSpec)):
            continue
        was, becomes = pair.values(one.name)
        if was != becomes:
            yield _changed(address, name, (one.name, _text(was), _text(becomes)), _RISKS.get(one.name, DiffRisk.CHECK))
    if isinstance(pair.after, FieldSpec):
        old, new = ([one["address"] for one in options] for options in pair.values("options"))
        kept = [[one.rpartition(".")[2] for one in side if one in old and one in new] for side in (old, new)]
        if kept[0] != kept[1]:
            yield _changed(address, name, ("order", ", ".join(kept[0]), ", ".join(kept[1])), DiffRisk.SAFE)


def _rights(address: str, pair: _Pair, shared: Collection[str]) -> Iterator[Difference]:
    """Compare what a group may do; fields that are new or gone say nothing about rights."""
    name = _label(pair.after)
    rows, new_rows = pair.values("rows")
    if rows != new_rows:
        risk = DiffRisk.SAFE if rows == plain(ALWAYS) else DiffRisk.WIDENS
        yield _changed(address, name, ("rows", _text(rows), _text(new_rows)), risk)
    for attribute in ("visible", "editable", "rights"):
        was, becomes = (
            {one for one in side if attribute == "rights" or one in shared} for side in pair.values(attribute)
        )
        if was != becomes:
            risk = DiffRisk.WIDENS if becomes - was else DiffRisk.SAFE
            gone, come = (
                ", ".join(sorted(one.rpartition(".")[2] for one in side)) for side in (was - becomes, becomes - was)
            )
            yield _changed(address, name, (attribute, gone, come), risk)


def _keys(addresses: set[str]) -> str:
    return ", ".join(sorted(one.rpartition(".")[2] for one in addresses))


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict) and value.get("is") == "Labels":
        return f"{value['zh']} / {value['en']}"
    return canonical_json(value)
