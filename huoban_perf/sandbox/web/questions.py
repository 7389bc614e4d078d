"""Forms as a person fills them in: what is asked, with which choices, and what is wrong with an answer.

A question is about a field that the person sees; it can be answered when the person may also change it. Choices of a
relation are items that the person sees, so that a picker tells no more than a list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from huoban_perf.core.rules import FieldOf, Me, Today
from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.sandbox.web.answers import Answer
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.web.showing import Reader, Shown
from huoban_perf.sandbox.world.definitions import FILE_KINDS, RELATION_KINDS, FieldDef, TableDef
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.selections import Cut, SortKey
from huoban_perf.sandbox.world.values import number_text

CHOICES_MOST = 200
_RADIOS_MOST = 7
_BRIEF = 7
_HUNDREDTHS = frozenset({FieldKind.PERCENT, FieldKind.PROGRESS})
_INPUTS: Mapping[FieldKind, str] = {
    FieldKind.TEXT_LONG: "long",
    FieldKind.TEXT_RICH: "long",
    FieldKind.DATE: "date",
    FieldKind.DATETIME: "datetime-local",
    FieldKind.SWITCH: "switch",
    FieldKind.EMAIL: "email",
    FieldKind.PHONE: "tel",
}
_UNASKED = frozenset({FieldKind.SIGNATURE, FieldKind.LOCATION, FieldKind.SEPARATOR})
"""Kinds that these pages show and do not take."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice: what is sent, and what is read."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        field: What it is about.
        control: How it is asked: text, long, number, date, datetime-local, switch, email, tel, radio, select, several,
            lookup, files, or shown (not asked).
        help: Said beside it.
        required: Whether an empty answer is refused.
        choices: For radio, select, several and lookup.
        value: What the boxes hold: text, or the values that are picked.
        shown: The cell as read, for a question that is not asked.
        error: What is wrong with the answer, or empty.
    """

    field: FieldDef
    control: str
    help: str = ""
    required: bool = False
    choices: tuple[Choice, ...] = ()
    value: str | tuple[str, ...] = ""
    shown: Shown | None = None
    error: str = ""

    @property
    def name(self) -> str:
        """Name of its boxes."""
        return f"f{self.field.field_id}"

    @property
    def is_percent(self) -> bool:
        """Whether it is asked in hundredths."""
        return self.field.kind in _HUNDREDTHS

    @property
    def is_brief(self) -> bool:
        """Whether the choices are short enough to stand side by side."""
        return all(len(choice.label) <= _BRIEF for choice in self.choices)

    def holds(self, value: str) -> bool:
        """Return whether a choice is picked."""
        return value in self.value if isinstance(self.value, tuple) else value == self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form with its questions.

    Attributes:
        title: Its name.
        table: Where the answers go.
        row: The item that is filled in, or None for a new one.
        intro: Said above.
        thanks: Said after sending.
        questions: In order.
    """

    title: str
    table: TableDef
    row: Row | None = None
    intro: str = ""
    thanks: str = ""
    questions: tuple[Question, ...] = field(default=())

    @property
    def problems(self) -> list[Question]:
        """The questions whose answer is wrong."""
        return [one for one in self.questions if one.error]

    def with_errors(self, errors: Mapping[str, str]) -> Sheet:
        """Return the sheet with errors by field id."""
        marked = tuple(replace(one, error=errors.get(one.field.key, one.error)) for one in self.questions)
        return replace(self, questions=marked)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Lays out sheets for one person.

    Attributes:
        person: Who answers.
        public: Whether this is a stranger behind a link: no names of people or items are offered then.
        left_out: Aliases of fields that are not asked here (a state machine has them).
    """

    person: Person
    public: bool = False
    left_out: frozenset[str] = frozenset()

    def sheet(self, form: FormSpec, table: TableDef, row: Row | None, start: Mapping[str, Any]) -> Sheet:
        """Return a form of the template.

        Args:
            form: The form.
            table: Its table.
            row: The item that is filled in, or None.
            start: Field id → kept value that the questions start with.
        """
        begun = {**start, **(row.values if row is not None else {})}
        questions = list(self._of_form(form, table, row, begun))
        return Sheet(
            title=form.labels.zh,
            table=table,
            row=row,
            intro=form.intro.zh if form.intro else "",
            thanks=form.thanks.zh if form.thanks else "",
            questions=tuple(questions),
        )

    def _of_form(
        self, form: FormSpec, table: TableDef, row: Row | None, begun: Mapping[str, Any]
    ) -> Iterator[Question]:
        for spec in form.fields:
            found = table.by_alias.get(spec.field.key)
            if found is None or found.alias in self.left_out or not self.person.sees_field(found):
                continue
            value = begun.get(found.key)
            if value is None and row is None:
                value = prefilled(spec, found, self.person)
            asked = self._question(found, value, row, is_shown=spec.read_only)
            help_ = spec.help.zh if spec.help else found.help or ""
            if asked is not None:
                required = (spec.required or found.required) and asked.control != "shown"
                yield replace(asked, help=help_, required=required)

    def plain(self, table: TableDef, row: Row | None, start: Mapping[str, Any], *, title: str) -> Sheet:
        """Return the sheet of every field that the person may change."""
        begun = {**start, **(row.values if row is not None else {})}
        fields = [one for one in self.person.fields(table) if self.person.edits(one) and one.alias not in self.left_out]
        asked = [self._question(one, begun.get(one.key), row, is_shown=False) for one in fields]
        questions = tuple(replace(one, required=one.field.required) for one in asked if one and one.control != "shown")
        return Sheet(title=title, table=table, row=row, questions=questions)

    def _question(self, one: FieldDef, value: Any, row: Row | None, *, is_shown: bool) -> Question | None:
        is_strange = self.public and one.kind in RELATION_KINDS | MEMBER_KINDS | FILE_KINDS
        if is_shown or not self.person.edits(one) or one.kind in _UNASKED or is_strange:
            if row is None or is_strange:
                return None
            shown = Reader(self.person, [row], [one]).cell(row, one)
            return Question(field=one, control="shown", shown=shown, help=one.help or "")
        if one.kind in FILE_KINDS:
            kept = Reader(self.person, [row], [one]).cell(row, one).parts if row is not None else ()
            choices = tuple(Choice(key, part.text) for key, part in zip(value or (), kept, strict=False))
            return Question(field=one, control="files", help=one.help or "", choices=choices, value=tuple(value or ()))
        if one.family == "list":
            return self._picked(one, tuple(value or ()))
        control = _INPUTS.get(one.kind, "number" if one.family == "number" else "text")
        return Question(field=one, control=control, help=one.help or "", value=_box(value, one))

    def _picked(self, one: FieldDef, value: tuple[str, ...]) -> Question:
        choices = tuple(self._choices(one, value))
        control = "several" if one.holds_several else "select"
        if len(choices) > CHOICES_MOST:
            known = {choice.value: choice.label for choice in choices}
            text = "、".join(known[entry] for entry in value if entry in known)
            some = tuple(Choice(choice.label, choice.label) for choice in choices[:CHOICES_MOST])
            return Question(field=one, control="lookup", help=one.help or "", choices=some, value=text)
        if control == "select" and one.kind in CHOICE_KINDS and len(choices) <= _RADIOS_MOST:
            control = "radio"
        return Question(field=one, control=control, help=one.help or "", choices=choices, value=value)

    def _choices(self, one: FieldDef, value: Sequence[str]) -> Iterable[Choice]:
        if one.kind in CHOICE_KINDS:
            return [Choice(key, option.name) for key, option in one.options_by_id.items()]
        if one.kind in MEMBER_KINDS:
            members = self.person.world.definitions.members(self.person.catalog.space_id)
            return [Choice(key, name) for key, name in members.items()]
        return self._items(one, value)

    def _items(self, one: FieldDef, value: Sequence[str]) -> Iterator[Choice]:
        """Yield items that a relation may point to, by name: one more than is offered when there are many."""
        person, target = self.person, self.person.catalog.tables.get(one.target_table_id or 0)
        if target is None or not person.sees_table(target):
            return
        order = [SortKey(target.title)] if target.title is not None and person.sees_field(target.title) else []
        found = person.world.selections.page(
            target, person.clause(target), order=order, cut=Cut(limit=CHOICES_MOST + 1)
        )
        ids = list(dict.fromkeys([*value, *map(str, found)]))
        titles = person.titles(target.table_id, ids)
        yield from (Choice(item_id, titles[item_id]) for item_id in ids if item_id in titles)

    def answered(self, sheet: Sheet, answer: Answer) -> tuple[Sheet, dict[str, Any]]:
        """Read what was sent.

        Args:
            sheet: What was asked.
            answer: What came.

        Returns:
            The sheet with what the person wrote and every error, and field id → value in the form of the API for the
            answers that are right.
        """
        fields: dict[str, Any] = {}
        questions = []
        for one in sheet.questions:
            if one.control == "shown":
                questions.append(one)
                continue
            read = answer.read(one, resolve=self._resolve)
            questions.append(replace(one, value=read.box, error=read.error))
            if not read.error:
                fields[one.field.key] = read.value
        return replace(sheet, questions=tuple(questions)), fields

    def _resolve(self, one: FieldDef, name: str) -> list[str]:
        """Return the ids of what a person may mean by a name."""
        if one.kind in MEMBER_KINDS:
            members = self.person.world.definitions.members(self.person.catalog.space_id)
            return [key for key, known in members.items() if known == name]
        sql = "SELECT item_id FROM items WHERE table_id = ? AND title = ? LIMIT 20"
        rows = self.person.world.store.rows(sql, one.target_table_id, name)
        return list(self.person.titles(one.target_table_id or 0, [str(row[0]) for row in rows]))


def prefilled(spec: FormFieldSpec, one: FieldDef, person: Person) -> Any:
    """Return the kept value that a question of a new item starts with, or None."""
    return kept_of(spec.prefill, one, person)


def kept_of(value: Any, one: FieldDef, person: Person) -> Any:
    """Return a value of a template as the world keeps it: *me*, *today*, an option's word, a plain value."""
    match value:
        case None | FieldOf():
            return None
        case Me():
            return [str(person.user_id)]
        case Today():
            return person.moment.today.isoformat()
        case str() if one.kind in CHOICE_KINDS:
            return [one.options_by_alias[value]] if value in one.options_by_alias else None
        case tuple() if one.kind in CHOICE_KINDS:
            return [one.options_by_alias[key] for key in value if key in one.options_by_alias]
        case tuple():
            return list(value)
        case _:
            return value


def _box(value: Any, one: FieldDef) -> str:
    if value is None:
        return ""
    if one.family == "number":
        return number_text(value * 100 if one.kind in _HUNDREDTHS else value)
    if one.family == "switch":
        return "1" if value else ""
    return str(value)[:16].replace(" ", "T") if one.kind is FieldKind.DATETIME else str(value)
