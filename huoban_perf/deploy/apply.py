"""Applying a plan: check that it still fits, carry out what the connection can, save after every effect, read back.

Killing the process at any moment and running the same command again ends in the same world. Three things make it so:
the state is saved before the first effect (so the plan is known to be ours to resume) and after each; a step that is
already so is recognised by looking at the workspace, never by trusting a counter; and before anything is created, an
object of ours that stands unrecorded is looked for and bound, or, when there are two, the run stops.

Source: design.md §5.4 rules 1–4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from huoban_perf.core.addresses import Address, WorkspaceId
from huoban_perf.core.changes import Action
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import (
    FactValue,
    HuobanPerfError,
    Problem,
    ProtocolError,
    UnfinishedApplyError,
    UnsupportedChangeError,
)
from huoban_perf.core.ports import Connection
from huoban_perf.core.progress import Progress, silent
from huoban_perf.core.schema import DesiredSchema, FieldSpec, ObservedSchema
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.fitness import check_fits, check_state, is_settled, stale_steps
from huoban_perf.deploy.moves import moved_objects
from huoban_perf.deploy.pairing import Pair
from huoban_perf.deploy.perform import operation_of, record_created, record_found, record_updated, spec_of
from huoban_perf.deploy.plan import Performer, Plan, Step
from huoban_perf.deploy.planning import raise_problems
from huoban_perf.deploy.report import ApplyReport, Outcome, StepResult
from huoban_perf.deploy.state import Origin, StateFile, StateOwner
from huoban_perf.deploy.steps import steps_of
from huoban_perf.deploy.store import StateStore
from huoban_perf.deploy.survey import Survey, survey
from huoban_perf.deploy.world import digest_of


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployTarget:
    """Where a plan is applied.

    Attributes:
        connection: The platform.
        owner: App, platform and workspace that the state belongs to.
        clock: Dates what is recorded.
        progress: Told after every step.
    """

    connection: Connection
    owner: StateOwner
    clock: Clock
    progress: Progress = silent

    @property
    def workspace(self) -> WorkspaceId:
        """Id of the workspace."""
        return self.owner.workspace

    def observe(self) -> ObservedSchema:
        """Read the workspace: one request for the list and one a table."""
        return self.connection.schema_source.observe(workspace=self.workspace)


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
        UnfinishedApplyError: The platform failed half-way; the same command does the rest.
        StateError: The state cannot be used, or another run holds it.
    """
    check_fits(plan, desired=desired, workspace=target.workspace)
    with store.locked(clock=target.clock) as left_behind:
        state = store.load(target.owner)
        check_state(plan, state)
        seen = observed or target.observe()
        run = _Run.begin(plan=plan, desired=desired, target=target, state=state, seen=seen)
        run.check(is_same=digest_of(seen) == plan.observed_digest)
        run.carry_out(store)
        notes: tuple[Note, ...] = ()
        if left_behind is not None:
            age_s = left_behind.age_s(target.clock.now())
            notes = (Note(code="state.lock_taken_over", facts={"pid": left_behind.pid, "age_s": age_s}),)
        return run.verified(store, notes=notes)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One run of a plan: the only place of this room that holds changing state."""

    plan: Plan
    desired: DesiredSchema
    target: DeployTarget
    state: StateFile
    survey: Survey
    ids: dict[Address, str]
    results: list[StepResult] = field(default_factory=list)
    effects: int = 0
    is_dirty: bool = False

    @classmethod
    def begin(
        cls, *, plan: Plan, desired: DesiredSchema, target: DeployTarget, state: StateFile, seen: ObservedSchema
    ) -> _Run:
        """Carry out renames on the state and look at the workspace through it."""
        records, _ = moved_objects(state.objects, dict(plan.moved), desired=desired)
        moved = state.with_objects(records)
        seen_now = survey(desired=desired, observed=seen, state=moved, locale=plan.locale)
        ids = seen_now.recorded_ids() | seen_now.pairing.ids()
        return cls(plan=plan, desired=desired, target=target, state=moved, survey=seen_now, ids=ids)

    def check(self, *, is_same: bool) -> None:
        """Stop before the first effect when the plan no longer fits the workspace."""
        raise_problems(self.survey.problems)
        if not is_same:
            stale_steps(self.plan, self.survey)

    def carry_out(self, store: StateStore) -> None:
        """Carry out the steps in order, saving after every effect; raises UnfinishedApplyError on a failure."""
        steps = self.plan.steps
        if steps and self.state.plan_digest != self.plan.digest:
            self.state = self.state.model_copy(update={"plan_digest": self.plan.digest})
            self.is_dirty = True
        for number, step in enumerate(steps, start=1):
            try:
                outcome = self._settle(step, store)
            except HuobanPerfError as error:
                self._save(store)
                self._raise_unfinished(error, step, number - 1)
                raise
            self.results.append(
                StepResult(address=step.address, action=step.action, outcome=outcome, remote_id=self._id_after(step))
            )
            self.target.progress("progress.apply", subject=" / ".join(step.named), done=number, total=len(steps))
        self._save(store)

    def _id_after(self, step: Step) -> str | None:
        return None if step.action is Action.DELETE else self.ids.get(step.address)

    def _raise_unfinished(self, error: HuobanPerfError, step: Step, done: int) -> None:
        """Say what was done, once something was; before that the error speaks for itself."""
        if self.effects == 0:
            return
        facts: dict[str, FactValue] = {"done": done, "total": len(self.plan.steps), "name": " / ".join(step.named)}
        cause = Problem(code=error.code, facts=error.facts, address=str(step.address))
        raise UnfinishedApplyError("apply.unfinished", facts=facts, problems=[cause, *error.problems]) from error

    def _save(self, store: StateStore) -> None:
        if self.is_dirty:
            self.state = store.save(self.state, clock=self.target.clock)
            self.is_dirty = False

    def _settle(self, step: Step, store: StateStore) -> Outcome:
        pair = self.survey.pairing.pairs.get(step.address)
        if is_settled(step, self.survey):
            if step.action is Action.FORGET or step.action is Action.DELETE:
                self._forget(step.address)
            elif step.action is Action.UPDATE and step.address in self.state.objects:
                self._record_update(step)
            return Outcome.ALREADY
        if step.action is Action.FORGET:
            self._forget(step.address)
            return Outcome.DONE
        if pair is not None and pair.live is not None and step.action in {Action.BIND, Action.CREATE}:
            self._bind(pair, Origin.MANUAL if step.performer is Performer.MANUAL else Origin.ADOPTED)
            return Outcome.DONE if step.action is Action.BIND else Outcome.ALREADY
        if step.performer is Performer.MANUAL:
            return Outcome.MANUAL
        if any(need not in self.ids for need in step.needs):
            return Outcome.WAITING
        return self._perform(step, store)

    def _perform(self, step: Step, store: StateStore) -> Outcome:
        record = self.state.objects.get(step.address)
        spec = spec_of(step.address, self.desired, {} if record is None else record.applied)
        operation = operation_of(step, spec=spec, desired=self.desired, ids=self.ids, locale=self.plan.locale)
        self._save(store)
        try:
            performed = self.target.connection.schema_sink.perform(workspace=self.target.workspace, operation=operation)
        except UnsupportedChangeError:
            return Outcome.MANUAL
        self.effects += 1
        match step.action:
            case Action.CREATE:
                self._record_created(step, dict(performed.created))
            case Action.UPDATE:
                self._record_update(step)
            case _:
                self._forget(step.address)
        self._save(store)
        return Outcome.DONE

    def _record_created(self, step: Step, created: dict[Address, str]) -> None:
        if step.address not in created:
            facts = {"part": str(step.address)}
            raise ProtocolError("apply.no_id", endpoint="schema_sink.perform", facts=facts)
        for address, remote_id in created.items():
            spec = spec_of(address, self.desired, {})
            known = record_created(spec, remote_id=remote_id, at=self.target.clock.now(), locale=self.plan.locale)
            self.state = self.state.with_object(address, known)
            self.ids[address] = remote_id
        self.is_dirty = True

    def _record_update(self, step: Step) -> None:
        known = record_updated(self.state.objects[step.address], step, at=self.target.clock.now())
        self.state = self.state.with_object(step.address, known)
        self.is_dirty = True

    def _forget(self, address: Address) -> None:
        self.state = self.state.without(address)
        self.ids.pop(address, None)
        self.is_dirty = True

    def _bind(self, pair: Pair, origin: Origin) -> None:
        """Record an object that stands, and with a field its options that stand."""
        options = pair.spec.options if isinstance(pair.spec, FieldSpec) else ()
        pairs = self.survey.pairing.pairs
        for found in [pair, *(pairs[option.address] for option in options)]:
            if found.live is not None:
                known = record_found(
                    found,
                    pairing=self.survey.pairing,
                    origin=origin,
                    at=self.target.clock.now(),
                    locale=self.plan.locale,
                )
                self.state = self.state.with_object(found.address, known)
                self.ids[found.address] = known.remote_id
        self.is_dirty = True

    def verified(self, store: StateStore, *, notes: tuple[Note, ...]) -> ApplyReport:
        """Read back after effects, bind what came along with them, and report."""
        observed = self.survey.world.observed
        if self.effects:
            observed = self.target.observe()
        self._look(observed)
        touched = {result.address for result in self.results}
        for pair in list(self.survey.pairing.pairs.values()):
            parent = pair.address.parent
            if pair.live is not None and not pair.is_bound and parent in touched and pair.address not in touched:
                self._bind(pair, Origin.CREATED)
        self._look(observed)
        delete = frozenset(step.address for step in self.plan.steps if step.action is Action.DELETE)
        capabilities = self.target.connection.capabilities
        left = list(steps_of(self.survey, capabilities=capabilities, delete=delete)) if self.plan.steps else []
        by_hand = {result.address for result in self.results if result.outcome is Outcome.MANUAL}
        pending = [step for step in left if step.performer is Performer.MANUAL or step.address in by_hand]
        rest = [step for step in left if step not in pending]
        waiting = [step for step in rest if any(need not in self.ids for need in step.needs)]
        self._finish(store)
        return ApplyReport(
            plan_digest=self.plan.digest,
            workspace=self.target.workspace,
            results=tuple(self.results),
            pending=tuple(pending),
            waiting=tuple(waiting),
            unsettled=tuple(step for step in rest if step not in waiting),
            problems=self.survey.problems,
            notes=notes,
            is_verified=bool(self.effects),
            state_serial=self.state.serial,
        )

    def _look(self, observed: ObservedSchema) -> None:
        self.survey = survey(desired=self.desired, observed=observed, state=self.state, locale=self.plan.locale)
        self.ids = self.survey.recorded_ids() | self.survey.pairing.ids()

    def _finish(self, store: StateStore) -> None:
        done = {"template_digest": self.desired.digest, "locale": self.plan.locale}
        if self.plan.steps and any(getattr(self.state, name) != value for name, value in done.items()):
            self.state = self.state.model_copy(update=done)
            self.is_dirty = True
        self._save(store)
