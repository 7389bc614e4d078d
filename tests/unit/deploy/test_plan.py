"""The plan as an artifact: it says what it is, and notices tampering."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from huoban_perf.core.addresses import field_address
from huoban_perf.core.changes import Action, AttributeChange, Cause
from huoban_perf.core.errors import PlanError
from huoban_perf.deploy import Performer, Plan, Reason, Risk, Step
from tests.unit.deploy.bench import Bench
from tests.unit.deploy.wishes import company, make_schema


def test_plan_round_trips_and_its_digest_leaves_out_the_moment(bench: Bench) -> None:
    first, second = bench.plan(company()), bench.plan(company())
    assert first.made_at != second.made_at
    assert first.digest == second.digest
    assert Plan.from_json(first.to_json()) == first


def test_plan_counts_steps_by_action_and_performer(bench: Bench, v1_bench: Bench) -> None:
    assert bench.plan(company()).counts == {
        "create": 17,
        "update": 0,
        "delete": 0,
        "forget": 0,
        "bind": 0,
        "api": 17,
        "manual": 0,
        "state": 0,
    }
    assert len(v1_bench.plan(company()).manual_steps) == 17


def test_plan_states_what_it_was_made_from(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    plan = bench.plan(desired)
    assert plan.is_empty
    assert plan.template_digest == desired.digest
    assert (plan.state_lineage, plan.state_serial) == (bench.state().lineage, bench.state().serial)
    assert (plan.app, plan.app_version, plan.workspace) == ("little", "1", "4000000000000001")
    assert plan.tool_version


def test_edited_plan_file_is_refused(bench: Bench) -> None:
    text = bench.plan(company()).to_json().replace("目标名称", "目标名")
    with pytest.raises(PlanError) as caught:
        Plan.from_json(text, source="p.json")
    assert (caught.value.code, caught.value.facts["file"]) == ("plan.edited", "p.json")


@pytest.mark.parametrize(
    ("text", "code", "fact"),
    [
        ("{\n oops", "plan.damaged", "2"),
        ("[]", "plan.format", "None"),
        ('{"format": 3}', "plan.format", "3"),
        ('{"format": 2}', "plan.damaged", "tool_version"),
    ],
)
def test_what_is_no_plan_is_refused(text: str, code: str, fact: str) -> None:
    with pytest.raises(PlanError) as caught:
        Plan.from_json(text, source="p.json")
    assert caught.value.code == code
    assert fact in caught.value.facts.values()


def test_unknown_parts_are_refused(bench: Bench) -> None:
    raw = json.loads(bench.plan(make_schema()).to_json())
    with pytest.raises(PlanError) as caught:
        Plan.from_json(json.dumps({**raw, "extra": 1}))
    assert caught.value.facts["place"] == "extra"


def step(action: Action, performer: Performer, *changes: AttributeChange) -> Step:
    return Step(
        address=field_address("goal", "owner"),
        action=action,
        performer=performer,
        reason=Reason.DIFFERS,
        named=("目标", "负责人"),
        changes=changes,
    )


def test_risk_names_data_loss_before_manual_work() -> None:
    narrowing = AttributeChange(attribute="many", before=True, after=False, cause=Cause.CHANGE)
    assert step(Action.DELETE, Performer.MANUAL).risk is Risk.DATA_LOSS
    assert step(Action.UPDATE, Performer.API, narrowing).risk is Risk.DATA_LOSS
    assert step(Action.UPDATE, Performer.MANUAL).risk is Risk.MANUAL
    assert step(Action.UPDATE, Performer.API).risk is Risk.SAFE


def test_option_that_the_parameters_gave_up_is_named_as_an_orphan(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    employee = desired.table("employee")
    status = employee.field("status")
    fewer = replace(status, options=status.options[:1], parameter="statuses")
    fields = tuple(fewer if one is status else one for one in employee.fields)
    tables = tuple(replace(employee, fields=fields) if one is employee else one for one in desired.tables)
    notes = [note for note in bench.plan(make_schema(*tables)).notes if note.code == "plan.parameter_orphans"]
    assert [(str(note.address), note.facts["parameter"]) for note in notes] == [
        ("option:employee.status.left", "statuses")
    ]
    ours = tuple(
        replace(
            employee, fields=tuple(replace(fewer, parameter=None) if one is status else one for one in employee.fields)
        )
        if table is employee
        else table
        for table in desired.tables
    )
    assert not [note for note in bench.plan(make_schema(*ours)).notes if note.code == "plan.parameter_orphans"]
