"""Schema steps over the builder plane, and the sink that refuses them all."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import (
    Address,
    ObjectKind,
    RemoteId,
    WorkspaceId,
    field_address,
    option_address,
    table_address,
)
from huoban_perf.core.changes import Action, SchemaOperation
from huoban_perf.core.errors import AccessError, PlatformError, ProfileError, ProtocolError, UnsupportedChangeError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.platforms.huoban import ControlPlane, HuobanConnection, HuobanOptions, connect
from tests.unit.platforms.fakes import CONTROL, KEY, ROOT, Asked, Server, StillClock, connected, said

SPACE = WorkspaceId("40")
OPTION = OptionSpec(address=option_address("t", "one", "a"), labels=Labels("甲", "A"), color="red")
NAME = FieldSpec(
    address=field_address("t", "name"),
    labels=Labels("姓名", "Name"),
    kind=FieldKind.TEXT,
    required=True,
    unique=True,
    help=Labels("填姓名", "Fill in"),
)
ONE = FieldSpec(
    address=field_address("t", "one"), labels=Labels("单选", "One"), kind=FieldKind.CHOICE, options=(OPTION,)
)
LINK = FieldSpec(
    address=field_address("t", "link"),
    labels=Labels("关联", "Link"),
    kind=FieldKind.RELATION,
    target=table_address("u"),
    many=True,
)
TABLE = TableSpec(
    address=table_address("t"),
    labels=Labels("表", "Table"),
    fields=(NAME, ONE, LINK),
    title="name",
    group=Labels("组", "Group"),
)
IDS: dict[Address, RemoteId] = {
    TABLE.address: RemoteId("21"),
    table_address("u"): RemoteId("29"),
    NAME.address: RemoteId("22"),
    ONE.address: RemoteId("23"),
    OPTION.address: RemoteId("1"),
}
BUILDER = HuobanOptions(base_url=ROOT, planes=("v1", "builder"))
BUILT = {
    "table": {"table_id": 21},
    "field": {"field_id": "22", "options": [{"id": 1, "name": "甲"}, {"id": 2, "name": "A"}]},
    "option": {"id": "7"},
}


def step(spec: Any, action: Action = Action.CREATE, **more: Any) -> SchemaOperation:
    return SchemaOperation(
        **{"address": spec.address, "action": action, "spec": spec, "remote_ids": IDS, "locale": "zh", **more}
    )


def built() -> tuple[HuobanConnection, list[Asked]]:
    connection, server = connected(lambda asked: BUILT.get(asked.path.rsplit("/", 1)[1], {}), options=BUILDER)
    return connection, server.asked


def test_create_table_sends_name_alias_and_group() -> None:
    connection, asked = built()
    done = connection.schema_sink.perform(workspace=SPACE, operation=step(TABLE))
    assert done.created == {TABLE.address: "21"}
    assert (asked[0].method, asked[0].path) == ("POST", "/_sandbox/build/table")
    assert asked[0].body == {"space_id": "40", "name": "表", "alias": "t", "group": "组"}
    assert "Open-Authorization" not in asked[0].headers


def test_create_field_returns_its_options_too() -> None:
    connection, asked = built()
    done = connection.schema_sink.perform(workspace=SPACE, operation=step(ONE))
    assert done.created == {ONE.address: "22", OPTION.address: "1"}
    assert asked[0].body == {
        "table_id": "21",
        "name": "单选",
        "alias": "one",
        "kind": "choice",
        "required": False,
        "unique": False,
        "help": None,
        "options": [{"name": "甲", "color": "red", "alias": "a"}],
        "target_table_id": None,
        "many": False,
        "decimals": None,
        "is_title": False,
    }


def test_names_are_written_in_the_operations_locale() -> None:
    connection, asked = built()
    done = connection.schema_sink.perform(workspace=SPACE, operation=step(ONE, locale="en"))
    assert done.created[OPTION.address] == "2"
    assert asked[0].body["name"] == "One"


def test_relation_names_its_target() -> None:
    connection, asked = built()
    connection.schema_sink.perform(workspace=SPACE, operation=step(LINK))
    assert (asked[0].body["target_table_id"], asked[0].body["many"]) == ("29", True)


def test_title_is_known_from_the_operation_or_from_the_table_built_before() -> None:
    connection, asked = built()
    connection.schema_sink.perform(workspace=SPACE, operation=step(NAME, is_title=True))
    connection.schema_sink.perform(workspace=SPACE, operation=step(NAME))
    connection.schema_sink.perform(workspace=SPACE, operation=step(TABLE))
    connection.schema_sink.perform(workspace=SPACE, operation=step(NAME))
    assert [one.body["is_title"] for one in asked if one.path.endswith("field")] == [True, False, True]


def test_create_option_goes_to_its_field() -> None:
    connection, asked = built()
    done = connection.schema_sink.perform(workspace=SPACE, operation=step(OPTION))
    assert done.created == {OPTION.address: "7"}
    assert asked[0].body == {"table_id": "21", "field_id": "23", "name": "甲", "color": "red", "alias": "a"}


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (
            step(TABLE, Action.UPDATE, attributes=("label",)),
            {"object": "table", "table_id": "21", "set": {"name": "表"}},
        ),
        (
            step(NAME, Action.UPDATE, attributes=("name", "alias", "required", "unique", "help", "is_title")),
            {
                "object": "field",
                "table_id": "21",
                "field_id": "22",
                "set": {
                    "name": "姓名",
                    "alias": "name",
                    "required": True,
                    "unique": True,
                    "help": "填姓名",
                    "is_title": False,
                },
            },
        ),
        (
            step(LINK, Action.UPDATE, attributes=("target", "help"), remote_ids={**IDS, LINK.address: RemoteId("24")}),
            {"object": "field", "table_id": "21", "field_id": "24", "set": {"target_table_id": "29", "help": None}},
        ),
        (
            step(OPTION, Action.UPDATE, attributes=("color",)),
            {"object": "option", "table_id": "21", "field_id": "23", "option_id": "1", "set": {"color": "red"}},
        ),
    ],
)
def test_update_sets_only_the_named_attributes(operation: SchemaOperation, body: Any) -> None:
    connection, asked = built()
    assert connection.schema_sink.perform(workspace=SPACE, operation=operation).created == {}
    assert (asked[0].path, asked[0].body) == ("/_sandbox/build/update", body)


def test_delete_names_the_object() -> None:
    connection, asked = built()
    connection.schema_sink.perform(workspace=SPACE, operation=step(NAME, Action.DELETE))
    assert (asked[0].path, asked[0].body) == (
        "/_sandbox/build/delete",
        {"object": "field", "table_id": "21", "field_id": "22"},
    )


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (step(NAME, Action.FORGET), "platform.unsupported_step"),
        (step(NAME, Action.BIND), "platform.unsupported_step"),
        (step(TABLE, address=Address(ObjectKind.ROLE, ("v",))), "platform.unsupported_step"),
        (step(NAME, Action.UPDATE, attributes=("kind",)), "platform.unsupported_attribute"),
        (step(TABLE, Action.UPDATE, attributes=("required",)), "platform.unsupported_attribute"),
        (step(NAME, remote_ids={}), "platform.step_unbound"),
        (step(NAME, Action.DELETE, remote_ids={TABLE.address: RemoteId("21")}), "platform.step_unbound"),
    ],
)
def test_step_that_cannot_be_done_is_refused_before_sending(operation: SchemaOperation, code: str) -> None:
    connection, asked = built()
    with pytest.raises(UnsupportedChangeError) as caught:
        connection.schema_sink.perform(workspace=SPACE, operation=operation)
    assert caught.value.code == code
    assert said(caught.value)
    assert asked == []


@pytest.mark.parametrize("spec", [TABLE, ONE, OPTION])
def test_answer_without_an_id_is_a_protocol_error(spec: Any) -> None:
    connection, _ = connected(lambda _: {"field_id": "1"} if spec is ONE else {}, options=BUILDER)
    with pytest.raises(ProtocolError) as caught:
        connection.schema_sink.perform(workspace=SPACE, operation=step(spec))
    assert said(caught.value)


def test_builder_call_counts_as_a_write_and_is_not_repeated() -> None:
    connection, _ = connected(lambda _: requests.ReadTimeout(), options=BUILDER)
    with pytest.raises(PlatformError):
        connection.schema_sink.perform(workspace=SPACE, operation=step(TABLE))
    assert (connection.traffic.traffic().requests, connection.traffic.traffic().writes) == (1, 1)


def test_v1_alone_performs_nothing() -> None:
    connection, server = connected(lambda _: {})
    assert connection.capabilities.performs == frozenset()
    assert connection.name == "huoban[v1]"
    with pytest.raises(UnsupportedChangeError) as caught:
        connection.schema_sink.perform(workspace=SPACE, operation=step(TABLE))
    assert "table:t" in said(caught.value)
    assert server.asked == []


def test_builder_plane_performs_tables_fields_and_options() -> None:
    connection, _ = built()
    assert connection.name == "huoban[v1+builder]"
    for kind in (ObjectKind.TABLE, ObjectKind.FIELD, ObjectKind.OPTION):
        for action in (Action.CREATE, Action.UPDATE, Action.DELETE):
            assert connection.capabilities.can(action, kind)
    assert connection.capabilities.can(Action.CREATE, ObjectKind.VIEW)
    assert not connection.capabilities.can(Action.CREATE, ObjectKind.ROLE)


def test_builder_plane_without_its_address_is_refused() -> None:
    with pytest.raises(ProfileError) as caught:
        connect(options=BUILDER, api_key=KEY, session=requests.Session(), clock=StillClock())
    assert said(caught.value)


def test_connection_never_shows_the_key_and_needs_one() -> None:
    connection, _ = connected(lambda _: {})
    assert KEY not in repr(connection)
    with pytest.raises(AccessError):
        connect(options=HuobanOptions(base_url=ROOT), api_key="", session=requests.Session(), clock=StillClock())


def test_control_plane_sends_each_command() -> None:
    answers = {
        "build/workspace": {"space_id": "40"},
        "build/member": {"user_id": "7"},
        "key": {"api_key": "k"},
        "workspaces": {"spaces": [{"space_id": "40", "name": "甲"}]},
    }
    server = Server(lambda asked: answers.get(asked.path.removeprefix("/_sandbox/"), {"a": 1}))
    session = requests.Session()
    session.mount("http://", server)
    control = ControlPlane(control_url=CONTROL + "/", session=session, clock=StillClock())
    workspace = control.build_workspace("甲")
    member = control.build_member(workspace, name="张三")
    assert (workspace, member, control.mint_key(workspace), control.mint_key(workspace, member=member, label="x")) == (
        "40",
        "7",
        "k",
        "k",
    )
    assert control.workspaces() == ({"space_id": "40", "name": "甲"},)
    control.reset()
    control.advance(3)
    control.set_mode("awkward", switches={"a": 1})
    control.limit_rate(None)
    control.set_faults([{"kind": "throttle"}])
    control.load({"d": 1})
    assert [control.dump(), control.callbacks(), control.stats(), control.post("build/view", {})] == [{"a": 1}] * 4
    assert [(asked.method, asked.path.removeprefix("/_sandbox/"), asked.body) for asked in server.asked] == [
        ("POST", "build/workspace", {"name": "甲"}),
        ("POST", "build/member", {"space_id": "40", "name": "张三"}),
        ("POST", "key", {"space_id": "40"}),
        ("POST", "key", {"space_id": "40", "member_id": "7", "label": "x"}),
        ("GET", "workspaces", None),
        ("POST", "reset", {}),
        ("POST", "clock", {"advance_s": 3}),
        ("POST", "mode", {"mode": "awkward", "switches": {"a": 1}}),
        ("POST", "limits", {"per_second": None}),
        ("POST", "faults", {"faults": [{"kind": "throttle"}]}),
        ("POST", "load", {"d": 1}),
        ("GET", "dump", None),
        ("GET", "callbacks", None),
        ("GET", "stats", None),
        ("POST", "build/view", {}),
    ]


def test_control_plane_answer_without_its_id_is_a_protocol_error() -> None:
    session = requests.Session()
    session.mount("http://", Server(lambda _: {}))
    control = ControlPlane(control_url=CONTROL, session=session, clock=StillClock())
    with pytest.raises(ProtocolError):
        control.build_workspace("甲")
    with pytest.raises(ProtocolError):
        control.workspaces()
