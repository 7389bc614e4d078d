"""Roles, groups and permissions: what each role contributes, joined into what each group may do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from huoban_perf.core.addresses import Address, ObjectKind
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import ALWAYS, NEVER, Rule, Some
from huoban_perf.core.schema import Grant, GroupSpec, PermissionSpec, RoleSpec, TableSpec, Writer
from huoban_perf.core.schema.machines import REASON_FIELD
from huoban_perf.template.compiling.fields import labels_of, optional_labels
from huoban_perf.template.compiling.rules import compile_rules
from huoban_perf.template.compiling.scope import Place, Scope
from huoban_perf.template.role_model import GrantText, RolesText, TableRightsText


def compile_groups(text: RolesText) -> tuple[GroupSpec, ...]:
    """Return the permission groups."""
    return tuple(GroupSpec(key=one.key, labels=labels_of(one.labels), within=one.within) for one in text.groups)


def compile_roles(scope: Scope, place: Place, text: RolesText) -> tuple[RoleSpec, ...]:
    """Return the roles."""
    for index, group in enumerate(text.groups):
        if group.within is not None:
            scope.group(place.at("groups", index, "within"), group.within)
    for index, role in enumerate(text.roles):
        scope.group(place.at("roles", index, "group"), role.group)
    return tuple(
        RoleSpec(
            address=Address(ObjectKind.ROLE, (one.key,)),
            labels=labels_of(one.labels),
            group=one.group,
            members=optional_labels(one.members),
        )
        for one in text.roles
    )


def compile_permissions(scope: Scope, place: Place, text: RolesText) -> Iterator[PermissionSpec]:
    """Yield what each group may do in each table, in the order of the file and of the groups.

    Args:
        scope: What names lead to.
        place: The file.
        text: What it says.

    Yields:
        Permissions of groups with at least one grant; other groups do not see the table.
    """
    group_of = {role.key: role.group for role in text.roles}
    for index, rights in enumerate(text.permissions):
        here = place.at("permissions", index)
        if scope.leaves_out(here, rights.table):
            continue
        table = scope.table(here.at("table"), rights.table)
        if table is None:
            continue
        grants = list(_grants(scope, here, rights, table))
        words = _words(scope, here, rights)
        forbidden = {
            one.group: scope.fields(here.at("must_not_see", row, "fields"), table.key, one.fields)
            for row, one in enumerate(rights.must_not_see)
        }
        for group in text.groups:
            line = set(_line(text, group.key))
            own = [grant for grant in grants if group_of.get(grant.role) in line]
            if own:
                address = Address(ObjectKind.PERMISSION, (table.key, group.key))
                scope.stands(address, here)
                joined = _joined(address, table, own, words.get(group.key))
                permission = replace(joined, is_default=group.key == text.groups[0].key)
                never = tuple(field.address for field in forbidden.get(group.key, ()))
                yield replace(permission, forbidden=never)


def _line(text: RolesText, group: str) -> Iterator[str]:
    """Yield a group and every group it contains."""
    within = {one.key: one.within for one in text.groups}
    here: str | None = group
    seen: set[str] = set()
    while here is not None and here not in seen:
        seen.add(here)
        yield here
        here = within.get(here)


def _words(scope: Scope, place: Place, rights: TableRightsText) -> dict[str, Labels]:
    for row, one in enumerate(rights.must_not_see):
        scope.group(place.at("must_not_see", row, "group"), one.group)
    return {one.group: Labels(one.zh, one.en) for one in rights.must_not_see}


def _grants(scope: Scope, place: Place, rights: TableRightsText, table: TableSpec) -> Iterator[Grant]:
    for row, text in enumerate(rights.grants):
        here = place.at("grants", row)
        if scope.has(text.feature):
            scope.role(here.at("role"), text.role)
            yield _grant(scope, here, text, table)


def _grant(scope: Scope, place: Place, text: GrantText, table: TableSpec) -> Grant:
    hidden = {one.address for one in scope.fields(place.at("hide"), table.key, text.hide)}
    seen = {one.address for one in scope.fields(place.at("see"), table.key, text.see)} if text.see else None
    editable = set(_editable(scope, place, text, table))
    visible = tuple(
        one.address
        for one in table.fields
        if one.address not in hidden and (seen is None or one.address in seen or one.address in editable)
    )
    return Grant(
        role=text.role,
        rows=compile_rules(scope, place.at("rows"), text.rows, table=table.key),
        visible=visible,
        hidden=tuple(one.address for one in table.fields if one.address in hidden),
        editable=tuple(one.address for one in table.fields if one.address in editable),
        rights=frozenset(text.rights),
    )


def _editable(scope: Scope, place: Place, text: GrantText, table: TableSpec) -> Iterator[Address]:
    named = tuple(key for key in text.edit if key != "$all")
    for spec in scope.fields(place.at("edit"), table.key, named):
        if spec.writer is not Writer.PEOPLE:
            scope.report(place.at("edit"), "template.edits_written_field", field=spec.address.key, table=table.key)
        yield spec.address
    if "$all" in text.edit:
        hidden = set(text.hide)
        for one in table.fields:
            if one.writer is Writer.PEOPLE and not one.generated and one.address.key not in hidden:
                yield one.address
    for row, actor in enumerate(text.act):
        action = next((one for one in table.fields if one.generated and one.address.key == f"{actor}_action"), None)
        if action is None and scope.lacks_action(place, f"{actor}_action"):
            continue
        if action is None:
            scope.report(place.at("act", row), "template.no_action", actor=actor, table=table.key)
            continue
        yield from (action.address, Address(ObjectKind.FIELD, (table.key, REASON_FIELD)))


def _joined(address: Address, table: TableSpec, grants: Iterable[Grant], words: Labels | None) -> PermissionSpec:
    kept = tuple(grants)
    rules = tuple(dict.fromkeys(grant.rows for grant in kept if grant.rows != NEVER))
    rows: Rule = NEVER
    if ALWAYS in rules:
        rows = ALWAYS
    elif rules:
        rows = rules[0] if len(rules) == 1 else Some(rules)
    visible = {one for grant in kept for one in grant.visible}
    editable = {one for grant in kept for one in grant.editable}
    return PermissionSpec(
        address=address,
        rows=rows,
        visible=tuple(one.address for one in table.fields if one.address in visible),
        editable=tuple(one.address for one in table.fields if one.address in editable),
        rights=frozenset(right for grant in kept for right in grant.rights),
        grants=kept,
        must_not_see=words,
    )
