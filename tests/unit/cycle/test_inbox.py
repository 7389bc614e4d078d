"""消息: every notice to a person stands in the workspace, once, whatever befalls the writer, and shows no result."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from huoban_perf.core.notices import Mode, Notice
from huoban_perf.core.workdays import WorkCalendar
from huoban_perf.cycle.inbox import fill_inbox
from huoban_perf.notices import Message, TextBook
from huoban_perf.notices.leaks import leaks_in
from huoban_perf.service.inbox import Inbox
from huoban_perf.service.outbox import Outbox
from huoban_perf.service.store import SqliteStore
from tests.unit.cycle.company import CYCLE, Firm
from tests.unit.cycle.dying import Died, dying

DAY = date(2027, 1, 18)


class Robot:
    """A channel that reaches uE010 only."""

    name = "robot"

    def reaches(self, receiver: str) -> bool:
        return receiver == "uE010"

    def send(self, message: Message) -> None:
        assert message.receiver == "uE010"


@pytest.fixture
def outbox(company: Firm) -> Iterator[Outbox]:
    store = SqliteStore(None)
    company.on(DAY)
    found = Outbox(
        profile="p",
        store=store,
        clock=company.clock,
        calendar=WorkCalendar(),
        texts=TextBook(locale="zh"),
        channels=(Robot(),),
    )
    yield found
    store.close()


def notice(receiver: str, event: str = "released", **facts: str) -> Notice:
    return Notice(
        receiver=receiver,
        event=event,
        object=f"[{CYCLE}|{receiver.removeprefix('u')}]",
        day=DAY,
        facts={"cycle": CYCLE, **facts},
        mode=Mode.EXEMPT,
    )


def fill(company: Firm, outbox: Outbox) -> int:
    """What the service does after each look for events."""
    inbox = Inbox(outbox)
    entries = inbox.due()
    written = fill_inbox(company.app, entries)
    inbox.mirrored(entries)
    return written


def test_every_person_has_one_row_an_event_and_groups_have_none(company: Firm, outbox: Outbox) -> None:
    outbox.put([notice("uE010"), notice("uE011"), notice("group:hr", "job_failed", job="score")])
    outbox.put([notice("mail:li@example.com", "private_matter")])
    assert fill(company, outbox) == 2
    assert fill(company, outbox) == 0
    outbox.put([notice("uE010")])
    assert fill(company, outbox) == 0
    row = company.rows("message")[f"[uE010|released|{CYCLE}|E010|2027-01-18]"]
    assert (row["receiver"], row["send_status"]) == (("uE010",), "pending")
    assert row["content"] == f"{CYCLE} 结果已公布, 请登录查看"


def test_row_follows_what_became_of_the_message(company: Firm, outbox: Outbox) -> None:
    outbox.put([notice("uE010"), notice("uE011")])
    fill(company, outbox)
    company.clock.moment += timedelta(hours=1)
    outbox.deliver()
    assert fill(company, outbox) == 2
    states = {str(row["receiver"]): row["send_status"] for row in company.rows("message").values()}
    assert states == {"('uE010',)": "sent", "('uE011',)": "dropped"}


@pytest.mark.parametrize("text", ["你的得分 88", "等级: A", "奖金 5000 元", "评价人: 张三", "你的申诉已受理"])
def test_result_slipped_into_a_text_never_reaches_the_inbox(company: Firm, outbox: Outbox, text: str) -> None:
    outbox.put([notice("uE010", text_zh=text, text_en=text)])
    fill(company, outbox)
    (row,) = company.rows("message").values()
    assert row["content"] == "您有一条事项更新, 请登录工作区查看"
    assert not leaks_in(str(row["content"]))


@pytest.mark.parametrize("before", [False, True])
def test_killed_writer_leaves_one_row_a_notice(company: Firm, outbox: Outbox, *, before: bool) -> None:
    outbox.put([notice(f"uE{number:03d}") for number in range(10, 15)])
    with dying(company, 1 - before, before=before), contextlib.suppress(Died):
        fill(company, outbox)
    fill(company, outbox)
    assert len(company.memory.items["message"]) == len(company.rows("message")) == 5
    assert Inbox(outbox).due() == []


def test_only_the_rows_at_hand_are_read(company: Firm, outbox: Outbox) -> None:
    outbox.put([notice(f"uE{number:03d}") for number in range(10, 20)])
    fill(company, outbox)
    outbox.put([notice("uE050")])
    reads = company.memory.reads
    assert fill(company, outbox) == 1
    assert company.memory.reads - reads == 1  # its confirmation
