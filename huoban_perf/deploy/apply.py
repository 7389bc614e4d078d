"""Applying a plan: check that it still fits, carry out what the connection can, save after every effect, read back.

Killing the process at any moment and running the same command again ends in the same world. Three things make it so:
the plan is noted in the state before the first effect (so it is known to be ours to resume) and every effect is saved
after; a step that is already so is recognised by looking at the workspace, never by trusting a counter; and before
anything is created, an object of ours that stands unrecorded is looked for and bound, or, when there are two, the run
stops.

Source: design.md §5.4 rules 1–4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import Action, AttributeChange, Performed
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import (
    FactValue,
    HuobanPerfError,
    Problem,
    ProtocolError,
    UnfinishedApplyError,
    UnsupportedChangeError,
)
from huoban_perf.core.schema import DesiredSchema, ObservedSchema
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.backup import destructive, put_aside
from huoban_perf.deploy.fitness import check_fits, check_state, is_settled, stale_steps
from huoban_perf.deploy.ledger import Ledger
from huoban_perf.deploy.lock import LockOwner
from huoban_perf.deploy.moves import moved_objects
from huoban_perf.deploy.perform import operation_of, spec_of
from huoban_perf.deploy.plan import Performer, Plan, Step
from huoban_perf.deploy.planning import raise_problems
from huoban_perf.deploy.report import ApplyReport, Outcome, StepResult
from huoban_perf.deploy.scope import within
from huoban_perf.deploy.snapshot import Snapshot
from huoban_perf.deploy.state import Origin, StateFile
from huoban_perf.deploy.steps import steps_of
from huoban_perf.deploy.store import StateStore
from huoban_perf.deploy.survey import Survey, survey
from huoban_perf.deploy.target import DeployTarget


def apply_plan(
    *,
    plan: Plan,
    desired: DesiredSchema,
    target: DeployTarget,
    store: StateStore,
    observed: ObservedSchema | None = None,
) -> ApplyReport:
    """Carry out a plan as far as the connection can, and read back what stands.

    Args:
        plan: The plan; its digest is checked.
        desired: The wish it was made from.
        target: Where.
        store: The state; locked for the length of the run.
        observed: The observation the plan was made from, when made in the same run; spares reading it again.

    Returns:
        What was done, what a person has to do, and what does not read back as wished.

    Raises:
        PlanError: The plan was edited.
        ConflictError: It holds conflicts nobody decided.
        UnsafePlanError: The guard refuses it.
        StalePlanError: Template, workspace or state moved since it was made.
        AmbiguousObjectError: Two objects could be the one that is to be created.
        UnsupportedChangeError: A field was given another kind meanwhile.
        UnfinishedApplyError: The platform failed half-way; the same command does the rest.
        StateError: The state cannot be used, or another run holds it.
    """
    check_fits(plan, desired=desired, workspace=target.workspace)
    with store.locked(clock=target.clock) as left_behind:
        state = store.load(target.owner)
        check_state(plan, state)
        before = state
        records, _ = moved_objects(state.objects, dict(plan.moved), desired=desired)
        state = state.with_objects(records)
        ledger = Ledger(state=state, store=store, clock=target.clock, locale=plan.locale)
        seen = observed or target.observe()
        run = _Run(plan=plan, desired=desired, target=target, ledger=ledger, seen=_look(plan, desired, seen, state))
        ledger.look(run.seen)
        raise_problems(run.seen.problems)
        stale_steps(plan, run.seen)
        run.put_aside(before)
        run.carry_out()
        return run.verified(notes=_lock_notes(left_behind, target.clock))


def _look(plan: Plan, desired: DesiredSchema, observed: ObservedSchema, state: StateFile) -> Survey:
    return survey(desired=desired, observed=observed, state=state, locale=plan.locale)


def _lock_notes(left_behind: LockOwner | None, clock: Clock) -> tuple[Note, ...]:
    if left_behind is None:
        return ()
    facts: dict[str, FactValue] = {"pid": left_behind.pid, "age_s": left_behind.age_s(clock.now())}
    return (Note(code="state.lock_taken_over", facts=facts),)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of a plan."""

    plan: Plan
    desired: DesiredSchema
    target: DeployTarget
    ledger: Ledger
    seen: Survey
    results: list[StepResult] = field(default_factory=list)
    effects: int = 0
    came_along: set[Address] = field(default_factory=set)
    snapshot: Snapshot | None = None

    def put_aside(self, before: StateFile) -> None:
        """Take a snapshot before the first effect, when anything is still to be lost."""
        steps = tuple(step for step in destructive(self.plan.steps) if not is_settled(step, self.seen))
        if steps and self.target.snapshots is not None:
            self.snapshot = put_aside(
                plan=self.plan,
                steps=steps,
                seen=self.seen,
                state=self.ledger.state,
                before=before,
                target=self.target,
            )

    def carry_out(self) -> None:
        """Carry out the steps in order; what was done is saved whatever happens."""
        steps = self.plan.steps
        if steps:
            self.ledger.note(plan_digest=self.plan.digest)
        for number, step in enumerate(steps, start=1):
            try:
                outcome = self._settle(step)
            except HuobanPerfError as error:
                self.ledger.save()
                if self.effects:
                    raise self._unfinished(error, step, done=number - 1) from error
                raise
            remote_id = None if step.action is Action.DELETE else self.ledger.ids.get(step.address)
            self.results.append(
                StepResult(address=step.address, action=step.action, outcome=outcome, remote_id=remote_id)
            )
            self.target.progress("progress.apply", subject=" / ".join(step.named), done=number, total=len(steps))

    def _unfinished(self, error: HuobanPerfError, step: Step, *, done: int) -> UnfinishedApplyError:
        facts: dict[str, FactValue] = {"done": done, "total": len(self.plan.steps), "name": " / ".join(step.named)}
        cause = Problem(code=error.code, facts=error.facts, address=str(step.address))
        return UnfinishedApplyError("apply.unfinished", facts=facts, problems=[cause, *error.problems])

    def _settle(self, step: Step) -> Outcome:
        if step.action is Action.FORGET:
            self.ledger.forgotten(step.address, is_gone=False)
            return Outcome.DONE
        if is_settled(step, self.seen):
            self._record_settled(step)
            return Outcome.ALREADY
        if step.action is Action.CREATE and step.address in self.came_along:
            return Outcome.DONE
        pair = self.seen.pairing.pairs.get(step.address)
        if pair is not None and pair.live is not None and step.action in {Action.BIND, Action.CREATE}:
            origin = Origin.MANUAL if step.performer is Performer.MANUAL else Origin.ADOPTED
            self.ledger.bound(pair, self.seen, origin=origin)
            return Outcome.DONE if step.action is Action.BIND else Outcome.ALREADY
        if step.performer is Performer.MANUAL:
            return Outcome.MANUAL
        if not self.ledger.stands(step.needs):
            return Outcome.WAITING
        return self._perform(step, step.changes)

    def _record_settled(self, step: Step) -> None:
        """Take in an effect that an earlier run, or a person, had before us."""
        if step.action is Action.DELETE:
            self.ledger.forgotten(step.address, is_gone=True)
        elif step.action is Action.UPDATE:
            self.ledger.updated(step.address, step.changes)

    def _perform(self, step: Step, changes: Sequence[AttributeChange]) -> Outcome:
        """Ask the connection; attributes it cannot set are left to a person, the others are set."""
        try:
            performed = self._ask(step.model_copy(update={"changes": tuple(changes)}))
        except UnsupportedChangeError as error:
            able = [change for change in changes if change.attribute != error.facts.get("attribute")]
            if step.action is Action.UPDATE and 0 < len(able) < len(changes):
                self._perform(step, able)
            return Outcome.MANUAL
        self.effects += 1
        match step.action:
            case Action.CREATE:
                self._record_created(step, performed)
            case Action.UPDATE:
                self.ledger.updated(step.address, changes)
            case _:
                self.ledger.forgotten(step.address, is_gone=True)
        self.ledger.save()
        return Outcome.DONE

    def _ask(self, step: Step) -> Performed:
        known = self.ledger.state.objects.get(step.address)
        operation = operation_of(
            step,
            spec=spec_of(step.address, self.desired, {} if known is None else known.applied),
            desired=self.desired,
            ids=self.ledger.ids,
            locale=self.plan.locale,
            capabilities=self.target.connection.capabilities,
        )
        self.ledger.save()
        return self.target.connection.schema_sink.perform(workspace=self.target.workspace, operation=operation)

    def _record_created(self, step: Step, performed: Performed) -> None:
        if step.address not in performed.created:
            raise ProtocolError("apply.no_id", endpoint="schema_sink.perform", facts={"part": str(step.address)})
        self.ledger.created(performed.created, desired=self.desired)
        self.came_along |= performed.created.keys()

    def verified(self, *, notes: tuple[Note, ...]) -> ApplyReport:
        """Read back after effects, bind what came along with them, save, and report."""
        observed = self.target.observe() if self.effects else self.seen.world.observed
        if self.plan.steps:
            self._take_in(observed)
            if not (self.plan.only or self.plan.structure_only):
                self.ledger.note(template_digest=self.desired.digest, locale=self.plan.locale)
        self.ledger.save()
        left = self._left()
        by_hand = {result.address for result in self.results if result.outcome is Outcome.MANUAL}
        pending = [step for step in left if step.performer is Performer.MANUAL or step.address in by_hand]
        waiting = [step for step in left if step not in pending and not self.ledger.stands(step.needs)]
        return ApplyReport(
            plan_digest=self.plan.digest,
            workspace=self.target.workspace,
            results=tuple(self.results),
            pending=tuple(pending),
            waiting=tuple(waiting),
            unsettled=tuple(step for step in left if step not in pending and step not in waiting),
            problems=self.seen.problems,
            notes=notes,
            snapshot=None if self.snapshot is None else self.snapshot.name,
            snapshot_rows=0 if self.snapshot is None else self.snapshot.rows,
            is_verified=bool(self.effects),
            state_serial=self.ledger.state.serial,
        )

    def _take_in(self, observed: ObservedSchema) -> None:
        """Look again; options whose ids did not come with their field are bound by their text."""
        self.seen = _look(self.plan, self.desired, observed, self.ledger.state)
        done = {result.address for result in self.results if result.outcome is Outcome.DONE}
        for pair in list(self.seen.pairing.pairs.values()):
            if pair.live is not None and not pair.is_bound and pair.address.parent in done - {pair.address}:
                self.ledger.bound(pair, self.seen, origin=Origin.CREATED)
        self.seen = _look(self.plan, self.desired, observed, self.ledger.state)
        self.ledger.look(self.seen)

    def _left(self) -> list[Step]:
        """Steps that a plan made now would hold, but for what only our own state would record."""
        delete = frozenset(step.address for step in self.plan.steps if step.action is Action.DELETE)
        capabilities = self.target.connection.capabilities
        steps = steps_of(self.seen, capabilities=capabilities, delete=delete) if self.plan.steps else ()
        scoped = within(steps, frozenset(self.plan.only), structure_only=self.plan.structure_only)
        return [step for step in scoped if step.performer is not Performer.STATE]
