"""Putting aside: which items a destructive plan touches, and the snapshot that is taken of them before it begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from importlib.metadata import version

from huoban_perf.core.addresses import Address, Bindings, ObjectKind, RemoteId, field_address
from huoban_perf.core.equality import is_empty
from huoban_perf.core.errors import StateError
from huoban_perf.core.items import Item, ItemQuery
from huoban_perf.core.schema import (
    COMPUTED_KINDS,
    DesiredSchema,
    FieldKind,
    ObservedField,
    ObservedTable,
    TableSpec,
)
from huoban_perf.core.values import Value
from huoban_perf.deploy.artifact import Attributes
from huoban_perf.deploy.compare import shown
from huoban_perf.deploy.former import former_addresses, with_former_addresses
from huoban_perf.deploy.plan import Plan, Risk, Step
from huoban_perf.deploy.portray import extras_of
from huoban_perf.deploy.recall import recalled_schema
from huoban_perf.deploy.snapshot import Backup, SavedItem, Snapshot, SnapshotStore
from huoban_perf.deploy.state import StateFile, bindings_of
from huoban_perf.deploy.survey import Survey
from huoban_perf.deploy.target import DeployTarget
from huoban_perf.deploy.world import World

POINTING = frozenset({FieldKind.RELATION, FieldKind.SUB_TABLE})
"""Kinds whose values are item ids of another table."""

UNWRITABLE = COMPUTED_KINDS | {FieldKind.SEPARATOR}
"""Kinds that hold nothing of their own."""


def destructive(steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return the steps that lose data.

    Args:
        steps: Steps of a plan.

    Returns:
        Those of them, in order.
    """
    return tuple(step for step in steps if step.risk is Risk.DATA_LOSS)


def put_aside(
    *, plan: Plan, steps: tuple[Step, ...], seen: Survey, state: StateFile, before: StateFile, target: DeployTarget
) -> Snapshot:
    """Take a snapshot before anything is lost.

    Args:
        plan: The plan about to be carried out.
        steps: Its steps that lose data and are still to be done.
        seen: The workspace as it is now.
        state: The state as it is now, renames carried out.
        before: The state before those, whose addresses the snapshot keeps.
        target: Reads the items; says where the snapshot goes, and why.

    Returns:
        The snapshot, complete on disk.

    Raises:
        PlatformError: The items could not be read; nothing was lost.
        StateError: There is no folder, or it cannot be written; nothing was lost.
    """
    if target.snapshots is None:
        raise StateError("rollback.no_folder")
    continued = _continued(plan, state, target.snapshots)
    former = former_addresses(state.objects, (continued.state if continued else before).objects)
    state = with_former_addresses(state, continued.state if continued else before)
    steps = tuple(step.model_copy(update={"address": former.get(step.address, step.address)}) for step in steps)
    portrait = _portrait(seen, state, steps)
    reads = _reads_of(steps, portrait)
    bindings = Bindings({**bindings_of(state), **portrait.extra_ids})
    snapshot = Snapshot(
        tool_version=version("huoban-perf"),
        made_at=_moment(target.clock.now(), target.snapshots),
        purpose=target.purpose,
        app_version=plan.app_version,
        template_digest=plan.template_digest,
        plan_digest=plan.digest,
        continues=continued.name if continued else None,
        destroys=tuple(step.address for step in steps),
        state=state,
        tables=portrait.schema.tables,
        extra_ids=dict(portrait.extra_ids),
        losses=plan.losses,
        backups=tuple(read.backup(bindings) for read in reads),
    )
    items = {read.table.address: read.items(target, bindings, (n, len(reads))) for n, read in enumerate(reads, start=1)}
    return target.snapshots.write(snapshot, items)


def _moment(now: datetime, store: SnapshotStore) -> datetime:
    """A snapshot is always younger than the one before, so that names sort by age even within a second."""
    names = store.names()
    return now if not names else max(now, store.load(names[-1]).made_at + timedelta(seconds=1))


def _continued(plan: Plan, state: StateFile, store: SnapshotStore) -> Snapshot | None:
    """The snapshot before belongs to the same undertaking when that was never brought to its end."""
    names = store.names()
    if not names or state.template_digest == plan.template_digest:
        return None
    before = store.load(names[-1])
    is_same = (before.template_digest, before.state.lineage) == (plan.template_digest, state.lineage)
    return before if is_same and before.purpose == "apply" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Portrait:
    """What stands and is ours, with what would go along undeclared."""

    schema: DesiredSchema
    extra_ids: dict[Address, RemoteId]


def _portrait(seen: Survey, state: StateFile, steps: tuple[Step, ...]) -> _Portrait:
    by_table_id = {known.remote_id: key for key, known in state.objects.items() if key.kind is ObjectKind.TABLE}
    ids = {address: known.remote_id for address, known in state.objects.items()}
    standing: dict[Address, Attributes] = {}
    for address, known in state.objects.items():
        live = seen.world.at(address, ids)
        if live is not None:
            proven = shown(live, address_by_table_id=by_table_id)
            standing[address] = {**known.applied, **{k: v for k, v in proven.items() if k in known.applied}}
    doomed = {step.address for step in steps}
    extra = extras_of(state, seen.world, whole=doomed, by_table_id=by_table_id)
    own_ids = ids | {address: own for address, (own, _) in extra.items()}
    order = _as_shown([*seen.pairing.pairs, *standing, *extra], own_ids, seen.world)
    schema = recalled_schema(
        {**standing, **{address: attributes for address, (_, attributes) in extra.items()}},
        app=state.app,
        version=seen.desired.version,
        order=order,
    )
    return _Portrait(schema=schema, extra_ids={address: RemoteId(own) for address, (own, _) in extra.items()})


def _as_shown(addresses: list[Address], ids: Mapping[Address, str], world: World) -> dict[Address, int]:
    """Place fields and options as the page shows them, tables as they come: what is made again keeps its order."""
    shown_at: dict[tuple[Address | None, str], int] = {}
    for address in addresses:
        live = world.at(address, ids)
        if isinstance(live, ObservedTable):
            shown_at |= {(address, one.field_id): place for place, one in enumerate(live.fields)}
        elif isinstance(live, ObservedField):
            shown_at |= {(address, one.option_id): place for place, one in enumerate(live.options)}
    last = len(shown_at)
    places = {address: number for number, address in enumerate(dict.fromkeys(addresses))}
    return {
        address: shown_at.get((address.parent, ids.get(address, "")), last + number)
        for address, number in places.items()
    }


@dataclass(slots=True, kw_only=True)
class _Read:
    """Which items of a table are read, and which of their fields."""

    table: TableSpec
    whole: bool
    wanted: dict[str, set[str] | None] = field(default_factory=dict)

    def backup(self, bindings: Bindings) -> Backup:
        """Return the head of what will be put aside."""
        return Backup(
            table=self.table.address,
            remote_id=bindings[self.table.address],
            whole=self.whole,
            fields=tuple(one.address.key for one in self.table.fields),
            rows=0,
        )

    def items(self, target: DeployTarget, bindings: Bindings, number: tuple[int, int]) -> Iterator[SavedItem]:
        """Yield the items concerned, page by page."""
        done, total = number
        for page in target.connection.item_source.scan(query=ItemQuery(table=self.table), bindings=bindings):
            yield from (SavedItem(item.item_id, self._kept(item)) for item in page.items if self._concerns(item))
        target.progress("progress.put_aside", subject=self.table.labels.zh, done=done, total=total)

    def _concerns(self, item: Item) -> bool:
        return self.whole or bool(self._kept(item))

    def _kept(self, item: Item) -> dict[str, Value]:
        kept: dict[str, Value] = {key: value for key, value in item.values.items() if not is_empty(value)}
        return kept if self.whole else {key: value for key, value in kept.items() if self._is_wanted(key, value)}

    def _is_wanted(self, key: str, value: Value) -> bool:
        options = self.wanted[key]
        parts = value if isinstance(value, tuple) else (value,)
        return options is None or any(part in options for part in parts)


def _reads_of(steps: tuple[Step, ...], portrait: _Portrait) -> list[_Read]:
    """Gather by table what is read: whole tables, single fields, and relations that point to a table that goes."""
    wholes = {step.address for step in steps if step.address.kind is ObjectKind.TABLE}
    wanted: dict[Address, set[str] | None] = {}
    for step in steps:
        if step.address.kind is ObjectKind.FIELD:
            wanted[step.address] = None
        elif step.address.kind is ObjectKind.OPTION:
            options = wanted.setdefault(field_address(*step.address.keys[:2]), set())
            if options is not None:
                options.add(step.address.key)
    for one in portrait.schema.fields():
        if one.kind in POINTING and one.target in wholes:
            wanted[one.address] = None
    reads: list[_Read] = []
    for table in portrait.schema.tables:
        if table.address in wholes:
            reads.append(_Read(table=table, whole=True))
            continue
        keys = {address.key: options for address, options in wanted.items() if address.table == table.address}
        fields = tuple(one for one in table.fields if one.address.key in keys)
        if fields:
            reads.append(_Read(table=replace(table, fields=fields), whole=False, wanted=keys))
    return reads
