"""The job ``review-process``: how long each stage took, where people were content, how long the forms were; one advice.

Dwell times come from 阶段时间 of the sheets, satisfaction from 流程反馈 (shown from five answers on, so that nobody is
recognised). The one change suggested is the first finding in the order below. Source: process.md 优化; issue 6 point 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from statistics import median_low

from huoban_perf.core.errors import Problem
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.work import Draft, note
from huoban_perf.sync.book import Row

_FEW = 5
_LOW = Decimal(3)
_LONG_FORM = 6
_WORKING = "running"
"""The period itself: long by nature, and no advice can shorten it."""


def review_process(context: JobContext) -> Draft:
    """Say how the process of a cycle went; writes nothing but 运行记录.

    Args:
        context: What stands.

    Returns:
        Notes: days a stage, satisfaction a stage, fields a form; the last one is the suggestion.
    """
    stages = dwell_days(list(context.book.of("appraisal", "cycle", context.cycle)))
    notes = [
        note("cycle.stage_days", address=stage, median=median_low(days), longest=max(days), count=len(days))
        for stage, days in stages.items()
    ]
    moods = dict(_satisfaction(context))
    notes += [
        note("cycle.stage_mood", address=stage, mean=str(mean), count=count) for stage, (mean, count) in moods.items()
    ]
    forms = {relation: len(fields) for relation, fields in context.process.criteria.items()}
    working = _label(context, _WORKING)
    waits = {stage: days for stage, days in stages.items() if stage != working}
    notes.append(_advice(waits, {stage: mean for stage, (mean, _) in moods.items()}, forms))
    return Draft(notes=tuple(notes), summary="流程体检")


def _label(context: JobContext, state: str) -> str:
    options = context.book.rows("appraisal").table.field("status").options
    return next((option.labels.zh for option in options if option.address.key == state), "")


def dwell_days(sheets: list[Row]) -> dict[str, list[int]]:
    """Return stage → days each sheet spent in it, from the lines of 阶段时间.

    Args:
        sheets: Appraisals; a stage that a sheet has not left yet is not counted.

    Returns:
        Chinese stage names in the order of first appearance.
    """
    found: dict[str, list[int]] = {}
    for sheet in sheets:
        entries = []
        for line in sheet.text("stage_times").splitlines():
            name, _, day = line.rpartition(" ")
            try:
                entries.append((name, date.fromisoformat(day)))
            except ValueError:
                continue
        for (name, began), (_, ended) in pairwise(entries):
            found.setdefault(name, []).append((ended - began).days)
    return found


def _satisfaction(context: JobContext) -> Iterator[tuple[str, tuple[Decimal, int]]]:
    options = context.book.rows("survey").table.field("stage").options
    answers: dict[str, list[Decimal]] = {}
    for row in context.book.of("survey", "cycle", context.cycle):
        mark = row.number("satisfaction")
        if mark is not None and row.text("stage"):
            answers.setdefault(row.text("stage"), []).append(mark)
    for option in options:
        marks = answers.get(option.address.key, [])
        if len(marks) >= _FEW:
            mean = (sum(marks, Decimal(0)) / len(marks)).quantize(Decimal("0.1"))
            yield option.labels.zh, (mean, len(marks))


def _advice(stages: dict[str, list[int]], moods: dict[str, Decimal], forms: dict[str, int]) -> Problem:
    """Return the one change to make first: the unhappiest stage, else the longest form, else the slowest stage."""
    low = min(moods.items(), key=lambda pair: pair[1], default=None)
    if low is not None and low[1] < _LOW:
        return note("cycle.advice_mood", address=low[0], mean=str(low[1]))
    longest = max(forms.items(), key=lambda pair: pair[1], default=None)
    if longest is not None and longest[1] > _LONG_FORM:
        return note("cycle.advice_form", address=longest[0], count=longest[1])
    slow = max(stages.items(), key=lambda pair: median_low(pair[1]), default=None)
    if slow is not None:
        return note("cycle.advice_slow", address=slow[0], days=median_low(slow[1]))
    return note("cycle.advice_none")
