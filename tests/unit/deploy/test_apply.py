"""Applying: everything once, in order, whatever happens on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from huoban_perf.core.addresses import Address, field_address, option_address, table_address
from huoban_perf.core.changes import Action, Cause, Performed
from huoban_perf.core.errors import ProtocolError, UnfinishedApplyError, UnreachableError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind
from huoban_perf.deploy import Consent, Origin, Outcome, Performer, StateFile, StateStore, apply_plan, bindings_of
from tests.unit.deploy.bench import Bench, build_by_hand
from tests.unit.deploy.wishes import company, make_field, make_option, make_schema, make_table
from tests.unit.deploy.world import OWNER, WORKSPACE, Platform

STATUS = field_address("employee", "status")


def test_apply_on_empty_workspace_builds_everything_and_then_plans_nothing(bench: Bench) -> None:
    desired = company()
    report = bench.deploy(desired)
    assert report.is_settled
    assert report.is_verified
    assert report.count(Action.CREATE) == 17
    assert bench.plan(desired).is_empty
    bindings = bindings_of(bench.state())
    assert len(bindings) == 3 + 14 + 2
    assert bindings[option_address("employee", "status", "left")] == "2"
    assert {known.origin for known in bench.state().objects.values()} == {Origin.CREATED}


def test_apply_sends_one_call_an_object_and_reads_back_once(bench: Bench) -> None:
    desired = company()
    observed = bench.target.observe()
    assert bench.platform.reads == 1
    plan = bench.plan(desired)
    bench.platform.reads = 0
    apply_plan(plan=plan, desired=desired, target=bench.target, store=bench.store, observed=observed)
    assert bench.platform.writes == 17
    assert bench.platform.reads == 1 + 3


def test_apply_of_empty_plan_sends_and_saves_nothing(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    serial, writes = bench.state().serial, bench.platform.writes
    report = bench.deploy(desired)
    assert report.is_settled
    assert not report.is_verified
    assert report.results == ()
    assert (bench.state().serial, bench.platform.writes) == (serial, writes)


def test_apply_tells_progress_after_every_step(bench: Bench) -> None:
    told: list[tuple[str, str, int, int]] = []

    def progress(stage: str, *, subject: str, done: int, total: int) -> None:
        told.append((stage, subject, done, total))

    desired = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称")))
    plan = bench.plan(desired)
    apply_plan(plan=plan, desired=desired, target=replace(bench.target, progress=progress), store=bench.store)
    assert told == [("progress.apply", "目标", 1, 2), ("progress.apply", "目标 / 目标名称", 2, 2)]


def test_apply_hands_over_ids_title_and_no_fields_with_a_table(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    carry_out = Platform.perform

    def perform(self: Platform, *, workspace: Any, operation: Any) -> Performed:
        handed.append(operation)
        return carry_out(self, workspace=workspace, operation=operation)

    monkeypatch.setattr(Platform, "perform", perform)
    bench.deploy(company())
    by_address = {operation.address: operation for operation in handed}
    assert by_address[table_address("goal")].spec.fields == ()
    owner = by_address[field_address("goal", "owner")]
    assert set(owner.remote_ids) == {table_address("goal"), table_address("employee")}
    assert [address for address, operation in by_address.items() if operation.is_title] == [
        field_address("department", "name"),
        field_address("employee", "name"),
        field_address("goal", "name"),
    ]


def test_apply_on_v1_leaves_everything_pending_and_sends_no_write(v1_bench: Bench) -> None:
    desired = company()
    report = v1_bench.deploy(desired)
    assert not report.is_settled
    assert len(report.pending) == 17
    assert {result.outcome for result in report.results} == {Outcome.MANUAL}
    assert v1_bench.platform.writes == 0


def test_plan_after_building_by_hand_binds_without_a_call_and_leaves_nothing(v1_bench: Bench) -> None:
    desired = company()
    first = v1_bench.plan(desired)
    v1_bench.apply(first, desired)
    build_by_hand(v1_bench.platform, desired)
    plan = v1_bench.plan(desired)
    assert {(step.action, step.performer) for step in plan.steps} == {(Action.BIND, Performer.STATE)}
    v1_bench.platform.reads = 0
    report = v1_bench.apply(plan, desired)
    assert report.is_settled
    assert v1_bench.platform.reads == 1 + 3
    assert v1_bench.platform.writes == 0
    assert v1_bench.plan(desired).is_empty
    assert {known.origin for known in v1_bench.state().objects.values()} == {Origin.ADOPTED}


def test_same_manual_plan_applied_again_binds_what_was_built_meanwhile(v1_bench: Bench) -> None:
    desired = company()
    plan = v1_bench.plan(desired)
    v1_bench.apply(plan, desired)
    build_by_hand(v1_bench.platform, desired)
    report = v1_bench.apply(plan, desired)
    assert report.is_settled
    assert {result.outcome for result in report.results} == {Outcome.ALREADY}
    assert {known.origin for known in v1_bench.state().objects.values()} == {Origin.MANUAL}


def test_field_built_by_hand_with_a_difference_stays_pending_by_attribute(v1_bench: Bench) -> None:
    desired = company()
    build_by_hand(v1_bench.platform, desired)
    v1_bench.platform.edit_field("员工", "姓名", required=False)
    report = v1_bench.deploy(desired)
    assert [str(step.address) for step in report.pending] == ["field:employee.name"]
    assert [change.attribute for change in report.pending[0].changes] == ["required"]


def test_option_left_out_by_hand_is_made_where_the_connection_can(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    status = next(field for field in bench.platform.table_named("员工").fields if field.name == "在职状态")
    bench.platform.edit_field("员工", "在职状态", options=status.options[:1])
    report = bench.deploy(desired)
    assert report.is_settled
    assert report.count(Action.CREATE) == 1
    assert bench.plan(desired).is_empty


@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("number", range(1, 18))
def test_platform_failure_at_any_write_then_same_plan_ends_in_same_world(
    bench: Bench, tmp_path: Any, number: int, after_effect: bool
) -> None:
    desired = company()
    whole = Bench(folder=tmp_path / "whole")
    whole.deploy(desired)
    bench.platform.break_at, bench.platform.break_after_effect = number, after_effect
    plan = bench.plan(desired)
    expected = UnreachableError if number == 1 else UnfinishedApplyError
    with pytest.raises(expected) as caught:
        bench.apply(plan, desired)
    if number > 1:
        assert caught.value.facts["done"] == number - 1
        assert caught.value.problems[0].code.startswith("platform.")
    report = bench.apply(plan, desired)
    assert report.is_settled
    assert bench.platform.names() == whole.platform.names()
    assert bench.plan(desired).is_empty


@pytest.mark.parametrize("number", range(1, 20))
def test_kill_before_any_save_then_new_plan_ends_in_same_world(
    bench: Bench, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    desired = company()
    whole = Bench(folder=tmp_path / "whole")
    whole.deploy(desired)
    save, saves = StateStore.save, 0

    def killed(self: StateStore, state: StateFile, *, clock: Any) -> StateFile:
        nonlocal saves
        saves += 1
        if saves == number:
            raise KeyboardInterrupt
        return save(self, state, clock=clock)

    monkeypatch.setattr(StateStore, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        bench.deploy(desired)
    monkeypatch.setattr(StateStore, "save", save)
    assert bench.deploy(desired).is_settled
    assert bench.platform.names() == whole.platform.names()
    assert bench.plan(desired).is_empty


def test_finished_plan_applied_again_does_nothing(bench: Bench) -> None:
    desired = company()
    plan = bench.plan(desired)
    bench.apply(plan, desired)
    report = bench.apply(plan, desired)
    assert report.is_settled
    assert {result.outcome for result in report.results} == {Outcome.ALREADY}
    assert bench.platform.writes == 17


def test_options_whose_ids_do_not_come_with_the_field_are_bound_by_reading_back(bench: Bench) -> None:
    bench.platform.forgets_option_ids = True
    assert bench.deploy(company()).is_settled
    assert bench.state().objects[option_address("employee", "status", "left")].origin is Origin.CREATED


def test_created_object_without_id_is_a_broken_contract(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Platform, "perform", lambda *_, **__: Performed(created={}))
    with pytest.raises(UnfinishedApplyError) as caught:
        bench.deploy(company())
    assert isinstance(caught.value.__cause__, ProtocolError)
    assert caught.value.__cause__.code == "apply.no_id"


def test_update_changes_only_named_attributes_and_records_them(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    department = desired.tables[0]
    wanted = make_schema(
        make_table("department", "组织单元", *department.fields, group=department.group), *desired.tables[1:]
    )
    report = bench.deploy(wanted)
    assert report.is_settled
    assert report.count(Action.UPDATE) == 1
    assert "组织单元" in bench.platform.names()
    assert bench.state().objects[table_address("department")].applied["name"] == "组织单元"
    assert bench.plan(wanted).is_empty


def test_drift_is_put_right_and_an_option_deleted_by_hand_is_made_again(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    seen = bench.platform.table_named("员工")
    status = next(field for field in seen.fields if field.name == "在职状态")
    bench.platform.edit_field("员工", "在职状态", options=status.options[:1], required=False)
    plan = bench.plan(desired)
    assert [(step.action, str(step.address)) for step in plan.steps] == [
        (Action.UPDATE, "field:employee.status"),
        (Action.CREATE, "option:employee.status.left"),
    ]
    assert plan.steps[0].causes == {Cause.DRIFT}
    assert bench.apply(plan, desired).is_settled
    assert bench.plan(desired).is_empty


def test_language_switch_renames_and_creates_nothing(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    plan = bench.plan(desired, locale="en")
    assert {step.action for step in plan.steps} == {Action.UPDATE}
    report = bench.apply(plan, desired)
    assert report.is_settled
    assert bench.state().locale == "en"
    assert "department" in bench.platform.names()
    assert bench.plan(desired, locale="en").is_empty


def test_attribute_the_connection_cannot_set_is_left_to_a_person_and_the_rest_is_done(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.refuses = frozenset({"group"})
    plan = bench.plan(desired, locale="en")
    report = bench.apply(plan, desired)
    assert [str(step.address) for step in report.pending] == ["table:department"]
    assert [change.attribute for change in report.pending[0].changes] == ["group"]
    assert "department" in bench.platform.names()


def test_creation_the_connection_refuses_is_left_to_a_person_and_what_needs_it_waits(bench: Bench) -> None:
    bench.platform.refuses = frozenset({"table"})
    report = bench.deploy(company())
    assert len(report.pending) == 3
    assert len(report.waiting) == 14
    assert report.unsettled == ()
    assert not report.is_verified


def test_deletion_with_both_consents_deletes_and_forgets_what_was_inside(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    smaller = make_schema(*desired.tables[:2])
    goal = table_address("goal")
    report = bench.deploy(smaller, consent=Consent(by_template={goal}, delete={goal}))
    assert report.is_settled
    assert report.count(Action.DELETE) == 1
    assert "目标" not in bench.platform.names()
    assert not any(address.table == goal for address in bench.state().objects)


def test_field_and_option_are_deleted_by_what_the_state_remembers(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    employee, others = desired.tables[1], desired.tables
    status = employee.field("status")
    kept = tuple(
        replace(field, options=status.options[:1]) if field.address == STATUS else field
        for field in employee.fields
        if field.address.key != "account"
    )
    smaller = make_schema(others[0], replace(employee, fields=kept), others[2])
    removed: set[Address] = {field_address("employee", "account"), option_address("employee", "status", "left")}
    report = bench.deploy(smaller, consent=Consent(by_template=removed, delete=removed))
    assert report.is_settled
    assert report.count(Action.DELETE) == 2
    assert not {"员工/账号", "员工/在职状态/离职"} & set(bench.platform.names())


def test_deletion_done_by_hand_meanwhile_is_only_recorded(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    smaller = make_schema(*desired.tables[:2])
    goal = table_address("goal")
    plan = bench.plan(smaller, consent=Consent(by_template={goal}, delete={goal}))
    del bench.platform.tables[bench.state().objects[goal].remote_id]
    report = bench.apply(plan, smaller)
    assert report.count(Action.DELETE, Outcome.ALREADY) == 1
    assert goal not in bench.state().objects


def test_update_done_by_hand_meanwhile_is_only_recorded(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    plan = bench.plan(desired)
    bench.platform.edit_field("员工", "姓名", required=True)
    writes = bench.platform.writes
    report = bench.apply(plan, desired)
    assert report.count(Action.UPDATE, Outcome.ALREADY) == 1
    assert bench.platform.writes == writes


def test_update_that_does_not_read_back_is_unsettled(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    desired = company()
    bench.deploy(desired)
    bench.platform.edit_field("员工", "姓名", required=False)
    monkeypatch.setattr(Platform, "_update", lambda *_: None)
    report = bench.deploy(desired)
    assert [str(step.address) for step in report.unsettled] == ["field:employee.name"]
    assert not report.is_settled


def test_kind_that_reads_back_otherwise_is_a_problem_of_the_report(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.unit.deploy.world.shown_kinds", lambda _: frozenset({FieldKind.TEXT}))
    report = bench.deploy(make_schema(make_table("goal", "目标", make_field("goal", "w", "权重", FieldKind.NUMBER))))
    assert [note.code for note in report.problems] == ["plan.kind_differs"]


def test_renamed_key_keeps_its_id_and_sends_nothing(bench: Bench) -> None:
    before = make_schema(make_table("goal", "目标", make_field("goal", "weight", "权重", FieldKind.NUMBER)))
    bench.deploy(before)
    old, new = field_address("goal", "weight"), field_address("goal", "share")
    remote_id, writes = bench.state().objects[old].remote_id, bench.platform.writes
    after = make_schema(make_table("goal", "目标", make_field("goal", "share", "权重", FieldKind.NUMBER)))
    report = bench.deploy(after, moved={old: new})
    assert report.count(Action.BIND) == 1
    assert bench.state().objects[new].remote_id == remote_id
    assert old not in bench.state().objects
    assert bench.platform.writes == writes
    assert bench.plan(after, moved={old: new}).is_empty


def test_converged_attribute_is_recorded_and_origin_kept(bench: Bench) -> None:
    desired = company()
    bench.deploy(desired)
    wanted = make_schema(replace(desired.tables[0], labels=Labels("组织", "department")), *desired.tables[1:])
    table_id = bench.state().objects[table_address("department")].remote_id
    bench.platform.tables[table_id] = replace(bench.platform.tables[table_id], name="组织")
    plan = bench.plan(wanted)
    assert [step.reason.value for step in plan.steps] == ["converged"]
    assert bench.apply(plan, wanted).is_settled
    known = bench.state().objects[table_address("department")]
    assert (known.applied["name"], known.origin) == ("组织", Origin.CREATED)
    assert bench.apply(plan, wanted).results[0].outcome is Outcome.ALREADY


def test_new_option_of_a_standing_field_is_added(bench: Bench) -> None:
    options = (make_option("goal", "state", "open", "进行中"),)
    before = make_schema(
        make_table("goal", "目标", make_field("goal", "state", "状态", FieldKind.CHOICE, options=options))
    )
    bench.deploy(before)
    more = (*options, make_option("goal", "state", "done", "完成", "green"))
    after = make_schema(make_table("goal", "目标", make_field("goal", "state", "状态", FieldKind.CHOICE, options=more)))
    assert bench.deploy(after).is_settled
    assert bindings_of(bench.state())[option_address("goal", "state", "done")] == "2"


def test_lock_left_by_a_dead_process_is_taken_over_and_named(bench: Bench) -> None:
    bench.store.path.parent.mkdir(parents=True)
    left = '{"pid": 4711, "host": "here", "since": "2026-07-01T00:00:00+00:00"}'
    bench.store.lock_path.write_text(left, encoding="utf-8")
    report = bench.deploy(company())
    assert [note.code for note in report.notes] == ["state.lock_taken_over"]
    assert report.notes[0].facts["pid"] == 4711
    assert report.is_settled


def test_report_round_trips_as_json(bench: Bench) -> None:
    report = bench.deploy(company())
    assert type(report).model_validate_json(report.model_dump_json()) == report
    assert report.workspace == WORKSPACE == OWNER.workspace
