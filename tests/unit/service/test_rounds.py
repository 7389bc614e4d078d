from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from huoban_perf.core.errors import SyncError
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices import TextBook
from huoban_perf.service.fence import Lease
from huoban_perf.service.occurrences import Claim, State
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.rounds import HISTORY_KEPT, Rounds, Tenant, run_forever
from huoban_perf.service.schedule import CatchUp, Schedule
from huoban_perf.service.store import SqliteStore
from tests.unit.service.bench import Jobs, at, clock
from tests.unit.service.test_outbox import Way

SCHEDULES = (
    Schedule(job="remind", cron="0 9 * * 1-5"),
    Schedule(job="progress", cron="0 */6 * * *", catch_up=CatchUp.ALL),
)


class Bench:
    """One service of one workspace."""

    def __init__(self, path: Path, name: str = "a") -> None:
        self.clock = clock("2026-03-20T08:00:00")
        self.store = SqliteStore(path)
        self.jobs = Jobs()
        self.way = Way({"group:admin"})
        outbox = Outbox(
            profile="p",
            store=self.store,
            clock=self.clock,
            calendar=WorkCalendar(),
            texts=TextBook(locale="zh"),
            channels=(self.way,),
        )
        tenant = Tenant(profile="p", schedules=SCHEDULES, outbox=outbox, poll=timedelta(minutes=1))
        self.rounds = Rounds(tenants=(tenant,), store=self.store, run_job=self.jobs, clock=self.clock, name=name)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "service.sqlite")
    yield found
    found.store.close()


def jobs_of(bench: Bench) -> list[str]:
    return [job for _, job, _ in bench.jobs.ran if job != "events"]


def test_a_day_under_a_fast_clock_runs_each_job_when_due(bench: Bench) -> None:
    ran: list[tuple[str, str]] = []

    def act(claim: Claim, lease: Lease) -> None:
        ran.append((claim.job, f"{claim.due:%m-%d %H:%M}"))

    bench.jobs.act = act
    for _ in range(24 * 3 * 2):
        bench.rounds.tick()
        bench.clock.sleep(1800)
    assert [due for job, due in ran if job == "remind"] == ["03-20 09:00"]  # then comes the weekend
    assert [due for job, due in ran if job == "progress"][:5] == [
        "03-20 12:00",
        "03-20 18:00",
        "03-21 00:00",
        "03-21 06:00",
        "03-21 12:00",
    ]
    assert sum(job == "events" for job, _ in ran) == 24 * 3 * 2


def test_service_that_was_down_makes_good_as_declared(bench: Bench) -> None:
    bench.rounds.tick()
    bench.clock.moment = at("2026-03-25T10:00:00")
    bench.rounds.tick()
    assert jobs_of(bench).count("remind") == 1
    assert jobs_of(bench).count("progress") == 20


def test_daily_job_that_was_missed_for_weeks_runs_once(bench: Bench) -> None:
    bench.rounds.tick()
    bench.clock.moment = at("2026-05-20T10:00:00")
    bench.rounds.tick()
    bench.rounds.tick()
    assert jobs_of(bench).count("remind") == 1
    assert bench.store.counts()[State.DUE] == 0


def test_history_is_forgotten_once_a_day(bench: Bench) -> None:
    told: list[datetime] = []
    bench.rounds.forget = told.append
    for moment in ("2026-03-20T08:00", "2026-03-20T20:00", "2026-03-21T08:00", "2026-03-21T09:00"):
        bench.clock.moment = at(moment)
        bench.rounds.tick()
    assert told == [at(f"2026-03-{day}T08:00") - HISTORY_KEPT for day in (20, 21)]


def test_finished_runs_older_than_the_history_are_gone(bench: Bench) -> None:
    bench.rounds.tick()
    for moment in ("2026-03-20T09:00:30", "2027-05-20T08:00:00"):
        bench.clock.moment = at(moment)
        bench.rounds.tick()
    assert all(at("2026-04-15T08:00") < due for _, _, due, *_ in bench.store.listed())


def test_first_start_does_not_run_the_past(bench: Bench) -> None:
    bench.rounds.tick()
    assert jobs_of(bench) == []


def test_two_instances_on_one_state_never_run_the_same(bench: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path / "service.sqlite", name="b")
    other.rounds.tick()
    bench.rounds.tick()
    for moment in ("2026-03-20T09:00:30", "2026-03-20T12:00:30", "2026-03-21T09:00:00"):
        bench.clock.moment = other.clock.moment = at(moment)
        threads = [threading.Thread(target=one.rounds.tick) for one in (bench, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    ran = bench.jobs.ran + other.jobs.ran
    named = [job for _, job, _ in ran if job != "events"]
    assert sorted(named) == ["progress"] * 4 + ["remind"]
    assert all(attempt == 1 for _, _, attempt in ran)
    other.store.close()


def test_admin_is_told_of_a_job_that_needs_a_person(bench: Bench) -> None:
    def act(claim: Claim, lease: Lease) -> None:
        if claim.job == "remind":
            raise SyncError("sync.no_cycle")

    bench.rounds.tick()
    bench.jobs.act = act
    bench.clock.moment = at("2026-03-20T09:00:00")
    bench.rounds.tick()
    assert bench.way.sent[0].lines == ("作业 remind 连续失败, 请看运行记录",)
    assert bench.store.counts()[State.PARKED] == 1


def test_poke_looks_before_the_next_interval(bench: Bench) -> None:
    bench.rounds.tick()
    bench.clock.sleep(5)
    bench.rounds.tick()
    assert len(bench.jobs.ran) == 1
    bench.rounds.look_now()
    bench.rounds.tick()
    assert len(bench.jobs.ran) == 2


def test_health_follows_the_rounds(bench: Bench) -> None:
    assert not bench.rounds.is_healthy(within=timedelta(minutes=5))
    bench.rounds.tick()
    assert bench.rounds.is_healthy(within=timedelta(minutes=5))
    bench.clock.sleep(301)
    assert not bench.rounds.is_healthy(within=timedelta(minutes=5))


def test_loop_ends_when_told_and_answers_a_poke(bench: Bench) -> None:
    stop, poked = threading.Event(), threading.Event()
    seen: list[str] = []

    def act(claim: Claim, lease: Lease) -> None:
        seen.append(claim.job)
        bench.clock.sleep(1)
        poked.set()
        if len(seen) == 3:
            stop.set()

    bench.jobs.act = act
    run_forever(bench.rounds, stop=stop, poked=poked, pause_s=60)
    assert seen == ["events"] * 3
