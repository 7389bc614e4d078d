"""Reading one column: from whatever type the caller registered to the engine's own, and when a cell is not readable.

Text and native types are both accepted; doubles (Excel) are read at 15 significant digits and then checked like text.

Source: scoring.md S0 (inputs); score-files.md (``'12.3456789'::DECIMAL(18,4)`` silently gives 12.3457).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from huoban_perf.scoring import words
from huoban_perf.scoring.columns import Column, Logical
from huoban_perf.scoring.rounding import sql_literal, sql_name

DECIMAL_PATTERN: Final = r"[+-]?[0-9]{1,13}([.][0-9]{0,4}0*)?"
LARGEST: Final = 10**13
_SMALL: Final = {"TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT", "UINTEGER"}
_WHOLE: Final = _SMALL | {"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"}
_RENAMED: Final = {
    "from": "valid_from",
    "to": "valid_to",
    "start": "starts",
    "end": "ends",
    "group": "group_name",
    "at": "decided_at",
}
_ALIASES: Final[dict[str, str]] = {
    "true": "yes", "1": "yes", "y": "yes", "false": "no", "0": "no", "n": "no",
    "层差法": "steps", "分档": "steps",
}  # fmt: skip
_TYPES: Final = {
    Logical.TEXT: "VARCHAR",
    Logical.CODE: "VARCHAR",
    Logical.WORD: "VARCHAR",
    Logical.DECIMAL: "BIGINT",
    Logical.COUNT: "BIGINT",
    Logical.DATE: "DATE",
    Logical.MOMENT: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """How one column is read.

    Attributes:
        name: Name in the typed relation; decimals end in ``_d4``.
        value: SQL of the typed value; null when empty or not readable.
        raw: SQL of the cell as text, for messages.
        bad: SQL condition "filled but not readable", or an empty string when that cannot happen.
        empty: SQL condition "not filled".
        expected: What a readable cell looks like.
    """

    name: str
    value: str
    raw: str
    bad: str
    empty: str
    expected: str


def typed_name(column: Column) -> str:
    """Return a column's name in the typed relation.

    Args:
        column: The declared column.

    Returns:
        The name, without SQL key words, ``_d4`` for decimals.
    """
    plain = _RENAMED.get(column.name, column.name)
    return f"{plain}_d4" if column.logical is Logical.DECIMAL else plain


def is_flag(column: Column) -> bool:
    """Tell whether a word column holds yes or no, read as BOOLEAN.

    Args:
        column: The declared column.

    Returns:
        True for yes-no columns.
    """
    return column.words is words.FLAGS


def absent(column: Column) -> Reading:
    """Return the reading of a declared column that the caller did not give: null everywhere.

    Args:
        column: The declared column.

    Returns:
        A reading that is always empty.
    """
    kind = "BOOLEAN" if is_flag(column) else _TYPES[column.logical]
    return Reading(typed_name(column), f"CAST(NULL AS {kind})", "NULL", "", "true", "")


def reading_of(column: Column, physical: str) -> Reading:
    """Return how a given column is read.

    Args:
        column: The declared column.
        physical: DuckDB type of the given column, for example ``VARCHAR`` or ``DECIMAL(9,2)``.

    Returns:
        Value, fault condition and expectation as SQL.
    """
    cell = f"r.{sql_name(column.name)}"
    match column.logical:
        case Logical.DECIMAL:
            return _decimal(column, cell, physical)
        case Logical.COUNT:
            return _matched(
                column, cell, "[0-9]{1,9}([.]0*)?", "CAST(TRY_CAST({} AS DECIMAL(18,0)) AS BIGINT)", "0, 1, 2 …"
            )
        case Logical.DATE if physical == "DATE":
            return _native(column, cell)
        case Logical.DATE:
            return _matched(column, cell, _DAY, "TRY_CAST(left({}, 10) AS DATE)", "2026-01-31")
        case Logical.MOMENT:
            return _matched(column, cell, _DAY, "TRY_CAST({} AS TIMESTAMP)", "2026-01-31 09:00:00")
        case Logical.WORD:
            return _word(column, cell)
        case _:
            text = cell if physical == "VARCHAR" else f"CAST({cell} AS VARCHAR)"
            value = text if column.required else f"nullif({text}, '')"
            return Reading(typed_name(column), value, text, "", f"nullif({text}, '') IS NULL", "")


_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"


def _native(column: Column, cell: str) -> Reading:
    return Reading(typed_name(column), cell, f"CAST({cell} AS VARCHAR)", "", f"{cell} IS NULL", "")


def _decimal(column: Column, cell: str, physical: str) -> Reading:
    name, expected = typed_name(column), "≤ 4 decimals, ≤ 13 digits"
    scale = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", physical)
    if physical in _WHOLE or (scale and int(scale[2]) <= 4):
        value = f"CAST(CAST({cell} AS DECIMAL(38,4)) * 10000 AS BIGINT)"
        if physical in _SMALL:
            value = f"CAST({cell} AS BIGINT) * 10000"
        if physical in _SMALL or (scale and int(scale[1]) - int(scale[2]) <= 13):
            return Reading(name, _narrow(value, cell, scale), f"CAST({cell} AS VARCHAR)", "", f"{cell} IS NULL", "")
        large = f"{cell} IS NOT NULL AND ({cell} >= {LARGEST} OR {cell} <= -{LARGEST})"
        kept = f"CASE WHEN {large} THEN NULL ELSE {_narrow(value, cell, scale)} END"
        return Reading(name, kept, f"CAST({cell} AS VARCHAR)", large, f"{cell} IS NULL", expected)
    text = f"printf('%.15g', {cell})" if physical in {"DOUBLE", "FLOAT"} else cell
    value = "CAST(TRY_CAST({} AS DECIMAL(38,4)) * 10000 AS BIGINT)"
    return _matched(column, text, DECIMAL_PATTERN, value, expected)


def _narrow(value: str, cell: str, scale: re.Match[str] | None) -> str:
    """A DECIMAL of 64 bits multiplies without 128-bit arithmetic, sixty times faster, as long as it stays small."""
    if scale is None or int(scale[1]) > 18:
        return value
    fast = f"CAST({cell} * 10000 AS BIGINT)"
    if int(scale[1]) - int(scale[2]) <= 9:
        return fast
    return f"CASE WHEN {cell} > -1000000000 AND {cell} < 1000000000 THEN {fast} ELSE {value} END"


def _matched(column: Column, text: str, pattern: str, value: str, expected: str) -> Reading:
    """Read text that must match a pattern and convert."""
    plain = f"nullif(trim(CAST({text} AS VARCHAR)), '')"
    fits = f"regexp_full_match({plain}, {sql_literal(pattern)})"
    typed = value.format(f"CASE WHEN {fits} THEN {plain} END")
    bad = f"{plain} IS NOT NULL AND {typed} IS NULL"
    return Reading(typed_name(column), typed, plain, bad, f"{plain} IS NULL", expected)


def _word(column: Column, cell: str) -> Reading:
    """Read a coded word by plain comparison: millions of cells pay for every function around it."""
    text = f"CAST({cell} AS VARCHAR)"
    pairs = {key: key for key in column.words} | {zh: key for key, zh in column.words.items()}
    pairs |= {zh.replace("(", "（").replace(")", "）"): key for zh, key in pairs.items() if "(" in zh}
    pairs |= {alias: key for alias, key in _ALIASES.items() if key in column.words}
    arms = " ".join(f"WHEN {sql_literal(given)} THEN {_word_value(column, key)}" for given, key in pairs.items())
    value = f"CASE {text} {arms} END"
    bad = f"{text} <> '' AND {value} IS NULL"
    expected = " / ".join(column.words.values())
    return Reading(typed_name(column), value, text, bad, f"nullif({text}, '') IS NULL", expected)


def _word_value(column: Column, key: str) -> str:
    return sql_literal(key) if not is_flag(column) else ("true" if key == "yes" else "false")
