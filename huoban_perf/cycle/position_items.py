"""Contracts of people who change position within a cycle: each stretch has the 考核指标 of its own position.

The items of the position left end the day before, those of the new one begin on the day; what stands keeps its values,
only its days follow 任职记录. A contract with personal goals is left to people: 目标变更 ends or changes a goal, and
nothing here may overrule what two people confirmed. Source: scoring.md S11 (own items a segment); workflows.md §1.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.contracts import Standards, standard_item
from huoban_perf.cycle.opening_checks import is_excluded, participants
from huoban_perf.cycle.work import note
from huoban_perf.sync.book import Row
from huoban_perf.sync.stretches import NEEDED, TABLE, Service, services
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A part of the cycle in one position.

    Attributes:
        position: Its code.
        start: First day; of the first part the cycle's.
        end: Last day; of the last part the cycle's.
    """

    position: str
    start: date
    end: date


def placements_of(context: JobContext) -> dict[str, list[Placement]]:
    """Return the parts of the cycle of everybody who takes part and changes position in it.

    Args:
        context: What stands.

    Returns:
        工号 → parts in order, two or more, without a gap.
    """
    book, cycle = context.book, context.cycle
    if not (book.has(TABLE) and book.has("position_standard") and book.has("appraisal_item")):
        return {}
    for table in NEEDED:
        book.rows(table)
    people = [person.key for person in participants(book, cycle) if not is_excluded(person)]
    found = {}
    for number, service in services(book.tables, cycle.index, people).items():
        parts = list(_parts(service, cycle))
        if len(parts) > 1:
            found[number] = parts
    return found


def _parts(service: Service, cycle: Row) -> Iterator[Placement]:
    start, end = cycle.day("start_date"), cycle.day("end_date")
    if start is None or end is None:
        return
    changes: list[Placement] = []
    for one in service.stretches:
        begins = start if not changes else max(one.starts or start, start)
        if changes and changes[-1].position == one.places["position"]:
            continue
        if changes:
            changes[-1] = replace(changes[-1], end=begins - timedelta(days=1))
        changes.append(Placement(position=one.places["position"], start=begins, end=end))
    yield from changes


def position_items(
    context: JobContext, standards: Standards, placements: Mapping[str, Sequence[Placement]]
) -> tuple[list[WantedRow], list[Problem]]:
    """Return the items of people who change position, a set a part of the cycle.

    Args:
        context: What stands.
        standards: Those in force during the cycle.
        placements: As ``placements_of`` gives them.

    Returns:
        Rows; of those that stand only the days. Notes about contracts that people must settle themselves.
    """
    rows: list[WantedRow] = []
    notes: list[Problem] = []
    for number, parts in placements.items():
        standing = _standing(context, number)
        lacking = [part.position for part in parts if not standards.get(part.position)]
        if any(row.text("origin") == "personal_goal" for row in standing):
            notes.append(_told(context, "cycle.position_goals", number, parts[1]))
        elif lacking and len(lacking) < len(parts):
            notes.append(_told(context, "cycle.position_no_standard", number, parts[1], position="、".join(lacking)))
        elif not lacking:
            rows += _rows(context.cycle.key, number, parts, standards, standing)
    return rows, [*notes, *_stale(context, placements)]


def _stale(context: JobContext, placements: Mapping[str, Sequence[Placement]]) -> Iterator[Problem]:
    """Yield people whose items are split by a change of position that 任职记录 no longer tell."""
    cycle, start = context.cycle, context.cycle.day("start_date")
    told = set(placements)
    for row in context.book.all("appraisal_item"):
        began = row.day("valid_from")
        if not row.key.startswith(f"[{cycle.key}|") or start is None or began is None or began <= start:
            continue
        sheet = row.related("appraisal")
        person = sheet.related("employee") if sheet else None
        if person is not None and person.key not in told and row.text("origin") == "position_standard":
            told.add(person.key)
            address = f"{person.key} {person.text('name')}"
            yield note("cycle.position_undone", address=address, start=began.isoformat())


def _standing(context: JobContext, number: str) -> list[Row]:
    sheet = context.book.find("appraisal", natural_key(context.cycle.key, number))
    rows = context.book.of("appraisal_item", "appraisal", sheet) if sheet is not None else ()
    return sorted(rows, key=lambda row: (str(row["valid_from"]), row.key))


def _rows(
    cycle: str, number: str, parts: Sequence[Placement], standards: Standards, standing: Sequence[Row]
) -> Iterator[WantedRow]:
    """Yield an item a part and standard; items of the same indicator that stand are taken in order of time."""
    kept: dict[str, list[Row]] = {}
    for row in standing:
        metric = row.related("metric")
        kept.setdefault(metric.key if metric else "-", []).append(row)
    for part in parts:
        for standard in standards[part.position]:
            metric = standard.related("metric")
            same = kept.get(metric.key if metric else "-")
            if same:
                key = same.pop(0).key
                days: dict[str, Value | Refs] = {"valid_from": part.start, "valid_to": part.end}
                yield WantedRow(key=key, values={"natural_key": key, **days})
            else:
                yield standard_item(cycle, number, standard, (part.start, part.end))


def _told(context: JobContext, code: str, number: str, part: Placement, **facts: str) -> Problem:
    person = context.book.find("employee", number)
    where = f"{number} {person.text('name') if person else ''}".strip()
    return note(code, address=where, start=part.start.isoformat(), **facts)
