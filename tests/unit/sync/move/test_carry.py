"""A move between two embedded workspaces: everything arrives, once, however often it is killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from huoban_perf.core.errors import StateFormatError, UnsafePlanError
from huoban_perf.sync.move import MoveMemory
from huoban_perf.sync.move.survey import Fate
from tests.contract.platform.probe import ENTRY
from tests.moving import ANSWER, SCHEMA, UNITS, House, KilledError, Mortal, embedded, furnish, writes


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with ExitStack() as stack:
        old = stack.enter_context(embedded(tmp_path / "old"))
        new = stack.enter_context(embedded(tmp_path / "new"))
        furnish(old)
        yield House(old, new, tmp_path)


def items_of(house: House) -> dict[str, int]:
    return {table.key: len(house.new.items(table)) for table in SCHEMA.tables}


def test_everything_arrives_and_a_second_move_writes_nothing(house: House) -> None:
    house.people()
    carried = house.move()
    assert carried.comparison.differences == ()
    assert carried.comparison.losses == ()
    assert carried.created == 10
    new = house.new
    by_code = {values["code"]: values for values in new.items(ENTRY)}
    assert set(by_code) == {"[A]", "[B]", None}
    assert by_code["[A]"]["money"] == Decimal("1234567890123.45")
    assert by_code["[A]"]["choices"] == ("one", "six")
    b = new.bench.one(ENTRY, "[B]").item_id
    assert by_code["[A]"]["parent"] == by_code["[B]"]["parent"] == (b,)
    lead = next(values["lead"] for values in new.items(UNITS) if values["code"] == "[U1]")
    assert lead == (new.bench.one(ENTRY, "[A]").item_id,)
    said = sorted((str(values["said"]), str(values["marks"])) for values in new.items(ANSWER))
    assert said == [("None", "88.235294"), ("很好", "0.07"), ("很好", "0.07")]
    before = writes(new.bench.connection), house.path.read_text(encoding="utf-8")
    again = house.move()
    assert (again.created, again.updated, again.comparison.differences) == (0, 0, ())
    assert (writes(new.bench.connection), house.path.read_text(encoding="utf-8")) == before


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(1, 8))
def test_killed_at_any_request_it_goes_on_and_makes_nothing_twice(house: House, at: int, after: bool) -> None:
    connection = house.new.bench.connection
    house.new.bench.connection = replace(connection, item_sink=Mortal(connection.item_sink, at=at, after=after))
    house.people()
    with pytest.raises(KilledError):
        house.move()
    house.new.bench.connection = connection
    carried = house.move()
    assert carried.comparison.differences == ()
    assert items_of(house) == {"unit": 2, "entry": 3, "person": 2, "answer": 3}
    assert not MoveMemory.read(house.path).under_way
    assert house.move().created == 0


def test_what_changed_at_the_old_place_follows(house: House) -> None:
    house.move()
    house.old.bench.write(ENTRY, {"[A]": {"long": "改过"}, "[C]": {"long": "新来的"}})
    carried = house.move()
    assert (carried.created, carried.updated) == (1, 1)
    assert carried.comparison.differences == ()
    assert house.new.bench.one(ENTRY, "[A]").values["long"] == "改过"


def test_what_somebody_changed_or_deleted_at_the_new_place_is_not_overwritten_unasked(house: House) -> None:
    house.move()
    house.new.bench.write(ENTRY, {"[A]": {"long": "新处的人改的"}})
    house.new.delete(ENTRY, house.new.bench.one(ENTRY, "[B]").item_id)
    before = writes(house.new.bench.connection)
    with pytest.raises(UnsafePlanError) as refused:
        house.move()
    assert {problem.code for problem in refused.value.problems} == {"move.changed_there", "move.deleted_there"}
    assert writes(house.new.bench.connection) == before
    assert house.new.bench.one(ENTRY, "[A]").values["long"] == "新处的人改的"
    assert house.move(overwrite=True).comparison.differences == ()


def test_what_stood_there_before_under_the_same_key_is_a_conflict_and_other_items_are_named(house: House) -> None:
    house.new.bench.write(ENTRY, {"[A]": {"long": "早就在"}, "[Z]": {"long": "别人的"}})
    seen = house.look()
    assert [line.name for _, line in seen.lines(Fate.THEIRS)] == ["[A]"]
    carried = house.move(overwrite=True)
    assert [(one.name, one.side) for one in carried.comparison.differences] == [("[Z]", "new")]
    assert carried.comparison.is_same
    assert house.new.bench.one(ENTRY, "[Z]").values["long"] == "别人的"


def test_people_without_an_account_and_numbers_too_long_are_losses_and_not_differences(house: House) -> None:
    house.invite = False
    short = replace(house.new.bench.connection.capabilities, significant_digits=8)
    house.new.bench.connection = replace(house.new.bench.connection, capabilities=short)
    found = {
        (one.code, one.table.key, "" if one.field is None else one.field.address.key): (one.count, one.examples)
        for one in house.look().losses
    }
    assert found == {
        ("move.loss_person", "person", "account"): (2, ("E1", "E2")),
        ("move.loss_person", "entry", "member"): (1, ("[A]",)),
        ("move.loss_person", "entry", "members"): (1, ("[A]",)),
        ("move.loss_digits", "entry", "number"): (1, ("[A]",)),
        ("move.loss_digits", "entry", "money"): (1, ("[A]",)),
    }
    assert house.move().comparison.differences == ()
    assert house.new.bench.one(ENTRY, "[A]").values["money"] is None


def test_a_relation_to_an_item_that_is_gone_is_a_loss(house: House) -> None:
    house.old.delete(UNITS, house.old.bench.one(UNITS, "[U2]").item_id)
    codes = {(one.code, one.field.address.key if one.field else "") for one in house.look().losses}
    assert codes <= {("move.loss_dangling", "unit"), ("move.loss_dangling", "units")}
    assert house.move().comparison.differences == ()


def test_a_damaged_memory_is_said(house: House) -> None:
    house.path.write_text("{", encoding="utf-8")
    with pytest.raises(StateFormatError) as damaged:
        house.move()
    assert damaged.value.code == "move.memory_damaged"
