"""Firings of a round share requests; each still ends as if it had been alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from huoban_perf.automation import FiringState
from huoban_perf.automation.outgoing import Outgoing, change
from huoban_perf.automation.writing import Change
from huoban_perf.core.addresses import Address, ObjectKind, field_address, table_address
from huoban_perf.core.errors import HuobanPerfError, RejectedError, UnreachableError
from huoban_perf.core.filters import Condition, Operator
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Test
from huoban_perf.core.schema.automations import Assignment, AutomationSpec, ItemEvent, OnItem, Update
from huoban_perf.sync.book import Book
from tests.unit.automation.bench import Desk, with_automations
from tests.unit.automation.test_executor import CYCLE, spec, with_goals
from tests.unit.cycle.company import Firm, firm
from tests.unit.cycle.dying import Died, dying
from tests.unit.sync.company import copied, schema

KEYS = [f"[{CYCLE}|more|{number:02d}]" for number in range(12)]


@pytest.fixture(scope="module")
def many_goals(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """A dozen goals more, that belong to nobody's sheet."""
    company = with_goals(firm(tmp_path_factory.mktemp("firm")))
    first = next(iter(company.rows("goal").values()))
    for key in KEYS:
        company.memory.put(schema().table("goal"), {**first, "natural_key": key, "appraisal": ()})
    return company


def desk_on(many_goals: Firm, folder: Path) -> Desk:
    """An executor whose only automation copies a goal's name into its evidence."""
    found = Desk(Firm(copied(many_goals.memory), folder).on(date(2026, 9, 28)), declared=DECLARED)
    found.round()
    return found


DECLARED = with_automations(spec("noted", "name", "evidence"))


@pytest.fixture
def desk(many_goals: Firm, tmp_path: Path) -> Iterator[Desk]:
    found = desk_on(many_goals, tmp_path)
    yield found
    found.store.close()


def rename(desk: Desk, keys: list[str] = KEYS) -> None:
    for number, key in enumerate(keys):
        desk.pick("goal", key, name=f"新名 {number}")


def noted(desk: Desk) -> list[object]:
    return [desk.firm.rows("goal")[key]["evidence"] for key in KEYS]


def test_a_dozen_firings_are_one_request_that_writes(desk: Desk) -> None:
    rename(desk)
    writes = desk.firm.memory.writes
    assert desk.round() == {"done": 12}
    assert desk.firm.memory.writes == writes + 1
    assert noted(desk) == [f"新名 {number}" for number in range(12)]
    assert desk.round() == {}, "what followed from it is known as our own doing"


def test_row_that_is_refused_stops_no_other(desk: Desk) -> None:
    rename(desk)
    desk.firm.memory.refuse = frozenset({KEYS[3]})
    assert desk.round() == {"done": 11}
    (waits,) = desk.ledger.listed(FiringState.PENDING)
    assert waits[5] == "sync.rows_refused"
    desk.firm.memory.refuse = frozenset()
    desk.firm.clock.sleep(61)
    assert desk.round() == {"done": 1}
    assert noted(desk) == [f"新名 {number}" for number in range(12)]


def test_request_that_is_refused_whole_is_sent_row_by_row(desk: Desk) -> None:
    rename(desk)
    submit = desk.firm.memory.submit

    def strict(*, batch: Any, bindings: Any) -> Any:
        if any(row.key == KEYS[3] for row in batch.rows):
            raise RejectedError("platform.rejected", endpoint="items.update")
        return submit(batch=batch, bindings=bindings)

    desk.firm.memory.submit = strict  # type: ignore[method-assign]
    assert desk.round() == {"done": 11}
    assert [item[5] for item in desk.ledger.listed(FiringState.PENDING)] == ["platform.rejected"]


def test_platform_that_is_away_costs_one_request_a_try(desk: Desk) -> None:
    rename(desk)
    asked = []

    def away(**_: Any) -> Any:
        asked.append(1)
        raise UnreachableError("platform.unreachable", endpoint="items.update")

    submit, desk.firm.memory.submit = desk.firm.memory.submit, away  # type: ignore[method-assign, assignment]
    assert desk.round() == {}
    assert len(asked) == 1
    desk.firm.memory.submit = submit  # type: ignore[method-assign]
    desk.firm.clock.sleep(61)
    assert desk.round() == {"done": 12}


@pytest.mark.parametrize("before", [False, True])
def test_killed_at_any_write_the_next_process_ends_the_same(many_goals: Firm, tmp_path: Path, *, before: bool) -> None:
    for allowed in range(0 if before else 1, 9):
        desk = desk_on(many_goals, tmp_path / str(allowed))
        rename(desk)
        with dying(desk.firm, allowed, before=before) as died, contextlib.suppress(Died):
            desk.round()
        desk.executor = desk.fresh()
        desk.round()
        assert noted(desk) == [f"新名 {number}" for number in range(12)]
        assert not desk.ledger.listed(FiringState.PENDING, FiringState.PARKED, FiringState.LOOPED)
        desk.store.close()
        if not died():
            break
    assert not died()


# --- what waits, and who may see it --------------------------------------------------------------------------------


class Ends(list[Mapping[str, HuobanPerfError | None]]):
    """How firings ended, as told."""


@pytest.fixture
def gathered(desk: Desk) -> tuple[Book, Outgoing, Ends]:
    """A book whose first goal was changed by firing A, and what waits."""
    ends = Ends()
    book = Book(desk.executor._app)
    outgoing = book.outgoing = Outgoing(ended=ends.append)
    outgoing.owner = "A"
    row = book.find("goal", KEYS[0])
    assert row is not None
    assert change(book, [Change(row, {"evidence": "甲"})]) == [row]
    return book, outgoing, ends


def evidence(book: Book, key: str = KEYS[0]) -> object:
    row = book.find("goal", key)
    return row and row["evidence"]


def test_firing_sees_what_it_changed_and_sends_nothing(desk: Desk, gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, ends = gathered
    writes = desk.firm.memory.writes
    assert evidence(book) == "甲"
    row = book.find("goal", KEYS[0])
    assert row is not None
    assert change(book, [Change(row, {"evidence": "甲"})]) == [], "that is what will stand"
    change(book, [Change(row, {"evidence": "乙"})])
    assert (desk.firm.memory.writes, ends) == (writes, [])
    outgoing.send()
    assert (desk.firm.memory.writes, ends) == (writes + 1, [{"A": None}])
    assert desk.firm.rows("goal")[KEYS[0]]["evidence"] == "乙"


def test_another_firing_reads_only_what_stands(desk: Desk, gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, ends = gathered
    writes = desk.firm.memory.writes
    outgoing.owner = "B"
    assert evidence(book, KEYS[1]) != "甲"
    assert desk.firm.memory.writes == writes, "another row is nobody's business"
    assert evidence(book) == "甲"
    assert (desk.firm.memory.writes, ends) == (writes + 1, [{"A": None}])


def test_table_that_is_read_anew_is_read_after_what_waits(desk: Desk, gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, ends = gathered
    outgoing.owner = "B"
    book.forget("goal")
    assert evidence(book) == "甲"
    assert ends == [{"A": None}]


@pytest.mark.parametrize("ask", ["where", "any_where", "rows"])
def test_part_of_a_table_that_a_look_brought_is_asked_for_after_what_waits(desk: Desk, ask: str) -> None:
    told: Ends = Ends()
    book = Book(desk.executor._app)
    outgoing = book.outgoing = Outgoing(ended=told.append)
    query = ItemQuery(table=schema().table("goal"), filter=Condition("natural_key", Operator.EQUALS, KEYS[0]))
    (page,) = book.app.connection.item_source.scan(query=query, bindings=book.app.bindings)
    book.bring_some("goal", page.items)
    row = book.at("goal", page.items[0].item_id)
    assert row is not None
    outgoing.owner = "A"
    change(book, [Change(row, {"evidence": "甲"})])
    outgoing.owner = "B"
    match ask:
        case "where":
            found = [one.key for one in book.where("goal", Condition("evidence", Operator.EQUALS, "甲"))]
            assert found == [KEYS[0]]
        case "any_where":
            assert book.any_where("goal", Condition("evidence", Operator.EQUALS, "甲"))
        case _:
            assert evidence(book) == "甲"
    assert told == [{"A": None}]


def test_what_was_refused_is_shown_as_it_stands(desk: Desk, gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, ends = gathered
    stood = desk.firm.rows("goal")[KEYS[0]]["evidence"]
    desk.firm.memory.refuse = frozenset({KEYS[0]})
    outgoing.owner = "B"
    assert evidence(book) == stood
    ((owner, error),) = ends[0].items()
    assert (owner, error and error.code) == ("A", "sync.rows_refused")


def test_firing_that_is_dropped_leaves_everything_as_it_was(desk: Desk, gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, ends = gathered
    writes = desk.firm.memory.writes
    outgoing.drop("A")
    outgoing.owner = "B"
    assert evidence(book) == desk.firm.rows("goal")[KEYS[0]]["evidence"]
    outgoing.send()
    assert (desk.firm.memory.writes, ends) == (writes, [])


def test_change_of_a_key_is_found_by_the_new_one_until_it_is_dropped(gathered: tuple[Book, Outgoing, Ends]) -> None:
    book, outgoing, _ = gathered
    row = book.find("goal", KEYS[0])
    assert row is not None
    change(book, [Change(row, {"natural_key": "[new]"})])
    assert book.find("goal", KEYS[0]) is None
    assert book.find("goal", "[new]") is not None
    outgoing.drop("A")
    assert book.find("goal", KEYS[0]) is not None
    assert book.find("goal", "[new]") is None


def test_error_of_the_firing_at_hand_keeps_no_other_from_being_closed(many_goals: Firm, tmp_path: Path) -> None:
    """The second firing's own change is refused while it reads its table anew; the first one's change stands."""
    read = Update(
        table=table_address("goal"),
        rows=Test(field_address("goal", "evidence"), Operator.EQUALS, "新名 0"),
        values=(Assignment(field_address("goal", "return_reason"), "read"),),
    )
    noted = spec("noted", "name", "evidence")
    declared = with_automations(replace(noted, steps=(*noted.steps, read)))
    desk = Desk(Firm(copied(many_goals.memory), tmp_path).on(date(2026, 9, 28)), declared=declared)
    desk.round()
    rename(desk, KEYS[:2])
    desk.firm.memory.refuse = frozenset({KEYS[1]})
    desk.round()
    ends = {cause_of: state for _, cause_of, _, state, _, _ in desk.ledger.listed()}
    items = {str(row["natural_key"]): item for item, (_, row) in desk.firm.memory.items["goal"].items()}
    assert (ends[items[KEYS[0]]], ends[items[KEYS[1]]]) == (FiringState.DONE, FiringState.PENDING)
    assert desk.firm.rows("goal")[KEYS[0]]["return_reason"] == "read"
    desk.store.close()


def test_firing_that_relied_on_a_change_that_failed_is_carried_out_on_what_stands(
    many_goals: Firm, tmp_path: Path
) -> None:
    """A's change is refused when B asks for every goal that A's would be among: B finds none and changes none."""
    heard = OnItem(events=frozenset({ItemEvent.CHANGED}), fields=(field_address("goal", "weight"),))
    found = Test(field_address("goal", "evidence"), Operator.EQUALS, "新名 0")
    step = Update(
        table=table_address("goal"), rows=found, values=(Assignment(field_address("goal", "return_reason"), "B"),)
    )
    reader = AutomationSpec(
        address=Address(ObjectKind.AUTOMATION, ("goal", "reader")),
        labels=Labels("reader", "reader"),
        trigger=heard,
        steps=(step,),
    )
    declared = with_automations(spec("noted", "name", "evidence"), reader)
    company = Firm(copied(many_goals.memory), tmp_path).on(date(2026, 9, 28))
    desk = Desk(company, declared=declared)
    desk.round()
    desk.pick("goal", KEYS[0], name="新名 0")
    desk.pick("goal", KEYS[1], weight=Decimal(7))
    company.memory.refuse = frozenset({KEYS[0]})
    assert desk.round() == {"done": 1}
    assert [row["return_reason"] for row in company.rows("goal").values() if row.get("return_reason")] == []
    company.memory.refuse = frozenset()
    desk.pick("goal", KEYS[1], weight=Decimal(8))
    company.clock.sleep(61)
    desk.round()
    assert company.rows("goal")[KEYS[0]]["return_reason"] == "B"
    desk.store.close()
