"""Scope: a plan for some tables only, with whatever those need to stand first."""

from __future__ import annotations

from collections.abc import Iterable, Set

from huoban_perf.core.addresses import Address
from huoban_perf.core.schema import DEFINITION_KINDS
from huoban_perf.deploy.guard import covers
from huoban_perf.deploy.plan import Step


def within(steps: Iterable[Step], only: Set[Address], *, structure_only: bool = False) -> tuple[Step, ...]:
    """Keep the steps of some tables, and the steps those need.

    Args:
        steps: Steps of a whole plan.
        only: Tables (or single objects); empty keeps everything.
        structure_only: Keep tables, fields and options only.

    Returns:
        The steps kept, in order.
    """
    every = tuple(step for step in steps if not (structure_only and step.address.kind in DEFINITION_KINDS))
    if not only:
        return every
    by_address = {step.address: step for step in every}
    kept: set[Address] = set()
    todo = [step for step in every if covers(only, step.address)]
    while todo:
        step = todo.pop()
        if step.address not in kept:
            kept.add(step.address)
            todo += [by_address[need] for need in step.needs if need in by_address]
    return tuple(step for step in every if step.address in kept)
