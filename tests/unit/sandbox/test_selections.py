"""Selections: what the store answers is what ``core.rules.holds`` says of every row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.core.addresses import MemberId
from huoban_perf.core.conditions import Operator
from huoban_perf.core.rules import Every, FieldOf, Me, Moment, Rule, Some, Test, Today, holds
from huoban_perf.core.values import CHINA
from huoban_perf.sandbox import World, open_world
from huoban_perf.sandbox.world.definitions import TableDef
from huoban_perf.sandbox.world.load import load
from huoban_perf.sandbox.world.selections import Cut, SortKey
from huoban_perf.sandbox.world.spoken import values_of, word

KINDS = {
    "text": "text",
    "number": "number",
    "day": "date",
    "moment": "datetime",
    "one": "choice",
    "many": "choices",
    "who": "member",
    "whos": "members",
    "on": "switch",
    "link": "relation",
}
ROWS = 60


def _world() -> tuple[World, TableDef]:
    world = open_world(None, start=datetime(2026, 10, 8, 1, tzinfo=UTC), seed=4)
    options = [{"name": name, "alias": name.lower()} for name in ("A", "B", "C")]
    fields = [
        {
            "name": name,
            "kind": kind,
            "options": options if kind.startswith("choice") else [],
            "target": "t" if kind == "relation" else None,
            "many": kind == "relation",
        }
        for name, kind in KINDS.items()
    ]
    people = ["P1", "P2", "P3"]
    items: list[dict[str, Any]] = []
    for n in range(ROWS):
        item: dict[str, Any] = {
            "text": f"row{n}",
            "number": [0, 5, 10, 100, Decimal("9.5")][n % 5],
            "day": f"2026-10-{1 + n % 20:02}",
            "moment": f"2026-10-{1 + n % 20:02} {n % 24:02}:00:00",
            "one": "ABC"[n % 3],
            "many": [["A"], ["A", "B"], ["C"]][n % 3],
            "who": people[n % 3],
            "whos": [people[:1], people[:2], people[1:]][n % 3],
            "on": n % 2 == 0,
            "link": [f"row{n % 7}"],
        }
        items.append(
            {key: value for place, (key, value) in enumerate(item.items()) if key == "text" or (n + place) % 4}
        )
    with world.control():
        load(
            {
                "workspaces": [
                    {"name": "s", "members": people, "tables": [{"name": "t", "fields": fields, "items": items}]}
                ]
            },
            world=world,
        )
    return world, world.definitions.table(world.definitions.table_ids(world.definitions.spaces()[0][0])[0])


WORLD, TABLE = _world()
FIELDS = {field.name: field for field in TABLE.fields}
ME = MemberId(next(iter(WORLD.definitions.members(TABLE.space_id))))
MOMENT = Moment(today=date(2026, 10, 10), me=ME)
_EQUALITY = [Operator.EQUALS, Operator.DIFFERS]
_SETS = [*_EQUALITY, Operator.ANY_OF, Operator.NONE_OF]
_ORDERED = [*_EQUALITY, Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST]
_IDS = {
    "one": list(FIELDS["one"].options_by_id),
    "many": list(FIELDS["many"].options_by_id),
    "who": list(WORLD.definitions.members(TABLE.space_id)),
    "whos": list(WORLD.definitions.members(TABLE.space_id)),
}


def _test(name: str, operators: list[Operator], operands: st.SearchStrategy[Any]) -> st.SearchStrategy[Rule]:
    return st.builds(Test, st.just(word(FIELDS[name])), st.sampled_from(operators), operands)


def _leaves() -> st.SearchStrategy[Rule]:
    days = st.one_of(st.builds(Today, st.integers(-6, 6)), st.dates(date(2026, 10, 1), date(2026, 10, 20)))
    moments = st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 20)).map(
        lambda found: found.replace(minute=0, second=0, microsecond=0, tzinfo=CHINA)
    )
    lists = [
        _test(name, _SETS, st.one_of(st.lists(st.sampled_from([*ids, "0"]), max_size=2, unique=True).map(tuple)))
        for name, ids in _IDS.items()
    ]
    return st.one_of(
        *(_test(name, [Operator.EMPTY], st.booleans()) for name in FIELDS),
        *lists,
        *(_test(name, _SETS, st.just(Me())) for name in ("who", "whos")),
        _test("text", _EQUALITY, st.sampled_from(["row1", "row7", "none"])),
        _test("text", _SETS[2:], st.lists(st.sampled_from(["1", "w2", "x"]), max_size=2).map(tuple)),
        _test("number", _ORDERED, st.sampled_from([Decimal(5), Decimal("9.5"), Decimal("10.0"), Decimal(11)])),
        _test("day", _ORDERED, days),
        _test("moment", _ORDERED, st.one_of(days, moments)),
        _test("on", _EQUALITY, st.booleans()),
        _test("day", _ORDERED, st.just(FieldOf((word(FIELDS["day"]),)))),
    )


RULES = st.recursive(
    _leaves(),
    lambda parts: st.one_of(
        st.lists(parts, max_size=3).map(lambda found: Every(tuple(found))),
        st.lists(parts, max_size=3).map(lambda found: Some(tuple(found))),
    ),
    max_leaves=6,
)


@pytest.mark.property
@given(rule=RULES)
def test_store_finds_exactly_the_rows_of_which_the_rule_holds(rule: Rule) -> None:
    rows = WORLD.rows.all_of(TABLE.table_id)
    truth = {row.item_id for row in rows if holds(rule, values_of(row, TABLE), moment=MOMENT)}
    with WORLD.control():
        clause = WORLD.selections.clause(rule, table=TABLE, moment=MOMENT)
        found = WORLD.selections.page(TABLE, clause, order=(), cut=Cut(limit=-1))
        assert (set(found), len(found)) == (truth, len(truth))
        assert WORLD.selections.count(TABLE, clause) == len(truth)
        assert WORLD.selections.exists(TABLE, clause) is bool(truth)


@pytest.mark.parametrize("name", list(FIELDS))
@pytest.mark.parametrize("descending", [False, True])
def test_pages_follow_each_other_and_empty_cells_come_last(name: str, descending: bool) -> None:
    field = FIELDS[name]
    with WORLD.control():
        clause = WORLD.selections.clause(Every(()), table=TABLE, moment=MOMENT)
        order = (SortKey(field, descending),)
        whole = WORLD.selections.page(TABLE, clause, order=order, cut=Cut(limit=-1))
        pages = [
            item
            for start in range(0, ROWS, 7)
            for item in WORLD.selections.page(TABLE, clause, order=order, cut=Cut(limit=7, offset=start))
        ]
        rows = WORLD.rows.read(whole)
    assert pages == whole
    assert len(set(whole)) == ROWS
    filled = [row.values.get(field.key) is not None for row in rows]
    assert filled == sorted(filled, reverse=True)
    if name == "number":
        found = [row.values[field.key] for row in rows if field.key in row.values]
        assert found == sorted(found, reverse=descending)


def test_groups_count_every_row_once_for_each_value_it_holds() -> None:
    with WORLD.control():
        clause = WORLD.selections.clause(Every(()), table=TABLE, moment=MOMENT)
        groups = WORLD.selections.groups(TABLE, clause, field=FIELDS["many"])
        triples = WORLD.selections.triples(TABLE, clause, (FIELDS["one"], None, FIELDS["number"]))
    rows = WORLD.rows.all_of(TABLE.table_id)
    cells = [row.values.get(FIELDS["many"].key) or [None] for row in rows]
    assert groups == {
        value: sum(value in cell for cell in cells) for value in {value for cell in cells for value in cell}
    }
    assert len(triples) == ROWS
    assert {triple[1] for triple in triples} == {None}
