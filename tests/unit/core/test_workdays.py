from __future__ import annotations

from datetime import date

import pytest

from huoban_perf.core.workdays import WorkCalendar


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 10, 1), False),  # 国庆
        (date(2026, 10, 10), True),  # a Saturday worked in exchange (调休)
        (date(2026, 10, 12), True),
        (date(2026, 10, 17), False),
    ],
)
def test_national_holidays_and_exchange_days_count(day: date, worked: bool) -> None:
    assert WorkCalendar().is_workday(day) is worked


def test_unknown_year_counts_by_weekends_and_own_list() -> None:
    calendar = WorkCalendar(off=frozenset({date(2031, 10, 1)}), on=frozenset({date(2031, 10, 11)}))
    assert [calendar.is_workday(date(2031, 10, day)) for day in (1, 2, 4, 11)] == [False, True, False, True]


def test_company_list_wins_over_the_calendar() -> None:
    calendar = WorkCalendar(off=frozenset({date(2026, 10, 12)}), on=frozenset({date(2026, 10, 17)}))
    assert not calendar.is_workday(date(2026, 10, 12))
    assert calendar.is_workday(date(2026, 10, 17))


def test_shift_steps_over_the_golden_week_both_ways() -> None:
    calendar = WorkCalendar()
    assert calendar.shift(date(2026, 9, 30), 1) == date(2026, 10, 8)
    assert calendar.shift(date(2026, 10, 8), -1) == date(2026, 9, 30)
    assert calendar.shift(date(2026, 10, 3), 0) == date(2026, 10, 3)


def test_passed_counts_working_days_after_the_first() -> None:
    calendar = WorkCalendar()
    assert calendar.passed(date(2026, 9, 30), date(2026, 10, 9)) == 2
    assert calendar.passed(date(2026, 10, 9), date(2026, 9, 30)) == 0
