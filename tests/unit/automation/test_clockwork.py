from __future__ import annotations

from datetime import datetime

import pytest

from huoban_perf.automation.clockwork import last_due
from huoban_perf.core.schema.automations import OnSchedule, Period
from huoban_perf.core.values import CHINA


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def schedule(period: Period, day: int | None = None) -> OnSchedule:
    return OnSchedule(period=period, at="09:00", day=day)


@pytest.mark.parametrize(
    ("period", "day", "looked", "now", "due"),
    [
        (Period.DAY, None, "2026-03-19T09:00", "2026-03-20T08:59", None),
        (Period.DAY, None, "2026-03-19T09:00", "2026-03-20T09:00", "2026-03-20T09:00"),
        (Period.DAY, None, "2026-03-20T09:00", "2026-03-20T23:59", None),
        (
            Period.DAY,
            None,
            "2026-03-18T09:00",
            "2026-03-20T08:00",
            "2026-03-19T09:00",
        ),  # made good before today's comes
        (Period.DAY, None, "2026-03-19T23:59:59", "2026-03-20T08:00", None),  # a new one: the past is not run
        (Period.WORKDAY, None, "2026-03-20T09:00", "2026-03-22T10:00", None),  # a weekend
        (Period.WORKDAY, None, "2026-03-20T09:00", "2026-03-24T08:00", "2026-03-23T09:00"),
        (Period.WEEK, 1, "2026-03-16T09:00", "2026-03-20T09:00", None),
        (Period.WEEK, 1, "2026-03-16T09:00", "2026-03-24T08:00", "2026-03-23T09:00"),  # down on Monday the 23rd
        (Period.WEEK, 1, "2026-03-23T09:00", "2026-03-25T10:00", None),  # made good once
        (Period.MONTH, 1, "2026-03-01T09:00", "2026-03-31T10:00", None),
        (Period.MONTH, 1, "2026-03-01T09:00", "2026-04-03T08:00", "2026-04-01T09:00"),
        (Period.MONTH, 1, "2026-02-01T09:00", "2026-06-01T08:00", "2026-05-01T09:00"),  # once, however long it was down
    ],
)
def test_schedule_is_due_once_after_each_of_its_times(
    period: Period, day: int | None, looked: str, now: str, due: str | None
) -> None:
    assert last_due(schedule(period, day), at(now), looked=at(looked)) == (at(due) if due else None)
