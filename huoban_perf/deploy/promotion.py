"""Promotion: what was proven in one workspace goes to the next, with both laid side by side first.

A profile is ready to be promoted when its workspace stands exactly as its template wishes. The same template is then
planned for the next workspace, so that the two plans differ only by what stood there before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import AttributeValue
from huoban_perf.core.errors import UnsafePlanError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy.artifact import AddressText, Artifact, Attributes, Note
from huoban_perf.deploy.compare import shown
from huoban_perf.deploy.plan import Plan
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.survey import Survey

PROMOTION_FORMAT = 1
"""Version of the artifact's form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One workspace as it stands.

    Attributes:
        profile: Name of the profile.
        desired: Its wish.
        state: Its state.
        seen: Its survey.
        plan: What is still to be done there.
    """

    profile: str
    desired: DesiredSchema
    state: StateFile
    seen: Survey
    plan: Plan


class Side(Artifact):
    """One of the two workspaces, in numbers.

    Attributes:
        profile: Name of the profile.
        workspace: Id of the workspace.
        app_version: Version of the profile's template.
        template_digest: Digest of the profile's wish.
        objects: How many objects of ours stand.
        steps: How many steps are still to be done.
        state_serial: Serial of the state.
    """

    profile: str
    workspace: str
    app_version: str
    template_digest: str
    objects: int
    steps: int
    state_serial: int


class Difference(Artifact):
    """One attribute that differs between the two.

    Attributes:
        address: The object.
        named: Names in the source, from the outside in.
        attribute: Which attribute.
        source: Value in the source.
        target: Value in the target.
    """

    address: AddressText
    named: tuple[str, ...]
    attribute: str
    source: AttributeValue
    target: AttributeValue


class Promotion(Artifact):
    """Both workspaces side by side.

    Attributes:
        format: Version of the form.
        source: Where it was proven.
        target: Where it goes.
        only_source: Objects that stand in the source alone.
        only_target: Objects that stand in the target alone.
        differences: Attributes that differ.
        problems: What stands against the promotion.
    """

    format: int = PROMOTION_FORMAT
    source: Side
    target: Side
    only_source: tuple[AddressText, ...]
    only_target: tuple[AddressText, ...]
    differences: tuple[Difference, ...]
    problems: tuple[Note, ...]

    @property
    def is_ready(self) -> bool:
        """Whether nothing stands against it."""
        return not self.problems


def promotion_of(source: Stand, target: Stand) -> Promotion:
    """Lay two workspaces side by side.

    Args:
        source: Where it was proven.
        target: Where it is to go.

    Returns:
        What differs, and what stands against promoting.
    """
    here, there = _standing(source), _standing(target)
    differences = [
        Difference(
            address=address,
            named=source.seen.pairing.pairs[address].named,
            attribute=attribute,
            source=value,
            target=there[address][attribute],
        )
        for address, attributes in here.items()
        if address in there
        for attribute, value in attributes.items()
        if attribute in there[address] and there[address][attribute] != value
    ]
    return Promotion(
        source=_side(source),
        target=_side(target),
        only_source=tuple(address for address in here if address not in there),
        only_target=tuple(address for address in there if address not in here),
        differences=tuple(differences),
        problems=tuple(_problems(source, target)),
    )


def demand_ready(promotion: Promotion | None) -> None:
    """Refuse to carry out a promotion that something stands against.

    Args:
        promotion: The comparison, or None when nothing is promoted.

    Raises:
        UnsafePlanError: Lists what stands against it.
    """
    if promotion is not None and not promotion.is_ready:
        problems = [note.problem() for note in promotion.problems]
        facts = {"source": promotion.source.profile, "target": promotion.target.profile}
        raise UnsafePlanError("promotion.refused", facts=facts, problems=problems)


def _problems(source: Stand, target: Stand) -> list[Note]:
    found: list[Note] = []
    if source.desired.app != target.desired.app:
        facts = {"source": source.desired.app, "target": target.desired.app}
        return [Note(code="promotion.other_app", facts={**facts})]
    if not source.state.objects:
        return [Note(code="promotion.never_deployed", facts={"profile": source.profile})]
    if source.plan.steps:
        found.append(
            Note(code="promotion.not_done", facts={"profile": source.profile, "count": len(source.plan.steps)})
        )
    if source.desired.digest != target.desired.digest:
        versions = {"source": source.desired.version, "target": target.desired.version}
        names = {"source_profile": source.profile, "target_profile": target.profile}
        found.append(Note(code="promotion.other_template", facts={**names, **versions}))
    return found


def _side(stand: Stand) -> Side:
    return Side(
        profile=stand.profile,
        workspace=stand.state.workspace,
        app_version=stand.desired.version,
        template_digest=stand.desired.digest,
        objects=len(_standing(stand)),
        steps=len(stand.plan.steps),
        state_serial=stand.state.serial,
    )


def _standing(stand: Stand) -> Mapping[Address, Attributes]:
    """Address → what a read proves of it, of every declared object that stands."""
    by_table_id = stand.seen.pairing.address_by_table_id()
    return {
        address: shown(pair.live, address_by_table_id=by_table_id)
        for address, pair in stand.seen.pairing.pairs.items()
        if pair.live is not None
    }
