"""One file a person: HTML, PDF or both, readable by their owner only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huoban_perf.core.progress import Progress, silent
from huoban_perf.documents.printing import find_browser, print_page, private
from huoban_perf.documents.sheets.model import Sheet
from huoban_perf.documents.sheets.page import sheet_page
from huoban_perf.documents.writing import writing

SheetForm = Literal["html", "pdf", "both"]

_UNFIT = re.compile(r'[\\/:*?"<>|\x00-\x1f\s.]+')


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFiles:
    """How files are made.

    Attributes:
        form: Which files.
        with_names: Whether a file's name holds the person's name.
        browser: The browser that prints; None looks along the path.
        progress: Told about every person.
    """

    form: SheetForm = "html"
    with_names: bool = False
    browser: Path | None = None
    progress: Progress = silent


def write_sheets(sheets: Sequence[Sheet], folder: Path, *, files: SheetFiles) -> tuple[Path, ...]:
    """Write sheets; files of the same names are replaced, others left alone.

    Args:
        sheets: The sheets.
        folder: Where to; made, for its owner only, if it is not there.
        files: How.

    Returns:
        The files, in the order of the sheets.

    Raises:
        HuobanPerfError: The folder cannot be written, or no browser can print; files written before stay.
    """
    browser = find_browser(files.browser) if files.form != "html" else None
    written: list[Path] = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for done, sheet in enumerate(sheets, start=1):
            page = sheet_page(sheet)
            stem = folder / _stem(sheet, with_names=files.with_names)
            if files.form != "pdf":
                written.append(private(stem.with_suffix(".html")))
                written[-1].write_text(page, encoding="utf-8")
            if browser is not None:
                print_page(page, stem.with_suffix(".pdf"), browser=browser)
                written.append(stem.with_suffix(".pdf"))
            files.progress("progress.sheets_write", subject="", done=done, total=len(sheets))
    return tuple(written)


def _stem(sheet: Sheet, *, with_names: bool) -> str:
    return "-".join(_parts(sheet, with_names=with_names))


def _parts(sheet: Sheet, *, with_names: bool) -> Iterator[str]:
    yield _UNFIT.sub("_", sheet.cycle)
    yield _UNFIT.sub("_", sheet.number)
    if with_names:
        yield _UNFIT.sub("_", sheet.name)
    if sheet.is_preview:
        yield "预览"
