"""What the pages ask of the outside; the sandbox itself executes no automation and knows no state machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from huoban_perf.core.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One action that a row's state offers to somebody.

    Attributes:
        field: Alias of the action field in which it is picked.
        option: Alias of its option.
        label: What the person reads.
        help: What it does, or empty.
        needs_reason: Whether 操作说明 must say why.
        is_main: Whether it is what people usually do here.
        member_fields: Aliases of the row's member fields whose holders may; with none of ``roles`` and these, nobody.
        roles: Roles all of whose holders may.
    """

    field: str
    option: str
    label: str
    help: str = ""
    needs_reason: bool = False
    is_main: bool = False
    member_fields: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class Behaviour(Protocol):
    """The app's behaviour beyond its data."""

    def governs(self, table: str) -> frozenset[str]:
        """Return the aliases of a table's action fields and of what goes with them; empty when nothing moves it."""
        ...

    def offers(self, table: str, values: Values) -> Sequence[Offer]:
        """Return the actions that a row's state offers, to whomever.

        Args:
            table: Alias of the table.
            values: Field alias → neutral value, choices by the alias of their option.
        """
        ...

    def press(self, automation: str, *, item: str, member: str) -> None:
        """Take a button that a person pressed on an item."""
        ...

    def settle(self, *, table: str, item: str) -> None:
        """Let automations carry out what a write set off; never fails, what could not be done is done later.

        Args:
            table: Alias of the table written to.
            item: The item written, or removed.
        """
        ...


class NoBehaviour:
    """A workspace in which nothing happens by itself."""

    def governs(self, table: str) -> frozenset[str]:
        """Return nothing: every field is an ordinary one."""
        del table
        return frozenset()

    def offers(self, table: str, values: Values) -> Sequence[Offer]:
        """Return nothing."""
        del table, values
        return ()

    def press(self, automation: str, *, item: str, member: str) -> None:
        """Do nothing."""

    def settle(self, *, table: str, item: str) -> None:
        """Do nothing."""
