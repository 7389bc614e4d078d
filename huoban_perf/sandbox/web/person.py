"""Who looks: everything a page may ask about a person goes through here, and nothing beside it.

Roles are not stored as such; what each role contributes to a permission is. A role without a condition about *me* is
held by its whole group; one with such conditions by whoever they let see something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from huoban_perf.core.rules import ALWAYS, NEVER, Me, Moment, Rule, holds, tests_of
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.pages import PageSpec
from huoban_perf.core.schema.roles import Right
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.core.values import Values
from huoban_perf.sandbox.web.catalog import Catalog, Kept
from huoban_perf.sandbox.world.access import TableAccess
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef
from huoban_perf.sandbox.world.refusals import GoneError
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.selections import Clause, joined
from huoban_perf.sandbox.world.spoken import spoken, values_of, word_of
from huoban_perf.sandbox.world.state import World


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person in one workspace, inside a call of the world.

    Attributes:
        world: The world.
        catalog: What stands in the workspace.
        user_id: The member.
        name: The member's name.
    """

    world: World
    catalog: Catalog
    user_id: int
    name: str

    @cached_property
    def moment(self) -> Moment:
        """The day and *me*."""
        return self.world.accesses.moment_of(self.user_id)

    @cached_property
    def _accesses(self) -> dict[int, TableAccess | None]:
        return {
            number: self.world.accesses.of(table, user_id=self.user_id) for number, table in self.catalog.tables.items()
        }

    # --- tables and fields -------------------------------------------------------------------------------------

    def access(self, table: TableDef) -> TableAccess | None:
        """Return the rights in a table; None when nothing restricts the person there."""
        return self._accesses[table.table_id]

    @cached_property
    def tables(self) -> list[TableDef]:
        """The tables that are there for the person."""
        return [table for table in self.catalog.tables.values() if self.sees_table(table)]

    def sees_table(self, table: TableDef) -> bool:
        """Return whether a table is there for the person."""
        mine = self._accesses.get(table.table_id)
        return table.table_id in self._accesses and (mine is None or not mine.access.is_hidden)

    def table(self, table_id: int) -> TableDef:
        """Return a table; GoneError when it is not there for the person."""
        table = self.catalog.tables.get(table_id)
        if table is None or not self.sees_table(table):
            raise GoneError
        return table

    def sees_field(self, field: FieldDef) -> bool:
        """Return whether a field is seen."""
        mine = self._accesses.get(field.table_id)
        return mine is None or word_of(field) in mine.access.visible

    def fields(self, table: TableDef) -> list[FieldDef]:
        """Return the fields that are seen, in order."""
        return [field for field in table.fields if self.sees_field(field)]

    def edits(self, field: FieldDef) -> bool:
        """Return whether the person may change a field, in rows that are seen."""
        mine = self._accesses.get(field.table_id)
        return field.is_written and (mine is None or word_of(field) in mine.access.editable)

    def may(self, right: Right, table: TableDef) -> bool:
        """Return whether the person has a right in a table."""
        mine = self._accesses[table.table_id]
        return mine is None or mine.access.may(right)

    # --- rows --------------------------------------------------------------------------------------------------

    def clause(self, table: TableDef, rule: Rule = ALWAYS) -> Clause:
        """Return the rows that satisfy a stored rule, among those that the person sees.

        Args:
            table: The table.
            rule: In the template's words.
        """
        mine = self._accesses[table.table_id]
        permission = None if mine is None else mine.access.permission
        permitted = permission.rows if permission is not None else ALWAYS if mine is None else NEVER
        asked = [permitted, spoken(rule, table)]
        clauses = [self.world.selections.clause(one, table=table, moment=self.moment) for one in asked if one != ALWAYS]
        return joined("AND", clauses)

    def sees(self, row: Row) -> bool:
        """Return whether a row is seen."""
        table = self.catalog.tables.get(row.table_id)
        if table is None or not self.sees_table(table):
            return False
        mine = self._accesses[table.table_id]
        return mine is None or mine.sees(row)

    def row(self, item_id: int) -> Row:
        """Return an item; GoneError when it is not there for the person."""
        row = self.world.rows.get(item_id)
        if not self.sees(row):
            raise GoneError
        return row

    def read(self, item_ids: Sequence[int]) -> list[Row]:
        """Return rows in the order asked; each is looked at once more, whatever the index says."""
        return [row for row in self.world.rows.read(item_ids) if self.sees(row)]

    def titles(self, table_id: int, item_ids: Iterable[str]) -> dict[str, str]:
        """Return id → title of the items that the person may see the name of; others are missing."""
        table = self.catalog.tables.get(table_id)
        if table is None or not self.sees_table(table) or (table.title and not self.sees_field(table.title)):
            return {}
        rows = self.world.rows.read([int(item_id) for item_id in dict.fromkeys(item_ids)])
        return {str(row.item_id): row.title or f"#{row.item_id}" for row in rows if self.sees(row)}

    def fits(self, rule: Rule, row: Row) -> bool:
        """Return whether a seen row satisfies a stored rule."""
        table = self.catalog.tables[row.table_id]
        values: Values = values_of(row, table)
        moment = Moment(today=self.moment.today, me=self.moment.me, row=values)
        return holds(spoken(rule, table), values, moment=moment)

    # --- roles and what is made for them -----------------------------------------------------------------------

    @cached_property
    def roles(self) -> frozenset[str] | None:
        """Roles that the person holds; None when no permission speaks of roles, and every view is for everybody."""
        rules: dict[str, list[tuple[TableDef, Rule]]] = {}
        for number, mine in self._accesses.items():
            for grant in mine.access.permission.grants if mine and mine.access.permission else ():
                rules.setdefault(grant.role, []).append((self.catalog.tables[number], grant.rows))
        if not rules:
            return None
        return frozenset(role for role, found in rules.items() if self._holds(found))

    def _holds(self, found: list[tuple[TableDef, Rule]]) -> bool:
        standing = [(table, rule) for table, rule in found if rule != NEVER]
        if any(not _speaks_of_me(rule) for _, rule in standing):
            return True
        selections = self.world.selections
        return any(
            selections.exists(table, selections.clause(rule, table=table, moment=self.moment))
            for table, rule in standing
        )

    def _is_for(self, roles: tuple[str, ...]) -> bool:
        return self.roles is None or not roles or bool(self.roles & set(roles))

    def views(self, table: TableDef) -> list[Kept]:
        """Return a table's views that are made for the person, those of the person's own group first."""
        found = (one for one in self.catalog.views.get(table.table_id, []) if self._may_open(one))
        return sorted(found, key=self._commonness)

    def _may_open(self, one: Kept) -> bool:
        return isinstance(one.declared, ViewSpec | PageSpec) and self._is_for(one.declared.roles)

    def view(self, number: int) -> tuple[Kept, ViewSpec, TableDef]:
        """Return a view that is made for the person; GoneError otherwise."""
        one = self.catalog.kept.get(number)
        if one is None or not isinstance(one.declared, ViewSpec) or not self._may_open(one):
            raise GoneError
        return one, one.declared, self.table(one.place)

    @cached_property
    def pages(self) -> list[Kept]:
        """The pages that are made for the person, those of the person's own group first."""
        return sorted((one for one in self.catalog.pages if self._may_open(one)), key=self._commonness)

    def _commonness(self, one: Kept) -> bool:
        roles = one.declared.roles if isinstance(one.declared, ViewSpec | PageSpec) else ()
        return bool(set(roles) & self._roles_of_everybody)

    @cached_property
    def _roles_of_everybody(self) -> frozenset[str]:
        """Roles that people without a group can hold."""
        found = (self.world.accesses.default_of(table) for table in self.catalog.tables.values())
        return frozenset(grant.role for permission in found if permission for grant in permission.grants)

    def page(self, number: int) -> tuple[Kept, PageSpec]:
        """Return a page that is made for the person; GoneError otherwise."""
        one = self.catalog.kept.get(number)
        if one is None or not isinstance(one.declared, PageSpec) or not self._may_open(one):
            raise GoneError
        return one, one.declared

    def forms(self, table: TableDef, *, creating: bool) -> Iterator[tuple[Kept, FormSpec]]:
        """Yield the forms of a table that are made for the person: those that make a row, or those that fill one in."""
        for one in self.catalog.forms.get(table.table_id, []):
            form = one.declared
            if isinstance(form, FormSpec) and not form.public and form.creates is creating and self._is_for(form.roles):
                yield one, form


def _speaks_of_me(rule: Rule) -> bool:
    return any(isinstance(test.operand, Me) for test in tests_of(rule))
