"""运行记录: begun before the first change, finished by the same key; a killed run's row is ended by the next."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from huoban_perf.sync.run_log import RunEntry, begin_run, end_broken_off, log_run
from tests.unit.sync.company import Office

RUN = "20260701T080000-score-00000000"


def entry(office: Office, run: str = RUN, *, cycle: str = "2026Q3", command: str = "job run score") -> RunEntry:
    started = office.app.clock.now()
    return RunEntry(command=command, run=run, cycle=cycle, started=started, planned=3, succeeded=3, summary="写入 3 条")


def test_row_is_begun_and_finished_as_one(office: Office) -> None:
    begin_run(office.app, entry(office))
    begun = dict(office.row("run_log", RUN))
    assert (begun["planned_count"], begun.get("ended_on"), begun.get("exit_code")) == (Decimal(3), None, None)
    assert begun["summary"] == "进行中: 正在写入 2026Q3"
    log_run(office.app, entry(office))
    assert len(office.memory.items["run_log"]) == 1
    row = office.row("run_log", RUN)
    assert (row["success_count"], row["exit_code"], row["summary"]) == (Decimal(3), Decimal(0), "写入 3 条")
    assert end_broken_off(office.app, command="job run score", cycle="2026Q3", by="other") == 0


@pytest.mark.parametrize(
    ("by", "failed", "said", "code"),
    [
        ("next", False, "中断: 进程在写入中被终止, 由 next 接着完成", Decimal(0)),
        ("", False, "中断: 进程在记下结果前被终止, 数据已全部写入", Decimal(0)),
        ("next", True, "未完成: 见 next", None),
        ("", True, "未完成: 见 命令行的提示", None),
    ],
)
def test_row_of_a_killed_run_is_ended_and_says_who_went_on(
    office: Office, by: str, said: str, code: Decimal | None, *, failed: bool
) -> None:
    begin_run(office.app, entry(office))
    assert end_broken_off(office.app, command="job run score", cycle="2026Q3", by=by, failed=failed) == 1
    row = office.row("run_log", RUN)
    assert (row["summary"], row.get("exit_code"), row["planned_count"]) == (said, code, Decimal(3))
    assert row["ended_on"] - row["started_on"] < timedelta(minutes=1)  # type: ignore[operator]
    assert end_broken_off(office.app, command="job run score", cycle="2026Q3", by=by, failed=failed) == 0


def test_only_runs_of_the_same_command_and_cycle_are_ended(office: Office) -> None:
    begin_run(office.app, entry(office, "other-cycle", cycle="2026Q2"))
    begin_run(office.app, entry(office, "other-command", command="job run open"))
    assert end_broken_off(office.app, command="job run score", cycle="2026Q3", by="next") == 0
    assert office.row("run_log", "other-cycle").get("ended_on") is None
    assert office.row("run_log", "other-command").get("ended_on") is None
