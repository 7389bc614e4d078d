"""Items by their last change, which the server cannot order by: an item that was never changed has no such time.

Two walks are merged: the changed items by their change, the others by their creation; both newest first, in pages that
begin small, so whoever only wants the newest reads one small page of each.

The server does not move the time of an item that is linked from its parent's side, or whose parent is deleted: such a
change shows only in a whole reading. Source: tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge
from itertools import takewhile
from typing import Any

from huoban_perf.platforms.calls.paging import Page, walk
from huoban_perf.platforms.nocodb.bound import Row
from huoban_perf.platforms.nocodb.config import PAGE_SIZE
from huoban_perf.platforms.nocodb.endpoints import ITEM_LIST
from huoban_perf.platforms.nocodb.values import moment_from

Fetcher = Callable[[str], Callable[[int, int], Page]]
"""Order → what fetches a page at an offset."""

_FIRST_PAGE = 50
"""Items of the first page: most looks find nothing new."""
_GROWTH = 5


def newest_first(fetcher: Fetcher) -> Iterator[Row]:
    """Yield rows by their last change, the newest first; rows that change meanwhile may be missed or come later.

    Args:
        fetcher: Makes the fetch of one walk from its order.

    Returns:
        Rows; none twice.
    """
    changed = takewhile(lambda row: row.get("UpdatedAt"), _rows(fetcher("-UpdatedAt,-Id")))
    untouched = (row for row in _rows(fetcher("-Id")) if not row.get("UpdatedAt"))
    return _once(merge(changed, untouched, key=_moment, reverse=True))


def _rows(fetch: Callable[[int, int], Page]) -> Iterator[Row]:
    sizes = page_sizes()
    pages = walk(
        lambda offset, _: fetch(offset, next(sizes)),
        id_key="Id",
        page_size=PAGE_SIZE,
        endpoint=ITEM_LIST,
        complete=False,
    )
    for page in pages:
        yield from page.rows


def page_sizes() -> Iterator[int]:
    """Yield how many items the first, the second and each further page has."""
    size = _FIRST_PAGE
    while True:
        yield size
        size = min(size * _GROWTH, PAGE_SIZE)


def _moment(row: Row) -> Any:
    return moment_from(row.get("UpdatedAt") or row["CreatedAt"])


def _once(rows: Iterator[Row]) -> Iterator[Row]:
    """Leave out a row that changed between the two walks and so came in both."""
    seen: set[object] = set()
    for row in rows:
        if row["Id"] not in seen:
            seen.add(row["Id"])
            yield row
