from __future__ import annotations

from datetime import date, datetime

import pytest

from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.values import CHINA
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices.channel import Message
from huoban_perf.notices.delivery import SentToday, Waiting, due_messages
from huoban_perf.notices.texts import TextBook, shipped_texts

CALENDAR = WorkCalendar()
MADE = "2026-03-19T15:00"


def waiting(count: int = 1, *, event: str = "review_due", mode: Mode = Mode.DIGEST, made: str = MADE) -> list[Waiting]:
    return [
        Waiting(
            notice=Notice(
                receiver="u1",
                event=event,
                object=f"[T{number}]",
                day=date(2026, 3, 19),
                facts=dict.fromkeys(("cycle", "due", "subject", "person", "job", "count", "line", "code"), "x"),
                mode=mode,
            ),
            since=datetime.fromisoformat(made).replace(tzinfo=CHINA),
        )
        for number in range(count)
    ]


def due(entries: list[Waiting], at: str, sent: SentToday = SentToday()) -> list[Message]:  # noqa: B008
    return due_messages(
        entries,
        now=datetime.fromisoformat(at).replace(tzinfo=CHINA),
        calendar=CALENDAR,
        sent={"u1": sent},
        texts=TextBook(locale="zh"),
    )


def test_digest_goes_out_once_at_nine_with_one_line_a_kind() -> None:
    entries = waiting(12) + waiting(1, event="goals_due")
    assert due(entries, "2026-03-20T08:59") == []
    (message,) = due(entries, "2026-03-20T09:00")
    assert message.digest
    assert message.title == "【绩效管理】您今天有 13 件待办"
    assert message.lines == ("x 的目标待您提交, 截止 x", "评价任务待完成, 截止 x (共 12 件)")
    assert len(message.keys) == 13
    assert due(entries, "2026-03-20T09:01", SentToday(digest=True)) == []


def test_digest_has_at_most_ten_lines_and_counts_the_rest() -> None:
    events = [event for event in shipped_texts() if event not in {"digest", "single", "more", "several"}][:14]
    entries = [entry for event in events for entry in waiting(1, event=event)]
    (message,) = due(entries, "2026-03-20T09:00")
    assert len(message.lines) == 10
    assert message.lines[-1] == "另有 5 件, 请登录工作区查看"
    assert len(message.keys) == 14


@pytest.mark.parametrize(
    "at",
    ["2026-03-20T20:00", "2026-03-20T08:29", "2026-03-21T10:00", "2026-10-01T10:00"],
    ids=["evening", "early", "saturday", "holiday"],
)
@pytest.mark.parametrize("mode", list(Mode))
def test_quiet_hours_and_days_off_hold_everything(at: str, mode: Mode) -> None:
    assert due(waiting(mode=mode), at) == []


def test_exchange_saturday_is_a_working_day() -> None:
    assert len(due(waiting(), "2026-10-10T09:00")) == 1


def test_at_once_goes_out_at_once_but_three_a_day_only() -> None:
    entries = waiting(5, mode=Mode.AT_ONCE)
    messages = due(entries, "2026-03-19T15:00", SentToday(digest=True))
    assert [message.digest for message in messages] == [False, False, False]
    messages = due(entries, "2026-03-20T09:00", SentToday(at_once=3))
    assert [(message.digest, len(message.keys)) for message in messages] == [(True, 5)]


def test_exempt_goes_beyond_the_three() -> None:
    assert len(due(waiting(4, mode=Mode.EXEMPT), "2026-03-19T15:00", SentToday(at_once=3, digest=True))) == 4


def test_release_waits_for_nine_of_the_next_working_day() -> None:
    friday = waiting(event="released", mode=Mode.MORNING, made="2026-03-20T10:00")
    assert due(friday, "2026-03-20T11:00") == []
    assert due(friday, "2026-03-21T09:30") == []
    (message,) = due(friday, "2026-03-23T09:00", SentToday(at_once=3, digest=True))
    assert message.lines == ("x 结果已公布, 请登录查看",)
