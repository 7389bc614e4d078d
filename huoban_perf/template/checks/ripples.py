"""How far one change runs on: item automations that start each other.

The platform lets a change ripple through 15 automations and guards against chains on one table
(automation-plane.md §2, §9 [verified by practitioners]); our runner counts the same depth. Conditions are not
weighed: an automation that could start itself again is named, and is mended by naming the ``fields`` that start it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from huoban_perf.core.addresses import Address
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.automations import Call, Create, ItemEvent, OnItem, Step, Update
from huoban_perf.core.schema.machines import RESULT_FIELD
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error

_DEEPEST: Final = 15


@dataclass(frozen=True, slots=True)
class _Write:
    """Something written: a new row of a table (no fields), or fields of its rows."""

    table: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """Something that rows start."""

    name: str
    table: str
    events: frozenset[ItemEvent]
    fields: frozenset[str]
    writes: tuple[_Write, ...]


def check_ripples(compiled: Compiled) -> Iterator[Finding]:
    """Check that no change runs on without end or too far.

    Args:
        compiled: The template.

    Yields:
        One error a loop, at its first automation, and one at the start of a chain that is too long.
    """
    nodes = {node.name: node for node in _nodes(compiled.schema)}
    after = {
        name: tuple(other.name for other in nodes.values() if _starts(node, other)) for name, node in nodes.items()
    }
    loops = list(_loops(after))
    for loop in loops:
        place = compiled.places[loop[0]]
        yield error(place.problem("template.automation_loop", names=tuple(_shown(name) for name in (*loop, loop[0]))))
    if loops:
        return
    depth: dict[str, int] = {}
    for name in nodes:
        if _depth(name, after, depth) > _DEEPEST:
            yield error(compiled.places[name].problem("template.long_ripple", depth=depth[name], most=_DEEPEST))


def _shown(name: str) -> str:
    return name.partition(":")[2]


def _nodes(schema: DesiredSchema) -> Iterator[_Node]:
    called = {one.address: one.steps for one in schema.automations}
    for automation in schema.automations:
        trigger = automation.trigger
        if isinstance(trigger, OnItem):
            yield _Node(
                name=str(automation.address),
                table=automation.address.keys[0],
                events=trigger.events,
                fields=frozenset(field.key for field in trigger.fields),
                writes=tuple(_writes(automation.steps, called)),
            )
    for machine in schema.machines:
        for one in machine.transitions:
            actions = frozenset(f"{key}_action" for key in one.actors)
            own = _Write(machine.table.key, frozenset({machine.field, RESULT_FIELD}))
            yield _Node(
                name=f"transition:{machine.table.key}.{one.key}",
                table=machine.table.key,
                events=frozenset({ItemEvent.CHANGED}) if one.sources else frozenset(),
                fields=actions,
                writes=(own, *_writes(one.steps, called)),
            )


def _writes(steps: tuple[Step, ...], called: Mapping[Address, tuple[Step, ...]]) -> Iterator[_Write]:
    for step in steps:
        if isinstance(step, Create):
            yield _Write(step.table.key, frozenset())
        elif isinstance(step, Update):
            yield _Write(step.table.key, frozenset(one.field.key for one in step.values))
        elif isinstance(step, Call):
            inner = tuple(one for one in called.get(step.automation, ()) if not isinstance(one, Call))
            yield from _writes(inner, called)


def _starts(node: _Node, other: _Node) -> bool:
    return any(write.table == other.table and _wakes(write, other) for write in node.writes)


def _wakes(write: _Write, other: _Node) -> bool:
    if not write.fields:
        return ItemEvent.CREATED in other.events
    return ItemEvent.CHANGED in other.events and (not other.fields or bool(other.fields & write.fields))


def _loops(after: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
    """Yield for every automation that can start itself again a shortest way, each set of automations once."""
    seen: set[frozenset[str]] = set()
    for start in sorted(after):
        way = _way_back(start, after)
        if way and frozenset(way) not in seen:
            seen.add(frozenset(way))
            yield way


def _way_back(start: str, after: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    ways: list[tuple[str, ...]] = [(start,)]
    visited: set[str] = set()
    while ways:
        longer: list[tuple[str, ...]] = []
        for way in ways:
            for name in after[way[-1]]:
                if name == start:
                    return way
                if name not in visited:
                    visited.add(name)
                    longer.append((*way, name))
        ways = longer
    return ()


def _depth(name: str, after: Mapping[str, tuple[str, ...]], known: dict[str, int]) -> int:
    if name not in known:
        known[name] = 1 + max((_depth(one, after, known) for one in after[name]), default=0)
    return known[name]
