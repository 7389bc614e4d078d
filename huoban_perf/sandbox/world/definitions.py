"""Spaces, tables, fields and options as the world holds them, read from the store once and kept until changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from huoban_perf.core.schema import CHOICE_KINDS, COMPUTED_KINDS, MEMBER_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind
from huoban_perf.sandbox.store import Store
from huoban_perf.sandbox.world.refusals import GoneError

RELATION_KINDS = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})
DATE_KINDS = frozenset({FieldKind.DATE, FieldKind.DATETIME})
FILE_KINDS = frozenset({FieldKind.FILE, FieldKind.IMAGE, FieldKind.SIGNATURE})
LIST_KINDS = CHOICE_KINDS | MEMBER_KINDS | RELATION_KINDS | FILE_KINDS
"""Kinds whose cells are lists of ids."""
_UNWRITABLE = COMPUTED_KINDS | {FieldKind.SEPARATOR}


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionDef:
    """One choice; its id is unique only inside its field. Source: openapi-v1.md §6 [doc].

    ``alias`` is ours, not on the wire of the platform: the word by which stored definitions speak of it, or empty.
    """

    option_id: int
    name: str
    color: str | None
    alias: str = ""


@dataclass(frozen=True, kw_only=True)
class FieldDef:
    """One field; ``key`` is its id as items and the wire write it."""

    field_id: int
    table_id: int
    name: str
    alias: str
    kind: FieldKind
    required: bool
    is_unique: bool
    help: str | None
    target_table_id: int | None
    many: bool
    decimals: int | None
    is_title: bool
    is_indexed: bool
    options: tuple[OptionDef, ...]

    @cached_property
    def key(self) -> str:
        """The id as text."""
        return str(self.field_id)

    @cached_property
    def options_by_id(self) -> dict[str, OptionDef]:
        """Options by id as text."""
        return {str(option.option_id): option for option in self.options}

    @cached_property
    def options_by_alias(self) -> dict[str, str]:
        """Option ids as text by alias."""
        return {option.alias: str(option.option_id) for option in self.options if option.alias}

    @cached_property
    def holds_several(self) -> bool:
        """Whether a cell may hold more than one id."""
        if self.kind in RELATION_KINDS:
            return self.many
        return self.kind not in {FieldKind.CHOICE, FieldKind.MEMBER, FieldKind.SIGNATURE}

    @cached_property
    def is_written(self) -> bool:
        """Whether anybody may write it."""
        return self.kind not in _UNWRITABLE

    @cached_property
    def family(self) -> str:
        """How its values compare: text, number, date, switch, list, or none."""
        for kinds, family in (
            (TEXT_KINDS, "text"),
            (NUMBER_KINDS | COMPUTED_KINDS, "number"),
            (DATE_KINDS, "date"),
            (LIST_KINDS, "list"),
            ({FieldKind.SWITCH}, "switch"),
        ):
            if self.kind in kinds:
                return family
        return "none"


@dataclass(frozen=True, kw_only=True)
class TableDef:
    """One table with its fields in form order."""

    table_id: int
    space_id: int
    name: str
    alias: str
    heading: str | None
    created_on: str
    fields: tuple[FieldDef, ...]

    @cached_property
    def by_key(self) -> dict[str, FieldDef]:
        """Fields by id as text."""
        return {field.key: field for field in self.fields}

    @cached_property
    def by_alias(self) -> dict[str, FieldDef]:
        """Fields by alias."""
        return {field.alias: field for field in self.fields if field.alias}

    @cached_property
    def title(self) -> FieldDef | None:
        """The field that names an item: the one marked, else the first text, else the first."""
        marked = [field for field in self.fields if field.is_title]
        texts = [field for field in self.fields if field.kind in TEXT_KINDS]
        return next(iter(marked + texts + list(self.fields)), None)


class Definitions:
    """Reads definitions and remembers them until ``forget``."""

    def __init__(self, store: Store) -> None:
        """Take the store to read from."""
        self._store = store
        self._tables: dict[int, TableDef] = {}
        self._members: dict[int, dict[str, str]] = {}
        self.revision = 0

    def forget(self) -> None:
        """Read everything again on its next use, and raise the revision that kept answers hold on to."""
        self.revision += 1
        self._tables.clear()
        self._members.clear()

    def spaces(self) -> list[tuple[int, str]]:
        """Return id and name of every space, in order of creation."""
        return [(row[0], row[1]) for row in self._store.rows("SELECT space_id, name FROM spaces ORDER BY space_id")]

    def space_name(self, space_id: int) -> str:
        """Return a space's name; GoneError when there is none."""
        name = self._store.value("SELECT name FROM spaces WHERE space_id = ?", space_id)
        if name is None:
            raise GoneError
        return str(name)

    def members(self, space_id: int) -> dict[str, str]:
        """Return user id as text → name of a space's members, in order of joining."""
        if space_id not in self._members:
            sql = "SELECT user_id, name FROM members WHERE space_id = ? ORDER BY user_id"
            self._members[space_id] = {str(row[0]): row[1] for row in self._store.rows(sql, space_id)}
        return self._members[space_id]

    def table_ids(self, space_id: int) -> list[int]:
        """Return the ids of a space's tables, in order of creation."""
        sql = "SELECT table_id FROM tables WHERE space_id = ? ORDER BY table_id"
        return [row[0] for row in self._store.rows(sql, space_id)]

    def table(self, table_id: int) -> TableDef:
        """Return a table; GoneError when there is none."""
        if table_id not in self._tables:
            self._tables[table_id] = self._read(table_id)
        return self._tables[table_id]

    def relations_to(self, table_id: int) -> list[FieldDef]:
        """Return the relation fields, of any table, that point to a table."""
        sql = "SELECT DISTINCT table_id FROM fields WHERE target_table_id = ?"
        tables = [self.table(row[0]) for row in self._store.rows(sql, table_id)]
        return [
            field
            for table in tables
            for field in table.fields
            if field.target_table_id == table_id and field.kind in RELATION_KINDS
        ]

    def _read(self, table_id: int) -> TableDef:
        row = self._store.row(
            "SELECT space_id, name, alias, heading, created_on FROM tables WHERE table_id = ?", table_id
        )
        if row is None:
            raise GoneError
        options: dict[int, list[OptionDef]] = {}
        for field_id, option_id, name, color, alias in self._store.rows(
            "SELECT o.field_id, o.option_id, o.name, o.color, coalesce(a.alias, '') FROM options o"
            " JOIN fields f ON f.field_id = o.field_id LEFT JOIN option_aliases a"
            " ON a.field_id = o.field_id AND a.option_id = o.option_id"
            " WHERE f.table_id = ? ORDER BY o.field_id, o.position",
            table_id,
        ):
            made = OptionDef(option_id=option_id, name=name, color=color, alias=alias)
            options.setdefault(field_id, []).append(made)
        return TableDef(
            table_id=table_id,
            space_id=row[0],
            name=row[1],
            alias=row[2],
            heading=row[3],
            created_on=row[4],
            fields=tuple(
                FieldDef(
                    field_id=entry[0],
                    table_id=table_id,
                    name=entry[1],
                    alias=entry[2],
                    kind=FieldKind(entry[3]),
                    required=bool(entry[4]),
                    is_unique=bool(entry[5]),
                    help=entry[6],
                    target_table_id=entry[7],
                    many=bool(entry[8]),
                    decimals=entry[9],
                    is_title=bool(entry[10]),
                    is_indexed=bool(entry[11]),
                    options=tuple(options.get(entry[0], ())),
                )
                for entry in self._store.rows(
                    "SELECT field_id, name, alias, kind, required, is_unique, help, target_table_id, many, decimals,"
                    " is_title, is_indexed FROM fields WHERE table_id = ? ORDER BY position, field_id",
                    table_id,
                )
            ),
        )
