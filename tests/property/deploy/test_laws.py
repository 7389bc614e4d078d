"""Laws of the deployer, over generated schemas and generated histories."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huoban_perf.core.addresses import field_address, table_address
from huoban_perf.core.changes import Action
from huoban_perf.core.errors import HuobanPerfError
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import CHOICE_KINDS, DesiredSchema, FieldKind, TableSpec
from huoban_perf.deploy import bindings_of
from huoban_perf.deploy.compare import compare_attributes
from tests.unit.deploy.bench import Bench, build_by_hand
from tests.unit.deploy.wishes import make_field, make_option, make_schema, make_table

pytestmark = pytest.mark.property

KINDS = [
    FieldKind.TEXT,
    FieldKind.TEXT_RICH,
    FieldKind.NUMBER,
    FieldKind.DATE,
    FieldKind.CHOICE,
    FieldKind.CHOICES,
    FieldKind.MEMBERS,
    FieldKind.RELATION,
    FieldKind.FORMULA,
    FieldKind.ATTACHED,
    FieldKind.AUTO_NUMBER,
]


@st.composite
def schemas(draw: st.DrawFn) -> DesiredSchema:
    """One to four tables of up to four fields; relations lead anywhere, circles included."""
    keys = [f"t{number}" for number in range(draw(st.integers(1, 4)))]
    tables = []
    for key in keys:
        fields = []
        for number in range(draw(st.integers(0, 4))):
            kind = draw(st.sampled_from(KINDS))
            name = f"f{number}"
            more: dict[str, Any] = {"required": draw(st.booleans())}
            if kind in CHOICE_KINDS:
                count = draw(st.integers(1, 3))
                more["options"] = tuple(make_option(key, name, f"o{n}", f"选项{n}", "green") for n in range(count))
            if kind is FieldKind.RELATION:
                more |= {"target": table_address(draw(st.sampled_from(keys))), "many": draw(st.booleans())}
            if draw(st.booleans()):
                more["help"] = Labels(f"提示{number}", f"help {number}")
            fields.append(make_field(key, name, f"字段{number}", kind, **more))
        tables.append(make_table(key, f"表{key}", *fields))
    return make_schema(*tables)


FOLDERS: list[Path] = []
NUMBERS = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every generated case keeps its state in a folder of its own, below one of pytest's."""
    FOLDERS.append(tmp_path_factory.mktemp("laws"))
    yield
    FOLDERS.clear()


def fresh_bench(*, builds: bool = True) -> Bench:
    return Bench(folder=FOLDERS[-1] / str(next(NUMBERS)), builds=builds)


values = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["x", "y", True, False, None, 1]))


@given(values)
def test_comparing_a_thing_with_itself_finds_nothing(same: dict[str, Any]) -> None:
    result = compare_attributes(wish=same, applied=same, shown=same)
    assert (result.changes, result.converged, result.unproven) == ((), (), ())


@given(values, values, values)
def test_every_stated_attribute_gets_at_most_one_verdict(
    wish: dict[str, Any], applied: dict[str, Any], shown: dict[str, Any]
) -> None:
    result = compare_attributes(wish=wish, applied=applied, shown=shown)
    named = [*(change.attribute for change in result.changes), *result.converged, *result.unproven]
    assert len(named) == len(set(named))
    assert set(named) <= set(wish)


@given(schemas())
@settings(max_examples=40)
def test_applying_then_planning_finds_nothing(desired: DesiredSchema) -> None:
    bench = fresh_bench()
    assert bench.deploy(desired).is_settled
    assert bench.plan(desired).is_empty
    assert bench.platform.writes == len(desired.tables) + len(list(desired.fields()))


@given(schemas())
@settings(max_examples=40)
def test_building_by_hand_then_planning_leaves_nothing_by_hand(desired: DesiredSchema) -> None:
    bench = fresh_bench(builds=False)
    build_by_hand(bench.platform, desired)
    plan = bench.plan(desired)
    assert {step.action for step in plan.steps} <= {Action.BIND}
    assert bench.apply(plan, desired).is_settled
    assert bench.plan(desired).is_empty
    assert bench.platform.writes == 0


@given(schemas())
@settings(max_examples=40)
def test_nothing_refers_to_a_later_step(desired: DesiredSchema) -> None:
    plan = fresh_bench().plan(desired)
    seen = set()
    for step in plan.steps:
        assert set(step.needs) <= seen
        seen.add(step.address)


@given(schemas(), st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_order_of_what_is_read_and_declared_changes_no_step(desired: DesiredSchema, random: Any) -> None:
    bench = fresh_bench()
    build_by_hand(bench.platform, desired)
    bench.platform.add_table("通讯录")
    plan = bench.plan(desired)
    tables = list(bench.platform.tables.values())
    random.shuffle(tables)
    bench.platform.tables = {table.table_id: shuffled_fields(table, random) for table in tables}
    assert bench.plan(desired).digest == plan.digest
    declared = list(desired.tables)
    random.shuffle(declared)
    other = bench.plan(make_schema(*declared))
    assert sorted(other.steps, key=repr) == sorted(plan.steps, key=repr)


def shuffled_fields(table: Any, random: Any) -> Any:
    fields = list(table.fields)
    random.shuffle(fields)
    return replace(table, fields=tuple(fields))


@given(schemas())
@settings(max_examples=30)
def test_changed_labels_neither_create_nor_delete(desired: DesiredSchema) -> None:
    bench = fresh_bench()
    bench.deploy(desired)
    before = bindings_of(bench.state())
    wanted = make_schema(*(relabelled(table) for table in desired.tables))
    plan = bench.plan(wanted)
    assert {step.action for step in plan.steps} == {Action.UPDATE}
    assert bench.apply(plan, wanted).is_settled
    assert dict(bindings_of(bench.state())) == dict(before)
    assert bench.plan(wanted).is_empty


def relabelled(table: TableSpec) -> TableSpec:
    def new(labels: Labels) -> Labels:
        return Labels(labels.zh + "新", labels.en + " new")

    fields = tuple(
        replace(
            field,
            labels=new(field.labels),
            options=tuple(replace(option, labels=new(option.labels)) for option in field.options),
        )
        for field in table.fields
    )
    return replace(table, labels=new(table.labels), fields=fields)


@given(schemas())
@settings(max_examples=30)
def test_moved_keys_keep_their_ids_and_send_nothing(desired: DesiredSchema) -> None:
    bench = fresh_bench()
    bench.deploy(desired)
    before, writes = bindings_of(bench.state()), bench.platform.writes
    first, others = desired.tables[0], desired.tables[1:]
    old, new = first.address, table_address("renamed")
    moved_fields = {field.address: field_address("renamed", f"{field.address.key}_new") for field in first.fields}
    wanted = make_schema(renamed(first, old, new), *(retargeted(table, old, new) for table in others))
    report = bench.deploy(wanted, moved={old: new, **moved_fields})
    assert report.is_settled
    assert bench.platform.writes == writes
    after = bindings_of(bench.state())
    assert after[new] == before[old]
    assert all(after[moved_fields[address]] == before[address] for address in moved_fields)
    assert sorted(after.values()) == sorted(before.values())


def renamed(table: TableSpec, old: Any, new: Any) -> TableSpec:
    fields = []
    for field in retargeted(table, old, new).fields:
        key = f"{field.address.key}_new"
        options = tuple(
            replace(option, address=make_option(new.key, key, option.address.key, "").address)
            for option in field.options
        )
        fields.append(replace(field, address=field_address(new.key, key), options=options))
    title = f"{table.title}_new" if table.title else ""
    return replace(table, address=new, fields=tuple(fields), title=title)


def retargeted(table: TableSpec, old: Any, new: Any) -> TableSpec:
    fields = tuple(replace(field, target=new) if field.target == old else field for field in table.fields)
    return replace(table, fields=fields)


@given(schemas(), st.lists(st.tuples(st.integers(1, 12), st.booleans()), min_size=1, max_size=4))
@settings(max_examples=60)
def test_failing_anywhere_and_running_again_ends_in_the_same_world(
    desired: DesiredSchema, faults: list[tuple[int, bool]]
) -> None:
    whole, bench = fresh_bench(), fresh_bench()
    whole.deploy(desired)
    for number, after_effect in faults:
        bench.platform.break_at = bench.platform.writes + number
        bench.platform.break_after_effect = after_effect
        try:
            bench.deploy(desired)
        except HuobanPerfError:
            continue
    bench.platform.break_at = None
    assert bench.deploy(desired).is_settled
    assert bench.platform.names() == whole.platform.names()
    assert bench.plan(desired).is_empty


@given(schemas(), schemas())
@settings(max_examples=40)
def test_any_wish_can_follow_any_other_or_is_refused_whole(first: DesiredSchema, second: DesiredSchema) -> None:
    bench = fresh_bench()
    bench.deploy(first)
    names, writes = bench.platform.names(), bench.platform.writes
    try:
        report = bench.deploy(second)
    except HuobanPerfError:
        assert (bench.platform.names(), bench.platform.writes) == (names, writes)
        return
    assert report.is_settled
    assert bench.plan(second).is_empty
    assert len(bench.platform.names()) == len(set(bench.platform.names()))
