"""Rights of people: permission groups of a table, who is in which, and what that lets them see and change.

The platform's own way with permissions was not recovered (schema-plane.md §6), so nothing here is a belief about its
wire: definitions come by control, and ``core.permissions`` evaluates them (the one stated exception to the twins rule,
design.md §9). An ordinary key acts as the API and has every right; a table without any group is open to its members.

A definition speaks of this world's own ids::

    {"group": "everyone", "default": true, "rows": RULE, "visible": [field_id], "editable": [field_id], "rights": []}
    RULE: {"every": [RULE]} | {"some": [RULE]} | {"field": field_id, "operator": "eq", "operand": OPERAND}
    OPERAND: {"me": true} | {"today": days} | {"field": field_id} | {"value": plain}

Without such, the permissions that a deployment stored beside views and forms count (``spoken`` reads them), so that
what is shown and what is enforced have one source. Inside, a field is addressed by its id, and a choice is a tuple of
option ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from huoban_perf.core.addresses import Address, MemberId, ObjectKind
from huoban_perf.core.conditions import Operator
from huoban_perf.core.permissions import Access, Denial, Refused
from huoban_perf.core.rules import NEVER, Every, FieldOf, Me, Moment, Operand, Rule, Some, Test, Today
from huoban_perf.core.schema.roles import PermissionSpec, Right
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.definitions import FILE_KINDS, Definitions, FieldDef, TableDef
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import GoneError, NoRightError, ParameterError, ValuesRefusedError
from huoban_perf.sandbox.world.rows import API_USER, Row, Rows
from huoban_perf.sandbox.world.selections import Cut, Selections
from huoban_perf.sandbox.world.spoken import PLACE, neutral, stored_permission, values_of, word, word_of

_DEPTH = 20
_FIELD_LISTS = ("visible", "editable")


@dataclass(frozen=True, kw_only=True)
class TableAccess:
    """What one person may do in one table.

    Attributes:
        whole: The table with all its fields.
        access: The person's rights, by field id.
    """

    whole: TableDef
    access: Access

    @cached_property
    def table(self) -> TableDef:
        """The table as the person sees it: without hidden fields; GoneError when it is hidden whole."""
        if self.access.is_hidden:
            raise GoneError
        shown = self.access.visible
        return replace(self.whole, fields=tuple(field for field in self.whole.fields if word_of(field) in shown))

    @property
    def shows_titles(self) -> bool:
        """Whether the field that names an item is seen."""
        title = self.whole.title
        return title is not None and word_of(title) in self.access.visible

    def sees(self, row: Row) -> bool:
        """Return whether the person sees an item."""
        return not self.access.is_hidden and self.access.sees(values_of(row, self.whole))

    def check_create(self, fields: Mapping[str, Any]) -> None:
        """Refuse an item the person may not add."""
        self._refuse(self.access.refuses_create(_changes(fields, self.whole)))

    def check_update(self, row: Row, fields: Mapping[str, Any]) -> None:
        """Refuse a change the person may not make."""
        self._refuse(self.access.refuses_update(values_of(row, self.whole), _changes(fields, self.whole)))

    def check_delete(self, row: Row) -> None:
        """Refuse a removal the person may not make."""
        self._refuse(self.access.refuses_delete(values_of(row, self.whole)))

    def _refuse(self, refused: Sequence[Refused]) -> None:
        """Raise as the platform is believed to answer: what is not seen is not there (openapi-v1.md §2.1 [code])."""
        denials = {entry.denial for entry in refused}
        if denials & {Denial.TABLE, Denial.ROW}:
            raise GoneError
        if Denial.RIGHT in denials:
            raise NoRightError
        if refused:
            names = {word_of(field): field for field in self.whole.fields}
            raise ValuesRefusedError([self._reason(names[entry.subject]) for entry in refused])

    def _reason(self, field: FieldDef) -> tuple[str, str]:
        """A field that is not seen is not there; its name is not told."""
        is_seen = word_of(field) in self.access.visible
        return field.key, f"{field.name}: no right to change it" if is_seen else "no such field in the table"


@dataclass(frozen=True, slots=True)
class GroupRights:
    """One group in one table; ``default`` tells whether people without a group are in it."""

    group: str
    default: bool
    permission: PermissionSpec


class Accesses:
    """Finds rights, and remembers which items of a table a person sees until anything changes."""

    def __init__(
        self,
        *,
        store: Store,
        definitions: Definitions,
        cells: Cells,
        rows: Rows,
        moments: Moments,
        selections: Selections,
    ) -> None:
        """Take the parts it reads."""
        self._store = store
        self._selections = selections
        self._cells = cells
        self._definitions = definitions
        self._rows = rows
        self._moments = moments
        self._seen: dict[tuple[int, int], tuple[object, frozenset[int]]] = {}
        self._groups_of: dict[int, tuple[GroupRights, ...]] = {}
        self._read_at = -1

    # --- defining ----------------------------------------------------------------------------------------------

    def define(self, table_id: int, definition: Mapping[str, Any]) -> None:
        """Keep a group's permission in a table, in the place of any before; ParameterError when it makes no sense."""
        table = self._definitions.table(table_id)
        group = definition.get("group")
        if not isinstance(group, str) or not group:
            raise ParameterError("group")
        _permission(definition, table)
        row = (table_id, group, bool(definition.get("default")), wire.canonical(dict(definition)))
        self._store.run("INSERT OR REPLACE INTO permissions VALUES (?, ?, ?, ?)", *row)
        self._definitions.forget()

    def join(self, user_id: int, *, group: str) -> None:
        """Put a person into a group, out of any other."""
        self._store.run("INSERT OR REPLACE INTO memberships VALUES (?, ?)", user_id, group)
        self._definitions.forget()

    # --- asking ------------------------------------------------------------------------------------------------

    def of(self, table: TableDef, *, user_id: int) -> TableAccess | None:
        """Return a person's rights in a table; None when nothing restricts them: the API, a table without groups."""
        if user_id == API_USER:
            return None
        groups = self._groups(table)
        if not groups:
            return None
        group = self.group_of(user_id)
        mine = [one for one in groups if one.group == group] or [one for one in groups if group is None and one.default]
        moment = self.moment_of(user_id)
        permission = mine[0].permission if mine else None
        return TableAccess(whole=table, access=Access(permission=permission, moment=moment))

    def default_of(self, table: TableDef) -> PermissionSpec | None:
        """Return what people without a group may do in a table, or None when nothing is said of them."""
        return next((one.permission for one in self._groups(table) if one.default), None)

    def group_of(self, user_id: int) -> str | None:
        """Return the group that a person was put into, or None."""
        found = self._store.value("SELECT grp FROM memberships WHERE user_id = ?", user_id)
        return None if found is None else str(found)

    def moment_of(self, user_id: int) -> Moment:
        """Return what *today* and *me* mean when a person looks."""
        return Moment(today=self._moments.now().date(), me=MemberId(str(user_id)))

    def _groups(self, table: TableDef) -> tuple[GroupRights, ...]:
        """Return what each group may do in a table: as control defined it, else as a deployment stored it."""
        if self._read_at != self._definitions.revision:
            self._groups_of.clear()
            self._read_at = self._definitions.revision
        if table.table_id not in self._groups_of:
            sql = "SELECT grp, is_default, body FROM permissions WHERE table_id = ?"
            defined = tuple(
                GroupRights(group, bool(default), _permission(_of_what_stands(wire.parse(body), table), table))
                for group, default, body in self._store.rows(sql, table.table_id)
            )
            self._groups_of[table.table_id] = defined or self._stored(table)
        return self._groups_of[table.table_id]

    def _stored(self, table: TableDef) -> tuple[GroupRights, ...]:
        sql = "SELECT alias, name, body FROM definitions WHERE table_id = ? AND object = 'permission' ORDER BY 1"
        rows = self._store.rows(sql, table.table_id)
        return tuple(GroupRights(alias, *stored_permission(alias, body, table)) for alias, _, body in rows)

    def items(self, mine: TableAccess, *, user_id: int) -> frozenset[int]:
        """Return the ids of the items that a person sees in a table."""
        place = (mine.whole.table_id, user_id)
        version = (
            self._rows.version(mine.whole.table_id),
            self._definitions.revision,
            mine.access.moment.today,
        )
        if place not in self._seen or self._seen[place][0] != version:
            permission = mine.access.permission
            rule = NEVER if permission is None else permission.rows
            clause = self._selections.clause(rule, table=mine.whole, moment=mine.access.moment)
            found = self._selections.page(mine.whole, clause, order=(), cut=Cut(limit=-1))
            self._seen[place] = (version, frozenset(found))
        return self._seen[place][1]

    def titles(self, table_id: int, item_ids: Sequence[int], *, user_id: int) -> dict[str, str]:
        """Return id as text → title, empty where the person sees neither the item nor what names it."""
        titles = self._rows.titles(item_ids)
        mine = self.of(self._definitions.table(table_id), user_id=user_id)
        if mine is None:
            return titles
        seen = self.items(mine, user_id=user_id) if mine.shows_titles and not mine.access.is_hidden else frozenset()
        return {key: title if int(key) in seen else "" for key, title in titles.items()}

    def reaches_file(self, file_id: int, *, uploader: int, space_id: int, user_id: int) -> bool:
        """Return whether a person may know of a file: uploaded by that person, or held where the person looks.

        Args:
            file_id: Which file.
            uploader: Who uploaded it.
            space_id: The workspace the person asks in.
            user_id: The person.
        """
        if user_id in {API_USER, uploader}:
            return True
        for table_id in self._definitions.table_ids(space_id):
            whole = self._definitions.table(table_id)
            mine = self.of(whole, user_id=user_id)
            if mine is not None and mine.access.is_hidden:
                continue
            table = whole if mine is None else mine.table
            for field in (field for field in table.fields if field.kind in FILE_KINDS):
                holders = self._cells.holders(field, [str(file_id)])
                if holders and (mine is None or holders & self.items(mine, user_id=user_id)):
                    return True
        return False


def _changes(fields: Mapping[str, Any], table: TableDef) -> list[str]:
    """Fields that exist and a person could write; what else a client sends is a matter of other rules."""
    return [word_of(table.by_key[key]) for key in fields if key in table.by_key and table.by_key[key].is_written]


# --- reading definitions ----------------------------------------------------------------------------------------------


def _permission(definition: Mapping[str, Any], table: TableDef) -> PermissionSpec:
    rights = {right.value for right in Right}
    named = [str(right) for right in definition.get("rights") or []]
    if set(named) - rights:
        raise ParameterError("rights", f"any of {', '.join(sorted(rights))}")
    return PermissionSpec(
        address=Address(ObjectKind.PERMISSION, (PLACE, "g")),
        rows=_rule(definition.get("rows", {"every": []}), table, depth=0),
        visible=tuple(_field(key, table) for key in definition.get("visible") or []),
        editable=tuple(_field(key, table) for key in definition.get("editable") or []),
        rights=frozenset(Right(right) for right in named),
    )


def _of_what_stands(definition: Mapping[str, Any], table: TableDef) -> Mapping[str, Any]:
    """Return a definition without fields that were removed since; a rule on one of them lets nobody see anything."""
    fields = {name: [key for key in definition.get(name) or [] if str(key) in table.by_key] for name in _FIELD_LISTS}
    try:
        _rule(definition.get("rows", {"every": []}), table, depth=0)
    except ParameterError:
        return {**definition, **fields, "rows": {"some": []}}
    return {**definition, **fields}


def _rule(node: Any, table: TableDef, *, depth: int) -> Rule:
    if not isinstance(node, Mapping) or depth > _DEPTH:
        raise ParameterError("rows")
    for joint, sort in (("every", Every), ("some", Some)):
        if isinstance(node.get(joint), list):
            return sort(tuple(_rule(part, table, depth=depth + 1) for part in node[joint]))
    operator = node.get("operator")
    if operator not in {known.value for known in Operator}:
        raise ParameterError("operator")
    address = _field(node.get("field"), table)
    field = table.by_key[address.key.removeprefix("f")]
    return Test(address, Operator(operator), _operand(node.get("operand"), field, table))


def _operand(node: Any, field: FieldDef, table: TableDef) -> Operand:
    if isinstance(node, Mapping):
        if node.get("me"):
            return Me()
        if isinstance(node.get("today"), int):
            return Today(node["today"])
        if "field" in node:
            return FieldOf((_field(node["field"], table),))
        if "value" in node:
            value = node["value"]
            return value if isinstance(value, bool) else neutral(value, field)
    raise ParameterError("operand")


def _field(key: Any, table: TableDef) -> Address:
    if str(key) not in table.by_key:
        raise ParameterError("field", f"no field {key}")
    return word(table.by_key[str(key)])
