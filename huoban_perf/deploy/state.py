"""State: what we know we did in one workspace, as a value.

One state belongs to one app in one workspace on one platform. It holds, by address, the platform id and the attribute
values last applied: the third leg of the three-way comparison. It is a cache of knowledge, never the truth about the
workspace: lost state is rebuilt by adopting what stands. ``StateStore`` (``store.py``) keeps it in a file.

Source: design.md §5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import Field

from huoban_perf.core.addresses import Address, Bindings, RemoteId, WorkspaceId
from huoban_perf.core.labels import Locale
from huoban_perf.deploy.artifact import AddressText, Artifact, Attributes

STATE_FORMAT = 1
"""Version of the file's form; a change of form raises it and adds an upgrade in ``store.py``."""


class Origin(StrEnum):
    """How an object came to be ours."""

    CREATED = "created"
    ADOPTED = "adopted"
    MANUAL = "manual"
    ATTESTED = "attested"


class StateObject(Artifact):
    """One object of ours.

    Attributes:
        remote_id: Platform id; an option's is unique only inside its field.
        applied: Managed attribute values that were last applied or found right.
        origin: Created by us, adopted, built by hand from our sheet, or attested by a person.
        at: When this entry was last written.
        attested_by: Who attested what a read cannot prove, or None.
    """

    remote_id: str
    applied: Attributes
    origin: Origin
    at: datetime
    attested_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOwner:
    """What a state belongs to; a state of another owner is refused.

    Attributes:
        app: Key of the app.
        platform: Which platform, without planes: ``huoban``.
        workspace: Id of the workspace.
        locale: Language in which names are deployed; may change between runs.
    """

    app: str
    platform: str
    workspace: WorkspaceId
    locale: Locale = "zh"


class StateFile(Artifact):
    """The whole state.

    Attributes:
        format: Version of the form.
        lineage: Identity of this history; empty until first saved.
        serial: Rises by one with every save; 0 = never saved.
        app: Key of the app.
        platform: Which platform.
        workspace: Id of the workspace.
        locale: Language in which names were last deployed.
        template_digest: Digest of the schema last worked towards; empty before the first plan.
        plan_digest: Digest of the plan last begun, which may be resumed; empty when none.
        objects: Address → what we know of it.
    """

    format: int = STATE_FORMAT
    lineage: str = ""
    serial: int = 0
    app: str
    platform: str
    workspace: str
    locale: Locale
    template_digest: str = ""
    plan_digest: str = ""
    objects: dict[AddressText, StateObject] = Field(default_factory=dict)

    @classmethod
    def fresh(cls, owner: StateOwner) -> StateFile:
        """Return the state of a workspace we never touched."""
        return cls(app=owner.app, platform=owner.platform, workspace=owner.workspace, locale=owner.locale)

    def with_object(self, address: Address, known: StateObject) -> StateFile:
        """Return the state with one object added or replaced.

        Args:
            address: The object.
            known: What we know of it.

        Returns:
            A new state.
        """
        return self.with_objects({**self.objects, address: known})

    def without(self, address: Address) -> StateFile:
        """Return the state without one object; unchanged when it is not there.

        Args:
            address: The object to forget.

        Returns:
            A new state.
        """
        return self.with_objects({key: known for key, known in self.objects.items() if key != address})

    def with_objects(self, objects: Mapping[Address, StateObject]) -> StateFile:
        """Return the state with all its objects replaced.

        Args:
            objects: The new objects.

        Returns:
            A new state.
        """
        return self.model_copy(update={"objects": dict(objects)})


def bindings_of(state: StateFile) -> Bindings:
    """Return address → platform id for everything we know, as the value that jobs and adapters take.

    Args:
        state: The state.

    Returns:
        The bindings.
    """
    return Bindings({address: RemoteId(known.remote_id) for address, known in state.objects.items()})
