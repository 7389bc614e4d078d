"""Snapshots of rater adjustments: named by what they hold, refused when changed or absent (S5, 采用)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from huoban_perf.scoring.adoption import COLUMNS, snapshot_rows
from huoban_perf.scoring.severity import Adjustment
from tests.cases.scoring.harness import score

ENTRIES = [Adjustment("B", Decimal("-4.0000"), 3, 0), Adjustment("A", Decimal("6.0000"), 2, 0)]
FORMS = ["kind subject relation rater external status overall", "个人 E1 同事 A 是 已提交 90"]


def problems(snapshot: str, rows: list[tuple[str, ...]] | None) -> list[str]:
    document: dict[str, Any] = {
        "parts": {"kpi_weight": 0, "review_weight": 100},
        "raters": {"groups": [{"relation": "peer", "weight": 100, "threshold": 1}]},
        "severity": {"mode": "adopt", "snapshot": snapshot},
    }
    frames: dict[str, Any] = {"forms": FORMS}
    if rows is not None:
        frames["rater_adjustments"] = [" ".join(COLUMNS), *(list(row) for row in rows)]
    run = score(frames, {"s": document}, traced=False)
    return [problem.code for problem in run.problems] or [format(run.of("E1")["result"], ".2f")]


def test_s5_a_snapshot_is_named_by_its_content_and_approver_whatever_the_order() -> None:
    name, rows = snapshot_rows("q", ENTRIES, approver="HR")
    assert [row[1] for row in rows] == ["A", "B"]
    assert snapshot_rows("q", ENTRIES[::-1], approver="HR") == (name, rows)
    assert snapshot_rows("q", ENTRIES, approver="other")[0] != name
    assert problems(name, list(rows)) == ["84.00"]


@pytest.mark.parametrize(("column", "value"), [(2, "6.0001"), (3, "9"), (4, "2"), (5, "other")])
def test_s5_one_changed_cell_is_found(column: int, value: str) -> None:
    name, rows = snapshot_rows("q", ENTRIES, approver="HR")
    changed = [[*rows[0]], [*rows[1]]]
    changed[0][column] = value
    assert problems(name, [tuple(row) for row in changed]) == ["severity.snapshot_changed"]


def test_s5_a_missing_rater_of_a_snapshot_is_found() -> None:
    name, rows = snapshot_rows("q", ENTRIES, approver="HR")
    assert problems(name, list(rows[:1])) == ["severity.snapshot_changed"]


def test_s5_a_snapshot_made_by_hand_needs_no_digest() -> None:
    assert problems("hand", [("hand", "A", "2", "-", "-", "-")]) == ["88.00"]


def test_s5_an_absent_snapshot_or_none_named_is_refused() -> None:
    assert problems("q", [("other", "A", "2", "-", "-", "-")]) == ["severity.unknown_snapshot"]
    assert problems("q", None) == ["severity.unknown_snapshot"]
    assert problems("", None) == ["severity.no_snapshot"]
