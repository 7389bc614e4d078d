"""Cycle, departments, people and their assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.draws import Maker
from tests.oracle.words import Row

ONE_DAY = timedelta(days=1)
CYCLES = (
    (date(2026, 1, 1), date(2026, 3, 31)),
    (date(2026, 2, 1), date(2026, 2, 28)),
    (date(2026, 4, 1), date(2026, 6, 30)),
)
LEVELS = ("P5", "P6")


@dataclass(frozen=True)
class Company:
    """Rows of cycle, departments, people and assignments, and who is who."""

    start: date
    end: date
    cycle: list[Row]
    departments: list[Row]
    people: list[Row]
    assignments: list[Row]
    appraisals: list[Row]

    @property
    def staff(self) -> list[str]:
        """Staff numbers."""
        return [str(row["emp_no"]) for row in self.people]

    @property
    def units(self) -> list[str]:
        """Department codes."""
        return [str(row["dept_code"]) for row in self.departments]


def company(maker: Maker, schemes: Sequence[str], size: int) -> Company:
    """Draw the people of a cycle.

    Args:
        maker: Draws choices.
        schemes: Keys of the schemes for people.
        size: Most people.

    Returns:
        Their rows.
    """
    start, end = maker.choose("partial", CYCLES)
    least = None if not maker.rarely("partial", 4) else str(maker.whole(0, 40))
    cycle: list[Row] = [
        {"cycle": "本期", "start": start.isoformat(), "end": end.isoformat(), "min_days": least},
    ]
    units = departments(maker)
    codes = [str(row["dept_code"]) for row in units]
    people: list[Row] = []
    assignments: list[Row] = []
    appraisals: list[Row] = []
    for index in range(maker.pick((max(1, size // 2), size, 1, size, max(1, size - 1)))):
        person = draw_person(maker, f"E{index:03d}", codes, schemes, (start, end))
        people.append(person)
        if maker.maybe("transfers") or maker.maybe("absence"):
            assignments += moves(maker, person, codes, schemes, (start, end))
        if maker.rarely("excluded", 20):
            appraisals.append(sheet("个人", str(person["emp_no"]), excluded="长期外派"))
    return Company(start, end, cycle, units, people, assignments, appraisals)


def sheet(kind: str, code: str, scheme: str | None = None, excluded: str | None = None) -> Row:
    """A row of appraisals."""
    return {"kind": kind, "subject": code, "scheme": scheme, "excluded": excluded}


def departments(maker: Maker) -> list[Row]:
    """A tree of one to four departments, some sharing a 校准池."""
    size = maker.whole(1, 4) if maker.on("pools") or maker.on("departments") else 1
    rows: list[Row] = []
    for index in range(size):
        parent = None if index == 0 or maker.whole(0, 5) == 5 else f"D{maker.whole(0, index - 1)}"
        pool = maker.pick((None, "甲池", "乙池")) if maker.on("pools") else None
        rows.append({"dept_code": f"D{index}", "name": f"部门{index}", "parent_code": parent, "calib_pool": pool})
    return rows


def draw_person(maker: Maker, code: str, units: Sequence[str], schemes: Sequence[str], days: tuple[date, date]) -> Row:
    """A row of people, in service for all of the cycle or for a part of it."""
    start, end = days
    row: Row = {
        "emp_no": code,
        "name": f"员工{code}",
        "status": "在职",
        "dept_code": maker.pick(units),
        "job_level": maker.pick(LEVELS),
        "hire_date": "2020-05-06",
        "scheme": maker.pick(schemes),
    }
    length = (end - start).days
    if maker.rarely("partial", 4):
        row["hire_date"] = (start + ONE_DAY * maker.whole(0, length * 2 // 3)).isoformat()
    if maker.rarely("partial"):
        row["leave_date"] = (end - ONE_DAY * maker.whole(0, length // 4)).isoformat()
        row["status"] = "离职"
    if maker.rarely("excluded", 20):
        row["status"] = "不参评"
    return row


def moves(
    maker: Maker, person: Row, units: Sequence[str], schemes: Sequence[str], days: tuple[date, date]
) -> list[Row]:
    """Assignments that cover the service, consecutive ones in another department or under another scheme."""
    low = max(days[0], date.fromisoformat(str(person["hire_date"])))
    high = min(days[1], date.fromisoformat(str(person["leave_date"])) if person.get("leave_date") else days[1])
    length = (high - low).days
    cuts: list[int] = []
    if maker.on("transfers") and (len(units) > 1 or len(schemes) > 1):
        shortest = 1 if maker.on("short_segments") else 15
        for _ in range(maker.whole(0, 3)):
            first = (cuts[-1] if cuts else 0) + shortest
            if first + shortest <= length + 1:
                cuts.append(maker.whole(first, length + 1 - shortest))
    rows: list[Row] = []
    places = [(unit, scheme) for unit in units for scheme in schemes]
    for index, cut in enumerate([0, *cuts]):
        before = (rows[-1]["dept_code"], rows[-1]["scheme"]) if rows else None
        unit, scheme = maker.pick([place for place in places if place != before])
        last = index == len(cuts)
        absent = maker.whole(0, 45) if maker.maybe("absence") else None
        rows.append(
            {
                "emp_no": person["emp_no"],
                "start": (person["hire_date"] if index == 0 else (low + ONE_DAY * cut).isoformat()),
                "end": person.get("leave_date") if last else (low + ONE_DAY * (cuts[index] - 1)).isoformat(),
                "dept_code": unit,
                "job_level": maker.pick(LEVELS),
                "scheme": scheme,
                "absent_days": None if absent is None else str(absent),
            }
        )
    person["dept_code"] = rows[-1]["dept_code"]
    return rows
