"""The job ``collect``: makes the rows of 指标数据 that will be filled, and takes in figures of the company's sources.

Rows are made in advance, one an indicator, person and period, so that missing data is a view and nobody picks indicator
or period. Figures of a system or api source count as verified, imported ones wait for 核实; a verified figure that
changes goes back to 待核实; after 数据截止 only HR changes a figure, so late ones are listed and not written. Source:
workflows.md §1 指标数据; data-model.md §2.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from huoban_perf.core.errors import Problem, SourceError
from huoban_perf.core.values import Value
from huoban_perf.cycle.context import JobContext
from huoban_perf.cycle.org_source import parse_day
from huoban_perf.cycle.table_source import rows_of_table
from huoban_perf.cycle.work import Draft, Wish, note
from huoban_perf.exchange.mapping import SourceText, read_mapping
from huoban_perf.exchange.sources import SourceRow, read_source
from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import Refs, WantedRow, natural_key

_FILL_DAYS = 3
"""A period's figure is due three days after it ends. Source: workflows.md §7 (monthly, 3rd)."""
_TRUSTED = frozenset({"system", "api"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of a source, checked."""

    row: SourceRow
    source: str
    trusted: bool
    metric: str
    subject: str
    start: date
    end: date
    value: Decimal

    @property
    def key(self) -> str:
        """Natural key of its 指标数据."""
        return natural_key(self.metric, self.subject, self.start.isoformat())


def collect(context: JobContext) -> Draft:
    """Make the rows to fill, and take in the figures of the mapping that the option ``from`` names.

    Args:
        context: What stands.

    Returns:
        Rows in advance, then figures; notes on late, void and corrected ones.

    Raises:
        SourceError: A source or the mapping has mistakes, or broke off; every one is listed and nothing was written.
    """
    file = context.options.get("from")
    figures = read_figures(context, Path(file)) if file else []
    rows = list(_prepared(context))
    prepared = {row.key for row in rows}
    notes: list[Problem] = []
    taken = [wanted for figure in figures if (wanted := _taken(context, figure, prepared, notes)) is not None]
    return Draft(
        wishes=(
            Wish(table="metric_actual", rows=tuple(rows), first_only=_ALL),
            Wish(table="metric_actual", rows=tuple(_owned_late(context, rows))),
            Wish(table="metric_actual", rows=tuple(taken)),
        ),
        notes=tuple(notes),
    )


_ALL = frozenset(
    {"status", "name", "metric", "goal", "employee", "period_start", "period_end", "data_owner", "fill_due_on"}
)


def _prepared(context: JobContext) -> Iterator[WantedRow]:
    cycle = context.cycle
    start, end = cycle.day("start_date"), cycle.day("end_date")
    if start is None or end is None:
        return
    seen: set[str] = set()
    for sheet in context.book.of("appraisal", "cycle", cycle):
        employee = sheet.related("employee")
        if employee is None or sheet.text("status") in {"not_appraised", "void"}:
            continue
        for item in context.book.of("appraisal_item", "appraisal", sheet):
            metric = item.related("metric")
            if metric is None or metric.text("method") == "manual":
                continue
            for first, last in periods(start, end, metric.text("frequency") or "month"):
                row = _row(employee, metric, item, first, last)
                if row.key not in seen:
                    seen.add(row.key)
                    yield row


def _owned_late(context: JobContext, rows: Sequence[WantedRow]) -> Iterator[WantedRow]:
    """Yield rows still to fill that were made before their metric had a 数据负责人; one that has an owner keeps it."""
    for row in rows:
        standing = context.book.find("metric_actual", row.key)
        owner = row.values["data_owner"]
        if standing is not None and owner and not standing.has("data_owner") and standing.text("status") == "to_fill":
            yield WantedRow(key=row.key, values={"natural_key": row.key, "data_owner": owner})


def _row(employee: Row, metric: Row, item: Row, first: date, last: date) -> WantedRow:
    key = natural_key(metric.key, employee.key, first.isoformat())
    goal = item.related("goal")
    values: dict[str, Value | Refs] = {
        "natural_key": key,
        "name": f"{metric.text('name')} · {employee.text('name')} · {first:%Y-%m}",
        "status": "to_fill",
        "metric": Refs("metric", (metric.key,)),
        "goal": Refs("goal", (goal.key,)) if goal and goal.key else None,
        "employee": Refs("employee", (employee.key,)),
        "period_start": first,
        "period_end": last,
        "data_owner": metric.members("data_owner") or None,
        "fill_due_on": last + timedelta(days=_FILL_DAYS),
    }
    return WantedRow(key=key, values=values)


def periods(start: date, end: date, frequency: str) -> Iterator[tuple[date, date]]:
    """Yield the periods of a cycle.

    Args:
        start: First day of the cycle.
        end: Last day.
        frequency: week, month, quarter or cycle.

    Yields:
        First and last day of each, cut to the cycle; weeks begin with the cycle, months and quarters with the calendar.
    """
    here = start
    while here <= end:
        match frequency:
            case "week":
                last = here + timedelta(days=6)
            case "month":
                last = here.replace(day=calendar.monthrange(here.year, here.month)[1])
            case "quarter":
                month = (here.month - 1) // 3 * 3 + 3
                last = date(here.year, month, calendar.monthrange(here.year, month)[1])
            case _:
                last = end
        yield here, min(last, end)
        here = last + timedelta(days=1)


# --- figures from sources ---------------------------------------------------------------------------------------------


def read_figures(context: JobContext, file: Path) -> list[Figure]:
    """Read every source of a mapping.

    Args:
        context: For known indicators and people, and for secrets.
        file: The mapping.

    Returns:
        Checked figures.

    Raises:
        SourceError: With every fault of every source.
    """
    mapping = read_mapping(file)
    figures: list[Figure] = []
    problems: list[Problem] = []
    metrics = {row.key for row in context.book.all("metric")}
    people = {row.key for row in context.book.all("employee")}
    for entry in mapping.sources:
        if entry.table:
            rows = rows_of_table(context, entry.table, where=entry.where)
        else:
            rows = read_source(entry.source(name=entry.name, folder=file.parent, secret=context.secret))
            rows = tuple(row for row in rows if all(row.cells.get(k, "") == v for k, v in entry.where.items()))
        found = list(_figures(entry, rows, metrics=metrics, people=people, problems=problems))
        figures += _summed(context.cycle, found, entry.sum_by) if entry.sum_by else found
    problems += _doubled(figures)
    if problems:
        raise SourceError("exchange.source_faulty", facts={"source": file.name}, problems=problems)
    return figures


def _summed(cycle: Row, figures: list[Figure], frequency: str) -> list[Figure]:
    """Add figures up by indicator, subject and period of the cycle; those outside the cycle are left out."""
    start, end = cycle.day("start_date"), cycle.day("end_date")
    spans = list(periods(start, end, frequency)) if start and end else []
    totals: dict[tuple[str, str, date], Figure] = {}
    for one in figures:
        span = next(((first, last) for first, last in spans if first <= one.start <= last), None)
        if span is not None:
            at = (one.metric, one.subject, span[0])
            value = totals[at].value + one.value if at in totals else one.value
            totals[at] = replace(one, start=span[0], end=span[1], value=value)
    return list(totals.values())


def _figures(
    entry: SourceText,
    rows: tuple[SourceRow, ...],
    *,
    metrics: set[str],
    people: set[str],
    problems: list[Problem],
) -> Iterator[Figure]:
    names = entry.columns
    wanted = {"subject": names.subject, "value": names.value, "from": names.start}
    wanted |= {key: column for key, column in (("to", names.end), ("metric", names.metric)) if column}
    if not rows:
        problems.append(Problem(code="cycle.source_empty", file=entry.name))
        return
    missing = [column for column in wanted.values() if column not in rows[0].cells]
    for column in missing:
        facts = {"column": column, "name": column}
        problems.append(
            Problem(code="exchange.missing_column", facts=facts, file=rows[0].place, line=1, address=column)
        )
    if missing:
        return
    for row in rows:
        figure = _figure(entry, row, wanted, problems)
        if figure is None:
            continue
        for code, known, column in ((figure.metric, metrics, names.metric), (figure.subject, people, names.subject)):
            if code not in known:
                problems.append(row.problem("cycle.unknown_code", column=column, value=code))
        yield figure


def _figure(entry: SourceText, row: SourceRow, wanted: Mapping[str, str], problems: list[Problem]) -> Figure | None:
    cells = {key: row.cells.get(column, "") for key, column in wanted.items()}
    before = len(problems)
    if not cells["value"]:
        return None
    start = parse_day(cells["from"])
    end = parse_day(cells["to"]) if cells.get("to") else start
    try:
        value = Decimal(cells["value"].replace(",", ""))
    except InvalidOperation:
        value = Decimal(0)
        problems.append(row.problem("cycle.not_a_number", column=wanted["value"], value=cells["value"]))
    for key, day in (("from", start), ("to", end)):
        if day is None:
            problems.append(row.problem("cycle.not_a_date", column=wanted.get(key, ""), value=cells.get(key, "")))
    if start is not None and end is not None and end < start:
        facts = {"first": start.isoformat(), "second": end.isoformat()}
        problems.append(row.problem("cycle.dates_out_of_order", column=wanted.get("to", ""), **facts))
    if len(problems) > before or start is None or end is None:
        return None
    return Figure(
        row=row,
        source=entry.name,
        trusted=entry.kind in _TRUSTED,
        metric=entry.metric or cells["metric"],
        subject=cells["subject"],
        start=start,
        end=end,
        value=value,
    )


def _doubled(figures: list[Figure]) -> list[Problem]:
    lines: dict[str, list[Figure]] = {}
    for figure in figures:
        lines.setdefault(figure.key, []).append(figure)
    return [
        found[-1].row.problem("cycle.twice", value=key, lines="、".join(str(one.row.line) for one in found))
        for key, found in lines.items()
        if len({one.value for one in found}) > 1
    ]


def _taken(context: JobContext, figure: Figure, prepared: set[str], notes: list[Problem]) -> WantedRow | None:
    """Return the row a figure makes, or None with a note."""
    standing = context.book.find("metric_actual", figure.key)
    before = standing.number("actual_value") if standing else None
    where = f"{figure.row.place}:{figure.row.line}"
    if standing is not None and standing.text("status") == "void":
        notes.append(note("cycle.figure_void", address=where, key=figure.key))
        return None
    if standing is not None and before == figure.value:
        return None
    due = context.cycle.day("data_due_on")
    if due is not None and context.today > due:
        notes.append(note("cycle.figure_late", address=where, key=figure.key, day=due.isoformat()))
        return None
    corrects = standing is not None and standing.text("status") == "verified"
    if corrects:
        notes.append(note("cycle.figure_corrected", address=where, key=figure.key))
    values: dict[str, Value | Refs] = {
        "natural_key": figure.key,
        "status": "to_verify" if corrects or not figure.trusted else "verified",
        "actual_value": figure.value,
        "source_system": figure.source,
        "collected_on": context.book.app.clock.now(),
        "batch": where,
    }
    if standing is None and figure.key not in prepared:
        values |= {
            "name": f"{figure.metric} · {figure.subject} · {figure.start:%Y-%m}",
            "metric": Refs("metric", (figure.metric,)),
            "employee": Refs("employee", (figure.subject,)),
            "period_start": figure.start,
            "period_end": figure.end,
        }
    return WantedRow(key=figure.key, values=values)
