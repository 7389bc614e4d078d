from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from huoban_perf.cycle.progress import progress
from huoban_perf.sync.wanted import Refs
from tests.unit.cycle.company import CYCLE, Firm

GOAL = f"[{CYCLE}|E010|g1]"


@pytest.fixture
def behind(company: Firm) -> Firm:
    """A milestone of E010 that stands at 10 of 100 in the middle of the quarter."""
    company.set("cycle", CYCLE, status="running")
    company.put(
        "goal",
        GOAL,
        {
            "status": "confirmed",
            "name": "上线新报价系统",
            "level": "person",
            "kind": "milestone",
            "cycle": Refs("cycle", (CYCLE,)),
            "employee": Refs("employee", ("E010",)),
            "target_value": Decimal(100),
            "p_heads": ("uE004",),
        },
    )
    entry(company, "l1", kind="progress", day=date(2026, 11, 13), value=Decimal(10))
    return company.on(date(2026, 11, 16))


def entry(company: Firm, key: str, *, kind: str, day: date, value: Decimal | None = None) -> None:
    company.put(
        "log",
        f"[E010|{key}]",
        {
            "kind": kind,
            "employee": Refs("employee", ("E010",)),
            "goal": Refs("goal", (GOAL,)),
            "date": day,
            "content": "接口没打通",
            "value": value,
        },
    )


def told(company: Firm) -> list[tuple[str, str]]:
    return [
        (notice.receiver, str(notice.facts["subject"]))
        for notice in company.told.notices.values()
        if notice.event == "goal_uncorrected"
    ]


def test_head_is_told_once_after_five_working_days_without_a_correction(behind: Firm) -> None:
    behind.run("progress", progress)
    row = behind.rows("goal")[GOAL]
    assert (row["health"], row["behind_since"], row["progress"]) == ("behind", date(2026, 11, 16), Decimal(10))
    behind.on(date(2026, 11, 20)).run("progress", progress)
    assert told(behind) == []
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        behind.on(day).run("progress", progress)
    assert told(behind) == [("uE004", "上线新报价系统")]


def test_correction_in_time_keeps_the_head_out_of_it(behind: Firm) -> None:
    behind.run("progress", progress)
    entry(behind, "l2", kind="correction", day=date(2026, 11, 18))
    behind.on(date(2026, 11, 24)).run("progress", progress)
    assert told(behind) == []


def test_clock_starts_anew_when_a_goal_recovers(behind: Firm) -> None:
    behind.run("progress", progress)
    entry(behind, "l3", kind="progress", day=date(2026, 11, 19), value=Decimal(80))
    behind.on(date(2026, 11, 19)).run("progress", progress)
    row = behind.rows("goal")[GOAL]
    assert (row["health"], row.get("behind_since")) == ("on_track", None)
    behind.on(date(2026, 11, 25)).run("progress", progress)
    assert told(behind) == []


def test_superior_sees_how_many_reviews_a_proposed_rater_has(behind: Firm) -> None:
    for place, status in enumerate(("to_review", "submitted", "nomination_pending")):
        behind.put(
            "review_task",
            f"[{CYCLE}|E01{place}|peer|E020]",
            {"status": status, "relation": "peer", "rater": ("uE020",)},
        )
    behind.run("progress", progress)
    loads = {row["status"]: row.get("rater_load") for row in behind.rows("review_task").values()}
    assert loads == {"to_review": None, "submitted": None, "nomination_pending": Decimal(2)}
