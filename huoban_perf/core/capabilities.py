"""What a connection can see and do; the planner adapts the wish to it instead of failing half-way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from huoban_perf.core.addresses import ObjectKind
from huoban_perf.core.changes import Action
from huoban_perf.core.schema.definitions import DefinitionSpec
from huoban_perf.core.schema.fields import FieldKind


def _holds_all(_: DefinitionSpec) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Declared by an adapter for one connection.

    Attributes:
        observes: Kinds of objects a read shows.
        performs: Which action on which kind can be carried out by program; all others become manual steps.
        field_kinds: Field kinds the platform can hold.
        page_size: Most items one read returns.
        batch_size: Most rows one write takes.
        asynchronous_batches: Whether an accepted batch is applied later.
        upserts_by_key: Whether the platform itself matches rows by a key field.
        item_editor: Whether a read names the person who last edited an item.
        row_permissions: Whether the platform restricts rows by member fields.
        stamps_every_change: Whether every change of an item moves its time of last change; else now and then whoever
            waits for changes reads everything.
        attests: Kinds of definitions that the platform has and no read of this connection shows: a person builds them
            and says so. A kind that is neither observed nor attested is not planned here.
        creates_kinds: Field kinds that can be created by program; None: all that it holds.
        tables_come_with_fields: Whether creating a table creates, in the same call, all its fields that can be created
            by program and point to no table.
        cannot_hold: Whether a definition has no equal on the platform at all, so that nobody could build it; it is left
            out of the plan, with a note.
        significant_digits: Most digits that a number keeps exactly, or None where numbers are kept as written.
        caution: Message id of what a person should know before this connection changes schema, or None.
    """

    observes: frozenset[ObjectKind]
    performs: frozenset[tuple[ObjectKind, Action]]
    field_kinds: frozenset[FieldKind]
    page_size: int
    batch_size: int
    asynchronous_batches: bool
    upserts_by_key: bool
    item_editor: bool = False
    row_permissions: bool = False
    stamps_every_change: bool = True
    attests: frozenset[ObjectKind] = frozenset()
    creates_kinds: frozenset[FieldKind] | None = None
    tables_come_with_fields: bool = False
    cannot_hold: Callable[[DefinitionSpec], bool] = _holds_all
    significant_digits: int | None = None
    caution: str | None = None

    def can(self, action: Action, kind: ObjectKind) -> bool:
        """Return whether the connection carries out an action on a kind of object by program."""
        return (kind, action) in self.performs

    def can_create(self, kind: FieldKind) -> bool:
        """Return whether fields of a kind can be created by program."""
        known = self.creates_kinds is None or kind in self.creates_kinds
        return known and self.can(Action.CREATE, ObjectKind.FIELD)
