"""The oracle's one entry: frames and scheme documents in, a result for every subject out."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from tests.oracle import scheme as documents
from tests.oracle.composite import limited_points
from tests.oracle.inputs import read
from tests.oracle.numbers import BookError
from tests.oracle.outcome import Result
from tests.oracle.population import calibrated, grade_people, pay_people
from tests.oracle.rows import Subject
from tests.oracle.segments import days_between
from tests.oracle.subject import Cycle, score_subject
from tests.oracle.weights import check
from tests.oracle.words import Frames


def score_cycle(frames: Frames, schemes: Mapping[str, Mapping[str, Any]]) -> dict[Subject, Result]:
    """Score a cycle by the book.

    Args:
        frames: Rows by file name of ``score-files.md``, with English column names and text values, None = missing.
        schemes: Canonical scheme documents by key.

    Returns:
        Results by kind (``person`` or ``department``) and code.

    Raises:
        BookError: The book calls an input an error.
    """
    inputs = read(frames)
    days_between(inputs.start, inputs.end)
    for entries in inputs.points.values():
        limited_points([(entry.kind, entry.points) for entry in entries], None)
    cycle = Cycle(inputs, {key: documents.parse(document) for key, document in schemes.items()})
    for form, criteria in inputs.criteria.items():
        check(f"criteria {form}", [criterion.weight or Fraction(0) for criterion in criteria])
    results: dict[Subject, Result] = {}
    for subject in [s for s in inputs.subjects if s[0] == "department"]:
        if subject[1] in inputs.departments and not inputs.departments[subject[1]].active:
            raise BookError("department_inactive", subject[1])
        results[subject] = calibrated(subject, score_subject(subject, cycle), cycle)
    cycle.grades |= {code: r.final_grade for (_, code), r in results.items() if r.final_grade is not None}
    people = {s: score_subject(s, cycle) for s in inputs.subjects if s[0] == "person"}
    people = grade_people(cycle, people)
    people = {s: calibrated(s, r, cycle) for s, r in people.items()}
    return results | pay_people(cycle, people)
