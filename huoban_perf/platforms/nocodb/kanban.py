"""Kanbans: what their shared page is drawn from.

The page of a shared kanban draws its stacks from a copy of the grouping column in the view's settings, which the
server's own web page puts there when somebody presses *share*. Without it the page stays empty (a TypeError in its
console). So we put the copy there ourselves, and make it anew when the column's choices have moved on.

The order of the stacks and which are folded stand elsewhere, in the kanban's own settings. The server puts a stack of
rows without a value first, and unfolds stacks that the view's filter keeps empty; here those come folded.

Source: tried on 0.265.1 with the console of a headless browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huoban_perf.platforms.nocodb.meta import WireColumn, WireTable

_COLUMN = "groupingFieldColumn"
KANBAN_TYPE = 4


def stack_settings(column: WireColumn) -> dict[str, Any]:
    """Return the settings that let anybody with the link see the stacks.

    Args:
        column: The column that is grouped by.

    Returns:
        Settings of the view.
    """
    copy = {"id": column.id, "title": column.title, "uidt": column.uidt, "colOptions": dict(column.options)}
    return {_COLUMN: copy}


def stack_order(column: WireColumn, *, shown: frozenset[str]) -> dict[str, Any]:
    """Return the body that orders the stacks: the column's choices, then rows without a value, folded.

    Args:
        column: The column that is grouped by.
        shown: Ids of the choices that the view's rows may have; the others are folded, too.

    Returns:
        The body. It names the column again: without that the server would begin its settings anew.
    """
    choices = [
        {**choice, "order": place, "collapsed": str(choice["id"]) not in shown}
        for place, choice in enumerate(column.options.get("options") or (), start=1)
    ]
    nothing = {"id": "uncategorized", "title": None, "color": "#6A7184", "order": len(choices) + 1, "collapsed": True}
    return {"fk_grp_col_id": column.id, "meta": {"fk_cover_image_object_fit": "fit", column.id: [*choices, nothing]}}


def stacks_are_current(settings: Mapping[str, Any], table: WireTable) -> bool:
    """Return whether the copy in a kanban's settings shows the column's choices as they stand.

    Args:
        settings: Of the view.
        table: The view's table.

    Returns:
        False when there is no copy, or the column or one of its choices is another by now.
    """
    copy = settings.get(_COLUMN)
    if not isinstance(copy, dict):
        return False
    column = table.column(str(copy.get("id")))
    kept = WireColumn.model_validate({"uidt": "", **copy})
    return column is not None and (kept.title, kept.choices) == (column.title, column.choices)
