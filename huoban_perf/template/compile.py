"""Compile: a template and its parameters become the neutral schema the deployer works towards.

``compile_draft`` reads whatever could be read and lists what leads nowhere; the linter shows that list, and
``compile_schema`` is the same reading of a template that passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.digest import digest
from huoban_perf.core.errors import Problem
from huoban_perf.core.schema import DesiredSchema, JobSpec, Machine, TableSpec
from huoban_perf.template.automation_model import AutomationsText
from huoban_perf.template.compiling.fields import complete_table, expand_fields, labels_of, optional_labels, plain_table
from huoban_perf.template.compiling.generated import action_fields, permission_columns
from huoban_perf.template.compiling.machines import compile_automations, compile_machine
from huoban_perf.template.compiling.pages import compile_page
from huoban_perf.template.compiling.roles import compile_groups, compile_permissions, compile_roles
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.compiling.spoken import spoken_columns
from huoban_perf.template.compiling.views import compile_forms, compile_views
from huoban_perf.template.load import AppTemplate, Draft, Source
from huoban_perf.template.text_model import RELATIONS


def compile_schema(template: AppTemplate) -> DesiredSchema:
    """Return the schema a template asks for.

    Args:
        template: A template that ``load_template`` returned, which compiled it.

    Returns:
        Everything in the app's order; the digest depends on content only, not on files or their order.
    """
    return template.schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What could be compiled of a draft.

    Attributes:
        draft: The files.
        schema: Their meaning; whole when the draft is and ``problems`` is empty.
        problems: Every name that leads nowhere.
        places: Where each object stands, by printed address.
    """

    draft: Draft
    schema: DesiredSchema
    problems: tuple[Problem, ...]
    places: Mapping[str, Place]


def compile_draft(draft: Draft) -> Compiled:
    """Compile whatever could be read.

    Args:
        draft: A template, possibly with holes.

    Returns:
        The schema, every name that leads nowhere, and where each object stands.
    """
    scope = _scope(draft)
    rank = {key: row for row, key in enumerate(scope.tables)}
    views = sorted(draft.views, key=lambda one: rank.get(one.model.table, len(rank)))
    machines = tuple(_machines(scope, draft))
    for key, source in draft.tables.items():
        if key in scope.tables:
            scope.tables[key] = complete_table(scope, Place(source), source.model)
    app = draft.app.model if draft.app is not None else None
    roles = draft.roles
    schema = DesiredSchema(
        app=app.key if app else "-",
        version=app.version if app else "-",
        tables=tuple(scope.tables.values()),
        digest="",
        views=tuple(view for one in views for view in compile_views(scope, Place(one), one.model)),
        forms=tuple(form for one in views for form in compile_forms(scope, Place(one), one.model)),
        roles=compile_roles(scope, Place(roles), roles.model) if roles else (),
        groups=compile_groups(roles.model) if roles else (),
        permissions=tuple(compile_permissions(scope, Place(roles), roles.model)) if roles else (),
        pages=tuple(page for one in draft.pages if (page := compile_page(scope, Place(one), one.model))),
        machines=machines,
        automations=tuple(
            one for source in _automations(draft) for one in compile_automations(scope, Place(source), source.model)
        ),
        jobs=tuple(_jobs(draft)),
        headings=tuple(labels_of(one) for one in app.headings) if app else (),
    )
    whole = replace(schema, digest=_digest(schema))
    return Compiled(draft=draft, schema=whole, problems=tuple(scope.problems), places=scope.places)


def _digest(schema: DesiredSchema) -> str:
    """Digest over everything managed, independent of the order of files."""
    parts: dict[str, object] = {table.key: table for table in schema.tables}
    for group in (schema.views, schema.forms, schema.roles, schema.permissions, schema.pages, schema.automations):
        parts |= {str(one.address): one for one in group}
    parts |= {f"machine:{one.table.key}": one for one in schema.machines}
    parts |= {f"group:{one.key}": one for one in schema.groups}
    return digest(parts)


def _scope(draft: Draft) -> Scope:
    """Return the tables with generated fields, and everything else that can be named."""
    features = frozenset(draft.app.model.features) if draft.app is not None else frozenset[str]()
    parameters = draft.parameters.model if draft.parameters is not None else None
    order = draft.app.model.order if draft.app is not None else tuple(draft.tables)
    tables = {key: plain_table(draft.tables[key].model, parameters, features) for key in order if key in draft.tables}
    broken = {key for key, source in draft.tables.items() if not source.whole} | (draft.table_keys - set(draft.tables))
    if parameters is None or draft.parameters is None or not draft.parameters.whole:
        # Choices and criteria come from there: what their tables lack is not known.
        broken |= {
            key for key, one in draft.tables.items() if any(f.include or f.options_from for f in one.model.fields)
        }
    scope = Scope(
        tables=tables,
        broken=frozenset(broken),
        switched_off=dict(_switched_off(draft, tables)),
        features=features,
        included=draft.included,
        roles=frozenset(one.key for one in draft.roles.model.roles) if draft.roles else frozenset(),
        groups=frozenset(one.key for one in draft.roles.model.groups) if draft.roles else frozenset(),
        jobs=frozenset(one.key for one in draft.jobs.model.jobs) if draft.jobs else frozenset(),
        objects=frozenset(_objects(draft)),
        criteria={
            relation: tuple(one.key for one in parameters.criteria if relation in one.relations) if parameters else ()
            for relation in RELATIONS
        },
    )
    _generate(scope, draft)
    return scope


def _switched_off(draft: Draft, tables: dict[str, TableSpec]) -> Iterator[tuple[str, frozenset[str]]]:
    for key, spec in tables.items():
        present = {field.address.key for field in spec.fields}
        yield key, frozenset(one.key for one in draft.tables[key].model.fields if one.key and one.key not in present)


def _objects(draft: Draft) -> Iterator[Address]:
    for views in draft.views:
        yield from (Address(ObjectKind.VIEW, (views.model.table, one.key)) for one in views.model.views)
        yield from (Address(ObjectKind.FORM, (views.model.table, one.key)) for one in views.model.forms)
    for automations in draft.automations:
        table = automations.model.table
        yield from (Address(ObjectKind.AUTOMATION, (table, one.key)) for one in automations.model.automations)


def _generate(scope: Scope, draft: Draft) -> None:
    """Add action fields and permission columns, and note fields written by hand that are generated."""
    spoken = spoken_columns(draft, scope.tables)
    for key, table in list(scope.tables.items()):
        made = [
            field
            for one in draft.automations
            if one.model.table == key and one.model.machine is not None
            for field in action_fields(key, one.model.machine, scope.features)
        ]
        made += permission_columns(key, spoken.get(key, frozenset()))
        stated = {field.address.key: index for index, field in enumerate(table.fields)}
        for field in made:
            if field.address.key in stated:
                place = Place(draft.tables[key], ("fields", stated[field.address.key]))
                scope.report(place, "template.written_by_hand", field=field.address.key)
        keys = {field.address.key for field in made}
        kept = tuple(field for field in table.fields if field.address.key not in keys)
        scope.tables[key] = replace(table, fields=(*kept, *made))
    for one in draft.automations:
        machine = one.model.machine
        spec = scope.tables.get(one.model.table)
        if machine is None or spec is None:
            continue
        status = next((field for field in spec.fields if field.address.key == machine.field), None)
        states = tuple(option.address.key for option in status.options) if status else ()
        scope.open_states[spec.key] = tuple(state for state in states if state not in machine.closed)
        scope.closed_states[spec.key] = tuple(state for state in states if state in machine.closed)


def _automations(draft: Draft) -> Iterator[Source[AutomationsText]]:
    yield from (one for one in draft.automations if one.model.table in draft.table_keys)


def _machines(scope: Scope, draft: Draft) -> Iterator[Machine]:
    by_table = {one.model.table: one for one in draft.automations if one.model.machine is not None}
    for key in scope.tables:
        source = by_table.get(key)
        if source is not None and source.model.machine is not None:
            machine = compile_machine(scope, Place(source, ("machine",)), source.model.machine, table=key)
            if machine is not None:
                yield machine


def _jobs(draft: Draft) -> Iterator[JobSpec]:
    for one in draft.jobs.model.jobs if draft.jobs else ():
        yield JobSpec(key=one.key, labels=labels_of(one.labels), help=optional_labels(one.help))


__all__ = ["compile_draft", "compile_schema", "expand_fields"]
