"""Drift: only what people moved, never what the template moved."""

from __future__ import annotations

from dataclasses import replace

from huoban_perf.core.addresses import field_address
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind
from huoban_perf.deploy import DriftReport, drift
from tests.unit.deploy.bench import Bench
from tests.unit.deploy.wishes import company, make_schema


def drifted(bench: Bench, desired: DesiredSchema) -> DriftReport:
    return drift(
        desired=desired,
        observed=bench.target.observe(),
        state=bench.state(),
        capabilities=bench.target.connection.capabilities,
    )


def test_untouched_workspace_has_no_drift(bench: Bench) -> None:
    bench.deploy(company())
    bench.platform.add_table("通讯录")
    assert drifted(bench, company()).is_empty


def test_change_of_the_template_is_no_drift(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    wanted = make_schema(replace(desired.tables[0], labels=Labels("组织", "department")), *desired.tables[1:])
    assert drifted(bench, wanted).is_empty


def test_hand_edits_and_what_is_gone_are_drift(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False, name="名字")
    table = bench.platform.table_named("目标")
    del bench.platform.tables[table.table_id]
    report = drifted(bench, desired)
    assert not report.is_empty
    said = [(step.action.value, str(step.address), step.reason.value) for step in report.steps]
    assert said[0] == ("create", "table:goal", "gone")
    assert ("update", "field:employee.name", "differs") in said
    assert DriftReport.model_validate_json(report.model_dump_json()) == report


def test_only_the_attributes_concerned_are_shown(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    employee = desired.tables[1]
    fields = (replace(employee.fields[0], labels=Labels("名字", "name")), *employee.fields[1:])
    wanted = make_schema(desired.tables[0], replace(employee, fields=fields), desired.tables[2])
    (step,) = drifted(bench, wanted).steps
    assert [change.attribute for change in step.changes] == ["required"]


def test_changed_kind_is_drift_that_no_step_mends(bench: Bench) -> None:
    bench.deploy(company())
    bench.platform.edit_field("目标", "权重", kinds=frozenset({FieldKind.FILE}))
    report = drifted(bench, company())
    assert [note.code for note in report.problems] == ["plan.kind_differs"]
    assert not report.is_empty


def test_renamed_key_hides_no_drift(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("目标", "权重", name="占比")
    goal = desired.tables[2]
    old, new = field_address("goal", "weight"), field_address("goal", "share")
    fields = tuple(replace(field, address=new) if field.address == old else field for field in goal.fields)
    wanted = make_schema(*desired.tables[:2], replace(goal, fields=fields))
    report = drift(
        desired=wanted,
        observed=bench.target.observe(),
        state=bench.state(),
        capabilities=bench.target.connection.capabilities,
        moved={old: new},
    )
    assert [(str(step.address), step.changes[0].before) for step in report.steps] == [("field:goal.share", "占比")]
