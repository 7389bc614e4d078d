"""A page as Huoban's lists answer it."""

from __future__ import annotations

from typing import Any

from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.calls.paging import Page
from huoban_perf.platforms.huoban.endpoints import Endpoint


def read_page(data: Any, *, rows_key: str, endpoint: Endpoint, trace_id: str | None) -> Page:
    """Read the list part of a payload.

    Args:
        data: The payload.
        rows_key: Where the rows stand: ``items``, ``users``.
        endpoint: What was called.
        trace_id: The platform's request id.

    Returns:
        The page.

    Raises:
        ProtocolError: The rows are not a list of objects.

    Source: openapi-v1.md §4, §8.7 [doc].
    """
    rows = data.get(rows_key) if isinstance(data, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ProtocolError(
            "platform.shape", endpoint=endpoint.name, trace_id=trace_id, facts={"part": f"data.{rows_key}"}
        )
    has_more = data.get("has_more")
    return Page(
        rows=rows,
        total=_count(data.get("total")),
        filtered=_count(data.get("filtered")),
        has_more=has_more if isinstance(has_more, bool) else None,
    )


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) else None
