"""One item as its person sees it: fields, what can be done with it, and what relates to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.core.rules import FieldOf, ThisRow
from huoban_perf.core.schema import CHOICE_KINDS, FieldKind
from huoban_perf.core.schema.automations import AutomationSpec, OnButton, OpenPage
from huoban_perf.core.schema.machines import REASON_FIELD, RESULT_FIELD
from huoban_perf.core.schema.roles import Right
from huoban_perf.core.schema.views import ViewSpec
from huoban_perf.core.values import Value, Values
from huoban_perf.sandbox.web.catalog import Kept
from huoban_perf.sandbox.web.grids import Line
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.port import Behaviour, Offer
from huoban_perf.sandbox.web.questions import kept_of
from huoban_perf.sandbox.web.showing import Reader, Shown
from huoban_perf.sandbox.world.definitions import RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.refusals import GoneError
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.selections import Cut, joined
from huoban_perf.sandbox.world.spoken import neutral

RELATED = 10
_RELATED_COLUMNS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of fields under one heading; empty for the first."""

    heading: str
    cells: tuple[Shown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Items of another table that point here.

    Attributes:
        table: Their table.
        field: The relation by which they do.
        columns: Fields shown.
        lines: The first of them.
        count: How many there are.
    """

    table: TableDef
    field: FieldDef
    columns: tuple[FieldDef, ...]
    lines: tuple[Line, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Doable:
    """An action that the person can take now."""

    offer: Offer
    field: FieldDef
    option_id: str


@dataclass(frozen=True, kw_only=True)
class Detail:
    """One item, drawn.

    Attributes:
        row: The item.
        table: Its table.
        title: Its name.
        status: The cell of its state, or None.
        parts: Its filled fields.
        empty: Names of the seen fields that are empty.
        actions: What the person can do now.
        result: What came of the last action, or empty.
        forms: Forms to be filled in for it.
        buttons: Buttons; True beside one that opens a page.
        related: What points here.
        may_edit: Whether any field can be changed.
        may_delete: Whether it can be removed.
    """

    row: Row
    table: TableDef
    title: str
    status: Shown | None
    parts: tuple[Part, ...]
    empty: tuple[str, ...]
    actions: tuple[Doable, ...]
    result: str
    forms: tuple[Kept, ...]
    buttons: tuple[tuple[Kept, bool], ...]
    related: tuple[Related, ...] = field(default=())
    may_edit: bool = False
    may_delete: bool = False

    @property
    def asks_for_reason(self) -> bool:
        """Whether any action takes a reason."""
        return any(one.offer.needs_reason for one in self.actions)


def open_record(person: Person, row: Row, behaviour: Behaviour) -> Detail:
    """Return an item as a person sees it.

    Args:
        person: Who looks.
        row: An item that the person sees.
        behaviour: Which actions its state offers.
    """
    table = person.catalog.tables[row.table_id]
    governed = behaviour.governs(table.alias)
    fields = [one for one in person.fields(table) if one.alias not in governed]
    reader = Reader(person, [row], fields)
    status = next((one for one in fields if one.alias == "status"), None)
    title = table.title
    shown = row.title if title is None or person.sees_field(title) else ""
    return Detail(
        row=row,
        table=table,
        title=shown or f"#{row.item_id}",
        status=None if status is None else reader.cell(row, status),
        parts=tuple(_parts(fields, row, reader)),
        empty=tuple(one.name for one in fields if one.key not in row.values and one.kind is not FieldKind.SEPARATOR),
        actions=tuple(doable(person, row, behaviour)),
        result=_result(person, table, row),
        forms=tuple(kept for kept, form in person.forms(table, creating=False) if person.fits(form.rows, row)),
        buttons=tuple(_buttons(person, row)),
        related=tuple(_related(person, row)),
        may_edit=any(person.edits(one) for one in fields),
        may_delete=person.may(Right.DELETE, table),
    )


def _parts(fields: list[FieldDef], row: Row, reader: Reader) -> Iterator[Part]:
    heading = ""
    cells: list[Shown] = []
    for one in fields:
        if one.kind is FieldKind.SEPARATOR:
            if cells:
                yield Part(heading=heading, cells=tuple(cells))
            heading, cells = one.name, []
        elif one.key in row.values:
            cells.append(reader.cell(row, one))
    if cells:
        yield Part(heading=heading, cells=tuple(cells))


def _result(person: Person, table: TableDef, row: Row) -> str:
    found = table.by_alias.get(RESULT_FIELD)
    return str(row.values.get(found.key) or "") if found is not None and person.sees_field(found) else ""


# --- actions ----------------------------------------------------------------------------------------------------------


def aliased(row: Row, table: TableDef) -> Values:
    """Return a row by aliases: field alias → neutral value, choices by the alias of their option."""
    found: dict[str, Value] = {}
    for one in table.fields:
        value = neutral(row.values.get(one.key), one)
        if one.kind in CHOICE_KINDS and isinstance(value, tuple):
            keys = tuple(one.options_by_id[entry].alias for entry in value if entry in one.options_by_id)
            value = keys if one.kind is FieldKind.CHOICES else (keys[0] if keys else None)
        if one.alias:
            found[one.alias] = value
    return found


def doable(person: Person, row: Row, behaviour: Behaviour) -> Iterator[Doable]:
    """Yield the actions that a person can take on an item now: offered by its state, to this person, and permitted."""
    table = person.catalog.tables[row.table_id]
    values = aliased(row, table)
    for offer in behaviour.offers(table.alias, values):
        one = table.by_alias.get(offer.field)
        option = None if one is None else one.options_by_alias.get(offer.option)
        if one is not None and option is not None and person.edits(one) and _is_offered_to(person, offer, values):
            yield Doable(offer=offer, field=one, option_id=option)


def _is_offered_to(person: Person, offer: Offer, values: Values) -> bool:
    me = str(person.user_id)
    holders = (values.get(alias) for alias in offer.member_fields)
    if any(isinstance(value, tuple) and me in value for value in holders):
        return True
    return person.roles is None or bool(person.roles & set(offer.roles))


def reason_field(table: TableDef) -> FieldDef | None:
    """Return the field that takes the reason of an action."""
    return table.by_alias.get(REASON_FIELD)


# --- buttons ----------------------------------------------------------------------------------------------------------


def _buttons(person: Person, row: Row) -> Iterator[tuple[Kept, bool]]:
    for kept in person.catalog.buttons.get(row.table_id, []):
        try:
            spec = button(person, row, kept.number)
        except GoneError:
            continue
        yield kept, _opened(spec) is not None and len(spec.steps) == 1


def button(person: Person, row: Row, number: int) -> AutomationSpec:
    """Return a button that a person can press on an item; GoneError otherwise."""
    kept = person.catalog.kept.get(number)
    spec = None if kept is None else kept.declared
    if not isinstance(spec, AutomationSpec) or not isinstance(spec.trigger, OnButton) or kept is None:
        raise GoneError
    held = person.roles
    if kept.place != row.table_id or (held is not None and not held & set(spec.trigger.roles)):
        raise GoneError
    if not person.fits(spec.rows, row):
        raise GoneError
    return spec


def _opened(spec: AutomationSpec) -> OpenPage | None:
    return next((step for step in spec.steps if isinstance(step, OpenPage)), None)


def opened_by(spec: AutomationSpec, person: Person, row: Row) -> tuple[TableDef, dict[str, Any]] | None:
    """Return the table of the page that a button opens, and field id → kept value it starts with.

    Args:
        spec: The button.
        person: Who presses; nothing is filled in that the person may not see.
        row: The item.

    Returns:
        None when it opens no page.
    """
    step = _opened(spec)
    table = None if step is None else person.catalog.by_alias.get(step.table.key)
    if step is None or table is None:
        return None
    start: dict[str, Any] = {}
    for assignment in step.values:
        one = table.by_alias.get(assignment.field.key)
        if one is not None:
            start[one.key] = _started(assignment.value, one, person, row)
    return table, {key: value for key, value in start.items() if value is not None}


def _started(value: object, one: FieldDef, person: Person, row: Row) -> Any:
    if isinstance(value, ThisRow):
        return [str(row.item_id)]
    if not isinstance(value, FieldOf):
        return kept_of(value, one, person)
    here, found = row, None
    for step in value.path:
        source = person.catalog.tables[here.table_id].by_alias.get(step.key)
        if source is None or not person.sees_field(source):
            return None
        found = here.values.get(source.key)
        if source.kind in RELATION_KINDS and step is not value.path[-1]:
            following = person.read([int(entry) for entry in found or ()])
            if not following:
                return None
            here = following[0]
    return found


# --- related items ----------------------------------------------------------------------------------------------------


def _related(person: Person, row: Row) -> Iterator[Related]:
    for one in person.world.definitions.relations_to(row.table_id):
        table = person.catalog.tables.get(one.table_id)
        if table is None or not person.sees_table(table) or not person.sees_field(one):
            continue
        found = related(person, table, one, row, cut=Cut(limit=RELATED))
        if found.count:
            yield found


def related(person: Person, table: TableDef, one: FieldDef, row: Row, *, cut: Cut) -> Related:
    """Return the items of a table that point to an item, as far as the person sees them."""
    selections = person.world.selections
    clause = joined("AND", [selections.holding(one, str(row.item_id)), person.clause(table)])
    rows = person.read(selections.page(table, clause, order=(), cut=cut))
    columns = tuple(_columns(person, table, one))
    reader = Reader(person, rows, columns)
    named = table.title is None or person.sees_field(table.title)
    lines = tuple(
        Line(
            item_id=entry.item_id,
            title=(entry.title if named else "") or f"#{entry.item_id}",
            cells=tuple(reader.cell(entry, column) for column in columns),
        )
        for entry in rows
    )
    return Related(table=table, field=one, columns=columns, lines=lines, count=selections.count(table, clause))


def _columns(person: Person, table: TableDef, but: FieldDef) -> list[FieldDef]:
    """The columns that tell such items apart: those of the person's first view, else the first fields."""
    views = [kept.declared for kept in person.views(table)]
    named = [address.key for view in views[:1] if isinstance(view, ViewSpec) for address in view.fields]
    fields: Mapping[str, FieldDef] = {one.alias: one for one in person.fields(table)}
    chosen = [fields[alias] for alias in named if alias in fields] or person.fields(table)
    return [one for one in chosen if one not in {but, table.title} and one.kind is not FieldKind.SEPARATOR][
        :_RELATED_COLUMNS
    ]
