"""From a survey to steps: what is created, changed, bound, forgotten or deleted, by whom, and why."""

from __future__ import annotations

from collections.abc import Iterator, Set

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.capabilities import Capabilities
from huoban_perf.core.changes import Action, AttributeChange
from huoban_perf.core.schema import DEFINITION_KINDS, DefinitionSpec, FieldKind, FieldSpec
from huoban_perf.deploy.compare import seen_digest, wished
from huoban_perf.deploy.guard import covers
from huoban_perf.deploy.pairing import Found, Pair
from huoban_perf.deploy.plan import Performer, Reason, Step
from huoban_perf.deploy.survey import Survey
from huoban_perf.deploy.world import Live, Spec, id_of

_FOUND = {Found.ALIAS: Reason.FOUND_BY_ALIAS, Found.NAME: Reason.FOUND_BY_NAME}


def steps_of(survey: Survey, *, capabilities: Capabilities, delete: Set[Address]) -> Iterator[Step]:
    """Yield the steps that bring a workspace to the wish, unordered.

    Args:
        survey: Wish, state and workspace side by side, without problems.
        capabilities: What the connection can carry out; the rest becomes manual.
        delete: Addresses that may be deleted instead of forgotten, with what lies below.

    Yields:
        One step an object and action; an option of a field that is created comes with its field.
    """
    for pair in survey.pairing.pairs.values():
        kind = pair.address.kind
        if kind in DEFINITION_KINDS and kind not in capabilities.observes | capabilities.attests:
            continue
        if pair.found is Found.UNSEEN:
            yield from _unseen(pair, survey)
        elif pair.live is None:
            yield from _creation(pair, survey, capabilities)
        else:
            yield from _settlement(pair, pair.live, survey, capabilities)
    claimed = {(pair.address.kind, id_of(pair.live)) for pair in survey.pairing.pairs.values() if pair.live is not None}
    for address, record in survey.records.items():
        if address not in survey.pairing.pairs:
            is_claimed = address.kind is not ObjectKind.OPTION and (address.kind, record.remote_id) in claimed
            yield _removal(address, survey, capabilities, frozenset() if is_claimed else delete)


def performer_of(capabilities: Capabilities, action: Action, kind: ObjectKind) -> Performer:
    """Return who carries out an action on a kind of object.

    Args:
        capabilities: What the connection can do.
        action: CREATE, UPDATE or DELETE.
        kind: The kind of object.

    Returns:
        The connection when it can, else a person.
    """
    return Performer.API if capabilities.can(action, kind) else Performer.MANUAL


def is_left_out(spec: Spec, capabilities: Capabilities) -> bool:
    """Return whether an object is left out, because the platform has no such thing and nothing is lost without it.

    Args:
        spec: The object.
        capabilities: What the connection can hold.

    Returns:
        True for separators, and for definitions that have no equal there.
    """
    if isinstance(spec, DefinitionSpec):
        return capabilities.cannot_hold(spec)
    is_separator = isinstance(spec, FieldSpec) and spec.kind is FieldKind.SEPARATOR
    return is_separator and FieldKind.SEPARATOR not in capabilities.field_kinds


def _creation(pair: Pair, survey: Survey, capabilities: Capabilities) -> Iterator[Step]:
    parent = pair.address.parent
    if pair.address.kind is ObjectKind.OPTION and parent is not None and survey.pairing.pairs[parent].is_absent:
        return
    if is_left_out(pair.spec, capabilities):
        return
    wish = wished(pair.spec, locale=survey.locale)
    changes = [AttributeChange(attribute=name, before=None, after=value) for name, value in wish.items()]
    if isinstance(pair.spec, FieldSpec) and pair.spec.options:
        labels = tuple(option.labels.in_locale(survey.locale) for option in pair.spec.options)
        changes.append(AttributeChange(attribute="options", before=None, after=labels))
    yield Step(
        address=pair.address,
        action=Action.CREATE,
        performer=_creator_of(pair, capabilities),
        reason=Reason.GONE if pair.found is Found.GONE else Reason.NEW,
        named=pair.named,
        changes=tuple(changes),
        needs=needs_of(pair),
        remote_id=None if pair.record is None else pair.record.remote_id,
    )


def _creator_of(pair: Pair, capabilities: Capabilities) -> Performer:
    if isinstance(pair.spec, FieldSpec):
        return Performer.API if capabilities.can_create(pair.spec.kind) else Performer.MANUAL
    return performer_of(capabilities, Action.CREATE, pair.address.kind)


def _unseen(pair: Pair, survey: Survey) -> Iterator[Step]:
    """What a person built and no read shows: the template may have changed since they said so."""
    changes = survey.comparisons[pair.address].changes
    if changes:
        yield Step(
            address=pair.address,
            action=Action.UPDATE,
            performer=Performer.MANUAL,
            reason=Reason.DIFFERS,
            named=pair.named,
            changes=changes,
            needs=needs_of(pair),
            remote_id=None if pair.record is None else pair.record.remote_id,
        )


def _settlement(pair: Pair, live: Live, survey: Survey, capabilities: Capabilities) -> Iterator[Step]:
    comparison = survey.comparisons[pair.address]
    remote_id, seen = id_of(live), seen_digest(live)
    moved_from = survey.origins.get(pair.address)
    reason = _FOUND.get(pair.found)
    if reason is None and moved_from is not None:
        reason = Reason.MOVED
    if reason is None and comparison.converged:
        reason = Reason.CONVERGED
    if reason is not None:
        yield Step(
            address=pair.address,
            action=Action.BIND,
            performer=Performer.STATE,
            reason=reason,
            named=pair.named,
            needs=_enclosing(pair.address),
            remote_id=remote_id,
            seen=seen,
            unproven=comparison.unproven,
            moved_from=moved_from,
        )
    if comparison.changes:
        yield Step(
            address=pair.address,
            action=Action.UPDATE,
            performer=performer_of(capabilities, Action.UPDATE, pair.address.kind),
            reason=Reason.DIFFERS,
            named=pair.named,
            changes=comparison.changes,
            needs=_enclosing(pair.address),
            remote_id=remote_id,
            seen=seen,
        )


def _removal(address: Address, survey: Survey, capabilities: Capabilities, delete: Set[Address]) -> Step:
    record = survey.records[address]
    live = survey.world.at(address, survey.recorded_ids())
    parent = address.parent
    goes_with_parent = parent is not None and parent not in survey.pairing.pairs and covers(delete, parent)
    is_deleted = live is not None and covers(delete, address) and not goes_with_parent
    action = Action.DELETE if is_deleted else Action.FORGET
    return Step(
        address=address,
        action=action,
        performer=performer_of(capabilities, action, address.kind) if is_deleted else Performer.STATE,
        reason=Reason.UNDECLARED,
        named=_names_of(address, survey),
        remote_id=record.remote_id,
        seen="" if live is None else seen_digest(live),
    )


def _names_of(address: Address, survey: Survey) -> tuple[str, ...]:
    parent = address.parent
    record = survey.records.get(address)
    own = address.key if record is None else str(record.applied.get("name", address.key))
    return (own,) if parent is None else (*_names_of(parent, survey), own)


def _enclosing(address: Address) -> tuple[Address, ...]:
    parent = address.parent
    return () if parent is None else (*_enclosing(parent), parent)


def needs_of(pair: Pair) -> tuple[Address, ...]:
    """Return what must stand before an object can be created.

    Args:
        pair: The object.

    Returns:
        What encloses it, from the outside in, the table a relation points to, what a computed field reads, and what
        a definition speaks of.
    """
    needs = _enclosing(pair.address)
    if isinstance(pair.spec, DefinitionSpec):
        return tuple(dict.fromkeys((*needs, *pair.spec.refers_to)))
    if not isinstance(pair.spec, FieldSpec):
        return needs
    target = () if pair.spec.target is None else (pair.spec.target,)
    read = pair.spec.computed.reads() if pair.spec.computed is not None else ()
    tables = tuple(address.table for address in read)
    return tuple(dict.fromkeys((*needs, *target, *tables, *read)))
