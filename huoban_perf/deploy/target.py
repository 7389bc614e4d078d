"""Where a plan is applied: the connection, whose state it is, the clock, and where snapshots go."""

from __future__ import annotations

from dataclasses import dataclass

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.clock import Clock
from huoban_perf.core.ports import Connection
from huoban_perf.core.progress import Progress, silent
from huoban_perf.core.schema import ObservedSchema
from huoban_perf.deploy.snapshot import SnapshotStore
from huoban_perf.deploy.state import StateOwner


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployTarget:
    """Where a plan is applied.

    Attributes:
        connection: The platform.
        owner: App, platform and workspace that the state belongs to.
        clock: Dates what is recorded.
        progress: Told after every step.
        snapshots: Where items and structure are put aside before anything is lost; None takes no snapshot.
        purpose: Why a snapshot is taken: ``apply`` or ``rollback``.
    """

    connection: Connection
    owner: StateOwner
    clock: Clock
    progress: Progress = silent
    snapshots: SnapshotStore | None = None
    purpose: str = "apply"

    @property
    def workspace(self) -> WorkspaceId:
        """Id of the workspace."""
        return self.owner.workspace

    def observe(self) -> ObservedSchema:
        """Read the workspace: one request for the list and one a table."""
        return self.connection.schema_source.observe(workspace=self.workspace)
