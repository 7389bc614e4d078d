"""Natural keys of rows that people make, given at first sight; a written key never changes.

Source: data-model.md §1 rule 8 (forms of the keys; the slug is 编号, else the item's id).
"""

from __future__ import annotations

from string import ascii_lowercase

from huoban_perf.sync.book import Row
from huoban_perf.sync.wanted import natural_key

_FORMS: dict[str, tuple[str, ...]] = {
    "goal": ("cycle|appraisal", "employee|department"),
    "goal_change": ("goal",),
    "plan_task": ("goal|improvement|owner",),
    "log": ("employee", "author", "date"),
    "points_entry": ("appraisal",),
    "calibration": ("appraisal", "kind"),
    "improvement": ("employee", "appraisal|start_date"),
    "appeal": ("appraisal",),
    "outcome": ("appraisal", "kind"),
    "survey": ("cycle",),
    "strategy": ("year",),
    "interview": ("appraisal",),
    "metric_actual": ("metric", "employee|department", "period_start"),
}
"""Table → fields whose values make the key; ``a|b`` takes the first that is filled. A slug follows unless whole."""

_WHOLE = frozenset({"metric_actual", "outcome"})
"""Tables whose key is complete without a slug."""


def key_of(row: Row) -> str | None:
    """Return the natural key of a row that has none yet.

    Args:
        row: A row as a person left it.

    Returns:
        The key; None for a table without a form, or when a part is still empty.
    """
    form = _FORMS.get(row.rows.table.key)
    if form is None:
        return None
    parts: list[str] = []
    for alternatives in form:
        if not any(field in row.rows.columns for field in alternatives.split("|")):
            continue  # the small app's goal is known by its appraisal alone
        found = next((part for field in alternatives.split("|") if (part := _part(row, field))), None)
        if found is None:
            return None
        parts += found
    if row.rows.table.key in _WHOLE:
        return natural_key(*parts)
    slug = _slug(row)
    keys = (natural_key(*parts, f"{slug}{mark}") for mark in ("", *ascii_lowercase))
    return next(key for key in keys if row.rows.row_of_key(key) in {None, row.index})


def _slug(row: Row) -> str:
    """Return what tells a row from others of its kind; after a move a number may be given out once more."""
    number = row["number"] if "number" in row.rows.columns else None
    return str(number) if number else str(row.item_id)


def _part(row: Row, field: str) -> list[str]:
    if field not in row.rows.columns:
        return []
    target = row.rows.table.field(field).target
    if target is not None:
        related = row.related(field)
        return [part for part in related.key.strip("[]").split("|") if part] if related else []
    value = row[field]
    if isinstance(value, tuple):
        value = value[0] if value else ""
    text = "".join(mark for mark in str(value or "") if mark not in "[]|\"'")
    return [text] if text else []
