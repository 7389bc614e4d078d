"""What a template holds and what changed between two, as lines and tables for people and as values for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from huoban_perf.cli.render import folded, table
from huoban_perf.cli.texts import text
from huoban_perf.core.addresses import Address
from huoban_perf.core.errors import FactValue
from huoban_perf.core.labels import Locale
from huoban_perf.core.schema import DesiredSchema, PermissionSpec
from huoban_perf.core.schema.machines import FORMER, Machine, Transition
from huoban_perf.template import (
    VIEW_NAMES,
    AppTemplate,
    Difference,
    DiffRisk,
    Wording,
    plain,
    recipe_text,
    recipes_of,
    sizes,
    trace_of,
)

Row = tuple[str, ...]

PARTS = ("tables", "views", "forms", "roles", "machines", "pages", "automations", "recipes", "trace")
"""What ``template show`` can show."""


def part_text(schema: DesiredSchema, part: str, *, locale: Locale) -> str:
    """Return one part of a template as text within 80 columns.

    Args:
        schema: The template's wish.
        part: One of ``PARTS``.
        locale: Language of everything.

    Returns:
        A table and, for tables, the counts of everything; recipes one below the other.
    """
    wording = Wording(schema=schema, names=locale, locale=locale)
    if part == "recipes":
        recipes = recipes_of(schema, names=locale, locale=locale)
        return folded("\n".join(recipe_text(recipe, locale=locale) for recipe in recipes))
    header = text(f"cli.show_{part}", locale=locale).split("|")
    body = table([list(row) for row in _ROWS[part](wording)], header=header, right=(2,) if part == "tables" else ())
    return "\n\n".join([body, *([counts_line(schema, locale=locale)] if part == "tables" else [])])


def trace_text(template: AppTemplate, *, locale: Locale) -> str:
    """Return what serves each line of the process, as text within 80 columns.

    Args:
        template: The template.
        locale: Language of everything.

    Returns:
        Lines: heading and line of the process, below it each promise, below that its servers by kind.
    """
    lines: list[str] = []
    heading = ""
    for one in trace_of(template):
        here = f"{one.part.in_locale(locale)} · {one.line.in_locale(locale)}"
        if here != heading:
            lines += [*([""] if lines else []), here]
            heading = here
        lines.append(f"  {one.claim.in_locale(locale)}")
        kinds = dict.fromkeys(name.split(":")[0] for name in one.servers)
        for kind in kinds:
            names = [label.in_locale(locale) for name, label in one.servers.items() if name.split(":")[0] == kind]
            listed = (", " if locale == "en" else "、").join(names)
            lines.append(f"    {text(f'cli.trace_{kind}', locale=locale)} {listed}")
    return folded("\n".join(lines or [text("cli.trace_none", locale=locale)]))


def trace_json(template: AppTemplate) -> list[Any]:
    """Return what serves each line of the process, for programs; one entry a promise."""
    return [plain(one) for one in trace_of(template)]


def counts_line(schema: DesiredSchema, *, locale: Locale) -> str:
    """Return how much of everything a template has, as one folded line."""
    facts: dict[str, FactValue] = dict(sizes(schema))
    return folded(text("cli.show_counts", locale=locale, facts=facts))


def part_json(schema: DesiredSchema, part: str) -> list[Any]:
    """Return one part of a template for programs.

    Args:
        schema: The template's wish.
        part: One of ``PARTS``.

    Returns:
        Its objects; addresses as printed, rules and steps with their kind under ``is``.
    """
    chosen: Mapping[str, Sequence[object]] = {
        "tables": schema.tables,
        "views": schema.views,
        "forms": schema.forms,
        "roles": (*schema.roles, *schema.permissions),
        "machines": schema.machines,
        "pages": schema.pages,
        "automations": schema.automations,
        "recipes": recipes_of(schema),
    }
    return [plain(one) for one in chosen[part]]


def _tables(wording: Wording) -> Iterator[Row]:
    for spec in wording.schema.tables:
        yield spec.key, spec.labels.in_locale(wording.names), str(len(spec.fields)), spec.key_field or "-"


def _name(wording: Wording, address: Address) -> str:
    return wording.schema.table(address.keys[0]).labels.in_locale(wording.names)


def _roles(wording: Wording, keys: Sequence[str]) -> str:
    return wording.listed([wording.role(key) for key in keys]) or "-"


def _views(wording: Wording) -> Iterator[Row]:
    for view in wording.schema.views:
        name = view.labels.in_locale(wording.names)
        kind = VIEW_NAMES[view.kind].in_locale(wording.locale)
        yield _name(wording, view.address), name, kind, _roles(wording, view.roles), wording.rule(view.rows)


def _forms(wording: Wording) -> Iterator[Row]:
    for form in wording.schema.forms:
        who = text("cli.show_public", locale=wording.locale) if form.public else _roles(wording, form.roles)
        asked = [one for one in form.fields if not one.read_only]
        yield _name(wording, form.address), form.labels.in_locale(wording.names), who, str(len(asked))


def _permissions(wording: Wording) -> Iterator[Row]:
    groups = {group.key: group.labels.in_locale(wording.names) for group in wording.schema.groups}
    for one in wording.schema.permissions:
        group = groups.get(one.address.key, one.address.key)
        yield _name(wording, one.address), group, wording.rule(one.rows), _rights(wording, one)


def _rights(wording: Wording, one: PermissionSpec) -> str:
    whole = len(wording.schema.table(one.address.keys[0]).fields)
    facts: dict[str, FactValue] = {"visible": len(one.visible), "whole": whole, "editable": len(one.editable)}
    words = text("cli.show_rights", locale=wording.locale, facts=facts)
    rights = [text(f"cli.right_{right.value}", locale=wording.locale) for right in sorted(one.rights)]
    return wording.listed([words, *rights])


def _machines(wording: Wording) -> Iterator[Row]:
    for machine in wording.schema.machines:
        for one in machine.transitions:
            name = one.labels.in_locale(wording.names)
            people = [machine.actor(key).labels.in_locale(wording.names) for key in one.actors]
            yield _name(wording, machine.table), _way(wording, machine, one), name, wording.listed(people)


def _way(wording: Wording, machine: Machine, one: Transition) -> str:
    names = {state.key: state.labels.in_locale(wording.names) for state in machine.states}
    names[FORMER] = text("cli.show_former", locale=wording.locale)
    sources = wording.listed([names[key] for key in one.sources])
    return f"{sources} → {names[one.target]}" if sources else f"→ {names[one.target]}"


def _pages(wording: Wording) -> Iterator[Row]:
    for page in wording.schema.pages:
        blocks = wording.listed([block.labels.in_locale(wording.names) for block in page.blocks])
        yield page.labels.in_locale(wording.names), _roles(wording, page.roles), blocks


def _automations(wording: Wording) -> Iterator[Row]:
    recipes = {one.source: one for one in recipes_of(wording.schema, names=wording.names, locale=wording.locale)}
    for one in wording.schema.automations:
        recipe = recipes[str(one.address)]
        when = "; ".join([*recipe.trigger, *recipe.conditions])
        yield _name(wording, one.address), recipe.title, recipe.kind, when


_ROWS: Mapping[str, Callable[[Wording], Iterator[Row]]] = {
    "tables": _tables,
    "views": _views,
    "forms": _forms,
    "roles": _permissions,
    "machines": _machines,
    "pages": _pages,
    "automations": _automations,
}


_LISTED = 40
"""So many differences of one risk are spelled out; the rest is counted."""


def diff_lines(differences: Sequence[Difference], *, locale: Locale) -> list[str]:
    """Return differences as lines, worst risk first, each risk with what it means.

    Args:
        differences: As ``diff_templates`` orders them.
        locale: Language.

    Returns:
        One sentence when there is none.
    """
    if not differences:
        return [text("cli.diff_none", locale=locale)]
    lines: list[str] = []
    for risk in DiffRisk:
        some = [one for one in differences if one.risk is risk]
        if some:
            lines += ["", text(f"cli.diff_{risk.value}", locale=locale, facts={"count": len(some)})]
            lines += [_difference(one, locale) for one in some[:_LISTED]]
            if len(some) > _LISTED:
                lines.append(text("cli.diff_more", locale=locale, facts={"count": len(some) - _LISTED}))
    return lines[1:]


def _difference(one: Difference, locale: Locale) -> str:
    line = f"  {one.action.sign} {one.address}  {one.name.in_locale(locale)}"
    if one.attribute:
        line += f"  {one.attribute}: {_short(one.before)} → {_short(one.after)}"
    if one.parameter is not None:
        line += text("cli.diff_parameter", locale=locale, facts={"parameter": one.parameter})
    return line


def _short(value: str | None) -> str:
    shown = value or "-"
    return shown if len(shown) <= 40 else f"{shown[:37]}..."


def diff_json(differences: Sequence[Difference]) -> list[dict[str, object]]:
    """Return differences for programs."""
    return [
        {
            "address": one.address,
            "action": one.action.value,
            "attribute": one.attribute,
            "before": one.before,
            "after": one.after,
            "risk": one.risk.value,
            "parameter": one.parameter,
            "name": {"zh": one.name.zh, "en": one.name.en},
        }
        for one in differences
    ]
