"""The released receipt, kept in the workspace as text, as lines again.

The text is what ``sync.results.receipt_lines`` wrote: two columns of inset a level, label, figure with its decimals,
two blanks and the explanation in brackets. A line of another form is kept whole as a remark.
"""

from __future__ import annotations

import re
from decimal import Decimal

from huoban_perf.documents.sheets.model import SheetLine

_LINE = re.compile(r"(?P<inset> *)(?P<label>\S.*?)(?: (?P<points>-?\d+\.\d+))?(?:  \((?P<detail>.*)\))?")


def parse_receipt(text: str) -> tuple[tuple[SheetLine, ...], tuple[str, ...]]:
    """Read a receipt.

    Args:
        text: 得分明细 as released; its first line states the result and is left out.

    Returns:
        The lines that carry the result, and the remarks after them.
    """
    lines: list[SheetLine] = []
    notes: list[str] = []
    for line in text.splitlines()[1:]:
        found = _LINE.fullmatch(line.rstrip())
        if found is None:
            continue
        level = len(found["inset"]) // 2
        if level == 0:
            notes.append(line.strip())
            continue
        points = found["points"]
        lines.append(
            SheetLine(
                level=level,
                label=found["label"],
                points=None if points is None else Decimal(points),
                detail=found["detail"] or "",
            )
        )
    return tuple(lines), tuple(notes)
