"""Stored definitions of one workspace, decoded once for each revision of the world."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.rules import tests_of
from huoban_perf.core.schema import MEMBER_KINDS
from huoban_perf.core.schema.automations import AutomationSpec, OnButton
from huoban_perf.core.schema.definitions import Declared
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.pages import PageSpec
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef
from huoban_perf.sandbox.world.spoken import declared
from huoban_perf.sandbox.world.state import World

_log = logging.getLogger(__name__)
_SHOWN = {
    "view": ObjectKind.VIEW,
    "form": ObjectKind.FORM,
    "page": ObjectKind.PAGE,
    "automation": ObjectKind.AUTOMATION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One stored definition.

    Attributes:
        number: Its id in this world.
        place: The table it stands in; for a page the workspace.
        name: Name shown.
        declared: Its content.
    """

    number: int
    place: int
    name: str
    declared: Declared


class Catalog:
    """What stands in one workspace, in the order in which it was made."""

    def __init__(self, world: World, space_id: int) -> None:
        """Read everything; to be used inside a call."""
        self.space_id = space_id
        self.tables = {number: world.definitions.table(number) for number in world.definitions.table_ids(space_id)}
        self.by_alias = {table.alias: table for table in self.tables.values() if table.alias}
        self.kept = {one.number: one for one in self._read(world)}

    def _read(self, world: World) -> Iterator[Kept]:
        rows = world.store.rows("SELECT definition_id, object, table_id, name, alias, body FROM definitions ORDER BY 1")
        for number, sort, place, name, alias, body in rows:
            table = self.tables.get(place)
            if sort not in _SHOWN or (table is None and place != self.space_id):
                continue
            try:
                keys = (alias,) if table is None else (table.alias, alias)
                content = declared(_SHOWN[sort], keys, name, body)
            except (ValueError, TypeError, KeyError) as error:
                _log.warning("%s %s cannot be shown: %s", sort, number, type(error).__name__)
                continue
            yield Kept(number=number, place=place, name=name, declared=content)

    @cached_property
    def views(self) -> dict[int, list[Kept]]:
        """Table id → its views."""
        found: dict[int, list[Kept]] = {}
        for one in self.kept.values():
            if isinstance(one.declared, ViewSpec):
                found.setdefault(one.place, []).append(one)
        return found

    @cached_property
    def forms(self) -> dict[int, list[Kept]]:
        """Table id → its forms."""
        found: dict[int, list[Kept]] = {}
        for one in self.kept.values():
            if isinstance(one.declared, FormSpec):
                found.setdefault(one.place, []).append(one)
        return found

    @cached_property
    def buttons(self) -> dict[int, list[Kept]]:
        """Table id → its buttons."""
        found: dict[int, list[Kept]] = {}
        for one in self.kept.values():
            if isinstance(one.declared, AutomationSpec) and isinstance(one.declared.trigger, OnButton):
                found.setdefault(one.place, []).append(one)
        return found

    @cached_property
    def pages(self) -> list[Kept]:
        """The pages."""
        return [one for one in self.kept.values() if isinstance(one.declared, PageSpec)]

    def searched(self) -> dict[int, list[FieldDef]]:
        """Return table id → fields by which views find, order and group its rows, and by which people are let in."""
        found: dict[int, list[FieldDef]] = {}
        for kept in (kept for views in self.views.values() for kept in views):
            view, table = kept.declared, self.tables[kept.place]
            if isinstance(view, ViewSpec):
                named = [test.field for test in tests_of(view.rows)] + [key.field for key in view.sort]
                named += [address for address in (view.group_by, view.start) if address is not None]
                fields = (table.by_alias.get(address.key) for address in named)
                found.setdefault(kept.place, []).extend(one for one in fields if one is not None)
        columns = {
            table.table_id: [f for f in table.fields if f.kind in MEMBER_KINDS] for table in self.tables.values()
        }
        return {number: list(dict.fromkeys([*found.get(number, []), *members])) for number, members in columns.items()}

    def view(self, address: Address) -> Kept | None:
        """Return the view of an address, or None."""
        table = self.by_alias.get(address.keys[0])
        found = self.views.get(table.table_id, []) if table else []
        return next((one for one in found if one.declared.address == address), None)

    def grouped(self, tables: list[TableDef]) -> list[tuple[str, list[TableDef]]]:
        """Return tables under their headings, in order."""
        found: dict[str, list[TableDef]] = {}
        for table in tables:
            found.setdefault(table.heading or "", []).append(table)
        return list(found.items())
