"""Views of one person on the live server: behind a password, with that person's rows, silent in a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import Address, MemberId, field_address
from huoban_perf.core.filters import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.personal import PersonalSink, PersonalView, StandingView
from huoban_perf.core.rules import Every, Me, Test, for_person
from huoban_perf.core.schema import FieldKind, FieldSpec
from huoban_perf.core.schema.views import ViewKind, ViewSpec
from huoban_perf.platforms.nocodb.server import LocalServer
from tests.contract.nocodb.conftest import Raw, fresh_bench
from tests.contract.nocodb.proxy import Proxy
from tests.contract.platform.probe import ENTRY, Bench

pytestmark = [pytest.mark.platform, pytest.mark.xdist_group("nocodb-sqlite")]

MEMBER, CODE, CHOICE = (field_address("entry", key) for key in ("member", "code", "choice"))
MINE = ViewSpec(
    address=Address.parse("view:entry.mine"),
    labels=Labels(zh="我的", en="Mine"),
    kind=ViewKind.KANBAN,
    roles=("manager",),
    rows=Every((Test(MEMBER, Operator.EQUALS, Me()), Test(CHOICE, Operator.EQUALS, "green"))),
    group_by=CHOICE,
    fields=(CODE,),
)


@pytest.fixture(scope="module")
def office(nocodb_sqlite: LocalServer, spoiler: Proxy, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench with two people and a row of each."""
    with requests.Session() as session:
        made = fresh_bench(nocodb_sqlite, spoiler, tmp_path_factory.mktemp("personal"), session, "各看各的")
        made.apply()
        made.member_sink.invite(workspace=made.workspace, accounts=["a@example.com", "b@example.com"])
        people = accounts(made)
        rows = {"of-a": "a@example.com", "of-b": "b@example.com"}
        made.write(ENTRY, {key: {"member": (people[who],), "choice": "green"} for key, who in rows.items()})
        yield made


def accounts(bench: Bench) -> dict[str, MemberId]:
    members = bench.connection.member_source.members(workspace=bench.workspace)
    return {member.name: member.member_id for member in members}


def sink(bench: Bench) -> PersonalSink:
    found = bench.connection.personal
    assert found is not None
    return found


def wanted(bench: Bench, person: str, view: ViewSpec = MINE) -> PersonalView:
    account = accounts(bench)[f"{person}@example.com"]
    labels = Labels(zh=f"我的 · {person}", en=f"Mine · {person}")
    return PersonalView(person=person, view=replace(view, rows=for_person(view.rows, account), labels=labels))


def put(bench: Bench, view: PersonalView, standing: StandingView | None = None) -> StandingView:
    return sink(bench).put(view, standing=standing, bindings=bench.bindings, locale="zh", password=None)


def shown(server: LocalServer, view: StandingView, password: str) -> requests.Response:
    uuid = view.link.rsplit("/", maxsplit=1)[-1]
    url = f"{server.url}/api/v2/public/shared-view/{uuid}/rows"
    return requests.get(url, headers={"xc-password": password}, timeout=30)


def test_a_link_asks_for_its_password_and_shows_that_persons_rows_only(
    office: Bench, nocodb_sqlite: LocalServer
) -> None:
    views = {person: put(office, wanted(office, person)) for person in "ab"}
    for person, view in views.items():
        assert "/nc/kanban/" in view.link
        assert len(view.password) >= 12
        assert view.password not in repr(view)
        other = views["b" if person == "a" else "a"]
        assert {shown(nocodb_sqlite, view, word).status_code for word in ("", "wrong", other.password)} == {403}
        rows = shown(nocodb_sqlite, view, view.password).json()["list"]
        assert [row["编码"] for row in rows] == [f"of-{person}"]
        assert "成员" not in rows[0]
        assert "说明" not in rows[0]
        sink(office).drop(view)
        assert shown(nocodb_sqlite, view, view.password).status_code == 404


def test_one_that_stands_is_left_alone_and_mended_when_it_was_changed(office: Bench, raw: Raw) -> None:
    view = put(office, wanted(office, "a"))
    standing = sink(office).standing(table_id=office.bindings[ENTRY.address])
    assert standing == (view,)
    current: dict[str, Any] = {"bindings": office.bindings, "locale": "zh"}
    writes = office.connection.traffic.traffic().writes
    assert sink(office).is_current(view, wanted(office, "a"), **current)
    assert office.connection.traffic.traffic().writes == writes
    assert not sink(office).is_current(view, wanted(office, "b"), **current)
    (rule,) = [one for one in filters(raw, view) if one["fk_column_id"] == office.bindings[MEMBER]]
    raw.call("DELETE", f"/api/v2/meta/filters/{rule['id']}")
    assert not sink(office).is_current(view, wanted(office, "a"), **current)
    mended = put(office, wanted(office, "a"), view)
    assert (mended.view_id, mended.link) == (view.view_id, view.link)
    assert sink(office).is_current(mended, wanted(office, "a"), **current)
    raw.call("PATCH", f"/api/v2/meta/views/{view.view_id}/share", {"password": ""})
    (opened,) = sink(office).standing(table_id=office.bindings[ENTRY.address])
    assert not sink(office).is_current(opened, wanted(office, "a"), **current)
    sink(office).drop(opened)


def filters(raw: Raw, view: StandingView) -> list[dict[str, Any]]:
    return list(raw.call("GET", f"/api/v2/meta/views/{view.view_id}/filters")["list"])


def test_one_that_was_begun_and_not_finished_is_found_again(
    office: Bench, nocodb_sqlite: LocalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = office.connection.views  # type: ignore[attr-defined]
    with monkeypatch.context() as killed:
        killed.setattr(type(views), "_fill", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(office, wanted(office, "a"))
    (begun,) = sink(office).standing(table_id=office.bindings[ENTRY.address])
    assert (begun.person, begun.link, begun.password) == ("a", "", "")
    done = put(office, wanted(office, "a"), begun)
    assert done.view_id == begun.view_id
    assert [row["编码"] for row in shown(nocodb_sqlite, done, done.password).json()["list"]] == ["of-a"]
    sink(office).drop(done)


def _interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_plan_is_silent_about_them_and_a_new_field_hides_itself_in_every_view(office: Bench, raw: Raw) -> None:
    declared = replace(MINE, kind=ViewKind.GRID, address=Address.parse("view:entry.green"), rows=MINE.rows.parts[1])  # type: ignore[union-attr]
    schema = replace(office.schema, views=(declared,), digest="a" * 8)
    assert office.apply(schema).pending == ()
    view = put(office, wanted(office, "a"))
    assert office.plan(schema).steps == ()
    new = (
        FieldSpec(address=field_address("entry", "later"), labels=Labels(zh="后加", en="Later"), kind=FieldKind.TEXT),
        FieldSpec(
            address=field_address("entry", "other"),
            labels=Labels(zh="另一单位", en="Other"),
            kind=FieldKind.RELATION,
            target=schema.tables[0].address,
        ),
    )
    entry = replace(ENTRY, fields=(*ENTRY.fields, *new))
    wider = replace(schema, tables=(schema.tables[0], entry), digest="b" * 8)
    assert office.apply(wider).pending == ()
    assert office.plan(wider).steps == ()
    assert sink(office).is_current(view, wanted(office, "a"), bindings=office.bindings, locale="zh")
    sink(office).drop(view)


def test_stacks_that_the_rows_never_fill_come_folded_after_the_others(office: Bench, raw: Raw) -> None:
    view = put(office, wanted(office, "a"))
    kanban = raw.call("GET", f"/api/v2/meta/kanbans/{view.view_id}")
    stacks = kanban["meta"][office.bindings[CHOICE]]
    assert [(stack["title"], stack["collapsed"]) for stack in stacks] == [
        ("红, 'A' (一)", True),
        ("绿", False),
        (None, True),
    ]
    sink(office).drop(view)
