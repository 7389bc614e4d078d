"""Both stores keep the same promises."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from huoban_perf.automation import Firing, FiringState
from huoban_perf.automation.firings import Settled
from huoban_perf.core.errors import LeaseLostError, ServiceError
from huoban_perf.service.ledger import SqliteLedger
from huoban_perf.service.occurrences import OccurrenceStore, Share, State
from huoban_perf.service.redis_store import RedisStore
from huoban_perf.service.store import SqliteStore
from tests.unit.service.bench import LEASE, at
from tests.unit.service.redis_server import client, redis_server

NINE = at("2026-03-20T09:00")
TEN = at("2026-03-20T10:00")

pytestmark = pytest.mark.xdist_group("redis")
Opener = Callable[[], OccurrenceStore]


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite", "redis"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same store as often as asked, like several processes would."""
    opened: list[SqliteStore] = []
    if request.param == "sqlite":

        def open_store() -> OccurrenceStore:
            opened.append(SqliteStore(tmp_path / "state" / "service.sqlite"))
            return opened[-1]

        yield open_store
        for store in opened:
            store.close()
    else:
        connection = client(request.getfixturevalue("redis_url"))
        connection.flushall()
        yield lambda: RedisStore(connection)
        connection.close()


def test_an_occurrence_is_kept_once(opener: Opener) -> None:
    first, second = opener(), opener()
    assert first.add(profile="p", job="remind", due=NINE)
    assert not second.add(profile="p", job="remind", due=NINE)
    assert second.add(profile="q", job="remind", due=NINE)
    assert first.counts()[State.DUE] == 2


def test_each_takes_its_share_and_a_lease_holds_for_all(opener: Opener) -> None:
    store = opener()
    for profile in ("p", "q"):
        for job in ("events", "score"):
            store.add(profile=profile, job=job, due=NINE)
    looks, works = Share(only="events"), Share(without="events")
    first = store.claim(worker="a", now=TEN, lease=LEASE, share=works)
    assert first is not None
    assert (first.profile, first.job) == ("p", "score")
    second = store.claim(worker="b", now=TEN, lease=LEASE, share=looks)
    assert second is not None
    assert (second.profile, second.job) == ("q", "events")
    assert store.claim(worker="c", now=TEN, lease=LEASE, share=looks) is None  # p is held by the job
    store.done(first, outcome="")
    assert store.claim(worker="c", now=TEN, lease=LEASE, share=Share(profiles=("q", "r"))) is None
    third = store.claim(worker="c", now=TEN, lease=LEASE, share=Share(profiles=("p",), only="events"))
    assert third is not None
    assert (third.profile, third.job) == ("p", "events")


def test_a_job_that_stands_due_is_not_asked_for_twice(opener: Opener) -> None:
    store = opener()
    assert store.ask_for(profile="p", job="match-external", now=NINE)
    later = NINE + timedelta(seconds=1)
    assert not store.ask_for(profile="p", job="match-external", now=later)
    assert store.ask_for(profile="q", job="match-external", now=later)
    claim = store.claim(worker="a", now=later, lease=LEASE, share=Share(profiles=("p",)))
    assert claim is not None
    # It has begun to read: what happens from now on needs another run.
    assert store.ask_for(profile="p", job="match-external", now=later)
    store.retry(claim, not_before=TEN, reason="passing")
    assert store.counts()[State.DUE] == 3
    assert not store.ask_for(profile="p", job="match-external", now=later + timedelta(seconds=1))


def test_schedule_starts_now_and_never_goes_back(opener: Opener) -> None:
    store = opener()
    assert store.seen_until(profile="p", job="remind", now=NINE) == NINE
    assert store.seen_until(profile="p", job="remind", now=TEN) == NINE
    store.add(profile="p", job="remind", due=TEN)
    store.add(profile="p", job="remind", due=NINE)
    assert store.seen_until(profile="p", job="remind", now=NINE) == TEN


def test_one_claim_a_profile_oldest_first(opener: Opener) -> None:
    store = opener()
    store.add(profile="p", job="score", due=TEN)
    store.add(profile="p", job="remind", due=NINE)
    store.add(profile="q", job="remind", due=TEN)
    assert store.claim(worker="a", now=NINE - timedelta(seconds=1), lease=LEASE) is None
    first = store.claim(worker="a", now=TEN, lease=LEASE)
    assert first is not None
    assert (first.profile, first.job, first.due, first.attempt) == ("p", "remind", NINE, 1)
    second = opener().claim(worker="b", now=TEN, lease=LEASE)
    assert second is not None
    assert second.profile == "q"
    assert opener().claim(worker="c", now=TEN, lease=LEASE) is None
    store.done(first, outcome="ok")
    third = store.claim(worker="a", now=TEN, lease=LEASE)
    assert third is not None
    assert (third.profile, third.job) == ("p", "score")


def test_a_lease_that_ended_is_taken_over_and_the_first_holder_is_fenced_off(opener: Opener) -> None:
    store = opener()
    store.add(profile="p", job="score", due=NINE)
    first = store.claim(worker="a", now=NINE, lease=LEASE)
    assert first is not None
    store.renew(first, now=NINE + LEASE / 2, lease=LEASE)
    assert store.claim(worker="b", now=NINE + LEASE, lease=LEASE) is None
    second = store.claim(worker="b", now=NINE + LEASE * 2, lease=LEASE)
    assert second is not None
    assert (second.attempt, second.fence) == (2, first.fence + 1)
    for late in (
        lambda: store.renew(first, now=TEN, lease=LEASE),
        lambda: store.done(first, outcome="ok"),
        lambda: store.park(first, reason="x"),
        lambda: store.retry(first, not_before=TEN, reason="x"),
    ):
        with pytest.raises(LeaseLostError):
            late()
    store.done(second, outcome="ok")
    assert store.counts() == {State.DUE: 0, State.RUNNING: 0, State.DONE: 1, State.PARKED: 0}


def test_retry_waits_and_park_ends(opener: Opener) -> None:
    store = opener()
    store.add(profile="p", job="score", due=NINE)
    first = store.claim(worker="a", now=NINE, lease=LEASE)
    assert first is not None
    store.retry(first, not_before=TEN, reason="platform.throttled")
    assert store.claim(worker="a", now=TEN - timedelta(seconds=1), lease=LEASE) is None
    second = store.claim(worker="a", now=TEN, lease=LEASE)
    assert second is not None
    assert second.attempt == 2
    store.park(second, reason="sync.sealed")
    assert store.claim(worker="a", now=TEN + LEASE * 9, lease=LEASE) is None
    assert store.counts()[State.PARKED] == 1


def test_many_threads_share_the_work_without_doubles(opener: Opener) -> None:
    store = opener()
    for number in range(40):
        store.add(profile=f"p{number % 4}", job=f"job{number}", due=NINE)
    ran: list[str] = []

    def work(name: str) -> None:
        mine = opener()
        idle = 0
        while idle < 200:
            claim = mine.claim(worker=name, now=TEN, lease=LEASE)
            if claim is None:
                idle += 1
                continue
            ran.append(claim.job)
            mine.done(claim, outcome="ok")

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == sorted(f"job{number}" for number in range(40))


def test_finished_looks_are_forgotten_and_nothing_else(opener: Opener) -> None:
    store = opener()
    for job, due in (("events", NINE), ("events", TEN), ("score", NINE)):
        store.add(profile="p", job=job, due=due)
    for _ in range(3):
        claim = store.claim(worker="a", now=TEN, lease=LEASE)
        assert claim is not None
        store.done(claim, outcome="ok")
    assert store.prune(before=TEN, job="events") == 1
    assert store.counts()[State.DONE] == 2


def test_finished_runs_of_every_job_are_forgotten_by_age_and_what_is_open_stays(opener: Opener) -> None:
    store = opener()
    for job in ("events", "score", "parked", "waiting"):
        store.add(profile="p", job=job, due=NINE)
    store.add(profile="p", job="score", due=TEN)
    for _ in range(5):
        claim = store.claim(worker="a", now=TEN, lease=LEASE)
        assert claim is not None
        if claim.job == "parked":
            store.park(claim, reason="x")
        elif claim.job == "waiting":
            store.retry(claim, not_before=TEN + LEASE, reason="x")
        else:
            store.done(claim, outcome="ok")
    assert store.prune(before=TEN) == 2
    assert store.prune(before=TEN) == 0
    counts = store.counts()
    assert (counts[State.DONE], counts[State.PARKED], counts[State.DUE], counts[State.RUNNING]) == (1, 1, 1, 0)
    assert store.seen_until(profile="p", job="score", now=TEN + LEASE) == TEN, "its schedule is not looked after again"


def test_redis_forgets_what_was_finished_before_it_kept_lists(redis_url: str) -> None:
    connection = client(redis_url)
    connection.flushall()
    store = RedisStore(connection)
    store.add(profile="p", job="score", due=NINE)
    claim = store.claim(worker="a", now=TEN, lease=LEASE)
    assert claim is not None
    store.done(claim, outcome="ok")
    connection.delete(*connection.keys("*:finished*"))
    assert store.prune(before=TEN) == 1
    assert connection.hlen("huoban-perf:occurrences") == 0
    connection.close()


def test_clock_that_was_a_year_ahead_stops_nothing_once_it_is_right_again(opener: Opener) -> None:
    store = opener()
    wrong = NINE + timedelta(days=365)
    assert store.seen_until(profile="p", job="remind", now=wrong) == wrong
    store.add(profile="p", job="score", due=NINE)
    assert store.claim(worker="dead", now=wrong, lease=LEASE) is not None  # and never heard of again
    assert store.seen_until(profile="p", job="remind", now=NINE) == NINE
    assert store.seen_until(profile="p", job="remind", now=TEN) == NINE
    claim = store.claim(worker="a", now=TEN, lease=LEASE)
    assert claim is not None
    assert (claim.job, claim.attempt) == ("score", 2)
    store.done(claim, outcome="ok")


def test_history_is_forgotten_by_age_and_whatever_still_matters_stays(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "service.sqlite")
    ledger = SqliteLedger(store, profile="p")
    made = [Firing(key=name, automation=name, table="goal", item="1", cause="created") for name in ENDS]
    ledger.note("goal", cursor=NINE, seen={"1": {"name": "ab"}}, firings=made)
    for firing, state in zip(made, ENDS.values(), strict=True):
        if state is not None:
            ledger.settle([Settled(firing=firing, state=state, outcome="")], at=NINE)
    late = Firing(key="late", automation="late", table="goal", item="1", cause="created")
    ledger.enqueue([late])
    ledger.settle([Settled(firing=late, state=FiringState.DONE, outcome="")], at=TEN)
    with store.step() as database:
        database.executemany(
            "INSERT INTO notices VALUES"
            " ('p', ?, 'u1', 'e', 'o', '2026-03-20', '{}', '', 'digest', 0, ?, 1, 0, ?, 0, '', '')",
            [("old", "sent", NINE.timestamp()), ("nobody", "unreachable", NINE.timestamp()), ("waits", "waiting", None),
             ("parked", "parked", NINE.timestamp()), ("new", "sent", TEN.timestamp())],
        )  # fmt: skip
        database.executemany("INSERT INTO mirrored VALUES ('p', ?, 'sent')", [("old",), ("new",)])
    assert store.forget(TEN) == 5
    assert store.forget(TEN) == 0
    assert [name for name, *_ in ledger.listed()] == ["looped", "parked", "pending", "late"]
    with store.step() as database:
        assert database.execute("SELECT key FROM notices ORDER BY key").fetchall() == [
            ("new",),
            ("parked",),
            ("waits",),
        ]
        assert database.execute("SELECT key FROM mirrored").fetchall() == [("new",)]
    assert ledger.known("goal") == {"1"}
    assert ledger.cursor("goal") == NINE
    store.close()


ENDS = {
    "done": FiringState.DONE,
    "skipped": FiringState.SKIPPED,
    "refused": FiringState.REFUSED,
    "looped": FiringState.LOOPED,
    "parked": FiringState.PARKED,
    "pending": None,
}


def test_file_is_private_and_survives_closing(tmp_path: Path) -> None:
    path = tmp_path / "state" / "service.sqlite"
    store = SqliteStore(path)
    store.add(profile="p", job="score", due=NINE)
    store.close()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    again = SqliteStore(path)
    assert again.listed() == [("p", "score", NINE, State.DUE, 0, "")]
    again.close()


def test_file_of_another_format_or_damaged_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    database = sqlite3.connect(other)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(ServiceError) as caught:
        SqliteStore(other)
    assert caught.value.code == "service.store_format"
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_text("this is no database, only text that goes on for a while" * 40)
    with pytest.raises(ServiceError) as caught:
        SqliteStore(damaged)
    assert caught.value.code == "service.store_damaged"
