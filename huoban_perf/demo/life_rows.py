"""What happens in a seeded company during its quarter: standards, postings, tasks, check-ins, points, changes.

Rows whose author has to be a member are left out for people without an account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from huoban_perf.core.values import Value
from huoban_perf.demo import texts
from huoban_perf.demo.company import END, POSITIONS, START, Company, Item, Person
from huoban_perf.demo.contracts import CONTRACTS, LEADERS, LEADING, METRICS
from huoban_perf.demo.goal_rows import heads_of, member
from huoban_perf.demo.posting_rows import Span, posting
from huoban_perf.demo.rows import STATUS, Batch, Row, batch
from huoban_perf.sync.wanted import Refs, natural_key

Values = dict[str, Value | Refs]

LEAVER_SHARE = 40
"""For every so many people who work there, one has left during the quarter."""

_TRANSFER_EVERY, _MOVED_ON = 25, date(2026, 6, 15)
"""Before the quarter's story begins: the employee table tells of the new place from its first day."""
_LEFT_ON = date(2026, 8, 31)
_STANDARD_FROM = date(2026, 1, 1)
_CATEGORY = {metric.code: metric.category for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Life:
    """A company with what is needed to write its rows.

    Attributes:
        company: The company.
        account_of: 工号 → member id; who is missing has no account.
        scheme: Natural key of its scheme.
        heads: Department code → 工号 of its highest person.
    """

    company: Company
    account_of: Mapping[str, str]
    scheme: str
    heads: Mapping[str, str]

    def member(self, number: str) -> tuple[str, ...]:
        """Return the value of a member field."""
        return member(self.account_of, number)

    def draw(self, purpose: str) -> Random:
        """Return a series of its own for a purpose, so that one more draw here changes nothing there."""
        return Random(f"{purpose}:{len(self.company.people)}")  # noqa: S311 - made-up figures, not secrets


def leavers(company: Company) -> tuple[Person, ...]:
    """Return the people who left during the quarter; they come on top of those who work there."""
    teams = company.outline.teams
    heads = heads_of(company)
    people = []
    for place in range(len(company.people) // LEAVER_SHARE):
        team = teams[place % len(teams)]
        number = company.outline.number(len(company.people) + place + 1)
        hired = date(2021 + place % 5, 1 + place % 12, 1 + place % 28)
        people.append(
            Person(number, f"离职示例{place + 1}", team.department, team.position, heads[team.department], 4, hired)
        )
    return tuple(people)


def position_standards(life: Life) -> Batch:
    """Return 岗位标准: what everybody of a position is measured by."""
    code = life.company.outline.code
    rows: list[Row] = [
        {
            "natural_key": natural_key(code(position), code(line.metric), _STANDARD_FROM.isoformat()),
            "position": Refs("position", (code(position),)),
            "metric": Refs("metric", (code(line.metric),)),
            "dimension": _CATEGORY[line.metric],
            "weight": Decimal(line.weight),
            "passing_value": _number(line.passing),
            "target_value": _number(line.target),
            "excellent_value": _number(line.excellent),
            "relations": ("self", "superior"),
            "valid_from": _STANDARD_FROM,
        }
        for position in POSITIONS
        for line in (LEADERS if position in LEADING else CONTRACTS[position])
    ]
    return batch("position_standard", "natural_key", rows)


def organisation_life(life: Life) -> list[Batch]:
    """Return heads of departments, people who left, postings and pay bases.

    Args:
        life: The company.

    Returns:
        The batches; every person has an open 任职记录, every twenty-fifth one a transfer, who left a closed one.
    """
    company = life.company
    departments: list[Row] = [
        {"code": entry.code, "head": life.member(life.heads[entry.code]), "calibration_pool": "company"}
        for entry in company.outline.departments
    ]
    gone = leavers(company)
    left: list[Row] = [
        {
            "employment_status": "left",
            "emp_no": person.number,
            "name": person.name,
            "no_account": True,
            "department": Refs("department", (person.department,)),
            "position": Refs("position", (company.outline.code(person.position),)),
            "manager": Refs("employee", (person.manager,)),
            "hire_date": person.hired,
            "leave_date": _LEFT_ON,
            "participation": "excluded",
        }
        for person in gone
    ]
    above: list[Row] = [
        {"emp_no": person.number, "manager_account": life.member(person.manager)}
        for person in company.people
        if person.manager and life.member(person.manager)
    ]
    rows = [
        posting(company.outline, person, span) for person in (*company.people, *gone) for span in _spans(life, person)
    ]
    return [
        batch("department", "code", departments),
        batch("employee", "emp_no", [*above, *left]),
        batch("assignment", "natural_key", rows),
        batch("hr_private", "natural_key", list(_pay(life))),
    ]


def _spans(life: Life, person: Person) -> Iterator[Span]:
    place = int(person.number[-life.company.outline.digits :])
    here = Span(person.department, person.manager, person.position, person.hired, "hired")
    if place > len(life.company.people):
        yield here._replace(reason="left", end=_LEFT_ON)
        return
    former = None if place % _TRANSFER_EVERY else _other_team(life.company, person)
    if former is None:
        yield here
        return
    yield here._replace(department=former, manager=life.heads[former], end=_MOVED_ON - timedelta(days=1))
    yield here._replace(start=_MOVED_ON, reason="transfer")


def _other_team(company: Company, person: Person) -> str | None:
    """Return the team of the same trade that somebody came from, or None when there is no other."""
    same = [team.department for team in company.outline.teams if team.position == person.position]
    others = [code for code in same if code != person.department]
    return others[0] if others and person.hired < START else None


_BASES = {1: "60000", 2: "30000", 3: "18000", 4: "9000"}


def _pay(life: Life) -> Iterator[Row]:
    draw = life.draw("pay")
    for place, person in enumerate(life.company.people):
        since = max(person.hired, _STANDARD_FROM)
        yield {
            "natural_key": natural_key(person.number, since.isoformat()),
            "employee": Refs("employee", (person.number,)),
            "bonus_base": Decimal(_BASES[person.level]) + 500 * draw.randint(-4, 6),
            "effective_on": since,
            "fairness_group": "first" if place % 2 else "second",
        }


def quarter_life(life: Life) -> list[Batch]:
    """Return what people did about their goals: tasks with resources, check-ins, points, asked-for changes.

    Args:
        life: The company; its goals and appraisals are written before.

    Returns:
        The batches.
    """
    return [
        batch("plan_task", "natural_key", list(_tasks(life)), first_only=STATUS),
        batch("log", "natural_key", list(_notes(life))),
        batch("points_entry", "natural_key", list(_points(life)), first_only=STATUS),
        batch("goal_change", "natural_key", list(_changes(life)), first_only=STATUS),
    ]


def _goal(life: Life, item: Item) -> tuple[str, str, str]:
    return life.company.outline.cycle, item.person, life.company.outline.code(item.metric)


def _tasks(life: Life) -> Iterator[Row]:
    draw = life.draw("tasks")
    for place, item in enumerate(life.company.items):
        owner = life.member(item.person)
        if place % 3 or not owner:
            continue
        name, kind, unit, frequency = draw.choice(texts.TASKS)
        planned, share = Decimal(draw.randint(4, 24)), Decimal(draw.randint(3, 10)) / 10
        budget = Decimal(1000 * draw.randint(0, 12))
        is_done, is_over = share == 1, place % 30 == 0
        row: Values = {
            "natural_key": natural_key(*_goal(life, item), "T1"),
            "status": "done" if is_done else "doing",
            "name": name,
            "kind": kind,
            "goal": Refs("goal", (natural_key(*_goal(life, item)),)),
            "owner": owner,
            "planned_start": START + timedelta(days=draw.randint(0, 20)),
            "planned_end": END - timedelta(days=draw.randint(0, 30)),
            "finished_on": END - timedelta(days=31) if is_done else None,
            "planned_quantity": planned,
            "done_quantity": (planned * share).quantize(Decimal(1)),
            "unit": unit,
            "frequency": frequency,
            "person_days": Decimal(draw.randint(2, 20)),
            "budget": budget,
            "spent": budget * Decimal("1.2") if is_over else (budget * share).quantize(Decimal(1)),
            "resource_status": "none" if not budget else draw.choice(("approved", "approved", "requested", "rejected")),
            "material_need": draw.choice(texts.MATERIALS) if budget else None,
            "progress": share,
            "obstacle": draw.choice(texts.OBSTACLES) if not is_done and draw.randint(1, 4) == 1 else None,
        }
        yield row


def _notes(life: Life) -> Iterator[Row]:
    draw = life.draw("notes")
    company = life.company
    first_goal = {item.person: _goal(life, item) for item in reversed(company.items)}
    mates: dict[str, list[Person]] = {}
    for person in company.people:
        mates.setdefault(person.department, []).append(person)
    for place, person in enumerate(company.people[1:], start=1):
        notes = draw.sample(texts.NOTES, k=draw.randint(1, 3))
        if place % 60 == 31:
            notes = [texts.CORRECTION, *notes[:1]]
        mate = draw.choice(mates[person.department])
        authors = {"self": person.number, "manager": person.manager, "mate": mate.number}
        for count, note in enumerate(notes, start=1):
            by = authors["self" if note.author == "mate" and mate is person else note.author]
            day = START + timedelta(days=draw.randint(5, 88))
            if life.member(by):
                yield {
                    "natural_key": natural_key(person.number, by, day.isoformat(), f"N{count}"),
                    "employee": Refs("employee", (person.number,)),
                    "author": life.member(by),
                    "date": day,
                    **_note(note, day, first_goal[person.number]),
                }


def _note(note: texts.Note, day: date, goal: tuple[str, str, str]) -> Row:
    is_correction = note.kind == "correction"
    return {
        "kind": note.kind,
        "goal": Refs("goal", (natural_key(*goal),)) if note.kind in {"progress", "correction"} else None,
        "content": note.content,
        "tone": note.tone,
        "deviation_cause": "skill" if is_correction else None,
        "action": note.action or None,
        "follow_up_by": day + timedelta(days=14) if note.action else None,
        "visibility": "subject",
    }


def _points(life: Life) -> Iterator[Row]:
    cycle = life.company.outline.cycle
    for place, person in enumerate(life.company.people[1:], start=1):
        if place % 30 not in {7, 19}:
            continue
        is_plus = place % 30 == 7
        yield {
            "natural_key": natural_key(cycle, person.number, "P1"),
            "status": "approved",
            "appraisal": Refs("appraisal", (natural_key(cycle, person.number),)),
            "kind": "plus" if is_plus else "minus",
            "points": Decimal(2 if is_plus else 1),
            "reason": texts.PLUS if is_plus else texts.MINUS,
            "proposer": life.member(person.manager),
            "approver": life.member(life.company.people[0].number),
        }


def _changes(life: Life) -> Iterator[Row]:
    """Changes that were asked for and refused or withdrawn: they leave the contract as it is."""
    for place, item in enumerate(life.company.items):
        if place % 97 != 41 or item.target is None:
            continue
        yield {
            "natural_key": natural_key(*_goal(life, item), "1"),
            "status": "rejected" if place % 2 else "withdrawn",
            "goal": Refs("goal", (natural_key(*_goal(life, item)),)),
            "change_kind": "target",
            "old_value": format(item.target, "f"),
            "new_value": format(item.target * Decimal("0.9"), "f"),
            "reason": "上半年主要客户延期下单, 申请下调目标值",
            "origin": "resource",
            "effective_on": date(2026, 8, 1),
            "applicant": life.member(item.person),
        }


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
