"""Losses: what no rollback could bring back, said before anything is done.

A snapshot holds structure and values. Ids, history, and whatever people set by hand around an object are the
platform's own and go with it.

Source: cli.md ("`rollback` states what it cannot restore").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.errors import FactValue
from huoban_perf.core.schema import COMPUTED_KINDS, FieldKind, ObservedTable
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.plan import Step
from huoban_perf.deploy.portray import kind_of
from huoban_perf.deploy.survey import Survey

_FILES = frozenset({FieldKind.FILE.value, FieldKind.IMAGE.value, FieldKind.SIGNATURE.value})
_COMPUTED = frozenset(kind.value for kind in COMPUTED_KINDS - {FieldKind.AUTO_NUMBER, FieldKind.ATTACHED})


def losses_of(steps: Sequence[Step], seen: Survey) -> list[Note]:
    """Return what a rollback could not restore after some steps.

    Args:
        steps: Steps that lose data.
        seen: The workspace before them.

    Returns:
        One note a loss; none when nothing is to be lost.
    """
    notes = [note for step in steps for note in _losses(step, seen)]
    return [*notes, Note(code="rollback.loss_later")] if steps else []


def _losses(step: Step, seen: Survey) -> Iterator[Note]:
    facts: dict[str, FactValue] = {"name": " / ".join(step.named)}
    kind = step.address.kind
    yield Note(code=f"rollback.loss_{kind.value}", address=step.address, facts=facts)
    inside = [step.address]
    if kind is ObjectKind.TABLE:
        inside = [address for address in seen.records if address.parent == step.address]
        yield from _around(step, inside, seen, facts)
    if kind is not ObjectKind.OPTION:
        for code, kinds in (
            ("rollback.loss_numbers", frozenset({FieldKind.AUTO_NUMBER.value})),
            ("rollback.loss_files", _FILES),
            ("rollback.loss_formulas", _COMPUTED),
        ):
            names = _names([address for address in inside if seen.records[address].applied.get("kind") in kinds], seen)
            if names:
                yield Note(code=code, address=step.address, facts={**facts, "fields": names})


def _around(step: Step, inside: Sequence[Address], seen: Survey, facts: dict[str, FactValue]) -> Iterator[Note]:
    """What is lost around a table: keys, undeclared fields, relations that point to it."""
    if not any(seen.records[address].applied.get("unique") is True for address in inside):
        yield Note(code="rollback.loss_no_unique", address=step.address, facts=facts)
    live = seen.world.at(step.address, seen.recorded_ids())
    known = {seen.records[address].remote_id for address in inside}
    ours = {record.remote_id for key, record in seen.records.items() if key.kind is ObjectKind.TABLE}
    if isinstance(live, ObservedTable):
        odd = [
            field.name
            for field in live.fields
            if field.field_id not in known and (kind_of(field) is None or (field.target_id or min(ours)) not in ours)
        ]
        if odd:
            yield Note(code="rollback.loss_fields", address=step.address, facts={**facts, "fields": tuple(odd)})
    incoming = [
        address
        for address, record in seen.records.items()
        if record.applied.get("target") == str(step.address)
        and address.table != step.address
        and seen.world.at(address, seen.recorded_ids()) is not None
    ]
    if incoming:
        fields = _names(incoming, seen, with_table=True)
        yield Note(code="rollback.loss_incoming", address=step.address, facts={**facts, "fields": fields})


def _names(addresses: Sequence[Address], seen: Survey, *, with_table: bool = False) -> tuple[str, ...]:
    def name(address: Address) -> str:
        record = seen.records.get(address)
        return str(address.key if record is None else record.applied.get("name", address.key))

    return tuple(f"{name(one.table)} / {name(one)}" if with_table else name(one) for one in addresses)
