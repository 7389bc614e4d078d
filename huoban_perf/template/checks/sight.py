"""Views, forms and pages against permissions: nobody is shown, or asked for, what his group does not open to him.

Source: workflows.md §3; data-model.md §1 rule 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import FactValue
from huoban_perf.core.rules import Rule, tests_of
from huoban_perf.core.schema import (
    MEMBER_KINDS,
    PERMISSION_COLUMNS,
    DesiredSchema,
    FieldKind,
    FormSpec,
    PermissionSpec,
    Right,
    ViewSpec,
    Writer,
)
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error, warning

_PICKERS = MEMBER_KINDS | {FieldKind.RELATION}
_Permissions = Mapping[tuple[str, str], PermissionSpec]
"""Table and role → what the role's group may do there."""


def check_sight(compiled: Compiled) -> Iterator[Finding]:
    """Check what each role is shown and asked.

    Args:
        compiled: The template.

    Yields:
        Findings.
    """
    schema = compiled.schema
    permissions = permissions_of(schema)
    for view in schema.views:
        yield from _view(compiled, permissions, view)
    for form in schema.forms:
        yield from _form(compiled, permissions, form)
    yield from _secrets(compiled)
    for page in schema.pages:
        place = compiled.places[str(page.address)]
        for role in page.roles:
            for table in dict.fromkeys(block.table.key for block in page.blocks if block.table is not None):
                if (table, role) not in permissions:
                    facts = {"object": str(page.address), "role": role, "table": table}
                    yield error(place.problem("template.shown_without_right", **facts))


def _secrets(compiled: Compiled) -> Iterator[Finding]:
    """A group sees one set of fields: what one of its roles must not see, none of its roles may.

    Source: data-model.md §1 rule 2 (a secret is a table, never a field).
    """
    group_of = {role.address.key: role.group for role in compiled.schema.roles}
    for permission in compiled.schema.permissions:
        group = permission.address.key
        for field in permission.forbidden:
            if field in permission.visible:
                place = compiled.places[str(permission.address)]
                openers = tuple(grant.role for grant in permission.grants if field in grant.visible)
                yield error(place.problem("template.sees_forbidden", group=group, field=field.key, roles=openers))
        own = [grant for grant in permission.grants if group_of.get(grant.role) == group]
        for grant in own:
            for field in permission.visible:
                others = [one.role for one in own if field in one.visible and one.role != grant.role]
                if field in grant.hidden and others:
                    facts: dict[str, FactValue] = {"field": field.key, "role": grant.role, "other": others[0]}
                    place = compiled.places[str(permission.address)]
                    yield error(place.problem("template.hidden_but_shown", **facts, group=group))


def permissions_of(schema: DesiredSchema) -> dict[tuple[str, str], PermissionSpec]:
    """Return what each role may do in each table, by way of its group.

    Args:
        schema: The template's wish.

    Returns:
        Table key and role key → permission; a pair that is missing sees nothing.
    """
    by_group = {one.address.keys: one for one in schema.permissions}
    found: dict[tuple[str, str], PermissionSpec] = {}
    for table in schema.tables:
        for role in schema.roles:
            permission = by_group.get((table.key, role.group))
            if permission is not None:
                found[table.key, role.address.key] = permission
    return found


def _view(compiled: Compiled, permissions: _Permissions, view: ViewSpec) -> Iterator[Finding]:
    place, table = compiled.places[str(view.address)], view.address.keys[0]
    used = {*_fields_of(view.rows), *(one.field for one in view.sort), view.group_by} - {None}
    for role in view.roles:
        permission = permissions.get((table, role))
        if permission is None:
            facts: dict[str, FactValue] = {"object": str(view.address), "role": role, "table": table}
            yield error(place.problem("template.shown_without_right", **facts))
            continue
        seen = set(permission.visible)
        for field in view.fields:
            if field not in seen:
                facts = {"view": view.address.key, "field": field.key, "role": role}
                yield error(place.problem("template.view_shows_hidden", **facts))
        for field in sorted(one for one in used if one is not None and one not in seen and one not in view.fields):
            if field.key not in PERMISSION_COLUMNS:
                facts = {"view": view.address.key, "field": field.key, "role": role}
                yield error(place.problem("template.view_filters_hidden", **facts))


def _fields_of(rule: Rule) -> Iterator[Address]:
    yield from (test.field for test in tests_of(rule))


def _form(compiled: Compiled, permissions: _Permissions, form: FormSpec) -> Iterator[Finding]:
    place, schema = compiled.places[str(form.address)], compiled.schema
    table = schema.table(form.address.keys[0])
    asked = [one for one in form.fields if not one.read_only]
    for index, question in enumerate(asked):
        spec = schema.field(question.field)
        facts: dict[str, FactValue] = {"form": form.address.key, "field": spec.address.key}
        if spec.writer is not Writer.PEOPLE:
            yield error(place.problem("template.form_asks_written", **facts))
        if form.public and spec.kind in _PICKERS:
            yield error(place.problem("template.public_picker", **facts, kind=spec.kind.value))
        if question.field in {one.field for one in asked[:index]}:
            yield error(place.problem("template.asked_twice", **facts))
    given = {one.field for one in form.fields}
    for spec in table.fields:
        needed = form.creates and spec.required and spec.default is None and spec.writer is Writer.PEOPLE
        if needed and spec.address not in given:
            yield error(place.problem("template.form_lacks_required", form=form.address.key, field=spec.address.key))
    for role in form.roles:
        yield from _filler(compiled, permissions.get((table.key, role)), form, role)


def _filler(compiled: Compiled, permission: PermissionSpec | None, form: FormSpec, role: str) -> Iterator[Finding]:
    place = compiled.places[str(form.address)]
    if permission is None:
        facts = {"object": str(form.address), "role": role, "table": form.address.keys[0]}
        yield error(place.problem("template.shown_without_right", **facts))
        return
    if form.creates and Right.CREATE not in permission.rights:
        yield error(place.problem("template.may_not_create", form=form.address.key, role=role))
    for question in form.fields:
        open_to = permission.visible if question.read_only else permission.editable
        if question.field not in open_to and compiled.schema.field(question.field).writer is Writer.PEOPLE:
            facts = {"form": form.address.key, "field": question.field.key, "role": role}
            code = "template.form_shows_hidden" if question.read_only else "template.form_not_editable"
            yield (
                error(place.problem(code, **facts)) if not question.read_only else warning(place.problem(code, **facts))
            )
