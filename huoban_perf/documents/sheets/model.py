"""What stands on a personal result sheet: texts and exact figures, nothing a reader would have to look up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLine:
    """One line of the receipt.

    Attributes:
        level: 0 for a remark, 1 for a part of the result, 2 and more for what is in it.
        label: What it is.
        points: What it adds to the result, six decimals; None for a line without a figure.
        detail: How it came about, or empty.
    """

    level: int
    label: str
    points: Decimal | None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """One grade of the scheme: name and lower bound (None for the lowest)."""

    name: str
    lower: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one group of raters said.

    Attributes:
        group: 评价关系, in Chinese.
        raters: How many count.
        mean: The group's score, or None when it is hidden.
        hidden: Why it is not shown, or empty.
        criteria: Criterion → mean of the answers' points; empty unless every one may be shown.
        comments: Free texts in an order that says nothing of who or when.
    """

    group: str
    raters: int
    mean: Decimal | None
    hidden: str = ""
    criteria: tuple[tuple[str, Decimal], ...] = ()
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Strengths, what to work on, what was agreed; each a list of lines, empty when nothing was written yet.

    Attributes:
        strengths: From the talk, else the best items and criteria.
        weaknesses: From the talk, else the weakest ones.
        next_goals: What was agreed in the talk, else the person's own plan.
        support: What the company gives, from an improvement plan that the person knows.
        talk: Where the talk stands.
        is_from_talk: Whether strengths and weaknesses are the talk's own words.
    """

    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    next_goals: tuple[str, ...] = ()
    support: tuple[str, ...] = ()
    talk: str = ""
    is_from_talk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One person's result of one cycle.

    Attributes:
        number: 工号.
        name: 姓名.
        department: 部门名称.
        position: 岗位名称, or empty.
        cycle: 周期名称.
        period: First and last day of the cycle.
        score: Released score.
        grade: Released grade.
        first_grade: Grade that the score itself gives, where it is another one; else empty.
        bands: Grades with their bounds, best first.
        released_on: Day of the release; None in a preview.
        revision: 公布版次; 0 in a preview.
        decider: Who decided, by name; empty when nobody is named.
        lines: The receipt.
        notes: What was left out, or how the grade was decided.
        voices: What the raters said, a group each.
        growth: Strengths and next goals.
        appeal_until: Last day of appeals, or None when the cycle has no appeals.
        appeal_days_left: Days until then, today included; 0 when it is over.
        confirm_until: Until when the person is still asked to confirm the result, or None.
        is_preview: Not released: for HR's eyes.
    """

    number: str
    name: str
    department: str
    position: str
    cycle: str
    period: tuple[date | None, date | None]
    score: Decimal
    grade: str
    first_grade: str
    bands: tuple[Band, ...]
    released_on: date | None
    revision: int
    decider: str
    lines: tuple[SheetLine, ...]
    notes: tuple[str, ...]
    voices: tuple[Voice, ...]
    growth: Growth
    appeal_until: date | None
    appeal_days_left: int
    confirm_until: date | None
    is_preview: bool
