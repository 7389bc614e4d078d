"""Blocks of a page as its person sees them: every figure is counted from rows that this person may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from huoban_perf.core.rules import ALWAYS
from huoban_perf.core.schema import CHOICE_KINDS
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.pages import BlockKind, BlockSpec, Measure, PageSpec
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.sandbox.web.catalog import Kept
from huoban_perf.sandbox.web.grids import Asked, Grid, open_view
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.showing import COLOURS, Reader, decimal_text
from huoban_perf.sandbox.world.definitions import FieldDef, TableDef
from huoban_perf.sandbox.world.selections import Clause

_GROUPS_MOST = 24
_SERIES_MOST = 6
_SHADES = ("blue", "orange", "green", "purple", "red", "grey")
Cell = str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One piece of a bar or one point of a line.

    Attributes:
        series: Name of the series, or empty.
        text: The figure.
        share: Hundredths of the largest category, 0 to 100.
        start: Where it begins, in hundredths, when pieces stand on each other.
        colour: One of ``COLOURS``.
    """

    series: str
    text: str
    share: int
    start: int
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One category of a chart."""

    name: str
    text: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One series of a line chart, on a scale of its own.

    Attributes:
        name: Name of the series, or empty.
        points: ``x,y`` in a field of 100 by 30, for a polyline.
        last: The last figure.
        spoken: Every figure with its category, for those who do not see.
    """

    name: str
    points: str
    last: str
    spoken: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block, drawn.

    Attributes:
        kind: What it is.
        title: Heading.
        width: Columns of 24.
        text: What a text says, or the figure of an indicator.
        share: For progress, 0 to 100.
        categories: Of a chart.
        series: Names and colours of the series; one without a name when there is only one.
        more: Categories left out.
        curves: Of a line chart.
        slices: Of a pie.
        grid: Rows of a list.
        link: Where it leads, or empty.
    """

    kind: str
    title: str
    width: int
    text: str = ""
    share: int = 0
    categories: tuple[Category, ...] = ()
    series: tuple[tuple[str, str], ...] = ()
    more: int = 0
    curves: tuple[Curve, ...] = ()
    slices: tuple[Bar, ...] = ()
    grid: Grid | None = None
    link: str = ""


@dataclass(frozen=True, kw_only=True)
class _Source:
    person: Person
    block: BlockSpec
    table: TableDef
    clause: Clause

    def field(self, key: str) -> FieldDef | None:
        address = getattr(self.block, key)
        found = None if address is None else self.table.by_alias.get(address.key)
        return found if found is not None and self.person.sees_field(found) else None


def open_page(person: Person, page: PageSpec) -> list[Block]:
    """Return the blocks of a page; one that reads what the person may not see is left out.

    Args:
        person: Who looks.
        page: A page that is made for the person.
    """
    found = (_block(person, block) for block in page.blocks)
    return [block for block in found if block is not None]


def _block(person: Person, block: BlockSpec) -> Block | None:
    drawn = Block(kind=block.kind.value, title=block.labels.zh, width=block.width)
    match block.kind:
        case BlockKind.TEXT:
            return replace(drawn, text=block.text.zh if block.text else "")
        case BlockKind.LIST:
            return _list(person, block, drawn)
        case BlockKind.FORM:
            return _form(person, block, drawn)
        case _:
            return _counted(person, block, drawn)


def _counted(person: Person, block: BlockSpec, drawn: Block) -> Block | None:
    table = None if block.table is None else person.catalog.by_alias.get(block.table.key)
    if table is None or not person.sees_table(table):
        return None
    source = _Source(person=person, block=block, table=table, clause=person.clause(table, block.rows))
    if block.value is not None and source.field("value") is None:
        return None
    if block.kind in {BlockKind.INDICATOR, BlockKind.PROGRESS} or source.field("group_by") is None:
        return _figure(source, drawn)
    return _chart(source, drawn)


def _list(person: Person, block: BlockSpec, drawn: Block) -> Block | None:
    kept = None if block.view is None else person.catalog.view(block.view)
    if kept is None or not isinstance(kept.declared, ViewSpec):
        return None
    table = person.catalog.tables[kept.place]
    if not person.sees_table(table):
        return None
    view = kept.declared
    if block.rows != ALWAYS:
        view = replace(view, rows=block.rows)
    grid = open_view(person, view, table, Asked())
    shown = replace(grid, lines=grid.lines[: block.most], columns=grid.columns[:_SERIES_MOST])
    return replace(drawn, grid=shown, link=f"/v/{kept.number}")


def _form(person: Person, block: BlockSpec, drawn: Block) -> Block | None:
    kept = next((one for one in person.catalog.kept.values() if one.declared.address == block.form), None)
    if kept is None or not isinstance(kept.declared, FormSpec):
        return None
    return replace(drawn, link=f"/f/{kept.number}")


def _figure(source: _Source, drawn: Block) -> Block:
    link = _leads_to(source)
    value = source.field("value")
    if source.block.measure is Measure.COUNT or value is None:
        count = source.person.world.selections.count(source.table, source.clause)
        return replace(drawn, kind="indicator", text=str(count), link=link)
    cells = [row[0] for row in source.person.world.selections.triples(source.table, source.clause, (value,))]
    figure = _measured(cells, source.block.measure)
    if figure is None:
        return replace(drawn, text="—", link=link)
    share = max(0, min(100, int(figure * 100)))
    return replace(drawn, text=decimal_text(_short(figure), value), share=share, link=link)


def _leads_to(source: _Source) -> str:
    """The view that shows the rows counted, where the person has one; else the table."""
    views = source.person.views(source.table)
    same = [one for one in views if isinstance(one.declared, ViewSpec) and one.declared.rows == source.block.rows]
    chosen: Kept | None = next(iter(same), None)
    return f"/v/{chosen.number}" if chosen else f"/t/{source.table.table_id}"


def _measured(cells: Sequence[Cell], measure: Measure) -> Decimal | None:
    if measure is Measure.COUNT:
        return Decimal(len(cells))
    figures = [Decimal(cell) for cell in cells if cell is not None]
    if not figures:
        return None
    ways: Mapping[Measure, Callable[[list[Decimal]], Decimal]] = {
        Measure.SUM: lambda found: sum(found, Decimal(0)),
        Measure.AVERAGE: lambda found: sum(found, Decimal(0)) / len(found),
        Measure.LARGEST: max,
        Measure.SMALLEST: min,
    }
    return ways[measure](figures)


def _short(figure: Decimal) -> Decimal:
    """Two digits after the point: a chart is read, not computed with."""
    return figure.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP) if abs(figure) < 10**12 else figure


def _chart(source: _Source, drawn: Block) -> Block:
    group, split, value = source.field("group_by"), source.field("split_by"), source.field("value")
    if group is None:  # pragma: no cover - asked before
        raise ValueError(drawn.title)
    found: dict[tuple[Cell, Cell], list[Cell]] = defaultdict(list)
    for row in source.person.world.selections.triples(source.table, source.clause, (group, split, value)):
        found[row[0], row[1]].append(row[2])
    figures = {place: _measured(cells, source.block.measure) for place, cells in found.items()}
    known = {place: figure for place, figure in figures.items() if figure is not None}
    names, splits = _names(source, group, [place[0] for place in known]), _names(source, split, [p[1] for p in known])
    totals = {key: sum((known.get((key, part), Decimal(0)) for part in splits), Decimal(0)) for key in names}
    order = _order(drawn.kind, group, names, totals)
    largest = max([abs(total) for total in totals.values()] or [Decimal(1)]) or Decimal(1)
    is_split = split is not None
    colours = _colours(split or group, list(splits) if is_split else order, is_split=is_split)
    categories = tuple(
        Category(
            name=names[key],
            text=_text(totals[key], value),
            bars=tuple(_bars(key, splits, known, largest, (value, colours, is_split))),
        )
        for key in order[:_GROUPS_MOST]
    )
    series = tuple((splits[key], colours[key]) for key in splits) if is_split else ()
    more = max(0, len(order) - _GROUPS_MOST)
    whole = _text(sum(totals.values(), Decimal(0)), value)
    done = replace(drawn, categories=categories, series=series, more=more, text=whole)
    if drawn.kind == BlockKind.LINE.value:
        return replace(done, curves=tuple(_curves(names, splits, known, value)))
    return replace(done, slices=tuple(_slices(order, names, totals, (value, colours))))


def _curves(
    names: Mapping[Cell, str],
    splits: Mapping[Cell, str],
    known: Mapping[tuple[Cell, Cell], Decimal],
    value: FieldDef | None,
) -> Iterator[Curve]:
    for part, series in splits.items():
        places = [(place, key, known[key, part]) for place, key in enumerate(names) if (key, part) in known]
        if not places:
            continue
        low, high = min(figure for *_, figure in places), max(figure for *_, figure in places)
        width, height = max(len(names) - 1, 1), high - low or Decimal(1)
        points = " ".join(
            f"{place * 100 // width},{27 - int((figure - low) * 24 / height)}" for place, _, figure in places
        )
        spoken = ", ".join(f"{names[key]}: {_text(figure, value)}" for _, key, figure in places)
        yield Curve(name=series, points=points, last=_text(places[-1][2], value), spoken=spoken)


def _slices(
    order: Sequence[Cell],
    names: Mapping[Cell, str],
    totals: Mapping[Cell, Decimal],
    look: tuple[FieldDef | None, Mapping[Cell, str]],
) -> Iterator[Bar]:
    value, colours = look
    whole = sum(totals.values(), Decimal(0)) or Decimal(1)
    start = 0
    for key in order:
        share = int((totals[key] * 100 / whole).to_integral_value())
        colour = colours.get(key, "blue")
        yield Bar(series=names[key], text=_text(totals[key], value), share=share, start=start, colour=colour)
        start += share


def _bars(
    key: Cell,
    splits: Mapping[Cell, str],
    known: Mapping[tuple[Cell, Cell], Decimal],
    largest: Decimal,
    look: tuple[FieldDef | None, Mapping[Cell, str], bool],
) -> list[Bar]:
    value, colours, is_split = look
    bars: list[Bar] = []
    start = Decimal(0)
    for part, series in splits.items():
        figure = known.get((key, part))
        if figure is None:
            continue
        share = abs(figure) * 100 / largest
        colour = colours[part if is_split else key]
        bars.append(Bar(series=series, text=_text(figure, value), share=int(share), start=int(start), colour=colour))
        start += share
    return bars


def _text(figure: Decimal, value: FieldDef | None) -> str:
    return str(int(figure)) if value is None else decimal_text(_short(figure), value)


def _names(source: _Source, field: FieldDef | None, cells: Sequence[Cell]) -> dict[Cell, str]:
    """Return value → name in the order in which people know them; one nameless value when there is no field."""
    if field is None:
        return {None: ""}
    reader = Reader(source.person, (), ())
    values = list(dict.fromkeys(cells))
    if field.kind in CHOICE_KINDS:
        places = {key: place for place, key in enumerate(field.options_by_id)}
        values.sort(key=lambda cell: places.get(cell or "", len(places)))
    else:
        values.sort(key=lambda cell: (cell is None, cell or ""))
    titles = (
        source.person.titles(field.target_table_id, [cell for cell in values if cell]) if field.target_table_id else {}
    )
    return {cell: titles.get(cell or "") or reader.name(cell, field) for cell in values}


def _order(kind: str, group: FieldDef, names: Mapping[Cell, str], totals: Mapping[Cell, Decimal]) -> list[Cell]:
    keys = list(names)
    if kind == BlockKind.LINE.value or group.kind in CHOICE_KINDS or group.family in {"date", "number"}:
        return keys
    return sorted(keys, key=lambda key: -totals[key])


def _colours(field: FieldDef, keys: Sequence[Cell], *, is_split: bool) -> dict[Cell, str]:
    found: dict[Cell, str] = {}
    for place, key in enumerate(keys):
        option = field.options_by_id.get(key or "")
        own = option.color if option is not None and option.color in COLOURS else None
        found[key] = own or (_SHADES[place % len(_SHADES)] if is_split or field.kind in CHOICE_KINDS else "blue")
    return found
