"""What a person may see and change in one table: one pure evaluation of a permission group's rules.

Ours, not a belief about the platform: whoever shows rows to people themselves (the embedded workspace and its pages)
asks here, so that a role means the same everywhere. A person has one group a table; a group has one row rule, one set
of visible and one of editable fields, and a few further rights. Nothing is allowed that no permission grants.

Source: workflows.md §3; data-model.md §1 rule 2; design.md §9.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from huoban_perf.core.addresses import Address
from huoban_perf.core.rules import Moment, holds
from huoban_perf.core.schema.roles import PermissionSpec, Right
from huoban_perf.core.values import Values


class Denial(StrEnum):
    """Why something is not allowed, from the outside in."""

    TABLE = "table"
    ROW = "row"
    FIELD = "field"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Refused:
    """One thing that is not allowed.

    Attributes:
        denial: What stands in the way.
        subject: Key of the field, or the right that lacks; empty for TABLE and ROW.
    """

    denial: Denial
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What one group may do in one table, for one person at one moment.

    Attributes:
        permission: The group's permission; None when it has none here, and then everything is refused.
        moment: The day, and who is *me*.
    """

    permission: PermissionSpec | None
    moment: Moment

    @property
    def is_hidden(self) -> bool:
        """Whether the table is not there at all for the group."""
        return self.permission is None or self.permission.is_hidden

    @property
    def visible(self) -> frozenset[str]:
        """Keys of the fields that are seen."""
        return _keys(() if self.permission is None or self.is_hidden else self.permission.visible)

    @property
    def editable(self) -> frozenset[str]:
        """Keys of the fields that may be changed; one that is not seen is never among them."""
        return _keys(() if self.permission is None else self.permission.editable) & self.visible

    def may(self, right: Right) -> bool:
        """Return whether the group has a right here."""
        return self.permission is not None and not self.is_hidden and right in self.permission.rights

    def sees(self, values: Values) -> bool:
        """Return whether a row is seen.

        Args:
            values: Field key → value of the whole row, hidden fields included: the rule reads them.
        """
        return self.permission is not None and holds(self.permission.rows, values, moment=self.moment)

    def shown(self, values: Values) -> Values:
        """Return the part of a row's values that is seen; nothing of a row that is not.

        Args:
            values: Field key → value of the whole row.

        Returns:
            Field key → value.
        """
        return {key: value for key, value in values.items() if key in self.visible} if self.sees(values) else {}

    def refuses_create(self, changes: Iterable[str]) -> tuple[Refused, ...]:
        """Return why a row may not be added.

        Args:
            changes: Keys of the fields it would be given.

        Returns:
            Every reason; empty when it may.
        """
        return self._refuses(Right.CREATE, changes)

    def refuses_update(self, before: Values, changes: Iterable[str]) -> tuple[Refused, ...]:
        """Return why fields of a row may not be changed.

        Args:
            before: The whole row as it stands: only who sees it may change it.
            changes: Keys of the fields that would be changed.

        Returns:
            Every reason; empty when they may.
        """
        return self._unseen(before) or self._refuses(None, changes)

    def refuses_delete(self, before: Values) -> tuple[Refused, ...]:
        """Return why a row may not be removed.

        Args:
            before: The whole row as it stands.

        Returns:
            Every reason; empty when it may.
        """
        return self._unseen(before) or self._refuses(Right.DELETE, ())

    def _unseen(self, before: Values) -> tuple[Refused, ...]:
        if self.is_hidden:
            return (Refused(Denial.TABLE),)
        return () if self.sees(before) else (Refused(Denial.ROW),)

    def _refuses(self, right: Right | None, changes: Iterable[str]) -> tuple[Refused, ...]:
        if self.is_hidden:
            return (Refused(Denial.TABLE),)
        lacking = () if right is None or self.may(right) else (Refused(Denial.RIGHT, right.value),)
        locked = sorted(set(changes) - self.editable)
        return (*lacking, *(Refused(Denial.FIELD, key) for key in locked))


def access_of(permissions: Iterable[PermissionSpec], *, table: Address, group: str, moment: Moment) -> Access:
    """Return what a group may do in a table.

    Args:
        permissions: Of the app.
        table: Which table.
        group: Key of the person's group there.
        moment: The day, and who is *me*.

    Returns:
        The access; that of nobody when the group has no permission there.
    """
    found = [entry for entry in permissions if entry.address.keys == (table.key, group)]
    return Access(permission=found[0] if found else None, moment=moment)


def _keys(addresses: Iterable[Address]) -> frozenset[str]:
    return frozenset(address.key for address in addresses)
