"""The site: one person's request from the world and back, without HTTP; ``face`` gives it addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema.forms import FormSpec
from huoban_perf.core.schema.roles import Right
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.sandbox.web.answers import Answer
from huoban_perf.sandbox.web.catalog import Catalog
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.port import Behaviour, NoBehaviour
from huoban_perf.sandbox.web.questions import Desk, Question, Sheet
from huoban_perf.sandbox.web.records import Doable, button, doable, opened_by, reason_field
from huoban_perf.sandbox.web.writing import Pen
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.refusals import GoneError, NoRightError, ValuesRefusedError
from huoban_perf.sandbox.world.rows import API_USER, Row
from huoban_perf.sandbox.world.state import World
from huoban_perf.sandbox.world.values import compared

_OWN_COLUMNS = 8
_STALE = "这条数据刚被别人改过, 您看到的是旧内容; 请核对后再保存"


class ProblemsError(Exception):
    """A sheet that cannot be taken as it is filled in; nothing was written."""

    def __init__(self, sheet: Sheet, said: str = "") -> None:
        """Keep the sheet with its errors, and what is wrong with it as a whole."""
        super().__init__(said)
        self.sheet = sheet
        self.said = said


@dataclass(frozen=True, slots=True)
class Picked:
    """An action as picked: ``<field id>:<option id>``, and 操作说明 or nothing."""

    choice: str
    reason: str


class ReasonMissingError(Exception):
    """An action that asks for a reason came without one; nothing was written."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A sheet to be filled in, with what it came from.

    Attributes:
        sheet: The questions.
        start: Field id → kept value that a new item gets besides, where nobody is asked.
        form: The form of the template, or None.
        actions: What can be done in the same step: the actions that the form itself lists.
    """

    sheet: Sheet
    start: Mapping[str, Any] = field(default_factory=dict)
    form: FormSpec | None = None
    actions: tuple[Doable, ...] = ()


class Site:
    """What the pages do."""

    def __init__(self, world: World, behaviour: Behaviour | None = None) -> None:
        """Take the world and what happens beyond it."""
        self.world = world
        self.behaviour = behaviour or NoBehaviour()
        self._catalogs: dict[int, tuple[int, Catalog]] = {}

    def catalog(self, space_id: int) -> Catalog:
        """Return what stands in a workspace; to be used inside a call."""
        revision = self.world.definitions.revision
        known = self._catalogs.get(space_id)
        if known is None or known[0] != revision:
            known = (revision, Catalog(self.world, space_id))
            self._catalogs[space_id] = known
        return known[1]

    def prepare(self) -> None:
        """Index what views and permissions ask for, so that nobody's first page waits for it."""
        with self.world.control():
            for space_id, _ in self.world.definitions.spaces():
                for fields in self.catalog(space_id).searched().values():
                    self.world.cells.ensure(*fields)

    @contextmanager
    def seen_by(self, user_id: int, space_id: int) -> Iterator[Person]:
        """Look at the world as a person, for the length of a block; GoneError for somebody who is not there."""
        with self.world.control():
            yield self._person(user_id, space_id)

    @contextmanager
    def written_by(self, user_id: int, space_id: int) -> Iterator[tuple[Person, Pen]]:
        """Look at the world as a person and write to it: everything in the block happens, or nothing."""
        with self.world.call("web", writes=True) as call:
            pen = Pen(world=self.world, call=call, space_id=space_id, user_id=user_id)
            yield self._person(user_id, space_id), pen

    def _person(self, user_id: int, space_id: int) -> Person:
        name = "" if user_id == API_USER else self.world.definitions.members(space_id).get(str(user_id))
        if name is None:
            raise GoneError
        return Person(world=self.world, catalog=self.catalog(space_id), user_id=user_id, name=name)

    # --- sheets ------------------------------------------------------------------------------------------------

    def desk(self, person: Person, table: TableDef) -> Desk:
        """Return who lays out sheets of a table: a state machine's own fields are not asked in them."""
        return Desk(person=person, left_out=self.behaviour.governs(table.alias))

    def creating(self, person: Person, table: TableDef, *, form: int | None, start: Mapping[str, Any]) -> Asked:
        """Return the sheet of a new item.

        Args:
            person: Who makes it.
            table: Where.
            form: Number of a form, or None: the first one made for the person, else every field that may be filled in.
            start: Field id → kept value.

        Raises:
            GoneError: No such form for this person.
            NoRightError: The person may add nothing there.
        """
        if not person.may(Right.CREATE, table):
            raise NoRightError
        forms = list(person.forms(table, creating=True))
        chosen = next((found for found in forms if form is None or found[0].number == form), None)
        if form is not None and chosen is None:
            raise GoneError
        desk = self.desk(person, table)
        spec = chosen[1] if chosen is not None else None
        sheet = (
            desk.sheet(spec, table, None, start) if spec else desk.plain(table, None, start, title=f"新建{table.name}")
        )
        return Asked(sheet=sheet, start=start, form=spec)

    def started(self, person: Person, *, by: int, item: int) -> tuple[TableDef, dict[str, Any]]:
        """Return where a button leads and what it fills in; GoneError when it is not this person's."""
        row = person.row(item)
        found = opened_by(button(person, row, by), person, row)
        if found is None:
            raise GoneError
        return found

    def filling(self, person: Person, row: Row, *, form: int) -> Asked:
        """Return the sheet of a form for an item; GoneError when it is not for this person or not for this item."""
        table = person.catalog.tables[row.table_id]
        for kept, spec in person.forms(table, creating=False):
            if kept.number == form and person.fits(spec.rows, row):
                listed = {one.field.key for one in spec.fields}
                offered = doable(person, row, self.behaviour)
                actions = tuple(one for one in offered if one.field.alias in listed and not one.offer.needs_reason)
                return Asked(sheet=self.desk(person, table).sheet(spec, table, row, {}), form=spec, actions=actions)
        raise GoneError

    def editing(self, person: Person, row: Row) -> Asked:
        """Return the sheet of every field of an item that the person may change."""
        table = person.catalog.tables[row.table_id]
        return Asked(sheet=self.desk(person, table).plain(table, row, {}, title="修改"))

    def public_space(self, number: int) -> int:
        """Return the workspace of a form that is answered without an account; GoneError when there is none."""
        with self.world.control():
            for space_id, _ in self.world.definitions.spaces():
                kept = self.catalog(space_id).kept.get(number)
                if kept is not None and isinstance(kept.declared, FormSpec) and kept.declared.public:
                    return space_id
        raise GoneError

    @staticmethod
    def public(stranger: Person, number: int, *, token: str) -> Asked:
        """Return the sheet of a public form.

        Args:
            stranger: The API, for whom everything is there; the sheet asks the form's own questions only.
            number: Of the form.
            token: What the link carries, or empty.
        """
        kept = stranger.catalog.kept[number]
        form = kept.declared
        if not isinstance(form, FormSpec) or not form.public:
            raise GoneError
        table = stranger.catalog.tables[kept.place]
        held = None if form.token is None else table.by_alias.get(form.token.key)
        start = {held.key: token} if held is not None and token else {}
        sheet = Desk(person=stranger, public=True).sheet(form, table, None, start)
        return Asked(sheet=sheet, form=form)

    def file(self, person: Person, number: int) -> tuple[str, bytes]:
        """Return name and content of a file that the person uploaded or sees in an item; GoneError otherwise."""
        told = self.world.files.told([number]).get(str(number))
        reaches = told is not None and self.world.accesses.reaches_file(
            number, uploader=told.created_by, space_id=person.catalog.space_id, user_id=person.user_id
        )
        if told is None or not reaches:
            raise GoneError
        return told.name, self.world.files.content(number)

    # --- writing -----------------------------------------------------------------------------------------------

    def create(self, pen: Pen, person: Person, asked: Asked, answer: Answer) -> int:
        """Make an item of what was answered and return its id; ProblemsError when something is wrong with it."""
        sheet, fields = self._right(Desk(person=person, public=person.user_id == API_USER), asked.sheet, answer)
        besides = {
            one.key: asked.start[one.key]
            for one in sheet.table.fields
            if one.key in asked.start and one.key not in fields and person.edits(one)
        }
        given = {key: value for key, value in {**besides, **fields}.items() if value is not None}
        self._check_token(asked, sheet, given)
        try:
            return pen.create(sheet.table, given)
        except ValuesRefusedError as error:
            raise _problems(sheet, error) from error

    def _check_token(self, asked: Asked, sheet: Sheet, given: Mapping[str, Any]) -> None:
        """Let a token of a public form be used once."""
        token = None if asked.form is None or asked.form.token is None else asked.form.token.key
        one = None if token is None else sheet.table.by_alias.get(token)
        if one is not None and one.key in given and self.world.cells.equal(one, compared(given[one.key], one)):
            raise ProblemsError(sheet.with_errors({one.key: "这个码已经用过了; 每个码只能提交一次"}))

    def change(self, pen: Pen, person: Person, asked: Asked, answer: Answer, *, seen: str) -> None:
        """Write what was answered about an item, only what differs.

        Args:
            pen: Writes.
            person: Who answered.
            asked: The sheet.
            answer: What came.
            seen: When the item had last been changed when the sheet was shown.

        Raises:
            ProblemsError: An answer is wrong, or the item has changed since.
        """
        sheet, fields = self._right(Desk(person=person), asked.sheet, answer)
        row = sheet.row
        if row is None:  # pragma: no cover - only called for items
            raise GoneError
        if seen != row.updated_on:
            raise ProblemsError(sheet, _STALE)
        changed = {key: value for key, value in fields.items() if _differs(value, row.values.get(key))}
        try:
            if changed:
                pen.update(row.item_id, changed)
        except ValuesRefusedError as error:
            raise _problems(sheet, error) from error

    @staticmethod
    def _right(desk: Desk, sheet: Sheet, answer: Answer) -> tuple[Sheet, dict[str, Any]]:
        read, fields = desk.answered(sheet, answer)
        if read.problems:
            raise ProblemsError(read)
        return read, fields

    def act(self, pen: Pen, person: Person, row: Row, *, picked: Picked) -> None:
        """Take an action on an item.

        Args:
            pen: Writes.
            person: Who acts.
            row: The item.
            picked: The action.

        Raises:
            NoRightError: It is not offered to this person now.
            ReasonMissingError: It needs a reason.
        """
        offered = {f"{one.field.key}:{one.option_id}": one for one in doable(person, row, self.behaviour)}
        chosen = offered.get(picked.choice)
        if chosen is None:
            raise NoRightError
        if chosen.offer.needs_reason and not picked.reason:
            raise ReasonMissingError
        fields: dict[str, Any] = {chosen.field.key: [chosen.option_id]}
        told = reason_field(person.catalog.tables[row.table_id])
        if told is not None and picked.reason and person.edits(told):
            fields[told.key] = picked.reason
        pen.update(row.item_id, fields)


def own_view(person: Person, table: TableDef) -> ViewSpec:
    """Return a view of all that a person sees of a table, for a table without one made for the person."""
    shown = [one for one in person.fields(table) if one.alias and one != table.title][:_OWN_COLUMNS]
    return ViewSpec(
        address=Address(ObjectKind.VIEW, ("t", "all")),
        labels=Labels("全部", "All"),
        kind=ViewKind.GRID,
        roles=(),
        fields=tuple(field_address("t", one.alias) for one in shown),
    )


def _differs(value: Any, kept: Any) -> bool:
    if value in (None, "", [], False) and kept in (None, "", []):
        return False
    return bool(value != kept)


def _problems(sheet: Sheet, error: ValuesRefusedError) -> ProblemsError:
    """Say at each question what the world did not take; what nobody is asked is said above."""
    asked: dict[str, Question] = {one.field.key: one for one in sheet.questions}
    reasons = {key: _chinese(reason) for key, reason in error.problems}
    others = [
        f"{sheet.table.by_key[key].name}: {reason}" if key in sheet.table.by_key else reason
        for key, reason in reasons.items()
        if key not in asked
    ]
    return ProblemsError(
        sheet.with_errors({key: one for key, one in reasons.items() if key in asked}), "; ".join(others)
    )


def _chinese(reason: str) -> str:
    for word, said in (
        ("required", "请填写"),
        ("another item", "已有另一条数据用了这个值"),
        ("no right", "您无权修改这一项"),
    ):
        if word in reason:
            return said
    return "填的内容不合要求"
