"""Forms that people can bear: at most two screens.

Source: data-model.md §3 rule 3; issue of the app, point 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from huoban_perf.core.errors import FactValue
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, warning

_MOST_CRITERIA: Final = 6
_MOST_QUESTIONS: Final = 12


def check_forms(compiled: Compiled) -> Iterator[Finding]:
    """Check how much each form asks.

    Args:
        compiled: The template.

    Yields:
        Warnings; read-only fields count for nothing, a field that is shown sometimes counts whole.
    """
    for form in compiled.schema.forms:
        place = compiled.places[str(form.address)]
        asked = [one for one in form.fields if not one.read_only]
        criteria = [one.field.key for one in asked if one.criterion]
        facts: dict[str, FactValue] = {"form": form.address.key}
        if len(criteria) > _MOST_CRITERIA:
            surplus = tuple(criteria[_MOST_CRITERIA:])
            yield warning(
                place.problem(
                    "template.many_ratings", **facts, count=len(criteria), most=_MOST_CRITERIA, surplus=surplus
                )
            )
        if len(asked) > _MOST_QUESTIONS:
            surplus = tuple(one.field.key for one in asked[_MOST_QUESTIONS:])
            yield warning(
                place.problem("template.two_screens", **facts, count=len(asked), most=_MOST_QUESTIONS, surplus=surplus)
            )
