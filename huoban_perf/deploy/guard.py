"""Guard: what a plan may not do without being told so, address by address.

Two rules. Deleting needs consent twice: in the template (``lifecycle.allow_delete``) and on the command line. And when
a large share of what is ours would change or go, the plan stops: a wrong template or a key that sees too little looks
just like that. A floor keeps small apps from tripping it; new names and colours do not count, for they take nothing.

Source: design.md §5.4 rule 2; octodns' thresholds.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import Action
from huoban_perf.deploy.artifact import Note
from huoban_perf.deploy.plan import Reason, Step

_HARMLESS = frozenset({"name", "help", "color", "group"})
"""Attributes that are given back as easily as they were taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Shares above which a plan stops.

    Attributes:
        changed_percent: Most objects that may change, in percent of ours.
        removed_percent: Most objects that may be deleted, forgotten or made anew, in percent of ours.
        floor: Number of such objects that is always let through.
    """

    changed_percent: int = 30
    removed_percent: int = 30
    floor: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the template and the person who runs the command agreed to.

    Attributes:
        by_template: Addresses whose removal may delete them (``lifecycle.allow_delete``).
        delete: Addresses named on the command line for deletion.
        change: Addresses whose change or removal does not count against the limits; what lies below is included.
        overwrite: Addresses whose conflicts are decided for the template.
    """

    by_template: Set[Address] = frozenset()
    delete: Set[Address] = frozenset()
    change: Set[Address] = frozenset()
    overwrite: Set[Address] = frozenset()


def covers(consented: Set[Address], address: Address) -> bool:
    """Return whether a set of addresses names an object or something that encloses it.

    Args:
        consented: The addresses.
        address: The object.

    Returns:
        True when it is covered.
    """
    parent = address.parent
    return address in consented or (parent is not None and covers(consented, parent))


def refusals(steps: Iterable[Step], *, ours: int, consent: Consent, limits: Limits) -> list[Note]:
    """Return what stands against applying a plan.

    Args:
        steps: Its steps.
        ours: How many objects the state knows.
        consent: What was agreed to.
        limits: Shares above which a plan stops.

    Returns:
        One note a deletion without the template's consent, and one a share that is too large.
    """
    steps = list(steps)
    notes = [
        Note(code="guard.delete_not_in_template", address=step.address, facts={"name": " / ".join(step.named)})
        for step in steps
        if step.action is Action.DELETE and not covers(consent.by_template, step.address)
    ]
    counted = [step for step in steps if not covers(consent.change, step.address)]
    changed = [step for step in counted if _changes(step)]
    removed = [step for step in counted if _removes(step) and not covers(consent.delete, step.address)]
    for code, found, percent in (
        ("guard.many_changed", changed, limits.changed_percent),
        ("guard.many_removed", removed, limits.removed_percent),
    ):
        if len(found) > limits.floor and len(found) * 100 > ours * percent:
            tables = tuple(sorted({str(step.address.outermost) for step in found}))
            notes.append(
                Note(code=code, facts={"count": len(found), "total": ours, "percent": percent, "tables": tables})
            )
    return notes


def _changes(step: Step) -> bool:
    return step.action is Action.UPDATE and any(change.attribute not in _HARMLESS for change in step.changes)


def _removes(step: Step) -> bool:
    return step.action in {Action.DELETE, Action.FORGET} or step.reason is Reason.GONE
