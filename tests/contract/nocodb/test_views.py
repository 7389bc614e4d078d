"""Views and forms on the live server: the right rows in the right order, and what a person changed is noticed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import Address, field_address
from huoban_perf.core.errors import UnsupportedChangeError
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Every, FieldOf, Me, Some, Test, Today
from huoban_perf.core.schema.forms import FormFieldSpec, FormSpec
from huoban_perf.core.schema.views import Sort, ViewKind, ViewSpec
from huoban_perf.core.values import CHINA
from huoban_perf.platforms.nocodb.views import NocodbViews
from tests.contract.nocodb.conftest import Raw
from tests.contract.platform.probe import ENTRY, Bench

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]


def entry(key: str) -> Address:
    return field_address("entry", key)


BUSY = ViewSpec(
    address=Address.parse("view:entry.busy"),
    labels=Labels(zh="红的在前", en="Red first"),
    kind=ViewKind.GRID,
    roles=("hr",),
    rows=Every(
        (
            Test(entry("choice"), Operator.ANY_OF, ("red", "green")),
            Some((Test(entry("number"), Operator.GREATER, Decimal(5)), Test(entry("long"), Operator.EMPTY, True))),
        )
    ),
    sort=(Sort(entry("number"), descending=True),),
    fields=(entry("code"), entry("number"), entry("choice")),
    group_by=entry("choice"),
    help=Labels(zh="看这里", en="Look here"),
)

ROWS: dict[str, Any] = {
    "a": {"choice": "red", "number": Decimal(9), "long": "x"},
    "b": {"choice": "red", "number": Decimal(2), "long": "x"},
    "c": {"choice": "green", "number": Decimal(1)},
    "d": {"number": Decimal(99)},
}


@pytest.fixture
def views(desk: Bench) -> NocodbViews:
    """Of the bench's connection."""
    return desk.connection.views  # type: ignore[attr-defined,no-any-return]


@pytest.fixture
def busy(desk: Bench, views: NocodbViews) -> Iterator[str]:
    """The view, on four rows."""
    desk.clear(ENTRY)
    desk.write(ENTRY, ROWS)
    # the probe's "red" has a comma in its text, which the server's choice filter cannot say
    view = replace(BUSY, rows=Every((Test(entry("choice"), Operator.EMPTY, False), *BUSY.rows.parts[1:])))  # type: ignore[union-attr]
    view_id = views.create(view, ids=desk.bindings, locale="zh")
    yield view_id
    views.delete(view_id)


def codes(raw: Raw, desk: Bench, view_id: str) -> list[str]:
    rows = raw.call("GET", f"/api/v2/tables/{desk.bindings[ENTRY.address]}/records?viewId={view_id}&limit=100")["list"]
    return [row["编码"] for row in rows]


def test_a_grid_shows_its_rows_in_its_order(desk: Bench, raw: Raw, busy: str, views: NocodbViews) -> None:
    assert codes(raw, desk, busy) == ["a", "c"]
    columns = raw.call("GET", f"/api/v2/meta/views/{busy}/columns")["list"]
    shown = {column["fk_column_id"]: column for column in columns if column["show"]}
    assert set(shown) == {desk.bindings[field] for field in BUSY.fields}
    assert shown[desk.bindings[entry("choice")]]["group_by"]
    (listed,) = [view for view in views.listed(desk.bindings[ENTRY.address]) if view.view_id == busy]
    assert (listed.key, listed.title, listed.is_as_built) == ("busy", "红的在前", True)


def test_what_a_person_changed_is_noticed_and_mended(desk: Bench, raw: Raw, busy: str, views: NocodbViews) -> None:
    body = {"fk_column_id": desk.bindings[entry("code")], "comparison_op": "eq", "value": "a", "logical_op": "and"}
    raw.call("POST", f"/api/v2/meta/views/{busy}/filters", body)
    assert [view.is_as_built for view in views.listed(desk.bindings[ENTRY.address]) if view.view_id == busy] == [False]
    view = replace(BUSY, rows=Every(BUSY.rows.parts[1:]))  # type: ignore[union-attr]
    views.update(busy, view, ids=desk.bindings, locale="zh")
    assert [view.is_as_built for view in views.listed(desk.bindings[ENTRY.address]) if view.view_id == busy] == [True]
    assert codes(raw, desk, busy) == ["d", "a", "c"]


def test_a_person_and_moving_days_select_rows(desk: Bench, raw: Raw, views: NocodbViews) -> None:
    desk.clear(ENTRY)
    users = raw.call("GET", f"/api/v2/meta/bases/{desk.workspace}/users")["users"]["list"]
    owner = next(user["id"] for user in users if user["email"] == "admin@example.com")
    today = datetime.now(CHINA).date()
    desk.write(
        ENTRY,
        {
            "mine": {"member": (owner,), "day": today - timedelta(days=40)},
            "fresh": {"member": (owner,), "day": today - timedelta(days=3)},
            "nobody": {"day": date(2020, 1, 1)},
        },
    )
    rows = Every((Test(entry("member"), Operator.ANY_OF, (owner,)), Test(entry("day"), Operator.LESS, Today(-30))))
    view = replace(BUSY, address=Address.parse("view:entry.mine"), rows=rows, group_by=None)
    view_id = views.create(view, ids=desk.bindings, locale="zh")
    assert codes(raw, desk, view_id) == ["mine"]
    views.delete(view_id)


@pytest.mark.parametrize(
    ("kind", "more", "type_"),
    [
        (ViewKind.KANBAN, {"group_by": entry("choice")}, 4),
        (ViewKind.KANBAN, {"group_by": entry("member")}, 3),
        (ViewKind.CALENDAR, {"start": entry("day")}, 6),
        (ViewKind.GALLERY, {}, 2),
    ],
)
def test_the_other_shapes(
    desk: Bench, raw: Raw, views: NocodbViews, kind: ViewKind, more: dict[str, Any], type_: int
) -> None:
    changes: dict[str, Any] = {"group_by": None, **more}
    view = replace(BUSY, kind=kind, rows=Every(()), fields=(entry("code"), entry("number")), **changes)
    view_id = views.create(view, ids=desk.bindings, locale="zh")
    listed = raw.call("GET", f"/api/v2/meta/tables/{desk.bindings[ENTRY.address]}/views")["list"]
    assert [found["type"] for found in listed if found["id"] == view_id] == [type_]
    columns = raw.call("GET", f"/api/v2/meta/views/{view_id}/columns")["list"]
    shown = {column["fk_column_id"] for column in columns if column["show"]}
    heads = [more["group_by"]] if "group_by" in more else []  # a hidden one leaves a kanban without stacks
    assert shown >= {desk.bindings[field] for field in (*view.fields, *heads)}
    views.delete(view_id)


@pytest.mark.parametrize(
    "view",
    [
        replace(BUSY, kind=ViewKind.GANTT),
        replace(BUSY, rows=Test(entry("choice"), Operator.EQUALS, "red")),
        replace(BUSY, rows=Test(entry("day"), Operator.EQUALS, FieldOf((entry("day"),)))),
        replace(BUSY, rows=Test(entry("member"), Operator.EQUALS, Me())),
        replace(BUSY, rows=Some(())),
        replace(BUSY, fields=(entry("code"), entry("nowhere"))),
    ],
)
def test_what_cannot_be_said_exactly_is_left_to_a_person_and_nothing_is_made(
    desk: Bench, views: NocodbViews, view: ViewSpec
) -> None:
    before = views.listed(desk.bindings[ENTRY.address])
    with pytest.raises(UnsupportedChangeError):
        views.create(view, ids=desk.bindings, locale="zh")
    assert views.listed(desk.bindings[ENTRY.address]) == before


FORM = FormSpec(
    address=Address.parse("form:entry.answer"),
    labels=Labels(zh="客户评价", en="Customer"),
    fields=(
        FormFieldSpec(field=entry("code"), required=True, help=Labels(zh="邀请信里的邀请码", en="Your code")),
        FormFieldSpec(field=entry("choice"), help=Labels(zh="选最接近的", en="The closest")),
    ),
    intro=Labels(zh="约一分钟", en="A minute"),
    thanks=Labels(zh="谢谢", en="Thanks"),
    public=True,
)


def test_a_public_form_is_answered_without_an_account(desk: Bench, raw: Raw, views: NocodbViews) -> None:
    desk.clear(ENTRY)
    view_id = views.create(FORM, ids=desk.bindings, locale="zh")
    form = raw.call("GET", f"/api/v2/meta/forms/{view_id}")
    assert (form["heading"], form["subheading"], form["success_msg"]) == ("客户评价", "约一分钟", "谢谢")
    asked = sorted((column for column in form["columns"] if column["show"]), key=lambda column: column["order"])
    told = [(column["label"], bool(column["required"]), column["help"]) for column in asked]
    assert told == [("编码", True, "邀请信里的邀请码"), ("单选", False, "选最接近的")]
    link = f"{raw.server.url}/api/v2/public/shared-view/{views.share(view_id)}/rows"
    answer = requests.post(link, json={"data": json.dumps({"编码": "K-1", "单选": "绿"})}, timeout=30)
    assert answer.ok, answer.text
    assert [(item.values["code"], item.values["choice"]) for item in desk.read(ENTRY)] == [("K-1", "green")]
    views.delete(view_id)


def test_a_form_for_an_existing_row_is_left_to_a_person(desk: Bench, views: NocodbViews) -> None:
    with pytest.raises(UnsupportedChangeError):
        views.create(replace(FORM, public=False), ids=desk.bindings, locale="zh")


def test_views_and_forms_are_planned_built_watched_and_mended(desk: Bench, raw: Raw) -> None:
    view = replace(
        BUSY,
        address=Address.parse("view:entry.planned"),
        labels=Labels(zh="计划里的", en="Planned"),
        rows=Every((Test(entry("choice"), Operator.EQUALS, "green"),)),
    )
    mine = replace(
        view,
        address=Address.parse("view:entry.mine"),
        labels=Labels(zh="我的", en="Mine"),
        rows=Test(entry("member"), Operator.EQUALS, Me()),
    )
    schema = replace(desk.schema, views=(view, mine), forms=(FORM,), digest="views" * 8)
    report = desk.apply(schema)
    assert (report.pending, report.unsettled) == ((), ())
    plan = desk.plan(schema)
    assert plan.is_empty
    assert any("我的" in str(note.facts) for note in plan.notes)
    view_id = desk.bindings[view.address]
    body = {"fk_column_id": desk.bindings[entry("code")], "comparison_op": "eq", "value": "a", "logical_op": "and"}
    raw.call("POST", f"/api/v2/meta/views/{view_id}/filters", body)
    (step,) = desk.plan(schema).steps
    assert (step.address, [str(change.cause) for change in step.changes]) == (view.address, ["drift"])
    mended = desk.apply(schema)
    assert (mended.pending, mended.unsettled) == ((), ())
    assert desk.plan(schema).steps == ()
    for address in (view.address, FORM.address):
        raw.call("DELETE", f"/api/v2/meta/views/{desk.bindings[address]}")
    desk.apply()
