"""Writing a guide into a folder: page, Markdown, workbooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from huoban_perf.documents.guide import Guide
from huoban_perf.documents.markdown import guide_markdown
from huoban_perf.documents.page import guide_page
from huoban_perf.documents.workbooks import workbook_bytes
from huoban_perf.documents.writing import writing

PAGE = "guide.html"
MARKDOWN = "guide.md"


def write_guide(guide: Guide, folder: Path) -> tuple[Path, ...]:
    """Write a guide; files of the same names are replaced, others left alone.

    Args:
        guide: The guide.
        folder: Where to; made if it is not there.

    Returns:
        The files: page, Markdown, then one workbook a new table.

    Raises:
        HuobanPerfError: The folder cannot be written.
    """
    written = []
    with writing(folder):
        for name, content in _contents(guide):
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            written.append(file)
    return tuple(written)


def _contents(guide: Guide) -> Iterator[tuple[str, bytes]]:
    yield PAGE, guide_page(guide).encode()
    yield MARKDOWN, guide_markdown(guide).encode()
    for starter in guide.starters:
        yield starter.path, workbook_bytes(starter)
