"""What a cycle report is made from: the workspace read once, cut down to what its reader may see.

Everything a section can reach comes from here, so a section cannot show what its reader must not see: a manager's
material holds the people of the department and, before the release, no result at all.

Source: workflows.md §3 (who sees what), scoring.md S4.6, S14.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from huoban_perf.core.errors import CycleError, Problem, ScoringError
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.quotas import final_grade
from huoban_perf.documents.cycle_report.model import Audience
from huoban_perf.documents.labels import choice_label, name_of, text_of
from huoban_perf.documents.sheets.collect import departments_below
from huoban_perf.exchange.cycle_analysis import CycleAnalysis, analyse_cycle
from huoban_perf.scoring import parse_scheme
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.extract import FORMS_TABLE, Reading, read_workspace, write_frames
from huoban_perf.sync.extract_map import ExtractMap
from huoban_perf.sync.scheme import TABLES as SCHEME_TABLES
from huoban_perf.sync.scheme import scheme_documents
from huoban_perf.sync.snapshot import read_table

OUT = frozenset({"not_appraised", "void"})
"""States of a sheet that takes no part."""

_RELEASED = frozenset({"awaiting_interview", "awaiting_confirmation", "appealing", "completed"})
_FOR_EXECUTIVES = frozenset({"awaiting_release", "feedback", "archived"})
"""States of the cycle in which 高管 sees results. Source: workflows.md §3 核算结果."""

_SCORED = frozenset({"scored", "calibrated", "approved", "released"})
_WHOLE = ("cycle", "appraisal", "score_result", "employee", "department", FORMS_TABLE, *SCHEME_TABLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's sheet as far as the reader may see it.

    Attributes:
        sheet: The 绩效考核单.
        number: 工号.
        name: 姓名.
        department: Name of the department.
        score: Result, or None: there is none, or it is not for this reader.
        grade: Key of the final grade, or empty likewise.
        first_grade: Key of the grade that the score gives, or empty likewise.
        result: The 核算结果 row, or None likewise.
    """

    sheet: Row
    number: str
    name: str
    department: str
    score: Decimal | None = None
    grade: str = ""
    first_grade: str = ""
    result: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What the command line hands in.

    Attributes:
        context: The cycle's context, its book not read yet.
        extract_map: Which field feeds which scoring column.
        say: A problem as a Chinese sentence.
    """

    context: JobContext
    extract_map: ExtractMap
    say: Callable[[Problem], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What sections are made from.

    Attributes:
        context: The cycle.
        audience: The reader.
        people: Everyone of the reader's who takes part, by 工号.
        left_out: Sheets that take no part.
        grades: Key → label of every grade, best first.
        analysis: What the engine says; None when it is not for this reader or could not be made.
        analysis_fault: Why it could not be made, in Chinese, or empty.
        former: People of the cycle before, or empty.
        former_name: 周期名称 of the cycle before, or empty.
        say: A problem as a Chinese sentence.
        names: Rater code → name, for HR.
    """

    context: JobContext
    audience: Audience
    people: tuple[Person, ...]
    left_out: tuple[Person, ...]
    grades: Mapping[str, str]
    analysis: CycleAnalysis | None
    analysis_fault: str
    former: tuple[Person, ...]
    former_name: str
    say: Callable[[Problem], str]
    names: Mapping[str, str]

    @property
    def book(self) -> Book:
        """The tables."""
        return self.context.book

    @property
    def cycle(self) -> Row:
        """The cycle's row."""
        return self.context.cycle

    @property
    def today(self) -> date:
        """The day of the figures."""
        return self.context.today

    @property
    def departments(self) -> tuple[str, ...]:
        """Names of the departments with people, in the order of their people's numbers."""
        return tuple(dict.fromkeys(person.department for person in sorted(self.people, key=lambda one: one.department)))

    @property
    def scored(self) -> tuple[Person, ...]:
        """People whose result the reader may see."""
        return tuple(person for person in self.people if person.score is not None)

    @property
    def is_hr(self) -> bool:
        """Whether HR reads."""
        return self.audience.role == "hr"

    @property
    def is_manager(self) -> bool:
        """Whether the head of a department reads."""
        return self.audience.role == "manager"


def collect_material(sources: Sources, audience: Audience) -> Material:
    """Read what the report needs.

    Args:
        sources: Where from.
        audience: Who reads.

    Returns:
        The material.

    Raises:
        CycleError: No such cycle or department, nobody takes part in the cycle there, or the app keeps no results.
    """
    context, book = sources.context, sources.context.book
    cycle = context.cycle
    if not book.has("score_result"):
        raise CycleError("documents.report_needs_full", facts={"app": book.app.schema.app})
    reading = _read(sources)
    book.tables.update({key: reading.tables[key] for key in _WHOLE if key in reading.tables})
    mine = _mine(context, audience)
    people = tuple(sorted((one for one in mine if one.sheet.text("status") not in OUT), key=lambda one: one.number))
    if not people:
        facts = {"cycle": cycle.key, "department": audience.department or "-"}
        raise CycleError("documents.nobody", facts=facts)
    analysis, fault = _analysed(sources, reading, audience)
    former_name, former = _former(context, audience)
    options = book.app.schema.table("appraisal").field("released_grade").options
    return Material(
        context=context,
        audience=audience,
        people=people,
        left_out=tuple(one for one in mine if one.sheet.text("status") in OUT),
        grades={option.address.key: option.labels.zh for option in options},
        analysis=analysis,
        analysis_fault=fault,
        former=former,
        former_name=former_name,
        say=sources.say,
        names={one.number: one.name for one in mine} | _staff(book) if audience.role == "hr" else {},
    )


def _mine(context: JobContext, audience: Audience) -> list[Person]:
    """Return everyone the reader may read of, a manager only the own department's."""
    book = context.book
    inside = departments_below(book, audience.department) if audience.role == "manager" else None
    everyone = [_person(row, context, audience) for row in book.of("appraisal", "cycle", context.cycle)]
    return [
        person
        for person in everyone
        if person is not None
        and (inside is None or ((home := person.sheet.related("department")) is not None and home.item_id in inside))
    ]


def _read(sources: Sources) -> Reading:
    """Read the tables of the cycle once, for the engine and for the sections."""
    context = sources.context
    has = {table.key for table in context.book.app.schema.tables}
    also: Mapping[str, Sequence[str]] = {key: () for key in _WHOLE if key in has}
    name = context.cycle.key
    return read_workspace(context.book.app, extract_map=sources.extract_map, cycle=name, also=also)


def _staff(book: Book) -> dict[str, str]:
    return {row.key: text_of(row, "name") for row in book.all("employee")}


def _person(row: Row, context: JobContext, audience: Audience) -> Person | None:
    employee = row.related("employee")
    if employee is None:
        return None
    plain = Person(
        sheet=row, number=employee.key, name=name_of(employee), department=name_of(row.related("department"))
    )
    is_released = row.text("status") in _RELEASED and row.number("released_score") is not None
    if not is_released and not _sees_drafts(context, audience, employee.key):
        return plain
    result = next(row.book.of("score_result", "appraisal", row), None)
    if is_released:
        score, grade = row.number("released_score"), row.text("released_grade")
    elif result is not None and result.text("status") in _SCORED:
        score, grade = result.number("raw_score"), final_grade(result)
    else:
        return plain
    return Person(
        sheet=row,
        number=plain.number,
        name=plain.name,
        department=plain.department,
        score=score,
        grade=grade,
        first_grade=text_of(result, "initial_grade"),
        result=None if audience.role == "manager" else result,
    )


def _sees_drafts(context: JobContext, audience: Audience, number: str) -> bool:
    """Tell whether the reader may see a result that is not released; nobody sees their own."""
    if audience.viewer == number:
        return False
    if audience.role == "executive":
        return context.cycle.text("status") in _FOR_EXECUTIVES
    return audience.role == "hr"


def _analysed(sources: Sources, reading: Reading, audience: Audience) -> tuple[CycleAnalysis | None, str]:
    """Let the engine say what it can; what stops it is a sentence of the report, not its end."""
    status = sources.context.cycle.text("status")
    if audience.role == "manager" or (audience.role == "executive" and status not in _FOR_EXECUTIVES):
        return None, ""
    book, is_hr = sources.context.book, audience.role == "hr"
    pass_grade = sources.extract_map.pass_grade
    documents = scheme_documents(reading.tables, schema=book.app.schema, pass_grade=pass_grade)
    try:
        schemes = {key: parse_scheme(document) for key, document in documents.items()}
        with TemporaryDirectory(prefix="huoban_perf-") as spare:
            folder = Path(spare)
            write_frames(reading, schema=book.app.schema, extract_map=sources.extract_map, folder=folder)
            grouped = is_hr and audience.fairness and _write_groups(book, folder)
            people = len(reading.tables["appraisal"])
            book.app.progress("progress.score", subject="", done=0, total=people)
            found = analyse_cycle(folder, schemes=schemes, raters=is_hr, fairness=grouped)
            book.app.progress("progress.score", subject="", done=people, total=people)
            return found, ""
    except ScoringError as error:
        problem = error.problems[0] if error.problems else Problem(code=error.code, facts=error.facts)
        return None, sources.say(problem)


def _write_groups(book: Book, folder: Path) -> bool:
    """Write the groups of the fairness screen, from what only payroll HR keeps; tell whether there are any."""
    rows = []
    for row in book.all("hr_private") if book.has("hr_private") else ():
        employee = row.related("employee")
        if employee is not None and row.has("fairness_group"):
            rows.append((employee.key, "公平性分析分组", choice_label(row, "fairness_group")))
    if not rows:
        return False
    with (folder / "fairness.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([("emp_no", "field", "group"), *sorted(set(rows))])
    return True


def _former(context: JobContext, audience: Audience) -> tuple[str, tuple[Person, ...]]:
    """Return the released people of the latest cycle of the same kind that ended before this one began."""
    cycle, began = context.cycle, context.cycle.day("start_date")
    if began is None:
        return "", ()
    before = [
        row
        for row in context.book.all("cycle")
        if row.key != cycle.key
        and row.text("kind") == cycle.text("kind")
        and row.text("status") in {"feedback", "archived"}
        and (ended := row.day("end_date")) is not None
        and ended < began
    ]
    if not before:
        return "", ()
    last = max(before, key=lambda row: str(row["end_date"]))
    book = Book(context.book.app)
    book.tables.update({key: context.book.rows(key) for key in ("cycle", "employee", "department")})
    table = book.app.schema.table("appraisal")
    within = Condition("natural_key", Operator.ANY_OF, (f"[{last.key}|",))
    book.tables["appraisal"] = read_table(book.app, table=table, filter_=within)
    inside = departments_below(book, audience.department) if audience.role == "manager" else None
    row_of = book.find("cycle", last.key)
    people = []
    for row in book.of("appraisal", "cycle", row_of) if row_of is not None else ():
        home, employee, score = row.related("department"), row.related("employee"), row.number("released_score")
        if employee is None or score is None or row.text("status") in OUT:
            continue
        if inside is None or (home is not None and home.item_id in inside):
            grade = row.text("released_grade")
            person = Person(sheet=row, number=employee.key, name="", department=name_of(home), score=score, grade=grade)
            people.append(person)
    return last.key, tuple(people)
