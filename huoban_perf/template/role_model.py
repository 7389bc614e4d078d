"""``roles.yaml``: roles, permission groups, and what each role contributes to the rights on each table."""

from __future__ import annotations

from pydantic import Field

from huoban_perf.core.schema import Right
from huoban_perf.template.rule_model import FieldKey, Rules
from huoban_perf.template.text_model import Key, LabelsText, SayingText, Text


class GroupText(Text):
    """A permission group of the platform; a person is in one group a table."""

    key: Key
    labels: LabelsText
    within: Key | None = None
    """Group whose permissions this one contains (HR is also somebody's employee)."""


class RoleText(Text):
    """A role that people have."""

    key: Key
    labels: LabelsText
    group: Key
    """Permission group that its holders are put into."""
    members: SayingText | None = None
    """For the admin: whom to put into the group; nothing where a relation to rows makes one a holder."""


class GrantText(Text):
    """What one role contributes in one table."""

    role: Key
    rows: Rules = ()
    """Rows it opens; none stated: all."""
    see: tuple[FieldKey, ...] = ()
    """Fields it lets see; none stated: all but ``hide``."""
    hide: tuple[FieldKey, ...] = ()
    edit: tuple[str, ...] = ()
    """Fields it lets change, or ``$all`` for every field that people fill in. Action fields are given by ``act``."""
    act: tuple[Key, ...] = ()
    """Actors of the table's machine in whose name it acts: opens their action field and 操作说明."""
    rights: tuple[Right, ...] = ()
    feature: Key | None = None


class MustNotSeeText(Text):
    """What a group must not see in a table, in words for the documentation and the acceptance probes."""

    group: Key
    fields: tuple[FieldKey, ...] = ()
    """Fields among it: that no grant of the group opens them is checked."""
    zh: str = Field(min_length=1, max_length=200)
    en: str = Field(min_length=1, max_length=200)


class TableRightsText(Text):
    """The rights on one table; a role without a grant does not see it."""

    table: Key
    grants: tuple[GrantText, ...] = ()
    must_not_see: tuple[MustNotSeeText, ...] = ()


class RolesText(Text):
    """Roles and permissions: ``roles.yaml``."""

    groups: tuple[GroupText, ...] = Field(min_length=1)
    roles: tuple[RoleText, ...] = Field(min_length=1)
    permissions: tuple[TableRightsText, ...] = ()
