"""Firings: one automation (or picked action) set off by one cause on one row; and the ledger that remembers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

RIPPLE_LEVELS = 15
"""So many firings may follow from each other, as on the platform. Source: automation-plane.md §2 [doc]."""


class FiringState(StrEnum):
    """Where a firing stands."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"
    """The action was not allowed; the person reads why in 操作结果."""
    SKIPPED = "skipped"
    """The row no longer satisfies the conditions, or is gone."""
    LOOPED = "looped"
    """Stopped: the same automation would have followed from itself, or the ripple was too deep."""
    PARKED = "parked"
    """Given up; a person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One firing.

    Attributes:
        key: Cause and automation in one text; the same cause makes the same key.
        automation: Printed address, or ``action:<table>`` for a picked action.
        table: Table of the row.
        item: The row's id.
        cause: What happened, for people: ``changed: status, owner``.
        depth: How many firings it follows from.
        chain: Those firings' automations, oldest first.
        attempts: Tries so far.
    """

    key: str
    automation: str
    table: str
    item: str
    cause: str
    depth: int = 0
    chain: tuple[str, ...] = ()
    attempts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A firing that came to its end.

    Attributes:
        firing: The firing.
        state: How it ended.
        outcome: One line about it.
    """

    firing: Firing
    state: FiringState
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What a change of a row that we made ourselves follows from."""

    depth: int
    chain: tuple[str, ...]


class Ledger(Protocol):
    """What the executor remembers; every method is one atomic step."""

    def cursor(self, table: str) -> datetime | None:
        """Return up to which moment a table was looked at, or None before the first time."""
        ...

    def seen(self, table: str, items: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """Return item → field → short digest as last seen, for the items known."""
        ...

    def note(
        self,
        table: str,
        *,
        cursor: datetime,
        seen: Mapping[str, Mapping[str, str]],
        firings: Sequence[Firing],
        explained: Sequence[str] = (),
        back: bool = False,
    ) -> int:
        """Keep what was seen with the firings it sets off, and forget the causes of explained items' changes.

        A cursor never goes back unless ``back`` says that the one kept is wrong.

        Returns:
            How many firings are new.
        """
        ...

    def known(self, table: str) -> frozenset[str]:
        """Return the items of a table that were ever seen and not noted as gone."""
        ...

    def note_gone(self, table: str, items: Sequence[str], *, firings: Sequence[Firing]) -> int:
        """Forget items that are gone together with keeping what that sets off; return how many firings are new."""
        ...

    def enqueue(self, firings: Sequence[Firing]) -> int:
        """Keep firings; a key that is known is ignored. Return how many are new."""
        ...

    def pending(self, *, now: datetime) -> Iterator[Firing]:
        """Yield the firings to be tried now, oldest first; those that are queued meanwhile are left out."""
        ...

    def settle(self, ended: Sequence[Settled], *, at: datetime) -> None:
        """Close firings."""
        ...

    def postpone(self, firing: Firing, *, not_before: datetime, reason: str) -> None:
        """Count a failed try and hold the firing off."""
        ...

    def ripple(self, rows: Sequence[tuple[str, str]], cause: Cause) -> None:
        """Remember that the next change of rows, each a table and an item, is our own doing."""
        ...

    def causes(self, table: str, items: Sequence[str]) -> Mapping[str, Cause]:
        """Return item → what its change follows from; a person's own change is left out."""
        ...
