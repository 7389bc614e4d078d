"""What a source of people and departments must hold: columns in Chinese or English, and every check at once.

A source is refused whole when a column is missing, a number stands twice, reporting lines run in a circle, dates are
out of order or a code is unknown; nothing is taken over from a source that contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from huoban_perf.core.errors import Problem, SourceError
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.exchange.sources import SourceRow

PERSON_COLUMNS = {
    "emp_no": "工号",
    "name": "姓名",
    "department": "部门编码",
    "position": "岗位编码",
    "manager": "上级工号",
    "dotted_manager": "虚线上级工号",
    "hire_date": "入职日期",
    "leave_date": "离职日期",
    "employment_status": "在职状态",
    "job_level": "职级",
    "participation": "参评方式",
    "account": "账号",
    "effective_on": "生效日期",
}
DEPARTMENT_COLUMNS = {
    "code": "部门编码",
    "name": "部门名称",
    "parent": "上级部门编码",
    "head": "负责人工号",
    "hrbp": "HRBP工号",
}
_PERSON_NEEDS = ("emp_no", "name", "department", "position", "manager", "hire_date")
_DEPARTMENT_NEEDS = ("code", "name", "parent")
_CHOICES = ("employment_status", "job_level", "participation")
_UNUSABLE = "[]|\"'"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePerson:
    """One person as the source says.

    Attributes:
        row: Where it stands.
        cells: English column → text, only columns the source has.
        days: Date columns that are filled.
        choices: Choice columns that are filled, as option keys.
    """

    row: SourceRow
    cells: Mapping[str, str]
    days: Mapping[str, date]
    choices: Mapping[str, str]

    @property
    def number(self) -> str:
        """工号."""
        return self.cells["emp_no"]


def read_people(rows: Sequence[SourceRow], *, schema: DesiredSchema) -> list[SourcePerson]:
    """Check rows of people by themselves.

    Args:
        rows: The source.
        schema: For the words of choices.

    Returns:
        People in order.

    Raises:
        SourceError: With every fault.
    """
    named = [named_cells(row, PERSON_COLUMNS) for row in rows]
    problems = list(_missing(rows, named, PERSON_COLUMNS, _PERSON_NEEDS, filled=("emp_no", "name", "hire_date")))
    people = []
    for row, cells in zip(rows, named, strict=True):
        days = dict(_days(row, cells, ("hire_date", "leave_date", "effective_on"), problems))
        choices = dict(_choices(row, cells, schema, problems))
        if "leave_date" in days and "hire_date" in days and days["leave_date"] < days["hire_date"]:
            problems.append(
                row.problem(
                    "cycle.dates_out_of_order",
                    column=PERSON_COLUMNS["leave_date"],
                    first=days["hire_date"].isoformat(),
                    second=days["leave_date"].isoformat(),
                )
            )
        people.append(SourcePerson(row=row, cells=cells, days=days, choices=choices))
    problems += _twice(people_keys(people), PERSON_COLUMNS["emp_no"])
    problems += circles({p.cells.get("emp_no", ""): p.cells.get("manager", "") for p in people}, rows=rows)
    refuse(problems, rows)
    return people


def people_keys(people: Iterable[SourcePerson]) -> Iterator[tuple[SourceRow, str]]:
    """Yield each row with its 工号."""
    for person in people:
        yield person.row, person.cells.get("emp_no", "")


def read_departments(rows: Sequence[SourceRow]) -> list[Mapping[str, str]]:
    """Check rows of departments by themselves.

    Args:
        rows: The source.

    Returns:
        English column → text, in order.

    Raises:
        SourceError: With every fault.
    """
    named: list[Mapping[str, str]] = [named_cells(row, DEPARTMENT_COLUMNS) for row in rows]
    problems = list(_missing(rows, named, DEPARTMENT_COLUMNS, _DEPARTMENT_NEEDS, filled=("code", "name")))
    keys = [(row, cells.get("code", "")) for row, cells in zip(rows, named, strict=True)]
    problems += _twice(keys, DEPARTMENT_COLUMNS["code"])
    problems += circles({cells.get("code", ""): cells.get("parent", "") for cells in named}, rows=rows)
    refuse(problems, rows)
    return named


def named_cells(row: SourceRow, columns: Mapping[str, str]) -> dict[str, str]:
    """Return a row's cells by English column name; headers may be Chinese or English, others are passed over."""
    english = {**{zh: name for name, zh in columns.items()}, **{name: name for name in columns}}
    return {english[header]: cell.strip() for header, cell in row.cells.items() if header in english}


def refuse(problems: Sequence[Problem], rows: Sequence[SourceRow]) -> None:
    """Raise SourceError when there are faults."""
    if problems:
        place = rows[0].place if rows else "-"
        raise SourceError("exchange.source_faulty", facts={"source": place}, problems=problems)


def circles(above: Mapping[str, str], *, rows: Sequence[SourceRow]) -> list[Problem]:
    """Find circles in who stands above whom.

    Args:
        above: Key → key above, empty at the top; keys that lead out of the mapping end there.
        rows: For the place of the message.

    Returns:
        One problem a circle, naming its members in order from the smallest.
    """
    found: dict[tuple[str, ...], Problem] = {}
    done: set[str] = set()
    for start in above:
        path: list[str] = []
        here = start
        while here and here in above and here not in done and here not in path:
            path.append(here)
            here = above[here]
        if here in path:
            ring = path[path.index(here) :]
            least = ring.index(min(ring))
            ring = ring[least:] + ring[:least]
            place = rows[0].place if rows else None
            found[tuple(ring)] = Problem(code="cycle.circle", facts={"members": (*ring, ring[0])}, file=place)
        done.update(path)
    return list(found.values())


def by_level(keys: Sequence[str], above: Mapping[str, str]) -> list[list[str]]:
    """Sort keys into levels, the top first, so that what is above stands before what is below.

    Args:
        keys: Keys to sort.
        above: Key → key above; free of circles. A key above that is not among ``keys`` counts as standing.

    Returns:
        Levels in order.
    """
    depth: dict[str, int] = {}
    known = set(keys)

    def depth_of(key: str) -> int:
        chain = []
        while key not in depth:
            chain.append(key)
            parent = above.get(key, "")
            if parent not in known:
                depth[key] = 0
                break
            key = parent
        base = depth[key]
        for below in reversed(chain):
            if below not in depth:
                base += 1
                depth[below] = base
        return base

    for key in keys:
        depth_of(key)
    levels: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for key in keys:
        levels[depth[key]].append(key)
    return levels


def _missing(
    rows: Sequence[SourceRow],
    named: Sequence[Mapping[str, str]],
    columns: Mapping[str, str],
    needs: Sequence[str],
    *,
    filled: Sequence[str],
) -> Iterator[Problem]:
    if not rows:
        yield Problem(code="cycle.source_empty")
        return
    for name in needs:
        if name not in named[0]:
            facts = {"column": columns[name], "name": name}
            yield Problem(
                code="exchange.missing_column", facts=facts, file=rows[0].place, line=1, address=columns[name]
            )
    for row, cells in zip(rows, named, strict=True):
        for name in filled:
            if name in cells and not cells[name]:
                yield row.problem("cycle.empty_cell", column=columns[name])
        key = cells.get(filled[0], "")
        if any(mark in key for mark in _UNUSABLE):
            yield row.problem("cycle.bad_code", column=columns[filled[0]], value=key)


def _twice(keys: Iterable[tuple[SourceRow, str]], column: str) -> list[Problem]:
    lines: dict[str, list[SourceRow]] = {}
    for row, key in keys:
        if key:
            lines.setdefault(key, []).append(row)
    return [
        rows[-1].problem("cycle.twice", column=column, value=key, lines="、".join(str(row.line) for row in rows))
        for key, rows in lines.items()
        if len(rows) > 1
    ]


def parse_day(text: str) -> date | None:
    """Return a date written 2026-03-01, 2026/3/1, 2026.3.1 or 20260301, with or without a time; None for others."""
    plain = text.split(" ", maxsplit=1)[0].split("T", maxsplit=1)[0].replace("/", "-").replace(".", "-")
    parts = plain.split("-") if "-" in plain else [plain[:4], plain[4:6], plain[6:]]
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None


def _days(
    row: SourceRow, cells: Mapping[str, str], names: Sequence[str], problems: list[Problem]
) -> Iterator[tuple[str, date]]:
    for name in names:
        text = cells.get(name, "")
        if not text:
            continue
        day = parse_day(text)
        if day is None:
            problems.append(row.problem("cycle.not_a_date", column=PERSON_COLUMNS[name], value=text))
        else:
            yield name, day


def _choices(
    row: SourceRow, cells: Mapping[str, str], schema: DesiredSchema, problems: list[Problem]
) -> Iterator[tuple[str, str]]:
    for name in _CHOICES:
        text = cells.get(name, "")
        if not text:
            continue
        options = schema.table("employee").field(name).options
        found = next((o.address.key for o in options if text in {o.labels.zh, o.labels.en, o.address.key}), None)
        if found is None:
            known = "、".join(option.labels.zh for option in options)
            problems.append(row.problem("cycle.unknown_word", column=PERSON_COLUMNS[name], value=text, known=known))
        else:
            yield name, found
