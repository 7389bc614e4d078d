"""Ports: what a platform adapter offers. Keyword-only, frozen objects, neutral values, never HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from huoban_perf.core.addresses import Bindings, FileId, MemberId, WorkspaceId
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.captures import AutomationPlane
from huoban_perf.core.changes import Performed, SchemaOperation
from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.core.items import ItemPage, ItemQuery, Receipt, WriteBatch
from huoban_perf.core.personal import PersonalSink
from huoban_perf.core.schema.tables import ObservedSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person of the workspace."""

    member_id: MemberId
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Requests sent so far through one connection, retries included.

    Attributes:
        requests: Every HTTP request.
        writes: Requests to endpoints that change data or schema.
    """

    requests: int
    writes: int


class SchemaSource(Protocol):
    """Reads a workspace's schema."""

    def observe(self, *, workspace: WorkspaceId) -> ObservedSchema:
        """Return every table with its fields.

        Raises NotFoundError for an unknown workspace, AccessError for a key without rights, UnreachableError when
        no answer came.
        """
        ...


class SchemaSink(Protocol):
    """Carries out schema steps; never called for what ``Capabilities.performs`` lacks."""

    def perform(self, *, workspace: WorkspaceId, operation: SchemaOperation) -> Performed:
        """Carry out one step and return the ids it created."""
        ...


class ItemSource(Protocol):
    """Reads items."""

    def scan(self, *, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        """Yield pages in the query's order, without duplicates, until all matching items were seen."""
        ...


class ItemSink(Protocol):
    """Writes items."""

    def submit(self, *, batch: WriteBatch, bindings: Bindings) -> Receipt:
        """Send one batch; *accepted* means the outcome is not known yet."""
        ...


class MemberSource(Protocol):
    """Reads the people of a workspace."""

    def members(self, *, workspace: WorkspaceId) -> Iterator[Member]:
        """Yield every member."""
        ...


class MemberSink(Protocol):
    """Brings people into a workspace; only some platforms let a program do that."""

    def account(self, *, name: str, number: str) -> str:
        """Return what a person is called among the members, from their name and staff number."""
        ...

    def invite(self, *, workspace: WorkspaceId, accounts: Sequence[str]) -> None:
        """Invite people; each is a member afterwards."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file as it came from a platform."""

    name: str
    content: bytes


class FileSource(Protocol):
    """Reads files; not every platform hands them out again."""

    def get(self, *, file_id: FileId) -> StoredFile:
        """Return a file that an item holds."""
        ...


class FileSink(Protocol):
    """Takes files; one that no item holds afterwards means nothing."""

    def put(self, *, name: str, content: bytes) -> FileId:
        """Send a file and return the id to put into an item."""
        ...


class HintSink(Protocol):
    """Has tables call an address when their rows change; the call says that, never what."""

    def is_told(self, *, table_id: str, url: str) -> bool:
        """Return whether a table calls the address."""
        ...

    def tell(self, *, table_id: str, url: str) -> bool:
        """Have a table call the address; return whether anything was changed."""
        ...

    def stands(self, *, table_id: str) -> bool:
        """Return whether a table makes a call of ours, to whatever address."""
        ...

    def hush(self, *, table_id: str) -> bool:
        """Take the call away; return whether there was one."""
        ...


class TrafficSource(Protocol):
    """Counts what was sent."""

    def traffic(self) -> Traffic:
        """Return the counts so far."""
        ...


class Verdict(StrEnum):
    """What a harmless read could show of an identity."""

    PROVEN = "proven"
    REFUSED = "refused"
    NOT_PROVEN = "not_proven"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found out about a plane before anything starts.

    Attributes:
        plane: Name of the plane.
        verdict: Proven, refused, or only provable by a write.
        code: Message id.
        facts: Placeholders of the message.
        cause: For REFUSED: why, as the failed read said it.
    """

    plane: str
    verdict: Verdict
    code: str
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    cause: Problem | None = None


class Prober(Protocol):
    """Finds out, without changing anything, what an identity may do."""

    def probe(self, *, workspace: WorkspaceId) -> tuple[Finding, ...]:
        """Return the findings; a refusal is a finding, never an error."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A connected platform: what an adapter's ``connect`` returns.

    Attributes:
        name: Which platform and planes, for people: ``huoban[v1+builder]``.
        capabilities: What it can see and do.
        schema_source: Reads schema.
        schema_sink: Writes schema; refuses everything where no plane can.
        item_source: Reads items.
        item_sink: Writes items.
        member_source: Reads people.
        traffic: Counts requests.
        prober: Examines identities that are not proven by connecting; None when there are none.
        automations: Captures and posts automations; None where no plane can.
        file_source: Reads files; None where no documented way leads to their bytes.
        file_sink: Takes files; None where none can be sent.
        hints: Has tables call an address when they change; None where a program cannot arrange that.
        personal: Builds views of one person; None where a view turns on its reader by itself.
    """

    name: str
    capabilities: Capabilities
    schema_source: SchemaSource
    schema_sink: SchemaSink
    item_source: ItemSource
    item_sink: ItemSink
    member_source: MemberSource
    traffic: TrafficSource
    prober: Prober | None = None
    automations: AutomationPlane | None = None
    file_source: FileSource | None = None
    file_sink: FileSink | None = None
    hints: HintSink | None = None
    personal: PersonalSink | None = None
