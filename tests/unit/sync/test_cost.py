from __future__ import annotations

import pytest

from huoban_perf.sync.cost import requests_minimum


@pytest.mark.parametrize(
    ("tables", "rows_read", "rows_changed", "objects_created", "requests"),
    [
        (0, [], [], 0, 1),
        (15, [], [], 0, 16),
        (1, [0], [0], 0, 2),
        (1, [1], [], 0, 3),
        (1, [100, 101], [], 0, 5),
        (1, [], [100, 101], 0, 8),
        (2, [250], [1], 7, 15),
    ],
)
def test_fewest_requests_follow_from_row_counts(
    tables: int, rows_read: list[int], rows_changed: list[int], objects_created: int, requests: int
) -> None:
    found = requests_minimum(
        tables=tables, rows_read=rows_read, rows_changed=rows_changed, objects_created=objects_created
    )
    assert found == requests
