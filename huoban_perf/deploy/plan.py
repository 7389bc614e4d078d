"""The plan: a frozen artifact that says step by step what will happen, and refuses to be tampered with.

Showing and doing read the same steps. A plan holds digests of everything it was made from (template, observation,
state), so that ``apply`` can tell when the world moved, and a digest of itself.

Source: design.md §5.4.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import Field, ValidationError

from huoban_perf.core.changes import Action, AttributeChange, Cause
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import PlanError
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DEFINITION_KINDS
from huoban_perf.deploy.artifact import AddressText, Artifact, Note

PLAN_FORMAT = 2
"""Version of the artifact's form."""


class Performer(StrEnum):
    """Who carries a step out: the connection, a person, or our own state without touching the platform."""

    API = "api"
    MANUAL = "manual"
    STATE = "state"


class Reason(StrEnum):
    """Why a step is there."""

    NEW = "new"
    GONE = "gone"
    DIFFERS = "differs"
    FOUND_BY_ALIAS = "found_by_alias"
    FOUND_BY_NAME = "found_by_name"
    CONVERGED = "converged"
    MOVED = "moved"
    UNDECLARED = "undeclared"


class Risk(StrEnum):
    """What a step may cost; data loss is shown first."""

    SAFE = "safe"
    MANUAL = "manual"
    DATA_LOSS = "data_loss"


class Step(Artifact):
    """What happens to one object.

    Attributes:
        address: The object.
        action: What happens.
        performer: Who does it.
        reason: Why.
        named: Names from the outside in, for people.
        changes: Attributes that change; for CREATE all that are stated.
        needs: Objects that must stand before this step.
        remote_id: Id of the object; for CREATE that of the one that is gone, or None.
        seen: Digest of the object as seen; empty when it does not stand.
        unproven: Attributes that no read proves; a person should look.
        moved_from: The former address, or None.
    """

    address: AddressText
    action: Action
    performer: Performer
    reason: Reason
    named: tuple[str, ...]
    changes: tuple[AttributeChange, ...] = ()
    needs: tuple[AddressText, ...] = ()
    remote_id: str | None = None
    seen: str = ""
    unproven: tuple[str, ...] = ()
    moved_from: AddressText | None = None

    @property
    def causes(self) -> frozenset[Cause]:
        """Who moved, over all attributes that change."""
        return frozenset(change.cause for change in self.changes)

    @property
    def risk(self) -> Risk:
        """What the step may cost: deleting and reducing a relation to one item lose data."""
        narrows = any(change.attribute == "many" and change.before is True for change in self.changes)
        holds_data = self.address.kind not in DEFINITION_KINDS
        if (self.action is Action.DELETE and holds_data) or narrows:
            return Risk.DATA_LOSS
        return Risk.MANUAL if self.performer is Performer.MANUAL else Risk.SAFE


class Plan(Artifact):
    """Everything that would bring the workspace to what the template wishes.

    Attributes:
        format: Version of the form.
        tool_version: Version of this package.
        app: Key of the app.
        app_version: Version of the template.
        workspace: Id of the workspace.
        locale: Language in which names are deployed.
        made_at: When it was made; the only part outside the digest.
        template_digest: Digest of the wish.
        observed_digest: Digest of the workspace as read.
        state_lineage: History of the state it was made from; empty when there was none.
        state_serial: Serial of that state.
        moved: Renamed keys, old and new.
        only: What it was limited to; empty: everything.
        structure_only: Whether it leaves views, forms, permissions, pages and automations alone.
        steps: In the order in which they are carried out.
        conflicts: Conflicts without a choice; a plan with any is not applied.
        refusals: What the guard does not let through; a plan with any is not applied.
        losses: What a rollback of this plan could not restore.
        notes: What a reader should know besides: unmanaged objects, hints.
        counts: Steps by action, and by performer.
        digest: Over all of the above but ``made_at``.
    """

    format: int = PLAN_FORMAT
    tool_version: str
    app: str
    app_version: str
    workspace: str
    locale: Locale
    made_at: datetime
    template_digest: str
    observed_digest: str
    state_lineage: str
    state_serial: int
    moved: tuple[tuple[AddressText, AddressText], ...] = ()
    only: tuple[AddressText, ...] = ()
    structure_only: bool = False
    steps: tuple[Step, ...]
    conflicts: tuple[Note, ...] = ()
    refusals: tuple[Note, ...] = ()
    losses: tuple[Note, ...] = ()
    notes: tuple[Note, ...] = ()
    counts: dict[str, int] = Field(default_factory=dict)
    digest: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps

    @property
    def manual_steps(self) -> tuple[Step, ...]:
        """Steps that a person carries out."""
        return tuple(step for step in self.steps if step.performer is Performer.MANUAL)

    def sealed(self) -> Plan:
        """Return the plan with its counts and digest filled in."""
        counted = self.model_copy(update={"counts": count_steps(self.steps)})
        return counted.model_copy(update={"digest": counted.content_digest()})

    def content_digest(self) -> str:
        """Return the digest of everything but the moment it was made."""
        return digest(self.model_dump(mode="json", exclude={"digest", "made_at"}))

    def to_json(self) -> str:
        """Return the artifact's text, sorted and indented."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, *, source: str = "-") -> Plan:
        """Read an artifact back.

        Args:
            text: Its text.
            source: Where the text comes from, for the message.

        Returns:
            The plan.

        Raises:
            PlanError: The text is no plan, is of another version, or was edited.
        """
        try:
            raw = json.loads(text)
        except ValueError as error:
            place = str(getattr(error, "lineno", 1))
            raise PlanError("plan.damaged", facts={"file": source, "place": place}) from error
        form = raw.get("format") if isinstance(raw, dict) else None
        if form != PLAN_FORMAT:
            raise PlanError("plan.format", facts={"file": source, "found": str(form), "expected": PLAN_FORMAT})
        try:
            plan = cls.model_validate_json(text)
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
            raise PlanError("plan.damaged", facts={"file": source, "place": place}) from error
        if plan.digest != plan.content_digest():
            raise PlanError("plan.edited", facts={"file": source})
        return plan


def count_steps(steps: Iterable[Step]) -> dict[str, int]:
    """Count steps by action and by performer.

    Args:
        steps: The steps.

    Returns:
        Every action and performer with its number, zeros included.
    """
    names = [*(action.value for action in Action), *(performer.value for performer in Performer)]
    counted: Counter[str] = Counter()
    for step in steps:
        counted.update((step.action.value, step.performer.value))
    return {name: counted[name] for name in names}
