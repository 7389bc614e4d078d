"""The workspace as read, found by id."""

from __future__ import annotations

from dataclasses import replace

from huoban_perf.core.addresses import field_address, option_address, table_address
from huoban_perf.deploy.world import World, digest_of
from tests.unit.deploy.bench import Bench, build_by_hand
from tests.unit.deploy.wishes import company


def test_objects_are_found_only_where_they_and_what_encloses_them_are_bound(bench: Bench) -> None:
    build_by_hand(bench.platform, company())
    world = World(bench.target.observe())
    table = bench.platform.table_named("员工")
    status = next(field for field in table.fields if field.name == "在职状态")
    employee, field = table_address("employee"), field_address("employee", "status")
    option = option_address("employee", "status", "left")
    ids = {employee: table.table_id, field: status.field_id, option: "2"}
    assert world.at(employee, ids) == table
    assert world.at(field, ids) == status
    assert world.at(option, ids) == status.options[1]
    assert world.at(field, {field: status.field_id}) is None
    assert world.at(field, {employee: table.table_id}) is None
    assert world.at(option, {**ids, field: "gone"}) is None
    assert world.at(option, {**ids, option: "9"}) is None


def test_digest_does_not_depend_on_the_order_of_a_read(bench: Bench) -> None:
    build_by_hand(bench.platform, company())
    observed = bench.target.observe()
    backwards = tuple(replace(table, fields=table.fields[::-1]) for table in observed.tables[::-1])
    assert digest_of(replace(observed, tables=backwards)) == digest_of(observed)
    assert digest_of(replace(observed, tables=backwards[1:])) != digest_of(observed)
