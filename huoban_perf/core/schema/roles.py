"""Roles and permissions: who people are in the app, and what each permission group may do in each table.

The platform gives a person one permission group a table; a group has one row filter, one set of visible and one of
editable fields (data-model.md §1 rule 2, schema-plane.md §6 [doc]). What each role contributes stays readable as a
*grant*; the permission is their union, worked out by the compiler.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from huoban_perf.core.addresses import Address
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import NEVER, Rule
from huoban_perf.core.schema.fields import FieldKind


class Right(StrEnum):
    """What a group may do beyond seeing and editing."""

    CREATE = "create"
    DELETE = "delete"
    EXPORT = "export"
    IMPORT = "import"
    SHARE = "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionColumn:
    """A member field that a job fills so that the platform can restrict rows. Source: data-model.md §1 rule 3."""

    labels: Labels
    kind: FieldKind


PERMISSION_COLUMNS: Final[Mapping[str, PermissionColumn]] = MappingProxyType(
    {
        "p_self": PermissionColumn(labels=Labels("本人", "Self"), kind=FieldKind.MEMBER),
        "p_mgr": PermissionColumn(labels=Labels("上级", "Superior"), kind=FieldKind.MEMBER),
        "p_heads": PermissionColumn(labels=Labels("部门负责人", "Heads of department"), kind=FieldKind.MEMBERS),
        "p_subject": PermissionColumn(labels=Labels("被评人", "Person reviewed"), kind=FieldKind.MEMBER),
        "p_committee": PermissionColumn(labels=Labels("校准委员", "Calibration committee"), kind=FieldKind.MEMBERS),
    }
)
"""Field key → column; the compiler adds to a table those that its permissions, views or machine speak of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpec:
    """A role people have in the app.

    Attributes:
        address: ``role:key``.
        labels: Name shown.
        group: Key of the permission group that its holders are put into.
        members: How one becomes a holder: by a relation to rows (None), or because the admin puts the person into the
            group (text for the admin).
    """

    address: Address
    labels: Labels
    group: str
    members: Labels | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """A permission group of the platform.

    Attributes:
        key: Its key, the second part of ``permission:table.key``.
        labels: Name shown.
        within: Key of the group whose permissions this one contains, or None.
    """

    key: str
    labels: Labels
    within: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one role contributes to a permission.

    Attributes:
        role: Key of the role.
        rows: Rows it opens.
        visible: Fields it lets see.
        editable: Fields it lets change.
        hidden: Fields it says must stay hidden.
        rights: Further rights.
    """

    role: str
    rows: Rule
    visible: tuple[Address, ...]
    hidden: tuple[Address, ...] = ()
    editable: tuple[Address, ...] = ()
    rights: frozenset[Right] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionSpec:
    """What a permission group may do in one table.

    Attributes:
        address: ``permission:table.group``.
        rows: Rows a member of the group sees: the grants' rows joined by OR; ``NEVER`` hides the table.
        visible: Fields seen, in table order.
        editable: Fields changed, in table order; never one that a job or the platform fills.
        rights: Further rights.
        grants: What each role contributes, for readers.
        must_not_see: What the group must not see here, in words, or None.
        forbidden: Fields among it; none of them is visible in a template that passed the linter.
        is_default: Whether people whom nobody put into a group are in this one.
    """

    address: Address
    rows: Rule
    visible: tuple[Address, ...] = ()
    editable: tuple[Address, ...] = ()
    rights: frozenset[Right] = frozenset()
    grants: tuple[Grant, ...] = ()
    must_not_see: Labels | None = None
    forbidden: tuple[Address, ...] = ()
    is_default: bool = False

    @property
    def is_hidden(self) -> bool:
        """Whether the group does not see the table at all."""
        return self.rows == NEVER
