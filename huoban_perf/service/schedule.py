"""Schedules: when a job is due, as pure functions of its cron line, its time zone and two moments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterError, croniter

from huoban_perf.core.errors import FactValue, Problem, ServiceError

DEFAULT_ZONE = "Asia/Shanghai"

_MOST = 1_000
"""So many missed times of one schedule are looked at; beyond that only the latest counts anyway."""


class CatchUp(StrEnum):
    """What happens to times that passed while nobody was there to run them."""

    LATEST = "latest"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When one job runs.

    Attributes:
        job: Name of the job.
        cron: Five fields: minute, hour, day of month, month, day of week.
        zone: Name of the time zone that the fields are in.
        catch_up: What is done about missed times. Jobs work on the state they find, so one run makes good for many.
    """

    job: str
    cron: str
    zone: str = DEFAULT_ZONE
    catch_up: CatchUp = CatchUp.LATEST


def check_schedules(schedules: tuple[Schedule, ...], *, jobs: frozenset[str]) -> None:
    """Refuse schedules that could never run, all at once.

    Args:
        schedules: The schedules.
        jobs: Names of the jobs that exist.

    Raises:
        ServiceError: A job, a cron line or a time zone is unknown.
    """
    problems: list[Problem] = []
    for entry in schedules:
        if entry.job not in jobs:
            facts: dict[str, FactValue] = {"job": entry.job, "known": tuple(sorted(jobs))}
            problems.append(Problem(code="service.unknown_job", facts=facts, address=entry.job))
        try:
            ZoneInfo(entry.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            problems.append(Problem(code="service.unknown_zone", facts={"zone": entry.zone}, address=entry.job))
        if len(entry.cron.split()) != 5 or not croniter.is_valid(entry.cron):
            problems.append(Problem(code="service.bad_cron", facts={"cron": entry.cron}, address=entry.job))
    if problems:
        raise ServiceError("service.bad_schedule", facts={"count": len(problems)}, problems=problems)


def next_fire(schedule: Schedule, *, after: datetime) -> datetime:
    """Return the first due time after a moment.

    Args:
        schedule: A schedule that ``check_schedules`` accepts.
        after: An aware moment; a time equal to it does not count.

    Returns:
        An aware moment in the schedule's zone. In the night in which an hour comes twice, a line that names its hours
        is due the first time only; one whose hours are ``*`` goes on as before.

    Raises:
        ServiceError: The cron line never comes true (for example 31 February).
    """
    try:
        found = croniter(schedule.cron, after.astimezone(ZoneInfo(schedule.zone))).get_next(datetime)
    except CroniterError as error:
        problem = Problem(code="service.bad_cron", facts={"cron": schedule.cron}, address=schedule.job)
        raise ServiceError("service.bad_schedule", facts={"count": 1}, problems=[problem]) from error
    if not isinstance(found, datetime):
        raise TypeError("croniter returns datetimes when asked for them")
    if found.fold and "*" not in schedule.cron.split()[1]:
        return next_fire(schedule, after=found)
    return found


def due_times(schedule: Schedule, *, after: datetime, until: datetime) -> tuple[datetime, ...]:
    """Return the due times of an interval that should still be run.

    Args:
        schedule: The schedule.
        after: The last moment that was looked after.
        until: Now.

    Returns:
        Times in ``(after, until]``: all of them, the latest, or only one that has just come, as ``catch_up`` says. For
        NONE a time counts as just come within one minute.
    """
    times: list[datetime] = []
    moment = after
    while (moment := next_fire(schedule, after=moment)) <= until:
        times.append(moment)
        if len(times) > _MOST:
            times = times[-1:]
    match schedule.catch_up:
        case CatchUp.ALL:
            return tuple(times)
        case CatchUp.LATEST:
            return tuple(times[-1:])
        case CatchUp.NONE:
            return tuple(moment for moment in times[-1:] if (until - moment).total_seconds() < 60)
