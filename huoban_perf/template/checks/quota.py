"""Sizes against the limits of the platform's edition and the app's own budget.

Source: schema-plane.md §14 [code, verify before quoting]; data-model.md §4 (budget of the lite version).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from huoban_perf.core.errors import FactValue
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.core.schema.automations import OnButton
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error

_EDITIONS: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType(
    {
        "free": {"tables": 20, "pages": 2, "buttons": 3},
        "team": {"tables": 50, "pages": 10, "buttons": 10},
        "standard": {"tables": 200, "pages": 20, "buttons": 30},
        "custom": {"tables": 500, "pages": 50, "buttons": 100},
        "flagship": {"buttons": 2000},
    }
)
"""What each edition holds at most; a missing word has no limit. Triggers are not counted: our runner needs none."""


def sizes(schema: DesiredSchema) -> dict[str, int]:
    """Return how much of everything a template has.

    Args:
        schema: The template's wish.

    Returns:
        ``tables``, ``fields``, ``views``, ``forms``, ``permissions``, ``pages``, ``machines``, ``transitions``,
        ``automations`` and ``buttons`` (automations and transitions worth a button of the platform).
    """
    transitions = [one for machine in schema.machines for one in machine.transitions]
    pressed = [one for one in schema.automations if isinstance(one.trigger, OnButton)]
    return {
        "tables": len(schema.tables),
        "fields": sum(len(table.fields) for table in schema.tables),
        "views": len(schema.views),
        "forms": len(schema.forms),
        "permissions": len(schema.permissions),
        "pages": len(schema.pages),
        "machines": len(schema.machines),
        "transitions": len(transitions),
        "automations": len(schema.automations),
        "buttons": len(pressed) + sum(one.button for one in transitions),
    }


def check_quota(compiled: Compiled) -> Iterator[Finding]:
    """Check sizes.

    Args:
        compiled: The template.

    Yields:
        One error a size that is above the edition's limit or the app's budget.
    """
    source = compiled.draft.app
    if source is None:
        return
    counted = sizes(compiled.schema)
    app = source.model
    for name, most in _EDITIONS[app.edition].items():
        if counted[name] > most:
            facts: dict[str, FactValue] = {"what": name, "count": counted[name], "most": most, "edition": app.edition}
            yield error(source.problem("template.over_edition", "edition", **facts))
    for name, most in app.budget.items():
        if counted[name] > most:
            facts = {"what": name, "count": counted[name], "most": most}
            yield error(source.problem("template.over_budget", "budget", name, **facts))
