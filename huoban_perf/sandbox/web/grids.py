"""A view as its person sees it: one page of rows, columns of cards, a month, or a timeline."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from huoban_perf.core.addresses import Address
from huoban_perf.core.conditions import Operator
from huoban_perf.core.rules import Every, Test
from huoban_perf.core.schema import CHOICE_KINDS
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.showing import COLOURS, EMPTY, Reader, Shown, day_of
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.selections import Clause, Cut, SortKey, containing, joined

PAGE = 50
CARDS = 20
_COLUMNS = 24
_MONTH_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What part of a view is asked for.

    Attributes:
        page: From 1.
        search: Part of a title, or empty.
        month: First day of the month of a calendar, or None: the current one.
    """

    page: int = 1
    search: str = ""
    month: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row as drawn.

    Attributes:
        item_id: The item.
        title: Its name.
        cells: Its shown cells, those of ``Grid.columns``.
        group: Heading it stands under, or None.
        start: Left end of its bar in hundredths of the timeline.
        length: Length of its bar.
        day: Day of a calendar entry, ``YYYY-MM-DD``.
    """

    item_id: int
    title: str
    cells: tuple[Shown, ...]
    group: str | None = None
    start: int = 0
    length: int = 0
    day: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a kanban: its value, rows in all, and the first cards."""

    title: str
    colour: str
    count: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A view, drawn.

    Attributes:
        shape: grid, kanban, calendar, gantt or gallery.
        columns: Fields shown beside the title.
        heading: What the title is called.
        lines: Rows of this page.
        boards: Columns of a kanban.
        weeks: Weeks of a calendar, of days ``YYYY-MM-DD``.
        count: Rows in all.
        pages: Pages in all.
        asked: What was asked for.
    """

    shape: str
    columns: tuple[FieldDef, ...]
    heading: str = "名称"
    lines: tuple[Line, ...] = ()
    boards: tuple[Column, ...] = ()
    weeks: tuple[tuple[str, ...], ...] = ()
    count: int = 0
    pages: int = 1
    asked: Asked = field(default_factory=Asked)

    def month(self, step: int) -> str:
        """Return a neighbouring month of a calendar as ``YYYY-MM``."""
        first = (self.asked.month or date.min).replace(day=15)
        return f"{first + timedelta(days=30 * step):%Y-%m}"

    def on(self, day: str) -> list[Line]:
        """Return the entries of a day of a calendar."""
        return [line for line in self.lines if line.day == day]


@dataclass(frozen=True, kw_only=True)
class _Work:
    person: Person
    table: TableDef
    view: ViewSpec
    clause: Clause

    def seen(self, address: Address | None) -> FieldDef | None:
        """Return a field that the view speaks of, when it stands and is seen."""
        found = None if address is None else self.table.by_alias.get(address.key)
        return found if found is not None and self.person.sees_field(found) else None

    @property
    def columns(self) -> tuple[FieldDef, ...]:
        found = (self.seen(address) for address in self.view.fields)
        return tuple(one for one in found if one is not None and one != self.table.title)

    @property
    def order(self) -> list[SortKey]:
        keys = [(self.view.group_by, False), *((key.field, key.descending) for key in self.view.sort)]
        found = [(self.seen(address), descending) for address, descending in keys]
        return [SortKey(one, descending) for one, descending in found if one is not None]

    def page(self, clause: Clause, order: Sequence[SortKey], cut: Cut) -> list[Row]:
        return self.person.read(self.person.world.selections.page(self.table, clause, order=order, cut=cut))

    def lines(self, rows: Sequence[Row], also: Sequence[FieldDef] = ()) -> list[Line]:
        columns = self.columns
        reader = Reader(self.person, rows, [*columns, *also])
        title = self.table.title
        names = title is None or self.person.sees_field(title)
        return [
            Line(
                item_id=row.item_id,
                title=(row.title if names else "") or f"#{row.item_id}",
                cells=tuple(reader.cell(row, one) for one in columns),
                group=reader.cell(row, also[0]).text or EMPTY if also else None,
            )
            for row in rows
        ]


def open_view(person: Person, view: ViewSpec, table: TableDef, asked: Asked) -> Grid:
    """Return a view as a person sees it.

    Args:
        person: Who looks.
        view: The view; made for the person.
        table: Its table; there for the person.
        asked: Which part.

    Returns:
        The part; nothing in it is of a row or field that the person may not see.
    """
    clause = person.clause(table, view.rows)
    if asked.search:
        title = table.title
        may_search = title is not None and person.sees_field(title)
        clause = joined("AND", [clause, containing(asked.search) if may_search else Clause("0")])
    work = _Work(person=person, table=table, view=view, clause=clause)
    if view.kind is ViewKind.KANBAN and (group := work.seen(view.group_by)) is not None:
        return _kanban(work, group, asked)
    if view.kind is ViewKind.CALENDAR and (start := work.seen(view.start)) is not None:
        return _calendar(work, start, asked)
    return _listed(work, asked)


def _listed(work: _Work, asked: Asked) -> Grid:
    """A page of rows: grid, gallery, and the timeline, whose bars span the rows shown."""
    selections = work.person.world.selections
    count = selections.count(work.table, work.clause)
    pages = max(1, -(-count // PAGE))
    page = max(1, min(asked.page, pages))
    order = work.order
    start, end = work.seen(work.view.start), work.seen(work.view.end)
    if not order and start is not None:
        order = [SortKey(start)]
    rows = work.page(work.clause, order, Cut(limit=PAGE, offset=PAGE * (page - 1)))
    group = work.seen(work.view.group_by)
    lines = work.lines(rows, () if group is None else (group,))
    if work.view.kind is ViewKind.GANTT and start is not None and end is not None:
        lines = _bars(lines, rows, start, end)
    shape = work.view.kind.value if work.view.kind in {ViewKind.GANTT, ViewKind.GALLERY} else "grid"
    return Grid(
        shape=shape,
        columns=work.columns,
        heading=work.table.title.name if work.table.title is not None else "名称",
        lines=tuple(lines),
        count=count,
        pages=pages,
        asked=replace(asked, page=page),
    )


def _bars(lines: list[Line], rows: Sequence[Row], start: FieldDef, end: FieldDef) -> list[Line]:
    spans = [(day_of(row.values.get(start.key)), day_of(row.values.get(end.key))) for row in rows]
    days = [date.fromisoformat(day) for span in spans for day in span if day]
    if not days:
        return lines
    first, whole = min(days), max((max(days) - min(days)).days, 1)

    def bar(line: Line, span: tuple[str, str]) -> Line:
        left, right = span[0] or span[1], span[1] or span[0]
        if not left:
            return line
        at = (date.fromisoformat(left) - first).days * 100 // whole
        until = (date.fromisoformat(right) - first).days * 100 // whole
        return replace(line, start=at, length=max(2, until - at), day=f"{span[0]} – {span[1]}")

    return [bar(line, span) for line, span in zip(lines, spans, strict=True)]


def _kanban(work: _Work, group: FieldDef, asked: Asked) -> Grid:
    selections = work.person.world.selections
    counts = selections.groups(work.table, work.clause, field=group)
    known = [str(option.option_id) for option in group.options] if group.kind in CHOICE_KINDS else []
    values = [value for value in known if value in counts]
    values += sorted(value for value in counts if value is not None and value not in known)[: _COLUMNS - len(values)]
    order = [SortKey(one, key.descending) for key in work.view.sort if (one := work.seen(key.field)) is not None]
    boards = []
    for value in [*values, *([None] if None in counts else [])]:
        clause = joined("AND", [work.clause, selections.holding(group, value)])
        rows = work.page(clause, order, Cut(limit=CARDS))
        lines = work.lines(rows, (group,))
        option = group.options_by_id.get(value or "")
        colour = option.color if option is not None and option.color in COLOURS else ""
        name = option.name if option is not None else (lines[0].group if lines and value is not None else EMPTY)
        boards.append(Column(title=name or EMPTY, colour=colour or "", count=counts[value], lines=tuple(lines)))
    count = selections.count(work.table, work.clause)
    columns = tuple(one for one in work.columns if one != group)
    return Grid(shape="kanban", columns=columns, boards=tuple(boards), count=count, asked=asked)


def _calendar(work: _Work, start: FieldDef, asked: Asked) -> Grid:
    today = work.person.moment.today
    first = (asked.month or today).replace(day=1)
    beyond = (first + timedelta(days=32)).replace(day=1)
    address = work.view.start
    if address is None:  # pragma: no cover - only called with one
        raise ValueError(work.view.address)
    month = Every((Test(address, Operator.AT_LEAST, first), Test(address, Operator.LESS, beyond)))
    clause = joined("AND", [work.clause, work.person.clause(work.table, month)])
    count = work.person.world.selections.count(work.table, clause)
    rows = work.page(clause, [SortKey(start)], Cut(limit=_MONTH_MOST))
    lines = [
        replace(line, day=day_of(row.values.get(start.key))) for line, row in zip(work.lines(rows), rows, strict=True)
    ]
    weeks = tuple(
        tuple(day.isoformat() if day.month == first.month else "" for day in week)
        for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
    )
    return Grid(
        shape="calendar",
        columns=work.columns,
        lines=tuple(lines),
        weeks=weeks,
        count=count,
        asked=replace(asked, month=first),
    )
