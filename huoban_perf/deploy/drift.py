"""Drift: what people changed in the workspace since we last applied. Reads only; there is nothing to apply.

Source: design.md §5.4 rule 5.
"""

from __future__ import annotations

from collections.abc import Mapping

from huoban_perf.core.addresses import Address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action, Cause
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema, ObservedSchema
from huoban_perf.deploy.artifact import Artifact, Note
from huoban_perf.deploy.order import ordered
from huoban_perf.deploy.plan import Reason, Step
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.steps import steps_of
from huoban_perf.deploy.survey import survey

DRIFT_FORMAT = 1
"""Version of the artifact's form."""


class DriftReport(Artifact):
    """What moved in the workspace.

    Attributes:
        format: Version of the form.
        workspace: Id of the workspace.
        steps: The steps of a plan that answer drift or conflict, with only the attributes concerned; an object that is
            gone stands here as the step that would make it again.
        unseen: How many objects no read shows, so that nothing can be said of them.
        problems: What no step could mend: another field kind, another target, two candidates.
    """

    format: int = DRIFT_FORMAT
    workspace: str
    steps: tuple[Step, ...]
    problems: tuple[Note, ...]
    unseen: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing moved."""
        return not (self.steps or self.problems)


def drift(
    *,
    desired: DesiredSchema,
    observed: ObservedSchema,
    state: StateFile,
    capabilities: Capabilities,
    locale: Locale = "zh",
    moved: Mapping[Address, Address] | None = None,
) -> DriftReport:
    """Return what moved in the workspace since we last applied.

    Args:
        desired: The wish.
        observed: The workspace as read.
        state: What we know we did there.
        capabilities: What the connection can carry out.
        locale: Language in which names are deployed.
        moved: Old address → new address of renamed keys, so that a rename hides no drift.

    Returns:
        Only drift, conflicts, and what is gone; changes of the template alone are a matter for ``plan``.

    Raises:
        PlanError: A rename cannot be carried out.
        StateError: The state is that of another workspace.
    """
    seen = survey(desired=desired, observed=observed, state=state, locale=locale, moved=moved)
    steps = steps_of(seen, capabilities=capabilities, delete=frozenset())
    concerned = [theirs for step in ordered(steps, desired=desired) if (theirs := _theirs(step)) is not None]
    return DriftReport(
        workspace=observed.workspace, steps=tuple(concerned), problems=seen.problems, unseen=seen.pairing.unseen
    )


def _theirs(step: Step) -> Step | None:
    if step.reason is Reason.GONE:
        return step
    changes = tuple(change for change in step.changes if change.cause is not Cause.CHANGE)
    if step.action is not Action.UPDATE or not changes:
        return None
    return step.model_copy(update={"changes": changes})
