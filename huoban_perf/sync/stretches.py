"""Stretches of 任职记录: who was where in a cycle, what is amiss with the records, by which scheme each stretch counts.

A person without any record is taken from the employee table; one whose records leave days out would silently be
prorated or not take part, so that such a gap stops a cycle. The sheet's scheme, fixed when the cycle was announced,
counts for the whole cycle unless stretches follow different schemes: then each follows its own. Source: scoring.md S11
(segments), S0 (home scheme); data-model.md 任职记录.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.sync.snapshot import TableRows

Tables = Mapping[str, TableRows]

TABLE = "assignment"
NEEDED: Mapping[str, tuple[str, ...]] = {
    TABLE: ("employee", "department", "manager", "position", "scheme", "start_date", "end_date", "absence_days"),
    "employee": ("name", "department", "manager", "position", "hire_date", "leave_date"),
    "department": ("name",),
    "position": ("name", "default_scheme"),
    "scheme": ("name",),
    "cycle": ("schemes", "start_date", "end_date"),
    "appraisal": ("employee", "scheme", "status", "exclusion_reason"),
}
"""Table → fields that are read beside the key."""

_OUT = frozenset({"not_appraised", "void"})
_PLACES = {"department": "部门", "manager": "直属上级", "position": "岗位"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One 任职记录.

    Attributes:
        row: Its row in the table.
        key: Its natural key, or its start where it has none yet.
        starts: First day, or None while nobody filled it.
        ends: Last day, or None while it lasts.
        places: ``department``, ``manager``, ``position`` → key, empty for none.
        scheme: Key of its own 方案, or empty.
        default: Key of its position's 默认方案, or empty.
    """

    row: int
    key: str
    starts: date | None
    ends: date | None
    places: Mapping[str, str]
    scheme: str
    default: str

    def days_in(self, first: date, last: date) -> tuple[date, date] | None:
        """Return its first and last day within two days, or None when it lies outside them."""
        starts, ends = max(self.starts or first, first), min(self.ends or last, last)
        return (starts, ends) if starts <= ends else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A person's employment as the employee table and 任职记录 say.

    Attributes:
        number: 工号.
        name: 姓名.
        first: First day in service within the cycle.
        last: Last day.
        places: As in ``Stretch``, of the employee table.
        records: Every 任职记录, by start.
    """

    number: str
    name: str
    first: date
    last: date
    places: Mapping[str, str]
    records: tuple[Stretch, ...]

    @property
    def address(self) -> str:
        """Who is meant, for messages."""
        return f"{self.number} {self.name}"

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The records that bear on the cycle."""
        return tuple(one for one in self.records if one.days_in(self.first, self.last))

    def on(self, day: date) -> Stretch | None:
        """Return the record in force on a day, or None."""
        return next((one for one in reversed(self.records) if one.days_in(day, day)), None)


def services(tables: Tables, cycle: int, people: Iterable[str] | None = None) -> dict[str, Service]:
    """Return the employment of people who have any 任职记录.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.
        people: 工号 to look at; None takes those whose sheet of the cycle takes part.

    Returns:
        工号 → employment, in order of 工号; nobody who has no record, or no day in the cycle.
    """
    start, end = _day(tables["cycle"], cycle, "start_date"), _day(tables["cycle"], cycle, "end_date")
    if start is None or end is None:
        return {}
    records: dict[str, list[Stretch]] = {}
    for row in tables[TABLE]:
        person = _target(tables, TABLE, row, "employee")
        if person is not None:
            number = str(tables["employee"].value(person, "emp_no") or "")
            records.setdefault(number, []).append(_stretch(tables, row, person))
    staff = tables["employee"]
    wanted = set(sheets_of(tables, cycle)) if people is None else set(people)
    found = {}
    for number in sorted(wanted & records.keys()):
        at = staff.row_of_key(number)
        if at is None:
            continue
        first = max(_day(staff, at, "hire_date") or start, start)
        last = min(_day(staff, at, "leave_date") or end, end)
        if first <= last:
            found[number] = Service(
                number=number,
                name=str(staff.value(at, "name") or ""),
                first=first,
                last=last,
                places={field: _key(tables, "employee", at, field) for field in _PLACES},
                records=tuple(sorted(records[number], key=lambda one: (one.starts or date.min, one.key))),
            )
    return found


def sheets_of(tables: Tables, cycle: int) -> dict[str, int]:
    """Return 工号 → row of the sheet, of those who take part in a cycle."""
    sheets = tables["appraisal"]
    name = str(tables["cycle"].value(cycle, "name"))
    found = {}
    for row in sheets:
        number = _key(tables, "appraisal", row, "employee")
        is_of_cycle = str(sheets.value(row, "natural_key") or "").startswith(f"[{name}|")
        is_out = sheets.value(row, "status") in _OUT or sheets.value(row, "exclusion_reason")
        if number and is_of_cycle and not is_out:
            found[number] = row
    return found


# --- what is amiss --------------------------------------------------------------------------------------------------


def record_faults(service: Service) -> Iterator[Problem]:
    """Yield days of service that no record or more than one holds, and records that end before they start."""
    for one in service.records:
        if one.starts and one.ends and one.ends < one.starts:
            facts = {"key": one.key, "start": one.starts.isoformat(), "end": one.ends.isoformat()}
            yield Problem(code="sync.service_dates", facts=facts, address=service.address)
    spans = [span for one in service.stretches if (span := one.days_in(service.first, service.last))]
    free = service.first
    for starts, ends in sorted(spans):
        if starts > free:
            yield _span_fault("sync.service_gap", service, free, starts - timedelta(days=1))
        if starts < free:
            yield _span_fault("sync.service_overlap", service, starts, min(ends, free - timedelta(days=1)))
        free = max(free, ends + timedelta(days=1))
    if free <= service.last:
        yield _span_fault("sync.service_gap", service, free, service.last)


def _span_fault(code: str, service: Service, first: date, last: date) -> Problem:
    return Problem(code=code, facts={"start": first.isoformat(), "end": last.isoformat()}, address=service.address)


def place_faults(service: Service, today: date) -> Iterator[Problem]:
    """Yield where the employee table and the record in force differ."""
    now = service.on(today)
    if now is None:
        return
    for field, label in _PLACES.items():
        before, record = service.places[field], now.places[field]
        if before != record:
            facts = {"what": label, "employee": before or "-", "record": record or "-", "start": str(now.starts)}
            yield Problem(code="sync.service_differs", facts=facts, address=service.address)


def scheme_faults(tables: Tables, cycle: int, service: Service, sheet: int | None) -> Iterator[Problem]:
    """Yield stretches whose scheme the cycle does not name, where a person follows several or has an own one.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.
        service: The person.
        sheet: Row of the sheet, or None before the cycle is announced.

    Yields:
        One problem a stretch; one when the sheet's scheme is none of the stretches'.
    """
    allowed = _allowed(tables, cycle)
    if not _is_mixed(service):
        return
    for one in service.stretches:
        wanted = one.scheme or one.default
        if wanted not in allowed:
            facts = {"start": str(one.starts), "scheme": _scheme_name(tables, wanted)}
            yield Problem(code="sync.service_scheme", facts=facts, address=service.address)
    own = _key(tables, "appraisal", sheet, "scheme") if sheet is not None else ""
    found = [one.scheme or one.default for one in service.stretches]
    if own and own not in found and len(set(found)) > 1:
        names = "、".join(dict.fromkeys(_scheme_name(tables, key) for key in found))
        facts = {"scheme": _scheme_name(tables, own), "found": names}
        yield Problem(code="sync.service_sheet", facts=facts, address=service.address)


def service_faults(tables: Tables, cycle: int) -> list[Problem]:
    """List what keeps a cycle from being scored: days no record or two hold, stretches by no scheme of the cycle.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.

    Returns:
        Everything at once, by 工号; nothing for an app without 任职记录.
    """
    if TABLE not in tables:
        return []
    sheets = sheets_of(tables, cycle)
    problems: list[Problem] = []
    for number, service in services(tables, cycle).items():
        problems += record_faults(service)
        problems += scheme_faults(tables, cycle, service, sheets[number])
    return problems


def days_led(service: Service) -> dict[str, int]:
    """Return 工号 of each superior within the cycle → days led, in order of time."""
    found: dict[str, int] = {}
    for one in service.stretches:
        span = one.days_in(service.first, service.last)
        if span and one.places["manager"]:
            manager = one.places["manager"]
            found[manager] = found.get(manager, 0) + (span[1] - span[0]).days + 1
    return found


# --- by which scheme ------------------------------------------------------------------------------------------------


def stretch_schemes(tables: Tables, cycle: int, service: Service, sheet: int) -> dict[int, str]:
    """Return row of 任职记录 → key of its scheme, of a person whose stretches follow different ones.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.
        service: The person.
        sheet: Row of the sheet.

    Returns:
        Nothing where the sheet's scheme counts for the whole cycle.
    """
    allowed, own = _allowed(tables, cycle), _key(tables, "appraisal", sheet, "scheme")
    found = {one.row: one.scheme or (one.default if one.default in allowed else "") or own for one in service.stretches}
    return found if _is_mixed(service) and len(set(found.values())) > 1 else {}


def _is_mixed(service: Service) -> bool:
    """Return whether stretches differ in position or own scheme, so that the sheet's may not be everybody's."""
    return any(
        (one.scheme, one.places["position"]) != (other.scheme, other.places["position"])
        for one, other in pairwise(service.stretches)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What 任职记录 say of a cycle, for laying out the scoring inputs.

    Attributes:
        schemes: Row of each record that bears on somebody who takes part → its scheme, empty for the sheet's.
        split: Rows of the sheets whose scheme is left to the records.
        last: Last day of the cycle.
    """

    schemes: Mapping[int, str]
    split: frozenset[int]
    last: date | None

    def record(self, row: int, cells: Sequence[str], header: Sequence[str]) -> list[str] | None:
        """Return the cells of a record as the cycle sees them, or None for one that does not bear on it.

        What happens after the cycle changes nothing in it: an end beyond its last day is left empty.
        """
        if row not in self.schemes:
            return None
        named = dict(zip(header, cells, strict=True))
        end = named.get("end", "")
        settled = {"scheme": self.schemes[row]}
        if end and self.last is not None and end > self.last.isoformat():
            settled["end"] = ""
        return [settled.get(name, cell) for name, cell in named.items()]

    def sheet(self, row: int, cells: Sequence[str], header: Sequence[str]) -> list[str] | None:
        """Return the cells of a sheet; without its scheme where the records' count."""
        return [
            "" if name == "scheme" and row in self.split else cell for name, cell in zip(header, cells, strict=True)
        ]


def settle(tables: Tables, cycle: int) -> Settled:
    """Say how 任职记录 bear on a cycle.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.

    Returns:
        The records of those who take part, and by which scheme each counts.
    """
    sheets = sheets_of(tables, cycle)
    schemes: dict[int, str] = {}
    split = set()
    for number, service in services(tables, cycle).items():
        own = stretch_schemes(tables, cycle, service, sheets[number])
        schemes |= {one.row: own.get(one.row, "") for one in service.stretches}
        if own:
            split.add(sheets[number])
    return Settled(schemes=schemes, split=frozenset(split), last=_day(tables["cycle"], cycle, "end_date"))


# --- cells ----------------------------------------------------------------------------------------------------------


def _stretch(tables: Tables, row: int, person: int) -> Stretch:
    rows = tables[TABLE]
    start = _day(rows, row, "start_date")
    position = _target(tables, TABLE, row, "position")
    if position is None:  # a record need not name it
        position = _target(tables, "employee", person, "position")
    return Stretch(
        row=row,
        key=str(rows.value(row, "natural_key") or start or "-"),
        starts=start,
        ends=_day(rows, row, "end_date"),
        places={
            "department": _key(tables, TABLE, row, "department"),
            "manager": _key(tables, TABLE, row, "manager"),
            "position": str(tables["position"].value(position, "code") or "") if position is not None else "",
        },
        scheme=_key(tables, TABLE, row, "scheme"),
        default=_key(tables, "position", position, "default_scheme") if position is not None else "",
    )


def _allowed(tables: Tables, cycle: int) -> frozenset[str]:
    """Return the keys of a cycle's 适用方案; of every scheme while the cycle names none."""
    named: Value = tables["cycle"].value(cycle, "schemes")
    schemes = tables["scheme"]
    rows = [schemes.row_of_id(item) for item in named] if isinstance(named, tuple) and named else list(schemes)
    return frozenset(str(schemes.value(row, "natural_key")) for row in rows if row is not None)


def _scheme_name(tables: Tables, key: str) -> str:
    row = tables["scheme"].row_of_key(key) if key else None
    return str(tables["scheme"].value(row, "name")) if row is not None else (key or "-")


def _day(rows: TableRows, row: int, field: str) -> date | None:
    value = rows.value(row, field) if field in rows.columns else None
    return value if isinstance(value, date) else None


def _target(tables: Tables, table: str, row: int, field: str) -> int | None:
    rows = tables[table]
    value = rows.value(row, field) if field in rows.columns else None
    target = rows.table.field(field).target if field in rows.columns else None
    if target is None or not isinstance(value, tuple) or not value:
        return None
    return tables[target.key].row_of_id(value[0])


def _key(tables: Tables, table: str, row: int, field: str) -> str:
    at = _target(tables, table, row, field)
    if at is None:
        return ""
    target = tables[table].table.field(field).target
    rows = tables[target.key] if target else tables[table]
    return str(rows.value(at, rows.table.key_field or "") or "")
