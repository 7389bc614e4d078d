"""Which column of a file is which: headers in Chinese or English, none twice, none unknown, none missing.

Source: score-files.md (headers in either language, none twice).
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from huoban_perf.core.errors import FactValue, Problem
from huoban_perf.scoring.columns import FRAMES, Frame

LINE: Final = "line_no"
"""The column that carries the row number shown to people; no file may bring its own."""

_FURTHER_NAMES: Final = {"departments": {"部门名称": "name"}}
"""Headers of score-files.md that differ from the engine's declaration."""


def name_columns(frame: str, header: Sequence[str], *, place: str) -> tuple[dict[int, str], list[Problem]]:
    """Match the headers of a file to the columns of its frame.

    Args:
        frame: English frame name.
        header: Header cells as they stand.
        place: The file as people know it.

    Returns:
        Position → English column name (or the criterion of a wide form), and every header that is wrong. Trailing empty
        headers are passed over.
    """
    declared = FRAMES[frame]
    by_name = _names(declared)
    named: dict[int, str] = {}
    problems: list[Problem] = []
    for position, cell in enumerate(header):
        text = cell.strip().removeprefix("\ufeff")
        name = by_name.get(text.casefold())
        if not text:
            continue
        if name is None and declared.open_columns and text.casefold() != LINE:
            name = text
        if name is None:
            problems.append(_problem("exchange.unknown_column", place, text, near=_nearest(text, by_name)))
        elif name.casefold() in {standing.casefold() for standing in named.values()}:
            problems.append(_problem("exchange.column_twice", place, text, name=name))
        else:
            named[position] = name
    missing = [c for c in declared.columns if c.required and c.name not in named.values()]
    problems += [_problem("exchange.missing_column", place, column.zh, name=column.name) for column in missing]
    return named, problems


def _names(frame: Frame) -> dict[str, str]:
    return {
        **_FURTHER_NAMES.get(frame.name, {}),
        **{column.zh.casefold(): column.name for column in frame.columns},
        **{column.name: column.name for column in frame.columns},
    }


def _nearest(text: str, by_name: dict[str, str]) -> str:
    near = get_close_matches(text.casefold(), list(by_name), n=1, cutoff=0.0)
    return near[0] if near else "-"


def _problem(code: str, place: str, column: str, **facts: FactValue) -> Problem:
    return Problem(code=code, facts={"column": column, **facts}, file=place, line=1, address=column)
