"""What applying a plan did, as an artifact: done, already so, waiting for a person, not as wished."""

from __future__ import annotations

from enum import StrEnum

from huoban_perf.core.changes import Action
from huoban_perf.deploy.artifact import AddressText, Artifact, Note
from huoban_perf.deploy.plan import Step

REPORT_FORMAT = 1
"""Version of the artifact's form."""


class Outcome(StrEnum):
    """What became of one step."""

    DONE = "done"
    ALREADY = "already"
    MANUAL = "manual"
    WAITING = "waiting"


class StepResult(Artifact):
    """One step and its outcome.

    Attributes:
        address: The object.
        action: What was to happen.
        outcome: What became of it.
        remote_id: Id of the object afterwards, or None when it does not stand.
    """

    address: AddressText
    action: Action
    outcome: Outcome
    remote_id: str | None = None


class ApplyReport(Artifact):
    """What applying a plan did.

    Attributes:
        format: Version of the form.
        plan_digest: Which plan.
        workspace: Id of the workspace.
        results: Every step of the plan with its outcome.
        pending: What a person still has to do, as the workspace stands now.
        waiting: What the connection can do once a person has done the pending steps.
        unsettled: What was carried out but does not read back as wished.
        problems: What reads back in a way that no step could mend.
        notes: What a reader should know besides, for example an abandoned lock taken over.
        snapshot: Name of the snapshot taken before the first effect, or None when nothing was to be lost.
        snapshot_rows: How many items it holds.
        is_verified: Whether the workspace was read again after the last effect.
        state_serial: Serial of the saved state.
    """

    format: int = REPORT_FORMAT
    plan_digest: str
    workspace: str
    results: tuple[StepResult, ...]
    pending: tuple[Step, ...] = ()
    waiting: tuple[Step, ...] = ()
    unsettled: tuple[Step, ...] = ()
    problems: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    snapshot: str | None = None
    snapshot_rows: int = 0
    is_verified: bool
    state_serial: int

    @property
    def is_settled(self) -> bool:
        """Whether the workspace now is what the template wishes, as far as a read proves."""
        return not (self.pending or self.waiting or self.unsettled or self.problems)

    def count(self, action: Action, outcome: Outcome = Outcome.DONE) -> int:
        """Return how many steps of one action had one outcome.

        Args:
            action: The action.
            outcome: The outcome.

        Returns:
            Their number.
        """
        return sum(result.action is action and result.outcome is outcome for result in self.results)
