"""Cells as people read them. Names are looked up a page at a time, and only those that may be seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, FieldKind
from huoban_perf.sandbox.web.person import Person
from huoban_perf.sandbox.world.definitions import FILE_KINDS, RELATION_KINDS, FieldDef
from huoban_perf.sandbox.world.rows import Row
from huoban_perf.sandbox.world.values import number_text

COLOURS = frozenset({"red", "orange", "yellow", "green", "blue", "purple", "grey"})
_LONG = frozenset({FieldKind.TEXT_LONG, FieldKind.TEXT_RICH})
_HIDDEN = "(无权查看)"
EMPTY = "(未填)"
"""Heading of rows whose cell is empty."""


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a cell: a text, with a colour of ``COLOURS`` or an address on this site where it has one."""

    text: str
    colour: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One cell.

    Attributes:
        label: Name of the field.
        sort: How it is drawn: empty, text, long, number, progress, switch, tags, people, links or files.
        parts: What it says.
        share: For progress: hundredths of the whole, 0 to 100.
        help: The field's help, or empty.
    """

    label: str
    sort: str
    parts: tuple[Part, ...] = ()
    share: int = 0
    help: str = ""

    @property
    def text(self) -> str:
        """Everything it says, in one line."""
        return "、".join(part.text for part in self.parts)


class Reader:
    """Shows cells of rows to one person."""

    def __init__(self, person: Person, rows: Sequence[Row], fields: Iterable[FieldDef]) -> None:
        """Look up every name that the cells need.

        Args:
            person: Who reads.
            rows: The rows of one page.
            fields: The fields that will be shown; they are seen by the person.
        """
        self._person = person
        self._members = person.world.definitions.members(person.catalog.space_id)
        self._titles: dict[int, dict[str, str]] = {}
        self._files: dict[str, str] = {}
        for field in fields:
            ids = [entry for row in rows for entry in row.values.get(field.key) or ()] if field.family == "list" else []
            if field.kind in RELATION_KINDS and field.target_table_id is not None:
                known = self._titles.setdefault(field.target_table_id, {})
                known |= person.titles(field.target_table_id, [entry for entry in ids if entry not in known])
            elif field.kind in FILE_KINDS:
                told = person.world.files.told([int(entry) for entry in ids])
                self._files |= {str(key): file.name for key, file in told.items()}

    def cell(self, row: Row, field: FieldDef) -> Shown:
        """Return one cell."""
        value = row.values.get(field.key)
        sort, parts, share = ("empty", (), 0) if value is None else self._shown(value, field)
        return Shown(label=field.name, sort=sort, parts=parts, share=share, help=field.help or "")

    def name(self, value: str | None, field: FieldDef) -> str:
        """Return what one comparable value of a list field is called."""
        if value is None:
            return EMPTY
        if field.family == "list":
            return self._shown([value], field)[1][0].text
        if field.family == "switch":
            return "是" if value == "1" else "否"
        return decimal_text(Decimal(value), field) if field.family == "number" else value

    def _shown(self, value: Any, field: FieldDef) -> tuple[str, tuple[Part, ...], int]:
        if field.family == "list":
            return self._listed(value, field)
        if field.family == "number":
            share = max(0, min(100, int(Decimal(value) * 100))) if field.kind is FieldKind.PROGRESS else 0
            sort = "progress" if field.kind is FieldKind.PROGRESS else "number"
            return sort, (Part(decimal_text(Decimal(value), field)),), share
        if field.family == "switch":
            return "switch", (Part("是" if value else "否"),), 0
        if field.family == "date":
            return "text", (Part(str(value)[:16]),), 0
        return "long" if field.kind in _LONG else "text", (Part(str(value)),), 0

    def _listed(self, ids: Sequence[str], field: FieldDef) -> tuple[str, tuple[Part, ...], int]:
        if field.kind in CHOICE_KINDS:
            options = [field.options_by_id[entry] for entry in ids if entry in field.options_by_id]
            colours = [option.color if option.color in COLOURS else "" for option in options]
            parts = tuple(Part(option.name, colour or "") for option, colour in zip(options, colours, strict=True))
            return "tags", parts or (Part("(已删除的选项)"),), 0
        if field.kind in MEMBER_KINDS:
            return "people", tuple(Part(self._members.get(entry, "(已离开)")) for entry in ids), 0
        if field.kind in RELATION_KINDS:
            known = self._titles.get(field.target_table_id or 0, {})
            return "links", tuple(_link(entry, known.get(entry)) for entry in ids), 0
        return "files", tuple(Part(self._files.get(entry, "附件"), href=f"/file/{entry}") for entry in ids), 0


def _link(item_id: str, title: str | None) -> Part:
    return Part(_HIDDEN) if title is None else Part(title, href=f"/r/{item_id}")


def decimal_text(value: Decimal, field: FieldDef) -> str:
    """Return a number as people read it: percentages and progress in hundredths, money with separators."""
    if field.kind in {FieldKind.PERCENT, FieldKind.PROGRESS}:
        return f"{number_text(value * 100)}%"
    if field.kind is FieldKind.MONEY:
        return f"{value:,f}"
    return number_text(value)


def day_of(value: Any) -> str:
    """Return the day of a kept date or moment, or nothing."""
    text = str(value or "")[:10]
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text
