"""The offset walk: every row once, or an error that says it was not so.

Advances by the rows received, never by the limit asked for (openapi-v1.md §16.7 [adjacent]), drops repeats by id, and
compares how many rows were announced before and after. Offset paging over a workspace that changes cannot be proven
complete; then the walk says so in the log, and the reader's own confirmation decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.calls.retry import Repeatable

_LOG = logging.getLogger(__name__)

_STALE_PAGES = 3
"""After so many pages in a row that held nothing new, the server is taken to ignore the offset."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list answer; None = not stated."""

    rows: list[Row]
    total: int | None
    filtered: int | None
    has_more: bool | None


def walk(
    fetch: Callable[[int, int], Page],
    *,
    id_key: str,
    page_size: int,
    endpoint: Repeatable,
    limit: int | None = None,
    complete: bool = True,
) -> Iterator[Page]:
    """Yield pages with the repeats taken out.

    Args:
        fetch: Takes offset and limit, returns a page.
        id_key: Key of a row's id.
        page_size: Rows to ask for.
        endpoint: For errors.
        limit: Stop after so many rows, or None for all.
        complete: Whether fewer rows than announced are an error.

    Yields:
        At least one page, possibly empty, with what the server announced.

    Raises:
        ProtocolError: A row has no id, or the walk ended with fewer rows than a standing workspace announced.
    """
    seen: set[str] = set()
    offset = stale = 0
    first: Page | None = None
    while True:
        wanted = page_size if limit is None else min(page_size, limit - len(seen))
        page = fetch(offset, wanted)
        fresh = _fresh(page.rows, seen=seen, id_key=id_key, endpoint=endpoint)
        if limit is not None:
            fresh = fresh[:wanted]
        offset += len(page.rows)
        first = first or page
        yield Page(rows=fresh, total=page.total, filtered=page.filtered, has_more=page.has_more)
        if limit is not None and len(seen) >= limit:
            return
        stale = 0 if fresh else stale + 1
        if not page.rows or stale >= _STALE_PAGES or not _has_more(page, offset=offset):
            if complete:
                _check_complete(first, page, seen=len(seen), endpoint=endpoint)
            return


def _fresh(rows: list[Row], *, seen: set[str], id_key: str, endpoint: Repeatable) -> list[Row]:
    fresh = []
    for row in rows:
        id_ = row.get(id_key)
        if id_ is None:
            raise ProtocolError("platform.shape", endpoint=endpoint.name, facts={"part": id_key})
        text = str(id_)
        if text not in seen:
            seen.add(text)
            fresh.append(row)
    return fresh


def _has_more(page: Page, *, offset: int) -> bool:
    if page.has_more is not None:
        return page.has_more
    announced = _announced(page)
    return announced is None or offset < announced


def _check_complete(first: Page, last: Page, *, seen: int, endpoint: Repeatable) -> None:
    announced = _announced(last)
    if (first.total, first.filtered) != (last.total, last.filtered):
        _LOG.info("%s: the table changed while it was read: %s → %s", endpoint.name, first.total, last.total)
    elif announced is not None and seen < announced:
        facts = {"received": seen, "announced": announced}
        raise ProtocolError("platform.incomplete_read", endpoint=endpoint.name, facts=facts)


def _announced(page: Page) -> int | None:
    return page.filtered if page.filtered is not None else page.total


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) else None
