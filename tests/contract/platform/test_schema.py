"""What every platform must do with a schema."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from huoban_perf.core.addresses import field_address, option_address, table_address
from huoban_perf.core.changes import Action, Cause, SchemaOperation
from huoban_perf.core.labels import Labels
from huoban_perf.core.schema import DesiredSchema, FieldKind, FieldSpec, OptionSpec, TableSpec
from tests.contract.platform.probe import ENTRY, SCHEMA, UNIT, Bench

pytestmark = pytest.mark.platform


def test_what_was_built_is_seen_as_wished(bench: Bench) -> None:
    observed = bench.target().observe()
    entry = next(table for table in observed.tables if table.table_id == bench.bindings[ENTRY.address])
    assert (entry.name, entry.alias) == ("条目", "entry")
    by_id = {field.field_id: field for field in entry.fields}
    for wished in ENTRY.fields:
        seen = by_id[bench.bindings[wished.address]]
        assert seen.name == wished.labels.zh
        assert wished.kind in seen.kinds or not seen.kinds, seen.raw_type  # none: a type the read does not explain
        assert [option.name for option in seen.options] == [option.labels.zh for option in wished.options]
        if wished.target is not None:
            assert seen.target_id == bench.bindings[wished.target]
            assert seen.many in {wished.many, None}


def test_a_second_plan_is_empty(bench: Bench) -> None:
    plan = bench.plan()
    assert plan.is_empty, plan.steps


def test_a_rename_by_hand_is_seen_as_drift_and_mended(bench: Bench) -> None:
    field = ENTRY.field("long")
    by_hand(bench, replace(field, labels=Labels(zh="被改名", en="Renamed")), attributes=("name",))
    plan = bench.plan()
    assert [(step.address, step.action) for step in plan.steps] == [(field.address, Action.UPDATE)]
    assert [(change.before, change.after, change.cause) for change in plan.steps[0].changes] == [
        ("被改名", "说明", Cause.DRIFT)
    ]
    bench.write(ENTRY, {"renamed": {"long": "改名时也写得进"}})
    assert not bench.apply().unsettled
    assert bench.plan().is_empty
    assert bench.one(ENTRY, "renamed").values["long"] == "改名时也写得进"


def test_an_option_renamed_by_hand_keeps_its_rows(bench: Bench) -> None:
    option = ENTRY.field("choice").options[1]
    bench.write(ENTRY, {"option": {"choice": "green"}})
    by_hand(bench, replace(option, labels=Labels(zh="翠绿", en="Emerald")), attributes=("name",))
    assert bench.one(ENTRY, "option").values["choice"] == "green"
    assert not bench.apply().unsettled
    assert bench.one(ENTRY, "option").values["choice"] == "green"
    assert bench.plan().is_empty


def test_a_table_built_and_removed_again(bench: Bench) -> None:
    address = table_address("passing")
    fields = (
        FieldSpec(address=field_address("passing", "code"), labels=Labels(zh="编码", en="Code"), kind=FieldKind.TEXT),
        FieldSpec(
            address=field_address("passing", "state"),
            labels=Labels(zh="状态", en="State"),
            kind=FieldKind.CHOICE,
            options=(_state("a", "一"),),
        ),
    )
    table = TableSpec(address=address, labels=Labels(zh="临时", en="Passing"), title="code", fields=fields)
    wider = replace(table, fields=(fields[0], replace(fields[1], options=(_state("a", "一"), _state("b", "二")))))
    assert not bench.apply(_with(table, "2")).unsettled
    assert not bench.apply(_with(wider, "3")).unsettled
    seen = next(table for table in bench.target().observe().tables if table.table_id == bench.bindings[address])
    assert [option.name for field in seen.fields for option in field.options] == ["一", "二"]
    operation = SchemaOperation(
        address=address, action=Action.DELETE, spec=table, remote_ids={address: bench.bindings[address]}, locale="zh"
    )
    bench.connection.schema_sink.perform(workspace=bench.workspace, operation=operation)
    assert all(table.table_id != bench.bindings[address] for table in bench.target().observe().tables)
    bench.apply()


def test_a_required_field_is_seen(bench: Bench) -> None:
    operation = _creation("must", required=True)
    created = bench.connection.schema_sink.perform(workspace=bench.workspace, operation=operation(bench)).created
    field_id = created[field_address("unit", "must")]
    try:
        seen = next(f for table in bench.target().observe().tables for f in table.fields if f.field_id == field_id)
        assert seen.required is True
    finally:
        _remove(bench, operation(bench).spec, field_id)


def test_an_attribute_that_forbids_doubles_is_kept(bench: Bench) -> None:
    operation = _creation("only", unique=True)
    created = bench.connection.schema_sink.perform(workspace=bench.workspace, operation=operation(bench)).created
    field_id = created[field_address("unit", "only")]
    try:
        seen = next(f for table in bench.target().observe().tables for f in table.fields if f.field_id == field_id)
        assert seen.unique is True
    finally:
        _remove(bench, operation(bench).spec, field_id)


def test_people_are_invited_and_held_by_member_fields(bench: Bench) -> None:
    sink = bench.member_sink
    accounts = [sink.account(name=name, number=number) for name, number in (("王芳", "E901"), ("李雷", "E902"))]
    sink.invite(workspace=bench.workspace, accounts=accounts)
    members = {
        member.name: member.member_id for member in bench.connection.member_source.members(workspace=bench.workspace)
    }
    one, two = (members[account] for account in accounts)
    bench.write(ENTRY, {"people": {"member": (one,), "members": (one, two), "number": Decimal(1)}})
    values = bench.one(ENTRY, "people").values
    assert values["member"] == (one,)
    assert set(values["members"] or ()) == {one, two}  # type: ignore[arg-type]


def _state(key: str, text: str) -> OptionSpec:
    return OptionSpec(address=option_address("passing", "state", key), labels=Labels(zh=text, en=key), color="green")


def _with(table: TableSpec, version: str) -> DesiredSchema:
    return replace(SCHEMA, version=version, tables=(*SCHEMA.tables, table), digest=f"{version}" * 8)


def _creation(key: str, **attributes: bool):  # type: ignore[no-untyped-def]
    address = field_address("unit", key)
    spec = FieldSpec(address=address, labels=Labels(zh=key, en=key), kind=FieldKind.TEXT, **attributes)  # type: ignore[arg-type]

    def of(bench: Bench) -> SchemaOperation:
        ids = {UNIT.address: bench.bindings[UNIT.address]}
        return SchemaOperation(address=address, action=Action.CREATE, spec=spec, remote_ids=ids, locale="zh")

    return of


def _remove(bench: Bench, spec: object, field_id: str) -> None:
    assert isinstance(spec, FieldSpec)
    ids = {UNIT.address: bench.bindings[UNIT.address], spec.address: field_id}
    operation = SchemaOperation(address=spec.address, action=Action.DELETE, spec=spec, remote_ids=ids, locale="zh")  # type: ignore[arg-type]
    bench.connection.schema_sink.perform(workspace=bench.workspace, operation=operation)


def by_hand(bench: Bench, spec: FieldSpec | OptionSpec, *, attributes: tuple[str, ...]) -> None:
    """Change an object as a person would, behind the state's back."""
    addresses = [spec.address.table, spec.address]
    if isinstance(spec, OptionSpec):
        addresses.append(field_address(*spec.address.keys[:2]))
    operation = SchemaOperation(
        address=spec.address,
        action=Action.UPDATE,
        spec=spec,
        remote_ids={address: bench.bindings[address] for address in addresses},
        locale="zh",
        attributes=attributes,
    )
    bench.connection.schema_sink.perform(workspace=bench.workspace, operation=operation)
