"""``/_sandbox/build/*``: what a person does in the platform's web page, as a program may ask it of the sandbox only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from huoban_perf.sandbox.asked import Body, id_of, object_of, optional_id, text_of
from huoban_perf.sandbox.rules import Rules
from huoban_perf.sandbox.world.builder import new_field
from huoban_perf.sandbox.world.dump import DEFINED, definitions_in
from huoban_perf.sandbox.world.refusals import ParameterError
from huoban_perf.sandbox.world.state import World

Build = Callable[[World, Body, Rules], Any]


def _workspace(world: World, body: Body, rules: Rules) -> Any:
    del rules
    return {"space_id": str(world.builder.space(name=text_of(body, "name")))}


def _member(world: World, body: Body, rules: Rules) -> Any:
    del rules
    user_id = world.builder.member(space_id=id_of(body, "space_id"), name=text_of(body, "name"))
    return {"user_id": str(user_id)}


def _table(world: World, body: Body, rules: Rules) -> Any:
    del rules
    table_id = world.builder.table(
        space_id=id_of(body, "space_id"),
        name=text_of(body, "name"),
        alias=text_of(body, "alias", default=""),
        heading=text_of(body, "group", default="") or None,
    )
    return {"table_id": str(table_id)}


def _field(world: World, body: Body, rules: Rules) -> Any:
    field_id, made = world.builder.field(new_field(body), table_id=id_of(body, "table_id"), rules=rules)
    return {"field_id": str(field_id), "options": [{"id": str(number), "name": name} for number, name in made]}


def _option(world: World, body: Body, rules: Rules) -> Any:
    del rules
    option_id = world.builder.option(
        table_id=id_of(body, "table_id"),
        field_id=id_of(body, "field_id"),
        name=text_of(body, "name"),
        color=text_of(body, "color", default="") or None,
        alias=text_of(body, "alias", default=""),
    )
    return {"id": str(option_id)}


def _view(world: World, body: Body, rules: Rules) -> Any:
    del rules
    return {"view_id": str(_definition(world, body, "view"))}


def _automation(world: World, body: Body, rules: Rules) -> Any:
    del rules
    return {"automation_id": str(_definition(world, body, "automation"))}


def _definition(world: World, body: Body, sort: str) -> int:
    return world.builder.definition(
        sort=sort,
        table_id=id_of(body, "table_id"),
        name=text_of(body, "name"),
        alias=text_of(body, "alias", default=""),
        body=body.get("definition"),
    )


def _permission(world: World, body: Body, rules: Rules) -> Any:
    del rules
    world.accesses.define(id_of(body, "table_id"), {name: part for name, part in body.items() if name != "table_id"})
    return {}


def _membership(world: World, body: Body, rules: Rules) -> Any:
    del rules
    world.accesses.join(id_of(body, "member_id"), group=text_of(body, "group"))
    return {}


def _any_definition(world: World, body: Body, rules: Rules) -> Any:
    del rules
    sort = _sort_of(body)
    definition_id = world.builder.definition(
        sort=sort,
        table_id=id_of(body, "space_id" if sort == "page" else "table_id"),
        name=text_of(body, "name"),
        alias=text_of(body, "alias", default=""),
        body=object_of(body, "definition"),
    )
    return {"id": str(definition_id)}


def _listed(world: World, body: Body, rules: Rules) -> Any:
    """Every definition of a workspace, as stored."""
    del rules
    space_id = id_of(body, "space_id")
    world.definitions.space_name(space_id)
    owners = {space_id, *world.definitions.table_ids(space_id)}
    return {"definitions": [found for found in definitions_in(world) if int(found["place_id"]) in owners]}


def _sort_of(body: Body) -> str:
    sort = text_of(body, "object")
    if sort not in DEFINED:
        raise ParameterError("object", ", ".join(DEFINED))
    return sort


def _update(world: World, body: Body, rules: Rules) -> Any:
    sort, change = text_of(body, "object"), _change(body)
    if sort in DEFINED:
        world.builder.update_definition(definition_id=id_of(body, f"{sort}_id"), change=change)
        return {}
    table_id = id_of(body, "table_id")
    if sort == "table":
        world.builder.update_table(table_id=table_id, change=change)
    elif sort == "field":
        world.builder.update_field(table_id=table_id, field_id=id_of(body, "field_id"), change=change, rules=rules)
    elif sort == "option":
        ids = {"field_id": id_of(body, "field_id"), "option_id": id_of(body, "option_id")}
        world.builder.update_option(table_id=table_id, change=change, **ids)
    else:
        raise ParameterError("object", ", ".join(("table", "field", "option", *DEFINED)))
    return {}


def _change(body: Body) -> Mapping[str, Any]:
    change = object_of(body, "set")
    if "target_table_id" in change:
        change["target_table_id"] = optional_id(change, "target_table_id")
    for name in ("required", "unique", "is_title", "many"):
        if name in change:
            change[name] = bool(change[name])
    if "name" in change:
        text_of(change, "name")
    if "alias" in change:
        change["alias"] = text_of(change, "alias", default="")
    return change


def _delete(world: World, body: Body, rules: Rules) -> Any:
    del rules
    sort = text_of(body, "object")
    if sort == "table":
        world.builder.delete_table(table_id=id_of(body, "table_id"))
    elif sort == "field":
        world.builder.delete_field(table_id=id_of(body, "table_id"), field_id=id_of(body, "field_id"))
    elif sort == "option":
        ids = {"field_id": id_of(body, "field_id"), "option_id": id_of(body, "option_id")}
        world.builder.delete_option(table_id=id_of(body, "table_id"), **ids)
    elif sort in DEFINED:
        world.builder.delete_definition(definition_id=id_of(body, f"{sort}_id"))
    else:
        raise ParameterError("object", ", ".join(("table", "field", "option", *DEFINED)))
    return {}


BUILDS: dict[str, Build] = {
    "workspace": _workspace,
    "member": _member,
    "table": _table,
    "field": _field,
    "option": _option,
    "view": _view,
    "automation": _automation,
    "permission": _permission,
    "membership": _membership,
    "definition": _any_definition,
    "definitions": _listed,
    "update": _update,
    "delete": _delete,
}
"""Path below ``/_sandbox/build/`` → what it does."""
