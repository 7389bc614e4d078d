"""What the program knows about a row that a person has just made, so that no form need ask for it.

A personal goal is its maker's: 所属员工, 负责人, 所属部门 and 所属考核单 follow from who made it and the cycle. What
was filled in is never touched. Source: data-model.md §1 rule 5 (computed instead of typed), §2 目标.
"""

from __future__ import annotations

from huoban_perf.core.values import Value
from huoban_perf.sync.book import Row

_SETTING = frozenset({"goal_setting", "goals_awaiting_confirmation"})


def known_of(row: Row) -> dict[str, Value]:
    """Return what a new row still lacks and the program can tell.

    Args:
        row: A row that a person made.

    Returns:
        Field key → value; empty for other tables, for department goals, and where the platform does not tell the maker.
    """
    if row.rows.table.key != "goal" or row.editor is None or row.text("level") not in {"", "person"}:
        return {}
    if row.has("employee") or row.has("department") or row.has("appraisal"):
        return {}
    person = next((one for one in row.book.all("employee") if row.editor in one.members("account")), None)
    if person is None:
        return {}
    found: dict[str, Value] = {"employee": (person.item_id,), "owner": (row.editor,)}
    department = person.related("department")
    if department is not None:
        found["department"] = (department.item_id,)
    sheet = _open_sheet(row, person)
    if sheet is not None:
        found["appraisal"] = (sheet.item_id,)
    return {key: value for key, value in found.items() if key in row.rows.columns and not row.has(key)}


def _open_sheet(row: Row, person: Row) -> Row | None:
    """Return the person's one appraisal in which goals are being set, in the goal's cycle where it names one."""
    cycle = row.related("cycle")
    sheets = [
        sheet
        for sheet in row.book.of("appraisal", "employee", person)
        if sheet.text("status") in _SETTING
        and (cycle is None or (found := sheet.related("cycle")) is None or found.key == cycle.key)
    ]
    return sheets[0] if len(sheets) == 1 else None
