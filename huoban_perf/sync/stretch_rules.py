"""What 任职记录 mean for a cycle: which faults stop it, by which scheme each stretch counts, what the inputs then hold.

A person without any record is taken from the employee table; one whose records leave days out would silently be
prorated or not take part, so that such a gap stops a cycle. The sheet's scheme, fixed when the cycle was announced,
counts for the whole cycle unless stretches follow different schemes: then each follows its own. Source: scoring.md S11
(segments), S0 (home scheme).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from huoban_perf.core.errors import Problem
from huoban_perf.core.values import Value
from huoban_perf.sync.stretches import PLACES, TABLE, Service, Tables, day_of, key_of, services, sheets_of

# --- what is amiss --------------------------------------------------------------------------------------------------


def record_faults(service: Service) -> Iterator[Problem]:
    """Yield days of service that no record or more than one holds, and records that end before they start."""
    for one in service.records:
        if one.starts and one.ends and one.ends < one.starts:
            facts = {"key": one.key, "start": one.starts.isoformat(), "end": one.ends.isoformat()}
            yield Problem(code="sync.service_dates", facts=facts, address=service.address)
    spans = [span for one in service.stretches if (span := one.days_in(service.first, service.last))]
    free = service.first
    for starts, ends in sorted(spans):
        if starts > free:
            yield _span_fault("sync.service_gap", service, free, starts - timedelta(days=1))
        if starts < free:
            yield _span_fault("sync.service_overlap", service, starts, min(ends, free - timedelta(days=1)))
        free = max(free, ends + timedelta(days=1))
    if free <= service.last:
        yield _span_fault("sync.service_gap", service, free, service.last)


def _span_fault(code: str, service: Service, first: date, last: date) -> Problem:
    return Problem(code=code, facts={"start": first.isoformat(), "end": last.isoformat()}, address=service.address)


def place_faults(service: Service, today: date) -> Iterator[Problem]:
    """Yield where the employee table and the record in force differ."""
    now = service.on(today)
    if now is None:
        return
    for field, label in PLACES.items():
        before, record = service.places[field], now.places[field]
        if before != record:
            facts = {"what": label, "employee": before or "-", "record": record or "-", "start": str(now.starts)}
            yield Problem(code="sync.service_differs", facts=facts, address=service.address)


def scheme_faults(tables: Tables, cycle: int, service: Service, sheet: int | None) -> Iterator[Problem]:
    """Yield stretches whose scheme the cycle does not name, where a person follows several or has an own one.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.
        service: The person.
        sheet: Row of the sheet, or None before the cycle is announced.

    Yields:
        One problem a stretch; one when the sheet's scheme is none of the stretches'.
    """
    allowed = _allowed(tables, cycle)
    if not _is_mixed(service):
        return
    for one in service.stretches:
        wanted = one.scheme or one.default
        is_open = not one.scheme and len(allowed) == 1  # the cycle has no other scheme it could be
        if wanted not in allowed and not is_open:
            facts = {"start": str(one.starts), "scheme": _scheme_name(tables, wanted)}
            yield Problem(code="sync.service_scheme", facts=facts, address=service.address)
    own = key_of(tables, "appraisal", sheet, "scheme") if sheet is not None else ""
    found = [one.scheme or one.default for one in service.stretches]
    if own and own not in found and len(set(found)) > 1:
        names = "、".join(dict.fromkeys(_scheme_name(tables, key) for key in found))
        facts = {"scheme": _scheme_name(tables, own), "found": names}
        yield Problem(code="sync.service_sheet", facts=facts, address=service.address)


def service_faults(tables: Tables, cycle: int) -> list[Problem]:
    """List what keeps a cycle from being scored: days no record or two hold, stretches by no scheme of the cycle.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.

    Returns:
        Everything at once, by 工号; nothing for an app without 任职记录.
    """
    if TABLE not in tables:
        return []
    sheets = sheets_of(tables, cycle)
    problems: list[Problem] = []
    for number, service in services(tables, cycle).items():
        problems += record_faults(service)
        problems += scheme_faults(tables, cycle, service, sheets[number])
    return problems


# --- by which scheme ------------------------------------------------------------------------------------------------


def stretch_schemes(tables: Tables, cycle: int, service: Service, sheet: int) -> dict[int, str]:
    """Return row of 任职记录 → key of its scheme, of a person whose stretches follow different ones.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.
        service: The person.
        sheet: Row of the sheet.

    Returns:
        Nothing where the sheet's scheme counts for the whole cycle.
    """
    allowed, own = _allowed(tables, cycle), key_of(tables, "appraisal", sheet, "scheme")
    found = {one.row: one.scheme or (one.default if one.default in allowed else "") or own for one in service.stretches}
    return found if _is_mixed(service) and len(set(found.values())) > 1 else {}


def _is_mixed(service: Service) -> bool:
    """Return whether stretches differ in position or own scheme, so that the sheet's may not be everybody's."""
    return any(
        (one.scheme, one.places["position"]) != (other.scheme, other.places["position"])
        for one, other in pairwise(service.stretches)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What 任职记录 say of a cycle, for laying out the scoring inputs.

    Attributes:
        schemes: Row of each record that bears on somebody who takes part → its scheme, empty for the sheet's.
        split: Rows of the sheets whose scheme is left to the records.
        last: Last day of the cycle.
    """

    schemes: Mapping[int, str]
    split: frozenset[int]
    last: date | None

    def record(self, row: int, cells: Sequence[str], header: Sequence[str]) -> list[str] | None:
        """Return the cells of a record as the cycle sees them, or None for one that does not bear on it.

        What happens after the cycle changes nothing in it: an end beyond its last day is left empty.
        """
        if row not in self.schemes:
            return None
        named = dict(zip(header, cells, strict=True))
        end = named.get("end", "")
        settled = {"scheme": self.schemes[row]}
        if end and self.last is not None and end > self.last.isoformat():
            settled["end"] = ""
        return [settled.get(name, cell) for name, cell in named.items()]

    def sheet(self, row: int, cells: Sequence[str], header: Sequence[str]) -> list[str] | None:
        """Return the cells of a sheet; without its scheme where the records' count."""
        return [
            "" if name == "scheme" and row in self.split else cell for name, cell in zip(header, cells, strict=True)
        ]


def settle(tables: Tables, cycle: int) -> Settled:
    """Say how 任职记录 bear on a cycle.

    Args:
        tables: Rows of ``NEEDED``.
        cycle: Row of the cycle.

    Returns:
        The records of those who take part, and by which scheme each counts.
    """
    sheets = sheets_of(tables, cycle)
    schemes: dict[int, str] = {}
    split = set()
    for number, service in services(tables, cycle).items():
        own = stretch_schemes(tables, cycle, service, sheets[number])
        schemes |= {one.row: own.get(one.row, "") for one in service.stretches}
        if own:
            split.add(sheets[number])
    return Settled(schemes=schemes, split=frozenset(split), last=day_of(tables["cycle"], cycle, "end_date"))


def _allowed(tables: Tables, cycle: int) -> frozenset[str]:
    """Return the keys of a cycle's 适用方案; of every scheme while the cycle names none."""
    named: Value = tables["cycle"].value(cycle, "schemes")
    schemes = tables["scheme"]
    rows = [schemes.row_of_id(item) for item in named] if isinstance(named, tuple) and named else list(schemes)
    return frozenset(str(schemes.value(row, "natural_key")) for row in rows if row is not None)


def _scheme_name(tables: Tables, key: str) -> str:
    row = tables["scheme"].row_of_key(key) if key else None
    return str(tables["scheme"].value(row, "name")) if row is not None else (key or "-")
