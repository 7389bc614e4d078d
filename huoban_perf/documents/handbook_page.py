"""The handbook as one HTML page that needs no network and runs nothing; meant to be read on a screen or printed."""

from __future__ import annotations

from pathlib import Path

from huoban_perf.documents.handbook import Handbook
from huoban_perf.documents.page import static_page
from huoban_perf.documents.writing import writing


def handbook_page(book: Handbook) -> str:
    """Return a handbook as an HTML document.

    Args:
        book: The handbook.

    Returns:
        The document, complete in itself; the same handbook gives the same text.
    """
    return static_page("handbook", book=book)


def write_handbook(book: Handbook, file: Path) -> None:
    """Write a handbook, replacing the file.

    Args:
        book: The handbook.
        file: Where to; its folder is made.

    Raises:
        HuobanPerfError: The file cannot be written.
    """
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(handbook_page(book), encoding="utf-8")
