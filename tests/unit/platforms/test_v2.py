"""The v2 tables plane against odd answers: what reads back otherwise, what got lost, what was never recovered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import RemoteId, WorkspaceId, field_address, option_address, table_address
from huoban_perf.core.changes import Action, SchemaOperation
from huoban_perf.core.errors import (
    AccessError,
    HuobanPerfError,
    NotFoundError,
    ProfileError,
    ProtocolError,
    RejectedError,
    UnreachableError,
    UnsupportedChangeError,
)
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec, TableSpec
from huoban_perf.platforms.huoban import HuobanOptions, PlaneAccess, connect, identity
from huoban_perf.platforms.huoban.v2 import RECOVERED_KINDS
from huoban_perf.platforms.huoban.v2.read_back import differences, find_field
from tests.unit.platforms.fakes import KEY, ROOT, Asked, Server, StillClock, raw, said

SPACE = WorkspaceId("4000000000000001")
TABLE = table_address("goal")
TICKET = "TicketTicketTicketTicketTicketTicketTick"
WEIGHT = FieldSpec(
    address=field_address("goal", "weight"), labels=Labels("权重", "Weight"), kind=FieldKind.NUMBER, decimals=2
)
STATE = FieldSpec(
    address=field_address("goal", "state"),
    labels=Labels("状态", "State"),
    kind=FieldKind.CHOICE,
    options=(OptionSpec(address=option_address("goal", "state", "draft"), labels=Labels("草稿", "Draft")),),
)
GOAL = TableSpec(address=TABLE, labels=Labels("目标", "Goal"), fields=(WEIGHT, STATE), title="weight")
WEIGHT_READ = {"field_id": 22, "alias": "weight", "name": "权重", "type": "number", "config": {"precision": 2}}
STATE_READ = {
    "field_id": 23,
    "alias": "goal.state",
    "name": "状态",
    "type": "category",
    "config": {"type": "single", "options": [{"id": 1, "name": "草稿", "status": "active", "color": "h"}]},
}


class Plane:
    """A v2 connection whose answers are chosen by verb and path."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {
            f"GET /v2/space/{SPACE}": {"space_id": int(SPACE)},
            f"POST /v2/table/space/{SPACE}": {"table_id": 21},
            "GET /v2/table/21": self.table(WEIGHT_READ, STATE_READ),
            "PUT /v2/table/21": {},
        }
        self.answers |= {key.replace("__", " ", 1): value for key, value in answers.items()}
        self.server = Server(self.answer)
        session = requests.Session()
        session.mount("http://", self.server)
        self.connection = connect(
            options=HuobanOptions(base_url=ROOT, planes=("v1", "v2"), attempts=2),
            api_key=KEY,
            session=session,
            clock=StillClock(),
            access=PlaneAccess(v2=identity.ticket(TICKET)),
        )

    @staticmethod
    def table(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"table_id": 21, "name": "目标", "alias": "goal", "fields": list(fields), **more}

    def answer(self, asked: Asked) -> requests.Response:
        assert asked.headers["X-Huoban-Ticket"] == TICKET
        found = self.answers[f"{asked.method} {asked.path}"]
        found = found.pop(0) if isinstance(found, list) and found and isinstance(found[0], dict) else found
        if isinstance(found, tuple):
            return raw(found[1], status=found[0])
        return raw(found)

    def perform(self, spec: Any, *, action: Action = Action.CREATE) -> Any:
        operation = SchemaOperation(
            address=spec.address, action=action, spec=spec, remote_ids={TABLE: RemoteId("21")}, locale="zh"
        )
        return self.connection.schema_sink.perform(workspace=SPACE, operation=operation)

    def calls(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.server.asked]


def test_table_comes_with_its_fields_in_three_calls_and_all_ids() -> None:
    plane = Plane()
    created = plane.perform(GOAL).created
    assert created == {
        TABLE: "21",
        WEIGHT.address: "22",
        STATE.address: "23",
        option_address("goal", "state", "draft"): "1",
    }
    assert plane.calls() == [f"GET /v2/space/{SPACE}", f"POST /v2/table/space/{SPACE}", "GET /v2/table/21"]
    plane.perform(GOAL)
    assert plane.calls().count(f"GET /v2/space/{SPACE}") == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": "比重"}, "name"),
        ({"type": "text"}, "type"),
        ({"config": {"precision": 0}}, "precision"),
        ({"required": True}, "required"),
    ],
)
def test_field_that_reads_back_otherwise_stops_with_the_difference(change: dict[str, Any], place: str) -> None:
    plane = Plane()
    plane.answers["GET /v2/table/21"] = plane.table({**WEIGHT_READ, **change}, STATE_READ)
    with pytest.raises(ProtocolError) as caught:
        plane.perform(GOAL)
    assert caught.value.code == "platform.read_back"
    assert f".{place}:" in said(caught.value)


def test_field_that_does_not_read_back_at_all_is_said() -> None:
    plane = Plane()
    plane.answers["GET /v2/table/21"] = plane.table(WEIGHT_READ)
    with pytest.raises(ProtocolError) as caught:
        plane.perform(GOAL)
    assert "状态" in said(caught.value)


def test_options_that_read_back_in_another_order_are_a_difference() -> None:
    swapped = [{"id": 1, "name": "待确认"}]
    plane = Plane()
    plane.answers["GET /v2/table/21"] = plane.table(WEIGHT_READ, {**STATE_READ, "config": {"options": swapped}})
    with pytest.raises(ProtocolError):
        plane.perform(GOAL)


def test_standing_fields_go_along_unchanged_and_one_that_vanishes_is_an_alarm() -> None:
    plane = Plane()
    plane.answers["GET /v2/table/21"] = [plane.table(WEIGHT_READ), plane.table(STATE_READ)]
    with pytest.raises(ProtocolError) as caught:
        plane.perform(STATE)
    assert (caught.value.code, caught.value.facts["lost"]) == ("platform.fields_lost", ("权重",))
    sent = next(asked.body for asked in plane.server.asked if asked.method == "PUT")
    assert sent["fields"][0]["field_id"] == 22
    assert (sent["fields"][1]["_new"], sent["new_field_alias"], sent["delete_field_ids"]) == (True, ["state"], [])


def test_added_field_is_bound_by_its_own_alias() -> None:
    plane = Plane()
    plane.answers["GET /v2/table/21"] = [plane.table(WEIGHT_READ), plane.table(WEIGHT_READ, STATE_READ)]
    assert plane.perform(STATE).created[STATE.address] == "23"


@pytest.mark.parametrize("kind", sorted(set(FieldKind) - set(RECOVERED_KINDS) | {FieldKind.RELATION}))
def test_kind_without_a_recovered_form_is_never_sent(kind: FieldKind) -> None:
    plane = Plane()
    with pytest.raises(UnsupportedChangeError):
        plane.perform(replace(WEIGHT, kind=kind))
    assert plane.calls() == []
    assert not plane.connection.capabilities.can_create(kind)


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE, Action.FORGET])
def test_nothing_that_stands_is_changed_or_deleted(action: Action) -> None:
    plane = Plane()
    with pytest.raises(UnsupportedChangeError):
        plane.perform(WEIGHT, action=action)
    assert plane.calls() == []


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((401, {"code": 100, "message": f"ticket {TICKET} expired"}), AccessError, "platform.signed_out"),
        ((401, {"code": 40100, "message": "expired"}), AccessError, "platform.signed_out"),
        ((401, {}), AccessError, "platform.signed_out"),
        ((403, {"code": 1, "message": "no"}), AccessError, "platform.not_admin"),
        ((200, {"code": 9600001, "message": "no"}), AccessError, "platform.not_admin"),
        ((500, {"code": 9600001, "message": "no"}), AccessError, "platform.not_admin"),
        ((404, {"code": 7, "message": "no"}), AccessError, "platform.workspace_unseen"),
        ((410, {"code": 7, "message": "no"}), AccessError, "platform.workspace_unseen"),
        ((409, {"code": 7, "message": "busy"}), RejectedError, "platform.rejected"),
        ((200, {"code": 7, "message": "no"}), RejectedError, "platform.rejected"),
        ((500, {"code": 7, "message": "no"}), UnreachableError, "platform.server_failure"),
        ((503, {}), UnreachableError, "platform.server_failure"),
        ((200, "<html>"), ProtocolError, "platform.not_json"),
        ((200, []), ProtocolError, "platform.shape"),
        ((200, {"space_id": 5}), ProtocolError, "platform.shape"),
    ],
)
def test_answers_become_errors_that_speak_of_the_ticket(
    answer: tuple[int, Any], error: type[HuobanPerfError], code: str
) -> None:
    plane = Plane()
    plane.answers[f"GET /v2/space/{SPACE}"] = answer
    with pytest.raises(error) as caught:
        plane.perform(GOAL)
    assert caught.value.code == code
    assert said(caught.value)
    assert TICKET not in f"{caught.value} {dict(caught.value.facts)}"
    assert not [call for call in plane.calls() if call.startswith("POST")]


def test_creation_of_unknown_outcome_is_not_repeated() -> None:
    plane = Plane()
    plane.answers[f"POST /v2/table/space/{SPACE}"] = (502, {})
    with pytest.raises(UnreachableError):
        plane.perform(GOAL)
    assert plane.calls().count(f"POST /v2/table/space/{SPACE}") == 1


def test_table_that_went_away_is_not_found() -> None:
    plane = Plane()
    plane.answers["GET /v2/table/21"] = (404, {"code": 3500002, "message": "gone"})
    with pytest.raises(NotFoundError):
        plane.perform(WEIGHT)


def test_planes_need_their_identities_and_only_one_builds() -> None:
    def connected(*planes: Any, **more: Any) -> None:
        connect(
            options=HuobanOptions(base_url=ROOT, planes=planes),
            api_key=KEY,
            session=requests.Session(),
            clock=StillClock(),
            **more,
        )

    for plane in ("v2", "gateway"):
        with pytest.raises(ProfileError) as caught:
            connected("v1", plane)
        assert caught.value.facts == {"plane": plane}
    access = PlaneAccess(v2=identity.ticket(TICKET))
    with pytest.raises(ProfileError) as caught:
        connected("v1", "v2", "builder", control_url="http://huoban.test/_sandbox", access=access)
    assert caught.value.code == "platform.two_builders"


@pytest.mark.parametrize("text", ["a b", "票据"])
def test_identity_that_cannot_stand_in_a_header_is_refused_unshown(text: str) -> None:
    for make in (identity.ticket, identity.login):
        with pytest.raises(AccessError) as caught:
            make(text)
        assert caught.value.code == "platform.bad_credential"
        assert text not in str(caught.value)


# --- reading back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "read", "same"),
    [
        ({"a": 1}, {"a": "1", "b": 2}, True),
        ({"a": False}, {"a": 0}, True),
        ({"a": True}, {"a": 1}, True),
        ({"a": True}, {"a": "yes"}, False),
        ({"a": ""}, {"a": None}, True),
        ({"a": []}, {"a": {}}, True),
        ({"a": 1}, {}, True),
        ({"a": [1]}, {"a": [1, 2]}, False),
        ({"field_id": "weight"}, {"field_id": 22}, True),
        ({"a": {"b": "c"}}, {"a": {"b": "d"}}, False),
    ],
)
def test_difference_is_what_is_shown_otherwise(sent: Any, read: Any, same: bool) -> None:
    assert (list(differences(sent, read, "place")) == []) is same


def test_field_is_found_by_alias_then_by_the_only_name() -> None:
    sent = {"alias": "state", "name": "状态"}
    assert find_field([STATE_READ, {"alias": "", "name": "状态"}], sent) == STATE_READ
    assert find_field([{"alias": None, "name": "状态"}], sent) == {"alias": None, "name": "状态"}
    assert find_field([{"alias": "x", "name": "状态"}] * 2, sent) is None
    assert find_field([], sent) is None
