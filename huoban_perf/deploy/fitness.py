"""Whether a plan still fits: template, state and workspace are what they were, or moved only by this very plan.

Source: design.md §5.4 rule 1.
"""

from __future__ import annotations

from collections.abc import Set
from typing import assert_never

from huoban_perf.core.addresses import Address, WorkspaceId
from huoban_perf.core.changes import Action
from huoban_perf.core.errors import ConflictError, FactValue, PlanError, StalePlanError, UnsafePlanError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy.artifact import Attributes, Note
from huoban_perf.deploy.compare import seen_digest, shown
from huoban_perf.deploy.pairing import Found
from huoban_perf.deploy.plan import Plan, Reason, Step
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.survey import Survey
from huoban_perf.deploy.world import Live, id_of


def check_fits(plan: Plan, *, desired: DesiredSchema, workspace: WorkspaceId) -> None:
    """Refuse a plan that was edited, belongs elsewhere, or that nobody may apply as it stands.

    Args:
        plan: The plan.
        desired: The wish as it is now.
        workspace: Where it is to be applied.

    Raises:
        PlanError: The plan was edited.
        StalePlanError: It was made for another workspace, or the template moved since.
        ConflictError: It holds conflicts nobody decided.
        UnsafePlanError: The guard refuses it.
    """
    if plan.digest != plan.content_digest():
        raise PlanError("plan.edited", facts={"file": "-"})
    if plan.workspace != workspace:
        raise StalePlanError("plan.other_workspace", facts={"found": plan.workspace, "expected": str(workspace)})
    if (plan.app, plan.template_digest) != (desired.app, desired.digest):
        raise StalePlanError("plan.template_moved", facts={"app": desired.app, "version": desired.version})
    if plan.conflicts:
        problems = [note.problem() for note in plan.conflicts]
        raise ConflictError("plan.conflicts", facts={"count": len(problems)}, problems=problems)
    if plan.refusals:
        problems = [note.problem() for note in plan.refusals]
        raise UnsafePlanError("guard.refused", facts={"count": len(problems)}, problems=problems)


def check_state(plan: Plan, state: StateFile) -> None:
    """Refuse a plan when another run moved the state since; a run of this very plan may be resumed.

    Args:
        plan: The plan.
        state: The state as it is now.

    Raises:
        StalePlanError: The state moved.
    """
    is_unmoved = (plan.state_lineage, plan.state_serial) == (state.lineage, state.serial)
    if not is_unmoved and state.plan_digest != plan.digest:
        facts = {"expected": plan.state_serial, "found": state.serial}
        raise StalePlanError("plan.state_moved", facts=facts)


def stale_steps(plan: Plan, now: Survey) -> None:
    """Refuse a plan when an object it touches is no longer as it was.

    Args:
        plan: The plan.
        now: The workspace as it is now.

    Raises:
        StalePlanError: Lists every such object.
    """
    made_here = {step.address for step in plan.steps if step.action is Action.CREATE}
    standing = made_here | now.pairing.ids().keys()
    notes = [note for step in plan.steps if (note := _staleness(step, standing, now)) is not None]
    if notes:
        problems = [note.problem() for note in notes]
        raise StalePlanError("plan.stale", facts={"count": len(problems)}, problems=problems)


def is_settled(step: Step, now: Survey) -> bool:
    """Return whether a step's effect is already there and known, so that nothing has to be done.

    Args:
        step: The step.
        now: The workspace as it is now.

    Returns:
        True when there is nothing to do on the platform, and for CREATE and BIND nothing to record either.
    """
    live = _live(step, now)
    pair = now.pairing.pairs.get(step.address)
    if step.action is not Action.FORGET and not now.world.shows(step.address.kind):
        return step.address in now.records and _has_values(step, {}, now)
    match step.action:
        case Action.CREATE:
            return pair is not None and pair.is_bound
        case Action.BIND:
            is_known = pair is not None and pair.is_bound and not now.comparisons[step.address].converged
            return is_known and step.reason is not Reason.MOVED
        case Action.UPDATE:
            if live is None:
                return False
            return _has_values(step, shown(live, address_by_table_id=now.pairing.address_by_table_id()), now)
        case Action.DELETE:
            return live is None
        case Action.FORGET:
            return step.address not in now.records
        case _:  # pragma: no cover
            assert_never(step.action)


def _has_values(step: Step, seen: Attributes, now: Survey) -> bool:
    record = now.records.get(step.address)
    standing = {} if record is None else dict(record.applied)
    standing |= seen
    return all(standing.get(change.attribute) == change.after for change in step.changes)


def _staleness(step: Step, standing: Set[Address], now: Survey) -> Note | None:
    missing = [need for need in step.needs if need not in standing]
    if missing:
        return Note(code="plan.stale_need", address=step.address, facts={"need": str(missing[0])})
    if is_settled(step, now) or step.action is Action.FORGET or not now.world.shows(step.address.kind):
        return None
    facts: dict[str, FactValue] = {"name": " / ".join(step.named)}
    live = _live(step, now)
    if step.action is Action.CREATE:
        pair = now.pairing.pairs[step.address]
        is_gone_again = pair.found is Found.GONE and pair.record is not None and pair.record.remote_id != step.remote_id
        return Note(code="plan.stale_gone", address=step.address, facts=facts) if is_gone_again else None
    if live is None or id_of(live) != step.remote_id:
        return Note(code="plan.stale_gone", address=step.address, facts=facts)
    if seen_digest(live) != step.seen:
        return Note(code="plan.stale_changed", address=step.address, facts=facts)
    return None


def _live(step: Step, now: Survey) -> Live | None:
    pair = now.pairing.pairs.get(step.address)
    return pair.live if pair is not None else now.world.at(step.address, now.recorded_ids())
