"""The job ``grow``: what a lite app holds is put where the full app looks for it, in the same workspace.

Both apps share tables, fields and rows; only what the full one keeps elsewhere is written anew: rows are made where
there are none, cells filled where they are empty, and options the full app does not know become ones it does, last of
all. Nothing is deleted or replaced, so a run that was killed is finished by the next, and a second run writes nothing.
Source: data-model.md §4 growth; ``growth.yaml`` beside the lite template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from huoban_perf.core.errors import CycleError, Problem
from huoban_perf.core.items import ItemWrite, WriteBatch, WriteMode
from huoban_perf.core.schema import TableSpec
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.growth.goals import goal_wishes
from huoban_perf.cycle.growth.sheets import sheet_wishes
from huoban_perf.cycle.growth.terms import Grown, filled, made
from huoban_perf.cycle.keys import key_of
from huoban_perf.cycle.work import Draft, Plan, Wish, note
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.scheme_rows import scheme_key, scheme_rows
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key
from huoban_perf.template.growth import GrowthText

_MIDWAY = frozenset({"goal_setting", "running", "reviewing", "awaiting_release"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """The smaller app that stands in the workspace.

    Attributes:
        growth: Where its fields go.
        scheme: Its scheme document.
        grade_keys: Grade name → option key.
    """

    growth: GrowthText
    scheme: Mapping[str, object]
    grade_keys: Mapping[str, str]


def grow(former: Former) -> Plan:
    """Return the job for the smaller app that stands in the workspace.

    Args:
        former: The smaller app.

    Returns:
        The job: organisation, scheme, cycles, sheets and what hangs on them, goals and theirs; options last. Rows
        without a key are left out and told.
    """

    def plan(context: JobContext) -> Draft:
        grown = Grown(context=context, growth=former.growth, scheme=scheme_key(former.scheme))
        scheme = scheme_rows(former.scheme, grade_keys=former.grade_keys)
        wishes = [
            *(made(grown, table, rows) for table, rows in scheme.items()),
            *_organisation(grown),
            filled(grown, "cycle", _cycles(grown)),
            *sheet_wishes(grown),
            *goal_wishes(grown),
            *_options(grown),
        ]
        notes = (*_keyless(context.book), *_midway(grown))
        return Draft(wishes=tuple(wish for wish in wishes if wish.rows), notes=notes, audited=True)

    return plan


def grow_without_former(context: JobContext) -> Draft:
    """Refuse: nothing is known of a smaller app here."""
    raise CycleError("cycle.nothing_to_grow", facts={"app": context.book.app.schema.app})


def give_keys(book: Book, former: Former) -> int:
    """Give a key to rows that have none, so that they can be written by it; the small app leaves company goals without.

    Args:
        book: What stands; the tables concerned are read again when they are next asked for.
        former: The smaller app.

    Returns:
        How many rows were given one.
    """
    given = 0
    size = book.app.connection.capabilities.batch_size
    for key in _KEYED:
        table = book.rows(key).table
        writes = [
            ItemWrite(key=slug, values={table.key_field or "": slug}, item_id=row.item_id)
            for row in book.all(key)
            if not row.key
            for slug in [key_of(row) or natural_key("-", f"D:{former.growth.assumed.company.code}", str(row.item_id))]
        ]
        for start in range(0, len(writes), size):
            batch = WriteBatch(table=table, mode=WriteMode.UPDATE, rows=tuple(writes[start : start + size]))
            book.app.connection.item_sink.submit(batch=batch, bindings=book.app.bindings)
        given += len(writes)
        if writes:
            book.forget(key)
    return given


_KEYED = ("goal", "log", "appeal")
"""Tables whose rows people make."""


def _keyless(book: Book) -> Iterator[Problem]:
    for key in _KEYED:
        count = sum(1 for row in book.all(key) if not row.key)
        if count:
            yield note("cycle.rows_without_key", table=book.rows(key).table.labels.zh, count=count)


def _midway(grown: Grown) -> Iterator[Problem]:
    for cycle in grown.book.all("cycle"):
        if cycle.text("status") in _MIDWAY:
            yield note("cycle.grown_midway", cycle=cycle.key)


# --- 组织 ------------------------------------------------------------------------------------------------------------


def _organisation(grown: Grown) -> Iterator[Wish]:
    company = grown.growth.assumed.company
    top: dict[str, Value | Refs] = {"code": company.code, "name": company.name, "active": True}
    yield made(grown, "department", [WantedRow(key=company.code, values=top)])
    above = Refs("department", (company.code,))
    departments: list[dict[str, Value | Refs]] = [
        {"code": key, "name": label, "parent": above, "active": True} for key, label in grown.options("department_name")
    ]
    yield made(grown, "department", [WantedRow(key=str(row["code"]), values=row) for row in departments])
    positions: list[dict[str, Value | Refs]] = [
        {
            "code": key,
            "name": label,
            "family": grown.growth.assumed.position_family,
            "default_scheme": Refs("scheme", (grown.scheme,)),
            "status": "active",
        }
        for key, label in grown.options("position_name")
    ]
    yield made(grown, "position", [WantedRow(key=str(row["code"]), values=row) for row in positions])
    yield filled(grown, "employee", (_employee(grown, row) for row in grown.book.all("employee")))
    postings = [_posting(grown, row) for row in grown.book.all("employee") if row.day("hire_date") is not None]
    yield made(grown, "assignment", postings)


def _employee(grown: Grown, person: Row) -> WantedRow:
    manager = grown.manager(person)
    values: dict[str, Value | Refs] = {
        "emp_no": person.key,
        "department": grown.department(person),
        "position": Refs("position", (person.text("position_name"),)) if person.has("position_name") else None,
        "manager": Refs("employee", (manager.key,)) if manager else None,
    }
    return WantedRow(key=person.key, values=values)


def _posting(grown: Grown, person: Row) -> WantedRow:
    hired = person.day("hire_date")
    manager = grown.manager(person)
    key = natural_key(person.key, str(hired))
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "employee": Refs("employee", (person.key,)),
        "department": grown.department(person),
        "manager": Refs("employee", (manager.key,)) if manager else None,
        "position": Refs("position", (person.text("position_name"),)) if person.has("position_name") else None,
        "start_date": hired,
        "reason": "hired",
    }
    return WantedRow(key=key, values=values)


# --- 周期 ------------------------------------------------------------------------------------------------------------


def _cycles(grown: Grown) -> Iterator[WantedRow]:
    """Dates that the lite app does not ask for follow from those it does."""
    for cycle in grown.book.all("cycle"):
        start, end = cycle.day("start_date"), cycle.day("end_date")
        goals, reviews, appeals = cycle.day("goal_due_on"), cycle.day("review_due_on"), cycle.day("appeal_due_on")
        values: dict[str, Value | Refs] = {
            "name": cycle.key,
            "kind": _kind(start, end),
            "schemes": Refs("scheme", (grown.scheme,)),
            "enabled_stages": grown.growth.assumed.stages,
            "goal_open_on": min((day for day in (start, goals) if day), default=None),
            "review_start_on": end + timedelta(days=1) if end else None,
            "data_due_on": reviews,
            "self_due_on": reviews,
            "interview_due_on": appeals,
            "confirm_due_on": appeals,
        }
        yield WantedRow(key=cycle.key, values=values)


def _kind(start: date | None, end: date | None) -> str:
    if start is None or end is None:
        return "custom"
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    return {1: "month", 2: "two_months", 3: "quarter", 6: "half_year", 12: "year"}.get(months, "custom")


# --- 选项 ------------------------------------------------------------------------------------------------------------


def _options(grown: Grown) -> Iterator[Wish]:
    """Let options that the full app does not know become ones it does; what they said has been written before."""
    for address, option in grown.growth.options.items():
        table, field, key = address.split(".")
        if option.becomes is None:
            continue
        spec: TableSpec = grown.book.rows(table).table
        rows = [
            WantedRow(key=row.key, values={spec.key_field or "": row.key, field: option.becomes})
            for row in grown.book.all(table)
            if row.key and row.text(field) == key
        ]
        yield Wish(table=table, rows=tuple(rows), by_people=True)
