"""Captured automations as commands see them: heads, places, postings. The document itself is the adapter's own text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from huoban_perf.core.addresses import Bindings, RemoteId, WorkspaceId
from huoban_perf.core.schema.tables import ObservedSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomationHead:
    """An automation as a list shows it.

    Attributes:
        automation_id: Platform id.
        sort: The platform's word for its type.
        name: Name shown.
        status: Whether it runs, in the platform's word; empty when not shown.
    """

    automation_id: str
    sort: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A workspace that documents are captured from or bound to.

    Attributes:
        workspace: Its id.
        schema: As read right now.
        bindings: What the template's addresses are bound to there.
        automations: Key of a captured automation → its id there.
    """

    workspace: WorkspaceId
    schema: ObservedSchema
    bindings: Bindings
    automations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What posting a document came to.

    Attributes:
        automation_id: Platform id.
        editor_url: Where a person has to look at it: only the editor shows whether it can be displayed.
        differences: Where what reads back is not what was sent.
    """

    automation_id: str
    editor_url: str
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document bound to a place, ready to be sent; nothing has been sent.

    Attributes:
        key: Our key of it.
        sort: The platform's word for its type.
        name: Name shown.
        table_id: Platform id of its table.
        body: What would be sent, as text; holds no secret.
        references: How many ids and names were bound.
    """

    key: str
    sort: str
    name: str
    table_id: RemoteId
    body: str
    references: int


class AutomationPlane(Protocol):
    """Reads, binds and posts captured automations."""

    def heads(self, *, workspace: WorkspaceId, table_id: RemoteId) -> tuple[AutomationHead, ...]:
        """Return the automations of a table."""
        ...

    def capture(self, *, automation_id: str, key: str, place: Place) -> str:
        """Return an automation as a document with addresses in the place of ids and names."""
        ...

    def prepare(self, *, document: str, source: str, place: Place) -> Prepared:
        """Return a document bound to a place; every fault is listed, nothing is sent."""
        ...

    def post(self, *, prepared: Prepared, place: Place, automation_id: str | None) -> Posting:
        """Create an automation, or replace the document of one, and read it back."""
        ...
