"""Addresses: the identity of everything a template declares, and the ids it is bound to.

An address is a kind and dotted ASCII keys, printed ``field:employee.level``. Keys never change meaning; labels, names
and ids are attributes. Ids of the platform are opaque strings; option ids are unique only inside their field, so an
option has an address of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)
ItemId = NewType("ItemId", str)
MemberId = NewType("MemberId", str)
FileId = NewType("FileId", str)
RemoteId = NewType("RemoteId", str)

_KEY = re.compile(r"[a-z][a-z0-9_]*")


class ObjectKind(StrEnum):
    """What can be addressed, in the order in which a plan builds it."""

    TABLE = "table"
    FIELD = "field"
    OPTION = "option"
    VIEW = "view"
    FORM = "form"
    ROLE = "role"
    PERMISSION = "permission"
    PAGE = "page"
    AUTOMATION = "automation"


_DEPTH = {
    ObjectKind.TABLE: 1,
    ObjectKind.FIELD: 2,
    ObjectKind.OPTION: 3,
    ObjectKind.VIEW: 2,
    ObjectKind.FORM: 2,
    ObjectKind.ROLE: 1,
    ObjectKind.PERMISSION: 2,
    ObjectKind.PAGE: 1,
    ObjectKind.AUTOMATION: 2,
}
_IN_TABLE = frozenset(
    {ObjectKind.FIELD, ObjectKind.VIEW, ObjectKind.FORM, ObjectKind.PERMISSION, ObjectKind.AUTOMATION}
)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Kind plus keys from the outside in: table, then field, then option.

    ``permission:goal.hr`` is what the group ``hr`` may do in the table ``goal``; roles and pages stand in no table.

    Raises:
        ValueError: The number or the form of the keys does not fit the kind.
    """

    kind: ObjectKind
    keys: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse keys that could not be printed and parsed back."""
        if len(self.keys) != _DEPTH[self.kind] or not all(_KEY.fullmatch(key) for key in self.keys):
            raise ValueError(f"not a {self.kind} address: {'.'.join(self.keys)}")

    def __str__(self) -> str:
        """Return ``kind:key.key``."""
        return f"{self.kind}:{'.'.join(self.keys)}"

    @property
    def key(self) -> str:
        """The last key: the object's own name."""
        return self.keys[-1]

    @property
    def table(self) -> Address:
        """The table this object belongs to (itself for a table).

        Raises:
            ValueError: A role or page belongs to no table.
        """
        if self.kind in {ObjectKind.ROLE, ObjectKind.PAGE}:
            raise ValueError(f"{self} is in no table")
        return table_address(self.keys[0])

    @property
    def outermost(self) -> Address:
        """The table this object belongs to; a role or page itself."""
        return self if self.kind in {ObjectKind.ROLE, ObjectKind.PAGE} else self.table

    @property
    def parent(self) -> Address | None:
        """The enclosing object: a field's table, an option's field; None for a table, role or page."""
        if self.kind is ObjectKind.OPTION:
            return Address(ObjectKind.FIELD, self.keys[:2])
        return self.table if self.kind in _IN_TABLE else None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read the printed form back.

        Args:
            text: For example ``option:employee.level.p7``.

        Returns:
            The address.

        Raises:
            ValueError: The text is not an address.
        """
        kind, _, keys = text.partition(":")
        return cls(ObjectKind(kind), tuple(keys.split(".")))


def table_address(table: str) -> Address:
    """Return the address of a table by its key."""
    return Address(ObjectKind.TABLE, (table,))


def field_address(table: str, field: str) -> Address:
    """Return the address of a field by its keys."""
    return Address(ObjectKind.FIELD, (table, field))


def option_address(table: str, field: str, option: str) -> Address:
    """Return the address of an option by its keys."""
    return Address(ObjectKind.OPTION, (table, field, option))


class Bindings(Mapping[Address, RemoteId]):
    """Which platform id each address has; immutable, handed around as a value."""

    __slots__ = ("_ids",)

    def __init__(self, ids: Mapping[Address, RemoteId]) -> None:
        """Freeze a copy.

        Args:
            ids: Address → platform id.
        """
        self._ids = MappingProxyType(dict(ids))

    def __getitem__(self, address: Address) -> RemoteId:
        """Return the id bound to an address, or raise KeyError."""
        return self._ids[address]

    def __iter__(self) -> Iterator[Address]:
        """Iterate over the bound addresses."""
        return iter(self._ids)

    def __len__(self) -> int:
        """Return how many addresses are bound."""
        return len(self._ids)
