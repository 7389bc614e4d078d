"""Seeds a world from data: what ``contents_of`` gives, or the same written by hand with most keys left out.

``{"workspaces": [{name, members: [name], tables: [{name, alias?, group?, fields: [{name, kind, …, target?,
options?: [{name, color?}]}], items: [{field name: value}], views?, automations?,
forms?, permissions?}], pages?}], "keys": [{name, workspace}]}``.
In items, choices, members and relations are written as names (of options, of people, labels of items), one or a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS
from huoban_perf.sandbox.asked import text_of
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.builder import new_field
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.dump import field_labels, label_of
from huoban_perf.sandbox.world.refusals import ParameterError
from huoban_perf.sandbox.world.rows import API_USER, Row
from huoban_perf.sandbox.world.state import World

_TOLERANT = {"number_as_text": "accept", "required": "ignore", "unique": "ignore", "same_field_name": "allow"}


def load(body: Mapping[str, Any], *, world: World) -> dict[str, Any]:
    """Add workspaces and keys to a world; the clock moves by a second an item.

    Args:
        body: See the module's head.
        world: Where it goes, inside a control call.

    Returns:
        Ids by name: ``workspaces``, ``tables`` (``workspace/table``) and ``keys`` (the text of each key).

    Raises:
        RefusalError: Something is named that does not exist, or a value does not fit.
    """
    workspaces: dict[str, int] = {}
    tables: dict[str, int] = {}
    for entry in _objects(body, "workspaces"):
        space_id = world.builder.space(name=text_of(entry, "name"))
        workspaces[text_of(entry, "name")] = space_id
        for member in entry.get("members") or []:
            world.builder.member(space_id=space_id, name=member)
        made = _load_tables(entry, space_id=space_id, world=world)
        _load_definitions(entry, "page", place_id=space_id, world=world)
        tables |= {f"{text_of(entry, 'name')}/{name}": table_id for name, table_id in made.items()}
    keys = {}
    for entry in _objects(body, "keys"):
        place = text_of(entry, "workspace")
        if place not in workspaces:
            raise ParameterError("keys", f"no workspace {place}")
        name = text_of(entry, "name")
        keys[name] = world.keys.mint(space_id=workspaces[place], user_id=None, label=name, callback_url=None)
    return {
        "workspaces": {name: str(space_id) for name, space_id in workspaces.items()},
        "tables": {name: str(table_id) for name, table_id in tables.items()},
        "keys": keys,
    }


def _objects(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    entries = body.get(name) or []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ParameterError(name)
    return entries


def _load_tables(entry: Mapping[str, Any], *, space_id: int, world: World) -> dict[str, int]:
    rules = replace(world.rules, **_TOLERANT)  # type: ignore[arg-type] # names and values of switches, checked by tests
    tables = _objects(entry, "tables")
    made = [
        world.builder.table(
            space_id=space_id,
            name=text_of(table, "name"),
            alias=text_of(table, "alias", default=""),
            heading=text_of(table, "group", default="") or None,
        )
        for table in tables
    ]
    by_name = {text_of(table, "name"): table_id for table, table_id in zip(tables, made, strict=True)}
    for table, table_id in zip(tables, made, strict=True):
        for field in _objects(table, "fields"):
            target = field.get("target")
            if target is not None and target not in by_name:
                raise ParameterError("target", f"no table {target}")
            world.builder.field(
                new_field({**field, "target_table_id": by_name.get(str(target))}), table_id=table_id, rules=rules
            )
        for sort in ("view", "automation", "form", "permission"):
            _load_definitions(table, sort, place_id=table_id, world=world)
    loaders = [_ItemLoader(world=world, table_id=table_id, rules=rules) for table_id in made]
    for table, loader in zip(tables, loaders, strict=True):
        loader.create(_objects(table, "items"))
    for loader in loaders:
        loader.relate()
    return by_name


@dataclass(slots=True, kw_only=True)
class _Pending:
    row: Row
    values: dict[str, Any]


def _load_definitions(entry: Mapping[str, Any], sort: str, *, place_id: int, world: World) -> None:
    for kept in _objects(entry, f"{sort}s"):
        world.builder.definition(
            sort=sort,
            table_id=place_id,
            name=text_of(kept, "name"),
            alias=text_of(kept, "alias", default=""),
            body=kept.get("definition"),
        )


class _ItemLoader:
    """Items of one table: first without relations, then, when all items stand, with them."""

    def __init__(self, *, world: World, table_id: int, rules: Rules) -> None:
        self._world = world
        self._table: TableDef = world.definitions.table(table_id)
        self._rules = rules
        self._pending: list[_Pending] = []

    def create(self, items: list[Mapping[str, Any]]) -> None:
        """Make the items; relations are kept for later."""
        keys = {label: key for key, label in field_labels(self._table).items()}
        for item in items:
            values: dict[str, Any] = {}
            later: dict[str, Any] = {}
            for label, value in item.items():
                if label not in keys:
                    raise ParameterError("items", f"{self._table.name} has no field {label}")
                field = self._table.by_key[keys[label]]
                if field.is_written and value is not None:
                    (later if field.kind in RELATION_KINDS else values)[field.key] = self._plain(field, value)
            checked = self._world.rows.check(table=self._table, fields=values, rules=self._rules, creating=True)
            row = self._world.rows.create(table=self._table, values=checked, user_id=API_USER, rules=self._rules)
            self._world.moments.advance(1)
            if later:
                self._pending.append(_Pending(row=row, values=later))

    def _plain(self, field: FieldDef, value: Any) -> Any:
        names: dict[str, str] = {}
        if field.kind in CHOICE_KINDS:
            names = {option.name: str(option.option_id) for option in field.options}
        elif field.kind in MEMBER_KINDS:
            members = self._world.definitions.members(self._table.space_id)
            names = {name: key for key, name in members.items()}
        elif field.kind not in RELATION_KINDS:
            return value
        entries = value if isinstance(value, list) else [value]
        return [names.get(str(entry), str(entry)) for entry in entries]

    def relate(self) -> None:
        """Fill in the relations."""
        targets = {field.key: dict(self._labels(field)) for field in self._table.fields if field.kind in RELATION_KINDS}
        for pending in self._pending:
            fields = {
                key: [targets[key].get(label, label) for label in labels] for key, labels in pending.values.items()
            }
            row = self._world.rows.get(pending.row.item_id)
            checked = self._world.rows.check(table=self._table, fields=fields, rules=self._rules, creating=False)
            self._world.rows.update(row, table=self._table, values=checked, user_id=API_USER, rules=self._rules)

    def _labels(self, field: FieldDef) -> Iterator[tuple[str, str]]:
        if field.target_table_id is None:
            return
        target = self._world.definitions.table(field.target_table_id)
        for row in self._world.rows.all_of(target.table_id):
            yield label_of(row, target), str(row.item_id)
