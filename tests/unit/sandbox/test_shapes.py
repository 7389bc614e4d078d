"""Field configs of rarer kinds, and titles made from other kinds than text."""

from __future__ import annotations

from typing import Any

import pytest

from huoban_perf.core.schema import FieldKind
from tests.unit.sandbox.driver import Sandbox, Table


def _configs(table: Table) -> dict[str, dict[str, Any]]:
    fields = table.sandbox.call("POST", f"/table/{table.table_id}", {})["table"]["fields"]
    return {field["name"]: field for field in fields}


@pytest.mark.parametrize(
    ("kind", "field_type"),
    [
        ("text_rich", "text"),
        ("money", "number"),
        ("rating", "number"),
        ("progress", "number"),
        ("switch", "switch"),
        ("time", "text"),
        ("datetime", "date"),
        ("choices", "category"),
        ("members", "user"),
        ("formula", "calculation"),
        ("rollup", "calculation"),
        ("auto_number", "auto_number"),
        ("separator", "separator"),
        ("signature", "signature"),
        ("location", "location"),
    ],
)
def test_kind_has_its_word_on_the_wire(sandbox: Sandbox, kind: str, field_type: str) -> None:
    assert _configs(sandbox.table("物", [{"name": "f", "kind": kind}]))["f"]["field_type"] == field_type


def test_every_kind_can_be_built_and_read(sandbox: Sandbox) -> None:
    target = sandbox.table("目标", [{"name": "题"}])
    fields = [{"name": kind.value, "kind": kind.value, "target_table_id": target.table_id} for kind in FieldKind]
    table = sandbox.table("物", fields)
    assert [field["name"] for field in _configs(table).values()] == [kind.value for kind in FieldKind]
    assert table.read(table.create(text="a")) == {"text": "a", "auto_number": 1}
    sandbox.mode("awkward")
    assert set(table.read(table.create(text="a"))) == {kind.value for kind in FieldKind}


def test_attached_field_names_the_relation_it_comes_through(sandbox: Sandbox) -> None:
    target = sandbox.table("目标", [{"name": "题", "is_title": True}])
    table = sandbox.table("物", [{"name": "关联", "kind": "relation", "target_table_id": target.table_id}])
    attached = table.field("题", "attached", target_table_id=target.table_id)
    sub_table = table.field("子表", "sub_table", target_table_id=target.table_id)
    configs = _configs(table)
    assert attached.startswith("11")
    assert len(attached) == 16
    assert configs["题"]["from_relation_field"]["field_id"] == table.ids["关联"]
    assert not configs["关联"]["from_relation_field"]
    assert sub_table.startswith("22")
    assert configs["子表"]["config"] == {"related_table_id": target.table_id}
    alone = sandbox.table("独", [{"name": "题", "kind": "attached"}])
    assert _configs(alone)["题"]["from_relation_field"]


def test_title_may_be_a_relation_a_member_or_a_file(sandbox: Sandbox) -> None:
    target = sandbox.table("目标", [{"name": "题", "is_title": True}])
    user_id = sandbox.control("build/member", {"space_id": sandbox.space, "name": "张三"})["user_id"]
    table = sandbox.table(
        "物",
        [
            {"name": "多关联", "kind": "relation", "target_table_id": target.table_id, "many": True, "is_title": True},
            {"name": "人", "kind": "member"},
            {"name": "位置", "kind": "location"},
        ],
    )
    item_id = table.create(多关联=[target.create(题=name) for name in "甲乙"], 人=[user_id], 位置={"name": "青岛"})
    for name, title in (("多关联", "甲, 乙"), ("人", "张三"), ("位置", "")):
        body = {"object": "field", "table_id": table.table_id, "field_id": table.ids[name], "set": {"is_title": True}}
        sandbox.control("build/update", body)
        assert sandbox.call("POST", f"/item/{item_id}", {})["item"]["title"] == title
    assert sandbox.call("POST", f"/item/{sandbox.table('无', []).create()}", {})["item"]["title"] == ""
