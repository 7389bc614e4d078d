from __future__ import annotations

import pytest

from huoban_perf.core.addresses import (
    Address,
    Bindings,
    ObjectKind,
    RemoteId,
    field_address,
    option_address,
    table_address,
)


@pytest.mark.parametrize(
    "text", ["table:employee", "field:employee.level", "option:employee.level.p7", "view:employee.active"]
)
def test_parse_printed_address_returns_the_same(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize("text", ["table:Employee", "field:employee", "option:a.b", "table:a.b", "thing:a", "table:"])
def test_parse_other_text_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|ObjectKind"):
        Address.parse(text)


def test_parent_of_each_kind_is_the_enclosing_object() -> None:
    option = option_address("goal", "status", "draft")
    assert option.parent == field_address("goal", "status")
    assert option.parent.parent == table_address("goal") == option.table
    assert table_address("goal").parent is None
    assert Address(ObjectKind.VIEW, ("goal", "mine")).parent == table_address("goal")


def test_bindings_are_a_frozen_copy() -> None:
    ids = {table_address("goal"): RemoteId("21")}
    bindings = Bindings(ids)
    ids[table_address("other")] = RemoteId("22")
    assert dict(bindings) == {table_address("goal"): "21"}
    assert len(bindings) == 1
