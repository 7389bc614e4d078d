"""The whole wish of a template, in the order in which it is built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.automations import AutomationSpec, JobSpec
from huoban_perf.core.schema.fields import FieldSpec, OptionSpec
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.machines import Machine
from huoban_perf.core.schema.pages import PageSpec
from huoban_perf.core.schema.roles import GroupSpec, PermissionSpec, RoleSpec
from huoban_perf.core.schema.tables import TableSpec
from huoban_perf.core.schema.views import ViewSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSchema:
    """Everything a template declares, in build order, with the digest of its managed attributes.

    Attributes:
        app: Key of the app.
        version: Version of the template.
        tables: In the order in which a person would build them.
        views: Views by table in the app's order, as their files list them.
        forms: Forms likewise.
        roles: Roles people have.
        groups: Permission groups of the platform.
        permissions: What each group may do in each table; a pair that is missing hides the table.
        pages: Pages.
        machines: State machines by table in the app's order.
        automations: Further automations, as their files list them.
        jobs: Jobs that machines and automations start.
        headings: Groups of tables in the order in which the process needs them; a group that is not named comes after.
        digest: Digest over all managed attributes; equal content gives an equal digest whatever the file order.
    """

    app: str
    version: str
    tables: tuple[TableSpec, ...]
    digest: str
    views: tuple[ViewSpec, ...] = ()
    forms: tuple[FormSpec, ...] = ()
    roles: tuple[RoleSpec, ...] = ()
    groups: tuple[GroupSpec, ...] = ()
    permissions: tuple[PermissionSpec, ...] = ()
    pages: tuple[PageSpec, ...] = ()
    machines: tuple[Machine, ...] = ()
    automations: tuple[AutomationSpec, ...] = ()
    jobs: tuple[JobSpec, ...] = ()
    headings: tuple[Labels, ...] = ()

    def grouped(self) -> tuple[tuple[Labels | None, tuple[TableSpec, ...]], ...]:
        """Return the tables by their group, groups in the order of ``headings``, tables in build order."""
        found: dict[Labels | None, list[TableSpec]] = {heading: [] for heading in self.headings}
        for table in self.tables:
            found.setdefault(table.group, []).append(table)
        return tuple((group, tuple(tables)) for group, tables in found.items() if tables)

    def machine(self, table: str) -> Machine | None:
        """Return the state machine of a table, or None when nothing moves its rows."""
        return next((machine for machine in self.machines if machine.table.key == table), None)

    def table(self, key: str) -> TableSpec:
        """Return a table by its key.

        Args:
            key: Table key.

        Returns:
            The table.

        Raises:
            KeyError: The schema has no such table.
        """
        for table in self.tables:
            if table.address.key == key:
                return table
        raise KeyError(key)

    def field(self, address: Address) -> FieldSpec:
        """Return a field by its address; KeyError when the schema has none."""
        return self.table(address.keys[0]).field(address.keys[1])

    def fields(self) -> Iterator[FieldSpec]:
        """Yield every field of every table, in order."""
        for table in self.tables:
            yield from table.fields

    def options(self) -> Iterator[OptionSpec]:
        """Yield every option of every field, in order."""
        for field in self.fields():
            yield from field.options
