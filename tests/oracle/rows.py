"""Typed rows of the frames of ``score-files.md``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from tests.oracle.actuals import Period
from tests.oracle.departments import Department
from tests.oracle.goals import Goal
from tests.oracle.metrics import Metric, Targets
from tests.oracle.raters import Criterion, Form

Subject = tuple[str, str]


@dataclass(frozen=True)
class Person:
    """One row of people."""

    code: str
    department: str
    status: str = ""
    hired: date | None = None
    left: date | None = None
    scheme: str | None = None
    job_level: str | None = None
    position: str | None = None


@dataclass(frozen=True)
class Assignment:
    """One row of assignments."""

    start: date
    end: date | None
    department: str
    scheme: str | None
    job_level: str | None
    absent: Fraction


@dataclass(frozen=True)
class Sheet:
    """One row of appraisals."""

    scheme: str | None = None
    excluded: str | None = None


@dataclass(frozen=True)
class Item:
    """One row of items; an open window is the whole cycle."""

    number: str
    metric: str | None
    goals: tuple[str, ...]
    weight: Fraction | None
    dimension: str
    dimension_weight: Fraction | None
    targets: Targets
    scope: str
    start: date | None
    end: date | None
    actual: Fraction | None
    manual: Fraction | None


@dataclass(frozen=True)
class Points:
    """One approved row of ± points."""

    kind: str
    points: Fraction
    reason: str


@dataclass(frozen=True)
class Decision:
    """One approved row of calibration."""

    at: str
    grade: str
    score: Fraction | None


@dataclass(frozen=True)
class Appeal:
    """What decided appeals change: groups struck out, and a decided 360."""

    struck: frozenset[str] = frozenset()
    decided: Fraction | None = None


@dataclass(frozen=True)
class Inputs:
    """All frames of a cycle."""

    start: date
    end: date
    min_days: int | None
    departments: Mapping[str, Department]
    people: Mapping[str, Person]
    assignments: Mapping[str, Sequence[Assignment]]
    sheets: Mapping[Subject, Sheet]
    metrics: Mapping[str, Metric]
    items: Mapping[Subject, Sequence[Item]]
    actuals: Mapping[tuple[str, Subject], Sequence[Period]]
    goals: Sequence[Goal]
    forms: Mapping[Subject, Sequence[Form]]
    criteria: Mapping[str, Sequence[Criterion]]
    points: Mapping[Subject, Sequence[Points]]
    factors: Mapping[Subject, Mapping[str, Fraction]]
    beta: Mapping[str, Mapping[str, Fraction]]
    calibration: Mapping[Subject, Sequence[Decision]]
    appeals: Mapping[Subject, Appeal]
    pay: Mapping[str, tuple[Fraction, str | None]]
    pools: Mapping[str, tuple[Fraction, int]]
    subjects: Sequence[Subject] = field(default_factory=tuple)

    @property
    def days(self) -> int:
        """Days of the cycle."""
        return (self.end - self.start).days + 1
