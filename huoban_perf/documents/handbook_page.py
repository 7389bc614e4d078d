"""The handbook as one HTML page that needs no network and runs nothing; meant to be read on a screen or printed."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.documents.handbook import Handbook
from huoban_perf.documents.page import asset, environment, source


def handbook_page(book: Handbook) -> str:
    """Return a handbook as an HTML document.

    Args:
        book: The handbook.

    Returns:
        The document, complete in itself; the same handbook gives the same text.
    """
    style = asset("handbook.css")
    return (
        environment()
        .get_template("handbook.html")
        .render(
            book=book,
            style=Markup(style),  # noqa: S704 - a file of this package
            policy=f"default-src 'none'; img-src data:; style-src {source(style)}; base-uri 'none'; form-action 'none'",
        )
    )


def write_handbook(book: Handbook, file: Path) -> None:
    """Write a handbook, replacing the file.

    Args:
        book: The handbook.
        file: Where to; its folder is made.

    Raises:
        HuobanPerfError: The file cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(handbook_page(book), encoding="utf-8")
    except OSError as error:
        facts = {"folder": str(file), "reason": error.strerror or type(error).__name__}
        raise HuobanPerfError("documents.not_writable", facts=facts) from error
