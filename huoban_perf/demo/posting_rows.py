"""任职记录 of made-up people: a stretch a placement, so that every day of employment is in exactly one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NamedTuple

from huoban_perf.demo.company import Company, Person
from huoban_perf.demo.outline import Outline
from huoban_perf.demo.rows import Batch, Row, batch
from huoban_perf.sync.wanted import Refs, natural_key


class Span(NamedTuple):
    """One stretch of somebody's employment."""

    department: str
    manager: str
    position: str
    start: date
    reason: str
    end: date | None = None


def postings(company: Company) -> Batch:
    """Return the 任职记录 of a company: one of each person, two of who moved within the quarter."""
    rows = [posting(company.outline, one, span) for one in company.people for span in spans(company, one)]
    return batch("assignment", "natural_key", rows)


def spans(company: Company, person: Person) -> Iterator[Span]:
    """Yield the stretches of a person who works there, in order of time."""
    here = Span(person.department, person.manager, person.position, person.hired, "hired")
    move = next((one for one in company.transfers if one.person == person.number), None)
    if move is None:
        yield here
        return
    yield Span(move.department, move.manager, move.position, person.hired, "hired", move.moved_on - timedelta(days=1))
    yield here._replace(start=move.moved_on, reason="transfer")


def posting(outline: Outline, person: Person, span: Span) -> Row:
    """Return the row of a stretch."""
    return {
        "natural_key": natural_key(person.number, span.start.isoformat()),
        "employee": Refs("employee", (person.number,)),
        "department": Refs("department", (span.department,)),
        "manager": Refs("employee", (span.manager,)) if span.manager else None,
        "position": Refs("position", (outline.code(span.position),)),
        "start_date": span.start,
        "end_date": span.end,
        "reason": span.reason,
    }
