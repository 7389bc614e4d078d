"""The filter language over the wire, and its agreement with the shared words of core."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.core.filters import All, AnyOf, Condition, Filter, Operator, matches
from huoban_perf.core.values import CHINA, Value
from tests.unit.sandbox.driver import Sandbox, Table

FIELDS: list[dict[str, Any]] = [
    {"name": "名", "is_title": True},
    {"name": "数", "kind": "number"},
    {"name": "日", "kind": "date"},
    {"name": "时", "kind": "datetime"},
    {"name": "选", "kind": "choice", "options": ["甲", "乙"]},
    {"name": "多选", "kind": "choices", "options": ["甲", "乙", "丙"]},
    {"name": "开关", "kind": "switch"},
    {"name": "附件", "kind": "file"},
]


@pytest.fixture
def table(sandbox: Sandbox) -> Table:
    """Three rows: a full one, one with other values, one that is empty but for its title."""
    made = sandbox.table("物", FIELDS)
    made.create(
        名="红烧牛肉面", 数=100, 日="2024-03-04", 时="2024-03-04 10:00:00", 选=["1"], 多选=["1", "2"], 开关=True
    )
    made.create(
        名="牛奶", 数=Decimal("49.50"), 日="2024-03-01", 时="2024-03-03 23:59:59", 选=["2"], 多选=["1"], 开关=False
    )
    made.create(名="面包")
    return made


BEEF, MILK, BREAD = "红烧牛肉面", "牛奶", "面包"


@pytest.mark.parametrize(
    ("field", "query", "expected"),
    [
        ("名", {"eq": "牛奶"}, [MILK]),
        ("名", {"ne": "牛奶"}, [BEEF, BREAD]),
        ("名", {"in": ["牛"]}, [BEEF, MILK]),
        ("名", {"in": "面"}, [BEEF, BREAD]),
        ("名", {"in": []}, []),
        ("名", {"nin": ["牛"]}, [BREAD]),
        ("名", {"in": ["牛"], "nin": ["奶"]}, [BEEF]),
        ("数", {"eq": Decimal("49.5")}, [MILK]),
        ("数", {"eq": "100"}, [BEEF]),
        ("数", {"gt": 49}, [BEEF, MILK]),
        ("数", {"gt": 49, "lt": 100}, [MILK]),
        ("数", {"lte": 100, "gte": 100}, [BEEF]),
        ("数", {"or": [{"lt": 50}, {"eq": 100}]}, [BEEF, MILK]),
        ("数", {"and": [{"gt": 1}, {"lt": 50}]}, [MILK]),
        ("数", {"em": True}, [BREAD]),
        ("数", {"em": False}, [BEEF, MILK]),
        ("数", {"nem": True}, [BEEF, MILK]),
        ("数", {"ne": 100}, [MILK, BREAD]),
        ("日", {"eq": "today"}, [BEEF]),
        ("日", {"eq": "last_week"}, [MILK]),
        ("日", {"eq": "this_month"}, [BEEF, MILK]),
        ("日", {"gt": "2024-03-01"}, [BEEF]),
        ("日", {"lt": "today"}, [MILK]),
        ("时", {"eq": "2024-03-04"}, [BEEF]),
        ("时", {"lte": "2024-03-03"}, [MILK]),
        ("时", {"gt": "2024-03-03"}, [BEEF]),
        ("时", {"eq": "yesterday"}, [MILK]),
        ("时", {"gte": "2024-03-03 23:59:59"}, [BEEF, MILK]),
        ("时", {"gt": "2024-03-03 23:59"}, [BEEF, MILK]),
        ("选", {"eq": ["1"]}, [BEEF]),
        ("选", {"eq": "2"}, [MILK]),
        ("选", {"in": ["1", "2"]}, [BEEF, MILK]),
        ("选", {"in": ["甲"]}, []),
        ("选", {"nin": ["1"]}, [MILK, BREAD]),
        ("多选", {"eq": ["1"]}, [MILK]),
        ("多选", {"eq": ["2", "1"]}, [BEEF]),
        ("多选", {"ne": ["1"]}, [BEEF, BREAD]),
        ("多选", {"in": ["2", "3"]}, [BEEF]),
        ("开关", {"eq": True}, [BEEF]),
        ("开关", {"ne": True}, [MILK, BREAD]),
        ("附件", {"em": True}, [BEEF, MILK, BREAD]),
        ("created_on", {"eq": "today"}, [BEEF, MILK, BREAD]),
        ("created_on", {"lt": "2024-03-04"}, []),
        ("updated_by", {"in": ["1024"]}, [BEEF, MILK, BREAD]),
        ("created_by", {"eq": ["myself"]}, [BEEF, MILK, BREAD]),
        ("created_by", {"in": ["5"]}, []),
    ],
)
def test_one_condition_finds(table: Table, field: str, query: dict[str, Any], expected: list[str]) -> None:
    assert table.found(field, **query) == expected


def test_trees_nest(table: Table) -> None:
    def leaf(name: str, **query: Any) -> dict[str, Any]:
        return {"field": table.ids[name], "query": query}

    assert table.filtered({"and": [leaf("名", **{"in": ["面"]}), {"or": [leaf("数", em=True), leaf("数", eq=1)]}]}) == [
        BREAD
    ]
    assert table.filtered({"or": [leaf("名", eq=MILK), {"and": [leaf("名", eq=BREAD), leaf("数", em=True)]}]}) == [
        MILK,
        BREAD,
    ]
    assert table.filtered({"and": []}) == [BEEF, MILK, BREAD]
    assert table.filtered({}) == table.filtered([]) == table.filtered(None) == [BEEF, MILK, BREAD]


def test_item_id_is_a_field(table: Table) -> None:
    first, second, _ = [item["item_id"] for item in table.list()["items"]]
    assert table.found("item_id", eq=first) == [BEEF]
    assert table.found("item_id", **{"in": [first, int(second)]}) == [BEEF, MILK]
    assert table.found("item_id", ne=first) == [MILK, BREAD]


def test_ignored_part_of_an_and_counts_as_true(table: Table) -> None:
    assert table.found("名", contains="牛", eq=MILK) == [MILK]
    unknown = {"field": "2299999999999999", "query": {"eq": 1}}
    assert table.filtered({"or": [unknown, {"field": table.ids["名"], "query": {"eq": MILK}}]}) == [BEEF, MILK, BREAD]


@pytest.mark.parametrize("query", [{"gt": "x"}, {"eq": "1E+999999999"}, {"eq": None}, {"eq": {}}, {"gt": "NaN"}])
def test_operand_without_meaning_is_reported_in_strict_mode(table: Table, query: dict[str, Any]) -> None:
    assert table.found("数", **query) == [BEEF, MILK, BREAD]
    table.sandbox.mode("strict")
    body = {"table_id": table.table_id, "filter": {"field": table.ids["数"], "query": query}}
    assert table.sandbox.code("POST", "/item/list", body) == 502


def test_filter_nested_too_deeply_is_an_answer(table: Table) -> None:
    tree = {"and": []}
    body = b'{"table_id":"%s","filter":%s}' % (table.table_id.encode(), b'{"and":[' * 2000 + b"]}" * 2000)
    assert table.sandbox.raw("POST", "/item/list", body)["code"] in {0, 502}
    assert table.filtered(tree) == [BEEF, MILK, BREAD]


def test_filter_sees_writes_made_after_its_first_use(table: Table) -> None:
    assert table.found("名", eq="新") == []
    item_id = table.create(名="新", 数=1)
    assert table.found("名", eq="新") == ["新"]
    table.update(item_id, 名="旧")
    assert table.found("名", eq="新") == []
    assert table.found("名", **{"in": ["旧"]}) == ["旧"]
    table.sandbox.call("DELETE", f"/item/{item_id}")
    assert table.found("名", eq="旧") == []


# --- agreement with core -----------------------------------------------------------------------------------------

_TEXTS = st.sampled_from(["a", "ab", "b", "牛", "牛肉", "x y"])
_NUMBERS = st.decimals(min_value=-5, max_value=5, places=1)
_DAYS = st.dates(min_value=date(2024, 2, 27), max_value=date(2024, 3, 2))
_MOMENTS = st.datetimes(min_value=datetime(2024, 2, 28), max_value=datetime(2024, 3, 1, 23)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=CHINA)
)
_SETS = st.sets(st.sampled_from(["甲", "乙", "丙"]), min_size=1).map(lambda names: tuple(sorted(names)))
_KINDS: dict[str, tuple[st.SearchStrategy[Any], list[Operator]]] = {
    "名": (_TEXTS, [Operator.EQUALS, Operator.DIFFERS, Operator.ANY_OF, Operator.NONE_OF]),
    "数": (
        _NUMBERS,
        [Operator.EQUALS, Operator.DIFFERS, Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST],
    ),
    "日": (
        _DAYS,
        [Operator.EQUALS, Operator.DIFFERS, Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST],
    ),
    "时": (_MOMENTS, [Operator.EQUALS, Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST]),
    "多选": (_SETS, [Operator.EQUALS, Operator.DIFFERS, Operator.ANY_OF, Operator.NONE_OF]),
}


@st.composite
def _conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(sorted(_KINDS)))
    values, operators = _KINDS[field]
    operator = draw(st.sampled_from([*operators, Operator.EMPTY]))
    if operator is Operator.EMPTY:
        return Condition(field, operator, draw(st.booleans()))
    operand = draw(values)
    if operator in {Operator.ANY_OF, Operator.NONE_OF} and field == "名":
        operand = tuple(draw(st.lists(values, min_size=1, max_size=3)))
    return Condition(field, operator, operand)


_TREES: st.SearchStrategy[Filter] = st.recursive(
    _conditions(),
    lambda parts: st.lists(parts, min_size=1, max_size=3).map(tuple).flatmap(
        lambda some: st.sampled_from([All(some), AnyOf(some)])
    ),
    max_leaves=5,
)  # fmt: skip
_ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: values for name, (values, _) in _KINDS.items()}), min_size=1, max_size=6
)


def _wire(value: Value, table: Table) -> Any:
    if isinstance(value, tuple):
        return [table.options.get(str(part), part) for part in value]
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return value.isoformat() if isinstance(value, date) else value


def _wire_tree(tree: Filter, table: Table) -> dict[str, Any]:
    if isinstance(tree, Condition):
        return {"field": table.ids[tree.field], "query": {tree.operator.value: _wire(tree.operand, table)}}
    word = "and" if isinstance(tree, All) else "or"
    return {word: [_wire_tree(part, table) for part in tree.parts]}


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    made = Sandbox().begin()
    yield made
    made.close()


@pytest.mark.property
@given(rows=_ROWS, trees=st.lists(_TREES, min_size=1, max_size=4))
def test_sandbox_finds_what_core_says(shared: Sandbox, rows: list[dict[str, Value]], trees: list[Filter]) -> None:
    """Law: local evaluation = sandbox evaluation, for every tree and every row."""
    table = shared.table("律", [field for field in FIELDS if field["name"] in _KINDS])
    ids = [table.create(**{name: _wire(value, table) for name, value in row.items()}) for row in rows]
    for tree in trees:
        found = table.list(filter=_wire_tree(tree, table), limit=100, order={"field_id": "item_id", "type": "asc"})
        expected = [item_id for item_id, row in zip(ids, rows, strict=True) if matches(tree, row)]
        assert [item["item_id"] for item in found["items"]] == expected, tree
        assert found["filtered"] == len(expected)
