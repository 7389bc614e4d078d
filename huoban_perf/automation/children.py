"""Children: rows that a step gives another state; their own machine decides, as it does for everybody.

The step says what else happens, so a child's own further steps and notices are not carried out. A row that stands in
the state already was moved by an earlier try.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from huoban_perf.automation.asking import explain, facts_of
from huoban_perf.automation.expressions import Scope
from huoban_perf.automation.surroundings import Surroundings
from huoban_perf.automation.writing import Change
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.machines import JOB, Machine
from huoban_perf.core.states import Moved, Reason, decide, history_of
from huoban_perf.core.values import Value
from huoban_perf.sync.book import Row


def changes_of(
    table: str, values: Mapping[str, Value], rows: Sequence[Row], scope: Scope, around: Surroundings
) -> list[Change] | Labels:
    """Return what an update writes, once every row's machine has agreed.

    Args:
        table: Table of the rows.
        values: What the step writes.
        rows: The rows.
        scope: The moment.
        around: Guards and words.

    Returns:
        The changes; or, when a machine refuses one row, why: then none is written.
    """
    machine = scope.row.book.app.schema.machine(table)
    state = values.get(machine.field) if machine is not None else None
    if machine is None or not isinstance(state, str):
        return [Change(row, values) for row in rows]
    changes: list[Change] = []
    for row in rows:
        moved = _moved(machine, row, state, scope, around)
        if isinstance(moved, Labels):
            return moved
        changes.append(Change(row, {**values, **moved}))
    return changes


def _moved(machine: Machine, row: Row, state: str, scope: Scope, around: Surroundings) -> Mapping[str, Value] | Labels:
    left = row[machine.field]
    if left == state:
        return {}
    ours = (one for one in machine.transitions if JOB in one.actors and one.target == state)
    found = next((one for one in ours if (left in one.sources if one.sources else left is None)), None)
    if found is None:
        labels = machine.state(state).labels
        here = next((one.labels for one in machine.states if one.key == left), Labels("-", "-"))
        return _refusal(row, (Reason(code="states.not_from_here", facts={"action": labels, "state": here}),), around)
    facts = facts_of(machine, row, found.key, today=scope.today, around=around)
    verdict = decide(machine, row=row.values, role=JOB, action=found.key, facts=facts)
    if not isinstance(verdict, Moved):
        return _refusal(row, verdict.reasons, around)
    return {**verdict.values, **history_of(machine, row.values, state=verdict.state, today=scope.today)}


def _refusal(row: Row, reasons: Sequence[Reason], around: Surroundings) -> Labels:
    title = row.rows.table.title
    name = row[title] if title in row.rows.columns else None
    said = "; ".join(explain(reason, row, around) for reason in reasons)
    text = f"{row.rows.table.labels.zh}「{name or row.key or row.item_id}」{said}"
    return Labels(text, text)
