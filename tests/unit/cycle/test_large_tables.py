"""What a job and a round read does not grow with the rows they have no need of: counted in pages, never in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from huoban_perf.automation.writing import Change, change_rows
from huoban_perf.core.addresses import Bindings
from huoban_perf.core.items import ItemPage, ItemQuery
from huoban_perf.core.values import Value, Values
from huoban_perf.cycle.closing import remind
from huoban_perf.cycle.external import match_external
from huoban_perf.cycle.guards import Asked
from huoban_perf.cycle.guards_reviews import REVIEW_GUARDS
from huoban_perf.sync.book import Book
from huoban_perf.sync.snapshot import TableRows
from huoban_perf.sync.wanted import Refs
from tests.unit.automation.bench import Desk
from tests.unit.cycle.company import CYCLE, Firm, firm
from tests.unit.sync.company import schema

MANY = 1000


def pages_of(company: Firm) -> Counter[str]:
    """Count the pages that are read from now on, a table."""
    pages: Counter[str] = Counter()
    whole = company.memory.scan

    def scan(*, query: ItemQuery, bindings: Bindings) -> Iterator[ItemPage]:
        for page in whole(query=query, bindings=bindings):
            pages[query.table.key] += 1
            yield page

    company.memory.scan = scan  # type: ignore[method-assign]
    return pages


def put(company: Firm, table: str, *rows: Values) -> None:
    """Rows that stand, none of them a second apart."""
    company.memory.moment += 100
    for values in rows:
        company.memory.put(schema().table(table), values)
    company.memory.moment += 100


def tasks(count: int, **values: Value) -> list[Values]:
    return [{"natural_key": f"[{CYCLE}|E010|customer|{number}]", **values} for number in range(count)]


def answers(count: int, **values: str) -> list[Values]:
    return [{"invite_code": f"K{number}", **values} for number in range(count)]


@pytest.fixture
def company(tmp_path: Path) -> Firm:
    found = firm(tmp_path).on(date(2027, 1, 6))
    found.set("cycle", CYCLE, status="reviewing")
    return found


def test_matching_asks_once_when_nobody_answered_anew(company: Firm) -> None:
    put(company, "review_task", *tasks(MANY, status="submitted"))
    put(company, "external_review", *answers(MANY, match_status="matched"))
    pages = pages_of(company)
    company.run("match-external", match_external)
    assert (pages["external_review"], pages["review_task"]) == (1, 0)


@pytest.mark.parametrize("standing", [{}, {"match_status": "pending"}])
def test_matching_sees_an_answer_whose_state_is_empty_or_waiting(company: Firm, standing: dict[str, str]) -> None:
    put(company, "external_review", *answers(3, match_status="matched"), {"invite_code": "K9", **standing})
    report = company.run("match-external", match_external)
    assert [problem.code for problem in report.notes] == ["cycle.code_invalid"]


def test_reminding_reads_only_reviews_that_are_late(company: Firm) -> None:
    put(company, "review_task", *tasks(MANY, status="submitted", due_on=date(2026, 12, 1)))
    pages = pages_of(company)
    company.run("remind", remind)
    assert pages["review_task"] == 1


@pytest.fixture
def desk(company: Firm) -> Iterator[Desk]:
    put(company, "review_task", *tasks(MANY, status="submitted", due_on=date(2026, 12, 1)))
    put(company, "external_review", *answers(MANY, match_status="matched"))
    found = Desk(company)
    found.round()
    found.jobs.clear()
    yield found
    found.store.close()


def test_one_more_answer_costs_a_look_and_no_reading_of_its_table(desk: Desk) -> None:
    pages = pages_of(desk.firm)
    put(desk.firm, "external_review", {"invite_code": "K-new"})
    assert desk.round() == {"done": 2}
    assert desk.jobs == ["match-external"]
    assert (pages["external_review"], pages["review_task"]) == (1, 1)


def test_schedules_by_a_date_read_only_the_rows_of_those_days(desk: Desk) -> None:
    desk.firm.on(date(2027, 1, 7))
    pages = pages_of(desk.firm)
    desk.round()
    dated = [
        spec
        for spec in schema().automations
        if spec.address.keys[0] == "review_task" and getattr(spec.trigger, "date", None) is not None
    ]
    assert dated
    assert pages["review_task"] == 1 + len(dated)  # the look, and a page a schedule


def test_row_of_a_schedule_day_is_still_found_among_many(desk: Desk) -> None:
    put(desk.firm, "review_task", {"natural_key": f"[{CYCLE}|E010|peer|E011]", "status": "to_review",
                                   "rater": ("uE011",), "due_on": date(2027, 1, 7)})  # fmt: skip
    desk.round()
    desk.firm.told.notices.clear()
    desk.firm.on(date(2027, 1, 7))
    pages = pages_of(desk.firm)
    desk.round()
    assert [n.receiver for n in desk.firm.told.notices.values() if n.event == "review_due"] == ["uE011"]
    assert pages["review_task"] < MANY // 100


@pytest.mark.parametrize(("own", "refused"), [(0, False), (2, False), (3, True)])
def test_load_of_a_rater_is_counted_from_the_rater_s_own_reviews(
    company: Firm, monkeypatch: pytest.MonkeyPatch, own: int, refused: bool
) -> None:
    sheet: dict[str, Value | Refs] = {
        "natural_key": f"[{CYCLE}|E010]",
        "cycle": Refs("cycle", (CYCLE,)),
        "status": "reviewing",
    }
    company.put("appraisal", f"[{CYCLE}|E010]", sheet)
    about: dict[str, Value | Refs] = {
        "appraisal": Refs("appraisal", (f"[{CYCLE}|E010]",)),
        "relation": "peer",
        "status": "to_review",
        "rater": ("uE011",),
    }
    for number in range(own + 1):
        company.put("review_task", f"[{CYCLE}|E010|peer|{number}]", about)
    put(company, "review_task", *tasks(MANY, status="to_review", relation="peer"))
    book = Book(company.app)
    asked = Asked(clock=company.clock, process=replace(company.process, review_load=3))
    (task,) = [row for row in book.all("review_task") if row.key == f"[{CYCLE}|E010|peer|0]"]
    guard = REVIEW_GUARDS["review_task", "load_limit"]
    assert (guard(asked, task) is not None) is refused
    cells: list[str] = []
    whole = TableRows.value

    def value(rows: TableRows, row: int, key: str) -> Value:
        cells.append(key)
        return whole(rows, row, key)

    monkeypatch.setattr(TableRows, "value", value)
    assert (guard(asked, task) is not None) is refused
    assert len(cells) < MANY


def test_row_that_now_holds_another_is_found_where_it_points_to(company: Firm) -> None:
    put(company, "review_task", *tasks(3, rater=("uE011",)))
    book = Book(company.app)
    first, *rest = book.holding("review_task", "rater", "uE011")
    change_rows(book, [Change(first, {"rater": ("uE012",)})])
    assert [row.item_id for row in book.holding("review_task", "rater", "uE012")] == [first.item_id]
    assert len(list(book.holding("review_task", "rater", "uE011"))) == len(rest) == 2
