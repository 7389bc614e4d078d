"""From the workspace to personal result sheets; reads only what the people asked for need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from huoban_perf.core.errors import CycleError, FactValue, Problem
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.values import CHINA
from huoban_perf.documents.labels import choice_label, day_of, name_of, text_of
from huoban_perf.documents.sheets.growth import growth_of
from huoban_perf.documents.sheets.model import Band, Sheet
from huoban_perf.documents.sheets.receipt import parse_receipt
from huoban_perf.documents.sheets.voices import voices_of
from huoban_perf.sync.app import DeployedApp
from huoban_perf.sync.book import Book, Row
from huoban_perf.sync.snapshot import read_table

_RELEASED = frozenset({"awaiting_interview", "awaiting_confirmation", "appealing", "completed"})
"""States of 绩效考核单 in which a person may see the result. Source: workflows.md §1."""

_LEFT_OUT = frozenset({"not_appraised", "void"})
_SCORED = frozenset({"scored", "calibrated", "approved", "released"})
_BY_CYCLE = ("appraisal", "appraisal_item", "review_task", "score_result", "interview")
"""Tables whose keys begin with the cycle and the person."""

_FEW = 20
_STATED = re.compile(r"结果 (?P<score>-?\d+(\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRequest:
    """Whose sheets are asked for.

    Attributes:
        cycle: 周期名称.
        numbers: 工号 of the people; empty = everyone, or everyone of ``department``.
        department: 部门编码 or 部门名称, with those below it; empty = all.
        preview: Also results that are not released, watermarked.
        viewer: 工号 of who previews: nobody sees their own result before the release.
    """

    cycle: str
    numbers: tuple[str, ...] = ()
    department: str = ""
    preview: bool = False
    viewer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """What was collected.

    Attributes:
        sheets: By 工号.
        unreleased: How many people have a result that is not released (or none yet), and so no sheet.
        left_out: How many do not take part.
    """

    sheets: tuple[Sheet, ...]
    unreleased: int
    left_out: int


def collect_sheets(app: DeployedApp, request: SheetRequest) -> Sheets:
    """Collect the sheets asked for.

    Args:
        app: Where to read.
        request: Whose.

    Returns:
        The sheets, and how many people have none.

    Raises:
        CycleError: No such cycle, department or person (all are listed), or nothing of what was asked for is
            released.
    """
    book = _opened(app, request)
    cycle = book.find("cycle", request.cycle)
    if cycle is None:
        known = tuple(sorted(row.key for row in book.all("cycle")))
        raise CycleError("sync.no_cycle", facts={"cycle": request.cycle, "known": known})
    rows = _asked(book, request, cycle)
    setting = _setting(cycle, app.clock.now().astimezone(CHINA).date(), request)
    sheets: list[Sheet] = []
    unreleased = left_out = 0
    for done, row in enumerate(rows, start=1):
        sheet = _sheet(row, setting)
        if sheet is not None and not (sheet.is_preview and sheet.number == request.viewer):
            sheets.append(sheet)
        elif row.text("status") in _LEFT_OUT:
            left_out += 1
        else:
            unreleased += 1
        app.progress("progress.sheets_read", subject="", done=done, total=len(rows))
    if not sheets:
        facts: dict[str, FactValue] = {"cycle": request.cycle, "count": unreleased, "left_out": left_out}
        raise CycleError("documents.sheet_none", facts=facts)
    return Sheets(sheets=tuple(sheets), unreleased=unreleased, left_out=left_out)


def _opened(app: DeployedApp, request: SheetRequest) -> Book:
    """Return the book with the tables of the cycle read only as far as the people asked for need."""
    book = Book(app)
    if len(request.numbers) > _FEW:
        starts: tuple[str, ...] = (f"[{request.cycle}|",)
    else:
        starts = tuple(f"[{request.cycle}|{number}" for number in request.numbers) or (f"[{request.cycle}|",)
    for key in _BY_CYCLE:
        if book.has(key) and (table := app.schema.table(key)).key_field == "natural_key":
            rows = read_table(app, table=table, filter_=Condition("natural_key", Operator.ANY_OF, starts))
            rows.check_keys()
            book.tables[key] = rows
    return book


def _asked(book: Book, request: SheetRequest, cycle: Row) -> list[Row]:
    sheets = [row for row in book.of("appraisal", "cycle", cycle) if row.related("employee") is not None]
    by_number = {text_of(row.related("employee"), "emp_no"): row for row in sheets if row.text("status") != "void"}
    if request.numbers:
        unknown = [number for number in request.numbers if number not in by_number]
        if unknown:
            problems = [Problem(code="documents.sheet_unknown_one", facts={"number": number}) for number in unknown]
            facts: dict[str, FactValue] = {"cycle": request.cycle, "count": len(unknown)}
            raise CycleError("documents.sheet_unknown", facts=facts, problems=problems)
        return [by_number[number] for number in dict.fromkeys(request.numbers)]
    wanted = departments_below(book, request.department) if request.department else None
    return [
        row
        for _, row in sorted(by_number.items())
        if wanted is None or ((home := row.related("department")) is not None and home.item_id in wanted)
    ]


def departments_below(book: Book, asked: str) -> set[str]:
    """Return the item ids of a department and of all below it.

    Args:
        book: What stands.
        asked: 部门编码 or 部门名称.

    Returns:
        Item ids.

    Raises:
        CycleError: No or several departments are called so; lists those there are.
    """
    rows = list(book.all("department")) if book.has("department") else []
    found = [row for row in rows if asked in {row.key, text_of(row, "name")}]
    if len(found) != 1:
        known = tuple(f"{row.key} {text_of(row, 'name')}" for row in rows)
        raise CycleError("documents.no_department", facts={"department": asked, "known": known})
    below: set[str] = {found[0].item_id}
    grown = True
    while grown:
        more = {row.item_id for row in rows if (up := row.related("parent")) is not None and up.item_id in below}
        grown = not more <= below
        below |= more
    return below


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """What all sheets of a cycle share; ``people`` is member → name."""

    cycle: Row
    today: date
    preview: bool
    people: Mapping[str, str]
    appeal_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figures:
    score: Decimal
    grade: str
    receipt: str
    is_released: bool


def _setting(cycle: Row, today: date, request: SheetRequest) -> _Setting:
    people: dict[str, str] = {}
    for person in cycle.book.all("employee"):
        for member in person.members("account") if "account" in person.rows.columns else ():
            people[member] = text_of(person, "name")
    until = day_of(cycle, "appeal_due_on") if _has_appeals(cycle) else None
    return _Setting(cycle=cycle, today=today, preview=request.preview, people=people, appeal_until=until)


def _figures(row: Row, result: Row | None, *, preview: bool) -> _Figures | None:
    """Return what may be shown of a result: the released figures, in a preview else the draft ones."""
    score = row.number("released_score")
    if row.text("status") in _RELEASED and score is not None:
        grade = choice_label(row, "released_grade")
        return _Figures(score=score, grade=grade, receipt=text_of(row, "released_receipt"), is_released=True)
    is_out = row.text("status") in _LEFT_OUT
    if not preview or is_out or result is None or result.text("status") not in _SCORED:
        return None
    draft = result.number("raw_score")
    if draft is None:
        return None
    grade = choice_label(result, "proposed_grade") or choice_label(result, "initial_grade")
    receipt = text_of(result, "receipt_draft")
    stated = _STATED.match(receipt)  # the receipt states the result at the scheme's own decimals
    score = Decimal(stated["score"]) if stated else draft
    return _Figures(score=score, grade=grade, receipt=receipt, is_released=False)


def _sheet(row: Row, setting: _Setting) -> Sheet | None:
    """Return a person's sheet; None when there is nothing that may be shown."""
    result = _result(row)
    shown = _figures(row, result, preview=setting.preview)
    if shown is None:
        return None
    cycle, employee = setting.cycle, row.related("employee")
    first = choice_label(result, "initial_grade")
    voices = voices_of(row, result)
    lines, notes = parse_receipt(shown.receipt)
    revision = row.number("release_revision") if "release_revision" in row.rows.columns else None
    until = setting.appeal_until
    return Sheet(
        number=text_of(employee, "emp_no"),
        name=name_of(employee),
        department=_place(row, "department") or _place(employee, "department"),
        position=_place(employee, "position"),
        cycle=cycle.key,
        period=(day_of(cycle, "start_date"), day_of(cycle, "end_date")),
        score=shown.score,
        grade=shown.grade or "-",
        first_grade=first if first not in {"", shown.grade} else "",
        bands=tuple(_bands(row)),
        released_on=day_of(row, "released_on") if shown.is_released else None,
        revision=int(revision or 1) if shown.is_released else 0,
        decider=_decider(row, setting),
        lines=lines,
        notes=notes,
        voices=voices,
        growth=growth_of(row, voices),
        appeal_until=until,
        appeal_days_left=max((until - setting.today).days + 1, 0) if until else 0,
        confirm_until=_confirm_until(row, setting),
        is_preview=not shown.is_released,
    )


def _result(row: Row) -> Row | None:
    if not row.book.has("score_result"):
        return None
    return next(row.book.of("score_result", "appraisal", row), None)


def _place(row: Row | None, field: str) -> str:
    """Return the name of a department or position; in the small app it is a choice, ``<field>_name``."""
    if row is None:
        return ""
    return text_of(row.related(field), "name") if _relates(row, field) else choice_label(row, f"{field}_name")


def _relates(row: Row, field: str) -> bool:
    return field in row.rows.columns and row.rows.table.field(field).target is not None


def _has_appeals(cycle: Row) -> bool:
    if not cycle.book.has("appeal"):
        return False
    stages = cycle["enabled_stages"] if "enabled_stages" in cycle.rows.columns else None
    return not stages or (isinstance(stages, tuple) and "appeal" in stages)


def _bands(row: Row) -> Iterator[Band]:
    scheme = row.related("scheme") if _relates(row, "scheme") else None
    if scheme is None:
        return
    rows = list(scheme.book.of("grade_band", "scheme", scheme))
    order = [option.address.key for option in scheme.book.app.schema.table("grade_band").field("grade").options]
    rows.sort(key=lambda band: order.index(band.text("grade")))
    for place, band in enumerate(rows):
        is_lowest = place == len(rows) - 1
        yield Band(name=choice_label(band, "grade"), lower=None if is_lowest else band.number("lower_bound"))


def _confirm_until(row: Row, setting: _Setting) -> date | None:
    """Return until when the person is still asked to confirm."""
    due = day_of(setting.cycle, "confirm_due_on")
    is_asked = row.text("status") in {"awaiting_interview", "awaiting_confirmation"}
    return due if is_asked and due is not None and due >= setting.today else None


def _decider(row: Row, setting: _Setting) -> str:
    source = setting.cycle if "decider" in setting.cycle.rows.columns else row
    members = source.members("decider") if "decider" in source.rows.columns else ()
    return "、".join(setting.people[member] for member in members if member in setting.people)
