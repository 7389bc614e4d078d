"""Schema and people as the platform shows them."""

from __future__ import annotations

from typing import Any

import pytest

from huoban_perf.core.addresses import WorkspaceId
from huoban_perf.core.errors import NotFoundError, PlatformError, ProtocolError
from huoban_perf.core.schema import NUMBER_KINDS, TEXT_KINDS, FieldKind, ObservedField, ObservedOption
from huoban_perf.platforms.huoban.tables import WireField, observed_field
from tests.unit.platforms.fakes import Asked, connected, said

SPACE = WorkspaceId("4000000000000001")
LIST = {"tables": [{"table_id": 21, "name": "客户表", "alias": "", "space_id": "40", "icon": {}}]}
CONFIG = {
    "table": {
        "table_id": "21",
        "name": "客户表",
        "fields": [{"field_id": 22, "name": "编号", "alias": "code", "field_type": "text", "required": 1}],
    }
}


def serve(list_: Any = LIST, config: Any = CONFIG) -> Any:
    return lambda asked: list_ if asked.path.endswith("/table/list") else config


def test_observe_asks_once_for_the_list_and_once_a_table() -> None:
    connection, server = connected(serve())
    schema = connection.schema_source.observe(workspace=SPACE)
    assert [(asked.method, asked.path, asked.body) for asked in server.asked] == [
        ("POST", "/openapi/v1/table/list", {"space_id": SPACE}),
        ("POST", "/openapi/v1/table/21", {}),
    ]
    (table,) = schema.tables
    assert (table.table_id, table.name, table.alias) == ("21", "客户表", None)
    assert table.fields == (
        ObservedField(field_id="22", name="编号", alias="code", kinds=TEXT_KINDS, raw_type="text", required=True),
    )


def test_fields_directly_under_data_are_read_with_the_name_of_the_list() -> None:
    connection, _ = connected(serve(config={"fields": []}))
    (table,) = connection.schema_source.observe(workspace=SPACE).tables
    assert (table.table_id, table.name, table.fields) == ("21", "客户表", ())


@pytest.mark.parametrize(
    ("list_", "config"),
    [
        ({}, CONFIG),
        ({"tables": {}}, CONFIG),
        ({"tables": [{"name": "x"}]}, CONFIG),
        ({"tables": ["x"]}, CONFIG),
        (LIST, {}),
        (LIST, {"table": []}),
        (LIST, {"table": {"fields": {}}}),
        (LIST, {"table": {"fields": [{"name": "x"}]}}),
        (LIST, {"table": {"fields": [{"field_id": "1", "name": "x", "config": {"options": [{"name": "x"}]}}]}}),
        (LIST, "x"),
    ],
)
def test_schema_of_another_form_is_a_protocol_error_that_names_the_part(list_: Any, config: Any) -> None:
    connection, _ = connected(serve(list_, config))
    with pytest.raises(ProtocolError) as caught:
        connection.schema_source.observe(workspace=SPACE)
    assert caught.value.code == "platform.shape"
    assert "data." in said(caught.value)
    assert "pydantic" not in str(caught.value)


def observed(field_type: str, config: Any = None, **more: Any) -> ObservedField:
    return observed_field(
        WireField.model_validate(
            {"field_id": "1", "name": "x", "field_type": field_type, "config": config or [], **more}
        )
    )


@pytest.mark.parametrize(
    ("field_type", "config", "kinds"),
    [
        ("text", {"type": "input"}, TEXT_KINDS - {FieldKind.TEXT_LONG, FieldKind.TEXT_RICH}),
        ("text", {"type": "textarea"}, TEXT_KINDS - {FieldKind.TEXT, FieldKind.TEXT_RICH}),
        ("text", {"type": "editor"}, TEXT_KINDS),
        ("number", {}, NUMBER_KINDS),
        ("number", {"is_percent": 1}, {FieldKind.PERCENT}),
        ("number", {"is_percent": "1"}, {FieldKind.PERCENT}),
        ("number", {"is_percent": False}, NUMBER_KINDS - {FieldKind.PERCENT}),
        ("date", {}, {FieldKind.DATE, FieldKind.DATETIME}),
        ("category", {}, {FieldKind.CHOICE, FieldKind.CHOICES}),
        ("user", {}, {FieldKind.MEMBER, FieldKind.MEMBERS}),
        ("relation", {}, {FieldKind.RELATION}),
        ("sub_table", {}, {FieldKind.SUB_TABLE}),
        ("calculation", {}, {FieldKind.FORMULA, FieldKind.ROLLUP}),
        ("auto_number", {}, {FieldKind.AUTO_NUMBER}),
        ("file", {}, {FieldKind.FILE}),
        ("brand_new", {}, set()),
    ],
)
def test_field_type_proves_its_kinds_and_no_more(field_type: str, config: Any, kinds: Any) -> None:
    field = observed(field_type, config)
    assert field.kinds == frozenset(kinds)
    assert field.raw_type == field_type


def test_every_kind_is_proved_by_some_type_or_known_to_be_unprovable() -> None:
    types = "text number date category user relation sub_table calculation auto_number "
    types += "file image signature location separator"
    shown = frozenset().union(*(observed(name).kinds for name in types.split()))
    assert set(FieldKind) - shown == {FieldKind.SWITCH, FieldKind.ATTACHED}


def test_what_is_not_shown_is_none() -> None:
    field = observed("relation")
    assert (field.required, field.unique, field.many, field.target_id, field.alias) == (None,) * 5
    assert not field.mirrored


def test_relation_shows_target_and_number() -> None:
    field = observed("relation", {"table_id": 21, "is_multi": "0"})
    assert (field.target_id, field.many) == ("21", False)
    assert observed("sub_table", {"related_table_id": "22"}).target_id == "22"


def test_options_come_in_order() -> None:
    field = observed(
        "category", {"options": [{"id": 2, "name": "乙", "color": ""}, {"id": "1", "name": "甲", "color": "red"}]}
    )
    assert field.options == (
        ObservedOption(option_id="2", name="乙"),
        ObservedOption(option_id="1", name="甲", color="red"),
    )


def test_attached_field_is_a_mirror_of_kind_attached() -> None:
    field = observed("number", from_relation_field={"field_id": "9"})
    assert field.mirrored
    assert field.kinds == {FieldKind.ATTACHED}
    assert not observed("number", from_relation_field=[]).mirrored


def test_members_are_walked_by_offset() -> None:
    everyone = [{"user_id": number, "name": f"人{number}"} for number in range(130)]

    def answer(asked: Asked) -> Any:
        assert asked.body["space_id"] == SPACE
        return {"users": everyone[asked.body["offset"] :][:50]}

    connection, server = connected(answer)
    members = list(connection.member_source.members(workspace=SPACE))
    assert [member.member_id for member in members] == [str(number) for number in range(130)]
    assert [asked.body["offset"] for asked in server.asked] == [0, 50, 100, 130]


SPACES = {
    "spaces": [
        {"space_id": 1, "name": "甲"},
        {"space_id": "2", "name": "乙"},
        {"space_id": "3", "name": "乙"},
        {"space_id": "4", "name": "1"},
    ]
}


@pytest.mark.parametrize(("wanted", "found"), [("甲", "1"), ("2", "2"), ("1", "1")])
def test_workspace_is_found_by_id_first_then_by_name(wanted: str, found: str) -> None:
    connection, _ = connected(lambda _: SPACES)
    assert connection.workspaces.find(wanted).workspace_id == found


@pytest.mark.parametrize(
    ("wanted", "code"), [("丙", "platform.workspace_unknown"), ("乙", "platform.workspace_ambiguous")]
)
def test_workspace_that_is_none_or_several_lists_the_choices(wanted: str, code: str) -> None:
    connection, _ = connected(lambda _: SPACES)
    with pytest.raises(NotFoundError) as caught:
        connection.workspaces.find(wanted)
    assert caught.value.code == code
    assert "乙(2)" in said(caught.value)


@pytest.mark.parametrize("data", [{}, {"spaces": {}}, {"spaces": [{"name": "x"}]}, {"spaces": ["x"]}])
def test_workspaces_of_another_form_are_a_protocol_error(data: Any) -> None:
    connection, _ = connected(lambda _: data)
    with pytest.raises(PlatformError) as caught:
        connection.workspaces.all()
    assert caught.value.code == "platform.shape"


def test_upload_without_an_id_is_a_protocol_error() -> None:
    connection, _ = connected(lambda _: {})
    assert connection.file_sink is not None
    with pytest.raises(ProtocolError) as caught:
        connection.file_sink.put(name="a.txt", content=b"x")
    assert "data.file_id" in said(caught.value)
