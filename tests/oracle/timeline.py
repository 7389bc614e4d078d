"""S11: who is where on which day, and the segments that follow from it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.numbers import BookError
from tests.oracle.rows import Inputs, Item, Subject
from tests.oracle.scheme import Scheme
from tests.oracle.segments import Segment, days_between, eligible_days, merge_short, takes_part

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Stretch:
    """Days under one assignment, inside the cycle and the service."""

    start: date
    end: date
    department: str
    scheme: str
    job_level: str | None
    position: str | None
    absent: Fraction

    @property
    def days(self) -> int:
        """Days, both ends inclusive."""
        return days_between(self.start, self.end)


def only(schemes: Mapping[str, Scheme]) -> str | None:
    """The one scheme of a cycle, None when there are several."""
    return next(iter(schemes)) if len(schemes) == 1 else None


def scheme_key(names: Sequence[str | None], schemes: Mapping[str, Scheme], subject: Subject) -> str:
    """The first scheme named, else the only one.

    Args:
        names: Candidates by precedence.
        schemes: Schemes by key.
        subject: For the error.

    Returns:
        The key.

    Raises:
        BookError: None is named among several, or the one named does not exist.
    """
    key = next((name for name in names if name), None) or only(schemes)
    if key is None or key not in schemes:
        raise BookError("scheme", *subject, key or "")
    return key


def stretches(subject: Subject, inputs: Inputs, schemes: Mapping[str, Scheme]) -> list[Stretch]:
    """Days of a subject in the cycle, by assignment.

    Args:
        subject: Kind and code.
        inputs: The frames.
        schemes: Schemes by key.

    Returns:
        Stretches in time order; none for a person without a day of service.
    """
    sheet = inputs.sheets.get(subject)
    whole = None if sheet is None else sheet.scheme
    if subject[0] == "department":
        key = scheme_key([whole], schemes, subject)
        return [Stretch(inputs.start, inputs.end, subject[1], key, None, None, Fraction(0))]
    person = inputs.people[subject[1]]
    low = max(inputs.start, person.hired or inputs.start)
    high = min(inputs.end, person.left or inputs.end)
    rows = sorted(inputs.assignments.get(person.code, ()), key=lambda row: row.start)
    if not rows:
        if low > high:
            return []
        key = scheme_key([whole, person.scheme], schemes, subject)
        return [Stretch(low, high, person.department, key, person.job_level, person.position, Fraction(0))]
    found: list[Stretch] = []
    for row in rows:
        start, end = max(low, row.start), min(high, row.end or high)
        if start <= end:
            key = scheme_key([whole, row.scheme, person.scheme], schemes, subject)
            level = row.job_level or person.job_level
            found.append(Stretch(start, end, row.department, key, level, person.position, row.absent))
    if any(b.start <= a.end for a, b in itertools.pairwise(found)):
        raise BookError("assignments_overlap", person.code)
    return found


def home(parts: Sequence[Stretch], schemes: Mapping[str, Scheme]) -> Stretch:
    """The assignment that decides department and scheme: at the end, or the longest (equal: the later)."""
    last = parts[-1]
    if schemes[last.scheme].periods.home == "end":
        return last
    return max(parts, key=lambda part: (part.days, part.start))


def segments_of(parts: Sequence[Stretch], items: Sequence[Item], shortest: int) -> list[Segment]:
    """Segments of a subject: cut at assignments and at the windows of items, short ones merged."""
    cuts = {item.start for item in items if item.start} | {item.end + ONE_DAY for item in items if item.end}
    found: list[Segment] = []
    for part in parts:
        edges = sorted({part.start} | {cut for cut in cuts if part.start < cut <= part.end})
        ends = [edge - ONE_DAY for edge in edges[1:]] + [part.end]
        found += [Segment(a, b, part.scheme, days_between(a, b)) for a, b in zip(edges, ends, strict=True)]
    return merge_short(found, shortest)


def items_in(segment: Segment, items: Sequence[Item]) -> list[Item]:
    """Items whose window covers a segment."""
    return [
        item
        for item in items
        if (item.start is None or item.start <= segment.start) and (item.end is None or item.end >= segment.end)
    ]


def window(item: Item, parts: Sequence[Stretch], cycle: tuple[date, date]) -> tuple[date, date, int]:
    """Days of an item.

    Args:
        item: The item.
        parts: The subject's stretches.
        cycle: First and last day of the cycle.

    Returns:
        Its from–to, the cycle where they are open, and the days of service between them.
    """
    low, high = item.start or cycle[0], item.end or cycle[1]
    inside = [(max(low, p.start), min(high, p.end)) for p in parts]
    return low, high, sum(days_between(a, b) for a, b in inside if a <= b)


def attendance(
    subject: Subject, parts: Sequence[Stretch], inputs: Inputs, scheme: Scheme
) -> tuple[Fraction, str | None]:
    """Eligible days of a subject, and why it does not take part.

    Args:
        subject: Kind and code.
        parts: Its stretches.
        inputs: The frames.
        scheme: The home scheme.

    Returns:
        The days, and the reason or None.
    """
    sheet = inputs.sheets.get(subject)
    service = sum(part.days for part in parts)
    if subject[0] == "department":
        return Fraction(service), None if sheet is None else sheet.excluded
    absent = sum((part.absent for part in parts), Fraction(0))
    days = eligible_days(service, absent, scheme.periods.absence_above)
    least = inputs.min_days if inputs.min_days is not None else scheme.periods.min_days
    if sheet is not None and sheet.excluded is not None:
        return days, sheet.excluded
    if inputs.people[subject[1]].status == "excluded":
        return days, "status"
    return days, None if takes_part(days, inputs.days, least) else "days"
