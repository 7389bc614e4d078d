from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from huoban_perf.core.errors import LeaseLostError, SyncError, UnreachableError
from huoban_perf.core.items import ItemQuery, ItemWrite, WriteBatch, WriteMode
from huoban_perf.service.fence import Lease, fenced
from huoban_perf.service.occurrences import Claim, State
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.worker import LEASE, Ended, Worker
from tests.unit.notices.clocks import SetClock
from tests.unit.service.bench import Jobs, clock, nothing
from tests.unit.sync.memory import NO_BINDINGS, Memory, make_table


class Bench:
    """A store with one due job, a worker and what it told."""

    def __init__(self, path: Path) -> None:
        self.clock: SetClock = clock()
        self.store = SqliteStore(path)
        self.jobs = Jobs()
        self.told: list[Ended] = []
        self.worker = Worker(name="a", store=self.store, run_job=self.jobs, clock=self.clock, tell=self.told.append)
        self.store.add(profile="p", job="score", due=self.clock.now())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "service.sqlite")
    yield found
    found.store.close()


def raising(error: Exception) -> object:
    def act(claim: Claim, lease: Lease) -> None:
        raise error

    return act


def test_due_work_is_run_once(bench: Bench) -> None:
    assert bench.worker.run_all() == 1
    assert bench.worker.run_all() == 0
    assert bench.jobs.ran == [("p", "score", 1)]
    assert [ended.result for ended in bench.told] == ["done"]


def test_stopping_service_begins_nothing_new(bench: Bench) -> None:
    assert bench.worker.run_all(stopping=lambda: True) == 0
    assert bench.store.counts()[State.DUE] == 1


@pytest.mark.parametrize(
    "error", [UnreachableError("platform.unreachable", endpoint="item.list"), RuntimeError("a defect")]
)
def test_passing_failure_is_tried_again_after_a_minute(bench: Bench, error: Exception) -> None:
    bench.jobs.act = raising(error)  # type: ignore[assignment]
    bench.worker.run_one()
    bench.jobs.act = nothing
    bench.clock.sleep(59)
    assert not bench.worker.run_one()
    bench.clock.sleep(1)
    assert bench.worker.run_one()
    assert [ended.result for ended in bench.told] == ["retry", "done"]
    assert bench.jobs.ran == [("p", "score", 2)]


def test_failures_end_on_the_parked_list(bench: Bench) -> None:
    bench.jobs.act = raising(UnreachableError("platform.unreachable", endpoint="item.list"))  # type: ignore[assignment]
    for wait_min in (1, 2, 4, 8, 0):
        assert bench.worker.run_one()
        bench.clock.sleep(60 * wait_min - 1)
        assert not bench.worker.run_one()
        bench.clock.sleep(1)
    assert [ended.result for ended in bench.told] == ["retry"] * 4 + ["parked"]
    assert bench.store.listed()[0][3:] == (State.PARKED, 5, "platform.unreachable")


def test_failure_that_a_person_must_mend_is_parked_at_once(bench: Bench) -> None:
    bench.jobs.act = raising(SyncError("sync.no_cycle"))  # type: ignore[assignment]
    bench.worker.run_one()
    assert [(ended.result, ended.code) for ended in bench.told] == [("parked", "sync.no_cycle")]


def test_one_failing_job_does_not_stop_the_others(bench: Bench) -> None:
    bench.store.add(profile="q", job="remind", due=bench.clock.now())

    def act(claim: Claim, lease: Lease) -> None:
        if claim.profile == "q":
            raise SyncError("sync.no_cycle")

    bench.jobs.act = act
    assert bench.worker.run_all() == 2
    assert bench.jobs.ran == [("p", "score", 1)]


def test_worker_that_slept_too_long_writes_nothing_more(bench: Bench) -> None:
    """It was stopped for longer than its lease; meanwhile another did the work; its next write is refused."""
    memory = Memory()
    table = make_table()
    rows = (ItemWrite(key="k", values={"code": "k", "name": "late"}),)
    batch = WriteBatch(table=table, mode=WriteMode.UPSERT, rows=rows)

    def act(claim: Claim, lease: Lease) -> None:
        connection = fenced(memory.connection(), lease)
        bench.clock.sleep(LEASE.total_seconds() + 1)
        other = Worker(name="b", store=bench.store, run_job=Jobs(), clock=bench.clock)
        assert other.run_one()
        with pytest.raises(LeaseLostError):
            connection.item_sink.submit(batch=batch, bindings=NO_BINDINGS)
        lease.check()

    bench.jobs.act = act
    bench.worker.run_one()
    assert memory.writes == 0
    assert [ended.result for ended in bench.told] == ["lost"]
    assert bench.store.counts()[State.DONE] == 1


def test_long_reading_keeps_the_lease(bench: Bench) -> None:
    memory = Memory()
    table = make_table()
    for number in range(500):
        memory.put(table, {"code": f"k{number}"})

    def act(claim: Claim, lease: Lease) -> None:
        connection = fenced(memory.connection(), lease)
        for _ in connection.item_source.scan(query=ItemQuery(table=table), bindings=NO_BINDINGS):
            bench.clock.sleep(LEASE.total_seconds() / 2)

    bench.jobs.act = act
    bench.worker.run_one()
    assert [ended.result for ended in bench.told] == ["done"]
