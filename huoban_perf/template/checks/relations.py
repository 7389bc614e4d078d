"""How tables hang together: nothing stands alone, and no circle of relations without need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from huoban_perf.core.schema import FieldSpec
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error, warning


def check_relations(compiled: Compiled) -> Iterator[Finding]:
    """Check relations between tables.

    Args:
        compiled: The template.

    Yields:
        Findings; a circle inside one table (a department's parent) is a tree and fine, and a table without relations is
        when somebody sees it.
    """
    tables = compiled.schema.tables
    leaving: dict[str, list[FieldSpec]] = {table.key: [] for table in tables}
    reached: set[str] = set()
    for table in tables:
        for field in table.fields:
            if field.target is not None and field.target.key != table.key:
                leaving[table.key].append(field)
                reached.add(field.target.key)
    schema = compiled.schema
    used = {view.address.keys[0] for view in schema.views} | {form.address.keys[0] for form in schema.forms}
    used |= {one.address.keys[0] for one in schema.permissions}
    for table in tables if schema.views else ():
        if not leaving[table.key] and table.key not in reached | used:
            source = compiled.draft.tables[table.key]
            yield warning(source.problem("template.orphan_table", "key", table=table.key))
    for circle in _circles(leaving):
        yield _circle(compiled, circle)


def _circles(leaving: Mapping[str, list[FieldSpec]]) -> Iterator[tuple[FieldSpec, ...]]:
    """Yield every circle once, from its first table in alphabetical order."""
    for start in sorted(leaving):
        yield from _from(start, start, leaving, ())


def _from(
    start: str, here: str, leaving: Mapping[str, list[FieldSpec]], path: tuple[FieldSpec, ...]
) -> Iterator[tuple[FieldSpec, ...]]:
    for field in leaving.get(here, ()):
        goal = field.target.key if field.target is not None else ""
        if goal == start:
            yield (*path, field)
        elif goal > start and goal not in {one.address.keys[0] for one in path}:
            yield from _from(start, goal, leaving, (*path, field))


def _circle(compiled: Compiled, circle: tuple[FieldSpec, ...]) -> Finding:
    first = circle[0].address
    source = compiled.draft.tables[first.keys[0]]
    at = next(index for index, one in enumerate(source.model.fields) if one.key == first.key)
    names = tuple(f"{one.address.keys[0]}.{one.address.key}" for one in circle)
    deadlock = all(one.required for one in circle)
    code = "template.relation_deadlock" if deadlock else "template.relation_circle"
    problem = source.problem(code, "fields", at, fields=names)
    return error(problem) if deadlock else warning(problem)
