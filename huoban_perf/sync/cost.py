"""What the work would cost at least, in requests: computed from row counts, not from what was sent.

Source: design.md §5.5: 1 table list + 1 config a table + Σ⌈rows read/100⌉ + 2·Σ⌈rows changed/100⌉ (write, confirm)
+ one builder call per object created.
"""

from __future__ import annotations

from collections.abc import Iterable

PAGE = 100


def requests_minimum(
    *, tables: int, rows_read: Iterable[int], rows_changed: Iterable[int], objects_created: int
) -> int:
    """Return the fewest requests that could do the same work.

    Args:
        tables: Tables of the app.
        rows_read: Rows read, one entry a table and pass.
        rows_changed: Rows created or updated, one entry a table and pass.
        objects_created: Tables, fields, options, members and workspaces made through the builder.

    Returns:
        The number of requests.
    """

    def pages(rows: Iterable[int]) -> int:
        return sum(-(-count // PAGE) for count in rows)

    return 1 + tables + pages(rows_read) + 2 * pages(rows_changed) + objects_created
