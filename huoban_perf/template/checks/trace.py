"""The process: what it says serves a line must exist."""

from __future__ import annotations

from collections.abc import Iterator

from huoban_perf.template.checks.repeats import repeated_entries
from huoban_perf.template.compile import Compiled
from huoban_perf.template.faults import nearest
from huoban_perf.template.findings import Finding, error
from huoban_perf.template.trace import server_names


def check_trace(compiled: Compiled) -> Iterator[Finding]:
    """Check ``trace.yaml``.

    Args:
        compiled: The template.

    Yields:
        Findings; a line or claim without any server is refused by the file's own model.
    """
    source = compiled.draft.trace
    if source is None:
        return
    known = server_names(compiled.schema)
    entries = [(line.key, line.labels.zh, line.labels.en) for line in source.model.lines]
    yield from map(error, repeated_entries(source, ("lines",), entries))
    for row, line in enumerate(source.model.lines):
        for index, claim in enumerate(line.claims):
            for at, name in enumerate(claim.served_by):
                if name not in known:
                    place = ("lines", row, "claims", index, "served_by", at)
                    near = nearest(name, sorted(known))
                    yield error(source.problem("template.no_such_server", *place, name=name, near=near))
