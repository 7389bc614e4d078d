"""Stretches of 任职记录: who of a cycle was employed when, and where in each stretch, as two tables say.

What follows from them is said in ``stretch_rules``. Source: scoring.md S11 (days in service); data-model.md 任职记录.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

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
PLACES = {"department": "部门", "manager": "直属上级", "position": "岗位"}
"""What a stretch says of a person's place → its Chinese name."""


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
    start, end = day_of(tables["cycle"], cycle, "start_date"), day_of(tables["cycle"], cycle, "end_date")
    if start is None or end is None:
        return {}
    records: dict[str, list[Stretch]] = {}
    for row in tables[TABLE]:
        person = target_of(tables, TABLE, row, "employee")
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
        first = max(day_of(staff, at, "hire_date") or start, start)
        last = min(day_of(staff, at, "leave_date") or end, end)
        if first <= last:
            found[number] = Service(
                number=number,
                name=str(staff.value(at, "name") or ""),
                first=first,
                last=last,
                places={field: key_of(tables, "employee", at, field) for field in PLACES},
                records=tuple(sorted(records[number], key=lambda one: (one.starts or date.min, one.key))),
            )
    return found


def sheets_of(tables: Tables, cycle: int) -> dict[str, int]:
    """Return 工号 → row of the sheet, of those who take part in a cycle."""
    sheets = tables["appraisal"]
    name = str(tables["cycle"].value(cycle, "name"))
    found = {}
    for row in sheets:
        number = key_of(tables, "appraisal", row, "employee")
        is_of_cycle = str(sheets.value(row, "natural_key") or "").startswith(f"[{name}|")
        is_out = sheets.value(row, "status") in _OUT or sheets.value(row, "exclusion_reason")
        if number and is_of_cycle and not is_out:
            found[number] = row
    return found


def days_led(service: Service) -> dict[str, int]:
    """Return 工号 of each superior within the cycle → days led, in order of time."""
    found: dict[str, int] = {}
    for one in service.stretches:
        span = one.days_in(service.first, service.last)
        if span and one.places["manager"]:
            manager = one.places["manager"]
            found[manager] = found.get(manager, 0) + (span[1] - span[0]).days + 1
    return found


# --- cells ----------------------------------------------------------------------------------------------------------


def _stretch(tables: Tables, row: int, person: int) -> Stretch:
    rows = tables[TABLE]
    start = day_of(rows, row, "start_date")
    position = target_of(tables, TABLE, row, "position")
    if position is None:  # a record need not name it
        position = target_of(tables, "employee", person, "position")
    return Stretch(
        row=row,
        key=str(rows.value(row, "natural_key") or start or "-"),
        starts=start,
        ends=day_of(rows, row, "end_date"),
        places={
            "department": key_of(tables, TABLE, row, "department"),
            "manager": key_of(tables, TABLE, row, "manager"),
            "position": str(tables["position"].value(position, "code") or "") if position is not None else "",
        },
        scheme=key_of(tables, TABLE, row, "scheme"),
        default=key_of(tables, "position", position, "default_scheme") if position is not None else "",
    )


def day_of(rows: TableRows, row: int, field: str) -> date | None:
    """Return a date, or None for an empty cell or a field that was not read."""
    value = rows.value(row, field) if field in rows.columns else None
    return value if isinstance(value, date) else None


def target_of(tables: Tables, table: str, row: int, field: str) -> int | None:
    """Return the row that a relation points to, or None."""
    rows = tables[table]
    value = rows.value(row, field) if field in rows.columns else None
    target = rows.table.field(field).target if field in rows.columns else None
    if target is None or not isinstance(value, tuple) or not value:
        return None
    return tables[target.key].row_of_id(value[0])


def key_of(tables: Tables, table: str, row: int, field: str) -> str:
    """Return the business code or natural key of the row that a relation points to, or an empty text."""
    at = target_of(tables, table, row, field)
    if at is None:
        return ""
    target = tables[table].table.field(field).target
    rows = tables[target.key] if target else tables[table]
    return str(rows.value(at, rows.table.key_field or "") or "")
