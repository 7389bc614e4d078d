"""What serves each line of the process, with the names that people know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.template.load import AppTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One claim of the process.

    Attributes:
        part: Heading: stages, fairness, optimisation, strategy.
        key: Key of the line.
        line: The line.
        claim: What it promises.
        servers: Name as ``trace.yaml`` writes it → name that people know, in the file's order.
    """

    part: Labels
    key: str
    line: Labels
    claim: Labels
    servers: Mapping[str, Labels]


def server_names(schema: DesiredSchema) -> dict[str, Labels]:
    """Return everything of an app that can serve a line.

    Args:
        schema: The app.

    Returns:
        ``kind:key`` → name; a field's, view's, form's, action's or automation's name follows its table's.
    """
    tables = {table.key: table.labels for table in schema.tables}
    found = {str(table.address): table.labels for table in schema.tables}
    found |= {str(page.address): page.labels for page in schema.pages}
    found |= {f"job:{job.key}": job.labels for job in schema.jobs}
    for part in (schema.fields(), schema.views, schema.forms, schema.automations):
        found |= {str(one.address): _inside(tables, one.address.keys[0], one.labels) for one in part}
    for machine in schema.machines:
        for one in machine.transitions:
            found[f"action:{machine.table.key}.{one.key}"] = _inside(tables, machine.table.key, one.labels)
    return found


def _inside(tables: Mapping[str, Labels], table: str, labels: Labels) -> Labels:
    home = tables.get(table, Labels(table, table))
    return Labels(f"{home.zh}·{labels.zh}", f"{home.en}: {labels.en}")


def trace_of(template: AppTemplate) -> Iterator[Served]:
    """Yield the process and what serves it.

    Args:
        template: A template that passed the linter.

    Yields:
        One entry a claim, in the file's order; none when the template states no process.
    """
    source = template.trace
    names = server_names(template.schema)
    for line in source.model.lines if source is not None else ():
        for claim in line.claims:
            yield Served(
                part=Labels(line.part.zh, line.part.en),
                key=line.key,
                line=Labels(line.labels.zh, line.labels.en),
                claim=Labels(claim.zh, claim.en),
                servers={name: names[name] for name in claim.served_by},
            )
