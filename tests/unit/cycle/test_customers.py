from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from huoban_perf.core.notices import Notice
from huoban_perf.cycle.closing import remind
from huoban_perf.cycle.context import Process
from huoban_perf.cycle.opening import open_cycle
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm, codes

SHEET = f"[{CYCLE}|E010]"
FORM = "https://app.example/form"


@pytest.fixture
def asking(company: Firm) -> Firm:
    """The cycle about to enter 评价中; E010's customers are named, two with an address."""
    company.process = Process(customer_link=FORM)
    for day in (date(2026, 9, 23), date(2026, 9, 28), date(2026, 10, 13)):
        company.on(day).run("open", open_cycle, **({"announce": "yes"} if day == date(2026, 9, 23) else {}))
    company.set("cycle", CYCLE, enabled_stages=("self", "peer", "customer"))
    (scheme,) = {row.key for row in _schemes(company)}
    company.put(
        "rater_group",
        "[S|customer]",
        {"scheme": Refs("scheme", (scheme,)), "relation": "customer", "weight": None, "anonymity_minimum": None},
    )
    lines = "华东机电 Wang@Example.com\n李总\uff0cli@client.cn\n只有名字\n华东机电 <wang@example.com>"
    company.set("appraisal", SHEET, customers=lines)
    return company


def _schemes(company: Firm) -> list[Any]:
    from huoban_perf.sync.book import Book

    book = Book(company.app)
    sheet = book.find("appraisal", SHEET)
    scheme = sheet.related("scheme") if sheet else None
    return [scheme]


def tasks_of(company: Firm) -> dict[str, dict[str, Any]]:
    return {key: row for key, row in company.rows("review_task").items() if row["relation"] == "customer"}


def letters_of(company: Firm) -> list[Notice]:
    return [notice for notice in company.told.notices.values() if notice.receiver.startswith("mail:")]


def test_each_customer_gets_one_task_with_a_code_of_its_own(asking: Firm) -> None:
    report = asking.on(date(2027, 1, 4)).run("open", open_cycle)
    tasks = tasks_of(asking)
    assert sorted(row["external_contact"] for row in tasks.values()) == ["li@client.cn", "wang@example.com"]
    assert len({row["invite_code"] for row in tasks.values()}) == 2
    assert all(row["external_rater"].startswith("C") and "@" not in row["external_rater"] for row in tasks.values())
    assert {row["status"] for row in tasks.values()} == {"to_review"}
    assert "cycle.customer_without_mail" in codes(report.notes)
    before = {key: row["invite_code"] for key, row in tasks.items()}
    asking.run("open", open_cycle)
    assert {key: row["invite_code"] for key, row in tasks_of(asking).items()} == before


def test_letter_names_nobody_and_is_written_once_with_one_reminder(asking: Firm) -> None:
    asking.on(date(2027, 1, 4)).run("open", open_cycle)
    asking.run("remind", remind)
    asking.on(date(2027, 1, 5)).run("remind", remind)
    first = letters_of(asking)
    assert sorted(notice.receiver for notice in first) == ["mail:li@client.cn", "mail:wang@example.com"]
    assert {notice.event for notice in first} == {"customer_invitation"}
    assert all(set(notice.facts) == {"code", "due"} and notice.link == FORM for notice in first)
    (answered, *_) = tasks_of(asking)
    asking.set("review_task", answered, status="submitted")
    for day in (date(2027, 1, 9), date(2027, 1, 10), date(2027, 1, 11)):
        asking.on(day).run("remind", remind)
    reminders = [notice for notice in letters_of(asking) if notice.event == "customer_reminder"]
    assert len(reminders) == 1
    assert reminders[0].object != answered


def test_without_the_address_of_the_form_no_letter_is_written(asking: Firm) -> None:
    asking.process = Process()
    asking.on(date(2027, 1, 4)).run("open", open_cycle)
    asking.run("remind", remind)
    assert letters_of(asking) == []
    assert len(tasks_of(asking)) == 2


def test_cycle_without_the_stage_asks_no_customer(asking: Firm) -> None:
    asking.set("cycle", CYCLE, enabled_stages=("self", "peer"))
    asking.on(date(2027, 1, 4)).run("open", open_cycle)
    assert tasks_of(asking) == {}
