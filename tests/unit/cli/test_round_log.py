from __future__ import annotations

from pathlib import Path

from huoban_perf.automation import FiringState, GivenUp
from huoban_perf.cli.round_log import log_given_up, log_unreadable
from huoban_perf.core.errors import BadCellError, Problem
from tests.unit.cycle.company import firm

BEHIND, DUE = "automation:goal.turned_behind", "automation:goal.due"


def test_stopped_and_given_up_automations_are_told_once_a_round_by_name(tmp_path: Path) -> None:
    company = firm(tmp_path)
    looped = GivenUp(automation=BEHIND, item="2300", state=FiringState.LOOPED, reason=f"{BEHIND} → {DUE} → {BEHIND}")
    parked = GivenUp(automation=DUE, item="2301", state=FiringState.PARKED, reason="platform.unreachable")
    log_given_up(company.app, [])
    assert company.rows("run_log") == {}
    log_given_up(company.app, [looped, looped, parked])
    (row,) = company.rows("run_log").values()
    assert (row["command"], str(row["failure_count"]), str(row["exit_code"])) == ("serve", "3", "1")
    said = str(row["summary"]).split("\n")
    assert said[0].startswith("自动化互相触发, 已停下 2 次: 目标滞后 → 目标快到期 → 目标滞后.")
    assert "「目标快到期」多次失败后停放 1 次: platform.unreachable" in said[1]
    assert "2300" not in str(row["summary"])


def test_cells_that_keep_a_table_from_being_read_are_named_and_the_same_ones_once_a_day(tmp_path: Path) -> None:
    company = firm(tmp_path)
    facts = {"table": "目标", "field": "权重", "kind": "number", "row": "12", "found": "str"}
    problems = [Problem(code="nocodb.cell", facts=facts)]
    error = BadCellError("nocodb.cells", facts={"table": "目标", "count": 1}, problems=problems)
    for _ in range(2):
        log_unreadable(company.app, [error])
    (row,) = company.rows("run_log").values()
    assert (row["command"], str(row["failure_count"]), str(row["exit_code"])) == ("serve", "1", "4")
    assert "第 12 行 (Id), 字段 权重" in str(row["summary"])
