"""A table as a workbook that people work in, with a hidden copy of what went out.

The first sheet is for people: frozen header, filter, drop-downs, number and date formats; only what may be changed is
unlocked. The sheet ``_基准`` (hidden) holds every cell as exported, so that an import can tell what people changed from
what changed in the workspace since; ``_选项`` the words of the drop-downs. Cells are never formulas.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from huoban_perf.core.digest import digest
from huoban_perf.core.progress import Progress, silent
from huoban_perf.core.schema import NUMBER_KINDS, FieldKind
from huoban_perf.core.values import Value, Values
from huoban_perf.exchange.cell_words import Cell, Column, canonical, number_format, plain, show

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell import Cell as SheetCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet
    from openpyxl.worksheet.datavalidation import DataValidation

FORMAT: Final = 1
BASE, OPTIONS, NOTES = "_基准", "_选项", "说明"
ID_HEADER: Final = "数据编号"
KEPT, FIXED = "~", "!"
"""Marks of the baseline: what was exported, and what was shown only (its text follows)."""

MOST_ROWS: Final = 100_000
_NEW_ROWS: Final = 200
_FONT: Final = "Calibri"
_LOWEST, _HIGHEST, _LAST_DAY = "-999999999999", "999999999999", "2958465"
_WIDEST: Final = 46
_LONGEST_TITLE: Final = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a workbook came from; kept inside it.

    Attributes:
        app: Key of the app.
        workspace: Id of the workspace.
        table: Key of the table.
        exported: When, ISO text in China.
        columns: Keys of the columns, in order.
        rows: Rows exported.
        takes_new_rows: Whether rows without 数据编号 become new ones.
        digest: Digest of the baseline.
        format: Version of this form.
    """

    app: str
    workspace: str
    table: str
    exported: str
    columns: tuple[str, ...]
    rows: int
    takes_new_rows: bool
    digest: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A table on its way out.

    Attributes:
        title: What it is, for the first sheet.
        origin: Where it comes from, its digest not known yet.
        columns: The columns, in order.
        rows: Item id and values.
    """

    title: str
    origin: Origin
    columns: Sequence[Column]
    rows: Sequence[tuple[str, Values]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """One cell as it went out; kept as text in the baseline.

    Attributes:
        text: The value in canonical form; of a fixed cell what it showed.
        shown: What the cell showed, where names stand for stored words: names may change meanwhile.
        is_fixed: Whether it must not be edited.
    """

    text: str
    shown: str | None = None
    is_fixed: bool = False

    def stored(self) -> str:
        """Return the cell of the baseline."""
        if self.is_fixed:
            return f"{FIXED}{self.text}"
        return f"{KEPT}{self.text}" + ("" if self.shown is None else f"\t{self.shown}")

    @classmethod
    def parse(cls, stored: str) -> Exported:
        """Read a cell of the baseline."""
        if stored.startswith(FIXED):
            return cls(text=stored[len(FIXED) :], is_fixed=True)
        text, tab, shown = stored[len(KEPT) :].partition("\t")
        return cls(text=text, shown=shown) if tab else cls(text=text)


NOTHING: Final = Exported(text="")
"""What stands behind the cells of a new row."""


def exported(column: Column, value: Value) -> tuple[Cell, Exported]:
    """Return what a cell shows, and what the baseline keeps of it."""
    cell, comes_back = show(column, value)
    if not comes_back:
        return cell, Exported(text=plain(cell), is_fixed=True)
    return cell, Exported(text=canonical(value), shown=plain(cell) if column.names and cell is not None else None)


def baseline_digest(origin: Origin, rows: Sequence[Sequence[str]]) -> str:
    """Return the digest that proves a baseline, and where it came from, was not edited."""
    return digest([asdict(replace(origin, digest="")) | {"columns": list(origin.columns)}, [list(row) for row in rows]])


def write_workbook(outgoing: Outgoing, file: Path, *, progress: Progress = silent) -> None:
    """Write a table into a workbook, readable by its owner only.

    Args:
        outgoing: The table.
        file: Where to; replaced.
        progress: Told about rows.

    Raises:
        OSError: The file cannot be written.
    """
    from openpyxl import Workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = Workbook(write_only=True)
        baseline = _write_rows(book, outgoing, progress)
        _write_notes(book, outgoing)
        _write_options(book, outgoing.columns)
        _write_baseline(book, outgoing.origin, baseline)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)
        book.save(file)


def _write_rows(book: Workbook, outgoing: Outgoing, progress: Progress) -> list[list[str]]:
    from openpyxl.utils import get_column_letter

    sheet = book.create_sheet(_sheet_title(outgoing.title))
    _lay_out(sheet, has_code=bool(outgoing.columns) and outgoing.columns[0].key != "natural_key")
    for place, column in enumerate(outgoing.columns, 2):
        sheet.column_dimensions[get_column_letter(place)].width = _width(column, outgoing)
    sheet.append(list(_header(sheet, outgoing.columns)))
    baseline: list[list[str]] = []
    pens = [(column, _Pen(sheet, column)) for column in outgoing.columns]
    total = len(outgoing.rows)
    for done, (item, values) in enumerate(outgoing.rows, 1):
        kept = [item]
        line: list[SheetCell | str] = [item]
        for column, pen in pens:
            cell, before = exported(column, values.get(column.key))
            kept.append(before.stored())
            line.append(pen.write(cell, is_free=column.editable and not before.is_fixed))
        sheet.append(line)
        baseline.append(kept)
        if done == total or not done % 500:
            progress("progress.workbook_write", subject=outgoing.title, done=done, total=total)
    if outgoing.origin.takes_new_rows:
        for _ in range(_NEW_ROWS):
            sheet.append(["", *(pen.write(None, is_free=True) for _, pen in pens)])
    _guard(sheet, outgoing)
    return baseline


def _lay_out(sheet: Any, *, has_code: bool) -> None:
    """Hide what only the program needs, freeze header and name, print on landscape pages with the header on each."""
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.freeze_panes = "C2" if has_code else "D2"
    sheet.column_dimensions["A"].hidden = True
    sheet.column_dimensions["B"].hidden = not has_code
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.print_title_rows = "1:1"


def _guard(sheet: Any, outgoing: Outgoing) -> None:
    """Set filter, drop-downs and protection; the types of a streamed sheet do not tell that it has them."""
    from openpyxl.utils import get_column_letter

    last = get_column_letter(len(outgoing.columns) + 1)
    sheet.auto_filter.ref = f"A1:{last}{len(outgoing.rows) + 1}"
    rows = len(outgoing.rows) + 1 + _NEW_ROWS * outgoing.origin.takes_new_rows
    for place, column in enumerate(outgoing.columns, 2):
        rule = _validation(column, place) if column.editable and rows > 1 else None
        if rule is not None:
            letter = get_column_letter(place)
            rule.add(f"{letter}2:{letter}{rows}")
            sheet.data_validations.append(rule)
    protection = sheet.protection
    protection.sheet = True
    for allowed in ("formatCells", "formatColumns", "formatRows", "sort", "autoFilter", "insertRows"):
        setattr(protection, allowed, False)


def _validation(column: Column, place: int) -> DataValidation | None:
    """Return what Excel checks while a person types, or None."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if column.offered and not column.is_many:
        letter = get_column_letter(place)
        rule = DataValidation(type="list", formula1=f"'{OPTIONS}'!${letter}$1:${letter}${len(column.offered)}")
        rule.error = "请从下拉列表里选"
    elif column.spec.kind in NUMBER_KINDS:
        least, most = column.spec.least, column.spec.most
        low, high = (_LOWEST if least is None else str(least)), (_HIGHEST if most is None else str(most))
        rule = DataValidation(type="decimal", operator="between", formula1=low, formula2=high)
        rule.error = "请填数字"
    elif column.spec.kind in {FieldKind.DATE, FieldKind.DATETIME}:
        rule = DataValidation(type="date", operator="between", formula1="1", formula2=_LAST_DAY)
        rule.error = "请填日期, 例如 2026-07-01"
    else:
        return None
    rule.allowBlank, rule.showErrorMessage, rule.errorTitle = True, True, column.header[:30]
    return rule


def _header(sheet: WriteOnlyWorksheet, columns: Sequence[Column]) -> Iterator[SheetCell]:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    blue, grey = PatternFill("solid", fgColor="DDEBF7"), PatternFill("solid", fgColor="E7E6E6")
    for name, editable in ((ID_HEADER, False), *((column.header, column.editable) for column in columns)):
        cell = WriteOnlyCell(sheet, value=name)
        cell.font = Font(name=_FONT, size=11, bold=True)
        cell.fill = blue if editable else grey
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        yield cell


class _Pen:
    """Makes the cells of one column; their looks are prepared once, since making them anew takes most of the time."""

    def __init__(self, sheet: WriteOnlyWorksheet, column: Column) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.styles import Alignment, Font, Protection

        self._sheet, self._make = sheet, WriteOnlyCell
        self._looks: dict[bool, Any] = {}
        for is_free in (True, False):
            cell: Any = WriteOnlyCell(sheet)
            cell.number_format = number_format(column.spec)
            if column.spec.kind is FieldKind.TEXT_LONG:
                cell.alignment = Alignment(vertical="top", wrap_text=True)
            if is_free:
                cell.protection = Protection(locked=False)
            else:
                cell.font = Font(name=_FONT, size=11, color="7F7F7F")
            self._looks[is_free] = cell._style  # noqa: SLF001 - the only handle on a prepared look

    def write(self, value: Cell, *, is_free: bool) -> SheetCell:
        """Return a cell; a text that begins like a formula stays a text."""
        cell: Any = self._make(self._sheet, value=value)  # type: ignore[arg-type]  # it takes Decimal and date, too
        if isinstance(value, str):
            cell.data_type = "s"
        cell._style = self._looks[is_free]  # noqa: SLF001 - see above
        made: SheetCell = cell
        return made


def _width(column: Column, outgoing: Outgoing) -> int:
    shown = [str(show(column, values.get(column.key))[0] or "") for _, values in outgoing.rows[:50]]
    longest = max((max(map(_columns, text.splitlines()), default=0) for text in [column.header, *shown]), default=8)
    return min(max(longest + 3, 10), _WIDEST)


def _columns(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)


def _sheet_title(title: str) -> str:
    return "".join("_" if letter in r"[]:*?/\'" else letter for letter in title)[:_LONGEST_TITLE]


def _write_notes(book: Workbook, outgoing: Outgoing) -> None:
    sheet = book.create_sheet(NOTES)
    for letter, width in zip("ABCD", (24, 10, 34, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    new = "新行写在最后, 「数据编号」留空." if outgoing.origin.takes_new_rows else "不能在这里加新行, 请在应用里新建."
    for line in (
        f"「{outgoing.title}」, 导出于 {outgoing.origin.exported.replace('T', ' ')}, {outgoing.origin.rows} 行.",
        "蓝色标题的列可以改, 灰色的由程序计算或不能在这里改. 请不要改标题、合并单元格、写公式、删行或重复粘贴行.",
        new,
        "改完用 huoban-perf import workbook 预览差异; 别人在导出之后改过的格会逐格列出, 不会被覆盖.",
        "里面有个人信息: 用完请删除, 不要转发.",
    ):
        sheet.append([line])
    sheet.append([])
    sheet.append(["列", "可改", "可填的内容", "说明"])
    for column in outgoing.columns:
        offered = "、".join(column.offered[:12]) + (" …" if len(column.offered) > 12 else "")
        told = column.spec.help.zh if column.spec.help is not None else ""
        sheet.append([column.header, "可改" if column.editable else "", offered, told])


def _write_options(book: Workbook, columns: Sequence[Column]) -> None:
    sheet = book.create_sheet(OPTIONS)
    sheet.sheet_state = "veryHidden"
    depth = max((len(column.offered) for column in columns), default=0)
    for row in range(depth):
        sheet.append(
            ["", *(column.offered[row] if row < len(column.offered) and column.editable else "" for column in columns)]
        )


def _write_baseline(book: Workbook, origin: Origin, baseline: list[list[str]]) -> None:
    sheet = book.create_sheet(BASE)
    sheet.sheet_state = "veryHidden"
    known = {**asdict(origin), "digest": baseline_digest(origin, baseline)}
    sheet.append([json.dumps(known, ensure_ascii=False)])
    for row in baseline:
        sheet.append(row)  # every text begins with a mark or is an id, so none is taken for a formula
