"""Cells of the workspace as readers see them: labels of options, texts, and nothing where an app has no such field."""

from __future__ import annotations

from datetime import date, datetime

from huoban_perf.core.values import CHINA
from huoban_perf.sync.book import Row


def text_of(row: Row | None, field: str) -> str:
    """Return a text, stripped; empty when there is no row, no such field or nothing in it."""
    return row.text(field).strip() if row is not None and field in row.rows.columns else ""


def lines_of(row: Row | None, field: str) -> tuple[str, ...]:
    """Return the lines of a text that hold something."""
    return tuple(line.strip() for line in text_of(row, field).splitlines() if line.strip())


def choice_label(row: Row | None, field: str) -> str:
    """Return the Chinese label of a choice, or the text itself where the field is no choice."""
    key = text_of(row, field)
    if not key or row is None:
        return key
    options = row.rows.table.field(field).options
    return next((option.labels.zh for option in options if option.address.key == key), key)


def day_of(row: Row | None, field: str) -> date | None:
    """Return a date, or the day in China of a moment; None when there is none."""
    if row is None or field not in row.rows.columns:
        return None
    value = row[field]
    if isinstance(value, datetime):
        return value.astimezone(CHINA).date()
    return value if isinstance(value, date) else None


def name_of(row: Row | None) -> str:
    """Return the name of a related row, or a dash."""
    return text_of(row, "name") or "-"
