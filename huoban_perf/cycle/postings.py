"""任职记录 as a source of people calls for them: a stretch a placement, without a gap, whatever the order of events.

A change of department, superior or position closes the last 任职记录 the day before it takes effect and opens a new
one, so that both count; a day of effect before the last one began corrects that one and the end of the one before it.
Who leaves has it closed, who comes back gets a new one, a leaving that is taken back opens it again. Source:
data-model.md §2 组织; scoring.md S11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.org_source import SourcePerson
from huoban_perf.cycle.work import note
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

Values = dict[str, Value | Refs]

_LABELS = {"department": "部门", "manager": "上级", "position": "岗位"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What a person of the source calls for.

    Attributes:
        starts: First 任职记录 whose start follows a corrected 入职日期; written before ``rows``.
        rows: 任职记录 to write.
        notes: What a person should know.
        is_in_force: Department, superior and position of the source hold today; else on a later day.
        is_rehired: The person had left and was hired anew.
    """

    starts: tuple[WantedRow, ...] = ()
    rows: tuple[WantedRow, ...] = ()
    notes: tuple[Problem, ...] = ()
    is_in_force: bool = True
    is_rehired: bool = False


def postings_of(context: JobContext, people: Sequence[SourcePerson]) -> Mapping[str, Posting]:
    """Say what 任职记录 a source calls for.

    Args:
        context: What stands.
        people: The source.

    Returns:
        工号 → rows and notes; nothing to write for who stands as the source says.
    """
    standing: dict[str, list[Row]] = {}
    for row in context.book.all("assignment"):
        employee = row.related("employee")
        if employee is not None and row.day("start_date") is not None:
            standing.setdefault(employee.key, []).append(row)
    for rows in standing.values():
        rows.sort(key=lambda row: (str(row["start_date"]), row.key))
    return {person.number: _posting(context, person, standing.get(person.number, [])) for person in people}


def _posting(context: JobContext, person: SourcePerson, standing: Sequence[Row]) -> Posting:
    hired, left = person.days["hire_date"], person.days.get("leave_date")
    here = [row for row in standing if (row.day("end_date") or hired) >= hired]  # not those of a former employment
    if not here:
        fresh = _row(natural_key(person.number, hired.isoformat()), person, start=hired, reason="hired", end=left)
        told = _told(person, "cycle.person_new")
        return Posting(rows=(fresh,), notes=(told,), is_rehired=bool(standing))
    unkeyed = [row for row in here if not row.key]
    if unkeyed:
        where = f"{person.number} {person.cells['name']}"
        told = note("cycle.posting_unkeyed", address=where, start=str(unkeyed[0]["start_date"]))
        return Posting(notes=(told,))
    first = here[0].day("start_date") or hired
    if here[0].text("reason") == "hired" and hired < first:
        began = WantedRow(key=here[0].key, values={"natural_key": here[0].key, "start_date": hired})
        told = _told(person, "cycle.person_corrected", what=f"入职 {first} → {hired}")
        posting = _left(person, here[-1], left) if left is not None else _placed(context, person, here)
        return replace(posting, starts=(began,), notes=(told, *posting.notes))
    return _left(person, here[-1], left) if left is not None else _placed(context, person, here)


def _left(person: SourcePerson, last: Row, left: date) -> Posting:
    if last.day("end_date") == left:
        return Posting()
    told = _told(person, "cycle.person_left", on=left.isoformat())
    return Posting(rows=(_ended(last, left, reason="left"),), notes=(told,))


def _placed(context: JobContext, person: SourcePerson, here: Sequence[Row]) -> Posting:
    """Bring the records of somebody who works there in line with where the source says he is."""
    last = here[-1]
    began = last.day("start_date") or person.days["hire_date"]
    changed = _changed(person, last)
    start = person.days.get("effective_on") or context.today
    if changed and start > began:
        fresh = _row(natural_key(person.number, start.isoformat()), person, start=start, reason="transfer")
        told = _told(person, "cycle.person_moved", what=changed, on=start.isoformat())
        return Posting(
            rows=(_ended(last, start - timedelta(days=1)), fresh), notes=(told,), is_in_force=start <= context.today
        )
    return _corrected(context, person, here, changed)


def _corrected(context: JobContext, person: SourcePerson, here: Sequence[Row], changed: str) -> Posting:
    """Correct the last record: its places, its start by an earlier day of effect, its end by a leaving taken back."""
    last, before = here[-1], here[-2] if len(here) > 1 else None
    began = last.day("start_date") or person.days["hire_date"]
    rows: list[WantedRow] = []
    notes: list[Problem] = []
    effective = person.days.get("effective_on", began)
    if before is not None and effective < began and last.text("reason") == "transfer":
        days = {"on": effective.isoformat(), "start": began.isoformat()}
        if effective > (before.day("start_date") or effective):
            rows.append(_ended(before, effective - timedelta(days=1)))
            notes.append(_told(person, "cycle.person_redated", **days))
            began = effective
        else:
            notes.append(_told(person, "cycle.person_too_early", **days))
    if changed:
        notes.append(_told(person, "cycle.person_corrected", what=changed))
    if last.has("end_date"):
        notes.append(_told(person, "cycle.person_back"))
    if rows or changed or last.has("end_date"):
        reason = last.text("reason")
        if reason in {"", "left"}:
            reason = "hired" if before is None else "transfer"
        rows.append(_row(last.key, person, start=began, reason=reason))
    return Posting(rows=tuple(rows), notes=tuple(notes), is_in_force=began <= context.today)


def _told(person: SourcePerson, code: str, **facts: str) -> Problem:
    return note(code, number=person.number, name=person.cells["name"], **facts)


def _changed(person: SourcePerson, standing: Row) -> str:
    """Return what differs from a 任职记录, in Chinese, or an empty text."""
    parts = []
    for column, label in _LABELS.items():
        row = standing.related(column)
        before, now = row.key if row else "", person.cells.get(column, "")
        if before != now:
            parts.append(f"{label} {before or '-'} → {now or '-'}")
    return "; ".join(parts)


def _row(key: str, person: SourcePerson, *, start: date, reason: str, end: date | None = None) -> WantedRow:
    manager = person.cells.get("manager", "")
    values: Values = {
        "natural_key": key,
        "employee": Refs("employee", (person.number,)),
        "department": Refs("department", (person.cells["department"],)),
        "manager": Refs("employee", (manager,)) if manager else None,
        "position": Refs("position", (person.cells["position"],)),
        "start_date": start,
        "end_date": end,
        "reason": reason,
    }
    return WantedRow(key=key, values=values)


def _ended(standing: Row, end: date, *, reason: str = "") -> WantedRow:
    values: Values = {"natural_key": standing.key, "end_date": end}
    if reason:
        values["reason"] = reason
    return WantedRow(key=standing.key, values=values)
