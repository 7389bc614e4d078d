"""Laws of captured automations: bound where it came from it is itself; elsewhere nothing of its origin is left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huoban_perf.core.addresses import Address, field_address, option_address, table_address
from huoban_perf.platforms.huoban.gateway.directory import Directory
from huoban_perf.platforms.huoban.gateway.symbols import Binder, Symboliser

pytestmark = pytest.mark.property
FIELDS = [("goal", "weight"), ("goal", "state"), ("cycle", "title")]
OPTIONS = ["draft", "sent"]


def directory(number: int, names: dict[str, str]) -> Directory:
    """A workspace whose ids all carry its number."""
    ids: dict[Address, str] = {
        table_address(table): f"21{number:06}{place:08}" for place, table in enumerate(("goal", "cycle"))
    }
    ids |= {field_address(*keys): f"22{number:06}{place:08}" for place, keys in enumerate(FIELDS)}
    options = {option_address("goal", "state", key): str(place + number) for place, key in enumerate(OPTIONS)}
    every: dict[Address, str] = {address: f"{names[address.key]}" for address in (*ids, *options)}
    return Directory(
        workspace=f"40{number:06}00000001",
        ids=ids,
        addresses={remote: address for address, remote in ids.items()},
        names=every,
        option_ids=options,
        automations={"tell": f"75{number:06}00000001"},
    )


HERE = directory(
    1,
    {
        "goal": "目标",
        "cycle": "周期",
        "weight": "权重",
        "state": "状态",
        "title": "名称",
        "draft": "草稿",
        "sent": "已交",
    },
)
THERE = directory(
    2, {"goal": "Goal", "cycle": "Cycle", "weight": "W", "state": "S", "title": "T", "draft": "D", "sent": "X.Y"}
)

_FIELD = st.sampled_from(FIELDS)
_PLAIN = st.one_of(st.none(), st.booleans(), st.integers(0, 99_999), st.sampled_from(["", "input", "说明", "item_id"]))
_ID = st.sampled_from([*HERE.addresses, HERE.workspace])
_LEAF = st.one_of(_PLAIN, _ID, _ID.map(int))


@st.composite
def scripts(draw: st.DrawFn) -> dict[str, Any]:
    code, variables = "", []
    for keys in draw(st.lists(_FIELD, max_size=4)):
        address = field_address(*keys)
        code += draw(st.sampled_from(["+", "", "IF(", " 权重 "])) + "{触发的数据." + HERE.names[address] + "}"
        remote = HERE.ids[address]
        variables.append({"scope": "launch_item", "field_id": draw(st.sampled_from([remote, int(remote)]))})
    if draw(st.booleans()):
        option = draw(st.sampled_from(OPTIONS))
        code += "{C:目标.状态." + HERE.names[option_address("goal", "state", option)] + "}"
    return {"code": code, "vars": variables}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    options = st.sampled_from([HERE.option_ids[option_address("goal", "state", key)] for key in OPTIONS])
    operands = draw(st.lists(st.one_of(options, options.map(int)), max_size=2))
    state = HERE.ids[field_address("goal", "state")]
    return {"target": {"field_id": state}, "query": {draw(st.sampled_from(["eq", "in", "nin"])): operands}}


DOCUMENTS = st.recursive(
    st.one_of(_LEAF, scripts(), conditions()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "nodes", "table_id", "return_field_id", "mode"]), inner, max_size=3),
    ),
    max_leaves=12,
).map(lambda part: {"name": "自动化", "nodes": part})


def bound(document: Any, place: Directory) -> Any:
    walk = Binder(directory=place, parameter_id=lambda *_: None)
    result = walk.document(document)
    assert walk.problems == []
    return result


def faults(document: Any) -> list[Any]:
    walk = Symboliser(directory=HERE)
    walk.document(document)
    return walk.problems


def known_to_be_ours(document: Any) -> bool:
    """A small number under a key that holds ids is refused; such documents are another test's."""
    return faults(document) == []


@given(DOCUMENTS.filter(known_to_be_ours))
def test_bound_where_it_came_from_it_is_itself(document: Any) -> None:
    walk = Symboliser(directory=HERE)
    assert bound(walk.document(document), HERE) == document


@given(DOCUMENTS.filter(known_to_be_ours))
def test_stored_it_holds_no_id_and_elsewhere_only_ids_of_there(document: Any) -> None:
    stored = Symboliser(directory=HERE).document(document)
    moved = bound(stored, THERE)
    for text in (json.dumps(stored, ensure_ascii=False), json.dumps(moved, ensure_ascii=False)):
        assert not [remote for remote in (*HERE.addresses, HERE.workspace) if remote in text]
    back = Symboliser(directory=THERE)
    assert back.document(moved) == stored
    assert back.problems == []
