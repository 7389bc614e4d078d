"""Adopting: only what is named, only where it fits."""

from __future__ import annotations

from typing import Any

import pytest

from huoban_perf.core.addresses import Address, field_address, option_address, table_address
from huoban_perf.core.errors import PlanError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import FieldKind
from huoban_perf.deploy import Origin, StateFile, adopt, attest, exact, proposals, survey
from huoban_perf.deploy.likeness import is_like
from tests.unit.deploy.bench import Bench, build_by_hand
from tests.unit.deploy.wishes import company, make_field, make_schema, make_table

NAME = field_address("employee", "name")


def proposed(bench: Bench, desired: Any) -> list[Any]:
    return proposals(survey(desired=desired, observed=bench.target.observe(), state=bench.state(), locale="zh"))


def adopted(bench: Bench, desired: Any, chosen: dict[Address, str]) -> StateFile:
    state = adopt(
        desired=desired, observed=bench.target.observe(), state=bench.state(), chosen=chosen, clock=bench.clock
    )
    return bench.store.save(state, clock=bench.clock)


def test_adopt_all_binds_every_exact_match_and_leaves_nothing_to_plan(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    state = adopted(bench, desired, exact(proposed(bench, desired)))
    assert len(state.objects) == 3 + 14 + 2
    assert {known.origin for known in state.objects.values()} == {Origin.ADOPTED}
    assert bench.plan(desired).is_empty
    assert proposed(bench, desired) == []


def test_alike_names_are_proposed_but_never_taken_unasked(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    bench.platform.edit_field("员工", "姓名", name="姓 名")
    bench.platform.edit_field("员工", "在职状态", name="状态(在职)")
    (alike,) = [entry for entry in proposed(bench, desired) if entry.address == NAME]
    assert (alike.how, alike.found_name, alike.is_exact) == ("likeness", "姓 名", False)
    assert NAME not in exact(proposed(bench, desired))
    state = adopted(bench, desired, {table_address("employee"): bench.platform.table_named("员工").table_id})
    state = adopted(bench, desired, {NAME: alike.remote_id})
    assert state.objects[NAME].applied["name"] == "姓 名"
    plan = bench.plan(desired)
    (update,) = [step for step in plan.steps if step.address == NAME]
    assert [(change.attribute, change.cause.value) for change in update.changes] == [("name", "change")]


def test_proposal_with_another_kind_carries_the_problem(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    bench.platform.edit_field("目标", "权重", kinds=frozenset({FieldKind.FILE}))
    found = {entry.address: entry for entry in proposed(bench, desired)}
    weight = found[field_address("goal", "weight")]
    assert [note.code for note in weight.problems] == ["plan.kind_differs"]
    assert not weight.is_exact
    with pytest.raises(PlanError) as caught:
        adopted(bench, desired, {entry.address: entry.remote_id for entry in found.values()})
    assert [problem.code for problem in caught.value.problems] == ["plan.kind_differs"]
    assert bench.state().objects == {}


def test_every_wrong_choice_is_listed_and_nothing_is_adopted(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    ids = {table.name: table.table_id for table in bench.platform.tables.values()}
    adopted(bench, desired, {table_address("goal"): ids["目标"]})
    chosen = {
        table_address("nothing"): ids["员工"],
        table_address("employee"): ids["目标"],
        table_address("department"): "21",
        field_address("goal", "name"): "f",
        field_address("goal", "batch"): "f",
    }
    with pytest.raises(PlanError) as caught:
        adopted(bench, desired, chosen)
    assert [problem.code for problem in caught.value.problems] == [
        "adopt.undeclared",
        "adopt.taken",
        "adopt.not_there",
        "adopt.twice",
        "adopt.twice",
    ]
    assert caught.value.facts["count"] == 5
    assert list(bench.state().objects) == [table_address("goal")]


def test_option_ids_of_two_fields_may_be_equal(bench: Bench) -> None:
    desired = company()
    build_by_hand(bench.platform, desired)
    state = adopted(bench, desired, exact(proposed(bench, desired)))
    assert state.objects[option_address("employee", "status", "active")].remote_id == "1"


def test_attesting_settles_what_no_read_shows(v1_bench: Bench) -> None:
    bench = v1_bench
    before = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称", help=Labels("旧", "old"))))
    build_by_hand(bench.platform, before)
    bench.deploy(before)
    after = make_schema(make_table("goal", "目标", make_field("goal", "name", "目标名称", help=Labels("新", "new"))))
    report = bench.deploy(after)
    assert [change.attribute for change in report.pending[0].changes] == ["help"]
    state = attest(
        desired=after,
        observed=bench.target.observe(),
        state=bench.state(),
        addresses=[field_address("goal", "name")],
        by="王敏",
        clock=bench.clock,
    )
    bench.store.save(state, clock=bench.clock)
    assert bench.plan(after).is_empty
    known = bench.state().objects[field_address("goal", "name")]
    assert (known.origin, known.attested_by) == (Origin.ATTESTED, "王敏")


def test_attesting_what_is_not_bound_is_refused(bench: Bench) -> None:
    with pytest.raises(PlanError) as caught:
        attest(
            desired=company(),
            observed=bench.target.observe(),
            state=bench.state(),
            addresses=[NAME, table_address("nothing")],
            by="王敏",
            clock=bench.clock,
        )
    assert [problem.code for problem in caught.value.problems] == ["adopt.not_bound", "adopt.not_bound"]


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("直属上级", "直属 上级", True),
        ("KPI(权重)", "ＫＰＩ 权重", True),
        ("考核周期", "周期考核", True),
        ("目标", "目标值", False),
        ("--", "··", False),
    ],
)
def test_likeness_is_letters_whatever_their_order(one: str, other: str, alike: bool) -> None:
    assert is_like(one, other) is alike
