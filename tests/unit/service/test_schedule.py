from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from huoban_perf.core.errors import ServiceError
from huoban_perf.service.schedule import CatchUp, Schedule, check_schedules, due_times, next_fire
from tests.unit.service.bench import at

DAILY = Schedule(job="remind", cron="0 9 * * *")


def test_next_fire_is_in_the_schedules_own_zone() -> None:
    assert next_fire(DAILY, after=at("2026-03-20T09:00")) == at("2026-03-21T09:00")
    assert next_fire(DAILY, after=at("2026-03-20T08:59:59")) == at("2026-03-20T09:00")
    new_york = Schedule(job="remind", cron="0 9 * * *", zone="America/New_York")
    # Daylight saving began on 8 March 2026: 09:00 there is 21:00 here, before it was 22:00.
    assert next_fire(new_york, after=at("2026-03-07T12:00")) == at("2026-03-07T22:00")
    assert next_fire(new_york, after=at("2026-03-20T12:00")) == at("2026-03-20T21:00")


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [(CatchUp.ALL, ["18", "19", "20"]), (CatchUp.LATEST, ["20"]), (CatchUp.NONE, [])],
)
def test_missed_times_are_made_good_as_declared(catch_up: CatchUp, expected: list[str]) -> None:
    schedule = Schedule(job="remind", cron="0 9 * * *", catch_up=catch_up)
    times = due_times(schedule, after=at("2026-03-17T09:00"), until=at("2026-03-20T15:00"))
    assert times == tuple(at(f"2026-03-{day}T09:00") for day in expected)


def test_a_time_that_has_just_come_is_due_even_without_catching_up() -> None:
    schedule = Schedule(job="remind", cron="0 9 * * *", catch_up=CatchUp.NONE)
    assert due_times(schedule, after=at("2026-03-19T10:00"), until=at("2026-03-20T09:00:30")) == (
        at("2026-03-20T09:00"),
    )


def test_nothing_is_due_twice_in_adjoining_intervals() -> None:
    schedule = Schedule(job="progress", cron="*/15 * * * *", catch_up=CatchUp.ALL)
    start, moment, seen = at("2026-03-20T00:00"), at("2026-03-20T00:00"), []
    for minutes in (7, 1, 7, 30, 45, 90, 1):
        seen += due_times(schedule, after=moment, until=moment + timedelta(minutes=minutes))
        moment += timedelta(minutes=minutes)
    assert seen == [start + timedelta(minutes=15 * step) for step in range(1, 13)]


@pytest.mark.parametrize(
    ("cron", "night"),
    [("30 2 * * *", "2026-03-08"), ("30 1 * * *", "2026-11-01"), ("30 2 * * *", "2026-11-01")],
    ids=["a time that does not exist", "a time that comes twice", "after the hour that comes twice"],
)
def test_daily_job_fires_once_in_the_night_the_clocks_change(cron: str, night: str) -> None:
    there = ZoneInfo("America/New_York")
    schedule = Schedule(job="remind", cron=cron, zone="America/New_York", catch_up=CatchUp.ALL)
    start = datetime.fromisoformat(f"{night}T00:00").replace(tzinfo=there) - timedelta(days=2)
    moment, found = start.astimezone(UTC), []
    end = moment + timedelta(days=5)
    while moment < end:  # a service that looks every five minutes
        found += due_times(schedule, after=moment, until=moment + timedelta(minutes=5))
        moment += timedelta(minutes=5)
    days = [due.astimezone(there).date() for due in found]
    assert days == sorted(set(days)), found
    assert len(days) == 5


def test_job_of_every_half_hour_goes_on_through_the_hour_that_comes_twice() -> None:
    schedule = Schedule(job="progress", cron="*/30 * * * *", zone="America/New_York", catch_up=CatchUp.ALL)
    start = datetime(2026, 11, 1, 4, tzinfo=UTC)
    times = due_times(schedule, after=start, until=start + timedelta(hours=4))
    assert [due.astimezone(UTC) for due in times] == [start + timedelta(minutes=30 * step) for step in range(1, 9)]


def test_every_fault_of_the_schedules_is_told_at_once() -> None:
    faulty = (
        Schedule(job="remind", cron="0 9 * * *", zone="Asia/Shangri-La"),
        Schedule(job="remind", cron="61 9 * * *"),
        Schedule(job="remind", cron="0 9 * * * *"),
        Schedule(job="dance", cron="0 9 * * *"),
        Schedule(job="remind", cron="0 9 * * *", zone="../../etc/passwd"),
    )
    with pytest.raises(ServiceError) as caught:
        check_schedules(faulty, jobs=frozenset({"remind"}))
    assert [problem.code for problem in caught.value.problems] == [
        "service.unknown_zone",
        "service.bad_cron",
        "service.bad_cron",
        "service.unknown_job",
        "service.unknown_zone",
    ]
    check_schedules((DAILY,), jobs=frozenset({"remind"}))


def test_a_day_that_never_comes_is_an_error() -> None:
    with pytest.raises(ServiceError):
        next_fire(Schedule(job="remind", cron="0 0 31 2 *"), after=at("2026-03-20T09:00"))
