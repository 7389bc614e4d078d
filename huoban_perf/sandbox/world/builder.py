"""What a person does in the platform's web page: make and change tables, fields, options, views, automations.

The documented interface cannot do any of this (openapi-v1.md §17); only the control plane reaches it. Names may repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, FieldKind
from huoban_perf.sandbox import wire
from huoban_perf.sandbox.asked import Body, optional_id, text_of
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.cells import Cells
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, Definitions, TableDef
from huoban_perf.sandbox.world.ids import Ids
from huoban_perf.sandbox.world.moments import Moments
from huoban_perf.sandbox.world.refusals import GoneError, ParameterError
from huoban_perf.sandbox.world.rows import Rows

_TABLE_COLUMNS = {"name": "name", "alias": "alias", "group": "heading"}
_FIELD_COLUMNS = {
    "name": "name",
    "alias": "alias",
    "required": "required",
    "unique": "is_unique",
    "help": "help",
    "target_table_id": "target_table_id",
    "many": "many",
    "decimals": "decimals",
    "is_title": "is_title",
}
_DEFINITION_COLUMNS = {"name": "name", "alias": "alias", "definition": "body"}
_OPTION_COLUMNS = {"name": "name", "color": "color"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField:
    """A field to build; ``options`` are pairs of name and colour, ``aliases`` their words in stored definitions."""

    name: str
    alias: str
    kind: FieldKind
    required: bool = False
    unique: bool = False
    help: str | None = None
    options: tuple[tuple[str, str | None], ...] = ()
    aliases: tuple[str, ...] = ()
    target_table_id: int | None = None
    many: bool = False
    decimals: int | None = None
    is_title: bool = False


def new_field(body: Body) -> NewField:
    """Return the field a body asks for; ParameterError for a kind or option of no form."""
    kind = text_of(body, "kind")
    if kind not in {known.value for known in FieldKind}:
        raise ParameterError("kind", f"one of {', '.join(FieldKind)}")
    options = body.get("options") or []
    if not isinstance(options, list) or not all(isinstance(option, dict) for option in options):
        raise ParameterError("options")
    decimals = body.get("decimals")
    return NewField(
        name=text_of(body, "name"),
        alias=text_of(body, "alias", default=""),
        kind=FieldKind(kind),
        required=bool(body.get("required")),
        unique=bool(body.get("unique")),
        help=text_of(body, "help", default="") or None,
        options=tuple((text_of(option, "name"), option.get("color")) for option in options),
        aliases=tuple(text_of(option, "alias", default="") for option in options),
        target_table_id=optional_id(body, "target_table_id"),
        many=bool(body.get("many")),
        decimals=None if decimals is None else int(decimals),
        is_title=bool(body.get("is_title")),
    )


class Builder:
    """Makes and changes definitions."""

    def __init__(
        self, *, store: Store, definitions: Definitions, cells: Cells, rows: Rows, ids: Ids, moments: Moments
    ) -> None:
        """Take the parts it works with."""
        self._store = store
        self._definitions = definitions
        self._cells = cells
        self._rows = rows
        self._ids = ids
        self._moments = moments

    # --- making ------------------------------------------------------------------------------------------------

    def space(self, *, name: str) -> int:
        """Make a workspace and return its id."""
        space_id = self._ids.next("space")
        self._store.run("INSERT INTO spaces VALUES (?, ?, ?)", space_id, name, self._moments.now_text())
        return space_id

    def member(self, *, space_id: int, name: str) -> int:
        """Add a person to a workspace and return the user id."""
        self._definitions.space_name(space_id)
        user_id = self._ids.next("user")
        self._store.run("INSERT INTO members VALUES (?, ?, ?)", user_id, space_id, name)
        self._definitions.forget()
        return user_id

    def table(self, *, space_id: int, name: str, alias: str, heading: str | None) -> int:
        """Make an empty table and return its id."""
        self._definitions.space_name(space_id)
        table_id = self._ids.next("table")
        row = (table_id, space_id, name, alias, heading, self._moments.now_text())
        self._store.run("INSERT INTO tables VALUES (?, ?, ?, ?, ?, ?)", *row)
        return table_id

    def field(self, new: NewField, *, table_id: int, rules: Rules) -> tuple[int, list[tuple[int, str]]]:
        """Add a field at the end of a table.

        Args:
            new: What to add.
            table_id: Where.
            rules: Whether names may repeat.

        Returns:
            The field's id, and (id, name) of each option.

        Raises:
            GoneError: No such table, or no such target table.
            ParameterError: A relation without target, options on another kind, or a repeated name.
        """
        table = self._definitions.table(table_id)
        self._check(new, table, rules)
        field_id = self._ids.next("attached" if new.kind is FieldKind.ATTACHED else "field")
        if new.is_title:
            self._store.run("UPDATE fields SET is_title = 0 WHERE table_id = ?", table_id)
        self._store.run(
            "INSERT INTO fields VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            field_id,
            table_id,
            len(table.fields) + 1,
            new.name,
            new.alias,
            new.kind.value,
            new.required,
            new.unique,
            new.help,
            new.target_table_id,
            new.many,
            new.decimals,
            new.is_title,
        )
        self._definitions.forget()
        aliases = new.aliases or ("",) * len(new.options)
        made = [
            (self._add_option(field_id, name=name, color=color, alias=alias), name)
            for (name, color), alias in zip(new.options, aliases, strict=True)
        ]
        if new.is_title:
            self._rows.retitle(self._definitions.table(table_id))
        return field_id, made

    def _check(self, new: NewField, table: TableDef, rules: Rules) -> None:
        if new.kind in RELATION_KINDS:
            if new.target_table_id is None:
                raise ParameterError("target_table_id")
            self._definitions.table(new.target_table_id)
        if new.options and new.kind not in CHOICE_KINDS:
            raise ParameterError("options", "only choices have options")
        if rules.same_field_name == "refuse":
            self._refuse_name(new.name, table, but=None)

    def _refuse_name(self, name: str, table: TableDef, *, but: int | None) -> None:
        if any(field.name == name and field.field_id != but for field in table.fields):
            raise ParameterError("name", f"{table.name} has a field {name}")

    def option(self, *, table_id: int, field_id: int, name: str, color: str | None, alias: str = "") -> int:
        """Add an option at the end of a choice field and return its id."""
        field = self._definitions.table(table_id).by_key.get(str(field_id))
        if field is None:
            raise GoneError
        if field.kind not in CHOICE_KINDS:
            raise ParameterError("field_id", "only choices have options")
        return self._add_option(field_id, name=name, color=color, alias=alias)

    def _add_option(self, field_id: int, *, name: str, color: str | None, alias: str) -> int:
        option_id = self._store.count_up(f"option:{field_id}")
        row = (field_id, option_id, option_id, name, color)
        self._store.run("INSERT INTO options VALUES (?, ?, ?, ?, ?)", *row)
        if alias:
            self._store.run("INSERT INTO option_aliases VALUES (?, ?, ?)", field_id, option_id, alias)
        self._definitions.forget()
        return option_id

    def definition(self, *, sort: str, table_id: int, name: str, alias: str, body: Any) -> int:
        """Store a neutral definition (view, form, permission, page, automation) and return its id.

        ``table_id`` is where it stands: its table, for a page its workspace.
        """
        if sort == "page":
            self._definitions.space_name(table_id)
        else:
            self._definitions.table(table_id)
        definition_id = self._ids.next(sort)
        row = (definition_id, sort, table_id, name, alias, wire.canonical(body))
        self._store.run("INSERT INTO definitions VALUES (?, ?, ?, ?, ?, ?)", *row)
        self._definitions.forget()
        return definition_id

    # --- changing ----------------------------------------------------------------------------------------------

    def update_table(self, *, table_id: int, change: Mapping[str, Any]) -> None:
        """Change a table's name, alias or heading."""
        self._definitions.table(table_id)
        self._set("UPDATE tables SET {} = ? WHERE table_id = ?", _TABLE_COLUMNS, change, (table_id,))

    def update_field(self, *, table_id: int, field_id: int, change: Mapping[str, Any], rules: Rules) -> None:
        """Change a field; its kind never changes."""
        table = self._definitions.table(table_id)
        if str(field_id) not in table.by_key:
            raise GoneError
        if "name" in change and rules.same_field_name == "refuse":
            self._refuse_name(change["name"], table, but=field_id)
        if change.get("target_table_id") is not None:
            self._definitions.table(change["target_table_id"])
        if change.get("is_title"):
            self._store.run("UPDATE fields SET is_title = 0 WHERE table_id = ?", table_id)
        self._set("UPDATE fields SET {} = ? WHERE field_id = ?", _FIELD_COLUMNS, change, (field_id,))
        if "is_title" in change:
            self._rows.retitle(self._definitions.table(table_id))

    def update_option(self, *, table_id: int, field_id: int, option_id: int, change: Mapping[str, Any]) -> None:
        """Change an option's name or colour."""
        field = self._definitions.table(table_id).by_key.get(str(field_id))
        if field is None or str(option_id) not in field.options_by_id:
            raise GoneError
        where = "UPDATE options SET {} = ? WHERE field_id = ? AND option_id = ?"
        self._set(where, _OPTION_COLUMNS, change, (field_id, option_id))
        if field.is_title:
            self._rows.retitle(self._definitions.table(table_id))

    def _set(self, sql: str, columns: Mapping[str, str], change: Mapping[str, Any], ids: tuple[int, ...]) -> None:
        unknown = sorted(set(change) - set(columns))
        if unknown:
            raise ParameterError("set", f"cannot change {', '.join(unknown)}")
        for name, value in change.items():
            self._store.run(sql.format(columns[name]), value, *ids)
        self._definitions.forget()

    def update_definition(self, *, definition_id: int, change: Mapping[str, Any]) -> None:
        """Change a definition's name, alias or content."""
        if not self._store.rows("SELECT 1 FROM definitions WHERE definition_id = ?", definition_id):
            raise GoneError
        stored = {key: wire.canonical(value) if key == "definition" else value for key, value in change.items()}
        where = "UPDATE definitions SET {} = ? WHERE definition_id = ?"
        self._set(where, _DEFINITION_COLUMNS, stored, (definition_id,))

    # --- removing ----------------------------------------------------------------------------------------------

    def delete_table(self, *, table_id: int) -> None:
        """Remove a table with its fields, items, views and automations; nothing is kept."""
        for field in self._definitions.table(table_id).fields:
            self._drop_field(field.field_id)
        for name in ("items", "definitions", "tables"):
            self._store.run(f"DELETE FROM {name} WHERE table_id = ?", table_id)  # noqa: S608 - our own names
        self._definitions.forget()

    def delete_field(self, *, table_id: int, field_id: int) -> None:
        """Remove a field; items lose its cells."""
        if str(field_id) not in self._definitions.table(table_id).by_key:
            raise GoneError
        self._drop_field(field_id)
        self._definitions.forget()

    def _drop_field(self, field_id: int) -> None:
        self._cells.drop_field(field_id)
        for name in ("options", "option_aliases", "fields"):
            self._store.run(f"DELETE FROM {name} WHERE field_id = ?", field_id)  # noqa: S608 - our own names

    def delete_option(self, *, table_id: int, field_id: int, option_id: int) -> None:
        """Remove an option; items that hold it read as if they did not."""
        field = self._definitions.table(table_id).by_key.get(str(field_id))
        if field is None or str(option_id) not in field.options_by_id:
            raise GoneError
        for name in ("options", "option_aliases"):
            where = f"DELETE FROM {name} WHERE field_id = ? AND option_id = ?"  # noqa: S608 - our own names
            self._store.run(where, field_id, option_id)
        self._definitions.forget()

    def delete_definition(self, *, definition_id: int) -> None:
        """Remove a definition."""
        if not self._store.run("DELETE FROM definitions WHERE definition_id = ?", definition_id).rowcount:
            raise GoneError
        self._definitions.forget()
