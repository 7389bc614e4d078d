"""A plan that no longer fits is refused before the first effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.errors import (
    AmbiguousObjectError,
    ConflictError,
    PlanError,
    StalePlanError,
    StateError,
    UnsafePlanError,
    UnsupportedChangeError,
)
from huoban_perf.core.labels import Labels
from huoban_perf.core.ports import WorkspaceId
from huoban_perf.core.schema import DesiredSchema, FieldKind, ObservedSchema
from huoban_perf.deploy import Consent, StateOwner, apply_plan, make_plan
from tests.unit.deploy.bench import Bench
from tests.unit.deploy.wishes import company, make_field, make_schema, make_table
from tests.unit.deploy.world import OWNER, Clock


def renamed(desired: DesiredSchema, name: str) -> DesiredSchema:
    return make_schema(replace(desired.tables[0], labels=Labels(name, "department")), *desired.tables[1:])


def codes(error: Any) -> list[str]:
    return [problem.code for problem in error.value.problems]


def test_edited_plan_is_refused(bench: Bench) -> None:
    desired = company()
    plan = bench.plan(desired)
    forged = plan.model_copy(update={"steps": plan.steps[:-1]})
    with pytest.raises(PlanError) as caught:
        bench.apply(forged, desired)
    assert caught.value.code == "plan.edited"
    assert bench.platform.writes == 0


def test_plan_of_another_workspace_is_refused(bench: Bench) -> None:
    desired = company()
    plan = bench.plan(desired)
    owner = StateOwner(app="little", platform="memory", workspace=WorkspaceId("4"))
    with pytest.raises(StalePlanError) as caught:
        apply_plan(plan=plan, desired=desired, target=replace(bench.target, owner=owner), store=bench.store)
    assert caught.value.code == "plan.other_workspace"


def test_plan_of_another_template_is_refused(bench: Bench) -> None:
    desired = company()
    plan = bench.plan(desired)
    with pytest.raises(StalePlanError) as caught:
        bench.apply(plan, renamed(desired, "组织"))
    assert caught.value.code == "plan.template_moved"


def test_plan_made_before_another_was_applied_is_refused(bench: Bench) -> None:
    desired, other = company(), renamed(company(), "组织")
    early = bench.plan(desired)
    bench.deploy(other)
    with pytest.raises(StalePlanError) as caught:
        bench.apply(early, desired)
    assert caught.value.code == "plan.state_moved"


def test_conflict_nobody_decided_is_refused_and_the_choice_lets_it_through(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    table_id = bench.state().objects[table_address("department")].remote_id
    bench.platform.tables[table_id] = replace(bench.platform.tables[table_id], name="科室")
    wanted = renamed(desired, "组织")
    with pytest.raises(ConflictError) as caught:
        bench.deploy(wanted)
    assert codes(caught) == ["plan.conflict"]
    assert caught.value.problems[0].facts == {
        "name": "组织",
        "attribute": "名称",
        "before": "科室",
        "after": "组织",
    }
    report = bench.deploy(wanted, consent=Consent(overwrite={table_address("department")}))
    assert report.is_settled
    assert "组织" in bench.platform.names()


def test_plan_the_guard_refuses_is_not_applied(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    smaller = make_schema(*desired.tables[:2])
    with pytest.raises(UnsafePlanError) as caught:
        bench.deploy(smaller, consent=Consent(delete={table_address("goal")}))
    assert codes(caught) == ["guard.delete_not_in_template"]
    assert "目标" in bench.platform.names()


def test_changed_object_makes_the_plan_stale(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    plan = bench.plan(desired)
    bench.platform.edit_field("员工", "姓名", unique=True)
    writes = bench.platform.writes
    with pytest.raises(StalePlanError) as caught:
        bench.apply(plan, desired)
    assert codes(caught) == ["plan.stale_changed"]
    assert bench.platform.writes == writes


def test_change_elsewhere_does_not_make_the_plan_stale(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    plan = bench.plan(desired)
    bench.platform.add_table("通讯录")
    assert bench.apply(plan, desired).is_settled


def test_object_gone_or_replaced_makes_the_plan_stale(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    plan = bench.plan(desired)
    table = bench.platform.table_named("员工")
    bench.platform.tables[table.table_id] = replace(
        table, fields=tuple(field for field in table.fields if field.name != "姓名")
    )
    with pytest.raises(StalePlanError) as caught:
        bench.apply(plan, desired)
    assert codes(caught) == ["plan.stale_gone"]


def test_enclosing_table_gone_makes_the_plan_stale(bench: Bench) -> None:
    desired = company()
    bench.deploy(make_schema(*desired.tables[:2], replace(desired.tables[2], fields=desired.tables[2].fields[:1])))
    plan = bench.plan(desired)
    del bench.platform.tables[bench.state().objects[table_address("goal")].remote_id]
    with pytest.raises(StalePlanError) as caught:
        bench.apply(plan, desired)
    assert set(codes(caught)) == {"plan.stale_need"}


def test_object_this_plan_made_and_somebody_removed_is_not_made_again(bench: Bench) -> None:
    desired = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称")))
    plan = bench.plan(desired)
    bench.apply(plan, desired)
    bench.platform.tables.clear()
    with pytest.raises(StalePlanError) as caught:
        bench.apply(plan, desired)
    assert codes(caught) == ["plan.stale_gone", "plan.stale_gone"]


def test_object_that_was_gone_when_planned_is_made_again(bench: Bench) -> None:
    desired = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称")))
    bench.deploy(desired)
    bench.platform.tables.clear()
    plan = bench.plan(desired)
    bench.platform.add_table("通讯录")
    assert bench.apply(plan, desired).is_settled
    assert bench.platform.names() == ["目标", "目标/目标名称", "通讯录"]


def test_two_objects_of_the_wanted_name_stop_before_anything_is_made(bench: Bench) -> None:
    desired = company()
    plan = bench.plan(desired)
    bench.platform.add_table("目标")
    bench.platform.add_table("目标")
    with pytest.raises(AmbiguousObjectError) as caught:
        bench.apply(plan, desired)
    assert codes(caught) == ["plan.ambiguous_table"]
    assert len(caught.value.problems[0].facts["ids"]) == 2  # type: ignore[arg-type]
    assert bench.platform.writes == 0


def test_one_object_of_the_wanted_name_is_bound_instead_of_made(bench: Bench) -> None:
    desired = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称")))
    plan = bench.plan(desired)
    table_id = bench.platform.add_table("目标")
    assert bench.apply(plan, desired).is_settled
    assert bench.state().objects[table_address("goal")].remote_id == table_id
    assert bench.platform.names() == ["目标", "目标/目标名称"]


def test_field_of_another_kind_is_one_clear_error_with_both_names(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("目标", "权重", kinds=frozenset({FieldKind.FILE}))
    writes = bench.platform.writes
    with pytest.raises(UnsupportedChangeError) as caught:
        bench.plan(desired)
    (problem,) = caught.value.problems
    assert problem.code == "plan.kind_differs"
    assert problem.facts == {"table": "目标", "field": "权重", "expected": "数值", "found": ("附件",)}
    assert problem.address == str(field_address("goal", "weight"))
    assert bench.platform.writes == writes


def test_relation_to_another_table_names_both_tables(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    elsewhere = bench.platform.add_table("通讯录")
    bench.platform.edit_field("目标", "负责人", target_id=elsewhere)
    with pytest.raises(UnsupportedChangeError) as caught:
        bench.plan(desired)
    assert caught.value.problems[0].facts["expected"] == "员工"
    assert caught.value.problems[0].facts["found"] == "通讯录"


def test_state_of_another_workspace_is_refused_by_the_planner(bench: Bench) -> None:
    observed = ObservedSchema(workspace=WorkspaceId("4"), tables=())
    with pytest.raises(StateError) as caught:
        make_plan(
            desired=company(),
            observed=observed,
            state=bench.store.load(OWNER),
            capabilities=bench.target.connection.capabilities,
            clock=Clock(),
        )
    assert caught.value.code == "state.other_owner"
