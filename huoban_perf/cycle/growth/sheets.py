"""Growing: appraisals and what the lite app keeps in them: the talk, the improvement plan, outcomes; and reviews."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from typing import NamedTuple

from huoban_perf.core.digest import digest
from huoban_perf.core.values import CHINA, Value
from huoban_perf.cycle.growth.terms import Grown, filled, made
from huoban_perf.cycle.work import Wish
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

Values = dict[str, Value | Refs]

_TALKED = frozenset({"awaiting_confirmation", "completed"})
_MORNING = time(9)


class _Case(NamedTuple):
    """An appraisal with its person, cycle and superior's account."""

    sheet: Row
    person: Row
    cycle: Row
    superior: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str]:
        return self.cycle.key, self.person.key

    @property
    def ref(self) -> Refs:
        return Refs("appraisal", (self.sheet.key,))

    @property
    def who(self) -> Refs:
        return Refs("employee", (self.person.key,))


def sheet_wishes(grown: Grown) -> Iterator[Wish]:
    """Yield what growing writes about appraisals and reviews.

    Args:
        grown: What stands.

    Yields:
        Cells of 绩效考核单 and 评价任务, rows of 绩效面谈, 改进计划, 结果应用, 流程反馈.
    """
    cases = list(_cases(grown))
    yield filled(grown, "appraisal", (_sheet(grown, case) for case in cases))
    yield made(grown, "interview", (row for case in cases for row in _talk(case)))
    yield made(grown, "improvement", (row for case in cases for row in _plan(case)))
    yield made(grown, "outcome", (row for case in cases for row in _outcomes(case)))
    tasks = list(grown.book.all("review_task"))
    yield filled(grown, "review_task", (_review(task) for task in tasks))
    yield made(grown, "survey", (row for task in tasks for row in _survey(task)))


def _cases(grown: Grown) -> Iterator[_Case]:
    for sheet in grown.book.all("appraisal"):
        person, cycle = sheet.related("employee"), sheet.related("cycle")
        if person is not None and cycle is not None:
            yield _Case(sheet, person, cycle, person.members("manager_account"))


def _sheet(grown: Grown, case: _Case) -> WantedRow:
    values: Values = {
        "natural_key": case.sheet.key,
        "subject_kind": "person",
        "department": grown.department(case.person),
        "scheme": Refs("scheme", (grown.scheme,)),
    }
    if "outcome_comment" in case.sheet.rows.columns:
        values["outcome_note"] = case.sheet["outcome_comment"]
    return WantedRow(key=case.sheet.key, values=values)


def _talk(case: _Case) -> Iterator[WantedRow]:
    sheet = case.sheet
    if not any(sheet.has(field) for field in ("interview_date", "strengths_weaknesses", "agreements")):
        return
    held = sheet.day("interview_date")
    key = natural_key(*case.parts, "1")
    values: Values = {
        "natural_key": key,
        "name": f"{case.person.text('name')} 绩效面谈",
        "status": "signed" if sheet.text("status") in _TALKED else "scheduled" if held else "to_schedule",
        "appraisal": case.ref,
        "interviewer": case.superior,
        "employee": case.who,
        "due_on": case.cycle.day("appeal_due_on"),
        "scheduled_at": datetime.combine(held, _MORNING, tzinfo=CHINA) if held else None,
        "strengths": sheet["strengths_weaknesses"],
        "agreements": sheet["agreements"],
    }
    yield WantedRow(key=key, values=values)


def _plan(case: _Case) -> Iterator[WantedRow]:
    sheet = case.sheet
    if not any(sheet.has(field) for field in ("improvement_plan", "improve_by", "improvement_result")):
        return
    key = natural_key(case.person.key, *case.parts)
    values: Values = {
        "natural_key": key,
        "name": f"{case.person.text('name')} 改进计划",
        "status": sheet.text("improvement_result") or "running",
        "employee": case.who,
        "appraisal": case.ref,
        "objective": sheet["improvement_plan"],
        "coach": case.superior,
        "start_date": case.cycle.day("release_on") or case.cycle.day("end_date"),
        "end_date": sheet["improve_by"],
    }
    yield WantedRow(key=key, values=values)


def _outcomes(case: _Case) -> Iterator[WantedRow]:
    kinds = case.sheet["outcome_kinds"]
    note = case.sheet["outcome_note"]
    for kind in kinds if isinstance(kinds, tuple) else ():
        key = natural_key(*case.parts, kind)
        values: Values = {
            "natural_key": key,
            "status": "executed" if case.cycle.text("status") == "archived" else "draft",
            "appraisal": case.ref,
            "employee": case.who,
            "cycle": Refs("cycle", (case.cycle.key,)),
            "kind": kind,
            "rule_basis": note,
        }
        yield WantedRow(key=key, values=values)


def _review(task: Row) -> WantedRow:
    values: Values = {"natural_key": task.key, "extreme_evidence": task["evidence_and_advice"]}
    return WantedRow(key=task.key, values=values)


def _survey(task: Row) -> Iterator[WantedRow]:
    """An answer about the process names nobody: its key is a digest, and no department goes with it."""
    sheet = task.related("appraisal")
    cycle = sheet.related("cycle") if sheet else None
    if cycle is None or not task.has("process_satisfaction"):
        return
    key = natural_key(cycle.key, digest(task.key).removeprefix("sha256:")[:12])
    values: Values = {
        "natural_key": key,
        "kind": "satisfaction",
        "cycle": Refs("cycle", (cycle.key,)),
        "stage": "review",
        "satisfaction": task["process_satisfaction"],
        "status": "to_read",
    }
    yield WantedRow(key=key, values=values)
