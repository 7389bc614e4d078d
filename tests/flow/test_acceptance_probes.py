"""The acceptance probes: one account a role, each must fail at what it must not see. Source: workflows.md §3.

The tables of the app that hold what nobody else may see, deployed on the embedded workspace with the template's own
permission groups; people ask with keys that act as them, through the same client as everybody. What a state machine
refuses (a manager confirming his own goals) is tested with the machines, not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from huoban_perf.core.addresses import Address, ItemId, table_address
from huoban_perf.core.errors import NotFoundError
from huoban_perf.core.items import Item, ItemQuery
from huoban_perf.core.schema import COMPUTED_KINDS, DesiredSchema, FieldSpec, TableSpec
from huoban_perf.core.schema.roles import Right
from huoban_perf.platforms.huoban import HuobanConnection
from huoban_perf.sandbox import create_app, mount, open_world
from huoban_perf.template import compile_schema, load_template
from tests.embedded import BASE, deploy, embedded
from tests.flow.conftest import FastClock

pytestmark = [pytest.mark.flow, pytest.mark.xdist_group("probes")]
KEYS = ("employee", "cycle", "appraisal", "goal", "review_task", "score_result", "hr_private", "outcome", "run_log")
PEOPLE = ("员工王芳", "同事李雷", "上级张强", "委员赵敏", "HR刘洋", "薪酬HR陈静")
GROUPS = {"HR刘洋": "hr", "薪酬HR陈静": "payroll"}


def subset() -> DesiredSchema:
    whole = compile_schema(load_template("performance"))
    kept = {table_address(key) for key in KEYS}
    tables = tuple(
        replace(table, fields=tuple(field for field in table.fields if _stands(field, kept)))
        for table in whole.tables
        if table.address in kept
    )
    permissions = tuple(entry for entry in whole.permissions if entry.address.table in kept)
    return replace(
        whole, tables=tables, permissions=permissions, views=(), forms=(), pages=(), machines=(), automations=()
    )


def _stands(field: FieldSpec, kept: set[Address]) -> bool:
    """A field that points to, or shows something of, a table that is left out is left out too."""
    read = () if field.computed is None else field.computed.reads()
    return field.target in kept | {None} and all(address.table in kept for address in read)


SCHEMA = subset()


class Company:
    """The deployed tables with one appraisal round of 王芳 in them."""

    def __init__(self, folder: Any) -> None:
        self.world = open_world(None, start=datetime(2026, 7, 10, 1, tzinfo=UTC), seed=3)
        self.session = requests.Session()
        mount(self.session, create_app(self.world), BASE)
        self.clock = FastClock()
        self.place = embedded(self.session, self.clock, required="ignore")
        self.control, self.space = self.place.control, self.place.space
        self.api = self.place.connection()
        wish = replace(SCHEMA, permissions=())
        self.bindings = deploy(self.place, wish, connection=self.api, state=folder / "state.json")
        self.people = {name: self.control.build_member(self.space, name=name) for name in PEOPLE}
        assert self.control.permit_all(SCHEMA, bindings=self.bindings) == len(SCHEMA.permissions) > len(KEYS)
        for name, group in GROUPS.items():
            self.control.join_group(self.people[name], group)
        self.rows = self.seed()

    def seed(self) -> dict[str, ItemId]:
        me, peer = (self.people["员工王芳"],), (self.people["同事李雷"],)
        boss, committee = (self.people["上级张强"],), (self.people["委员赵敏"], self.people["员工王芳"])
        rows: dict[str, ItemId] = {}
        rows["employee"] = self.put("employee", name="王芳", code="E001")
        rows["bonus"] = self.put("hr_private", natural_key="E001", employee=(rows["employee"],))
        for who, person in (("mine", me), ("peers", peer)):
            rows[f"sheet {who}"] = self.put("appraisal", name=f"{who} sheet", p_self=person, p_mgr=boss)
            rows[f"goal {who}"] = self.put("goal", name=f"{who} goal", p_self=person, p_mgr=boss, level="person")
            rows[f"result {who}"] = self.put(
                "score_result", name=f"{who} A", p_self=person, p_committee=committee, appraisal=(rows[f"sheet {who}"],)
            )
            rows[f"task {who}"] = self.put(
                "review_task", name=f"about {who}", rater=boss, p_subject=person, relation="superior"
            )
        return rows

    def put(self, table: str, **values: Any) -> ItemId:
        """Write a row as the API; the sandbox is told not to ask for required fields."""
        response = self.session.post(
            f"{BASE}/openapi/v1/item",
            json={"table_id": self.bindings[table_address(table)], "fields": self.wire(table, values)},
            headers=self.headers(None),
        ).json()
        assert response["code"] == 0, (table, response)
        return ItemId(response["data"]["item"]["item_id"])

    def wire(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        spec = SCHEMA.table(table)
        fields: dict[str, Any] = {}
        for field in spec.fields:
            if field.kind in COMPUTED_KINDS:
                continue
            value = values.get(field.address.key)
            if value is not None and field.options:
                option = next(entry.address for entry in field.options if entry.address.key == value)
                value = [self.bindings[option]]
            if value is not None:
                fields[self.bindings[field.address]] = list(value) if isinstance(value, tuple) else value
        return fields

    def headers(self, name: str | None) -> dict[str, str]:
        key = self.control.mint_key(self.space, member=None if name is None else self.people[name])
        return {"Open-Authorization": f"Bearer {key}"}

    def acting(self, name: str) -> HuobanConnection:
        return self.place.connection(self.control.mint_key(self.space, member=self.people[name]), planes=("v1",))

    def seen(self, name: str, table: str) -> list[Item]:
        """What a person finds in a table, through our client, asking for the fields the platform shows the person."""
        items = self.acting(name).item_source
        query = ItemQuery(table=self.shown(name, SCHEMA.table(table)))
        return [item for page in items.scan(query=query, bindings=self.bindings) for item in page.items]

    def shown(self, name: str, table: TableSpec) -> TableSpec:
        observed = self.acting(name).schema_source.observe(workspace=self.space)
        ids = {field.field_id for found in observed.tables for field in found.fields}
        fields = tuple(field for field in table.fields if self.bindings[field.address] in ids)
        return replace(table, fields=fields)

    def titles(self, name: str, table: str) -> list[str]:
        return sorted(item.title for item in self.seen(name, table))

    def answer(self, name: str, method: str, path: str, body: Any) -> int:
        """The platform's code for a raw request of a person."""
        response = self.session.request(
            method, f"{BASE}/openapi/v1{path}", json=body, headers=self.headers(name)
        ).json()
        return int(response["code"])


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    found = Company(tmp_path_factory.mktemp("probes"))
    yield found
    found.session.close()
    found.world.close()


def test_own_result_is_seen_by_nobody_not_even_on_the_committee(company: Company) -> None:
    assert company.titles("同事李雷", "score_result") == []
    assert company.titles("上级张强", "score_result") == []
    assert company.titles("委员赵敏", "score_result") == ["mine A", "peers A"]
    assert company.titles("员工王芳", "score_result") == ["peers A"]
    own = company.rows["result mine"]
    assert company.answer("员工王芳", "POST", f"/item/{own}", {}) == 3500002
    assert company.answer("员工王芳", "PUT", f"/item/{own}", {"fields": {}}) == 3500002


def test_subject_never_sees_the_task_that_rates_him(company: Company) -> None:
    assert company.titles("员工王芳", "review_task") == []
    assert company.titles("上级张强", "review_task") == ["about mine", "about peers"]
    assert company.answer("员工王芳", "POST", f"/item/{company.rows['task mine']}", {}) == 3500002


def test_peers_appraisal_and_goals_are_not_there(company: Company) -> None:
    assert company.titles("员工王芳", "appraisal") == ["mine sheet"]
    assert company.titles("员工王芳", "goal") == ["mine goal"]
    assert company.titles("上级张强", "appraisal") == ["mine sheet", "peers sheet"]
    assert company.titles("HR刘洋", "appraisal") == ["mine sheet", "peers sheet"]


@pytest.mark.parametrize("name", ["员工王芳", "上级张强", "委员赵敏", "HR刘洋"])
def test_bonus_base_is_reached_neither_straight_nor_through_a_relation_picker(company: Company, name: str) -> None:
    table_id = company.bindings[table_address("hr_private")]
    assert company.answer(name, "POST", "/item/list", {"table_id": table_id}) == 3500002
    assert company.answer(name, "POST", f"/table/{table_id}", {}) == 3500002
    assert company.answer(name, "POST", f"/item/{company.rows['bonus']}", {}) == 3500002
    observed = company.acting(name).schema_source.observe(workspace=company.space)
    assert table_id not in {table.table_id for table in observed.tables}
    assert len(company.seen("薪酬HR陈静", "hr_private")) == 1


def test_drilling_down_with_a_filter_finds_no_more_than_a_list(company: Company) -> None:
    table_id = company.bindings[table_address("score_result")]
    name = company.bindings[SCHEMA.table("score_result").field("name").address]
    body = {"table_id": table_id, "filter": {"field": name, "query": {"in": ["A"]}}}
    response = company.session.post(
        f"{BASE}/openapi/v1/item/list", json=body, headers=company.headers("员工王芳")
    ).json()
    assert [item["title"] for item in response["data"]["items"]] == ["peers A"]
    assert (response["data"]["total"], response["data"]["filtered"]) == (1, 1)


def test_title_of_a_related_result_tells_no_grade(company: Company) -> None:
    """委员 sees results but no appraisal: the relation to it shows no title."""
    for item in company.seen("委员赵敏", "score_result"):
        assert item.values["appraisal"] in {(company.rows["sheet mine"],), (company.rows["sheet peers"],)}
    shown = company.session.post(
        f"{BASE}/openapi/v1/item/{company.rows['result peers']}", headers=company.headers("委员赵敏")
    ).json()["data"]["item"]["fields"]
    relation = shown[company.bindings[SCHEMA.table("score_result").field("appraisal").address]]
    assert relation == [{"item_id": company.rows["sheet peers"], "title": ""}]


def test_nobody_exports_imports_deletes_or_shares_as_everyone() -> None:
    everyone = [entry for entry in SCHEMA.permissions if entry.address.key == SCHEMA.groups[0].key]
    assert len(everyone) >= 7
    for entry in everyone:
        assert not entry.rights & {Right.EXPORT, Right.IMPORT, Right.SHARE}, entry.address


def test_run_log_is_for_hr_and_admins(company: Company) -> None:
    company.put("run_log", batch="b1")
    table_id = company.bindings[table_address("run_log")]
    assert company.answer("员工王芳", "POST", "/item/list", {"table_id": table_id}) == 3500002
    assert len(company.seen("HR刘洋", "run_log")) == 1


@pytest.mark.parametrize("table", [table.key for table in SCHEMA.tables])
def test_field_that_a_job_fills_is_written_by_no_person(company: Company, table: str) -> None:
    """⟳ fields: whoever sees a row, a write to one is refused by name or, when it is hidden, as unknown."""
    spec = SCHEMA.table(table)
    jobs = [field for field in spec.fields if field.writer.value == "job" and field.kind not in COMPUTED_KINDS]
    for name in PEOPLE:
        try:
            rows = company.seen(name, table)
        except NotFoundError:
            continue
        for row in rows[:1]:
            for field in jobs:
                body = {"fields": {company.bindings[field.address]: None}}
                code = company.answer(name, "PUT", f"/item/{row.item_id}", body)
                assert code == 502, (name, str(field.address), code)


def test_refusals_reach_our_client_as_its_own_errors(company: Company) -> None:
    with pytest.raises(NotFoundError) as gone:
        list(
            company.acting("员工王芳").item_source.scan(
                query=ItemQuery(table=SCHEMA.table("hr_private")), bindings=company.bindings
            )
        )
    assert gone.value.code == "platform.not_found"


def test_create_where_no_right_is_given_is_refused(company: Company) -> None:
    table_id = company.bindings[table_address("appraisal")]
    assert company.answer("员工王芳", "POST", "/item", {"table_id": table_id, "fields": {}}) == 100
