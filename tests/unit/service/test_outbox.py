from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.core.errors import (
    NoticeError,
    NoticeLeakError,
    NoticeRefusedError,
    NoticeThrottledError,
    NoticeUnreachableError,
)
from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.notices import Message, TextBook
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.service.outbox import Delivered, Outbox
from huoban_perf.service.store import SqliteStore
from tests.unit.notices.clocks import SetClock


class Way:
    """A channel that keeps what it was given, or fails as told."""

    name = "way"

    def __init__(self, receivers: set[str]) -> None:
        self.receivers = receivers
        self.sent: list[Message] = []
        self.failure: NoticeError | None = None

    def reaches(self, receiver: str) -> bool:
        return receiver in self.receivers

    def send(self, message: Message) -> None:
        if leaks_in(message.text):
            raise NoticeLeakError("notices.leak", facts={"channel": self.name, "kinds": ("score",)})
        if self.failure:
            raise self.failure
        self.sent.append(message)


class Bench:
    """An outbox on a file, its clock and its one channel."""

    def __init__(self, path: Path) -> None:
        self.clock = SetClock("2026-03-20T10:00:00")
        self.store = SqliteStore(path)
        self.way = Way({"u1"})
        self.outbox = Outbox(
            profile="p",
            store=self.store,
            clock=self.clock,
            calendar=WorkCalendar(),
            texts=TextBook(locale="zh"),
            channels=(self.way,),
        )


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "service.sqlite")
    yield found
    found.store.close()


def notice(number: int = 1, *, receiver: str = "u1", mode: Mode = Mode.DIGEST, subject: str = "目标") -> Notice:
    return Notice(
        receiver=receiver,
        event="approval_waiting",
        object=f"[T{number}]",
        day=date(2026, 3, 20),
        facts={"subject": subject},
        mode=mode,
    )


def test_a_notice_is_kept_once_and_sent_once(bench: Bench) -> None:
    assert bench.outbox.put([notice(1), notice(2), notice(1)]) == 2
    assert bench.outbox.put([notice(2), notice(3)]) == 1
    assert bench.outbox.deliver() == Delivered(sent=1)
    assert bench.outbox.deliver() == Delivered()
    assert [message.title for message in bench.way.sent] == ["【绩效管理】您今天有 3 件待办"]
    assert bench.outbox.put([notice(1)]) == 0


def test_notice_made_after_the_digest_waits_for_the_next_working_day(bench: Bench) -> None:
    bench.outbox.put([notice(1)])
    bench.outbox.deliver()
    bench.outbox.put([notice(2)])
    assert bench.outbox.deliver() == Delivered()
    bench.clock.sleep(3 * 86_400)
    assert bench.outbox.deliver() == Delivered(sent=1)


def test_fourth_message_at_once_waits_for_the_digest(bench: Bench) -> None:
    bench.outbox.put([notice(0)])
    bench.outbox.deliver()
    bench.outbox.put([notice(number, mode=Mode.AT_ONCE) for number in range(1, 6)])
    assert bench.outbox.deliver() == Delivered(sent=3)
    bench.outbox.put([notice(9, mode=Mode.AT_ONCE)])
    assert bench.outbox.deliver() == Delivered()
    assert bench.outbox.counts() == {"sent": 4, "waiting": 3}


def test_receiver_without_an_address_is_counted_and_not_tried_again(bench: Bench) -> None:
    bench.outbox.put([notice(receiver="u9")])
    assert bench.outbox.deliver() == Delivered(unreachable=1)
    assert bench.outbox.deliver() == Delivered()


def test_refused_message_is_tried_later_and_parked_after_eight_tries(bench: Bench) -> None:
    bench.way.failure = NoticeRefusedError("notices.refused", facts={"channel": "way", "reply": "310000"})
    bench.outbox.put([notice()])
    results = []
    for _ in range(200):
        outcome = bench.outbox.deliver()
        if outcome != Delivered():
            results.append(outcome)
        bench.clock.sleep(600)
    assert results == [Delivered(failed=1)] * 7 + [Delivered(parked=1)]
    assert bench.outbox.parked() == [("approval_waiting", "notices.refused")]


def test_throttled_channel_costs_no_try(bench: Bench) -> None:
    bench.way.failure = NoticeThrottledError("notices.throttled", facts={"channel": "way", "seconds": 60})
    bench.outbox.put([notice()])
    for _ in range(20):
        assert bench.outbox.deliver() == Delivered(failed=1)
        bench.clock.sleep(60)
    bench.way.failure = None
    assert bench.outbox.deliver() == Delivered(sent=1)


def test_second_channel_helps_out(bench: Bench) -> None:
    bench.way.failure = NoticeUnreachableError("notices.unreachable", facts={"channel": "way"})
    other = Way({"u1"})
    bench.outbox.channels = (bench.way, other)
    bench.outbox.put([notice()])
    assert bench.outbox.deliver() == Delivered(sent=1)
    assert len(other.sent) == 1


def test_text_that_would_show_a_result_is_parked_at_once(bench: Bench) -> None:
    bench.outbox.put([notice(mode=Mode.AT_ONCE, subject="得分 92.5")])
    assert bench.outbox.deliver() == Delivered(parked=1)
    assert bench.way.sent == []
    assert bench.outbox.parked() == [("approval_waiting", "notices.leak")]


def test_one_notice_that_leaks_does_not_keep_the_others_back(bench: Bench) -> None:
    bench.outbox.put([notice(1), notice(2, subject="等级为 A"), notice(3)])
    assert bench.outbox.deliver() == Delivered(sent=1, parked=1)
    assert bench.way.sent[0].title == "【绩效管理】您今天有 2 件待办"


def test_notice_without_text_keeps_none_of_its_batch(bench: Bench) -> None:
    broken = Notice(receiver="u1", event="no_such", object="x", day=date(2026, 3, 20))
    with pytest.raises(NoticeError):
        bench.outbox.put([notice(), broken])
    assert bench.outbox.counts() == {}


def test_what_waits_survives_the_process(bench: Bench, tmp_path: Path) -> None:
    bench.outbox.put([notice()])
    store = SqliteStore(tmp_path / "service.sqlite")
    way = Way({"u1"})
    again = Outbox(
        profile="p",
        store=store,
        clock=bench.clock,
        calendar=WorkCalendar(),
        texts=TextBook(locale="en"),
        channels=(way,),
    )
    assert again.deliver() == Delivered(sent=1)
    assert way.sent[0].lines == ("Something waits for your approval: 目标",)
    store.close()
