"""Adopting and rolling back on a live NocoDB, with the promises kept on the embedded workspace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import ObjectKind, field_address, table_address
from huoban_perf.core.clock import SystemClock
from huoban_perf.core.items import ItemQuery
from huoban_perf.core.schema import DesiredSchema
from huoban_perf.deploy import StateFile, adopt, exact, proposals, similar, survey
from huoban_perf.platforms.nocodb import connect
from huoban_perf.platforms.nocodb.server import LocalServer
from huoban_perf.profile import Profile, Site
from tests.flow.test_rollback import Office, company, until_done, with_a_hole, without

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("nocodb-flow")]
DEPARTMENT, EMPLOYEE = table_address("department"), table_address("employee")


@pytest.fixture
def office(nocodb_flow: LocalServer, tmp_path: Path) -> Iterator[Office]:
    """A company with people in it, in a base of its own."""
    with requests.Session() as session:
        connection = connect(url=nocodb_flow.url, token=nocodb_flow.token, session=session, clock=SystemClock())
        workspace = connection.bases.create(tmp_path.name).workspace_id
        profile = Profile(home=tmp_path / "home", platform="nocodb", base_url=nocodb_flow.url, rate_per_s=None)
        office = Office(site=Site(profile=profile, connection=connection, workspace=workspace), folder=tmp_path)
        desired = company()
        office.deploy(desired)
        department, employee, goal = desired.tables
        office.write(department, {"name": "总部", "code": "D0"})
        root = str(office.rows(department)["总部"]["id"])
        office.write(department, {"name": "销售部", "code": "D1", "parent": (root,)})
        salary = Decimal("1234.50")
        office.write(
            employee,
            {"name": "张三", "number": "1", "salary": salary, "skills": ("sql", "law"), "department": (root,)},
            {"name": "李四", "number": "2", "salary": Decimal(800), "skills": ("law",)},
        )
        zhang = str(office.rows(employee)["张三"]["id"])
        office.write(goal, {"name": "增长", "code": "G1", "owner": (zhang,)})
        yield office


def _seen(office: Office, desired: DesiredSchema, state: StateFile) -> Any:
    return survey(desired=desired, observed=office.target.observe(), state=state, locale="zh")


def test_a_lost_state_is_rebuilt_by_adopting_and_the_next_plan_is_empty(office: Office) -> None:
    desired = company()
    fresh = StateFile.fresh(office.owner)
    found = proposals(_seen(office, desired, fresh))
    how = {str(proposal.address): proposal.how for proposal in found}
    assert how["table:employee"] == how["field:employee.salary"] == "alias"  # the key is the name in the database
    assert set(how.values()) == {"alias", "name"}  # what has no such name: relations and options
    state, chosen = fresh, exact(found)
    while chosen:  # tables first, then what stands in them
        state = adopt(chosen=chosen, desired=desired, observed=office.target.observe(), state=state, clock=office.clock)
        chosen = exact(proposals(_seen(office, desired, state)))
    bound = {address for address in state.objects if address.kind is not ObjectKind.OPTION}
    assert bound == {address for address in office.bindings if address.kind is not ObjectKind.OPTION}
    (office.folder / "state.json").unlink()
    office.store.save(state, clock=office.clock)
    assert office.plan(desired).is_empty
    before = office.site.connection.traffic.traffic().writes
    office.deploy(desired)
    assert office.site.connection.traffic.traffic().writes == before


def test_names_made_by_hand_are_proposed_exactly_or_as_alike(office: Office, nocodb_flow: LocalServer) -> None:
    with requests.Session() as session:
        session.headers["xc-token"] = nocodb_flow.token
        base = session.post(f"{nocodb_flow.url}/api/v2/meta/bases", json={"title": "手工搭的"}, timeout=60).json()["id"]
        for title, names in (("部门", ("部门名称", "部门编码")), ("员　工", ("姓 名", "工号"))):
            fields = [{"title": name, "type": "SingleLineText"} for name in names]
            made = session.post(
                f"{nocodb_flow.url}/api/v3/meta/bases/{base}/tables",
                json={"title": title, "fields": fields},
                timeout=60,
            )
            assert made.status_code == 200, made.text
    other = Office(site=replace(office.site, workspace=base), folder=office.folder / "other")
    fresh = StateFile.fresh(other.owner)
    found = proposals(_seen(other, company(), fresh))
    assert [str(address) for address in exact(found)][:1] == ["table:department"]
    assert {str(proposal.address) for proposal in similar(found)} >= {"table:employee"}


def test_a_deleted_table_comes_back_with_its_items_and_what_pointed_to_them(office: Office) -> None:
    desired, before = company(), office.picture(company())
    gone = (DEPARTMENT, field_address("employee", "department"))
    smaller = without(desired, *gone)
    report = office.deploy(smaller, *gone)
    assert report.snapshot is not None
    assert report.snapshot_rows == 3
    assert DEPARTMENT not in office.bindings
    assert office.roll_back().is_complete
    assert office.picture(desired) == before
    assert office.plan(desired).is_empty


def test_a_deleted_field_and_option_come_back_where_people_left_a_hole(office: Office) -> None:
    expected = with_a_hole(office)
    assert office.roll_back().is_complete
    assert office.picture(company()) == expected


@pytest.mark.parametrize("after", [False, True])
def test_destroying_and_rolling_back_broken_at_every_call_end_in_the_same_world(office: Office, after: bool) -> None:
    desired, before = company(), office.picture(company())
    gone = (DEPARTMENT, field_address("employee", "department"))
    smaller = without(desired, *gone)

    assert until_done(office, lambda: office.deploy(smaller, *gone), after=after) >= 1
    assert until_done(office, office.roll_back, after=after) >= 1
    assert office.roll_back().is_complete
    assert office.picture(desired) == before
    assert office.plan(desired).is_empty
    pages = office.site.connection.item_source.scan(
        query=ItemQuery(table=desired.table("department")), bindings=office.bindings
    )
    assert sum(len(page.items) for page in pages) == 2
