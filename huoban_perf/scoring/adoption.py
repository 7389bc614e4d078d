"""Snapshots of rater adjustments: what is adopted, by whom, and that nobody changed it since.

A snapshot is named ``name#digest``; the digest covers every rater's figures and the approver, so that a run can tell by the
name alone whether it has the figures that were approved. A name without ``#`` was made by hand and is taken as it is.

Source: scoring.md S5 (采用: rounded, approved, stored as a snapshot with a hash; from there an exact input).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from huoban_perf.core.digest import digest
from huoban_perf.core.errors import Problem
from huoban_perf.scoring.rounding import parse_d4
from huoban_perf.scoring.scheme import Scheme
from huoban_perf.scoring.severity import Adjustment
from huoban_perf.scoring.workbench import Workbench

_SHORT: Final = 12

COLUMNS: Final = ("snapshot", "rater", "beta", "n", "component", "approver")
"""Columns of a stored snapshot, as the frame ``rater_adjustments`` has them."""


def snapshot_rows(
    name: str, entries: Sequence[Adjustment], *, approver: str
) -> tuple[str, list[tuple[str, str, str, str, str, str]]]:
    """Lay a snapshot out as rows of the frame ``rater_adjustments``.

    Args:
        name: Name people give it, for example ``2026Q3``.
        entries: The adjustments.
        approver: Who approved them.

    Returns:
        The snapshot's full name, and a row (``COLUMNS``) a rater by code.
    """
    facts = [(entry.rater, parse_d4(entry.beta), entry.n, str(entry.component + 1)) for entry in entries]
    full = f"{name}#{_digest(facts, approver)}"
    rows = [
        (full, entry.rater, format(entry.beta, "f"), str(entry.n), str(entry.component + 1), approver)
        for entry in sorted(entries, key=lambda entry: entry.rater)
    ]
    return full, rows


def _digest(facts: Sequence[tuple[str, int, int | None, str | None]], approver: str) -> str:
    content = {"approver": approver, "raters": {rater: [beta, n, component] for rater, beta, n, component in facts}}
    return digest(content).removeprefix("sha256:")[:_SHORT]


_NOTHING: Final = "snapshot VARCHAR, rater VARCHAR, beta_d4 BIGINT, n BIGINT, component VARCHAR, approver VARCHAR"


def check_snapshots(bench: Workbench, schemes: Mapping[str, Scheme], *, is_given: bool) -> None:
    """Check that every adopted snapshot is there and is what was approved; faults go to the workbench.

    Args:
        bench: The workbench with ``t_rater_adjustments``, where the frame is given.
        schemes: Schemes by key.
        is_given: The frame is given; else an empty one is made when a scheme adopts.
    """
    wanted = sorted({s.severity.snapshot for s in schemes.values() if s.severity.mode == "adopt"})
    if not wanted:
        return
    if not is_given:
        bench.run("CREATE OR REPLACE TEMP TABLE t_rater_adjustments ($columns)", columns=_NOTHING)
    rows = bench.rows(
        "SELECT snapshot, rater, beta_d4, n, component, approver FROM t_rater_adjustments ORDER BY snapshot, rater"
    )
    for name in wanted:
        mine = [row for row in rows if row[0] == name]
        _, sign, given = name.rpartition("#")
        facts = [(str(r[1]), int(str(r[2])), _whole(r[3]), None if r[4] is None else str(r[4])) for r in mine]
        approvers = {str(row[5] or "") for row in mine}
        if not mine:
            bench.problems.append(_problem("unknown_snapshot" if name else "no_snapshot", name))
        elif sign and (len(approvers) > 1 or _digest(facts, approvers.pop()) != given):
            bench.problems.append(_problem("snapshot_changed", name))


def _whole(cell: object) -> int | None:
    return None if cell is None else int(str(cell))


def _problem(code: str, name: str) -> Problem:
    return Problem(
        code=f"severity.{code}", facts={"snapshot": name}, file="评分松紧校正", address=f"rater_adjustments:{name}"
    )
