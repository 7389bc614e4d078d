"""Views, forms, permissions, pages and automations in a plan: built where a connection can, else attested."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from huoban_perf.core.addresses import Address, ObjectKind, field_address
from huoban_perf.core.changes import Action
from huoban_perf.core.conditions import Operator
from huoban_perf.core.labels import Labels
from huoban_perf.core.rules import Me, Test
from huoban_perf.core.schema import (
    DEFINITION_KINDS,
    DesiredSchema,
    GroupSpec,
    ObservedDefinition,
    PageSpec,
    PermissionSpec,
    ViewKind,
    ViewSpec,
    declared_from,
    definitions_of,
)
from huoban_perf.core.schema.pages import BlockKind, BlockSpec
from huoban_perf.deploy import Origin, Performer, Risk, adopt, attest, drift, manual_sheet, survey, unseen
from tests.unit.deploy.bench import Bench
from tests.unit.deploy.wishes import company

MINE = Address(ObjectKind.VIEW, ("goal", "mine"))
HR = Address(ObjectKind.PERMISSION, ("goal", "hr"))
HOME = Address(ObjectKind.PAGE, ("home",))
OWNER, WEIGHT, NAME = (field_address("goal", key) for key in ("owner", "weight", "name"))


def wish(*, rows: Any = None, view: str = "我的目标") -> DesiredSchema:
    rule = rows or Test(OWNER, Operator.EQUALS, Me())
    mine = ViewSpec(
        address=MINE, labels=Labels(view, "My goals"), kind=ViewKind.GRID, roles=("staff",), rows=rule, fields=(NAME,)
    )
    permission = PermissionSpec(address=HR, rows=rule, visible=(NAME, WEIGHT), editable=(WEIGHT,))
    block = BlockSpec(kind=BlockKind.LIST, labels=Labels("待办", "To do"), table=NAME.table, view=MINE)
    page = PageSpec(address=HOME, labels=Labels("首页", "Home"), roles=("staff",), blocks=(block,))
    desired = replace(
        company(),
        views=(mine,),
        permissions=(permission,),
        pages=(page,),
        groups=(GroupSpec(key="hr", labels=Labels("HR", "HR")),),
    )
    return replace(desired, digest=f"{desired.digest}/{hash((str(rule), view))}")


@pytest.fixture
def shown(bench: Bench) -> Bench:
    """A connection that builds and shows definitions."""
    bench.platform.defines = True
    return bench


@pytest.fixture
def hidden(v1_bench: Bench) -> Bench:
    """A connection that only reads tables; people attest the rest."""
    v1_bench.platform.attests = True
    return v1_bench


def test_every_definition_comes_back_from_its_stored_form() -> None:
    for spec in definitions_of(wish()):
        assert declared_from(spec.address, spec.labels, spec.body) == spec.declared


def test_definitions_are_built_after_what_they_speak_of_and_then_nothing_is_left(shown: Bench) -> None:
    steps = [str(step.address) for step in shown.plan(wish()).steps]
    assert steps[-3:] == [str(MINE), str(HR), str(HOME)]
    report = shown.deploy(wish())
    assert report.is_settled
    assert shown.plan(wish()).is_empty


def test_changed_view_is_named_part_by_part_and_stays_the_same_view(shown: Bench) -> None:
    shown.deploy(wish())
    before = {one.definition_id for one in shown.platform.definitions.values()}
    (step,) = list(shown.plan(wish(view="名下目标")).steps)
    assert [(change.attribute, change.before, change.after) for change in step.changes] == [
        ("name", "我的目标", "名下目标")
    ]
    shown.deploy(wish(view="名下目标"))
    assert {one.definition_id for one in shown.platform.definitions.values()} == before
    assert shown.plan(wish(view="名下目标")).is_empty


def test_hand_edit_of_a_view_is_drift(shown: Bench) -> None:
    shown.deploy(wish())
    (view,) = [one for one in shown.platform.definitions.values() if one.kind is ObjectKind.VIEW]
    shown.platform.definitions[view.definition_id] = replace(view, body={**view.body, "roles": []})
    (step,) = shown.plan(wish()).steps
    assert [(change.attribute, change.cause.value) for change in step.changes] == [("view.roles", "drift")]


def test_view_that_left_the_template_is_forgotten_and_losing_it_loses_no_data(shown: Bench) -> None:
    shown.deploy(wish())
    less = replace(wish(), views=(), pages=(), digest="less")
    assert {step.action for step in shown.plan(less).steps} == {Action.FORGET}
    consent = {"consent": _consent(MINE)}
    (gone,) = [step for step in shown.plan(less, **consent).steps if step.action is Action.DELETE]
    assert gone.risk is Risk.SAFE
    shown.deploy(less, **consent)
    assert {one.kind for one in shown.platform.definitions.values()} == {ObjectKind.PERMISSION, ObjectKind.PAGE}


def _consent(address: Address) -> Any:
    from huoban_perf.deploy import Consent

    return Consent(by_template=frozenset({address}), delete=frozenset({address}))


def test_what_no_read_shows_is_manual_until_a_person_attests_it(hidden: Bench) -> None:
    from tests.unit.deploy.bench import build_by_hand

    build_by_hand(hidden.platform, wish())
    report = hidden.deploy(wish())
    assert {step.address for step in report.pending} == {MINE, HR, HOME}
    sheet = manual_sheet(report.pending, desired=wish())
    assert "我的目标" in sheet
    assert "「负责人」是 当前用户" in sheet
    assert "--attest all" in sheet
    seen = survey(desired=wish(), observed=hidden.target.observe(), state=hidden.state(), locale="zh")
    left = unseen(seen, DEFINITION_KINDS)
    assert set(left) == {MINE, HR, HOME}
    state = attest(
        desired=wish(),
        observed=hidden.target.observe(),
        state=hidden.state(),
        addresses=left,
        by="王芳",
        clock=hidden.clock,
    )
    hidden.store.save(state, clock=hidden.clock)
    assert hidden.plan(wish()).is_empty
    assert [note.facts for note in hidden.plan(wish()).notes if note.code == "plan.unseen"] == [{"count": 3}]
    seen_by_drift = drift(
        desired=wish(),
        observed=hidden.target.observe(),
        state=hidden.state(),
        capabilities=hidden.target.connection.capabilities,
    )
    assert (seen_by_drift.is_empty, seen_by_drift.unseen) == (True, 3)
    known = hidden.state().objects[MINE]
    assert (known.origin, known.attested_by) == (Origin.ATTESTED, "王芳")


def test_template_change_after_an_attestation_asks_a_person_again(hidden: Bench) -> None:
    test_what_no_read_shows_is_manual_until_a_person_attests_it(hidden)
    changed = wish(view="名下目标")
    (step,) = hidden.plan(changed).steps
    assert (step.address, step.action, step.performer) == (MINE, Action.UPDATE, Performer.MANUAL)
    assert hidden.deploy(changed).pending[0].address == MINE


def test_renamed_field_does_not_ask_a_person_to_build_again(hidden: Bench) -> None:
    test_what_no_read_shows_is_manual_until_a_person_attests_it(hidden)
    share = field_address("goal", "share")
    goal = wish().table("goal")
    fields = tuple(replace(one, address=share) if one.address == WEIGHT else one for one in goal.fields)
    tables = tuple(replace(table, fields=fields) if table.key == "goal" else table for table in wish().tables)
    permission = replace(wish().permissions[0], visible=(NAME, share), editable=(share,))
    renamed = replace(wish(), tables=tables, permissions=(permission,), digest="renamed")
    plan = hidden.plan(renamed, moved={WEIGHT: share})
    assert [(step.action, step.address) for step in plan.steps] == [(Action.BIND, share)]


def test_kinds_that_a_platform_does_not_have_are_not_planned(bench: Bench) -> None:
    bench.deploy(wish())
    assert bench.plan(wish()).is_empty


def test_definition_built_by_hand_is_found_by_its_name(shown: Bench) -> None:
    shown.deploy(company())
    goal = shown.platform.table_named("目标").table_id
    spec = next(one for one in definitions_of(wish()) if one.address == MINE)
    shown.platform.definitions["9"] = ObservedDefinition(
        kind=ObjectKind.VIEW, definition_id="9", place_id=goal, name="我的目标", alias=None, body=spec.body
    )
    (step,) = [one for one in shown.plan(wish()).steps if one.address == MINE]
    assert (step.action, step.remote_id) == (Action.BIND, "9")
    state = adopt(
        desired=wish(), observed=shown.target.observe(), state=shown.state(), chosen={MINE: "9"}, clock=shown.clock
    )
    assert state.objects[MINE].remote_id == "9"
