"""When the program's own jobs run, unless a profile says otherwise; all times in China.

Sources that need a file are given a time by the company. Jobs look at what stands, so an hour more or less changes
nothing but the delay.
"""

from __future__ import annotations

from huoban_perf.service.schedule import Schedule

TIMETABLE: tuple[Schedule, ...] = (
    Schedule(job="access-sync", cron="10 5 * * *"),
    Schedule(job="open", cron="30 5 * * *"),
    Schedule(job="collect", cron="40 5 * * *"),
    Schedule(job="progress", cron="50 5 * * *"),
    Schedule(job="score", cron="0 6 * * *"),
    Schedule(job="calibrate", cron="30 6 * * *"),
    Schedule(job="interview", cron="0 7 * * *"),
    Schedule(job="match-external", cron="*/30 * * * *"),
    Schedule(job="appeal", cron="5 7 * * *"),
    Schedule(job="outcomes", cron="20 7 * * *"),
    Schedule(job="improve", cron="10 7 * * *"),
    Schedule(job="strategy-check", cron="40 7 * * 1"),
    Schedule(job="retention", cron="0 4 1 * *"),
    Schedule(job="remind", cron="30 7 * * *"),
)
