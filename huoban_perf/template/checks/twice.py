"""Keys and names that stand twice in the files of views, roles, pages and automations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from huoban_perf.core.errors import Problem
from huoban_perf.template.checks.repeats import repeated_entries
from huoban_perf.template.compile import Compiled
from huoban_perf.template.findings import Finding, error
from huoban_perf.template.load import Draft


def check_twice(compiled: Compiled) -> Iterator[Finding]:
    """Check that every key and name is one thing.

    Args:
        compiled: The template.

    Yields:
        Errors.
    """
    yield from map(error, _lists(compiled.draft))
    schema = compiled.schema
    named = [one.address for one in schema.views] + [one.address for one in schema.forms]
    named += [one.address for one in schema.automations] + [one.address for one in schema.pages]
    for address, count in Counter(str(one) for one in named).items():
        if count > 1:
            yield error(compiled.places[address].problem("template.stands_twice", name=address))


def _lists(draft: Draft) -> Iterator[Problem]:
    for views in draft.views:
        shown = [(one.labels.zh, one.labels.en) for one in views.model.views]
        yield from repeated_entries(views, ("views",), shown)
        titles = [(one.labels.zh, one.labels.en) for one in views.model.forms]
        yield from repeated_entries(views, ("forms",), titles)
    roles = draft.roles
    if roles is not None:
        yield from repeated_entries(roles, ("groups",), [(one.key, one.labels.zh) for one in roles.model.groups])
        yield from repeated_entries(roles, ("roles",), [(one.key, one.labels.zh) for one in roles.model.roles])
        yield from repeated_entries(roles, ("permissions",), [(one.table,) for one in roles.model.permissions])
    for file in draft.automations:
        machine = file.model.machine
        if machine is not None:
            named = [(one.key,) for one in machine.transitions]
            yield from repeated_entries(file, ("machine", "transitions"), named)
        labels = [(one.labels.zh, one.labels.en) for one in file.model.automations]
        yield from repeated_entries(file, ("automations",), labels)
    if draft.jobs is not None:
        yield from repeated_entries(draft.jobs, ("jobs",), [(one.key, one.labels.zh) for one in draft.jobs.model.jobs])
