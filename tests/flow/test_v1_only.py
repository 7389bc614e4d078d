"""A connection with an API key only, as the documented platform is: the plan is a sheet, a person builds, we verify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from huoban_perf.core.addresses import Address
from huoban_perf.core.changes import Action
from huoban_perf.core.errors import AmbiguousObjectError, UnsupportedChangeError
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec
from huoban_perf.deploy import (
    DeployTarget,
    Performer,
    Plan,
    StateOwner,
    StateStore,
    apply_plan,
    bindings_of,
    make_plan,
    manual_sheet,
    state_path,
)
from huoban_perf.platforms.huoban import ControlPlane
from huoban_perf.profile import Site
from huoban_perf.template import compile_schema, load_template
from tests.flow.conftest import FastClock, SiteMaker

pytestmark = pytest.mark.flow
WHOLE = compile_schema(load_template("performance"))
SCHEMA = replace(WHOLE, views=(), forms=(), permissions=(), pages=(), automations=(), machines=())
"""Tables, fields and options: what v1 shows. What it does not show is attested (``tests/unit/deploy``)."""


def owner(site: Site) -> StateOwner:
    return StateOwner(app=SCHEMA.app, platform="huoban", workspace=site.workspace)


def store(site: Site) -> StateStore:
    return StateStore(state_path(site.profile.state_dir, owner(site)))


def target(site: Site) -> DeployTarget:
    return DeployTarget(connection=site.connection, owner=owner(site), clock=FastClock())


def plan(site: Site) -> Plan:
    return make_plan(
        desired=SCHEMA,
        observed=target(site).observe(),
        state=store(site).load(owner(site)),
        capabilities=site.connection.capabilities,
        clock=FastClock(),
    )


def build_by_hand(site: Site, schema: DesiredSchema, *, kinds: Mapping[str, FieldKind] | None = None) -> None:
    """Do what the sheet says, as a person does in the platform's page: Chinese names, no aliases."""
    control = site.control
    assert control is not None
    tables = {
        table.address: control.post("build/table", {"space_id": site.workspace, "name": table.labels.zh, "alias": ""})[
            "table_id"
        ]
        for table in schema.tables
    }
    fields = [(table, field) for table in schema.tables for field in table.fields]
    for table, field in sorted(fields, key=lambda pair: pair[1].target is not None):
        body = field_body(field, kind=(kinds or {}).get(str(field.address), field.kind), tables=tables)
        is_title = field.address.key == table.title
        control.post("build/field", {**body, "table_id": tables[table.address], "is_title": is_title})


def field_body(field: FieldSpec, *, kind: FieldKind, tables: Mapping[Address, str]) -> dict[str, object]:
    return {
        "name": field.labels.zh,
        "alias": "",
        "kind": kind.value,
        "required": field.required,
        "unique": field.unique,
        "help": "",
        "options": [{"name": option.labels.zh, "color": option.color} for option in field.options]
        if kind in {FieldKind.CHOICE, FieldKind.CHOICES}
        else [],
        "target_table_id": tables[field.target] if field.target else None,
        "many": field.many,
        "decimals": field.decimals,
    }


def test_plan_on_an_empty_workspace_is_a_complete_chinese_sheet(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    first = plan(site)
    assert {step.performer for step in first.steps} == {Performer.MANUAL}
    sheet = manual_sheet(first.manual_steps, desired=SCHEMA, locale="zh")
    for table in SCHEMA.tables:
        assert f"「{table.labels.zh}」" in sheet
    for field in SCHEMA.fields():
        assert field.labels.zh in sheet
    for option in SCHEMA.options():
        assert option.labels.zh in sheet
    assert "关联到「考核周期」" in sheet
    order = [sheet.index(f"新建表「{table.labels.zh}」") for table in SCHEMA.tables]
    assert order == sorted(order)


def test_apply_does_what_the_api_allows_and_sends_nothing_that_writes(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    report = apply_plan(plan=plan(site), desired=SCHEMA, target=target(site), store=store(site))
    assert len(report.pending) == len(plan(site).steps)
    assert site.connection.traffic.traffic().writes == 0


def test_tables_built_by_hand_are_verified_field_by_field_and_bound(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    build_by_hand(site, SCHEMA)
    second = plan(site)
    assert not second.manual_steps
    assert {step.action for step in second.steps} == {Action.BIND}
    report = apply_plan(plan=second, desired=SCHEMA, target=target(site), store=store(site))
    assert report.is_settled
    bindings = bindings_of(store(site).load(owner(site)))
    assert all(field.address in bindings for field in SCHEMA.fields())
    assert all(option.address in bindings for option in SCHEMA.options())
    assert plan(site).is_empty


def test_half_built_workspace_leaves_only_the_rest_on_the_sheet(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    first = SCHEMA.tables[0]
    assert site.control is not None
    site.control.post("build/table", {"space_id": site.workspace, "name": first.labels.zh, "alias": ""})
    steps = plan(site).manual_steps
    assert first.address not in {step.address for step in steps}
    assert first.fields[0].address in {step.address for step in steps}


def test_field_of_another_kind_is_named_with_what_it_should_be(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    build_by_hand(site, SCHEMA, kinds={"field:scheme.kpi_weight": FieldKind.TEXT})
    with pytest.raises(UnsupportedChangeError) as caught:
        plan(site)
    assert [problem.address for problem in caught.value.problems] == ["field:scheme.kpi_weight"]
    facts = caught.value.problems[0].facts
    assert (facts["table"], facts["field"]) == ("考核方案", "业绩权重")
    assert facts["expected"] == "数值"


def test_two_tables_of_one_name_are_both_named_and_nothing_is_guessed(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    assert site.control is not None
    ids = {
        site.control.post("build/table", {"space_id": site.workspace, "name": "部门", "alias": ""})["table_id"]
        for _ in range(2)
    }
    with pytest.raises(AmbiguousObjectError) as caught:
        plan(site)
    text = str(caught.value)
    assert all(table_id in text for table_id in ids)


def test_control_plane_is_not_used_by_the_v1_connection(make_site: SiteMaker) -> None:
    site = make_site(planes=("v1",))
    assert isinstance(site.control, ControlPlane)
    before = site.control.stats()
    plan(site)
    after = site.control.stats()
    assert after["writes"] == before["writes"]
