"""The offset walk reads every row once, or says that it did not."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from huoban_perf.core.errors import ProtocolError
from huoban_perf.platforms.calls.paging import Page, Row, walk
from huoban_perf.platforms.huoban.endpoints import ITEM_LIST
from huoban_perf.platforms.huoban.paging import read_page
from tests.unit.platforms.fakes import said

Fetch = Callable[[int, int], Page]


def rows(*ids: int) -> list[Row]:
    return [{"item_id": str(id_)} for id_ in ids]


def table(size: int, *, cap: int = 100, says: bool = True) -> tuple[Fetch, list[tuple[int, int]]]:
    asked: list[tuple[int, int]] = []

    def fetch(offset: int, limit: int) -> Page:
        asked.append((offset, limit))
        part = rows(*range(size))[offset : offset + min(limit, cap)]
        more = offset + len(part) < size
        return Page(
            rows=part, total=size if says else None, filtered=size if says else None, has_more=more if says else None
        )

    return fetch, asked


def given(*pages: Page) -> Fetch:
    """Return a fetch that hands out pages one by one, the last one for ever."""
    left = list(pages)

    def fetch(*_: int) -> Page:
        return left.pop(0) if len(left) > 1 else left[0]

    return fetch


def ids_of(fetch: Fetch, **options: int) -> list[int]:
    pages = walk(fetch, id_key="item_id", page_size=100, endpoint=ITEM_LIST, **options)
    return [int(row["item_id"]) for page in pages for row in page.rows]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 250])
def test_walk_reads_every_row_with_the_fewest_requests(size: int) -> None:
    fetch, asked = table(size)
    assert ids_of(fetch) == list(range(size))
    assert len(asked) == max(1, -(-size // 100))


def test_walk_advances_by_what_came_not_by_what_was_asked() -> None:
    fetch, asked = table(120, cap=50)
    assert ids_of(fetch) == list(range(120))
    assert [offset for offset, _ in asked] == [0, 50, 100]


def test_walk_without_counts_ends_at_an_empty_page() -> None:
    fetch, asked = table(150, says=False)
    assert ids_of(fetch) == list(range(150))
    assert len(asked) == 3


def test_limit_asks_for_no_more_than_it_needs() -> None:
    fetch, asked = table(500)
    assert ids_of(fetch, limit=130) == list(range(130))
    assert asked == [(0, 100), (100, 30)]


def test_limit_cuts_a_server_that_gives_more() -> None:
    page = Page(rows=rows(*range(20)), total=20, filtered=20, has_more=False)
    assert ids_of(given(page), limit=3) == [0, 1, 2]


def test_repeats_of_earlier_pages_are_dropped() -> None:
    fetch = given(
        Page(rows=rows(1, 2, 3), total=5, filtered=5, has_more=True),
        Page(rows=rows(3, 4), total=5, filtered=5, has_more=True),
        Page(rows=rows(5), total=5, filtered=5, has_more=False),
    )
    assert ids_of(fetch) == [1, 2, 3, 4, 5]


def test_rows_skipped_in_a_standing_table_are_an_error() -> None:
    fetch = given(
        Page(rows=rows(1, 2), total=4, filtered=4, has_more=True),
        Page(rows=rows(2, 4), total=4, filtered=4, has_more=False),
    )
    with pytest.raises(ProtocolError) as caught:
        ids_of(fetch)
    assert caught.value.code == "platform.incomplete_read"
    assert "3" in said(caught.value)


def test_table_that_changes_meanwhile_is_noted(caplog: pytest.LogCaptureFixture) -> None:
    fetch = given(
        Page(rows=rows(1, 2), total=4, filtered=4, has_more=True),
        Page(rows=rows(4), total=3, filtered=3, has_more=False),
    )
    with caplog.at_level(logging.INFO):
        assert ids_of(fetch) == [1, 2, 4]
    assert "changed while it was read" in caplog.text


def test_server_that_ignores_the_offset_is_found_out() -> None:
    calls = []

    def fetch(offset: int, limit: int) -> Page:
        calls.append(offset)
        return Page(rows=rows(*range(100)), total=10_000, filtered=10_000, has_more=True)

    with pytest.raises(ProtocolError):
        ids_of(fetch)
    assert len(calls) == 4


def test_empty_page_that_promises_more_is_found_out() -> None:
    with pytest.raises(ProtocolError):
        ids_of(given(Page(rows=[], total=5, filtered=5, has_more=True)))


def test_row_without_an_id_is_an_error() -> None:
    with pytest.raises(ProtocolError) as caught:
        ids_of(given(Page(rows=[{"title": "x"}], total=1, filtered=1, has_more=False)))
    assert said(caught.value)


@pytest.mark.parametrize("data", [{}, [], {"items": {}}, {"items": [1]}, {"items": None}, "x"])
def test_list_that_is_none_is_an_error(data: object) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_page(data, rows_key="items", endpoint=ITEM_LIST, trace_id="7")
    assert "data.items" in said(caught.value)


def test_counts_that_are_no_integers_are_not_stated() -> None:
    page = read_page(
        {"items": [], "total": True, "filtered": "3", "has_more": 1},
        rows_key="items",
        endpoint=ITEM_LIST,
        trace_id=None,
    )
    assert page == Page(rows=[], total=None, filtered=None, has_more=None)
