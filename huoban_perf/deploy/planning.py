"""Making a plan: survey, steps, order, guard, artifact. Reads only; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from importlib.metadata import version

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action, Cause
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import AmbiguousObjectError, FactValue, PlanError, UnsupportedChangeError
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema, FieldSpec, ObservedSchema
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.backup import destructive
from huoban_perf.deploy.guard import Consent, Limits, covers, refusals
from huoban_perf.deploy.likeness import alike_pairs
from huoban_perf.deploy.losses import losses_of
from huoban_perf.deploy.order import ordered
from huoban_perf.deploy.plan import Plan, Step
from huoban_perf.deploy.scope import within
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.steps import is_left_out, steps_of
from huoban_perf.deploy.survey import Survey, survey
from huoban_perf.deploy.words import attribute_name, kind_name, value_text
from huoban_perf.deploy.world import digest_of, id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """What a plan may be told besides wish, workspace and state.

    Attributes:
        locale: Language in which names are deployed.
        moved: Old address → new address of renamed keys (``moved:`` of the template).
        consent: What the template and the person agreed to.
        limits: Shares above which a plan stops.
        only: Tables to which the plan is limited, with what they need; empty: everything.
        structure_only: Leave views, forms, permissions, pages and automations alone.
    """

    locale: Locale = "zh"
    moved: Mapping[Address, Address] = field(default_factory=dict)
    consent: Consent = field(default_factory=Consent)
    limits: Limits = field(default_factory=Limits)
    only: Set[Address] = frozenset()
    structure_only: bool = False


def make_plan(
    *,
    desired: DesiredSchema,
    observed: ObservedSchema,
    state: StateFile,
    capabilities: Capabilities,
    clock: Clock,
    options: PlanOptions | None = None,
) -> Plan:
    """Return what would bring a workspace to the wish.

    Args:
        desired: The wish.
        observed: The workspace as read.
        state: What we know we did there.
        capabilities: What the connection can carry out; all else becomes manual steps.
        clock: Dates the plan.
        options: Language, renames, consents and limits.

    Returns:
        The plan. Conflicts and refusals stand in it, to be read; only ``apply_plan`` stops at them.

    Raises:
        AmbiguousObjectError: Two objects of the workspace could be the same declared one; every case is listed.
        UnsupportedChangeError: A field has another kind or target than declared, or the platform cannot hold its kind;
            every case is listed.
        PlanError: A rename cannot be carried out.
        StateError: The state is that of another workspace.
    """
    chosen = options or PlanOptions()
    seen = survey(desired=desired, observed=observed, state=state, locale=chosen.locale, moved=chosen.moved)
    raise_problems([*seen.problems, *_unholdable(seen, capabilities)])
    _demand_known(chosen.only, seen)
    every = ordered(steps_of(seen, capabilities=capabilities, delete=chosen.consent.delete), desired=desired)
    steps = within(every, chosen.only, structure_only=chosen.structure_only)
    return Plan(
        tool_version=version("huoban-perf"),
        app=desired.app,
        app_version=desired.version,
        workspace=observed.workspace,
        locale=chosen.locale,
        made_at=clock.now(),
        template_digest=desired.digest,
        observed_digest=digest_of(observed),
        state_lineage=state.lineage,
        state_serial=state.serial,
        moved=tuple(sorted(chosen.moved.items())),
        only=tuple(sorted(chosen.only)),
        structure_only=chosen.structure_only,
        steps=steps,
        conflicts=tuple(conflicts_of(steps, locale=chosen.locale, overwrite=chosen.consent.overwrite)),
        refusals=tuple(refusals(steps, ours=len(seen.records), consent=chosen.consent, limits=chosen.limits)),
        losses=tuple(losses_of(destructive(steps), seen)),
        notes=(
            *_left_out(len(every) - len(steps), chosen.only),
            *_alike(steps, seen),
            *_unseen(seen),
            *_unproven(steps, chosen.locale),
            *_without_equal(seen, capabilities),
            *seen.pairing.unmanaged,
            *_orphans(steps, desired),
            *_hints(steps, chosen.consent),
        ),
    ).sealed()


def raise_problems(problems: Iterable[Note]) -> None:
    """Raise when there is anything that no step could bring about.

    Args:
        problems: What was found.

    Raises:
        AmbiguousObjectError: Some object has two candidates.
        UnsupportedChangeError: Only kinds or targets are in the way.
    """
    listed = [note.problem() for note in problems]
    if not listed:
        return
    is_ambiguous = any(problem.code.startswith("plan.ambiguous") for problem in listed)
    error = AmbiguousObjectError if is_ambiguous else UnsupportedChangeError
    raise error("plan.blocked", facts={"count": len(listed)}, problems=listed)


def conflicts_of(steps: Iterable[Step], *, locale: Locale, overwrite: Set[Address]) -> list[Note]:
    """Return the conflicts nobody has decided.

    Args:
        steps: Steps of a plan.
        locale: Language of the names in the facts.
        overwrite: Addresses whose conflicts are decided for the template.

    Returns:
        One note an attribute.
    """
    return [
        Note(
            code="plan.conflict",
            address=step.address,
            facts={
                "name": " / ".join(step.named),
                "attribute": attribute_name(change.attribute, locale),
                "before": value_text(change.attribute, change.before, locale),
                "after": value_text(change.attribute, change.after, locale),
            },
        )
        for step in steps
        for change in step.changes
        if change.cause is Cause.CONFLICT and not covers(overwrite, step.address)
    ]


def _unholdable(seen: Survey, capabilities: Capabilities) -> list[Note]:
    return [
        Note(
            code="plan.kind_unsupported",
            address=pair.address,
            facts={"table": pair.named[0], "field": pair.named[1], "expected": kind_name(pair.spec.kind, seen.locale)},
        )
        for pair in seen.pairing.pairs.values()
        if isinstance(pair.spec, FieldSpec)
        and pair.live is None
        and pair.spec.kind not in capabilities.field_kinds
        and not is_left_out(pair.spec, capabilities)
    ]


def _without_equal(seen: Survey, capabilities: Capabilities) -> list[Note]:
    """Name what this platform has no equal of, in one note."""
    names = [
        " / ".join(pair.named)
        for pair in seen.pairing.pairs.values()
        if pair.live is None and is_left_out(pair.spec, capabilities)
    ]
    if not names:
        return []
    facts: dict[str, FactValue] = {"count": len(names), "names": tuple(names)}
    return [Note(code="plan.without_equal", facts=facts)]


def _unproven(steps: Iterable[Step], locale: Locale) -> list[Note]:
    """Name what no read proves of the objects that are bound now: neither passed nor failed."""
    return [
        Note(
            code="plan.unproven",
            address=step.address,
            facts={
                "name": " / ".join(step.named),
                "attributes": tuple(attribute_name(attribute, locale) for attribute in step.unproven),
            },
        )
        for step in steps
        if step.unproven
    ]


def _orphans(steps: Iterable[Step], desired: DesiredSchema) -> list[Note]:
    """Name options that the company's own parameters gave up while rows may still hold them."""
    notes = []
    for step in steps:
        is_gone = step.action in {Action.DELETE, Action.FORGET} and step.address.kind is ObjectKind.OPTION
        if not is_gone:
            continue
        table, field, _ = step.address.keys
        fields = {one.address: one for one in desired.fields()}
        spec = fields.get(field_address(table, field))
        if spec is not None and spec.parameter is not None:
            facts: dict[str, FactValue] = {"name": " / ".join(step.named), "parameter": spec.parameter}
            notes.append(Note(code="plan.parameter_orphans", address=step.address, facts=facts))
    return notes


def _demand_known(only: Set[Address], seen: Survey) -> None:
    unknown = sorted(only - seen.pairing.pairs.keys() - seen.records.keys(), key=str)
    if unknown:
        names = tuple(str(pair.address) for pair in seen.pairing.pairs.values() if pair.address.parent is None)
        raise PlanError("plan.only_unknown", facts={"found": tuple(map(str, unknown)), "known": names})


def _left_out(count: int, only: Set[Address]) -> list[Note]:
    """Say how much a limited plan leaves for later."""
    facts: dict[str, FactValue] = {"only": tuple(sorted(map(str, only))), "count": count}
    return [Note(code="plan.only", facts=facts)] if only else []


def _alike(steps: Iterable[Step], seen: Survey) -> list[Note]:
    """Name what would be made although something alike stands: it may be the same."""
    made = {step.address for step in steps if step.action is Action.CREATE}
    return [
        Note(
            code="plan.alike",
            address=pair.address,
            facts={"name": " / ".join(pair.named), "found": live.name, "id": id_of(live), "address": str(pair.address)},
        )
        for pair, live in alike_pairs(seen.pairing)
        if pair.address in made
    ]


def _unseen(seen: Survey) -> list[Note]:
    """Say how much stands by a person's word alone: it is not *unchanged*, it cannot be seen."""
    count = seen.pairing.unseen
    return [Note(code="plan.unseen", facts={"count": count})] if count else []


def _hints(steps: Iterable[Step], consent: Consent) -> list[Note]:
    """Say which deletions were asked for in vain, and which would be possible."""
    deleted: set[Address] = set()
    hints: list[Note] = []
    for step in steps:
        facts: dict[str, FactValue] = {"name": " / ".join(step.named), "address": str(step.address)}
        if step.action is Action.DELETE:
            deleted.add(step.address)
        elif step.action is Action.FORGET and step.seen and step.address in consent.by_template - consent.delete:
            hints.append(Note(code="plan.delete_needs_flag", address=step.address, facts=facts))
    idle = sorted(consent.delete - deleted, key=str)
    return hints + [Note(code="plan.nothing_to_delete", address=address, facts={}) for address in idle]
