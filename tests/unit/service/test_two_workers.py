"""Two worker processes on a real Redis; one is killed in the middle of a job; everything ends exactly once."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from huoban_perf.core.errors import ServiceError
from huoban_perf.service.occurrences import State
from huoban_perf.service.queue import connect_store, make_queue
from huoban_perf.service.redis_store import RedisStore
from huoban_perf.service.rounds import Rounds
from huoban_perf.service.store import SqliteStore
from huoban_perf.service.worker import LEASE
from tests.unit.service.bench import Jobs, clock
from tests.unit.service.redis_server import client, redis_server

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.xdist_group("redis")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as address:
        yield address


@contextmanager
def started(
    url: str, name: str, folder: Path, *, stops_in: str = "", role: str = "all"
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process, gone at the end whatever happens; unbuffered pipes, so that ``select`` tells the truth."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.unit.service.redis_worker", url, name, str(folder), stops_in, role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[bytes], text: str) -> None:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], 60)
    assert ready, f"no word of {text!r}"
    assert text in process.stdout.readline().decode()


def test_killed_workers_job_is_ended_by_the_other(url: str, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    connection = client(url)
    store = RedisStore(connection)
    now = datetime.now(UTC)
    for number in range(8):
        store.add(profile=f"company{number % 3}", job=f"job{number}", due=now + timedelta(microseconds=number))
    with started(url, "first", ledger, stops_in="job3") as first:
        wait_for(first, "serving")
        wait_for(first, "in the middle of job3")
        first.kill()
        first.wait(timeout=10)
    # The dead worker's lease on company0 still stands; as if three minutes had passed, it ends.
    held = connection.hgetall("huoban-perf:held")
    assert list(held) == ["company0"]
    assert float(held["company0"]) > datetime.now(UTC).timestamp() + LEASE.total_seconds() / 2
    connection.hset("huoban-perf:held", "company0", str(datetime.now(UTC).timestamp()))
    with started(url, "second", ledger) as second:
        wait_for(second, "serving")
        ring = make_queue(url, rounds=Rounds(tenants=(), store=store, run_job=Jobs(), clock=clock(), name="ringer"))
        deadline = 600
        while store.counts()[State.DONE] < 8 and deadline:
            deadline -= 1
            select.select([], [], [], 0.05)
        assert ring.name == "huoban-perf"
        second.terminate()
        second.wait(timeout=20)
    ended = [line.split() for line in (ledger / "ended").read_text().splitlines()]
    begun = [line.split() for line in (ledger / "begun").read_text().splitlines()]
    assert sorted(job for _, _, job, _ in ended) == [f"job{number}" for number in range(8)]
    assert [name for name, _, job, _ in begun if job == "job3"] == ["first", "second"]
    assert {name for name, *_ in ended} == {"first", "second"}
    assert dict(store.counts()) == {State.DUE: 0, State.RUNNING: 0, State.DONE: 8, State.PARKED: 0}
    assert second.returncode == 0
    connection.close()


def test_events_beside_workers_exclude_each_other_and_survive_a_kill(url: str, tmp_path: Path) -> None:
    """One looks for events, one runs jobs, both of the same company: never at once, whoever is killed."""
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    connection = client(url)
    store = RedisStore(connection)
    with started(url, "looks", ledger, stops_in="events", role="events") as looks:
        wait_for(looks, "serving")
        wait_for(looks, "in the middle of events")
        store.add(profile="company0", job="score", due=datetime.now(UTC))
        with started(url, "works", ledger, role="jobs") as works:
            wait_for(works, "serving")
            wait_for(works, "ran 0")
            # The look is under way and holds the company: the job waits, and the worker does not take the look.
            assert lines(ledger, "begun") == [["looks", "company0", "events", "1"]]
            looks.kill()
            looks.wait(timeout=10)
            connection.hset("huoban-perf:held", "company0", str(datetime.now(UTC).timestamp()))  # the lease ends
            with started(url, "third", ledger, role="jobs") as third:
                wait_for(third, "serving")
                wait_for(third, "ran ")  # by now this one or its colleague, woken by the minute, has taken the job
                wait_until(lambda: [line[2] for line in lines(ledger, "ended")] == ["score"])
            with started(url, "again", ledger, role="events") as again:
                wait_for(again, "serving")
                wait_until(lambda: len(lines(ledger, "ended")) >= 4)
                again.terminate()
                assert again.wait(timeout=20) == 0
            works.terminate()
            assert works.wait(timeout=20) == 0
    by = {(line[0], line[2]) for line in lines(ledger, "begun")}
    assert {name for name, job in by if job == "events"} == {"looks", "again"}
    assert {name for name, job in by if job == "score"} < {"works", "third"}
    assert [line[2] for line in lines(ledger, "ended")].count("score") == 1
    fences = [int(line[-1]) for line in lines(ledger, "begun")]
    assert fences == sorted(set(fences))
    assert store.counts()[State.PARKED] == store.counts()[State.RUNNING] == 0
    connection.close()


def test_two_instances_on_one_file_never_do_the_same_work_twice(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    file = tmp_path / "service.sqlite"
    store = SqliteStore(file)
    now = datetime.now(UTC)
    for number in range(24):
        store.add(profile=f"company{number % 4}", job=f"job{number}", due=now + timedelta(microseconds=number))
    with started(str(file), "first", ledger, stops_in="job5") as first:
        wait_for(first, "serving")
        wait_for(first, "in the middle of job5")
        with started(str(file), "second", ledger) as second:
            wait_for(second, "serving")
            wait_until(lambda: len(lines(ledger, "ended")) == 19)  # job5 is under way, and four wait behind it
            first.kill()
            first.wait(timeout=10)
            with store.step() as database:  # as if the dead one's lease had ended
                database.execute("UPDATE occurrences SET lease_until_s = 0 WHERE worker = 'first'")
            wait_until(lambda: store.counts()[State.DONE] == 24)
            second.terminate()
            assert second.wait(timeout=20) == 0
    assert [line[0] for line in lines(ledger, "begun") if line[2] == "job5"] == ["first", "second"]
    ended = [line[2] for line in lines(ledger, "ended")]
    assert sorted(ended) == sorted(f"job{number}" for number in range(24))
    for company in range(4):
        fences = [int(line[-1]) for line in lines(ledger, "begun") if line[1] == f"company{company}"]
        assert fences == sorted(set(fences))  # one at a time, whoever it was
    store.close()


def lines(ledger: Path, file: str) -> list[list[str]]:
    path = ledger / file
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def wait_until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        select.select([], [], [], 0.05)
    raise AssertionError("it never came to it")


def test_redis_that_goes_away_is_our_own_error(url: str) -> None:
    connection = client(url)
    store = RedisStore(connection)
    store.add(profile="p", job="score", due=datetime.now(UTC))
    connection.shutdown(nosave=True)
    for ask in (store.counts, lambda: store.claim(worker="a", now=datetime.now(UTC), lease=LEASE)):
        with pytest.raises(ServiceError) as caught:
            ask()
        assert caught.value.code == "service.no_redis"
    connection.close()


def test_redis_that_is_not_there_is_told_without_its_password() -> None:
    with pytest.raises(ServiceError) as caught:
        connect_store("redis://:pa55word@127.0.0.1:9/0")
    assert caught.value.code == "service.no_redis"
    assert "pa55word" not in f"{caught.value!r}{caught.value.facts}{caught.value.__cause__}"
