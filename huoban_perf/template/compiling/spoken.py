"""Which permission columns somebody speaks of: a rule, an actor, a receiver of a notice, a visible field.

Source: data-model.md §1 rule 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from huoban_perf.core.schema import PERMISSION_COLUMNS, TableSpec
from huoban_perf.template.automation_model import AutomationsText, EachText, StepText
from huoban_perf.template.compiling.generated import actors_of
from huoban_perf.template.load import Draft
from huoban_perf.template.role_model import RolesText
from huoban_perf.template.rule_model import Rules
from huoban_perf.template.view_model import ViewsText

_Spoken = Iterator[tuple[str, str]]
"""Table key and field key, or table key and dotted path."""


def spoken_columns(draft: Draft, tables: Mapping[str, TableSpec]) -> dict[str, frozenset[str]]:
    """Return the permission columns each table needs.

    Args:
        draft: The template.
        tables: Its tables, without generated fields.

    Returns:
        Table key → keys of ``PERMISSION_COLUMNS``.
    """
    found: dict[str, set[str]] = {}
    for table, path in _everything(draft):
        here, column = _end(tables, table, path)
        if column in PERMISSION_COLUMNS:
            found.setdefault(here, set()).add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


def _end(tables: Mapping[str, TableSpec], table: str, path: str) -> tuple[str, str]:
    """Follow a dotted path and return the table of its last field, with that field."""
    *through, last = path.split(".")
    for step in through:
        spec = tables.get(table)
        target = next((one.target for one in spec.fields if one.address.key == step), None) if spec else None
        if target is None:
            return table, ""
        table = target.key
    return table, last


def _everything(draft: Draft) -> _Spoken:
    for views in draft.views:
        yield from _of_views(views.model)
    for page in draft.pages:
        for block in page.model.blocks:
            if block.table is not None:
                yield from _of_rules(block.table, block.rows)
    if draft.roles is not None:
        yield from _of_roles(draft.roles.model)
    for automations in draft.automations:
        yield from _of_automations(automations.model)
    for key, source in draft.tables.items():
        for field in source.model.fields:
            if field.target is not None:
                yield from _of_rules(field.target, field.target_rows, at_hand=key)


def _of_rules(table: str, rules: Rules, *, at_hand: str | None = None) -> _Spoken:
    for rule in rules:
        if rule.field is not None:
            yield table, rule.field
        for value in (rule.is_, rule.is_not):
            if isinstance(value, str) and value.startswith("$row."):
                yield at_hand or table, value.removeprefix("$row.")
        yield from _of_rules(table, rule.all_, at_hand=at_hand)
        yield from _of_rules(table, rule.any_, at_hand=at_hand)


def _of_views(text: ViewsText) -> _Spoken:
    for view in text.views:
        yield from _of_rules(text.table, view.rows)
        yield from ((text.table, key) for key in (*view.fields, *(sort.field for sort in view.sort)))
        if view.group_by is not None:
            yield text.table, view.group_by
    for form in text.forms:
        yield from _of_rules(text.table, form.rows)


def _of_roles(text: RolesText) -> _Spoken:
    for rights in text.permissions:
        for grant in rights.grants:
            yield from _of_rules(rights.table, grant.rows)
            yield from ((rights.table, key) for key in (*grant.see, *grant.hide))


def _of_automations(text: AutomationsText) -> _Spoken:
    steps: list[StepText] = []
    if text.machine is not None:
        for actor in actors_of(text.machine).values():
            yield from ((text.table, key) for key in actor.fields)
        for transition in text.machine.transitions:
            steps += transition.then
            for demand in transition.when:
                yield from _of_rules(text.table, demand.rows)
    for automation in text.automations:
        yield from _of_rules(text.table, automation.rows)
        steps += automation.then
    for step in steps:
        yield from _of_step(text.table, step)


def _of_step(table: str, step: StepText) -> _Spoken:
    made = [one for one in (step.create, step.update, step.notify, step.call) if one is not None]
    for one in made:
        each = getattr(one, "each", None)
        if isinstance(each, EachText):
            yield from _of_rules(each.table, each.rows, at_hand=table)
        yield from _paths(
            table, each.table if isinstance(each, EachText) else None, getattr(one, "values", {}).values()
        )
    if step.update is not None and step.update.table is not None:
        yield from _of_rules(step.update.table, step.update.rows, at_hand=table)
    if step.notify is not None:
        each_table = step.notify.each.table if step.notify.each is not None else None
        for path in step.notify.to:
            start = each_table if path.startswith("each.") and each_table else table
            yield start, path.removeprefix("each.")


def _paths(table: str, each: str | None, values: Iterable[object]) -> _Spoken:
    for value in values:
        if isinstance(value, str) and value.startswith("$row."):
            yield table, value.removeprefix("$row.")
        elif isinstance(value, str) and value.startswith("$each.") and each is not None:
            yield each, value.removeprefix("$each.")
