"""What stands in a cell of an exported workbook, and back: neutral values ⇄ what Excel shows.

A column knows its field, the words of its options and the names of what it relates to. Whatever cannot come back as it
went out (a text beyond Excel's length, an odd character, a number beyond its fifteen digits, two things of one name) is
shown but fixed.

Source: issue 8 point 3; scoring.md S0 (Excel keeps 15 significant digits).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from huoban_perf.core.errors import FactValue
from huoban_perf.core.schema import CHOICE_KINDS, MEMBER_KINDS, NUMBER_KINDS, TEXT_KINDS, FieldKind, FieldSpec
from huoban_perf.core.values import CHINA, Value

Cell = str | int | float | Decimal | date | datetime | bool | None
"""What a spreadsheet library reads or takes."""

LONGEST: Final = 32_000
"""Characters of a cell; Excel takes 32,767, the baseline needs a few more than the cell."""

_SEPARATOR: Final = "; "
_UNFIT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
"""What no cell can hold, and what Excel reads as such a character."""
_YES, _NO = "是", "否"
_RELATED = frozenset({FieldKind.RELATION})
_BY_HAND = TEXT_KINDS - {FieldKind.TEXT_RICH} | NUMBER_KINDS | CHOICE_KINDS | MEMBER_KINDS | _RELATED
_BY_HAND |= {FieldKind.SWITCH, FieldKind.DATE, FieldKind.DATETIME}
SHOWN: Final = _BY_HAND | {
    FieldKind.TEXT_RICH, FieldKind.FORMULA, FieldKind.ROLLUP, FieldKind.ATTACHED, FieldKind.AUTO_NUMBER,
}  # fmt: skip
"""Kinds that a workbook shows; files, signatures, places and headings it does not."""


class CellError(Exception):
    """A cell does not hold what its column takes.

    Attributes:
        code: Message id.
        facts: Placeholders.
    """

    def __init__(self, code: str, facts: Mapping[str, FactValue]) -> None:
        """Keep code and facts."""
        super().__init__(code)
        self.code, self.facts = code, facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a workbook.

    Attributes:
        spec: The field.
        editable: Whether people may change it here.
        names: Stored word (option key, item id, member id) → what the cell shows; empty for other kinds.
        offered: Words of the drop-down, in order; empty: no drop-down.
        meant: Shown word → stored words, made from ``names``.
    """

    spec: FieldSpec
    editable: bool
    names: Mapping[str, str] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    meant: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Turn the names around once: every cell is looked up in them."""
        found: dict[str, list[str]] = {}
        for word, name in self.names.items():
            found.setdefault(name, []).append(word)
        object.__setattr__(self, "meant", {name: tuple(words) for name, words in found.items()})

    @property
    def key(self) -> str:
        """The field's key."""
        return self.spec.address.key

    @property
    def header(self) -> str:
        """What heads the column."""
        return self.spec.labels.zh

    @property
    def is_many(self) -> bool:
        """Whether a cell may hold several words."""
        many = {FieldKind.CHOICES, FieldKind.MEMBERS}
        return self.spec.kind in many or (self.spec.kind is FieldKind.RELATION and self.spec.many)


def can_be_edited(spec: FieldSpec) -> bool:
    """Tell whether a workbook can take back a field of this kind."""
    return spec.kind in _BY_HAND


def number_format(spec: FieldSpec) -> str:
    """Return Excel's number format of a field's cells; texts are ``@`` so that 007 stays 007."""
    decimals = spec.decimals
    digits = "." + "0" * decimals if decimals else ""
    match spec.kind:
        case FieldKind.MONEY:
            return f"#,##0{digits}"
        case FieldKind.PERCENT:
            return f"0{digits}%"
        case FieldKind.DATE:
            return "yyyy-mm-dd"
        case FieldKind.DATETIME:
            return "yyyy-mm-dd hh:mm:ss"
        case kind if kind in NUMBER_KINDS:
            return "0" if decimals == 0 else "0." + "#" * (decimals or 4)
        case _:
            return "@"


def canonical(value: Value) -> str:
    """Return a neutral value as text that is equal exactly when the values are.

    Args:
        value: The value.

    Returns:
        Empty for every form of empty; numbers without trailing zeros; moments in China to the second; several words
        sorted.
    """
    match value:
        case None:
            return ""
        case bool():
            return _YES if value else ""
        case Decimal():
            return format(value.normalize() + 0, "f")
        case datetime():
            return value.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M:%S")
        case date():
            return value.isoformat()
        case tuple():
            return "|".join(sorted(value))
        case str():
            return value.replace("\r\n", "\n").replace("\r", "\n")
        case _:
            return str(value)


def show(column: Column, value: Value) -> tuple[Cell, bool]:
    """Return what a cell shows, and whether it comes back as it went out.

    Args:
        column: Its column.
        value: The neutral value.

    Returns:
        The cell, and False where the cell must not be edited.
    """
    cell = _shown(column, value)
    if isinstance(cell, str) and (len(cell) > LONGEST or _UNFIT.search(cell)):
        return _UNFIT.sub("", cell)[:LONGEST], False
    if not can_be_edited(column.spec):
        return cell, False
    try:
        return cell, canonical(read(column, _as_stored(cell))) == canonical(value)
    except CellError:
        return cell, False


def _as_stored(cell: Cell) -> Cell:
    """Return a cell as it will be read: numbers are binary in a workbook."""
    return float(cell) if isinstance(cell, Decimal) else cell


def _shown(column: Column, value: Value) -> Cell:
    match value:
        case None | "" | ():
            return None
        case bool():
            return _YES if value else _NO
        case datetime():
            return value.astimezone(CHINA).replace(tzinfo=None)
        case tuple():
            return _SEPARATOR.join(column.names.get(word, word) for word in value)
        case str() if column.names:
            return column.names.get(value, value)
        case str():
            return canonical(value)
        case Decimal() | date():
            return value
        case _:
            return str(value)


def plain(cell: Cell) -> str:
    """Return what a cell shows as text that is the same before and after a spreadsheet program stored it."""
    match cell:
        case None:
            return ""
        case bool():
            return str(cell)
        case int() | float() | Decimal():
            number = Decimal(f"{float(cell):.15g}")
            return format(number.normalize() + 0, "f") if number.is_finite() else str(cell)
        case date():
            return cell.isoformat()
        case _:
            return canonical(cell)


def read(column: Column, cell: Cell) -> Value:
    """Read a cell.

    Args:
        column: Its column.
        cell: What the workbook holds.

    Returns:
        The neutral value.

    Raises:
        CellError: The cell does not hold what the column takes.
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    kind = column.spec.kind
    if kind in NUMBER_KINDS:
        return _number(column, cell)
    if kind in {FieldKind.DATE, FieldKind.DATETIME}:
        return _day(column, cell)
    if kind is FieldKind.SWITCH:
        return _switch(cell)
    if kind in CHOICE_KINDS | MEMBER_KINDS | _RELATED:
        return _words(column, cell)
    return _text(cell)


def _number(column: Column, cell: Cell) -> Decimal:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise CellError("exchange.cell_not_number", {"value": _said(cell)})
    try:
        number = Decimal(f"{cell:.15g}") if isinstance(cell, float) else Decimal(cell)
    except InvalidOperation as error:
        raise CellError("exchange.cell_not_number", {"value": _said(cell)}) from error
    spec = column.spec
    places = -int(number.normalize().as_tuple().exponent) if number.is_finite() else 0
    kept = spec.decimals if spec.decimals is None or spec.kind is not FieldKind.PERCENT else spec.decimals + 2
    if not number.is_finite() or (kept is not None and places > kept):
        raise CellError("exchange.cell_decimals", {"value": _said(cell), "decimals": str(kept)})
    too_small = spec.least is not None and number < spec.least
    if too_small or (spec.most is not None and number > spec.most):
        bounds = f"{'' if spec.least is None else spec.least} – {'' if spec.most is None else spec.most}"
        raise CellError("exchange.cell_bounds", {"value": _said(cell), "bounds": bounds})
    return number


def _day(column: Column, cell: Cell) -> date | datetime:
    if isinstance(cell, datetime):
        if column.spec.kind is FieldKind.DATETIME:
            return (cell + timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=CHINA)
        if cell.time() == time.min:
            return cell.date()
        raise CellError("exchange.cell_has_time", {"value": _said(cell)})
    if isinstance(cell, date):
        if column.spec.kind is FieldKind.DATE:
            return cell
        return datetime(cell.year, cell.month, cell.day, tzinfo=CHINA)
    raise CellError("exchange.cell_not_date", {"value": _said(cell)})


def _switch(cell: Cell) -> bool:
    words = {_YES: True, _NO: False, True: True, False: False}
    if (
        isinstance(cell, str | bool)
        and (found := words.get(cell.strip() if isinstance(cell, str) else cell)) is not None
    ):
        return found
    raise CellError("exchange.cell_not_switch", {"value": _said(cell)})


def _words(column: Column, cell: Cell) -> Value:
    if not isinstance(cell, str):
        cell = _text(cell)
    parts = [part.strip() for part in re.split(r"[;；\n]", cell)] if column.is_many else [cell.strip()]
    found: list[str] = []
    for part in dict.fromkeys(part for part in parts if part):
        words = column.meant.get(part, ())
        if len(words) != 1:
            code = "exchange.cell_ambiguous" if words else "exchange.cell_unknown_word"
            raise CellError(code, {"value": part, "known": _some(column.offered or tuple(column.meant))})
        found.append(words[0])
    if column.spec.kind is FieldKind.CHOICE:
        return found[0]
    if column.spec.kind is FieldKind.CHOICES:
        order = [option.address.key for option in column.spec.options]
        return tuple(sorted(found, key=order.index))
    return tuple(found)


def _some(names: Sequence[str]) -> str:
    return "、".join(names[:8]) + (" …" if len(names) > 8 else "")


def _text(cell: Cell) -> str:
    if isinstance(cell, bool | date):
        raise CellError("exchange.cell_not_text", {"value": _said(cell)})
    return plain(cell)


def _said(cell: Cell) -> str:
    return str(cell)[:60]
