"""Rolling back: structure and items as they stood when a snapshot was taken, where that is possible.

Nothing is ever deleted by a rollback. Structure goes back through an ordinary plan whose wish is what the snapshot
remembers; then the items that were put aside are filled in where the loss left a hole. Both can be repeated: what
stands already is left alone, so a killed rollback is finished by the same command.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, replace

from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import StateError
from huoban_perf.core.schema import DesiredSchema, ObservedSchema, TableSpec
from huoban_perf.deploy.apply import apply_plan
from huoban_perf.deploy.artifact import Artifact, Note
from huoban_perf.deploy.former import place_of, with_former_addresses
from huoban_perf.deploy.guard import Consent, Limits, covers
from huoban_perf.deploy.plan import Plan
from huoban_perf.deploy.planning import PlanOptions, make_plan
from huoban_perf.deploy.portray import is_extra
from huoban_perf.deploy.recall import schema_of
from huoban_perf.deploy.report import ApplyReport
from huoban_perf.deploy.restore import RestoredTable, restore_items
from huoban_perf.deploy.snapshot import Snapshot, SnapshotStore
from huoban_perf.deploy.state import StateFile
from huoban_perf.deploy.store import StateStore
from huoban_perf.deploy.target import DeployTarget

ROLLBACK_FORMAT = 1
"""Version of the report's form."""

_NO_LIMITS = Limits(changed_percent=100, removed_percent=100)
"""A rollback is asked for by name; its size is no sign of a mistake."""


@dataclass(frozen=True, slots=True)
class Undertaking:
    """The snapshots of one undertaking, oldest first: one, or several when it was begun again after a failure."""

    snapshots: tuple[Snapshot, ...]

    @property
    def first(self) -> Snapshot:
        """The one that shows the structure before anything was done."""
        return self.snapshots[0]

    def losses(self) -> list[Note]:
        """Return what cannot be brought back, each once."""
        notes = [note for snapshot in self.snapshots for note in snapshot.losses]
        return list({(note.code, note.address): note for note in notes}.values())

    def wish(self) -> DesiredSchema:
        """Return the structure to go back to: what was ours, and what would have gone along undeclared."""
        first = self.first
        lost = {address for snapshot in self.snapshots for address in snapshot.destroys}
        tables = tuple(_pruned(table, lost) for table in first.tables)
        return schema_of(tables, app=first.state.app, version=first.app_version)


class RollbackReport(Artifact):
    """What a rollback did.

    Attributes:
        format: Version of the form.
        snapshot: Name of the snapshot gone back to.
        structure: What became of the structure.
        tables: What became of the items, by table; empty while structure is missing.
    """

    format: int = ROLLBACK_FORMAT
    snapshot: str
    structure: ApplyReport
    tables: tuple[RestoredTable, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything that can be restored is."""
        return self.structure.is_settled and not any(table.refused for table in self.tables)


def undertaking_of(store: SnapshotStore, name: str | None) -> Undertaking:
    """Return the snapshots to go back to.

    Args:
        store: Where they are.
        name: One of them; None takes the last that was made before an apply.

    Returns:
        Every snapshot of the same undertaking.

    Raises:
        StateError: There is none.
    """
    snapshots = {snapshot.name: snapshot for snapshot in store.all()}
    if name is None:
        made = [snapshot.name for snapshot in snapshots.values() if snapshot.purpose == "apply"]
        if not made:
            raise StateError("rollback.none", facts={"folder": str(store.folder)})
        name = made[-1]
    elif name not in snapshots:
        store.load(name)

    def first_of(one: str) -> str:
        before = snapshots[one].continues
        return one if before is None or before not in snapshots else first_of(before)

    first = first_of(name)
    return Undertaking(tuple(snapshot for one, snapshot in snapshots.items() if first_of(one) == first))


def plan_rollback(
    undertaking: Undertaking,
    *,
    observed: ObservedSchema,
    state: StateFile,
    target: DeployTarget,
    overwrite: Set[Address] = frozenset(),
) -> Plan:
    """Return what would bring the structure back.

    Args:
        undertaking: The snapshots.
        observed: The workspace as read.
        state: The state as it is.
        target: Where.
        overwrite: Addresses at which the snapshot wins over what people changed since.

    Returns:
        The plan; it deletes nothing.

    Raises:
        PlanError: The structure cannot be brought back, with every reason.
    """
    return make_plan(
        desired=undertaking.wish(),
        observed=observed,
        state=remembering(state, undertaking.first.state),
        capabilities=target.connection.capabilities,
        clock=target.clock,
        options=PlanOptions(
            locale=undertaking.first.locale,
            consent=Consent(overwrite=overwrite),
            limits=_NO_LIMITS,
            structure_only=True,
        ),
    )


def roll_back(
    undertaking: Undertaking,
    *,
    target: DeployTarget,
    store: StateStore,
    overwrite: Set[Address] = frozenset(),
) -> RollbackReport:
    """Bring structure and items back.

    Args:
        undertaking: The snapshots.
        target: Where; its snapshots must be those.
        store: The state.
        overwrite: Addresses at which the snapshot wins over what people changed since.

    Returns:
        What was done; items only once the structure stands.

    Raises:
        PlanError: The structure cannot be brought back.
        UnfinishedApplyError: It stopped half-way; the same command does the rest.
        StateError: The state or a snapshot cannot be used.
    """
    with store.locked(clock=target.clock):
        state = store.load(target.owner)
        remembered = remembering(state, undertaking.first.state)
        if remembered != state:
            state = store.save(remembered, clock=target.clock)
    observed = target.observe()
    plan = plan_rollback(undertaking, observed=observed, state=state, target=target, overwrite=overwrite)
    structure = apply_plan(
        plan=plan,
        desired=undertaking.wish(),
        target=replace(target, purpose="rollback"),
        store=store,
        observed=observed,
    )
    report = RollbackReport(snapshot=undertaking.first.name, structure=structure)
    if not structure.is_settled:
        return report
    with store.locked(clock=target.clock):
        tables = restore_items(undertaking.snapshots, state=store.load(target.owner), target=target)
    return report.model_copy(update={"tables": tables})


def remembering(state: StateFile, before: StateFile) -> StateFile:
    """Return the state with what the snapshot knew: renamed keys go back, what was forgotten is ours again.

    Args:
        state: The state as it is.
        before: The state of the snapshot.

    Returns:
        The state to plan from; what the platform no longer has shows there as gone.
    """
    renamed = with_former_addresses(state, before)
    taken = {place_of(address, renamed.objects) for address in renamed.objects}
    again = {
        address: known
        for address, known in before.objects.items()
        if address not in renamed.objects and place_of(address, before.objects) not in taken
    }
    return renamed.with_objects({**renamed.objects, **again}) if again else renamed


def _pruned(table: TableSpec, lost: Set[Address]) -> TableSpec:
    """Leave out what was never ours, unless it went along with something of ours."""
    fields = tuple(
        replace(
            field,
            options=tuple(one for one in field.options if not is_extra(one.address) or covers(lost, field.address)),
        )
        for field in table.fields
        if not is_extra(field.address) or covers(lost, table.address)
    )
    return replace(table, fields=fields)
