"""What people and other programs do to a server: found and said before or after the write, never silently passed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from huoban_perf.cli.texts import error_lines
from huoban_perf.core.addresses import Address, ItemId, field_address
from huoban_perf.core.changes import Action, SchemaOperation
from huoban_perf.core.errors import AccessError, BadCellError, HuobanPerfError, NotFoundError, PlanError, ProfileError
from huoban_perf.core.items import ItemWrite, Outcome, WriteBatch, WriteMode
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind, FieldSpec, OptionSpec
from huoban_perf.platforms.nocodb import connect
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.conftest import Raw, fresh_bench
from tests.contract.nocodb.proxy import Proxy
from tests.contract.platform.probe import ENTRY, UNIT, Bench, FastClock

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]

TABLE = "/api/v2/tables/{}/records"


@pytest.fixture
def own(nocodb_sqlite: LocalServer, spoiler: Proxy, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A base of the test's own, with the table ``unit`` only."""
    with requests.Session() as session:
        bench = fresh_bench(nocodb_sqlite, spoiler, tmp_path, session, request.node.name[-40:])
        bench.schema = replace(bench.schema, tables=(UNIT,), digest="0" * 8)
        yield bench


def said(error: HuobanPerfError) -> str:
    """The message as a person reads it."""
    text = "\n".join(error_lines(error, locale="zh"))
    assert "{" not in text
    return text


def test_a_wrong_token_is_refused_and_never_shown(nocodb_sqlite: LocalServer, caplog: pytest.LogCaptureFixture) -> None:
    wrong = "wrong-" + "t" * 34
    with requests.Session() as session, caplog.at_level(logging.DEBUG):
        connection = connect(url=nocodb_sqlite.url, token=wrong, session=session, clock=FastClock())
        with pytest.raises(AccessError) as caught:
            connection.bases.find("试验")
    assert "token 可能写错" in said(caught.value)
    assert wrong not in said(caught.value) + repr(connection) + caplog.text


def test_an_unknown_base_is_named_with_those_that_are_reached(desk: Bench, nocodb_sqlite: LocalServer) -> None:
    with requests.Session() as session:
        connection = connect(url=nocodb_sqlite.url, token=nocodb_sqlite.token, session=session, clock=FastClock())
        connection.bases.check_version()
        with pytest.raises(NotFoundError) as caught:
            connection.bases.find("没有这个")
    assert "没有这个" in said(caught.value)
    assert "受扰" in said(caught.value)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (422, {"error": "ERR_BASE_NOT_FOUND", "message": "Base 'none' not found"}),
        (404, {"msg": "Cannot GET /api/v3/data/none/none/records"}),
        (200, {"records": []}),
    ],
)
def test_a_server_of_another_version_is_refused(status: int, body: dict[str, Any]) -> None:
    with responses.RequestsMock() as mock, requests.Session() as session:
        mock.get("http://noco.test/api/v3/data/none/none/records", json=body, status=status)
        connection = connect(url="http://noco.test", token="t" * 40, session=session, clock=FastClock())
        with pytest.raises(ProfileError) as caught:
            connection.bases.check_version()
    assert "0.265" in said(caught.value)


def test_a_web_page_instead_of_a_server_is_said() -> None:
    with responses.RequestsMock() as mock, requests.Session() as session:
        mock.get("http://noco.test/api/v2/meta/bases", body="<html>", content_type="text/html")
        connection = connect(url="http://noco.test", token="t" * 40, session=session, clock=FastClock())
        with pytest.raises(HuobanPerfError) as caught:
            connection.bases.all()
    assert "text/html" in said(caught.value)


def test_a_table_of_the_same_name_is_shown_before_it_is_used(own: Bench, raw: Raw) -> None:
    columns = [{"title": "Id", "uidt": "ID"}, {"title": "别的", "uidt": "SingleLineText"}]
    body = {"title": "单位", "table_name": "something", "columns": columns}
    raw.call("POST", f"/api/v2/meta/bases/{own.workspace}/tables", body)
    plan = own.plan()
    assert [(str(step.address), step.action) for step in plan.steps] == [
        ("table:unit", Action.BIND),
        ("field:unit.code", Action.CREATE),
    ]
    assert any("别的" in str(note.facts) for note in plan.notes)
    own.apply()
    assert len(own.target().observe().tables) == 1
    assert own.plan().is_empty


def test_a_field_changed_by_hand_to_another_type_stops_plan_read_and_write(own: Bench, raw: Raw) -> None:
    own.apply()
    own.write(UNIT, {"a": {}})
    column = own.bindings[field_address("unit", "code")]
    raw.call("PATCH", f"/api/v2/meta/columns/{column}", {"title": "编码", "column_name": "code", "uidt": "Decimal"})
    with pytest.raises(PlanError) as planned:
        own.plan()
    assert "编码" in said(planned.value)
    with pytest.raises(HuobanPerfError) as read:
        own.read(UNIT)
    assert read.value.code == "nocodb.kind_moved"
    assert "Decimal" in said(read.value)
    with pytest.raises(HuobanPerfError) as written:
        own.write(UNIT, {"b": {}})
    assert written.value.code == "nocodb.kind_moved"


def test_a_field_deleted_by_hand_is_said_before_anything_is_read(own: Bench, raw: Raw) -> None:
    own.apply()
    raw.call("DELETE", f"/api/v2/meta/columns/{own.bindings[field_address('unit', 'code')]}")
    own.target().observe()
    with pytest.raises(NotFoundError) as caught:
        own.read(UNIT)
    assert caught.value.code == "nocodb.column_gone"
    assert said(caught.value)


def test_texts_that_sqlite_took_into_numbers_and_days_are_all_named(desk: Bench, raw: Raw) -> None:
    desk.clear(ENTRY)
    bad = [
        {desk.bindings[field_address("entry", "number")]: "八十八", "编码": "bad"},
        {"编码": "good"},
        {desk.bindings[field_address("entry", "day")]: "明天", "编码": "worse"},
    ]
    made = raw.call("POST", TABLE.format(desk.bindings[ENTRY.address]), bad)
    with pytest.raises(BadCellError) as caught:
        desk.read(ENTRY)
    first, second = said(caught.value).splitlines()[1:]
    assert ("条目" in said(caught.value), "八十八" in said(caught.value)) == (True, False)
    assert ("数值" in first, f"第 {made[0]['Id']} 行" in first) == (True, True)
    assert ("日期" in second, f"第 {made[2]['Id']} 行" in second) == (True, True)
    raw.call("DELETE", TABLE.format(desk.bindings[ENTRY.address]), made)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"number": Decimal("1234567890.123456")}, "nocodb.too_precise"),
        ({"number": "八十八"}, "platform.value"),
        ({"day": "2024-01-01"}, "platform.value"),
        ({"time": "25:00"}, "platform.value"),
        ({"rating": Decimal("2.5")}, "platform.value"),
        ({"long": "零\x00字节"}, "platform.value"),
        ({"choice": "purple"}, "platform.unbound_option"),
        ({"unit": ("1", "2")}, "platform.value"),
        ({"absent": "x"}, "platform.unbound"),
    ],
)
def test_a_value_the_server_would_bend_is_refused_before_it_is_sent(
    desk: Bench, spoiler: Proxy, values: dict[str, Any], code: str
) -> None:
    desk.read(ENTRY)
    spoiler.calm()
    batch = WriteBatch(table=ENTRY, mode=WriteMode.UPSERT, rows=(ItemWrite(key="x", values=values),))
    with pytest.raises(HuobanPerfError) as caught:
        desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings)
    assert caught.value.code == code
    assert said(caught.value)
    assert not [seen for seen in spoiler.seen if seen[0] != "GET"]


def test_the_bad_rows_of_a_batch_are_refused_alone(desk: Bench) -> None:
    desk.clear(ENTRY)
    rows = [ItemWrite(key=f"g{number}", values={"code": f"g{number}"}) for number in range(7)]
    rows[2] = replace(rows[2], values={"code": "g2", "member": ("nobody",)})
    rows[5] = replace(rows[5], values={"code": "g5", "members": ("nobody",)})
    batch = WriteBatch(table=ENTRY, mode=WriteMode.UPSERT, rows=tuple(rows))
    receipt = desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings)
    assert [row.key for row in receipt.rows if row.outcome is Outcome.REFUSED] == ["g2", "g5"]
    assert all("nobody" in str(row.reason) for row in receipt.rows if row.outcome is Outcome.REFUSED)
    assert sorted(str(item.values["code"]) for item in desk.read(ENTRY)) == ["g0", "g1", "g3", "g4", "g6"]
    again = desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings)
    assert [row.key for row in again.rows if row.outcome is Outcome.REFUSED] == ["g2", "g5"]


def test_a_key_that_stands_twice_is_refused_with_its_items(desk: Bench, raw: Raw) -> None:
    desk.clear(ENTRY)
    made = raw.call("POST", TABLE.format(desk.bindings[ENTRY.address]), [{"编码": "twin"}, {"编码": "twin"}])
    batch = WriteBatch(table=ENTRY, mode=WriteMode.UPSERT, rows=(ItemWrite(key="twin", values={"long": "x"}),))
    (row,) = desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings).rows
    assert row.outcome is Outcome.REFUSED
    assert all(str(entry["Id"]) in str(row.reason) for entry in made)
    desk.clear(ENTRY)


def test_a_row_that_somebody_else_makes_at_the_same_moment_is_made_once(desk: Bench, raw: Raw, spoiler: Proxy) -> None:
    """Between our look and our creation another client creates the same key: ours is taken back, theirs is changed."""
    desk.clear(ENTRY)
    table = TABLE.format(desk.bindings[ENTRY.address])

    def intrude(asked: Any) -> bool:
        if asked.method == "POST" and asked.path.endswith("/records"):
            raw.call("POST", table, [{"编码": "race", "说明": "他的"}])
        return False

    spoiler.strike("cut before", intrude)
    batch = WriteBatch(table=ENTRY, mode=WriteMode.UPSERT, rows=(ItemWrite(key="race", values={"long": "我的"}),))
    (row,) = desk.connection.item_sink.submit(batch=batch, bindings=desk.bindings).rows
    spoiler.calm()
    items = desk.read(ENTRY)
    assert [(item.item_id, item.values["long"]) for item in items] == [(row.item_id, "我的")]


def test_an_item_made_in_a_deleted_ones_place_is_not_taken_for_it(desk: Bench, raw: Raw) -> None:
    """On SQLite the newest item's id is given out again: count and id are as we knew them, the item is another."""
    desk.clear(ENTRY)
    table = TABLE.format(desk.bindings[ENTRY.address])
    desk.write(ENTRY, {"mine": {"long": "我的"}})
    second = raw.second()
    while raw.second() == second:  # moments of items are kept to the second
        pass
    gone = desk.one(ENTRY, "mine").item_id
    raw.call("DELETE", table, [{"Id": int(gone)}])
    (made,) = raw.call("POST", table, [{"编码": "theirs", "说明": "他的", "数值": 7}])
    desk.write(ENTRY, {"mine": {"long": "又是我的"}, "theirs": {"long": "改过"}})
    standing = {item.item_id: (item.values["code"], item.values["number"]) for item in desk.read(ENTRY)}
    assert standing.pop(ItemId(str(made["Id"]))) == ("theirs", Decimal(7))
    assert list(standing.values()) == [("mine", None)]


def test_a_comma_in_an_option_of_several_is_refused(desk: Bench) -> None:
    address = Address.parse("option:entry.choices.nine")
    spec = OptionSpec(address=address, labels=Labels(zh="甲,乙", en="Nine"))
    parents = (ENTRY.address, field_address("entry", "choices"))
    operation = SchemaOperation(
        address=address,
        action=Action.CREATE,
        spec=spec,
        remote_ids={parent: desk.bindings[parent] for parent in parents},
        locale="zh",
    )
    with pytest.raises(HuobanPerfError) as caught:
        desk.connection.schema_sink.perform(workspace=desk.workspace, operation=operation)
    assert caught.value.code == "nocodb.comma_in_option"
    assert "甲,乙" in said(caught.value)


def test_a_separator_is_left_out_and_nothing_waits_for_it(own: Bench) -> None:
    line = FieldSpec(
        address=field_address("unit", "line"), labels=Labels(zh="分割线", en="Line"), kind=FieldKind.SEPARATOR
    )
    own.schema = replace(own.schema, tables=(replace(UNIT, fields=(*UNIT.fields, line)),))
    report = own.apply()
    assert (report.pending, report.unsettled) == ((), ())
    assert own.plan().is_empty
