"""A sheet as an HTML page that needs no network and runs nothing; on paper it is one A4 page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup, escape

from huoban_perf.documents.page import static_page
from huoban_perf.documents.sheets.model import Sheet

_LONG = re.compile(r"(\d+\.\d\d)(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One grade on the scale of the picture, in thousandths of its width."""

    name: str
    start: int
    width: int
    lower: str
    is_own: bool


def sheet_page(sheet: Sheet) -> str:
    """Return a sheet as an HTML document.

    Args:
        sheet: The sheet.

    Returns:
        The document, complete in itself; the same sheet gives the same text.
    """
    segments, at = scale_of(sheet)
    return static_page(
        "sheet",
        sheet=sheet,
        segments=segments,
        at=at,
        exact=exact,
        short=lambda number: format(number.quantize(Decimal("0.01")), "f"),
    )


def exact(text: object) -> Markup:
    """Return a text in which the third and further decimals of every number are set small; none is left out."""
    return Markup(_LONG.sub(r"\1<small>\2</small>", str(escape(text))))  # noqa: S704 - escaped before


def scale_of(sheet: Sheet) -> tuple[tuple[Segment, ...], int]:
    """Lay the grades out on a line from worst to best.

    Args:
        sheet: The sheet.

    Returns:
        The segments, and where the score stands, in thousandths; no segments when the bounds are not known.
    """
    bounds = [band.lower for band in sheet.bands[:-1]]
    if len(sheet.bands) < 2 or any(bound is None for bound in bounds):
        return (), 0
    known = sorted(bound for bound in bounds if bound is not None)
    low = min(known[0] - (known[-1] - known[0]) / 3 - 5, sheet.score)
    high = max(known[-1] + (known[-1] - known[0]) / 3 + 5, sheet.score)
    edges = [low, *known, high]

    def place(number: Decimal) -> int:
        return int((number - low) * 1000 / (high - low))

    names = [band.name for band in reversed(sheet.bands)]
    segments = tuple(
        Segment(
            name=name,
            start=place(edges[index]),
            width=place(edges[index + 1]) - place(edges[index]),
            lower="" if index == 0 else format(edges[index].normalize(), "f"),
            is_own=name == sheet.grade,
        )
        for index, name in enumerate(names)
    )
    return segments, place(sheet.score)
