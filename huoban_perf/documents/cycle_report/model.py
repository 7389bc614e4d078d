"""What stands in a cycle report: sections of sentences, one chart and the table behind it; and who reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Role = Literal["hr", "manager", "executive"]

Chart = Mapping[str, object]
"""A Vega-Lite specification without data of its own source: every figure in it stands in the section's table, too."""


_NARROW = 6
"""Columns that fit beside a chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who reads the report; decides what is collected at all.

    Attributes:
        role: HR, the head of one department, or an executive.
        department: For a manager: 部门编码 or 部门名称.
        viewer: 工号 of the reader; before the release their own result is left out of every list and figure.
        fairness: The reader may see the groups of the fairness screen. For HR only.
    """

    role: Role = "hr"
    department: str = ""
    viewer: str = ""
    fairness: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The figures behind a chart, as text.

    Attributes:
        header: Column names.
        rows: Cells.
        right: Indexes of columns with figures.
        caption: What it lists, where a section has several.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One part of the report.

    Attributes:
        key: Anchor.
        title: Heading.
        says: Sentences; the first says what the chart shows.
        chart: The chart, or None.
        tables: The table behind it, and lists.
        note: How to read it, in small print, or empty.
    """

    key: str
    title: str
    says: Sequence[str]
    chart: Chart | None = None
    tables: Sequence[Table] = ()
    note: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether a table needs the whole width of the page."""
        return any(len(table.header) > _NARROW for table in self.tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A part that is not there, and why."""

    title: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A cycle report.

    Attributes:
        cycle: 周期名称.
        period: First and last day.
        state: State of the cycle, in Chinese.
        is_released: Whether its results are released.
        readers: Whom it is for, in Chinese.
        made_on: Day of the figures.
        facts: Headline figures: what → figure.
        sections: What can be said.
        absent: What cannot, and why.
    """

    cycle: str
    period: tuple[date | None, date | None]
    state: str
    is_released: bool
    readers: str
    made_on: date
    facts: Sequence[tuple[str, str]]
    sections: Sequence[Section]
    absent: Sequence[Absent]
