"""The survey: wish, state and workspace laid side by side, with every difference and every problem, deciding nothing.

Plan, drift, adopt and verify are different readers of the same survey.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import StateError
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema, ObservedSchema
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.compare import Comparison, compare_pair, faults_of
from huoban_perf.deploy.moves import moved_objects
from huoban_perf.deploy.pairing import Pairing, pair_schema
from huoban_perf.deploy.state import StateFile, StateObject
from huoban_perf.deploy.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Everything that can be said about a workspace before deciding anything.

    Attributes:
        desired: The wish.
        world: The workspace as read.
        locale: Language in which names are deployed.
        records: What the state knows, renames carried out.
        origins: New address → old address of what was renamed.
        pairing: What stands for each declared object.
        comparisons: Address → differences; none for what does not stand.
        problems: What no step could bring about: two candidates, another field kind, another target.
    """

    desired: DesiredSchema
    world: World
    locale: Locale
    records: Mapping[Address, StateObject]
    origins: Mapping[Address, Address]
    pairing: Pairing
    comparisons: Mapping[Address, Comparison]
    problems: tuple[Note, ...]

    def recorded_ids(self) -> dict[Address, str]:
        """Return address → id of everything the state knows."""
        return {address: record.remote_id for address, record in self.records.items()}


def survey(
    *,
    desired: DesiredSchema,
    observed: ObservedSchema,
    state: StateFile,
    locale: Locale,
    moved: Mapping[Address, Address] | None = None,
) -> Survey:
    """Lay wish, state and workspace side by side.

    Args:
        desired: The wish.
        observed: The workspace as read.
        state: What we know we did.
        locale: Language in which names are deployed.
        moved: Old address → new address of renamed keys.

    Returns:
        The survey.

    Raises:
        PlanError: A rename cannot be carried out.
        StateError: The state is that of another workspace.
    """
    if state.workspace != observed.workspace:
        facts = {"file": "-", "found": state.workspace, "expected": str(observed.workspace)}
        raise StateError("state.other_owner", facts=facts)
    records, origins = moved_objects(state.objects, moved or {}, desired=desired)
    world = World(observed)
    pairing = pair_schema(desired, world, records, locale=locale)
    ids, by_table_id = pairing.ids(), pairing.address_by_table_id()
    names = {table.table_id: table.name for table in world.tables}
    problems = list(pairing.problems)
    for pair in pairing.pairs.values():
        problems += faults_of(pair, ids=ids, table_names=names, locale=locale)
    comparisons = {
        address: compare_pair(pair, locale=locale, address_by_table_id=by_table_id)
        for address, pair in pairing.pairs.items()
    }
    return Survey(
        desired=desired,
        world=world,
        locale=locale,
        records=records,
        origins=origins,
        pairing=pairing,
        comparisons=comparisons,
        problems=tuple(problems),
    )
