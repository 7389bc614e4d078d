"""Adopting: binding declared objects to what already stands, each by an explicit choice; and attesting what is unseen.

``proposals`` says what could be adopted and why; ``adopt`` takes only what is named (``adopt all`` names every proposal
that matches exactly, ``exact`` picks them); ``attest`` records a person's word for attributes that no read shows.
None of them writes to the platform.

Source: design.md §5.2, §5.4 rule 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.clock import Clock
from huoban_perf.core.errors import FactValue, PlanError
from huoban_perf.core.schema import DesiredSchema, ObservedSchema
from huoban_perf.deploy.artifact import AddressText, Artifact, Note
from huoban_perf.deploy.compare import shown, wished
from huoban_perf.deploy.likeness import alike_pairs
from huoban_perf.deploy.pairing import Found, Pair
from huoban_perf.deploy.perform import record_found
from huoban_perf.deploy.state import Origin, StateFile, StateObject
from huoban_perf.deploy.survey import Survey, survey
from huoban_perf.deploy.world import id_of

SAID = "attested:"
"""Stands for the id of what no read shows."""


class Proposal(Artifact):
    """Something that stands and could be a declared object.

    Attributes:
        address: The declared object.
        remote_id: Id of what stands.
        named: Names of the declared object, from the outside in.
        found_name: Name of what stands.
        how: ``alias``, ``name`` (exact in either language), or ``likeness`` (spaces, width, case or order differ).
        problems: Why it cannot be adopted as it stands; empty when it can.
    """

    address: AddressText
    remote_id: str
    named: tuple[str, ...]
    found_name: str
    how: str
    problems: tuple[Note, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether ``adopt all`` takes it."""
        return self.how != "likeness" and not self.problems


def proposals(seen: Survey) -> list[Proposal]:
    """Return what could be adopted.

    Args:
        seen: Wish, state and workspace side by side.

    Returns:
        Exact matches first come, then names that are only alike; in declared order. What hides behind a table that is
        not adopted yet shows once it is.
    """
    found: list[Proposal] = []
    for address, pair in seen.pairing.pairs.items():
        if pair.live is not None and not pair.is_bound:
            problems = tuple(note for note in seen.problems if note.address == address)
            live = pair.live
            found.append(
                Proposal(
                    address=address,
                    remote_id=id_of(live),
                    named=pair.named,
                    found_name=live.name,
                    how=pair.found.value,
                    problems=problems,
                )
            )
    alike = [
        Proposal(address=pair.address, remote_id=id_of(live), named=pair.named, found_name=live.name, how="likeness")
        for pair, live in alike_pairs(seen.pairing)
    ]
    return found + alike


def similar(found: Iterable[Proposal]) -> list[Proposal]:
    """Return the proposals by likeness that leave no choice: one candidate an object, one object a candidate.

    Args:
        found: Proposals.

    Returns:
        Those that a person can simply confirm.
    """
    alike = [proposal for proposal in found if proposal.how == "likeness"]
    objects = Counter(proposal.address for proposal in alike)
    candidates = Counter((proposal.address.parent, proposal.remote_id) for proposal in alike)
    return [
        proposal
        for proposal in alike
        if objects[proposal.address] == candidates[proposal.address.parent, proposal.remote_id] == 1
    ]


def exact(found: Iterable[Proposal]) -> dict[Address, str]:
    """Return the choice that ``adopt all`` makes.

    Args:
        found: Proposals.

    Returns:
        Address → id of every proposal that matches exactly and has no problem.
    """
    return {proposal.address: proposal.remote_id for proposal in found if proposal.is_exact}


def adopt(
    *,
    desired: DesiredSchema,
    observed: ObservedSchema,
    state: StateFile,
    chosen: Mapping[Address, str],
    clock: Clock,
) -> StateFile:
    """Bind declared objects to what a person named.

    Args:
        desired: The wish.
        observed: The workspace as read.
        state: What we know so far; its locale is that of the names.
        chosen: Address → platform id; a field's table and an option's field must be bound, or named too.
        clock: Dates the entries.

    Returns:
        The state with the bindings; what differs from the wish is a change of the next plan.

    Raises:
        PlanError: An address is not declared, an id is not there, is named twice or is bound already, or a field has
            another kind or target than declared. Every fault is listed; nothing is adopted.
    """
    trial = dict(state.objects)
    for address, remote_id in chosen.items():
        trial[address] = StateObject(remote_id=remote_id, applied={}, origin=Origin.ADOPTED, at=clock.now())
    seen = survey(desired=desired, observed=observed, state=state.with_objects(trial), locale=state.locale)
    problems = [*_faults(chosen, state, seen), *(note for note in seen.problems if note.address in chosen)]
    if problems:
        listed = [note.problem() for note in problems]
        raise PlanError("adopt.refused", facts={"count": len(listed)}, problems=listed)
    tables = seen.pairing.address_by_table_id()
    pairs = [replace(seen.pairing.pairs[address], record=None, found=Found.NAME) for address in chosen]
    for pair, live in [(pair, pair.live) for pair in pairs if pair.live is not None]:
        known = record_found(pair, live, tables=tables, origin=Origin.ADOPTED, at=clock.now(), locale=state.locale)
        state = state.with_object(pair.address, known)
    return state


def _faults(chosen: Mapping[Address, str], state: StateFile, seen: Survey) -> Iterator[Note]:
    def place(address: Address, remote_id: str) -> tuple[object, ...]:
        return (address.kind, address.parent if address.kind is ObjectKind.OPTION else None, remote_id)

    times = Counter(place(address, remote_id) for address, remote_id in chosen.items())
    taken = {
        place(address, known.remote_id): address for address, known in state.objects.items() if address not in chosen
    }
    for address, remote_id in chosen.items():
        facts: dict[str, FactValue] = {"id": remote_id}
        pair = seen.pairing.pairs.get(address)
        if pair is None:
            yield Note(code="adopt.undeclared", address=address, facts=facts)
        elif place(address, remote_id) in taken:
            other = str(taken[place(address, remote_id)])
            yield Note(code="adopt.taken", address=address, facts={**facts, "other": other})
        elif times[place(address, remote_id)] > 1:
            yield Note(code="adopt.twice", address=address, facts=facts)
        elif not pair.is_bound:
            yield Note(code="adopt.not_there", address=address, facts=facts)


def _said(pair: Pair, *, state: StateFile, by: str, at: datetime) -> StateObject:
    """Return the record of what no read shows: it stands as wished because a person says so."""
    return StateObject(
        remote_id=f"{SAID}{pair.address.key}",
        applied=wished(pair.spec, locale=state.locale),
        origin=Origin.ATTESTED,
        at=at,
        attested_by=by,
    )


def unseen(seen: Survey, kinds: Iterable[ObjectKind]) -> list[Address]:
    """Return what is declared, shown by no read, and not said to stand as it is now wished.

    Args:
        seen: Wish, state and workspace side by side.
        kinds: Kinds that a person may attest here.

    Returns:
        The addresses, in build order.
    """
    asked = frozenset(kinds)
    return [
        address
        for address, pair in seen.pairing.pairs.items()
        if address.kind in asked
        and not seen.world.shows(address.kind)
        and (pair.found is Found.ABSENT or seen.comparisons[address].changes)
    ]


def attest(
    *,
    desired: DesiredSchema,
    observed: ObservedSchema,
    state: StateFile,
    addresses: Iterable[Address],
    by: str,
    clock: Clock,
) -> StateFile:
    """Record a person's word that what no read shows of some objects is as the template wishes.

    Args:
        desired: The wish.
        observed: The workspace as read.
        state: What we know so far.
        addresses: Bound objects.
        by: Who says so.
        clock: Dates the entries.

    Returns:
        The state in which every attribute that is not shown counts as applied; what is shown is left to comparison.
        What no read shows at all is recorded as standing.

    Raises:
        PlanError: An address is not declared or stands nowhere; every such address is listed.
    """
    seen = survey(desired=desired, observed=observed, state=state, locale=state.locale)
    by_table_id = seen.pairing.address_by_table_id()
    problems: list[Note] = []
    for address in addresses:
        pair = seen.pairing.pairs.get(address)
        if pair is not None and not seen.world.shows(address.kind):
            state = state.with_object(address, _said(pair, state=state, by=by, at=clock.now()))
            continue
        if pair is None or pair.live is None or pair.record is None or not pair.is_bound:
            problems.append(Note(code="adopt.not_bound", address=address))
            continue
        wish = wished(pair.spec, locale=state.locale)
        proven = shown(pair.live, address_by_table_id=by_table_id)
        unseen = {name: value for name, value in wish.items() if name not in proven}
        known = pair.record.model_copy(
            update={
                "applied": {**pair.record.applied, **unseen},
                "origin": Origin.ATTESTED,
                "at": clock.now(),
                "attested_by": by,
            }
        )
        state = state.with_object(address, known)
    if problems:
        listed = [note.problem() for note in problems]
        raise PlanError("adopt.refused", facts={"count": len(listed)}, problems=listed)
    return state
